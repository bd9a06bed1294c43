/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait for an administrator, with memory running out: noted or refused; a poll tells
 * what is so or fails; an approval leads to one certificate, whatever failed before it came.
 */
#include "enroll/asked.h"

#include <string.h>

#include "base/text.h"
#include "support/alloc_fail.h"

struct stage {
    struct world *world;
    unsigned number;
    struct asked asked;
    struct enroll_request poll; /* borrows from asked */
    struct seen_row before;
    int64_t issued; /* certificates, before */
};

static int64_t certificates(struct world *world)
{
    struct error err = ERROR_INIT;
    int64_t count = 0;

    assert_done(store_count_certificates(world->store, &count, &err), &err, "");
    return count;
}

static void make_request(struct stage *s)
{
    char name[24];

    assert_true(text_format(name, sizeof(name), "dev-%u", s->number++));
    s->asked = asked_init(s->world, name, PASS);
}

static void note(struct stage *s)
{
    s->world->steps[0] = '\0'; /* they would not have room for so many rounds */
    s->before = newest(s->world);
    s->issued = certificates(s->world);
}

/* What enroll/asked.c does for a poll, but asserting nothing. */
static bool poll_now(void *context, struct error *err)
{
    struct stage *s = context;
    struct asked *a = &s->asked;

    issuance_clear(&a->out);
    return enroll_poll(&s->world->options, &s->poll, &a->out, &a->report, err);
}

static bool ask_now(void *context, struct error *err)
{
    struct stage *s = context;
    struct asked *a = &s->asked;

    issuance_clear(&a->out);
    return enroll_handle(&s->world->options, &a->request, &a->out, &a->report, err);
}

static void prepare_poll(struct stage *s)
{
    const struct enroll_request *from = &s->asked.request;

    s->poll = (struct enroll_request){ .request_id = "r-poll",
                                       .peer = from->peer,
                                       .transaction_id = from->transaction_id,
                                       .signer = from->signer,
                                       .signer_self_signed = from->signer_self_signed };
    memcpy(s->poll.signer_key_sha256, from->signer_key_sha256, DIGEST_SHA256_BYTES);
    note(s);
}

/* ---- a request that has to wait -------------------------------------------------------------- */

static void new_request(void *context)
{
    struct stage *s = context;

    make_request(s);
    note(s);
}

static void noted(void *context, bool done)
{
    struct stage *s = context;
    struct seen_row now = newest(s->world);

    assert_true(now.count <= s->before.count + 1);
    if (done) {
        assert_int_equal(s->asked.out.state, ISSUANCE_PENDING);
        assert_int_equal(now.count, s->before.count + 1);
    }
    assert_int_equal(s->asked.out.cert_der.len, 0);
    assert_int_equal(certificates(s->world), s->issued);
    /* the device sends it again: it waits, once */
    ask(s->world, &s->asked);
    assert_waits(s->asked, now.count > s->before.count);
    assert_int_equal(newest(s->world).count, s->before.count + 1);
    asked_clear(&s->asked);
}

/* ---- polls ----------------------------------------------------------------------------------- */

static void waiting(void *context)
{
    struct stage *s = context;

    make_request(s);
    ask(s->world, &s->asked);
    prepare_poll(s);
}

static void waits_still(void *context, bool done)
{
    struct stage *s = context;

    assert_true(!done || s->asked.out.state == ISSUANCE_PENDING);
    assert_int_equal(s->asked.out.cert_der.len, 0);
    assert_int_equal(certificates(s->world), s->issued);
    poll_for(s->world, &s->asked);
    assert_waits(s->asked, true);
    asked_clear(&s->asked);
}

static void approved(void *context)
{
    struct stage *s = context;

    waiting(s);
    approve(s->world);
}

static void issued_once(void *context, bool done)
{
    struct stage *s = context;
    bool there = certificates(s->world) > s->issued;

    assert_true(
        !done || (s->asked.out.state == ISSUANCE_ISSUED && s->asked.out.cert_der.len > 0 && there));
    /* it asks again, and has it: the same if it was on record */
    poll_for(s->world, &s->asked);
    assert_issued(s->asked, there);
    assert_int_equal(certificates(s->world), s->issued + 1);
    asked_clear(&s->asked);
}

static void denied(void *context)
{
    struct stage *s = context;

    waiting(s);
    deny(s->world);
}

static void never_issued(void *context, bool done)
{
    struct stage *s = context;

    assert_false(done);
    assert_int_equal(s->asked.out.cert_der.len, 0);
    assert_int_equal(certificates(s->world), s->issued);
    poll_for(s->world, &s->asked);
    assert_reason(s->asked, REQUEST_DENIED);
    asked_clear(&s->asked);
}

static void wait__memory_runs_out__noted_and_issued_once(void **state)
{
    static const struct alloc_call calls[] = {
        { "request that waits", ask_now, new_request, noted, REASON_NONE, 12 },
        { "poll: waits", poll_now, waiting, waits_still, REASON_NONE, 12 },
        { "poll: approved", poll_now, approved, issued_once, REASON_NONE, 12 },
        { "poll: denied", poll_now, denied, never_issued, REASON_REQUEST_DENIED, 12 },
    };
    struct stage s = { .world = *state };

    s.world->options.approval.max = 100000;
    alloc_fail_calls(calls, sizeof(calls) / sizeof(calls[0]), &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wait__memory_runs_out__noted_and_issued_once, asked_set_up,
                                        world_tear_down),
    };

    return cmocka_run_group_tests_name("memory poll", tests, NULL, NULL);
}
