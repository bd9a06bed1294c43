/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "platform/clock.h"

static const struct {
    int64_t seconds;
    const char *text;
} moments[] = {
    { 0, "1970-01-01T00:00:00Z" },
    { -1, "1969-12-31T23:59:59Z" },
    { 86399, "1970-01-01T23:59:59Z" },
    { 951782400, "2000-02-29T00:00:00Z" },
    { 951868800, "2000-03-01T00:00:00Z" },
    { 1709164800, "2024-02-29T00:00:00Z" },
    { 1735689599, "2024-12-31T23:59:59Z" },
    { 2147483647, "2038-01-19T03:14:07Z" },
    { 2147483648, "2038-01-19T03:14:08Z" }, /* one more than 32 bits */
    { 2524607999, "2049-12-31T23:59:59Z" }, /* last UTCTime */
    { 2524608000, "2050-01-01T00:00:00Z" },
    { 4107542399, "2100-02-28T23:59:59Z" }, /* 2100 has no leap day */
    { 4107542400, "2100-03-01T00:00:00Z" },
    { 253402300799, "9999-12-31T23:59:59Z" }, /* "no expiry" of RFC 5280 */
    { -62135596800, "0001-01-01T00:00:00Z" },
    { -62167219200, "0000-01-01T00:00:00Z" },
    { -11644473600, "1601-01-01T00:00:00Z" }, /* FILETIME 0 */
};

static void format__moments__both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        char text[CLOCK_TEXT_MAX];
        int64_t back = 42;

        clock_format(moments[i].seconds, text);
        assert_string_equal(text, moments[i].text);
        assert_true(clock_parse(text, &back));
        assert_true(back == moments[i].seconds);
    }
}

static void format__every_day_of_four_centuries__follows_the_one_before(void **state)
{
    char before[CLOCK_TEXT_MAX];
    char text[CLOCK_TEXT_MAX];
    int64_t start = -11676096000; /* 1600-01-01 */

    (void)state;
    clock_format(start, before);
    assert_string_equal(before, "1600-01-01T00:00:00Z");
    for (int64_t day = 1; day <= 146097; day++) {
        int64_t back = 0;

        clock_format(start + day * 86400, text);
        assert_true(strcmp(text, before) > 0);
        assert_true(clock_parse(text, &back));
        assert_true(back == start + day * 86400);
        memcpy(before, text, sizeof(before));
    }
    assert_string_equal(text, "2000-01-01T00:00:00Z");
}

static void format_ms__moments__with_fraction(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1, "1970-01-01T00:00:00.001Z" },
        { -1, "1969-12-31T23:59:59.999Z" },
        { -1000, "1969-12-31T23:59:59.000Z" },
        { 1769862896789, "2026-01-31T12:34:56.789Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" },
        { INT64_MIN, "0000-01-01T00:00:00.000Z" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[CLOCK_TEXT_MAX];

        clock_format_ms(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void format__out_of_range__is_clamped(void **state)
{
    char text[CLOCK_TEXT_MAX];

    (void)state;
    clock_format(253402300800, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    clock_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    clock_format(-62167219201, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    clock_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
}

static void parse__other_forms__refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-01-31",
        "2026-01-31T12:34:56",
        "2026-01-31T12:34:56z",
        "2026-01-31t12:34:56Z",
        "2026-01-31 12:34:56Z",
        "2026-01-31T12:34:56.789Z",
        "2026-01-31T12:34:56+00:00",
        "2026-1-31T12:34:56Z",
        "02026-01-31T12:34:56Z",
        "2026-00-31T12:34:56Z",
        "2026-13-31T12:34:56Z",
        "2026-01-00T12:34:56Z",
        "2026-01-32T12:34:56Z",
        "2026-02-29T12:34:56Z",
        "2100-02-29T12:34:56Z",
        "2026-04-31T12:34:56Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:56Z",
        "2026-06-30T23:59:60Z",
        "2026-01-31T12:34:5 Z",
        "-026-01-31T12:34:56Z",
        "2026-01-31T12:34:56Z ",
        " 2026-01-31T12:34:56Z",
        "2026-01-31T12:34:56Zx",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t seconds = 42;

        if (clock_parse(bad[i], &seconds) || seconds != 42) fail_msg("\"%s\"", bad[i]);
    }
}

static void now__clocks__agree_and_go_on(void **state)
{
    int64_t mono = clock_monotonic_us();
    int64_t ms = clock_now_ms();
    int64_t s = clock_now();

    (void)state;
    assert_true(s > 1700000000); /* 2023 */
    assert_true(s < 253402300799);
    assert_true(s >= ms / 1000 && s - ms / 1000 < 60);
    for (int i = 0; i < 1000; i++) {
        int64_t next = clock_monotonic_us();

        assert_true(next >= mono);
        mono = next;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format__moments__both_ways),
        cmocka_unit_test(format__every_day_of_four_centuries__follows_the_one_before),
        cmocka_unit_test(format_ms__moments__with_fraction),
        cmocka_unit_test(format__out_of_range__is_clamped),
        cmocka_unit_test(parse__other_forms__refused),
        cmocka_unit_test(now__clocks__agree_and_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
