/* SPDX-License-Identifier: Apache-2.0 */
#include "config/service_config.h"

#include "config/config_keys.h"

void service_config_clear(struct service_config *c)
{
    if (c != NULL) {
        config_keys_clear_struct(CONFIG_SCOPE_SERVICE, c, sizeof(*c));
    }
}

bool service_config_copy(struct service_config *to, const struct service_config *from,
                         struct error *err)
{
    *to = *from;
    if (!config_keys_copy_texts(CONFIG_SCOPE_SERVICE, to)) {
        service_config_clear(to);
        return error_set(err, REASON_NO_MEMORY, "settings");
    }
    return true;
}
