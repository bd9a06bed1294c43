/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait: whose they are, renewals, secrets, several at the same time. */
#include <string.h>

#include "base/text.h"
#include "enroll/asked.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "store/store_passwords.h"

#define THREADS 6
#define FILE_MAX_BYTES (16u * 1024 * 1024)

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
        poll_for(world, &other);
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
    poll_for(world, &a);
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
    poll_for(world, &a);
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
        poll_for(world, &a);
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
    poll_for(world, &a);
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
        poll_for(racer->world, &racer->asked);
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
    poll_for(world, &a);
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
    poll_for(world, &a);
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

#define unit(name) cmocka_unit_test_setup_teardown(name, asked_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
