/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "platform/protect.h"

#define PLAIN_MAX 1048576u

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

static void seal__contents__open_again(void **state)
{
    static const struct {
        const char *data;
        size_t len;
    } cases[] = { { "", 0 }, { "x", 1 }, { "a\0b", 3 }, { "-----BEGIN PRIVATE KEY-----", 27 } };
    const struct test_folder *folder = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer sealed = BUFFER_INIT(10000);
        struct secret plain = SECRET_INIT;
        struct error err = ERROR_INIT;

        assert_done(protect_seal(folder->path, "ca key", bytes_of(cases[i].data, cases[i].len),
                                 &sealed, &err),
                    &err, "");
        assert_true(sealed.len > cases[i].len + 5);
        assert_memory_equal(sealed.data, "ONDP1", 5);
        assert_done(protect_open(folder->path, "ca key", buffer_bytes(&sealed), &plain, &err), &err,
                    "");
        assert_int_equal(plain.len, cases[i].len);
        assert_memory_equal(plain.data, cases[i].data, cases[i].len);
        buffer_clear(&sealed);
        secret_clear(&plain);
    }
}

static void seal__appends__behind_what_is_there(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer sealed = BUFFER_INIT(10000);
    struct secret plain = SECRET_INIT;
    struct error err = ERROR_INIT;

    assert_done(buffer_append_text(&sealed, "before", &err), &err, "");
    assert_done(protect_seal(folder->path, "p", bytes_of_text("x"), &sealed, &err), &err, "");
    assert_memory_equal(sealed.data, "beforeONDP1", 11);
    assert_done(
        protect_open(folder->path, "p", bytes_of(sealed.data + 6, sealed.len - 6), &plain, &err),
        &err, "");
    assert_string_equal((char *)plain.data, "x");
    buffer_clear(&sealed);
    secret_clear(&plain);
}

static void open__other_purpose__refused(void **state)
{
    static const char *const others[] = { "", "ca ke", "ca key ", "CA KEY", "database" };
    const struct test_folder *folder = *state;
    struct buffer sealed = BUFFER_INIT(10000);
    struct error err = ERROR_INIT;

    assert_done(protect_seal(folder->path, "ca key", bytes_of_text("k"), &sealed, &err), &err, "");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct secret plain = SECRET_INIT;

        error_clear(&err);
        assert_refused(protect_open(folder->path, others[i], buffer_bytes(&sealed), &plain, &err),
                       &err, REASON_KEY_PROTECTION, others[i]);
        assert_null(plain.data);
        assert_true(strlen(err.detail) > 20); /* a sentence on what to do */
    }
    buffer_clear(&sealed);
}

static void open__cut_or_foreign__refused(void **state)
{
    static const struct {
        const char *data;
        size_t len;
    } cases[] = { { "", 0 },
                  { "ONDP", 4 },
                  { "ONDP1", 5 },
                  { "ONDP1G", 6 },
                  { "ONDP1D", 6 },
                  { "ONDP1Z12345678901234567890123456789", 35 },
                  { "ONDP2G12345678901234567890123456789", 35 },
                  { "-----BEGIN PRIVATE KEY-----------", 33 } };
    const struct test_folder *folder = *state;
    struct buffer sealed = BUFFER_INIT(10000);
    struct secret plain = SECRET_INIT;
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        error_clear(&err);
        assert_refused(
            protect_open(folder->path, "p", bytes_of(cases[i].data, cases[i].len), &plain, &err),
            &err, REASON_KEY_PROTECTION, cases[i].data);
    }
    error_clear(&err);
    assert_done(protect_seal(folder->path, "p", bytes_of_text("secret"), &sealed, &err), &err, "");
    for (size_t len = 0; len < sealed.len; len++) {
        error_clear(&err);
        assert_refused(protect_open(folder->path, "p", bytes_of(sealed.data, len), &plain, &err),
                       &err, REASON_KEY_PROTECTION, "cut");
    }
    sealed.data[sealed.len - 1] ^= 1;
    error_clear(&err);
    assert_refused(protect_open(folder->path, "p", buffer_bytes(&sealed), &plain, &err), &err,
                   REASON_KEY_PROTECTION, "changed");
    assert_null(plain.data);
    buffer_clear(&sealed);
}

static void seal__size__limit_and_one_more(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer sealed = BUFFER_INIT(3 * PLAIN_MAX);
    struct secret plain = SECRET_INIT;
    struct error err = ERROR_INIT;
    uint8_t *big = calloc(1, PLAIN_MAX + 1);

    assert_non_null(big);
    assert_done(protect_seal(folder->path, "p", bytes_of(big, PLAIN_MAX), &sealed, &err), &err, "");
    assert_done(protect_open(folder->path, "p", buffer_bytes(&sealed), &plain, &err), &err, "");
    assert_int_equal(plain.len, PLAIN_MAX);
    assert_refused(protect_seal(folder->path, "p", bytes_of(big, PLAIN_MAX + 1), &sealed, &err),
                   &err, REASON_KEY_PROTECTION, "");
    free(big);
    buffer_clear(&sealed);
    secret_clear(&plain);
}

static void seal__no_room__leaves_the_buffer(void **state)
{
    const struct test_folder *folder = *state;
    struct buffer sealed = BUFFER_INIT(10);
    struct error err = ERROR_INIT;

    assert_done(buffer_append_text(&sealed, "ab", &err), &err, "");
    assert_refused(protect_seal(folder->path, "p", bytes_of_text("secret"), &sealed, &err), &err,
                   REASON_LIMIT, "");
    assert_string_equal(buffer_text(&sealed), "ab");
    buffer_clear(&sealed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(seal__contents__open_again),     TEST(seal__appends__behind_what_is_there),
        TEST(open__other_purpose__refused),   TEST(open__cut_or_foreign__refused),
        TEST(seal__size__limit_and_one_more), TEST(seal__no_room__leaves_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
