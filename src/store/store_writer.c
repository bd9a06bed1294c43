/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_writer.h"

#include <stdlib.h>

#include "platform/clock.h"
#include "platform/threads.h"
#include "store/db_place.h"

/* Where a thread waits for its turn; kept for the next one, so that it may be signalled late. */
struct seat {
    pthread_cond_t called;
    struct seat *next; /* free ones */
};

/* Lives on the stack of the thread that waits for it. */
struct job {
    store_write *write;
    void *context;
    struct job *next;
    struct seat *seat;
    bool finished;
    struct error error; /* set: the write is not there */
};

struct store_writer {
    struct db *db; /* of whoever has the turn, like the next */
    struct db_place place;
    pthread_t keeper;
    pthread_mutex_t lock; /* guards what follows, and struct job's finished */
    struct job *first, *last;
    struct seat *free_seats;
    bool taken;        /* somebody has the turn */
    bool keepers_turn; /* it is the keeper */
    pthread_cond_t keep;
    int64_t trimmed_at; /* length of the log when it was last trimmed; 0: it began anew since */
    int64_t inside;     /* threads in store_writer_run */
    pthread_cond_t left;
    bool stopping;
    struct store_writer_stats stats; /* without its times of commits */
    struct histogram commit_times;   /* of the successful ones; atomic */
};

/* ---- one transaction --------------------------------------------------------------------- */

/* A write that has failed; false when it has taken the whole transaction with it. */
static bool write_failed(struct db *db, struct job *job, struct error *failure)
{
    if (!error_is_set(&job->error)) {
        error_set(&job->error, REASON_INTERNAL, "a write failed without a reason");
    }
    if (!db_in_transaction(db)) {
        /* A full disk, for example, has undone the others' parts as well. */
        *failure = job->error;
        return false;
    }
    return true;
}

/* False when the whole transaction is lost; failure then says why. */
static bool run_job(struct db *db, struct job *job, struct error *failure)
{
    if (!db_part_begin(db, failure)) {
        return false;
    }
    if (job->write(db, job->context, &job->error)) {
        return db_part_keep(db, failure);
    }
    return write_failed(db, job, failure) && db_part_undo(db, failure);
}

/* Nobody else's part is to be saved: no savepoint, which would copy each page before its change. */
static bool run_alone(struct store_writer *writer, struct job *job, struct error *failure)
{
    struct db *db = writer->db;

    if (!db_begin(db, failure)) {
        return false;
    }
    if (job->write(db, job->context, &job->error)) {
        return db_commit(db, failure) && db_place_check(&writer->place, failure);
    }
    if (!write_failed(db, job, failure)) {
        return false;
    }
    db_rollback(db);
    return true;
}

static bool run_together(struct store_writer *writer, struct job *const *batch, size_t count,
                         struct error *failure)
{
    struct db *db = writer->db;

    if (!db_begin(db, failure)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!run_job(db, batch[i], failure)) {
            return false;
        }
    }
    return db_commit(db, failure) && db_place_check(&writer->place, failure);
}

/* Every write of a failed transaction fails with its error: even an own failure such as "already
   there" may have been about a row that is gone again. */
static bool run_batch(struct store_writer *writer, struct job *const *batch, size_t count)
{
    struct error failure = ERROR_INIT;
    bool ok = count == 1 ? run_alone(writer, batch[0], &failure)
                         : run_together(writer, batch, count, &failure);

    if (!ok) {
        db_rollback(writer->db);
        for (size_t i = 0; i < count; i++) {
            batch[i]->error = failure;
        }
    }
    return ok;
}

/* ---- the turn ---------------------------------------------------------------------------- */

/* The caller holds the lock. */
static size_t take_batch(struct store_writer *writer, struct job **batch)
{
    size_t count = 0;

    while (writer->first != NULL && count < STORE_WRITER_BATCH) {
        batch[count++] = writer->first;
        writer->first = writer->first->next;
    }
    if (writer->first == NULL) {
        writer->last = NULL;
    }
    return count;
}

/* The caller holds the lock. */
static void note_result(struct store_writer *writer, enum reason failure, size_t count,
                        int64_t begun_us, int64_t ended_us)
{
    bool ok = failure == REASON_NONE;

    writer->stats.commits += ok ? 1 : 0;
    writer->stats.failed_commits += ok ? 0 : 1;
    writer->stats.writes += ok ? (int64_t)count : 0;
    writer->stats.last_failure = failure;
    writer->stats.last_end_us = ended_us;
    if (ok) {
        histogram_add(&writer->commit_times, ended_us - begun_us);
    }
}

/*
 * Is the log long enough to be moved into the database? That takes its time and a flush of both: it
 * is done when nobody waits, or when it cannot be put off any longer.
 */
static bool must_trim(struct store_writer *writer)
{
    int64_t pages = db_log_pages(writer->db);

    if (pages < writer->trimmed_at) {
        writer->trimmed_at = 0;
    }
    pages -= writer->trimmed_at;
    return pages >= STORE_WRITER_LOG_PAGES_MOST
           || (pages >= STORE_WRITER_LOG_PAGES && writer->first == NULL);
}

/* The turn ends: whose is the next one? With the lock held; the seat to call when it is released.
 */
static struct seat *pass_on(struct store_writer *writer)
{
    writer->stats.busy_since_us = 0;
    writer->taken = false;
    return writer->first != NULL ? writer->first->seat : NULL;
}

/* After a commit the keeper may come in between. */
static struct seat *pass_on_or_keep(struct store_writer *writer, bool *keep)
{
    *keep = !writer->stopping && must_trim(writer);
    if (!*keep) {
        return pass_on(writer);
    }
    writer->keepers_turn = true;
    writer->stats.busy_since_us = clock_monotonic_us();
    return NULL;
}

/*
 * Write all that waits, `own` perhaps among it. The lock is held before and after. Others are
 * called when it is free: they would run into it.
 */
static void take_turn(struct store_writer *writer, const struct job *own)
{
    struct job *batch[STORE_WRITER_BATCH];
    struct seat *calls[STORE_WRITER_BATCH + 1];
    size_t count = take_batch(writer, batch);
    size_t called = 0;
    struct seat *next = NULL;
    bool keep = false;
    int64_t begun_us = clock_monotonic_us();

    writer->taken = true;
    writer->stats.busy_since_us = begun_us;
    pthread_mutex_unlock(&writer->lock);
    bool ok = run_batch(writer, batch, count);
    int64_t ended_us = clock_monotonic_us();
    pthread_mutex_lock(&writer->lock);

    note_result(writer, ok ? REASON_NONE : batch[0]->error.reason, count, begun_us, ended_us);
    for (size_t i = 0; i < count; i++) {
        if (batch[i] != own) {
            calls[called++] = batch[i]->seat;
        }
        batch[i]->finished = true; /* gone as soon as its thread gets the lock; the seat stays */
    }
    next = pass_on_or_keep(writer, &keep);
    if (next != NULL) {
        calls[called++] = next;
    }
    if (called == 0 && !keep) {
        return;
    }
    pthread_mutex_unlock(&writer->lock);
    for (size_t i = 0; i < called; i++) {
        pthread_cond_signal(&calls[i]->called);
    }
    if (keep) {
        pthread_cond_signal(&writer->keep);
    }
    pthread_mutex_lock(&writer->lock);
}

/* The keeper: it moves the log into the database, so that no write has to. */
static void *keeper_main(void *context)
{
    struct store_writer *writer = context;

    pthread_mutex_lock(&writer->lock);
    while (!writer->stopping || writer->keepers_turn) {
        struct seat *next = NULL;

        if (!writer->keepers_turn) {
            pthread_cond_wait(&writer->keep, &writer->lock);
            continue;
        }
        pthread_mutex_unlock(&writer->lock);
        db_trim_log(writer->db);
        pthread_mutex_lock(&writer->lock);
        writer->trimmed_at = db_log_pages(writer->db);
        writer->keepers_turn = false;
        next = pass_on(writer);
        if (next != NULL) {
            pthread_cond_signal(&next->called);
        }
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

/* ---- the callers ------------------------------------------------------------------------- */

/* The caller holds the lock. */
static bool take_seat(struct store_writer *writer, struct job *job, struct error *err)
{
    struct seat *seat = writer->free_seats;

    if (seat != NULL) {
        writer->free_seats = seat->next;
    } else {
        seat = calloc(1, sizeof(*seat));
        if (seat == NULL) {
            return error_set(err, REASON_NO_MEMORY, "database writer");
        }
        pthread_cond_init(&seat->called, NULL); /* cannot fail without attributes */
    }
    job->seat = seat;
    return true;
}

/* The caller holds the lock. */
static bool enqueue(struct store_writer *writer, struct job *job, struct error *err)
{
    if (writer->stopping) {
        return error_set(err, REASON_STOPPING, "the database is being closed");
    }
    if (writer->inside >= STORE_WRITER_QUEUE) {
        return error_set(err, REASON_STORE_BUSY,
                         "%lld writes wait for the database already; the disk is too slow for this "
                         "load or another process keeps the database locked",
                         (long long)writer->inside);
    }
    if (!take_seat(writer, job, err)) {
        return false;
    }
    if (writer->last != NULL) {
        writer->last->next = job;
    } else {
        writer->first = job;
    }
    writer->last = job;
    writer->inside++;
    return true;
}

/* The caller holds the lock. */
static void leave(struct store_writer *writer, struct job *job)
{
    job->seat->next = writer->free_seats;
    writer->free_seats = job->seat;
    writer->inside--;
    if (writer->stopping) {
        pthread_cond_signal(&writer->left);
    }
}

bool store_writer_run(struct store_writer *writer, store_write *write, void *context,
                      struct error *err)
{
    struct job job = { .write = write, .context = context };

    pthread_mutex_lock(&writer->lock);
    bool queued = enqueue(writer, &job, err);
    while (queued && !job.finished) {
        if (writer->taken) {
            pthread_cond_wait(&job.seat->called, &writer->lock);
        } else {
            take_turn(writer, &job);
        }
    }
    if (queued) {
        leave(writer, &job);
    }
    pthread_mutex_unlock(&writer->lock);

    if (queued && error_is_set(&job.error)) {
        *err = job.error;
    }
    return queued && !error_is_set(&job.error);
}

/* ---- life -------------------------------------------------------------------------------- */

static void writer_free(struct store_writer *writer)
{
    while (writer->free_seats != NULL) {
        struct seat *seat = writer->free_seats;

        writer->free_seats = seat->next;
        pthread_cond_destroy(&seat->called);
        free(seat);
    }
    pthread_cond_destroy(&writer->left);
    pthread_cond_destroy(&writer->keep);
    pthread_mutex_destroy(&writer->lock);
    db_close(writer->db);
    free(writer);
}

struct store_writer *store_writer_start(struct db *take_db, struct error *err)
{
    struct store_writer *writer = calloc(1, sizeof *writer);

    if (writer == NULL) {
        error_set(err, REASON_NO_MEMORY, "database writer");
        db_close(take_db);
        return NULL;
    }
    writer->db = take_db;
    pthread_mutex_init(&writer->lock, NULL); /* as below: cannot fail without attributes */
    pthread_cond_init(&writer->keep, NULL);
    pthread_cond_init(&writer->left, NULL);
    if (!db_place_note(&writer->place, db_path(take_db), err)
        || !thread_start(&writer->keeper, "store-keeper", keeper_main, writer, err)) {
        writer_free(writer);
        return NULL;
    }
    return writer;
}

void store_writer_stop(struct store_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    /* what waits is written by those who wait for it */
    while (writer->inside > 0) {
        pthread_cond_wait(&writer->left, &writer->lock);
    }
    pthread_cond_signal(&writer->keep);
    pthread_mutex_unlock(&writer->lock);
    thread_join(writer->keeper);
    writer_free(writer);
}

void store_writer_get_stats(struct store_writer *writer, struct store_writer_stats *stats)
{
    pthread_mutex_lock(&writer->lock);
    *stats = writer->stats;
    stats->waiting = writer->inside;
    pthread_mutex_unlock(&writer->lock);
    histogram_read(&writer->commit_times, &stats->commit_times);
}
