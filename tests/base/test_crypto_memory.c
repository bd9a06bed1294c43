/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  notice when OpenSSL gets no memory.
 * Not here: what a signature is then worth (memory/test_memory_ca.c).
 * Owns:     nothing.
 * Threads:  one.
 * Spec:     none.
 */
#include <stdint.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "base/crypto_memory.h"
#include "support/test_support.h"

/* In one test, since what it is about is the life of a process. */
static void watch__from_first_use_to_first_lack__sound_between(void **state)
{
    void *memory = NULL;

    (void)state;
    assert_false(crypto_memory_sound()); /* nobody watches */
    crypto_memory_watch();
    assert_true(crypto_memory_sound());
    memory = OPENSSL_malloc(16);
    assert_non_null(memory);
    memory = OPENSSL_realloc(memory, 4096);
    assert_non_null(memory);
    assert_null(OPENSSL_malloc(0)); /* nothing asked for, nothing lacking */
    assert_true(crypto_memory_sound());

    assert_null(OPENSSL_malloc(SIZE_MAX / 4));
    assert_false(crypto_memory_sound());
    ERR_clear_error();
    OPENSSL_free(memory);
    memory = OPENSSL_malloc(16);
    assert_non_null(memory);
    assert_false(crypto_memory_sound()); /* what was spoilt then may still be in use */
    OPENSSL_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watch__from_first_use_to_first_lack__sound_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
