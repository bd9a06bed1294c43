/* SPDX-License-Identifier: Apache-2.0 */
/* What needs processes, users and limits of POSIX: killed writers, rights, a failing disk. */
#include "store/store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/threads.h"

#define REPEAT FIXTURE_DAY
#define WRITERS 8u
#define NOBODY 65534

static int64_t count_all(struct store *store)
{
    struct error err = ERROR_INIT;
    int64_t count = -1;

    assert_ok(store_count_certificates(store, &count, &err), err);
    return count;
}

/* ---- killed in the middle ----------------------------------------------------------------- */

struct reporter {
    struct store *store;
    uint32_t first;
    int pipe;
};

/* Record for ever; tell the parent each number that was reported as recorded. */
static void *record_and_report(void *context)
{
    const struct reporter *r = context;

    for (uint32_t number = r->first;; number++) {
        struct error err = ERROR_INIT;
        enum store_record_result result = STORE_REPEATED;
        struct sample s;

        sample_init(&s, number);
        if (!store_record_certificate(r->store, &s.cert, REPEAT, &result, &err)
            || result != STORE_RECORDED
            || write(r->pipe, &number, sizeof number) != (ssize_t)sizeof number) {
            _exit(1);
        }
    }
    return NULL;
}

static void be_the_service(const struct fixture *f, uint32_t first, int pipe)
{
    struct reporter reporters[WRITERS];
    pthread_t threads[WRITERS];
    struct store_options options = fixture_options(f);
    struct error err = ERROR_INIT;
    struct store *store = store_open(&options, &err);

    for (uint32_t i = 0; store != NULL && i < WRITERS; i++) {
        reporters[i] = (struct reporter){ store, first + i * 100000, pipe };
        if (!thread_start(&threads[i], "reporter", record_and_report, &reporters[i], &err)) {
            _exit(1);
        }
    }
    for (;;) {
        (void)pause();
    }
}

/* Numbers from the pipe; when `enough` have come the child is killed, the rest is still read. */
static size_t collect_and_kill(int pipe, pid_t child, size_t enough, uint32_t *numbers, size_t max)
{
    size_t count = 0;
    ssize_t got = 0;

    while (count < max && (got = read(pipe, &numbers[count], sizeof *numbers)) > 0) {
        assert_int_equal(got, sizeof *numbers);
        count++;
        if (count == enough) {
            assert_int_equal(kill(child, SIGKILL), 0);
        }
    }
    return count;
}

#define REPORTED_MAX 20000u

static void check_reported(const struct fixture *f, const uint32_t *numbers, size_t count)
{
    struct store *store = fixture_open(f);
    struct error err = ERROR_INIT;

    assert_ok(store_check(store, &err), err);
    assert_true(count_all(store) >= (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        enum store_seen seen = STORE_SEEN_NEVER;
        struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
        struct sample s;

        sample_init(&s, numbers[i]);
        assert_ok(store_find_request(store, &s.key, 0, &seen, &der, &err), err);
        assert_int_equal(seen, STORE_SEEN_ISSUED);
        assert_true(bytes_equal(buffer_bytes(&der), s.cert.der));
        buffer_clear(&der);
    }
    store_close(store);
}

static void record__process_killed__what_was_reported_is_there(void **state)
{
    struct fixture *f = *state;
    uint32_t *numbers = calloc(REPORTED_MAX, sizeof *numbers);
    size_t count = 0;

    assert_non_null(numbers);
    /* Each round goes on with the file the killed one has left, and is killed a little later. */
    for (uint32_t round = 0; round < 5; round++) {
        int ends[2];
        int status = 0;

        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(ends[0]);
            be_the_service(f, 1000000 * (round + 1), ends[1]);
        }
        (void)close(ends[1]);
        size_t got = collect_and_kill(ends[0], child, 50 + 17 * round, numbers + count,
                                      REPORTED_MAX - count);
        (void)close(ends[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        count += got;
        check_reported(f, numbers, count);
    }
    print_message("    %zu reported, all there\n", count);
    free(numbers);
}

/* ---- rights ------------------------------------------------------------------------------- */

static void files__made_by_us__readable_by_nobody_else(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "openndes.db", "openndes.db-wal", "openndes.db-shm" };
    struct sample s;
    mode_t old = umask(0);

    f->store = fixture_open(f);
    (void)umask(old);
    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[FILE_PATH_MAX];
        struct stat info;

        test_folder_path(&f->folder, names[i], path);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

/* In a child without root's rights: exit status 0 when store_open gives this reason. */
static int open_as_nobody(const struct fixture *f, bool read_only, enum reason expected)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct store_options options = fixture_options(f);
        struct error err = ERROR_INIT;

        options.read_only = read_only;
        if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)) {
            _exit(2);
        }
        struct store *store = store_open(&options, &err);
        print_message("    %s: %s\n", reason_id(err.reason), err.detail);
        store_close(store);
        _exit(err.reason == expected ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

struct rights_case {
    const char *name;
    mode_t folder, file; /* as root's child sees them: the rights of others */
    bool make_file;
    bool read_only;
    enum reason reason;
};

static const struct rights_case rights_cases[] = {
    { "folder not writable, no file", 0555, 0, false, false, REASON_STORE_READ_ONLY },
    { "file not writable", 0777, 0444, true, false, REASON_STORE_READ_ONLY },
    { "file not readable", 0777, 0000, true, false, REASON_STORE_READ_ONLY },
    { "file not readable, read only", 0777, 0000, true, true, REASON_STORE_READ_ONLY },
    { "folder not writable", 0555, 0666, true, false, REASON_STORE_READ_ONLY },
    { "folder not writable, read only", 0555, 0444, true, true, REASON_STORE_READ_ONLY },
};

static void open__rights_missing__read_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rights_cases / sizeof rights_cases[0]; i++) {
        const struct rights_case *c = &rights_cases[i];
        void *own = NULL;

        fixture_set_up(&own);
        struct fixture *f = own;
        if (c->make_file) {
            store_close(fixture_open(f));
            assert_int_equal(chmod(f->path, c->file), 0);
        }
        assert_int_equal(chmod(f->folder.path, c->folder), 0);
        int status = open_as_nobody(f, c->read_only, c->reason);
        assert_int_equal(chmod(f->folder.path, 0700), 0);
        if (status != 0) {
            fail_msg("%s: %d", c->name, status);
        }
        fixture_tear_down(&own);
    }
}

/* ---- a disk that fails at the commit ------------------------------------------------------ */

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static rlim_t size_of_log(const struct fixture *f)
{
    char path[FILE_PATH_MAX];
    struct stat info;

    test_folder_path(&f->folder, "openndes.db-wal", path);
    assert_int_equal(stat(path, &info), 0);
    return (rlim_t)info.st_size;
}

static void record__log_cannot_be_written__fails_then_recovers(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result = STORE_REPEATED;
    struct store_stats stats;
    struct sample s;
    uint32_t recorded = 0;

    (void)signal(SIGXFSZ, SIG_IGN); /* the write fails instead */
    f->store = fixture_open(f);
    for (; recorded < 10; recorded++) {
        sample_init(&s, recorded);
        assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    }
    for (uint32_t i = 0; i < 5; i++) {
        /* A little more each time: the failure comes at another place of the transaction. */
        limit_file_size(size_of_log(f) + i * 4000);
        error_clear(&err);
        for (bool ok = true; ok; recorded += ok ? 1 : 0) {
            sample_init(&s, recorded);
            ok = store_record_certificate(f->store, &s.cert, REPEAT, &result, &err);
        }
        assert_reason(err, STORE_FAILED);
        assert_int_equal(count_all(f->store), recorded);
        limit_file_size(RLIM_INFINITY);
        assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
        recorded++;
    }
    print_message("    %s\n", err.detail);
    store_get_stats(f->store, &stats);
    assert_int_equal(stats.failed_commits, 5);
    store_close(f->store);
    f->store = fixture_open(f);
    error_clear(&err);
    assert_ok(store_check(f->store, &err), err);
    assert_int_equal(count_all(f->store), recorded);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(record__process_killed__what_was_reported_is_there),
        TEST(files__made_by_us__readable_by_nobody_else),
        cmocka_unit_test(open__rights_missing__read_only),
        TEST(record__log_cannot_be_written__fails_then_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
