/* SPDX-License-Identifier: Apache-2.0 */
/* A CA whose RAs are replaced by a command while the service reads its files. */
#include "ca/ca_fixture.h"

#include "ca/ca_set.h"
#include "ca/ra_sets.h"
#include "service/data_folder.h"
#include "service/runtime.h"

/* ---- a command in between, by the linker ----------------------------------------------------- */

static struct ca_new_options options;
static unsigned in_between; /* RAs are replaced once more, before the second of a pair is read */

bool __real_ca_set_load_ra(const struct ca_folder *folder, enum ra_cert_role role,
                           struct ca_set *set, struct error *err);
bool __wrap_ca_set_load_ra(const struct ca_folder *folder, enum ra_cert_role role,
                           struct ca_set *set, struct error *err);

static void renew(void)
{
    struct error err = ERROR_INIT;

    options.ra_validity_days++;
    assert_done(ca_files_renew_ra(&options, &err), &err, "renew-ra");
}

bool __wrap_ca_set_load_ra(const struct ca_folder *folder, enum ra_cert_role role,
                           struct ca_set *set, struct error *err)
{
    if (role == RA_CERT_ENC && in_between > 0) {
        in_between--;
        renew();
    }
    return __real_ca_set_load_ra(folder, role, set, err);
}

/* ---- a service without its sockets ----------------------------------------------------------- */

struct world {
    struct test_folder folder;
    struct store *store;
    struct runtime *runtime;
};

static void load(struct world *w)
{
    const struct runtime_options from = { .data_folder = w->folder.path, .store = w->store };
    struct runtime *old = w->runtime;
    struct error err = ERROR_INIT;

    w->runtime = runtime_load(&from, old, &err);
    assert_done(w->runtime != NULL, &err, "runtime");
    runtime_unref(old);
}

static int set_up(void **state)
{
    static struct world w;
    struct error err = ERROR_INIT;

    in_between = 0;
    w = (struct world){ .store = NULL };
    test_folder_create(&w.folder);
    assert_done(data_folder_create(w.folder.path, &err), &err, "folder");
    test_folder_write(&w.folder, "openndes.json", "{}\n");
    w.store = data_store_open(w.folder.path, 1, &err);
    assert_done(w.store != NULL, &err, "store");
    options = fixture_options(&w.folder);
    assert_done(ca_files_create(&options, &err), &err, "CA");
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    runtime_unref(w->runtime);
    store_close(w->store);
    test_folder_remove(&w->folder);
    return 0;
}

static struct ca_builtin *ca_of(const struct world *w)
{
    struct ca_builtin *ca = runtime_ca_find(w->runtime, "issuing");

    assert_non_null(ca);
    return ca;
}

/* The pair that is shown is the one of the files. */
static bool shows_the_files(const struct world *w)
{
    const struct ra_set *ras = ca_builtin_ra_sets(ca_of(w))->with_pair;
    X509 *sign = fixture_certificate(&w->folder, "ra-sign.crt");
    X509 *enc = fixture_certificate(&w->folder, "ra-enc.crt");
    bool same = ras != NULL && ras->ra_count > 2 && X509_cmp(ras->ra[1].cert, sign) == 0
                && X509_cmp(ras->ra[2].cert, enc) == 0;

    X509_free(sign);
    X509_free(enc);
    return same;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void load__replaced_while_it_is_read__the_former_whole_one_and_then_the_new_one(void **state)
{
    struct world *w = *state;
    const struct ca_builtin *before = NULL;

    load(w);
    assert_true(shows_the_files(w));
    before = ca_of(w);
    renew();
    in_between = 1;
    load(w);
    assert_int_equal(in_between, 0);
    assert_ptr_equal(ca_of(w), before);
    assert_true(runtime_stale(w->runtime, w->folder.path));
    load(w);
    assert_ptr_not_equal(ca_of(w), before);
    assert_true(shows_the_files(w));
    assert_false(runtime_stale(w->runtime, w->folder.path));
}

/* There is nothing better, and it is not for long. */
static void load__replaced_at_the_start__read_again_soon(void **state)
{
    struct world *w = *state;

    in_between = 1;
    load(w);
    assert_false(shows_the_files(w));
    assert_true(runtime_stale(w->runtime, w->folder.path));
    load(w);
    assert_true(shows_the_files(w));
    assert_false(runtime_stale(w->runtime, w->folder.path));
}

#define unit(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(load__replaced_while_it_is_read__the_former_whole_one_and_then_the_new_one),
        unit(load__replaced_at_the_start__read_again_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
