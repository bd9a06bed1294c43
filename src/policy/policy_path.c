/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_path.h"

#include <stdio.h>

#define LANGUAGES (POLICY_SOURCE_APPLE + 1)

static const char *const prefixes[LANGUAGES] = {
    [POLICY_SOURCE_APPLE] = "/PayloadContent",
};

/* In the order of enum policy_source: own, Graph, SyncML, Apple. */
static const char *const words[][LANGUAGES] = {
    [PLACE_SUBJECT] = { "/subject", "/subjectNameFormatString", "/SubjectName", "/Subject" },
    [PLACE_SAN] = { "/san", "/customSubjectAlternativeNames", "/SubjectAlternativeNames",
                    "/SubjectAltName" },
    [PLACE_KEY_USAGE] = { "/keyUsage", "/keyUsage", "/KeyUsage", "/Key Usage" },
    [PLACE_EKU] = { "/eku", "/extendedKeyUsages", "/EKUMapping", NULL },
    [PLACE_KEY_SIZE] = { "/key/bits", "/keySize", "/KeyLength", "/Keysize" },
    [PLACE_KEY_TYPE] = { "/key/type", NULL, NULL, "/Key Type" },
    [PLACE_HASH] = { "/hash/family", "/hashAlgorithm", "/HashAlgorithm", NULL },
    [PLACE_VALIDITY] = { "/validity/value", "/certificateValidityPeriodValue", "/ValidPeriodUnits",
                         NULL },
    [PLACE_CA] = { "/facts/caFingerprint", "/rootCertificate", "/CAThumbprint", "/CAFingerprint" },
    [PLACE_ENDPOINT] = { "/endpoint", "/scepServerUrls", "/ServerURL", "/URL" },
    [PLACE_CA_IDENT] = { "/facts/caIdent", NULL, NULL, "/Name" },
    [PLACE_SID_EXTENSION] = { "/extensions/sid", NULL, NULL, NULL },
    [PLACE_EXTENSIONS] = { "/extensions/unknown", NULL, NULL, NULL },
    [PLACE_TEMPLATE] = { "/facts/templateName", NULL, "/TemplateName", NULL },
    [PLACE_CHALLENGE] = { "/challenge", NULL, "/Challenge", "/Challenge" },
    [PLACE_KEY_PROTECTION] = { "/facts/protection", "/keyStorageProvider", "/KeyProtection", NULL },
    [PLACE_AAD_KEYS] = { "/facts/aadKeys", NULL, "/AADKeyIdentifierList", NULL },
    [PLACE_STORE] = { "/facts/store", "/certificateStore", NULL, NULL },
    [PLACE_RENEWAL] = { "/facts/renewalThreshold", "/renewalThresholdPercentage", NULL, NULL },
    [PLACE_RATE] = { "/limits/perIdentityPerDay", NULL, NULL, NULL },
    [PLACE_RETRY] = { "/facts/retryCount", NULL, "/RetryCount", "/Retries" },
    [PLACE_NONE] = { NULL, NULL, NULL, NULL },
};
_Static_assert(sizeof(words) / sizeof(words[0]) == PLACE_COUNT, "a row for each place");

void policy_path(const struct policy *p, enum policy_place place, char out[POLICY_PATH_MAX])
{
    const char *prefix = prefixes[p->facts.source];
    const char *word = words[place][p->facts.source];

    (void)snprintf(out, POLICY_PATH_MAX, "%s%s", word == NULL || prefix == NULL ? "" : prefix,
                   word == NULL ? "" : word);
}

/* Apple has a list of its own for each type. */
static const char *apple_type(enum policy_san_type type)
{
    switch (type) {
    case POLICY_SAN_EMAIL:
        return "rfc822Name";
    case POLICY_SAN_DNS:
        return "dNSName";
    case POLICY_SAN_URI:
        return "uniformResourceIdentifier";
    case POLICY_SAN_UPN:
    default:
        return "ntPrincipalName";
    }
}

void policy_path_san(const struct policy *p, size_t index, char out[POLICY_PATH_MAX])
{
    const struct policy_san *san = &p->san.item[index];
    unsigned position = 1;

    policy_path(p, PLACE_SAN, out);
    if (p->facts.source != POLICY_SOURCE_APPLE) {
        char list[POLICY_PATH_MAX];

        (void)snprintf(list, sizeof(list), "%s", out);
        (void)snprintf(out, POLICY_PATH_MAX, "%.80s[%u]", list, san->row + 1);
        return;
    }
    for (size_t i = 0; i < p->san.count; i++) {
        position += p->san.item[i].type == san->type && p->san.item[i].row < san->row;
    }
    (void)snprintf(out, POLICY_PATH_MAX, "/PayloadContent/SubjectAltName/%s[%u]",
                   apple_type(san->type), position);
}
