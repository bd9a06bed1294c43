/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "base/text.h"
#include "service/ocsp_limit.h"

static unsigned take(struct ocsp_limit *limit, const char *address, int64_t most)
{
    struct ip_address peer;
    struct error err = ERROR_INIT;

    assert_true(ip_address_parse(bytes_of_text(address), &peer, &err));
    return ocsp_limit_take(limit, &peer, most);
}

static void take__more_than_the_limit__waits_alone(void **state)
{
    struct error err = ERROR_INIT;
    struct ocsp_limit *limit = ocsp_limit_create(&err);

    (void)state;
    assert_non_null(limit);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(take(limit, "2001:db8:0:1::1", 10), 0);
    }
    assert_in_range(take(limit, "2001:db8:0:1::1", 10), 58, 60);
    assert_in_range(take(limit, "2001:db8:0:1:2:3:4:5", 10), 58, 60); /* the same client */
    assert_int_equal(take(limit, "2001:db8:0:2::1", 10), 0);
    assert_int_equal(take(limit, "192.0.2.1", 10), 0);
    assert_int_equal(take(limit, "2001:db8:0:1::1", 0), 0);  /* off */
    assert_int_equal(take(limit, "2001:db8:0:1::1", 11), 0); /* raised */
    ocsp_limit_free(limit);
}

/* So many addresses that they do not fit: who comes often stays counted. */
static void take__flood_of_addresses__frees_nobody(void **state)
{
    struct error err = ERROR_INIT;
    struct ocsp_limit *limit = ocsp_limit_create(&err);
    char text[32];

    (void)state;
    assert_non_null(limit);
    for (unsigned i = 0; i < 10; i++) {
        (void)take(limit, "192.0.2.1", 10);
    }
    for (unsigned i = 0; i < 50000; i++) {
        assert_true(text_format(text, sizeof(text), "10.%u.%u.1", i / 256, i % 256));
        assert_int_equal(take(limit, text, 10), 0);
    }
    assert_int_not_equal(take(limit, "192.0.2.1", 10), 0);
    ocsp_limit_free(limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__more_than_the_limit__waits_alone),
        cmocka_unit_test(take__flood_of_addresses__frees_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
