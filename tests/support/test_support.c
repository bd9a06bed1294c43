/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

#define FIXTURE_MAX 16777216u /* bytes */
#define ENTRIES_MAX 100000u

/* The folder for temporary files; Windows and Wine set TEMP, POSIX may set TMPDIR. */
static const char *temporary_root(void)
{
    const char *root = getenv("TEMP");

    if (root == NULL || root[0] == '\0') root = getenv("TMPDIR");
    return root == NULL || root[0] == '\0' ? "/tmp" : root;
}

void test_folder_create(struct test_folder *folder)
{
    struct error err = ERROR_INIT;
    uint8_t random[8];
    char hex[2 * sizeof(random) + 1];

    assert_done(secret_random(random, sizeof(random), &err), &err, "");
    text_hex(hex, sizeof(hex), bytes_of(random, sizeof(random)));
    assert_true(text_format(folder->path, sizeof(folder->path), "%s/openndes-test-%s",
                            temporary_root(), hex));
    assert_done(folder_create(folder->path, true, &err), &err, folder->path);
}

static bool remove_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    const char *parent = context;
    char path[FILE_PATH_MAX];
    struct error ignored = ERROR_INIT;

    if (!path_join(path, parent, name, err)) return false;
    /* a link to a folder counts as a folder in a listing, and must not be followed here */
    if (file_remove(path, &ignored)) return true;
    if (!is_folder) return error_set(err, ignored.reason, "%s", ignored.detail);
    return folder_list(path, ENTRIES_MAX, remove_entry, path, err) && folder_remove(path, err);
}

void test_folder_remove(struct test_folder *folder)
{
    struct error err = ERROR_INIT;

    if (folder->path[0] == '\0') return;
    assert_done(folder_list(folder->path, ENTRIES_MAX, remove_entry, folder->path, &err)
                    && folder_remove(folder->path, &err),
                &err, folder->path);
    folder->path[0] = '\0';
}

void test_folder_path(const struct test_folder *folder, const char *name, char out[FILE_PATH_MAX])
{
    struct error err = ERROR_INIT;

    assert_done(path_join(out, folder->path, name, &err), &err, name);
}

void test_folder_write(const struct test_folder *folder, const char *name, const char *content)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, name, path);
    assert_done(file_write_atomic(path, bytes_of_text(content), true, &err), &err, path);
}

void test_folder_read(const struct test_folder *folder, const char *name, struct buffer *out)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(folder, name, path);
    assert_done(file_read(path, FIXTURE_MAX, out, &err), &err, path);
}

void test_fixture_read_at(const char *root, const char *name, struct buffer *out)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    assert_done(path_join(path, root, name, &err), &err, name);
    assert_done(file_read(path, FIXTURE_MAX, out, &err), &err, path);
}

void test_assert_done(bool done, const struct error *err, const char *name, const char *call,
                      const char *file, int line)
{
    if (!done || error_is_set(err)) {
        print_error("%s%s%s: %s (%s)\n", name, name[0] != '\0' ? ": " : "", call,
                    reason_id(err->reason), err->detail);
        _fail(file, line);
    }
}

void test_assert_refused(bool done, const struct error *err, enum reason expected, const char *name,
                         const char *call, const char *file, int line)
{
    if (done || err->reason != expected) {
        print_error("%s%s%s: %s (%s), expected the reason %s\n", name, name[0] != '\0' ? ": " : "",
                    call, done ? "succeeded" : reason_id(err->reason), err->detail,
                    reason_id(expected));
        _fail(file, line);
    }
}

void test_assert_bytes(struct bytes found, struct bytes expected, const char *file, int line)
{
    if (!bytes_equal(found, expected)) {
        char a[512];
        char b[512];

        text_escape(a, sizeof(a), found);
        text_escape(b, sizeof(b), expected);
        print_error("\"%s\" (%u bytes), expected \"%s\" (%u bytes)\n", a, (unsigned)found.len, b,
                    (unsigned)expected.len);
        _fail(file, line);
    }
}
