/* SPDX-License-Identifier: Apache-2.0 */
/* CRLs of a running service: there before a CA is put in force, whatever becomes of other CAs. */
#include "service/ca_world.h"

#include <string.h>

#include "platform/clock.h"
#include "service/ca_upkeep.h"

static int set_up(void **state)
{
    struct ca_world *w;
    int failed = ca_world_begin(state);

    w = *state;
    ca_world_add_ca(w, "default", 1000);
    ca_world_add_ca(w, "short", 2);
    ca_world_load(w);
    return failed;
}

static bool has_crl(const struct ca_world *w, const char *name)
{
    struct ca_builtin *ca = runtime_ca_find(w->runtime, name);

    assert_non_null(ca);
    return ca_builtin_crl_end(ca) != 0;
}

static void look_after(struct ca_upkeep *upkeep, const struct ca_world *w)
{
    ca_upkeep_crls(upkeep, w->runtime, NULL, w->events);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void crls__both_cas_good__both_made(void **state)
{
    struct ca_world *w = *state;
    struct ca_upkeep upkeep = { .crl_retry_at = 0 };

    assert_false(has_crl(w, "default"));
    look_after(&upkeep, w);
    assert_true(has_crl(w, "default"));
    assert_true(has_crl(w, "short"));
    assert_int_equal(w->crl_failures, 0);
}

/* The one that has ended is tried again in a minute; the other must not wait for that. */
static void crls__another_ca_has_ended__the_one_loaded_anew_has_its_crl_at_once(void **state)
{
    struct ca_world *w = *state;
    struct ca_upkeep upkeep = { .crl_retry_at = 0 };
    const struct ca_builtin *before = NULL;

    ca_world_ahead(3 * DAY);
    look_after(&upkeep, w);
    assert_true(has_crl(w, "default"));
    assert_false(has_crl(w, "short"));
    assert_int_equal(w->crl_failures, 1);
    /* A setting of CRLs: the CAs are loaded anew. */
    before = runtime_ca_find(w->runtime, "default");
    test_folder_write(&w->folder, "openndes.json", "{ \"crl\": { \"renew_hours\": 47 } }\n");
    ca_world_load(w);
    assert_ptr_not_equal(runtime_ca_find(w->runtime, "default"), before);
    assert_false(has_crl(w, "default"));
    look_after(&upkeep, w);
    assert_true(has_crl(w, "default"));
    /* Not told again before its time. */
    look_after(&upkeep, w);
    assert_int_equal(w->crl_failures, 1);
    ca_world_ahead(3 * DAY + 61);
    look_after(&upkeep, w);
    assert_true(upkeep.crl_retry_at > clock_now());
}

/* What is published, and its number, in the database. */
static int64_t crl_number(const struct ca_world *w, const char *name, int64_t *next_update)
{
    struct store_crl facts = { 0 };
    struct error err = ERROR_INIT;
    bool found = false;

    assert_done(store_get_crl(w->store, name, &facts, NULL, &found, &err) && found, &err, name);
    *next_update = facts.next_update;
    return facts.number;
}

/*
 * Ahead within the CA's life, beyond it, and back; behind, and back: whenever the CA is in its time
 * its CRL is in force by the clock there is, and no number is ever lower than the one before.
 */
static void crls__clock_leaps__always_one_in_force_and_numbers_grow(void **state)
{
    static const int64_t clocks[] = { 0, 2 * DAY,    900 * DAY, 3650 * DAY, 900 * DAY, 0,
                                      1, 3650 * DAY, 0,         -400 * DAY, 0,         30 * DAY };
    struct ca_world *w = *state;
    struct ca_upkeep upkeep = { .crl_retry_at = 0 };
    int64_t last = 0;

    for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        bool in_life = clocks[i] >= 0 && clocks[i] < 1000 * DAY;
        struct buffer der = BUFFER_INIT(1u << 20);
        struct error err = ERROR_INIT;
        int64_t published = 0;
        int64_t end = 0;

        ca_world_leap(clocks[i]);
        look_after(&upkeep, w);
        int64_t number = crl_number(w, "default", &end);
        assert_done(ca_builtin_crl(runtime_ca_find(w->runtime, "default"), &der, &published, &err),
                    &err, "CRL");
        buffer_clear(&der);
        if (number < last || published != end) {
            fail_msg("clock %d: number %lld after %lld", (int)i, (long long)number,
                     (long long)last);
        }
        if (in_life && (end <= clock_now() || end > clock_now() + 400 * DAY)) {
            fail_msg("clock %d: the CRL ends %lld s from now", (int)i,
                     (long long)(end - clock_now()));
        }
        last = number;
    }
}

#define unit(name) cmocka_unit_test_setup_teardown(name, set_up, ca_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(crls__both_cas_good__both_made),
        unit(crls__clock_leaps__always_one_in_force_and_numbers_grow),
        unit(crls__another_ca_has_ended__the_one_loaded_anew_has_its_crl_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
