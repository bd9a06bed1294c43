/* SPDX-License-Identifier: Apache-2.0 */
#include "service/intune_watch.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

/* No decision takes so long: what is provisional after it could not be withheld at its end. */
#define DECISION_SECONDS_MAX 3600
#define WORKERS_PER_PROCESSOR 4u
#define WORKERS_MAX 256u

/* One kind of news: how loud, which event, which audit record. */
struct news_row {
    enum log_level level;
    enum event_id event; /* 0: none */
    const char *audit;   /* event of the audit record; NULL: none */
    const char *result;
};

static const struct news_row rows[] = {
    [INTUNE_NEWS_DELIVERED] = { LOG_LEVEL_INFO, (enum event_id)0, "intune-notify", "ok" },
    [INTUNE_NEWS_LOST] = { LOG_LEVEL_WARNING, EVENT_NOTIFICATION_LOST, "intune-notify", "refused" },
    [INTUNE_NEWS_DELAYED] = { LOG_LEVEL_WARNING, (enum event_id)0, NULL, NULL },
    [INTUNE_NEWS_REVOKED] = { LOG_LEVEL_INFO, EVENT_INTUNE_REVOKED, "cert-revoke", "ok" },
    [INTUNE_NEWS_NOT_REVOKED] = { LOG_LEVEL_ERROR, EVENT_INTUNE_UNREACHABLE, "cert-revoke",
                                  "refused" },
    [INTUNE_NEWS_POLL_FAILED] = { LOG_LEVEL_WARNING, EVENT_INTUNE_UNREACHABLE, NULL, NULL },
};

static void write_audit(const struct intune_watch_options *options,
                        const struct audit_record *record)
{
    struct error err = ERROR_INIT;

    if (!audit_write(options->audit, record, &err)) {
        log_error(options->log, LOG_LEVEL_ERROR, &err, "an audit record about Intune is lost");
        event_log_failure(options->events, EVENT_AUDIT_FAILED, NULL, &err);
    }
}

static void write_event(const struct intune_watch_options *options, enum event_id id,
                        const struct intune_news_item *item)
{
    const struct event_info *info = event_info(id);
    bool failure = info != NULL && info->kind == EVENT_FAILURE && item->why != NULL;
    char certificate[LIMIT_TEMPLATE_NAME + SERIAL_TEXT_MAX + 32];
    const char *subject = failure ? NULL : item->text; /* the text repeats the failure's detail */

    if (item->serial != NULL && item->ca_name != NULL
        && text_format(certificate, sizeof(certificate), "Certificate %s of CA %s", item->serial,
                       item->ca_name)) {
        subject = certificate;
    }
    if (failure) {
        event_log_failure(options->events, id, subject, item->why);
    } else {
        event_log_report(options->events, id, subject);
    }
}

/* Comes from the keeper's thread. */
static void tell(void *context, const struct intune_news_item *item)
{
    const struct intune_watch *watch = context;
    const struct intune_watch_options *options = &watch->options;
    const struct news_row *row = &rows[item->news];
    struct audit_record record = {
        .event = row->audit,
        .result = row->result,
        .actor = "intune",
        .target = item->text,
        .serial = item->serial,
        .ca_name = item->ca_name,
        .reason = item->why != NULL ? item->why->reason : REASON_NONE,
        .detail = item->why != NULL ? item->why->detail : NULL,
    };

    /* the text holds the cause's detail already */
    log_line(options->log, row->level, "Intune: %s%s%s%s", item->text,
             item->why != NULL ? " [" : "", item->why != NULL ? reason_id(item->why->reason) : "",
             item->why != NULL ? "]" : "");
    if (row->event != 0) {
        write_event(options, row->event, item);
    }
    if (row->audit != NULL) {
        write_audit(options, &record);
    }
}

static bool tell_recovered(void *context, const char *ca_name, const char *serial,
                           const char *template_name, const char *request_id, struct error *err)
{
    const struct intune_watch_options *options = context;
    struct error why = ERROR_INIT;
    char where[LIMIT_TEMPLATE_NAME + SERIAL_TEXT_MAX + 64];
    struct audit_record record = {
        .event = "cert-withhold",
        .result = "ok",
        .request_id = request_id,
        .template_name = template_name,
        .serial = serial,
        .ca_name = ca_name,
        .actor = "service",
        .reason = REASON_INTUNE_INTERRUPTED,
    };

    (void)err;
    error_set(&why, REASON_INTUNE_INTERRUPTED,
              "the service was interrupted between signature and notification of request %s",
              request_id);
    if (text_format(where, sizeof(where), "Template %s, certificate %s", template_name, serial)) {
        log_error(options->log, LOG_LEVEL_WARNING, &why, "%s is withheld and revoked", where);
        event_log_failure(options->events, EVENT_CERTIFICATE_WITHHELD, where, &why);
    }
    record.detail = why.detail;
    write_audit(options, &record);
    return true;
}

static unsigned at_most(unsigned value, unsigned most)
{
    return value < most ? value : most;
}

/*
 * A worker that has signed waits for the disk about as long; with one for each processor that one
 * would stand still meanwhile. Those who wait share one flush, so more of them cost nothing.
 */
struct intune_threads intune_watch_threads(const struct service_config *config, unsigned processors)
{
    struct intune_threads threads = { (unsigned)config->workers.threads, 1, 1 };
    unsigned wanted = (unsigned)config->intune.requests;
    bool asks = config->intune.tenant[0] != '\0';

    if (threads.workers == 0) {
        threads.workers =
            at_most(at_most(processors, WORKERS_MAX) * WORKERS_PER_PROCESSOR + (asks ? wanted : 0),
                    WORKERS_MAX);
    }
    /* one at least stays with those who neither ask Intune nor sign in */
    if (threads.workers > 2) {
        threads.seats = at_most(wanted, threads.workers - 2);
        threads.slow = (threads.workers - (asks ? threads.seats : 0)) / 2;
    }
    return threads;
}

bool intune_watch_start(struct intune_watch *watch, const struct intune_watch_options *options,
                        const struct intune_threads *threads, struct error *err)
{
    struct intune_keeper_options keeper = {
        .data_folder = options->data_folder,
        .store = options->store,
        .news = tell,
        .context = watch,
    };
    int64_t count = 0;

    *watch = (struct intune_watch){ .options = *options };
    if (!store_provisional_recover(options->store, clock_now(), INT64_MAX, tell_recovered,
                                   &watch->options, &count, err)) {
        return false;
    }
    watch->seats = intune_seats_create(threads->seats, err);
    if (watch->seats == NULL) {
        return false;
    }
    watch->stats = intune_stats_create(err);
    if (watch->stats == NULL) {
        return false;
    }
    watch->keeper = intune_keeper_create(&keeper, err);
    return watch->keeper != NULL;
}

void intune_watch_tidy(struct intune_watch *watch, int64_t now)
{
    struct error why = ERROR_INIT;
    int64_t count = 0;

    if (!store_provisional_recover(watch->options.store, now, now - DECISION_SECONDS_MAX,
                                   tell_recovered, &watch->options, &count, &why)) {
        log_error(watch->options.log, LOG_LEVEL_ERROR, &why,
                  "certificates that nobody got cannot be revoked");
    }
}

/* ---- connections ----------------------------------------------------------------------------- */

static void drop_former(struct intune_watch *watch, size_t at)
{
    intune_client_unref(watch->former[at]);
    watch->former_count--;
    memmove(&watch->former[at], &watch->former[at + 1],
            (watch->former_count - at) * sizeof(watch->former[0]));
}

/* The reference passes over: a request may wait for it, or a template that could not be renewed. */
static void keep_former(struct intune_watch *watch, struct intune_client *client)
{
    if (watch->former_count == INTUNE_WATCH_FORMER) {
        drop_former(watch, 0);
    }
    watch->former[watch->former_count++] = client;
}

void intune_watch_use(struct intune_watch *watch, struct intune_client *client,
                      const struct service_config *config)
{
    struct intune_client *old = watch->client;

    watch->client = client == NULL ? NULL : intune_client_ref(client);
    intune_keeper_use(watch->keeper, client, config);
    if (old != NULL && old != client) {
        keep_former(watch, old);
    } else {
        intune_client_unref(old);
    }
}

void intune_watch_tick(struct intune_watch *watch)
{
    for (size_t i = watch->former_count; i > 0; i--) {
        if (!intune_client_is_shared(watch->former[i - 1])) {
            drop_former(watch, i - 1);
        }
    }
}

void intune_watch_wake(struct intune_watch *watch)
{
    intune_keeper_wake(watch->keeper);
}

void intune_watch_stop(struct intune_watch *watch)
{
    if (watch->client != NULL) {
        intune_client_stop(watch->client);
    }
    for (size_t i = 0; i < watch->former_count; i++) {
        intune_client_stop(watch->former[i]);
    }
}

void intune_watch_clear(struct intune_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    intune_keeper_free(watch->keeper);
    watch->keeper = NULL;
    intune_client_unref(watch->client);
    watch->client = NULL;
    while (watch->former_count > 0) {
        drop_former(watch, watch->former_count - 1);
    }
    intune_seats_free(watch->seats);
    watch->seats = NULL;
    intune_stats_free(watch->stats);
    watch->stats = NULL;
}
