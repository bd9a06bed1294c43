/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the values of openndes.json.
 * Not here: reading and checking them (config_load.h).
 * Owns:     its texts.
 * Threads:  immutable after loading.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_CONFIG_SERVICE_CONFIG_H
#define OPENNDES_CONFIG_SERVICE_CONFIG_H

#include "config/template_config.h"

enum channel_binding { CHANNEL_BINDING_NONE, CHANNEL_BINDING_ALLOW, CHANNEL_BINDING_REQUIRE };
enum intune_credential { INTUNE_CREDENTIAL_SECRET, INTUNE_CREDENTIAL_CERTIFICATE };
enum intune_cloud {
    INTUNE_CLOUD_PUBLIC,
    INTUNE_CLOUD_GCC_HIGH,
    INTUNE_CLOUD_DOD,
    INTUNE_CLOUD_CHINA
};
enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct service_config {
    /* comma list of ADDRESS:PORT[/FACES], see config_net_parse_listen; in the file also an array */
    char *listen;
    /* "http://scep.example.com" without trailing slash; "" derived from host name and listener */
    char *public_url;
    struct {
        char *listen;      /* as above; "" no HTTPS */
        char *certificate; /* PEM or PKCS#12 file; "": tls/server.crt of the data folder */
        char *key;         /* PEM file; "": in the certificate's file, or tls/server.key */
        enum tls_version min_version;
        int64_t connections;
        int64_t handshake_seconds;
    } https;
    struct {
        char *listen; /* ADDRESS:PORT list for health and metrics; "" nowhere */
    } management;
    char *trusted_proxies; /* comma list of prefixes whose X-Forwarded-... headers count */
    struct {
        bool enabled;             /* /certsrv/mscep and /certsrv/mscep_admin of the service */
        char *general_template;   /* names; "" none */
        char *signature_template; /* "": as general_template */
        char *encryption_template;
        struct ndes_face_config face;
    } ndes;
    struct {
        bool negotiate; /* Negotiate and NTLM (Windows) */
        bool basic;
        struct {
            bool enabled;
            char *allowed; /* comma list of prefixes */
        } basic_http;      /* Basic without TLS, for these addresses */
        enum channel_binding channel_binding;
        int64_t failures; /* failed sign-ins of one address in throttle_minutes; 0: any */
        int64_t throttle_minutes;
        char *package; /* name of the SSPI package; for tests */
    } signin;
    struct {
        int64_t body_bytes;
        int64_t connections;
        int64_t connections_per_address; /* 0: off */
        int64_t idle_seconds;
        int64_t stop_seconds; /* for requests that run when the service stops */
    } limits;
    struct {
        int64_t threads; /* 0: some per processor */
        int64_t queue;
    } workers;
    struct {
        enum log_level level;
        int64_t file_mb; /* a file is rotated above this */
        int64_t files;   /* rotated files kept */
    } log;
    struct {
        int64_t file_mb;
        int64_t files;
    } audit;
    struct {
        int64_t validity_hours;
        int64_t renew_hours; /* before nextUpdate */
    } crl;
    struct {
        bool enabled;                  /* /ocsp/<ca>, and its address in certificates */
        int64_t validity_minutes;      /* of an answer: nextUpdate - thisUpdate */
        int64_t signer_days;           /* of the certificate that signs answers */
        int64_t signatures_per_minute; /* for one address; 0: any number */
    } ocsp;
    struct {
        int64_t renew_days; /* before its end an RA is replaced; 0: only by command */
        int64_t keep_days;  /* a replaced RA opens messages until its end and so much longer */
    } ra;
    struct {
        int64_t unprocessable_per_hour; /* messages that cannot be opened, of one RA; 0: no alarm */
        int64_t refused_per_hour;       /* refused challenges of one template; 0: no alarm */
    } alarm;
    struct {
        char *tenant;    /* GUID or domain; "" Intune is not used */
        char *client_id; /* GUID of the app registration */
        enum intune_credential credential;
        char *secret_expires;    /* "2027-05-31"; "" not known */
        enum intune_cloud cloud; /* what the empty ones of the next five are */
        char *authority;         /* "https://login.microsoftonline.com"; "" as cloud */
        char *graph;             /* "https://graph.microsoft.com" */
        char *resource;          /* "https://api.manage.microsoft.com" */
        char *service_suffix;    /* "manage.microsoft.com": where discovered services may lie */
        char *scope;             /* "": resource, "//.default" */
        char *discovery_app;     /* whose endpoints are asked for */
        char *proxy;             /* "system", "none", "http://HOST:PORT" */
        char *proxy_user;        /* "" none; the password is sealed in the data folder */
        char *no_proxy;          /* comma list of hosts and ".suffixes" */
        char *ca_file;           /* PEM of further CAs, such as of an inspecting proxy; "" none */
        int64_t connect_seconds;
        int64_t total_seconds;
        int64_t requests;           /* decisions that may wait for Intune at the same time */
        int64_t revocation_minutes; /* between two looks for revocation requests; 0: never */
        int64_t notification_hours; /* how long a failure notification is retried */
    } intune;
    struct acl_config ip_acl; /* service-wide */
};

void service_config_clear(struct service_config *c); /* NULL is allowed */
/* Deep copy; `to` is overwritten. Errors: REASON_NO_MEMORY (to is then cleared). */
MUST_USE bool service_config_copy(struct service_config *to, const struct service_config *from,
                                  struct error *err);

#endif
