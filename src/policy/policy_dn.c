/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_dn.h"

#include <string.h>

#include "base/text.h"

#define WHOLE_DN "{{OnPrem_Distinguished_Name}}"
#define OID_TEXT_SIZE 128u
#define SHOWN_SIZE 96u

/*
 * Names of attribute types. The first of an OID is the one we print: short where every reader knows
 * the short one.
 */
static const struct {
    const char *word;
    const char *oid;
} types[] = {
    { "CN", "2.5.4.3" },
    { "commonName", "2.5.4.3" },
    { "O", "2.5.4.10" },
    { "organizationName", "2.5.4.10" },
    { "OU", "2.5.4.11" },
    { "organizationalUnitName", "2.5.4.11" },
    { "L", "2.5.4.7" },
    { "localityName", "2.5.4.7" },
    { "ST", "2.5.4.8" },
    { "S", "2.5.4.8" }, /* Windows */
    { "stateOrProvinceName", "2.5.4.8" },
    { "C", "2.5.4.6" },
    { "countryName", "2.5.4.6" },
    { "E", "1.2.840.113549.1.9.1" },
    { "EMAIL", "1.2.840.113549.1.9.1" },
    { "emailAddress", "1.2.840.113549.1.9.1" },
    { "DC", "0.9.2342.19200300.100.1.25" },
    { "domainComponent", "0.9.2342.19200300.100.1.25" },
    { "UID", "0.9.2342.19200300.100.1.1" },
    { "userId", "0.9.2342.19200300.100.1.1" },
    { "serialNumber", "2.5.4.5" },
    { "SN", "2.5.4.4" },
    { "surname", "2.5.4.4" },
    { "GN", "2.5.4.42" },
    { "G", "2.5.4.42" },
    { "givenName", "2.5.4.42" },
    { "T", "2.5.4.12" },
    { "title", "2.5.4.12" },
    { "I", "2.5.4.43" },
    { "initials", "2.5.4.43" },
    { "STREET", "2.5.4.9" },
    { "streetAddress", "2.5.4.9" },
    { "description", "2.5.4.13" },
    { "businessCategory", "2.5.4.15" },
    { "postalCode", "2.5.4.17" },
    { "postOfficeBox", "2.5.4.18" },
    { "POBox", "2.5.4.18" },
    { "telephoneNumber", "2.5.4.20" },
    { "Phone", "2.5.4.20" },
    { "name", "2.5.4.41" },
    { "generationQualifier", "2.5.4.44" },
    { "dnQualifier", "2.5.4.46" },
    { "pseudonym", "2.5.4.65" },
    { "organizationIdentifier", "2.5.4.97" },
    { "unstructuredName", "1.2.840.113549.1.9.2" },
    { "unstructuredAddress", "1.2.840.113549.1.9.8" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool policy_dn_oid(struct bytes type, char oid[128])
{
    char word[OID_TEXT_SIZE + 4];
    const char *dotted = word;

    type = text_trim(type);
    if (type.len == 0 || type.len >= sizeof(word) || memchr(type.data, '\0', type.len) != NULL) {
        return false;
    }
    memcpy(word, type.data, type.len);
    word[type.len] = '\0';
    for (size_t i = 0; i < COUNT(types); i++) {
        if (text_equal_nocase(types[i].word, word)) {
            return text_copy(oid, OID_TEXT_SIZE, types[i].oid);
        }
    }
    if (text_starts_nocase(word, "OID.")) {
        dotted += 4;
    }
    return policy_oid_valid(dotted) && text_copy(oid, OID_TEXT_SIZE, dotted);
}

const char *policy_dn_word(const char *oid)
{
    for (size_t i = 0; i < COUNT(types); i++) {
        if (strcmp(types[i].oid, oid) == 0) {
            return types[i].word;
        }
    }
    return oid;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reader {
    struct bytes text;
    size_t pos;
    bool lint; /* a value holds what Intune wants in quotes */
};

static bool at_end(const struct reader *r)
{
    return r->pos >= r->text.len;
}

static uint8_t peek(const struct reader *r, size_t ahead)
{
    return r->pos + ahead < r->text.len ? r->text.data[r->pos + ahead] : 0;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_separator(uint8_t c)
{
    return c == ',' || c == ';' || c == '+';
}

static void skip_spaces(struct reader *r)
{
    while (!at_end(r) && is_space(peek(r, 0))) {
        r->pos++;
    }
}

static bool refuse(const struct reader *r, size_t from, const char *what, struct error *err)
{
    char shown[SHOWN_SIZE];

    text_escape(shown, sizeof(shown), bytes_of(r->text.data + from, r->text.len - from));
    return error_set(err, REASON_POLICY_VALUE, "subject: at \"%s\": %s", shown, what);
}

/* The type and its '='. */
static bool read_type(struct reader *r, char oid[OID_TEXT_SIZE], struct error *err)
{
    size_t start = r->pos;

    while (!at_end(r) && peek(r, 0) != '=' && !is_separator(peek(r, 0))) {
        r->pos++;
    }
    if (peek(r, 0) != '=') {
        return refuse(r, start,
                      "no TYPE=value such as CN={{DeviceName}}; a value with , ; + or = "
                      "belongs in quotes, and " WHOLE_DN " stands alone",
                      err);
    }
    if (!policy_dn_oid(bytes_of(r->text.data + start, r->pos - start), oid)) {
        return refuse(r, start,
                      "unknown attribute type; possible: CN, O, OU, L, ST, C, E, DC, UID, "
                      "serialNumber and the like, or a dotted OID",
                      err);
    }
    r->pos++;
    return true;
}

/* "a ""b"" c", behind its first quote. */
static bool read_quoted(struct reader *r, struct buffer *value, struct error *err)
{
    size_t start = r->pos - 1;

    for (;;) {
        uint8_t c = peek(r, 0);

        if (at_end(r)) {
            return refuse(r, start, "the quotes do not end", err);
        }
        r->pos++;
        if (c == '"' && peek(r, 0) != '"') {
            break;
        }
        if (c == '"') {
            r->pos++; /* two of them stand for one */
        }
        if (!buffer_append_byte(value, c, err)) {
            return false;
        }
    }
    skip_spaces(r);
    if (!at_end(r) && !is_separator(peek(r, 0))) {
        return refuse(r, start, "text behind the closing quote; two quotes stand for one", err);
    }
    return true;
}

/* "{{...}}" as it stands; separators inside do not count. */
static bool read_variable(struct reader *r, struct buffer *value, struct error *err)
{
    size_t start = r->pos;

    while (!(peek(r, 0) == '}' && peek(r, 1) == '}')) {
        if (at_end(r)) {
            return refuse(r, start, "the variable does not end with }}", err);
        }
        r->pos++;
    }
    r->pos += 2;
    return buffer_append(value, r->text.data + start, r->pos - start, err);
}

/* CertStrToName knows no escapes, people write them: the separators' are understood, and two
 * backslashes, which are one to RFC 4514 and two to Windows, are refused. */
static bool read_escape(struct reader *r, struct buffer *value, struct error *err)
{
    uint8_t next = peek(r, 1);

    if (next == '\\') {
        return refuse(r, r->pos,
                      "two backslashes mean different things to different readers; put "
                      "the value in quotes",
                      err);
    }
    if (is_separator(next) || next == '=' || next == '"') {
        r->lint = true;
        r->pos++;
    }
    return buffer_append_byte(value, r->text.data[r->pos++], err);
}

static bool read_plain(struct reader *r, struct buffer *value, struct error *err)
{
    size_t start = r->pos;
    size_t kept = 0; /* up to the last byte that is no space */

    if (peek(r, 0) == '#') {
        return refuse(r, start,
                      "a value in hex is not supported; a text that begins with # belongs "
                      "in quotes",
                      err);
    }
    while (!at_end(r) && !is_separator(peek(r, 0))) {
        uint8_t c = peek(r, 0);
        bool ok = false;

        if (c == '"') {
            return refuse(r, start,
                          "quotes in the middle of a value; put the whole value in quotes "
                          "and write two of them for one",
                          err);
        }
        if (c == '{' && peek(r, 1) == '{') {
            ok = read_variable(r, value, err);
        } else if (c == '\\') {
            ok = read_escape(r, value, err);
        } else {
            r->lint = r->lint || c == '=';
            r->pos++;
            ok = buffer_append_byte(value, c, err);
        }
        if (!ok) {
            return false;
        }
        kept = is_space(c) ? kept : value->len;
    }
    if (kept < value->len) {
        value->len = kept;
        value->data[kept] = 0;
    }
    return true;
}

static bool read_rdn(struct reader *r, struct policy *p, struct error *err)
{
    struct buffer value = BUFFER_INIT(LIMIT_POLICY_TEXT);
    char oid[OID_TEXT_SIZE];
    size_t start = r->pos;
    bool ok = false;

    if (!read_type(r, oid, err)) {
        goto out;
    }
    skip_spaces(r);
    if (peek(r, 0) == '"') {
        r->pos++;
        ok = read_quoted(r, &value, err);
    } else {
        ok = read_plain(r, &value, err);
    }
    if (ok && value.len == 0) {
        ok = refuse(r, start, "an empty value; no certificate has one", err);
    }
    ok = ok && policy_add_rdn(p, oid, buffer_text(&value), err);
out:
    buffer_clear(&value);
    return ok;
}

static bool is_whole_dn(struct bytes text)
{
    char word[sizeof(WHOLE_DN)];

    if (text.len != sizeof(WHOLE_DN) - 1) {
        return false;
    }
    memcpy(word, text.data, text.len);
    word[text.len] = '\0';
    return text_equal_nocase(word, WHOLE_DN);
}

bool policy_dn_parse(const char *text, struct policy *p, char *lint, size_t lint_size,
                     struct error *err)
{
    struct reader r = { text_trim(bytes_of_text(text)), 0, false };

    if (lint != NULL && lint_size > 0) {
        lint[0] = '\0';
    }
    if (r.text.len > LIMIT_POLICY_TEXT) {
        return error_set(err, REASON_LIMIT, "subject: %zu bytes, more than %u", r.text.len,
                         LIMIT_POLICY_TEXT);
    }
    p->subject.stated = true;
    if (is_whole_dn(r.text)) {
        return policy_add_rdn(p, "", WHOLE_DN, err);
    }
    while (!at_end(&r)) {
        if (!read_rdn(&r, p, err)) {
            return false;
        }
        r.pos++; /* the separator; one at the end is idle, as in Windows */
        skip_spaces(&r);
    }
    p->subject.unquoted = p->subject.unquoted || r.lint;
    if (r.lint && lint != NULL
        && !text_format(
            lint, lint_size,
            "the subject has +, ;, comma or = outside quotes: Intune's comparison fails "
            "with an escaped one; put the value in quotes")) {
        return error_set(err, REASON_INTERNAL, "no room for a sentence on the subject");
    }
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Would read_plain give back the same? Everything doubtful goes into quotes. */
static bool plain_enough(const char *value)
{
    static const char doubtful[] = ",;+=\"\\<>#\r\n\t";
    size_t len = strlen(value);
    const char *open = value;

    if (len == 0 || value[0] == ' ' || value[len - 1] == ' ' || strpbrk(value, doubtful) != NULL) {
        return false;
    }
    while ((open = strstr(open, "{{")) != NULL) {
        open = strstr(open, "}}");
        if (open == NULL) {
            return false;
        }
    }
    return true;
}

static bool print_value(const char *value, struct buffer *out, struct error *err)
{
    if (plain_enough(value)) {
        return buffer_append_text(out, value, err);
    }
    if (!buffer_append_byte(out, '"', err)) {
        return false;
    }
    for (const char *c = value; *c != '\0'; c++) {
        if ((*c == '"' && !buffer_append_byte(out, '"', err))
            || !buffer_append_byte(out, (uint8_t)*c, err)) {
            return false;
        }
    }
    return buffer_append_byte(out, '"', err);
}

bool policy_dn_print(const struct policy *p, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < p->subject.count; i++) {
        const struct policy_rdn *rdn = &p->subject.item[i];

        if (rdn->oid[0] == '\0') {
            return buffer_append_text(out, WHOLE_DN, err);
        }
        if (!buffer_printf(out, err, "%s%s=", i > 0 ? "," : "", policy_dn_word(rdn->oid))
            || !print_value(rdn->pattern, out, err)) {
            return false;
        }
    }
    return true;
}
