/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the values of one templates/<name>.json.
 * Not here: reading and checking them (config_load.h), what they do (template/, challenge/, scep/).
 * Owns:     its texts.
 * Threads:  immutable after loading.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_CONFIG_TEMPLATE_CONFIG_H
#define OPENNDES_CONFIG_TEMPLATE_CONFIG_H

#include "base/error.h"
#include "base/limits.h"

enum challenge_type {
    CHALLENGE_TYPE_STATIC,
    CHALLENGE_TYPE_NDES,
    CHALLENGE_TYPE_INTUNE,
    CHALLENGE_TYPE_NONE
};
enum algorithm_level { ALGORITHM_LEVEL_MODERN, ALGORITHM_LEVEL_COMPAT, ALGORITHM_LEVEL_LEGACY };
enum acl_limit { ACL_LIMIT_SCEP, ACL_LIMIT_UI, ACL_LIMIT_BOTH };
enum unlisted_action { UNLISTED_REFUSE, UNLISTED_DROP };
enum key_usage_source { KEY_USAGE_SOURCE_TEMPLATE, KEY_USAGE_SOURCE_CSR };
enum ra_form { RA_FORM_SINGLE, RA_FORM_PAIR };
enum ndes_plain_get { NDES_PLAIN_GET_PAGE, NDES_PLAIN_GET_FORBIDDEN };
enum ndes_caps { NDES_CAPS_EXTENDED, NDES_CAPS_STRICT };
enum policy_strictness {
    POLICY_STRICTNESS_ENFORCE,
    POLICY_STRICTNESS_AUDIT,
    POLICY_STRICTNESS_OFF
};
enum approval { APPROVAL_AUTOMATIC, APPROVAL_MANUAL };
enum renewal_names { RENEWAL_NAMES_CERTIFICATE, RENEWAL_NAMES_EQUAL };
enum renewal_challenge {
    RENEWAL_CHALLENGE_FIRST, /* in a PKCSReq it decides alone; in a RenewalReq nobody looks at it */
    RENEWAL_CHALLENGE_EITHER, /* a PKCSReq: the challenge, or else the certificate */
    RENEWAL_CHALLENGE_BOTH    /* the certificate, and a challenge that is there must be right too */
};
enum intune_renewal { INTUNE_RENEWAL_REFUSE, INTUNE_RENEWAL_CERTIFICATE };

/* Lists (here and in service_config.h) are items joined by ',' without spaces; "" is an empty list.
 * No text is NULL after loading. */
struct acl_config {
    bool enabled;
    char *allowed; /* comma list of addresses and prefixes, each of which parses */
    enum acl_limit limit;
};

/* One NDES face: the service's (/certsrv/...) or a template's (/scep/<template>/certsrv/...). */
struct ndes_face_config {
    enum ndes_plain_get plain_get; /* the device URL without operation: help page, or 403 */
    enum ndes_caps caps;           /* NDES's lines of GetCACaps alone, or with AES, SCEPStandard */
    enum ra_form ra;               /* in GetCACert */
    char *allowed; /* comma list of users and groups, names or SIDs, that get passwords */
};

/* The password cache with the names of NDES's registry values. */
struct ndes_password_config {
    int64_t length;           /* PasswordLength: bytes; the text has twice as many hex digits */
    int64_t validity_minutes; /* PasswordValidity */
    int64_t max;              /* PasswordMax: unused passwords at a time */
    bool single;              /* UseSinglePassword: one that never ends, for all devices */
    bool enforce;             /* EnforcePassword; false: none is asked for */
    int64_t cache_request_minutes; /* CacheRequest: how long the same request gets its answer again;
                                      takes the place of repeat_hours */
};

struct template_config {
    char name[LIMIT_TEMPLATE_NAME + 1]; /* from the file's name; lower case */
    bool enabled;
    char *description;
    char *ca; /* folder below ca/ */
    struct {
        char *next;     /* CA that follows `ca`: announced, and asked through its own RA; "" none */
        char *previous; /* CA that `ca` has followed: goes on for those who still use it; "" none */
    } rollover;
    enum approval approval;
    struct {
        int64_t days; /* how long a request waits for approval */
        int64_t max;  /* requests that may wait at the same time */
    } pending;
    struct {
        bool enabled;
        int64_t window_percent; /* of the old certificate's time, counted from its end */
        int64_t grace_days;     /* behind its end */
        bool same_key;
        enum renewal_names names;
        enum renewal_challenge challenge;
        char *cas; /* comma list of CAs whose certificates may be renewed here, too; "" none */
        char *templates;         /* comma list of templates, the same; "" none */
        int64_t per_certificate; /* certificates that one may be renewed to; 0: any number */
    } renewal;
    struct {
        int64_t address_per_minute; /* PKIOperations of one address; 0: any number */
        int64_t per_minute;         /* of all together */
        int64_t refused_per_minute; /* refused challenges of one address */
    } rate;
    struct {
        enum challenge_type type;
        /* hex of secret_mac(mac key, "static-passphrase", name NUL passphrase); "" none set */
        char *passphrase_mac;
    } challenge;
    struct ndes_password_config password; /* challenge type ndes */
    struct ndes_face_config ndes;         /* the template's own NDES face; challenge type ndes */
    struct {
        char *attributes; /* comma list of attribute names taken from the CSR: "CN,O,OU,..." */
        enum unlisted_action unlisted; /* an attribute that is not listed */
        bool require_cn;
        char *cn_patterns; /* comma list of glob patterns; "" any */
        /* "O=Example,C=DE": put in by the template, replaces the same attributes of the CSR; a
         * value holds no comma, no '+', no quotes and no backslash, so a split at ',' is enough */
        char *append;
    } subject;
    struct {
        char *types; /* comma list of dns, ip, email, uri, upn, dirname, rid; "" none */
        enum unlisted_action unlisted;
        int64_t max;
        bool wildcards;
        char *dns_patterns; /* comma list of globs; "" any */
    } san;
    struct {
        char *types;  /* comma list: rsa, ec */
        char *curves; /* comma list: P-256, P-384, P-521 */
        int64_t rsa_min_bits;
        int64_t rsa_max_bits;
    } key;
    struct {
        char *allowed; /* comma list: digitalSignature,keyEncipherment,... */
        enum key_usage_source source;
    } key_usage;
    char *eku; /* comma list of names (clientAuth) or OIDs; "" none */
    struct {
        int64_t days;
        int64_t backdate_minutes;
    } validity;
    enum algorithm_level algorithms;
    int64_t repeat_hours; /* how long the same request gets the same certificate again; 0: never */
    bool reply_chain;     /* CA certificates beside the issued one in a CertRep ("reply.chain") */
    bool include_root;    /* root in GetCACert ("getcacert.root") */
    enum ra_form ra;      /* in GetCACert at /scep/<template> */
    struct {
        char *files; /* comma list of file names in policies/; "" none */
        enum policy_strictness mode;
        char *known; /* file name in policies/: known devices and users; "" none */
    } policy;
    struct {
        enum intune_renewal renewal; /* a request without challenge */
        bool sid_extension;          /* write the SID of the URI also as an extension */
    } intune;                        /* challenge type intune */
    struct acl_config ip_acl;
};

void template_config_clear(struct template_config *t); /* NULL is allowed */

#endif
