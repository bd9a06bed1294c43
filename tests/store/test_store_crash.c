/* SPDX-License-Identifier: Apache-2.0 */
/* A power failure between the steps of an enrolment with a remote validator: killed processes. */
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/provisional_fixture.h"

enum step { STEP_NONE, STEP_RECORDED, STEP_CONFIRMED, STEP_WITHHELD };

/* Up to this step, then the power fails: nothing is closed, nothing is flushed any more. */
static void be_the_service(const struct fixture *f, enum step step)
{
    const struct store_refusal why = { 1, "intune-not-confirmed", "no answer" };
    struct store_options options = fixture_options(f);
    enum store_record_result result = STORE_WAS_REVOKED;
    struct error err = ERROR_INIT;
    struct store *store = store_open(&options, &err);
    struct sample s;
    int64_t id = 0;
    bool ok = store != NULL;

    fixture_answer(&s, 1, 7);
    if (ok && step >= STEP_RECORDED) {
        ok = store_provisional_record(store, &s.cert, bytes_of_text("ticket"), &fixture_interrupted,
                                      &id, &err);
    }
    if (ok && step == STEP_CONFIRMED) {
        ok = store_provisional_confirm(store, id, &s.key, FIXTURE_NOW + 2, FIXTURE_REPEAT, &result,
                                       &err)
             && result == STORE_RECORDED;
    }
    if (ok && step == STEP_WITHHELD) {
        ok = store_provisional_withhold(store, id, FIXTURE_NOW + 5, &why, &err);
    }
    if (!ok) {
        _exit(1);
    }
    (void)kill(getpid(), SIGKILL);
}

static void crash_after(struct fixture *f, enum step step)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        be_the_service(f, step);
        _exit(2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    f->store = fixture_open(f);
}

struct crash_case {
    const char *name;
    enum step step;
    int64_t recovered;
    enum store_seen seen; /* of the next request with the same bytes */
    const char *due;
    size_t crl_rows;
};

static const struct crash_case cases[] = {
    { "before the record", STEP_NONE, 0, STORE_SEEN_NEVER, "", 0 },
    { "after the record", STEP_RECORDED, 1, STORE_SEEN_NEVER,
      "intune-interrupted:the service was cut off:txn-7:0 ", 1 },
    { "after the confirmation", STEP_CONFIRMED, 0, STORE_SEEN_ISSUED, "", 0 },
    { "after the withholding", STEP_WITHHELD, 0, STORE_SEEN_NEVER,
      "intune-not-confirmed:no answer:txn-7:0 ", 1 },
};

static void crash__between_any_two_steps__no_certificate_without_a_yes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct crash_case *c = &cases[i];
        struct error err = ERROR_INIT;
        struct sample first, next;
        char due[500];
        int64_t count = -1;
        void *own = NULL;

        print_message("    %s\n", c->name);
        fixture_set_up(&own);
        struct fixture *f = own;
        crash_after(f, c->step);
        assert_ok(store_check(f->store, &err), err);
        assert_ok(store_provisional_recover(f->store, FIXTURE_NOW + 60, INT64_MAX, NULL, NULL,
                                            &count, &err),
                  err);
        assert_int_equal(count, c->recovered);
        (void)fixture_due(f->store, FIXTURE_NOW + 60, due, sizeof due);
        assert_string_equal(due, c->due);
        assert_int_equal(fixture_crl_rows(f->store), c->crl_rows);
        assert_int_equal(fixture_revocations(f->store), c->crl_rows);

        fixture_answer(&first, 1, 7);
        assert_int_equal(fixture_find(f->store, &first), c->seen);
        if (c->seen == STORE_SEEN_NEVER) {
            /* The device tries again, with the same bytes. */
            fixture_answer(&next, 2, 7);
            assert_int_equal(fixture_confirm(f->store, fixture_provisional(f->store, &next), &next),
                             STORE_RECORDED);
            assert_int_equal(fixture_find(f->store, &next), STORE_SEEN_ISSUED);
        }
        fixture_tear_down(&own);
    }
}

/* Whatever a start has recovered stays so, and is not done twice. */
static void crash__after_recovery__the_next_start_finds_nothing(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    int64_t count = -1;
    int status = 0;

    crash_after(f, STEP_RECORDED);
    store_close(f->store);
    f->store = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store_options options = fixture_options(f);
        struct store *store = store_open(&options, &err);

        if (store != NULL
            && store_provisional_recover(store, FIXTURE_NOW + 60, INT64_MAX, NULL, NULL, &count,
                                         &err)
            && count == 1) {
            (void)kill(getpid(), SIGKILL);
        }
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    f->store = fixture_open(f);
    assert_ok(
        store_provisional_recover(f->store, FIXTURE_NOW + 61, INT64_MAX, NULL, NULL, &count, &err),
        err);
    assert_int_equal(count, 0);
    assert_int_equal(fixture_revocations(f->store), 1);
    assert_int_equal(fixture_query(f, "SELECT due_at FROM notification"), FIXTURE_NOW + 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash__between_any_two_steps__no_certificate_without_a_yes),
        cmocka_unit_test_setup_teardown(crash__after_recovery__the_next_start_finds_nothing,
                                        fixture_set_up, fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
