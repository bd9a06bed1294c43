/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_names.h"

#include <string.h>

#include "base/text.h"
#include "config/config_suggest.h"

#define PATTERN_MAX 253u      /* the longest DNS name */
#define OID_TEXT_MAX 128u     /* far above any registered OID */
#define APPEND_VALUE_MAX 256u /* characters, for attributes that X.520 leaves open */
#define FIRST_OPEN_ROOT 2u    /* X.660: below roots 0 and 1 the second arc ends at 39 */
#define CLOSED_ROOT_ARC_MAX 39u

const char *const config_names_attributes[] = {
    "CN",
    "serialNumber",
    "O",
    "OU",
    "L",
    "ST",
    "C",
    "emailAddress",
    "unstructuredName",
    "unstructuredAddress",
    "DC",
    "UID",
    "GN",
    "SN",
    "title",
    "street",
    "postalCode",
    "postOfficeBox",
    "initials",
    "generationQualifier",
    "name",
    "pseudonym",
    "description",
    "businessCategory",
    "dnQualifier",
    "organizationIdentifier",
    "telephoneNumber",
    NULL,
};

const char *const config_names_key_usage[] = {
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment",
    "keyAgreement",     "encipherOnly",   "decipherOnly",    NULL,
};

const char *const config_names_san_types[] = {
    "dns", "ip", "email", "uri", "upn", "dirname", "rid", NULL,
};

enum charset { CHARSET_ANY, CHARSET_IA5, CHARSET_PRINTABLE };

/* What X.520 and OpenSSL's string table ask of a value: better found out here than at the first
 * request. */
static const struct attribute_rule {
    const char *name;
    enum charset charset;
    size_t min, max; /* characters */
} attribute_rules[] = {
    { "CN", CHARSET_ANY, 1, 64 },
    { "O", CHARSET_ANY, 1, 64 },
    { "OU", CHARSET_ANY, 1, 64 },
    { "L", CHARSET_ANY, 1, 128 },
    { "ST", CHARSET_ANY, 1, 128 },
    { "C", CHARSET_PRINTABLE, 2, 2 },
    { "serialNumber", CHARSET_PRINTABLE, 1, 64 },
    { "dnQualifier", CHARSET_PRINTABLE, 1, 64 },
    { "telephoneNumber", CHARSET_PRINTABLE, 1, 32 },
    { "emailAddress", CHARSET_IA5, 1, 128 },
    { "DC", CHARSET_IA5, 1, 64 },
};

/*
 * Extended key usages by name. What is refused would turn a device into an authority, or into
 * somebody who acts for others; they are never taken from a CSR either.
 */
static const struct eku_name {
    const char *name; /* as OpenSSL knows it; NULL: only as an OID */
    const char *oid;
    const char *refused; /* why, or NULL */
} eku_names[] = {
    { "clientAuth", "1.3.6.1.5.5.7.3.2", NULL },
    { "serverAuth", "1.3.6.1.5.5.7.3.1", NULL },
    { "emailProtection", "1.3.6.1.5.5.7.3.4", NULL },
    { "codeSigning", "1.3.6.1.5.5.7.3.3", NULL },
    { "ipsecEndSystem", "1.3.6.1.5.5.7.3.5", NULL },
    { "ipsecTunnel", "1.3.6.1.5.5.7.3.6", NULL },
    { "ipsecUser", "1.3.6.1.5.5.7.3.7", NULL },
    { "ipsecIKE", "1.3.6.1.5.5.7.3.17", NULL },
    { "capwapAC", "1.3.6.1.5.5.7.3.18", NULL },
    { "capwapWTP", "1.3.6.1.5.5.7.3.19", NULL },
    { "secureShellClient", "1.3.6.1.5.5.7.3.21", NULL },
    { "secureShellServer", "1.3.6.1.5.5.7.3.22", NULL },
    { "msSmartcardLogin", "1.3.6.1.4.1.311.20.2.2", NULL },
    { "msEFS", "1.3.6.1.4.1.311.10.3.4", NULL },
    { "pkInitClientAuth", "1.3.6.1.5.2.3.4", NULL },
    { "anyExtendedKeyUsage", "2.5.29.37.0", "it stands for every usage" },
    { "OCSPSigning", "1.3.6.1.5.5.7.3.9", "the device could vouch for revoked certificates" },
    { "timeStamping", "1.3.6.1.5.5.7.3.8", "the device could issue time stamps" },
    { "cmcCA", "1.3.6.1.5.5.7.3.27", "the device could act as a CA" },
    { "cmcRA", "1.3.6.1.5.5.7.3.28", "the device could act as an RA" },
    { "msCTLSign", "1.3.6.1.4.1.311.10.3.1", "the device could sign lists of trusted CAs" },
    { NULL, "1.3.6.1.4.1.311.20.2.1",
      "a certificate request agent can ask for certificates of others" },
    { NULL, "1.3.6.1.4.1.311.21.5", "it belongs to a CA (key exchange for key archival)" },
    { NULL, "1.3.6.1.4.1.311.21.6", "a key recovery agent can read the keys of others" },
    { NULL, "1.3.6.1.4.1.311.10.3.4.1", "a file recovery agent can read the files of others" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool config_names_check_key_usage(const char *text, struct error *err)
{
    if (text_equal_nocase(text, "keyCertSign") || text_equal_nocase(text, "cRLSign")) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "%s is never issued to a device: it would make it a CA", text);
    }
    return true;
}

bool config_names_oid_valid(const char *text)
{
    struct bytes whole = bytes_of_text(text);
    size_t start = 0;
    unsigned arcs = 0;
    uint64_t root = 0;

    if (whole.len > OID_TEXT_MAX) {
        return false;
    }
    while (start <= whole.len) {
        size_t end = start;
        uint64_t arc = 0;

        while (end < whole.len && whole.data[end] != '.') {
            end++;
        }
        if ((end - start > 1 && whole.data[start] == '0')
            || !text_parse_u64(bytes_of(whole.data + start, end - start), UINT32_MAX, &arc)) {
            return false;
        }
        if (arcs == 0) {
            root = arc;
        }
        if (root > FIRST_OPEN_ROOT
            || (arcs == 1 && root < FIRST_OPEN_ROOT && arc > CLOSED_ROOT_ARC_MAX)) {
            return false;
        }
        arcs++;
        start = end + 1;
    }
    return arcs >= 2;
}

static bool eku_unknown(const char *text, struct error *err)
{
    struct config_suggest s = { text, NULL, 0 };
    char shown[80];

    for (size_t i = 0; i < COUNT(eku_names); i++) {
        if (eku_names[i].name != NULL && eku_names[i].refused == NULL) {
            config_suggest_offer(&s, eku_names[i].name, eku_names[i].name);
        }
    }
    text_escape(shown, sizeof(shown), bytes_of_text(text));
    if (s.best != NULL) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "\"%s\" is not an extended key usage; did you mean \"%s\"?", shown,
                         s.best);
    }
    return error_set(err, REASON_CONFIG_BAD_VALUE,
                     "\"%s\" is not an extended key usage; possible: a name such as clientAuth or "
                     "serverAuth, or an OID such as 1.3.6.1.5.5.7.3.2",
                     shown);
}

bool config_names_check_eku(const char *text, struct error *err)
{
    const struct eku_name *found = NULL;

    for (size_t i = 0; i < COUNT(eku_names); i++) {
        const struct eku_name *e = &eku_names[i];

        if (strcmp(e->oid, text) == 0 || (e->name != NULL && strcmp(e->name, text) == 0)) {
            found = e;
        }
    }
    if (found == NULL) {
        return config_names_oid_valid(text) || eku_unknown(text, err);
    }
    if (found->refused != NULL) {
        return error_set(err, REASON_CONFIG_BAD_VALUE, "%s is never issued: %s", text,
                         found->refused);
    }
    return true;
}

static bool charset_allows(enum charset charset, uint32_t c)
{
    if (charset == CHARSET_ANY) {
        return true;
    }
    if (charset == CHARSET_IA5) {
        return c < 0x80;
    }
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
           || (c != 0 && c < 0x80 && strchr(" '()+,-./:=?", (int)c) != NULL);
}

/* One value against its attribute's rule. */
static bool append_value(const char *name, struct bytes value, struct error *err)
{
    struct attribute_rule rule = { name, CHARSET_ANY, 1, APPEND_VALUE_MAX };
    size_t chars = 0;
    size_t pos = 0;
    uint32_t c = 0;

    for (size_t i = 0; i < COUNT(attribute_rules); i++) {
        if (strcmp(attribute_rules[i].name, name) == 0) {
            rule = attribute_rules[i];
        }
    }
    if (value.len > 0 && value.data[0] == ' ') {
        return error_set(err, REASON_CONFIG_BAD_VALUE, "the value of %s begins with a space", name);
    }
    while (pos < value.len) {
        if (!text_next_utf8(value, &pos, &c) || !charset_allows(rule.charset, c)) {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "the value of %s holds a character that %s cannot have", name, name);
        }
        if (c == '\\' || c == '+' || c == '"') {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "the value of %s must not contain a comma, +, quotes or a backslash",
                             name);
        }
        chars++;
    }
    if (chars < rule.min || chars > rule.max) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "the value of %s has %zu characters; possible: %zu to %zu", name, chars,
                         rule.min, rule.max);
    }
    return true;
}

/* One "ATTR=value". */
static bool append_item(struct bytes item, struct error *err)
{
    const uint8_t *equals = memchr(item.data, '=', item.len);
    char name[32];
    char shown[80];
    struct bytes value;
    size_t name_len = equals != NULL ? (size_t)(equals - item.data) : 0;
    const char *nearest = NULL;

    if (equals == NULL) {
        text_escape(shown, sizeof(shown), item);
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "\"%s\" has no \"=\"; possible: ATTRIBUTE=value,ATTRIBUTE=value such as "
                         "O=Example,C=DE (a value cannot contain a comma)",
                         shown);
    }
    if (name_len < sizeof(name)) {
        memcpy(name, item.data, name_len);
        name[name_len] = '\0';
        for (size_t i = 0; config_names_attributes[i] != NULL; i++) {
            if (strcmp(config_names_attributes[i], name) == 0) {
                value = bytes_of(equals + 1, item.len - name_len - 1);
                return append_value(name, value, err);
            }
        }
        nearest = config_suggest_word(name, config_names_attributes);
    }
    text_escape(shown, sizeof(shown), bytes_of(item.data, name_len));
    return error_set(err, REASON_CONFIG_BAD_VALUE, "\"%s\" is not a subject attribute; %s \"%s\"%s",
                     shown, nearest != NULL ? "did you mean" : "possible: names such as",
                     nearest != NULL ? nearest : "O", nearest != NULL ? "?" : "");
}

bool config_names_check_append(const char *text, struct error *err)
{
    struct bytes list = bytes_of_text(text);
    struct bytes item;
    size_t pos = 0;

    while (text_next_item(list, ',', &pos, &item)) {
        if (!append_item(item, err)) {
            return false;
        }
    }
    return true;
}

bool config_names_check_pattern(const char *text, struct error *err)
{
    size_t len = strlen(text);

    if (len > PATTERN_MAX) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "a pattern has %zu bytes; possible: up to %u, with * for any characters "
                         "and ? for one",
                         len, PATTERN_MAX);
    }
    return true;
}
