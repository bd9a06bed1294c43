/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_legacy.h"

#include <openssl/err.h>
#include <openssl/provider.h>

bool scep_legacy_start(struct error *err)
{
    static const char *const names[] = { "default", "legacy" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (OSSL_PROVIDER_load(NULL, names[i]) == NULL) {
            ERR_clear_error();
            return error_set(err, REASON_INTERNAL, "OpenSSL's provider \"%s\" cannot be loaded",
                             names[i]);
        }
    }
    return true;
}
