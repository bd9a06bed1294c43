/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment with memory running out at every place: a request that is good is answered or refused
 * whole; one that is not is refused, whatever failed on the way. A check that could not be made for
 * lack of memory is not one that was passed.
 */
#include <openssl/x509.h>
#include <string.h>

#include "base/text.h"
#include "endpoint/endpoint_world.h"
#include "support/alloc_fail.h"

/* What makes a request one that must not be granted, and the template that says so. */
struct enrol_case {
    const char *name;
    const char *settings;  /* of the template */
    const char *policy;    /* text of a policy file; NULL: none */
    const char *challenge; /* NULL: none */
    const char *cn;
    enum reason refused; /* with memory enough; NONE: it is good */
    bool renewal;        /* signed with a certificate of the template */
    bool revoked;        /* that is revoked */
};

#define OFTEN ", \"renewal\": {\"window_percent\": 100, \"per_certificate\": 0}"

static const struct enrol_case cases[] = {
    { "enrolment", "", NULL, WORLD_PASSPHRASE, "client", REASON_NONE, false, false },
    { "enrolment with policy", "", "{\"policy\":\"p\",\"subject\":{\"template\":\"CN=client\"}}",
      WORLD_PASSPHRASE, "client", REASON_NONE, false, false },
    { "renewal", OFTEN, NULL, NULL, "client", REASON_NONE, true, false },
    { "wrong challenge", "", NULL, "not the passphrase", "client", REASON_CHALLENGE_REJECTED, false,
      false },
    { "no challenge", "", NULL, NULL, "client", REASON_CHALLENGE_MISSING, false, false },
    { "name beyond the template", ", \"subject\": {\"cn_patterns\": \"other-*\"}", NULL,
      WORLD_PASSPHRASE, "client", REASON_SUBJECT_CN, false, false },
    { "key beyond the template", ", \"key\": {\"rsa_min_bits\": 3072}", NULL, WORLD_PASSPHRASE,
      "client", REASON_KEY_SIZE, false, false },
    { "name beyond the policy", "", "{\"policy\":\"p\",\"subject\":{\"template\":\"CN=somebody\"}}",
      WORLD_PASSPHRASE, "client", REASON_POLICY_DENIED, false, false },
    { "renewal of a revoked certificate", OFTEN, NULL, NULL, "client", REASON_RENEWAL_REFUSED, true,
      true },
};

struct enrol {
    const struct enrol_case *c;
    struct endpoint *endpoint;
    struct buffer message;
    unsigned round;
    char id[16]; /* transaction: a new one each time */
    X509 *old;   /* renewal: the certificate that signs */
    X509 *cert;
    struct endpoint_answer answer;
    int64_t recorded; /* before */
};

static struct endpoint_world world;

static int open_world(void **state)
{
    (void)state;
    endpoint_world_open(&world);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    endpoint_world_close(&world);
    return 0;
}

static int64_t recorded(void)
{
    struct error err = ERROR_INIT;
    int64_t count = 0;

    assert_done(store_count_certificates(world.store, &count, &err), &err, "");
    return count;
}

/* ---- requests -------------------------------------------------------------------------------- */

static void build(struct enrol *e, const char *challenge)
{
    struct scep_client client;

    endpoint_world_client(&world, &client);
    client.challenge = challenge;
    client.cn = e->c->cn;
    assert_true(text_format(e->id, sizeof(e->id), "%u", e->round++));
    client.transaction_id = bytes_of_text(e->id);
    if (e->old != NULL) {
        client.type = "17";
        client.cert = e->old;
    }
    buffer_clear(&e->message);
    scep_client_request(&client, &e->message, &e->cert);
}

static void prepare(void *context)
{
    struct enrol *e = context;

    build(e, e->c->challenge);
    e->recorded = recorded();
}

static void act(void *context)
{
    struct enrol *e = context;

    endpoint_post(e->endpoint, buffer_bytes(&e->message), &e->answer);
}

/* ---- answers --------------------------------------------------------------------------------- */

static X509 *reader(const struct enrol *e)
{
    return e->old != NULL ? e->old : e->cert;
}

/* A refusal is an HTTP answer, or a CertRep that says no. */
static void judge_refusal(struct enrol *e)
{
    struct scep_client_reply reply;

    if (!alloc_fail_struck() || e->answer.report.error.reason == e->c->refused) {
        assert_int_equal(e->answer.report.error.reason, e->c->refused);
    } else {
        alloc_fail_refusal(&e->answer.report.error);
    }
    if (e->answer.response.content_type == NULL
        || strcmp(e->answer.response.content_type, "application/x-pki-message") != 0) {
        assert_true(e->answer.response.status >= 400);
        return;
    }
    if (!scep_client_read(buffer_bytes(&e->answer.response.body), world.ras->ra[0].cert,
                          world.client_key, reader(e), &reply)) {
        fail_msg("refusal: %s", reply.problem);
    }
    assert_int_equal(reply.status, 2);
    assert_null(reply.cert);
    scep_client_reply_clear(&reply);
}

static X509 *judge_success(struct enrol *e)
{
    struct scep_client_reply reply;
    X509 *cert = NULL;

    if (!scep_client_read(buffer_bytes(&e->answer.response.body), world.ras->ra[0].cert,
                          world.client_key, reader(e), &reply)) {
        fail_msg("answer: %s", reply.problem);
    }
    assert_int_equal(reply.status, 0);
    assert_non_null(reply.cert);
    assert_int_equal(X509_verify(reply.cert, X509_get0_pubkey(world.ras->chain[0])), 1);
    assert_int_equal(recorded(), e->recorded + 1);
    cert = reply.cert;
    assert_int_equal(X509_up_ref(cert), 1);
    scep_client_reply_clear(&reply);
    return cert;
}

static void clear(struct enrol *e)
{
    endpoint_answer_clear(&e->answer);
    X509_free(e->cert);
    e->cert = NULL;
}

static bool judge(void *context)
{
    struct enrol *e = context;
    bool done = e->answer.report.error.reason == REASON_NONE;

    if (done) {
        X509_free(judge_success(e));
    } else {
        judge_refusal(e);
    }
    if (e->c->refused != REASON_NONE) {
        assert_int_equal(recorded(), e->recorded); /* nor anywhere else */
    }
    clear(e);
    return done;
}

/* ---- cases ----------------------------------------------------------------------------------- */

/* The template has to say no for another reason than that nobody can ask its policy. */
static struct endpoint *make_template(const struct enrol_case *c, size_t number)
{
    char settings[512];
    char name[16];
    char file[16];

    assert_true(text_format(name, sizeof(name), "t%zu", number));
    if (c->policy == NULL) {
        return endpoint_world_template(&world, name, c->settings);
    }
    assert_true(text_format(file, sizeof(file), "%s.json", name));
    test_folder_write(&world.folder, file, c->policy);
    assert_true(text_format(settings, sizeof(settings), "%s, \"policy\": {\"files\": \"%s\"}",
                            c->settings, file));
    return endpoint_world_template(&world, name, settings);
}

/* A certificate of this template, given out with the right passphrase. */
static void enrol_once(struct enrol *e)
{
    struct error err = ERROR_INIT;
    X509 *old = NULL;

    build(e, WORLD_PASSPHRASE);
    e->recorded = recorded();
    act(e);
    assert_done(e->answer.report.error.reason == REASON_NONE, &e->answer.report.error, e->c->name);
    old = judge_success(e);
    if (e->c->revoked) {
        assert_done(store_revoke_certificate(world.store, "default",
                                             e->answer.report.certificate.serial, 1, 0, &err),
                    &err, e->c->name);
    }
    clear(e);
    e->old = old;
}

static void request__memory_runs_out__granted_or_refused_as_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct enrol e = { .c = &cases[i], .message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX) };
        const struct alloc_scenario scenario = { .name = cases[i].name,
                                                 .prepare = prepare,
                                                 .act = act,
                                                 .judge = judge,
                                                 .always_refused = cases[i].refused != REASON_NONE,
                                                 .samples = 8 };

        e.endpoint = make_template(e.c, i);
        if (e.c->renewal) {
            enrol_once(&e);
        }
        alloc_fail_run(&scenario, &e);
        X509_free(e.old);
        endpoint_free(e.endpoint);
        buffer_clear(&e.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__memory_runs_out__granted_or_refused_as_it_should),
    };

    return cmocka_run_group_tests_name("memory enrol", tests, open_world, close_world);
}
