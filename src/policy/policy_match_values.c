/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_match_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "model/asn1_text.h"
#include "model/sid.h"

#define OID_UPN "1.3.6.1.4.1.311.20.2.3"

bool match_group_equal(const struct match_group *a, const struct match_group *b)
{
    return a->is_subject == b->is_subject
           && (a->is_subject ? strcmp(a->oid, b->oid) == 0 : a->type == b->type);
}

/* ---- joined names ---------------------------------------------------------------------------- */

static bool is_alpha(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 3986 3.1, and the colon behind it. */
static bool begins_with_scheme(struct bytes text)
{
    size_t i = 0;

    while (i < text.len
           && (is_alpha(text.data[i])
               || (i > 0
                   && ((text.data[i] >= '0' && text.data[i] <= '9') || text.data[i] == '+'
                       || text.data[i] == '.' || text.data[i] == '-')))) {
        i++;
    }
    return i > 0 && i < text.len && text.data[i] == ':';
}

/* In a pattern: the variable that stands for the whole tag begins a URI, too. */
static bool begins_with_tag_variable(struct bytes text)
{
    const uint8_t *end = NULL;

    if (text.len < 5 || text.data[0] != '{' || text.data[1] != '{') {
        return false;
    }
    end = memchr(text.data, '}', text.len);
    return end != NULL
           && policy_variable_find(bytes_of(text.data + 2, (size_t)(end - text.data) - 2))
                  == POLICY_VARIABLE_SID;
}

bool match_next_piece(enum policy_san_type type, struct bytes text, size_t *pos,
                      struct bytes *piece)
{
    size_t depth = 0; /* inside {{...}} */
    size_t i = *pos;

    if (*pos > text.len) {
        return false;
    }
    for (; i < text.len; i++) {
        struct bytes rest = bytes_of(text.data + i + 1, text.len - i - 1);

        if (text.data[i] == '{') {
            depth++;
        } else if (text.data[i] == '}') {
            depth -= depth > 0 ? 1 : 0;
        } else if (text.data[i] == ',' && depth == 0
                   && (type == POLICY_SAN_DNS
                       || (type == POLICY_SAN_URI
                           && (begins_with_scheme(rest) || begins_with_tag_variable(rest))))) {
            break;
        }
    }
    *piece = bytes_of(text.data + *pos, i - *pos);
    *pos = i + 1;
    return true;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/*
 * The text of a string as UTF-8: borrowed where it is that already, else put into the verdict.
 */
static bool read_text(struct policy_matching *m, const ASN1_STRING *string, struct bytes *out,
                      struct error *err)
{
    struct bytes raw = bytes_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
    struct buffer utf8 = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct policy_verdict *v = m->verdict;
    bool ok = asn1_text_append(string, &utf8, err);

    if (ok && bytes_equal(raw, buffer_bytes(&utf8))) {
        *out = raw;
    } else if (ok && utf8.len > POLICY_VALUES_MAX - v->values_len) {
        ok = error_set(err, REASON_LIMIT, "names of more than %d bytes", POLICY_VALUES_MAX);
    } else if (ok) {
        *out = bytes_of(v->values + v->values_len, utf8.len);
        if (utf8.len > 0) {
            memcpy(v->values + v->values_len, utf8.data, utf8.len);
            v->values_len += utf8.len;
        }
    }
    buffer_clear(&utf8);
    return ok;
}

static bool add_value(struct match_values *values, const struct match_group *group,
                      struct bytes text, struct error *err)
{
    if (values->count == MATCH_SUBJECT_MAX + MATCH_SAN_MAX) {
        return error_set(err, REASON_LIMIT, "more than %u names", MATCH_SAN_MAX);
    }
    values->item[values->count++] = (struct match_value){
        .group = *group,
        .text = text,
        .tagged = !group->is_subject && group->type == POLICY_SAN_URI && sid_tags_in_uri(text) > 0,
    };
    return true;
}

static bool read_subject(struct policy_matching *m, struct match_values *out, struct error *err)
{
    const X509_NAME *name = csr_subject(m->request->csr);
    int last_set = -1;

    if (X509_NAME_entry_count(name) > (int)MATCH_SUBJECT_MAX) {
        return error_set(err, REASON_LIMIT, "subject of more than %u attributes",
                         MATCH_SUBJECT_MAX);
    }
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        struct match_group group = { .is_subject = true };
        struct bytes text = { NULL, 0 };
        int len = OBJ_obj2txt(group.oid, sizeof(group.oid), X509_NAME_ENTRY_get_object(entry), 1);

        if (len <= 0 || len >= (int)sizeof(group.oid)) {
            return error_set(err, REASON_SYNTAX, "subject with an attribute of an odd type");
        }
        if (!read_text(m, X509_NAME_ENTRY_get_data(entry), &text, err)) {
            return error_context(err, "subject");
        }
        out->grouped = out->grouped || X509_NAME_ENTRY_set(entry) == last_set;
        last_set = X509_NAME_ENTRY_set(entry);
        if (!add_value(out, &group, text, err)) {
            return false;
        }
    }
    out->subject_count = out->count;
    return true;
}

/* ---- alternative names ----------------------------------------------------------------------- */

/* A kind that no policy can have; its content is of no use to anybody. */
static void tell_foreign(struct policy_matching *m, const GENERAL_NAME *name)
{
    static const char *const kinds[] = {
        [GEN_OTHERNAME] = "otherName",    [GEN_X400] = "X.400 address",
        [GEN_DIRNAME] = "directory name", [GEN_EDIPARTY] = "EDI party",
        [GEN_IPADD] = "IP address",       [GEN_RID] = "registered ID",
    };
    char oid[MATCH_OID_MAX] = "";
    char found[MATCH_OID_MAX + 32];
    bool known = name->type >= 0 && (size_t)name->type < sizeof(kinds) / sizeof(kinds[0])
                 && kinds[name->type] != NULL;

    if (name->type == GEN_OTHERNAME) {
        (void)OBJ_obj2txt(oid, sizeof(oid), name->d.otherName->type_id, 1);
    }
    (void)snprintf(found, sizeof(found), "%s%s%s", known ? kinds[name->type] : "unknown kind",
                   oid[0] == '\0' ? "" : " ", oid);
    policy_match_tell(m, CHECK_SAN_TYPE, POLICY_DENY, PLACE_SAN, "email, dns, uri or upn", found);
}

/* A user principal name is an otherName with a character string; false: something else. */
static bool read_upn(struct policy_matching *m, const GENERAL_NAME *name, struct bytes *text)
{
    char oid[MATCH_OID_MAX] = "";
    struct error ignored = ERROR_INIT;
    const ASN1_TYPE *value = name->d.otherName->value;

    if (OBJ_obj2txt(oid, sizeof(oid), name->d.otherName->type_id, 1) <= 0
        || strcmp(oid, OID_UPN) != 0 || value == NULL || value->type == V_ASN1_BOOLEAN
        || value->type == V_ASN1_NULL || value->type == V_ASN1_OBJECT) {
        return false;
    }
    return read_text(m, value->value.asn1_string, text, &ignored);
}

/* Its type and text, as they stand there: an e-mail address with a letter that IA5 has not is none
 * that a pattern fits. */
static bool read_name(struct policy_matching *m, const GENERAL_NAME *name,
                      enum policy_san_type *type, struct bytes *text)
{
    const ASN1_IA5STRING *string = NULL;

    switch (name->type) {
    case GEN_EMAIL:
        *type = POLICY_SAN_EMAIL;
        string = name->d.rfc822Name;
        break;
    case GEN_DNS:
        *type = POLICY_SAN_DNS;
        string = name->d.dNSName;
        break;
    case GEN_URI:
        *type = POLICY_SAN_URI;
        string = name->d.uniformResourceIdentifier;
        break;
    case GEN_OTHERNAME:
        *type = POLICY_SAN_UPN;
        return read_upn(m, name, text);
    default:
        return false;
    }
    *text = bytes_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
    return true;
}

static bool add_pieces(struct policy_matching *m, struct match_values *out,
                       enum policy_san_type type, struct bytes text, struct error *err)
{
    struct match_group group = { .type = type };
    struct bytes piece = { NULL, 0 };
    size_t count = 0;
    size_t pos = 0;

    while (match_next_piece(type, text, &pos, &piece)) {
        if (!add_value(out, &group, piece, err)) {
            return false;
        }
        count++;
    }
    if (count > 1) {
        char path[POLICY_PATH_MAX];
        bool tagged = type == POLICY_SAN_URI && sid_tags_in_uri(text) > 0;

        policy_path(m->policy, PLACE_SAN, path);
        policy_match_tell_at(m, CHECK_SAN_JOINED, tagged ? POLICY_WARN : POLICY_PASS, path,
                             bytes_of_text("one name each"), text);
    }
    return true;
}

static bool read_san(struct policy_matching *m, struct match_values *out, bool *foreign,
                     struct error *err)
{
    const GENERAL_NAMES *names = m->request->csr->san;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        enum policy_san_type type = POLICY_SAN_EMAIL;
        struct bytes text = { NULL, 0 };

        if (!read_name(m, name, &type, &text)) {
            *foreign = true;
            tell_foreign(m, name);
        } else if (!add_pieces(m, out, type, text, err)) {
            return false;
        }
    }
    return true;
}

bool match_values_read(struct policy_matching *m, struct match_values *out, bool *foreign,
                       struct error *err)
{
    bool ok = false;

    *foreign = false;
    out->item = calloc(MATCH_SUBJECT_MAX + MATCH_SAN_MAX, sizeof(out->item[0]));
    if (out->item == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a request's names");
    }
    ok = (!m->policy->subject.stated || m->policy->subject.whole_dn || read_subject(m, out, err))
         && (!m->policy->san.stated || read_san(m, out, foreign, err));
    ERR_clear_error();
    return ok;
}

void match_values_clear(struct match_values *values)
{
    free(values->item);
    memset(values, 0, sizeof(*values));
}
