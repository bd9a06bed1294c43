/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A challenge that another machine checks: it is asked after all that can be known here, and a
 * certificate leaves only when that machine knows of it.
 */
#include <stdlib.h>
#include <string.h>

#include "enroll/enroll_world.h"
#include "platform/clock.h"
#include "store/store_outbox.h"

#define THREADS 8
#define PASS "challenge"

static int set_up(void **state)
{
    int result = world_set_up(state);
    struct world *world = *state;

    world->options.challenge = world->remote;
    return result;
}

/* What waits to be told, and which reason the first one has. */
struct outbox {
    unsigned rows;
    char reason[64];
    char ticket[16];
};

static bool count_row(void *context, const struct store_outbox_row *row, struct error *err)
{
    struct outbox *outbox = context;

    (void)err;
    if (outbox->rows++ == 0) {
        assert_true(strlen(row->reason) < sizeof(outbox->reason));
        memcpy(outbox->reason, row->reason, strlen(row->reason) + 1);
        assert_true(row->ticket.len < sizeof(outbox->ticket));
        memcpy(outbox->ticket, row->ticket.data, row->ticket.len);
    }
    assert_string_equal(row->template_name, "phones");
    return true;
}

static struct outbox look(struct world *world)
{
    struct outbox outbox = { .rows = 0 };
    struct error err = ERROR_INIT;

    assert_done(store_outbox_due(world->store, clock_now() + 1, 100, count_row, &outbox, &err),
                &err, "");
    return outbox;
}

/* Certificates of the CA that its CRL lists. */
static bool count_revoked(void *context, const char *serial, int64_t revoked_at, int reason,
                          struct error *err)
{
    unsigned *count = context;

    (void)serial;
    (void)revoked_at;
    (void)reason;
    (void)err;
    (*count)++;
    return true;
}

static unsigned revoked(struct world *world)
{
    struct error err = ERROR_INIT;
    unsigned count = 0;

    assert_done(store_list_revoked(world->store, "issuing", 0, count_revoked, &count, &err), &err,
                "");
    return count;
}

static void yes__certificate_leaves_and_nothing_waits(void **state)
{
    struct world *world = *state;
    struct enroll_request request;
    struct issuance out = ISSUANCE_INIT;
    struct error err = ERROR_INIT;
    const char *type = NULL;

    world_request(world, "dev-1", PASS, &request);
    assert_done(world_decide(world, &request, &out, &type, &err), &err, "");
    assert_string_equal(type, "fake");
    assert_steps(world, "check issue confirm ");
    assert_int_equal(look(world).rows, 0);
    assert_int_equal(revoked(world), 0);
    /* lost on the way: the same again, and nobody is asked */
    assert_done(world_decide(world, &request, &out, &type, &err), &err, "");
    assert_true(out.repeated);
    assert_steps(world, "");
    issuance_clear(&out);
    world_request_clear(&request);
}

static void refused__by_table__who_was_asked_and_who_is_told(void **state)
{
    static const struct {
        const char *cn;
        struct world_knobs knobs;
        enum reason reason;
        const char *steps;
    } rows[] = {
        /* the template says no: the validator is not asked, but told */
        { "printer", { .check_fails = REASON_NONE }, REASON_SUBJECT_CN, "refuse " },
        /* the validator says no, or cannot be asked: it knows that itself */
        { "dev-1", { .check_fails = REASON_INTUNE_SAN }, REASON_INTUNE_SAN, "check " },
        { "dev-1",
          { .check_fails = REASON_INTUNE_UNAVAILABLE },
          REASON_INTUNE_UNAVAILABLE,
          "check " },
        /* the CA cannot sign what the validator has allowed */
        { "dev-1", { .issue_fails = REASON_CA_EXPIRED }, REASON_CA_EXPIRED, "check issue refuse " },
    };
    struct world *world = *state;
    struct enroll_request request;
    struct issuance out = ISSUANCE_INIT;
    struct error err = ERROR_INIT;
    const char *type = NULL;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_request(world, rows[i].cn, PASS, &request);
        world->knobs = rows[i].knobs;
        assert_false(world_decide(world, &request, &out, &type, &err));
        assert_string_equal(reason_id(err.reason), reason_id(rows[i].reason));
        assert_steps(world, rows[i].steps);
        assert_int_equal(world_recorded(world), 0);
        world_request_clear(&request);
    }
}

static void not_confirmed__certificate_is_withheld_revoked_and_told(void **state)
{
    struct world *world = *state;
    struct enroll_request request;
    struct issuance out = ISSUANCE_INIT;
    struct error err = ERROR_INIT;
    const char *type = NULL;
    struct outbox outbox;

    world_request(world, "dev-1", PASS, &request);
    world->knobs.confirm_fails = REASON_INTUNE_NOT_CONFIRMED;
    assert_false(world_decide(world, &request, &out, &type, &err));
    assert_int_equal(err.reason, REASON_INTUNE_NOT_CONFIRMED);
    assert_steps(world, "check issue confirm ");
    assert_int_equal(revoked(world), 1);
    outbox = look(world);
    assert_int_equal(outbox.rows, 1);
    assert_string_equal(outbox.reason, reason_id(REASON_INTUNE_NOT_CONFIRMED));
    assert_string_equal(outbox.ticket, "ticket");
    /* the device comes again with the same bytes: nothing is held against it */
    world->knobs.confirm_fails = REASON_NONE;
    assert_done(world_decide(world, &request, &out, &type, &err), &err, "");
    assert_false(out.repeated);
    assert_steps(world, "check issue confirm ");
    assert_int_equal(revoked(world), 1);
    issuance_clear(&out);
    world_request_clear(&request);
}

struct racer {
    struct world *world;
    struct enroll_request request;
    struct issuance out;
    struct enroll_report report;
    struct error err;
    bool ok;
    pthread_t thread;
};

static void *race(void *context)
{
    struct racer *racer = context;

    racer->ok = enroll_handle(&racer->world->options, &racer->request, &racer->out, &racer->report,
                              &racer->err);
    return NULL;
}

static void duplicates__at_the_same_time__one_certificate_the_others_are_withheld(void **state)
{
    struct world *world = *state;
    struct racer racers[THREADS];
    unsigned fresh = 0;

    world->knobs.meet = THREADS;
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){ .world = world, .out = ISSUANCE_INIT, .err = ERROR_INIT };
        world_request(world, "dev-1", PASS, &racers[i].request);
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_done(racers[i].ok, &racers[i].err, "");
        fresh += racers[i].out.repeated ? 0 : 1;
        assert_string_equal(racers[i].out.info.serial, racers[0].out.info.serial);
    }
    assert_int_equal(fresh, 1);
    assert_int_equal(revoked(world), THREADS - 1);
    assert_int_equal(look(world).rows, 0);
    for (int i = 0; i < THREADS; i++) {
        issuance_clear(&racers[i].out);
        world_request_clear(&racers[i].request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(yes__certificate_leaves_and_nothing_waits, set_up,
                                        world_tear_down),
        cmocka_unit_test_setup_teardown(refused__by_table__who_was_asked_and_who_is_told, set_up,
                                        world_tear_down),
        cmocka_unit_test_setup_teardown(not_confirmed__certificate_is_withheld_revoked_and_told,
                                        set_up, world_tear_down),
        cmocka_unit_test_setup_teardown(
            duplicates__at_the_same_time__one_certificate_the_others_are_withheld, set_up,
            world_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
