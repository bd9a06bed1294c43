/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_error.h"

#include <stdarg.h>
#include <stdio.h>

#include <openssl/err.h>

#include "base/crypto_memory.h"

bool ca_error_openssl_at(struct error *err, enum reason reason, const char *file, int line,
                         const char *format, ...)
{
    char text[ERROR_DETAIL_MAX];
    /* The oldest entry names the cause; those above it only say who passed it on. */
    const char *cause = ERR_reason_error_string(ERR_peek_error());
    enum reason real = crypto_memory_reason(reason);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ERR_clear_error();
    if (cause != NULL) {
        return error_set_at(err, real, file, line, "%s (OpenSSL: %s)", text, cause);
    }
    return error_set_at(err, real, file, line, "%s", text);
}
