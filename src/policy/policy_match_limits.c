/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the request came to, how often its subject has come, and what no request can show.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_match_internal.h"

#define SECONDS_OF_DAY 86400
#define APPENDED "/pkiclient.exe" /* by Windows, to whatever URL it was given */
#define TEXT_MAX 96

/* ---- endpoint -------------------------------------------------------------------------------- */

static bool ends_with_nocase(struct bytes text, const char *tail)
{
    size_t len = strlen(tail);

    if (text.len < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text.data[text.len - len + i];

        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != tail[i]) {
            return false;
        }
    }
    return true;
}

static struct bytes without_slashes(struct bytes path)
{
    while (path.len > 0 && path.data[path.len - 1] == '/') {
        path.len--;
    }
    return path;
}

/* The path alone: no scheme, host, query; nothing that clients append. "/" becomes "". */
static struct bytes bare_path(struct bytes url)
{
    for (size_t i = 0; i + 2 < url.len && url.data[i] != '/'; i++) {
        if (memcmp(url.data + i, "://", 3) == 0) {
            const uint8_t *slash = memchr(url.data + i + 3, '/', url.len - i - 3);

            url = slash == NULL ? bytes_of(url.data, 0)
                                : bytes_of(slash, url.len - (size_t)(slash - url.data));
            break;
        }
    }
    for (size_t i = 0; i < url.len; i++) {
        if (url.data[i] == '?' || url.data[i] == '#') {
            url.len = i;
        }
    }
    url = without_slashes(url);
    if (ends_with_nocase(url, APPENDED)) {
        url = without_slashes(bytes_of(url.data, url.len - (sizeof(APPENDED) - 1)));
    }
    return url;
}

static bool same_path(struct bytes a, struct bytes b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        uint8_t x = a.data[i];
        uint8_t y = b.data[i];

        x = x >= 'A' && x <= 'Z' ? (uint8_t)(x - 'A' + 'a') : x;
        y = y >= 'A' && y <= 'Z' ? (uint8_t)(y - 'A' + 'a') : y;
        if (x != y) {
            return false;
        }
    }
    return true;
}

static void match_path(struct policy_matching *m)
{
    const struct policy *p = m->policy;
    const char *path = m->request->path;
    enum policy_outcome outcome = POLICY_DENY;

    if (path[0] == '\0' || p->endpoints.count == 0) {
        policy_match_tell(
            m, CHECK_ENDPOINT, p->endpoints.count == 0 ? POLICY_PASS : POLICY_NOT_CHECKED,
            PLACE_ENDPOINT, p->endpoints.count == 0 ? "any" : p->endpoints.item[0], path);
        return;
    }
    for (size_t i = 0; i < p->endpoints.count; i++) {
        if (same_path(bare_path(bytes_of_text(p->endpoints.item[i])),
                      bare_path(bytes_of_text(path)))) {
            outcome = POLICY_PASS;
        }
    }
    policy_match_tell(m, CHECK_ENDPOINT, outcome, PLACE_ENDPOINT, p->endpoints.item[0], path);
}

/* Devices send it with GetCACert, where nothing is compared yet; a request does not carry it. */
static void match_ident(struct policy_matching *m)
{
    const char *wanted = m->policy->facts.ca_ident;

    policy_match_tell(m, CHECK_CA_IDENT, POLICY_NOT_CHECKED, PLACE_CA_IDENT,
                      wanted == NULL ? "" : wanted, "");
}

void policy_match_endpoint(struct policy_matching *m)
{
    match_path(m);
    match_ident(m);
}

/* ---- how often ------------------------------------------------------------------------------- */

static void judge_rate(struct policy_matching *m, int64_t count)
{
    int64_t limit = m->policy->limits.per_identity_per_day;
    char expected[TEXT_MAX];
    char found[TEXT_MAX];

    (void)snprintf(expected, sizeof(expected), "at most %lld within a day", (long long)limit);
    (void)snprintf(found, sizeof(found), "%lld already", (long long)count);
    policy_match_tell(m, CHECK_RATE, limit > 0 && count >= limit ? POLICY_DENY : POLICY_PASS,
                      PLACE_RATE, limit == 0 ? "any number" : expected, found);
}

/* A device renews when less than the threshold is left of its certificate's life. */
static void judge_renewal(struct policy_matching *m, int64_t valid_until)
{
    const struct policy *p = m->policy;
    int64_t now = m->request->now;
    int64_t life = policy_match_add_units(now, p->validity.value, p->validity.unit) - now;
    int64_t left = valid_until > now ? valid_until - now : 0;
    char expected[TEXT_MAX];
    char found[TEXT_MAX];

    if (p->facts.renewal_threshold < 0 || !p->validity.stated) {
        policy_match_tell(m, CHECK_RENEWAL, POLICY_NOT_CHECKED, PLACE_RENEWAL, "", "");
        return;
    }
    (void)snprintf(expected, sizeof(expected), "renewal when %lld%% of the life are left",
                   (long long)p->facts.renewal_threshold);
    (void)snprintf(found, sizeof(found), "%lld days left", (long long)(left / SECONDS_OF_DAY));
    policy_match_tell(m, CHECK_RENEWAL,
                      left > life / 100 * p->facts.renewal_threshold ? POLICY_WARN : POLICY_PASS,
                      PLACE_RENEWAL, expected, left == 0 ? "no valid certificate" : found);
}

static bool match_history(struct policy_matching *m, struct error *err)
{
    const struct policy_request *request = m->request;
    int64_t count = 0;
    int64_t valid_until = 0;

    if (request->history == NULL) {
        policy_match_tell(m, CHECK_RENEWAL, POLICY_NOT_CHECKED, PLACE_RENEWAL, "", "");
        policy_match_tell(m, CHECK_RATE, POLICY_NOT_CHECKED, PLACE_RATE, "", "");
        return true;
    }
    if (!request->history(request->history_context, request->now - SECONDS_OF_DAY, &count,
                          &valid_until, err)) {
        return false;
    }
    judge_renewal(m, valid_until);
    judge_rate(m, count);
    return true;
}

/* ---- what no request shows ------------------------------------------------------------------- */

static void tell_unprovable(struct policy_matching *m)
{
    static const struct {
        enum policy_check check;
        enum policy_place place;
        const char *why;
    } rows[] = {
        { CHECK_CA, PLACE_CA, "compared with the CA by lint" },
        { CHECK_KEY_PROTECTION, PLACE_KEY_PROTECTION, "no request shows where its key lies" },
        { CHECK_AAD_KEYS, PLACE_AAD_KEYS, "only Intune knows the registered keys" },
        { CHECK_STORE, PLACE_STORE, "looked at by lint" },
        { CHECK_RETRY, PLACE_RETRY, "looked at by lint" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        policy_match_tell(m, rows[i].check, POLICY_NOT_CHECKED, rows[i].place, "", rows[i].why);
    }
}

bool policy_match_limits(struct policy_matching *m, struct error *err)
{
    tell_unprovable(m);
    return match_history(m, err);
}
