/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  CertPoll at an endpoint: what enroll/ is asked, by whom and for which CA, and what its
 *           answer becomes.
 * Not here: the requests that wait (tests/enroll); they are stood in for by the two functions
 *           below, which note what they are asked.
 * Owns:     see open_world.
 * Threads:  one.
 * Spec:     RFC 8894 4.4; the linker's --wrap puts them before the real ones.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "endpoint/endpoint_world.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct endpoint_world world;
static struct ca *next_ca;
static struct ra_set *next_ras;
static X509 *client_cert;

/* ---- what stands in for the records ---------------------------------------------------------- */

static struct {
    enum issuance_state state; /* NONE: nothing waits */
    bool denied;
    const char *names[3]; /* templates at which something waits */
    size_t asked;
    char template_name[64];
    char ca[64];
    char transaction_id[64];
    enum enroll_kind kind;
    bool has_csr;
    uint8_t key[DIGEST_SHA256_BYTES];
} records;

bool __wrap_enroll_poll(const struct enroll_options *options, const struct enroll_request *request,
                        struct issuance *out, struct enroll_report *report, struct error *err);
bool __wrap_enroll_waiting_at(struct store *store, const struct enroll_request *request,
                              enroll_waiting_visit *visit, void *context, struct error *err);

static void note(const struct enroll_request *request)
{
    assert_true(request->transaction_id.len < sizeof(records.transaction_id));
    memset(records.transaction_id, 0, sizeof(records.transaction_id));
    memcpy(records.transaction_id, request->transaction_id.data, request->transaction_id.len);
    memcpy(records.key, request->signer_key_sha256, sizeof(records.key));
    records.kind = request->kind;
    records.has_csr = request->csr.key != NULL || request->csr.der.len != 0;
    assert_non_null(request->signer);
    assert_string_equal(request->request_id, "test-1");
}

bool __wrap_enroll_poll(const struct enroll_options *options, const struct enroll_request *request,
                        struct issuance *out, struct enroll_report *report, struct error *err)
{
    records.asked++;
    (void)snprintf(records.template_name, sizeof(records.template_name), "%s",
                   options->template_name);
    (void)snprintf(records.ca, sizeof(records.ca), "%s", ca_name(options->ca));
    note(request);
    *report = (struct enroll_report){ .challenge_type = NULL };
    if (records.denied) {
        return error_set(err, REASON_REQUEST_DENIED, "denied");
    }
    if (records.state == ISSUANCE_NONE) {
        return error_set(err, REASON_POLL_UNKNOWN, "nothing waits");
    }
    out->state = records.state;
    return out->state == ISSUANCE_PENDING || certificate_der(client_cert, &out->cert_der, err);
}

bool __wrap_enroll_waiting_at(struct store *store, const struct enroll_request *request,
                              enroll_waiting_visit *visit, void *context, struct error *err)
{
    bool ok = true;

    assert_ptr_equal(store, world.store);
    note(request);
    for (size_t i = 0; ok && i < COUNT_OF(records.names) && records.names[i] != NULL; i++) {
        ok = visit(context, records.names[i], err);
    }
    return ok;
}

/* ---- one poll -------------------------------------------------------------------------------- */

static int open_world(void **state)
{
    struct ca_builtin *builtin = NULL;
    struct error err = ERROR_INIT;
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client client;

    (void)state;
    endpoint_world_open(&world);
    next_ca = endpoint_world_ca(&world, "following", CA_KEY_EC_P256, "CN=Following CA", &builtin);
    next_ras = ca_ra(next_ca, &err);
    assert_done(next_ras != NULL, &err, "RA");
    world.next = next_ca;
    endpoint_world_client(&world, &client);
    scep_client_request(&client, &message, &client_cert);
    buffer_clear(&message);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    X509_free(client_cert);
    ra_set_unref(next_ras);
    ca_free(next_ca);
    endpoint_world_close(&world);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    memset(&records, 0, sizeof(records));
    return 0;
}

struct poll {
    struct scep_client client;
    bool no_envelope;
    const char *content; /* in place of the envelope; NULL: none */
    X509 *signer;        /* who has to sign the answer */
};

static struct poll poll_of(void)
{
    struct poll poll = { .signer = world.ras->ra[0].cert };

    endpoint_world_client(&world, &poll.client);
    poll.client.type = "20";
    poll.client.cert = client_cert;
    return poll;
}

static void send_poll(const struct endpoint *endpoint, const struct endpoint_face *face,
                      const struct poll *poll, struct endpoint_answer *answer,
                      struct scep_client_reply *reply)
{
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer plain = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);

    scep_client_subject_id(&poll->client, world.ras->chain[0], &plain);
    if (poll->no_envelope || poll->content != NULL) {
        scep_client_sign(&poll->client,
                         poll->content == NULL ? bytes_of(NULL, 0) : bytes_of_text(poll->content),
                         &message, NULL);
    } else {
        scep_client_message(&poll->client, buffer_bytes(&plain), &message, NULL);
    }
    endpoint_post_at(endpoint, face, buffer_bytes(&message), answer);
    if (answer->response.status != 200
        || !scep_client_read(buffer_bytes(&answer->response.body), poll->signer, poll->client.key,
                             client_cert, reply)) {
        fail_msg("status %d, %s, %s (%s)", answer->response.status, reply->problem,
                 reason_id(answer->report.error.reason), answer->report.error.detail);
    }
    buffer_clear(&message);
    buffer_clear(&plain);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void poll__each_state__its_certrep(void **state)
{
    static const struct {
        enum issuance_state state;
        bool denied;
        int status;
        int fail_info;
        enum reason reason;
        const char *result;
    } cases[] = {
        { ISSUANCE_PENDING, false, 3, -1, REASON_NONE, "pending" },
        { ISSUANCE_ISSUED, false, 0, -1, REASON_NONE, "issued" },
        { ISSUANCE_NONE, false, 2, 4, REASON_POLL_UNKNOWN, "refused" },
        { ISSUANCE_NONE, true, 2, 2, REASON_REQUEST_DENIED, "refused" },
    };
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct poll poll = poll_of();
        struct endpoint_answer answer;
        struct scep_client_reply reply;

        records.state = cases[i].state;
        records.denied = cases[i].denied;
        send_poll(endpoint, endpoint_own_face(endpoint), &poll, &answer, &reply);
        assert_int_equal(answer.report.error.reason, cases[i].reason);
        assert_int_equal(reply.status, cases[i].status);
        assert_int_equal(reply.fail_info, cases[i].fail_info);
        assert_int_equal(reply.has_content, cases[i].status == 0);
        assert_string_equal(answer.report.result, cases[i].result);
        assert_string_equal(answer.report.message_type, "CertPoll");
        assert_true(bytes_equal(buffer_bytes(&reply.recipient_nonce),
                                bytes_of(poll.client.nonce_bytes, poll.client.nonce_len)));
        assert_string_equal(records.template_name, "device");
        assert_string_equal(records.ca, "default");
        assert_string_equal(records.transaction_id, "3A5F0C0F9A2B4C6D8E1F");
        assert_false(records.has_csr);
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
    }
    endpoint_free(endpoint);
}

/* Nothing of what is inside counts, not even that it can be opened. */
static void poll__any_envelope__never_opened(void **state)
{
    static const uint32_t faults[] = { 0, SCEP_CLIENT_RANDOM_KEY, SCEP_CLIENT_BAD_PADDING_0,
                                       SCEP_CLIENT_SHORT_KEY };
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");

    (void)state;
    records.state = ISSUANCE_PENDING;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct poll poll = poll_of();
        struct endpoint_answer answer;
        struct scep_client_reply reply;

        poll.client.faults = faults[i];
        send_poll(endpoint, endpoint_own_face(endpoint), &poll, &answer, &reply);
        assert_int_equal(reply.status, 3);
        assert_false(answer.report.unreadable);
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
    }
    endpoint_free(endpoint);
}

static void poll__envelope_for_each_generation__that_ca_is_asked(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    struct poll poll = poll_of();
    struct endpoint_answer answer;
    struct scep_client_reply reply;

    (void)state;
    records.state = ISSUANCE_PENDING;
    poll.client.recipients[0] = next_ras->ra[0].cert;
    poll.signer = next_ras->ra[0].cert;
    send_poll(endpoint, endpoint_own_face(endpoint), &poll, &answer, &reply);
    assert_int_equal(reply.status, 3);
    assert_string_equal(records.ca, "following");
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);

    poll.client.recipients[0] = world.ras->chain[0];
    poll.signer = world.ras->ra[0].cert;
    records.asked = 0;
    send_poll(endpoint, endpoint_own_face(endpoint), &poll, &answer, &reply);
    assert_int_equal(answer.report.error.reason, REASON_UNKNOWN_RECIPIENT);
    assert_int_equal(records.asked, 0);
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    endpoint_free(endpoint);
}

static void poll__no_or_odd_envelope__the_current_generation(void **state)
{
    static const struct {
        bool none;
        const char *content;
    } cases[] = { { true, NULL }, { false, "this is no envelope" }, { false, "\x30\x03\x02\x01" } };
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct poll poll = poll_of();
        struct endpoint_answer answer;
        struct scep_client_reply reply;

        records.state = i == 0 ? ISSUANCE_ISSUED : ISSUANCE_PENDING;
        poll.no_envelope = cases[i].none;
        poll.content = cases[i].content;
        send_poll(endpoint, endpoint_own_face(endpoint), &poll, &answer, &reply);
        assert_int_equal(reply.status, i == 0 ? 0 : 3);
        assert_string_equal(records.ca, "default");
        if (i == 0) {
            assert_int_equal(reply.cipher_nid, NID_aes_128_cbc); /* nothing there to mirror */
        }
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
    }
    endpoint_free(endpoint);
}

/* An envelope at all has to keep to what the template allows. */
static void poll__weak_cipher_or_digest__refused(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    struct poll poll = poll_of();
    struct endpoint_answer answer;
    struct scep_client_reply reply;

    (void)state;
    records.state = ISSUANCE_PENDING;
    poll.client.cipher = "DES-EDE3-CBC";
    send_poll(endpoint, endpoint_own_face(endpoint), &poll, &answer, &reply);
    assert_int_equal(answer.report.error.reason, REASON_CIPHER_NOT_ALLOWED);
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    poll.client.cipher = "AES-128-CBC";
    poll.client.digest = "SHA1";
    send_poll(endpoint, endpoint_own_face(endpoint), &poll, &answer, &reply);
    assert_int_equal(answer.report.error.reason, REASON_DIGEST_NOT_ALLOWED);
    assert_int_equal(records.asked, 0);
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    endpoint_free(endpoint);
}

/* ---- several templates at one URL ------------------------------------------------------------ */

struct members {
    const struct endpoint *member[4];
};

static const struct endpoint *choose(void *context, const struct csr *csr)
{
    (void)context;
    (void)csr;
    fail_msg("a poll has no CSR to choose by");
    return NULL;
}

static const struct endpoint *named(void *context, const char *template_name)
{
    const struct members *members = context;

    for (size_t i = 0; i < COUNT_OF(members->member); i++) {
        if (members->member[i] != NULL
            && strcmp(endpoint_name(members->member[i]), template_name) == 0) {
            return members->member[i];
        }
    }
    return NULL;
}

static void poll__url_of_several_templates__where_it_waits(void **state)
{
    struct ca *own = world.ca;
    struct endpoint *front = endpoint_world_template(&world, "front", "");
    struct endpoint *second = endpoint_world_template(&world, "second", "");
    struct endpoint *fenced = endpoint_world_template(
        &world, "fenced", ", \"ip_acl\": {\"enabled\": true, \"allowed\": \"192.0.2.0/24\"}");
    struct endpoint *off = endpoint_world_off(&world, "off");
    struct endpoint *other = NULL;
    struct members members = { { second, fenced, off, NULL } };
    struct endpoint_face face = {
        .level = ALGORITHM_LEVEL_COMPAT, .choose = choose, .named = named, .context = &members
    };
    static const struct {
        const char *names[3];
        const char *digest;
        bool no_envelope;
        enum reason reason;
        const char *decided;
    } cases[] = {
        { { "second", NULL, NULL }, "SHA256", false, REASON_NONE, "second" },
        { { "second", NULL, NULL }, "SHA256", true, REASON_NONE, "second" },
        /* not of this URL, then of another CA: as if nothing waited there */
        { { "stranger", "other", "second" }, "SHA256", false, REASON_NONE, "second" },
        { { "front", "other", NULL }, "SHA256", false, REASON_POLL_UNKNOWN, "" },
        { { NULL, NULL, NULL }, "SHA256", false, REASON_POLL_UNKNOWN, "" },
        { { "fenced", "second", NULL }, "SHA256", false, REASON_ADDRESS_DENIED, "fenced" },
        { { "off", NULL, NULL }, "SHA256", false, REASON_TEMPLATE_DISABLED, "off" },
        /* the face lets it in, the template does not */
        { { "second", NULL, NULL }, "SHA1", false, REASON_DIGEST_NOT_ALLOWED, "second" },
    };

    (void)state;
    world.ca = next_ca;
    other = endpoint_world_template(&world, "other", "");
    world.ca = own;
    members.member[3] = other;
    records.state = ISSUANCE_PENDING;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct poll poll = poll_of();
        struct endpoint_answer answer;
        struct scep_client_reply reply;

        memcpy(records.names, cases[i].names, sizeof(records.names));
        records.asked = 0;
        poll.client.digest = cases[i].digest;
        poll.no_envelope = cases[i].no_envelope;
        send_poll(front, &face, &poll, &answer, &reply);
        if (answer.report.error.reason != cases[i].reason
            || strcmp(answer.report.template_name, cases[i].decided) != 0
            || records.asked != (cases[i].reason == REASON_NONE ? 1 : 0)) {
            fail_msg("case %zu: %s at \"%s\" (%s)", i, reason_id(answer.report.error.reason),
                     answer.report.template_name, answer.report.error.detail);
        }
        if (cases[i].reason == REASON_NONE) {
            assert_string_equal(records.template_name, cases[i].decided);
        }
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
    }
    endpoint_free(front);
    endpoint_free(second);
    endpoint_free(fenced);
    endpoint_free(off);
    endpoint_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(poll__each_state__its_certrep, reset),
        cmocka_unit_test_setup(poll__any_envelope__never_opened, reset),
        cmocka_unit_test_setup(poll__envelope_for_each_generation__that_ca_is_asked, reset),
        cmocka_unit_test_setup(poll__no_or_odd_envelope__the_current_generation, reset),
        cmocka_unit_test_setup(poll__weak_cipher_or_digest__refused, reset),
        cmocka_unit_test_setup(poll__url_of_several_templates__where_it_waits, reset),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
