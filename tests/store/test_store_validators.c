/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs for validators and policies: revoking at their request, a subject's history; upgrades. */
#include <string.h>

#include "base/text.h"
#include "store/provisional_fixture.h"
#include "store/store_passwords.h"
#include "store/version_1.h"
#include "store/version_2.h"

static bool count_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    (void)row;
    (void)err;
    *(size_t *)context += 1;
    return true;
}

/* ---- revoking for somebody ------------------------------------------------------------------ */

static bool revoke_for(struct store *store, const char *ca, const char *serial, int64_t now,
                       bool *again, struct error *err)
{
    error_clear(err);
    *again = false;
    return store_revoke_for(store, ca, serial, 5, "intune", now, again, err);
}

static void revoke_for__again_and_others__told_apart(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s, other;
    bool again = true;

    sample_init(&s, 1);
    sample_init(&other, 2);
    fixture_record(f->store, &s, 0);
    fixture_record(f->store, &other, 0);
    assert_ok(revoke_for(f->store, "issuing", s.info.serial, FIXTURE_NOW + 1, &again, &err), err);
    assert_false(again);
    assert_string_equal(fixture_state(f->store, &s).by, "intune");
    assert_int_equal(fixture_state(f->store, &s).reason, 5);
    assert_int_equal(fixture_revocations(f->store), 1);

    assert_ok(revoke_for(f->store, "issuing", s.info.serial, FIXTURE_NOW + 9, &again, &err), err);
    assert_true(again);
    assert_int_equal(fixture_state(f->store, &s).revoked_at, FIXTURE_NOW + 1);
    assert_int_equal(fixture_revocations(f->store), 1);

    fixture_revoke(f->store, &other);
    assert_false(revoke_for(f->store, "issuing", other.info.serial, FIXTURE_NOW + 9, &again, &err));
    assert_reason(err, CERT_ALREADY_REVOKED);
    assert_non_null(strstr(err.detail, "administrator"));
    assert_false(revoke_for(f->store, "issuing", "00ff", FIXTURE_NOW, &again, &err));
    assert_reason(err, CERT_NOT_FOUND);
    assert_false(revoke_for(f->store, "another", s.info.serial, FIXTURE_NOW, &again, &err));
    assert_reason(err, CERT_NOT_FOUND);
    error_clear(&err);
    assert_false(
        store_revoke_for(f->store, "issuing", s.info.serial, 7, "intune", 0, &again, &err));
    assert_reason(err, USAGE);
    error_clear(&err);
    assert_false(store_revoke_certificate(f->store, "issuing", s.info.serial, 1, 0, &err));
    assert_reason(err, CERT_ALREADY_REVOKED);
    assert_non_null(strstr(err.detail, "intune"));
}

static void each_serial__two_cas__both(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s, twin;
    size_t count = 0;

    sample_init(&s, 1);
    sample_init(&twin, 1);
    twin.key.ca_name = "another";
    fixture_record(f->store, &s, 0);
    fixture_record(f->store, &twin, 0);
    assert_ok(store_each_serial(f->store, s.info.serial, count_row, &count, &err), err);
    assert_int_equal(count, 2);
    count = 0;
    assert_ok(store_each_serial(f->store, "00", count_row, &count, &err), err);
    assert_int_equal(count, 0);
}

/* ---- history -------------------------------------------------------------------------------- */

static void assert_history(struct store *store, const char *template_name, const char *subject,
                           int64_t since, int64_t count, int64_t valid_until)
{
    struct error err = ERROR_INIT;
    int64_t counted = -1;
    int64_t until = -1;

    assert_ok(store_subject_history(store, template_name, subject, since, FIXTURE_NOW, &counted,
                                    &until, &err),
              err);
    assert_int_equal(counted, count);
    assert_int_equal(until, valid_until);
}

static void history__states_and_times__what_counts(void **state)
{
    struct fixture *f = *state;
    struct sample s[5];
    int64_t id = 0;

    assert_history(f->store, "devices", "CN=x", 0, 0, 0);
    for (uint32_t i = 0; i < 5; i++) {
        sample_init(&s[i], i);
        assert_true(text_copy(s[i].info.subject, sizeof s[i].info.subject, "CN=x"));
        s[i].cert.issued_at = FIXTURE_NOW + i;
        s[i].info.not_after = FIXTURE_NOW + 1000 * (i + 1);
    }
    s[4].key.template_name = "others";
    fixture_record(f->store, &s[0], 0);
    fixture_record(f->store, &s[1], 0);
    fixture_record(f->store, &s[4], 0);
    assert_history(f->store, "devices", "CN=x", 0, 2, FIXTURE_NOW + 2000);
    assert_history(f->store, "devices", "CN=x", FIXTURE_NOW + 1, 1, FIXTURE_NOW + 2000);
    assert_history(f->store, "devices", "CN=x", FIXTURE_NOW + 2, 0, FIXTURE_NOW + 2000);
    assert_history(f->store, "others", "CN=x", 0, 1, FIXTURE_NOW + 5000);
    assert_history(f->store, "devices", "CN=X", 0, 2, FIXTURE_NOW + 2000); /* no other name */
    assert_history(f->store, "devices", "CN=xx", 0, 0, 0);
    /* On its way: counts, so that two at the same time cannot both be the last one allowed. */
    fixture_provisional(f->store, &s[2]);
    assert_history(f->store, "devices", "CN=x", 0, 3, FIXTURE_NOW + 3000);
    id = fixture_provisional(f->store, &s[3]);
    fixture_withhold(f->store, id, "no");
    assert_history(f->store, "devices", "CN=x", 0, 3, FIXTURE_NOW + 3000);
    /* Revoked: was issued, is not valid. */
    fixture_revoke(f->store, &s[1]);
    fixture_revoke(f->store, &s[2]);
    assert_history(f->store, "devices", "CN=x", 0, 3, FIXTURE_NOW + 1000);
}

static void history__ended__not_valid(void **state)
{
    struct fixture *f = *state;
    struct sample s;

    sample_init(&s, 1);
    s.info.not_after = FIXTURE_NOW;
    fixture_record(f->store, &s, 0);
    assert_history(f->store, "devices", s.info.subject, 0, 1, FIXTURE_NOW);
    sample_init(&s, 2);
    s.info.not_after = FIXTURE_NOW - 1;
    fixture_record(f->store, &s, 0);
    assert_history(f->store, "devices", s.info.subject, 0, 1, 0);
}

/* ---- upgrades ------------------------------------------------------------------------------- */

static void open_old(struct fixture *f, const char *second)
{
    struct error err = ERROR_INIT;

    assert_ok(file_write_atomic(f->path, bytes_of(NULL, 0), true, &err), err);
    struct db *db = fixture_open_db(f);
    assert_ok(db_execute(db, version_1_sql, &err), err);
    assert_ok(second == NULL || db_execute(db, second, &err), err);
    db_close(db);
    f->store = fixture_open(f);
}

static bool check_old(void *context, const struct store_certificate_row *row, struct error *err)
{
    size_t *seen = context;

    (void)err;
    *seen += 1;
    assert_int_equal(row->withheld, STORE_IN_USE);
    assert_string_equal(row->revoked_by, row->revoked_at != 0 ? "administrator" : "");
    return true;
}

static void check_upgraded(struct fixture *f)
{
    struct store_list_filter all = { .now = FIXTURE_NOW };
    struct error err = ERROR_INIT;
    size_t seen = 0;
    struct sample s;

    assert_int_equal(fixture_query(f, "PRAGMA user_version"), 4);
    assert_ok(store_list_certificates(f->store, &all, check_old, &seen, &err), err);
    assert_int_equal(seen, 2);
    assert_int_equal(fixture_crl_rows(f->store), 1);
    assert_history(f->store, "devices", "CN=old", 0, 1, 1800000000);
    assert_history(f->store, "devices", "CN=gone", 0, 1, 0);
    sample_init(&s, 1);
    fixture_withhold(f->store, fixture_provisional(f->store, &s), "no");
    assert_int_equal(fixture_revocations(f->store), 2);
    assert_ok(store_check(f->store, &err), err);
}

static void upgrade__version_1_with_certificates__kept(void **state)
{
    struct fixture *f = *state;

    open_old(f, NULL);
    check_upgraded(f);
}

static void upgrade__version_2_with_passwords__kept(void **state)
{
    struct fixture *f = *state;
    struct store_password_purge all = { .now = FIXTURE_NOW };
    struct error err = ERROR_INIT;
    int64_t purged = 0;

    open_old(f, version_2_sql);
    check_upgraded(f);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM password"), 2);
    assert_ok(store_password_purge(f->store, &all, &purged, &err), err);
    assert_int_equal(purged, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up_open, fixture_tear_down)
#define TEST_CLOSED(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(revoke_for__again_and_others__told_apart),
        TEST(each_serial__two_cas__both),
        TEST(history__states_and_times__what_counts),
        TEST(history__ended__not_valid),
        TEST_CLOSED(upgrade__version_1_with_certificates__kept),
        TEST_CLOSED(upgrade__version_2_with_passwords__kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
