/* SPDX-License-Identifier: Apache-2.0 */
/* A CA, the one that follows and the one before, behind one endpoint. */
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <string.h>

#include "endpoint/endpoint_world.h"
#include "platform/clock.h"
#include "support/scep_ca.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Time, by the linker. */
static int64_t later;
int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);

int64_t __wrap_clock_now(void)
{
    return __real_clock_now() + later;
}

/* The order of scep_message_recipient. */
enum generation { CURRENT, NEXT, PREVIOUS, GENERATIONS };

static const char *const ca_names[] = { "default", "following", "former" };

struct rollover {
    struct endpoint_world world;
    struct ca *cas[GENERATIONS];
    struct ca_builtin *builtins[GENERATIONS];
    struct ra_set *ras[GENERATIONS];
};

static struct rollover r;

static int open_world(void **state)
{
    struct error err = ERROR_INIT;
    bool made = false;

    (void)state;
    endpoint_world_open(&r.world);
    r.cas[CURRENT] = r.world.ca;
    r.builtins[CURRENT] = r.world.builtin;
    r.cas[NEXT] = endpoint_world_ca(&r.world, ca_names[NEXT], CA_KEY_EC_P256, "CN=Following CA",
                                    &r.builtins[NEXT]);
    /* the name that the current one has: serials and keys tell them apart */
    r.cas[PREVIOUS] = endpoint_world_ca(&r.world, ca_names[PREVIOUS], CA_KEY_EC_P256,
                                        "CN=Endpoint Test CA", &r.builtins[PREVIOUS]);
    for (size_t i = 0; i < GENERATIONS; i++) {
        r.ras[i] = ca_ra(r.cas[i], &err);
        assert_done(r.ras[i] != NULL, &err, ca_names[i]);
        assert_done(ca_builtin_crl_refresh(r.builtins[i], clock_now(), &made, &err), &err, "CRL");
    }
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    for (size_t i = 0; i < GENERATIONS; i++) {
        ra_set_unref(r.ras[i]);
    }
    ca_free(r.cas[NEXT]);
    ca_free(r.cas[PREVIOUS]);
    endpoint_world_close(&r.world);
    return 0;
}

static struct endpoint *with_generations(const char *name, struct ca *next, struct ca *previous,
                                         const char *settings)
{
    struct endpoint *endpoint = NULL;

    r.world.next = next;
    r.world.previous = previous;
    endpoint = endpoint_world_template(&r.world, name, settings);
    r.world.next = NULL;
    r.world.previous = NULL;
    return endpoint;
}

/* ---- PKIOperation ---------------------------------------------------------------------------- */

/* Ask with this client; the answer must be signed by `signer`. */
static void ask(const struct endpoint *endpoint, const struct scep_client *client,
                const X509 *about, X509 *signer, struct endpoint_answer *answer,
                struct scep_client_reply *reply)
{
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer plain = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    X509 *cert = NULL;

    if (about == NULL) {
        scep_client_request(client, &message, &cert);
    } else {
        scep_client_cert_id(about, &plain);
        scep_client_message(client, buffer_bytes(&plain), &message, &cert);
    }
    endpoint_post(endpoint, buffer_bytes(&message), answer);
    if (answer->response.status != 200
        || !scep_client_read(buffer_bytes(&answer->response.body), signer, client->key, cert,
                             reply)) {
        fail_msg("status %d, %s, %s (%s)", answer->response.status, reply->problem,
                 reason_id(answer->report.error.reason), answer->report.error.detail);
    }
    buffer_clear(&message);
    buffer_clear(&plain);
    X509_free(cert);
}

static X509 *enrol_to(const struct endpoint *endpoint, enum generation generation)
{
    struct endpoint_answer answer;
    struct scep_client_reply reply;
    struct scep_client client;
    X509 *cert = NULL;

    endpoint_world_client(&r.world, &client);
    client.recipients[0] = r.ras[generation]->ra[0].cert;
    client.cn = ca_names[generation];
    ask(endpoint, &client, NULL, r.ras[generation]->ra[0].cert, &answer, &reply);
    assert_string_equal(answer.report.result, "issued");
    cert = X509_dup(reply.cert);
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    return cert;
}

static void request__to_any_generation__issued_by_its_ca_and_signed_by_its_ra(void **state)
{
    struct endpoint *endpoint = with_generations("device", r.cas[NEXT], r.cas[PREVIOUS], "");

    (void)state;
    for (size_t i = 0; i < GENERATIONS; i++) {
        X509 *cert = enrol_to(endpoint, (enum generation)i);

        for (size_t k = 0; k < GENERATIONS; k++) {
            assert_int_equal(ca_is_issuer_of(r.cas[k], cert), i == k);
        }
        X509_free(cert);
    }
    endpoint_free(endpoint);
}

/* The pair's member that decrypts belongs to its generation as well, and so does its signer. */
static void request__to_the_next_pair__signed_by_its_partner(void **state)
{
    struct endpoint *endpoint = with_generations("paired", r.cas[NEXT], NULL, "");
    struct endpoint_answer answer;
    struct scep_client_reply reply;
    struct scep_client client;

    (void)state;
    endpoint_world_client(&r.world, &client);
    client.recipients[0] = r.ras[NEXT]->ra[2].cert;
    client.cn = "paired";
    ask(endpoint, &client, NULL, r.ras[NEXT]->ra[1].cert, &answer, &reply);
    assert_true(ca_is_issuer_of(r.cas[NEXT], reply.cert));
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    endpoint_free(endpoint);
}

static void request__to_a_ca_that_is_no_generation__unknown_recipient(void **state)
{
    struct endpoint *endpoint = with_generations("plain", NULL, r.cas[PREVIOUS], "");
    static const char *const types[] = { "17", "19", "20", "21", "22" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct endpoint_answer answer;
        struct scep_client_reply reply;
        struct scep_client client;

        endpoint_world_client(&r.world, &client);
        client.type = types[i];
        client.recipients[0] = r.ras[NEXT]->ra[0].cert;
        ask(endpoint, &client, NULL, r.ras[CURRENT]->ra[0].cert, &answer, &reply);
        assert_int_equal(answer.report.error.reason, REASON_UNKNOWN_RECIPIENT);
        assert_int_equal(reply.fail_info, 2);
        assert_string_equal(reply.fail_text,
                            "encrypted to an unknown certificate; fetch GetCACert again");
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
    }
    endpoint_free(endpoint);
}

/* Certificates and CRLs of every generation can be asked for, by whichever RA. */
static void question__certificate_of_any_generation__its_own_crl(void **state)
{
    struct endpoint *endpoint = with_generations("asked", r.cas[NEXT], r.cas[PREVIOUS], "");

    (void)state;
    for (size_t i = 0; i < GENERATIONS; i++) {
        X509 *cert = enrol_to(endpoint, (enum generation)i);
        size_t other = (i + 1) % GENERATIONS;
        struct buffer expected = BUFFER_INIT(65536);
        struct endpoint_answer answer;
        struct scep_client_reply reply;
        struct scep_client client;
        struct error err = ERROR_INIT;
        unsigned char *der = NULL;
        int len = 0;

        endpoint_world_client(&r.world, &client);
        client.type = "21";
        client.recipients[0] = r.ras[other]->ra[0].cert;
        ask(endpoint, &client, cert, r.ras[other]->ra[0].cert, &answer, &reply);
        assert_int_equal(reply.status, 0);
        assert_int_equal(X509_cmp(reply.cert, cert), 0);
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);

        client.type = "22";
        ask(endpoint, &client, cert, r.ras[other]->ra[0].cert, &answer, &reply);
        assert_int_equal(reply.status, 0);
        assert_done(ca_crl(r.cas[i], &expected, &err), &err, ca_names[i]);
        len = i2d_X509_CRL(reply.crl, &der);
        assert_true(bytes_equal(bytes_of(der, (size_t)len), buffer_bytes(&expected)));
        OPENSSL_free(der);
        buffer_clear(&expected);
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
        X509_free(cert);
    }
    endpoint_free(endpoint);
}

/* A CA that can do nothing: it waits for its certificate, say. */
static const struct ca_ops nothing_ops = { .name = "nothing" };

static void generation__not_ready__the_current_one_goes_on(void **state)
{
    struct ca *nothing = ca_create("nothing", &nothing_ops, NULL);
    struct endpoint *endpoint = with_generations("halting", nothing, nothing, "");
    struct endpoint_answer answer;

    (void)state;
    X509_free(enrol_to(endpoint, CURRENT));
    endpoint_get(endpoint, "operation=GetCACert", &answer);
    assert_int_equal(answer.response.status, 200);
    endpoint_answer_clear(&answer);
    endpoint_get(endpoint, "operation=GetNextCACert", &answer);
    assert_int_equal(answer.response.status, 404);
    assert_int_equal(answer.report.error.reason, REASON_NO_NEXT_CA);
    endpoint_answer_clear(&answer);
    endpoint_free(endpoint);
    ca_free(nothing);
}

/* ---- several templates at one URL ------------------------------------------------------------ */

static const struct endpoint *choose(void *context, const struct csr *csr)
{
    (void)csr;
    return context;
}

static void choose__template_without_that_generation__refused(void **state)
{
    struct endpoint *front = with_generations("front", r.cas[NEXT], NULL, "");
    struct endpoint *same = with_generations("same", r.cas[NEXT], NULL, "");
    struct endpoint *without = with_generations("without", NULL, NULL, "");
    struct endpoint *crossed = with_generations("crossed", r.cas[PREVIOUS], NULL, "");
    const struct {
        struct endpoint *chosen;
        enum generation generation;
        enum reason reason;
    } cases[] = {
        { same, NEXT, REASON_NONE },
        { same, CURRENT, REASON_NONE },
        { without, CURRENT, REASON_NONE },
        { without, NEXT, REASON_NDES_FACE_BROKEN },
        { crossed, NEXT, REASON_NDES_FACE_BROKEN },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint_face face = { .choose = choose, .context = cases[i].chosen };
        struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
        struct endpoint_answer answer;
        struct scep_client client;
        X509 *cert = NULL;

        endpoint_world_client(&r.world, &client);
        client.recipients[0] = r.ras[cases[i].generation]->ra[0].cert;
        scep_client_request(&client, &message, &cert);
        endpoint_post_at(front, &face, buffer_bytes(&message), &answer);
        if (answer.report.error.reason != cases[i].reason) {
            fail_msg("case %zu: %s (%s)", i, reason_id(answer.report.error.reason),
                     answer.report.error.detail);
        }
        endpoint_answer_clear(&answer);
        buffer_clear(&message);
        X509_free(cert);
    }
    endpoint_free(front);
    endpoint_free(same);
    endpoint_free(without);
    endpoint_free(crossed);
}

/* ---- GetNextCACert --------------------------------------------------------------------------- */

/* The list inside, once the current CA's signature over it is verified. */
static PKCS7 *read_next(struct bytes body, X509 *ca)
{
    const unsigned char *at = body.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)body.len);
    STACK_OF(X509) *signers = NULL;
    BIO *content = BIO_new(BIO_s_mem());
    PKCS7 *list = NULL;

    assert_non_null(cms);
    assert_ptr_equal(at, body.data + body.len);
    assert_int_equal(
        CMS_verify(cms, NULL, NULL, NULL, content, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY), 1);
    signers = CMS_get0_signers(cms);
    assert_int_equal(sk_X509_num(signers), 1);
    assert_int_equal(X509_cmp(sk_X509_value(signers, 0), ca), 0);
    list = d2i_PKCS7_bio(content, NULL);
    assert_non_null(list);
    sk_X509_free(signers);
    BIO_free(content);
    CMS_ContentInfo_free(cms);
    return list;
}

static void next__there__its_list_signed_by_the_current_ca(void **state)
{
    struct endpoint *endpoint = with_generations("rolling", r.cas[NEXT], NULL, "");
    struct buffer first = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    PKCS7 *list = NULL;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct endpoint_answer answer;

        endpoint_get(endpoint, "operation=getnextcacert&message=default", &answer);
        assert_int_equal(answer.response.status, 200);
        assert_string_equal(answer.response.content_type, "application/x-x509-next-ca-cert");
        assert_string_equal(answer.report.operation, "GetNextCACert");
        if (i == 0) {
            assert_true(buffer_append_bytes(&first, buffer_bytes(&answer.response.body), NULL));
        }
        /* to the byte: the CA's key does not sign for whoever asks */
        assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&answer.response.body)));
        endpoint_answer_clear(&answer);
    }
    list = read_next(buffer_bytes(&first), r.ras[CURRENT]->chain[0]);
    assert_int_equal(sk_X509_num(list->d.sign->cert), 2);
    assert_int_equal(X509_cmp(sk_X509_value(list->d.sign->cert, 0), r.ras[NEXT]->ra[0].cert), 0);
    assert_int_equal(X509_cmp(sk_X509_value(list->d.sign->cert, 1), r.ras[NEXT]->chain[0]), 0);
    PKCS7_free(list);
    buffer_clear(&first);
    endpoint_free(endpoint);
}

static bool announces_next(const struct endpoint *endpoint)
{
    struct endpoint_answer answer;
    bool announced = false;

    endpoint_get(endpoint, "operation=GetCACaps", &answer);
    announced = strstr(buffer_text(&answer.response.body), "GetNextCACert") != NULL;
    endpoint_answer_clear(&answer);
    return announced;
}

static int next_status(const struct endpoint *endpoint)
{
    struct endpoint_answer answer;
    int status = 0;

    endpoint_get(endpoint, "operation=GetNextCACert", &answer);
    status = answer.response.status;
    endpoint_answer_clear(&answer);
    return status;
}

/* Made while the clock is ten years ahead, or behind: not there, and there once it is right. */
static void next__clock_leaps__there_when_it_is_right_again(void **state)
{
    static const int64_t leaps[] = { INT64_C(3650) * 86400, -INT64_C(3650) * 86400 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(leaps); i++) {
        later = leaps[i];
        struct endpoint *endpoint = with_generations("leaping", r.cas[NEXT], NULL, "");

        assert_int_equal(next_status(endpoint), 404);
        assert_false(announces_next(endpoint));
        later = 0;
        assert_true(announces_next(endpoint));
        assert_int_equal(next_status(endpoint), 200);
        later = leaps[i]; /* nobody is told of RAs that are out of their time */
        assert_int_equal(next_status(endpoint), 404);
        later = 0;
        assert_int_equal(next_status(endpoint), 200);
        endpoint_free(endpoint);
    }
}

static void next__none__not_found_and_not_announced(void **state)
{
    struct endpoint *endpoint = with_generations("settled", NULL, r.cas[PREVIOUS], "");
    struct endpoint_answer answer;

    (void)state;
    endpoint_get(endpoint, "operation=GetNextCACert", &answer);
    assert_int_equal(answer.response.status, 404);
    assert_int_equal(answer.report.error.reason, REASON_NO_NEXT_CA);
    assert_string_equal(answer.report.result, "refused");
    endpoint_answer_clear(&answer);
    endpoint_free(endpoint);
}

static void caps__renewal_and_next__as_granted(void **state)
{
    static const struct {
        bool next;
        const char *settings;
        const char *expected;
    } cases[] = {
        { false, "", "AES\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-256\nSHA-384\nSHA-512" },
        { false, ", \"renewal\": {\"enabled\": false}",
          "AES\nPOSTPKIOperation\nSCEPStandard\nSHA-256\nSHA-384\nSHA-512" },
        { true, "",
          "AES\nGetNextCACert\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-256\nSHA-384\n"
          "SHA-512" },
        { true, ", \"renewal\": {\"enabled\": false}",
          "AES\nGetNextCACert\nPOSTPKIOperation\nSCEPStandard\nSHA-256\nSHA-384\nSHA-512" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint *endpoint =
            with_generations("caps", cases[i].next ? r.cas[NEXT] : NULL, NULL, cases[i].settings);
        struct endpoint_answer answer;

        endpoint_get(endpoint, "operation=GetCACaps", &answer);
        assert_bytes_text(buffer_bytes(&answer.response.body), cases[i].expected);
        endpoint_answer_clear(&answer);
        endpoint_free(endpoint);
    }
}

static void cacert__under_its_old_name__its_old_media_type(void **state)
{
    static const struct {
        const char *query;
        const char *media_type;
    } cases[] = {
        { "operation=GetCACert", "application/x-x509-ca-ra-cert" },
        { "operation=GetCAChain", "application/x-x509-ca-ra-cert" },
        { "operation=GetCACertChain", "application/x-x509-ca-ra-cert-chain" },
        { "operation=getcacertchain&message=x", "application/x-x509-ca-ra-cert-chain" },
    };
    struct endpoint *endpoint = with_generations("names", NULL, NULL, "");
    struct endpoint_answer first;

    (void)state;
    endpoint_get(endpoint, cases[0].query, &first);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint_answer answer;

        endpoint_get(endpoint, cases[i].query, &answer);
        assert_int_equal(answer.response.status, 200);
        assert_string_equal(answer.response.content_type, cases[i].media_type);
        assert_true(
            bytes_equal(buffer_bytes(&answer.response.body), buffer_bytes(&first.response.body)));
        endpoint_answer_clear(&answer);
    }
    endpoint_answer_clear(&first);
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__to_any_generation__issued_by_its_ca_and_signed_by_its_ra),
        cmocka_unit_test(request__to_the_next_pair__signed_by_its_partner),
        cmocka_unit_test(request__to_a_ca_that_is_no_generation__unknown_recipient),
        cmocka_unit_test(question__certificate_of_any_generation__its_own_crl),
        cmocka_unit_test(generation__not_ready__the_current_one_goes_on),
        cmocka_unit_test(choose__template_without_that_generation__refused),
        cmocka_unit_test(next__there__its_list_signed_by_the_current_ca),
        cmocka_unit_test(next__clock_leaps__there_when_it_is_right_again),
        cmocka_unit_test(next__none__not_found_and_not_announced),
        cmocka_unit_test(caps__renewal_and_next__as_granted),
        cmocka_unit_test(cacert__under_its_old_name__its_old_media_type),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
