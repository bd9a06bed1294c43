/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "model/csr_builder.h"
#include "model/csr_details.h"

#define OID_TEMPLATE_JUNK "1.3.6.1.4.1.311.21.8"
#define OID_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define RAW(literal) bytes_of((literal), sizeof(literal) - 1)

static int make_key(void **state)
{
    *state = csr_builder_key("P-256"); /* quick to sign with */
    return 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(*state);
    return 0;
}

/*
 * The details of a built request; csr_parse is passed by, because it refuses some of what must be
 * told apart here. The builder is used up.
 */
static struct csr_details *read_built(struct csr_builder *b, struct error *err)
{
    struct csr csr = CSR_INIT;
    struct csr_details *details = NULL;

    csr_builder_der(b, &csr.der);
    details = csr_details_parse(&csr, err);
    csr_clear(&csr); /* nothing points into it */
    csr_builder_clear(b);
    return details;
}

static void assert_not_read(struct csr_builder *b, enum reason reason, const char *name)
{
    struct error err = ERROR_INIT;
    struct csr_details *details = read_built(b, &err);

    assert_refused(details != NULL, &err, reason, name);
    assert_string_not_equal(err.detail, "");
}

static void parse__full_request__everything_in_order(void **state)
{
    struct csr_builder b;
    struct error err = ERROR_INIT;
    struct csr_details *d = NULL;

    csr_builder_init(&b, *state);
    csr_builder_challenge(&b, TAG_PRINTABLE, bytes_of_text("secret"));
    csr_builder_pair_text(&b, "ValidityPeriod", "Months");
    csr_builder_pair_text(&b, "ValidityPeriodUnits", "6");
    csr_builder_eku(&b, true, OID_CLIENT_AUTH " 1.2.3.4");
    csr_builder_extension(&b, OID_KEY_USAGE, true, RAW("\x03\x02\x05\xa0"));
    csr_builder_extension(&b, OID_BASIC_CONSTRAINTS, true, RAW("\x30\x00"));
    csr_builder_extension(&b, OID_TEMPLATE_JUNK, false, RAW("\x30\x06\xa0\x04\xa0\x02\x0c\x00"));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("host.example.com"));
    d = read_built(&b, &err);
    assert_done(d != NULL, &err, "");
    assert_int_equal(d->digest, CSR_DIGEST_SHA256);
    assert_string_equal(d->signature_oid, "1.2.840.10045.4.3.2");
    assert_true(d->has_challenge_attribute);
    assert_int_equal(d->attribute_count, 4);
    assert_string_equal(d->attribute[0], OID_CHALLENGE);
    assert_string_equal(d->attribute[1], OID_PAIR);
    assert_string_equal(d->attribute[2], OID_PAIR); /* repeated: both told */
    assert_string_equal(d->attribute[3], OID_EXTENSION_REQUEST);
    assert_int_equal(d->pair_count, 2);
    assert_string_equal(csr_details_pair(d, "validityperiod"), "Months");
    assert_string_equal(csr_details_pair(d, "ValidityPeriodUnits"), "6");
    assert_null(csr_details_pair(d, "Validity"));
    assert_true(d->has_eku);
    assert_int_equal(d->eku_count, 2);
    assert_string_equal(d->eku[0], OID_CLIENT_AUTH);
    assert_string_equal(d->eku[1], "1.2.3.4");
    assert_true(d->has_basic_constraints);
    assert_false(d->is_ca);
    assert_int_equal(d->extension_count, 5);
    assert_string_equal(d->extension[0].oid, OID_EKU);
    assert_true(d->extension[0].critical);
    assert_string_equal(d->extension[3].oid, OID_TEMPLATE_JUNK);
    assert_false(d->extension[3].critical);
    assert_true(bytes_equal(d->extension[3].value, RAW("\x30\x06\xa0\x04\xa0\x02\x0c\x00")));
    assert_string_equal(d->extension[4].oid, OID_SAN);
    csr_details_free(d);
    csr_details_free(NULL);
}

static void parse__nothing_asked_for__empty(void **state)
{
    struct csr_builder b;
    struct error err = ERROR_INIT;
    struct csr_details *d = NULL;

    for (int without = 0; without < 2; without++) {
        csr_builder_init(&b, *state);
        b.without_attributes = without == 1;
        d = read_built(&b, &err);
        assert_done(d != NULL, &err, "");
        assert_int_equal(d->attribute_count + d->extension_count + d->pair_count, 0);
        assert_false(d->has_eku || d->has_basic_constraints || d->has_challenge_attribute);
        csr_details_free(d);
    }
    csr_builder_init(&b, *state);
    csr_builder_challenge(&b, TAG_PRINTABLE, bytes_of_text(""));
    csr_builder_eku(&b, false, ""); /* an empty list asks for nothing */
    d = read_built(&b, &err);
    assert_done(d != NULL, &err, "");
    assert_true(d->has_challenge_attribute);
    assert_false(d->has_eku);
    assert_int_equal(d->extension_count, 1);
    csr_details_free(d);
}

static void parse__digests__told_apart(void **state)
{
    static const struct {
        const char *kind;
        const char *digest;
        enum csr_digest expected;
        const char *oid;
    } cases[] = {
        { "RSA-1024", "MD5", CSR_DIGEST_MD5, "1.2.840.113549.1.1.4" },
        { "RSA-1024", "SHA1", CSR_DIGEST_SHA1, "1.2.840.113549.1.1.5" },
        { "RSA-1024", "SHA224", CSR_DIGEST_SHA224, "1.2.840.113549.1.1.14" },
        { "RSA-1024", "SHA256", CSR_DIGEST_SHA256, "1.2.840.113549.1.1.11" },
        { "RSA-1024", "SHA384", CSR_DIGEST_SHA384, "1.2.840.113549.1.1.12" },
        { "RSA-1024", "SHA512", CSR_DIGEST_SHA512, "1.2.840.113549.1.1.13" },
        { "RSA-1024", "SHA3-256", CSR_DIGEST_OTHER, "2.16.840.1.101.3.4.3.14" },
        { "P-256", "SHA1", CSR_DIGEST_SHA1, "1.2.840.10045.4.1" },
        { "ED25519", "SHA256", CSR_DIGEST_OTHER, "1.3.101.112" },
    };

    EVP_PKEY *rsa = csr_builder_key("RSA-1024"); /* one is enough: making them is slow */

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EVP_PKEY *own = cases[i].kind[0] == 'R' ? NULL : csr_builder_key(cases[i].kind);
        EVP_PKEY *key = own == NULL ? rsa : own;
        struct csr_builder b;
        struct error err = ERROR_INIT;
        struct csr_details *d = NULL;

        csr_builder_init(&b, key);
        b.digest = cases[i].digest;
        d = read_built(&b, &err);
        assert_done(d != NULL, &err, cases[i].digest);
        assert_int_equal(d->digest, cases[i].expected);
        assert_string_equal(d->signature_oid, cases[i].oid);
        csr_details_free(d);
        EVP_PKEY_free(own);
    }
    EVP_PKEY_free(rsa);
}

/* PSS names its digest in parameters; signed here by OpenSSL alone. */
static void parse__pss__digest_of_its_parameters(void **state)
{
    static const struct {
        const char *digest;
        enum csr_digest expected;
    } cases[] = { { "SHA1", CSR_DIGEST_SHA1 }, { "SHA512", CSR_DIGEST_SHA512 } };
    EVP_PKEY *key = csr_builder_key("RSA-2048");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509_REQ *req = X509_REQ_new();
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        EVP_PKEY_CTX *sign = NULL;
        unsigned char *der = NULL;
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;
        struct csr_details *d = NULL;
        int len = 0;

        assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
        assert_int_equal(
            EVP_DigestSignInit(ctx, &sign, EVP_get_digestbyname(cases[i].digest), NULL, key), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(sign, RSA_PKCS1_PSS_PADDING), 1);
        assert_true(X509_REQ_sign_ctx(req, ctx) > 0);
        len = i2d_X509_REQ(req, &der);
        assert_done(csr_parse(bytes_of(der, (size_t)len), &csr, &err), &err, "");
        d = csr_details_parse(&csr, &err);
        assert_done(d != NULL, &err, cases[i].digest);
        assert_int_equal(d->digest, cases[i].expected);
        assert_string_equal(d->signature_oid, "1.2.840.113549.1.1.10");
        csr_details_free(d);
        csr_clear(&csr);
        OPENSSL_free(der);
        EVP_MD_CTX_free(ctx);
        X509_REQ_free(req);
    }
    EVP_PKEY_free(key);
}

static void pairs__string_types_and_order__as_utf8(void **state)
{
    static const struct {
        const char *name;
        uint8_t name_tag;
        const char *raw_name;
        size_t raw_name_len;
        uint8_t value_tag;
        const char *raw_value;
        size_t raw_value_len;
        enum reason reason;
        const char *first;
        const char *second;
    } cases[] = {
#define TEXT(literal) (literal), sizeof(literal) - 1
        { "BMP", TAG_BMP, TEXT("\0a\0b"), TAG_BMP, TEXT("\0001\0\xe4"), REASON_NONE, "ab",
          "1\xc3\xa4" },
        { "printable and UTF-8", TAG_PRINTABLE, TEXT("ab"), TAG_UTF8, TEXT("\xc3\xa4"), REASON_NONE,
          "ab", "\xc3\xa4" },
        { "IA5 and T61", TAG_IA5, TEXT("ab"), TAG_T61, TEXT("\xe4"), REASON_NONE, "ab",
          "\xc3\xa4" },
        { "universal", TAG_UNIVERSAL, TEXT("\0\0\0a"), TAG_IA5, TEXT(""), REASON_NONE, "a", "" },
        { "terminated", TAG_BMP, TEXT("\0a\0\0"), TAG_UTF8, TEXT("b\0"), REASON_NONE, "a", "b" },
        { "NUL inside", TAG_UTF8, TEXT("a\0b"), TAG_UTF8, TEXT("c"), REASON_SYNTAX, NULL, NULL },
        { "lone surrogate", TAG_BMP, TEXT("\xd8\x00"), TAG_BMP, TEXT("\0c"), REASON_SYNTAX, NULL,
          NULL },
        { "odd BMP", TAG_BMP, TEXT("\0a\0"), TAG_BMP, TEXT("\0c"), REASON_SYNTAX, NULL, NULL },
        { "octets", 0x04, TEXT("a"), TAG_BMP, TEXT("\0c"), REASON_SYNTAX, NULL, NULL },
        { "NULL", 0x05, TEXT(""), TAG_BMP, TEXT("\0c"), REASON_SYNTAX, NULL, NULL },
        { "boolean", TAG_UTF8, TEXT("a"), 0x01, TEXT("\xff"), REASON_SYNTAX, NULL, NULL },
        { "sequence", TAG_UTF8, TEXT("a"), 0x30, TEXT(""), REASON_SYNTAX, NULL, NULL },
#undef TEXT
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct error err = ERROR_INIT;
        struct csr_details *d = NULL;

        csr_builder_init(&b, *state);
        csr_builder_pair(&b, cases[i].name_tag, bytes_of(cases[i].raw_name, cases[i].raw_name_len),
                         cases[i].value_tag, bytes_of(cases[i].raw_value, cases[i].raw_value_len));
        d = read_built(&b, &err);
        if (cases[i].reason != REASON_NONE) {
            assert_refused(d != NULL, &err, cases[i].reason, cases[i].name);
            continue;
        }
        assert_done(d != NULL, &err, cases[i].name);
        assert_int_equal(d->pair_count, 1);
        assert_string_equal(d->pair[0].name, cases[i].first);
        assert_string_equal(d->pair[0].value, cases[i].second);
        csr_details_free(d);
    }
}

static void pairs__sizes_and_shapes__limit_and_one_more(void **state)
{
    char text[CSR_PAIR_TEXT + 1];
    struct csr_builder b;
    struct error err = ERROR_INIT;
    struct csr_details *d = NULL;

    memset(text, 'x', sizeof(text));
    for (size_t count = CSR_PAIRS; count <= CSR_PAIRS + 1; count++) {
        csr_builder_init(&b, *state);
        for (size_t i = 0; i < count; i++) { /* the longest that fits, each in its own attribute */
            csr_builder_pair(&b, TAG_UTF8, bytes_of(text, CSR_PAIR_TEXT - 1), TAG_UTF8, RAW("v"));
        }
        if (count > CSR_PAIRS) {
            assert_not_read(&b, REASON_LIMIT, "a pair too many");
        } else {
            d = read_built(&b, &err);
            assert_done(d != NULL, &err, "all pairs");
            assert_int_equal(d->pair_count, CSR_PAIRS);
            csr_details_free(d);
        }
    }
    csr_builder_init(&b, *state);
    csr_builder_pair(&b, TAG_UTF8, RAW("n"), TAG_UTF8, bytes_of(text, CSR_PAIR_TEXT));
    assert_not_read(&b, REASON_LIMIT, "text too long");
    csr_builder_init(&b, *state);
    csr_builder_attribute(&b, OID_PAIR, RAW("\x30\x03\x0c\x01x"));
    assert_not_read(&b, REASON_SYNTAX, "one part");
    csr_builder_init(&b, *state);
    csr_builder_attribute(&b, OID_PAIR, RAW("\x30\x09\x0c\x01x\x0c\x01x\x0c\x01x"));
    assert_not_read(&b, REASON_SYNTAX, "three parts");
    csr_builder_init(&b, *state);
    csr_builder_attribute(&b, OID_PAIR, RAW("\x0c\x01x"));
    assert_not_read(&b, REASON_SYNTAX, "no sequence");
    csr_builder_init(&b, *state); /* two values in one attribute are two pairs */
    csr_builder_attribute(&b, OID_PAIR,
                          RAW("\x30\x06\x0c\x01y\x0c\x01z\x30\x06\x0c\x01y\x0c\x01x"));
    d = read_built(&b, &err);
    assert_done(d != NULL, &err, "two values");
    assert_int_equal(d->pair_count, 2);
    assert_string_equal(csr_details_pair(d, "Y"), "z"); /* the first */
    csr_details_free(d);
}

static void extensions__count_and_repeats__limit_and_told(void **state)
{
    struct csr_builder b;
    struct error err = ERROR_INIT;
    struct csr_details *d = NULL;

    for (size_t count = CSR_DETAIL_OIDS; count <= CSR_DETAIL_OIDS + 1; count++) {
        csr_builder_init(&b, *state);
        for (size_t i = 0; i < count; i++) {
            char oid[32];

            (void)snprintf(oid, sizeof(oid), "1.2.3.%zu", i);
            csr_builder_extension(&b, oid, false, RAW("\x05\x00"));
        }
        if (count > CSR_DETAIL_OIDS) {
            assert_not_read(&b, REASON_LIMIT, "an extension too many");
        } else {
            d = read_built(&b, &err);
            assert_done(d != NULL, &err, "all extensions");
            assert_int_equal(d->extension_count, CSR_DETAIL_OIDS);
            csr_details_free(d);
        }
    }
    csr_builder_init(&b, *state);
    csr_builder_eku(&b, false, OID_CLIENT_AUTH);
    csr_builder_eku(&b, true, "1.2.3.4");
    csr_builder_extension(&b, OID_BASIC_CONSTRAINTS, true, RAW("\x30\x03\x01\x01\xff"));
    csr_builder_extension(&b, OID_BASIC_CONSTRAINTS, true, RAW("\x30\x00"));
    d = read_built(&b, &err);
    assert_done(d != NULL, &err, "repeated");
    assert_int_equal(d->extension_count, 4);
    assert_string_equal(d->extension[0].oid, d->extension[1].oid);
    assert_int_equal(d->eku_count, 2);
    assert_true(d->is_ca); /* an innocent second one does not hide it */
    csr_details_free(d);
}

static void extensions__both_attributes__read_together(void **state)
{
    struct csr_builder b;
    struct error err = ERROR_INIT;
    struct csr_details *d = NULL;

    csr_builder_init(&b, *state);
    csr_builder_extension(&b, "1.2.3.1", false, RAW("\x05\x00"));
    csr_builder_attribute(&b, OID_EXTENSION_REQUEST_MICROSOFT,
                          RAW("\x30\x0c\x30\x0a\x06\x03\x55\x1d\x0e\x04\x03\x04\x01\x61"));
    csr_builder_attribute(&b, OID_EXTENSION_REQUEST_VERISIGN, RAW(""));
    d = read_built(&b, &err);
    assert_done(d != NULL, &err, "");
    assert_int_equal(d->extension_count, 2);
    assert_string_equal(d->extension[0].oid, "2.5.29.14");
    assert_string_equal(d->extension[1].oid, "1.2.3.1");
    csr_details_free(d);
}

static void extensions__malformed__refused(void **state)
{
    static const struct {
        const char *name;
        const char *oid;
        const char *raw;
        size_t len;
    } cases[] = {
#define TEXT(literal) (literal), sizeof(literal) - 1
        { "EKU empty", OID_EKU, TEXT("") },
        { "EKU no sequence", OID_EKU, TEXT("\x06\x03\x2a\x03\x04") },
        { "EKU of something else", OID_EKU, TEXT("\x30\x03\x02\x01\x01") },
        { "EKU cut", OID_EKU, TEXT("\x30\x05\x06\x03\x2a\x03") },
        { "EKU with more behind", OID_EKU, TEXT("\x30\x05\x06\x03\x2a\x03\x04\x05\x00") },
        { "EKU with a malformed OID", OID_EKU, TEXT("\x30\x04\x06\x02\x80\x01") },
        { "constraints empty", OID_BASIC_CONSTRAINTS, TEXT("") },
        { "constraints of something else", OID_BASIC_CONSTRAINTS, TEXT("\x30\x02\x04\x00") },
        { "constraints with more behind", OID_BASIC_CONSTRAINTS, TEXT("\x30\x00\x00") },
#undef TEXT
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;

        csr_builder_init(&b, *state);
        csr_builder_extension(&b, cases[i].oid, false, bytes_of(cases[i].raw, cases[i].len));
        assert_not_read(&b, REASON_SYNTAX, cases[i].name);
    }
}

static void eku__count_and_length__limits(void **state)
{
    struct csr_builder b;
    struct buffer list = BUFFER_INIT(65536);
    struct buffer content = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    struct csr_details *d = NULL;

    for (size_t count = CSR_DETAIL_OIDS; count <= CSR_DETAIL_OIDS + 1; count++) {
        buffer_reset(&list);
        buffer_reset(&content);
        for (size_t i = 0; i < count; i++) {
            csr_builder_oid(&list, "1.2.3.4");
        }
        csr_builder_tlv(&content, 0x30, buffer_bytes(&list));
        csr_builder_init(&b, *state);
        csr_builder_extension(&b, OID_EKU, false, buffer_bytes(&content));
        if (count > CSR_DETAIL_OIDS) {
            assert_not_read(&b, REASON_LIMIT, "an EKU too many");
        } else {
            d = read_built(&b, &err);
            assert_done(d != NULL, &err, "all EKUs");
            assert_int_equal(d->eku_count, CSR_DETAIL_OIDS);
            csr_details_free(d);
        }
    }
    /* 80 arcs of one digit: 160 characters */
    buffer_reset(&list);
    buffer_reset(&content);
    assert_done(buffer_append(&list, "\x06\x50", 2, &err), &err, "");
    for (size_t i = 0; i < 80; i++) {
        assert_done(buffer_append_byte(&list, 0x2a, &err), &err, "");
    }
    csr_builder_tlv(&content, 0x30, buffer_bytes(&list));
    csr_builder_init(&b, *state);
    csr_builder_extension(&b, OID_EKU, false, buffer_bytes(&content));
    assert_not_read(&b, REASON_LIMIT, "OID too long");
    buffer_clear(&list);
    buffer_clear(&content);
}

/* Every prefix of a request, and every byte changed: an answer, never a crash. */
static void parse__broken_bytes__answered(void **state)
{
    struct csr_builder b;
    struct buffer der = BUFFER_INIT(0);

    csr_builder_init(&b, *state);
    csr_builder_pair_text(&b, "ValidityPeriod", "Months");
    csr_builder_eku(&b, true, OID_CLIENT_AUTH);
    csr_builder_extension(&b, OID_BASIC_CONSTRAINTS, true, RAW("\x30\x00"));
    csr_builder_der(&b, &der);
    for (size_t i = 0; i < 2 * der.len; i++) {
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;
        struct csr_details *d = NULL;

        csr.der.max = LIMIT_CSR_BYTES;
        assert_done(buffer_append(&csr.der, der.data, i < der.len ? i : der.len, &err), &err, "");
        if (i >= der.len) {
            csr.der.data[i - der.len] ^= 0x21;
        }
        d = csr_details_parse(&csr, &err);
        assert_true(d != NULL || error_is_set(&err));
        assert_true(d == NULL || i >= der.len);
        csr_details_free(d);
        csr_clear(&csr);
    }
    buffer_clear(&der);
    csr_builder_clear(&b);
}

static void parse__intune_sample__as_described(void **state)
{
    static const char path[] = OPENNDES_SHARED_DATA "/intune-2018-sample.csr.pem";
    BIO *bio = BIO_new_file(path, "rb");
    struct csr csr = CSR_INIT;
    struct error err = ERROR_INIT;
    struct csr_details *d = NULL;
    X509_REQ *req = NULL;
    unsigned char *der = NULL;
    size_t critical = 0;
    int len = 0;

    (void)state;
    if (bio == NULL) {
        test_skip("the shared sample intune-2018-sample.csr.pem is not on this machine");
    }
    req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(req);
    len = i2d_X509_REQ(req, &der);
    assert_done(csr_parse(bytes_of(der, (size_t)len), &csr, &err), &err, "");
    d = csr_details_parse(&csr, &err);
    assert_done(d != NULL, &err, "");
    assert_int_equal(d->digest, CSR_DIGEST_SHA256);
    assert_true(d->has_challenge_attribute);
    assert_int_equal(d->eku_count, 1);
    assert_string_equal(d->eku[0], OID_CLIENT_AUTH);
    assert_true(d->has_basic_constraints);
    assert_false(d->is_ca);
    assert_int_equal(d->pair_count, 2);
    assert_string_equal(csr_details_pair(d, "ValidityPeriod"), "Months");
    assert_string_equal(csr_details_pair(d, "ValidityPeriodUnits"), "6");
    assert_int_equal(d->extension_count, 5);
    for (size_t i = 0; i < d->extension_count; i++) {
        bool junk = strcmp(d->extension[i].oid, OID_TEMPLATE_JUNK) == 0;

        assert_int_equal(d->extension[i].critical, !junk);
        critical += d->extension[i].critical;
    }
    assert_int_equal(critical, 4);
    csr_details_free(d);
    csr_clear(&csr);
    OPENSSL_free(der);
    X509_REQ_free(req);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__full_request__everything_in_order),
        cmocka_unit_test(parse__nothing_asked_for__empty),
        cmocka_unit_test(parse__digests__told_apart),
        cmocka_unit_test(parse__pss__digest_of_its_parameters),
        cmocka_unit_test(pairs__string_types_and_order__as_utf8),
        cmocka_unit_test(pairs__sizes_and_shapes__limit_and_one_more),
        cmocka_unit_test(extensions__count_and_repeats__limit_and_told),
        cmocka_unit_test(extensions__both_attributes__read_together),
        cmocka_unit_test(extensions__malformed__refused),
        cmocka_unit_test(eku__count_and_length__limits),
        cmocka_unit_test(parse__broken_bytes__answered),
        cmocka_unit_test(parse__intune_sample__as_described),
    };

    return cmocka_run_group_tests_name("csr_details", tests, make_key, free_key);
}
