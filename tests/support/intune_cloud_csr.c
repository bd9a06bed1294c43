/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/ip_prefix.h"
#include "base/text.h"

/*
 * What Intune compares of a request with what it expected. Read with OpenSSL and not with our own
 * parser, so that the two check each other. There is no look at the digest, at validity, or at
 * extensions beyond subjectAltName, keyUsage and extendedKeyUsage: the real one has no code for
 * them.
 */

#define NAME_MAX_BYTES 1024

/* ---- challengePassword ----------------------------------------------------------------------- */

/* Appended as UTF-8; false: none, or an empty one. */
static bool read_challenge(X509_REQ *req, struct buffer *out)
{
    int at = X509_REQ_get_attr_by_NID(req, NID_pkcs9_challengePassword, -1);
    X509_ATTRIBUTE *attribute = at >= 0 ? X509_REQ_get_attr(req, at) : NULL;
    const ASN1_TYPE *value = attribute != NULL ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;
    struct error err = ERROR_INIT;
    unsigned char *text = NULL;
    int len = 0;
    bool ok = false;

    if (value == NULL || value->type == V_ASN1_BOOLEAN || value->type == V_ASN1_NULL
        || value->type == V_ASN1_OBJECT) {
        return false;
    }
    len = ASN1_STRING_to_UTF8(&text, value->value.asn1_string);
    ok = len > 0 && buffer_append(out, text, (size_t)len, &err);
    OPENSSL_free(text);
    return ok;
}

/* ---- subject --------------------------------------------------------------------------------- */

/* One RDN "TYPE=value" up to a comma, unescaped; *text moves behind it. */
static bool add_rdn(X509_NAME *name, const char **text)
{
    char type[64];
    char value[NAME_MAX_BYTES];
    const char *at = *text;
    size_t len = strcspn(at, "=");
    size_t used = 0;

    if (at[len] != '=' || !text_format(type, sizeof(type), "%.*s", (int)len, at)) return false;
    for (at += len + 1; *at != '\0' && *at != ','; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
        }
        if (used + 1 >= sizeof(value)) return false;
        value[used++] = *at;
    }
    *text = *at == ',' ? at + 1 : at;
    return X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const unsigned char *)value,
                                      (int)used, -1, 0)
           == 1;
}

/* Names are compared as X.509 does: types and order exactly, values without case. */
static const char *judge_subject(X509_REQ *req, const char *expected)
{
    const X509_NAME *subject = X509_REQ_get_subject_name(req);
    X509_NAME *name = X509_NAME_new();
    bool equal = false;

    if (X509_NAME_entry_count(subject) == 0) {
        X509_NAME_free(name);
        return "SubjectNameMissing";
    }
    while (name != NULL && *expected != '\0' && add_rdn(name, &expected)) {
    }
    equal = name != NULL && *expected == '\0' && X509_NAME_cmp(subject, name) == 0;
    X509_NAME_free(name);
    return equal ? NULL : "SubjectNameMismatch";
}

/* ---- subjectAltName -------------------------------------------------------------------------- */

static bool asn1_is(const ASN1_STRING *string, const char *text)
{
    return bytes_equal(bytes_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)),
                       bytes_of_text(text));
}

static bool is_address(const ASN1_STRING *string, const char *text)
{
    struct ip_address address;
    struct error err = ERROR_INIT;

    return ip_address_parse(bytes_of_text(text), &address, &err)
           && bytes_equal(
               bytes_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)),
               bytes_of(address.octets, address.v6 ? 16 : 4));
}

static bool is_upn(const OTHERNAME *other, const char *text)
{
    char oid[64];

    return OBJ_obj2txt(oid, sizeof(oid), other->type_id, 1) > 0
           && strcmp(oid, "1.3.6.1.4.1.311.20.2.3") == 0 && other->value->type == V_ASN1_UTF8STRING
           && asn1_is(other->value->value.utf8string, text);
}

/* Is this the entry "dns:a.example" stands for? */
static bool is_entry(const GENERAL_NAME *entry, const char *text)
{
    const char *colon = strchr(text, ':');

    if (colon == NULL) return false;
    switch (entry->type) {
    case GEN_DNS:
        return strncmp(text, "dns:", 4) == 0 && asn1_is(entry->d.dNSName, colon + 1);
    case GEN_EMAIL:
        return strncmp(text, "email:", 6) == 0 && asn1_is(entry->d.rfc822Name, colon + 1);
    case GEN_URI:
        return strncmp(text, "uri:", 4) == 0
               && asn1_is(entry->d.uniformResourceIdentifier, colon + 1);
    case GEN_IPADD:
        return strncmp(text, "ip:", 3) == 0 && is_address(entry->d.iPAddress, colon + 1);
    case GEN_OTHERNAME:
        return strncmp(text, "upn:", 4) == 0 && is_upn(entry->d.otherName, colon + 1);
    default:
        return false;
    }
}

static bool has_entry(const GENERAL_NAMES *names, const char *text)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (is_entry(sk_GENERAL_NAME_value(names, i), text)) return true;
    }
    return false;
}

/* The same number, and each of them. */
static const char *judge_sans(STACK_OF(X509_EXTENSION) * extensions, const struct json *expected)
{
    GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    const char *code = NULL;

    if (names == NULL) return "SubjectAltNameMissing";
    if ((size_t)sk_GENERAL_NAME_num(names) != json_value_count(expected)) {
        code = "SubjectAltNameMismatch";
    }
    for (size_t i = 0; code == NULL && i < json_value_count(expected); i++) {
        if (!has_entry(names, json_value_text(json_value_at(expected, i)))) {
            code = "SubjectAltNameMismatch";
        }
    }
    GENERAL_NAMES_free(names);
    return code;
}

/* ---- key and usages -------------------------------------------------------------------------- */

static const char *judge_key(X509_REQ *req, int64_t bits)
{
    EVP_PKEY *key = X509_REQ_get0_pubkey(req);

    return key != NULL && EVP_PKEY_get_bits(key) == bits ? NULL : "KeyLengthMismatch";
}

static const char *judge_key_usage(STACK_OF(X509_EXTENSION) * extensions, int64_t expected)
{
    ASN1_BIT_STRING *bits = X509V3_get_d2i(extensions, NID_key_usage, NULL, NULL);
    int64_t found = 0;

    for (int i = 0; bits != NULL && i < 9; i++) {
        found |= ASN1_BIT_STRING_get_bit(bits, i) == 1 ? INT64_C(1) << i : 0;
    }
    ASN1_BIT_STRING_free(bits);
    return found == expected ? NULL : "KeyUsageMismatch";
}

static bool has_usage(const EXTENDED_KEY_USAGE *usages, const char *oid)
{
    char text[128];

    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        if (OBJ_obj2txt(text, sizeof(text), sk_ASN1_OBJECT_value(usages, i), 1) > 0
            && strcmp(text, oid) == 0) {
            return true;
        }
    }
    return false;
}

static const char *judge_ekus(STACK_OF(X509_EXTENSION) * extensions, const struct json *expected)
{
    EXTENDED_KEY_USAGE *usages = X509V3_get_d2i(extensions, NID_ext_key_usage, NULL, NULL);
    const char *code = NULL;

    if (usages == NULL) return "EnhancedKeyUsageMissing";
    if ((size_t)sk_ASN1_OBJECT_num(usages) != json_value_count(expected)) {
        code = "EnhancedKeyUsageMismatch";
    }
    for (size_t i = 0; code == NULL && i < json_value_count(expected); i++) {
        if (!has_usage(usages, json_value_text(json_value_at(expected, i)))) {
            code = "EnhancedKeyUsageMismatch";
        }
    }
    EXTENDED_KEY_USAGE_free(usages);
    return code;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static const char *judge_expected(X509_REQ *req, const struct json *expected)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(req);
    const struct json *subject = json_value_get(expected, "subject");
    const struct json *sans = json_value_get(expected, "sans");
    const struct json *ekus = json_value_get(expected, "ekus");
    const struct json *bits = json_value_get(expected, "keyBits");
    const struct json *usage = json_value_get(expected, "keyUsage");
    const char *code = NULL;

    if (subject != NULL) {
        code = judge_subject(req, json_value_text(subject));
    }
    if (code == NULL && sans != NULL) {
        code = judge_sans(extensions, sans);
    }
    if (code == NULL && bits != NULL) {
        code = judge_key(req, json_value_integer(bits));
    }
    if (code == NULL && usage != NULL) {
        code = judge_key_usage(extensions, json_value_integer(usage));
    }
    if (code == NULL && ekus != NULL) {
        code = judge_ekus(extensions, ekus);
    }
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return code;
}

static const char *judge(struct intune_cloud_server *cloud, X509_REQ *req, bool any_challenge,
                         char *text, size_t size)
{
    struct buffer challenge = BUFFER_INIT(CLOUD_VALUE_MAX);
    struct json *expected = NULL;
    const char *code = "ChallengePasswordMissing";

    if (read_challenge(req, &challenge)) {
        code = NULL;
        if (!any_challenge) {
            expected = cloud_challenge_open(cloud, buffer_bytes(&challenge), &code, text, size);
        }
    }
    if (code == NULL && expected != NULL) {
        code = judge_expected(req, expected);
    }
    json_value_free(expected);
    buffer_clear(&challenge);
    return code != NULL ? code : "Success";
}

const char *cloud_csr_judge(struct intune_cloud_server *cloud, struct bytes csr, bool any_challenge,
                            char *text, size_t size)
{
    const unsigned char *at = csr.data;
    X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)csr.len);
    const char *code = "CertificateRequestDecodingFailed";

    text[0] = '\0';
    if (req != NULL && at == csr.data + csr.len) {
        code = judge(cloud, req, any_challenge, text, size);
    }
    if (strcmp(code, "Success") != 0 && text[0] == '\0') {
        (void)!text_copy(text, size, "the request is not what was expected");
    }
    X509_REQ_free(req);
    ERR_clear_error();
    return code;
}
