/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_csp_nodes.h"

#include <string.h>

#include "base/text.h"
#include "model/csr.h"
#include "policy/policy_dn.h"

#define SHOWN 160 /* bytes of a value in a message */
#define KEY_USAGE_BYTES_MAX 255u
#define RETRY_MINUTES_MAX 527040u /* a year */
#define RETRIES_MAX 1000000u
#define VALIDITY_MAX 1000000u /* policy_finish knows the limit of each unit */
#define LINT_BYTES 200

/* X.509's first octet of key usage, as the node counts it. */
#define CSP_DIGITAL_SIGNATURE 0x80u
#define CSP_KEY_ENCIPHERMENT 0x20u

/* AlternativeNameType of certenroll.h: the ones a request can be compared with. */
#define NAME_TYPE_RFC822 2u
#define NAME_TYPE_DNS 3u
#define NAME_TYPE_URL 7u
#define NAME_TYPE_UPN 11u

enum node {
    NODE_AAD_KEY_IDENTIFIER_LIST,
    NODE_CA_THUMBPRINT,
    NODE_CHALLENGE,
    NODE_CONTAINER_NAME,
    NODE_CUSTOM_TEXT,
    NODE_EKU_MAPPING,
    NODE_ENROLL,
    NODE_HASH_ALGORITHM,
    NODE_KEY_LENGTH,
    NODE_KEY_PROTECTION,
    NODE_KEY_USAGE,
    NODE_RETRY_COUNT,
    NODE_RETRY_DELAY,
    NODE_SERVER_URL,
    NODE_SUBJECT_ALTERNATIVE_NAMES,
    NODE_SUBJECT_NAME,
    NODE_TEMPLATE_NAME,
    NODE_VALID_PERIOD,
    NODE_VALID_PERIOD_UNITS
};

/* What one value is turned into; `text` is trimmed and a copy that lives as long as `all`. */
struct reading {
    const struct policy_csp_value *all;
    const char *text;
    struct policy *policy;
    struct policy_set *out;
    size_t line;
};

typedef bool (*apply_node)(const struct reading *r, struct error *err);

static bool bad_value(const char *text, const char *possible, struct error *err)
{
    char shown[SHOWN];

    text_escape(shown, sizeof(shown), bytes_of_text(text));
    return error_set(err, REASON_POLICY_VALUE, "\"%s\"; possible: %s", shown, possible);
}

static bool number(const struct reading *r, uint64_t max, uint64_t *value, const char *possible,
                   struct error *err)
{
    return text_parse_u64(bytes_of_text(r->text), max, value) || bad_value(r->text, possible, err);
}

/* ---- what a request shows -------------------------------------------------------------------- */

static bool apply_subject(const struct reading *r, struct error *err)
{
    char lint[LINT_BYTES] = "";

    return policy_dn_parse(r->text, r->policy, lint, sizeof(lint), err)
           && (lint[0] == '\0'
               || policy_set_warn(r->out, err, "line %zu: SubjectName: %s", r->line, lint));
}

static bool apply_key_usage(const struct reading *r, struct error *err)
{
    static const char possible[] = "128 (digital signature), 32 (key encipherment), 160 (both)";
    uint64_t bits = 0;

    if (!number(r, KEY_USAGE_BYTES_MAX, &bits, possible, err)) {
        return false;
    }
    if (bits == 0 || (bits & ~(uint64_t)(CSP_DIGITAL_SIGNATURE | CSP_KEY_ENCIPHERMENT)) != 0) {
        return bad_value(r->text, possible, err);
    }
    r->policy->key_usage.stated = true;
    r->policy->key_usage.bits =
        ((bits & CSP_DIGITAL_SIGNATURE) != 0 ? KEY_USAGE_DIGITAL_SIGNATURE : 0u)
        | ((bits & CSP_KEY_ENCIPHERMENT) != 0 ? KEY_USAGE_KEY_ENCIPHERMENT : 0u);
    return true;
}

static bool apply_eku(const struct reading *r, struct error *err)
{
    char oid[128];
    struct bytes item = { NULL, 0 };

    r->policy->eku.stated = true; /* an empty value is refused by policy_finish */
    for (size_t pos = 0; text_next_item(bytes_of_text(r->text), '+', &pos, &item);) {
        if (!text_format(oid, sizeof(oid), "%.*s", (int)item.len, (const char *)item.data)) {
            return error_set(err, REASON_POLICY_VALUE, "an OID of %zu characters", item.len);
        }
        if (!policy_add_eku(r->policy, oid, err)) {
            return false;
        }
    }
    return true;
}

static bool apply_key_length(const struct reading *r, struct error *err)
{
    uint64_t bits = 0;

    return number(r, LIMIT_RSA_BITS_MAX, &bits, "1024, 2048, 4096", err)
           && policy_add_bits(r->policy, (int64_t)bits, err);
}

/* One family of HashAlgorithm: "SHA-1", "SHA2", "SHA-3". */
static bool apply_hash_family(const struct reading *r, struct bytes item, bool *sha3,
                              struct error *err)
{
    char family[16];

    if (!text_format(family, sizeof(family), "%.*s", (int)item.len, (const char *)item.data)) {
        return bad_value(r->text, "SHA-1, SHA-2", err);
    }
    if (text_equal_nocase(family, "SHA-1") || text_equal_nocase(family, "SHA1")) {
        r->policy->hash.sha1 = true;
    } else if (text_equal_nocase(family, "SHA-2") || text_equal_nocase(family, "SHA2")) {
        r->policy->hash.sha2 = true;
    } else if (text_equal_nocase(family, "SHA-3") || text_equal_nocase(family, "SHA3")) {
        *sha3 = true;
    } else {
        return bad_value(r->text, "SHA-1, SHA-2", err);
    }
    return true;
}

/* Documented with '+' between the families; Intune sends "SHA-1;SHA-2". */
static bool apply_hash(const struct reading *r, struct error *err)
{
    struct bytes part = { NULL, 0 };
    struct bytes family = { NULL, 0 };
    bool sha3 = false;

    for (size_t pos = 0; text_next_item(bytes_of_text(r->text), ';', &pos, &part);) {
        for (size_t inner = 0; text_next_item(part, '+', &inner, &family);) {
            if (!apply_hash_family(r, family, &sha3, err)) {
                return false;
            }
        }
    }
    r->policy->hash.stated = true; /* none of the two is refused by policy_finish */
    return !sha3
           || policy_set_warn(r->out, err,
                              "line %zu: HashAlgorithm: SHA-3 is passed over; no device signs a "
                              "request with it",
                              r->line);
}

/* ---- subject alternative names --------------------------------------------------------------- */

/* "11+": the digits' value, and the bytes up to and with '+'; 0 bytes when there are none. */
static size_t name_type(struct bytes text, size_t at, uint64_t *type)
{
    size_t end = at;

    while (end < text.len && text.data[end] >= '0' && text.data[end] <= '9') {
        end++;
    }
    if (end == at || end >= text.len || text.data[end] != '+'
        || !text_parse_u64(bytes_of(text.data + at, end - at), 1000, type)) {
        return 0;
    }
    return end + 1 - at;
}

/* Where the value that begins at `at` ends: a ';' belongs to it unless "digits+" or nothing follow. */
static size_t name_end(struct bytes text, size_t at)
{
    uint64_t ignored = 0;

    while (at < text.len
           && (text.data[at] != ';'
               || (at + 1 < text.len && name_type(text, at + 1, &ignored) == 0))) {
        at++;
    }
    return at;
}

static bool name_kind(uint64_t type, enum policy_san_type *kind)
{
    switch (type) {
    case NAME_TYPE_RFC822:
        *kind = POLICY_SAN_EMAIL;
        return true;
    case NAME_TYPE_DNS:
        *kind = POLICY_SAN_DNS;
        return true;
    case NAME_TYPE_URL:
        *kind = POLICY_SAN_URI;
        return true;
    case NAME_TYPE_UPN:
        *kind = POLICY_SAN_UPN;
        return true;
    default:
        return false;
    }
}

static bool add_name(const struct reading *r, unsigned index, uint64_t type, struct bytes value,
                     struct error *err)
{
    enum policy_san_type kind = POLICY_SAN_EMAIL;
    char text[LIMIT_POLICY_TEXT + 1];

    /* Passing it over would refuse the devices that do what they were told. */
    if (!name_kind(type, &kind)) {
        return error_set(err, REASON_POLICY_VALUE,
                         "name %u is of type %u, which no policy can describe; possible: 2 (e-mail)"
                         ", 3 (DNS), 7 (URL), 11 (UPN)",
                         index, (unsigned)type);
    }
    if (!text_format(text, sizeof(text), "%.*s", (int)value.len, (const char *)value.data)) {
        return error_set(err, REASON_LIMIT, "name %u has %zu bytes", index, value.len);
    }
    return policy_add_san(r->policy, kind, text, 1, 1, err) || error_context(err, "name %u", index);
}

static bool apply_names(const struct reading *r, struct error *err)
{
    struct bytes text = bytes_of_text(r->text);
    size_t at = 0;

    for (unsigned index = 1; at < text.len; index++) {
        uint64_t type = 0;
        size_t begin = name_type(text, at, &type);
        size_t end = 0;

        if (begin == 0) {
            return bad_value(r->text, "type+value;type+value, such as 11+user@example.net", err);
        }
        end = name_end(text, at + begin);
        if (!add_name(r, index, type, bytes_of(text.data + at + begin, end - at - begin), err)) {
            return false;
        }
        at = end + 1;
    }
    return true;
}

/* ---- validity -------------------------------------------------------------------------------- */

static bool read_unit(const struct policy_csp_value *value, enum policy_unit *unit,
                      struct error *err)
{
    static const char *const names[] = { "Days", "Months", "Years" };

    *unit = POLICY_UNIT_DAYS;
    if (value->text == NULL || value->text[0] == '\0') {
        return true; /* the documented default */
    }
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal_nocase(value->text, names[i])) {
            *unit = (enum policy_unit)i;
            return true;
        }
    }
    return bad_value(value->text, "Days, Months, Years", err);
}

static bool apply_valid_period(const struct reading *r, struct error *err)
{
    enum policy_unit ignored = POLICY_UNIT_DAYS;

    return read_unit(&r->all[NODE_VALID_PERIOD], &ignored, err);
}

static bool apply_valid_period_units(const struct reading *r, struct error *err)
{
    uint64_t value = 0;

    if (!number(r, VALIDITY_MAX, &value, "a number", err)
        || !read_unit(&r->all[NODE_VALID_PERIOD], &r->policy->validity.unit, err)) {
        return false;
    }
    r->policy->validity.value = (int64_t)value;
    r->policy->validity.stated = value > 0; /* 0, the default: as the CA likes */
    if (value == 0) {
        r->policy->validity.unit = POLICY_UNIT_DAYS;
    }
    return true;
}

/* ---- what no request shows ------------------------------------------------------------------- */

static bool apply_server_url(const struct reading *r, struct error *err)
{
    char url[LIMIT_POLICY_TEXT + 1];
    struct bytes item = { NULL, 0 };

    for (size_t pos = 0; text_next_item(bytes_of_text(r->text), ';', &pos, &item);) {
        if (!text_format(url, sizeof(url), "%.*s", (int)item.len, (const char *)item.data)) {
            return error_set(err, REASON_LIMIT, "a URL of %zu bytes", item.len);
        }
        if (!policy_texts_add(&r->policy->endpoints, url, err)) {
            return false;
        }
    }
    return true;
}

static bool apply_key_protection(const struct reading *r, struct error *err)
{
    static const enum policy_protection protections[] = {
        POLICY_PROTECTION_UNSTATED, POLICY_PROTECTION_TPM, POLICY_PROTECTION_TPM_IF_THERE,
        POLICY_PROTECTION_SOFTWARE, POLICY_PROTECTION_HELLO
    };
    static const char possible[] = "1 (TPM), 2 (TPM if there), 3 (software), 4 (Windows Hello)";
    uint64_t value = 0;

    if (!number(r, sizeof(protections) / sizeof(protections[0]) - 1, &value, possible, err)) {
        return false;
    }
    r->policy->facts.protection = protections[value];
    return value > 0 || bad_value(r->text, possible, err);
}

static bool apply_retry_delay(const struct reading *r, struct error *err)
{
    uint64_t minutes = 0;

    if (!number(r, RETRY_MINUTES_MAX, &minutes, "minutes", err)) {
        return false;
    }
    r->policy->facts.retry_delay_seconds = (int64_t)minutes * 60;
    return true;
}

static bool apply_retry_count(const struct reading *r, struct error *err)
{
    uint64_t count = 0;

    if (!number(r, RETRIES_MAX, &count, "a number", err)) {
        return false;
    }
    r->policy->facts.retry_count = (int64_t)count;
    return true;
}

static bool apply_template_name(const struct reading *r, struct error *err)
{
    return policy_set_text(&r->policy->facts.template_name, r->text, err);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Copied from the certificate dialog of Windows: spaces between the bytes and, in front of them, an
 * invisible U+200E. */
static bool apply_thumbprint(const struct reading *r, struct error *err)
{
    static const char possible[] = "the 40 hex digits of a SHA-1 thumbprint";
    const char *at = r->text;
    char digits[2 * 20 + 1];
    size_t used = 0;

    if (at[0] == '\0') {
        return true;
    }
    if (strncmp(at, "\xe2\x80\x8e", 3) == 0) {
        at += 3;
    }
    for (; *at != '\0'; at++) {
        if (*at == ' ' || *at == ':') {
            continue;
        }
        if (!is_hex(*at) || used + 1 >= sizeof(digits)) {
            return bad_value(r->text, possible, err);
        }
        digits[used++] = *at;
    }
    digits[used] = '\0';
    return used == sizeof(digits) - 1
               ? policy_set_text(&r->policy->facts.ca_fingerprint, digits, err)
               : bad_value(r->text, possible, err);
}

static bool apply_aad_keys(const struct reading *r, struct error *err)
{
    (void)err;
    r->policy->facts.aad_keys = r->text[0] != '\0';
    return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    apply_node apply; /* NULL: nothing to compare, the value is not even read */
} nodes[POLICY_CSP_NODES] = {
    [NODE_AAD_KEY_IDENTIFIER_LIST] = { "AADKeyIdentifierList", apply_aad_keys },
    [NODE_CA_THUMBPRINT] = { "CAThumbprint", apply_thumbprint },
    [NODE_CHALLENGE] = { "Challenge", NULL }, /* a secret */
    [NODE_CONTAINER_NAME] = { "ContainerName", NULL },
    [NODE_CUSTOM_TEXT] = { "CustomTextToShowInPrompt", NULL },
    [NODE_EKU_MAPPING] = { "EKUMapping", apply_eku },
    [NODE_ENROLL] = { "Enroll", NULL },
    [NODE_HASH_ALGORITHM] = { "HashAlgorithm", apply_hash },
    [NODE_KEY_LENGTH] = { "KeyLength", apply_key_length },
    [NODE_KEY_PROTECTION] = { "KeyProtection", apply_key_protection },
    [NODE_KEY_USAGE] = { "KeyUsage", apply_key_usage },
    [NODE_RETRY_COUNT] = { "RetryCount", apply_retry_count },
    [NODE_RETRY_DELAY] = { "RetryDelay", apply_retry_delay },
    [NODE_SERVER_URL] = { "ServerURL", apply_server_url },
    [NODE_SUBJECT_ALTERNATIVE_NAMES] = { "SubjectAlternativeNames", apply_names },
    [NODE_SUBJECT_NAME] = { "SubjectName", apply_subject },
    [NODE_TEMPLATE_NAME] = { "TemplateName", apply_template_name },
    [NODE_VALID_PERIOD] = { "ValidPeriod", apply_valid_period },
    [NODE_VALID_PERIOD_UNITS] = { "ValidPeriodUnits", apply_valid_period_units },
};

bool policy_csp_node_find(const char *name, size_t *node)
{
    for (size_t i = 0; i < POLICY_CSP_NODES; i++) {
        if (text_equal_nocase(name, nodes[i].name)) {
            *node = i;
            return true;
        }
    }
    return false;
}

const char *policy_csp_node_name(size_t node)
{
    return nodes[node].name;
}

bool policy_csp_node_read(size_t node)
{
    return nodes[node].apply != NULL;
}

bool policy_csp_nodes_apply(const struct policy_csp_value value[POLICY_CSP_NODES], struct policy *p,
                            struct policy_set *out, struct error *err)
{
    /* Both are what such a profile means by silence: Windows needs a subject, and sends no name
     * that it was not told to. */
    if (value[NODE_SUBJECT_NAME].text == NULL) {
        return error_set(err, REASON_POLICY_VALUE,
                         "SubjectName is missing: the file is not the whole profile");
    }
    p->san.stated = true;
    for (size_t i = 0; i < POLICY_CSP_NODES; i++) {
        struct reading r = { value, value[i].text, p, out, value[i].line };

        if (r.text != NULL && nodes[i].apply != NULL && !nodes[i].apply(&r, err)) {
            return error_context(err, "line %zu: %s", r.line, nodes[i].name);
        }
    }
    return true;
}
