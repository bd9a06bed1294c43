/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/sealed_places.h"

#include <string.h>

#include "base/text.h"

struct sealed_place {
    const char *pattern;
    const char *purpose; /* ':' at its end: the name follows */
};

static const struct sealed_place places[] = {
    { "secrets.key", SEALED_MAC_KEY },
    { "ca/*/ca.key", SEALED_KIND_CA ":" },
    { "ca/*/request.key", SEALED_KIND_CA ":" }, /* becomes ca.key as it is */
    { "ca/*/ra.key", SEALED_KIND_RA ":" },
    { "ca/*/ra-sign.key", SEALED_KIND_RA_SIGN ":" },
    { "ca/*/ra-enc.key", SEALED_KIND_RA_ENC ":" },
    { "ca/*/ra.#.key", SEALED_KIND_RA ":" }, /* former ones, copied as they are */
    { "ca/*/ra-sign.#.key", SEALED_KIND_RA_SIGN ":" },
    { "ca/*/ra-enc.#.key", SEALED_KIND_RA_ENC ":" },
    { "tls/server.key", SEALED_KIND_TLS ":" SEALED_NAME_TLS },
    { "tls/server.key.new", SEALED_KIND_TLS ":" SEALED_NAME_TLS },
    { "tls/password", SEALED_TLS_PASSWORD },
    { "intune/secret", SEALED_INTUNE_SECRET },
    { "intune/proxy-password", SEALED_INTUNE_PROXY },
    { "intune/client.key", SEALED_INTUNE_KEY },
    { "intune/client.key.new", SEALED_INTUNE_KEY },
};

/* len bytes of both are equal, '#' in the pattern being any digit but 0. */
static bool same(const char *pattern, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (pattern[i] == '#' ? text[i] < '1' || text[i] > '9' : pattern[i] != text[i]) {
            return false;
        }
    }
    return true;
}

bool sealed_place_matches(const char *pattern, const char *path, char *name, size_t size)
{
    const char *star = strchr(pattern, '*');
    size_t before = star != NULL ? (size_t)(star - pattern) : strlen(pattern);
    size_t behind = star != NULL ? strlen(star + 1) : 0;
    size_t len = strlen(path);

    name[0] = '\0';
    if (star == NULL) {
        return len == before && same(pattern, path, len);
    }
    if (len <= before + behind || !same(pattern, path, before)
        || !same(star + 1, path + len - behind, behind)) {
        return false;
    }
    len -= before + behind;
    return memchr(path + before, '/', len) == NULL
           && text_format(name, size, "%.*s", (int)len, path + before);
}

bool sealed_place_purpose(const char *path, char purpose[SEALED_PURPOSE_MAX])
{
    char name[SEALED_PURPOSE_MAX];

    purpose[0] = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (sealed_place_matches(places[i].pattern, path, name, sizeof(name))) {
            return text_format(purpose, SEALED_PURPOSE_MAX, "%s%s", places[i].purpose, name);
        }
    }
    return false;
}
