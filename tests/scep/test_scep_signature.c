/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "scep/scep_fixture.h"
#include "scep/scep_signature.h"
#include "support/scep_asn1.h"
#include "support/scep_client.h"
#include "support/scep_keys.h"

#define COUNTERSIGNATURE "1.2.840.113549.1.9.6"
#define RECEIPT_REQUEST "1.2.840.113549.1.9.16.2.1"

struct opened {
    CMS_ContentInfo *cms;
    CMS_SignerInfo *info;
    X509 *cert;
    EVP_PKEY *key;
};

static void make(struct scep_client *c, struct opened *o)
{
    struct buffer message = ASN1_BUFFER_INIT;
    const unsigned char *at = NULL;

    scep_client_sign(c, bytes_of_text("any content will do"), &message, &o->cert);
    at = message.data;
    o->cms = d2i_CMS_ContentInfo(NULL, &at, (long)message.len);
    assert_non_null(o->cms);
    o->info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(o->cms), 0);
    o->key = c->key;
    buffer_clear(&message);
}

static void opened_clear(struct opened *o)
{
    CMS_ContentInfo_free(o->cms);
    X509_free(o->cert);
}

/* What the library says, which looks at the received order only. */
static bool library_fits(struct opened *o)
{
    bool fits = false;

    CMS_SignerInfo_set1_signer_cert(o->info, o->cert);
    fits = CMS_SignerInfo_verify(o->info) == 1;
    ERR_clear_error();
    return fits;
}

static bool we_fit(struct opened *o, enum scep_digest digest, enum scep_signature_form form)
{
    bool fits = scep_signature_fits(o->info, digest, form, o->key);

    ERR_clear_error();
    return fits;
}

static void client(struct scep_client *c, EVP_PKEY *key, X509 *recipient)
{
    scep_client_init(c, key, recipient);
}

static void fits__forms_digests_encodings__as_the_library(void **state)
{
    static const struct {
        enum scep_test_key key;
        enum scep_client_signature signature;
        enum scep_signature_form form;
    } forms[] = {
        { SCEP_TEST_KEY_CLIENT, SCEP_CLIENT_RSA, SCEP_SIGNATURE_RSA },
        { SCEP_TEST_KEY_CLIENT, SCEP_CLIENT_RSA_WITH_DIGEST, SCEP_SIGNATURE_RSA_WITH_DIGEST },
        { SCEP_TEST_KEY_CLIENT, SCEP_CLIENT_PSS, SCEP_SIGNATURE_PSS },
        { SCEP_TEST_KEY_CLIENT_EC, SCEP_CLIENT_ECDSA, SCEP_SIGNATURE_ECDSA },
    };
    static const struct {
        const char *name;
        enum scep_digest digest;
    } digests[] = { { "SHA1", SCEP_DIGEST_SHA1 },
                    { "SHA256", SCEP_DIGEST_SHA256 },
                    { "SHA512", SCEP_DIGEST_SHA512 } };
    static const uint32_t faults[] = { 0, SCEP_CLIENT_BAD_SIGNATURE, SCEP_CLIENT_UNSIGNED_ATTRS };

    (void)state;
    for (size_t i = 0; i < 4u * 3 * 3 * 2; i++) {
        EVP_PKEY *key = scep_test_key(forms[i % 4].key);
        size_t fault = i / 12 % 3;
        struct opened o = { NULL, NULL, NULL, NULL };
        struct scep_client c;
        bool expected = false;

        client(&c, key, NULL);
        c.recipient_count = 0;
        c.signature = forms[i % 4].signature;
        c.digest = digests[i / 4 % 3].name;
        c.faults = faults[fault];
        c.ber = i >= 36;
        make(&c, &o);
        expected = library_fits(&o);
        assert_int_equal(expected, faults[fault] != SCEP_CLIENT_BAD_SIGNATURE);
        if (we_fit(&o, digests[i / 4 % 3].digest, forms[i % 4].form) != expected) {
            fail_msg("form %zu, %s, fault %zu, BER %d: expected %d", i % 4, c.digest, fault, c.ber,
                     expected);
        }
        opened_clear(&o);
        EVP_PKEY_free(key);
    }
}

static void fits__orders__received_or_sorted(void **state)
{
    static const struct {
        enum scep_client_order order;
        bool library;
        bool expected;
    } cases[] = {
        { SCEP_CLIENT_SORTED, true, true },
        { SCEP_CLIENT_UNSORTED, true, true },
        { SCEP_CLIENT_UNSORTED_SIGN_SORTED, false, true },
        { SCEP_CLIENT_SIGN_THIRD_ORDER, false, false },
    };
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct opened o = { NULL, NULL, NULL, NULL };
        struct scep_client c;

        client(&c, key, NULL);
        c.recipient_count = 0;
        c.order = cases[i].order;
        make(&c, &o);
        assert_int_equal(library_fits(&o), cases[i].library);
        assert_int_equal(we_fit(&o, SCEP_DIGEST_SHA256, SCEP_SIGNATURE_RSA), cases[i].expected);
        opened_clear(&o);
    }
    EVP_PKEY_free(key);
}

/* RFC 5652 11, RFC 2634: some are signed ones only, a countersignature an unsigned one only. */
static void fits__misplaced_attributes__as_the_library(void **state)
{
    static const struct {
        const char *signed_oid; /* NULL: none */
        int unsigned_nid;       /* 0: none */
        bool expected;
    } cases[] = {
        { NULL, 0, true },
        { COUNTERSIGNATURE, 0, false },
        { RECEIPT_REQUEST, 0, true },
        { NULL, NID_pkcs9_contentType, false },
        { NULL, NID_pkcs9_messageDigest, false },
        { NULL, NID_pkcs9_signingTime, false },
        { NULL, NID_id_smime_aa_signingCertificate, false },
        { NULL, NID_id_smime_aa_signingCertificateV2, false },
        { NULL, NID_id_smime_aa_receiptRequest, false },
        { NULL, NID_pkcs9_countersignature, true },
        { NULL, NID_pkcs9_unstructuredName, true },
    };
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct opened o = { NULL, NULL, NULL, NULL };
        struct scep_client c;

        client(&c, key, NULL);
        c.recipient_count = 0;
        if (cases[i].signed_oid != NULL) {
            c.extra[c.extra_count++] =
                (struct scep_client_attribute){ cases[i].signed_oid, V_ASN1_OCTET_STRING,
                                                bytes_of_text("value") };
        }
        make(&c, &o);
        if (cases[i].unsigned_nid != 0) {
            assert_int_equal(CMS_unsigned_add1_attr_by_NID(o.info, cases[i].unsigned_nid,
                                                           V_ASN1_OCTET_STRING, "value", 5),
                             1);
        }
        assert_int_equal(library_fits(&o), cases[i].expected);
        if (we_fit(&o, SCEP_DIGEST_SHA256, SCEP_SIGNATURE_RSA) != cases[i].expected) {
            fail_msg("case %zu: expected %d", i, cases[i].expected);
        }
        opened_clear(&o);
    }
    EVP_PKEY_free(key);
}

/* The key decides, and the digest is the one that is asked for. */
static void fits__other_key_or_digest__no(void **state)
{
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    EVP_PKEY *other = scep_test_key(SCEP_TEST_KEY_OTHER);
    struct opened o = { NULL, NULL, NULL, NULL };
    struct scep_client c;

    (void)state;
    client(&c, key, NULL);
    c.recipient_count = 0;
    make(&c, &o);
    assert_true(we_fit(&o, SCEP_DIGEST_SHA256, SCEP_SIGNATURE_RSA));
    assert_false(we_fit(&o, SCEP_DIGEST_SHA1, SCEP_SIGNATURE_RSA));
    assert_false(we_fit(&o, SCEP_DIGEST_UNKNOWN, SCEP_SIGNATURE_RSA));
    assert_false(we_fit(&o, SCEP_DIGEST_SHA256, SCEP_SIGNATURE_PSS));
    o.key = other;
    assert_false(we_fit(&o, SCEP_DIGEST_SHA256, SCEP_SIGNATURE_RSA));
    opened_clear(&o);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits__forms_digests_encodings__as_the_library),
        cmocka_unit_test(fits__orders__received_or_sorted),
        cmocka_unit_test(fits__misplaced_attributes__as_the_library),
        cmocka_unit_test(fits__other_key_or_digest__no),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
