/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validity that a request asks for in Microsoft's name/value pairs. Windows writes the unit as
 * ValidityPeriod and the number as ValidityPeriodUnits, Android the other way round, Apple nothing.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_match_internal.h"
#include "policy/policy_validity.h"

#define SECONDS_OF_DAY 86400
#define NUMBER_MAX 1000000u
#define TEXT_MAX 320

/* What is no time of the calendar any more is later than all that are. */
int64_t policy_match_add_units(int64_t now, int64_t value, enum policy_unit unit)
{
    int64_t end = 0;

    return policy_validity_end(now, value, unit, &end) ? end : INT64_MAX / 2;
}

/* ---- the pairs ------------------------------------------------------------------------------- */

/* Units that Windows knows; months 0: seconds. */
static const struct period_unit {
    const char *word;
    int64_t seconds;
    int64_t months;
} units[] = {
    { "Seconds", 1, 0 },    { "Minutes", 60, 0 },
    { "Hours", 3600, 0 },   { "Days", SECONDS_OF_DAY, 0 },
    { "Weeks", 604800, 0 }, { "Months", 0, 1 },
    { "Years", 0, 12 },
};

static const struct period_unit *find_unit(const char *word)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (text_equal_nocase(units[i].word, word)) {
            return &units[i];
        }
    }
    return NULL;
}

enum asked { ASKED_NOTHING, ASKED_PERIOD, ASKED_UNREADABLE };

struct period {
    const char *unit_text, *number_text; /* as found, perhaps swapped; NULL: not there */
    bool swapped;
    int64_t end; /* asked for */
};

/* A pair that is repeated must say the same. */
static bool find_pair(const struct csr_details *details, const char *name, const char **value)
{
    *value = NULL;
    for (size_t i = 0; i < details->pair_count; i++) {
        if (!text_equal_nocase(details->pair[i].name, name)) {
            continue;
        }
        if (*value != NULL && strcmp(*value, details->pair[i].value) != 0) {
            return false;
        }
        *value = details->pair[i].value;
    }
    return true;
}

static enum asked read_period(const struct csr_details *details, int64_t now, struct period *out)
{
    const struct period_unit *unit = NULL;
    uint64_t number = 0;
    bool alike = find_pair(details, "ValidityPeriod", &out->unit_text);

    alike = find_pair(details, "ValidityPeriodUnits", &out->number_text) && alike;
    if (out->unit_text == NULL && out->number_text == NULL) {
        return ASKED_NOTHING;
    }
    if (!alike || out->unit_text == NULL || out->number_text == NULL) {
        return ASKED_UNREADABLE;
    }
    unit = find_unit(out->unit_text);
    if (unit == NULL) {
        const char *text = out->unit_text;

        unit = find_unit(out->number_text);
        out->unit_text = out->number_text;
        out->number_text = text;
        out->swapped = true;
    }
    if (unit == NULL
        || !text_parse_u64(text_trim(bytes_of_text(out->number_text)), NUMBER_MAX, &number)
        || number == 0) {
        return ASKED_UNREADABLE;
    }
    out->end = unit->months > 0
                   ? policy_match_add_units(now, (int64_t)number * unit->months, POLICY_UNIT_MONTHS)
                   : now + (int64_t)number * unit->seconds;
    return ASKED_PERIOD;
}

bool policy_match_asked_end(const struct csr_details *details, int64_t now, int64_t *end)
{
    struct period period = { NULL, NULL, false, 0 };
    bool asked = read_period(details, now, &period) == ASKED_PERIOD;

    if (asked) {
        *end = period.end;
    }
    return asked;
}

static enum policy_outcome judge(const struct policy *p, enum asked asked, int64_t end,
                                 int64_t limit)
{
    enum policy_outcome over = p->validity.over == POLICY_OVER_CLAMP ? POLICY_FIXED : POLICY_DENY;

    if (asked == ASKED_UNREADABLE) {
        return over;
    }
    if (asked == ASKED_NOTHING || !p->validity.stated || end == limit) {
        return POLICY_PASS;
    }
    return end > limit ? over : POLICY_WARN;
}

void policy_match_validity(struct policy_matching *m)
{
    const struct policy *p = m->policy;
    int64_t now = m->request->now;
    struct period period = { NULL, NULL, false, 0 };
    enum asked asked = read_period(m->request->details, now, &period);
    int64_t limit = policy_match_add_units(now, p->validity.value, p->validity.unit);
    char expected[TEXT_MAX] = "";
    char found[TEXT_MAX] = "not asked for";

    if (p->validity.stated) {
        (void)snprintf(expected, sizeof(expected), "%lld %s", (long long)p->validity.value,
                       policy_unit_word(p->validity.unit));
    }
    if (asked != ASKED_NOTHING) {
        (void)snprintf(found, sizeof(found), "%s %s%s",
                       period.number_text == NULL ? "(nothing)" : period.number_text,
                       period.unit_text == NULL ? "(nothing)" : period.unit_text,
                       period.swapped && asked == ASKED_PERIOD ? " (swapped)" : "");
    }
    policy_match_tell(m, CHECK_VALIDITY, judge(p, asked, period.end, limit), PLACE_VALIDITY,
                      expected, found);
}
