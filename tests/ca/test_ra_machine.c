/* SPDX-License-Identifier: Apache-2.0 */
/* RAs whose keys are in the machine's store, a stand-in: replaced by hand alone, and they go on. */
#include "ca/machine_fixture.h"

#include <string.h>

#include "ca/ca_key.h"
#include "ca/ra_roll.h"
#include "model/machine_pkey.h"
#include "platform/clock.h"
#include "support/machine_key_stand_in.h"
#include "support/scep_keys.h"

/* What goes on and what is current, by their thumbprints' certificates. */
static void assert_members(const struct machine_world *w, X509 *const *certs, size_t count)
{
    struct error err = ERROR_INIT;
    struct ca *ca = fixture_open(&w->folder, NULL, NULL);
    struct ra_set *ras = ca_ra(ca, &err);

    assert_done(ras != NULL, &err, "ra");
    assert_int_equal(ras->ra_count, count);
    for (size_t i = 0; i < count; i++) {
        if (certs[i] != NULL) {
            assert_int_equal(X509_cmp(ras->ra[i].cert, certs[i]), 0);
            assert_non_null(machine_pkey_place(ras->ra[i].key));
        }
    }
    ra_set_unref(ras);
    ca_free(ca);
}

static void renew_ra__of_store__the_former_go_on_from_the_store(void **state)
{
    struct machine_world *w = *state;
    struct error err = ERROR_INIT;
    struct ca_ra_change change;
    struct ca_new_options options = machine_world_import_options(w).base;
    X509 *next =
        machine_world_ra(w, w->ra_key, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    char thumb[MACHINE_THUMBPRINT_MAX];

    machine_world_import(w);
    machine_stand_in_add(next, w->ra_key, 0, thumb);
    options.ra_change = &change;
    /* a new single one; the pair is named again as it is, which is no former one of itself */
    options.machine_ras = (struct ca_machine_ras){ thumb, w->sign_thumb, w->enc_thumb };
    assert_done(ca_files_renew_ra(&options, &err), &err, "named");
    assert_int_equal(change.kept, 1);
    machine_world_assert_reference(w, "ra.1.key", w->ra_thumb);
    assert_false(fixture_has(&w->folder, "ra-enc.1.crt"));
    assert_members(w, (X509 *[]){ next, w->sign, w->enc, w->ra }, 4);
    /* back to the first */
    options.machine_ras.single = w->ra_thumb;
    assert_done(ca_files_renew_ra(&options, &err), &err, "back");
    assert_members(w, (X509 *[]){ w->ra, w->sign, w->enc, next }, 4);
    /* sealed ones: those of the store go on */
    options.machine_ras = (struct ca_machine_ras){ NULL, NULL, NULL };
    options.seal_ra = true;
    assert_done(ca_files_renew_ra(&options, &err), &err, "sealed");
    assert_int_equal(change.kept, 2);
    assert_members(w, (X509 *[]){ NULL, NULL, NULL, NULL, NULL, w->sign, w->enc }, 7);
    X509_free(next);
}

static void roll__of_store__untouched(void **state)
{
    struct machine_world *w = *state;
    const struct ra_roll_options options = {
        w->folder.path, "issuing", 365, 0, clock_now() + 3600 * DAY, clock_now() + 3600 * DAY
    };
    struct ra_roll_result result;
    struct error err = ERROR_INIT;

    machine_world_import(w);
    assert_done(ra_roll_run(&options, &result, &err), &err, "roll");
    assert_false(result.replaced[RA_GENERATION_SINGLE] || result.replaced[RA_GENERATION_PAIR]);
    machine_world_assert_reference(w, "ra.key", w->ra_thumb);
    machine_world_assert_reference(w, "ra-sign.key", w->sign_thumb);
    assert_members(w, (X509 *[]){ w->ra, w->sign, w->enc }, 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, machine_world_open, machine_world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(renew_ra__of_store__the_former_go_on_from_the_store),
        CASE(roll__of_store__untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
