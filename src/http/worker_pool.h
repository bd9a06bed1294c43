/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a fixed number of threads and a bounded queue for work that may block.
 * Not here: what the work is.
 * Owns:     its threads and the queue.
 * Threads:  submit from any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_HTTP_WORKER_POOL_H
#define OPENNDES_HTTP_WORKER_POOL_H

#include "base/error.h"

struct worker_pool;
typedef void worker_job(void *context);

/* threads 1..256 (0: one per processor), queue 1..10000 waiting jobs. */
struct worker_pool *worker_pool_create(unsigned threads, unsigned queue, struct error *err);
/* Threads that slow work may have at once, at least one; else half of all. Before the first job. */
void worker_pool_limit_slow(struct worker_pool *pool, unsigned at_once);
/* Finish what is queued, then end the threads. NULL is allowed. */
void worker_pool_free(struct worker_pool *pool);
/* False when the queue is full or the pool is ending: the caller answers 503. */
MUST_USE bool worker_pool_submit(struct worker_pool *pool, worker_job *job, void *context);
/*
 * The same for a kind of work that may take long by itself: it never gets more than a share of the
 * threads, nor more than half of the queue, so that it cannot keep the others waiting.
 */
MUST_USE bool worker_pool_submit_slow(struct worker_pool *pool, worker_job *job, void *context);

struct worker_pool_stats {
    uint64_t threads;
    uint64_t busy;     /* threads that have a job just now */
    uint64_t waiting;  /* jobs in the queue */
    uint64_t capacity; /* of the queue */
    uint64_t done;     /* jobs that have ended */
};
/* From any thread; never waits for a job. */
void worker_pool_get_stats(struct worker_pool *pool, struct worker_pool_stats *stats);

#endif
