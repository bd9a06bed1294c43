/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "config/config_names.h"
#include "model/csr.h"
#include "policy/policy.h"

#define WORDS_MAX 5u /* of one list */

/* In the order of each enum. */
static const char *const words[POLICY_WORDS_COUNT][WORDS_MAX] = {
    [POLICY_WORDS_SOURCE] = { "own", "graph", "syncml", "apple" },
    [POLICY_WORDS_PLATFORM] = { "any", "windows", "apple", "android" },
    [POLICY_WORDS_MODE] = { "enforce", "audit", "off" },
    [POLICY_WORDS_ABSENT] = { "add", "deny" },
    [POLICY_WORDS_OVER] = { "clamp", "deny" },
    [POLICY_WORDS_ORDER] = { "any", "exact" },
    [POLICY_WORDS_EXTRA] = { "deny", "allow" },
    [POLICY_WORDS_UNKNOWN] = { "drop", "deny" },
    [POLICY_WORDS_UNIT] = { "days", "months", "years" },
    [POLICY_WORDS_SHAPE] = { "any", "intune" },
    [POLICY_WORDS_STORE] = { "unstated", "user", "machine" },
    [POLICY_WORDS_PROTECTION] = { "unstated", "tpm", "tpmIfThere", "software", "hello" },
    [POLICY_WORDS_SAN] = { "email", "dns", "uri", "upn" },
};

static const struct {
    uint32_t bit;
    const char *word;
} key_usages[] = {
    { KEY_USAGE_DIGITAL_SIGNATURE, "digitalSignature" },
    { KEY_USAGE_NON_REPUDIATION, "nonRepudiation" },
    { KEY_USAGE_KEY_ENCIPHERMENT, "keyEncipherment" },
    { KEY_USAGE_DATA_ENCIPHERMENT, "dataEncipherment" },
    { KEY_USAGE_KEY_AGREEMENT, "keyAgreement" },
    { KEY_USAGE_KEY_CERT_SIGN, "keyCertSign" },
    { KEY_USAGE_CRL_SIGN, "cRLSign" },
    { KEY_USAGE_ENCIPHER_ONLY, "encipherOnly" },
    { KEY_USAGE_DECIPHER_ONLY, "decipherOnly" },
};

#define OID_TEXT_SIZE 128u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *policy_word(enum policy_words list, unsigned value)
{
    return list < POLICY_WORDS_COUNT && value < WORDS_MAX ? words[list][value] : NULL;
}

bool policy_word_find(enum policy_words list, struct bytes word, unsigned *value)
{
    for (unsigned i = 0; i < WORDS_MAX && policy_word(list, i) != NULL; i++) {
        if (bytes_equal(bytes_of_text(words[list][i]), word)) {
            *value = i;
            return true;
        }
    }
    return false;
}

void policy_words_format(enum policy_words list, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < WORDS_MAX && policy_word(list, i) != NULL; i++) {
        if (!text_format(text + used, size - used, "%s%s", i > 0 ? ", " : "", words[list][i])) {
            return;
        }
        used += strlen(text + used);
    }
}

const char *policy_san_word(enum policy_san_type type)
{
    return policy_word(POLICY_WORDS_SAN, (unsigned)type);
}

const char *policy_unit_word(enum policy_unit unit)
{
    return policy_word(POLICY_WORDS_UNIT, (unsigned)unit);
}

const char *policy_source_word(enum policy_source source)
{
    return policy_word(POLICY_WORDS_SOURCE, (unsigned)source);
}

const char *policy_platform_word(enum policy_platform platform)
{
    return policy_word(POLICY_WORDS_PLATFORM, (unsigned)platform);
}

const char *policy_mode_word(enum policy_strictness mode)
{
    return policy_word(POLICY_WORDS_MODE, (unsigned)mode);
}

bool policy_san_from_word(struct bytes word, enum policy_san_type *out)
{
    unsigned value = 0;

    if (!policy_word_find(POLICY_WORDS_SAN, word, &value)) {
        return false;
    }
    *out = (enum policy_san_type)value;
    return true;
}

bool policy_key_usage_from_word(struct bytes word, uint32_t *bit)
{
    for (size_t i = 0; i < COUNT(key_usages); i++) {
        if (bytes_equal(bytes_of_text(key_usages[i].word), word)) {
            *bit = key_usages[i].bit;
            return true;
        }
    }
    return false;
}

const char *policy_key_usage_word(uint32_t bit)
{
    for (size_t i = 0; i < COUNT(key_usages); i++) {
        if (key_usages[i].bit == bit) {
            return key_usages[i].word;
        }
    }
    return NULL;
}

bool policy_oid_valid(const char *oid)
{
    /* its text has to fit where requests' OIDs stand (CSR_OID_TEXT_MAX) */
    return strlen(oid) < OID_TEXT_SIZE && config_names_oid_valid(oid);
}
