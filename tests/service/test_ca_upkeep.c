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

#define unit(name) cmocka_unit_test_setup_teardown(name, set_up, ca_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(crls__both_cas_good__both_made),
        unit(crls__another_ca_has_ended__the_one_loaded_anew_has_its_crl_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
