/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_learn_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "model/asn1_text.h"
#include "model/sid.h"

#define VALUES_MAX 256 /* of one request: 100 names, some of which are joined */

void policy_learn_values_clear(struct policy_learn_values *values)
{
    if (values == NULL) {
        return;
    }
    for (size_t i = 0; i < values->count; i++) {
        buffer_clear(&values->item[i].text);
    }
    free(values->item);
    values->item = NULL;
    values->count = 0;
}

static bool is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return false;
        }
    }
    return text.len > 0 && text_utf8_valid(text);
}

static bool add(struct policy_learn_values *out, const char *key, enum policy_san_type type,
                struct bytes text, struct error *err)
{
    struct policy_learn_value *grown;
    struct policy_learn_value *v;

    if (!is_plain(text)) {
        return error_set(err, REASON_SYNTAX, "%s: a value is empty or no plain text", key);
    }
    if (out->count == VALUES_MAX) {
        return error_set(err, REASON_LIMIT, "more than %d values", VALUES_MAX);
    }
    grown = realloc(out->item, (out->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        return error_set(err, REASON_NO_MEMORY, "a request's names");
    }
    out->item = grown;
    v = &grown[out->count++];
    *v = (struct policy_learn_value){ .type = type, .text = BUFFER_INIT(LIMIT_DN_BYTES) };
    (void)snprintf(v->key, sizeof(v->key), "%s", key);
    return buffer_append_bytes(&v->text, text, err);
}

bool policy_learn_read_subject(const struct csr *csr, struct policy_learn_values *out,
                               struct error *err)
{
    const X509_NAME *name = csr_subject(csr);
    bool ok = true;

    for (int i = 0; ok && i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        struct buffer text = BUFFER_INIT(LIMIT_DN_BYTES);
        char oid[128];
        int len = OBJ_obj2txt(oid, sizeof(oid), X509_NAME_ENTRY_get_object(entry), 1);

        if (len <= 0 || len >= (int)sizeof(oid)) {
            ok = error_set(err, REASON_LIMIT, "an attribute's OID is too long");
        } else {
            ok = asn1_text_append(X509_NAME_ENTRY_get_data(entry), &text, err)
                 && add(out, oid, POLICY_SAN_DNS, buffer_bytes(&text), err);
        }
        buffer_clear(&text);
    }
    return ok;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Does a URI begin here? A comma inside of one is followed by something else. */
static bool begins_uri(const char *text)
{
    size_t len = 0;

    if (!((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z'))) {
        return false;
    }
    while (text[len] != '\0'
           && ((text[len] >= 'A' && text[len] <= 'Z') || (text[len] >= 'a' && text[len] <= 'z')
               || (text[len] >= '0' && text[len] <= '9') || strchr("+.-", text[len]) != NULL)) {
        len++;
    }
    return text[len] == ':';
}

static void key_of(enum policy_san_type type, struct bytes value, char *key, size_t size)
{
    const uint8_t *colon = memchr(value.data, ':', value.len);
    char text[SID_TEXT_MAX];
    int len = colon == NULL ? 0 : (int)(colon - value.data);

    if (type == POLICY_SAN_URI && sid_of_uri(value, text)) {
        (void)snprintf(key, size, "uri:sid");
    } else if (type == POLICY_SAN_URI && len > 0) {
        (void)snprintf(key, size, "uri:%.*s", len > 100 ? 100 : len, (const char *)value.data);
    } else {
        (void)snprintf(key, size, "%s", policy_san_word(type));
    }
}

static bool add_san(struct policy_learn_values *out, enum policy_san_type type, struct bytes value,
                    struct error *err)
{
    char key[160];

    key_of(type, value, key, sizeof(key));
    return add(out, key, type, value, err);
}

/* One name, which may be several joined by commas. */
static bool split(struct policy_learn_values *out, enum policy_san_type type, const char *text,
                  struct error *err)
{
    const char *begin = text;

    if (type == POLICY_SAN_URI || type == POLICY_SAN_DNS) {
        for (const char *c = strchr(text, ','); c != NULL; c = strchr(c + 1, ',')) {
            if (type == POLICY_SAN_URI && !begins_uri(c + 1)) {
                continue;
            }
            if (!add_san(out, type, bytes_of(begin, (size_t)(c - begin)), err)) {
                return false;
            }
            begin = c + 1;
        }
    }
    return add_san(out, type, bytes_of_text(begin), err);
}

/* The string of a name that a policy can ask for; NULL: of another type. */
static const ASN1_STRING *string_of(const GENERAL_NAME *name, enum policy_san_type *type)
{
    switch (name->type) {
    case GEN_EMAIL:
        *type = POLICY_SAN_EMAIL;
        return name->d.rfc822Name;
    case GEN_DNS:
        *type = POLICY_SAN_DNS;
        return name->d.dNSName;
    case GEN_URI:
        *type = POLICY_SAN_URI;
        return name->d.uniformResourceIdentifier;
    case GEN_OTHERNAME:
        *type = POLICY_SAN_UPN;
        return OBJ_obj2nid(name->d.otherName->type_id) == NID_ms_upn
                       && name->d.otherName->value->type == V_ASN1_UTF8STRING
                   ? name->d.otherName->value->value.utf8string
                   : NULL;
    default:
        return NULL;
    }
}

bool policy_learn_read_san(const struct csr *csr, struct policy_learn_values *out, size_t *foreign,
                           struct error *err)
{
    bool ok = true;

    *foreign = 0;
    for (int i = 0; ok && i < sk_GENERAL_NAME_num(csr->san); i++) {
        enum policy_san_type type = POLICY_SAN_DNS;
        const ASN1_STRING *string = string_of(sk_GENERAL_NAME_value(csr->san, i), &type);
        struct buffer text = BUFFER_INIT(LIMIT_CSR_BYTES);

        if (string == NULL) {
            (*foreign)++;
            continue;
        }
        ok = asn1_text_append(string, &text, err)
             && (strlen(buffer_text(&text)) == text.len
                 || error_set(err, REASON_SYNTAX, "a name holds a NUL byte"))
             && split(out, type, buffer_text(&text), err);
        buffer_clear(&text);
    }
    return ok;
}
