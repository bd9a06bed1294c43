/* SPDX-License-Identifier: Apache-2.0 */
#include "config/service_config.h"

#include "base/text.h"

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
    to->listen = text_dup(from->listen);
    to->public_url = text_dup(from->public_url);
    to->ip_acl.allowed = text_dup(from->ip_acl.allowed);
    if (to->listen == NULL || to->public_url == NULL || to->ip_acl.allowed == NULL) {
        service_config_clear(to);
        return error_set(err, REASON_NO_MEMORY, "settings");
    }
    return true;
}
