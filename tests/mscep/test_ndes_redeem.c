/* SPDX-License-Identifier: Apache-2.0 */
/* One-time passwords in real decisions: spent with the certificate, and only with it. */
#include <stdlib.h>
#include <string.h>

#include "mscep/password_fixture.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "store/store_passwords.h"

#define RACERS 64

/* The world with template "phones" of type ndes and one password. */
struct redeem {
    struct world *world;
    struct challenge *challenge;
    struct ndes_password_made made;
    /* runs once, right before the outer challenge passes on to the real one */
    void (*before_check)(void *context);
};

/* Passes everything on to the real challenge. */
static bool outer_check(void *state, const struct enroll_request *request, struct grant *grant,
                        struct error *err)
{
    struct redeem *r = state;
    void (*hook)(void *context) = r->before_check;

    r->before_check = NULL;
    if (hook != NULL) {
        hook(r);
    }
    return challenge_check(r->challenge, request, grant, err);
}

static const struct challenge_ops outer_ops = { .name = "outer", .check = outer_check };

static const char *password_of(const struct redeem *r)
{
    return (const char *)r->made.password.data;
}

static int set_up(void **state)
{
    static struct redeem redeem;
    struct error err = ERROR_INIT;
    int result = world_set_up(state);
    struct world *world = *state;
    struct ndes_password_source source = password_source_of(world);

    redeem = (struct redeem){ .world = world, .made = { .password = SECRET_INIT } };
    redeem.challenge =
        ndes_challenge_create(&source, "phones", &password_config_plain, false, &err);
    assert_done(redeem.challenge != NULL, &err, "");
    redeem.made = password_make_plain(world, "phones");
    world->options.challenge = redeem.challenge;
    *state = &redeem;
    return result;
}

static int tear_down(void **state)
{
    struct redeem *r = *state;
    void *world = r->world;

    challenge_free(r->challenge);
    ndes_password_made_clear(&r->made);
    return world_tear_down(&world);
}

/* One device's request with the password, decided. Serial of the certificate in `serial`. */
static bool enrol(struct redeem *r, const char *cn, char serial[SERIAL_TEXT_MAX], bool *repeated,
                  struct error *err)
{
    struct enroll_request request;
    struct issuance out = ISSUANCE_INIT;
    const char *type = NULL;
    bool ok;

    world_request(r->world, cn, password_of(r), &request);
    ok = world_decide(r->world, &request, &out, &type, err);
    memcpy(serial, out.info.serial, SERIAL_TEXT_MAX);
    *repeated = out.repeated;
    assert_true(!ok || out.repeated || strcmp(type, "ndes") == 0);
    issuance_clear(&out);
    world_request_clear(&request);
    return ok;
}

static void enrols(struct redeem *r, const char *cn)
{
    char serial[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;
    bool repeated = true;

    assert_done(enrol(r, cn, serial, &repeated, &err), &err, cn);
    assert_false(repeated);
}

static void refused(struct redeem *r, const char *cn, enum reason reason)
{
    char serial[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;
    bool repeated = false;
    int64_t before = world_recorded(r->world);

    assert_refused(enrol(r, cn, serial, &repeated, &err), &err, reason, cn);
    assert_int_equal(world_recorded(r->world), before);
}

/* ---- one after the other --------------------------------------------------------------------- */

static void redeem__once__the_second_device_is_refused_the_same_request_is_not(void **state)
{
    struct redeem *r = *state;
    char first[SERIAL_TEXT_MAX];
    char again[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;
    bool repeated = true;

    assert_done(enrol(r, "dev-1", first, &repeated, &err), &err, "");
    assert_false(repeated);
    refused(r, "dev-2", REASON_CHALLENGE_USED);
    assert_done(enrol(r, "dev-1", again, &repeated, &err), &err, "");
    assert_true(repeated);
    assert_string_equal(first, again);
    /* Once the answer is not kept any longer, the password is used for everybody. */
    r->world->options.repeat_seconds = 0;
    refused(r, "dev-1", REASON_CHALLENGE_USED);
}

static void redeem__refused_on_the_way__password_as_before(void **state)
{
    struct redeem *r = *state;
    struct world *world = r->world;
    struct store *writable = world->store;
    struct store_options options = { .path = world->database, .readers = 1, .read_only = true };
    struct error err = ERROR_INIT;

    refused(r, "other", REASON_SUBJECT_CN); /* the template's word */
    world->knobs.issue_fails = REASON_CA_EXPIRED;
    refused(r, "dev-1", REASON_CA_EXPIRED);
    world->knobs.issue_fails = REASON_NONE;
    /* The database is lost between check and commit. */
    world->options.store = store_open(&options, &err);
    assert_done(world->options.store != NULL, &err, "");
    refused(r, "dev-1", REASON_STORE_READ_ONLY);
    store_close(world->options.store);
    world->options.store = writable;
    enrols(r, "dev-1");
    refused(r, "dev-2", REASON_CHALLENGE_USED);
}

static void redeem__serial_taken__password_as_before(void **state)
{
    struct redeem *r = *state;
    struct ndes_password_made first = r->made;

    r->world->knobs.same_serials = 2;
    enrols(r, "dev-1");
    r->made = password_make_plain(r->world, "phones");
    refused(r, "dev-2", REASON_STORE_DUPLICATE);
    enrols(r, "dev-2");
    ndes_password_made_clear(&first);
}

/* ---- between check and commit ---------------------------------------------------------------- */

static void expire(void *context)
{
    const struct redeem *r = context;

    password_database(r->world, "UPDATE password SET expires_at = 1700000000");
}

static void redeem__expires_after_the_check__nothing_recorded(void **state)
{
    struct redeem *r = *state;

    r->world->knobs.before_issue = expire;
    r->world->knobs.before_issue_context = r;
    refused(r, "dev-1", REASON_CHALLENGE_EXPIRED);
}

static void purge(void *context)
{
    struct redeem *r = context;
    struct store_password_purge all = { .id = 0 };
    struct error err = ERROR_INIT;
    int64_t count = 0;

    assert_done(store_password_purge(r->world->store, &all, &count, &err), &err, "");
}

static void redeem__purged_after_the_check__nothing_recorded(void **state)
{
    struct redeem *r = *state;

    r->world->knobs.before_issue = purge;
    r->world->knobs.before_issue_context = r;
    refused(r, "dev-1", REASON_CHALLENGE_REJECTED);
}

static void enrol_first(void *context)
{
    struct redeem *r = context;

    r->world->knobs.before_issue = NULL;
    enrols(r, "dev-1");
}

static void redeem__another_device_is_faster__used(void **state)
{
    struct redeem *r = *state;
    char serial[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;
    bool repeated = false;

    r->world->knobs.before_issue = enrol_first;
    r->world->knobs.before_issue_context = r;
    assert_refused(enrol(r, "dev-2", serial, &repeated, &err), &err, REASON_CHALLENGE_USED, "");
    assert_int_equal(error_kind(&err), ERROR_CHALLENGE);
    assert_null(strstr(err.detail, password_of(r)));
    assert_int_equal(world_recorded(r->world), 1);
}

static void enrol_by_another_thread(void *context)
{
    struct redeem *r = context;

    r->world->options.challenge = r->challenge;
    enrols(r, "dev-1");
}

/* Looked for, not there; answered by another thread; checked: used, but by the very same bytes. */
static void redeem__same_bytes_answered_before_the_check__its_certificate(void **state)
{
    struct redeem *r = *state;
    struct challenge *outer = challenge_create(&outer_ops, r);
    char serial[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;
    bool repeated = false;

    assert_non_null(outer);
    r->world->options.challenge = outer;
    r->before_check = enrol_by_another_thread;
    assert_done(enrol(r, "dev-1", serial, &repeated, &err), &err, "");
    assert_true(repeated);
    assert_int_equal(world_recorded(r->world), 1);
    challenge_free(outer);
}

/* ---- races ----------------------------------------------------------------------------------- */

struct racer {
    struct redeem *redeem;
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

    racer->ok = enroll_handle(&racer->redeem->world->options, &racer->request, &racer->out,
                              &racer->report, &racer->err);
    return NULL;
}

/* All racers with one password; same: with the same bytes as well. The caller clears. */
static struct racer *run_race(struct redeem *r, bool same)
{
    struct racer *racers = calloc(RACERS, sizeof(*racers));
    struct error err = ERROR_INIT;
    char cn[] = "dev-A";

    assert_non_null(racers);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ .redeem = r, .out = ISSUANCE_INIT, .err = ERROR_INIT };
        cn[4] = same ? 'A' : (char)('0' + i);
        world_request(r->world, cn, password_of(r), &racers[i].request);
    }
    for (int i = 0; i < RACERS; i++) {
        assert_done(thread_start(&racers[i].thread, "racer", race, &racers[i], &err), &err, "");
    }
    for (int i = 0; i < RACERS; i++) {
        thread_join(racers[i].thread);
    }
    return racers;
}

static void clear_race(struct racer *racers)
{
    for (int i = 0; i < RACERS; i++) {
        issuance_clear(&racers[i].out);
        world_request_clear(&racers[i].request);
    }
    free(racers);
}

static bool is_spent_for(void *context, const struct store_password_row *row, struct error *err)
{
    (void)err;
    assert_string_equal(row->spent_serial, context);
    assert_string_equal(row->spent_peer, "192.0.2.7");
    assert_true(row->spent_at != 0);
    return true;
}

static void race_of_devices(struct redeem *r)
{
    struct store_password_filter all = { .all = true };
    struct racer *racers = run_race(r, false);
    struct error err = ERROR_INIT;
    const struct racer *winner = NULL;

    for (int i = 0; i < RACERS; i++) {
        if (racers[i].ok) {
            assert_null(winner);
            winner = &racers[i];
        } else {
            assert_refused(false, &racers[i].err, REASON_CHALLENGE_USED, "racer");
            assert_int_equal(racers[i].out.cert_der.len, 0);
        }
    }
    assert_non_null(winner);
    assert_int_equal(world_recorded(r->world), 1);
    assert_done(store_password_list(r->world->store, &all, is_spent_for,
                                    (void *)winner->out.info.serial, &err),
                &err, "");
    clear_race(racers);
}

/* Each has passed the check and has signed before the first commits. */
static void race__64_devices_after_the_check__one_certificate(void **state)
{
    struct redeem *r = *state;

    r->world->knobs.meet = RACERS;
    race_of_devices(r);
}

static void race__64_devices_as_it_comes__one_certificate(void **state)
{
    race_of_devices(*state);
}

static void race_of_same_bytes(struct redeem *r)
{
    struct racer *racers = run_race(r, true);
    int fresh = 0;

    for (int i = 0; i < RACERS; i++) {
        assert_done(racers[i].ok, &racers[i].err, "racer");
        assert_true(bytes_equal(buffer_bytes(&racers[i].out.cert_der),
                                buffer_bytes(&racers[0].out.cert_der)));
        fresh += racers[i].out.repeated ? 0 : 1;
    }
    assert_int_equal(fresh, 1);
    assert_int_equal(world_recorded(r->world), 1);
    clear_race(racers);
}

static void race__64_times_the_same_bytes_after_the_check__one_certificate_for_all(void **state)
{
    struct redeem *r = *state;

    r->world->knobs.meet = RACERS;
    race_of_same_bytes(r);
}

static void race__64_times_the_same_bytes_as_it_comes__one_certificate_for_all(void **state)
{
    race_of_same_bytes(*state);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(redeem__once__the_second_device_is_refused_the_same_request_is_not),
        unit(redeem__refused_on_the_way__password_as_before),
        unit(redeem__serial_taken__password_as_before),
        unit(redeem__expires_after_the_check__nothing_recorded),
        unit(redeem__purged_after_the_check__nothing_recorded),
        unit(redeem__another_device_is_faster__used),
        unit(redeem__same_bytes_answered_before_the_check__its_certificate),
        unit(race__64_devices_after_the_check__one_certificate),
        unit(race__64_devices_as_it_comes__one_certificate),
        unit(race__64_times_the_same_bytes_after_the_check__one_certificate_for_all),
        unit(race__64_times_the_same_bytes_as_it_comes__one_certificate_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
