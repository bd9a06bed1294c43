/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_usage.h"

enum ndes_usage ndes_usage_of(const struct csr *csr)
{
    uint32_t usage = csr->has_key_usage ? csr->key_usage : 0;

    switch (usage & (KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT)) {
    case KEY_USAGE_DIGITAL_SIGNATURE:
        return NDES_USAGE_SIGNATURE;
    case KEY_USAGE_KEY_ENCIPHERMENT:
        return NDES_USAGE_ENCRYPTION;
    default:
        return NDES_USAGE_GENERAL;
    }
}
