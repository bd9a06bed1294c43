/* SPDX-License-Identifier: Apache-2.0 */
#include "http/worker_pool.h"

#include <stdlib.h>

#include "platform/threads.h"

#define THREADS_MAX 256u
#define QUEUE_MAX 10000u

struct waiting {
    worker_job *job;
    void *context;
    uint64_t ticket; /* the order in which jobs came */
    bool slow;
};

/* A queue in a ring. */
struct lane {
    struct waiting *ring;
    size_t capacity;
    size_t first;
    size_t count;
};

struct worker_pool {
    pthread_mutex_t lock; /* guards what follows up to `threads` */
    pthread_cond_t work;
    struct lane quick;
    struct lane slow;
    uint64_t tickets;
    uint64_t busy;      /* threads with a job */
    uint64_t busy_slow; /* of these, with a slow one */
    uint64_t done;
    bool ending;
    /* constant once created */
    size_t queue; /* waiting jobs of both kinds */
    uint64_t slow_at_once;
    pthread_t *threads; /* the owner's alone */
    size_t thread_count;
};

/* ---- lanes ----------------------------------------------------------------------------------- */

static void lane_put(struct lane *lane, const struct waiting *waiting)
{
    lane->ring[(lane->first + lane->count) % lane->capacity] = *waiting;
    lane->count++;
}

static struct waiting lane_take(struct lane *lane)
{
    struct waiting waiting = lane->ring[lane->first];

    lane->first = (lane->first + 1) % lane->capacity;
    lane->count--;
    return waiting;
}

/* The lane whose turn it is: whoever came first, but slow ones only within their share. */
static struct lane *next_lane(struct worker_pool *pool)
{
    bool slow = pool->slow.count > 0 && pool->busy_slow < pool->slow_at_once;

    if (pool->quick.count == 0) {
        return slow ? &pool->slow : NULL;
    }
    return slow
                   && pool->slow.ring[pool->slow.first].ticket
                          < pool->quick.ring[pool->quick.first].ticket
               ? &pool->slow
               : &pool->quick;
}

/* ---- the threads ----------------------------------------------------------------------------- */

static void job_ended(struct worker_pool *pool, const struct waiting *ended)
{
    pool->busy--;
    pool->busy_slow -= ended->slow ? 1u : 0u;
    pool->done++;
}

/*
 * The next job in the place of the one that has ended (none at first); false when the pool ends and
 * nothing is left for this thread: slow jobs that still wait are done by those that do them now.
 */
static bool next_job(struct worker_pool *pool, struct waiting *out)
{
    struct lane *lane = NULL;

    (void)pthread_mutex_lock(&pool->lock);
    if (out->job != NULL) {
        job_ended(pool, out);
    }
    for (lane = next_lane(pool); lane == NULL && !pool->ending; lane = next_lane(pool)) {
        (void)pthread_cond_wait(&pool->work, &pool->lock);
    }
    if (lane != NULL) {
        *out = lane_take(lane);
        pool->busy++;
        pool->busy_slow += out->slow ? 1u : 0u;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return lane != NULL;
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

static void memory_free(struct worker_pool *pool)
{
    free(pool->threads);
    free(pool->slow.ring);
    free(pool->quick.ring);
    free(pool);
}

static struct worker_pool *allocate(size_t threads, size_t queue, struct error *err)
{
    struct worker_pool *pool = calloc(1, sizeof(*pool));
    struct worker_pool *result = NULL;

    if (pool == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the worker pool");
        return NULL;
    }
    pool->queue = queue;
    pool->slow_at_once = threads > 1 ? threads / 2 : 1;
    pool->quick.capacity = queue;
    pool->quick.ring = calloc(queue, sizeof(*pool->quick.ring));
    pool->slow.capacity = queue > 1 ? queue / 2 : 1;
    pool->slow.ring = calloc(pool->slow.capacity, sizeof(*pool->slow.ring));
    pool->threads = calloc(threads, sizeof(*pool->threads));
    if (pool->quick.ring == NULL || pool->slow.ring == NULL || pool->threads == NULL
        || pthread_mutex_init(&pool->lock, NULL) != 0) {
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
        memory_free(pool);
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

void worker_pool_limit_slow(struct worker_pool *pool, unsigned at_once)
{
    pool->slow_at_once = at_once > 0 ? at_once : 1;
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
    memory_free(pool);
}

/* Is there a thread that can take one of this kind now? If not, whoever ends his job looks. */
static bool must_wake(const struct worker_pool *pool, bool slow)
{
    return pool->busy < pool->thread_count && (!slow || pool->busy_slow < pool->slow_at_once);
}

static bool submit(struct worker_pool *pool, worker_job *job, void *context, bool slow)
{
    struct lane *lane = slow ? &pool->slow : &pool->quick;
    struct waiting waiting = { .job = job, .context = context, .slow = slow };
    bool taken = false;
    bool wake = false;

    (void)pthread_mutex_lock(&pool->lock);
    if (!pool->ending && lane->count < lane->capacity
        && pool->quick.count + pool->slow.count < pool->queue) {
        waiting.ticket = pool->tickets++;
        lane_put(lane, &waiting);
        taken = true;
        wake = must_wake(pool, slow);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    if (wake) {
        (void)pthread_cond_signal(&pool->work); /* unlocked: it would run into the lock */
    }
    return taken;
}

bool worker_pool_submit(struct worker_pool *pool, worker_job *job, void *context)
{
    return submit(pool, job, context, false);
}

bool worker_pool_submit_slow(struct worker_pool *pool, worker_job *job, void *context)
{
    return submit(pool, job, context, true);
}

void worker_pool_get_stats(struct worker_pool *pool, struct worker_pool_stats *stats)
{
    (void)pthread_mutex_lock(&pool->lock);
    *stats = (struct worker_pool_stats){ .threads = pool->thread_count,
                                         .busy = pool->busy,
                                         .waiting = pool->quick.count + pool->slow.count,
                                         .capacity = pool->queue,
                                         .done = pool->done };
    (void)pthread_mutex_unlock(&pool->lock);
}
