/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as OpenSSL's client writes them, cut, grown and changed in every way that matters. */
#include "support/test_support.h"

#include <string.h>

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "ca/ocsp_request.h"

#define KEY_HASH "0123456789abcdefghij"

/* What a test asks for. */
struct wish {
    const EVP_MD *digest; /* NULL: SHA-1 */
    unsigned count;       /* 0: one */
    int nonce;            /* bytes; 0: none */
    bool critical;        /* an extension nobody knows */
    bool single_critical; /* the same in the first question */
    bool harmless;        /* an extension nobody knows, not critical */
    bool requestor;
    bool negative; /* serial */
};

static OCSP_CERTID *make_id(const struct wish *wish, unsigned number)
{
    static const uint8_t bits[64] = KEY_HASH;
    const EVP_MD *digest = wish->digest != NULL ? wish->digest : EVP_sha1();
    X509_NAME *name = X509_NAME_new();
    ASN1_BIT_STRING *key = ASN1_BIT_STRING_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    OCSP_CERTID *id = NULL;

    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const uint8_t *)"Test CA", -1, -1, 0),
                     1);
    assert_int_equal(ASN1_BIT_STRING_set(key, (unsigned char *)bits, sizeof(bits)), 1);
    assert_int_equal(
        ASN1_INTEGER_set_int64(serial, wish->negative ? -5 : INT64_C(0xa1b2c3d4e5) + number), 1);
    id = OCSP_cert_id_new(digest, name, key, serial);
    assert_non_null(id);
    X509_NAME_free(name);
    ASN1_BIT_STRING_free(key);
    ASN1_INTEGER_free(serial);
    return id;
}

static X509_EXTENSION *unknown_extension(bool critical)
{
    ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;

    assert_int_equal(ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05", 1), 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, type, critical, value);
    assert_non_null(extension);
    ASN1_OBJECT_free(type);
    ASN1_OCTET_STRING_free(value);
    return extension;
}

static void make_request(const struct wish *wish, struct buffer *der)
{
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    struct error err = ERROR_INIT;
    unsigned char *data = NULL;
    int len = 0;

    for (unsigned i = 0; i < (wish->count > 0 ? wish->count : 1); i++) {
        OCSP_ONEREQ *one = OCSP_request_add0_id(request, make_id(wish, i));

        if (i == 0 && wish->single_critical) {
            X509_EXTENSION *extension = unknown_extension(true);

            assert_int_equal(OCSP_ONEREQ_add_ext(one, extension, -1), 1);
            X509_EXTENSION_free(extension);
        }
    }
    if (wish->nonce > 0) {
        assert_int_equal(OCSP_request_add1_nonce(request, NULL, wish->nonce), 1);
    }
    if (wish->critical || wish->harmless) {
        X509_EXTENSION *extension = unknown_extension(wish->critical);

        assert_int_equal(OCSP_REQUEST_add_ext(request, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    if (wish->requestor) {
        X509_NAME *name = X509_NAME_new();

        assert_int_equal(OCSP_request_set1_name(request, name), 1);
        X509_NAME_free(name);
    }
    len = i2d_OCSP_REQUEST(request, &data);
    assert_true(len > 0);
    buffer_reset(der);
    assert_done(buffer_append(der, data, (size_t)len, &err), &err, "request");
    OPENSSL_free(data);
    OCSP_REQUEST_free(request);
}

static void parse__what_clients_send__read(void **state)
{
    const struct {
        const char *name;
        struct wish wish;
        enum ocsp_hash hash;
        size_t hash_len;
    } cases[] = {
        { "SHA-1", { .count = 1 }, OCSP_HASH_SHA1, 20 },
        { "SHA-256", { .digest = EVP_sha256() }, OCSP_HASH_SHA256, 32 },
        { "SHA-384", { .digest = EVP_sha384() }, OCSP_HASH_SHA384, 48 },
        { "SHA-512", { .digest = EVP_sha512() }, OCSP_HASH_SHA512, 64 },
        { "MD5", { .digest = EVP_md5() }, OCSP_HASH_OTHER, 16 },
        { "nonce", { .nonce = 16 }, OCSP_HASH_SHA1, 20 },
        { "longest nonce", { .nonce = 32 }, OCSP_HASH_SHA1, 20 },
        { "one byte", { .nonce = 1 }, OCSP_HASH_SHA1, 20 },
        { "as many as may be", { .count = OCSP_QUESTIONS_MAX, .nonce = 32 }, OCSP_HASH_SHA1, 20 },
        { "an extension more", { .harmless = true, .nonce = 8 }, OCSP_HASH_SHA1, 20 },
        { "a requestor", { .requestor = true }, OCSP_HASH_SHA1, 20 },
    };
    struct buffer der = BUFFER_INIT(65536);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ocsp_request found = { .count = 0 };
        struct error err = ERROR_INIT;
        const struct wish *wish = &cases[i].wish;

        make_request(wish, &der);
        assert_done(ocsp_request_parse(buffer_bytes(&der), &found, &err), &err, cases[i].name);
        assert_int_equal(found.count, wish->count > 0 ? wish->count : 1);
        assert_int_equal(found.question[0].hash, cases[i].hash);
        assert_int_equal(found.question[0].name_hash.len, cases[i].hash_len);
        assert_int_equal(found.question[0].key_hash.len, cases[i].hash_len);
        assert_string_equal(found.question[0].serial, "a1b2c3d4e5");
        assert_int_equal(found.nonce.len, wish->nonce);
    }
    buffer_clear(&der);
}

static void parse__negative_serial__nobodys(void **state)
{
    struct buffer der = BUFFER_INIT(65536);
    struct ocsp_request found = { .count = 0 };
    struct error err = ERROR_INIT;

    (void)state;
    make_request(&(struct wish){ .negative = true }, &der);
    assert_done(ocsp_request_parse(buffer_bytes(&der), &found, &err), &err, "");
    assert_string_equal(found.question[0].serial, "");
    buffer_clear(&der);
}

static void parse__what_is_not_answered__refused(void **state)
{
    static const struct {
        const char *name;
        struct wish wish;
        const char *words;
    } cases[] = {
        { "nonce too long", { .nonce = 33 }, "nonce" },
        { "one certificate too many", { .count = OCSP_QUESTIONS_MAX + 1 }, "more than 16" },
        { "critical extension", { .critical = true }, "critical" },
        { "the same of one question", { .single_critical = true }, "critical" },
        { "size", { .count = 80 }, "at most 4096" },
    };
    struct buffer der = BUFFER_INIT(65536);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ocsp_request found = { .count = 77 };
        struct error err = ERROR_INIT;

        make_request(&cases[i].wish, &der);
        assert_refused(ocsp_request_parse(buffer_bytes(&der), &found, &err), &err,
                       REASON_OCSP_REQUEST, cases[i].name);
        assert_non_null(strstr(err.detail, cases[i].words));
        assert_int_equal(found.count, 77);
    }
    buffer_clear(&der);
}

/* By hand: what no library writes. */
static void parse__bytes__refused_or_not(void **state)
{
#define ALG "300906052b0e03021a0500"
#define HASH "04143031323334353637383930313233343536373839"
#define ID ALG HASH HASH
    static const struct {
        const char *name;
        const char *hex;
        bool good;
    } cases[] = {
        { "nothing", "", false },
        { "one byte", "30", false },
        { "empty", "3000", false },
        { "no list", "30023000", false },
        { "empty list", "300430023000", false },
        { "plain", "30423040303e303c303a" ID "020101", true },
        { "algorithm without NULL", "3040303e303c303a3038300706052b0e03021a" HASH HASH "020101",
          true },
        { "algorithm with parameters",
          "30433041303f303d303b300a06052b0e03021a020100" HASH HASH "020101", false },
        { "serial padded", "30433041303f303d303b" ID "02020001", false },
        { "negative serial padded", "30433041303f303d303b" ID "0202ffff", false },
        { "serial empty", "3041303f303d303b3039" ID "0200", false },
        { "serial of zero", "30423040303e303c303a" ID "020100", true },
        { "serial with its top bit", "30433041303f303d303b" ID "02020081", true },
        { "trailing byte", "30423040303e303c303a" ID "02010100", false },
        { "indefinite length", "30803040303e303c303a" ID "0201010000", false },
        { "length in a longer form", "3081423040303e303c303a" ID "020101", false },
        { "length beyond the end", "30433040303e303c303a" ID "020101", false },
        { "length of four bytes", "3084ffffffff", false },
        { "version 1 spelt out", "30473045a003020100303e303c303a" ID "020101", true },
        { "version 2", "30473045a003020101303e303c303a" ID "020101", false },
        { "a signature that is none", "30443040303e303c303a" ID "020101a000", true },
        { "two signatures", "30463040303e303c303a" ID "020101a000a000", false },
        { "empty nonce", NULL, false },
    };
    struct buffer der = BUFFER_INIT(65536);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ocsp_request found = { .count = 0 };
        struct error err = ERROR_INIT;
        uint8_t bytes[512];
        size_t len = 0;

        if (cases[i].hex == NULL) {
            /* The last byte of a request with a nonce of one byte is that byte: 04 01 xx. */
            make_request(&(struct wish){ .nonce = 1 }, &der);
            len = der.len;
            assert_true(len < sizeof(bytes));
            memcpy(bytes, der.data, len);
            bytes[len - 2] = 0x00;
        } else {
            assert_true(text_unhex(bytes, sizeof(bytes), &len, bytes_of_text(cases[i].hex)));
        }
        if (ocsp_request_parse(bytes_of(bytes, len), &found, &err) != cases[i].good) {
            print_error("%s: %s\n", cases[i].name, err.detail);
            fail();
        }
    }
    buffer_clear(&der);
}

/* Whatever is cut or changed in one place: never read beyond the end, never accepted when cut. */
static void parse__every_cut_and_every_changed_byte__within_bounds(void **state)
{
    struct buffer der = BUFFER_INIT(65536);

    (void)state;
    make_request(&(struct wish){ .count = 2, .nonce = 16, .requestor = true }, &der);
    for (size_t len = 0; len < der.len; len++) {
        struct ocsp_request found;
        struct error err = ERROR_INIT;
        uint8_t *cut = malloc(len > 0 ? len : 1); /* its end is guarded */

        assert_non_null(cut);
        memcpy(cut, der.data, len);
        assert_false(ocsp_request_parse(bytes_of(cut, len), &found, &err));
        free(cut);
    }
    for (size_t at = 0; at < der.len; at++) {
        static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0xa0, 0xff };

        for (size_t i = 0; i < sizeof(values); i++) {
            struct ocsp_request found;
            struct error err = ERROR_INIT;
            uint8_t *changed = malloc(der.len);

            assert_non_null(changed);
            memcpy(changed, der.data, der.len);
            changed[at] = values[i];
            if (ocsp_request_parse(bytes_of(changed, der.len), &found, &err)) {
                assert_in_range(found.count, 1, OCSP_QUESTIONS_MAX);
                assert_true(found.nonce.len <= OCSP_NONCE_BYTES_MAX);
            }
            free(changed);
        }
    }
    buffer_clear(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__what_clients_send__read),
        cmocka_unit_test(parse__negative_serial__nobodys),
        cmocka_unit_test(parse__what_is_not_answered__refused),
        cmocka_unit_test(parse__bytes__refused_or_not),
        cmocka_unit_test(parse__every_cut_and_every_changed_byte__within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
