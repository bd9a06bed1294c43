/* SPDX-License-Identifier: Apache-2.0 */
/* One URL for several templates, NDES's pair of RA certificates, NDES's capabilities. */
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "endpoint/endpoint_world.h"

#define COMPAT ", \"algorithms\": \"compat\""
#define LIST(addresses) ", \"ip_acl\": {\"enabled\": true, \"allowed\": \"" addresses "\"}"

static struct endpoint_world world;

static int open_world(void **state)
{
    (void)state;
    endpoint_world_open(&world);
    assert_int_equal(world.ras->ra_count, 3); /* single, sign, decrypt */
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    endpoint_world_close(&world);
    return 0;
}

/* The members of the world's RA set by their part. */
static X509 *single_cert(void)
{
    return world.ras->ra[0].cert;
}
static X509 *sign_cert(void)
{
    return world.ras->ra[1].cert;
}
static X509 *decrypt_cert(void)
{
    return world.ras->ra[2].cert;
}

/* Which endpoint a request goes to, by its key usage; one of them may be nobody. */
struct choices {
    const struct endpoint *general;
    const struct endpoint *signature;
    const struct endpoint *encryption;
    size_t asked;
};

static const struct endpoint *choose(void *context, const struct csr *csr)
{
    struct choices *choices = context;

    choices->asked++;
    if (csr->has_key_usage && csr->key_usage == KEY_USAGE_DIGITAL_SIGNATURE) {
        return choices->signature;
    }
    if (csr->has_key_usage && csr->key_usage == KEY_USAGE_KEY_ENCIPHERMENT) {
        return choices->encryption;
    }
    return choices->general;
}

static struct endpoint_face pair_face(struct choices *choices, enum algorithm_level level)
{
    return (struct endpoint_face){ .ra = RA_FORM_PAIR,
                                   .caps = SCEP_CAPS_NDES,
                                   .level = level,
                                   .choose = choices == NULL ? NULL : choose,
                                   .context = choices };
}

/* Send a request to a face; the answer is read with the signer that must have signed it. */
static void send(const struct endpoint *endpoint, const struct endpoint_face *face,
                 const struct scep_client *client, X509 *signer, struct endpoint_answer *answer,
                 struct scep_client_reply *reply, const char *name)
{
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    X509 *cert = NULL;

    scep_client_request(client, &message, &cert);
    endpoint_post_at(endpoint, face, buffer_bytes(&message), answer);
    if (answer->response.status != 200
        || !scep_client_read(buffer_bytes(&answer->response.body), signer, client->key, cert,
                             reply)) {
        fail_msg("%s: status %d, %s, %s (%s)", name, answer->response.status, reply->problem,
                 reason_id(answer->report.error.reason), answer->report.error.detail);
    }
    buffer_clear(&message);
    X509_free(cert);
}

struct usage_case {
    const char *name;
    const char *key_usage;
    const char *expected;
};

/* Each template leaves its mark in the subject, so that it is certain whose rules decided. */
static void choose__by_key_usage__the_chosen_template_decides(void **state)
{
    static const struct usage_case cases[] = {
        { "none", NULL, "general" },
        { "both", "digitalSignature,keyEncipherment", "general" },
        { "signature", "digitalSignature", "signature" },
        { "encryption", "keyEncipherment", "encryption" },
    };
    struct endpoint *endpoints[3] = {
        endpoint_world_template(&world, "general", ", \"subject\": {\"append\": \"OU=general\"}"),
        endpoint_world_template(&world, "signature",
                                ", \"subject\": {\"append\": \"OU=signature\"}"),
        endpoint_world_template(&world, "encryption",
                                ", \"subject\": {\"append\": \"OU=encryption\"}"),
    };
    struct choices choices = { endpoints[0], endpoints[1], endpoints[2], 0 };
    struct endpoint_face face = pair_face(&choices, ALGORITHM_LEVEL_MODERN);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct endpoint_answer answer;
        struct scep_client_reply reply;
        struct scep_client client;
        char unit[32];

        endpoint_world_client(&world, &client);
        client.recipients[0] = decrypt_cert();
        client.key_usage = cases[i].key_usage;
        client.cn = cases[i].name;
        send(endpoints[0], &face, &client, sign_cert(), &answer, &reply, cases[i].name);
        assert_string_equal(answer.report.result, "issued");
        assert_string_equal(answer.report.template_name, cases[i].expected);
        assert_int_equal(choices.asked, i + 1);
        assert_int_equal(reply.status, 0);
        assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(reply.cert),
                                              NID_organizationalUnitName, unit, sizeof(unit))
                    > 0);
        assert_string_equal(unit, cases[i].expected);
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
    }
    for (size_t i = 0; i < 3; i++) {
        endpoint_free(endpoints[i]);
    }
}

static void sha1(struct scep_client *c)
{
    c->digest = "SHA1";
}
static void des3(struct scep_client *c)
{
    c->cipher = "DES-EDE3-CBC";
}
static void no_challenge(struct scep_client *c)
{
    c->challenge = NULL;
}
static void bad_signature(struct scep_client *c)
{
    c->faults = SCEP_CLIENT_BAD_SIGNATURE;
}
static void random_key(struct scep_client *c)
{
    c->faults = SCEP_CLIENT_RANDOM_KEY;
}
static void to_the_signer(struct scep_client *c)
{
    c->recipients[0] = sign_cert();
}
static void to_the_ca(struct scep_client *c)
{
    c->recipients[0] = world.ras->chain[0];
}

/* What a request through the face meets; every refusal is a CertRep that the client can verify. */
struct face_case {
    const char *name;
    const char *settings; /* of the chosen template; NULL: there is none */
    enum algorithm_level level;
    void (*spoil)(struct scep_client *client);
    enum reason reason;
    int fail_info;
    const char *hresult; /* NULL: not looked at */
    bool chosen;         /* far enough for the report to name the template */
    int digest;          /* NID of the answer's */
};

static const char switched_off[] = "";

static const struct face_case face_cases[] = {
    { "good", "", ALGORITHM_LEVEL_MODERN, NULL, REASON_NONE, -1, NULL, true, NID_sha256 },
    { "no template", NULL, ALGORITHM_LEVEL_MODERN, NULL, REASON_NDES_FACE_BROKEN, 2, "-2146875392",
      false, NID_sha256 },
    { "switched off", switched_off, ALGORITHM_LEVEL_MODERN, NULL, REASON_TEMPLATE_DISABLED, 2,
      "-2146875392", true, NID_sha256 },
    { "address list", LIST("192.0.2.0/24"), ALGORITHM_LEVEL_MODERN, NULL, REASON_ADDRESS_DENIED, 2,
      "-2147024891", true, NID_sha256 },
    { "address listed", LIST("127.0.0.0/8"), ALGORITHM_LEVEL_MODERN, NULL, REASON_NONE, -1, NULL,
      true, NID_sha256 },
    { "list for the page alone",
      ", \"ip_acl\": {\"enabled\": true, \"allowed\": \"192.0.2.0/24\", \"limit\": \"ui\"}",
      ALGORITHM_LEVEL_MODERN, NULL, REASON_NONE, -1, NULL, true, NID_sha256 },
    /* the face lets it in, the chosen template does not; answers do not go below its level */
    { "digest below the template's level", "", ALGORITHM_LEVEL_COMPAT, sha1,
      REASON_DIGEST_NOT_ALLOWED, 0, "-2146893816", true, NID_sha256 },
    { "cipher below the template's level", "", ALGORITHM_LEVEL_COMPAT, des3,
      REASON_CIPHER_NOT_ALLOWED, 0, "-2146893816", true, NID_sha256 },
    { "digest at the template's level", COMPAT, ALGORITHM_LEVEL_COMPAT, sha1, REASON_NONE, -1, NULL,
      true, NID_sha1 },
    { "cipher at the template's level", COMPAT, ALGORITHM_LEVEL_COMPAT, des3, REASON_NONE, -1, NULL,
      true, NID_sha256 },
    /* below the face's own level nothing is opened, whatever a template would allow */
    { "digest below the face's level", COMPAT, ALGORITHM_LEVEL_MODERN, sha1,
      REASON_DIGEST_NOT_ALLOWED, 0, "-2146893816", false, NID_sha256 },
    { "cipher below the face's level", COMPAT, ALGORITHM_LEVEL_MODERN, des3,
      REASON_CIPHER_NOT_ALLOWED, 0, "-2146893816", false, NID_sha256 },
    { "no challenge", "", ALGORITHM_LEVEL_MODERN, no_challenge, REASON_CHALLENGE_MISSING, 2,
      "-2146869244", true, NID_sha256 },
    { "key size", ", \"key\": {\"rsa_min_bits\": 3072}", ALGORITHM_LEVEL_MODERN, NULL,
      REASON_KEY_SIZE, 2, "-2146875375", true, NID_sha256 },
    { "subject", ", \"subject\": {\"cn_patterns\": \"*.example.com\"}", ALGORITHM_LEVEL_MODERN,
      NULL, REASON_SUBJECT_CN, 2, "-2146877439", true, NID_sha256 },
    { "signature", "", ALGORITHM_LEVEL_MODERN, bad_signature, REASON_SIGNATURE_WRONG, 1,
      "-2146893819", false, NID_sha256 },
    { "envelope", "", ALGORITHM_LEVEL_MODERN, random_key, REASON_UNIFORM_FAILURE, 1, "-2146893819",
      false, NID_sha256 },
    { "encrypted to the signer", "", ALGORITHM_LEVEL_MODERN, to_the_signer,
      REASON_UNKNOWN_RECIPIENT, 2, "-2147024809", false, NID_sha256 },
    { "encrypted to the CA", "", ALGORITHM_LEVEL_MODERN, to_the_ca, REASON_UNKNOWN_RECIPIENT, 2,
      "-2147024809", false, NID_sha256 },
};

static struct endpoint *make_chosen(const struct face_case *c)
{
    if (c->settings == switched_off) {
        return endpoint_world_off(&world, "chosen");
    }
    return c->settings == NULL ? NULL : endpoint_world_template(&world, "chosen", c->settings);
}

static void face__each_case__answered_by_the_pairs_signer(void **state)
{
    /* the endpoint that was asked lets nobody in and is modern: it only opens */
    struct endpoint *asked = endpoint_world_template(&world, "asked", LIST("198.51.100.1"));

    (void)state;
    for (size_t i = 0; i < sizeof(face_cases) / sizeof(face_cases[0]); i++) {
        const struct face_case *c = &face_cases[i];
        struct endpoint *chosen = make_chosen(c);
        struct choices choices = { chosen, NULL, NULL, 0 };
        struct endpoint_face face = pair_face(&choices, c->level);
        struct endpoint_answer answer;
        struct scep_client_reply reply;
        struct scep_client client;

        endpoint_world_client(&world, &client);
        client.recipients[0] = decrypt_cert();
        client.cn = c->name;
        if (c->spoil != NULL) {
            c->spoil(&client);
        }
        send(asked, &face, &client, sign_cert(), &answer, &reply, c->name);
        if (answer.report.error.reason != c->reason || reply.fail_info != c->fail_info
            || reply.status != (c->reason == REASON_NONE ? 0 : 2)
            || reply.digest_nid != c->digest) {
            fail_msg("%s: %s (%s), failInfo %d, digest %d", c->name,
                     reason_id(answer.report.error.reason), answer.report.error.detail,
                     reply.fail_info, reply.digest_nid);
        }
        if (c->hresult != NULL && strcmp(reply.hresult, c->hresult) != 0) {
            fail_msg("%s: HRESULT %s", c->name, reply.hresult);
        }
        assert_string_equal(answer.report.template_name, c->chosen ? "chosen" : "");
        if (c->reason != REASON_NONE) {
            assert_string_equal(reply.fail_text, reason_public_text(c->reason));
            assert_string_equal(answer.report.certificate.serial, "");
        }
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
        endpoint_free(chosen);
    }
    endpoint_free(asked);
}

/* A template of another CA has no say: not even its address list or level shows. */
static void choose__template_of_another_ca__refused(void **state)
{
    struct endpoint_world other;
    struct endpoint *asked = endpoint_world_template(&world, "asked", "");
    struct endpoint *foreign = NULL;
    struct endpoint_answer answer;
    struct scep_client_reply reply;
    struct scep_client client;

    (void)state;
    endpoint_world_open(&other);
    foreign = endpoint_world_template(&other, "foreign", "");
    struct choices choices = { foreign, NULL, NULL, 0 };
    struct endpoint_face face = pair_face(&choices, ALGORITHM_LEVEL_MODERN);
    endpoint_world_client(&world, &client);
    client.recipients[0] = decrypt_cert();
    send(asked, &face, &client, sign_cert(), &answer, &reply, "foreign");
    assert_int_equal(answer.report.error.reason, REASON_NDES_FACE_BROKEN);
    assert_non_null(strstr(answer.report.error.detail, "foreign"));
    assert_int_equal(reply.fail_info, 2);
    assert_string_equal(answer.report.template_name, "");
    scep_client_reply_clear(&reply);
    endpoint_answer_clear(&answer);
    endpoint_free(foreign);
    endpoint_free(asked);
    endpoint_world_close(&other);
}

/* Whom a client encrypts to decides who signs, whichever certificates its face shows. */
static void client__certificate_from_the_other_face__answered_by_the_signer_it_knows(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    struct endpoint_face pair = pair_face(NULL, ALGORITHM_LEVEL_MODERN);
    const struct endpoint_face *single = endpoint_own_face(endpoint);
    const struct {
        const char *name;
        const struct endpoint_face *face;
        X509 *recipient;
        X509 *signer;
        const char *challenge;
    } cases[] = {
        { "single at the pair's face", &pair, single_cert(), single_cert(), WORLD_PASSPHRASE },
        { "pair at the pair's face", &pair, decrypt_cert(), sign_cert(), WORLD_PASSPHRASE },
        { "pair at the single's face", single, decrypt_cert(), sign_cert(), WORLD_PASSPHRASE },
        { "single at the single's face", single, single_cert(), single_cert(), WORLD_PASSPHRASE },
        { "single at the pair's face, refused", &pair, single_cert(), single_cert(), "not it" },
        { "pair at the single's face, refused", single, decrypt_cert(), sign_cert(), "not it" },
        { "nobody at the pair's face", &pair, world.ras->chain[0], sign_cert(), WORLD_PASSPHRASE },
        { "nobody at the single's face", single, world.ras->chain[0], single_cert(),
          WORLD_PASSPHRASE },
    };

    (void)state;
    assert_int_equal(single->ra, RA_FORM_SINGLE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool good = cases[i].recipient != world.ras->chain[0]
                    && strcmp(cases[i].challenge, WORLD_PASSPHRASE) == 0;
        struct endpoint_answer answer;
        struct scep_client_reply reply;
        struct scep_client client;

        endpoint_world_client(&world, &client);
        client.cn = cases[i].name;
        client.recipients[0] = cases[i].recipient;
        client.challenge = cases[i].challenge;
        send(endpoint, cases[i].face, &client, cases[i].signer, &answer, &reply, cases[i].name);
        assert_int_equal(reply.status, good ? 0 : 2);
        assert_string_equal(answer.report.template_name, "device");
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
    }
    endpoint_free(endpoint);
}

/* GetCACert of a face, as a client reads it. */
static size_t fetch_certificates(const struct endpoint *endpoint, const struct endpoint_face *face,
                                 X509 *certs[4])
{
    struct endpoint_answer answer;
    PKCS7 *degenerate = NULL;
    const unsigned char *at = NULL;
    size_t count = 0;

    endpoint_get_at(endpoint, face, "operation=GetCACert", &answer);
    assert_int_equal(answer.response.status, 200);
    assert_string_equal(answer.response.content_type, "application/x-x509-ca-ra-cert");
    at = answer.response.body.data;
    degenerate = d2i_PKCS7(NULL, &at, (long)answer.response.body.len);
    assert_non_null(degenerate);
    count = (size_t)sk_X509_num(degenerate->d.sign->cert);
    assert_in_range(count, 1, 4);
    for (size_t i = 0; i < count; i++) {
        certs[i] = X509_dup(sk_X509_value(degenerate->d.sign->cert, (int)i));
    }
    PKCS7_free(degenerate);
    endpoint_answer_clear(&answer);
    return count;
}

static void get_ca_cert__each_face__its_own_form(void **state)
{
    struct endpoint *single = endpoint_world_template(&world, "single", "");
    struct endpoint *pair = endpoint_world_template(&world, "pair", ", \"ra\": \"pair\"");
    struct endpoint_face ndes = pair_face(NULL, ALGORITHM_LEVEL_MODERN);
    const struct {
        const struct endpoint *endpoint;
        const struct endpoint_face *face;
        size_t count;
    } cases[] = {
        { single, endpoint_own_face(single), 2 },
        { single, &ndes, 3 },
        { pair, endpoint_own_face(pair), 3 },
    };

    (void)state;
    assert_int_equal(endpoint_own_face(pair)->ra, RA_FORM_PAIR);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *certs[4] = { NULL };

        assert_int_equal(fetch_certificates(cases[i].endpoint, cases[i].face, certs),
                         cases[i].count);
        if (cases[i].count == 3) {
            assert_int_equal(X509_get_key_usage(certs[0]), KU_DIGITAL_SIGNATURE);
            assert_int_equal(X509_get_key_usage(certs[1]), KU_KEY_ENCIPHERMENT);
            assert_int_equal(X509_cmp(certs[0], sign_cert()), 0);
            assert_int_equal(X509_cmp(certs[1], decrypt_cert()), 0);
        } else {
            assert_int_equal(X509_cmp(certs[0], single_cert()), 0);
        }
        assert_int_equal(X509_cmp(certs[cases[i].count - 1], world.ras->chain[0]), 0);
        for (size_t c = 0; c < 4; c++) {
            X509_free(certs[c]);
        }
    }
    endpoint_free(single);
    endpoint_free(pair);
}

/* A device that still has what was replaced is answered by the signer it knows, in both forms. */
static void client__former_generation__answered_by_the_former_signer(void **state)
{
    X509 *old[3] = { X509_dup(single_cert()), X509_dup(sign_cert()), X509_dup(decrypt_cert()) };
    struct endpoint *endpoint = NULL;
    struct endpoint_face pair = pair_face(NULL, ALGORITHM_LEVEL_MODERN);
    X509 *shown[4] = { NULL };

    (void)state;
    endpoint_world_renew(&world);
    assert_int_equal(world.ras->ra_count, 6);
    endpoint = endpoint_world_template(&world, "device", "");
    const struct {
        const char *name;
        X509 *recipient;
        X509 *signer;
        const char *challenge;
    } cases[] = {
        { "former single", old[0], old[0], WORLD_PASSPHRASE },
        { "former pair", old[2], old[1], WORLD_PASSPHRASE },
        { "former single, refused", old[0], old[0], "not it" },
        { "former pair, refused", old[2], old[1], "not it" },
        { "single", single_cert(), single_cert(), WORLD_PASSPHRASE },
        { "pair", decrypt_cert(), sign_cert(), WORLD_PASSPHRASE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct endpoint_face *face = i % 2 == 0 ? endpoint_own_face(endpoint) : &pair;
        struct endpoint_answer answer;
        struct scep_client_reply reply;
        struct scep_client client;

        endpoint_world_client(&world, &client);
        client.cn = cases[i].name;
        client.recipients[0] = cases[i].recipient;
        client.challenge = cases[i].challenge;
        send(endpoint, face, &client, cases[i].signer, &answer, &reply, cases[i].name);
        assert_int_equal(reply.status, strcmp(cases[i].challenge, WORLD_PASSPHRASE) == 0 ? 0 : 2);
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&answer);
    }
    /* nobody is shown it */
    assert_int_equal(fetch_certificates(endpoint, &pair, shown), 3);
    assert_int_equal(X509_cmp(shown[1], decrypt_cert()), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_not_equal(X509_cmp(shown[0], old[i]), 0);
        assert_int_not_equal(X509_cmp(shown[1], old[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        X509_free(shown[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        X509_free(old[i]);
    }
    endpoint_free(endpoint);
}

static void get_ca_caps__each_face__its_list_at_its_level(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "device", "");
    const struct {
        struct endpoint_face face;
        const char *expected;
    } cases[] = {
        { *endpoint_own_face(endpoint),
          "AES\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-256\nSHA-384\nSHA-512" },
        { { .caps = SCEP_CAPS_NDES, .level = ALGORITHM_LEVEL_COMPAT },
          "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\nAES\nSCEPStandard" },
        { { .caps = SCEP_CAPS_NDES_STRICT, .level = ALGORITHM_LEVEL_COMPAT },
          "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3" },
        { { .caps = SCEP_CAPS_NDES_STRICT, .level = ALGORITHM_LEVEL_MODERN },
          "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct endpoint_answer answer;

        endpoint_get_at(endpoint, &cases[i].face, "operation=GetCACaps", &answer);
        assert_int_equal(answer.response.status, 200);
        assert_string_equal(answer.response.content_type, "text/plain");
        assert_bytes_text(buffer_bytes(&answer.response.body), cases[i].expected);
        endpoint_answer_clear(&answer);
    }
    endpoint_free(endpoint);
}

static void operation__query__given_and_known(void **state)
{
    static const struct {
        const char *query;
        bool given;
        bool known;
    } cases[] = {
        { "", false, false },
        { "message=x", false, false },
        { "operation", true, false },
        { "operation=", true, false },
        { "operation=GetCACaps", true, true },
        { "OPERATION=getcacert&message=1", true, true },
        { "a=b&operation=%50KIOperation", true, true },
        { "operation=PKIOperation%20", true, true },
        { "operation=GetCACerts", true, false }, /* Microsoft's own script misspells it */
        { "operation=GetNextCACert", true, false },
        { "xoperation=GetCACaps", false, false },
        { "operation=0123456789012345678901234567890123456789012345678901234567890123456789", true,
          false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* a form in the body is not looked at */
        struct http_request request = { .method = HTTP_METHOD_POST,
                                        .raw_query = bytes_of_text(cases[i].query),
                                        .body = bytes_of_text("operation=GetCACaps") };

        if (endpoint_operation_given(&request) != cases[i].given
            || endpoint_operation_known(&request) != cases[i].known) {
            fail_msg("\"%s\"", cases[i].query);
        }
    }
}

/* What an I/O thread may answer: whatever needs no worker, and never a body. */
static void operation__by_get__from_memory_but_pki_operation(void **state)
{
    static const struct {
        const char *query;
        bool from_memory;
    } cases[] = {
        { "", false },
        { "operation=", false },
        { "operation=GetCACaps", true },
        { "OPERATION=getcacert&message=1", true },
        { "operation=GetCAChain", true },
        { "operation=GetNextCACert", true },
        { "operation=%50KIOperation&message=x", false },
        { "operation=GetCACerts", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request request = { .method = HTTP_METHOD_GET,
                                        .raw_query = bytes_of_text(cases[i].query) };

        if (endpoint_from_memory(&request) != cases[i].from_memory) {
            fail_msg("\"%s\"", cases[i].query);
        }
        request.method = HTTP_METHOD_POST;
        assert_false(endpoint_from_memory(&request));
    }
}

static void accessors__settings__are_copies_of_its_own(void **state)
{
    /* the configuration is gone when the template has been made */
    struct endpoint *endpoint =
        endpoint_world_template(&world, "device", COMPAT LIST("127.0.0.0/8"));
    static const struct ip_address inside = { .octets = { 127, 0, 0, 1 } };
    static const struct ip_address outside = { .octets = { 192, 0, 2, 1 } };
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(endpoint_level(endpoint), ALGORITHM_LEVEL_COMPAT);
    assert_int_equal(endpoint_own_face(endpoint)->level, ALGORITHM_LEVEL_COMPAT);
    assert_null(endpoint_own_face(endpoint)->choose);
    assert_ptr_equal(endpoint_ca(endpoint), world.ca);
    assert_int_equal(endpoint_challenge_type(endpoint), CHALLENGE_TYPE_STATIC);
    assert_int_equal(endpoint_ndes_face(endpoint)->ra, RA_FORM_PAIR);
    assert_int_equal(endpoint_ndes_face(endpoint)->caps, NDES_CAPS_EXTENDED);
    assert_non_null(endpoint_ndes_face(endpoint)->allowed);
    assert_int_equal(endpoint_password(endpoint)->length, 8);
    assert_int_equal(endpoint_password(endpoint)->max, 5);
    assert_done(endpoint_acl_check(endpoint, ACL_FACE_SCEP, &inside, &err), &err, "inside");
    assert_refused(endpoint_acl_check(endpoint, ACL_FACE_SCEP, &outside, &err), &err,
                   REASON_ADDRESS_DENIED, "outside");
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choose__by_key_usage__the_chosen_template_decides),
        cmocka_unit_test(face__each_case__answered_by_the_pairs_signer),
        cmocka_unit_test(choose__template_of_another_ca__refused),
        cmocka_unit_test(client__certificate_from_the_other_face__answered_by_the_signer_it_knows),
        cmocka_unit_test(get_ca_cert__each_face__its_own_form),
        cmocka_unit_test(client__former_generation__answered_by_the_former_signer),
        cmocka_unit_test(get_ca_caps__each_face__its_list_at_its_level),
        cmocka_unit_test(operation__query__given_and_known),
        cmocka_unit_test(operation__by_get__from_memory_but_pki_operation),
        cmocka_unit_test(accessors__settings__are_copies_of_its_own),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
