/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS_MAX 64

struct shared {
    size_t count;
    atomic_size_t next;
    void (*one)(void *context, size_t i);
    void *context;
};

static void *work(void *context)
{
    struct shared *shared = context;
    size_t i;
    while ((i = atomic_fetch_add(&shared->next, 1)) < shared->count) {
        shared->one(shared->context, i);
    }
    return NULL;
}

void load_for_each(size_t count, void (*one)(void *context, size_t i), void *context)
{
    struct shared shared = { .count = count, .one = one, .context = context };
    pthread_t threads[THREADS_MAX];
    size_t running = 0;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    while (running + 1 < THREADS_MAX && (long)running + 1 < processors
           && pthread_create(&threads[running], NULL, work, &shared) == 0) {
        running++;
    }
    work(&shared); /* this thread is one of them */
    for (size_t i = 0; i < running; i++) {
        pthread_join(threads[i], NULL);
    }
}
