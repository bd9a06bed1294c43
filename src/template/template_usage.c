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

/* ---- renewal --------------------------------------------------------------------------------- */

/* What another CA may have put in, and no template without a list of its own shall hand on. */
static const char *const never_kept[] = {
    "1.3.6.1.5.5.7.3.8",      /* timeStamping */
    "1.3.6.1.5.5.7.3.9",      /* OCSPSigning */
    "1.3.6.1.4.1.311.20.2.1", /* Certificate Request Agent */
    "1.3.6.1.4.1.311.21.5",   /* CA Exchange */
    "1.3.6.1.4.1.311.21.6",   /* Key Recovery Agent */
};

static bool is_never_kept(const ASN1_OBJECT *usage)
{
    char text[OID_TEXT_MAX];
    int len = OBJ_obj2txt(text, sizeof(text), usage, 1);
    bool never = len <= 0 || len >= OID_TEXT_MAX;

    for (size_t i = 0; !never && i < sizeof(never_kept) / sizeof(never_kept[0]); i++) {
        never = strcmp(text, never_kept[i]) == 0;
    }
    return never;
}

static bool is_listed(const STACK_OF(ASN1_OBJECT) * list, const ASN1_OBJECT *usage)
{
    for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
        if (OBJ_cmp(sk_ASN1_OBJECT_value(list, i), usage) == 0) {
            return true;
        }
    }
    return false;
}

static bool says_any(const STACK_OF(ASN1_OBJECT) * list)
{
    for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
        if (OBJ_obj2nid(sk_ASN1_OBJECT_value(list, i)) == NID_anyExtendedKeyUsage) {
            return true;
        }
    }
    return false;
}

/* `list` loses what is not in `old`; NULL: a copy of `old` is what there may be. */
static bool keep_eku(const STACK_OF(ASN1_OBJECT) * old, STACK_OF(ASN1_OBJECT) * *list,
                     struct error *err)
{
    bool open = *list == NULL;

    if (open) {
        *list = sk_ASN1_OBJECT_deep_copy(old, OBJ_dup, ASN1_OBJECT_free);
    }
    if (*list == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for extended key usages");
    }
    for (int i = sk_ASN1_OBJECT_num(*list) - 1; i >= 0; i--) {
        const ASN1_OBJECT *usage = sk_ASN1_OBJECT_value(*list, i);

        if (open ? is_never_kept(usage) : !is_listed(old, usage)) {
            ASN1_OBJECT_free(sk_ASN1_OBJECT_delete(*list, i));
        }
    }
    /* an empty list would be left out of the certificate, which is then good for everything */
    return sk_ASN1_OBJECT_num(*list) > 0
           || error_set(err, REASON_RENEWAL_REFUSED,
                        "the template allows none of the old certificate's extended key usages");
}

bool template_usage_keep(const struct certificate_content *old, uint32_t *bits,
                         STACK_OF(ASN1_OBJECT) * *eku, struct error *err)
{
    if (old->has_key_usage) {
        *bits &= old->key_usage;
    }
    if (*bits == 0) {
        return error_set(err, REASON_RENEWAL_REFUSED,
                         "the template allows none of the old certificate's key usages");
    }
    return old->eku == NULL || says_any(old->eku) || keep_eku(old->eku, eku, err);
}
