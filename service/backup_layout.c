/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_layout.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "config/config_load.h"
#include "platform/sealed_places.h"

#define FILE_MAX 2097152u /* accounts.json; settings, templates and PEM are below 1 MB */
#define SECRET_MAX 65536u /* a private key is a few KB */
#define LARGE_MAX (UINT64_C(1) << 40)
#define PORTABLE_NAME_MAX 128u

/* What '*' in a pattern may stand for. */
enum name_rule {
    NAME_NONE,     /* no '*' */
    NAME_TEMPLATE, /* templates and CAs */
    NAME_PORTABLE  /* what an administrator may call a file, on each system */
};

struct layout_row {
    const char *pattern;
    enum name_rule rule;
    enum backup_kind kind;
};

static const struct layout_row rows[] = {
    { "openndes.json", NAME_NONE, BACKUP_KIND_FILE },
    { "accounts.json", NAME_NONE, BACKUP_KIND_FILE },
    { "templates/*.json", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "policies/*", NAME_PORTABLE, BACKUP_KIND_POLICY },
    { "ca/*/ca.crt", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "ca/*/chain.pem", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "ca/*/chain.new.pem", NAME_TEMPLATE, BACKUP_KIND_FILE }, /* of a renewal that was cut off */
    { "ca/*/ra.crt", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "ca/*/ra-sign.crt", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "ca/*/ra-enc.crt", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "ca/*/ra.#.crt", NAME_TEMPLATE, BACKUP_KIND_FILE }, /* former ones */
    { "ca/*/ra-sign.#.crt", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "ca/*/ra-enc.#.crt", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "ca/*/request.csr", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "trusted/*.crt", NAME_TEMPLATE, BACKUP_KIND_FILE },
    { "trusted/*.crl", NAME_TEMPLATE, BACKUP_KIND_POLICY },
    { "tls/server.crt", NAME_NONE, BACKUP_KIND_FILE },
    { "intune/client.crt", NAME_NONE, BACKUP_KIND_FILE },
    { BACKUP_DATABASE_FILE, NAME_NONE, BACKUP_KIND_DATABASE },
    { "logs/openndes.*", NAME_PORTABLE, BACKUP_KIND_LOG },
    { "logs/audit.*", NAME_PORTABLE, BACKUP_KIND_LOG },
    { "logs/setup.*", NAME_PORTABLE, BACKUP_KIND_LOG },
};

/* Patterns in which '*' stands for anything without '/'. */
static const char *const never[] = {
    "protect.key",     "*.lock",         "templates/.lock", "ca/.lock",  "tls/.lock",
    "intune/.lock",    "policies/.lock", "openndes.db-*",   "*.tmp",     "openndes.db.snapshot*",
    "templates/*.tmp", "policies/*.tmp", "ca/*.tmp",        "tls/*.tmp", "intune/*.tmp",
    "logs/*.tmp",      "trusted/*.tmp",
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))
#define NEVER_COUNT (sizeof(never) / sizeof(never[0]))

/* "con", "nul.txt": Windows opens a device by these names, wherever they stand. */
static bool is_device(const char *name)
{
    static const char *const devices[] = { "con", "prn", "aux", "nul", "conin$", "conout$" };
    size_t stem = strcspn(name, ".");
    char word[8];

    while (stem > 0 && name[stem - 1] == ' ') {
        stem--;
    }
    if (!text_format(word, sizeof(word), "%.*s", (int)stem, name)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (text_equal_nocase(word, devices[i])) {
            return true;
        }
    }
    /* com1 and lpt9, also with the digits 1 to 3 of Latin-1 */
    return (text_starts_nocase(word, "com") || text_starts_nocase(word, "lpt")) && stem > 3
           && (stem == 4 || (unsigned char)word[3] >= 0x80);
}

static bool is_portable(const char *name)
{
    size_t len = strlen(name);
    size_t pos = 0;
    uint32_t c = 0;

    if (len == 0 || len > PORTABLE_NAME_MAX || name[0] == '.' || name[len - 1] == '.'
        || name[0] == ' ' || name[len - 1] == ' ' || is_device(name)) {
        return false;
    }
    while (pos < len) {
        if (!text_next_utf8(bytes_of_text(name), &pos, &c) || c < 0x20 || (c >= 0x7f && c < 0xa0)
            || (c < 0x80 && strchr("<>:\"/\\|?*", (int)c) != NULL)) {
            return false;
        }
    }
    return true;
}

static bool name_fits(enum name_rule rule, const char *name)
{
    struct error ignored = ERROR_INIT;

    switch (rule) {
    case NAME_NONE:
        return true;
    case NAME_TEMPLATE:
        return template_name_check(name, &ignored);
    case NAME_PORTABLE:
        return is_portable(name);
    default:
        return false;
    }
}

/* A sealed place below ca/ has the name of a CA in it. */
static bool is_secret(const char *path)
{
    char purpose[SEALED_PURPOSE_MAX];
    char name[BACKUP_NAME_MAX];
    const char *end = NULL;

    if (!sealed_place_purpose(path, purpose)) {
        return false;
    }
    if (strncmp(path, "ca/", 3) != 0) {
        return true;
    }
    end = strchr(path + 3, '/');
    return end != NULL && text_format(name, sizeof(name), "%.*s", (int)(end - path - 3), path + 3)
           && name_fits(NAME_TEMPLATE, name);
}

enum backup_kind backup_layout_kind(const char *path)
{
    char name[BACKUP_NAME_MAX];

    if (strlen(path) >= BACKUP_NAME_MAX) {
        return BACKUP_KIND_UNKNOWN;
    }
    for (size_t i = 0; i < NEVER_COUNT; i++) {
        if (sealed_place_matches(never[i], path, name, sizeof(name))) {
            return BACKUP_KIND_NEVER;
        }
    }
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (sealed_place_matches(rows[i].pattern, path, name, sizeof(name))
            && name_fits(rows[i].rule, name)) {
            return rows[i].kind;
        }
    }
    return is_secret(path) ? BACKUP_KIND_SECRET : BACKUP_KIND_UNKNOWN;
}

bool backup_layout_folder(const char *path)
{
    static const char *const folders[] = { "",    "templates", "policies", "ca",
                                           "tls", "intune",    "logs",     "trusted" };
    char name[BACKUP_NAME_MAX];

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (strcmp(path, folders[i]) == 0) {
            return true;
        }
    }
    return sealed_place_matches("ca/*", path, name, sizeof(name)) && name_fits(NAME_TEMPLATE, name);
}

int backup_layout_compare(const char *a, const char *b)
{
    for (;; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : (unsigned char)*a;
        int y = *b >= 'A' && *b <= 'Z' ? *b + 32 : (unsigned char)*b;

        if (x != y || x == 0) {
            return x - y;
        }
    }
}

uint64_t backup_layout_max(enum backup_kind kind)
{
    switch (kind) {
    case BACKUP_KIND_FILE:
        return FILE_MAX;
    case BACKUP_KIND_POLICY:
        return LIMIT_KNOWN_BYTES;
    case BACKUP_KIND_SECRET:
        return SECRET_MAX;
    case BACKUP_KIND_DATABASE:
    case BACKUP_KIND_LOG:
        return LARGE_MAX;
    default:
        return 0;
    }
}
