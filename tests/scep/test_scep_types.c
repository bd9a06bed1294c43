/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_fixture.h"

#include <string.h>

#include <openssl/objects.h>

#include "scep/scep_oid.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void oids__every_row__as_openssl_encodes_it(void **state)
{
    static const struct {
        enum scep_oid oid;
        const char *dotted;
    } cases[] = {
        { SCEP_OID_DATA, "1.2.840.113549.1.7.1" },
        { SCEP_OID_SIGNED_DATA, "1.2.840.113549.1.7.2" },
        { SCEP_OID_ENVELOPED_DATA, "1.2.840.113549.1.7.3" },
        { SCEP_OID_AUTH_ENVELOPED_DATA, "1.2.840.113549.1.9.16.1.23" },
        { SCEP_OID_CONTENT_TYPE, "1.2.840.113549.1.9.3" },
        { SCEP_OID_MESSAGE_DIGEST, "1.2.840.113549.1.9.4" },
        { SCEP_OID_SIGNING_TIME, "1.2.840.113549.1.9.5" },
        { SCEP_OID_MESSAGE_TYPE, "2.16.840.1.113733.1.9.2" },
        { SCEP_OID_PKI_STATUS, "2.16.840.1.113733.1.9.3" },
        { SCEP_OID_FAIL_INFO, "2.16.840.1.113733.1.9.4" },
        { SCEP_OID_SENDER_NONCE, "2.16.840.1.113733.1.9.5" },
        { SCEP_OID_RECIPIENT_NONCE, "2.16.840.1.113733.1.9.6" },
        { SCEP_OID_TRANSACTION_ID, "2.16.840.1.113733.1.9.7" },
        { SCEP_OID_FAIL_INFO_TEXT, "1.3.6.1.5.5.7.24.1" },
        { SCEP_OID_MS_ERROR, "1.3.6.1.4.1.311.21.33" },
        { SCEP_OID_RSA, "1.2.840.113549.1.1.1" },
        { SCEP_OID_RSA_OAEP, "1.2.840.113549.1.1.7" },
        { SCEP_OID_MGF1, "1.2.840.113549.1.1.8" },
        { SCEP_OID_P_SPECIFIED, "1.2.840.113549.1.1.9" },
        { SCEP_OID_RSA_PSS, "1.2.840.113549.1.1.10" },
        { SCEP_OID_EC_PUBLIC_KEY, "1.2.840.10045.2.1" },
    };

    (void)state;
    assert_int_equal(SCEP_OID_COUNT, COUNT_OF(cases));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ASN1_OBJECT *object = OBJ_txt2obj(cases[i].dotted, 1);
        struct bytes expected = bytes_of(OBJ_get0_data(object), OBJ_length(object));
        char text[64];

        assert_true(bytes_equal(expected, scep_oid_bytes(cases[i].oid)));
        assert_true(scep_oid_is(expected, cases[i].oid));
        scep_oid_text(expected, text, sizeof(text));
        assert_string_equal(cases[i].dotted, text);
        ASN1_OBJECT_free(object);
    }
}

static void oid_text__odd_content__ends(void **state)
{
    static const uint8_t endless[40] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    char text[16];

    (void)state;
    scep_oid_text(bytes_of(endless, sizeof(endless)), text, sizeof(text));
    assert_true(strlen(text) < sizeof(text));
    scep_oid_text(bytes_of("\x2a\x86", 2), text, sizeof(text));
    assert_string_equal("1.2", text);
    scep_oid_text(bytes_of(NULL, 0), text, sizeof(text));
    assert_string_equal("", text);
    scep_oid_text(scep_oid_bytes(SCEP_OID_MS_ERROR), text, sizeof(text));
    assert_int_equal(sizeof(text) - 1, strlen(text)); /* cut */
}

static void digests__round_trip__same_row(void **state)
{
    (void)state;
    for (int d = SCEP_DIGEST_MD5; d <= SCEP_DIGEST_SHA512; d++) {
        const struct scep_digest_info *info = scep_digest_info((enum scep_digest)d);

        assert_non_null(info);
        assert_int_equal(d, info->digest);
        assert_ptr_equal(info, scep_digest_from_oid(scep_oid_of_nid(info->nid)));
        assert_ptr_equal(info, scep_digest_from_rsa_oid(scep_oid_of_nid(info->rsa_nid)));
    }
    assert_null(scep_digest_info(SCEP_DIGEST_UNKNOWN));
    assert_null(scep_digest_from_oid(bytes_of(NULL, 0)));
    assert_null(scep_digest_from_oid(scep_oid_of_nid(NID_sha3_256)));
    assert_null(scep_digest_from_rsa_oid(scep_oid_of_nid(NID_rsaEncryption)));
}

static void ciphers__round_trip__same_row(void **state)
{
    (void)state;
    for (int c = SCEP_CIPHER_DES; c <= SCEP_CIPHER_AES256; c++) {
        const struct scep_cipher_info *info = scep_cipher_info((enum scep_cipher)c);

        assert_non_null(info);
        assert_int_equal(c, info->cipher);
        assert_ptr_equal(info, scep_cipher_from_oid(scep_oid_of_nid(info->nid)));
        assert_true(info->block_bytes == 8 || info->block_bytes == 16);
    }
    assert_null(scep_cipher_info(SCEP_CIPHER_UNKNOWN));
    assert_null(scep_cipher_from_oid(scep_oid_of_nid(NID_aes_128_gcm)));
    assert_null(scep_cipher_from_oid(bytes_of(NULL, 0)));
}

static void types__every_number__only_known_ones(void **state)
{
    (void)state;
    for (int number = 0; number <= 255; number++) {
        const struct scep_type_info *info = scep_type_info((enum scep_message_type)number);
        char text[12];

        (void)snprintf(text, sizeof(text), "%d", number);
        assert_ptr_equal(info, scep_type_from_wire(bytes_of_text(text)));
        assert_int_equal(number == 3 || number == 17 || (number >= 19 && number <= 22),
                         info != NULL);
        /* an answer is never a request, and 18 is unassigned */
        assert_int_equal(info != NULL && info->accepted,
                         number == SCEP_TYPE_PKCS_REQ || number == SCEP_TYPE_RENEWAL_REQ);
    }
    assert_null(scep_type_from_wire(bytes_of(NULL, 0)));
    assert_null(scep_type_from_wire(bytes_of("19", 3)));
}

static void operations__texts__without_case(void **state)
{
    static const struct {
        const char *text;
        enum scep_operation expected;
    } cases[] = {
        { "GetCACaps", SCEP_OPERATION_GET_CA_CAPS },
        { "getcacaps", SCEP_OPERATION_GET_CA_CAPS },
        { "GETCACERT", SCEP_OPERATION_GET_CA_CERT },
        { "GetCACertChain", SCEP_OPERATION_GET_CA_CERT },
        { "GetCAChain", SCEP_OPERATION_GET_CA_CERT },
        { "PKIOperation", SCEP_OPERATION_PKI_OPERATION },
        { "pkioperation", SCEP_OPERATION_PKI_OPERATION },
        { "", SCEP_OPERATION_UNKNOWN },
        { "PKIOperatio", SCEP_OPERATION_UNKNOWN },
        { "PKIOperationPKIOperation", SCEP_OPERATION_UNKNOWN },
        { "GetNextCACert", SCEP_OPERATION_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(cases[i].expected, scep_operation_from_text(bytes_of_text(cases[i].text)));
    }
    assert_int_equal(SCEP_OPERATION_UNKNOWN,
                     scep_operation_from_text(bytes_of("GetCACaps", sizeof("GetCACaps"))));
    assert_string_equal("GetCACert", scep_operation_name(SCEP_OPERATION_GET_CA_CERT));
    assert_string_equal("unknown", scep_operation_name(SCEP_OPERATION_UNKNOWN));
}

static void levels__order__wider_allows_narrower(void **state)
{
    (void)state;
    for (int allowed = ALGORITHM_LEVEL_MODERN; allowed <= ALGORITHM_LEVEL_LEGACY; allowed++) {
        for (int needed = ALGORITHM_LEVEL_MODERN; needed <= ALGORITHM_LEVEL_LEGACY; needed++) {
            assert_int_equal(needed <= allowed, scep_level_allows((enum algorithm_level)allowed,
                                                                  (enum algorithm_level)needed));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oids__every_row__as_openssl_encodes_it),
        cmocka_unit_test(oid_text__odd_content__ends),
        cmocka_unit_test(digests__round_trip__same_row),
        cmocka_unit_test(ciphers__round_trip__same_row),
        cmocka_unit_test(types__every_number__only_known_ones),
        cmocka_unit_test(operations__texts__without_case),
        cmocka_unit_test(levels__order__wider_allows_narrower),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
