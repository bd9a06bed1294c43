/* SPDX-License-Identifier: Apache-2.0 */
#include "http/https_world.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define GET_PLAIN "GET /p?p HTTP/1.1\r\nHost: test\r\n\r\n"
#define DESCRIPTORS 64
#define WATCHED_MS 500
#define CPU_MS_MAX 30 /* spinning takes hundreds even on a busy machine; a pause takes one or two */

static int64_t cpu_ms(void)
{
    struct timespec used = { 0, 0 };

    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* Take all descriptors that the limit leaves; returns how many. */
static unsigned fill(int fds[DESCRIPTORS])
{
    unsigned count = 0;

    while (count < DESCRIPTORS && (fds[count] = open("/dev/null", O_RDONLY)) >= 0) {
        count++;
    }
    return count;
}

/*
 * A client waits that cannot be accepted: the listening socket stays readable all the time. The
 * thread must not spin, and must take it as soon as there is a descriptor.
 */
static void https__no_descriptors_left__waits_and_goes_on(void **state)
{
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *waiting = NULL;
    struct raw_client *client = NULL;
    struct rlimit former;
    struct rlimit low;
    int fds[DESCRIPTORS];
    unsigned count = 0;
    int64_t used_ms = 0;
    struct world world;

    options.tls = https_context(made->ec, TLS_VERSION_1_2);
    world_create(&world, &options);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &former), 0);
    low = former;
    low.rlim_cur = DESCRIPTORS;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    count = fill(fds);
    assert_true(count > 1 && count < DESCRIPTORS);
    (void)close(fds[--count]); /* for the client's own socket */
    waiting = https_connect_raw(&world);
    used_ms = cpu_ms();
    (void)poll(NULL, 0, WATCHED_MS);
    used_ms = cpu_ms() - used_ms;
    print_message("%lu ms of processor time in %u ms\n", (unsigned long)used_ms, WATCHED_MS);
    assert_true(used_ms < CPU_MS_MAX);
    while (count > 0) {
        (void)close(fds[--count]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &former), 0);
    client = https_connect(&world);
    https_ask(client, GET_PLAIN, "p");
    raw_client_close(client);
    raw_client_close(waiting);
    https_world_destroy(&world, &options);
}

/* The handshake is done, but there is no pair of sockets to HTTP: told, closed, and forgotten. */
static void https__no_descriptors_for_the_plain_side__told(void **state)
{
    const struct https_identities *made = *state;
    struct world_options options = WORLD_OPTIONS_DEFAULT;
    struct raw_client *client = NULL;
    struct rlimit former;
    struct rlimit low;
    int fds[DESCRIPTORS];
    unsigned count = 0;
    struct world world;

    options.tls = https_context(made->ec, TLS_VERSION_1_2);
    world_create(&world, &options);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &former), 0);
    low = former;
    low.rlim_cur = DESCRIPTORS;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    count = fill(fds);
    assert_true(count > 2 && count < DESCRIPTORS);
    (void)close(fds[--count]); /* the client's socket */
    (void)close(fds[--count]); /* the accepted one */
    client = tls_client_connect(&world.address, world.tls_port, NULL, NULL);
    world_wait_handshakes_failed(&world, 1);
    world_assert_why(&world, "no sockets left");
    raw_client_close(client);
    while (count > 0) {
        (void)close(fds[--count]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &former), 0);
    client = https_connect(&world);
    https_ask(client, GET_PLAIN, "p");
    raw_client_close(client);
    https_world_destroy(&world, &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https__no_descriptors_left__waits_and_goes_on),
        cmocka_unit_test(https__no_descriptors_for_the_plain_side__told),
    };

    return cmocka_run_group_tests(tests, https_identities_create, https_identities_free);
}
