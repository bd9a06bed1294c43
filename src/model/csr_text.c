/* SPDX-License-Identifier: Apache-2.0 */
#include "model/csr_text.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "base/ip_prefix.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/asn1_text.h"

#define OID_TEXT_MAX 128
#define IPV4_BYTES 4
#define IPV6_BYTES 16
#define SAN_SHOWN_MAX 1024 /* of one name */

void csr_key_text(const struct csr *csr, char text[CSR_KEY_TEXT_MAX])
{
    static const char *const types[] = {
        [KEY_TYPE_OTHER] = "other", [KEY_TYPE_RSA] = "RSA", [KEY_TYPE_EC] = "EC"
    };

    if (!text_format(text, CSR_KEY_TEXT_MAX, "%s %u", types[csr->key_type], csr->key_bits)) {
        text[0] = '\0';
    }
}

void csr_usage_text(const struct csr *csr, char text[CSR_USAGE_TEXT_MAX])
{
    static const char *const words[] = { "digitalSignature", "nonRepudiation", "keyEncipherment",
                                         "dataEncipherment", "keyAgreement",   "keyCertSign",
                                         "cRLSign",          "encipherOnly",   "decipherOnly" };
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; csr->has_key_usage && i < sizeof(words) / sizeof(words[0]); i++) {
        if ((csr->key_usage & (1u << i)) != 0
            && text_format(text + len, CSR_USAGE_TEXT_MAX - len, "%s%s", len > 0 ? "," : "",
                           words[i])) {
            len = strlen(text);
        }
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool append_oid(struct buffer *out, const ASN1_OBJECT *oid, struct error *err)
{
    char text[OID_TEXT_MAX] = "";

    return OBJ_obj2txt(text, sizeof(text), oid, 1) > 0
               ? buffer_append_text(out, text, err)
               : error_set(err, REASON_SYNTAX, "an object identifier cannot be read");
}

static bool append_address(struct buffer *out, const ASN1_OCTET_STRING *string, struct error *err)
{
    int len = ASN1_STRING_length(string);
    struct ip_address address = { .v6 = len == IPV6_BYTES };
    char text[IP_TEXT_MAX];

    if (len != IPV4_BYTES && len != IPV6_BYTES) {
        return buffer_printf(out, err, "(%d bytes)", len);
    }
    memcpy(address.octets, ASN1_STRING_get0_data(string), (size_t)len);
    ip_address_format(&address, text);
    return buffer_append_text(out, text, err);
}

static bool append_other(struct buffer *out, const OTHERNAME *other, struct error *err)
{
    if (OBJ_obj2nid(other->type_id) == NID_ms_upn && other->value != NULL
        && other->value->type == V_ASN1_UTF8STRING) {
        return buffer_append_text(out, "UPN:", err)
               && asn1_text_append(other->value->value.utf8string, out, err);
    }
    return buffer_append_text(out, "otherName:", err) && append_oid(out, other->type_id, err);
}

static bool append_directory(struct buffer *out, const X509_NAME *name, struct error *err)
{
    char text[SAN_SHOWN_MAX];

    name_format(name, text, sizeof(text));
    return buffer_printf(out, err, "dirName:%s", text);
}

static bool append_general_name(struct buffer *out, const GENERAL_NAME *name, struct error *err)
{
    switch (name->type) {
    case GEN_DNS:
        return buffer_append_text(out, "DNS:", err) && asn1_text_append(name->d.dNSName, out, err);
    case GEN_EMAIL:
        return buffer_append_text(out, "email:", err)
               && asn1_text_append(name->d.rfc822Name, out, err);
    case GEN_URI:
        return buffer_append_text(out, "URI:", err)
               && asn1_text_append(name->d.uniformResourceIdentifier, out, err);
    case GEN_IPADD:
        return buffer_append_text(out, "IP:", err) && append_address(out, name->d.iPAddress, err);
    case GEN_RID:
        return buffer_append_text(out, "RID:", err) && append_oid(out, name->d.registeredID, err);
    case GEN_OTHERNAME:
        return append_other(out, name->d.otherName, err);
    case GEN_DIRNAME:
        return append_directory(out, name->d.directoryName, err);
    default:
        return buffer_printf(out, err, "(type %d)", name->type);
    }
}

bool csr_each_san(const struct csr *csr, csr_san_visit *visit, void *context, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CSR_BYTES);
    char shown[SAN_SHOWN_MAX];
    int count = csr->san == NULL ? 0 : sk_GENERAL_NAME_num(csr->san);
    bool ok = true;

    for (int i = 0; ok && i < count; i++) {
        struct error unreadable = ERROR_INIT;

        buffer_clear(&text);
        if (append_general_name(&text, sk_GENERAL_NAME_value(csr->san, i), &unreadable)) {
            text_escape_sentence(shown, sizeof(shown), buffer_bytes(&text));
        } else {
            text_escape_sentence(shown, sizeof(shown), bytes_of_text("(unreadable)"));
        }
        ok = visit(context, shown, err);
    }
    buffer_clear(&text);
    return ok;
}
