/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store and the passwords with memory running out: what is reported as done is done whole, what
 * is refused has left nothing; and a row that could not be read is no row that says less.
 */
#include "mscep/password_fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "store/store_outbox.h"
#include "store/store_pending.h"
#include "support/alloc_fail.h"

struct stage {
    struct world *world;
    struct store *store;
    uint32_t number; /* of the certificate of this round */
    struct store_request_key key;
    struct certificate_info info;
    char id[16];
    char serial[16];
    struct buffer found;
    enum store_seen seen;
    struct store_status status;
    int64_t count;
    int64_t before;
    enum store_record_result result;
    bool kept;

    struct challenge *challenge;
    struct enroll_request request;
    struct grant grant;
    struct ndes_password_made made;
    struct ndes_password_order order;
    struct ndes_password_source source;
};

static int64_t recorded(const struct stage *s)
{
    return world_recorded(s->world);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void next_certificate(void *context)
{
    struct stage *s = context;

    s->number++;
    (void)snprintf(s->id, sizeof(s->id), "%u", s->number);
    (void)snprintf(s->serial, sizeof(s->serial), "%08x", s->number);
    memset(&s->key, 0, sizeof(s->key));
    s->key.template_name = "phones";
    s->key.ca_name = "issuing";
    s->key.transaction_id = bytes_of_text(s->id);
    memcpy(s->key.csr_sha256, &s->number, sizeof(s->number));
    memset(&s->info, 0, sizeof(s->info));
    assert_true(text_copy(s->info.serial, sizeof(s->info.serial), s->serial));
    assert_true(text_copy(s->info.subject, sizeof(s->info.subject), "CN=dev"));
    memcpy(s->info.sha256, &s->number, sizeof(s->number));
    s->info.not_after = clock_now() + 86400;
    s->before = recorded(s);
}

static bool record(void *context, struct error *err)
{
    struct stage *s = context;
    struct store_certificate cert = { .request = &s->key,
                                      .info = &s->info,
                                      .der = bytes_of_text("a certificate"),
                                      .peer = "192.0.2.7",
                                      .challenge_type = "ndes",
                                      .request_id = "r",
                                      .issued_at = clock_now() };

    return store_record_certificate(s->store, &cert, 60, &s->result, err);
}

static void recorded_or_not(void *context, bool done)
{
    const struct stage *s = context;

    assert_int_equal(recorded(s), s->before + (done ? 1 : 0));
    assert_true(!done || s->result == STORE_RECORDED);
}

/* One that is recorded; every round asks for this one. */
static void make_certificate(struct stage *s, bool revoked)
{
    struct error err = ERROR_INIT;

    next_certificate(s);
    assert_done(record(s, &err), &err, "");
    if (revoked) {
        assert_done(store_revoke_certificate(s->store, "issuing", s->serial, 1, 0, &err), &err, "");
    }
}

static bool find(void *context, struct error *err)
{
    struct stage *s = context;

    s->seen = STORE_SEEN_NEVER;
    return store_find_request(s->store, &s->key, 0, &s->seen, &s->found, err);
}

static void found_revoked(void *context, bool done)
{
    struct stage *s = context;

    assert_true(!done || s->seen == STORE_SEEN_REVOKED);
    buffer_clear(&s->found);
}

static void found_issued(void *context, bool done)
{
    struct stage *s = context;

    assert_true(!done || s->seen == STORE_SEEN_ISSUED);
    if (done) {
        assert_bytes_text(buffer_bytes(&s->found), "a certificate");
    }
    buffer_clear(&s->found);
}

static bool read_status(void *context, struct error *err)
{
    struct stage *s = context;

    return store_read_status(s->store, "issuing", s->serial, &s->status, err);
}

static void status_revoked(void *context, bool done)
{
    const struct stage *s = context;

    assert_true(!done || (s->status.recorded && s->status.revoked_at != 0));
}

static void next_to_revoke(void *context)
{
    make_certificate(context, false);
}

static bool revoke(void *context, struct error *err)
{
    struct stage *s = context;

    return store_revoke_certificate(s->store, "issuing", s->serial, 1, 0, err);
}

static void revoked_or_not(void *context, bool done)
{
    struct stage *s = context;
    struct error err = ERROR_INIT;

    assert_done(read_status(s, &err), &err, "");
    assert_int_equal(s->status.revoked_at != 0, done);
}

static bool count_rows(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct stage *s = context;

    (void)err;
    s->count++;
    assert_string_equal(row->subject, "CN=dev"); /* never less than what is there */
    assert_string_equal(row->template_name, "phones");
    return true;
}

static bool list(void *context, struct error *err)
{
    struct stage *s = context;
    struct store_list_filter filter = { .now = clock_now(), .limit = 3 };

    s->count = 0;
    return store_list_certificates(s->store, &filter, count_rows, s, err);
}

static void listed(void *context, bool done)
{
    const struct stage *s = context;

    assert_true(!done || s->count == 3);
}

static bool put_crl(void *context, struct error *err)
{
    struct stage *s = context;
    struct store_crl crl = { .number = ++s->count, .next_update = clock_now() };

    return store_put_crl(s->store, "issuing", &crl, bytes_of_text("a CRL"), &s->kept, err);
}

static void crl_put(void *context, bool done)
{
    const struct stage *s = context;

    assert_true(!done || s->kept);
}

static bool outbox_add(void *context, struct error *err)
{
    struct stage *s = context;
    struct store_refusal refusal = { .hresult = 1, .reason = "no-memory", .detail = "d" };

    return store_outbox_add(s->store, "phones", bytes_of_text(s->id), bytes_of_text("ticket"), true,
                            &refusal, clock_now(), 100000, &s->kept, err);
}

static bool pend(void *context, struct error *err)
{
    struct stage *s = context;
    struct store_pending pending = { .request = &s->key,
                                     .request_id = "r",
                                     .csr = bytes_of_text("csr"),
                                     .subject = "CN=dev",
                                     .peer = "192.0.2.7",
                                     .now = clock_now(),
                                     .expires_at = clock_now() + 3600 };

    return store_pending_record(s->store, &pending, 100000, &s->kept, err);
}

static bool open_again(void *context, struct error *err)
{
    struct stage *s = context;
    struct store_options options = { .path = s->world->database, .readers = 2 };
    struct store *store = store_open(&options, err);

    store_close(store);
    return store != NULL;
}

static const struct alloc_call verbs[] = {
    { "store: record", record, next_certificate, recorded_or_not, REASON_NONE, 0 },
    { "store: revoke", revoke, next_to_revoke, revoked_or_not, REASON_NONE, 0 },
    { "store: list", list, NULL, listed, REASON_NONE, 0 },
    { "store: outbox", outbox_add, next_certificate, NULL, REASON_NONE, 0 },
    { "store: pending", pend, next_certificate, NULL, REASON_NONE, 0 },
    { "store: open", open_again, NULL, NULL, REASON_NONE, 0 },
};

static void verb__memory_runs_out__done_or_not(void **state)
{
    struct stage s = { .world = *state, .found = BUFFER_INIT(65536) };
    const struct alloc_call crl = { "store: CRL", put_crl, NULL, crl_put, REASON_NONE, 0 };

    s.store = s.world->store;
    alloc_fail_calls(verbs, sizeof(verbs) / sizeof(verbs[0]), &s);
    s.count = 0;
    alloc_fail_calls(&crl, 1, &s);
}

/* The same bytes again lead to nothing new, and to nothing at all once it was revoked. */
static void look_up__memory_runs_out__never_says_less(void **state)
{
    static const struct alloc_call issued = { "store: find", find,        NULL,
                                              found_issued,  REASON_NONE, 0 };
    static const struct alloc_call revoked[] = {
        { "store: find a revoked one", find, NULL, found_revoked, REASON_NONE, 0 },
        { "store: status of a revoked one", read_status, NULL, status_revoked, REASON_NONE, 0 },
    };
    struct stage s = { .world = *state, .found = BUFFER_INIT(65536) };

    s.store = s.world->store;
    make_certificate(&s, false);
    alloc_fail_calls(&issued, 1, &s);
    make_certificate(&s, true);
    alloc_fail_calls(revoked, 2, &s);
}

/* ---- passwords ------------------------------------------------------------------------------- */

static bool make(void *context, struct error *err)
{
    struct stage *s = context;

    return ndes_password_make(&s->source, &s->order, &s->made, err);
}

static void clear_made(void *context, bool done)
{
    struct stage *s = context;

    assert_true(!done || s->made.password.len > 0);
    ndes_password_made_clear(&s->made);
}

static bool check(void *context, struct error *err)
{
    struct stage *s = context;

    s->grant = (struct grant)GRANT_INIT;
    return challenge_check(s->challenge, &s->request, &s->grant, err);
}

static void clear_grant(void *context, bool done)
{
    struct stage *s = context;

    assert_int_equal(s->grant.reservation != 0, done);
    grant_clear(&s->grant);
}

struct password_case {
    const char *name;
    const char *subject; /* it is bound to; NULL: any */
    const char *prefix;  /* NULL: any */
    const char *scope;
    const char *spoil; /* SQL; NULL: none */
    enum reason refused;
};

static const struct password_case password_cases[] = {
    { "password", NULL, NULL, "phones", NULL, REASON_NONE },
    { "password for another subject", "CN=somebody", NULL, "phones", NULL,
      REASON_CHALLENGE_BINDING },
    { "password for another address", NULL, "198.51.100.0/24", "phones", NULL,
      REASON_CHALLENGE_BINDING },
    { "password for another template", NULL, NULL, "tablets", NULL, REASON_CHALLENGE_BINDING },
    { "password that has ended", NULL, NULL, "phones", "UPDATE password SET expires_at = 1000",
      REASON_CHALLENGE_EXPIRED },
    { "password that is spent", NULL, NULL, "phones",
      "UPDATE password SET spent_at = 1000, spent_ca = 'c', spent_serial = 's'",
      REASON_CHALLENGE_USED },
    { "password that is not there", NULL, NULL, "phones", "DELETE FROM password",
      REASON_CHALLENGE_REJECTED },
};

static void make_case(struct stage *s, const struct password_case *c, struct ip_prefix *prefix)
{
    struct error err = ERROR_INIT;

    s->order = password_order_of(c->scope, &password_config_plain);
    s->order.subject = c->subject;
    if (c->prefix != NULL) {
        assert_done(ip_prefix_parse(bytes_of_text(c->prefix), prefix, &err), &err, c->name);
        s->order.peer = prefix;
    }
    s->made = password_make(s->world, &s->order);
    s->challenge = ndes_challenge_create(&s->source, "phones", &password_config_plain, false, &err);
    assert_done(s->challenge != NULL, &err, c->name);
    world_request(s->world, "dev", password_text(&s->made), &s->request);
    if (c->spoil != NULL) {
        password_database(s->world, c->spoil);
    }
}

static void password__memory_runs_out__nobody_gets_in(void **state)
{
    struct stage s = { .world = *state };

    s.store = s.world->store;
    s.source = password_source_of(s.world);
    for (size_t i = 0; i < sizeof(password_cases) / sizeof(password_cases[0]); i++) {
        const struct password_case *c = &password_cases[i];
        const struct alloc_call call = { c->name, check, NULL, clear_grant, c->refused, 60 };
        struct ip_prefix prefix;

        password_database(s.world, "DELETE FROM password");
        make_case(&s, c, &prefix);
        alloc_fail_calls(&call, 1, &s);
        world_request_clear(&s.request);
        challenge_free(s.challenge);
        ndes_password_made_clear(&s.made);
    }
}

static void password_new__memory_runs_out__made_or_not(void **state)
{
    static const struct alloc_call call = {
        "password new", make, NULL, clear_made, REASON_NONE, 0
    };
    struct ndes_password_config config = password_config_plain;
    struct stage s = { .world = *state };

    config.max = 100000;
    s.source = password_source_of(s.world);
    s.order = password_order_of("phones", &config);
    alloc_fail_calls(&call, 1, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(verb__memory_runs_out__done_or_not, world_set_up,
                                        world_tear_down),
        cmocka_unit_test_setup_teardown(look_up__memory_runs_out__never_says_less, world_set_up,
                                        world_tear_down),
        cmocka_unit_test_setup_teardown(password__memory_runs_out__nobody_gets_in, world_set_up,
                                        world_tear_down),
        cmocka_unit_test_setup_teardown(password_new__memory_runs_out__made_or_not, world_set_up,
                                        world_tear_down),
    };

    return cmocka_run_group_tests_name("memory store", tests, NULL, NULL);
}
