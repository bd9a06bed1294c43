/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "mscep/sign_in_throttle.h"

#define SECOND INT64_C(1000000)

static const struct sign_in_throttle_rule rule = { 2, 60 * SECOND };

static struct ip_address v4(uint32_t number)
{
    struct ip_address a = {
        false, { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number }
    };

    return a;
}

static void count_at(struct sign_in_throttle *t, uint32_t address, int64_t seconds)
{
    struct ip_address a = v4(address);

    sign_in_throttle_count(t, &rule, &a, seconds * SECOND);
}

static unsigned wait_at(struct sign_in_throttle *t, uint32_t address, int64_t seconds)
{
    struct ip_address a = v4(address);

    return sign_in_throttle_wait(t, &rule, &a, seconds * SECOND);
}

static void throttle__spread_failures__not_held_together(void **state)
{
    struct error err = ERROR_INIT;
    struct sign_in_throttle *t = sign_in_throttle_create(&err);

    (void)state;
    assert_non_null(t);
    count_at(t, 1, 100);
    assert_int_equal(wait_at(t, 1, 100), 0);
    count_at(t, 1, 160); /* a whole period later */
    assert_int_equal(wait_at(t, 1, 160), 0);
    count_at(t, 1, 219);
    assert_int_equal(wait_at(t, 1, 219), 60);
    assert_int_equal(wait_at(t, 1, 278), 1);
    assert_int_equal(wait_at(t, 1, 279), 0);
    assert_int_equal(wait_at(t, 2, 219), 0);
    count_at(t, 3, 219);
    assert_int_equal(sign_in_throttle_waiting(t, &rule, 219 * SECOND), 1);
    assert_int_equal(sign_in_throttle_waiting(t, &rule, 279 * SECOND), 0);
    sign_in_throttle_unref(t);
    sign_in_throttle_unref(NULL);
}

static void throttle__full_table__quietest_goes(void **state)
{
    struct error err = ERROR_INIT;
    struct sign_in_throttle *t = sign_in_throttle_create(&err);

    (void)state;
    assert_non_null(t);
    for (uint32_t i = 0; i < SIGN_IN_THROTTLE_ADDRESSES; i++) {
        count_at(t, i, 100);
        count_at(t, i, i == 7 ? 101 : 102);
    }
    assert_int_equal(wait_at(t, 7, 103), 58);
    count_at(t, SIGN_IN_THROTTLE_ADDRESSES, 103);
    assert_int_equal(wait_at(t, 7, 103), 0); /* forgotten */
    assert_int_equal(wait_at(t, 6, 103), 59);
    assert_int_equal(wait_at(t, 8, 103), 59);
    count_at(t, SIGN_IN_THROTTLE_ADDRESSES, 103);
    assert_int_equal(wait_at(t, SIGN_IN_THROTTLE_ADDRESSES, 103), 60);
    /* old ones have gone by then, so nobody is pushed out */
    count_at(t, 1u << 20, 162);
    count_at(t, 2u << 20, 162);
    assert_int_equal(wait_at(t, SIGN_IN_THROTTLE_ADDRESSES, 162), 1);
    sign_in_throttle_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(throttle__spread_failures__not_held_together),
        cmocka_unit_test(throttle__full_table__quietest_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
