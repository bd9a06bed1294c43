/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCEP profiles as Microsoft Graph gives them. Null, missing and empty are one: not stated. Members
 * that are not known are passed over, since Graph adds some every year and exports carry dozens
 * that are none of our business; a word that is not known in a member that is, is an error, since
 * a rule would get lost.
 */
#include <limits.h>
#include <string.h>

#include "base/base64.h"
#include "base/secret.h"
#include "base/text.h"
#include "model/certificate.h"
#include "model/csr.h"
#include "policy/policy_graph_names.h"
#include "policy/policy_load.h"

#define CERTIFICATE_BYTES_MAX 65536u
#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END "-----END CERTIFICATE-----"
#define VALIDITY_MAX 36500

/* A bit each, so that two at once are seen; the bit's number is that of the size. */
static const struct policy_graph_word key_sizes[] = {
    { "size1024", 1u << 0 },
    { "size2048", 1u << 1 },
    { "size3072", 1u << 2 },
    { "size4096", 1u << 3 },
    { NULL, 0 },
};
static const int64_t key_bits[] = { 1024, 2048, 3072, 4096 };
static const struct policy_graph_word key_usages[] = {
    { "keyEncipherment", KEY_USAGE_KEY_ENCIPHERMENT },
    { "digitalSignature", KEY_USAGE_DIGITAL_SIGNATURE },
    { NULL, 0 },
};
#define HASH_SHA1 1u
#define HASH_SHA2 2u
static const struct policy_graph_word hashes[] = {
    { "sha1", HASH_SHA1 },
    { "sha2", HASH_SHA2 },
    { NULL, 0 },
};
/* As above; the bit's number is the value. */
static const struct policy_graph_word scales[] = {
    { "days", 1u << POLICY_UNIT_DAYS },
    { "months", 1u << POLICY_UNIT_MONTHS },
    { "years", 1u << POLICY_UNIT_YEARS },
    { NULL, 0 },
};
static const struct policy_graph_word stores[] = {
    { "user", 1u << POLICY_STORE_USER },
    { "machine", 1u << POLICY_STORE_MACHINE },
    { NULL, 0 },
};
static const struct policy_graph_word providers[] = {
    { "useTpmKspOtherwiseUseSoftwareKsp", 1u << POLICY_PROTECTION_TPM_IF_THERE },
    { "useTpmKspOtherwiseFail", 1u << POLICY_PROTECTION_TPM },
    { "usePassportForWorkKspOtherwiseFail", 1u << POLICY_PROTECTION_HELLO },
    { "useSoftwareKsp", 1u << POLICY_PROTECTION_SOFTWARE },
    { NULL, 0 },
};

static const struct {
    const char *type; /* behind "#microsoft.graph." */
    enum policy_platform platform;
} profile_types[] = {
    { "windows81SCEPCertificateProfile", POLICY_PLATFORM_WINDOWS },
    { "windows10XSCEPCertificateProfile", POLICY_PLATFORM_WINDOWS },
    { "iosScepCertificateProfile", POLICY_PLATFORM_APPLE },
    { "macOSScepCertificateProfile", POLICY_PLATFORM_APPLE },
    { "androidScepCertificateProfile", POLICY_PLATFORM_ANDROID },
    { "androidForWorkScepCertificateProfile", POLICY_PLATFORM_ANDROID },
    { "androidWorkProfileScepCertificateProfile", POLICY_PLATFORM_ANDROID },
    { "androidDeviceOwnerScepCertificateProfile", POLICY_PLATFORM_ANDROID },
    { "aospDeviceOwnerScepCertificateProfile", POLICY_PLATFORM_ANDROID },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- single members -------------------------------------------------------------------------- */

/* One word of an enumeration without flags. *number stays when nothing is stated. */
static bool read_choice(const struct policy_json *node, const char *key,
                        const struct policy_graph_word *words, unsigned *number, struct error *err)
{
    uint32_t bits = 0;

    if (!policy_graph_names_flags(node, key, words, &bits, err) || bits == 0) {
        return !error_is_set(err);
    }
    if ((bits & (bits - 1)) != 0) {
        return policy_json_refuse(node, key, err, "two values exclude each other");
    }
    for (*number = 0; (bits >> *number) != 1; (*number)++) {
    }
    return true;
}

static bool read_key(const struct policy_json *node, struct policy *p, struct error *err)
{
    unsigned size = UINT_MAX;
    uint32_t usage = 0;
    uint32_t hash = 0;

    if (!read_choice(node, "keySize", key_sizes, &size, err)
        || !policy_graph_names_flags(node, "keyUsage", key_usages, &usage, err)
        || !policy_graph_names_flags(node, "hashAlgorithm", hashes, &hash, err)) {
        return false;
    }
    if (size < COUNT(key_bits) && !policy_add_bits(p, key_bits[size], err)) {
        return policy_json_context(node, "keySize", err);
    }
    p->key_usage.stated = usage != 0;
    p->key_usage.bits = usage;
    p->hash.stated = hash != 0;
    p->hash.sha1 = (hash & HASH_SHA1) != 0;
    p->hash.sha2 = (hash & HASH_SHA2) != 0;
    return true;
}

static bool read_validity(const struct policy_json *node, struct policy *p, struct error *err)
{
    unsigned unit = UINT_MAX;
    int64_t value = 0;

    if (!read_choice(node, "certificateValidityPeriodScale", scales, &unit, err)
        || !policy_json_integer(node, "certificateValidityPeriodValue", 1, VALIDITY_MAX, &value,
                                err)) {
        return false;
    }
    if ((unit == UINT_MAX) != (value == 0)) {
        return policy_json_refuse(node, "certificateValidityPeriodScale", err,
                                  "certificateValidityPeriodValue and it belong together, and one "
                                  "is missing");
    }
    if (value != 0) {
        p->validity.stated = true;
        p->validity.value = value;
        p->validity.unit = (enum policy_unit)unit;
    }
    return true;
}

static bool read_eku(const struct policy_json *node, struct policy *p, struct error *err)
{
    struct policy_json_list list = policy_json_list(node, "extendedKeyUsages");
    struct policy_json row = { NULL, false, "" };
    const char *oid = NULL;

    for (size_t i = 0; i < list.count; i++) {
        if (!policy_json_list_object(&list, i, &row, err)) {
            return false;
        }
        if (row.object == NULL) {
            continue;
        }
        if (!policy_json_text(&row, "objectIdentifier", &oid, err)) {
            return false;
        }
        if (oid == NULL) {
            return policy_json_refuse(&row, "objectIdentifier", err, "is missing");
        }
        if (!policy_add_eku(p, oid, err)) {
            return policy_json_context(&row, "objectIdentifier", err);
        }
    }
    return true;
}

static bool read_urls(const struct policy_json *node, struct policy *p, struct error *err)
{
    struct policy_json_list list = policy_json_list(node, "scepServerUrls");
    const char *url = NULL;

    for (size_t i = 0; i < list.count; i++) {
        if (!policy_json_list_text(&list, i, &url, err)) {
            return false;
        }
        if (url != NULL && !policy_texts_add(&p->endpoints, url, err)) {
            return policy_json_list_context(&list, i, err);
        }
    }
    return true;
}

static bool read_facts(const struct policy_json *node, struct policy *p, struct error *err)
{
    unsigned store = POLICY_STORE_UNSTATED;
    unsigned protection = POLICY_PROTECTION_UNSTATED;

    if (!read_choice(node, "certificateStore", stores, &store, err)
        || !read_choice(node, "keyStorageProvider", providers, &protection, err)
        || !policy_json_integer(node, "renewalThresholdPercentage", 0, 99,
                                &p->facts.renewal_threshold, err)) {
        return false;
    }
    p->facts.store = (enum policy_store)store;
    p->facts.protection = (enum policy_protection)protection;
    return true;
}

/* ---- the root certificate -------------------------------------------------------------------- */

/* Base64 of the .cer file the administrator gave to Intune: DER, or PEM around base64 of DER. */
static bool unpack_certificate(struct bytes text, struct buffer *der, struct error *err)
{
    struct buffer file = BUFFER_INIT(CERTIFICATE_BYTES_MAX);
    bool ok = base64_decode(text, BASE64_TOLERANT, &file, err);
    const char *pem = ok ? buffer_text(&file) : "";
    const char *begin = strstr(pem, PEM_BEGIN);
    const char *end = begin != NULL ? strstr(begin, PEM_END) : NULL;

    if (end != NULL) {
        begin += strlen(PEM_BEGIN);
        ok = base64_decode(bytes_of(begin, (size_t)(end - begin)), BASE64_TOLERANT, der, err);
    } else if (ok) {
        ok = buffer_append_bytes(der, buffer_bytes(&file), err);
    }
    buffer_clear(&file);
    return ok;
}

static bool fingerprint(const char *base64, char *hex, size_t size, struct error *err)
{
    struct buffer der = BUFFER_INIT(CERTIFICATE_BYTES_MAX);
    struct x509_st *cert = NULL;
    uint8_t digest[DIGEST_SHA256_BYTES];
    bool ok = false;

    if (unpack_certificate(bytes_of_text(base64), &der, err)) {
        cert = certificate_parse(buffer_bytes(&der), err);
    }
    if (cert != NULL && digest_sha256(buffer_bytes(&der), digest, err)) {
        text_hex(hex, size, bytes_of(digest, sizeof(digest)));
        ok = true;
    }
    certificate_free(cert);
    buffer_clear(&der);
    return ok;
}

/* Only there when the export was asked to expand it. It helps lint and decides about no request:
 * what cannot be read is a warning. */
static bool read_root(const struct policy_json *node, struct policy *p, struct policy_set *out,
                      struct error *err)
{
    struct policy_json root = { NULL, false, "" };
    const char *base64 = NULL;
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    struct error why = ERROR_INIT;

    if (!policy_json_object(node, "rootCertificate", &root, err)
        || (root.object != NULL
            && !policy_json_text(&root, "trustedRootCertificate", &base64, err))) {
        return false;
    }
    if (base64 == NULL) {
        return true;
    }
    if (fingerprint(base64, hex, sizeof(hex), &why)) {
        return policy_set_text(&p->facts.ca_fingerprint, hex, err);
    }
    return policy_set_warn(out, err, "%s: the root certificate cannot be read (%s)", p->name,
                           reason_id(why.reason));
}

/* ---- the profile ----------------------------------------------------------------------------- */

/* Graph's names begin with a small letter. Objects of PowerShell write them with a capital one:
 * read as members that are not known, these would be rules that get lost. */
static bool check_case(const struct policy_json *node, struct error *err)
{
    static const char *const names[] = {
        "@odata.type",
        "certificateStore",
        "certificateValidityPeriodScale",
        "certificateValidityPeriodValue",
        "customSubjectAlternativeNames",
        "displayName",
        "extendedKeyUsages",
        "hashAlgorithm",
        "id",
        "keySize",
        "keyStorageProvider",
        "keyUsage",
        "renewalThresholdPercentage",
        "rootCertificate",
        "scepServerUrls",
        "subjectAlternativeNameFormats",
        "subjectAlternativeNameFormatString",
        "subjectAlternativeNameType",
        "subjectNameFormat",
        "subjectNameFormatString",
    };
    const char *key = NULL;
    struct json *value = NULL;
    void *it = NULL;

    while (json_value_next(node->object, &it, &key, &value)) {
        for (size_t i = 0; i < COUNT(names); i++) {
            if (text_equal_nocase(key, names[i]) && strcmp(key, names[i]) != 0) {
                return policy_json_refuse(node, key, err, "is written %s; export the profile again",
                                          names[i]);
            }
        }
    }
    return true;
}

/* Behind the last dot of "#microsoft.graph.x". */
static const char *type_name(const char *type)
{
    const char *dot = strrchr(type, '.');

    return dot != NULL ? dot + 1 : type;
}

static bool read_platform(const struct policy_json *node, struct policy *p, struct policy_set *out,
                          struct error *err)
{
    const char *type = NULL;

    if (!policy_json_text(node, "@odata.type", &type, err)) {
        return false;
    }
    for (size_t i = 0; type != NULL && i < COUNT(profile_types); i++) {
        if (text_equal_nocase(profile_types[i].type, type_name(type))) {
            p->facts.platform = profile_types[i].platform;
            return true;
        }
    }
    return policy_set_warn(out, err,
                           "%s: a kind of SCEP profile that is not known; it is read as "
                           "the known ones are",
                           p->name);
}

static struct policy *new_policy(const struct policy_json *node, const char *file,
                                 struct error *err)
{
    const char *name = NULL;
    struct policy *p = NULL;

    if (!policy_json_text(node, "displayName", &name, err)
        || (name == NULL && !policy_json_text(node, "id", &name, err))) {
        return NULL;
    }
    p = policy_new(name != NULL ? name : file, err);
    if (p == NULL) {
        (void)policy_json_context(node, "displayName", err);
        return NULL;
    }
    p->facts.source = POLICY_SOURCE_GRAPH;
    if (!policy_set_text(&p->facts.file, file, err)) {
        policy_free(p);
        return NULL;
    }
    return p;
}

bool policy_load_graph(const struct json *item, const char *file, struct policy_set *out,
                       struct error *err)
{
    struct policy_json node = policy_json_root(item, true);
    struct policy *p = NULL;
    bool ok = false;

    if (json_value_kind(item) != JSON_KIND_OBJECT) {
        return policy_json_refuse(&node, "", err, "is %s, not an object",
                                  json_kind_name(json_value_kind(item)));
    }
    p = check_case(&node, err) ? new_policy(&node, file, err) : NULL;
    if (p == NULL || !read_platform(&node, p, out, err)
        || !policy_graph_names_subject(&node, p, out, err)
        || !policy_graph_names_san(&node, p, out, err) || !read_key(&node, p, err)
        || !read_validity(&node, p, err) || !read_eku(&node, p, err) || !read_urls(&node, p, err)
        || !read_facts(&node, p, err) || !read_root(&node, p, out, err)) {
        goto out;
    }
    ok = policy_set_add(out, p, err);
    p = NULL;
out:
    policy_free(p);
    return ok;
}
