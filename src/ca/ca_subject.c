/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_subject.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "base/text.h"
#include "ca/ca_error.h"
#include "model/csr.h"
#include "model/name.h"
#include "platform/sockets.h"

#define COMMON_NAME_MAX 64u /* characters: ub-common-name of RFC 5280 appendix A.1 */

struct subject_key {
    const char *name;
    int nid;
};

static const struct subject_key subject_keys[] = {
    { "CN", NID_commonName },
    { "O", NID_organizationName },
    { "OU", NID_organizationalUnitName },
    { "C", NID_countryName },
    { "L", NID_localityName },
    { "ST", NID_stateOrProvinceName },
    { "S", NID_stateOrProvinceName }, /* as Windows writes it */
    { "STREET", NID_streetAddress },
    { "DC", NID_domainComponent },
    { "UID", NID_userId },
    { "SERIALNUMBER", NID_serialNumber },
    { "E", NID_pkcs9_emailAddress },
    { "EMAILADDRESS", NID_pkcs9_emailAddress },
};

static bool refuse(struct error *err, struct bytes part, const char *why)
{
    char shown[160];

    text_escape(shown, sizeof(shown), part);
    return error_set(err, REASON_USAGE,
                     "subject: \"%s\": %s (example: \"CN=Example CA,O=Example\\, Inc.,C=DE\")",
                     shown, why);
}

/* Position of the first unescaped character out of `stops`, or the end. */
static size_t find_unescaped(struct bytes text, size_t from, const char *stops)
{
    size_t i = from;

    while (i < text.len && strchr(stops, text.data[i]) == NULL) {
        i += text.data[i] == '\\' ? 2 : 1;
    }
    return i < text.len ? i : text.len;
}

/* Spaces at both ends go, except an escaped one at the end. */
static struct bytes trim_value(struct bytes value)
{
    struct bytes trimmed = text_trim(value);
    const uint8_t *end = trimmed.data + trimmed.len;

    if (trimmed.len > 0 && end[-1] == '\\' && end < value.data + value.len) {
        trimmed.len++;
    }
    return trimmed;
}

static bool unescape_value(struct bytes value, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        size_t len = 0;

        if (byte == '"' || byte == '+' || (byte == '#' && i == 0)) {
            return refuse(err, value, "write \\\", \\+ and \\# for these characters themselves");
        }
        if (byte == '\\') {
            i++;
            if (i + 1 < value.len && text_unhex(&byte, 1, &len, bytes_of(value.data + i, 2))) {
                i++;
            } else if (i < value.len && strchr("\\\",+<>;=# ", value.data[i]) != NULL) {
                byte = value.data[i];
            } else {
                return refuse(err, value, "unknown escape behind a backslash");
            }
        }
        if (byte < 0x20 || byte == 0x7f) {
            return refuse(err, value, "control characters are not possible");
        }
        if (!buffer_append_byte(out, byte, err)) {
            return false;
        }
    }
    if (out->len == 0 || !text_utf8_valid(buffer_bytes(out))) {
        return refuse(err, value, out->len == 0 ? "the value is empty" : "the value is not UTF-8");
    }
    return true;
}

static bool is_dotted_oid(struct bytes key)
{
    bool has_dot = false;

    for (size_t i = 0; i < key.len; i++) {
        if (key.data[i] == '.') {
            has_dot = true;
        } else if (key.data[i] < '0' || key.data[i] > '9') {
            return false;
        }
    }
    return has_dot;
}

/* Owned; NULL when there is no such attribute. */
static ASN1_OBJECT *find_attribute(struct bytes key)
{
    char name[64];

    if (key.len == 0 || key.len >= sizeof(name)) {
        return NULL;
    }
    memcpy(name, key.data, key.len);
    name[key.len] = 0;
    for (size_t i = 0; i < sizeof(subject_keys) / sizeof(subject_keys[0]); i++) {
        if (text_equal_nocase(name, subject_keys[i].name)) {
            return OBJ_dup(OBJ_nid2obj(subject_keys[i].nid));
        }
    }
    return is_dotted_oid(key) ? OBJ_txt2obj(name, 1) : NULL;
}

/*
 * Put one attribute before the others. MBSTRING_UTF8 lets OpenSSL's table choose the string type
 * and hold the upper bounds: C and SERIALNUMBER printable, DC and E IA5, the others UTF8String.
 */
static bool add_attribute(X509_NAME *name, const ASN1_OBJECT *type, struct bytes value)
{
    return X509_NAME_add_entry_by_OBJ(name, type, MBSTRING_UTF8, value.data, (int)value.len, 0, 0)
           == 1;
}

static bool parse_part(X509_NAME *name, struct bytes part, struct error *err)
{
    struct buffer value = BUFFER_INIT(LIMIT_DN_BYTES);
    ASN1_OBJECT *type = NULL;
    size_t equals = find_unescaped(part, 0, "=");
    bool ok = false;

    if (equals == part.len) {
        (void)refuse(err, part, "KEY=value is expected; a comma in a value is written \\,");
        goto out;
    }
    type = find_attribute(text_trim(bytes_of(part.data, equals)));
    if (type == NULL) {
        (void)refuse(err, part,
                     "unknown attribute; known: CN, O, OU, C, L, ST, STREET, DC, UID, "
                     "SERIALNUMBER, E, or a dotted OID");
        goto out;
    }
    if (!unescape_value(trim_value(bytes_of(part.data + equals + 1, part.len - equals - 1)), &value,
                        err)) {
        goto out;
    }
    if (!add_attribute(name, type, buffer_bytes(&value))) {
        (void)refuse(err, part,
                     "the value is too long, too short, or has characters that this "
                     "attribute cannot have");
        goto out;
    }
    ok = true;
out:
    ASN1_OBJECT_free(type);
    buffer_clear(&value);
    return ok;
}

struct X509_name_st *ca_subject_parse(const char *text, struct error *err)
{
    struct bytes whole = bytes_of_text(text);
    X509_NAME *name = X509_NAME_new();
    bool ok = false;

    if (name == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a name");
        goto out;
    }
    if (whole.len == 0 || whole.len > LIMIT_DN_BYTES) {
        (void)refuse(err, whole, "the subject is empty or too long");
        goto out;
    }
    for (size_t from = 0; from <= whole.len;) {
        size_t end = find_unescaped(whole, from, ",");

        if (!parse_part(name, bytes_of(whole.data + from, end - from), err)) {
            goto out;
        }
        from = end + 1;
    }
    ok = true;
out:
    if (!ok) {
        X509_NAME_free(name);
        name = NULL;
    }
    return name;
}

bool ca_subject_normalise(const char *text, char *out, size_t size, struct error *err)
{
    char whole[2 * LIMIT_DN_BYTES];
    X509_NAME *name = ca_subject_parse(text, err);

    if (name == NULL) {
        return false;
    }
    name_format(name, whole, sizeof(whole));
    X509_NAME_free(name);
    /* What was cut is still too long. */
    return text_copy(out, size, whole) || error_set(err, REASON_USAGE, "subject: it is too long");
}

/* Bytes of the first `characters` characters of UTF-8 text. */
static size_t cut_utf8(struct bytes text, size_t characters)
{
    size_t pos = 0;
    uint32_t code_point = 0;

    while (characters > 0 && pos < text.len && text_next_utf8(text, &pos, &code_point)) {
        characters--;
    }
    return pos;
}

static bool add_common_name(X509_NAME *name, struct bytes text, const char *suffix, int position,
                            struct error *err)
{
    struct buffer value = BUFFER_INIT(LIMIT_DN_BYTES);
    bool ok = false;

    text.len = cut_utf8(text, COMMON_NAME_MAX - strlen(suffix));
    if (!buffer_append_bytes(&value, text, err) || !buffer_append_text(&value, suffix, err)) {
        goto out;
    }
    if (X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, value.data, (int)value.len,
                                   position, 0)
        != 1) {
        (void)ca_error_openssl(err, REASON_INTERNAL, "a common name cannot be made");
        goto out;
    }
    ok = true;
out:
    buffer_clear(&value);
    return ok;
}

struct X509_name_st *ca_subject_default(struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_DN_BYTES);
    char host[256];
    X509_NAME *name = X509_NAME_new();
    bool ok = false;

    socket_host_name(host, sizeof(host));
    if (name == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a name");
        goto out;
    }
    if (!buffer_printf(&text, err, "OpenNDES CA on %s", host)) goto out;
    ok = add_common_name(name, buffer_bytes(&text), "", -1, err);
out:
    buffer_clear(&text);
    if (!ok) {
        X509_NAME_free(name);
        name = NULL;
    }
    return name;
}

static X509_NAME *name_with_suffix(const X509_NAME *ca, const char *suffix, struct error *err)
{
    X509_NAME *name = X509_NAME_dup(ca);
    struct buffer common_name = BUFFER_INIT(LIMIT_DN_BYTES);
    bool found = false;
    int position = -1;
    bool ok = false;

    if (name == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a name");
        goto out;
    }
    if (!name_common_name(ca, &common_name, &found, err)) {
        goto out;
    }
    if (!found && !buffer_append_text(&common_name, "OpenNDES", err)) {
        goto out;
    }
    for (int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1); i >= 0;
         i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) {
        position = i;
    }
    if (position >= 0) {
        X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, position));
    }
    ok = add_common_name(name, buffer_bytes(&common_name), suffix, position, err);
out:
    buffer_clear(&common_name);
    if (!ok) {
        X509_NAME_free(name);
        name = NULL;
    }
    return name;
}

/* 64 characters that end in the suffix are cut to themselves; they cannot also end in the other. */
static X509_NAME *name_beside(const X509_NAME *ca, const char *suffix, const char *other,
                              struct error *err)
{
    X509_NAME *name = name_with_suffix(ca, suffix, err);

    if (name != NULL && X509_NAME_cmp(name, ca) == 0) {
        X509_NAME_free(name);
        name = name_with_suffix(ca, other, err);
    }
    return name;
}

struct X509_name_st *ca_subject_ra(const struct X509_name_st *ca, struct error *err)
{
    return name_beside(ca, " RA", " SCEP", err);
}

struct X509_name_st *ca_subject_ocsp(const struct X509_name_st *ca, struct error *err)
{
    return name_beside(ca, " OCSP", " Status", err);
}
