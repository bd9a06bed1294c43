/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_own.h"

#define AT(member) offsetof(struct policy, member)

#define WORD(object, name, member, list)                                                           \
    {                                                                                              \
        object, name, POLICY_OWN_WORD, false, false, AT(member), POLICY_WORDS_##list, 0, 0, 0      \
    }
#define FACT_WORD(object, name, member, list)                                                      \
    {                                                                                              \
        object, name, POLICY_OWN_WORD, false, true, AT(member), POLICY_WORDS_##list, 0, 0, 0       \
    }
#define INTEGER(object, name, member, min, max, unset)                                             \
    {                                                                                              \
        object, name, POLICY_OWN_INTEGER, false, false, AT(member), POLICY_WORDS_COUNT, min, max,  \
            unset                                                                                  \
    }
#define FACT_INTEGER(object, name, member, min, max, unset)                                        \
    {                                                                                              \
        object, name, POLICY_OWN_INTEGER, false, true, AT(member), POLICY_WORDS_COUNT, min, max,   \
            unset                                                                                  \
    }
#define FIELD(object, name, kind, member)                                                          \
    {                                                                                              \
        object, name, POLICY_OWN_##kind, false, false, AT(member), POLICY_WORDS_COUNT, 0, 0, 0     \
    }
#define FACT(object, name, kind, member)                                                           \
    {                                                                                              \
        object, name, POLICY_OWN_##kind, false, true, AT(member), POLICY_WORDS_COUNT, 0, 0, 0      \
    }
#define REQUIRED(object, name, kind)                                                               \
    {                                                                                              \
        object, name, POLICY_OWN_##kind, true, false, 0, POLICY_WORDS_COUNT, 0, 0, 0               \
    }
#define SPECIAL(object, name, kind)                                                                \
    {                                                                                              \
        object, name, POLICY_OWN_##kind, false, false, 0, POLICY_WORDS_COUNT, 0, 0, 0              \
    }

static const struct policy_own_field fields[] = {
    REQUIRED("", "policy", NAME),
    FACT_WORD("", "source", facts.source, SOURCE),
    FACT_WORD("", "platform", facts.platform, PLATFORM),
    WORD("", "mode", mode, MODE),
    FIELD("", "endpoint", TEXTS, endpoints),
    REQUIRED("subject", "template", SUBJECT),
    WORD("subject", "order", subject.order, ORDER),
    WORD("subject", "extra", subject.extra, EXTRA),
    REQUIRED("san", "type", SAN_TYPE),
    REQUIRED("san", "template", SAN_TEMPLATE),
    SPECIAL("san", "min", SAN_MIN),
    SPECIAL("san", "max", SAN_MAX),
    REQUIRED("keyUsage", "bits", KEY_USAGE),
    WORD("keyUsage", "absent", key_usage.absent, ABSENT),
    REQUIRED("eku", "oids", EKU),
    WORD("eku", "absent", eku.absent, ABSENT),
    SPECIAL("key", "type", KEY_TYPE),
    SPECIAL("key", "bits", KEY_BITS),
    FIELD("key", "atLeast", BOOL, key.at_least),
    REQUIRED("hash", "family", HASH),
    INTEGER("validity", "value", validity.value, 1, 36500, 0),
    SPECIAL("validity", "unit", UNIT),
    WORD("validity", "over", validity.over, OVER),
    INTEGER("validity", "backdateMinutes", validity.backdate_minutes, 0, 10080, -1),
    FIELD("extensions", "allow", TEXTS, extensions.allow),
    SPECIAL("extensions", "sid", SID),
    WORD("extensions", "unknown", extensions.unknown, UNKNOWN),
    WORD("challenge", "shape", challenge.shape, SHAPE),
    INTEGER("challenge", "max", challenge.max, 0, LIMIT_CHALLENGE_BYTES, 0),
    INTEGER("limits", "perIdentityPerDay", limits.per_identity_per_day, 0, 1000000, 0),
    FIELD("values", "emailDomains", TEXTS, email_domains),
    FIELD("values", "hostSuffixes", TEXTS, host_suffixes),
    FACT_WORD("facts", "store", facts.store, STORE),
    FACT_WORD("facts", "protection", facts.protection, PROTECTION),
    FACT("facts", "caFingerprint", TEXT, facts.ca_fingerprint),
    FACT("facts", "caIdent", TEXT, facts.ca_ident),
    FACT("facts", "templateName", TEXT, facts.template_name),
    FACT("facts", "aadKeys", BOOL, facts.aad_keys),
    FACT_INTEGER("facts", "renewalThreshold", facts.renewal_threshold, 0, 99, -1),
    FACT_INTEGER("facts", "retryDelaySeconds", facts.retry_delay_seconds, 0, INT32_MAX, -1),
    FACT_INTEGER("facts", "retryCount", facts.retry_count, 0, INT32_MAX, -1),
};

/* POLICY_OWN_WORD reads and writes every enum as unsigned. */
_Static_assert(sizeof(enum policy_source) == sizeof(unsigned), "enums are as wide as unsigned");
_Static_assert(sizeof(enum policy_strictness) == sizeof(unsigned), "enums are as wide as unsigned");

const struct policy_own_field *policy_own_fields(size_t *count)
{
    *count = sizeof(fields) / sizeof(fields[0]);
    return fields;
}

const void *policy_own_read(const struct policy *p, const struct policy_own_field *field)
{
    return (const uint8_t *)p + field->offset;
}

void *policy_own_write(struct policy *p, const struct policy_own_field *field)
{
    return (uint8_t *)p + field->offset;
}
