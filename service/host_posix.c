/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "service/host.h"

/*
 * The signals are blocked in every thread and taken by sigtimedwait: no handler, no shared state.
 */
static void host_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

bool host_start(struct error *err)
{
    sigset_t set;

    host_signals(&set);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) {
        return error_set(err, REASON_INTERNAL, "signals cannot be blocked: %s", strerror(errno));
    }
    return true;
}

enum host_event host_wait(int64_t timeout_ms)
{
    struct timespec timeout = {
        .tv_sec = (time_t)(timeout_ms / 1000),
        .tv_nsec = (long)(timeout_ms % 1000) * 1000000L,
    };
    sigset_t set;

    host_signals(&set);
    switch (sigtimedwait(&set, NULL, &timeout)) {
    case SIGINT:
    case SIGTERM:
        return HOST_STOP;
    case SIGHUP:
        return HOST_RELOAD;
    default:
        return HOST_TICK;
    }
}

bool host_service(host_body *body, void *context, struct error *err)
{
    (void)body;
    (void)context;
    return error_set(err, REASON_WINDOWS_ONLY,
                     "there are no Windows services here; let the system's service manager start "
                     "\"openndes run\"");
}

void host_ready(void)
{
}

void host_finished(void)
{
}
