/* SPDX-License-Identifier: Apache-2.0 */
#include "support/thread_fail.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_bool armed;
static atomic_bool lasts;
static atomic_size_t seen;
static atomic_size_t fails_at;

typedef int creator(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                    void *context);

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*run)(void *), void *restrict context)
{
    creator *real = NULL;

    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    if (atomic_load(&armed)) {
        size_t now = atomic_fetch_add(&seen, 1) + 1;
        size_t at = atomic_load(&fails_at);

        if (at != 0 && (now == at || (now > at && atomic_load(&lasts)))) return EAGAIN;
    }
    return real(thread, attributes, run, context);
}

void thread_fail_arm(size_t nth, bool lasting)
{
    atomic_store(&seen, 0);
    atomic_store(&fails_at, nth);
    atomic_store(&lasts, lasting);
    atomic_store(&armed, true);
}

size_t thread_fail_disarm(void)
{
    atomic_store(&armed, false);
    return atomic_load(&seen);
}

size_t thread_fail_alive(void)
{
    DIR *tasks = opendir("/proc/self/task");
    size_t count = 0;

    while (tasks != NULL && readdir(tasks) != NULL) {
        count++;
    }
    if (tasks != NULL) (void)closedir(tasks);
    return count > 2 ? count - 2 : 0; /* "." and ".." */
}
