/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/service_text.h"

#include <string.h>

#include "base/text.h"
#include "platform/service_control.h"

/* Names that need no domain in front, and those that Windows has for the same account. */
static const struct account_row {
    const char *name;
    const char *means;
    enum service_account_kind kind;
} accounts[] = {
    { "LocalSystem", "LocalSystem", SERVICE_ACCOUNT_SYSTEM },
    { ".\\LocalSystem", "LocalSystem", SERVICE_ACCOUNT_SYSTEM },
    { "NT AUTHORITY\\SYSTEM", "LocalSystem", SERVICE_ACCOUNT_SYSTEM },
    { "NT AUTHORITY\\LocalService", "LocalService", SERVICE_ACCOUNT_BUILTIN },
    { "NT AUTHORITY\\LOCAL SERVICE", "LocalService", SERVICE_ACCOUNT_BUILTIN },
    { "NT AUTHORITY\\NetworkService", "NetworkService", SERVICE_ACCOUNT_BUILTIN },
    { "NT AUTHORITY\\NETWORK SERVICE", "NetworkService", SERVICE_ACCOUNT_BUILTIN },
};

static bool append_backslashes(struct buffer *out, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!buffer_append_byte(out, '\\', err)) {
            return false;
        }
    }
    return true;
}

/* Backslashes mean themselves, but in front of a quote two of them mean one. */
bool service_text_quote(struct buffer *out, const char *argument, struct error *err)
{
    size_t backslashes = 0;

    if (!buffer_append_byte(out, '"', err)) {
        return false;
    }
    for (const char *at = argument; *at != '\0'; at++) {
        if (*at == '"' || *at == '%' || (unsigned char)*at < 0x20) {
            return error_set(err, REASON_USAGE,
                             "the command line of a service cannot hold quotes, percent signs or "
                             "control characters: choose a folder without them");
        }
        backslashes = *at == '\\' ? backslashes + 1 : 0;
        if (!buffer_append_byte(out, (uint8_t)*at, err)) {
            return false;
        }
    }
    return append_backslashes(out, backslashes, err) && buffer_append_byte(out, '"', err);
}

static const struct account_row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
        if (text_equal_nocase(accounts[i].name, name)) {
            return &accounts[i];
        }
    }
    return NULL;
}

bool service_text_account(const char *name, enum service_account_kind *kind, struct error *err)
{
    const struct account_row *row = find_row(name);
    const char *slash = strchr(name, '\\');
    const char *at = strchr(name, '@');
    size_t len = strlen(name);

    if (len >= SERVICE_ACCOUNT_MAX) {
        return error_set(err, REASON_USAGE, "the account's name is longer than %u bytes",
                         SERVICE_ACCOUNT_MAX - 1);
    }
    if (row != NULL) {
        *kind = row->kind;
        return true;
    }
    if (slash != NULL ? slash == name || slash[1] == '\0' || strchr(slash + 1, '\\') != NULL
                      : at == NULL || at == name || at[1] == '\0') {
        return error_set(err, REASON_USAGE,
                         "\"%s\" is no account: write DOMAIN\\name, name@domain, DOMAIN\\name$ (a "
                         "group-managed account), or .\\name for one of this machine",
                         name);
    }
    if (text_starts_nocase(name, "NT SERVICE\\")) {
        *kind = SERVICE_ACCOUNT_VIRTUAL;
    } else if (name[len - 1] == '$' && slash != NULL) {
        *kind = SERVICE_ACCOUNT_MANAGED;
    } else {
        *kind = SERVICE_ACCOUNT_USER;
    }
    return true;
}

bool service_text_same_account(const char *a, const char *b)
{
    const struct account_row *row_a = find_row(a);
    const struct account_row *row_b = find_row(b);

    return text_equal_nocase(row_a != NULL ? row_a->means : a, row_b != NULL ? row_b->means : b);
}
