/* SPDX-License-Identifier: Apache-2.0 */
/* CRLs of any entries, compared with what OpenSSL reads and writes of them. */
#include "ca/ca_fixture.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "base/text.h"
#include "ca/crl_builder.h"
#include "platform/clock.h"

static void crl_builder__serial_not_hex__refused(void **state)
{
    static const char *const serials[] = { "", "xyz", "12x", "0x12", "1 2" };
    struct error err = ERROR_INIT;
    struct crl_builder *builder = crl_builder_create(0, &err);

    (void)state;
    for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
        assert_refusal(crl_builder_add(builder, serials[i], 0, 0, &err), &err, REASON_SYNTAX,
                       serials[i]);
    }
    crl_builder_free(builder);
    crl_builder_free(NULL);
}

/*
 * What we write is what OpenSSL writes of the same: it reads the list, writes it anew, and signs
 * it. With RSA that gives the same signature, so the whole has to be the same.
 */
static void check_signed(const struct buffer *der, const struct cert_issuer *issuer)
{
    const unsigned char *p = der->data;
    unsigned char *again = NULL;
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der->len);
    int len = 0;

    assert_non_null(crl);
    assert_true(X509_CRL_sign(crl, issuer->key, issuer->digest) > 0);
    len = i2d_X509_CRL(crl, &again);
    if (EVP_PKEY_get_base_id(issuer->key) == EVP_PKEY_RSA) {
        assert_int_equal(len, der->len);
        assert_memory_equal(again, der->data, der->len);
    } else {
        assert_true(len > 0);
    }
    OPENSSL_free(again);
    X509_CRL_free(crl);
}

static void check_written(const struct buffer *der, const struct cert_issuer *issuer)
{
    const unsigned char *p = der->data;
    unsigned char *again = NULL;
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der->len);
    const ASN1_BIT_STRING *signature = NULL;
    const X509_ALGOR *algorithm = NULL;
    int len = 0;

    assert_non_null(crl);
    assert_ptr_equal(p, der->data + der->len);
    assert_int_equal(X509_CRL_verify(crl, issuer->key), 1);
    X509_CRL_get0_signature(crl, &signature, &algorithm);
    len = i2d_re_X509_CRL_tbs(crl, &again);
    assert_true(len > 0 && (size_t)len < der->len);
    /* behind the header of the whole, which has as many bytes as it needs */
    p = der->data;
    long inside = 0;
    int tag = 0;
    int class = 0;
    assert_int_equal(ASN1_get_object(&p, &inside, &tag, &class, (long)der->len),
                     V_ASN1_CONSTRUCTED);
    assert_memory_equal(p, again, (size_t)len);
    OPENSSL_free(again);
    X509_CRL_free(crl);
}

static void check_entry(X509_CRL *crl, int index, const char *serial, int reason)
{
    const X509_REVOKED *entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), index);
    ASN1_ENUMERATED *value = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_REVOKED_get0_serialNumber(entry), NULL);
    BIGNUM *expected = NULL;

    assert_true(BN_hex2bn(&expected, serial) > 0);
    assert_int_equal(BN_cmp(number, expected), 0);
    assert_int_equal(value != NULL ? ASN1_ENUMERATED_get(value) : 0, reason);
    ASN1_ENUMERATED_free(value);
    BN_free(number);
    BN_free(expected);
}

static void crl_builder__any_entry_any_key__as_openssl_writes_it(void **state)
{
    static const struct {
        const char *serial;
        int64_t at;
        int reason, written;
    } entries[] = {
        { "00", 0, 0, 0 },
        { "01", 1, 1, 1 },
        { "7f", 946684800, 2, 2 },
        { "80", 2524607999, 3, 3 },         /* the last UTCTime */
        { "00ff", 2524608000, 4, 4 },       /* the first GeneralizedTime */
        { "0000007fff", 4102444800, 5, 5 }, /* leading zeros do not count */
        { "FEdc", 1700000000, 6, 6 },
        { "1234567890abcdef1234567890abcdef12345678", 1700000000, 7, 0 },
        { "f234567890abcdef1234567890abcdef12345678", 1700000000, 8, 0 },
        { "ff00", 1700000000, 9, 9 },
        { "ff01", 1700000000, 10, 10 },
        { "ff02", 1700000000, 11, 0 },
        { "ff03", 1700000000, -1, 0 },
    };
    EVP_PKEY *keys[] = { sample_key_ec(), sample_key_rsa() };
    const size_t count = sizeof(entries) / sizeof(entries[0]);

    (void)state;
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
        X509 *cert = sample_cert(&(struct sample_cert){ .subject = "x", .key = keys[k] });
        struct cert_issuer issuer;
        struct error err = ERROR_INIT;

        assert_done(cert_issuer_init(&issuer, cert, keys[k], "x", &err), &err, "issuer");
        for (size_t n = 0; n <= count; n++) {
            struct buffer der = BUFFER_INIT(CRL_BYTES_MAX);
            struct crl_builder *builder = crl_builder_create(0, &err);

            for (size_t i = 0; i < n; i++) {
                assert_done(crl_builder_add(builder, entries[i].serial, entries[i].at,
                                            entries[i].reason, &err),
                            &err, entries[i].serial);
            }
            assert_done(crl_builder_sign(builder, &issuer, 128 + (int64_t)n, 1700000000, 2600000000,
                                         &der, &err),
                        &err, "sign");
            check_written(&der, &issuer);
            check_signed(&der, &issuer);
            assert_true(crl_builder_made_by(buffer_bytes(&der), &issuer));
            const unsigned char *p = der.data;
            X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.len);
            assert_int_equal(n == 0 ? 0 : sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), n);
            for (size_t i = 0; i < n; i++) {
                check_entry(crl, (int)i, entries[i].serial, entries[i].written);
            }
            X509_CRL_free(crl);
            crl_builder_free(builder);
            buffer_clear(&der);
        }
        cert_issuer_clear(&issuer);
        X509_free(cert);
        EVP_PKEY_free(keys[k]);
    }
}

/* Each byte and each end of a kept CRL counts. */
static void crl_builder__a_byte_changed_or_cut__not_ours(void **state)
{
    struct error err = ERROR_INIT;
    struct buffer der = BUFFER_INIT(CRL_BYTES_MAX);
    struct crl_builder *builder = crl_builder_create(0, &err);
    EVP_PKEY *key = sample_key_ec();
    X509 *cert = sample_cert(&(struct sample_cert){ .subject = "x", .key = key });
    struct cert_issuer issuer;

    (void)state;
    assert_done(cert_issuer_init(&issuer, cert, key, "x", &err), &err, "issuer");
    assert_true(crl_builder_add(builder, "5a", 1700000000, 1, &err));
    assert_done(crl_builder_sign(builder, &issuer, 1, 1700000000, 1800000000, &der, &err), &err,
                "sign");
    for (size_t i = 0; i < der.len; i++) {
        der.data[i] ^= 0x01;
        assert_false(crl_builder_made_by(buffer_bytes(&der), &issuer));
        der.data[i] ^= 0x01;
        assert_false(crl_builder_made_by(bytes_of(der.data, i), &issuer));
    }
    assert_true(crl_builder_made_by(buffer_bytes(&der), &issuer));
    assert_true(buffer_append_byte(&der, 0, &err));
    assert_false(crl_builder_made_by(buffer_bytes(&der), &issuer));
    crl_builder_free(builder);
    cert_issuer_clear(&issuer);
    X509_free(cert);
    EVP_PKEY_free(key);
    buffer_clear(&der);
}

#define MANY 100000

static void crl_builder__100000_entries__quick_and_small(void **state)
{
    struct error err = ERROR_INIT;
    struct buffer der = BUFFER_INIT(CRL_BYTES_MAX);
    struct crl_builder *builder = crl_builder_create(0, &err);
    EVP_PKEY *key = sample_key_ec();
    X509 *cert = sample_cert(&(struct sample_cert){ .subject = "x", .key = key });
    struct cert_issuer issuer;
    int64_t start = clock_monotonic_us();
    int64_t now = clock_now();

    (void)state;
    assert_done(cert_issuer_init(&issuer, cert, key, "x", &err), &err, "issuer");
    for (unsigned i = 0; i < MANY; i++) {
        char serial[41];

        assert_true(text_format(serial, sizeof(serial), "5a%030x%08x", 0u, i * 2654435761u));
        assert_true(crl_builder_add(builder, serial, now - i, i % 2 == 0 ? 1 : 0, &err));
    }
    assert_done(crl_builder_sign(builder, &issuer, 1, now, now + DAY, &der, &err), &err, "sign");
    assert_true(crl_builder_made_by(buffer_bytes(&der), &issuer));
    print_message("%u entries: %u bytes, %u ms\n", MANY, (unsigned)der.len,
                  (unsigned)((clock_monotonic_us() - start) / 1000));
    der.data[der.len / 2] ^= 1;
    assert_false(crl_builder_made_by(buffer_bytes(&der), &issuer));
    assert_false(crl_builder_made_by(bytes_of(NULL, 0), &issuer));
    cert_issuer_clear(&issuer);
    crl_builder_free(builder);
    X509_free(cert);
    EVP_PKEY_free(key);
    buffer_clear(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crl_builder__serial_not_hex__refused),
        cmocka_unit_test(crl_builder__any_entry_any_key__as_openssl_writes_it),
        cmocka_unit_test(crl_builder__a_byte_changed_or_cut__not_ours),
        cmocka_unit_test(crl_builder__100000_entries__quick_and_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
