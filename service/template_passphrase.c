/* SPDX-License-Identifier: Apache-2.0 */
#include "service/template_passphrase.h"

#include "challenge/challenge_static.h"
#include "service/data_folder.h"

bool template_passphrase_put(const char *data, struct config_edit *edit, const char *name,
                             struct bytes passphrase, bool allow_short, struct error *err)
{
    struct secret key = SECRET_INIT;
    char mac[2 * SECRET_MAC_BYTES + 1];
    bool ok = data_mac_key(data, true, &key, err)
              && challenge_static_mac(name, passphrase, allow_short, secret_bytes(&key), mac, err)
              && config_edit_set(edit, "challenge.passphrase_mac", mac, true, err);

    secret_clear(&key);
    return ok;
}
