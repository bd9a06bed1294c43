/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/evp.h>

#include "platform/clock.h"
#include "policy/policy_case.h"
#include "policy/policy_validity.h"

static void end__calendar__as_people_count(void **state)
{
    static const struct {
        const char *start;
        int64_t value;
        enum policy_unit unit;
        const char *end; /* NULL: no time */
    } cases[] = {
        { "2023-11-14T22:13:20Z", 365, POLICY_UNIT_DAYS, "2024-11-13T22:13:20Z" },
        { "2023-11-14T22:13:20Z", 1, POLICY_UNIT_YEARS, "2024-11-14T22:13:20Z" },
        { "2026-01-31T00:00:00Z", 1, POLICY_UNIT_MONTHS, "2026-02-28T00:00:00Z" },
        { "2024-01-31T23:59:59Z", 1, POLICY_UNIT_MONTHS, "2024-02-29T23:59:59Z" },
        { "2024-02-29T12:00:00Z", 1, POLICY_UNIT_YEARS, "2025-02-28T12:00:00Z" },
        { "2024-02-29T12:00:00Z", 4, POLICY_UNIT_YEARS, "2028-02-29T12:00:00Z" },
        { "2096-02-29T12:00:00Z", 4, POLICY_UNIT_YEARS, "2100-02-28T12:00:00Z" },
        { "2026-08-31T01:02:03Z", 18, POLICY_UNIT_MONTHS, "2028-02-29T01:02:03Z" },
        { "2026-12-15T00:00:00Z", 1, POLICY_UNIT_MONTHS, "2027-01-15T00:00:00Z" },
        { "2026-12-15T00:00:00Z", 12, POLICY_UNIT_MONTHS, "2027-12-15T00:00:00Z" },
        { "2026-12-15T00:00:00Z", 0, POLICY_UNIT_MONTHS, "2026-12-15T00:00:00Z" },
        { "2026-12-15T00:00:00Z", 100, POLICY_UNIT_YEARS, "2126-12-15T00:00:00Z" },
        { "9999-12-15T00:00:00Z", 1, POLICY_UNIT_MONTHS, NULL },
        { "2026-12-15T00:00:00Z", -1, POLICY_UNIT_DAYS, NULL },
        { "2026-12-15T00:00:00Z", INT64_MAX, POLICY_UNIT_YEARS, NULL },
        { "2026-12-15T00:00:00Z", INT64_MAX, POLICY_UNIT_DAYS, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[CLOCK_TEXT_MAX];
        int64_t start = 0;
        int64_t end = 0;
        bool ok;

        assert_true(clock_parse(cases[i].start, &start));
        ok = policy_validity_end(start, cases[i].value, cases[i].unit, &end);
        assert_int_equal(ok, cases[i].end != NULL);
        if (ok) {
            clock_format(end, text);
            assert_string_equal(text, cases[i].end);
        }
    }
}

static void asked__pairs__also_swapped(void **state)
{
    static const struct {
        const char *period, *units; /* NULL: not there */
        enum policy_asked asked;
        int64_t value;
        enum policy_unit unit;
    } cases[] = {
        { NULL, NULL, POLICY_ASKED_NOTHING, 0, 0 },
        { "Months", "6", POLICY_ASKED, 6, POLICY_UNIT_MONTHS },
        { "Years", "1", POLICY_ASKED, 1, POLICY_UNIT_YEARS },
        { "days", " 90 ", POLICY_ASKED, 90, POLICY_UNIT_DAYS },
        { "Weeks", "2", POLICY_ASKED, 14, POLICY_UNIT_DAYS },
        { "6", "Months", POLICY_ASKED, 6, POLICY_UNIT_MONTHS }, /* Android */
        { "Months", NULL, POLICY_ASKED_NONSENSE, 0, 0 },
        { NULL, "6", POLICY_ASKED_NONSENSE, 0, 0 },
        { "Months", "0", POLICY_ASKED_NONSENSE, 0, 0 },
        { "Months", "-6", POLICY_ASKED_NONSENSE, 0, 0 },
        { "Fortnights", "6", POLICY_ASKED_NONSENSE, 0, 0 },
        { "Months", "99999999999999999999", POLICY_ASKED_NONSENSE, 0, 0 },
    };
    EVP_PKEY *key = csr_builder_key("P-256");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_case_request r;
        struct csr_builder b;
        enum policy_unit unit = POLICY_UNIT_DAYS;
        int64_t value = 0;

        csr_builder_init(&b, key);
        csr_builder_cn(&b, "host");
        if (cases[i].period != NULL) {
            csr_builder_pair_text(&b, "ValidityPeriod", cases[i].period);
        }
        if (cases[i].units != NULL) {
            csr_builder_pair_text(&b, "ValidityPeriodUnits", cases[i].units);
        }
        policy_case_request(&b, &r);
        assert_int_equal(policy_validity_asked(r.details, &value, &unit), cases[i].asked);
        if (cases[i].asked == POLICY_ASKED) {
            assert_int_equal(value, cases[i].value);
            assert_int_equal(unit, cases[i].unit);
        }
        policy_case_request_clear(&r);
    }
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end__calendar__as_people_count),
        cmocka_unit_test(asked__pairs__also_swapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
