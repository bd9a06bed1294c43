/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backups while certificates are recorded and RAs are replaced, two at a time, and restored two at
 * a time: each is one moment of the data folder, with all that was recorded before it began.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "ca/ca_builtin.h"
#include "ca/ca_fixture.h"
#include "platform/clock.h"
#include "service/backup_restore.h"
#include "service/backup_write.h"
#include "service/data_folder.h"
#include "store/store.h"

#define PASSWORD "a password for backups"
#define ALL_ROUNDS 20 /* OPENNDES_POWER_ALL=1; else one */
#define WRITERS 2
#define BACKUPS 2 /* at the same time */

bool __wrap_crypto_scrypt(struct bytes password, struct bytes salt, const void *cost, uint8_t *out,
                          size_t len, struct error *err);

/* How hard a password is to guess is not in question here. */
bool __wrap_crypto_scrypt(struct bytes password, struct bytes salt, const void *cost, uint8_t *out,
                          size_t len, struct error *err)
{
    (void)cost;
    (void)err;
    for (size_t i = 0; i < len; i++) {
        out[i] = password.data[i % password.len] ^ salt.data[i % salt.len];
    }
    return true;
}

/* ---- a service at work ----------------------------------------------------------------------- */

struct world {
    struct test_folder data, place;
    struct store *store;
    atomic_bool stopping;
    atomic_int failed;
    atomic_uint recorded[WRITERS]; /* promised: what a device would have received */
    struct writer {
        struct world *world;
        unsigned number;
    } writers[WRITERS];
    pthread_t threads[WRITERS + 1];
    unsigned thread_count;
};

/* Serial "<writer><n>", n from 0 on without a gap. */
static bool record(struct world *w, unsigned writer, unsigned n)
{
    struct store_request_key key = { .template_name = "device", .ca_name = "issuing" };
    struct certificate_info info;
    enum store_record_result result = STORE_REPEATED;
    struct error err = ERROR_INIT;

    memset(&info, 0, sizeof(info));
    (void)snprintf(info.serial, sizeof(info.serial), "%02x%08x", writer, n);
    (void)snprintf(info.subject, sizeof(info.subject), "CN=device");
    (void)snprintf(info.issuer, sizeof(info.issuer), "CN=CA");
    memcpy(key.csr_sha256, info.serial, 10);
    key.transaction_id = bytes_of_text(info.serial);
    info.not_after = clock_now() + 1000;
    const struct store_certificate cert = {
        .request = &key,
        .info = &info,
        .der = bytes_of_text("der"),
        .peer = "192.0.2.1",
        .challenge_type = "static",
        .request_id = "r",
        .issued_at = clock_now(),
    };

    return store_record_certificate(w->store, &cert, 0, &result, &err) && result == STORE_RECORDED;
}

static void *write_certificates(void *context)
{
    const struct writer *writer = context;
    struct world *w = writer->world;

    for (unsigned n = 0; !atomic_load(&w->stopping); n++) {
        if (!record(w, writer->number, n)) {
            atomic_fetch_add(&w->failed, 1);
            break;
        }
        atomic_store(&w->recorded[writer->number], n + 1);
    }
    return NULL;
}

/* Far more often than anybody does, but not without a break: a backup waits for one. */
static void *replace_ras(void *context)
{
    const struct timespec pause = { .tv_nsec = 200000000 };
    struct world *w = context;
    struct ca_new_options options = fixture_options(&w->data);

    while (!atomic_load(&w->stopping)) {
        struct error err = ERROR_INIT;

        /* a backup that is at it right now keeps it out, for a moment */
        if (!ca_files_renew_ra(&options, &err) && err.reason != REASON_DATA_FOLDER_IN_USE) {
            print_message("renew-ra: %s\n", err.detail);
            atomic_fetch_add(&w->failed, 1);
            break;
        }
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

/* ---- backups --------------------------------------------------------------------------------- */

struct backup {
    struct world *world;
    char file[FILE_PATH_MAX];
    char target[FILE_PATH_MAX];
    unsigned before[WRITERS]; /* recorded when it began */
    bool done;
    struct error err;
};

static void *make_backup(void *context)
{
    struct backup *b = context;
    struct json *manifest = NULL;
    const struct backup_write_order order = {
        .data = b->world->data.path,
        .file = b->file,
        .password = bytes_of_text(PASSWORD),
        .cost = { 16384, 8, 1 },
    };

    for (unsigned i = 0; i < WRITERS; i++) {
        b->before[i] = atomic_load(&b->world->recorded[i]);
    }
    b->done = backup_write(&order, &manifest, &b->err);
    json_value_free(manifest);
    return NULL;
}

static void *restore(void *context)
{
    struct backup *b = context;
    const struct backup_restore_order order = { b->target, b->file, bytes_of_text(PASSWORD) };
    struct backup_restore_result result;

    b->done = backup_restore(&order, &result, &b->err);
    backup_restore_result_clear(&result);
    return NULL;
}

struct rows {
    unsigned count[WRITERS], highest[WRITERS];
};

static bool count_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct rows *rows = context;
    unsigned writer = 0;
    unsigned n = 0;

    (void)err;
    assert_int_equal(sscanf(row->serial, "%2x%8x", &writer, &n), 2);
    rows->count[writer]++;
    rows->highest[writer] = n > rows->highest[writer] ? n : rows->highest[writer];
    return true;
}

/* One moment: no gap in what a writer has recorded in order, and a CA that opens whole. */
static void check_restored(const struct backup *b)
{
    const struct store_list_filter all = { .limit = 1000000 };
    const struct ca_builtin_options options = { .data_folder = b->target, .name = "issuing" };
    struct rows rows = { .count = { 0 } };
    struct error err = ERROR_INIT;
    struct store *store = data_store_open(b->target, 1, &err);
    struct ca_builtin *ca = ca_builtin_open(&options, &err);

    assert_done(store != NULL && store_check(store, &err), &err, "store");
    assert_done(store_list_certificates(store, &all, count_row, &rows, &err), &err, "list");
    for (unsigned i = 0; i < WRITERS; i++) {
        if (rows.count[i] < b->before[i] || rows.count[i] != rows.highest[i] + 1) {
            fail_msg("writer %u: %u of %u are there, the highest is %u", i, rows.count[i],
                     b->before[i], rows.highest[i]);
        }
    }
    assert_done(ca != NULL && ca_builtin_pair_error(ca) == NULL, &err, "CA");
    ca_builtin_free(ca);
    store_close(store);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void run_all(void *work(void *), struct backup *backups)
{
    pthread_t threads[BACKUPS];

    for (unsigned i = 0; i < BACKUPS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, &backups[i]), 0);
    }
    for (unsigned i = 0; i < BACKUPS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* Two at a time: one of them at least is made, the other one too, or it is told why. */
static void play_round(struct world *w, unsigned round)
{
    struct backup backups[BACKUPS] = { { .world = w } };
    unsigned made = 0;
    unsigned restored = 0;
    char name[64];

    for (unsigned i = 0; i < BACKUPS; i++) {
        backups[i] = (struct backup){ .world = w };
        (void)snprintf(name, sizeof(name), "%u-%u.bak", round, i);
        test_folder_path(&w->place, name, backups[i].file);
    }
    run_all(make_backup, backups);
    for (unsigned i = 0; i < BACKUPS; i++) {
        made += backups[i].done ? 1 : 0;
        if (!backups[i].done) {
            assert_refused(false, &backups[i].err, REASON_DATA_FOLDER_IN_USE, "beside another");
            backups[i] = backups[0].done ? backups[0] : backups[1];
        }
    }
    assert_true(made >= 1);
    /* Into the same place, at the same time. */
    for (unsigned i = 0; i < BACKUPS; i++) {
        (void)snprintf(name, sizeof(name), "%u", round);
        test_folder_path(&w->place, name, backups[i].target);
    }
    backups[1] = backups[0];
    run_all(restore, backups);
    for (unsigned i = 0; i < BACKUPS; i++) {
        restored += backups[i].done ? 1 : 0;
        if (!backups[i].done) {
            assert_refused(false, &backups[i].err, REASON_RESTORE_TARGET, "beside another");
        }
    }
    assert_int_equal(restored, 1);
    check_restored(&backups[0]);
}

static bool all_write(struct world *w)
{
    return atomic_load(&w->recorded[0]) > 0 && atomic_load(&w->recorded[1]) > 0;
}

static void start(struct world *w, void *work(void *), void *context)
{
    assert_int_equal(pthread_create(&w->threads[w->thread_count], NULL, work, context), 0);
    w->thread_count++;
}

static void stop(struct world *w)
{
    atomic_store(&w->stopping, true);
    while (w->thread_count > 0) {
        (void)pthread_join(w->threads[--w->thread_count], NULL);
    }
}

static void backup__under_load_and_beside_another__one_moment_of_all(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < WRITERS; i++) {
        w->writers[i] = (struct writer){ w, i };
        start(w, write_certificates, &w->writers[i]);
    }
    start(w, replace_ras, w);
    while (!all_write(w) && atomic_load(&w->failed) == 0) {
        (void)sched_yield();
    }
    for (unsigned round = 0; round < (getenv("OPENNDES_POWER_ALL") != NULL ? ALL_ROUNDS : 1);
         round++) {
        play_round(w, round);
    }
    stop(w);
    assert_int_equal(atomic_load(&w->failed), 0);
    print_message("    %u certificates were recorded meanwhile\n",
                  atomic_load(&w->recorded[0]) + atomic_load(&w->recorded[1]));
}

static int set_up(void **state)
{
    static struct world w;
    struct secret key = SECRET_INIT;
    struct error err = ERROR_INIT;

    test_folder_create(&w.data);
    test_folder_create(&w.place);
    assert_done(data_folder_create(w.data.path, &err), &err, "folder");
    assert_done(data_mac_key(w.data.path, true, &key, &err), &err, "key");
    secret_clear(&key);
    test_folder_write(&w.data, "openndes.json", "{}\n");
    struct ca_new_options options = fixture_options(&w.data);
    assert_done(ca_files_create(&options, &err), &err, "CA");
    w.store = data_store_open(w.data.path, 1, &err);
    assert_done(w.store != NULL, &err, "store");
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    stop(w); /* also after a failure */
    store_close(w->store);
    test_folder_remove(&w->data);
    test_folder_remove(&w->place);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(backup__under_load_and_beside_another__one_moment_of_all,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
