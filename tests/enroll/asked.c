/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/asked.h"

#include <string.h>

#include "platform/clock.h"

#define MONTH (30 * 86400)

struct asked asked_init(struct world *world, const char *cn, const char *challenge)
{
    struct asked a = { .out = ISSUANCE_INIT, .err = ERROR_INIT };

    world_request(world, cn, challenge, &a.request);
    return a;
}

void asked_clear(struct asked *a)
{
    issuance_clear(&a->out);
    world_request_clear(&a->request);
}

void ask(struct world *world, struct asked *a)
{
    issuance_clear(&a->out);
    error_clear(&a->err);
    a->ok = enroll_handle(&world->options, &a->request, &a->out, &a->report, &a->err);
    assert_int_equal(a->ok, !error_is_set(&a->err));
}

/* As a CertPoll comes: no CSR. */
void poll_for(struct world *world, struct asked *a)
{
    struct enroll_request poll = {
        .request_id = "r-poll",
        .peer = a->request.peer,
        .transaction_id = a->request.transaction_id,
        .signer = a->request.signer,
        .signer_self_signed = a->request.signer_self_signed,
    };

    memcpy(poll.signer_key_sha256, a->request.signer_key_sha256, DIGEST_SHA256_BYTES);
    issuance_clear(&a->out);
    error_clear(&a->err);
    a->ok = enroll_poll(&world->options, &poll, &a->out, &a->report, &a->err);
    assert_int_equal(a->ok, !error_is_set(&a->err));
}

static bool see(void *context, const struct store_pending_row *row, struct error *err)
{
    struct seen_row *seen = context;

    (void)err;
    if (seen->count++ == 0) {
        seen->id = row->id;
        seen->state = row->state;
    }
    return true;
}

/* The newest one, and how many there are. */
struct seen_row newest(struct world *world)
{
    struct store_pending_filter all = { .all = true, .now = clock_now() };
    struct seen_row seen = { .count = 0 };
    struct error err = ERROR_INIT;

    assert_done(store_pending_list(world->store, &all, see, &seen, &err), &err, "");
    return seen;
}

bool decide(struct world *world, bool approve, struct error *err)
{
    struct store_pending_decision decision = {
        .id = newest(world).id,
        .approve = approve,
        .by = "tester",
        .note = approve ? "" : "not ours",
        .now = clock_now(),
    };

    error_clear(err);
    return store_pending_decide(world->store, &decision, err);
}

void approve(struct world *world)
{
    struct error err = ERROR_INIT;

    assert_done(decide(world, true, &err), &err, "");
}

void deny(struct world *world)
{
    struct error err = ERROR_INIT;

    assert_done(decide(world, false, &err), &err, "");
}

int asked_set_up(void **state)
{
    struct world *world = NULL;

    world_set_up(state);
    world = *state;
    world->options.approval =
        (struct enroll_approval_options){ .manual = true, .seconds = MONTH, .max = 100 };
    return 0;
}
