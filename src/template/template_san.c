/* SPDX-License-Identifier: Apache-2.0 */
#include "template/template_san.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "template/template_patterns.h"
#include "template/template_value.h"

#define VALUE_SHOWN_MAX 160
#define IPV4_BYTES 4u
#define IPV6_BYTES 16u
/* Longer than the one tag known today, so that Microsoft's next date finds no gap. */
#define STRONG_MAPPING_PREFIX "tag:microsoft.com"

enum san_type {
    SAN_TYPE_DNS,
    SAN_TYPE_IP,
    SAN_TYPE_EMAIL,
    SAN_TYPE_URI,
    SAN_TYPE_UPN,
    SAN_TYPE_DIRNAME,
    SAN_TYPE_RID,
    SAN_TYPE_COUNT,
    SAN_TYPE_NEVER = SAN_TYPE_COUNT /* other otherNames, X.400, EDI: cannot be listed */
};

static const struct {
    enum san_type type;
    const char *name;
    const char *shown;
} san_types[] = {
    { SAN_TYPE_DNS, "dns", "DNS name" },
    { SAN_TYPE_IP, "ip", "IP address" },
    { SAN_TYPE_EMAIL, "email", "e-mail address" },
    { SAN_TYPE_URI, "uri", "URI" },
    { SAN_TYPE_UPN, "upn", "user principal name" },
    { SAN_TYPE_DIRNAME, "dirname", "directory name" },
    { SAN_TYPE_RID, "rid", "registered ID" },
};
_Static_assert(sizeof(san_types) / sizeof(san_types[0]) == SAN_TYPE_COUNT, "a row for each type");

struct template_san {
    bool listed[SAN_TYPE_COUNT];
    enum unlisted_action unlisted;
    size_t max;
    bool wildcards;
    bool account_sids; /* a URI may name a Windows account */
    bool joined;       /* a DNS name may be several, joined by commas */
    struct template_patterns dns_patterns;
};

static bool compile_types(struct template_san *s, const char *list, struct error *err)
{
    struct bytes all = bytes_of_text(list == NULL ? "" : list);
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    while (text_next_item(all, ',', &pos, &item)) {
        bool found = false;

        for (size_t i = 0; i < SAN_TYPE_COUNT; i++) {
            if (bytes_equal(item, bytes_of_text(san_types[i].name))) {
                s->listed[san_types[i].type] = true;
                found = true;
            }
        }
        if (!found) {
            return error_set(err, REASON_CONFIG_BAD_VALUE, "san.types: \"%.*s\" is not a type",
                             (int)item.len, (const char *)item.data);
        }
    }
    return true;
}

struct template_san *template_san_create(const struct template_config *config, struct error *err)
{
    struct template_san *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a template");
        return NULL;
    }
    s->unlisted = config->san.unlisted;
    s->max = config->san.max > 0 ? (size_t)config->san.max : 0;
    s->wildcards = config->san.wildcards;
    s->account_sids =
        config->challenge.type == CHALLENGE_TYPE_INTUNE || config->policy.files[0] != '\0';
    s->joined = config->challenge.type == CHALLENGE_TYPE_INTUNE;
    if (!compile_types(s, config->san.types, err)
        || !template_patterns_init(&s->dns_patterns, config->san.dns_patterns, err)) {
        template_san_free(s);
        return NULL;
    }
    return s;
}

void template_san_free(struct template_san *s)
{
    if (s == NULL) {
        return;
    }
    template_patterns_clear(&s->dns_patterns);
    free(s);
}

static enum san_type type_of(const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_DNS:
        return SAN_TYPE_DNS;
    case GEN_IPADD:
        return SAN_TYPE_IP;
    case GEN_EMAIL:
        return SAN_TYPE_EMAIL;
    case GEN_URI:
        return SAN_TYPE_URI;
    case GEN_DIRNAME:
        return SAN_TYPE_DIRNAME;
    case GEN_RID:
        return SAN_TYPE_RID;
    case GEN_OTHERNAME:
        return OBJ_obj2nid(name->d.otherName->type_id) == NID_ms_upn ? SAN_TYPE_UPN
                                                                     : SAN_TYPE_NEVER;
    default:
        return SAN_TYPE_NEVER;
    }
}

static struct bytes string_bytes(const ASN1_STRING *string)
{
    return bytes_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

static bool refuse_value(enum san_type type, struct bytes value, const char *why, struct error *err)
{
    char shown[VALUE_SHOWN_MAX];

    text_escape(shown, sizeof(shown), value);
    return error_set(err, REASON_SAN_VALUE, "%s \"%s\" %s", san_types[type].shown, shown, why);
}

static bool check_host(const struct template_san *s, struct bytes value, struct error *err)
{
    char shown[VALUE_SHOWN_MAX];

    if (!s->wildcards && value.len > 0 && memchr(value.data, '*', value.len) != NULL) {
        text_escape(shown, sizeof(shown), value);
        return error_set(err, REASON_SAN_WILDCARD, "DNS name \"%s\" is a wildcard", shown);
    }
    if (!template_value_is_host(value, s->wildcards)) {
        return refuse_value(SAN_TYPE_DNS, value, "is not a host name", err);
    }
    return template_patterns_allow(&s->dns_patterns, value)
           || refuse_value(SAN_TYPE_DNS, value, "fits no pattern", err);
}

/*
 * Some of Intune's devices put all rows of a profile into one name, joined by commas. Intune sees
 * the same, so the name is left as it is; each part has to be a host name.
 */
static bool check_dns(const struct template_san *s, struct bytes value, struct error *err)
{
    const uint8_t *comma = NULL;

    while (s->joined && value.len > 0 && (comma = memchr(value.data, ',', value.len)) != NULL) {
        size_t len = (size_t)(comma - value.data);

        if (!check_host(s, bytes_of(value.data, len), err)) {
            return false;
        }
        value = bytes_of(comma + 1, value.len - len - 1);
    }
    return check_host(s, value, err);
}

static bool check_ip(struct bytes value, struct error *err)
{
    return value.len == IPV4_BYTES || value.len == IPV6_BYTES
           || error_set(err, REASON_SAN_VALUE, "IP address of %zu bytes", value.len);
}

/*
 * Whoever chooses a SID chooses whom a domain controller takes him for. Only somebody who knows
 * better than the request may let it pass: Intune, or a policy (enroll/ sees to that).
 */
static bool check_uri(const struct template_san *s, struct bytes value, struct error *err)
{
    size_t prefix = strlen(STRONG_MAPPING_PREFIX);

    if (!template_value_is_uri(value)) {
        return refuse_value(SAN_TYPE_URI, value, "is not a URI", err);
    }
    /* printable ASCII by now, and long enough: the comparison stays inside the value */
    if (!s->account_sids && value.len >= prefix
        && text_starts_nocase((const char *)value.data, STRONG_MAPPING_PREFIX)) {
        return refuse_value(SAN_TYPE_URI, value, "names a Windows account", err);
    }
    return true;
}

static bool check_upn(const OTHERNAME *name, struct error *err)
{
    if (name->value == NULL || name->value->type != V_ASN1_UTF8STRING) {
        return error_set(err, REASON_SAN_VALUE, "user principal name is not a UTF8String");
    }
    return template_value_is_upn(string_bytes(name->value->value.utf8string))
           || refuse_value(SAN_TYPE_UPN, string_bytes(name->value->value.utf8string),
                           "is not name@realm", err);
}

static bool check_dirname(const X509_NAME *name, struct error *err)
{
    struct error why = ERROR_INIT;

    /* the subject's rules for values, under the SAN's reason */
    return template_value_name(name, REASON_SAN_VALUE, &why)
           || error_set(err, why.reason == REASON_NO_MEMORY ? REASON_NO_MEMORY : REASON_SAN_VALUE,
                        "directory name: %s", why.detail);
}

static bool check_name(const struct template_san *s, enum san_type type, const GENERAL_NAME *name,
                       struct error *err)
{
    switch (type) {
    case SAN_TYPE_DNS:
        return check_dns(s, string_bytes(name->d.dNSName), err);
    case SAN_TYPE_IP:
        return check_ip(string_bytes(name->d.iPAddress), err);
    case SAN_TYPE_EMAIL:
        return template_value_is_email(string_bytes(name->d.rfc822Name))
               || refuse_value(type, string_bytes(name->d.rfc822Name), "is not local@host", err);
    case SAN_TYPE_URI:
        return check_uri(s, string_bytes(name->d.uniformResourceIdentifier), err);
    case SAN_TYPE_UPN:
        return check_upn(name->d.otherName, err);
    case SAN_TYPE_DIRNAME:
        return check_dirname(name->d.directoryName, err);
    case SAN_TYPE_RID:
        return true; /* an OID says what it says */
    case SAN_TYPE_NEVER:
        break;
    }
    return error_set(err, REASON_INTERNAL, "subject alternative name of no type");
}

static bool is_there(const GENERAL_NAMES *list, GENERAL_NAME *name)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(list, i), name) == 0) {
            return true;
        }
    }
    return false;
}

static bool push_copy(GENERAL_NAMES *list, const GENERAL_NAME *name, struct error *err)
{
    GENERAL_NAME *copy = GENERAL_NAME_dup(name);

    if (copy == NULL || sk_GENERAL_NAME_push(list, copy) <= 0) {
        GENERAL_NAME_free(copy);
        return error_set(err, REASON_NO_MEMORY, "out of memory for a subject alternative name");
    }
    return true;
}

static bool refuse_type(enum san_type type, struct error *err)
{
    if (type == SAN_TYPE_NEVER) {
        return error_set(err, REASON_SAN_TYPE,
                         "subject alternative name: another type is not listed");
    }
    return error_set(err, REASON_SAN_TYPE,
                     "subject alternative name: %s is not listed; if devices may have it, add %s "
                     "to san.types",
                     san_types[type].shown, san_types[type].name);
}

/* Put one wanted name into the list, or leave it out, or refuse. */
static bool take_name(const struct template_san *s, GENERAL_NAME *name, GENERAL_NAMES *list,
                      struct error *err)
{
    enum san_type type = type_of(name);

    if (type == SAN_TYPE_NEVER || !s->listed[type]) {
        return s->unlisted == UNLISTED_DROP || refuse_type(type, err);
    }
    if (!check_name(s, type, name, err)) {
        return false;
    }
    if (is_there(list, name)) {
        return true;
    }
    if ((size_t)sk_GENERAL_NAME_num(list) >= s->max) {
        return error_set(err, REASON_SAN_COUNT, "more than %zu subject alternative names", s->max);
    }
    return push_copy(list, name, err);
}

bool template_san_make(const struct template_san *s, const GENERAL_NAMES *wanted,
                       GENERAL_NAMES **out, struct error *err)
{
    GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
    bool ok = false;

    if (list == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for subject alternative names");
        goto out;
    }
    for (int i = 0; i < sk_GENERAL_NAME_num(wanted); i++) {
        if (!take_name(s, sk_GENERAL_NAME_value(wanted, i), list, err)) {
            goto out;
        }
    }
    *out = NULL;
    if (sk_GENERAL_NAME_num(list) > 0) {
        *out = list;
        list = NULL;
    }
    ok = true;
out:
    GENERAL_NAMES_free(list);
    ERR_clear_error();
    return ok;
}
