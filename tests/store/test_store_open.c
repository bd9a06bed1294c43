/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: new, old, foreign, damaged files. */
#include "store/store_fixture.h"

#include <string.h>

#include "platform/threads.h"
#include "store/store_schema.h"
#include "store/version_1.h"

#define FILE_MAX_BYTES (16u * 1024 * 1024)

static int64_t count_all(struct store *store)
{
    struct error err = ERROR_INIT;
    int64_t count = -1;

    assert_ok(store_count_certificates(store, &count, &err), err);
    return count;
}

static void record_some(const struct fixture *f, uint32_t count)
{
    struct store *store = fixture_open(f);

    for (uint32_t i = 0; i < count; i++) {
        struct sample s;

        sample_init(&s, i);
        assert_int_equal(fixture_record(store, &s, FIXTURE_DAY), STORE_RECORDED);
    }
    store_close(store);
}

static void write_file(const struct fixture *f, const void *data, size_t len)
{
    struct error err = ERROR_INIT;

    assert_ok(file_write_atomic(f->path, bytes_of(data, len), true, &err), err);
}

/* An empty file, made by the script. */
static void run_script(const struct fixture *f, const char *script)
{
    struct error err = ERROR_INIT;
    struct db *db = NULL;

    write_file(f, "", 0);
    db = fixture_open_db(f);
    assert_ok(db_execute(db, script, &err), err);
    db_close(db);
}

/* ---- sound files -------------------------------------------------------------------------- */

static void open__no_file__made_with_our_identity(void **state)
{
    struct fixture *f = *state;

    f->store = fixture_open(f);
    assert_int_equal(count_all(f->store), 0);
    assert_int_equal(fixture_query(f, "PRAGMA application_id"), STORE_SCHEMA_APPLICATION);
    assert_int_equal(fixture_query(f, "PRAGMA user_version"), store_schema_current().count);
}

static void open__again__everything_there(void **state)
{
    struct fixture *f = *state;

    record_some(f, 3);
    record_some(f, 0);
    f->store = fixture_open(f);
    assert_int_equal(count_all(f->store), 3);
}

static void open__empty_file__becomes_ours(void **state)
{
    struct fixture *f = *state;

    write_file(f, "", 0);
    record_some(f, 1);
}

static void *open_and_close(void *context)
{
    struct store_options options = fixture_options(context);
    struct error err = ERROR_INIT;
    struct store *store = store_open(&options, &err);

    if (store == NULL) {
        print_message("    %s: %s\n", reason_id(err.reason), err.detail);
    }
    store_close(store);
    return store != NULL ? NULL : context;
}

static void open__new_file_by_8_at_once__all_succeed(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    pthread_t threads[8];

    for (size_t i = 0; i < 8; i++) {
        assert_ok(thread_start(&threads[i], "opener", open_and_close, f, &err), err);
    }
    void *failed = NULL;
    for (size_t i = 0; i < 8; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        failed = result != NULL ? result : failed;
    }
    assert_null(failed);
    record_some(f, 1);
}

static bool check_old_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    (void)context;
    (void)err;
    assert_string_equal(row->subject, "CN=old");
    assert_string_equal(row->peer, "192.0.2.7");
    assert_int_equal(row->der.len, 2);
    return true;
}

static void open__file_of_version_1__kept_and_upgraded(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct store_crl crl = { 0 };
    struct buffer der = BUFFER_INIT(100);
    int64_t revocations = 0;
    bool found = false;
    struct sample s;

    run_script(f, version_1_sql);
    f->store = fixture_open(f);
    assert_int_equal(fixture_query(f, "PRAGMA user_version"), store_schema_current().count);
    assert_int_equal(count_all(f->store), 2);
    assert_ok(store_show_certificate(f->store, NULL, "0a1b", check_old_row, NULL, &err), err);
    assert_ok(store_revocation_count(f->store, "issuing", &revocations, &err), err);
    assert_int_equal(revocations, 1);
    assert_ok(store_get_crl(f->store, "issuing", &crl, &der, &found, &err), err);
    assert_true(found);
    assert_int_equal(crl.number, 12);
    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, FIXTURE_DAY), STORE_RECORDED);
    fixture_revoke(f->store, &s);
    assert_ok(store_check(f->store, &err), err);
    buffer_clear(&der);
}

/* ---- upgrades ----------------------------------------------------------------------------- */

static const char *const good_steps[] = {
    "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)",
    "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1",
    "CREATE TABLE b AS SELECT y FROM a",
};
/* The third step fails in its second statement. */
static const char *const bad_steps[] = {
    "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)",
    "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1",
    "CREATE TABLE b AS SELECT y FROM a; INSERT INTO nowhere VALUES (1)",
};

static void upgrade__several_steps__each_once(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct store_schema one = { good_steps, 1 };
    struct store_schema three = { good_steps, 3 };
    struct db *db = NULL;

    write_file(f, "", 0);
    db = fixture_open_db(f);
    assert_ok(store_schema_upgrade(db, &one, &err), err);
    assert_int_equal(fixture_query(f, "PRAGMA user_version"), 1);
    for (int i = 0; i < 2; i++) {
        assert_ok(store_schema_upgrade(db, &three, &err), err);
        assert_int_equal(fixture_query(f, "PRAGMA user_version"), 3);
        assert_int_equal(fixture_query(f, "SELECT sum(y) FROM b"), 2);
    }
    /* And now an older program comes. */
    assert_false(store_schema_upgrade(db, &one, &err));
    assert_reason(err, STORE_SCHEMA_NEWER);
    db_close(db);
}

static void upgrade__step_fails__earlier_steps_stay_this_one_not(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct store_schema bad = { bad_steps, 3 };
    struct store_schema good = { good_steps, 3 };
    struct db *db = NULL;

    write_file(f, "", 0);
    db = fixture_open_db(f);
    assert_false(store_schema_upgrade(db, &bad, &err));
    assert_reason(err, STORE_FAILED);
    assert_non_null(strstr(err.detail, "schema version 3"));
    assert_int_equal(fixture_query(f, "PRAGMA user_version"), 2);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM sqlite_master"), 1);
    error_clear(&err);
    assert_ok(store_schema_upgrade(db, &good, &err), err);
    db_close(db);
}

/* ---- files that are refused --------------------------------------------------------------- */

static void make_text(const struct fixture *f)
{
    char text[5000];

    memset(text, 'x', sizeof text);
    write_file(f, text, sizeof text);
}
static void make_short_text(const struct fixture *f)
{
    write_file(f, "hello\n", 6);
}
static void make_foreign(const struct fixture *f)
{
    run_script(f, "PRAGMA application_id = 252006673; CREATE TABLE t (x); PRAGMA user_version = 1");
}
static void make_unmarked(const struct fixture *f)
{
    run_script(f, "CREATE TABLE t (x)");
}
static void make_newer(const struct fixture *f)
{
    run_script(f, version_1_sql);
    struct db *db = fixture_open_db(f);
    struct error err = ERROR_INIT;
    assert_ok(db_execute(db, "PRAGMA user_version = 999", &err), err);
    db_close(db);
}
static void make_folder(const struct fixture *f)
{
    struct error err = ERROR_INIT;
    assert_ok(folder_create(f->path, true, &err), err);
}

/* A database of 200 certificates, from which the change takes or damages something. */
static void change_file(const struct fixture *f, size_t keep, size_t damage_at)
{
    struct buffer content = BUFFER_INIT(FILE_MAX_BYTES);
    struct error err = ERROR_INIT;

    record_some(f, 200);
    assert_ok(file_read(f->path, FILE_MAX_BYTES, &content, &err), err);
    assert_in_range(content.len, 200 * 1024, FILE_MAX_BYTES);
    if (damage_at > 0) {
        memset(content.data + damage_at, 0x5a, 3000);
    }
    write_file(f, content.data, keep > 0 ? keep : content.len);
    buffer_clear(&content);
}
static void make_truncated(const struct fixture *f)
{
    change_file(f, 100 * 1024, 0);
}
static void make_cut_in_first_page(const struct fixture *f)
{
    change_file(f, 1000, 0);
}
static void make_damaged(const struct fixture *f)
{
    change_file(f, 0, 150 * 1024);
}
static void make_damaged_schema(const struct fixture *f)
{
    change_file(f, 0, 110);
}
static void make_nothing(const struct fixture *f)
{
    (void)f;
}

struct refused_case {
    const char *name;
    void (*make)(const struct fixture *f);
    bool read_only;
    enum reason reason;
    const char *advice; /* part of the detail */
};

static const struct refused_case refused_cases[] = {
    { "text", make_text, false, REASON_STORE_CORRUPT, "restore the last backup" },
    { "short text", make_short_text, false, REASON_STORE_CORRUPT, "restore the last backup" },
    { "text, read only", make_text, true, REASON_STORE_CORRUPT, "restore the last backup" },
    { "foreign", make_foreign, false, REASON_STORE_FAILED, "another program" },
    { "foreign, read only", make_foreign, true, REASON_STORE_FAILED, "another program" },
    { "unmarked", make_unmarked, false, REASON_STORE_FAILED, "another program" },
    { "newer", make_newer, false, REASON_STORE_SCHEMA_NEWER, "install the newer" },
    { "newer, read only", make_newer, true, REASON_STORE_SCHEMA_NEWER, "install the newer" },
    { "folder", make_folder, false, REASON_STORE_FAILED, "this is a folder" },
    { "truncated", make_truncated, false, REASON_STORE_CORRUPT, "restore the last backup" },
    { "first page cut", make_cut_in_first_page, false, REASON_STORE_CORRUPT, "restore" },
    { "damaged", make_damaged, false, REASON_STORE_CORRUPT, "restore the last backup" },
    { "damaged, read only", make_damaged, true, REASON_STORE_CORRUPT, "restore" },
    { "damaged schema", make_damaged_schema, false, REASON_STORE_CORRUPT, "restore" },
    { "missing, read only", make_nothing, true, REASON_STORE_FAILED, "openndes init" },
};

static void check_refused(const struct refused_case *c)
{
    void *state = NULL;
    struct error err = ERROR_INIT;
    struct file_stamp before, after;

    fixture_set_up(&state);
    struct fixture *f = state;
    struct store_options options = fixture_options(f);
    c->make(f);
    assert_ok(file_stamp(f->path, &before, &err), err);
    options.read_only = c->read_only;
    if (store_open(&options, &err) != NULL) {
        fail_msg("%s: opened", c->name);
    }
    if (err.reason != c->reason || strstr(err.detail, c->advice) == NULL
        || strstr(err.detail, f->path) == NULL) {
        fail_msg("%s: %s: %s", c->name, reason_id(err.reason), err.detail);
    }
    print_message("    %s\n", err.detail);
    error_clear(&err);
    assert_ok(file_stamp(f->path, &after, &err), err);
    if (!file_stamp_equal(&before, &after)) {
        fail_msg("%s: the file was changed", c->name);
    }
    fixture_tear_down(&state);
}

static void open__file_that_cannot_be_used__refused_untouched_with_advice(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused_cases / sizeof refused_cases[0]; i++) {
        check_refused(&refused_cases[i]);
    }
}

static void open__missing_folder__says_so(void **state)
{
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(&f->folder, "nowhere/openndes.db", path);
    options.path = path;
    assert_null(store_open(&options, &err));
    assert_reason(err, STORE_READ_ONLY);
    print_message("    %s\n", err.detail);
}

static void check__index_without_its_rows__corrupt(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct buffer content = BUFFER_INIT(FILE_MAX_BYTES);
    size_t hits = 0;
    struct sample s;

    /* One byte of one serial, in the index only: each page by itself is sound. */
    record_some(f, 50);
    sample_init(&s, 7);
    size_t len = strlen(s.info.serial);
    assert_ok(file_read(f->path, FILE_MAX_BYTES, &content, &err), err);
    for (size_t i = 0; i + len + 7 < content.len; i++) {
        if (memcmp(content.data + i, s.info.serial, len) == 0
            && memcmp(content.data + i + len, "issuing", 7) == 0) {
            content.data[i + len - 1] ^= 1;
            hits++;
        }
    }
    assert_int_equal(hits, 1);
    write_file(f, content.data, content.len);
    buffer_clear(&content);
    f->store = fixture_open(f);
    assert_false(store_check(f->store, &err));
    assert_reason(err, STORE_CORRUPT);
}

/* ---- reading only ------------------------------------------------------------------------- */

static void check_reading_only(const struct fixture *f)
{
    struct store_options options = fixture_options(f);
    struct error err = ERROR_INIT;
    enum store_record_result result;
    struct store_stats stats;
    struct sample s;

    options.read_only = true;
    struct store *reader = store_open(&options, &err);
    assert_ok(reader != NULL, err);
    assert_int_equal(count_all(reader), 3);
    assert_ok(store_check(reader, &err), err);
    sample_init(&s, 9);
    assert_false(store_record_certificate(reader, &s.cert, FIXTURE_DAY, &result, &err));
    assert_reason(err, STORE_READ_ONLY);
    store_get_stats(reader, &stats);
    assert_int_equal(stats.commits, 0);
    store_close(reader);
}

static void open__read_only__reads_beside_the_service_and_alone(void **state)
{
    struct fixture *f = *state;

    record_some(f, 3);
    check_reading_only(f);
    f->store = fixture_open(f);
    check_reading_only(f);
    check_reading_only(f); /* closing the first one has hurt nobody */
    assert_int_equal(count_all(f->store), 3);
}

static void open__number_of_readers__bounded(void **state)
{
    struct fixture *f = *state;
    static const unsigned wrong[] = { 0, 65 };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct store_options options = fixture_options(f);
        struct error err = ERROR_INIT;

        options.readers = wrong[i];
        assert_null(store_open(&options, &err));
        assert_reason(err, INTERNAL);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open__no_file__made_with_our_identity),
        TEST(open__again__everything_there),
        TEST(open__empty_file__becomes_ours),
        TEST(open__new_file_by_8_at_once__all_succeed),
        TEST(open__file_of_version_1__kept_and_upgraded),
        TEST(upgrade__several_steps__each_once),
        TEST(upgrade__step_fails__earlier_steps_stay_this_one_not),
        cmocka_unit_test(open__file_that_cannot_be_used__refused_untouched_with_advice),
        TEST(open__missing_folder__says_so),
        TEST(check__index_without_its_rows__corrupt),
        TEST(open__read_only__reads_beside_the_service_and_alone),
        TEST(open__number_of_readers__bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
