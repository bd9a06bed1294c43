/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A power failure before every single operation on the database's files. OPENNDES_POWER_ALL=1 plays
 * every way in which it may end, several times; else a selection, which differs from run to run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "platform/clock.h"
#include "store/power_vfs.h"
#include "store/power_work.h"
#include "store/provisional_fixture.h"
#include "store/version_1.h"
#include "store/version_2.h"
#include "store/version_3.h"

/* Of all, as many as fit into a while: files are slow under Wine. */
#define QUICK_CUTS_MAX 30
#define QUICK_CUTS_MIN 5
#define QUICK_US 300000
#define MIXED_ALL 8u /* random outcomes of each moment, when all are played */

static bool play_all(void)
{
    return getenv("OPENNDES_POWER_ALL") != NULL;
}

static uint32_t seed_of_run(void)
{
    const char *given = getenv("OPENNDES_POWER_SEED");
    uint32_t seed =
        given != NULL ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL) * 2654435761u;

    print_message("    OPENNDES_POWER_SEED=%u\n", (unsigned)seed);
    return seed;
}

static uint32_t dice(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* ---- one failure ----------------------------------------------------------------------------- */

typedef const char *judge_of_rest(const struct fixture *f, size_t promises, void *context);

struct play {
    const struct disk_log *log;
    judge_of_rest *judge;
    void *context;
    size_t number; /* operations that were performed */
    size_t cuts;
};

static void cut(struct play *p, const struct disk_state *state, enum disk_fate fate, uint32_t seed)
{
    static const char *const fates[DISK_FATES] = { "kept", "lost", "names only", "mixed" };
    void *own = NULL;

    fixture_set_up(&own);
    struct fixture *f = own;
    disk_state_cut(state, fate, seed, f->folder.path);
    const char *found = p->judge(f, disk_state_promises(state), p->context);
    if (found != NULL) {
        fail_msg("power fails after %s; promised: %u; what was not flushed: %s, seed %u: %s",
                 p->number > 0 ? disk_log_tell(p->log, p->number - 1) : "nothing",
                 (unsigned)disk_state_promises(state), fates[fate], (unsigned)seed, found);
    }
    p->cuts++;
    fixture_tear_down(&own);
}

/* At every operation, or at so many of them. */
static void play(const struct disk_log *log, judge_of_rest *judge, void *context)
{
    struct play p = { .log = log, .judge = judge, .context = context };
    struct disk_state *state = disk_state_create(log);
    uint32_t seed = seed_of_run();
    size_t moments = (disk_log_count(log) + 1) * DISK_FATES;
    int64_t begun_us = clock_monotonic_us();

    cut(&p, state, DISK_KEPT, 0);
    int64_t fit = QUICK_US / (clock_monotonic_us() - begun_us + 1);
    size_t cuts = (size_t)(fit < QUICK_CUTS_MIN   ? QUICK_CUTS_MIN
                           : fit > QUICK_CUTS_MAX ? QUICK_CUTS_MAX
                                                  : fit);

    do {
        for (unsigned fate = 0; fate < DISK_FATES; fate++) {
            if (play_all()) {
                for (unsigned i = 0; i < (fate == DISK_MIXED ? MIXED_ALL : 1u); i++) {
                    cut(&p, state, (enum disk_fate)fate, dice(&seed));
                }
            } else if (dice(&seed) % moments < cuts) {
                cut(&p, state, (enum disk_fate)fate, dice(&seed));
            }
        }
        p.number++;
    } while (disk_state_next(state));
    print_message("    %u operations, %u failures of the power\n", (unsigned)disk_log_count(log),
                  (unsigned)p.cuts);
    disk_state_free(state);
}

/* ---- the service's work ---------------------------------------------------------------------- */

static const char *judge_work(const struct fixture *f, size_t promises, void *context)
{
    enum power_outcome outcome[POWER_STEPS_MAX] = { POWER_NOT_BEGUN };

    (void)context;
    for (size_t i = 0; i < power_step_count(); i++) {
        outcome[i] = i < promises ? POWER_DONE : i == promises ? POWER_UNSURE : POWER_NOT_BEGUN;
    }
    return power_work_restart(f, outcome);
}

/* The file is there before SQLite is asked: store.c makes it, and flushes its name. */
static void make_database(const struct fixture *f, struct disk_log *log)
{
    struct error err = ERROR_INIT;

    assert_ok(file_create_new(f->path, bytes_of(NULL, 0), true, &err), err);
    disk_log_given(log, "openndes.db", bytes_of(NULL, 0));
}

static void work__power_fails_anywhere__what_was_promised_is_there(void **state)
{
    struct fixture *f = *state;
    struct disk_log *log = disk_log_create();
    struct power_work work;

    make_database(f, log);
    power_vfs_record(log, f->folder.path);
    power_work_init(&work, f);
    for (size_t i = 0; i < power_step_count(); i++) {
        if (!power_work_step(&work, i)) {
            fail_msg("%s: %s", power_step_name(i), work.err.detail);
        }
        disk_log_promise(log, i + 1);
    }
    power_work_close(&work);
    power_vfs_record(NULL, "");
    play(log, judge_work, NULL);
    disk_log_free(log);
}

/* ---- the log grows and is moved into the database while the service works -------------------- */

#define MANY 160u /* certificates: more pages than the log holds before it is moved */

static const char *judge_many(const struct fixture *f, size_t promises, void *context)
{
    struct error err = ERROR_INIT;
    struct store_options options = fixture_options(f);
    struct store *store = store_open(&options, &err);
    int64_t count = -1;
    const char *found = NULL;

    (void)context;
    if (store == NULL || !store_check(store, &err)
        || !store_count_certificates(store, &count, &err)) {
        store_close(store);
        return "the database is not sound";
    }
    if (count != (int64_t)promises && count != (int64_t)promises + 1) {
        found = "the number of certificates is another one";
    }
    for (uint32_t i = 0; found == NULL && i < promises; i++) {
        struct sample s;
        sample_init(&s, i);
        found = fixture_find(store, &s) == STORE_SEEN_ISSUED ? NULL : "a certificate is missing";
    }
    store_close(store);
    return found;
}

static void work__power_fails_while_the_log_is_moved__nothing_missing(void **state)
{
    struct fixture *f = *state;
    struct disk_log *log = disk_log_create();

    make_database(f, log);
    power_vfs_record(log, f->folder.path);
    f->store = fixture_open(f);
    for (uint32_t i = 0; i < MANY; i++) {
        struct sample s;
        sample_init(&s, i);
        assert_int_equal(fixture_record(f->store, &s, FIXTURE_DAY), STORE_RECORDED);
        disk_log_promise(log, i + 1);
    }
    power_vfs_record(NULL, "");
    play(log, judge_many, NULL);
    disk_log_free(log);
}

/* ---- an older database is upgraded ----------------------------------------------------------- */

static const char *const versions[] = { version_1_sql, version_2_sql, version_3_sql };

static const char *judge_upgrade(const struct fixture *f, size_t promises, void *context)
{
    struct store_options options = fixture_options(f);
    struct error err = ERROR_INIT;
    const int64_t *rows = context;
    int64_t count = -1;
    struct store *store = store_open(&options, &err);
    bool ok =
        store != NULL && store_check(store, &err) && store_count_certificates(store, &count, &err);

    (void)promises;
    store_close(store);
    return ok && count == *rows ? NULL : "the upgraded database is not what the old one was";
}

static void read_whole(const struct fixture *f, const char *name, struct buffer *out)
{
    char path[FILE_PATH_MAX];
    struct error err = ERROR_INIT;

    test_folder_path(&f->folder, name, path);
    assert_ok(file_read(path, LIMIT_BODY_BYTES_MAX, out, &err), err);
}

static void upgrade__power_fails_anywhere__old_or_new_and_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        struct buffer content = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
        struct disk_log *log = disk_log_create();
        struct error err = ERROR_INIT;
        void *own = NULL;

        fixture_set_up(&own);
        struct fixture *f = own;
        assert_ok(file_create_new(f->path, bytes_of(NULL, 0), true, &err), err);
        struct db *db = fixture_open_db(f);
        for (size_t v = 0; v <= i; v++) { /* each is what the next one found */
            assert_ok(db_execute(db, versions[v], &err), err);
        }
        db_close(db);
        int64_t rows = fixture_query(f, "SELECT count(*) FROM certificate");
        read_whole(f, "openndes.db", &content);
        disk_log_given(log, "openndes.db", buffer_bytes(&content));
        power_vfs_record(log, f->folder.path);
        store_close(fixture_open(f));
        power_vfs_record(NULL, "");
        print_message("    version %u\n", (unsigned)i + 1);
        play(log, judge_upgrade, &rows);
        disk_log_free(log);
        buffer_clear(&content);
        fixture_tear_down(&own);
    }
}

/* ---- flushes that fail ----------------------------------------------------------------------- */

/* What was to be flushed is lost, whatever the next flush says: nothing may build on it. */
static void work__flush_fails_and_then_the_power__what_was_promised_is_there(void **state)
{
    size_t flushes = 0;
    uint32_t seed = seed_of_run();
    size_t cuts = 0;

    (void)state;
    power_vfs_record(NULL, "");
    for (unsigned nth = 1;; nth += play_all() ? 1 : 1 + dice(&seed) % 9) {
        struct disk_log *log = disk_log_create();
        struct power_work work;
        void *own = NULL;

        fixture_set_up(&own);
        struct fixture *f = own;
        make_database(f, log);
        power_vfs_record(log, f->folder.path);
        power_vfs_fail(POWER_SYNC, nth, 0);
        power_work_init(&work, f);
        for (size_t i = 0; i < power_step_count(); i++) {
            (void)!power_work_step(&work, i);
        }
        power_vfs_record(NULL, "");
        bool failed = power_vfs_failures() > 0;
        power_vfs_mend();
        flushes++;
        struct disk_state *disk = disk_state_create(log);
        while (disk_state_next(disk)) {
        }
        for (unsigned fate = DISK_LOST; fate < DISK_FATES; fate++) {
            void *after = NULL;
            fixture_set_up(&after);
            struct fixture *left = after;
            disk_state_cut(disk, (enum disk_fate)fate, dice(&seed), left->folder.path);
            const char *found = power_work_restart(left, work.outcome);
            if (found != NULL) {
                fail_msg("flush %u fails (fate %u): %s", nth, fate, found);
            }
            cuts++;
            fixture_tear_down(&after);
        }
        power_work_close(&work);
        disk_state_free(disk);
        disk_log_free(log);
        fixture_tear_down(&own);
        if (!failed) {
            break;
        }
    }
    print_message("    %u failed flushes, %u failures of the power\n", (unsigned)flushes,
                  (unsigned)cuts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(work__power_fails_anywhere__what_was_promised_is_there,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(work__power_fails_while_the_log_is_moved__nothing_missing,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test(upgrade__power_fails_anywhere__old_or_new_and_whole),
        cmocka_unit_test(work__flush_fails_and_then_the_power__what_was_promised_is_there),
    };

    power_vfs_register();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
