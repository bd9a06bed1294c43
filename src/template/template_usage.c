/* SPDX-License-Identifier: Apache-2.0 */
#include "template/template_usage.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "base/text.h"

#define OID_TEXT_MAX 160

/* keyCertSign and cRLSign are not in the list: no setting can make a device a CA. */
static const struct {
    const char *name;
    uint32_t bit;
} key_usages[] = {
    { "digitalSignature", KEY_USAGE_DIGITAL_SIGNATURE },
    { "nonRepudiation", KEY_USAGE_NON_REPUDIATION },
    { "keyEncipherment", KEY_USAGE_KEY_ENCIPHERMENT },
    { "dataEncipherment", KEY_USAGE_DATA_ENCIPHERMENT },
    { "keyAgreement", KEY_USAGE_KEY_AGREEMENT },
    { "encipherOnly", KEY_USAGE_ENCIPHER_ONLY },
    { "decipherOnly", KEY_USAGE_DECIPHER_ONLY },
};

static bool compile_key_usage(struct template_usage *u, const char *list, struct error *err)
{
    struct bytes all = bytes_of_text(list == NULL ? "" : list);
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    while (text_next_item(all, ',', &pos, &item)) {
        uint32_t bit = 0;

        for (size_t i = 0; i < sizeof(key_usages) / sizeof(key_usages[0]); i++) {
            if (bytes_equal(item, bytes_of_text(key_usages[i].name))) {
                bit = key_usages[i].bit;
            }
        }
        if (bit == 0) {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "key_usage.allowed: \"%.*s\" is not a key usage of an end entity",
                             (int)item.len, (const char *)item.data);
        }
        u->allowed |= bit;
    }
    return u->allowed != 0
           || error_set(err, REASON_CONFIG_BAD_VALUE, "key_usage.allowed: nothing is listed");
}

static bool add_eku(STACK_OF(ASN1_OBJECT) * list, struct bytes item, struct error *err)
{
    char text[OID_TEXT_MAX] = "";
    ASN1_OBJECT *usage = NULL;

    if (item.len < sizeof(text)) {
        memcpy(text, item.data, item.len);
        usage = OBJ_txt2obj(text, 0);
    }
    ERR_clear_error();
    if (usage == NULL || OBJ_obj2nid(usage) == NID_anyExtendedKeyUsage) {
        ASN1_OBJECT_free(usage);
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "eku: \"%.*s\" is not an extended key usage that can be issued",
                         (int)item.len, (const char *)item.data);
    }
    if (sk_ASN1_OBJECT_push(list, usage) <= 0) {
        ASN1_OBJECT_free(usage);
        return error_set(err, REASON_NO_MEMORY, "out of memory for a template");
    }
    return true;
}

static bool compile_eku(struct template_usage *u, const char *list, struct error *err)
{
    struct bytes all = bytes_of_text(list == NULL ? "" : list);
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    while (text_next_item(all, ',', &pos, &item)) {
        if (u->eku == NULL) {
            u->eku = sk_ASN1_OBJECT_new_null();
        }
        if (u->eku == NULL) {
            return error_set(err, REASON_NO_MEMORY, "out of memory for a template");
        }
        if (!add_eku(u->eku, item, err)) {
            return false;
        }
    }
    return true;
}

bool template_usage_init(struct template_usage *u, const struct template_config *config,
                         struct error *err)
{
    memset(u, 0, sizeof(*u));
    u->source = config->key_usage.source;
    if (!compile_key_usage(u, config->key_usage.allowed, err)
        || !compile_eku(u, config->eku, err)) {
        template_usage_clear(u);
        return false;
    }
    return true;
}

void template_usage_clear(struct template_usage *u)
{
    if (u == NULL) {
        return;
    }
    sk_ASN1_OBJECT_pop_free(u->eku, ASN1_OBJECT_free);
    memset(u, 0, sizeof(*u));
}

/*
 * RFC 8813 3: a key on a curve signs and agrees; what is encrypted to it is encrypted by agreement.
 * Both bits stand in the settings for the RSA keys of the same template, and clients ask for them
 * out of habit.
 */
static uint32_t possible_bits(const struct csr *csr)
{
    return csr->key_type == KEY_TYPE_EC
               ? ~(KEY_USAGE_KEY_ENCIPHERMENT | KEY_USAGE_DATA_ENCIPHERMENT)
               : UINT32_MAX;
}

bool template_usage_bits(const struct template_usage *u, const struct csr *csr, uint32_t *bits,
                         struct error *err)
{
    bool own = u->source == KEY_USAGE_SOURCE_TEMPLATE || !csr->has_key_usage;
    uint32_t wanted = (own ? u->allowed : csr->key_usage) & possible_bits(csr);

    if ((wanted & ~u->allowed) != 0) {
        return error_set(err, REASON_KEY_USAGE, "key usage 0x%03x is not within 0x%03x",
                         (unsigned)csr->key_usage, (unsigned)u->allowed);
    }
    if (wanted == 0 && csr->key_type == KEY_TYPE_EC) {
        return error_set(err, REASON_KEY_USAGE, "no key usage is left for an EC key");
    }
    *bits = wanted;
    return true;
}

bool template_usage_eku(const struct template_usage *u, STACK_OF(ASN1_OBJECT) * *out,
                        struct error *err)
{
    *out = u->eku == NULL ? NULL : sk_ASN1_OBJECT_deep_copy(u->eku, OBJ_dup, ASN1_OBJECT_free);
    return u->eku == NULL || *out != NULL
           || error_set(err, REASON_NO_MEMORY, "out of memory for extended key usages");
}
