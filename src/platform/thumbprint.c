/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/thumbprint.h"

#include <string.h>

#include "base/text.h"

#define MARK "\xe2\x80\x8e" /* U+200E, left-to-right mark */

bool thumbprint_parse(const char *text, char out[THUMBPRINT_TEXT_MAX], struct error *err)
{
    char digits[THUMBPRINT_TEXT_MAX] = "";
    uint8_t bytes[THUMBPRINT_BYTES];
    size_t count = 0;
    size_t len = 0;
    char shown[80];

    for (const char *p = text; *p != '\0' && count < sizeof(digits); p++) {
        if (strncmp(p, MARK, sizeof(MARK) - 1) == 0) {
            p += sizeof(MARK) - 2;
        } else if (*p != ' ' && *p != ':') {
            digits[count++] = *p;
        }
    }
    if (count != THUMBPRINT_TEXT_MAX - 1
        || !text_unhex(bytes, sizeof(bytes), &len, bytes_of(digits, count))
        || len != THUMBPRINT_BYTES) {
        text_escape(shown, sizeof(shown), bytes_of_text(text));
        return error_set(err, REASON_USAGE,
                         "\"%s\" is not a thumbprint: 40 hexadecimal digits, see certlm.msc or "
                         "\"openndes ca machine-keys\"",
                         shown);
    }
    text_hex(out, THUMBPRINT_TEXT_MAX, bytes_of(bytes, sizeof(bytes)));
    return true;
}
