/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/rate_limit.h"

#include <stdlib.h>

#include "base/address_table.h"
#include "base/limits.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)

/* 16384 addresses that have sent a message, half as many with refused challenges: 1.5 MB. */
#define ROW_PLACES 8u
#define REQUEST_ROWS 2048u
#define REFUSED_ROWS 1024u
#define UNPROCESSABLE_ROWS 512u

struct rate_scope {
    struct rate_scope *next;
    uint32_t number;
    enum rate_scope_kind kind;
    char name[LIMIT_TEMPLATE_NAME + 1];
    /* of all addresses together */
    int64_t first_us;
    int64_t count;
    int64_t guard_until_us; /* of a CA: 0: nothing is suspected */
};

/*
 * Three tables: a flood of messages pushes no guesser out, since a place in the second one costs a
 * message with a challenge that was refused.
 */
struct rate_limit {
    int64_t (*now_us)(void *context);
    void *context;
    pthread_mutex_t lock; /* guards what follows */
    struct rate_scope *scopes;
    uint32_t scope_count;
    struct address_table *requests;      /* by template */
    struct address_table *refused;       /* by template */
    struct address_table *unprocessable; /* by CA */
};

static const char *const kind_names[RATE_KINDS] = {
    [RATE_NONE] = "none",
    [RATE_ADDRESS] = "address",
    [RATE_TEMPLATE] = "template",
    [RATE_CHALLENGES] = "challenges",
    [RATE_UNPROCESSABLE] = "unprocessable",
};

const char *rate_kind_name(enum rate_kind kind)
{
    return kind_names[kind];
}

/* ---- life ------------------------------------------------------------------------------------ */

static int64_t system_now(void *context)
{
    (void)context;
    return clock_monotonic_us();
}

struct rate_limit *rate_limit_create(int64_t (*now_us)(void *context), void *context,
                                     struct error *err)
{
    struct rate_limit *limit = calloc(1, sizeof(*limit));

    if (limit == NULL || pthread_mutex_init(&limit->lock, NULL) != 0) {
        free(limit);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for rate limits");
        return NULL;
    }
    limit->now_us = now_us != NULL ? now_us : system_now;
    limit->context = context;
    limit->requests = address_table_create(REQUEST_ROWS, ROW_PLACES, err);
    limit->refused = address_table_create(REFUSED_ROWS, ROW_PLACES, err);
    limit->unprocessable = address_table_create(UNPROCESSABLE_ROWS, ROW_PLACES, err);
    if (limit->requests == NULL || limit->refused == NULL || limit->unprocessable == NULL) {
        rate_limit_free(limit);
        return NULL;
    }
    return limit;
}

void rate_limit_free(struct rate_limit *limit)
{
    if (limit == NULL) {
        return;
    }
    while (limit->scopes != NULL) {
        struct rate_scope *next = limit->scopes->next;

        free(limit->scopes);
        limit->scopes = next;
    }
    address_table_free(limit->requests);
    address_table_free(limit->refused);
    address_table_free(limit->unprocessable);
    (void)pthread_mutex_destroy(&limit->lock);
    free(limit);
}

/* ---- scopes ---------------------------------------------------------------------------------- */

static struct rate_scope *find_scope(struct rate_limit *limit, enum rate_scope_kind kind,
                                     const char *name)
{
    struct rate_scope *scope = limit->scopes;

    while (scope != NULL && (scope->kind != kind || !text_equal_nocase(scope->name, name))) {
        scope = scope->next;
    }
    return scope;
}

static struct rate_scope *make_scope(struct rate_limit *limit, enum rate_scope_kind kind,
                                     const char *name)
{
    struct rate_scope *scope = calloc(1, sizeof(*scope));

    if (scope == NULL || !text_copy(scope->name, sizeof(scope->name), name)) {
        free(scope);
        return NULL;
    }
    scope->kind = kind;
    scope->number = ++limit->scope_count;
    scope->next = limit->scopes;
    limit->scopes = scope;
    return scope;
}

struct rate_scope *rate_limit_scope(struct rate_limit *limit, enum rate_scope_kind kind,
                                    const char *name, struct error *err)
{
    struct rate_scope *scope;

    (void)pthread_mutex_lock(&limit->lock);
    scope = find_scope(limit, kind, name);
    if (scope == NULL) {
        scope = make_scope(limit, kind, name);
    }
    (void)pthread_mutex_unlock(&limit->lock);
    if (scope == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for rate limits");
    }
    return scope;
}

/* ---- counting -------------------------------------------------------------------------------- */

/* Seconds until a minute that began then is over, rounded up. */
static unsigned seconds_left(int64_t first_us, int64_t now_us)
{
    return (unsigned)((first_us + MINUTE_US - now_us + SECOND_US - 1) / SECOND_US);
}

/* How long an address with so many in its minute has to wait; 0: not at all. */
static unsigned wait_of(struct address_table *table, const struct rate_scope *scope,
                        const struct ip_address *peer, int64_t most, int64_t now_us)
{
    const struct address_entry *entry = NULL;

    if (most != 0) {
        entry = address_table_find(table, scope->number, peer);
    }
    if (entry == NULL || now_us - entry->first_us >= MINUTE_US || entry->count < most) {
        return 0;
    }
    return seconds_left(entry->first_us, now_us);
}

static void count(struct address_table *table, const struct rate_scope *scope,
                  const struct ip_address *peer, int64_t now_us)
{
    struct address_entry *entry = address_table_take(table, scope->number, peer, MINUTE_US, now_us);

    if (now_us - entry->first_us >= MINUTE_US) {
        entry->count = 0;
        entry->first_us = now_us;
    }
    if (entry->count < UINT32_MAX) {
        entry->count++;
    }
    entry->last_us = now_us;
}

static unsigned wait_of_all(struct rate_scope *scope, int64_t most, int64_t now_us)
{
    if (scope->count == 0 || now_us - scope->first_us >= MINUTE_US) {
        scope->count = 0;
        scope->first_us = now_us;
    }
    return most != 0 && scope->count >= most ? seconds_left(scope->first_us, now_us) : 0;
}

static bool limited(struct rate_verdict *verdict, enum rate_kind kind, unsigned seconds)
{
    if (seconds == 0) {
        return false;
    }
    verdict->kind = kind;
    verdict->seconds = seconds;
    return true;
}

/*
 * In this order: an address that is over its own limit takes nothing from what all have together.
 */
static void judge(const struct rate_subject *s, const struct ip_address *peer, int64_t now_us,
                  struct rate_verdict *verdict)
{
    struct rate_limit *limit = s->limit;

    if (limited(verdict, RATE_ADDRESS,
                wait_of(limit->requests, s->template, peer, s->rule.address_per_minute, now_us))
        || (now_us < s->ca->guard_until_us
            && limited(
                verdict, RATE_UNPROCESSABLE,
                wait_of(limit->unprocessable, s->ca, peer, RATE_UNPROCESSABLE_PER_MINUTE, now_us)))
        || limited(verdict, RATE_TEMPLATE, wait_of_all(s->template, s->rule.per_minute, now_us))) {
        return;
    }
    s->template->count++;
    if (s->rule.address_per_minute != 0) {
        count(limit->requests, s->template, peer, now_us);
    }
    verdict->challenges_seconds =
        wait_of(limit->refused, s->template, peer, s->rule.refused_per_minute, now_us);
}

struct rate_verdict rate_limit_request(const struct rate_subject *subject,
                                       const struct ip_address *peer)
{
    struct rate_verdict verdict = { .kind = RATE_NONE };
    struct rate_limit *limit = subject->limit;

    if (limit != NULL) {
        (void)pthread_mutex_lock(&limit->lock);
        judge(subject, peer, limit->now_us(limit->context), &verdict);
        (void)pthread_mutex_unlock(&limit->lock);
    }
    return verdict;
}

bool rate_reason_is_guess(enum reason reason)
{
    switch (reason) {
    case REASON_CHALLENGE_REJECTED:
    case REASON_CHALLENGE_BINDING:
    case REASON_INTUNE_CHALLENGE_SHAPE:
    case REASON_INTUNE_CHALLENGE_UNREADABLE:
    case REASON_INTUNE_CHALLENGE_TIME:
    case REASON_INTUNE_CHALLENGE_IDS:
    case REASON_INTUNE_CHALLENGE_SIGNATURE:
    case REASON_INTUNE_SIGNER:
        return true;
    default:
        return false;
    }
}

void rate_limit_result(const struct rate_subject *subject, const struct ip_address *peer,
                       enum reason reason)
{
    struct rate_limit *limit = subject->limit;
    bool unprocessable = reason == REASON_UNIFORM_FAILURE;

    if (limit == NULL || (!unprocessable && !rate_reason_is_guess(reason))) {
        return;
    }
    (void)pthread_mutex_lock(&limit->lock);
    if (unprocessable) {
        count(limit->unprocessable, subject->ca, peer, limit->now_us(limit->context));
    } else {
        count(limit->refused, subject->template, peer, limit->now_us(limit->context));
    }
    (void)pthread_mutex_unlock(&limit->lock);
}

void rate_limit_guard(struct rate_limit *limit, const char *ca_name, int64_t seconds)
{
    struct rate_scope *scope = NULL;

    (void)pthread_mutex_lock(&limit->lock);
    scope = find_scope(limit, RATE_SCOPE_CA, ca_name);
    if (scope != NULL) {
        scope->guard_until_us = limit->now_us(limit->context) + seconds * SECOND_US;
    }
    (void)pthread_mutex_unlock(&limit->lock);
}

/* ---- words ----------------------------------------------------------------------------------- */

bool rate_verdict_check(const struct rate_verdict *verdict, const struct rate_subject *subject,
                        const struct ip_address *peer, struct error *err)
{
    struct ip_address address = address_counted(peer);
    char shown[IP_TEXT_MAX];

    address_counted_format(&address, shown);
    switch (verdict->kind) {
    case RATE_ADDRESS:
        return error_set(err, REASON_RATE_LIMITED,
                         "%lld messages of %s within a minute (rate.address_per_minute); it waits "
                         "for %u s",
                         (long long)subject->rule.address_per_minute, shown, verdict->seconds);
    case RATE_TEMPLATE:
        return error_set(err, REASON_RATE_LIMITED,
                         "%lld messages of all addresses within a minute (rate.per_minute); %s "
                         "waits for %u s",
                         (long long)subject->rule.per_minute, shown, verdict->seconds);
    case RATE_UNPROCESSABLE:
        return error_set(err, REASON_RATE_LIMITED,
                         "%d messages of %s within a minute could not be processed while somebody "
                         "seems to probe the RA's key; it waits for %u s",
                         RATE_UNPROCESSABLE_PER_MINUTE, shown, verdict->seconds);
    case RATE_CHALLENGES:
    case RATE_NONE:
    case RATE_KINDS:
        break;
    }
    return true;
}

bool rate_verdict_check_challenge(const struct rate_verdict *verdict,
                                  const struct rate_subject *subject, const struct ip_address *peer,
                                  struct error *err)
{
    struct ip_address address = address_counted(peer);
    char shown[IP_TEXT_MAX];

    if (verdict->challenges_seconds == 0) {
        return true;
    }
    address_counted_format(&address, shown);
    return error_set(
        err, REASON_CHALLENGES_THROTTLED,
        "%lld challenges of %s were refused within a minute (rate.refused_per_minute); "
        "it waits for %u s",
        (long long)subject->rule.refused_per_minute, shown, verdict->challenges_seconds);
}
