/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_caller.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/secret.h"
#include "base/text.h"
#include "model/csr.h"
#include "platform/clock.h"

#define ANSWER_MAX 65536u
#define OID_EKU "2.5.29.37"
#define EKU_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define EKU_SERVER_AUTH "1.3.6.1.5.5.7.3.1"

/* ---- challenges ------------------------------------------------------------------------------ */

/*
 * "CN=device, x,O=Contoso", dns:a.example and upn:u@a.example, RSA-2048, digitalSignature and
 * keyEncipherment, clientAuth.
 */
static void build(struct caller *c, struct csr_builder *b, struct bytes challenge)
{
    static const uint8_t client_auth[] = { 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                                           0x01, 0x05, 0x05, 0x07, 0x03, 0x02 };

    csr_builder_init(b, c->key);
    csr_builder_cn(b, "device, x");
    csr_builder_rdn(b, "2.5.4.10", TAG_PRINTABLE, bytes_of_text("Contoso"));
    csr_builder_challenge(b, TAG_PRINTABLE, challenge);
    csr_builder_san(b, TAG_SAN_DNS, bytes_of_text("a.example"));
    csr_builder_san_other(b, OID_UPN, TAG_UTF8, bytes_of_text("u@a.example"));
    csr_builder_extension(b, OID_KEY_USAGE, true, bytes_of("\x03\x02\x05\xa0", 4));
    csr_builder_extension(b, OID_EKU, false, bytes_of(client_auth, sizeof(client_auth)));
}

static const struct intune_cloud_challenge_spec fitting = {
    .subject = "CN=device\\, x,O=Contoso",
    .sans = { "upn:u@a.example", "dns:a.example" },
    .key_bits = 2048,
    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT,
    .ekus = { EKU_CLIENT_AUTH },
};

/* That request with a challenge for this gets this code. */
static void expect(struct caller *c, const struct intune_cloud_challenge_spec *spec,
                   const char *expected)
{
    struct buffer challenge = BUFFER_INIT(0);
    struct buffer der = BUFFER_INIT(0);
    struct csr_builder b;
    char code[INTUNE_CLOUD_TEXT];

    caller_challenge(c, spec, &challenge);
    build(c, &b, buffer_bytes(&challenge));
    csr_builder_der(&b, &der);
    assert_int_equal(caller_validate(c, buffer_bytes(&der), code), 200);
    assert_string_equal(code, expected);
    csr_builder_clear(&b);
    buffer_clear(&der);
    buffer_clear(&challenge);
}

static void challenge__expectations__each_with_its_code(void **state)
{
    struct caller *c = *state;
    struct intune_cloud_challenge_spec spec = fitting;

    expect(c, NULL, "Success");
    expect(c, &spec, "Success");
    spec.subject = "CN=another,O=Contoso";
    expect(c, &spec, "SubjectNameMismatch");
    spec.subject = "O=Contoso,CN=device\\, x";
    expect(c, &spec, "SubjectNameMismatch");
    spec = fitting;
    spec.sans[1] = NULL;
    expect(c, &spec, "SubjectAltNameMismatch"); /* the request has one more */
    spec.sans[1] = "dns:b.example";
    expect(c, &spec, "SubjectAltNameMismatch");
    spec.sans[1] = "uri:a.example";
    expect(c, &spec, "SubjectAltNameMismatch");
    spec = fitting;
    spec.key_bits = 4096;
    expect(c, &spec, "KeyLengthMismatch");
    spec = fitting;
    spec.key_usage = KEY_USAGE_DIGITAL_SIGNATURE;
    expect(c, &spec, "KeyUsageMismatch");
    spec = fitting;
    spec.ekus[0] = EKU_SERVER_AUTH;
    expect(c, &spec, "EnhancedKeyUsageMismatch");
    spec = fitting;
    spec.tenant = "00000000-1111-2222-3333-444444444444";
    expect(c, &spec, "BadTenantIdInChallenge");
    caller_assert_objected(c, 0, "");
}

static void challenge__age__an_hour_at_most(void **state)
{
    struct caller *c = *state;
    struct intune_cloud_challenge_spec spec = fitting;

    spec.age_seconds = 3600 - 60;
    expect(c, &spec, "Success");
    spec.age_seconds = 3600 + 5;
    expect(c, &spec, "ChallengeExpired");
    spec.age_seconds = -3600;
    expect(c, &spec, "ChallengeInvalidTimestamp");
}

static void challenge__names_and_usages_missing__told_apart(void **state)
{
    struct caller *c = *state;
    struct buffer challenge = BUFFER_INIT(0);
    struct buffer der = BUFFER_INIT(0);
    struct csr_builder b;
    struct intune_cloud_challenge_spec spec = { .sans = { "dns:a.example" } };
    char code[INTUNE_CLOUD_TEXT];

    caller_challenge(c, &spec, &challenge);
    caller_csr(c, buffer_text(&challenge), &der);
    assert_int_equal(caller_validate(c, buffer_bytes(&der), code), 200);
    assert_string_equal(code, "SubjectAltNameMissing");
    buffer_clear(&der);
    buffer_clear(&challenge);
    spec.sans[0] = NULL;
    spec.ekus[0] = EKU_CLIENT_AUTH;
    caller_challenge(c, &spec, &challenge);
    caller_csr(c, buffer_text(&challenge), &der);
    assert_int_equal(caller_validate(c, buffer_bytes(&der), code), 200);
    assert_string_equal(code, "EnhancedKeyUsageMissing");
    buffer_clear(&der);
    csr_builder_init(&b, c->key);
    spec.subject = "CN=device";
    buffer_clear(&challenge);
    caller_challenge(c, &spec, &challenge);
    csr_builder_challenge(&b, TAG_PRINTABLE, buffer_bytes(&challenge));
    csr_builder_der(&b, &der);
    assert_int_equal(caller_validate(c, buffer_bytes(&der), code), 200);
    assert_string_equal(code, "SubjectNameMissing");
    csr_builder_clear(&b);
    buffer_clear(&der);
    buffer_clear(&challenge);
}

/* The hole that a policy has to close: nobody at Intune looks at what is not expected. */
static void challenge__extensions_that_nobody_expects__pass(void **state)
{
    struct caller *c = *state;
    static const char sid[] = "\x30\x0e\xa0\x0c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x19\x02\x01";
    struct buffer challenge = BUFFER_INIT(0);
    struct buffer der = BUFFER_INIT(0);
    struct csr_builder b;
    char code[INTUNE_CLOUD_TEXT];

    caller_challenge(c, &fitting, &challenge);
    build(c, &b, buffer_bytes(&challenge));
    csr_builder_extension(&b, "1.3.6.1.4.1.311.25.2", false, bytes_of(sid, sizeof(sid) - 1));
    csr_builder_extension(&b, "2.5.29.19", true, bytes_of("\x30\x03\x01\x01\xff", 5));
    csr_builder_der(&b, &der);
    assert_int_equal(caller_validate(c, buffer_bytes(&der), code), 200);
    assert_string_equal(code, "Success");
    csr_builder_clear(&b);
    buffer_clear(&der);
    buffer_clear(&challenge);
}

/* A challenge changed by hand: its XML with a part replaced. */
static void change(struct bytes challenge, const char *at, size_t behind, char to,
                   struct buffer *out)
{
    struct buffer xml = BUFFER_INIT(ANSWER_MAX);
    struct error err = ERROR_INIT;
    char *place = NULL;

    assert_true(base64_decode(challenge, BASE64_STRICT, &xml, &err));
    place = strstr((char *)xml.data, at);
    assert_non_null(place);
    place[strlen(at) + behind] = to;
    out->max = ANSWER_MAX;
    assert_true(base64_encode(buffer_bytes(&xml), out, &err));
    buffer_clear(&xml);
}

static void challenge__broken__each_with_its_code(void **state)
{
    struct caller *c = *state;
    static const struct {
        const char *at;
        size_t behind;
        char to;
        const char *code;
    } cases[] = {
        { "<CertEnroll", 5, 'X', "ChallengeDeserializationError" },
        { "<Signature>", 0, 'x', "ChallengeDeserializationError" },
        { "<SignerThumbprint>", 3, 'x', "SigningCertThumbprintMismatch" },
        { "<CertEnrollChallenge>", 2000, '/', "SignatureValidationFailed" },
        { "<Signature>", 900, '0', "SignatureValidationFailed" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer challenge = BUFFER_INIT(0);
        struct buffer changed = BUFFER_INIT(0);
        struct buffer der = BUFFER_INIT(0);
        char code[INTUNE_CLOUD_TEXT];

        do { /* one in sixteen has that character there already */
            buffer_clear(&challenge);
            buffer_clear(&changed);
            caller_challenge(c, NULL, &challenge);
            change(buffer_bytes(&challenge), cases[i].at, cases[i].behind, cases[i].to, &changed);
        } while (bytes_equal(buffer_bytes(&challenge), buffer_bytes(&changed)));
        caller_csr(c, buffer_text(&changed), &der);
        assert_int_equal(caller_validate(c, buffer_bytes(&der), code), 200);
        assert_string_equal(code, cases[i].code);
        buffer_clear(&der);
        buffer_clear(&changed);
        buffer_clear(&challenge);
    }
}

static void challenge__any__good_when_set_so(void **state)
{
    struct caller *c = *state;
    struct intune_cloud_settings settings;
    struct buffer der = BUFFER_INIT(0);
    struct csr_builder b;
    char code[INTUNE_CLOUD_TEXT];

    caller_csr(c, "what ever", &der);
    assert_int_equal(caller_validate(c, buffer_bytes(&der), code), 200);
    assert_string_equal(code, "ChallengeDeserializationError");
    intune_cloud_settings(c->cloud, &settings);
    settings.any_challenge = true;
    intune_cloud_set(c->cloud, &settings);
    assert_int_equal(caller_validate(c, buffer_bytes(&der), code), 200);
    assert_string_equal(code, "Success");
    buffer_clear(&der);
    csr_builder_init(&b, c->key);
    csr_builder_cn(&b, "device");
    csr_builder_der(&b, &der);
    assert_int_equal(caller_validate(c, buffer_bytes(&der), code), 200);
    assert_string_equal(code, "ChallengePasswordMissing");
    assert_int_equal(caller_validate(c, bytes_of("\x30\x00", 2), code), 200);
    assert_string_equal(code, "CertificateRequestDecodingFailed");
    csr_builder_clear(&b);
    buffer_clear(&der);
}

/* ---- client assertions ----------------------------------------------------------------------- */

/* What an assertion says; NULL: the right thing. */
struct says {
    const char *alg;
    const char *aud;
    const char *iss;
    const char *sub;
    const char *jti;
    int64_t from; /* from now */
    int64_t until;
    bool another_key;
    bool unknown_certificate;
};

static X509 *certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();

    assert_non_null(cert);
    assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -60));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

/* base64url */
static void add_part(struct buffer *out, struct bytes data)
{
    struct error err = ERROR_INIT;
    size_t at = out->len;

    assert_true(base64_encode(data, out, &err));
    for (; at < out->len; at++) {
        out->data[at] = out->data[at] == '+' ? '-' : out->data[at];
        out->data[at] = out->data[at] == '/' ? '_' : out->data[at];
        if (out->data[at] == '=') {
            out->len = at;
            out->data[at] = '\0';
        }
    }
}

static void add_signature(struct buffer *out, EVP_PKEY *key)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context = NULL;
    unsigned char signature[512];
    size_t len = sizeof(signature);
    struct error err = ERROR_INIT;

    assert_int_equal(EVP_DigestSignInit(md, &context, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST), 1);
    assert_int_equal(EVP_DigestSign(md, signature, &len, out->data, out->len), 1);
    EVP_MD_CTX_free(md);
    assert_true(buffer_append_byte(out, '.', &err));
    add_part(out, bytes_of(signature, len));
}

static const char *or_else(const char *text, const char *usual)
{
    return text != NULL ? text : usual;
}

static void write_assertion(struct caller *c, const struct says *says, X509 *cert, EVP_PKEY *key,
                            struct buffer *out)
{
    struct buffer header = BUFFER_INIT(ANSWER_MAX);
    struct buffer claims = BUFFER_INIT(ANSWER_MAX);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char url[256];
    char jti[40];
    struct error err = ERROR_INIT;

    assert_int_equal(X509_digest(cert, EVP_sha256(), digest, &len), 1);
    assert_true(text_format(url, sizeof(url), "%s/%s/oauth2/v2.0/token", intune_cloud_url(c->cloud),
                            INTUNE_CLOUD_TENANT));
    assert_true(text_format(jti, sizeof(jti), "jti-%llu-%u",
                            (unsigned long long)clock_monotonic_us(), ++c->transactions));
    assert_true(buffer_printf(&header, &err, "{\"typ\":\"JWT\",\"alg\":\"%s\",\"x5t#S256\":\"",
                              or_else(says->alg, "PS256")));
    add_part(&header, bytes_of(digest, len));
    assert_true(buffer_append_text(&header, "\"}", &err));
    assert_true(buffer_printf(
        &claims, &err,
        "{\"aud\":\"%s\",\"iss\":\"%s\",\"sub\":\"%s\",\"jti\":\"%s\",\"nbf\":%lld,\"exp\":%lld}",
        or_else(says->aud, url), or_else(says->iss, INTUNE_CLOUD_CLIENT),
        or_else(says->sub, INTUNE_CLOUD_CLIENT), or_else(says->jti, jti),
        (long long)(clock_now() + says->from),
        (long long)(clock_now() + (says->until != 0 ? says->until : 600))));
    add_part(out, buffer_bytes(&header));
    assert_true(buffer_append_byte(out, '.', &err));
    add_part(out, buffer_bytes(&claims));
    add_signature(out, key);
    buffer_clear(&claims);
    buffer_clear(&header);
}

static int ask_with(struct caller *c, const struct buffer *assertion, struct buffer *answer)
{
    struct buffer form = BUFFER_INIT(ANSWER_MAX);
    struct error err = ERROR_INIT;
    int status = 0;

    assert_true(buffer_printf(
        &form, &err,
        "grant_type=client_credentials&client_id=%s&scope=https://graph.microsoft.com/.default"
        "&client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Aclient-assertion-type"
        "%%3Ajwt-bearer&client_assertion=%s",
        INTUNE_CLOUD_CLIENT, buffer_text(assertion)));
    status = caller_token(c, INTUNE_CLOUD_TENANT, buffer_text(&form), answer);
    buffer_clear(&form);
    return status;
}

static const struct {
    const char *name;
    struct says says;
    const char *answer; /* in its body */
    bool objected;
} assertions[] = {
    { "right", { .jti = NULL }, "access_token", false },
    { "short", { .until = 60 }, "access_token", false },
    { "RS256", { .alg = "RS256" }, "alg or typ", true },
    { "audience",
      { .aud = "https://login.microsoftonline.com/x/oauth2/v2.0/token" },
      "AADSTS700023",
      false },
    { "issuer", { .iss = "someone" }, "AADSTS700021", false },
    { "subject", { .sub = "someone" }, "AADSTS700021", false },
    { "ended", { .from = -700, .until = -60 }, "AADSTS700024", false },
    { "early", { .from = 120 }, "AADSTS700024", false },
    { "long", { .until = 3600 }, "more than 10 minutes", true },
    { "key", { .another_key = true }, "AADSTS700027", false },
    { "certificate", { .unknown_certificate = true }, "AADSTS700027", false },
    { "jti", { .jti = "the-same-jti-0001" }, "access_token", false },
    { "jti again", { .jti = "the-same-jti-0001" }, "jti of another assertion", true },
};

static void assertion__claims_and_signature__checked(void **state)
{
    struct caller *c = *state;
    EVP_PKEY *other_key = csr_builder_key("RSA-2048");
    X509 *known = certificate(c->key);
    X509 *unknown = certificate(other_key);
    struct error err = ERROR_INIT;
    unsigned objected = 0;
    char text[INTUNE_CLOUD_TEXT];

    assert_done(intune_cloud_register(c->cloud, known, &err), &err, "register");
    for (size_t i = 0; i < sizeof(assertions) / sizeof(assertions[0]); i++) {
        const struct says *says = &assertions[i].says;
        struct buffer assertion = BUFFER_INIT(ANSWER_MAX);
        struct buffer answer = BUFFER_INIT(ANSWER_MAX);
        bool other = says->another_key || says->unknown_certificate;

        write_assertion(c, says, says->unknown_certificate ? unknown : known,
                        other ? other_key : c->key, &assertion);
        (void)ask_with(c, &assertion, &answer);
        if (strstr(buffer_text(&answer), assertions[i].answer) == NULL) {
            print_error("%s: %s\n", assertions[i].name, buffer_text(&answer));
            fail();
        }
        objected += assertions[i].objected ? 1 : 0;
        assert_int_equal(intune_cloud_protocol_errors(c->cloud, text), objected);
        buffer_clear(&answer);
        buffer_clear(&assertion);
    }
    X509_free(unknown);
    X509_free(known);
    EVP_PKEY_free(other_key);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, caller_begin)
    const struct CMUnitTest tests[] = {
        CASE(challenge__expectations__each_with_its_code),
        CASE(challenge__age__an_hour_at_most),
        CASE(challenge__names_and_usages_missing__told_apart),
        CASE(challenge__extensions_that_nobody_expects__pass),
        CASE(challenge__broken__each_with_its_code),
        CASE(challenge__any__good_when_set_so),
        CASE(assertion__claims_and_signature__checked),
    };

    return cmocka_run_group_tests(tests, caller_setup, caller_teardown);
}
