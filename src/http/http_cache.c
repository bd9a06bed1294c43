/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_cache.h"

#include "base/secret.h"
#include "base/text.h"
#include "platform/clock.h"

#define DAY_SECONDS 86400
#define EPOCH_WEEKDAY 4 /* 1970-01-01 was a Thursday */
#define VALUE_MAX 80

/* "1994-11-06T08:49:37Z" has the parts already. */
void http_cache_date(int64_t unix_seconds, char text[HTTP_DATE_MAX])
{
    static const char weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    char iso[CLOCK_TEXT_MAX];
    int64_t day = unix_seconds / DAY_SECONDS - (unix_seconds % DAY_SECONDS < 0 ? 1 : 0);
    int weekday = (int)(((day + EPOCH_WEEKDAY) % 7 + 7) % 7);
    int month = 0;

    clock_format(unix_seconds, iso);
    month = (iso[5] - '0') * 10 + (iso[6] - '0') - 1;
    if (month < 0 || month > 11
        || !text_format(text, HTTP_DATE_MAX, "%s, %.2s %s %.4s %.8s GMT", weekdays[weekday],
                        iso + 8, months[month], iso, iso + 11)) {
        text[0] = '\0';
    }
}

static bool add_date(struct http_response *response, const char *name, int64_t seconds,
                     struct error *err)
{
    char value[HTTP_DATE_MAX];

    http_cache_date(seconds, value);
    return http_response_add_header(response, name, value, err);
}

bool http_cache_allow(struct http_response *response, int64_t now, int64_t modified, int64_t until,
                      struct error *err)
{
    char value[VALUE_MAX];
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    uint8_t digest[DIGEST_SHA256_BYTES];

    if (until <= now) {
        return true;
    }
    if (!digest_sha256(buffer_bytes(&response->body), digest, err)) {
        return false;
    }
    text_hex(hex, sizeof(hex), bytes_of(digest, sizeof(digest)));
    if (!text_format(value, sizeof(value), "\"%s\"", hex)
        || !http_response_add_header(response, "ETag", value, err)
        || !add_date(response, "Last-Modified", modified, err)
        || !add_date(response, "Expires", until, err)
        || !text_format(value, sizeof(value), "max-age=%lld, public, no-transform, must-revalidate",
                        (long long)(until - now))
        || !http_response_add_header(response, "Cache-Control", value, err)) {
        buffer_clear(&response->headers);
        return error_is_set(err) ? false : error_set(err, REASON_INTERNAL, "headers for caches");
    }
    response->may_be_kept = true;
    return true;
}
