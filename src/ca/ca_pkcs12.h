/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  read key and certificates out of a PKCS#12 file (.pfx, .p12), new or old.
 * Not here: other key files (ca_key.h), which certificate is the CA's (ca_set.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     RFC 7292.
 */
#ifndef OPENNDES_CA_CA_PKCS12_H
#define OPENNDES_CA_CA_PKCS12_H

#include "base/secret.h"

struct evp_pkey_st;
struct stack_st_X509;

/*
 * The private key (owned) and all certificates, added to pool. password NULL or empty: both ways to
 * have none are tried. Old ciphers (RC2-40) need OpenSSL's legacy provider, which is loaded for
 * this.
 * Errors: REASON_KEY_PASSWORD, REASON_KEY_UNREADABLE, REASON_CERT_UNREADABLE.
 */
struct evp_pkey_st *ca_pkcs12_read(struct bytes content, const char *file,
                                   const struct secret *password, struct stack_st_X509 *pool,
                                   struct error *err);

#endif
