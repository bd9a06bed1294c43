/* SPDX-License-Identifier: Apache-2.0 */
#include "model/certificate_usage.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "model/asn1_text.h"
#include "model/der_parts.h"

#define OID_TEMPLATE_NAME "1.3.6.1.4.1.311.20.2" /* szOID_ENROLL_CERTTYPE_EXTENSION */
#define OID_TEMPLATE "1.3.6.1.4.1.311.21.7"      /* szOID_CERTIFICATE_TEMPLATE */

/* The value of the first extension with this OID; data is NULL when there is none. Borrowed. */
static struct bytes extension_value(const X509 *cert, const char *oid)
{
    ASN1_OBJECT *wanted = OBJ_txt2obj(oid, 1);
    struct bytes value = { NULL, 0 };
    int at = wanted == NULL ? -1 : X509_get_ext_by_OBJ(cert, wanted, -1);
    ASN1_OCTET_STRING *octets = NULL;

    if (at >= 0) {
        octets = X509_EXTENSION_get_data(X509_get_ext(cert, at));
    }
    if (octets != NULL) {
        value = bytes_of(ASN1_STRING_get0_data(octets), (size_t)ASN1_STRING_length(octets));
    }
    ASN1_OBJECT_free(wanted);
    return value;
}

/* A lone character string, BMPString as AD CS writes it. */
static bool read_name(struct bytes value, char name[CERTIFICATE_TEMPLATE_MAX])
{
    const unsigned char *at = value.data;
    struct buffer text = BUFFER_INIT(CERTIFICATE_TEMPLATE_MAX - 1);
    struct error ignored = ERROR_INIT;
    ASN1_TYPE *string = value.data == NULL ? NULL : d2i_ASN1_TYPE(NULL, &at, (long)value.len);
    bool ok = false;

    if (string == NULL || at != value.data + value.len) goto out;
    /* asn1_text_append refuses what is no character string; these are not even strings */
    if (string->type == V_ASN1_BOOLEAN || string->type == V_ASN1_NULL
        || string->type == V_ASN1_OBJECT) {
        goto out;
    }
    if (!asn1_text_append(string->value.asn1_string, &text, &ignored)) goto out;
    ok = strlen(buffer_text(&text)) == text.len
         && text_copy(name, CERTIFICATE_TEMPLATE_MAX, buffer_text(&text));
out:
    ASN1_TYPE_free(string);
    buffer_clear(&text);
    return ok;
}

/* CertificateTemplateOID ::= SEQUENCE { templateID OBJECT IDENTIFIER, versions OPTIONAL } */
static bool read_oid(struct bytes value, char name[CERTIFICATE_TEMPLATE_MAX])
{
    struct error ignored = ERROR_INIT;
    struct stack_st_ASN1_TYPE *parts =
        value.data == NULL ? NULL : der_parts_sequence(value, "template", &ignored);
    const ASN1_OBJECT *oid = parts == NULL ? NULL : der_parts_object(parts, 0);
    int len = oid == NULL ? 0 : OBJ_obj2txt(name, CERTIFICATE_TEMPLATE_MAX, oid, 1);

    der_parts_free(parts);
    return len > 0 && len < CERTIFICATE_TEMPLATE_MAX;
}

bool certificate_usage_read(const X509 *cert, struct certificate_usage *out, struct error *err)
{
    struct certificate_usage usage = { 0 };
    int critical = 0;
    ASN1_BIT_STRING *bits = X509_get_ext_d2i(cert, NID_key_usage, &critical, NULL);

    ERR_clear_error();
    if (bits == NULL && critical != -1) { /* -1: there is none */
        return error_set(err, REASON_CERT_UNREADABLE, "key usage is malformed, or there twice");
    }
    if (bits != NULL) {
        usage.has_key_usage = true;
        usage.digital_signature = ASN1_BIT_STRING_get_bit(bits, 0) == 1;
        usage.key_encipherment = ASN1_BIT_STRING_get_bit(bits, 2) == 1;
    }
    ASN1_BIT_STRING_free(bits);
    if (!read_name(extension_value(cert, OID_TEMPLATE_NAME), usage.ad_template)
        && !read_oid(extension_value(cert, OID_TEMPLATE), usage.ad_template)) {
        usage.ad_template[0] = '\0';
    }
    ERR_clear_error();
    *out = usage;
    return true;
}

bool certificate_usage_has_eku(const X509 *cert, const char *oid)
{
    ASN1_OBJECT *wanted = OBJ_txt2obj(oid, 1);
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
    bool found = false;

    for (int i = 0; wanted != NULL && i < sk_ASN1_OBJECT_num(usages); i++) {
        found = found || OBJ_cmp(sk_ASN1_OBJECT_value(usages, i), wanted) == 0;
    }
    EXTENDED_KEY_USAGE_free(usages);
    ASN1_OBJECT_free(wanted);
    ERR_clear_error();
    return found;
}
