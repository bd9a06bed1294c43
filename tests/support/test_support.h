/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what tests of every folder need: a folder of their own, fixtures, skipping with a
 *           reason, assertions that show the struct error.
 * Not here: fakes (fake_<interface>.c).
 * Owns:     temporary folders until test_folder_remove.
 * Threads:  one test at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_SUPPORT_TEST_SUPPORT_H
#define OPENNDES_TESTS_SUPPORT_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/files.h"

/* A folder that only this test has; its name is random. */
struct test_folder {
    char path[FILE_PATH_MAX];
};

/* Make it below TEMP or TMPDIR or /tmp. Fails the test when that is not possible. */
void test_folder_create(struct test_folder *folder);
/* Remove it with everything in it. */
void test_folder_remove(struct test_folder *folder);
/* folder/name; the result is written to out. */
void test_folder_path(const struct test_folder *folder, const char *name, char out[FILE_PATH_MAX]);
/* Write (private, as secrets have to be) and read a file below the folder; content is text. */
void test_folder_write(const struct test_folder *folder, const char *name, const char *content);
void test_folder_read(const struct test_folder *folder, const char *name, struct buffer *out);

/* Append tests/fixtures/NAME ("scep/pkcsreq.der"); fails the test when it is missing. */
#define test_fixture_read(name, out) test_fixture_read_at(OPENNDES_TEST_FIXTURES, (name), (out))
void test_fixture_read_at(const char *root, const char *name, struct buffer *out);

/* End the test as skipped and say why. */
#define test_skip(reason)                                                                          \
    do {                                                                                           \
        print_message("skipped: %s\n", (reason));                                                  \
        skip();                                                                                    \
    } while (0)

/* The call succeeded; otherwise show the reason. `name` is the case's name, or "". */
#define assert_done(call, err, name)                                                               \
    test_assert_done((call), (err), (name), #call, __FILE__, __LINE__)
/* The call failed with this reason. */
#define assert_refused(call, err, expected, name)                                                  \
    test_assert_refused((call), (err), (expected), (name), #call, __FILE__, __LINE__)
/* A view holds exactly this text. */
#define assert_bytes_text(bytes, text)                                                             \
    test_assert_bytes((bytes), bytes_of_text(text), __FILE__, __LINE__)

void test_assert_done(bool done, const struct error *err, const char *name, const char *call,
                      const char *file, int line);
void test_assert_refused(bool done, const struct error *err, enum reason expected, const char *name,
                         const char *call, const char *file, int line);
void test_assert_bytes(struct bytes found, struct bytes expected, const char *file, int line);

#endif
