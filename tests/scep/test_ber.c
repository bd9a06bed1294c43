/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "platform/clock.h"
#include "scep/ber.h"
#include "scep/der_writer.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(literal) bytes_of((literal), sizeof(literal) - 1)

struct check_case {
    const char *name;
    const char *bytes;
    size_t len;
    enum reason expected; /* REASON_NONE: good */
    size_t used;
};

#define CASE(name, literal, expected, used)                                                        \
    {                                                                                              \
        name, literal, sizeof(literal) - 1, expected, used                                         \
    }

static const struct check_case checks[] = {
    CASE("NULL", "\x05\x00", REASON_NONE, 2),
    CASE("empty SEQUENCE", "\x30\x00", REASON_NONE, 2),
    CASE("indefinite, empty", "\x30\x80\x00\x00", REASON_NONE, 4),
    CASE("indefinite in definite", "\x30\x04\x30\x80\x00\x00", REASON_NONE, 6),
    CASE("definite in indefinite", "\x30\x80\x30\x02\x05\x00\x00\x00", REASON_NONE, 8),
    CASE("length of two octets", "\x04\x82\x00\x01x", REASON_NONE, 5),
    CASE("length of eight octets", "\x04\x88\0\0\0\0\0\0\0\x01x", REASON_NONE, 11),
    CASE("length of nine octets", "\x04\x89\0\0\0\0\0\0\0\0\x01x", REASON_BER_LENGTH, 0),
    CASE("length of 2^64 - 1", "\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff", REASON_BER_LENGTH, 0),
    CASE("length 0xff", "\x04\xff", REASON_BER_LENGTH, 0),
    CASE("high tag", "\x9f\x81\x01\x00", REASON_NONE, 4),
    CASE("high tag, padded", "\x9f\x80\x01\x00", REASON_BER_LENGTH, 0),
    CASE("high tag, too large", "\x9f\x81\x81\x81\x81\x01\x00", REASON_BER_LENGTH, 0),
    CASE("high tag, cut", "\x9f\x81", REASON_BER_LENGTH, 0),
    CASE("nothing", "", REASON_BER_LENGTH, 0),
    CASE("tag only", "\x30", REASON_BER_LENGTH, 0),
    CASE("length cut", "\x04\x82\x01", REASON_BER_LENGTH, 0),
    CASE("content cut", "\x04\x02x", REASON_BER_LENGTH, 0),
    CASE("child longer than parent", "\x30\x02\x04\x01x", REASON_BER_LENGTH, 0),
    CASE("indefinite without end", "\x30\x80\x05\x00", REASON_BER_LENGTH, 0),
    CASE("indefinite ends in its parent", "\x30\x02\x30\x80\x00\x00", REASON_BER_LENGTH, 0),
    CASE("indefinite primitive", "\x04\x80\x00\x00", REASON_BER_LENGTH, 0),
    CASE("end of contents alone", "\x00\x00", REASON_BER_LENGTH, 0),
    CASE("end of contents in definite", "\x30\x02\x00\x00", REASON_BER_LENGTH, 0),
    CASE("end of contents with length", "\x30\x80\x00\x01x", REASON_BER_LENGTH, 0),
    CASE("constructed end of contents", "\x30\x80\x20\x00", REASON_BER_LENGTH, 0),
    CASE("tail", "\x05\x00x", REASON_BER_TRAILING, 0),
    CASE("second element", "\x05\x00\x05\x00", REASON_BER_TRAILING, 0),
    CASE("tolerated tail", "\x05\x00\r\n\0", REASON_NONE, 2),
};

static void check__each_case__reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        /* its own memory of just this size: a byte too far is seen by the sanitizer */
        uint8_t *copy = malloc(checks[i].len + 1);
        struct error err = ERROR_INIT;
        size_t used = 0;
        bool done = false;

        assert_non_null(copy);
        memcpy(copy, checks[i].bytes, checks[i].len);
        copy = realloc(copy, checks[i].len == 0 ? 1 : checks[i].len);
        done = ber_check(bytes_of(copy, checks[i].len), true, &used, &err);
        if (checks[i].expected == REASON_NONE) {
            assert_done(done, &err, checks[i].name);
            assert_int_equal(checks[i].used, used);
        } else {
            assert_refused(done, &err, checks[i].expected, checks[i].name);
        }
        free(copy);
    }
}

static void check__tail_not_tolerated__refused(void **state)
{
    struct error err = ERROR_INIT;
    size_t used = 0;

    (void)state;
    assert_refused(ber_check(BYTES("\x05\x00\n"), false, &used, &err), &err, REASON_BER_TRAILING,
                   "newline");
}

/* depth elements of indefinite or definite length around nothing */
static size_t nest(uint8_t *out, size_t depth, bool indefinite)
{
    size_t len = 0;

    for (size_t i = 0; i < depth; i++) {
        out[len++] = 0x30;
        out[len++] = indefinite ? 0x80 : (uint8_t)(2 * (depth - 1 - i));
    }
    if (indefinite) {
        memset(out + len, 0, 2 * depth);
        len += 2 * depth;
    }
    return len;
}

static void check__depth__limit_and_one_more(void **state)
{
    uint8_t bytes[4 * (LIMIT_BER_DEPTH + 2)];

    (void)state;
    for (int indefinite = 0; indefinite < 2; indefinite++) {
        for (size_t depth = LIMIT_BER_DEPTH - 1; depth <= LIMIT_BER_DEPTH + 1; depth++) {
            struct bytes input = bytes_of(bytes, nest(bytes, depth, indefinite != 0));
            struct ber_reader r = ber_reader_of(input, 1);
            struct ber_element element;
            struct error err = ERROR_INIT;
            size_t used = 0;
            bool good = true;
            /* an indefinite element needs room for its end-of-contents one level down */
            bool expected = depth <= LIMIT_BER_DEPTH - (indefinite != 0 ? 1u : 0u);

            assert_int_equal(expected, ber_check(input, false, &used, &err));
            if (!expected && depth > LIMIT_BER_DEPTH) {
                assert_int_equal(REASON_BER_DEPTH, err.reason);
            }
            /* the reader alone, without the check, keeps the limit too */
            for (size_t i = 0; i < depth && good; i++) {
                good = ber_next(&r, &element, NULL);
                r = ber_enter(&r, &element);
            }
            assert_int_equal(expected, good);
        }
    }
}

/* Nested indefinite lengths: measuring them must not take quadratic time. */
static void check__megabyte_of_hostile_nesting__quick(void **state)
{
    static const struct {
        const char *name;
        uint8_t pattern[4];
        size_t len;
    } cases[] = {
        { "30 80 chain", { 0x30, 0x80 }, 2 },
        { "24 80 chain", { 0x24, 0x80 }, 2 },
        { "empty segments", { 0x04, 0x00 }, 2 },
        { "opened and closed", { 0x30, 0x80, 0x00, 0x00 }, 4 },
    };

    (void)state;
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        size_t size = 1048576;
        uint8_t *bytes = malloc(size + 4);
        struct ber_element element;
        struct ber_reader r;
        struct error err = ERROR_INIT;
        size_t used = 0;
        size_t joined = 0;
        int64_t start = clock_monotonic_us();
        bool done = false;

        assert_non_null(bytes);
        bytes[0] = 0x24;
        bytes[1] = 0x80;
        for (size_t i = 2; i + cases[c].len <= size; i += cases[c].len) {
            memcpy(bytes + i, cases[c].pattern, cases[c].len);
        }
        size -= (size - 2) % cases[c].len;
        memset(bytes + size, 0, 2);
        done = ber_check(bytes_of(bytes, size + 2), false, &used, &err);
        r = ber_reader_of(bytes_of(bytes, size + 2), 1);
        if (done) {
            assert_true(ber_next(&r, &element, NULL));
            assert_false(ber_octets_size(&element, &joined, NULL)); /* too many segments */
        } else {
            assert_false(ber_next(&r, &element, NULL));
        }
        print_message("%s: %d us\n", cases[c].name, (int)(clock_monotonic_us() - start));
        assert_true(clock_monotonic_us() - start < 20000000);
        free(bytes);
    }
}

static void next__elements__content_and_whole(void **state)
{
    struct ber_reader r = ber_reader_of(BYTES("\x30\x80\x04\x01x\x00\x00\x82\x01y"), 1);
    struct ber_reader inside;
    struct ber_element element;
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(ber_next_is(&r, BER_CLASS_UNIVERSAL, BER_SEQUENCE));
    assert_false(ber_next_is(&r, BER_CLASS_CONTEXT, BER_SEQUENCE));
    assert_done(ber_next(&r, &element, &err), &err, "");
    assert_true(element.constructed);
    assert_int_equal(3, element.content.len);
    assert_int_equal(7, element.whole.len);
    inside = ber_enter(&r, &element);
    assert_int_equal(2, inside.depth);
    assert_done(ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_OCTET_STRING, &element, &err), &err,
                "");
    assert_bytes_text(element.content, "x");
    assert_true(ber_at_end(&inside));
    assert_refused(ber_expect(&inside, BER_CLASS_UNIVERSAL, BER_NULL, &element, &err), &err,
                   REASON_NOT_CMS, "missing");
    error_clear(&err);
    assert_refused(ber_expect(&r, BER_CLASS_CONTEXT, 1, &element, &err), &err, REASON_NOT_CMS,
                   "other tag");
    assert_true(ber_at_end(&r));
}

/* SEQUENCE and SET are constructed, INTEGER, NULL and OBJECT IDENTIFIER are not: X.690 8. */
static void expect__wrong_form__refused(void **state)
{
    static const char *const cases[] = { "\x10\x00", "\x11\x00", "\x22\x00", "\x25\x00",
                                         "\x26\x00" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ber_reader r = ber_reader_of(bytes_of(cases[i], 2), 1);
        struct ber_element element;
        struct error err = ERROR_INIT;

        assert_refused(
            ber_expect(&r, BER_CLASS_UNIVERSAL, (uint32_t)cases[i][0] & 0x1fu, &element, &err),
            &err, REASON_NOT_CMS, "form");
    }
}

static void octets__forms__joined(void **state)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t len;
        const char *expected; /* NULL: refused */
        enum reason reason;
    } cases[] = {
        { "primitive",
          "\x04\x02"
          "ab",
          4, "ab", REASON_NONE },
        { "implicit tag",
          "\x80\x02"
          "ab",
          4, "ab", REASON_NONE },
        { "constructed",
          "\x24\x06\x04\x01"
          "a\x04\x01"
          "b",
          8, "ab", REASON_NONE },
        { "indefinite",
          "\x24\x80\x04\x01"
          "a\x04\x00\x04\x01"
          "b\x00\x00",
          12, "ab", REASON_NONE },
        { "nested",
          "\xa0\x80\x24\x80\x04\x01"
          "a\x00\x00\x24\x03\x04\x01"
          "b\x00\x00",
          16, "ab", REASON_NONE },
        { "no segments", "\x24\x80\x00\x00", 4, "", REASON_NONE },
        { "other type inside",
          "\x24\x03\x0c\x01"
          "a",
          5, NULL, REASON_BER_SEGMENTS },
        { "sequence inside",
          "\x24\x05\x30\x03\x04\x01"
          "a",
          7, NULL, REASON_BER_SEGMENTS },
        { "context tag inside",
          "\x24\x03\x84\x01"
          "a",
          5, NULL, REASON_BER_SEGMENTS },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ber_reader r = ber_reader_of(bytes_of(cases[i].bytes, cases[i].len), 1);
        struct buffer out = BUFFER_INIT(64);
        struct ber_element element;
        struct error err = ERROR_INIT;
        size_t size = 99;

        assert_done(ber_next(&r, &element, &err), &err, cases[i].name);
        if (cases[i].expected == NULL) {
            assert_refused(ber_octets(&element, &out, &err), &err, cases[i].reason, cases[i].name);
            assert_false(ber_octets_size(&element, &size, NULL));
        } else {
            assert_done(ber_octets(&element, &out, &err), &err, cases[i].name);
            assert_bytes_text(buffer_bytes(&out), cases[i].expected);
            assert_done(ber_octets_size(&element, &size, &err), &err, cases[i].name);
            assert_int_equal(out.len, size);
        }
        buffer_clear(&out);
    }
}

static void octets__out_full__limit(void **state)
{
    struct ber_reader r = ber_reader_of(BYTES("\x24\x06\x04\x01"
                                              "a\x04\x01"
                                              "b"),
                                        1);
    struct buffer out = BUFFER_INIT(1);
    struct ber_element element;
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(ber_next(&r, &element, NULL));
    assert_refused(ber_octets(&element, &out, &err), &err, REASON_LIMIT, "");
    buffer_clear(&out);
}

/* der_writer: lengths at every border, read back by the walker. */
static void writer__lengths__minimal(void **state)
{
    static const struct {
        size_t content;
        size_t header;
    } cases[] = { { 0, 2 },   { 1, 2 },   { 127, 2 },   { 128, 3 },
                  { 255, 3 }, { 256, 4 }, { 65535, 4 }, { 65536, 5 } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer content = BUFFER_INIT(100000);
        struct buffer out = BUFFER_INIT(200000);
        struct error err = ERROR_INIT;
        struct der_writer w;
        size_t used = 0;

        assert_true(buffer_reserve(&content, cases[i].content + 1, NULL));
        memset(content.data, 'x', cases[i].content);
        content.len = cases[i].content;
        w = der_writer_to(&out, &err);
        der_put(&w, DER_OCTET_STRING, buffer_bytes(&content));
        assert_done(der_finish(&w), &err, "put");
        assert_int_equal(cases[i].header + cases[i].content, out.len);
        assert_done(ber_check(buffer_bytes(&out), false, &used, &err), &err, "put");
        buffer_clear(&out);
        w = der_writer_to(&out, &err);
        der_open(&w, DER_CONTEXT_0);
        der_put_raw(&w, buffer_bytes(&content));
        der_close(&w);
        assert_done(der_finish(&w), &err, "open");
        assert_int_equal(cases[i].header + cases[i].content, out.len);
        assert_done(ber_check(buffer_bytes(&out), false, &used, &err), &err, "open");
        buffer_clear(&out);
        buffer_clear(&content);
    }
}

static void writer__set_of__sorted(void **state)
{
    static const uint8_t expected[] = { 0x31, 0x0b, 0x02, 0x01, 0x01, 0x02, 0x01,
                                        0x02, 0x04, 0x00, 0x04, 0x01, 'a' };
    struct buffer out = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    struct der_writer w = der_writer_to(&out, &err);

    (void)state;
    der_open(&w, DER_SET);
    der_put(&w, DER_OCTET_STRING, bytes_of_text("a"));
    der_put_small(&w, 2);
    der_put(&w, DER_OCTET_STRING, bytes_of(NULL, 0));
    der_put_small(&w, 1);
    der_close_set_of(&w);
    assert_done(der_finish(&w), &err, "");
    assert_true(bytes_equal(bytes_of(expected, sizeof(expected)), buffer_bytes(&out)));
    buffer_clear(&out);
}

static void writer__misuse__refused_and_nothing_written(void **state)
{
    struct buffer out = BUFFER_INIT(64);
    struct error err = ERROR_INIT;
    struct der_writer w;

    (void)state;
    assert_true(buffer_append_text(&out, "x", NULL));
    w = der_writer_to(&out, &err);
    der_open(&w, DER_SEQUENCE);
    assert_refused(der_finish(&w), &err, REASON_INTERNAL, "not closed");
    assert_bytes_text(buffer_bytes(&out), "x");

    error_clear(&err);
    w = der_writer_to(&out, &err);
    for (int i = 0; i <= DER_NESTING_MAX; i++) {
        der_open(&w, DER_SEQUENCE);
    }
    assert_refused(der_finish(&w), &err, REASON_INTERNAL, "too deep");
    assert_bytes_text(buffer_bytes(&out), "x");

    error_clear(&err);
    w = der_writer_to(&out, &err);
    der_open(&w, DER_SET);
    for (int i = 0; i <= DER_SET_MAX; i++) {
        der_put_small(&w, 1);
    }
    der_close_set_of(&w);
    assert_refused(der_finish(&w), &err, REASON_INTERNAL, "too many");

    error_clear(&err);
    w = der_writer_to(&out, &err);
    der_open(&w, DER_SEQUENCE);
    for (int i = 0; i < 40; i++) {
        der_put_small(&w, 1);
    }
    der_close_set_of(&w);
    assert_refused(der_finish(&w), &err, REASON_LIMIT, "out is full");
    assert_bytes_text(buffer_bytes(&out), "x");
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check__each_case__reason),
        cmocka_unit_test(check__tail_not_tolerated__refused),
        cmocka_unit_test(check__depth__limit_and_one_more),
        cmocka_unit_test(check__megabyte_of_hostile_nesting__quick),
        cmocka_unit_test(next__elements__content_and_whole),
        cmocka_unit_test(expect__wrong_form__refused),
        cmocka_unit_test(octets__forms__joined),
        cmocka_unit_test(octets__out_full__limit),
        cmocka_unit_test(writer__lengths__minimal),
        cmocka_unit_test(writer__set_of__sorted),
        cmocka_unit_test(writer__misuse__refused_and_nothing_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
