/* SPDX-License-Identifier: Apache-2.0 */
#include "http/worker_pool.h"

#include <stdlib.h>

#include "platform/threads.h"

#define THREADS_MAX 256u
#define QUEUE_MAX 10000u

struct waiting {
    worker_job *job;
    void *context;
};

struct worker_pool {
    pthread_mutex_t lock; /* guards what follows up to `threads` */
    pthread_cond_t work;
    struct waiting *ring;
    size_t capacity;
    size_t first;
    size_t count;
    uint64_t busy; /* threads with a job */
    uint64_t done;
    bool ending;
    pthread_t *threads;  /* the owner's alone */
    size_t thread_count; /* constant once created */
};

/* ---- the threads ----------------------------------------------------------------------------- */

/*
 * The next job in the place of the one that has ended (none at first); false when the pool ends and
 * nothing is left.
 */
static bool next_job(struct worker_pool *pool, struct waiting *out)
{
    bool found = false;

    (void)pthread_mutex_lock(&pool->lock);
    if (out->job != NULL) {
        pool->busy--;
        pool->done++;
    }
    while (pool->count == 0 && !pool->ending) {
        (void)pthread_cond_wait(&pool->work, &pool->lock);
    }
    if (pool->count > 0) {
        *out = pool->ring[pool->first];
        pool->first = (pool->first + 1) % pool->capacity;
        pool->count--;
        pool->busy++;
        found = true;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return found;
}

static void *worker(void *context)
{
    struct worker_pool *pool = context;
    struct waiting next = { .job = NULL };

    while (next_job(pool, &next)) {
        next.job(next.context);
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct worker_pool *allocate(size_t threads, size_t queue, struct error *err)
{
    struct worker_pool *pool = calloc(1, sizeof(*pool));
    struct worker_pool *result = NULL;

    if (pool == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the worker pool");
        return NULL;
    }
    pool->ring = calloc(queue, sizeof(*pool->ring));
    pool->threads = calloc(threads, sizeof(*pool->threads));
    pool->capacity = queue;
    if (pool->ring == NULL || pool->threads == NULL || pthread_mutex_init(&pool->lock, NULL) != 0) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the worker pool");
        goto out;
    }
    if (!thread_cond_init(&pool->work, err)) {
        (void)pthread_mutex_destroy(&pool->lock);
        goto out;
    }
    result = pool;
    pool = NULL;
out:
    if (pool != NULL) {
        free(pool->ring);
        free(pool->threads);
        free(pool);
    }
    return result;
}

struct worker_pool *worker_pool_create(unsigned threads, unsigned queue, struct error *err)
{
    unsigned wanted = threads > 0 ? threads : thread_processor_count();
    struct worker_pool *pool = NULL;

    if (threads == 0 && wanted > THREADS_MAX) {
        wanted = THREADS_MAX;
    }
    if (wanted > THREADS_MAX || queue == 0 || queue > QUEUE_MAX) {
        (void)error_set(err, REASON_INTERNAL, "worker pool: %u threads, %u waiting jobs", threads,
                        queue);
        return NULL;
    }
    pool = allocate(wanted, queue, err);
    if (pool == NULL) return NULL;
    while (pool->thread_count < wanted) {
        if (!thread_start(&pool->threads[pool->thread_count], "worker", worker, pool, err)) {
            worker_pool_free(pool);
            return NULL;
        }
        pool->thread_count++;
    }
    return pool;
}

void worker_pool_free(struct worker_pool *pool)
{
    if (pool == NULL) return;
    (void)pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    (void)pthread_cond_broadcast(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++) {
        thread_join(pool->threads[i]);
    }
    (void)pthread_cond_destroy(&pool->work);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool->ring);
    free(pool);
}

bool worker_pool_submit(struct worker_pool *pool, worker_job *job, void *context)
{
    bool taken = false;

    (void)pthread_mutex_lock(&pool->lock);
    if (!pool->ending && pool->count < pool->capacity) {
        struct waiting *slot = &pool->ring[(pool->first + pool->count) % pool->capacity];

        slot->job = job;
        slot->context = context;
        pool->count++;
        taken = true;
        (void)pthread_cond_signal(&pool->work);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return taken;
}

void worker_pool_get_stats(struct worker_pool *pool, struct worker_pool_stats *stats)
{
    (void)pthread_mutex_lock(&pool->lock);
    *stats = (struct worker_pool_stats){ .threads = pool->thread_count,
                                         .busy = pool->busy,
                                         .waiting = pool->count,
                                         .capacity = pool->capacity,
                                         .done = pool->done };
    (void)pthread_mutex_unlock(&pool->lock);
}
