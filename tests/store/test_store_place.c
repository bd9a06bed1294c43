/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database's files taken away or replaced while the service has them open: nothing is reported
 * as recorded that lies in a file nobody will open again. On Windows they cannot be taken away.
 */
#include "store/store_fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct place_case {
    const char *name;
    const char *suffix;  /* of the file that goes */
    const char *content; /* what comes in its place; NULL: nothing */
    bool whole_folder;   /* the folder goes instead, as when a volume is unmounted */
};

static const struct place_case cases[] = {
    { "database removed", "", NULL, false },
    { "database replaced", "", "", false },
    { "database replaced by something else", "", "not a database", false },
    { "log removed", "-wal", NULL, false },
    { "log replaced", "-wal", "", false },
    { "folder moved", "", NULL, true },
};

/* Move it away, and put something else there. */
static void take_away(const struct fixture *f, const struct place_case *c, char from[FILE_PATH_MAX],
                      char to[FILE_PATH_MAX])
{
    struct error err = ERROR_INIT;

    if (c->whole_folder) {
        assert_true(text_format(from, FILE_PATH_MAX, "%s", f->folder.path));
    } else {
        assert_true(text_format(from, FILE_PATH_MAX, "%s%s", f->path, c->suffix));
    }
    assert_true(text_format(to, FILE_PATH_MAX, "%s.away", from));
    assert_int_equal(rename(from, to), 0);
    if (c->content != NULL) {
        assert_done(file_create_new(from, bytes_of_text(c->content), true, &err), &err, c->name);
    }
}

static void record__files_taken_away__refused_until_they_are_back(void **state)
{
    struct fixture *f = *state;
    uint32_t number = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct place_case *c = &cases[i];
        struct store_stats stats;
        struct sample sample;
        struct error err = ERROR_INIT;
        enum store_record_result result;
        char from[FILE_PATH_MAX];
        char to[FILE_PATH_MAX];

        sample_init(&sample, number++);
        assert_int_equal(fixture_record(f->store, &sample, 0), STORE_RECORDED);
        take_away(f, c, from, to);
        for (int again = 0; again < 2; again++) {
            sample_init(&sample, number++);
            assert_refused(store_record_certificate(f->store, &sample.cert, 0, &result, &err), &err,
                           REASON_STORE_FAILED, c->name);
            assert_non_null(strstr(err.detail, "openndes.db: the database"));
            store_get_stats(f->store, &stats);
            assert_int_equal(stats.last_failure, REASON_STORE_FAILED); /* the alarm */
            error_clear(&err);
        }
        assert_int_equal(rename(to, from), 0);
        sample_init(&sample, number++);
        assert_int_equal(fixture_record(f->store, &sample, 0), STORE_RECORDED);
    }
}

/* A service that was not restarted does not take a restored backup for its own. */
static void record__backup_put_in_its_place__refused_until_restart(void **state)
{
    struct fixture *f = *state;
    struct sample sample;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    char copy[FILE_PATH_MAX];
    struct buffer content = BUFFER_INIT(16777216);

    sample_init(&sample, 1);
    assert_int_equal(fixture_record(f->store, &sample, 0), STORE_RECORDED);
    store_close(f->store);
    assert_done(file_read(f->path, content.max, &content, &err), &err, "");
    assert_true(text_format(copy, sizeof(copy), "%s.copy", f->path));
    assert_done(file_create_new(copy, buffer_bytes(&content), true, &err), &err, "");
    buffer_clear(&content);
    f->store = fixture_open(f);
    sample_init(&sample, 2);
    assert_int_equal(fixture_record(f->store, &sample, 0), STORE_RECORDED);
    assert_int_equal(rename(copy, f->path), 0);
    sample_init(&sample, 3);
    assert_refused(store_record_certificate(f->store, &sample.cert, 0, &result, &err), &err,
                   REASON_STORE_FAILED, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(record__files_taken_away__refused_until_they_are_back,
                                        fixture_set_up_open, fixture_tear_down),
        cmocka_unit_test_setup_teardown(record__backup_put_in_its_place__refused_until_restart,
                                        fixture_set_up_open, fixture_tear_down),
    };

    return cmocka_run_group_tests_name("store place", tests, NULL, NULL);
}
