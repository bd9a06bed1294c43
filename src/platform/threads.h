/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what pthreads lack or spell differently on Windows: named threads with a stack size,
 *           timed waits on the monotonic clock, processor count.
 * Not here: mutexes and conditions themselves: pthread_mutex_t and pthread_cond_t are used
 *           directly.
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     POSIX.1-2017.
 */
#ifndef OPENNDES_PLATFORM_THREADS_H
#define OPENNDES_PLATFORM_THREADS_H

#include <pthread.h>

#include "base/error.h"

typedef void *thread_main(void *context);

/*
 * Start a joinable thread; name has at most 15 bytes. Signals go to the main thread. Errors:
 * REASON_NO_MEMORY.
 */
MUST_USE bool thread_start(pthread_t *thread, const char *name, thread_main *run, void *context,
                           struct error *err);
void thread_join(pthread_t thread);
/* A condition for thread_cond_wait_ms. */
MUST_USE bool thread_cond_init(pthread_cond_t *cond, struct error *err);
/* Wait at most timeout_ms; false when the time is over. Spurious wake-ups return true. */
bool thread_cond_wait_ms(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t timeout_ms);
void thread_pause_ms(unsigned ms); /* a signal may end it early */
/* Processors this process may use, at least 1. */
unsigned thread_processor_count(void);

#endif
