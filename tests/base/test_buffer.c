/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static void buffer__empty__reads_as_empty(void **state)
{
    struct buffer b = BUFFER_INIT(10);
    size_t len = 99;

    (void)state;
    assert_string_equal(buffer_text(&b), "");
    assert_int_equal(buffer_bytes(&b).len, 0);
    assert_null(buffer_take(&b, &len));
    assert_int_equal(len, 0);
    buffer_reset(&b);
    buffer_clear(&b);
    buffer_clear(NULL);
    assert_int_equal(b.max, 10);
}

static void buffer__append__holds_up_to_its_maximum(void **state)
{
    /* maximum, bytes appended, accepted */
    static const struct {
        size_t max;
        size_t len;
        bool ok;
    } cases[] = {
        { 0, 0, true },      { 0, 1, false },      { 1, 1, true },        { 63, 63, true },
        { 63, 64, false },   { 64, 64, true },     { 64, 65, false },     { 100, 100, true },
        { 100, 101, false }, { 5000, 5000, true }, { 5000, 5001, false },
    };
    uint8_t data[6000];

    (void)state;
    memset(data, 'a', sizeof(data));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer whole = BUFFER_INIT(cases[i].max);
        struct buffer pieces = BUFFER_INIT(cases[i].max);
        struct error err = ERROR_INIT;
        bool ok = buffer_append(&whole, data, cases[i].len, &err);

        assert_int_equal(ok, cases[i].ok);
        assert_int_equal(whole.len, ok ? cases[i].len : 0);
        if (!ok) assert_int_equal(err.reason, REASON_LIMIT);
        if (ok) assert_int_equal(strlen(buffer_text(&whole)), cases[i].len);
        error_clear(&err);
        for (size_t n = 0; n < cases[i].len; n++) {
            bool expected = n < cases[i].max;

            assert_int_equal(buffer_append_byte(&pieces, 'b', &err), expected);
            error_clear(&err);
        }
        assert_int_equal(pieces.len, cases[i].len < cases[i].max ? cases[i].len : cases[i].max);
        assert_true(pieces.cap <= cases[i].max);
        buffer_clear(&whole);
        buffer_clear(&pieces);
    }
}

static void buffer__refused_append__changes_nothing(void **state)
{
    struct buffer b = BUFFER_INIT(8);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(buffer_append_text(&b, "12345", &err), &err, "");
    assert_refused(buffer_append_text(&b, "6789", &err), &err, REASON_LIMIT, "");
    assert_string_equal(buffer_text(&b), "12345");
    error_clear(&err);
    assert_refused(buffer_printf(&b, &err, "%d", 6789), &err, REASON_LIMIT, "");
    assert_string_equal(buffer_text(&b), "12345");
    error_clear(&err);
    assert_refused(buffer_reserve(&b, SIZE_MAX, &err), &err, REASON_LIMIT, "");
    error_clear(&err);
    assert_done(buffer_printf(&b, &err, "%d", 678), &err, "");
    assert_string_equal(buffer_text(&b), "12345678");
    buffer_clear(&b);
}

static void buffer__huge_request__is_no_memory_not_overflow(void **state)
{
    struct buffer b = BUFFER_INIT(SIZE_MAX);
    struct error err = ERROR_INIT;

    (void)state;
    assert_refused(buffer_reserve(&b, SIZE_MAX, &err), &err, REASON_NO_MEMORY, "");
    assert_int_equal(b.cap, 0);
    buffer_clear(&b);
}

static void buffer__appended_to_itself__doubles(void **state)
{
    struct buffer b = BUFFER_INIT(100000);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(buffer_append_text(&b, "ab", &err), &err, "");
    for (int i = 0; i < 12; i++) { /* crosses many growths */
        assert_done(buffer_append_bytes(&b, buffer_bytes(&b), &err), &err, "");
    }
    assert_int_equal(b.len, 8192);
    for (size_t i = 0; i < b.len; i++) {
        assert_int_equal(b.data[i], i % 2 == 0 ? 'a' : 'b');
    }
    buffer_clear(&b);
}

static void buffer__embedded_nul__counts(void **state)
{
    struct buffer b = BUFFER_INIT(10);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(buffer_append(&b, "a\0b", 3, &err), &err, "");
    assert_int_equal(b.len, 3);
    assert_int_equal(b.data[3], 0);
    assert_string_equal(buffer_text(&b), "a");
    buffer_reset(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(buffer_text(&b), "");
    assert_true(b.cap > 0);
    buffer_clear(&b);
}

static void buffer__move_and_take__hand_over(void **state)
{
    struct buffer from = BUFFER_INIT(20);
    struct buffer to = BUFFER_INIT(20);
    struct error err = ERROR_INIT;
    uint8_t *taken = NULL;
    size_t len = 0;

    (void)state;
    assert_done(buffer_append_text(&to, "old", &err), &err, "");
    assert_done(buffer_append_text(&from, "new", &err), &err, "");
    buffer_move(&to, &from);
    assert_string_equal(buffer_text(&to), "new");
    assert_string_equal(buffer_text(&from), "");
    buffer_move(&to, &to);
    assert_string_equal(buffer_text(&to), "new");
    taken = buffer_take(&to, &len);
    assert_int_equal(len, 3);
    assert_string_equal((char *)taken, "new");
    assert_null(to.data);
    assert_done(buffer_append_text(&to, "again", &err), &err, "");
    free(taken);
    assert_null(buffer_take(&from, NULL));
    buffer_clear(&to);
    buffer_clear(&from);
}

static void buffer__printf__formats_all_widths(void **state)
{
    struct buffer b = BUFFER_INIT(400);
    struct error err = ERROR_INIT;

    (void)state;
    /* %zu and %lld are what the Windows C library gets wrong without ANSI stdio */
    assert_done(buffer_printf(&b, &err, "%zu %lld %s|", (size_t)7, -5LL, "x"), &err, "");
    assert_done(buffer_printf(&b, &err, "%200d", 1), &err, "");
    assert_int_equal(b.len, 7 + 200);
    assert_memory_equal(b.data, "7 -5 x|", 7);
    assert_done(buffer_printf(&b, &err, "%s", ""), &err, "");
    assert_int_equal(b.len, 207);
    buffer_clear(&b);
}

static void bytes__equal__compares_length_and_content(void **state)
{
    (void)state;
    assert_true(bytes_equal(bytes_of(NULL, 0), bytes_of_text("")));
    assert_true(bytes_equal(bytes_of_text("abc"), bytes_of("abcd", 3)));
    assert_false(bytes_equal(bytes_of_text("abc"), bytes_of_text("abcd")));
    assert_false(bytes_equal(bytes_of_text("abc"), bytes_of_text("abd")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer__empty__reads_as_empty),
        cmocka_unit_test(buffer__append__holds_up_to_its_maximum),
        cmocka_unit_test(buffer__refused_append__changes_nothing),
        cmocka_unit_test(buffer__huge_request__is_no_memory_not_overflow),
        cmocka_unit_test(buffer__appended_to_itself__doubles),
        cmocka_unit_test(buffer__embedded_nul__counts),
        cmocka_unit_test(buffer__move_and_take__hand_over),
        cmocka_unit_test(buffer__printf__formats_all_widths),
        cmocka_unit_test(bytes__equal__compares_length_and_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
