/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many passwords are computed at once. The computation is played by the test: it waits, and
 * gives zeros, as the row of an account that is not there has them. The clock stands still, so that
 * nobody gives up waiting.
 */
#include "support/test_support.h"

#include <string.h>

#include "base/crypto_scrypt.h"
#include "mscep/accounts.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define CLIENTS (ACCOUNTS_AT_ONCE + ACCOUNTS_WAITING + 1)

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    unsigned inside;
    unsigned most; /* that were inside at once */
    unsigned returned;
    unsigned busy;
    unsigned failed;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

int64_t clock_now_ms(void)
{
    return INT64_C(1767225600000);
}

int64_t clock_now(void)
{
    return clock_now_ms() / 1000;
}

int64_t clock_monotonic_us(void)
{
    return INT64_C(1000000000);
}

bool crypto_scrypt_cost_valid(const struct scrypt_cost *cost)
{
    return cost->n > 0;
}

bool crypto_scrypt(struct bytes password, struct bytes salt, const struct scrypt_cost *cost,
                   uint8_t *out, size_t len, struct error *err)
{
    (void)password;
    (void)salt;
    (void)cost;
    (void)err;
    memset(out, 0, len);
    (void)pthread_mutex_lock(&gate.lock);
    gate.inside++;
    gate.most = gate.inside > gate.most ? gate.inside : gate.most;
    (void)pthread_cond_broadcast(&gate.changed);
    while (!gate.open) {
        (void)pthread_cond_wait(&gate.changed, &gate.lock);
    }
    gate.inside--;
    (void)pthread_mutex_unlock(&gate.lock);
    return true;
}

static void *client(void *context)
{
    struct accounts *accounts = context;
    struct account unused;
    struct error err = ERROR_INIT;
    bool ok = accounts_sign_in(accounts, "nobody", bytes_of_text("a password"), &unused, &err);

    (void)pthread_mutex_lock(&gate.lock);
    gate.returned++;
    gate.busy += !ok && err.reason == REASON_SERVER_BUSY;
    gate.failed += !ok && err.reason == REASON_SIGN_IN_FAILED;
    (void)pthread_cond_broadcast(&gate.changed);
    (void)pthread_mutex_unlock(&gate.lock);
    return NULL;
}

static void accounts__many_at_once__some_compute_some_wait_one_is_refused(void **state)
{
    struct test_folder folder;
    struct error err = ERROR_INIT;
    struct accounts *accounts = NULL;
    pthread_t threads[CLIENTS];

    (void)state;
    test_folder_create(&folder);
    accounts = accounts_open(folder.path, &err);
    assert_non_null(accounts);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_done(thread_start(&threads[i], "client", client, accounts, &err), &err, "");
    }
    /* whoever comes last finds all places taken; the gate is closed, so nobody else returns */
    (void)pthread_mutex_lock(&gate.lock);
    while (gate.returned < 1 || gate.inside < ACCOUNTS_AT_ONCE) {
        (void)pthread_cond_wait(&gate.changed, &gate.lock);
    }
    assert_int_equal(gate.returned, 1);
    assert_int_equal(gate.busy, 1);
    assert_int_equal(gate.inside, ACCOUNTS_AT_ONCE);
    gate.open = true;
    (void)pthread_cond_broadcast(&gate.changed);
    (void)pthread_mutex_unlock(&gate.lock);
    for (size_t i = 0; i < CLIENTS; i++) {
        thread_join(threads[i]);
    }
    assert_int_equal(gate.busy, 1);
    assert_int_equal(gate.failed, CLIENTS - 1);
    assert_int_equal(gate.most, ACCOUNTS_AT_ONCE);
    accounts_unref(accounts);
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts__many_at_once__some_compute_some_wait_one_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
