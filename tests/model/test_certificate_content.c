/* SPDX-License-Identifier: Apache-2.0 */
/* What a renewal may hand on; what cannot be read with certainty is nothing. */
#include <string.h>

#include <openssl/x509v3.h>

#include "model/certificate_content.h"
#include "model/csr.h"
#include "model/csr_builder.h"
#include "model/usage_builder.h"
#include "support/test_support.h"

#define SID "S-1-5-21-1-2-3-1104"

static EVP_PKEY *key;

static int make_key(void **state)
{
    (void)state;
    key = csr_builder_key("P-256");
    return 0;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

static void add(X509 *cert, const char *oid, struct bytes der)
{
    ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;

    assert_int_equal(ASN1_OCTET_STRING_set(octets, der.data, (int)der.len), 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, type, 0, octets);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(type);
}

static void add_sid(X509 *cert, const char *sid)
{
    struct buffer value = BUFFER_INIT(128);
    struct error err = ERROR_INIT;

    assert_done(sid_extension_value(sid, &value, &err), &err, sid);
    add(cert, SID_EXTENSION_OID, buffer_bytes(&value));
    buffer_clear(&value);
}

static X509 *make(const char *usage, const char *eku)
{
    const struct usage_spec spec = { .subject = "dev1", .key_usage = usage, .eku = eku };

    return usage_builder_make(&spec, key);
}

static void read__everything__as_it_stands(void **state)
{
    X509 *cert = make("digitalSignature,keyAgreement,decipherOnly", "clientAuth,1.2.3.4");
    struct certificate_content content;
    struct error err = ERROR_INIT;

    (void)state;
    add_sid(cert, SID);
    assert_done(certificate_content_read(cert, &content, &err), &err, "");
    assert_int_equal(X509_NAME_cmp(content.subject, X509_get_subject_name(cert)), 0);
    assert_null(content.san);
    assert_true(content.has_key_usage);
    assert_int_equal(content.key_usage, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_AGREEMENT
                                            | KEY_USAGE_DECIPHER_ONLY);
    assert_int_equal(sk_ASN1_OBJECT_num(content.eku), 2);
    assert_string_equal(content.sid, SID);
    certificate_content_clear(&content);
    certificate_content_clear(NULL);
    X509_free(cert);
}

static void read__nothing_said__told_apart_from_nothing_allowed(void **state)
{
    X509 *cert = make(NULL, NULL);
    struct certificate_content content;
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(certificate_content_read(cert, &content, &err), &err, "");
    assert_false(content.has_key_usage);
    assert_null(content.eku);
    assert_string_equal(content.sid, "");
    certificate_content_clear(&content);
    X509_free(cert);
}

static void read__malformed_or_twice__refused(void **state)
{
    static const uint8_t junk[] = { 0x04, 0x01, 0x00 };
    static const char *const oids[] = { "2.5.29.15", "2.5.29.37", "2.5.29.17", SID_EXTENSION_OID };

    (void)state;
    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
        X509 *cert = make(NULL, NULL);
        struct certificate_content content;
        struct error err = ERROR_INIT;

        add(cert, oids[i], bytes_of(junk, sizeof(junk)));
        assert_refused(certificate_content_read(cert, &content, &err), &err, REASON_CERT_UNREADABLE,
                       oids[i]);
        assert_null(content.subject);
        X509_free(cert);
    }
    for (size_t i = 0; i < 2; i++) {
        X509 *cert = make(NULL, NULL);
        struct certificate_content content;
        struct error err = ERROR_INIT;

        add_sid(cert, SID);
        if (i == 1) add_sid(cert, SID);
        assert_int_equal(certificate_content_read(cert, &content, &err), i == 0);
        certificate_content_clear(&content);
        X509_free(cert);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__everything__as_it_stands),
        cmocka_unit_test(read__nothing_said__told_apart_from_nothing_allowed),
        cmocka_unit_test(read__malformed_or_twice__refused),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
