/* SPDX-License-Identifier: Apache-2.0 */
#include "model/csr_details.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "base/text.h"
#include "model/asn1_text.h"
#include "model/csr_parts.h"

/* What a caller holds, and behind it what its views point to. */
struct details_owner {
    struct csr_details details; /* first: the caller's pointer is this one's */
    STACK_OF(X509_EXTENSION) * extensions;
};

static bool put_oid(char out[CSR_OID_TEXT_MAX], const ASN1_OBJECT *object, const char *what,
                    struct error *err)
{
    int len = object == NULL ? 0 : OBJ_obj2txt(out, CSR_OID_TEXT_MAX, object, 1);

    if (len <= 0) {
        return error_set(err, REASON_SYNTAX, "%s has a malformed OID", what);
    }
    return len < CSR_OID_TEXT_MAX
           || error_set(err, REASON_LIMIT, "%s has an OID of %d characters", what, len);
}

/* ---- digest of the signature ----------------------------------------------------------------- */

static enum csr_digest digest_of_nid(int nid)
{
    static const struct {
        int nid;
        enum csr_digest digest;
    } known[] = {
        { NID_md5, CSR_DIGEST_MD5 },       { NID_sha1, CSR_DIGEST_SHA1 },
        { NID_sha224, CSR_DIGEST_SHA224 }, { NID_sha256, CSR_DIGEST_SHA256 },
        { NID_sha384, CSR_DIGEST_SHA384 }, { NID_sha512, CSR_DIGEST_SHA512 },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].nid == nid) {
            return known[i].digest;
        }
    }
    return CSR_DIGEST_OTHER;
}

/* RSASSA-PSS names its digest in the parameters; SHA-1 is the default (RFC 4055 3.1). */
static enum csr_digest digest_of_pss(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *hash = NULL;
    RSA_PSS_PARAMS *pss = NULL;
    enum csr_digest digest = CSR_DIGEST_OTHER;

    pss = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter);
    if (pss != NULL && pss->hashAlgorithm == NULL) {
        digest = CSR_DIGEST_SHA1;
    } else if (pss != NULL) {
        X509_ALGOR_get0(&hash, NULL, NULL, pss->hashAlgorithm);
        digest = digest_of_nid(OBJ_obj2nid(hash));
    }
    RSA_PSS_PARAMS_free(pss);
    return digest;
}

static bool read_algorithm(struct bytes raw, struct csr_details *out, struct error *err)
{
    const unsigned char *at = raw.data;
    X509_ALGOR *algorithm = raw.data == NULL ? NULL : d2i_X509_ALGOR(NULL, &at, (long)raw.len);
    const ASN1_OBJECT *object = NULL;
    int digest = NID_undef;
    bool ok = false;

    if (algorithm == NULL || at != raw.data + raw.len) {
        (void)error_set(err, REASON_SYNTAX, "signature algorithm is malformed");
        goto out;
    }
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    if (!put_oid(out->signature_oid, object, "signature algorithm", err)) {
        goto out;
    }
    if (OBJ_obj2nid(object) == NID_rsassaPss) {
        out->digest = digest_of_pss(algorithm);
    } else if (OBJ_find_sigid_algs(OBJ_obj2nid(object), &digest, NULL) == 1) {
        out->digest = digest_of_nid(digest);
    }
    ok = true;
out:
    X509_ALGOR_free(algorithm);
    return ok;
}

/* ---- extensions ------------------------------------------------------------------------------ */

static bool read_eku(struct bytes raw, struct csr_details *out, struct error *err)
{
    const unsigned char *at = raw.data;
    EXTENDED_KEY_USAGE *usages = d2i_EXTENDED_KEY_USAGE(NULL, &at, (long)raw.len);
    int count = sk_ASN1_OBJECT_num(usages);
    bool ok = false;

    if (usages == NULL || at != raw.data + raw.len) {
        (void)error_set(err, REASON_SYNTAX, "extended key usage is malformed");
        goto out;
    }
    if ((size_t)count + out->eku_count > CSR_DETAIL_OIDS) {
        (void)error_set(err, REASON_LIMIT, "more than %d extended key usages", CSR_DETAIL_OIDS);
        goto out;
    }
    for (int i = 0; i < count; i++) {
        if (!put_oid(out->eku[out->eku_count], sk_ASN1_OBJECT_value(usages, i),
                     "extended key usage", err)) {
            goto out;
        }
        out->eku_count++;
    }
    out->has_eku = out->eku_count > 0;
    ok = true;
out:
    EXTENDED_KEY_USAGE_free(usages);
    return ok;
}

static bool read_basic_constraints(struct bytes raw, struct csr_details *out, struct error *err)
{
    const unsigned char *at = raw.data;
    BASIC_CONSTRAINTS *constraints = d2i_BASIC_CONSTRAINTS(NULL, &at, (long)raw.len);
    bool ok = constraints != NULL && at == raw.data + raw.len;

    if (ok) {
        out->has_basic_constraints = true;
        out->is_ca = out->is_ca || constraints->ca != 0; /* of two, the worse one */
    } else {
        (void)error_set(err, REASON_SYNTAX, "basic constraints are malformed");
    }
    BASIC_CONSTRAINTS_free(constraints);
    return ok;
}

static bool read_extension(X509_EXTENSION *from, struct csr_details *out, struct error *err)
{
    struct csr_extension *extension = &out->extension[out->extension_count];
    const ASN1_OBJECT *type = X509_EXTENSION_get_object(from);
    const ASN1_OCTET_STRING *content = X509_EXTENSION_get_data(from);

    if (!put_oid(extension->oid, type, "extension", err)) {
        return false;
    }
    extension->critical = X509_EXTENSION_get_critical(from) == 1;
    extension->value =
        bytes_of(ASN1_STRING_get0_data(content), (size_t)ASN1_STRING_length(content));
    out->extension_count++;
    switch (OBJ_obj2nid(type)) {
    case NID_ext_key_usage:
        return read_eku(extension->value, out, err);
    case NID_basic_constraints:
        return read_basic_constraints(extension->value, out, err);
    default: /* 1.3.6.1.4.1.311.21.8 among them: what Intune's clients put there is no template */
        return true;
    }
}

static bool read_extensions(struct bytes raw, struct details_owner *owner, struct error *err)
{
    const unsigned char *at = raw.data;
    STACK_OF(X509_EXTENSION) *list =
        raw.data == NULL ? NULL : d2i_X509_EXTENSIONS(NULL, &at, (long)raw.len);
    bool ok = false;

    if (list == NULL || at != raw.data + raw.len) {
        (void)error_set(err, REASON_SYNTAX, "extension request is malformed");
        goto out;
    }
    if ((size_t)sk_X509_EXTENSION_num(list) + owner->details.extension_count > CSR_DETAIL_OIDS) {
        (void)error_set(err, REASON_LIMIT, "more than %d extensions", CSR_DETAIL_OIDS);
        goto out;
    }
    while (sk_X509_EXTENSION_num(list) > 0) {
        X509_EXTENSION *extension = sk_X509_EXTENSION_shift(list);

        if (sk_X509_EXTENSION_push(owner->extensions, extension) <= 0) {
            X509_EXTENSION_free(extension);
            (void)error_set(err, REASON_NO_MEMORY, "out of memory for an extension");
            goto out;
        }
        if (!read_extension(extension, &owner->details, err)) {
            goto out;
        }
    }
    ok = true;
out:
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return ok;
}

/* ---- name/value pairs ------------------------------------------------------------------------ */

/* One half of a pair; a NUL at its end is some client's terminator. */
static bool read_pair_text(const STACK_OF(ASN1_TYPE) * parts, size_t index,
                           char text[CSR_PAIR_TEXT], struct error *err)
{
    const ASN1_STRING *string = der_parts_string(parts, index, der_parts_tag(parts, index));
    struct buffer utf8 = BUFFER_INIT(LIMIT_CSR_BYTES);
    bool ok = false;

    if (string == NULL) {
        (void)error_set(err, REASON_SYNTAX, "name/value pair without texts");
        goto out;
    }
    if (!asn1_text_append(string, &utf8, err)) {
        (void)error_context(err, "name/value pair");
        goto out;
    }
    if (utf8.len > 0 && utf8.data[utf8.len - 1] == 0) {
        utf8.len--;
    }
    if (utf8.len > 0 && memchr(utf8.data, 0, utf8.len) != NULL) {
        (void)error_set(err, REASON_SYNTAX, "name/value pair with a NUL inside");
        goto out;
    }
    if (!text_copy(text, CSR_PAIR_TEXT, buffer_text(&utf8))) {
        (void)error_set(err, REASON_LIMIT, "text of %zu bytes in a name/value pair", utf8.len);
        goto out;
    }
    ok = true;
out:
    buffer_clear(&utf8);
    return ok;
}

static bool read_pair(struct bytes raw, struct csr_details *out, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = NULL;
    bool ok = false;

    if (out->pair_count == CSR_PAIRS) {
        return error_set(err, REASON_LIMIT, "more than %d name/value pairs", CSR_PAIRS);
    }
    parts = der_parts_sequence(raw, "name/value pair", err);
    if (parts == NULL) {
        goto out;
    }
    if (der_parts_count(parts) != 2) {
        (void)error_set(err, REASON_SYNTAX, "name/value pair of %zu parts", der_parts_count(parts));
        goto out;
    }
    ok = read_pair_text(parts, 0, out->pair[out->pair_count].name, err)
         && read_pair_text(parts, 1, out->pair[out->pair_count].value, err);
    out->pair_count += ok ? 1 : 0;
out:
    der_parts_free(parts);
    return ok;
}

/* ---- attributes ------------------------------------------------------------------------------ */

static bool read_value(enum csr_attribute_kind kind, const STACK_OF(ASN1_TYPE) * values,
                       size_t index, struct details_owner *owner, struct error *err)
{
    struct bytes raw = der_parts_bytes(values, index, V_ASN1_SEQUENCE);

    return kind == CSR_ATTRIBUTE_PAIR ? read_pair(raw, &owner->details, err)
                                      : read_extensions(raw, owner, err);
}

static bool read_attribute(struct bytes raw, struct details_owner *owner, struct error *err)
{
    struct csr_details *out = &owner->details;
    STACK_OF(ASN1_TYPE) *values = NULL;
    STACK_OF(ASN1_TYPE) *parts = csr_parts_attribute(raw, err);
    enum csr_attribute_kind kind = CSR_ATTRIBUTE_UNKNOWN;
    bool ok = false;

    if (parts == NULL
        || !put_oid(out->attribute[out->attribute_count],
                    der_parts_object(parts, CSR_ATTRIBUTE_TYPE), "attribute", err)) {
        goto out;
    }
    out->attribute_count++;
    kind = csr_parts_kind(der_parts_object(parts, CSR_ATTRIBUTE_TYPE));
    if (kind == CSR_ATTRIBUTE_UNKNOWN || kind == CSR_ATTRIBUTE_CHALLENGE) {
        out->has_challenge_attribute =
            out->has_challenge_attribute || kind == CSR_ATTRIBUTE_CHALLENGE;
        ok = true;
        goto out;
    }
    values = csr_parts_values(parts, err);
    if (values == NULL) {
        goto out;
    }
    ok = true;
    for (size_t i = 0; ok && i < der_parts_count(values); i++) {
        ok = read_value(kind, values, i, owner, err);
    }
out:
    der_parts_free(values);
    der_parts_free(parts);
    return ok;
}

static bool read_attributes(struct bytes raw, struct details_owner *owner, struct error *err)
{
    STACK_OF(ASN1_TYPE) *list = csr_parts_attributes(raw, err);
    bool ok = list != NULL;

    _Static_assert(LIMIT_CMS_ATTRIBUTES <= CSR_DETAIL_OIDS, "all attributes find room");
    for (size_t i = 0; ok && i < der_parts_count(list); i++) {
        ok = read_attribute(der_parts_bytes(list, i, V_ASN1_SEQUENCE), owner, err);
    }
    der_parts_free(list);
    return ok;
}

static bool read_info(struct bytes raw, struct details_owner *owner, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = csr_parts_info(raw, err);
    bool ok = parts != NULL;

    if (der_parts_count(parts) == CSR_INFO_PARTS) {
        ok = read_attributes(der_parts_bytes(parts, CSR_INFO_ATTRIBUTES, V_ASN1_OTHER), owner, err);
    }
    der_parts_free(parts);
    return ok;
}

static bool read_request(struct bytes der, struct details_owner *owner, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = csr_parts_request(der, err);
    bool ok = parts != NULL
              && read_algorithm(der_parts_bytes(parts, CSR_PART_ALGORITHM, V_ASN1_SEQUENCE),
                                &owner->details, err)
              && read_info(der_parts_bytes(parts, CSR_PART_INFO, V_ASN1_SEQUENCE), owner, err);

    der_parts_free(parts);
    return ok;
}

struct csr_details *csr_details_parse(const struct csr *csr, struct error *err)
{
    struct details_owner *owner = calloc(1, sizeof(*owner));

    if (owner != NULL) {
        owner->extensions = sk_X509_EXTENSION_new_null();
    }
    if (owner == NULL || owner->extensions == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a request's details");
        free(owner);
        return NULL;
    }
    if (!read_request(buffer_bytes(&csr->der), owner, err)) {
        csr_details_free(&owner->details);
        owner = NULL;
    }
    ERR_clear_error();
    return owner == NULL ? NULL : &owner->details;
}

void csr_details_free(struct csr_details *details)
{
    struct details_owner *owner = (struct details_owner *)details;

    if (owner == NULL) {
        return;
    }
    sk_X509_EXTENSION_pop_free(owner->extensions, X509_EXTENSION_free);
    free(owner);
}

const char *csr_details_pair(const struct csr_details *details, const char *name)
{
    for (size_t i = 0; i < details->pair_count; i++) {
        if (text_equal_nocase(details->pair[i].name, name)) {
            return details->pair[i].value;
        }
    }
    return NULL;
}
