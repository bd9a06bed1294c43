/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_validity.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

#define DAY 86400
#define VALUE_MAX 3660000 /* days of 10,000 years: what is beyond is no time */
#define YEAR_MAX 9999
#define DATE_LEN 10 /* "2026-01-31" */

static unsigned days_in_month(int64_t year, int64_t month)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

static bool number(const char *text, size_t len, int64_t *value)
{
    uint64_t n = 0;

    if (!text_parse_u64(bytes_of(text, len), YEAR_MAX, &n)) {
        return false;
    }
    *value = (int64_t)n;
    return true;
}

static bool add_months(int64_t start, int64_t months, int64_t *end)
{
    char text[CLOCK_TEXT_MAX];
    char later[CLOCK_TEXT_MAX];
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;

    clock_format(start, text); /* "2026-01-31T12:34:56Z" */
    if (strlen(text) <= DATE_LEN || !number(text, 4, &year) || !number(text + 5, 2, &month)
        || !number(text + 8, 2, &day)) {
        return false;
    }
    month += months - 1;
    year += month / 12;
    month = month % 12 + 1;
    if (year > YEAR_MAX) {
        return false;
    }
    if (day > days_in_month(year, month)) {
        day = days_in_month(year, month);
    }
    return text_format(later, sizeof(later), "%04lld-%02lld-%02lld%s", (long long)year,
                       (long long)month, (long long)day, text + DATE_LEN)
           && clock_parse(later, end);
}

bool policy_validity_end(int64_t start, int64_t value, enum policy_unit unit, int64_t *end)
{
    if (start < 0 || value < 0 || value > VALUE_MAX) {
        return false;
    }
    switch (unit) {
    case POLICY_UNIT_DAYS:
        *end = start + value * DAY;
        return true;
    case POLICY_UNIT_MONTHS:
        return add_months(start, value, end);
    case POLICY_UNIT_YEARS:
        return add_months(start, value * 12, end);
    }
    return false;
}

/* "Months" and "6", in this order. */
static bool read_pair(const char *period, const char *units, int64_t *value, enum policy_unit *unit)
{
    static const struct {
        const char *word;
        enum policy_unit unit;
        int64_t times;
    } words[] = {
        { "Days", POLICY_UNIT_DAYS, 1 },
        { "Weeks", POLICY_UNIT_DAYS, 7 },
        { "Months", POLICY_UNIT_MONTHS, 1 },
        { "Years", POLICY_UNIT_YEARS, 1 },
    };
    uint64_t n = 0;

    if (!text_parse_u64(text_trim(bytes_of_text(units)), VALUE_MAX / 7, &n) || n == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (text_equal_nocase(words[i].word, period)) {
            *value = (int64_t)n * words[i].times;
            *unit = words[i].unit;
            return true;
        }
    }
    return false;
}

enum policy_asked policy_validity_asked(const struct csr_details *details, int64_t *value,
                                        enum policy_unit *unit)
{
    const char *period = csr_details_pair(details, "ValidityPeriod");
    const char *units = csr_details_pair(details, "ValidityPeriodUnits");

    if (period == NULL && units == NULL) {
        return POLICY_ASKED_NOTHING;
    }
    if (period != NULL && units != NULL
        && (read_pair(period, units, value, unit) || read_pair(units, period, value, unit))) {
        return POLICY_ASKED;
    }
    return POLICY_ASKED_NONSENSE;
}
