/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apple's payload com.apple.security.scep, wherever it lies in a configuration profile. It says
 * nothing about extended key usage, hash and validity; these stay as the template has them.
 */
#include <string.h>

#include "base/text.h"
#include "model/csr.h"
#include "policy/policy_dn.h"
#include "policy/policy_load.h"
#include "policy/policy_plist.h"
#include "policy/policy_xml.h"

#define SCEP_PAYLOAD "com.apple.security.scep"
#define PAYLOAD_TYPE_BYTES 256u
#define FINGERPRINT_BYTES 64u
#define KEY_BITS_DEFAULT 1024
#define NUMBER_MAX 1000000u
#define SIGNING 1u
#define ENCRYPTION 4u

/* What one key is turned into. */
struct reading {
    const struct xml_node *value;
    struct policy *policy;
    struct policy_set *out;
};

typedef bool (*apply_key)(const struct reading *r, struct error *err);

/* ---- names ----------------------------------------------------------------------------------- */

/* [oid, value] */
static bool add_attribute(const struct reading *r, const struct xml_node *pair, struct error *err)
{
    struct buffer type = BUFFER_INIT(128);
    struct buffer value = BUFFER_INIT(LIMIT_POLICY_TEXT);
    const struct xml_node *first = xml_node_child(pair);
    const struct xml_node *second = first == NULL ? NULL : xml_node_next(first);
    char oid[128];
    char shown[80];
    bool ok = false;

    if (second == NULL || xml_node_next(second) != NULL) {
        return error_set(err, REASON_POLICY_VALUE,
                         "line %zu: an attribute is an <array> of two: type and value",
                         xml_node_line(pair));
    }
    ok = policy_plist_string(first, &type, err) && policy_plist_string(second, &value, err);
    if (ok && !policy_dn_oid(buffer_bytes(&type), oid)) {
        text_escape(shown, sizeof(shown), buffer_bytes(&type));
        ok = error_set(err, REASON_POLICY_VALUE, "line %zu: \"%s\" is no attribute of a name",
                       xml_node_line(first), shown);
    }
    if (ok && !policy_add_rdn(r->policy, oid, buffer_text(&value), err)) {
        ok = error_context(err, "line %zu", xml_node_line(second));
    }
    buffer_clear(&type);
    buffer_clear(&value);
    return ok;
}

/* An RDN has one attribute as a rule, and may have several. */
static bool apply_subject(const struct reading *r, struct error *err)
{
    for (const struct xml_node *rdn = xml_node_child(r->value); rdn != NULL;
         rdn = xml_node_next(rdn)) {
        if (!policy_plist_expect(rdn, POLICY_PLIST_ARRAY, err)) {
            return false;
        }
        for (const struct xml_node *n = xml_node_child(rdn); n != NULL; n = xml_node_next(n)) {
            if (!policy_plist_expect(n, POLICY_PLIST_ARRAY, err) || !add_attribute(r, n, err)) {
                return false;
            }
        }
    }
    return true;
}

static bool add_name(const struct reading *r, enum policy_san_type type,
                     const struct xml_node *value, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_TEXT);
    bool ok = policy_plist_string(value, &text, err);

    if (ok && text.len == 0) {
        ok = policy_set_warn(r->out, err, "line %zu: an empty name is passed over",
                             xml_node_line(value));
    } else if (ok && !policy_add_san(r->policy, type, buffer_text(&text), 1, 1, err)) {
        ok = error_context(err, "line %zu", xml_node_line(value));
    }
    buffer_clear(&text);
    return ok;
}

/* A string, or an array of strings. */
static bool add_names(const struct reading *r, enum policy_san_type type,
                      const struct xml_node *value, struct error *err)
{
    if (!policy_xml_is(value, "array")) {
        return add_name(r, type, value, err);
    }
    for (const struct xml_node *n = xml_node_child(value); n != NULL; n = xml_node_next(n)) {
        if (!add_name(r, type, n, err)) {
            return false;
        }
    }
    return true;
}

static bool apply_names(const struct reading *r, struct error *err)
{
    static const struct {
        const char *key;
        enum policy_san_type type;
    } types[] = {
        { "rfc822Name", POLICY_SAN_EMAIL },
        { "dNSName", POLICY_SAN_DNS },
        { "uniformResourceIdentifier", POLICY_SAN_URI },
        { "ntPrincipalName", POLICY_SAN_UPN },
    };
    const size_t count = sizeof(types) / sizeof(types[0]);
    struct policy_plist_dict dict = { NULL, 0 };
    char shown[80];
    bool ok = policy_plist_dict_read(r->value, &dict, err);

    for (size_t i = 0; i < dict.count && ok; i++) {
        size_t t = 0;

        while (t < count && strcmp(dict.item[i].key, types[t].key) != 0) {
            t++;
        }
        if (t < count) {
            ok = add_names(r, types[t].type, dict.item[i].value, err);
        } else { /* passing it over would refuse the devices that do what they were told */
            text_escape(shown, sizeof(shown), bytes_of_text(dict.item[i].key));
            ok = error_set(err, REASON_POLICY_VALUE,
                           "line %zu: \"%s\" is a type of name that no policy can describe; "
                           "possible: rfc822Name, dNSName, uniformResourceIdentifier, "
                           "ntPrincipalName",
                           xml_node_line(dict.item[i].value), shown);
        }
    }
    policy_plist_dict_clear(&dict);
    return ok;
}

/* ---- the other keys -------------------------------------------------------------------------- */

static bool apply_url(const struct reading *r, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_TEXT);
    bool ok = policy_plist_string(r->value, &text, err)
              && policy_texts_add(&r->policy->endpoints, buffer_text(&text), err);

    buffer_clear(&text);
    return ok;
}

static bool apply_ca_ident(const struct reading *r, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_TEXT);
    bool ok = policy_plist_string(r->value, &text, err)
              && policy_set_text(&r->policy->facts.ca_ident, buffer_text(&text), err);

    buffer_clear(&text);
    return ok;
}

static bool apply_key_size(const struct reading *r, struct error *err)
{
    uint64_t bits = 0;

    return policy_plist_integer(r->value, LIMIT_RSA_BITS_MAX, &bits, err)
           && (policy_add_bits(r->policy, (int64_t)bits, err)
               || error_context(err, "line %zu", xml_node_line(r->value)));
}

static bool apply_key_type(const struct reading *r, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_TEXT);
    bool ok = policy_plist_string(r->value, &text, err);

    if (ok && strcmp(buffer_text(&text), "RSA") != 0) {
        ok = error_set(err, REASON_POLICY_VALUE, "line %zu: not RSA; nothing else is possible",
                       xml_node_line(r->value));
    }
    buffer_clear(&text);
    return ok;
}

/* 0, the default, asks for nothing. */
static bool apply_key_usage(const struct reading *r, struct error *err)
{
    uint64_t mask = 0;

    if (!policy_plist_integer(r->value, SIGNING | ENCRYPTION, &mask, err)) {
        return false;
    }
    if ((mask & ~(uint64_t)(SIGNING | ENCRYPTION)) != 0) {
        return error_set(err, REASON_POLICY_VALUE,
                         "line %zu: possible: 1 (signing), 4 (encryption), 5 (both)",
                         xml_node_line(r->value));
    }
    r->policy->key_usage.stated = mask != 0;
    r->policy->key_usage.bits = ((mask & SIGNING) != 0 ? KEY_USAGE_DIGITAL_SIGNATURE : 0u)
                                | ((mask & ENCRYPTION) != 0 ? KEY_USAGE_KEY_ENCIPHERMENT : 0u);
    return true;
}

static bool apply_fingerprint(const struct reading *r, struct error *err)
{
    struct buffer digest = BUFFER_INIT(FINGERPRINT_BYTES);
    char hex[2 * FINGERPRINT_BYTES + 1];
    bool ok = policy_plist_data(r->value, &digest, err);

    if (ok && digest.len != 0 && digest.len != 16 && digest.len != 20 && digest.len != 32) {
        ok = error_set(err, REASON_POLICY_VALUE,
                       "line %zu: %zu bytes are no MD5, SHA-1 or SHA-256 fingerprint",
                       xml_node_line(r->value), digest.len);
    }
    if (ok) {
        text_hex(hex, sizeof(hex), buffer_bytes(&digest));
        ok = policy_set_text(&r->policy->facts.ca_fingerprint, hex, err);
    }
    buffer_clear(&digest);
    return ok;
}

static bool apply_retries(const struct reading *r, struct error *err)
{
    uint64_t count = 0;

    if (!policy_plist_integer(r->value, NUMBER_MAX, &count, err)) {
        return false;
    }
    r->policy->facts.retry_count = (int64_t)count;
    return true;
}

static bool apply_retry_delay(const struct reading *r, struct error *err)
{
    uint64_t seconds = 0;

    if (!policy_plist_integer(r->value, NUMBER_MAX, &seconds, err)) {
        return false;
    }
    r->policy->facts.retry_delay_seconds = (int64_t)seconds;
    return true;
}

/* ---- the payload ----------------------------------------------------------------------------- */

static const struct {
    const char *key;
    enum policy_plist_kind kind;
    apply_key apply; /* NULL: nothing to compare */
} keys[] = {
    { "AllowAllAppsAccess", POLICY_PLIST_BOOLEAN, NULL },
    { "CAFingerprint", POLICY_PLIST_DATA, apply_fingerprint },
    { "Challenge", POLICY_PLIST_STRING, NULL }, /* a secret */
    { "Key Type", POLICY_PLIST_STRING, apply_key_type },
    { "Key Usage", POLICY_PLIST_INTEGER, apply_key_usage },
    { "KeyIsExtractable", POLICY_PLIST_BOOLEAN, NULL },
    { "Keysize", POLICY_PLIST_INTEGER, apply_key_size },
    { "Name", POLICY_PLIST_STRING, apply_ca_ident },
    { "Retries", POLICY_PLIST_INTEGER, apply_retries },
    { "RetryDelay", POLICY_PLIST_INTEGER, apply_retry_delay },
    { "Subject", POLICY_PLIST_ARRAY, apply_subject },
    { "SubjectAltName", POLICY_PLIST_DICT, apply_names },
    { "URL", POLICY_PLIST_STRING, apply_url },
};

static bool apply_entry(const struct policy_plist_entry *entry, struct policy *p,
                        struct policy_set *out, struct error *err)
{
    struct reading r = { entry->value, p, out };
    char shown[120];

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(entry->key, keys[i].key) == 0) {
            return (policy_plist_expect(entry->value, keys[i].kind, err)
                    && (keys[i].apply == NULL || keys[i].apply(&r, err)))
                   || error_context(err, "%s", entry->key);
        }
    }
    text_escape(shown, sizeof(shown), bytes_of_text(entry->key));
    return policy_set_warn(out, err, "line %zu: \"%s\" is no key this server knows; passed over",
                           xml_node_line(entry->value), shown);
}

static bool read_settings(const struct xml_node *node, struct policy *p, struct policy_set *out,
                          struct error *err)
{
    struct policy_plist_dict dict = { NULL, 0 };
    bool ok = policy_plist_expect(node, POLICY_PLIST_DICT, err)
              && policy_plist_dict_read(node, &dict, err);

    /* What such a profile means by silence: no name that was not told, and the small key. */
    p->san.stated = true;
    p->subject.stated = true;
    for (size_t i = 0; i < dict.count && ok; i++) {
        ok = apply_entry(&dict.item[i], p, out, err);
    }
    if (ok && policy_plist_get(&dict, "URL") == NULL) {
        ok = error_set(err, REASON_POLICY_VALUE, "line %zu: URL is missing", xml_node_line(node));
    }
    if (ok && p->subject.count == 0 && p->san.count == 0) {
        ok = error_set(err, REASON_POLICY_VALUE,
                       "line %zu: neither Subject nor SubjectAltName: for whom is the certificate?",
                       xml_node_line(node));
    }
    if (ok && policy_plist_get(&dict, "Keysize") == NULL) {
        ok = policy_add_bits(p, KEY_BITS_DEFAULT, err);
    }
    policy_plist_dict_clear(&dict);
    return ok;
}

/* What people call the payload: the first of these that says something. */
static bool read_name(const struct policy_plist_dict *payload, const char *file, struct buffer *out,
                      struct error *err)
{
    static const char *const names[] = { "PayloadDisplayName", "PayloadIdentifier", "PayloadUUID" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct xml_node *value = policy_plist_get(payload, names[i]);

        if (value != NULL && !policy_plist_string(value, out, err)) {
            return error_context(err, "%s", names[i]);
        }
        if (out->len > 0) {
            return true;
        }
    }
    return buffer_append_text(out, file, err);
}

static bool add_payload(const struct xml_node *node, const struct policy_plist_dict *payload,
                        enum policy_store store, const char *file, struct policy_set *out,
                        struct error *err)
{
    struct buffer name = BUFFER_INIT(LIMIT_POLICY_TEXT);
    const struct xml_node *settings = policy_plist_get(payload, "PayloadContent");
    struct policy *p = NULL;
    bool ok = false;

    if (settings == NULL) {
        return error_set(err, REASON_POLICY_VALUE,
                         "line %zu: the SCEP payload has no PayloadContent", xml_node_line(node));
    }
    if (read_name(payload, file, &name, err)) {
        p = policy_new(buffer_text(&name), err);
    }
    buffer_clear(&name);
    if (p == NULL) {
        return error_context(err, "line %zu", xml_node_line(node));
    }
    p->facts.source = POLICY_SOURCE_APPLE;
    p->facts.platform = POLICY_PLATFORM_APPLE;
    p->facts.store = store;
    p->facts.line = xml_node_line(node);
    ok = policy_set_text(&p->facts.file, file, err) && read_settings(settings, p, out, err);
    if (!ok) {
        policy_free(p);
        return false;
    }
    return policy_set_add(out, p, err);
}

/* ---- the profile around it ------------------------------------------------------------------- */

/* The text of a string below `key`; "" when there is none. */
static bool short_text(const struct policy_plist_dict *dict, const char *key, struct buffer *out,
                       struct error *err)
{
    const struct xml_node *value = policy_plist_get(dict, key);

    return value == NULL || policy_plist_string(value, out, err) || error_context(err, "%s", key);
}

static bool read_scope(const struct policy_plist_dict *dict, enum policy_store *store,
                       struct error *err)
{
    struct buffer scope = BUFFER_INIT(PAYLOAD_TYPE_BYTES);
    bool ok = short_text(dict, "PayloadScope", &scope, err);

    if (ok && strcmp(buffer_text(&scope), "System") == 0) {
        *store = POLICY_STORE_MACHINE;
    } else if (ok && strcmp(buffer_text(&scope), "User") == 0) {
        *store = POLICY_STORE_USER;
    }
    buffer_clear(&scope);
    return ok;
}

/* A payload, or a profile of payloads. The depth is bounded by the parser. */
static bool walk(const struct xml_node *node, enum policy_store store, const char *file,
                 struct policy_set *out, struct error *err)
{
    struct policy_plist_dict dict = { NULL, 0 };
    struct buffer type = BUFFER_INIT(PAYLOAD_TYPE_BYTES);
    const struct xml_node *content = NULL;
    bool ok = policy_plist_expect(node, POLICY_PLIST_DICT, err)
              && policy_plist_dict_read(node, &dict, err)
              && short_text(&dict, "PayloadType", &type, err) && read_scope(&dict, &store, err);

    if (ok && strcmp(buffer_text(&type), SCEP_PAYLOAD) == 0) {
        ok = add_payload(node, &dict, store, file, out, err);
    } else if (ok) {
        content = policy_plist_get(&dict, "PayloadContent");
        content = content != NULL && policy_xml_is(content, "array") ? content : NULL;
        for (const struct xml_node *n = content == NULL ? NULL : xml_node_child(content);
             n != NULL && ok; n = xml_node_next(n)) {
            ok = walk(n, store, file, out, err);
        }
    }
    buffer_clear(&type);
    policy_plist_dict_clear(&dict);
    return ok;
}

bool policy_load_plist(const struct xml_node *root, const char *file, struct policy_set *out,
                       struct error *err)
{
    const struct xml_node *top = root;

    if (policy_xml_is(root, "plist")) {
        top = xml_node_child(root);
        if (top == NULL || xml_node_next(top) != NULL) {
            return error_set(err, REASON_POLICY_FORMAT, "line %zu: a <plist> holds one value",
                             xml_node_line(root));
        }
    }
    if (!policy_xml_is(top, "array")) {
        return walk(top, POLICY_STORE_UNSTATED, file, out, err);
    }
    for (const struct xml_node *n = xml_node_child(top); n != NULL; n = xml_node_next(n)) {
        if (!walk(n, POLICY_STORE_UNSTATED, file, out, err)) {
            return false;
        }
    }
    return true;
}
