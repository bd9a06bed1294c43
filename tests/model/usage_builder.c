/* SPDX-License-Identifier: Apache-2.0 */
#include "model/usage_builder.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "support/test_support.h"

static void add_known(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_raw(X509 *cert, const char *oid, struct bytes der)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;

    assert_int_equal(ASN1_OCTET_STRING_set(octets, der.data, (int)der.len), 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(object);
}

/* BMPString of an ASCII name. */
static void add_template_name(X509 *cert, const char *name)
{
    uint8_t der[256] = { V_ASN1_BMPSTRING, (uint8_t)(2 * strlen(name)) };

    assert_true(strlen(name) < 64);
    for (size_t i = 0; name[i] != '\0'; i++) {
        der[2 + 2 * i + 1] = (uint8_t)name[i];
    }
    add_raw(cert, "1.3.6.1.4.1.311.20.2", bytes_of(der, 2 + 2 * strlen(name)));
}

X509 *usage_builder_make(const struct usage_spec *spec, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);

    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)spec->subject, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(cert, name), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(cert), spec->not_before == NULL
                                                                         ? "20240101000000Z"
                                                                         : spec->not_before),
                     1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(cert), spec->not_after == NULL
                                                                        ? "20440101000000Z"
                                                                        : spec->not_after),
                     1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    if (spec->key_usage != NULL) add_known(cert, NID_key_usage, spec->key_usage);
    if (spec->eku != NULL) add_known(cert, NID_ext_key_usage, spec->eku);
    if (spec->template_name != NULL) add_template_name(cert, spec->template_name);
    if (spec->template_name_der.data != NULL) {
        add_raw(cert, "1.3.6.1.4.1.311.20.2", spec->template_name_der);
    }
    if (spec->template_der.data != NULL) {
        add_raw(cert, "1.3.6.1.4.1.311.21.7", spec->template_der);
    }
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}
