/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/threads.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define THREAD_STACK_BYTES (2u * 1024 * 1024) /* OpenSSL and SQLite stay far below 512 KB */
#define THREAD_NAME_BYTES 16                  /* with NUL; the kernel's limit */
#define NS_PER_SECOND 1000000000L
#define LONGEST_WAIT_MS                                                                            \
    INT64_C(86400000) /* keeps the sum below in range; the caller loops anyway */

struct thread_begin {
    thread_main *run;
    void *context;
    char name[THREAD_NAME_BYTES];
};

static void *begin(void *argument)
{
    struct thread_begin start = *(struct thread_begin *)argument;

    free(argument);
    (void)pthread_setname_np(pthread_self(), start.name); /* only for debuggers and top */
    return start.run(start.context);
}

/* Everything but what a thread raises itself: a crash must still reach its handler. */
static void block_signals(sigset_t *before)
{
    sigset_t blocked;

    (void)sigfillset(&blocked);
    (void)sigdelset(&blocked, SIGSEGV);
    (void)sigdelset(&blocked, SIGBUS);
    (void)sigdelset(&blocked, SIGFPE);
    (void)sigdelset(&blocked, SIGILL);
    (void)sigdelset(&blocked, SIGABRT);
    (void)sigdelset(&blocked, SIGTRAP);
    (void)sigdelset(&blocked, SIGSYS);
    (void)pthread_sigmask(SIG_SETMASK, &blocked, before);
}

bool thread_start(pthread_t *thread, const char *name, thread_main *run, void *context,
                  struct error *err)
{
    struct thread_begin *start = malloc(sizeof(*start));
    pthread_attr_t attributes;
    sigset_t before;
    int rc = ENOMEM;

    if (start == NULL || pthread_attr_init(&attributes) != 0) {
        free(start);
        return error_set(err, REASON_NO_MEMORY, "out of memory for thread \"%s\"", name);
    }
    start->run = run;
    start->context = context;
    if (!text_copy(start->name, sizeof(start->name), name)) {
        start->name[0] = '\0';
    }
    (void)pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    block_signals(&before); /* a thread begins with the mask of its maker */
    rc = pthread_create(thread, &attributes, begin, start);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    if (rc != 0) {
        free(start);
        return error_set(err, REASON_NO_MEMORY, "the system starts no thread \"%s\" (error %d)",
                         name, rc);
    }
    return true;
}

void thread_join(pthread_t thread)
{
    (void)pthread_join(thread, NULL);
}

bool thread_cond_init(pthread_cond_t *cond, struct error *err)
{
    pthread_condattr_t attributes;
    bool ok = false;

    if (pthread_condattr_init(&attributes) != 0) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a condition");
    }
    ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0
         && pthread_cond_init(cond, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    if (!ok) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a condition");
    }
    return true;
}

bool thread_cond_wait_ms(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t timeout_ms)
{
    struct timespec until = { 0, 0 };
    bool shortened = timeout_ms > LONGEST_WAIT_MS;
    int64_t wait = timeout_ms < 0 ? 0 : shortened ? LONGEST_WAIT_MS : timeout_ms;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait / 1000);
    until.tv_nsec += (long)(wait % 1000) * 1000000L;
    if (until.tv_nsec >= NS_PER_SECOND) {
        until.tv_nsec -= NS_PER_SECOND;
        until.tv_sec++;
    }
    /* a shortened wait that ends is a spurious wake-up */
    return pthread_cond_timedwait(cond, mutex, &until) != ETIMEDOUT || shortened;
}

void thread_pause_ms(unsigned ms)
{
    const struct timespec pause = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000L };

    (void)nanosleep(&pause, NULL);
}

unsigned thread_processor_count(void)
{
    cpu_set_t set;
    long online = 0;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) {
        return (unsigned)CPU_COUNT(&set);
    }
    online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than a cpu_set_t holds */
    return online > 0 ? (unsigned)online : 1;
}
