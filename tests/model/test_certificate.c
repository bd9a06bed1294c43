/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "model/certificate.h"
#include "model/csr_builder.h"
#include "model/key.h"

static int make_key(void **state)
{
    *state = csr_builder_key("P-256");
    return 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(*state);
    return 0;
}

static X509 *make_certificate(EVP_PKEY *key, const char *serial_hex, const char *not_before,
                              const char *not_after)
{
    X509 *cert = X509_new();
    BIGNUM *serial = NULL;
    ASN1_INTEGER *number = NULL;

    assert_true(BN_hex2bn(&serial, serial_hex) > 0);
    number = BN_to_ASN1_INTEGER(serial, NULL);
    assert_int_equal(X509_set_serialNumber(cert, number), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)"subject", -1, -1, 0),
                     1);
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_issuer_name(cert), "CN", MBSTRING_UTF8,
                                                (const unsigned char *)"issuer", -1, -1, 0),
                     1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(cert), not_before), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(cert), not_after), 1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    ASN1_INTEGER_free(number);
    BN_free(serial);
    return cert;
}

static void info__serials__as_hex(void **state)
{
    static const struct {
        const char *hex;
        const char *expected;
    } cases[] = {
        { "0", "00" },
        { "1", "01" },
        { "7F", "7f" },
        { "80", "80" },
        { "ABC", "0abc" },
        { "-1", "-01" },
        { "-80", "-80" },
        { "00FF00", "ff00" },
        { "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728",
          "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *cert = make_certificate(*state, cases[i].hex, "20240101000000Z", "20250101000000Z");
        struct certificate_info info;
        struct error err = ERROR_INIT;

        assert_done(certificate_info(cert, &info, &err), &err, cases[i].hex);
        assert_string_equal(info.serial, cases[i].expected);
        certificate_free(cert);
    }
}

static void info__serial_too_long__refused(void **state)
{
    X509 *cert = make_certificate(
        *state,
        "010102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728",
        "20240101000000Z", "20250101000000Z");
    struct certificate_info info;
    struct error err = ERROR_INIT;

    assert_refused(certificate_info(cert, &info, &err), &err, REASON_CERT_UNREADABLE, "");
    certificate_free(cert);
}

static void info__times__in_seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        { "19700101000000Z", 0 },
        { "20240229120000Z", 1709208000 },
        { "20491231235959Z", 2524607999 },
        { "20500101000000Z", 2524608000 },
        { "99991231235959Z", 253402300799 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        X509 *cert = make_certificate(*state, "1", cases[i].text, cases[i].text);
        struct certificate_info info;
        struct error err = ERROR_INIT;

        assert_done(certificate_info(cert, &info, &err), &err, cases[i].text);
        assert_true(info.not_before == cases[i].seconds);
        assert_true(info.not_after == cases[i].seconds);
        certificate_free(cert);
    }
}

static void info__names_and_digests__filled(void **state)
{
    X509 *cert = make_certificate(*state, "1", "20240101000000Z", "20250101000000Z");
    struct certificate_info info;
    struct buffer der = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;
    uint8_t digest[DIGEST_SHA256_BYTES];

    assert_done(certificate_info(cert, &info, &err), &err, "");
    assert_string_equal(info.subject, "CN=subject");
    assert_string_equal(info.issuer, "CN=issuer");
    assert_done(certificate_der(cert, &der, &err), &err, "");
    assert_done(digest_sha256(buffer_bytes(&der), digest, &err), &err, "");
    assert_memory_equal(info.sha256, digest, sizeof(digest));
    assert_done(key_sha256(*state, digest, &err), &err, "");
    assert_memory_equal(info.key_sha256, digest, sizeof(digest));
    buffer_clear(&der);
    certificate_free(cert);
}

static void parse__der__exact(void **state)
{
    X509 *cert = make_certificate(*state, "1", "20240101000000Z", "20250101000000Z");
    X509 *again = NULL;
    struct buffer der = BUFFER_INIT(65536);
    struct buffer pem = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;

    assert_done(certificate_der(cert, &der, &err), &err, "");
    again = certificate_parse(buffer_bytes(&der), &err);
    assert_non_null(again);
    assert_int_equal(X509_cmp(cert, again), 0);
    certificate_free(again);
    for (size_t len = 0; len < der.len; len++) {
        error_clear(&err);
        assert_null(certificate_parse(bytes_of(der.data, len), &err));
        assert_int_equal(err.reason, REASON_CERT_UNREADABLE);
    }
    error_clear(&err);
    assert_done(buffer_append_byte(&der, 0, &err), &err, "");
    assert_null(certificate_parse(buffer_bytes(&der), &err));
    error_clear(&err);
    assert_done(certificate_pem(cert, &pem, &err), &err, "");
    assert_memory_equal(pem.data, "-----BEGIN CERTIFICATE-----\n", 28);
    certificate_free(cert);
    certificate_free(NULL);
    buffer_clear(&der);
    buffer_clear(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info__serials__as_hex),
        cmocka_unit_test(info__serial_too_long__refused),
        cmocka_unit_test(info__times__in_seconds),
        cmocka_unit_test(info__names_and_digests__filled),
        cmocka_unit_test(parse__der__exact),
    };

    return cmocka_run_group_tests_name("certificate", tests, make_key, free_key);
}
