/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_route.h"

#include <string.h>

#include "base/text.h"

/*
 * Behind one "/" or several: IIS takes a run of slashes for a single one, and hand-made URLs in
 * devices have them ("http://host//certsrv/..."). NULL where there is none.
 */
static const char *behind_slashes(const char *path)
{
    if (*path != '/') {
        return NULL;
    }
    return path + strspn(path, "/");
}

/* Behind the path segment `name`: at a '/' or at the end. NULL when the segment is another. */
static const char *behind_segment(const char *path, const char *name)
{
    size_t len = strlen(name);

    if (!text_starts_nocase(path, name) || (path[len] != '/' && path[len] != '\0')) {
        return NULL;
    }
    return path + len;
}

/* "/certsrv/<application>" and what hangs below it. */
static enum ndes_route_kind find_application(const char *path)
{
    const char *segment = behind_slashes(path);
    const char *below = segment == NULL ? NULL : behind_segment(segment, "certsrv");
    const char *application = below == NULL ? NULL : behind_slashes(below);

    if (application == NULL) {
        return NDES_ROUTE_NONE;
    }
    if (behind_segment(application, "mscep") != NULL) {
        return NDES_ROUTE_DEVICE;
    }
    below = behind_segment(application, "mscep_admin");
    if (below == NULL) {
        return NDES_ROUTE_NONE;
    }
    return *below == '\0' ? NDES_ROUTE_ADMIN_TO_DIR : NDES_ROUTE_ADMIN;
}

/* "/challenge" and nothing below it. */
static bool is_challenge(const char *path)
{
    const char *segment = behind_slashes(path);
    const char *below = segment == NULL ? NULL : behind_segment(segment, "challenge");

    return below != NULL && below[strspn(below, "/")] == '\0';
}

/* Copy a name in lower case; false when it is empty or too long for any template. */
static bool take_name(struct ndes_route *route, const char *name, size_t len)
{
    if (len == 0 || len >= sizeof(route->template_name)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = name[i];

        route->template_name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    route->template_name[len] = '\0';
    return true;
}

struct ndes_route ndes_route_find(const char *path)
{
    struct ndes_route route = { NDES_ROUTE_NONE, "" };
    const char *rest;

    if (!text_starts_nocase(path, "/scep/")) {
        route.kind = find_application(path);
        return route;
    }
    path += strlen("/scep/");
    rest = path + strcspn(path, "/");
    route.kind = is_challenge(rest) ? NDES_ROUTE_CHALLENGE : find_application(rest);
    if (route.kind != NDES_ROUTE_NONE && !take_name(&route, path, (size_t)(rest - path))) {
        route.kind = NDES_ROUTE_NONE;
    }
    return route;
}
