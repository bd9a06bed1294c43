/* SPDX-License-Identifier: Apache-2.0 */
#include "service/flood_digest.h"

#include <stdlib.h>
#include <string.h>

#include "base/address_table.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define SEEN_ROWS 512u /* 4096 addresses and reasons: 256 KB */
#define SEEN_PLACES 8u
#define DETAIL_MAX 128

/*
 * A flood that never ends writes 1 record a second of each kind, and 65 counts a minute: 80 MB a
 * day, a week of the audit files as they come.
 */
const struct flood_limit flood_limits[FLOOD_KINDS] = {
    [FLOOD_REQUESTS] = { .of_one = 20, .stock = 1000, .per_second = 1 },
    [FLOOD_MESSAGES] = { .of_one = 60, .stock = 5000, .per_second = 1 },
    [FLOOD_QUESTIONS] = { .of_one = 600, .stock = 5000, .per_second = 20 },
};

/* What was not written. */
struct row {
    struct ip_address peer; /* as it is counted */
    enum flood_kind kind;
    enum reason reason;
    bool of_many; /* peer and reason say nothing: those for whom there was no row */
    uint64_t count;
    int64_t first_ms;
    int64_t last_ms;
};

struct stock {
    uint32_t left;
    int64_t filled_us;
};

/* Rows of a minute; behind them, one for each kind, all others. */
struct minute {
    struct row rows[FLOOD_ROWS + FLOOD_KINDS];
    size_t count; /* of the first FLOOD_ROWS */
    bool any;
    int64_t since_us;
};

struct flood_digest {
    struct flood_options options; /* constant */
    pthread_mutex_t lock;         /* guards what follows */
    struct address_table *seen;
    struct stock stocks[FLOOD_KINDS];
    struct minute minute;
};

static int64_t now_of(const struct flood_digest *digest)
{
    return digest->options.now_us != NULL ? digest->options.now_us(digest->options.context)
                                          : clock_monotonic_us();
}

/* ---- deciding; with the lock held ------------------------------------------------------------ */

/* Some of each in a minute are written. */
static bool is_often(struct flood_digest *digest, enum flood_kind kind, enum reason reason,
                     const struct ip_address *peer, int64_t now_us)
{
    uint32_t scope = (uint32_t)reason * FLOOD_KINDS + (uint32_t)kind;
    struct address_entry *entry = address_table_take(digest->seen, scope, peer, MINUTE_US, now_us);

    if (now_us - entry->first_us >= MINUTE_US) {
        entry->count = 0;
        entry->first_us = now_us;
    }
    entry->last_us = now_us;
    if (entry->count >= flood_limits[kind].of_one) return true;
    entry->count++;
    return false;
}

/* Many addresses may each come seldom. */
static bool take_from_stock(struct stock *stock, const struct flood_limit *limit, int64_t now_us)
{
    int64_t seconds = (now_us - stock->filled_us) / SECOND_US;

    if (seconds > 0) {
        uint64_t left = stock->left + (uint64_t)seconds * limit->per_second;

        stock->left = left < limit->stock ? (uint32_t)left : limit->stock;
        stock->filled_us += seconds * SECOND_US;
    }
    if (stock->left == 0) return false;
    stock->left--;
    return true;
}

static struct row *find_row(struct minute *minute, enum flood_kind kind, enum reason reason,
                            const struct ip_address *peer)
{
    struct row *row = NULL;

    for (size_t i = 0; i < minute->count; i++) {
        row = &minute->rows[i];
        if (row->kind == kind && row->reason == reason && ip_address_equal(&row->peer, peer)) {
            return row;
        }
    }
    if (minute->count == FLOOD_ROWS) {
        row = &minute->rows[FLOOD_ROWS + (size_t)kind];
        row->kind = kind;
        row->of_many = true;
        return row;
    }
    row = &minute->rows[minute->count++];
    *row = (struct row){ .peer = *peer, .kind = kind, .reason = reason };
    return row;
}

static void count_row(struct minute *minute, const struct row *more, int64_t now_us)
{
    struct row *row = find_row(minute, more->kind, more->reason, &more->peer);

    if (row->count == 0) {
        row->first_ms = more->first_ms;
    }
    row->last_ms = more->last_ms;
    row->count += more->count;
    if (!minute->any) {
        minute->any = true;
        minute->since_us = now_us;
    }
}

bool flood_digest_admit(struct flood_digest *digest, enum flood_kind kind, enum reason reason,
                        const struct ip_address *peer)
{
    int64_t now_us = now_of(digest);
    struct row more = { .kind = kind, .reason = reason, .count = 1 };
    bool admitted = false;

    (void)pthread_mutex_lock(&digest->lock);
    admitted = !is_often(digest, kind, reason, peer, now_us)
               && take_from_stock(&digest->stocks[kind], &flood_limits[kind], now_us);
    if (!admitted) {
        more.peer = address_counted(peer);
        more.first_ms = clock_now_ms();
        more.last_ms = more.first_ms;
        count_row(&digest->minute, &more, now_us);
    }
    (void)pthread_mutex_unlock(&digest->lock);
    return admitted;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void describe(const struct row *row, char detail[DETAIL_MAX])
{
    char first[CLOCK_TEXT_MAX];
    char last[CLOCK_TEXT_MAX];

    clock_format_ms(row->first_ms, first);
    clock_format_ms(row->last_ms, last);
    if (!text_format(detail, DETAIL_MAX, "%llu more of %s from %s to %s",
                     (unsigned long long)row->count, row->of_many ? "other addresses" : "the same",
                     first, last)) {
        detail[0] = '\0'; /* cannot be: all parts are short */
    }
}

static bool write_row(struct flood_digest *digest, const struct row *row)
{
    char peer[IP_TEXT_MAX] = "";
    char detail[DETAIL_MAX];
    struct error err = ERROR_INIT;
    bool refused = row->reason != REASON_NONE;
    struct audit_record record = {
        .event = "flood",
        .result = refused || row->of_many ? "refused" : "ok",
        .reason = row->reason,
        .peer = row->of_many ? NULL : peer,
        .detail = detail,
        .count = (int64_t)row->count,
    };

    if (!row->of_many) {
        address_counted_format(&row->peer, peer);
    }
    describe(row, detail);
    log_line(digest->options.log, row->kind == FLOOD_QUESTIONS ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
             "%s%s%s%s: %s", row->of_many ? "many addresses" : peer, refused ? " refused" : "",
             refused ? " reason=" : "", refused ? reason_id(row->reason) : "", detail);
    if (row->kind == FLOOD_QUESTIONS || digest->options.audit == NULL) return true;
    if (audit_write(digest->options.audit, &record, &err)) return true;
    log_error(digest->options.log, LOG_LEVEL_ERROR, &err, "audit record of a flood is late");
    return false;
}

/* What could not be written is counted in the next minute again. */
static void write_minute(struct flood_digest *digest, const struct minute *minute)
{
    for (size_t i = 0; i < FLOOD_ROWS + FLOOD_KINDS; i++) {
        const struct row *row = &minute->rows[i];

        if (row->count > 0 && !write_row(digest, row)) {
            (void)pthread_mutex_lock(&digest->lock);
            count_row(&digest->minute, row, now_of(digest));
            (void)pthread_mutex_unlock(&digest->lock);
        }
    }
}

static void flush(struct flood_digest *digest, int64_t until_us)
{
    struct minute minute;
    bool over = false;

    (void)pthread_mutex_lock(&digest->lock);
    over = digest->minute.any && digest->minute.since_us <= until_us;
    if (over) {
        minute = digest->minute;
        memset(&digest->minute, 0, sizeof(digest->minute));
    }
    (void)pthread_mutex_unlock(&digest->lock);
    if (over) {
        write_minute(digest, &minute);
    }
}

void flood_digest_tick(struct flood_digest *digest)
{
    flush(digest, now_of(digest) - MINUTE_US);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct flood_digest *flood_digest_create(const struct flood_options *options, struct error *err)
{
    struct flood_digest *digest = calloc(1, sizeof(*digest));
    int64_t now_us = 0;

    if (digest == NULL || pthread_mutex_init(&digest->lock, NULL) != 0) {
        free(digest);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for counts of refusals");
        return NULL;
    }
    digest->options = *options;
    now_us = now_of(digest);
    for (size_t i = 0; i < FLOOD_KINDS; i++) {
        digest->stocks[i] = (struct stock){ flood_limits[i].stock, now_us };
    }
    digest->seen = address_table_create(SEEN_ROWS, SEEN_PLACES, err);
    if (digest->seen == NULL) {
        flood_digest_free(digest);
        return NULL;
    }
    return digest;
}

void flood_digest_free(struct flood_digest *digest)
{
    if (digest == NULL) return;
    flush(digest, INT64_MAX);
    address_table_free(digest->seen);
    (void)pthread_mutex_destroy(&digest->lock);
    free(digest);
}
