/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one round of delivery: failure notifications that are due, the oldest first.
 * Not here: when a round comes (intune_keeper.c), the call (intune_actions.c).
 * Owns:     the copies of one round's rows.
 * Threads:  as intune_keeper_rounds.h says.
 * Spec:     docs/intune.md.
 */
#include "intune/intune_keeper_rounds.h"

#include <stdlib.h>

#include "base/text.h"
#include "intune/intune_challenge.h"
#include "intune/intune_codes.h"

#define BACKOFF_FIRST 30
#define BACKOFF_DOUBLINGS 6 /* 30 s * 2^6 is over the longest one */
#define BACKOFF_LONGEST 1800
#define JITTER_PARTS 5 /* up to a fifth earlier: those who failed together come back apart */

/* So many failures one after the other are an outage; the rest of the round would only wait. */
#define OUTAGE_FAILURES 3u
/* A row that failed so often says nothing about Intune: others behind it get their turn. */
#define HOPELESS_ATTEMPTS 8

/*
 * An answer that is none, to this row: a service that objects to it will not think better of it,
 * but a proxy that answers in Intune's place may go away.
 */
#define ANSWER_ATTEMPTS 5

#define TICKET_MAX 262144 /* four times what is sealed of the longest request */
#define NEWS_TEXT_MAX 2048

struct letter {
    int64_t id, created_at, attempts;
    uint32_t hresult;
    char transaction[LIMIT_TRANSACTION_ID_BYTES * 4 + 1]; /* for people */
    char *reason;
    char *description;
    struct buffer ticket;
};

struct letters {
    struct letter items[INTUNE_DELIVER_ROWS];
    size_t count;
};

struct delivery {
    const struct intune_keeper_options *options;
    struct intune_client *client;
    int64_t now, keep_seconds;
    bool *told_delay;
    struct intune_round *round;
    unsigned failures; /* one after the other */
};

void intune_keeper_tell(const struct intune_keeper_options *options, enum intune_news news,
                        const char *text, const struct error *why)
{
    const struct intune_news_item item = { .news = news, .text = text, .why = why };

    if (options->news != NULL) {
        options->news(options->context, &item);
    }
}

/* ---- the rows -------------------------------------------------------------------------------- */

static void clear_letters(struct letters *letters)
{
    for (size_t i = 0; i < letters->count; i++) {
        free(letters->items[i].reason);
        free(letters->items[i].description);
        buffer_clear(&letters->items[i].ticket);
    }
    letters->count = 0;
}

/* "policy-key-size: the key has 1024 bits" */
static char *describe(const struct store_outbox_row *row, struct error *err)
{
    struct buffer text = BUFFER_INIT(8192);
    char *copy = NULL;

    if (buffer_printf(&text, err, "%s%s%s", row->reason, row->detail[0] != '\0' ? ": " : "",
                      row->detail)) {
        copy = text_dup(buffer_text(&text));
    }
    buffer_clear(&text);
    return copy;
}

static bool copy_letter(void *context, const struct store_outbox_row *row, struct error *err)
{
    struct letters *letters = context;
    struct letter *letter = &letters->items[letters->count++];

    *letter = (struct letter){
        .id = row->id,
        .created_at = row->created_at,
        .attempts = row->attempts,
        .hresult = row->hresult,
        .reason = text_dup(row->reason),
        .description = describe(row, err),
        .ticket = BUFFER_INIT(TICKET_MAX),
    };
    text_escape(letter->transaction, sizeof(letter->transaction), row->transaction_id);
    if (letter->reason == NULL || letter->description == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a notification");
    }
    return buffer_append_bytes(&letter->ticket, row->ticket, err);
}

/* ---- what became of one ---------------------------------------------------------------------- */

int64_t intune_deliver_backoff(int64_t attempts)
{
    int64_t doublings = attempts < BACKOFF_DOUBLINGS ? attempts : BACKOFF_DOUBLINGS;
    int64_t seconds = (int64_t)BACKOFF_FIRST << (doublings > 0 ? doublings : 0);

    return seconds < BACKOFF_LONGEST ? seconds : BACKOFF_LONGEST;
}

static int64_t jittered(int64_t seconds)
{
    struct error unused = ERROR_INIT;
    uint32_t random = 0;

    if (!secret_random(&random, sizeof(random), &unused)) {
        random = 0;
    }
    return seconds - (int64_t)(random % ((uint32_t)(seconds / JITTER_PARTS) + 1));
}

/* Intune's no, and what it could never say yes to. Anything else may be better later. */
static bool is_final(enum reason reason)
{
    if (reason == REASON_SYNTAX || reason == REASON_LIMIT || reason == REASON_INTUNE_CODE_UNKNOWN) {
        return true;
    }
    for (size_t i = 0; intune_code_at(i) != NULL; i++) {
        if (intune_code_at(i)->reason == reason) {
            return true;
        }
    }
    return false;
}

static void tell_of(const struct delivery *d, const struct letter *letter, enum intune_news news,
                    const struct error *why, const char *what)
{
    char text[NEWS_TEXT_MAX];
    bool whole = text_format(text, sizeof(text), "transaction %s, %s%s%s%s%s", letter->transaction,
                             letter->reason, what[0] != '\0' ? ": " : "", what,
                             why != NULL ? ": " : "", why != NULL ? why->detail : "");

    (void)whole; /* cut is good enough for people */
    intune_keeper_tell(d->options, news, text, why);
}

static bool give_up(struct delivery *d, const struct letter *letter, const struct error *why,
                    const char *what, struct error *err)
{
    if (!store_outbox_remove(d->options->store, letter->id, err)) {
        return false;
    }
    d->round->lost++;
    tell_of(d, letter, INTUNE_NEWS_LOST, why, what);
    return true;
}

static bool put_off(struct delivery *d, const struct letter *letter, const struct error *why,
                    struct error *err)
{
    int64_t due_at = d->now + jittered(intune_deliver_backoff(letter->attempts));

    if (!store_outbox_retry(d->options->store, letter->id, due_at, err)) {
        return false;
    }
    d->round->delayed++;
    if (letter->attempts < HOPELESS_ATTEMPTS && why->reason != REASON_INTUNE_ANSWER) {
        d->failures++;
    }
    if (!*d->told_delay) {
        *d->told_delay = true;
        tell_of(d, letter, INTUNE_NEWS_DELAYED, why, "will be tried again");
    }
    return true;
}

static bool delivered(struct delivery *d, const struct letter *letter, struct error *err)
{
    if (!store_outbox_remove(d->options->store, letter->id, err)) {
        return false;
    }
    d->round->delivered++;
    tell_of(d, letter, INTUNE_NEWS_DELIVERED, NULL, "told");
    return true;
}

/* ---- one ------------------------------------------------------------------------------------- */

static bool send(struct delivery *d, const struct letter *letter,
                 const struct intune_ticket *ticket, struct error *err)
{
    const struct intune_request request = { .transaction_id = ticket->transaction_id,
                                            .csr = buffer_bytes(&ticket->csr) };
    char id[INTUNE_ID_MAX] = "";
    struct error why = ERROR_INIT;
    bool ok =
        intune_notify_failure(d->client, &request, letter->hresult, letter->description, id, &why);

    if (!ok && why.reason == REASON_STOPPING) {
        return error_set(err, why.reason, "%s", why.detail);
    }
    if (!ok && !is_final(why.reason)
        && !(why.reason == REASON_INTUNE_ANSWER && letter->attempts + 1 >= ANSWER_ATTEMPTS)) {
        return put_off(d, letter, &why, err);
    }
    d->failures = 0;
    *d->told_delay = false;
    return ok ? delivered(d, letter, err) : give_up(d, letter, &why, "refused", err);
}

static bool deliver(struct delivery *d, const struct letter *letter, struct error *err)
{
    struct intune_ticket ticket = { .plain = SECRET_INIT, .csr = BUFFER_INIT(0) };
    struct error why = ERROR_INIT;
    bool waits = false;
    bool ok = false;

    if (!store_outbox_waits(d->options->store, letter->id, &waits, err)) {
        return false;
    }
    if (!waits) { /* those before it took their time, and the device has its certificate now */
        return true;
    }
    if (store_time_to_forget(d->options->store, d->now) - letter->created_at >= d->keep_seconds) {
        return give_up(d, letter, NULL, "could not be delivered in time", err);
    }
    if (!intune_ticket_open(d->options->data_folder, buffer_bytes(&letter->ticket), &ticket,
                            &why)) {
        return why.reason == REASON_NO_MEMORY
                   ? error_set(err, why.reason, "%s", why.detail)
                   : give_up(d, letter, &why, "cannot be opened any more", err);
    }
    ok = send(d, letter, &ticket, err);
    intune_ticket_clear(&ticket);
    return ok;
}

bool intune_deliver_round(const struct intune_keeper_options *options, struct intune_client *client,
                          int64_t now, int64_t keep_seconds, bool *told_delay,
                          struct intune_round *round, struct error *err)
{
    struct delivery d = { .options = options,
                          .client = client,
                          .now = now,
                          .keep_seconds = keep_seconds,
                          .told_delay = told_delay,
                          .round = round };
    struct letters *letters = calloc(1, sizeof(*letters));
    bool ok = false;

    if (letters == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for notifications");
    }
    if (!store_outbox_due(options->store, now, INTUNE_DELIVER_ROWS, copy_letter, letters, err)) {
        goto out;
    }
    for (size_t i = 0; i < letters->count && d.failures < OUTAGE_FAILURES; i++) {
        if (!deliver(&d, &letters->items[i], err)) goto out;
    }
    ok = true;
out:
    clear_letters(letters);
    free(letters);
    return ok;
}

bool intune_keeper_deliver(const struct intune_keeper_options *options,
                           struct intune_client *client, int64_t now, int64_t keep_seconds,
                           struct intune_round *round, struct error *err)
{
    bool told_delay = false;

    return intune_deliver_round(options, client, now, keep_seconds, &told_delay, round, err);
}
