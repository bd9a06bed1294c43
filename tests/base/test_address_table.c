/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/address_table.h"

#define PERIOD INT64_C(60)

static struct ip_address address(const char *text)
{
    struct ip_address a;
    struct error err = ERROR_INIT;

    assert_done(ip_address_parse(bytes_of_text(text), &a, &err), &err, text);
    return a;
}

static struct ip_address number(uint32_t n)
{
    struct ip_address a = { false, { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };

    return a;
}

static void count(struct address_table *t, const struct ip_address *peer, uint32_t times,
                  int64_t now)
{
    struct address_entry *entry = address_table_take(t, 1, peer, PERIOD, now);

    entry->count += times;
    entry->last_us = now;
}

static uint32_t counted(struct address_table *t, uint32_t scope, const struct ip_address *peer)
{
    const struct address_entry *entry = address_table_find(t, scope, peer);

    return entry == NULL ? 0 : entry->count;
}

static struct address_table *table(size_t rows, size_t row_entries)
{
    struct error err = ERROR_INIT;
    struct address_table *t = address_table_create(rows, row_entries, &err);

    assert_done(t != NULL, &err, "table");
    return t;
}

static void counts__by_scope_and_address__apart(void **state)
{
    struct address_table *t = table(64, 8);
    struct ip_address v4 = address("192.0.2.7");
    struct ip_address mapped = address("::ffff:192.0.2.7");
    struct ip_address other = address("192.0.2.8");
    struct ip_address v6 = address("2001:db8:0:1::5");
    struct ip_address same_64 = address("2001:db8:0:1:ffff::9");
    struct ip_address next_64 = address("2001:db8:0:2::5");

    (void)state;
    assert_int_equal(counted(t, 1, &v4), 0);
    count(t, &v4, 1, 5);
    count(t, &mapped, 1, 6);
    count(t, &v6, 1, 6);
    count(t, &same_64, 1, 7);
    assert_int_equal(counted(t, 1, &v4), 2);
    assert_int_equal(counted(t, 1, &other), 0);
    assert_int_equal(counted(t, 2, &v4), 0); /* another scope's */
    assert_int_equal(counted(t, 1, &v6), 2);
    assert_int_equal(counted(t, 1, &next_64), 0);
    assert_int_equal(address_table_find(t, 1, &v4)->first_us, 5);
    address_table_free(t);
    address_table_free(NULL);
}

/* A flood of addresses that come once leaves whoever has come often, and finds room itself. */
static void full_row__new_address__lowest_count_goes(void **state)
{
    struct address_table *t = table(1, 4);
    struct ip_address often = number(1);

    (void)state;
    count(t, &often, 10, 0);
    for (uint32_t i = 2; i < 1000; i++) {
        struct ip_address once = number(i);

        count(t, &once, 1, 1 + i % 7);
        assert_int_equal(counted(t, 1, &once), 1);
    }
    assert_int_equal(counted(t, 1, &often), 10);
    address_table_free(t);
}

static void full_row__equal_counts__quietest_goes(void **state)
{
    struct address_table *t = table(1, 3);
    struct ip_address a = number(1);
    struct ip_address b = number(2);
    struct ip_address c = number(3);
    struct ip_address d = number(4);

    (void)state;
    count(t, &a, 2, 10);
    count(t, &b, 2, 9);
    count(t, &c, 2, 11);
    count(t, &d, 1, 12);
    assert_int_equal(counted(t, 1, &b), 0);
    assert_int_equal(counted(t, 1, &a), 2);
    assert_int_equal(counted(t, 1, &c), 2);
    address_table_free(t);
}

static void full_row__one_is_over__goes_before_all_others(void **state)
{
    struct address_table *t = table(1, 2);
    struct ip_address old = number(1);
    struct ip_address young = number(2);
    struct ip_address next = number(3);

    (void)state;
    count(t, &old, 100, 0);
    count(t, &young, 1, 30);
    count(t, &next, 1, PERIOD);
    assert_int_equal(counted(t, 1, &old), 0);
    assert_int_equal(counted(t, 1, &young), 1);
    address_table_free(t);
}

/* The key is random: the places of the same addresses differ from table to table. */
static void rows__many_addresses__spread_by_a_secret(void **state)
{
    struct address_table *tables[2] = { table(256, 8), table(256, 8) };
    size_t different = 0;
    size_t used = 0;

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < 512; i++) {
            struct ip_address a = number(i);

            count(tables[k], &a, 1, 0);
        }
    }
    for (size_t i = 0; i < address_table_places(tables[0]); i++) {
        const struct address_entry *a = address_table_at(tables[0], i);
        const struct address_entry *b = address_table_at(tables[1], i);

        used += a->count;
        different += a->count != b->count || !ip_address_equal(&a->address, &b->address) ? 1 : 0;
    }
    assert_true(used > 500); /* two of a row's eight places on average: hardly one is pushed out */
    assert_true(different > 300);
    address_table_free(tables[0]);
    address_table_free(tables[1]);
}

static void text__of_counted_address__says_prefix(void **state)
{
    static const char *const cases[][2] = { { "192.0.2.7", "192.0.2.7" },
                                            { "2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64" },
                                            { "::1", "::/64" } };
    char text[IP_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ip_address a = address(cases[i][0]);

        a = address_counted(&a);
        address_counted_format(&a, text);
        assert_string_equal(text, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts__by_scope_and_address__apart),
        cmocka_unit_test(full_row__new_address__lowest_count_goes),
        cmocka_unit_test(full_row__equal_counts__quietest_goes),
        cmocka_unit_test(full_row__one_is_over__goes_before_all_others),
        cmocka_unit_test(rows__many_addresses__spread_by_a_secret),
        cmocka_unit_test(text__of_counted_address__says_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
