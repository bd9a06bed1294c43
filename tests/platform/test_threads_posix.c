/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <signal.h>
#include <string.h>

#include "platform/threads.h"

struct seen {
    sigset_t mask;
    char name[16];
};

static void *look(void *context)
{
    struct seen *seen = context;

    (void)pthread_sigmask(SIG_BLOCK, NULL, &seen->mask);
    (void)pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
    return NULL;
}

static void start__new_thread__gets_no_signals_but_its_own_faults(void **state)
{
    static const int blocked[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGCHLD };
    static const int open[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    struct error err = ERROR_INIT;
    struct seen seen;
    sigset_t mine;
    pthread_t thread;

    (void)state;
    memset(&seen, 0, sizeof(seen));
    assert_done(thread_start(&thread, "looks", look, &seen, &err), &err, "");
    thread_join(thread);
    assert_string_equal(seen.name, "looks");
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mine), 0);
    for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++) {
        assert_int_equal(sigismember(&seen.mask, blocked[i]), 1);
        assert_int_equal(sigismember(&mine, blocked[i]), 0); /* the starter's mask is as before */
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_int_equal(sigismember(&seen.mask, open[i]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__new_thread__gets_no_signals_but_its_own_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
