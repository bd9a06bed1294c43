/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_endpoint.h"

#include <string.h>

#include "base/text.h"

/* The path of "https://host/scep/corp?x" or of "/scep/corp"; "" of a URL without one. */
static const char *path_of(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *path = scheme == NULL ? url : strchr(scheme + 3, '/');

    return path == NULL ? "" : path;
}

bool policy_endpoint_names(const struct policy *p, const char *url_path)
{
    size_t len = strlen(url_path);

    for (size_t i = 0; i < p->endpoints.count; i++) {
        const char *path = path_of(p->endpoints.item[i]);

        /* Behind the path nothing may stand, or what belongs to it no more. */
        if (len > 0 && text_starts_nocase(path, url_path)
            && (path[len] == '\0' || strchr("/?#", path[len]) != NULL)) {
            return true;
        }
    }
    return false;
}
