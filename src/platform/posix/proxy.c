/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "platform/proxy_text.h"

/* The small letters count first, as in curl. */
static const char *setting(const char *small, const char *capital, const char **name)
{
    const char *value = getenv(small);

    *name = small;
    if (value == NULL || value[0] == '\0') {
        value = getenv(capital);
        *name = capital;
    }
    return value != NULL ? value : "";
}

/* In no_proxy a name stands for all below it as well, as every program that reads it has it. */
static bool named(const char *list, const char *host)
{
    for (const char *part = host; part != NULL; part = strchr(part, '.')) {
        part += *part == '.' ? 1 : 0;
        if (part == host || strchr(part, '.') != NULL) {
            if (proxy_bypassed(list, part)) return true;
        }
    }
    return false;
}

bool proxy_of_system(const char *host, char proxy[PROXY_TEXT_MAX], struct error *err)
{
    const char *name = NULL;
    const char *list = setting("no_proxy", "NO_PROXY", &name);
    bool direct = named(list, host);
    const char *value = setting("https_proxy", "HTTPS_PROXY", &name);

    if (value[0] == '\0') {
        value = setting("all_proxy", "ALL_PROXY", &name);
    }
    return proxy_of_list(direct ? "" : value, name, proxy, err);
}
