/* SPDX-License-Identifier: Apache-2.0 */
#include "model/csr_attributes.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "model/asn1_text.h"
#include "model/csr_parts.h"

#define KEY_USAGE_BITS 9

struct reading {
    struct csr_attributes result;
    STACK_OF(X509_EXTENSION) * extensions; /* of all extension requests together */
    bool seen[CSR_ATTRIBUTE_KINDS];
};

/*
 * RFC 2985 5.4.1 bounds it to 255 characters; an Intune challenge is far longer, so the bound is
 * ours.
 */
static bool read_challenge(const ASN1_STRING *value, struct csr_attributes *out, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CHALLENGE_BYTES + 1); /* and the NUL that is stripped */
    bool ok = false;

    if (value == NULL) {
        return error_set(err, REASON_SYNTAX, "challenge is not a character string");
    }
    if (!asn1_text_append(value, &text, err)) {
        (void)error_context(err, "challenge");
        goto out;
    }
    if (text.len > 0 && text.data[text.len - 1] == 0) {
        text.len--;
    }
    if (text.len > LIMIT_CHALLENGE_BYTES) {
        (void)error_set(err, REASON_LIMIT, "challenge of more than %u bytes",
                        LIMIT_CHALLENGE_BYTES);
        goto out;
    }
    if (text.len == 0) { /* what a renewing client writes: no challenge, never a match */
        ok = true;
        goto out;
    }
    if (memchr(text.data, 0, text.len) != NULL) {
        (void)error_set(err, REASON_SYNTAX, "challenge with a NUL inside");
        goto out;
    }
    if (!secret_take_buffer(&out->challenge, &text, err)) {
        goto out;
    }
    out->has_challenge = true;
    ok = true;
out:
    buffer_clear(&text);
    return ok;
}

static bool is_repeated(const STACK_OF(X509_EXTENSION) * list, const ASN1_OBJECT *type)
{
    for (int i = 0; i < sk_X509_EXTENSION_num(list); i++) {
        if (OBJ_cmp(X509_EXTENSION_get_object(sk_X509_EXTENSION_value(list, i)), type) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Add one request's extensions to those of the others; the same extension twice has no meaning
 * (RFC 5280 4.2).
 */
static bool collect_extensions(struct bytes raw, STACK_OF(X509_EXTENSION) * all, struct error *err)
{
    STACK_OF(X509_EXTENSION) *list = NULL;
    X509_EXTENSION *extension = NULL;
    const unsigned char *at = raw.data;
    bool ok = false;

    list = raw.data == NULL ? NULL : d2i_X509_EXTENSIONS(NULL, &at, (long)raw.len);
    if (list == NULL || at != raw.data + raw.len) {
        (void)error_set(err, REASON_SYNTAX, "extension request is malformed");
        goto out;
    }
    if (sk_X509_EXTENSION_num(list) + sk_X509_EXTENSION_num(all) > (int)LIMIT_EXTENSIONS) {
        (void)error_set(err, REASON_LIMIT, "more than %u extensions", LIMIT_EXTENSIONS);
        goto out;
    }
    while ((extension = sk_X509_EXTENSION_shift(list)) != NULL) {
        bool repeated = is_repeated(all, X509_EXTENSION_get_object(extension));

        if (repeated || sk_X509_EXTENSION_push(all, extension) <= 0) {
            (void)error_set(err, repeated ? REASON_SYNTAX : REASON_NO_MEMORY,
                            repeated ? "an extension is asked for twice"
                                     : "out of memory for an extension");
            X509_EXTENSION_free(extension);
            goto out;
        }
    }
    ok = true;
out:
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return ok;
}

/* One Attribute: SEQUENCE { type OID, values SET }. */
static bool read_attribute(struct bytes raw, struct reading *r, struct error *err)
{
    STACK_OF(ASN1_TYPE) *parts = NULL;
    STACK_OF(ASN1_TYPE) *values = NULL;
    enum csr_attribute_kind kind = CSR_ATTRIBUTE_UNKNOWN;
    bool ok = false;

    parts = csr_parts_attribute(raw, err);
    if (parts == NULL) {
        goto out;
    }
    kind = csr_parts_kind(der_parts_object(parts, CSR_ATTRIBUTE_TYPE));
    if (kind == CSR_ATTRIBUTE_UNKNOWN || kind == CSR_ATTRIBUTE_PAIR) {
        ok = true;
        goto out;
    }
    values = csr_parts_values(parts, err);
    if (values == NULL) {
        goto out;
    }
    if (r->seen[kind] || der_parts_count(values) > 1) {
        (void)error_set(err, REASON_SYNTAX, "%s is given twice",
                        kind == CSR_ATTRIBUTE_CHALLENGE ? "challenge" : "extension request");
        goto out;
    }
    r->seen[kind] = true;
    if (der_parts_count(values) == 0) { /* met in the wild: means none */
        ok = true;
    } else if (kind == CSR_ATTRIBUTE_CHALLENGE) {
        ok = read_challenge(der_parts_string(values, 0, der_parts_tag(values, 0)), &r->result, err);
    } else {
        ok = collect_extensions(der_parts_bytes(values, 0, V_ASN1_SEQUENCE), r->extensions, err);
    }
out:
    der_parts_free(values);
    der_parts_free(parts);
    return ok;
}

/* The extension's content; NULL when it is not asked for. Borrowed. */
static const ASN1_OCTET_STRING *find_extension(const STACK_OF(X509_EXTENSION) * all, int nid)
{
    int at = X509v3_get_ext_by_NID(all, nid, -1);

    return at < 0 ? NULL : X509_EXTENSION_get_data(sk_X509_EXTENSION_value(all, at));
}

/* DN limit also for the names inside a SAN. */
static bool san_within_limits(const GENERAL_NAMES *san, struct error *err)
{
    if (sk_GENERAL_NAME_num(san) > (int)LIMIT_SAN_ENTRIES) {
        return error_set(err, REASON_LIMIT, "%d subject alternative names, more than %u",
                         sk_GENERAL_NAME_num(san), LIMIT_SAN_ENTRIES);
    }
    for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(san, i);

        if (name->type == GEN_DIRNAME
            && i2d_X509_NAME(name->d.directoryName, NULL) > (int)LIMIT_DN_BYTES) {
            return error_set(err, REASON_LIMIT, "directory name of more than %u bytes",
                             LIMIT_DN_BYTES);
        }
    }
    return true;
}

static bool read_san(const ASN1_OCTET_STRING *content, struct csr_attributes *out,
                     struct error *err)
{
    GENERAL_NAMES *san = NULL;
    const unsigned char *start = ASN1_STRING_get0_data(content);
    const unsigned char *at = start;
    long len = ASN1_STRING_length(content);
    bool ok = false;

    san = d2i_GENERAL_NAMES(NULL, &at, len);
    if (san == NULL || at != start + len) {
        (void)error_set(err, REASON_SYNTAX, "subject alternative name is malformed");
        goto out;
    }
    if (!san_within_limits(san, err)) {
        goto out;
    }
    if (sk_GENERAL_NAME_num(san) > 0) { /* an empty list asks for nothing */
        out->san = san;
        san = NULL;
    }
    ok = true;
out:
    GENERAL_NAMES_free(san);
    return ok;
}

static bool read_key_usage(const ASN1_OCTET_STRING *content, struct csr_attributes *out,
                           struct error *err)
{
    ASN1_BIT_STRING *bits = NULL;
    const unsigned char *start = ASN1_STRING_get0_data(content);
    const unsigned char *at = start;
    long len = ASN1_STRING_length(content);
    bool ok = false;

    bits = d2i_ASN1_BIT_STRING(NULL, &at, len);
    if (bits == NULL || at != start + len) {
        (void)error_set(err, REASON_SYNTAX, "key usage is malformed");
        goto out;
    }
    for (int i = 0; i < 8 * ASN1_STRING_length(bits); i++) {
        if (ASN1_BIT_STRING_get_bit(bits, i) == 0) {
            continue;
        }
        if (i >= KEY_USAGE_BITS) {
            (void)error_set(err, REASON_SYNTAX, "key usage with unknown bit %d", i);
            goto out;
        }
        out->key_usage |= 1u << i;
    }
    out->has_key_usage = out->key_usage != 0; /* no bit set asks for nothing */
    ok = true;
out:
    ASN1_BIT_STRING_free(bits);
    return ok;
}

static bool read_extensions(struct reading *r, struct error *err)
{
    const ASN1_OCTET_STRING *san = find_extension(r->extensions, NID_subject_alt_name);
    const ASN1_OCTET_STRING *key_usage = find_extension(r->extensions, NID_key_usage);

    /* everything else stays unread: nothing but these two can ever be taken from a request */
    return (san == NULL || read_san(san, &r->result, err))
           && (key_usage == NULL || read_key_usage(key_usage, &r->result, err));
}

bool csr_attributes_parse(struct bytes raw, struct csr_attributes *out, struct error *err)
{
    STACK_OF(ASN1_TYPE) *list = NULL;
    struct reading r = { 0 };
    bool ok = false;

    csr_attributes_clear(out);
    list = csr_parts_attributes(raw, err);
    if (list == NULL) {
        goto out;
    }
    r.extensions = sk_X509_EXTENSION_new_null();
    if (r.extensions == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for extensions");
        goto out;
    }
    for (size_t i = 0; i < der_parts_count(list); i++) {
        if (!read_attribute(der_parts_bytes(list, i, V_ASN1_SEQUENCE), &r, err)) {
            goto out;
        }
    }
    if (!read_extensions(&r, err)) {
        goto out;
    }
    *out = r.result;
    memset(&r.result, 0, sizeof(r.result)); /* its content has a new owner */
    ok = true;
out:
    csr_attributes_clear(&r.result);
    sk_X509_EXTENSION_pop_free(r.extensions, X509_EXTENSION_free);
    der_parts_free(list);
    ERR_clear_error();
    return ok;
}

void csr_attributes_clear(struct csr_attributes *a)
{
    if (a == NULL) {
        return;
    }
    GENERAL_NAMES_free(a->san);
    secret_clear(&a->challenge);
    memset(a, 0, sizeof(*a));
}
