/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  group commit: the writes of concurrent callers in shared, durable transactions.
 * Not here: what is written (store*.c), SQL drivers (db.h).
 * Owns:     the connection, the queue, a thread that keeps the log short.
 * Threads:  any thread may write; the connection is used by whoever has the turn.
 * Spec:     none.
 *
 * Who comes first writes at once, on its own thread. While its transaction is flushed to disk,
 * further writes queue up; the first of them then takes the turn and writes them all. So nobody
 * waits for company or for another thread to wake, and under load many writes cost one flush.
 *
 * SQLite's log is moved into the database between two turns by a thread of its own, when nobody
 * waits; only when the log gets four times as long does somebody have to wait for it.
 */
#ifndef OPENNDES_STORE_STORE_WRITER_H
#define OPENNDES_STORE_STORE_WRITER_H

#include "base/histogram.h"
#include "store/db.h"

/* Writes in one transaction: bounds what one failed flush takes with it. */
#define STORE_WRITER_BATCH 64u
/* Waiting writes; each has a waiting thread, so this is far above the worker pool. */
#define STORE_WRITER_QUEUE 1024u
/* Pages of the log that are worth moving: about 4 MB. */
#define STORE_WRITER_LOG_PAGES 1000
#define STORE_WRITER_LOG_PAGES_MOST 4000

struct store_writer;

/*
 * One write, on any caller's thread, inside a transaction. False (err is set) undoes this write
 * alone. It must not begin or end transactions. What it leaves in `context` counts only when
 * store_writer_run has returned true.
 */
typedef bool store_write(struct db *db, void *context, struct error *err);

/* Takes the connection over, also when it fails. Errors: REASON_NO_MEMORY. */
struct store_writer *store_writer_start(struct db *take_db, struct error *err);
/* What waits is still written. NULL is allowed. */
void store_writer_stop(struct store_writer *writer);

/*
 * Run a write; true once its transaction is on disk.
 * Errors: the write's own; those of db.h; REASON_STORE_BUSY (queue full), REASON_STOPPING.
 */
MUST_USE bool store_writer_run(struct store_writer *writer, store_write *write, void *context,
                               struct error *err);

struct store_writer_stats {
    int64_t writes;
    int64_t commits;
    int64_t failed_commits;
    int64_t waiting; /* now: queued or being written */
    struct histogram_values commit_times;
    enum reason last_failure; /* of the last transaction; REASON_NONE: it is on disk */
    int64_t last_end_us;      /* monotonic: when it ended; 0: none yet */
    int64_t busy_since_us;    /* monotonic: when the one under way began; 0: none */
};
void store_writer_get_stats(struct store_writer *writer, struct store_writer_stats *stats);

#endif
