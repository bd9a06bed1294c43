/* SPDX-License-Identifier: Apache-2.0 */
/* The same request decided by several threads at once, and a revocation that comes in between. */
#include <string.h>

#include "enroll/enroll_world.h"
#include "platform/threads.h"

#define THREADS 6
#define PASS "the challenge"

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

static unsigned count_steps(const struct world *world, const char *name)
{
    unsigned count = 0;

    for (const char *at = world->steps; (at = strstr(at, name)) != NULL; at++) {
        count++;
    }
    return count;
}

static void duplicates__at_the_same_time__one_certificate_for_all(void **state)
{
    struct world *world = *state;
    struct racer racers[THREADS];
    unsigned fresh = 0;

    /* Each has signed a certificate of its own before the first can record one. */
    world->knobs.meet = THREADS;
    for (size_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){ .world = world, .out = ISSUANCE_INIT, .err = ERROR_INIT };
        world_request(world, "dev", PASS, &racers[i].request);
    }
    for (size_t i = 0; i < THREADS; i++) {
        struct error err = ERROR_INIT;

        assert_done(thread_start(&racers[i].thread, "racer", race, &racers[i], &err), &err, "");
    }
    for (size_t i = 0; i < THREADS; i++) {
        thread_join(racers[i].thread);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_done(racers[i].ok, &racers[i].err, "racer");
        assert_true(bytes_equal(buffer_bytes(&racers[i].out.cert_der),
                                buffer_bytes(&racers[0].out.cert_der)));
        assert_string_equal(racers[i].out.info.serial, racers[0].out.info.serial);
        fresh += racers[i].out.repeated ? 0 : 1;
    }
    for (size_t i = 0; i < THREADS; i++) {
        issuance_clear(&racers[i].out);
        world_request_clear(&racers[i].request);
    }
    assert_int_equal(fresh, 1);
    assert_int_equal(world_recorded(world), 1);
    assert_int_equal(count_steps(world, "issue"), THREADS);
    /* Each has confirmed a certificate of its own; all but the winner's are taken back. */
    assert_int_equal(count_steps(world, "confirm"), THREADS);
    assert_int_equal(count_steps(world, "refuse"), THREADS - 1);
    assert_int_equal(world->refused_why, REASON_STORE_DUPLICATE);
}

/* A second enrolment of the same bytes and its revocation, while the first is being signed. */
struct interloper {
    struct world *world;
    const struct enroll_request *request;
    bool done;
};

static void enrol_and_revoke(void *context)
{
    struct interloper *i = context;
    struct issuance out = ISSUANCE_INIT;
    struct error err = ERROR_INIT;
    struct enroll_report report;

    if (i->done) return;
    i->done = true;
    assert_done(enroll_handle(&i->world->options, i->request, &out, &report, &err), &err, "");
    assert_done(store_revoke_certificate(i->world->store, "issuing", out.info.serial, 1, 0, &err),
                &err, "");
    issuance_clear(&out);
}

static void revoked__while_it_is_signed_again__nothing_leaves(void **state)
{
    struct world *world = *state;
    struct enroll_request request;
    struct interloper interloper = { world, &request, false };
    struct issuance out = ISSUANCE_INIT;
    const char *type = NULL;
    struct error err = ERROR_INIT;

    world_request(world, "dev", PASS, &request);
    world->knobs.before_issue = enrol_and_revoke;
    world->knobs.before_issue_context = &interloper;
    assert_false(world_decide(world, &request, &out, &type, &err));
    assert_string_equal(reason_id(err.reason), reason_id(REASON_REQUEST_OF_REVOKED));
    assert_steps(world, "check issue check issue confirm confirm refuse ");
    assert_int_equal(world->refused_why, REASON_REQUEST_OF_REVOKED);
    assert_int_equal(world_recorded(world), 1);
    world_request_clear(&request);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(duplicates__at_the_same_time__one_certificate_for_all),
        unit(revoked__while_it_is_signed_again__nothing_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
