/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  certificate and key of the HTTPS listeners on disk: load, notice changes, replace,
 *           issue by a CA of the house, renew.
 * Not here: what makes a certificate fit (ca/server_cert.h), presenting it (http/tls_context.h),
 *           noticing changes while the service runs (tls_watch.h).
 * Owns:     nothing that lives on, but for struct tls_files.
 * Threads:  any thread; what writes holds tls/.lock, so that one command at a time does.
 * Spec:     docs/https.md.
 */
#ifndef OPENNDES_SERVICE_TLS_FILES_H
#define OPENNDES_SERVICE_TLS_FILES_H

#include "ca/ca_files.h"
#include "ca/server_cert.h"
#include "config/service_config.h"
#include "model/certificate.h"
#include "platform/files.h"
#include "store/store.h"

/*
 * In the data folder: tls/server.crt (PEM: certificate, chain), tls/server.key (sealed),
 * tls/server.key.new (sealed; only between two steps of a replacement), tls/password (sealed: of
 * the files that https.certificate and https.key name), tls/.lock.
 *
 * A pair is replaced in three steps: the new key to server.key.new, the new certificate over
 * server.crt, server.key.new over server.key. Whichever step a power failure hits, one of the two
 * keys fits the certificate that is there, and loading takes that one.
 */

/* What the records of certificates made by tls_files_issue have instead of a template's name: no
   template can be called so, so that none of its rules ever applies to them. */
#define TLS_TEMPLATE_NAME "(tls)"

enum tls_source {
    TLS_SOURCE_OWN,    /* tls/server.crt and tls/server.key */
    TLS_SOURCE_FILES,  /* https.certificate, PEM or DER, with its key */
    TLS_SOURCE_PKCS12, /* https.certificate */
};

struct tls_files {
    struct server_cert server;
    struct certificate_info info;
    enum tls_source source;
    bool key_waits; /* the key that fits still lies in server.key.new */
};

/*
 * The pair that the settings name. An ended certificate loads: it is better than no service.
 * Errors: REASON_TLS_CERTIFICATE with what to do; REASON_NO_MEMORY.
 */
MUST_USE bool tls_files_load(const char *data, const struct service_config *config,
                             struct tls_files *out, struct error *err);
/* The pair in the data folder, whatever the settings say. */
MUST_USE bool tls_files_load_own(const char *data, struct tls_files *out, struct error *err);
void tls_files_clear(struct tls_files *files); /* NULL is allowed */

/* Is there a pair to load, or settings that name one? */
bool tls_files_configured(const char *data, const struct service_config *config);

/* Stamps of every file that loading looks at. A file that cannot be looked at counts as missing. */
#define TLS_FILES_STAMPS 6
void tls_files_stamps(const char *data, const struct service_config *config,
                      struct file_stamp stamps[TLS_FILES_STAMPS]);

/* A file named in the settings: relative to the data folder, or absolute (/x, C:\x, \\server\x). */
MUST_USE bool tls_files_path(const char *data, const char *name, char path[FILE_PATH_MAX],
                             struct error *err);

/* ---- changing (tls_pair.c) ------------------------------------------------------------------ */

/* Keep other commands and the service out. Errors: REASON_DATA_FOLDER_IN_USE, file errors. */
MUST_USE bool tls_files_lock(const char *data, struct file_lock **lock, struct error *err);
/* Put a pair into the data folder, whole. The lock is held. */
MUST_USE bool tls_files_install(const char *data, const struct server_cert *server,
                                struct error *err);
/*
 * Certificates, key and password are gone from the data folder. The lock is held; *removed is false
 * when nothing was there.
 */
MUST_USE bool tls_files_remove(const char *data, bool *removed, struct error *err);
/*
 * Keep the password of the configured files, after it has opened them.
 * Errors: REASON_USAGE (the settings name no file), REASON_TLS_CERTIFICATE.
 */
MUST_USE bool tls_files_put_password(const char *data, const struct service_config *config,
                                     const struct secret *password, struct error *err);
/* *found false: there is none. Errors: REASON_KEY_PROTECTION, file errors. */
MUST_USE bool tls_files_password(const char *data, struct secret *out, bool *found,
                                 struct error *err);

/* ---- our own CA (tls_issue.c) --------------------------------------------------------------- */

struct tls_issue_options {
    const char *data;
    const struct service_config *config; /* CRL settings */
    const char *public_url;              /* for CRL and CA addresses in the certificate; "" none */
    struct store *store;                 /* where it is recorded before it is used */
    /* the rest only for tls_files_issue */
    const char *ca;
    const char *const *names; /* DNS names */
    size_t name_count;
    const char *const *addresses;
    size_t address_count;
    enum ca_key_spec key;
    int64_t days;
};

/*
 * A new key and a certificate by a built-in CA, recorded, then installed. *info tells what was
 * issued. Errors: REASON_USAGE (names, days), REASON_CA_..., REASON_STORE_...,
 * REASON_DATA_FOLDER_IN_USE, file errors.
 */
MUST_USE bool tls_files_issue(const struct tls_issue_options *options,
                              struct certificate_info *info, struct error *err);

/* Who made the certificate in the data folder. */
struct tls_origin {
    bool issued; /* by tls_files_issue: it is recorded */
    bool revoked;
    int64_t issued_at;
    char ca[LIMIT_TEMPLATE_NAME + 1];
};
MUST_USE bool tls_files_origin(const struct tls_files *files, struct store *store,
                               struct tls_origin *out, struct error *err);

/*
 * True when the pair in use was made by tls_files_issue, is not revoked, has less than 30 days left
 * (or a third of its life, when that is shorter), and its CA lives longer.
 */
MUST_USE bool tls_files_renew_due(const struct tls_issue_options *options, int64_t now, bool *due,
                                  struct error *err);
/*
 * If it is due: a new key and certificate with the same subject, names and length of life. *renewed
 * tells whether; *info is then of the new one. The former one is not revoked: it ends soon.
 */
MUST_USE bool tls_files_renew(const struct tls_issue_options *options, int64_t now, bool *renewed,
                              struct certificate_info *info, struct error *err);

#endif
