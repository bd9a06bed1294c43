/* SPDX-License-Identifier: Apache-2.0 */
#include "service/abuse_watch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/address_table.h"
#include "base/limits.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "service/runtime.h"

#define HOUR_SECONDS 3600
#define HOUR_US (HOUR_SECONDS * INT64_C(1000000))
#define SENDERS 16u /* followed at a time; a few of them are named */
#define SENDERS_NAMED 3u
#define TEXT_MAX 512

/* `over` of `count` may have been others', whose place it took: Space-Saving, Metwally 2005. */
struct sender {
    struct ip_address address; /* as counted */
    uint64_t count;
    uint64_t over;
};

struct thing {
    struct thing *next;
    enum abuse_kind kind;
    char name[LIMIT_TEMPLATE_NAME + 1];
    int64_t hour_us; /* when it began */
    uint64_t count;  /* in it; 0: none has begun */
    struct sender senders[SENDERS];
    int64_t alarm_until_us;
    int64_t told_until_us;         /* of the alarm nothing is said again before */
    int64_t limited_told_until_us; /* of limits neither */
    uint64_t limited[RATE_KINDS];
};

struct abuse_watch {
    struct abuse_watch_options options;
    struct rate_limit *rate;
    pthread_mutex_t lock; /* guards what follows */
    struct thing *first;
    struct thing **end;
    int64_t threshold[2]; /* by kind; 0: no alarm */
};

/* What is to be told once the lock is free. */
struct alarm {
    enum event_id event; /* 0: nothing */
    enum abuse_kind kind;
    char name[LIMIT_TEMPLATE_NAME + 1];
    char text[TEXT_MAX];
};

/* ---- life ------------------------------------------------------------------------------------ */

static int64_t system_now(void *context)
{
    (void)context;
    return clock_monotonic_us();
}

struct abuse_watch *abuse_watch_create(const struct abuse_watch_options *options, struct error *err)
{
    struct abuse_watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL || pthread_mutex_init(&watch->lock, NULL) != 0) {
        free(watch);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for alarms");
        return NULL;
    }
    watch->end = &watch->first;
    watch->options = *options;
    if (watch->options.now_us == NULL) {
        watch->options.now_us = system_now;
    }
    watch->rate = rate_limit_create(options->now_us, options->context, err);
    if (watch->rate == NULL) {
        abuse_watch_free(watch);
        return NULL;
    }
    return watch;
}

void abuse_watch_free(struct abuse_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    while (watch->first != NULL) {
        struct thing *next = watch->first->next;

        free(watch->first);
        watch->first = next;
    }
    rate_limit_free(watch->rate);
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
}

struct rate_limit *abuse_watch_rate(struct abuse_watch *watch)
{
    return watch->rate;
}

void abuse_watch_use(struct abuse_watch *watch, const struct runtime *runtime)
{
    for (size_t i = 0; i < runtime_endpoint_count(runtime); i++) {
        abuse_watch_add(watch, ABUSE_REFUSED, runtime_template_name_at(runtime, i));
    }
    for (size_t i = 0; i < runtime_ca_count(runtime); i++) {
        abuse_watch_add(watch, ABUSE_UNPROCESSABLE, runtime_ca_name_at(runtime, i));
    }
    abuse_watch_set(watch, runtime_config(runtime));
}

static struct thing *find(struct abuse_watch *watch, enum abuse_kind kind, const char *name)
{
    struct thing *thing = watch->first;

    while (thing != NULL && (thing->kind != kind || !text_equal_nocase(thing->name, name))) {
        thing = thing->next;
    }
    return thing;
}

/* Without memory it is not counted: nobody is kept from enrolling by that. */
void abuse_watch_add(struct abuse_watch *watch, enum abuse_kind kind, const char *name)
{
    struct thing *thing = NULL;

    (void)pthread_mutex_lock(&watch->lock);
    if (find(watch, kind, name) == NULL) {
        thing = calloc(1, sizeof(*thing));
    }
    if (thing != NULL && text_copy(thing->name, sizeof(thing->name), name)) {
        thing->kind = kind;
        *watch->end = thing;
        watch->end = &thing->next;
    } else {
        free(thing);
    }
    (void)pthread_mutex_unlock(&watch->lock);
}

void abuse_watch_set(struct abuse_watch *watch, const struct service_config *config)
{
    (void)pthread_mutex_lock(&watch->lock);
    watch->threshold[ABUSE_UNPROCESSABLE] = config->alarm.unprocessable_per_hour;
    watch->threshold[ABUSE_REFUSED] = config->alarm.refused_per_hour;
    (void)pthread_mutex_unlock(&watch->lock);
}

/* ---- who has sent most ----------------------------------------------------------------------- */

static void count_sender(struct thing *thing, const struct ip_address *peer)
{
    struct ip_address address = address_counted(peer);
    struct sender *least = &thing->senders[0];

    for (size_t i = 0; i < SENDERS; i++) {
        struct sender *s = &thing->senders[i];

        if (s->count != 0 && ip_address_equal(&s->address, &address)) {
            s->count++;
            return;
        }
        if (s->count < least->count) {
            least = s;
        }
    }
    *least = (struct sender){ .address = address, .count = least->count + 1, .over = least->count };
}

static uint64_t surely(const struct sender *s)
{
    return s->count - s->over;
}

static int by_count(const void *a, const void *b)
{
    uint64_t left = surely(a);
    uint64_t right = surely(b);

    return left < right ? 1 : (left > right ? -1 : 0);
}

/* Appends "192.0.2.7 (812), 198.51.100.2 (95)": at least so many each. */
static void name_senders(const struct thing *thing, char *text, size_t size)
{
    struct sender sorted[SENDERS];
    char shown[IP_TEXT_MAX];

    memcpy(sorted, thing->senders, sizeof(sorted));
    qsort(sorted, SENDERS, sizeof(sorted[0]), by_count);
    for (size_t i = 0; i < SENDERS_NAMED && surely(&sorted[i]) > 0; i++) {
        size_t len = strlen(text);

        address_counted_format(&sorted[i].address, shown);
        if (!text_format(text + len, size - len, "%s%s (%" PRIu64 ")", i == 0 ? "" : ", ", shown,
                         surely(&sorted[i]))) {
            text[len] = '\0';
            return;
        }
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

static bool compose(const struct thing *thing, struct alarm *alarm)
{
    bool of_ca = thing->kind == ABUSE_UNPROCESSABLE;

    alarm->event = of_ca ? EVENT_RA_PROBED : EVENT_CHALLENGES_GUESSED;
    alarm->kind = thing->kind;
    memcpy(alarm->name, thing->name, sizeof(alarm->name));
    if (!text_format(alarm->text, sizeof(alarm->text),
                     "%s %s: %" PRIu64 " %s within an hour; most of them from ",
                     of_ca ? "CA" : "Template", thing->name, thing->count,
                     of_ca ? "messages that cannot be opened or proven" : "refused challenges")) {
        return false;
    }
    name_senders(thing, alarm->text, sizeof(alarm->text));
    return true;
}

static void count_hour(struct abuse_watch *watch, struct thing *thing,
                       const struct ip_address *peer, int64_t now_us, struct alarm *alarm)
{
    int64_t threshold = watch->threshold[thing->kind];

    if (thing->count == 0 || now_us - thing->hour_us >= HOUR_US) {
        thing->hour_us = now_us;
        thing->count = 0;
        memset(thing->senders, 0, sizeof(thing->senders));
    }
    thing->count++;
    count_sender(thing, peer);
    if (threshold == 0 || thing->count <= (uint64_t)threshold) {
        return;
    }
    thing->alarm_until_us = now_us + HOUR_US;
    if (now_us >= thing->told_until_us && compose(thing, alarm)) {
        thing->told_until_us = now_us + HOUR_US;
    }
}

static void count_limited(struct thing *thing, const struct abuse_fact *fact, int64_t now_us,
                          struct alarm *alarm)
{
    thing->limited[fact->limited]++;
    if (now_us < thing->limited_told_until_us
        || !text_format(alarm->text, sizeof(alarm->text), "Template %s: %s", thing->name,
                        fact->why->detail)) {
        return;
    }
    thing->limited_told_until_us = now_us + HOUR_US;
    alarm->event = EVENT_RATE_LIMITED;
    memcpy(alarm->name, thing->name, sizeof(alarm->name));
}

/* ---- telling --------------------------------------------------------------------------------- */

static void write_audit(const struct abuse_watch *watch, const struct alarm *alarm)
{
    bool of_ca = alarm->kind == ABUSE_UNPROCESSABLE;
    struct audit_record record = {
        .event = "alarm",
        .result = "raised",
        .template_name = of_ca ? NULL : alarm->name,
        .ca_name = of_ca ? alarm->name : NULL,
        .actor = "service",
        .target = of_ca ? "unprocessable" : "refused",
        .detail = alarm->text,
    };
    struct error err = ERROR_INIT;

    if (watch->options.audit != NULL && !audit_write(watch->options.audit, &record, &err)) {
        log_error(watch->options.log, LOG_LEVEL_ERROR, &err, "audit record of an alarm is lost");
        event_log_failure(watch->options.events, EVENT_AUDIT_FAILED, NULL, &err);
    }
}

/* A limit that is met is daily life: each of its refusals has a record already. */
static void tell(const struct abuse_watch *watch, const struct alarm *alarm)
{
    if (alarm->event == 0) {
        return;
    }
    log_line(watch->options.log, LOG_LEVEL_WARNING, "%s", alarm->text);
    event_log_report(watch->options.events, alarm->event, alarm->text);
    if (alarm->event != EVENT_RATE_LIMITED) {
        write_audit(watch, alarm);
    }
}

void abuse_watch_count(struct abuse_watch *watch, const struct abuse_fact *fact)
{
    bool unprocessable = fact->unreadable || fact->why->reason == REASON_UNIFORM_FAILURE
                         || fact->limited == RATE_UNPROCESSABLE;
    bool guess = rate_reason_is_guess(fact->why->reason) || fact->limited == RATE_CHALLENGES;
    struct alarm alarms[3] = { { .event = 0 } };
    struct thing *ca = NULL;
    struct thing *template = NULL;
    bool guard = false;

    if (!unprocessable && !guess && fact->limited == RATE_NONE) {
        return;
    }
    (void)pthread_mutex_lock(&watch->lock);
    int64_t now_us = watch->options.now_us(watch->options.context);

    ca = find(watch, ABUSE_UNPROCESSABLE, fact->ca_name);
    template = find(watch, ABUSE_REFUSED, fact->template_name);
    if (unprocessable && ca != NULL) {
        count_hour(watch, ca, fact->peer, now_us, &alarms[0]);
        guard = now_us < ca->alarm_until_us;
    }
    if (guess && template != NULL) {
        count_hour(watch, template, fact->peer, now_us, &alarms[1]);
    }
    if (fact->limited != RATE_NONE && template != NULL) {
        count_limited(template, fact, now_us, &alarms[2]);
    }
    (void)pthread_mutex_unlock(&watch->lock);
    if (guard) {
        rate_limit_guard(watch->rate, fact->ca_name, HOUR_SECONDS);
    }
    for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++) {
        tell(watch, &alarms[i]);
    }
}

void abuse_watch_each(struct abuse_watch *watch, abuse_visit *visit, void *context)
{
    (void)pthread_mutex_lock(&watch->lock);
    int64_t now_us = watch->options.now_us(watch->options.context);

    for (const struct thing *thing = watch->first; thing != NULL; thing = thing->next) {
        struct abuse_series series = {
            .kind = thing->kind,
            .name = thing->name,
            .alarm = now_us < thing->alarm_until_us,
        };

        memcpy(series.limited, thing->limited, sizeof(series.limited));
        visit(context, &series);
    }
    (void)pthread_mutex_unlock(&watch->lock);
}
