/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_legacy.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>

static const char *const providers[] = { "default", "legacy" };

#define PROVIDER_COUNT (sizeof(providers) / sizeof(providers[0]))

/*
 * The library does not free a provider that somebody still holds. Its handle is kept nowhere, so it
 * is asked for once more and given back twice.
 */
static void release_providers(void)
{
    for (size_t i = 0; i < PROVIDER_COUNT; i++) {
        OSSL_PROVIDER *provider = OSSL_PROVIDER_load(NULL, providers[i]);

        if (provider != NULL) {
            (void)OSSL_PROVIDER_unload(provider);
            (void)OSSL_PROVIDER_unload(provider);
        }
    }
}

bool scep_legacy_start(struct error *err)
{
    for (size_t i = 0; i < PROVIDER_COUNT; i++) {
        if (OSSL_PROVIDER_load(NULL, providers[i]) == NULL) {
            ERR_clear_error();
            return error_set(err, REASON_INTERNAL, "OpenSSL's provider \"%s\" cannot be loaded",
                             providers[i]);
        }
    }
    (void)OPENSSL_atexit(release_providers);
    return true;
}
