/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for an administrator: all states, polls, races, what may not be mixed up. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "enroll/enroll_world.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "store/store_passwords.h"
#include "store/store_pending.h"

#define THREADS 6
#define PASS "the challenge"
#define MONTH (30 * 86400)
#define FILE_MAX_BYTES (16u * 1024 * 1024)

/* One request and the last answer to it. */
struct asked {
    struct enroll_request request;
    struct issuance out;
    struct enroll_report report;
    struct error err;
    bool ok;
};

static struct asked asked_init(struct world *world, const char *cn, const char *challenge)
{
    struct asked a = { .out = ISSUANCE_INIT, .err = ERROR_INIT };

    world_request(world, cn, challenge, &a.request);
    return a;
}

static void asked_clear(struct asked *a)
{
    issuance_clear(&a->out);
    world_request_clear(&a->request);
}

static void ask(struct world *world, struct asked *a)
{
    issuance_clear(&a->out);
    error_clear(&a->err);
    a->ok = enroll_handle(&world->options, &a->request, &a->out, &a->report, &a->err);
    assert_int_equal(a->ok, !error_is_set(&a->err));
}

/* As a CertPoll comes: no CSR. */
static void poll(struct world *world, struct asked *a)
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

#define assert_reason(a, expected)                                                                 \
    do {                                                                                           \
        assert_false((a).ok);                                                                      \
        assert_string_equal(reason_id((a).err.reason), reason_id(REASON_##expected));              \
        assert_int_equal((a).out.state, ISSUANCE_NONE);                                            \
        assert_int_equal((a).out.cert_der.len, 0);                                                 \
    } while (0)

#define assert_waits(a, again)                                                                     \
    do {                                                                                           \
        assert_done((a).ok, &(a).err, "");                                                         \
        assert_int_equal((a).out.state, ISSUANCE_PENDING);                                         \
        assert_int_equal((a).out.repeated, again);                                                 \
        assert_int_equal((a).out.cert_der.len, 0);                                                 \
    } while (0)

#define assert_issued(a, again)                                                                    \
    do {                                                                                           \
        assert_done((a).ok, &(a).err, "");                                                         \
        assert_int_equal((a).out.state, ISSUANCE_ISSUED);                                          \
        assert_int_equal((a).out.repeated, again);                                                 \
        assert_true((a).out.cert_der.len > 0);                                                     \
    } while (0)

/* ---- rows ------------------------------------------------------------------------------------ */

struct seen_row {
    int64_t id;
    enum store_pending_state state;
    size_t count;
};

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
static struct seen_row newest(struct world *world)
{
    struct store_pending_filter all = { .all = true, .now = clock_now() };
    struct seen_row seen = { .count = 0 };
    struct error err = ERROR_INIT;

    assert_done(store_pending_list(world->store, &all, see, &seen, &err), &err, "");
    return seen;
}

static bool decide(struct world *world, bool approve, struct error *err)
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

static void approve(struct world *world)
{
    struct error err = ERROR_INIT;

    assert_done(decide(world, true, &err), &err, "");
}

static void deny(struct world *world)
{
    struct error err = ERROR_INIT;

    assert_done(decide(world, false, &err), &err, "");
}

static int manual_set_up(void **state)
{
    struct world *world = NULL;

    world_set_up(state);
    world = *state;
    world->options.approval =
        (struct enroll_approval_options){ .manual = true, .seconds = MONTH, .max = 100 };
    return 0;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void request__accepted__waits_and_again_without_a_second_challenge(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev-1", PASS);

    ask(world, &a);
    assert_waits(a, false);
    assert_string_equal(a.report.challenge_type, "fake");
    assert_steps(world, "check ");
    world->knobs.check_fails = REASON_CHALLENGE_USED;
    ask(world, &a);
    assert_waits(a, true);
    poll(world, &a);
    assert_waits(a, true);
    assert_steps(world, ""); /* no challenge, no CA */
    assert_int_equal(newest(world).count, 1);
    assert_int_equal(world_recorded(world), 0);
    asked_clear(&a);
}

/* Nobody shall approve what would be refused. */
static void request__template_refuses__does_not_wait(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "other", PASS);

    ask(world, &a);
    assert_reason(a, SUBJECT_CN);
    assert_steps(world, "check refuse ");
    assert_int_equal(newest(world).count, 0);
    asked_clear(&a);
}

static void challenge__wrong_or_missing__who_may_wait(void **state)
{
    static const struct {
        const char *name;
        const char *challenge;
        enum reason check; /* what the challenge says */
        bool self_signed;
        bool automatic;
        enum reason expected;
    } cases[] = {
        { "none", NULL, REASON_CHALLENGE_MISSING, true, false, REASON_NONE },
        { "none, and no approval", NULL, REASON_CHALLENGE_MISSING, true, true,
          REASON_CHALLENGE_MISSING },
        { "none, signed with a certificate", NULL, REASON_CHALLENGE_MISSING, false, false,
          REASON_RENEWAL_NOT_ENABLED },
        { "wrong", "wrong", REASON_CHALLENGE_REJECTED, true, false, REASON_CHALLENGE_REJECTED },
        { "used", "used", REASON_CHALLENGE_USED, true, false, REASON_CHALLENGE_USED },
        { "none, and it cannot be checked", NULL, REASON_CHALLENGE_UNAVAILABLE, true, false,
          REASON_CHALLENGE_UNAVAILABLE },
        { "one, called missing", "there", REASON_CHALLENGE_MISSING, true, false,
          REASON_CHALLENGE_MISSING },
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct asked a = asked_init(world, "dev", cases[i].challenge);

        print_message("%s\n", cases[i].name);
        world->knobs.check_fails = cases[i].check;
        world->options.approval.manual = !cases[i].automatic;
        a.request.signer_self_signed = cases[i].self_signed;
        a.request.transaction_id = bytes_of_text(cases[i].name);
        ask(world, &a);
        if (cases[i].expected == REASON_NONE) {
            assert_waits(a, false);
            assert_null(a.report.challenge_type);
        } else {
            assert_false(a.ok);
            assert_string_equal(reason_id(a.err.reason), reason_id(cases[i].expected));
        }
        asked_clear(&a);
    }
    assert_int_equal(newest(world).count, 1);
}

/* There was no grant: nothing is given back. */
static void challenge__missing_and_template_refuses__nothing_given_back(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "other", NULL);

    world->knobs.check_fails = REASON_CHALLENGE_MISSING;
    ask(world, &a);
    assert_reason(a, SUBJECT_CN);
    assert_steps(world, "check ");
    asked_clear(&a);
}

static void limit__reached__refused_and_given_back(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev-1", PASS);
    struct asked b = asked_init(world, "dev-2", PASS);

    world->options.approval.max = 1;
    ask(world, &a);
    assert_waits(a, false);
    assert_steps(world, "check ");
    ask(world, &b);
    assert_reason(b, PENDING_FULL);
    assert_steps(world, "check refuse ");
    /* neither the same again, nor what is decided or over, nor another template counts */
    ask(world, &a);
    assert_waits(a, true);
    world->options.template_name = "tablets";
    ask(world, &b);
    assert_waits(b, false);
    world->options.template_name = "phones";
    world_sql(world, "UPDATE pending SET expires_at = created_at - 1 WHERE template = 'phones'");
    ask(world, &b);
    assert_waits(b, false);
    approve(world);
    ask(world, &a);
    assert_waits(a, false);
    asked_clear(&a);
    asked_clear(&b);
}

/* ---- decided --------------------------------------------------------------------------------- */

static bool check_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    (void)err;
    assert_string_equal(row->template_name, "phones");
    assert_string_equal(row->challenge_type, "fake");
    assert_string_equal(row->request_id, context);
    assert_bytes_text(row->transaction_id, "transaction");
    return true;
}

static void approved__poll__issued_once_and_given_again(void **state)
{
    struct world *world = *state;

    for (int repeats = 0; repeats < 2; repeats++) {
        struct asked a = asked_init(world, repeats == 0 ? "dev-0" : "dev-1", PASS);
        struct error err = ERROR_INIT;
        char serial[SERIAL_TEXT_MAX];
        char of_poll[] = "r-poll";

        world->options.repeat_seconds = repeats == 0 ? 0 : 3600;
        ask(world, &a);
        approve(world);
        assert_steps(world, "check ");
        world->knobs.check_fails = REASON_CHALLENGE_USED;
        poll(world, &a);
        assert_issued(a, false);
        assert_string_equal(a.report.challenge_type, "fake");
        assert_steps(world, "issue ");
        assert_int_equal(newest(world).state, STORE_PENDING_ISSUED);
        memcpy(serial, a.out.info.serial, sizeof(serial));
        assert_done(store_show_certificate(world->store, "issuing", serial, check_row, of_poll,
                                           &err),
                    &err, "");
        poll(world, &a);
        assert_issued(a, true);
        assert_string_equal(a.out.info.serial, serial);
        assert_steps(world, "");
        if (repeats != 0) { /* the request itself is a repeat like any other */
            ask(world, &a);
            assert_issued(a, true);
            assert_string_equal(a.out.info.serial, serial);
        }
        assert_done(store_revoke_certificate(world->store, "issuing", serial, 1, 0, &err), &err,
                    "");
        poll(world, &a);
        assert_reason(a, REQUEST_OF_REVOKED);
        ask(world, &a);
        assert_reason(a, REQUEST_OF_REVOKED);
        assert_steps(world, "");
        assert_int_equal(world_recorded(world), repeats + 1);
        world->knobs.check_fails = REASON_NONE;
        asked_clear(&a);
    }
}

static void approved__same_request_again__issued(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);

    ask(world, &a);
    approve(world);
    ask(world, &a);
    assert_issued(a, false);
    assert_string_equal(a.out.info.subject, "CN=dev");
    assert_memory_equal(a.out.info.key_sha256, a.request.csr.key_sha256, DIGEST_SHA256_BYTES);
    assert_steps(world, "check issue ");
    ask(world, &a);
    assert_issued(a, true);
    assert_int_equal(world_recorded(world), 1);
    asked_clear(&a);
}

static void approved__template_refuses_now__refused_and_stays_approved(void **state)
{
    static const char narrow[] = "{ \"subject\": { \"cn_patterns\": [\"router*\"] } }";
    struct world *world = *state;
    const struct template *wide = world->options.template;
    struct asked a = asked_init(world, "dev", PASS);
    struct template_config config;
    struct error err = ERROR_INIT;
    struct template *template = NULL;

    assert_done(config_parse_template("test", "phones", bytes_of_text(narrow), &config, &err), &err,
                "");
    template = template_create(&config, &err);
    assert_done(template != NULL, &err, "");
    ask(world, &a);
    approve(world);
    world->options.template = template;
    poll(world, &a);
    assert_reason(a, SUBJECT_CN);
    assert_int_equal(newest(world).state, STORE_PENDING_APPROVED);
    world->options.template = wide;
    world->knobs.issue_fails = REASON_CA_EXPIRED;
    poll(world, &a);
    assert_reason(a, CA_EXPIRED);
    assert_steps(world, "check issue "); /* and no challenge is told of either */
    world->knobs.issue_fails = REASON_NONE;
    poll(world, &a);
    assert_issued(a, false);
    template_free(template);
    template_config_clear(&config);
    asked_clear(&a);
}

static void denied__poll_and_repeat__refused_until_the_end(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);
    struct error err = ERROR_INIT;

    ask(world, &a);
    deny(world);
    assert_steps(world, "check ");
    poll(world, &a);
    assert_reason(a, REQUEST_DENIED);
    assert_non_null(strstr(a.err.detail, "not ours"));
    ask(world, &a);
    assert_reason(a, REQUEST_DENIED);
    assert_steps(world, "");
    assert_refused(decide(world, true, &err), &err, REASON_REQUEST_NOT_PENDING, "");
    world_sql(world, "UPDATE pending SET expires_at = created_at - 1");
    poll(world, &a);
    assert_reason(a, POLL_UNKNOWN);
    ask(world, &a);
    assert_waits(a, false);
    asked_clear(&a);
}

static void expired__waiting_or_approved__forgotten(void **state)
{
    struct world *world = *state;

    for (int approved = 0; approved < 2; approved++) {
        struct asked a = asked_init(world, approved ? "dev-1" : "dev-2", PASS);
        struct error err = ERROR_INIT;
        int64_t count = 0;

        ask(world, &a);
        if (approved) approve(world);
        assert_int_equal(newest(world).count, 1);
        world_sql(world, "UPDATE pending SET expires_at = created_at - 1");
        poll(world, &a);
        assert_reason(a, POLL_UNKNOWN);
        assert_done(store_pending_tidy(world->store, clock_now(), &count, &err), &err, "");
        assert_int_equal(count, 1);
        asked_clear(&a);
    }
    assert_int_equal(world_recorded(world), 0);
}

static void restart__nothing_lost(void **state)
{
    struct world *world = *state;
    struct store_options options = { .readers = 2, .path = world->database };
    struct asked a = asked_init(world, "dev", PASS);
    struct error err = ERROR_INIT;

    for (int step = 0; step < 3; step++) {
        store_close(world->store);
        world->store = store_open(&options, &err);
        assert_done(world->store != NULL, &err, "");
        world->options.store = world->store;
        if (step == 0) ask(world, &a);
        poll(world, &a);
        if (step < 2) {
            assert_waits(a, true);
            if (step == 1) approve(world);
        } else {
            assert_issued(a, false);
        }
    }
    asked_clear(&a);
}

static void automatic__set_meanwhile__what_waits_goes_on_waiting(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);

    ask(world, &a);
    world->options.approval.manual = false;
    ask(world, &a);
    assert_waits(a, true);
    deny(world);
    ask(world, &a);
    assert_reason(a, REQUEST_DENIED);
    asked_clear(&a);
}

/* ---- whose it is ----------------------------------------------------------------------------- */

static bool never(void *context, const char *template_name, struct error *err)
{
    (void)context;
    (void)err;
    fail_msg("visited for template %s", template_name);
    return false;
}

static void poll__anything_differs__unknown(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);
    struct error err = ERROR_INIT;

    ask(world, &a);
    approve(world);
    for (int i = 0; i < 4; i++) {
        struct asked other = asked_init(world, "dev", PASS);
        struct ca *issuing = world->options.ca;
        struct ca *elsewhere = NULL;

        world->options.template_name = i == 0 ? "tablets" : "phones";
        if (i == 1) other.request.signer_key_sha256[0] ^= 1;
        if (i == 2) other.request.transaction_id = bytes_of_text("another");
        if (i == 3) {
            static const struct ca_ops nothing = { .name = "nothing" };

            elsewhere = ca_create("elsewhere", &nothing, NULL);
            world->options.ca = elsewhere;
        }
        poll(world, &other);
        assert_reason(other, POLL_UNKNOWN);
        if (i == 1 || i == 2) {
            assert_done(enroll_waiting_at(world->store, &other.request, never, NULL, &err), &err,
                        "");
        }
        world->options.ca = issuing;
        if (elsewhere != NULL) ca_free(elsewhere);
        asked_clear(&other);
    }
    assert_int_equal(newest(world).state, STORE_PENDING_APPROVED);
    world->options.template_name = "phones";
    poll(world, &a);
    assert_issued(a, false);
    asked_clear(&a);
}

/* A key with a transaction of its own asks twice: the newest is meant. */
static void poll__two_requests_of_one_transaction__the_newest(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev-1", PASS);
    struct asked b = asked_init(world, "dev-2", PASS);

    ask(world, &a);
    approve(world);
    ask(world, &b);
    assert_waits(b, false);
    poll(world, &a);
    assert_waits(a, true);
    ask(world, &a); /* names itself */
    assert_issued(a, false);
    assert_string_equal(a.out.info.subject, "CN=dev-1");
    asked_clear(&a);
    asked_clear(&b);
}

struct visited {
    char names[200];
    bool stop;
};

static bool visit_template(void *context, const char *template_name, struct error *err)
{
    struct visited *v = context;
    size_t len = strlen(v->names);

    assert_true(text_format(v->names + len, sizeof(v->names) - len, "%s ", template_name));
    return !v->stop || error_set(err, REASON_USAGE, "stop");
}

static void waiting_at__several_templates__newest_first_each_once(void **state)
{
    static const char *const order[] = { "phones", "tablets", "phones" };
    struct world *world = *state;
    struct visited v = { .names = "" };
    struct error err = ERROR_INIT;
    struct asked last = asked_init(world, "dev", PASS);

    for (size_t i = 0; i < 3; i++) {
        char cn[16];

        assert_true(text_format(cn, sizeof(cn), "dev-%zu", i));
        struct asked a = asked_init(world, cn, PASS);
        world->options.template_name = order[i];
        ask(world, &a);
        assert_waits(a, false);
        asked_clear(&a);
    }
    assert_done(enroll_waiting_at(world->store, &last.request, visit_template, &v, &err), &err, "");
    assert_string_equal(v.names, "phones tablets ");
    v = (struct visited){ .stop = true };
    assert_refused(enroll_waiting_at(world->store, &last.request, visit_template, &v, &err), &err,
                   REASON_USAGE, "");
    assert_string_equal(v.names, "phones ");
    error_clear(&err);
    world_sql(world, "UPDATE pending SET expires_at = created_at - 1");
    assert_done(enroll_waiting_at(world->store, &last.request, never, NULL, &err), &err, "");
    asked_clear(&last);
}

/* ---- renewal --------------------------------------------------------------------------------- */

/* A certificate to renew, issued without approval. */
static struct x509_st *old_certificate(struct world *world, struct asked *first)
{
    struct error err = ERROR_INIT;
    struct x509_st *cert = NULL;

    world->options.renewal = (struct enroll_renewal_options){
        .enabled = true, .window_percent = 100, .same_key = true, .templates = ""
    };
    world->options.approval.manual = false;
    ask(world, first);
    assert_issued(*first, false);
    world->options.approval.manual = true;
    cert = certificate_parse(buffer_bytes(&first->out.cert_der), &err);
    assert_done(cert != NULL, &err, "");
    return cert;
}

static void renewal__waits__its_certificate_is_asked_again(void **state)
{
    struct world *world = *state;

    for (int revoked = 0; revoked < 2; revoked++) {
        const char *cn = revoked ? "dev-1" : "dev-2";
        struct asked first = asked_init(world, cn, PASS);
        struct asked a = asked_init(world, cn, NULL);
        struct x509_st *cert = old_certificate(world, &first);
        struct error err = ERROR_INIT;

        a.request.signer = cert;
        a.request.signer_self_signed = false;
        a.request.transaction_id = bytes_of_text(cn);
        assert_steps(world, "check issue confirm ");
        ask(world, &a);
        assert_waits(a, false);
        assert_string_equal(a.report.challenge_type, "renewal");
        approve(world);
        if (revoked) {
            assert_done(store_revoke_certificate(world->store, "issuing", first.out.info.serial, 1,
                                                 0, &err),
                        &err, "");
        }
        poll(world, &a);
        if (revoked) {
            assert_reason(a, RENEWAL_REFUSED);
            assert_int_equal(newest(world).state, STORE_PENDING_APPROVED);
        } else {
            assert_issued(a, false);
            assert_string_equal(a.report.challenge_type, "renewal");
        }
        assert_steps(world, revoked ? "" : "issue ");
        certificate_free(cert);
        asked_clear(&first);
        asked_clear(&a);
    }
}

/* ---- passwords and secrets ------------------------------------------------------------------- */

static int64_t add_password(struct world *world)
{
    static const uint8_t mac[SECRET_MAC_BYTES] = { 1 };
    struct store_password password = {
        .scope = "phones",
        .mac = bytes_of(mac, sizeof(mac)),
        .made_by = "tester",
        .created_at = clock_now(),
        .expires_at = clock_now() + 3600,
    };
    struct error err = ERROR_INIT;
    int64_t id = 0;

    assert_done(store_password_add(world->store, &password, 10, &id, &err), &err, "");
    return id;
}

static void password__one_time__goes_with_the_request_that_waits(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev-1", PASS);
    struct asked b = asked_init(world, "dev-2", PASS);

    world->knobs.reservation = add_password(world);
    ask(world, &a);
    assert_waits(a, false);
    ask(world, &b);
    assert_reason(b, CHALLENGE_USED);
    assert_int_equal(newest(world).count, 1);
    approve(world);
    poll(world, &a);
    assert_issued(a, false);
    asked_clear(&a);
    asked_clear(&b);
}

static bool contains(struct bytes bytes, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i + len <= bytes.len; i++) {
        if (memcmp(bytes.data + i, text, len) == 0) return true;
    }
    return false;
}

static void database__after_a_request__holds_no_challenge(void **state)
{
    static const char *const suffixes[] = { "", "-wal" };
    struct world *world = *state;
    struct asked a = asked_init(world, "dev-secretive", "Xyzzy-The-Secret");
    bool has_name = false;

    ask(world, &a);
    assert_waits(a, false);
    for (size_t i = 0; i < 2; i++) {
        struct buffer content = BUFFER_INIT(FILE_MAX_BYTES);
        struct error err = ERROR_INIT;
        char path[FILE_PATH_MAX];

        assert_true(text_format(path, sizeof(path), "%s%s", world->database, suffixes[i]));
        assert_done(file_read(path, FILE_MAX_BYTES, &content, &err), &err, path);
        assert_false(contains(buffer_bytes(&content), "Xyzzy-The-Secret"));
        has_name = has_name || contains(buffer_bytes(&content), "dev-secretive");
        buffer_clear(&content);
    }
    assert_true(has_name); /* the search finds what is there */
    asked_clear(&a);
}

/* ---- at the same time ------------------------------------------------------------------------ */

struct racer {
    struct world *world;
    struct asked asked;
    bool polls;
    pthread_t thread;
};

static void *race(void *context)
{
    struct racer *racer = context;

    if (racer->polls) {
        poll(racer->world, &racer->asked);
    } else {
        ask(racer->world, &racer->asked);
    }
    return NULL;
}

static void run_racers(struct world *world, struct racer racers[THREADS], int polls)
{
    struct error err = ERROR_INIT;

    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){ .world = world,
                                    .asked = asked_init(world, "dev", PASS),
                                    .polls = i < polls };
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_done(thread_start(&racers[i].thread, "racer", race, &racers[i], &err), &err, "");
    }
    for (size_t i = 0; i < THREADS; i++) {
        thread_join(racers[i].thread);
    }
}

static void approved__polls_and_repeats_at_once__one_certificate(void **state)
{
    struct world *world = *state;
    struct racer racers[THREADS];
    struct asked a = asked_init(world, "dev", PASS);
    char serial[SERIAL_TEXT_MAX];
    unsigned fresh = 0;

    world->options.repeat_seconds = 0;
    ask(world, &a);
    approve(world);
    world->knobs.meet = THREADS; /* all have signed before the first can record */
    run_racers(world, racers, THREADS / 2);
    memcpy(serial, racers[0].asked.out.info.serial, sizeof(serial));
    for (size_t i = 0; i < THREADS; i++) {
        struct asked *each = &racers[i].asked;

        assert_done(each->ok, &each->err, "");
        assert_int_equal(each->out.state, ISSUANCE_ISSUED);
        assert_string_equal(each->out.info.serial, serial);
        fresh += each->out.repeated ? 0 : 1;
        asked_clear(each);
    }
    assert_int_equal(fresh, 1);
    assert_int_equal(world_recorded(world), 1);
    asked_clear(&a);
}

static void request__at_once_with_one_password__one_row(void **state)
{
    struct world *world = *state;
    struct racer racers[THREADS];
    unsigned fresh = 0;

    world->knobs.reservation = add_password(world);
    run_racers(world, racers, 0);
    for (size_t i = 0; i < THREADS; i++) {
        struct asked *each = &racers[i].asked;

        assert_done(each->ok, &each->err, "");
        assert_int_equal(each->out.state, ISSUANCE_PENDING);
        fresh += each->out.repeated ? 0 : 1;
        asked_clear(each);
    }
    assert_int_equal(fresh, 1);
    assert_int_equal(newest(world).count, 1);
}

static void deny_now(void *context)
{
    deny(context);
}

/* The approval is taken back while the CA signs: nothing leaves. */
static void approved__denied_while_signing__refused_and_nothing_recorded(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);
    struct error err = ERROR_INIT;

    ask(world, &a);
    approve(world);
    world->knobs.before_issue = deny_now;
    world->knobs.before_issue_context = world;
    poll(world, &a);
    assert_reason(a, REQUEST_DENIED);
    assert_int_equal(world_recorded(world), 0);
    assert_refused(decide(world, false, &err), &err, REASON_REQUEST_NOT_PENDING, "");
    asked_clear(&a);
}

static void forget_now(void *context)
{
    struct world *world = context;
    struct error err = ERROR_INIT;

    assert_done(store_pending_forget(world->store, "phones", &err), &err, "");
}

static void approved__template_removed_while_signing__unknown(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);

    ask(world, &a);
    approve(world);
    world->knobs.before_issue = forget_now;
    world->knobs.before_issue_context = world;
    poll(world, &a);
    assert_reason(a, POLL_UNKNOWN);
    assert_int_equal(world_recorded(world), 0);
    asked_clear(&a);
}

/* An approval stands for a person's own eyes: no other machine is asked behind it. */
static void remote_validator__with_approval__refused(void **state)
{
    struct world *world = *state;
    struct asked a = asked_init(world, "dev", PASS);

    world->options.challenge = world->remote;
    ask(world, &a);
    assert_reason(a, INTERNAL);
    assert_int_equal(newest(world).count, 0);
    asked_clear(&a);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, manual_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(request__accepted__waits_and_again_without_a_second_challenge),
        unit(request__template_refuses__does_not_wait),
        unit(challenge__wrong_or_missing__who_may_wait),
        unit(challenge__missing_and_template_refuses__nothing_given_back),
        unit(limit__reached__refused_and_given_back),
        unit(approved__poll__issued_once_and_given_again),
        unit(approved__same_request_again__issued),
        unit(approved__template_refuses_now__refused_and_stays_approved),
        unit(denied__poll_and_repeat__refused_until_the_end),
        unit(expired__waiting_or_approved__forgotten),
        unit(restart__nothing_lost),
        unit(automatic__set_meanwhile__what_waits_goes_on_waiting),
        unit(poll__anything_differs__unknown),
        unit(poll__two_requests_of_one_transaction__the_newest),
        unit(waiting_at__several_templates__newest_first_each_once),
        unit(renewal__waits__its_certificate_is_asked_again),
        unit(password__one_time__goes_with_the_request_that_waits),
        unit(database__after_a_request__holds_no_challenge),
        unit(approved__polls_and_repeats_at_once__one_certificate),
        unit(request__at_once_with_one_password__one_row),
        unit(approved__denied_while_signing__refused_and_nothing_recorded),
        unit(approved__template_removed_while_signing__unknown),
        unit(remote_validator__with_approval__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
