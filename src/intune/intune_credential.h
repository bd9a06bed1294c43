/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the app registration's secret or certificate, and the proxy's password, sealed in the
 *           data folder.
 * Not here: using them (intune_token.h), the command line (service/cmd_intune.c).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     Microsoft identity platform: certificate credentials; docs/intune.md.
 *
 * Files: intune/secret, intune/proxy-password, intune/client.key (sealed), intune/client.crt (PEM).
 */
#ifndef OPENNDES_INTUNE_INTUNE_CREDENTIAL_H
#define OPENNDES_INTUNE_INTUNE_CREDENTIAL_H

#include "model/certificate.h"
#include "platform/files.h"

struct evp_pkey_st;

enum intune_secret_kind { INTUNE_SECRET_CLIENT, INTUNE_SECRET_PROXY };

/* Seal and put in place, whole. Errors: REASON_KEY_PROTECTION, file errors. */
MUST_USE bool intune_secret_set(const char *data_folder, enum intune_secret_kind kind,
                                struct bytes secret, struct error *err);
/* *found false: none was set. */
MUST_USE bool intune_secret_get(const char *data_folder, enum intune_secret_kind kind,
                                struct secret *out, bool *found, struct error *err);
MUST_USE bool intune_secret_remove(const char *data_folder, enum intune_secret_kind kind,
                                   bool *removed, struct error *err);

/* RSA-2048 key and a self-signed certificate for days; replaces what was there. */
MUST_USE bool intune_certificate_new(const char *data_folder, const char *common_name, int64_t days,
                                     struct error *err);
/* PEM of certificate and key (key may be encrypted with password), or PKCS#12. RSA only. */
MUST_USE bool intune_certificate_import(const char *data_folder, struct bytes file,
                                        struct bytes password, struct error *err);
/* Both owned by the caller. *found false: none. Errors: also REASON_KEY_MISMATCH. */
MUST_USE bool intune_certificate_get(const char *data_folder, struct x509_st **cert,
                                     struct evp_pkey_st **key, bool *found, struct error *err);
void intune_key_free(struct evp_pkey_st *key); /* NULL is allowed */
/*
 * The same for people: pem (may be NULL) gets the certificate as it is uploaded to Entra, appended;
 * the key has been opened and fits.
 */
struct intune_certificate_facts {
    struct certificate_info info;
    char thumbprint[41]; /* SHA-1 in hex as Entra shows it */
};
MUST_USE bool intune_certificate_facts(const char *data_folder,
                                       struct intune_certificate_facts *facts, struct buffer *pem,
                                       bool *found, struct error *err);
MUST_USE bool intune_certificate_remove(const char *data_folder, bool *removed, struct error *err);

#define INTUNE_CREDENTIAL_STAMPS 4
/* For noticing changes; a missing file has the stamp of a missing file. */
void intune_credential_stamps(const char *data_folder,
                              struct file_stamp stamps[INTUNE_CREDENTIAL_STAMPS]);

/*
 * A client assertion: JWT, PS256, x5t#S256; aud is the token URL; valid from now for 10 minutes;
 * jti is random. Appended to out, which is wiped by the caller. Errors: REASON_INTERNAL,
 * _NO_MEMORY.
 */
MUST_USE bool intune_assertion(const struct x509_st *cert, struct evp_pkey_st *key,
                               const char *token_url, const char *client_id, int64_t now,
                               struct buffer *out, struct error *err);

#endif
