/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_writer.h"

#include <stdlib.h>

#include "platform/clock.h"
#include "platform/threads.h"
#include "store/db_place.h"

/* Lives on the stack of the thread that waits for it. */
struct job {
    store_write *write;
    void *context;
    struct job *next;
    pthread_cond_t finished_cond;
    bool finished;
    struct error error; /* set: the write is not there */
};

struct store_writer {
    struct db *db; /* the writer thread's, like the next */
    struct db_place place;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, and struct job's finished */
    pthread_cond_t work;
    struct job *first, *last;
    int64_t inside; /* threads in store_writer_run */
    pthread_cond_t left;
    bool stopping;
    struct store_writer_stats stats; /* without its times of commits */
    struct histogram commit_times;   /* of the successful ones; atomic */
};

/* ---- the writer thread ------------------------------------------------------------------- */

/* False when the whole transaction is lost; failure then says why. */
static bool run_job(struct db *db, struct job *job, struct error *failure)
{
    if (!db_part_begin(db, failure)) {
        return false;
    }
    if (job->write(db, job->context, &job->error)) {
        return db_part_keep(db, failure);
    }
    if (!error_is_set(&job->error)) {
        error_set(&job->error, REASON_INTERNAL, "a write failed without a reason");
    }
    if (!db_in_transaction(db)) {
        /* A full disk, for example, has undone the others' parts as well. */
        *failure = job->error;
        return false;
    }
    return db_part_undo(db, failure);
}

static bool run_transaction(struct store_writer *writer, struct job *const *batch, size_t count,
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
    bool ok = run_transaction(writer, batch, count, &failure);

    if (!ok) {
        db_rollback(writer->db);
        for (size_t i = 0; i < count; i++) {
            batch[i]->error = failure;
        }
    }
    return ok;
}

/* Waits for work; 0 at the end. The caller holds the lock. */
static size_t take_batch(struct store_writer *writer, struct job **batch)
{
    size_t count = 0;

    while (writer->first == NULL && !writer->stopping) {
        pthread_cond_wait(&writer->work, &writer->lock);
    }
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
    writer->stats.busy_since_us = 0;
    if (ok) {
        histogram_add(&writer->commit_times, ended_us - begun_us);
    }
}

static void *writer_main(void *context)
{
    struct store_writer *writer = context;
    struct job *batch[STORE_WRITER_BATCH];
    size_t count = 0;

    pthread_mutex_lock(&writer->lock);
    while ((count = take_batch(writer, batch)) > 0) {
        int64_t begun_us = clock_monotonic_us();

        writer->stats.busy_since_us = begun_us;
        pthread_mutex_unlock(&writer->lock);
        bool ok = run_batch(writer, batch, count);
        int64_t ended_us = clock_monotonic_us();
        pthread_mutex_lock(&writer->lock);

        note_result(writer, ok ? REASON_NONE : batch[0]->error.reason, count, begun_us, ended_us);
        for (size_t i = 0; i < count; i++) {
            /* The job is gone as soon as its thread gets the lock. */
            batch[i]->finished = true;
            pthread_cond_signal(&batch[i]->finished_cond);
        }
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

/* ---- the callers ------------------------------------------------------------------------- */

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
    if (writer->last != NULL) {
        writer->last->next = job;
    } else {
        writer->first = job;
    }
    writer->last = job;
    pthread_cond_signal(&writer->work);
    return true;
}

bool store_writer_run(struct store_writer *writer, store_write *write, void *context,
                      struct error *err)
{
    struct job job = {
        .write = write,
        .context = context,
        .finished_cond = PTHREAD_COND_INITIALIZER,
    };

    pthread_mutex_lock(&writer->lock);
    bool queued = enqueue(writer, &job, err);
    writer->inside++;
    while (queued && !job.finished) {
        pthread_cond_wait(&job.finished_cond, &writer->lock);
    }
    writer->inside--;
    if (writer->stopping) {
        pthread_cond_signal(&writer->left);
    }
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_destroy(&job.finished_cond);

    if (queued && error_is_set(&job.error)) {
        *err = job.error;
    }
    return queued && !error_is_set(&job.error);
}

struct store_writer *store_writer_start(struct db *take_db, struct error *err)
{
    struct store_writer *writer = calloc(1, sizeof *writer);
    bool ok = false;

    if (writer == NULL) {
        error_set(err, REASON_NO_MEMORY, "database writer");
        goto out;
    }
    *writer = (struct store_writer){
        .db = take_db,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .work = PTHREAD_COND_INITIALIZER,
        .left = PTHREAD_COND_INITIALIZER,
    };
    ok = db_place_note(&writer->place, db_path(take_db), err)
         && thread_start(&writer->thread, "store-writer", writer_main, writer, err);
out:
    if (!ok) {
        db_close(take_db);
        free(writer);
        writer = NULL;
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
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
    thread_join(writer->thread);
    /* Their writes are done; they still have to leave. */
    pthread_mutex_lock(&writer->lock);
    while (writer->inside > 0) {
        pthread_cond_wait(&writer->left, &writer->lock);
    }
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_destroy(&writer->left);
    pthread_cond_destroy(&writer->work);
    pthread_mutex_destroy(&writer->lock);
    db_close(writer->db);
    free(writer);
}

void store_writer_get_stats(struct store_writer *writer, struct store_writer_stats *stats)
{
    pthread_mutex_lock(&writer->lock);
    *stats = writer->stats;
    stats->waiting = writer->inside;
    pthread_mutex_unlock(&writer->lock);
    histogram_read(&writer->commit_times, &stats->commit_times);
}
