/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text forms of clock.h. A file of its own, so that a test can put its own clock in the place
 * of clock.c. No gmtime(): it is 32-bit, locked or missing somewhere; the calendar is 20 lines.
 */
#include "platform/clock.h"

#include <stdio.h>
#include <string.h>

#define SECONDS_OF_DAY 86400
#define FIRST_SECOND INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */
#define DAYS_OF_ERA 146097                 /* 400 years */
#define DAYS_TO_1970 719468                /* from 0000-03-01 */

struct civil_day {
    int64_t year;
    unsigned month;
    unsigned day;
};

/* Proleptic Gregorian calendar; years begin in March, so that a leap day comes last. */
static struct civil_day civil_from_days(int64_t days)
{
    int64_t shifted = days + DAYS_TO_1970;
    int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_OF_ERA - 1)) / DAYS_OF_ERA;
    unsigned of_era = (unsigned)(shifted - era * DAYS_OF_ERA);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153; /* 0 is March */
    struct civil_day result;

    result.day = of_year - (153 * month + 2) / 5 + 1;
    result.month = month < 10 ? month + 3 : month - 9;
    result.year = (int64_t)year + era * 400 + (result.month <= 2);
    return result;
}

static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    unsigned of_era_year = (unsigned)(shifted - era * 400);
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned of_era = of_era_year * 365 + of_era_year / 4 - of_era_year / 100 + of_year;

    return era * DAYS_OF_ERA + (int64_t)of_era - DAYS_TO_1970;
}

static int64_t clamp(int64_t seconds)
{
    if (seconds < FIRST_SECOND) {
        return FIRST_SECOND;
    }
    return seconds > LAST_SECOND ? LAST_SECOND : seconds;
}

/* "2026-01-31T12:34:56" and what the caller puts behind it. */
static void format_seconds(int64_t seconds, const char *tail, char text[CLOCK_TEXT_MAX])
{
    int64_t days = (seconds >= 0 ? seconds : seconds - (SECONDS_OF_DAY - 1)) / SECONDS_OF_DAY;
    unsigned of_day = (unsigned)(seconds - days * SECONDS_OF_DAY);
    struct civil_day day = civil_from_days(days);

    (void)snprintf(text, CLOCK_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u%s",
                   (unsigned)day.year % 10000u, day.month % 100u, day.day % 100u, of_day / 3600u,
                   of_day / 60u % 60u, of_day % 60u, tail);
}

void clock_format_ms(int64_t unix_ms, char text[CLOCK_TEXT_MAX])
{
    int64_t seconds = unix_ms / 1000 - (unix_ms % 1000 < 0);
    unsigned ms = (unsigned)((unix_ms % 1000 + 1000) % 1000);
    char tail[8];

    if (seconds != clamp(seconds)) {
        ms = seconds < FIRST_SECOND ? 0 : 999;
        seconds = clamp(seconds);
    }
    (void)snprintf(tail, sizeof(tail), ".%03uZ", ms % 1000u);
    format_seconds(seconds, tail, text);
}

void clock_format(int64_t unix_seconds, char text[CLOCK_TEXT_MAX])
{
    format_seconds(clamp(unix_seconds), "Z", text);
}

/* `count` digits at text. */
static bool digits(const char *text, size_t count, unsigned *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *value = *value * 10 + (unsigned)(text[i] - '0');
    }
    return true;
}

bool clock_parse(const char *text, int64_t *unix_seconds)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    struct civil_day back;
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    int64_t days = 0;

    if (strlen(text) != sizeof(shape) - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        if (shape[i] != 'd' && shape[i] != text[i]) {
            return false;
        }
    }
    if (!digits(text, 4, &year) || !digits(text + 5, 2, &month) || !digits(text + 8, 2, &day)
        || !digits(text + 11, 2, &hour) || !digits(text + 14, 2, &minute)
        || !digits(text + 17, 2, &second)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59
        || second > 59) { /* a leap second has no number in Unix time */
        return false;
    }
    days = days_from_civil(year, month, day);
    back = civil_from_days(days); /* 30 February comes back as another day */
    if (back.month != month || back.day != day) {
        return false;
    }
    *unix_seconds = days * SECONDS_OF_DAY + (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return true;
}
