/* SPDX-License-Identifier: Apache-2.0 */
#include "model/name.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"
#include "model/asn1_text.h"

#define OID_TEXT_MAX 128
/*
 * text_escape makes at most four bytes of one; names beside the values and separators come on top
 */
#define FORMAT_BYTES_MAX (16u * LIMIT_DN_BYTES)

/* Characters RFC 2253 2.4 wants a backslash before; quotes and backslash are \xNN already. */
static bool append_with_backslashes(struct buffer *out, const char *escaped, struct error *err)
{
    size_t len = strlen(escaped);

    for (size_t i = 0; i < len; i++) {
        char c = escaped[i];
        bool at_edge = (i == 0 && (c == '#' || c == ' ')) || (i + 1 == len && c == ' ');

        if ((at_edge || strchr(",+<>;=", c) != NULL) && !buffer_append_byte(out, '\\', err)) {
            return false;
        }
        if (!buffer_append_byte(out, (uint8_t)c, err)) {
            return false;
        }
    }
    return true;
}

/* RFC 2253 2.4: what is no text becomes '#' and hex. */
static bool append_hex(struct buffer *out, struct bytes raw, struct error *err)
{
    static const char digits[] = "0123456789abcdef";

    if (!buffer_append_byte(out, '#', err)) {
        return false;
    }
    for (size_t i = 0; i < raw.len; i++) {
        if (!buffer_append_byte(out, (uint8_t)digits[raw.data[i] >> 4], err)
            || !buffer_append_byte(out, (uint8_t)digits[raw.data[i] & 15], err)) {
            return false;
        }
    }
    return true;
}

static bool append_value(struct buffer *out, const ASN1_STRING *value, struct error *err)
{
    struct buffer utf8 = BUFFER_INIT(4u * LIMIT_DN_BYTES);
    struct error not_text = ERROR_INIT;
    char *escaped = NULL;
    size_t size = 0;
    bool ok = false;

    if (!asn1_text_append(value, &utf8, &not_text)) {
        ok = append_hex(
            out, bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)), err);
        goto out;
    }
    size = 4 * utf8.len + 8;
    escaped = malloc(size);
    if (escaped == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a name");
        goto out;
    }
    text_escape(escaped, size, buffer_bytes(&utf8));
    ok = append_with_backslashes(out, escaped, err);
out:
    free(escaped);
    buffer_clear(&utf8);
    return ok;
}

static bool append_entry(struct buffer *out, const X509_NAME_ENTRY *entry, struct error *err)
{
    const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
    int nid = OBJ_obj2nid(type);
    char oid[OID_TEXT_MAX] = "";
    const char *name = nid != NID_undef ? OBJ_nid2sn(nid) : NULL;

    if (name == NULL) {
        name = OBJ_obj2txt(oid, sizeof(oid), type, 1) > 0 ? oid : "?";
    }
    return buffer_append_text(out, name, err) && buffer_append_byte(out, '=', err)
           && append_value(out, X509_NAME_ENTRY_get_data(entry), err);
}

/* RFC 2253 2.1: last RDN first; the values of one RDN are joined by '+' in their order. */
static bool append_name(struct buffer *out, const X509_NAME *name, struct error *err)
{
    int end = X509_NAME_entry_count(name);

    while (end > 0) {
        int rdn = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, end - 1));
        int start = end - 1;

        while (start > 0 && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, start - 1)) == rdn) {
            start--;
        }
        for (int i = start; i < end; i++) {
            const char *separator = out->len == 0 ? "" : i == start ? "," : "+";

            if (!buffer_append_text(out, separator, err)
                || !append_entry(out, X509_NAME_get_entry(name, i), err)) {
                return false;
            }
        }
        end = start;
    }
    return true;
}

/* Copy, or cut between two characters and end in "...". */
static void copy_cut(char *text, size_t size, struct bytes from)
{
    size_t end = 0;
    size_t pos = 0;
    uint32_t cp = 0;

    if (from.len < size) {
        if (from.len > 0) {
            memcpy(text, from.data, from.len);
        }
        text[from.len] = '\0';
        return;
    }
    while (text_next_utf8(from, &pos, &cp) && pos <= size - 4) {
        end = pos;
    }
    memcpy(text, from.data, end);
    memcpy(text + end, "...", 4);
}

void name_format(const X509_NAME *name, char *text, size_t size)
{
    struct buffer out = BUFFER_INIT(FORMAT_BYTES_MAX);
    struct error err = ERROR_INIT;

    if (size < 8) {
        if (size > 0) {
            text[0] = '\0';
        }
        return;
    }
    if (!append_name(&out, name, &err) && err.reason == REASON_NO_MEMORY) {
        copy_cut(text, size, bytes_of_text("..."));
    } else {
        /* over the limit: what fitted is far more than any caller's size */
        copy_cut(text, size, buffer_bytes(&out));
    }
    buffer_clear(&out);
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool name_text_equal(const char *a, const char *b)
{
    bool in_type = true;
    bool escaped = false;

    for (; *a != '\0' && (in_type ? *a == *b : ascii_lower(*a) == ascii_lower(*b)); a++, b++) {
        if (escaped) {
            escaped = false;
        } else if (*a == '\\') {
            escaped = true;
        } else {
            in_type = in_type ? *a != '=' : *a == ',' || *a == '+';
        }
    }
    return *a == '\0' && *b == '\0';
}

bool name_common_name(const X509_NAME *name, struct buffer *out, bool *found, struct error *err)
{
    int last = -1;

    *found = false;
    for (int i = X509_NAME_entry_count(name) - 1; i >= 0 && last < 0; i--) {
        if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(X509_NAME_get_entry(name, i)))
            == NID_commonName) {
            last = i;
        }
    }
    if (last < 0) {
        return true;
    }
    if (!asn1_text_append(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)), out, err)) {
        return error_context(err, "common name");
    }
    *found = true;
    return true;
}
