/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/registry.h"

#include <stdlib.h>
#include <wchar.h>

#include "base/text.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#define KEY_NAME_CHARS 256u     /* the system's limit for one part, with NUL */
#define VALUE_NAME_CHARS 16384u /* the same for a value's name */
#define PATH_BYTES 8192u        /* of the relative path, in UTF-8 */
#define GROW_TRIES 4u           /* a value may grow while it is read */
#define OPEN_RIGHTS (KEY_READ | KEY_WOW64_64KEY)
#define FILETIME_OF_1970 INT64_C(116444736000000000) /* FILETIME counts 100 ns from 1601 */

struct walk {
    const char *root; /* for messages */
    registry_visit *visit;
    void *context;
    size_t values;
    struct error *err;
};

/* "not there" and "gone meanwhile" are no failures. */
static bool is_missing(LSTATUS rc)
{
    return rc == ERROR_FILE_NOT_FOUND || rc == ERROR_PATH_NOT_FOUND || rc == ERROR_KEY_DELETED;
}

static bool failed(struct walk *walk, const char *key, LSTATUS rc)
{
    const char *between = key[0] == '\0' ? "" : "\\";

    if (rc == ERROR_ACCESS_DENIED) {
        return error_set(walk->err, REASON_NOT_PERMITTED,
                         "registry HKLM\\%s%s%s may not be read by this account; run the command "
                         "as administrator",
                         walk->root, between, key);
    }
    (void)win_error_set(walk->err, REASON_CONFIG_UNREADABLE, (uint32_t)rc, "cannot be read");
    return error_context(walk->err, "registry HKLM\\%s%s%s", walk->root, between, key);
}

static enum registry_type type_of(DWORD type)
{
    switch (type) {
    case REG_SZ:
    case REG_EXPAND_SZ:
        return REGISTRY_TEXT;
    case REG_DWORD:
        return REGISTRY_NUMBER;
    case REG_MULTI_SZ:
        return REGISTRY_LIST;
    default:
        return REGISTRY_OTHER;
    }
}

/* RegGetValue ends texts and lists with NULs, whoever has written them, and expands. */
static LSTATUS get_texts(HKEY key, const wchar_t *name, wchar_t **text, size_t *chars)
{
    LSTATUS rc = ERROR_MORE_DATA;

    for (unsigned i = 0; rc == ERROR_MORE_DATA && i < GROW_TRIES; i++) {
        DWORD size = 0;

        free(*text);
        *text = NULL;
        rc = RegGetValueW(key, NULL, name, RRF_RT_REG_SZ | RRF_RT_REG_MULTI_SZ, NULL, NULL, &size);
        if (rc != ERROR_SUCCESS) {
            return rc;
        }
        if (size > REGISTRY_VALUE_BYTES) {
            return ERROR_BUFFER_OVERFLOW;
        }
        /* two more: Windows says one character too few for a list without its last NUL */
        *text = calloc((size_t)size / sizeof(wchar_t) + 3, sizeof(wchar_t));
        if (*text == NULL) {
            return ERROR_OUTOFMEMORY;
        }
        size += sizeof(wchar_t);
        rc = RegGetValueW(key, NULL, name, RRF_RT_REG_SZ | RRF_RT_REG_MULTI_SZ, NULL, *text, &size);
        *chars = (size_t)size / sizeof(wchar_t);
    }
    return rc;
}

/* Items end in NUL each, the list in an empty one. */
static bool list_to_lines(const wchar_t *list, size_t chars, struct buffer *out, struct error *err)
{
    for (size_t at = 0; at < chars && list[at] != L'\0'; at += wcslen(list + at) + 1) {
        if ((at > 0 && !buffer_append_byte(out, '\n', err)) || !wide_to_utf8(list + at, out, err)) {
            return false;
        }
    }
    return true;
}

/* True with *gone when the value went away or changed its type since it was listed. */
static bool read_value(struct walk *walk, HKEY key, const wchar_t *name,
                       struct registry_value *value, struct buffer *text, bool *gone)
{
    wchar_t *wide = NULL;
    DWORD number = 0;
    DWORD size = sizeof(number);
    size_t chars = 0;
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = true;

    if (value->type == REGISTRY_NUMBER) {
        rc = RegGetValueW(key, NULL, name, RRF_RT_REG_DWORD, NULL, &number, &size);
        value->number = number;
        /* a size that no such value has is one bad value, not a key that cannot be read */
        if (rc == ERROR_MORE_DATA || rc == ERROR_INVALID_DATA
            || (rc == ERROR_SUCCESS && size != sizeof(number))) {
            value->type = REGISTRY_OTHER;
            value->number = 0;
            rc = ERROR_SUCCESS;
        }
    } else if (value->type != REGISTRY_OTHER) {
        rc = get_texts(key, name, &wide, &chars);
    }
    *gone = is_missing(rc) || rc == ERROR_UNSUPPORTED_TYPE;
    if (rc == ERROR_BUFFER_OVERFLOW) {
        ok = error_set(walk->err, REASON_LIMIT,
                       "registry HKLM\\%s\\%s: a value has more than %u bytes", walk->root,
                       value->key, REGISTRY_VALUE_BYTES);
    } else if (rc != ERROR_SUCCESS && !*gone) {
        ok = failed(walk, value->key, rc);
    } else if (wide != NULL && !*gone) {
        ok = value->type == REGISTRY_LIST ? list_to_lines(wide, chars, text, walk->err)
                                          : wide_to_utf8(wide, text, walk->err);
    }
    free(wide);
    return ok;
}

static bool visit_value(struct walk *walk, HKEY key, const char *path, const wchar_t *name,
                        DWORD type)
{
    struct buffer utf8_name = BUFFER_INIT(3 * VALUE_NAME_CHARS);
    struct buffer text = BUFFER_INIT(2 * REGISTRY_VALUE_BYTES);
    struct registry_value value = { .key = path, .type = type_of(type) };
    bool gone = false;
    bool ok = false;

    if (++walk->values > REGISTRY_WALK_VALUES) {
        error_set(walk->err, REASON_LIMIT, "registry HKLM\\%s holds more than %u values",
                  walk->root, REGISTRY_WALK_VALUES);
        goto out;
    }
    if (!wide_to_utf8(name, &utf8_name, walk->err)) goto out;
    if (!read_value(walk, key, name, &value, &text, &gone)) goto out;
    value.name = buffer_text(&utf8_name);
    value.text = buffer_text(&text);
    ok = gone || walk->visit(walk->context, &value, walk->err);
out:
    buffer_clear(&utf8_name);
    buffer_clear(&text);
    return ok;
}

static bool walk_values(struct walk *walk, HKEY key, const char *path)
{
    wchar_t *name = malloc(VALUE_NAME_CHARS * sizeof(*name));
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = true;

    if (name == NULL) {
        return error_set(walk->err, REASON_NO_MEMORY, "out of memory for the registry");
    }
    for (DWORD i = 0; ok && rc == ERROR_SUCCESS; i++) {
        DWORD chars = VALUE_NAME_CHARS;
        DWORD type = 0;

        rc = RegEnumValueW(key, i, name, &chars, NULL, &type, NULL, NULL);
        if (rc == ERROR_SUCCESS) {
            ok = visit_value(walk, key, path, name, type);
        }
    }
    if (ok && rc != ERROR_NO_MORE_ITEMS && !is_missing(rc)) {
        ok = failed(walk, path, rc);
    }
    free(name);
    return ok;
}

static bool walk_key(struct walk *walk, HKEY key, const char *path, unsigned depth);

static bool walk_below(struct walk *walk, HKEY parent, const char *path, const wchar_t *name,
                       unsigned depth)
{
    struct buffer below = BUFFER_INIT(PATH_BYTES);
    HKEY key = NULL;
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = false;

    if (depth >= REGISTRY_WALK_DEPTH) {
        error_set(walk->err, REASON_LIMIT, "registry HKLM\\%s: keys nest deeper than %u",
                  walk->root, REGISTRY_WALK_DEPTH);
        goto out;
    }
    if (!buffer_printf(&below, walk->err, "%s%s", path, path[0] == '\0' ? "" : "\\")) goto out;
    if (!wide_to_utf8(name, &below, walk->err)) goto out;
    rc = RegOpenKeyExW(parent, name, 0, OPEN_RIGHTS, &key);
    if (rc != ERROR_SUCCESS) {
        ok = is_missing(rc) || failed(walk, buffer_text(&below), rc);
        goto out;
    }
    ok = walk_key(walk, key, buffer_text(&below), depth + 1);
out:
    if (key != NULL) {
        (void)RegCloseKey(key);
    }
    buffer_clear(&below);
    return ok;
}

static bool walk_key(struct walk *walk, HKEY key, const char *path, unsigned depth)
{
    wchar_t name[KEY_NAME_CHARS];
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = walk_values(walk, key, path);

    for (DWORD i = 0; ok && rc == ERROR_SUCCESS; i++) {
        DWORD chars = KEY_NAME_CHARS;

        rc = RegEnumKeyExW(key, i, name, &chars, NULL, NULL, NULL, NULL);
        if (rc == ERROR_SUCCESS) {
            ok = walk_below(walk, key, path, name, depth);
        }
    }
    if (ok && rc != ERROR_NO_MORE_ITEMS && !is_missing(rc)) {
        ok = failed(walk, path, rc);
    }
    return ok;
}

bool registry_walk(const char *key, registry_visit *visit, void *context, bool *found,
                   struct error *err)
{
    struct walk walk = { .root = key, .visit = visit, .context = context, .err = err };
    wchar_t *wide = wide_from_utf8(key, err);
    HKEY root = NULL;
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = false;

    *found = false;
    if (wide == NULL) goto out;
    rc = RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide, 0, OPEN_RIGHTS, &root);
    if (rc != ERROR_SUCCESS) {
        ok = is_missing(rc) || failed(&walk, "", rc);
        goto out;
    }
    *found = true;
    ok = walk_key(&walk, root, "", 0);
out:
    if (root != NULL) {
        (void)RegCloseKey(root);
    }
    free(wide);
    return ok;
}

bool registry_stamp(const char *key, struct registry_stamp *out, struct error *err)
{
    struct walk walk = { .root = key, .err = err };
    wchar_t *wide = wide_from_utf8(key, err);
    HKEY root = NULL;
    DWORD values = 0;
    FILETIME written = { 0, 0 };
    LSTATUS rc = ERROR_SUCCESS;
    bool ok = false;

    *out = (struct registry_stamp){ 0, 0 };
    if (wide == NULL) goto out;
    rc = RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &root);
    if (rc == ERROR_SUCCESS) {
        rc = RegQueryInfoKeyW(root, NULL, NULL, NULL, NULL, NULL, NULL, &values, NULL, NULL, NULL,
                              &written);
    }
    if (rc != ERROR_SUCCESS) {
        ok = is_missing(rc) || failed(&walk, "", rc);
        goto out;
    }
    out->values = values;
    out->written_100ns = (int64_t)((uint64_t)written.dwHighDateTime << 32 | written.dwLowDateTime)
                         - FILETIME_OF_1970;
    ok = true;
out:
    if (root != NULL) {
        (void)RegCloseKey(root);
    }
    free(wide);
    return ok;
}

bool registry_stamp_equal(const struct registry_stamp *a, const struct registry_stamp *b)
{
    return a->written_100ns == b->written_100ns && a->values == b->values;
}
