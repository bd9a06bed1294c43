/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_place.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

bool config_place_key(const struct config_place *place, const char *key, struct error *err)
{
    size_t line = json_text_line(place->text, key);
    char shown[96];

    text_escape(shown, sizeof(shown), bytes_of_text(key));
    if (line == 0) {
        return error_context(err, "%s: %s", place->file, shown);
    }
    return error_context(err, "%s:%zu: %s", place->file, line, shown);
}

bool config_place_syntax(const struct config_place *place, const struct error *cause,
                         struct error *err)
{
    static const char word[] = "line ";
    enum reason reason = cause->reason == REASON_LIMIT ? REASON_CONFIG_SYNTAX : cause->reason;
    const char *number = cause->detail + sizeof(word) - 1;
    const char *rest = NULL;
    size_t digits = 0;

    if (strncmp(cause->detail, word, sizeof(word) - 1) == 0) {
        digits = strspn(number, "0123456789");
    }
    if (digits == 0) {
        return error_set(err, reason, "%s: %s", place->file, cause->detail);
    }
    rest = number + digits; /* ", column 5: ..." or ": ..." */
    return error_set(err, reason, "%s:%.*s:%s", place->file, (int)digits, number,
                     *rest == ',' || *rest == ':' ? rest + 1 : rest);
}
