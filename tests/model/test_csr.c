/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "model/csr.h"
#include "model/csr_builder.h"

#define INTUNE_CHALLENGE_BYTES 5376u /* of the sample of 2018 */

static int make_key(void **state)
{
    *state = csr_builder_key("RSA-2048");
    return 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(*state);
    return 0;
}

static void parse__ordinary_request__everything_read(void **state)
{
    struct csr_builder b;
    struct buffer der = BUFFER_INIT(0);
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    uint8_t digest[DIGEST_SHA256_BYTES];
    char subject[256];

    csr_builder_init(&b, *state);
    csr_builder_cn(&b, "host.example.com");
    csr_builder_challenge(&b, TAG_PRINTABLE, bytes_of_text("secret password"));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("host.example.com"));
    csr_builder_extension(&b, OID_KEY_USAGE, true, bytes_of("\x03\x02\x05\xa0", 4));
    csr_builder_der(&b, &der);
    assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, "");
    assert_done(csr_verify(&csr, &err), &err, "");
    assert_int_equal(csr.key_type, KEY_TYPE_RSA);
    assert_int_equal(csr.key_bits, 2048);
    assert_true(csr.key_exponent_ok);
    assert_true(csr.has_challenge);
    assert_bytes_text(secret_bytes(&csr.challenge), "secret password");
    assert_true(csr.has_key_usage);
    assert_int_equal(csr.key_usage, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    assert_int_equal(sk_GENERAL_NAME_num(csr.san), 1);
    name_format(csr_subject(&csr), subject, sizeof(subject));
    assert_string_equal(subject, "CN=host.example.com");
    assert_true(bytes_equal(buffer_bytes(&csr.der), buffer_bytes(&der)));
    assert_done(digest_sha256(buffer_bytes(&der), digest, &err), &err, "");
    assert_memory_equal(csr.sha256, digest, sizeof(digest));
    assert_done(key_sha256(*state, digest, &err), &err, "");
    assert_memory_equal(csr.key_sha256, digest, sizeof(digest));
    csr_clear(&csr);
    assert_null(csr.der.data);
    assert_null(csr.challenge.data);
    assert_null(csr_key(&csr));
    csr_clear(NULL);
    buffer_clear(&der);
    csr_builder_clear(&b);
}

static void verify__keys_and_digests__accepted(void **state)
{
    static const struct {
        const char *kind;
        const char *digest;
    } cases[] = {
        { "RSA-2048", "SHA256" }, { "RSA-2048", "SHA1" },   { "RSA-2048", "MD5" },
        { "RSA-2048", "SHA512" }, { "RSA-1024", "SHA256" }, { "P-256", "SHA256" },
        { "P-384", "SHA384" },    { "P-521", "SHA512" },    { "P-256", "SHA1" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EVP_PKEY *key = csr_builder_key(cases[i].kind);
        struct csr_builder b;
        struct buffer der = BUFFER_INIT(0);
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;

        csr_builder_init(&b, key);
        b.digest = cases[i].digest;
        csr_builder_der(&b, &der);
        assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, cases[i].kind);
        assert_done(csr_verify(&csr, &err), &err, cases[i].digest);
        csr_clear(&csr);
        buffer_clear(&der);
        csr_builder_clear(&b);
        EVP_PKEY_free(key);
    }
}

static void verify__wrong_signature__refused(void **state)
{
    EVP_PKEY *other = csr_builder_key("RSA-2048");
    EVP_PKEY *ec = csr_builder_key("P-256");
    EVP_PKEY *ed = csr_builder_key("ED25519");
    const struct {
        const char *name;
        EVP_PKEY *key;
        EVP_PKEY *signer;
    } cases[] = {
        { "another key", *state, other },
        { "a key of another type", *state, ec },
        { "RSA signs for EC", ec, other },
        { "a key that is not used", ed, ed },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct buffer der = BUFFER_INIT(0);
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;

        csr_builder_init(&b, cases[i].key);
        b.signer = cases[i].signer;
        csr_builder_der(&b, &der);
        assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, cases[i].name);
        assert_refused(csr_verify(&csr, &err), &err, REASON_SIGNATURE_WRONG, cases[i].name);
        csr_clear(&csr);
        buffer_clear(&der);
        csr_builder_clear(&b);
    }
    EVP_PKEY_free(other);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(ed);
}

static void verify__changed_content__refused(void **state)
{
    struct csr_builder b;
    struct buffer der = BUFFER_INIT(0);
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    uint8_t *at = NULL;

    csr_builder_init(&b, *state);
    csr_builder_cn(&b, "hostA");
    csr_builder_der(&b, &der);
    for (size_t i = 0; i + 5 < der.len && at == NULL; i++) {
        at = memcmp(der.data + i, "hostA", 5) == 0 ? der.data + i : NULL;
    }
    assert_non_null(at);
    at[4] = 'B';
    assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, "");
    assert_refused(csr_verify(&csr, &err), &err, REASON_SIGNATURE_WRONG, "");
    csr_clear(&csr);
    buffer_clear(&der);
    csr_builder_clear(&b);
}

/* Also reads with a struct that has been used before. */
static void parse__versions_and_missing_attributes__tolerated(void **state)
{
    struct csr csr = CSR_INIT;

    for (uint8_t version = 0; version <= 4; version++) {
        struct csr_builder b;
        struct buffer der = BUFFER_INIT(0);
        struct error err = ERROR_INIT;

        csr_builder_init(&b, *state);
        b.version = version;
        b.without_attributes = true;
        csr_builder_der(&b, &der);
        if (version <= 2) {
            assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, "");
            assert_done(csr_verify(&csr, &err), &err, "");
            assert_false(csr.has_challenge);
            assert_null(csr.san);
        } else {
            assert_refused(csr_parse(buffer_bytes(&der), &csr, &err), &err, REASON_SYNTAX, "");
            assert_null(csr_key(&csr));
        }
        buffer_clear(&der);
        csr_builder_clear(&b);
    }
    csr_clear(&csr);
}

/* The outer and inner SEQUENCE with indefinite length: BER as some clients write it. */
static void parse__indefinite_length__read_and_verified(void **state)
{
    struct csr_builder b;
    struct buffer der = BUFFER_INIT(0);
    struct buffer ber = BUFFER_INIT(65536);
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;

    csr_builder_init(&b, *state);
    csr_builder_cn(&b, "ber");
    csr_builder_challenge(&b, TAG_UTF8, bytes_of_text("secret"));
    csr_builder_der(&b, &der);
    assert_int_equal(der.data[1], 0x82);
    assert_done(buffer_append(&ber, "\x30\x80", 2, &err), &err, "");
    assert_done(buffer_append(&ber, der.data + 4, der.len - 4, &err), &err, "");
    assert_done(buffer_append(&ber, "\0\0", 2, &err), &err, "");
    assert_done(csr_parse(buffer_bytes(&ber), &csr, &err), &err, "");
    assert_done(csr_verify(&csr, &err), &err, "");
    assert_bytes_text(secret_bytes(&csr.challenge), "secret");
    csr_clear(&csr);
    buffer_clear(&ber);
    buffer_clear(&der);
    csr_builder_clear(&b);
}

static void parse__size_limits__held(void **state)
{
    static const struct {
        const char *name;
        size_t subject; /* bytes of one value */
        size_t filler;  /* bytes of an unknown attribute */
        enum reason reason;
    } cases[] = {
        { "subject at the limit", LIMIT_DN_BYTES - 21, 0, REASON_NONE },
        { "subject over the limit", LIMIT_DN_BYTES - 20, 0, REASON_LIMIT },
        { "a large request", 1, 30000, REASON_NONE },
        { "a request over the limit", 1, LIMIT_CSR_BYTES, REASON_LIMIT },
    };
    uint8_t *filler = calloc(1, LIMIT_CSR_BYTES);
    char *text = malloc(LIMIT_DN_BYTES);

    memset(text, 'a', LIMIT_DN_BYTES);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct buffer der = BUFFER_INIT(0);
        struct buffer value = BUFFER_INIT(65536);
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;

        csr_builder_init(&b, *state);
        csr_builder_rdn(&b, OID_CN, TAG_UTF8, bytes_of(text, cases[i].subject));
        csr_builder_tlv(&value, 0x04, bytes_of(filler, cases[i].filler));
        csr_builder_attribute(&b, "1.2.3.4", buffer_bytes(&value));
        csr_builder_der(&b, &der);
        if (cases[i].reason == REASON_NONE) {
            assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, cases[i].name);
        } else {
            assert_refused(csr_parse(buffer_bytes(&der), &csr, &err), &err, cases[i].reason,
                           cases[i].name);
        }
        csr_clear(&csr);
        buffer_clear(&value);
        buffer_clear(&der);
        csr_builder_clear(&b);
    }
    free(filler);
    free(text);
}

/* Filled up until the whole request has exactly so many bytes. */
static void request_of(struct csr_builder *b, size_t len, struct buffer *der)
{
    size_t filler = 30000;

    for (unsigned i = 0; i < 2; i++) {
        struct buffer value = BUFFER_INIT(65536);
        uint8_t *zeros = calloc(1, filler);

        csr_builder_cn(b, "x");
        csr_builder_tlv(&value, 0x04, bytes_of(zeros, filler));
        csr_builder_attribute(b, "1.2.3.4", buffer_bytes(&value));
        csr_builder_der(b, der);
        buffer_clear(&value);
        free(zeros);
        if (i == 0) {
            filler += len - der->len;
            buffer_clear(&b->subject);
            buffer_clear(&b->attributes);
        }
    }
    assert_int_equal(der->len, len);
}

static void parse__whole_request__limit_and_one_more(void **state)
{
    for (size_t more = 0; more < 2; more++) {
        struct csr_builder b;
        struct buffer der = BUFFER_INIT(0);
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;

        csr_builder_init(&b, *state);
        request_of(&b, LIMIT_CSR_BYTES + more, &der);
        if (more == 0) {
            assert_done(csr_parse(buffer_bytes(&der), &csr, &err), &err, "at the limit");
        } else {
            assert_refused(csr_parse(buffer_bytes(&der), &csr, &err), &err, REASON_LIMIT, "over");
        }
        csr_clear(&csr);
        buffer_clear(&der);
        csr_builder_clear(&b);
    }
}

/* A public sample: every requested extension critical, one that is not what its OID says. */
static void parse__intune_sample__challenge_byte_for_byte(void **state)
{
    static const char path[] = OPENNDES_SHARED_DATA "/intune-2018-sample.csr.pem";
    FILE *file = fopen(path, "rb");
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    X509_REQ *req = NULL;
    unsigned char *der = NULL;
    const ASN1_TYPE *value = NULL;
    int len = 0;

    (void)state;
    if (file == NULL) {
        test_skip("the shared sample intune-2018-sample.csr.pem is not on this machine");
    }
    fclose(file);
    {
        BIO *bio = BIO_new_file(path, "rb");

        req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
        BIO_free(bio);
    }
    assert_non_null(req);
    len = i2d_X509_REQ(req, &der);
    assert_true(len > 0);
    assert_done(csr_parse(bytes_of(der, (size_t)len), &csr, &err), &err, "");
    assert_done(csr_verify(&csr, &err), &err, "");
    assert_int_equal(csr.challenge.len, INTUNE_CHALLENGE_BYTES);
    value = X509_ATTRIBUTE_get0_type(
        X509_REQ_get_attr(req, X509_REQ_get_attr_by_NID(req, NID_pkcs9_challengePassword, -1)), 0);
    assert_int_equal(ASN1_STRING_length(value->value.asn1_string), INTUNE_CHALLENGE_BYTES);
    assert_memory_equal(csr.challenge.data, ASN1_STRING_get0_data(value->value.asn1_string),
                        INTUNE_CHALLENGE_BYTES);
    assert_int_equal(csr.key_usage, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    assert_int_equal(sk_GENERAL_NAME_num(csr.san), 1);
    assert_int_equal(sk_GENERAL_NAME_value(csr.san, 0)->type, GEN_OTHERNAME);
    OPENSSL_free(der);
    X509_REQ_free(req);
    csr_clear(&csr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__ordinary_request__everything_read),
        cmocka_unit_test(verify__keys_and_digests__accepted),
        cmocka_unit_test(verify__wrong_signature__refused),
        cmocka_unit_test(verify__changed_content__refused),
        cmocka_unit_test(parse__versions_and_missing_attributes__tolerated),
        cmocka_unit_test(parse__indefinite_length__read_and_verified),
        cmocka_unit_test(parse__size_limits__held),
        cmocka_unit_test(parse__whole_request__limit_and_one_more),
        cmocka_unit_test(parse__intune_sample__challenge_byte_for_byte),
    };

    return cmocka_run_group_tests_name("csr", tests, make_key, free_key);
}
