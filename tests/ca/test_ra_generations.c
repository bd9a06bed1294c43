/* SPDX-License-Identifier: Apache-2.0 */
/* RAs that are replaced: the former ones go on, whatever moment the power fails at. */
#include "ca/ra_fixture.h"

#include <string.h>

#include "model/certificate.h"
#include "platform/clock.h"

/* What is shown: the single RA and the pair. */
static void assert_shown(const struct ra_set *ras, const struct generation *g, const char *name)
{
    size_t decrypt = 0;

    if (X509_cmp(ras->ra[0].cert, g->cert[RA_CERT_SINGLE]) != 0 || !ra_set_find_pair(ras, &decrypt)
        || X509_cmp(ras->ra[decrypt].cert, g->cert[RA_CERT_ENC]) != 0
        || X509_cmp(ra_set_signer(ras, decrypt)->cert, g->cert[RA_CERT_SIGN]) != 0) {
        fail_msg("%s: another generation is shown", name);
    }
    assert_false(ras->ra[0].former);
}

static void renew__once__the_former_go_on_unshown(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct error err = ERROR_INIT;
    struct generation old = generation_current(w);
    struct generation new;
    struct certificate_info info;
    struct ca_builtin *builtin = NULL;
    struct ca *ca = NULL;
    struct ra_set *ras = NULL;

    ra_world_renew(w);
    assert_int_equal(w->change.kept, 2); /* the single one and the pair */
    assert_int_equal(w->change.given_way, 0);
    new = generation_current(w);
    assert_int_not_equal(X509_cmp(new.cert[0], old.cert[0]), 0);
    ca = ra_world_ca(w, 30, &builtin);
    ras = ca_ra(ca, &err);
    assert_done(ras != NULL, &err, "ra");
    assert_int_equal(ras->ra_count, 6);
    assert_shown(ras, &new, "new");
    assert_serves(ras, &new, "new");
    assert_serves(ras, &old, "old");
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(ras->ra[i].former, i >= 3);
    }
    const struct ra_sets *sets = ca_builtin_ra_sets(builtin);
    assert_int_equal(sets->former_count, 2);
    assert_int_equal(sets->unusable, 0);
    assert_true(certificate_info(old.cert[RA_CERT_ENC], &info, &err));
    assert_int_equal(sets->former[1].lead, RA_CERT_ENC);
    assert_string_equal(sets->former[1].serial, info.serial);
    assert_int_equal(sets->former[1].kept_until, info.not_after + 30 * DAY);
    assert_int_equal(sets->kept_until, info.not_after + 30 * DAY);
    assert_true(certificate_info(old.cert[RA_CERT_SIGN], &info, &err));
    assert_string_equal(sets->former[1].sign_serial, info.serial);
    assert_int_equal(sets->former[0].lead, RA_CERT_SINGLE);
    assert_string_equal(sets->former[0].sign_serial, "");
    ra_set_unref(ras);
    ca_free(ca);
    generation_clear(&old);
    generation_clear(&new);
}

static void renew__more_than_fit__the_oldest_gives_way(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct generation g[RA_GENERATIONS_MAX + 1];
    struct error err = ERROR_INIT;
    struct certificate_info info;
    struct ca_builtin *builtin = NULL;
    struct ca *ca = NULL;
    struct ra_set *ras = NULL;

    for (size_t i = 0; i <= RA_GENERATIONS_MAX; i++) {
        if (i > 0) {
            ra_world_renew(w);
            assert_int_equal(w->change.given_way, i == RA_GENERATIONS_MAX ? 2 : 0);
        }
        g[i] = generation_current(w);
    }
    assert_true(certificate_info(g[0].cert[0], &info, &err));
    assert_int_equal(w->change.given_way_end, info.not_after);
    ca = ra_world_ca(w, 0, &builtin);
    ras = ca_ra(ca, &err);
    assert_done(ras != NULL, &err, "ra");
    assert_int_equal(ras->ra_count, RA_MEMBERS_MAX);
    assert_shown(ras, &g[RA_GENERATIONS_MAX], "the newest");
    for (size_t i = 1; i <= RA_GENERATIONS_MAX; i++) {
        assert_serves(ras, &g[i], "kept");
    }
    assert_int_equal(ra_set_index(ras, g[0].cert[RA_CERT_SINGLE]), RA_MEMBERS_MAX);
    assert_int_equal(ra_set_index(ras, g[0].cert[RA_CERT_ENC]), RA_MEMBERS_MAX);
    /* newest first */
    assert_int_equal(X509_cmp(ras->ra[3].cert, g[3].cert[RA_CERT_SINGLE]), 0);
    assert_int_equal(X509_cmp(ras->ra[5].cert, g[1].cert[RA_CERT_SINGLE]), 0);
    ra_set_unref(ras);
    ca_free(ca);
    for (size_t i = 0; i <= RA_GENERATIONS_MAX; i++) {
        generation_clear(&g[i]);
    }
}

static void tidy(const struct ra_world *w, int64_t keep_days, size_t removed, const char *name)
{
    const struct ra_roll_options options = { w->folder.path, "issuing",   0,
                                             keep_days,      clock_now(), clock_now() };
    struct ra_roll_result result;
    struct error err = ERROR_INIT;

    assert_done(ra_roll_run(&options, &result, &err), &err, name);
    assert_int_equal(result.removed, removed);
    assert_false(result.replaced[RA_GENERATION_SINGLE] || result.replaced[RA_GENERATION_PAIR]);
}

static bool is_tidy(const struct ra_world *w)
{
    struct error err = ERROR_INIT;
    struct ca_folder folder;

    assert_done(ca_folder_open(&folder, w->folder.path, "issuing", &err), &err, "folder");
    return !ra_generations_untidy(&folder, INT64_MIN);
}

static struct ra_set *all_of(const struct ra_world *w, const char *name)
{
    struct error err = ERROR_INIT;
    struct ca_builtin *builtin = NULL;
    struct ca *ca = ra_world_ca(w, 0, &builtin);
    struct ra_set *ras = ca_ra(ca, &err);

    assert_done(ras != NULL, &err, name);
    if (ca_builtin_pair_error(builtin) != NULL || ca_builtin_ra_sets(builtin)->unusable != 0) {
        fail_msg("%s: %s", name,
                 ca_builtin_pair_error(builtin) != NULL
                     ? ca_builtin_pair_error(builtin)->detail
                     : ca_builtin_ra_sets(builtin)->unusable_error.detail);
    }
    ca_free(ca);
    return ras;
}

/*
 * Whoever was served `before` is served now, opened with the right key and answered by the signer
 * it knows; but for the `gone` oldest generations of a full house. What is there now, a reference.
 */
static struct ra_set *assert_nobody_lost(const struct ra_world *w, const struct ra_set *before,
                                         size_t gone, const char *name)
{
    struct ra_set *now = all_of(w, name);
    size_t age[2] = { 0, 0 };

    for (size_t i = 0; i < now->ra_count; i++) {
        assert_int_equal(X509_check_private_key(now->ra[i].cert, now->ra[i].key), 1);
    }
    for (size_t i = 0; i < before->ra_count; i++) {
        const struct ra_identity *member = &before->ra[i];
        size_t at = ra_set_index(now, member->cert);

        if (!member->decrypts || age[member->signs ? 0 : 1]++ + gone >= RA_GENERATIONS_MAX) {
            continue;
        }
        if (at == RA_MEMBERS_MAX || !now->ra[at].decrypts) {
            fail_msg("%s: member %zu is lost", name, i);
        } else if (X509_cmp(ra_set_signer(now, at)->cert, ra_set_signer(before, i)->cert) != 0) {
            fail_msg("%s: member %zu is answered by another signer", name, i);
        }
    }
    return now;
}

static void forget_former(const struct ra_world *w)
{
    static const char *const files[] = { "ra.1.crt",      "ra.1.key",     "ra-sign.1.crt",
                                         "ra-sign.1.key", "ra-enc.1.crt", "ra-enc.1.key",
                                         "ra.2.crt",      "ra.2.key",     "ra-sign.2.crt",
                                         "ra-sign.2.key", "ra-enc.2.crt", "ra-enc.2.key" };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct error err = ERROR_INIT;
        char path[FILE_PATH_MAX];

        fixture_path(&w->folder, files[i], path);
        assert_done(file_remove(path, &err), &err, path);
    }
}

/*
 * A replacement is cut off before its nth operation on a file; then either the service tidies up,
 * or somebody replaces once more right away. *ras is who is served, before and afterwards. True
 * when it was not cut off any more.
 */
static bool cut_off_at(struct ra_world *w, unsigned n, struct ra_set **ras)
{
    struct ra_set *between = NULL;
    struct ra_set *after = NULL;
    struct error err = ERROR_INIT;
    char name[64];
    bool done = false;

    (void)snprintf(name, sizeof(name), "%zu members, step %u", (*ras)->ra_count, n);
    w->options.ra_validity_days++;
    ra_fixture_operations = 0;
    ra_fixture_power_fails_at = n;
    done = ca_files_renew_ra(&w->options, &err);
    ra_fixture_power_fails_at = 0;
    if (!done) {
        assert_int_equal(err.reason, REASON_DISK_FULL);
    }
    between = assert_nobody_lost(w, *ras, 1, name);
    if (n % 2 == 0) {
        tidy(w, 0, 0, name);
    } else {
        ra_world_renew(w);
    }
    assert_true(is_tidy(w));
    after = assert_nobody_lost(w, *ras, n % 2 == 0 ? 1 : 2, name);
    ra_set_unref(between);
    ra_set_unref(*ras);
    *ras = after;
    return done;
}

/* From the first step to the last one, there being no former ones before. */
static void renew__power_fails_at_any_step__nobody_is_lost(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct ra_set *ras = all_of(w, "made");
    unsigned n = 1;

    while (!cut_off_at(w, n, &ras)) {
        ra_set_unref(ras);
        forget_former(w);
        ras = all_of(w, "forgotten");
        assert_int_equal(ras->ra_count, 3);
        assert_in_range(++n, 1, 100);
    }
    assert_in_range(n, 12, 40); /* six files to copy, six to write, and places to be made empty */
    ra_set_unref(ras);
}

static void renew__power_fails_with_all_slots_in_use__nobody_but_the_oldest_is_lost(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct ra_set *ras = NULL;

    for (size_t i = 0; i < RA_FORMERS_MAX; i++) {
        ra_world_renew(w);
    }
    ras = all_of(w, "full");
    /* up to when the former ones are kept; what is written then is written above, too */
    for (unsigned n = 1; n <= 13; n += n < 6 ? 1 : 3) {
        if (ras->ra_count < RA_MEMBERS_MAX) {
            ra_world_renew(w); /* the oldest gave way to one that never came */
            ra_set_unref(ras);
            ras = all_of(w, "full again");
        }
        assert_false(cut_off_at(w, n, &ras));
    }
    ra_set_unref(ras);
}

/* An RA of ten days, replaced; its time and what remains of it. */
static void former__its_time_over__goes_with_its_files(void **state)
{
    static const struct {
        int64_t day;
        bool there;
    } cases[] = { { 1, true }, { 9, true }, { 11, true }, { 14, true }, { 16, false } };
    struct ra_world *w = *state;
    struct generation old;
    struct error err = ERROR_INIT;

    w->options = fixture_options(&w->folder);
    w->options.ra_change = &w->change;
    w->options.ra_validity_days = 10;
    assert_done(ca_files_create(&w->options, &err), &err, "create");
    old = generation_current(w);
    w->options.ra_validity_days = 730;
    ra_world_renew(w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ca_builtin *builtin = NULL;
        struct ca *ca = NULL;
        struct ra_set *ras = NULL;

        ra_fixture_later = cases[i].day * DAY;
        ca = ra_world_ca(w, 5, &builtin);
        ras = ca_ra(ca, &err);
        assert_done(ras != NULL, &err, "ra");
        assert_int_equal(ra_set_index(ras, old.cert[RA_CERT_ENC]) != RA_MEMBERS_MAX,
                         cases[i].there);
        assert_int_equal(ra_set_index(ras, old.cert[RA_CERT_SINGLE]) != RA_MEMBERS_MAX,
                         cases[i].there);
        ra_set_unref(ras);
        ca_free(ca);
        tidy(w, 5, cases[i].there ? 0 : 2, "tidy");
        assert_int_equal(fixture_has(&w->folder, "ra.1.key"), cases[i].there);
        assert_int_equal(fixture_has(&w->folder, "ra-enc.1.crt"), cases[i].there);
    }
    assert_false(fixture_has(&w->folder, "ra.1.crt") || fixture_has(&w->folder, "ra-sign.1.key"));
    generation_clear(&old);
}

/* Damaged former ones are told of; nothing is made of them, and nothing of theirs is removed. */
static void former__damaged__told_and_left_alone(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct error err = ERROR_INIT;
    struct ca_builtin *builtin = NULL;
    struct ca *ca = NULL;
    struct ra_set *ras = NULL;

    ra_world_renew(w);
    sample_write(&w->folder, "ca/issuing/ra.1.key", "ONDP1 garbage", 13);
    sample_write(&w->folder, "ca/issuing/ra-enc.1.crt", "garbage", 7);
    ca = ra_world_ca(w, 0, &builtin);
    ras = ca_ra(ca, &err);
    assert_done(ras != NULL, &err, "ra");
    assert_int_equal(ras->ra_count, 3);
    assert_int_equal(ca_builtin_ra_sets(builtin)->unusable, 2);
    assert_non_null(strstr(ca_builtin_ra_sets(builtin)->unusable_error.detail, "ra.1.key"));
    ra_set_unref(ras);
    ca_free(ca);
    tidy(w, 0, 0, "damaged");
    assert_true(fixture_has(&w->folder, "ra-enc.1.crt")
                && fixture_has(&w->folder, "ra-sign.1.key"));
}

/* A key has become known: nobody is served by it any more. */
static void renew__drop_former__none_goes_on(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct ra_set *ras = NULL;

    ra_world_renew(w);
    w->options.drop_former_ras = true;
    ra_world_renew(w);
    ras = all_of(w, "dropped");
    assert_int_equal(ras->ra_count, 3);
    assert_false(fixture_has(&w->folder, "ra.1.key") || fixture_has(&w->folder, "ra-enc.2.crt"));
    ra_set_unref(ras);
    w->options.drop_former_ras = false;
}

/* What does not work is replaced as ever; there is nothing to keep. */
static void renew__current_one_damaged__replaced_and_not_kept(void **state)
{
    struct ra_world *w = ra_world_open(state);
    struct generation new;

    sample_write(&w->folder, "ca/issuing/ra.key", "ONDP1 garbage", 13);
    ra_world_renew(w);
    assert_int_equal(w->change.kept, 1); /* the pair */
    assert_false(fixture_has(&w->folder, "ra.1.crt") || fixture_has(&w->folder, "ra.1.key"));
    new = generation_current(w);
    assert_world_serves(w, &new, "new");
    generation_clear(&new);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, ra_world_set_up, ra_world_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(renew__once__the_former_go_on_unshown),
        CASE(renew__more_than_fit__the_oldest_gives_way),
        CASE(renew__power_fails_at_any_step__nobody_is_lost),
        CASE(renew__power_fails_with_all_slots_in_use__nobody_but_the_oldest_is_lost),
        CASE(former__its_time_over__goes_with_its_files),
        CASE(former__damaged__told_and_left_alone),
        CASE(renew__drop_former__none_goes_on),
        CASE(renew__current_one_damaged__replaced_and_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
