/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/rights_place.h"

#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

/*
 * The first row that fits. '*' runs over '/' too: what lies in our folders is ours whatever its
 * name. New files are written beside the old ones ("secrets.key.1f2e....tmp") before they are
 * renamed. The folder itself counts as secret: what SQLite makes in it inherits its rights.
 */
static const struct {
    const char *pattern;
    enum rights_place place;
} places[] = {
    { "", RIGHTS_PLACE_SECRET },
    { "openndes.json*", RIGHTS_PLACE_OPEN },
    { "accounts.json*", RIGHTS_PLACE_SECRET },
    { "accounts.lock", RIGHTS_PLACE_OPEN },
    { "secrets.key*", RIGHTS_PLACE_SECRET },
    { "protect.key*", RIGHTS_PLACE_SECRET },
    { "openndes.db*", RIGHTS_PLACE_SECRET },
    { "openndes.lock", RIGHTS_PLACE_OPEN },
    { "config.lock", RIGHTS_PLACE_OPEN },
    { "ca/*.key*", RIGHTS_PLACE_SECRET },
    { "tls/*.key*", RIGHTS_PLACE_SECRET },
    { "tls/password*", RIGHTS_PLACE_SECRET },
    { "intune/*.crt*", RIGHTS_PLACE_OPEN },
    { "intune/.lock", RIGHTS_PLACE_OPEN },
    { "intune/*", RIGHTS_PLACE_SECRET },
    { "ca", RIGHTS_PLACE_OPEN },
    { "ca/*", RIGHTS_PLACE_OPEN },
    { "intune", RIGHTS_PLACE_OPEN },
    { "logs", RIGHTS_PLACE_OPEN },
    { "logs/*", RIGHTS_PLACE_OPEN },
    { "policies", RIGHTS_PLACE_OPEN },
    { "policies/*", RIGHTS_PLACE_OPEN },
    { "templates", RIGHTS_PLACE_OPEN },
    { "templates/*", RIGHTS_PLACE_OPEN },
    { "tls", RIGHTS_PLACE_OPEN },
    { "tls/*", RIGHTS_PLACE_OPEN },
    { "trusted", RIGHTS_PLACE_OPEN },
    { "trusted/*", RIGHTS_PLACE_OPEN },
};

enum rights_place rights_place_of(const char *relative)
{
    struct bytes text = bytes_of(relative, strlen(relative));

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (text_glob(places[i].pattern, text)) {
            return places[i].place;
        }
    }
    return RIGHTS_PLACE_OTHER;
}
