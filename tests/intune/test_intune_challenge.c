/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_world.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "intune/intune_challenge.h"
#include "intune/intune_codes.h"
#include "model/csr_builder.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define CSR_MAX 32768
#define WAIT_MS 20000
#define DETAIL_MAX 1024

struct scene {
    struct intune_world *world;
    struct store *store;
    struct intune_seats *seats;
    struct intune_challenge *challenge;
};

/* One scene per test, on top of the world's client. */
static struct scene scene_open(struct intune_world *world, unsigned seats)
{
    struct scene scene = { .world = world };
    struct intune_challenge_options options = { .data_folder = world->folder.path,
                                                .template_name = "corp",
                                                .ca_name = "default",
                                                .client = world->client };
    char path[FILE_PATH_MAX];
    struct store_options store = { .path = path, .readers = 2 };
    struct error err = ERROR_INIT;

    test_folder_path(&world->folder, "openndes.db", path);
    assert_done(file_remove(path, &err), &err, ""); /* of the test before */
    scene.store = store_open(&store, &err);
    assert_done(scene.store != NULL, &err, "store");
    scene.seats = intune_seats_create(seats, &err);
    assert_done(scene.seats != NULL, &err, "seats");
    options.seats = scene.seats;
    options.store = scene.store;
    scene.challenge = intune_challenge_create(&options, &err);
    assert_done(scene.challenge != NULL, &err, "challenge");
    return scene;
}

static void scene_close(struct scene *scene)
{
    intune_challenge_free(scene->challenge);
    intune_seats_free(scene->seats);
    store_close(scene->store);
    intune_challenge_free(NULL);
    intune_seats_free(NULL);
}

/* A request with this challenge; NULL: one that the cloud accepts; "": none. */
static void request_of(struct intune_world *world, const char *challenge, const char *transaction,
                       struct enroll_request *out)
{
    struct buffer der = BUFFER_INIT(CSR_MAX);
    struct csr_builder builder;
    struct error err = ERROR_INIT;

    *out = (struct enroll_request){ .request_id = "1", .csr = CSR_INIT };
    out->transaction_id = bytes_of_text(transaction);
    if (challenge == NULL) {
        intune_world_csr(world, &der);
    } else {
        csr_builder_init(&builder, world->key);
        csr_builder_cn(&builder, "a device");
        if (challenge[0] != '\0') {
            csr_builder_challenge(&builder, TAG_UTF8, bytes_of_text(challenge));
        }
        csr_builder_der(&builder, &der);
        csr_builder_clear(&builder);
    }
    assert_done(csr_parse(buffer_bytes(&der), &out->csr, &err), &err, "");
    buffer_clear(&der);
}

static void request_end(struct enroll_request *request, struct grant *grant)
{
    grant_clear(grant);
    csr_clear(&request->csr);
}

/* ---- the outbox ------------------------------------------------------------------------------ */

struct outbox {
    unsigned count;
    uint32_t hresult;
    char reason[64];
    char detail[DETAIL_MAX];
    char transaction_id[64];
    struct buffer ticket;
};

static bool see_row(void *context, const struct store_outbox_row *row, struct error *err)
{
    struct outbox *outbox = context;

    outbox->count++;
    outbox->hresult = row->hresult;
    assert_string_equal(row->template_name, "corp");
    assert_true(text_copy(outbox->reason, sizeof(outbox->reason), row->reason));
    assert_true(text_copy(outbox->detail, sizeof(outbox->detail), row->detail));
    assert_true(text_format(outbox->transaction_id, sizeof(outbox->transaction_id), "%.*s",
                            (int)row->transaction_id.len, (const char *)row->transaction_id.data));
    buffer_reset(&outbox->ticket);
    return buffer_append_bytes(&outbox->ticket, row->ticket, err);
}

static void outbox_read(const struct scene *scene, struct outbox *outbox)
{
    struct error err = ERROR_INIT;

    *outbox = (struct outbox){ .ticket = BUFFER_INIT(98304) };
    assert_done(store_outbox_due(scene->store, clock_now() + 1, 100, see_row, outbox, &err), &err,
                "");
}

static unsigned outbox_count(const struct scene *scene)
{
    struct outbox outbox;

    outbox_read(scene, &outbox);
    buffer_clear(&outbox.ticket);
    return outbox.count;
}

/* ---- check ----------------------------------------------------------------------------------- */

static void check__good_request__gives_ticket_and_id(void **state)
{
    struct intune_world *world = *state;
    struct scene scene = scene_open(world, 16);
    struct enroll_request request;
    struct grant grant = GRANT_INIT;
    struct intune_ticket ticket;
    struct error err = ERROR_INIT;

    request_of(world, NULL, "3F2A", &request);
    assert_done(intune_challenge_check(scene.challenge, &request, &grant, &err), &err, "");
    assert_string_equal(grant.challenge_type, "intune");
    assert_int_equal(strlen(grant.correlation_id), 36);
    assert_done(intune_ticket_open(world->folder.path, buffer_bytes(&grant.ticket), &ticket, &err),
                &err, "");
    assert_string_equal(ticket.transaction_id, "3F2A");
    assert_true(bytes_equal(buffer_bytes(&ticket.csr), buffer_bytes(&request.csr.der)));
    intune_ticket_clear(&ticket);
    request_end(&request, &grant);
    scene_close(&scene);
}

struct check_case {
    const char *name;
    const char *challenge; /* as in request_of */
    const char *transaction;
    const char *code; /* of the cloud; "" as it thinks */
    enum reason reason;
    const char *says;
    bool asked; /* Intune was asked */
};

static const struct check_case check_cases[] = {
    { "no challenge", "", "1", "", REASON_CHALLENGE_MISSING, "no challenge", false },
    { "passphrase", "a passphrase of somebody", "1", "", REASON_INTUNE_CHALLENGE_UNREADABLE,
      "does not look like Intune's: not base64", true },
    { "transaction id with a NUL", NULL, "a\x01z", "", REASON_SYNTAX, "transaction id", false },
    { "transaction id of UTF-8", NULL, "\xc3\xa4", "", REASON_SYNTAX, "transaction id", false },
    { "blank transaction id", NULL, "  ", "", REASON_SYNTAX, "transaction id", false },
    { "expired", NULL, "1", "ChallengeExpired", REASON_INTUNE_CHALLENGE_EXPIRED, "60 minutes",
      true },
    { "signer", NULL, "1", "SigningCertThumbprintMismatch", REASON_INTUNE_SIGNER, "(signed by ",
      true },
    { "recipient", NULL, "1", "ChallengeDecryptionError", REASON_INTUNE_CHALLENGE_UNREADABLE,
      "(encrypted to a certificate of CN=", true },
    { "tenant", NULL, "1", "BadTenantIdInChallenge", REASON_INTUNE_TENANT, "intune.tenant", true },
};

static void check__refused__no_ticket_and_nothing_of_the_challenge(void **state)
{
    struct intune_world *world = *state;
    struct scene scene = scene_open(world, 16);

    for (size_t i = 0; i < sizeof(check_cases) / sizeof(check_cases[0]); i++) {
        const struct check_case *c = &check_cases[i];
        unsigned before = intune_cloud_count(world->cloud, INTUNE_CLOUD_VALIDATE);
        struct enroll_request request;
        struct grant grant = GRANT_INIT;
        struct error err = ERROR_INIT;

        request_of(world, c->challenge, c->transaction, &request);
        if (c->code[0] != '\0') {
            assert_true(intune_cloud_code(world->cloud, INTUNE_CLOUD_VALIDATE, c->code, 1));
        }
        assert_refused(intune_challenge_check(scene.challenge, &request, &grant, &err), &err,
                       c->reason, c->name);
        assert_says(&err, c->says, c->name);
        assert_int_equal(grant.ticket.len, 0);
        assert_int_equal(grant.correlation_id[0] != '\0', c->asked);
        assert_calls(world, INTUNE_CLOUD_VALIDATE, before + (c->asked ? 1 : 0));
        if (c->challenge != NULL && c->challenge[0] != '\0') {
            assert_null(strstr(err.detail, c->challenge));
        }
        intune_challenge_refuse(scene.challenge, &request, &grant, &err);
        request_end(&request, &grant);
    }
    assert_int_equal(outbox_count(&scene), 0); /* Intune knows, or need not know */
    scene_close(&scene);
}

static void check__transaction_id__at_most_256_bytes(void **state)
{
    struct intune_world *world = *state;
    struct scene scene = scene_open(world, 16);
    char id[LIMIT_TRANSACTION_ID_BYTES + 2];
    struct enroll_request request;
    struct grant grant = GRANT_INIT;
    struct error err = ERROR_INIT;

    memset(id, 'A', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    request_of(world, NULL, id, &request);
    assert_refused(intune_challenge_check(scene.challenge, &request, &grant, &err), &err,
                   REASON_SYNTAX, "one more");
    error_clear(&err);
    request.transaction_id.len = LIMIT_TRANSACTION_ID_BYTES;
    assert_done(intune_challenge_check(scene.challenge, &request, &grant, &err), &err, "");
    request_end(&request, &grant);
    scene_close(&scene);
}

static void check__intune_not_set_up__refuses_everybody(void **state)
{
    struct intune_world *world = *state;
    struct intune_client *client = world->client;
    struct scene scene;
    struct enroll_request request;
    struct grant grant = GRANT_INIT;
    struct error err = ERROR_INIT;

    world->client = NULL;
    scene = scene_open(world, 16);
    world->client = client;
    request_of(world, NULL, "1", &request);
    assert_refused(intune_challenge_check(scene.challenge, &request, &grant, &err), &err,
                   REASON_INTUNE_NOT_CONFIGURED, "");
    intune_challenge_refuse(scene.challenge, &request, &grant, &err);
    assert_int_equal(outbox_count(&scene), 0);
    request_end(&request, &grant);
    scene_close(&scene);
}

/* ---- seats ----------------------------------------------------------------------------------- */

struct asker {
    struct scene *scene;
    struct enroll_request request;
    struct grant grant;
    bool done;
    struct error err;
};

static void *ask(void *context)
{
    struct asker *asker = context;

    asker->done = intune_challenge_check(asker->scene->challenge, &asker->request, &asker->grant,
                                         &asker->err);
    return NULL;
}

/* Any certificate will do; the cloud's root is at hand. */
static void certificate_of(struct intune_world *world, struct issuance *out)
{
    struct buffer pem = BUFFER_INIT(16384);
    X509 *cert = NULL;
    BIO *in = NULL;
    struct error err = ERROR_INIT;

    *out = (struct issuance)ISSUANCE_INIT;
    assert_done(file_read(intune_cloud_ca_file(world->cloud), 16384, &pem, &err), &err, "");
    in = BIO_new_mem_buf(pem.data, (int)pem.len);
    cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
    assert_non_null(cert);
    BIO_free(in);
    assert_done(certificate_der(cert, &out->cert_der, &err), &err, "");
    assert_done(certificate_info(cert, &out->info, &err), &err, "");
    out->state = ISSUANCE_ISSUED;
    certificate_free(cert);
    buffer_clear(&pem);
}

/* More would take the workers of templates that have nothing to do with Intune. */
static void seats__all_taken__refuses_at_once_but_not_a_signed_certificate(void **state)
{
    struct intune_world *world = *state;
    struct scene scene;
    struct asker first = { .grant = GRANT_INIT };
    struct asker second = { .grant = GRANT_INIT };
    struct asker third = { .grant = GRANT_INIT };
    struct issuance issuance;
    pthread_t thread;
    struct error err = ERROR_INIT;
    uint64_t validated = intune_stats_ended(world->stats, INTUNE_ACTION_VALIDATE, REASON_NONE);
    uint64_t told = intune_stats_ended(world->stats, INTUNE_ACTION_SUCCESS, REASON_NONE);
    struct histogram_values times;
    unsigned count = 0;
    unsigned taken = 0;

    intune_world_client(world, "\"connect_seconds\":60,\"total_seconds\":60");
    scene = scene_open(world, 1);
    first.scene = second.scene = third.scene = &scene;
    request_of(world, NULL, "first", &first.request);
    request_of(world, NULL, "second", &second.request);
    request_of(world, NULL, "third", &third.request);
    certificate_of(world, &issuance);
    ask(&first);
    assert_done(first.done, &first.err, "");
    intune_world_behave(world, INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_SLOW, "", 0, 1);
    assert_done(thread_start(&thread, "second", ask, &second, &err), &err, "");
    assert_true(intune_cloud_wait(world->cloud, INTUNE_CLOUD_VALIDATE, 2, WAIT_MS));
    intune_seats_read(scene.seats, &count, &taken);
    assert_int_equal(count, 1);
    assert_int_equal(taken, 1);
    ask(&third);
    assert_refused(third.done, &third.err, REASON_INTUNE_BUSY, "");
    assert_done(
        intune_challenge_confirm(scene.challenge, &first.request, &first.grant, &issuance, &err),
        &err, "confirm");
    intune_cloud_open_latch(world->cloud);
    thread_join(thread);
    assert_done(second.done, &second.err, "");
    error_clear(&third.err);
    ask(&third); /* its place is free again */
    assert_done(third.done, &third.err, "");
    intune_seats_read(scene.seats, &count, &taken);
    assert_int_equal(taken, 0);
    /* what came of it is counted; who was not let in has not asked */
    assert_int_equal(intune_stats_ended(world->stats, INTUNE_ACTION_VALIDATE, REASON_NONE),
                     validated + 3);
    assert_int_equal(intune_stats_ended(world->stats, INTUNE_ACTION_SUCCESS, REASON_NONE),
                     told + 1);
    assert_int_equal(intune_stats_ended(world->stats, INTUNE_ACTION_VALIDATE, REASON_INTUNE_BUSY),
                     0);
    assert_true(intune_stats_last_success(world->stats, INTUNE_ACTION_TOKEN) > 0);
    assert_true(intune_stats_ended(world->stats, INTUNE_ACTION_DISCOVERY, REASON_NONE) > 0);
    intune_stats_times(world->stats, INTUNE_ACTION_VALIDATE, &times);
    assert_true(times.count >= 3);
    request_end(&first.request, &first.grant);
    request_end(&second.request, &second.grant);
    request_end(&third.request, &third.grant);
    issuance_clear(&issuance);
    scene_close(&scene);
}

/* ---- confirm --------------------------------------------------------------------------------- */

static void confirm__told__names_our_ca(void **state)
{
    struct intune_world *world = *state;
    struct scene scene = scene_open(world, 16);
    struct asker one = { .scene = &scene, .grant = GRANT_INIT };
    struct intune_cloud_enrolment enrolment;
    struct issuance issuance;
    char checked[INTUNE_ID_MAX];
    struct error err = ERROR_INIT;

    request_of(world, NULL, "1", &one.request);
    certificate_of(world, &issuance);
    ask(&one);
    memcpy(checked, one.grant.correlation_id, sizeof(checked));
    assert_done(
        intune_challenge_confirm(scene.challenge, &one.request, &one.grant, &issuance, &err), &err,
        "");
    assert_string_not_equal(one.grant.correlation_id, checked);
    assert_true(intune_cloud_enrolment_at(world->cloud, 0, &enrolment));
    assert_int_equal(enrolment.confirmations, 1);
    assert_string_equal(enrolment.serial, issuance.info.serial);
    assert_true(text_starts_nocase(enrolment.ca_configuration, "openndes:default:"));
    request_end(&one.request, &one.grant);
    issuance_clear(&issuance);
    scene_close(&scene);
}

static void confirm__not_told__has_one_reason_and_the_cause(void **state)
{
    struct intune_world *world = *state;
    struct scene scene = scene_open(world, 16);
    struct asker one = { .scene = &scene, .grant = GRANT_INIT };
    struct issuance issuance;
    struct error err = ERROR_INIT;

    request_of(world, NULL, "1", &one.request);
    certificate_of(world, &issuance);
    ask(&one);
    intune_world_behave(world, INTUNE_CLOUD_SUCCESS, INTUNE_CLOUD_INTERNAL, "", 0, 1);
    assert_refused(
        intune_challenge_confirm(scene.challenge, &one.request, &one.grant, &issuance, &err), &err,
        REASON_INTUNE_NOT_CONFIRMED, "500");
    assert_says(&err, "intune-unavailable: Intune answered HTTP 500", "");
    error_clear(&err);
    assert_true(intune_cloud_code(world->cloud, INTUNE_CLOUD_SUCCESS, "ChallengeExpired", 1));
    assert_refused(
        intune_challenge_confirm(scene.challenge, &one.request, &one.grant, &issuance, &err), &err,
        REASON_INTUNE_NOT_CONFIRMED, "code");
    error_clear(&err);
    intune_client_stop(world->client);
    assert_refused(
        intune_challenge_confirm(scene.challenge, &one.request, &one.grant, &issuance, &err), &err,
        REASON_INTUNE_NOT_CONFIRMED, "stopped");
    assert_says(&err, "stopping: ", "");
    request_end(&one.request, &one.grant);
    issuance_clear(&issuance);
    scene_close(&scene);
}

/* ---- refuse ---------------------------------------------------------------------------------- */

struct refuse_case {
    const char *name;
    bool validated;        /* Intune has said yes before */
    const char *challenge; /* as in request_of */
    enum reason reason;
    bool told;
};

static const struct refuse_case refuse_cases[] = {
    { "policy", false, NULL, REASON_POLICY_DENIED, true },
    { "template", false, NULL, REASON_SAN_TYPE, true },
    { "broken policy", false, NULL, REASON_POLICY_FORMAT, true },
    { "policy, no challenge of Intune's", false, "something else", REASON_POLICY_DENIED, false },
    { "policy, no challenge", false, "", REASON_POLICY_DENIED, false },
    { "not asked: busy", false, NULL, REASON_INTUNE_BUSY, false },
    { "not asked: unavailable", false, NULL, REASON_INTUNE_UNAVAILABLE, false },
    { "not asked: rights", false, NULL, REASON_INTUNE_RIGHTS, false },
    { "not asked: misconfigured", false, NULL, REASON_INTUNE_NOT_CONFIGURED, false },
    { "not asked: database", false, NULL, REASON_STORE_BUSY, false },
    { "not asked: stopping", false, NULL, REASON_STOPPING, false },
    { "after yes: CA", true, NULL, REASON_CA_EXPIRED, true },
    { "after yes: database", true, NULL, REASON_STORE_FULL, true },
    { "after yes: not confirmed", true, NULL, REASON_INTUNE_NOT_CONFIRMED, true },
    { "after yes: another thread was faster", true, NULL, REASON_STORE_DUPLICATE, false },
};

static void refuse__of_any_kind__is_told_when_intune_can_make_use_of_it(void **state)
{
    struct intune_world *world = *state;

    for (size_t i = 0; i < sizeof(refuse_cases) / sizeof(refuse_cases[0]); i++) {
        const struct refuse_case *c = &refuse_cases[i];
        struct scene scene = scene_open(world, 16);
        struct asker one = { .scene = &scene, .grant = GRANT_INIT };
        struct intune_ticket ticket;
        struct outbox outbox;
        struct error why = ERROR_INIT;
        struct error err = ERROR_INIT;

        request_of(world, c->challenge, "tx", &one.request);
        if (c->validated) {
            ask(&one);
            assert_done(one.done, &one.err, c->name);
        }
        error_set(&why, c->reason, "what is wrong");
        intune_challenge_refuse(scene.challenge, &one.request, &one.grant, &why);
        intune_challenge_refuse(scene.challenge, &one.request, &one.grant, &why); /* once */
        outbox_read(&scene, &outbox);
        if (outbox.count != (c->told ? 1 : 0)) {
            fail_msg("%s: %u notifications", c->name, outbox.count);
        }
        if (c->told) {
            assert_int_equal(outbox.hresult, intune_hresult(c->reason));
            assert_string_equal(outbox.reason, reason_id(c->reason));
            assert_string_equal(outbox.detail, "what is wrong");
            assert_string_equal(outbox.transaction_id, "tx");
            assert_done(
                intune_ticket_open(world->folder.path, buffer_bytes(&outbox.ticket), &ticket, &err),
                &err, c->name);
            assert_true(bytes_equal(buffer_bytes(&ticket.csr), buffer_bytes(&one.request.csr.der)));
            intune_ticket_clear(&ticket);
        }
        buffer_clear(&outbox.ticket);
        request_end(&one.request, &one.grant);
        scene_close(&scene);
    }
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, intune_world_begin, intune_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(check__good_request__gives_ticket_and_id),
        WORLD_TEST(check__refused__no_ticket_and_nothing_of_the_challenge),
        WORLD_TEST(check__transaction_id__at_most_256_bytes),
        WORLD_TEST(check__intune_not_set_up__refuses_everybody),
        WORLD_TEST(seats__all_taken__refuses_at_once_but_not_a_signed_certificate),
        WORLD_TEST(confirm__told__names_our_ca),
        WORLD_TEST(confirm__not_told__has_one_reason_and_the_cause),
        WORLD_TEST(refuse__of_any_kind__is_told_when_intune_can_make_use_of_it),
    };

    return cmocka_run_group_tests(tests, intune_world_create, intune_world_free);
}
