/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  old ciphers (RC2-40, DES) for reading key files of old programs, apart from the rest.
 * Not here: reading them (ca/ca_key.h, ca/ca_pkcs12.h, intune/intune_key_file.h).
 * Owns:     a library context of its own: the legacy provider never gets into the process's one, so
 *           that no SCEP message can use it.
 * Threads:  one owner.
 * Spec:     RFC 7292 appendix C (pbeWithSHAAnd40BitRC2-CBC), RFC 8018 A.3.
 */
#ifndef OPENNDES_MODEL_LEGACY_CRYPTO_H
#define OPENNDES_MODEL_LEGACY_CRYPTO_H

#include <stdbool.h>

struct ossl_lib_ctx_st;
struct ossl_provider_st;

struct legacy_crypto {
    struct ossl_lib_ctx_st *context;
    struct ossl_provider_st *normal;
    struct ossl_provider_st *legacy;
};

/* False when this OpenSSL has no legacy provider; close in both cases. */
bool legacy_crypto_open(struct legacy_crypto *legacy);
void legacy_crypto_close(struct legacy_crypto *legacy);
/* What to do where there is none, for error messages. */
const char *legacy_crypto_hint(bool have_legacy);

#endif
