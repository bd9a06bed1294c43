/* SPDX-License-Identifier: Apache-2.0 */
/* A data folder with everything in it, backed up and restored: it comes back as it was. */
#include <string.h>

#include "base/text.h"
#include "intune/intune_challenge.h"
#include "platform/clock.h"
#include "platform/protect.h"
#include "service/backup_file.h"
#include "service/backup_locks.h"
#include "service/backup_record.h"
#include "service/backup_world.h"
#include "service/backup_write.h"
#include "service/data_folder.h"
#include "store/store_outbox.h"

/* ---- the table of sealed places -------------------------------------------------------------- */

struct sealed_count {
    const char *data;
    size_t sealed;
};

static void check_sealed(void *context, const char *name, struct bytes content)
{
    struct sealed_count *count = context;
    char purpose[SEALED_PURPOSE_MAX];
    struct secret plain = SECRET_INIT;
    struct error err = ERROR_INIT;
    enum backup_kind kind = backup_layout_kind(name);

    if (kind == BACKUP_KIND_UNKNOWN && strcmp(name, "mine.pem") != 0) {
        fail_msg("%s is in no list: put it into backup_layout.c", name);
    }
    if (content.len < strlen(SEALED_MAGIC)
        || memcmp(content.data, SEALED_MAGIC, strlen(SEALED_MAGIC)) != 0) {
        return;
    }
    count->sealed++;
    if (!sealed_place_purpose(name, purpose) || kind != BACKUP_KIND_SECRET) {
        fail_msg("%s is sealed: put it into sealed_places.c", name);
    }
    assert_done(protect_open(count->data, purpose, content, &plain, &err), &err, name);
    secret_clear(&plain);
}

static void places__folder_with_everything__each_is_known(void **state)
{
    const struct backup_world *world = *state;
    struct sealed_count count = { world->tls.folder.path, 0 };

    backup_world_walk(world->tls.folder.path, check_sealed, &count);
    assert_int_equal(count.sealed, SEALED_FILES);
}

/* ---- round trip ------------------------------------------------------------------------------ */

struct comparison {
    const char *from;
    const char *to;
    bool with_logs;
    size_t same;
};

static void open_sealed(const char *data, const char *name, struct secret *plain)
{
    struct buffer sealed = BUFFER_INIT(CONTENT_MAX);
    char purpose[SEALED_PURPOSE_MAX];
    char path[FILE_PATH_MAX];
    struct error err = ERROR_INIT;

    assert_true(sealed_place_purpose(name, purpose));
    assert_done(path_join(path, data, name, &err) && file_read(path, CONTENT_MAX, &sealed, &err)
                    && protect_open(data, purpose, buffer_bytes(&sealed), plain, &err),
                &err, name);
    buffer_clear(&sealed);
}

static void compare_secret(const struct comparison *c, const char *name)
{
    struct secret before = SECRET_INIT;
    struct secret after = SECRET_INIT;

    open_sealed(c->from, name, &before);
    open_sealed(c->to, name, &after);
    assert_true(secret_equal(secret_bytes(&before), secret_bytes(&after)));
    secret_clear(&before);
    secret_clear(&after);
}

static void compare(void *context, const char *name, struct bytes content)
{
    struct comparison *c = context;
    struct buffer after = BUFFER_INIT(CONTENT_MAX);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    enum backup_kind kind = backup_layout_kind(name);
    bool expected = kind != BACKUP_KIND_NEVER && kind != BACKUP_KIND_UNKNOWN
                    && (kind != BACKUP_KIND_LOG || c->with_logs);
    bool is_sealed = content.len >= 5 && memcmp(content.data, SEALED_MAGIC, 5) == 0;

    assert_done(path_join(path, c->to, name, &err), &err, "");
    if (strcmp(name, "protect.key") == 0 || kind == BACKUP_KIND_DATABASE) {
        return; /* made anew; looked into below */
    }
    if (file_exists(path) != expected) {
        fail_msg("%s is %s", name, expected ? "missing" : "there");
    }
    if (!expected) {
        return;
    }
    c->same++;
    if (is_sealed) {
        compare_secret(c, name);
        return;
    }
    assert_done(file_read(path, CONTENT_MAX, &after, &err), &err, name);
    assert_true(bytes_equal(content, buffer_bytes(&after)));
    buffer_clear(&after);
}

static void count_file(void *context, const char *name, struct bytes content)
{
    (void)content;
    if (backup_layout_kind(name) == BACKUP_KIND_UNKNOWN) {
        fail_msg("%s came from nowhere", name);
    }
    ++*(size_t *)context;
}

struct tickets {
    const char *data;
    size_t count;
};

static bool open_ticket(void *context, const struct store_outbox_row *row, struct error *err)
{
    struct tickets *tickets = context;
    struct intune_ticket ticket = { .plain = SECRET_INIT };
    char expected[32];

    assert_done(intune_ticket_open(tickets->data, row->ticket, &ticket, err), err, "ticket");
    assert_true(text_format(expected, sizeof(expected), "txn-%zu", tickets->count));
    assert_string_equal(ticket.transaction_id, expected);
    assert_true(text_format(expected, sizeof(expected), "request %zu", tickets->count));
    assert_bytes_text(buffer_bytes(&ticket.csr), expected);
    intune_ticket_clear(&ticket);
    tickets->count++;
    return true;
}

static void assert_database(const struct backup_world *world, const char *data)
{
    const struct ndes_password_order order = { .scope = "device",
                                               .config = &backup_world_password_config,
                                               .made_by = "test",
                                               .now = clock_now() };
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct tickets tickets = { data, 0 };
    struct error err = ERROR_INIT;
    struct store *store = data_store_open(data, 1, &err);
    int64_t certificates = 0;

    assert_done(store != NULL, &err, "store");
    const struct ndes_password_source source = backup_world_passwords(data, store);

    assert_done(ndes_password_single(&source, &order, &made, &err), &err, "single");
    assert_string_equal((const char *)made.password.data, world->single);
    ndes_password_made_clear(&made);
    assert_done(store_outbox_due(store, clock_now() + 1, 1000, open_ticket, &tickets, &err), &err,
                "");
    assert_int_equal(tickets.count, TICKETS);
    assert_done(store_count_certificates(store, &certificates, &err), &err, "");
    assert_int_equal(certificates, 1);
    store_close(store);
}

static void round_trip(const struct backup_world *world, bool with_logs)
{
    struct comparison c = { world->tls.folder.path, world->restored, with_logs, 0 };
    struct error err = ERROR_INIT;
    size_t files = 0;

    backup_world_backed_up(world, with_logs);
    assert_done(backup_world_restore(world, world->restored, &err), &err, "restore");
    backup_world_walk(c.from, compare, &c);
    /* The database; on POSIX also a key of this folder's own. */
    backup_world_walk(c.to, count_file, &files);
    assert_in_range(files, c.same + 1, c.same + 2);
    assert_database(world, c.to);
}

static void restore__of_a_backup__has_everything(void **state)
{
    round_trip(*state, false);
}

static void restore__of_a_restored_one__has_everything_still(void **state)
{
    struct backup_world *world = *state;
    struct tls_world first = world->tls;
    struct error err = ERROR_INIT;
    char again[FILE_PATH_MAX];

    round_trip(world, true);
    assert_done(file_remove(world->file, &err), &err, "");
    assert_true(text_copy(world->tls.folder.path, FILE_PATH_MAX, world->restored));
    test_folder_path(&world->place, "again", again);
    assert_true(text_copy(world->restored, FILE_PATH_MAX, again));
    round_trip(world, true);
    world->tls = first;
}

static void restore__folder_that_is_empty__taken(void **state)
{
    struct backup_world *world = *state;
    struct error err = ERROR_INIT;
    char with_separator[FILE_PATH_MAX + 1];

    backup_world_backed_up(world, false);
    assert_done(folder_create(world->restored, true, &err), &err, "");
    assert_true(text_format(with_separator, sizeof(with_separator), "%s/", world->restored));
    assert_done(backup_world_restore(world, with_separator, &err), &err, "");
    assert_done(data_folder_check(world->restored, &err), &err, "");
}

/* ---- the manifest ---------------------------------------------------------------------------- */

static void backup__manifest__names_what_is_not_in_it(void **state)
{
    struct backup_world *world = *state;
    struct json *manifest = NULL;
    struct json *verified = NULL;
    struct buffer made = BUFFER_INIT(CONTENT_MAX);
    struct buffer read = BUFFER_INIT(CONTENT_MAX);
    struct error err = ERROR_INIT;
    const struct json *list = NULL;

    assert_done(backup_world_backup(world, false, &manifest, &err), &err, "");
    list = json_value_get(manifest, "machine_keys");
    assert_int_equal(json_value_count(list), 1);
    assert_string_equal(json_value_text(json_value_at(list, 0)), "ca/hsm/ca.key");
    list = json_value_get(manifest, "left_out");
    assert_int_equal(json_value_count(list), 1);
    assert_string_equal(json_value_text(json_value_at(list, 0)), "mine.pem");
    assert_int_equal(json_value_integer(json_value_get(manifest, "sealed_values")), TICKETS + 1);
    assert_done(backup_write_verify(world->file, bytes_of_text(BACKUP_PASSWORD), &verified, &err),
                &err, "verify");
    assert_done(json_value_print(manifest, 0, &made, &err)
                    && json_value_print(verified, 0, &read, &err),
                &err, "");
    assert_string_equal(buffer_text(&made), buffer_text(&read));
    buffer_clear(&made);
    buffer_clear(&read);
    json_value_free(manifest);
    json_value_free(verified);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void count_any(void *context, const char *name, struct bytes content)
{
    (void)name;
    (void)content;
    ++*(size_t *)context;
}

static size_t entries_of(const struct backup_world *world)
{
    size_t files = 0;

    backup_world_walk(world->place.path, count_any, &files);
    return files;
}

static void backup__file_is_there__refused(void **state)
{
    struct backup_world *world = *state;
    struct json *manifest = NULL;
    struct error err = ERROR_INIT;
    struct buffer content = BUFFER_INIT(64);

    test_folder_write(&world->place, "x.bak", "mine");
    assert_refused(backup_world_backup(world, false, &manifest, &err), &err,
                   REASON_FILE_NOT_WRITABLE, "");
    test_folder_read(&world->place, "x.bak", &content);
    assert_bytes_text(buffer_bytes(&content), "mine");
    buffer_clear(&content);
}

/* What a backup that was cut off has left: half a file, and the copy of the database. */
static void backup__after_one_that_was_cut_off__succeeds(void **state)
{
    struct backup_world *world = *state;
    const char *data = world->tls.folder.path;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_write(&world->place, "x.bak.partial", "half");
    backup_world_write(data, BACKUP_SNAPSHOT_FILE, "half a database");
    backup_world_write(data, BACKUP_SNAPSHOT_FILE "-wal", "half a log");
    backup_world_backed_up(world, false);
    assert_done(path_join(path, data, BACKUP_SNAPSHOT_FILE, &err), &err, "");
    assert_false(file_exists(path));
    test_folder_path(&world->place, "x.bak.partial", path);
    assert_false(file_exists(path));
    /* and the service's start removes it too */
    backup_world_write(data, BACKUP_SNAPSHOT_FILE, "half a database");
    assert_done(backup_write_tidy(data, &err), &err, "tidy");
    assert_done(path_join(path, data, BACKUP_SNAPSHOT_FILE, &err), &err, "");
    assert_false(file_exists(path));
}

static void backup__secret_that_does_not_open__refused_and_nothing_left(void **state)
{
    struct backup_world *world = *state;
    struct json *manifest = NULL;
    struct error err = ERROR_INIT;
    struct buffer sealed = BUFFER_INIT(CONTENT_MAX);

    test_folder_read(&world->tls.folder, "intune/secret", &sealed);
    copy_file(&world->tls, "tls/password", "intune/secret");
    assert_refused(backup_world_backup(world, false, &manifest, &err), &err, REASON_KEY_PROTECTION,
                   "");
    assert_non_null(strstr(err.detail, "intune/secret"));
    assert_int_equal(entries_of(world), 0);
    sample_write(&world->tls.folder, "intune/secret", sealed.data, sealed.len);
    buffer_clear(&sealed);
}

/*
 * Two names that are one where case is not told apart: restore takes no such backup, so none is
 * made. Where case is not told apart the second is the first.
 */
static void backup__names_told_apart_by_case_alone__refused(void **state)
{
    struct backup_world *world = *state;
    const char *data = world->tls.folder.path;
    struct json *manifest = NULL;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];
    bool is_one = false;

    backup_world_write(data, "policies/twin.xml", "<policy/>");
    assert_done(path_join(path, data, "policies/TWIN.xml", &err), &err, "");
    is_one = file_exists(path);
    if (!is_one) {
        backup_world_write(data, "policies/TWIN.xml", "<policy/>");
        assert_refused(backup_world_backup(world, false, &manifest, &err), &err,
                       REASON_BACKUP_FORMAT, "");
        assert_non_null(strstr(err.detail, "policies/TWIN.xml"));
        assert_non_null(strstr(err.detail, "policies/twin.xml"));
        assert_int_equal(entries_of(world), 0);
        error_clear(&err);
        assert_done(file_remove(path, &err), &err, "");
    }
    backup_world_backed_up(world, false);
    assert_done(path_join(path, data, "policies/twin.xml", &err) && file_remove(path, &err), &err,
                "");
}

/* A folder by another case works where case is not told apart; without a word it was left out. */
static void backup__folder_by_another_case__refused_or_a_stranger(void **state)
{
    struct backup_world *world = *state;
    const char *data = world->tls.folder.path;
    struct json *manifest = NULL;
    struct error err = ERROR_INIT;
    char canonical[FILE_PATH_MAX];
    char between[FILE_PATH_MAX];
    char other[FILE_PATH_MAX];

    assert_done(path_join(canonical, data, "tls", &err) && path_join(between, data, "x", &err)
                    && path_join(other, data, "TLS", &err) && file_rename(canonical, between, &err)
                    && file_rename(between, other, &err),
                &err, "rename");
    if (folder_exists(canonical)) {
        assert_refused(backup_world_backup(world, false, &manifest, &err), &err,
                       REASON_BACKUP_FORMAT, "");
        assert_non_null(strstr(err.detail, "rename it to tls"));
        assert_int_equal(entries_of(world), 0);
    } else {
        assert_done(backup_world_backup(world, false, &manifest, &err), &err, "");
        json_value_free(manifest);
    }
    error_clear(&err);
    assert_done(file_rename(other, between, &err) && file_rename(between, canonical, &err), &err,
                "back");
}

static void locks__a_command_holds_one__refused_until_it_is_done(void **state)
{
    struct backup_world *world = *state;
    const char *data = world->tls.folder.path;
    struct backup_locks locks;
    struct file_lock *lock = NULL;
    struct file_lock *other = NULL;
    struct error err = ERROR_INIT;

    assert_done(data_settings_lock(data, &lock, &err), &err, "");
    assert_refused(backup_locks_take(data, 0, &locks, &err), &err, REASON_DATA_FOLDER_IN_USE, "");
    error_clear(&err);
    assert_done(data_config_lock(data, &other, &err), &err, "none is kept after a refusal");
    file_lock_release(other);
    file_lock_release(lock);
    assert_done(backup_locks_take(data, 0, &locks, &err), &err, "");
    assert_refused(data_config_lock(data, &other, &err), &err, REASON_DATA_FOLDER_IN_USE, "");
    backup_locks_release(&locks);
}

static void assert_not_restored(const struct backup_world *world, enum reason reason,
                                const char *name)
{
    char unfinished[FILE_PATH_MAX + 16];
    struct error err = ERROR_INIT;

    assert_refused(backup_world_restore(world, world->restored, &err), &err, reason, name);
    assert_true(text_format(unfinished, sizeof(unfinished), "%s.restoring", world->restored));
    assert_false(folder_exists(unfinished));
    assert_false(folder_exists(world->restored));
}

static void restore__damaged_anywhere__nothing_is_there(void **state)
{
    struct backup_world *world = *state;
    struct buffer file = BUFFER_INIT(CONTENT_MAX);

    backup_world_backed_up(world, false);
    test_folder_read(&world->place, "x.bak", &file);
    file.data[file.len - 1] ^= 1;
    sample_write(&world->place, "x.bak", file.data, file.len);
    assert_not_restored(world, REASON_BACKUP_DAMAGED, "last byte");
    sample_write(&world->place, "x.bak", file.data, file.len - 1);
    assert_not_restored(world, REASON_BACKUP_DAMAGED, "cut off");
    sample_write(&world->place, "x.bak", "not a backup", 12);
    assert_not_restored(world, REASON_BACKUP_FORMAT, "something else");
    buffer_clear(&file);
}

static void restore__target_in_use__stays_as_it_is(void **state)
{
    struct backup_world *world = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    backup_world_backed_up(world, false);
    assert_refused(backup_world_restore(world, world->tls.folder.path, &err), &err,
                   REASON_RESTORE_TARGET, "a data folder");
    error_clear(&err);
    assert_refused(backup_world_restore(world, world->file, &err), &err, REASON_RESTORE_TARGET,
                   "a file");
    error_clear(&err);
    test_folder_path(&world->place, "restored.restoring", path);
    assert_done(folder_create(path, true, &err), &err, "");
    backup_world_write(path, "openndes.json", "{}");
    assert_refused(backup_world_restore(world, world->restored, &err), &err, REASON_RESTORE_TARGET,
                   "left over");
    assert_false(folder_exists(world->restored));
    test_folder_path(&world->place, "restored.restoring/openndes.json", path);
    assert_true(file_exists(path));
}

/* As a power failure leaves it: the folder, and the lock beside it. */
static void restore__one_was_cut_off__its_rest_goes_and_nothing_else(void **state)
{
    struct backup_world *world = *state;
    struct file_lock *lock = NULL;
    struct error err = ERROR_INIT;
    char folder[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];
    bool held = false;

    backup_world_backed_up(world, false);
    test_folder_path(&world->place, "restored.restoring", folder);
    assert_done(folder_create(folder, true, &err), &err, "");
    backup_world_write(folder, "openndes.json", "{");
    backup_world_write(folder, "openndes.json.0123456789abcdef.tmp", "{");
    backup_world_write(folder, "mine.txt", "not of a restore");
    test_folder_path(&world->place, "restored.restoring.lock", path);
    assert_done(file_lock_try(path, &lock, &held, &err) && held, &err, "");
    assert_refused(backup_world_restore(world, world->restored, &err), &err, REASON_RESTORE_TARGET,
                   "under way");
    file_lock_release(lock);
    error_clear(&err);
    assert_refused(backup_world_restore(world, world->restored, &err), &err, REASON_RESTORE_TARGET,
                   "a stranger's file");
    assert_non_null(strstr(err.detail, "mine.txt"));
    error_clear(&err);
    test_folder_path(&world->place, "restored.restoring/mine.txt", path);
    assert_true(file_exists(path));
    assert_done(file_remove(path, &err), &err, "");
    assert_done(backup_world_restore(world, world->restored, &err), &err, "restore");
    assert_false(folder_exists(folder));
    test_folder_path(&world->place, "restored.restoring.lock", path);
    assert_false(file_exists(path));
}

/* ---- archives of somebody who has the password ----------------------------------------------- */

static void put_record(struct backup_file_out *out, enum backup_record_type type, const char *name,
                       const char *purpose, struct bytes content)
{
    struct backup_record record = { .type = type, .size = content.len };
    struct buffer start = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;

    assert_true(text_copy(record.name, sizeof(record.name), name));
    assert_true(text_copy(record.purpose, sizeof(record.purpose), purpose));
    assert_done(backup_record_encode(&record, &start, &err)
                    && backup_file_write(out, buffer_bytes(&start), &err)
                    && backup_file_write(out, content, &err),
                &err, name);
    buffer_clear(&start);
}

/* openndes.json and one more record; type 0: none. */
static void forge(const struct backup_world *world, enum backup_record_type type, const char *name,
                  const char *content, const char *manifest)
{
    const struct backup_file_order order = { world->file, bytes_of_text(BACKUP_PASSWORD),
                                             backup_world_cost, BACKUP_FILE_CHUNK_BYTES };
    struct error err = ERROR_INIT;
    struct backup_file_out *out = NULL;

    assert_done(file_remove(world->file, &err), &err, "");
    out = backup_file_create(&order, &err);
    assert_done(out != NULL, &err, "");
    put_record(out, BACKUP_RECORD_FILE, "openndes.json", "", bytes_of_text("{}"));
    if (type != 0) {
        put_record(out, type, name, "", bytes_of_text(content));
    }
    put_record(out, BACKUP_RECORD_MANIFEST, "", "", bytes_of_text(manifest));
    assert_done(backup_file_finish(out, &err), &err, "");
    backup_file_out_free(out);
}

#define CONFIG_ROW "{\"name\":\"openndes.json\",\"type\":\"file\",\"bytes\":2}"

static void restore__forged_with_the_password__refused(void **state)
{
    static const struct {
        const char *what;
        enum backup_record_type type;
        const char *name;
        const char *content;
        const char *manifest;
        enum reason reason;
    } cases[] = {
        { "newer schema", 0, "", "",
          "{\"files\":[" CONFIG_ROW "],\"sealed_values\":0,\"schema\":99,\"product\":\"9.0\"}",
          REASON_BACKUP_FORMAT },
        { "no version", 0, "", "", "{\"files\":[" CONFIG_ROW "],\"sealed_values\":0}",
          REASON_BACKUP_FORMAT },
        { "outside", BACKUP_RECORD_FILE, "../evil.json", "x",
          "{\"files\":[" CONFIG_ROW ",{\"name\":\"../evil.json\",\"type\":\"file\",\"bytes\":1}],"
          "\"sealed_values\":0,\"schema\":1,\"product\":\"1\"}",
          REASON_BACKUP_FORMAT },
        { "a key in clear", BACKUP_RECORD_FILE, "ca/vpn/ca.key", "key",
          "{\"files\":[" CONFIG_ROW ",{\"name\":\"ca/vpn/ca.key\",\"type\":\"file\",\"bytes\":3}],"
          "\"sealed_values\":0,\"schema\":1,\"product\":\"1\"}",
          REASON_BACKUP_FORMAT },
        { "no database", BACKUP_RECORD_DATABASE, "openndes.db", "text",
          "{\"files\":[" CONFIG_ROW
          ",{\"name\":\"openndes.db\",\"type\":\"database\",\"bytes\":4}],"
          "\"sealed_values\":0,\"schema\":1,\"product\":\"1\"}",
          REASON_STORE_CORRUPT },
    };
    struct backup_world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        forge(world, cases[i].type, cases[i].name, cases[i].content, cases[i].manifest);
        assert_not_restored(world, cases[i].reason, cases[i].what);
        assert_int_equal(entries_of(world), 1);
    }
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup(test, backup_world_fresh_place)
    const struct CMUnitTest tests[] = {
        CASE(places__folder_with_everything__each_is_known),
        CASE(restore__of_a_backup__has_everything),
        CASE(restore__of_a_restored_one__has_everything_still),
        CASE(restore__folder_that_is_empty__taken),
        CASE(backup__names_told_apart_by_case_alone__refused),
        CASE(backup__folder_by_another_case__refused_or_a_stranger),
        CASE(backup__manifest__names_what_is_not_in_it),
        CASE(backup__file_is_there__refused),
        CASE(backup__after_one_that_was_cut_off__succeeds),
        CASE(backup__secret_that_does_not_open__refused_and_nothing_left),
        CASE(locks__a_command_holds_one__refused_until_it_is_done),
        CASE(restore__damaged_anywhere__nothing_is_there),
        CASE(restore__target_in_use__stays_as_it_is),
        CASE(restore__one_was_cut_off__its_rest_goes_and_nothing_else),
        CASE(restore__forged_with_the_password__refused),
    };

    return cmocka_run_group_tests(tests, backup_world_set_up, backup_world_tear_down);
}
