/* SPDX-License-Identifier: Apache-2.0 */
#include "service/route.h"

#include <string.h>

#include "base/text.h"

/* Copy a name in lower case; false when it is empty or too long for any template or CA. */
static bool take_name(struct route *route, const char *name, size_t len)
{
    if (len == 0 || len >= sizeof(route->name)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = name[i];

        route->name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    route->name[len] = '\0';
    return true;
}

/* "<prefix><name>", and anything below it; *rest is where that begins. */
static bool match_tree(const char *path, const char *prefix, struct route *route, const char **rest)
{
    const char *name = path + strlen(prefix);
    size_t len = 0;

    if (!text_starts_nocase(path, prefix)) {
        return false;
    }
    len = strcspn(name, "/");
    *rest = name + len;
    return take_name(route, name, len);
}

/* "<prefix><name><suffix>" and nothing behind it. */
static bool match_file(const char *path, const char *prefix, const char *suffix,
                       struct route *route)
{
    size_t prefix_len = strlen(prefix);
    size_t suffix_len = strlen(suffix);
    size_t len = strlen(path);

    return len > prefix_len + suffix_len && text_starts_nocase(path, prefix)
           && text_equal_nocase(path + len - suffix_len, suffix)
           && memchr(path + prefix_len, '/', len - prefix_len) == NULL
           && take_name(route, path + prefix_len, len - prefix_len - suffix_len);
}

struct route route_find(const char *path)
{
    struct route route = { .kind = ROUTE_NONE };
    const char *rest = NULL;

    route.ndes = ndes_route_find(path);
    if (route.ndes.kind != NDES_ROUTE_NONE) {
        route.kind = ROUTE_NDES;
        memcpy(route.name, route.ndes.template_name, sizeof(route.name));
    } else if (match_tree(path, "/scep/", &route, &rest)) {
        route.kind = ROUTE_SCEP;
    } else if (match_tree(path, "/ocsp/", &route, &rest)) {
        route.kind = ROUTE_OCSP;
        route.rest = rest;
    } else if (match_file(path, "/crl/", ".crl", &route)) {
        route.kind = ROUTE_CRL;
    } else if (match_file(path, "/ca/", ".crt", &route)) {
        route.kind = ROUTE_CA_CRT;
    } else if (match_file(path, "/ca/", ".p7b", &route)) {
        route.kind = ROUTE_CA_P7B;
    }
    return route;
}
