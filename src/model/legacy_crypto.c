/* SPDX-License-Identifier: Apache-2.0 */
#include "model/legacy_crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>

bool legacy_crypto_open(struct legacy_crypto *legacy)
{
    *legacy = (struct legacy_crypto){ NULL, NULL, NULL };
    ERR_set_mark();
    legacy->context = OSSL_LIB_CTX_new();
    if (legacy->context != NULL) {
        legacy->normal = OSSL_PROVIDER_load(legacy->context, "default");
        legacy->legacy = OSSL_PROVIDER_load(legacy->context, "legacy");
    }
    ERR_pop_to_mark();
    return legacy->normal != NULL && legacy->legacy != NULL;
}

void legacy_crypto_close(struct legacy_crypto *legacy)
{
    if (legacy->legacy != NULL) {
        (void)OSSL_PROVIDER_unload(legacy->legacy);
    }
    if (legacy->normal != NULL) {
        (void)OSSL_PROVIDER_unload(legacy->normal);
    }
    OSSL_LIB_CTX_free(legacy->context);
    *legacy = (struct legacy_crypto){ NULL, NULL, NULL };
}

const char *legacy_crypto_hint(bool have_legacy)
{
    if (have_legacy) {
        return "";
    }
    return "; if it uses an old cipher (RC2, DES): this OpenSSL has no legacy provider to read it, "
           "export it again with AES-256";
}
