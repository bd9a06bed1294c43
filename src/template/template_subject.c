/* SPDX-License-Identifier: Apache-2.0 */
#include "template/template_subject.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "template/template_patterns.h"
#include "template/template_value.h"

#define ATTRIBUTE_NAME_MAX 128
#define VALUE_SHOWN_MAX 160

struct template_subject {
    STACK_OF(ASN1_OBJECT) * allowed;
    enum unlisted_action unlisted;
    bool require_cn;
    struct template_patterns cn_patterns;
    X509_NAME *append; /* in DER order: the last of the text first */
};

/* Name or OID of an attribute; NULL when unknown. Owned: ASN1_OBJECT_free. */
static ASN1_OBJECT *attribute_type(struct bytes name)
{
    char text[ATTRIBUTE_NAME_MAX];
    ASN1_OBJECT *type = NULL;

    if (name.len > 0 && name.len < sizeof(text)) {
        memcpy(text, name.data, name.len);
        text[name.len] = '\0';
        type = OBJ_txt2obj(text, 0);
    }
    ERR_clear_error();
    return type;
}

static bool compile_allowed(struct template_subject *s, const char *list, struct error *err)
{
    struct bytes all = bytes_of_text(list == NULL ? "" : list);
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    s->allowed = sk_ASN1_OBJECT_new_null();
    if (s->allowed == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a template");
    }
    while (text_next_item(all, ',', &pos, &item)) {
        ASN1_OBJECT *type = attribute_type(item);

        if (type == NULL) {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "subject.attributes: \"%.*s\" is not an attribute", (int)item.len,
                             (const char *)item.data);
        }
        if (sk_ASN1_OBJECT_push(s->allowed, type) <= 0) {
            ASN1_OBJECT_free(type);
            return error_set(err, REASON_NO_MEMORY, "out of memory for a template");
        }
    }
    return true;
}

/* "O=Example"; put in front: the text has the most specific attribute first, DER has it last. */
static bool compile_append_item(X509_NAME *name, struct bytes item, struct error *err)
{
    const uint8_t *equals = memchr(item.data, '=', item.len);
    size_t name_len = equals == NULL ? 0 : (size_t)(equals - item.data);
    ASN1_OBJECT *type = attribute_type(text_trim(bytes_of(item.data, name_len)));
    struct bytes value = { NULL, 0 };
    bool ok = false;

    if (type != NULL) {
        value = text_trim(bytes_of(equals + 1, item.len - name_len - 1));
        ok = value.len > 0
             && X509_NAME_add_entry_by_OBJ(name, type, MBSTRING_UTF8, value.data, (int)value.len, 0,
                                           0)
                    == 1;
    }
    if (!ok) {
        (void)error_set(err, REASON_CONFIG_BAD_VALUE,
                        "subject.append: \"%.*s\" is not ATTRIBUTE=value of a possible length",
                        (int)item.len, (const char *)item.data);
    }
    ASN1_OBJECT_free(type);
    ERR_clear_error();
    return ok;
}

static bool compile_append(struct template_subject *s, const char *list, struct error *err)
{
    struct bytes all = bytes_of_text(list == NULL ? "" : list);
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    s->append = X509_NAME_new();
    if (s->append == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a template");
    }
    while (text_next_item(all, ',', &pos, &item)) {
        if (!compile_append_item(s->append, item, err)) {
            return false;
        }
    }
    /*
     * A name that was built in memory is encoded, and changed by that, when it is first copied.
     * Once here, so that the requests which share it only read.
     */
    return i2d_X509_NAME(s->append, NULL) > 0
           || error_set(err, REASON_NO_MEMORY, "out of memory for a template");
}

struct template_subject *template_subject_create(const struct template_config *config,
                                                 struct error *err)
{
    struct template_subject *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a template");
        return NULL;
    }
    s->unlisted = config->subject.unlisted;
    s->require_cn = config->subject.require_cn;
    if (!compile_allowed(s, config->subject.attributes, err)
        || !compile_append(s, config->subject.append, err)
        || !template_patterns_init(&s->cn_patterns, config->subject.cn_patterns, err)) {
        template_subject_free(s);
        return NULL;
    }
    return s;
}

void template_subject_free(struct template_subject *s)
{
    if (s == NULL) {
        return;
    }
    sk_ASN1_OBJECT_pop_free(s->allowed, ASN1_OBJECT_free);
    template_patterns_clear(&s->cn_patterns);
    X509_NAME_free(s->append);
    free(s);
}

static bool is_listed(const STACK_OF(ASN1_OBJECT) * list, const ASN1_OBJECT *type)
{
    for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
        if (OBJ_cmp(sk_ASN1_OBJECT_value(list, i), type) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_cn(const ASN1_OBJECT *type)
{
    return OBJ_obj2nid(type) == NID_commonName;
}

/* Short name or OID for messages. */
static void attribute_name(const ASN1_OBJECT *type, char *text, size_t size)
{
    int nid = OBJ_obj2nid(type);

    if (nid == NID_undef || !text_copy(text, size, OBJ_nid2sn(nid))) {
        if (OBJ_obj2txt(text, (int)size, type, 1) <= 0) {
            text[0] = '\0';
        }
    }
}

static bool check_value(const struct template_subject *s, const X509_NAME_ENTRY *entry,
                        struct error *err)
{
    const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
    enum reason reason = is_cn(type) ? REASON_SUBJECT_CN : REASON_SUBJECT_ATTRIBUTE;
    struct buffer text = BUFFER_INIT(4u * LIMIT_DN_BYTES);
    char name[ATTRIBUTE_NAME_MAX];
    char shown[VALUE_SHOWN_MAX];
    bool ok = false;

    attribute_name(type, name, sizeof(name));
    if (!template_value_text(X509_NAME_ENTRY_get_data(entry), reason, &text, err)) {
        (void)error_context(err, "subject attribute %s", name);
        goto out;
    }
    if (is_cn(type) && !template_patterns_allow(&s->cn_patterns, buffer_bytes(&text))) {
        text_escape(shown, sizeof(shown), buffer_bytes(&text));
        (void)error_set(err, REASON_SUBJECT_CN, "common name \"%s\" fits no pattern", shown);
        goto out;
    }
    ok = true;
out:
    buffer_clear(&text);
    return ok;
}

/* Decide on one attribute of the request: *take tells whether it goes into the certificate. */
static bool judge_entry(const struct template_subject *s, const X509_NAME_ENTRY *entry, bool *take,
                        struct error *err)
{
    const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
    char name[ATTRIBUTE_NAME_MAX];

    *take = false;
    if (X509_NAME_get_index_by_OBJ(s->append, type, -1) >= 0) {
        return true; /* replaced by the template's own */
    }
    if (!is_listed(s->allowed, type)) {
        if (s->unlisted == UNLISTED_DROP) {
            return true;
        }
        attribute_name(type, name, sizeof(name));
        return error_set(err, REASON_SUBJECT_ATTRIBUTE, "subject attribute %s is not listed", name);
    }
    *take = true;
    return check_value(s, entry, err);
}

static bool take_entries(const struct template_subject *s, const X509_NAME *wanted, X509_NAME *out,
                         struct error *err)
{
    int last_rdn = -1;

    for (int i = 0; i < X509_NAME_entry_count(wanted); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(wanted, i);
        int rdn = X509_NAME_ENTRY_set(entry);
        bool take = false;

        if (!judge_entry(s, entry, &take, err)) {
            return false;
        }
        if (!take) {
            continue;
        }
        /* -1: into the RDN before; 0: a new one. The entry is copied with its string type. */
        if (X509_NAME_add_entry(out, entry, -1, rdn == last_rdn ? -1 : 0) != 1) {
            return error_set(err, REASON_NO_MEMORY, "out of memory for a subject");
        }
        last_rdn = rdn;
    }
    return true;
}

X509_NAME *template_subject_make(const struct template_subject *s, const X509_NAME *wanted,
                                 struct error *err)
{
    X509_NAME *out = X509_NAME_dup(s->append);
    bool ok = false;

    if (out == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a subject");
        goto out;
    }
    if (!take_entries(s, wanted, out, err)) {
        goto out;
    }
    if (s->require_cn && X509_NAME_get_index_by_NID(out, NID_commonName, -1) < 0) {
        (void)error_set(err, REASON_SUBJECT_CN, "the subject has no common name");
        goto out;
    }
    if (i2d_X509_NAME(out, NULL) > (int)LIMIT_DN_BYTES) {
        (void)error_set(err, REASON_SUBJECT_TOO_LONG, "subject of more than %u bytes",
                        LIMIT_DN_BYTES);
        goto out;
    }
    ok = true;
out:
    ERR_clear_error();
    if (!ok) {
        X509_NAME_free(out);
        out = NULL;
    }
    return out;
}
