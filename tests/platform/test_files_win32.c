/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/text.h"
#include "platform/files.h"
#include "platform/threads.h"
#include "platform/win32/wide.h"
#include "platform/win32/win_error.h"

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

static int set_up(void **state)
{
    struct test_folder *folder = calloc(1, sizeof(*folder));

    assert_non_null(folder);
    test_folder_create(folder);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    test_folder_remove(*state);
    free(*state);
    return 0;
}

static void wide__texts__both_ways(void **state)
{
    static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
    struct buffer b = BUFFER_INIT(100);
    struct buffer exact = BUFFER_INIT(sizeof(text) - 1);
    struct error err = ERROR_INIT;
    wchar_t *wide = wide_from_utf8(text, &err);

    (void)state;
    assert_done(wide != NULL, &err, "");
    assert_int_equal(wcslen(wide), 5);
    assert_done(wide_to_utf8(wide, &b, &err), &err, "");
    assert_string_equal(buffer_text(&b), text);
    assert_done(wide_to_utf8(wide, &exact, &err), &err, "no byte more than needed");
    assert_int_equal(exact.len, exact.max);
    assert_refused(wide_to_utf8(wide, &exact, &err), &err, REASON_LIMIT, "");
    error_clear(&err);
    free(wide);
    assert_refused(wide_from_utf8("M\xfcller", &err) != NULL, &err, REASON_SYNTAX, "");
    wide = wide_from_utf8("", &(struct error)ERROR_INIT);
    assert_non_null(wide);
    assert_int_equal(wide[0], 0);
    free(wide);
    buffer_clear(&b);
    buffer_clear(&exact);
}

static void path__forms__become_extended(void **state)
{
    static const struct {
        const char *path;
        const wchar_t *expected;
    } cases[] = {
        { "C:/a/b.json", L"\\\\?\\C:\\a\\b.json" },
        { "C:\\a\\..\\b", L"\\\\?\\C:\\b" },
        { "C:/a//b/", L"\\\\?\\C:\\a\\b" },
        { "C:/", L"\\\\?\\C:\\" },
        { "//server/share/x", L"\\\\?\\UNC\\server\\share\\x" },
        { "\\\\server\\share", L"\\\\?\\UNC\\server\\share" },
        { "\\\\?\\C:\\a", L"\\\\?\\C:\\a" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        wchar_t *wide = wide_path(cases[i].path, &err);

        assert_done(wide != NULL, &err, cases[i].path);
        if (wcscmp(wide, cases[i].expected) != 0) fail_msg("%s: %ls", cases[i].path, wide);
        free(wide);
    }
}

static void path__device_names__refused(void **state)
{
    static const char *const names[] = { "C:\\x\\nul", "con", "\\\\.\\pipe\\x" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct error err = ERROR_INIT;
        wchar_t *wide = wide_path(names[i], &err);

        if (wide == NULL) {
            assert_int_equal(err.reason, REASON_FILE_NOT_WRITABLE);
        } else {
            /* Windows 11 treats some of them as names; then it is a file below a drive */
            assert_true(wcsncmp(wide, L"\\\\?\\", 4) == 0);
        }
        free(wide);
    }
}

struct holder {
    HANDLE handle;
    HANDLE about_to_write;
};

/* Opens as a rude virus scanner does, for less than the time that a writer is ready to wait. */
static void *let_go_soon(void *context)
{
    struct holder *holder = context;

    (void)WaitForSingleObject(holder->about_to_write, INFINITE);
    Sleep(50); /* long enough for at least one try of the writer to fail on most machines */
    (void)CloseHandle(holder->handle);
    return NULL;
}

static void write__held_open_for_a_moment__waits(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct buffer b = BUFFER_INIT(10);
    struct holder holder;
    char path[FILE_PATH_MAX];
    wchar_t *wide = NULL;
    pthread_t thread;

    test_folder_write(folder, "held", "old");
    test_folder_path(folder, "held", path);
    wide = wide_path(path, &err);
    holder.handle = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(holder.handle != INVALID_HANDLE_VALUE);
    holder.about_to_write = CreateEventW(NULL, TRUE, FALSE, NULL);
    assert_done(thread_start(&thread, "holds", let_go_soon, &holder, &err), &err, "");
    assert_true(SetEvent(holder.about_to_write));
    assert_done(file_write_atomic(path, bytes_of_text("new"), true, &err), &err, "");
    thread_join(thread);
    test_folder_read(folder, "held", &b);
    assert_string_equal(buffer_text(&b), "new");
    (void)CloseHandle(holder.about_to_write);
    free(wide);
    buffer_clear(&b);
}

static void write__held_open_for_long__gives_up_and_says_why(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct buffer b = BUFFER_INIT(10);
    char path[FILE_PATH_MAX];
    wchar_t *wide = NULL;
    HANDLE handle = INVALID_HANDLE_VALUE;

    test_folder_write(folder, "held", "old");
    test_folder_path(folder, "held", path);
    wide = wide_path(path, &err);
    handle = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(handle != INVALID_HANDLE_VALUE);
    assert_refused(file_write_atomic(path, bytes_of_text("new"), true, &err), &err,
                   REASON_FILE_NOT_WRITABLE, "");
    (void)CloseHandle(handle);
    test_folder_read(folder, "held", &b);
    assert_string_equal(buffer_text(&b), "old");
    free(wide);
    buffer_clear(&b);
}

/* The list of rights as SDDL; NULL when the system does not tell. */
static wchar_t *rights_of(const char *path)
{
    struct error err = ERROR_INIT;
    wchar_t *wide = wide_path(path, &err);
    wchar_t *sddl = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;

    assert_non_null(wide);
    if (GetNamedSecurityInfoW(wide, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, NULL,
                              NULL, &descriptor)
        == ERROR_SUCCESS) {
        (void)ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &sddl, NULL);
        (void)LocalFree(descriptor);
    }
    free(wide);
    return sddl;
}

static void rights__private_file_and_folder__not_for_everybody(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    wchar_t *sddl = NULL;

    for (int i = 0; i < 2; i++) {
        test_folder_path(folder, i == 0 ? "private-file" : "private-folder", path);
        if (i == 0) {
            assert_done(file_create_new(path, bytes_of_text("x"), true, &err), &err, "");
        } else {
            assert_done(folder_create(path, true, &err), &err, "");
        }
        sddl = rights_of(path);
        if (sddl == NULL) test_skip("this system does not tell the rights");
        print_message("%ls\n", sddl);
        assert_null(wcsstr(sddl, L";;;WD)")); /* everybody */
        assert_null(wcsstr(sddl, L";;;BU)")); /* users */
        assert_null(wcsstr(sddl, L";;;AU)")); /* authenticated users */
        (void)LocalFree(sddl);
    }
}

static void win_error__numbers__have_a_sentence(void **state)
{
    static const struct {
        DWORD number;
        enum reason read;
        enum reason write;
    } cases[] = {
        { ERROR_FILE_NOT_FOUND, REASON_FILE_MISSING, REASON_FILE_NOT_WRITABLE },
        { ERROR_DISK_FULL, REASON_DISK_FULL, REASON_DISK_FULL },
        { ERROR_HANDLE_DISK_FULL, REASON_DISK_FULL, REASON_DISK_FULL },
        { ERROR_ACCESS_DENIED, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE },
        { ERROR_SHARING_VIOLATION, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE },
        { ERROR_NOT_ENOUGH_MEMORY, REASON_NO_MEMORY, REASON_NO_MEMORY },
        { 0xe0001234u, REASON_FILE_UNREADABLE, REASON_FILE_NOT_WRITABLE }, /* nobody's number */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;

        assert_false(win_error_file(&err, WIN_READ, cases[i].number, "C:\\x"));
        assert_int_equal(err.reason, cases[i].read);
        assert_true(strlen(err.detail) > 10);
        error_clear(&err);
        assert_false(win_error_file(&err, WIN_WRITE, cases[i].number, "C:\\x"));
        assert_int_equal(err.reason, cases[i].write);
        assert_memory_equal(err.detail, "C:\\x: ", 6);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide__texts__both_ways),
        cmocka_unit_test(path__forms__become_extended),
        cmocka_unit_test(path__device_names__refused),
        TEST(write__held_open_for_a_moment__waits),
        TEST(write__held_open_for_long__gives_up_and_says_why),
        TEST(rights__private_file_and_folder__not_for_everybody),
        cmocka_unit_test(win_error__numbers__have_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
