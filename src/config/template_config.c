/* SPDX-License-Identifier: Apache-2.0 */
#include "config/template_config.h"

#include "config/config_keys.h"

void template_config_clear(struct template_config *t)
{
    if (t != NULL) {
        config_keys_clear_struct(CONFIG_SCOPE_TEMPLATE, t, sizeof(*t));
    }
}
