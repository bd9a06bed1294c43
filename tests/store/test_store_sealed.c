/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of one moment, and what is sealed in them. */
#include "store/store_sealed.h"

#include <string.h>

#include "base/text.h"
#include "store/store_fixture.h"
#include "store/store_outbox.h"
#include "store/store_passwords.h"
#include "store/store_snapshot.h"

#define REPEAT 600

static void add_single(struct store *store, const char *scope, const char *sealed)
{
    const struct store_password password = {
        .scope = scope,
        .mac = bytes_of_text(scope),
        .sealed = bytes_of_text(sealed),
        .made_by = "test",
        .created_at = FIXTURE_NOW,
    };
    struct error err = ERROR_INIT;
    bool put = false;
    int64_t id = 0;

    assert_ok(store_password_put_single(store, &password, false, &put, &id, &err), err);
}

static void add_ticket(struct store *store, const char *transaction, const char *ticket)
{
    const struct store_refusal why = { 1, "reason", "detail" };
    struct error err = ERROR_INIT;
    bool added = false;

    assert_ok(store_outbox_add(store, "device", bytes_of_text(transaction), bytes_of_text(ticket),
                               true, &why, FIXTURE_NOW, 100, &added, &err),
              err);
    assert_true(added);
}

struct listing {
    char text[512];
    int64_t ids[8];
    enum store_sealed_column columns[8];
    size_t count;
};

static bool note(void *context, const struct store_sealed_row *row, struct error *err)
{
    struct listing *listing = context;
    size_t len = strlen(listing->text);

    (void)err;
    assert_true(text_format(listing->text + len, sizeof(listing->text) - len, "%s:%s=%.*s ",
                            store_sealed_name(row->column), row->scope, (int)row->sealed.len,
                            (const char *)row->sealed.data));
    listing->ids[listing->count] = row->id;
    listing->columns[listing->count++] = row->column;
    return true;
}

static struct listing list(struct store *store)
{
    struct listing listing = { .count = 0 };
    struct error err = ERROR_INIT;

    assert_ok(store_sealed_list(store, note, &listing, &err), err);
    return listing;
}

static void sealed__listed_and_replaced__all_or_nothing(void **state)
{
    struct fixture *f = *state;
    struct listing listing;
    struct error err = ERROR_INIT;

    add_single(f->store, "phones", "one");
    add_single(f->store, "*", "two");
    add_ticket(f->store, "txn", "three");
    listing = list(f->store);
    assert_string_equal(
        listing.text,
        "password.sealed:*=two password.sealed:phones=one notification.ticket:=three ");
    struct store_sealed_row rows[] = {
        { listing.columns[0], listing.ids[0], "", bytes_of_text("new two") },
        { listing.columns[2], listing.ids[2], "", bytes_of_text("new three") },
        { STORE_SEALED_TICKET, 4711, "", bytes_of_text("nobody's") },
    };
    assert_refused(store_sealed_replace(f->store, rows, 3, &err), &err, REASON_STORE_FAILED, "");
    assert_string_equal(list(f->store).text, listing.text);
    error_clear(&err);
    assert_ok(store_sealed_replace(f->store, rows, 2, &err), err);
    assert_string_equal(list(f->store).text, "password.sealed:*=new two "
                                             "password.sealed:phones=one "
                                             "notification.ticket:=new three ");
}

static void add_empty(const struct fixture *f, const char *name, char path[FILE_PATH_MAX])
{
    static const struct bytes nothing = { NULL, 0 };
    struct error err = ERROR_INIT;

    test_folder_path(&f->folder, name, path);
    assert_ok(file_create_new(path, nothing, true, &err), err);
}

static void snapshot__others_write_on__copy_is_of_its_moment(void **state)
{
    struct fixture *f = *state;
    struct store_snapshot *snapshot = NULL;
    struct store_options options = { .readers = 1 };
    struct store *copy = NULL;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct sample sample;
    int64_t count = 0;

    for (uint32_t i = 0; i < 5; i++) {
        sample_init(&sample, i);
        assert_int_equal(fixture_record(f->store, &sample, REPEAT), STORE_RECORDED);
    }
    snapshot = store_snapshot_begin(f->path, &err);
    assert_done(snapshot != NULL, &err, "");
    for (uint32_t i = 5; i < 300; i++) {
        sample_init(&sample, i);
        assert_int_equal(fixture_record(f->store, &sample, REPEAT), STORE_RECORDED);
    }
    add_empty(f, "copy.db", path);
    assert_ok(store_snapshot_copy(snapshot, path, &err), err);
    store_snapshot_end(snapshot);

    options.path = path;
    copy = store_open(&options, &err);
    assert_done(copy != NULL, &err, "");
    assert_ok(store_count_certificates(copy, &count, &err), err);
    assert_int_equal(count, 5);
    assert_ok(store_check(copy, &err), err);
    store_close(copy);
    assert_ok(store_count_certificates(f->store, &count, &err), err);
    assert_int_equal(count, 300);
}

static void snapshot__service_does_not_run__works_too(void **state)
{
    struct fixture *f = *state;
    struct store_snapshot *snapshot = NULL;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    add_single(f->store, "phones", "one");
    store_close(f->store);
    f->store = NULL;
    snapshot = store_snapshot_begin(f->path, &err);
    assert_done(snapshot != NULL, &err, "");
    add_empty(f, "copy.db", path);
    assert_ok(store_snapshot_copy(snapshot, path, &err), err);
    store_snapshot_end(snapshot);
    assert_refused(store_snapshot_begin("no such file", &err) != NULL, &err, REASON_STORE_READ_ONLY,
                   "");
}

static void snapshot__damaged_database__no_copy(void **state)
{
    struct fixture *f = *state;
    struct buffer content = BUFFER_INIT(4194304);
    struct store_snapshot *snapshot = NULL;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    struct sample sample;

    for (uint32_t i = 0; i < 100; i++) {
        sample_init(&sample, i);
        assert_int_equal(fixture_record(f->store, &sample, REPEAT), STORE_RECORDED);
    }
    store_close(f->store);
    f->store = NULL;
    test_folder_read(&f->folder, "openndes.db", &content);
    assert_true(content.len > 65536);
    memset(content.data + content.len / 2, 0x5a, 8192);
    assert_ok(file_write_atomic(f->path, buffer_bytes(&content), true, &err), err);
    buffer_clear(&content);
    snapshot = store_snapshot_begin(f->path, &err);
    assert_done(snapshot != NULL, &err, "");
    add_empty(f, "copy.db", path);
    assert_refused(store_snapshot_copy(snapshot, path, &err), &err, REASON_STORE_CORRUPT, "");
    store_snapshot_end(snapshot);
}

/*
 * Each column of bytes is either sealed, and then in the list of store_sealed.c, or means the same
 * on every machine, and then it stands here. Whoever adds one decides which.
 */
static void schema__columns_of_bytes__all_decided(void **state)
{
    static const char *const same_everywhere =
        "'certificate.cert_sha256', 'certificate.key_sha256', 'certificate.transaction_id',"
        " 'certificate.signer_key_sha256', 'certificate.csr_sha256', 'certificate.der',"
        " 'certificate.renews', 'crl.der', 'password.mac', 'notification.transaction_id',"
        " 'pending.transaction_id', 'pending.signer_key_sha256', 'pending.csr_sha256',"
        " 'pending.csr_sha1', 'pending.csr_md5', 'pending.csr', 'pending.renews'";
    struct fixture *f = *state;
    char sql[2048];
    const char *from = "FROM sqlite_schema t, pragma_table_info(t.name) c"
                       " WHERE t.type = 'table' AND c.type = 'BLOB'";

    assert_true(text_format(
        sql, sizeof(sql), "SELECT count(*) %s AND t.name || '.' || c.name NOT IN (%s, '%s', '%s')",
        from, same_everywhere, store_sealed_name(STORE_SEALED_PASSWORD),
        store_sealed_name(STORE_SEALED_TICKET)));
    assert_int_equal(fixture_query(f, sql), 0);
    assert_true(text_format(sql, sizeof(sql), "SELECT count(*) %s", from));
    assert_int_equal(fixture_query(f, sql), 17 + STORE_SEALED_COLUMNS);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, fixture_set_up_open, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(sealed__listed_and_replaced__all_or_nothing),
        CASE(snapshot__others_write_on__copy_is_of_its_moment),
        CASE(snapshot__service_does_not_run__works_too),
        CASE(snapshot__damaged_database__no_copy),
        CASE(schema__columns_of_bytes__all_decided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
