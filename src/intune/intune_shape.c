/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  intune_challenge_shape: what a challenge looks like from outside.
 * Not here: whether it is good, which only Intune can tell.
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     observed: base64 of CertEnrollToken; RFC 5652 for its two parts.
 */
#include "intune/intune_challenge.h"

#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/text.h"
#include "base/xml.h"
#include "model/name.h"

#define XML_DEPTH 8 /* real ones have three levels */
#define THUMBPRINT_DIGITS 40

/* "not usual", in one sentence of ours: nothing of the challenge goes into it. */
static void set_odd(struct intune_shape *shape, const char *odd)
{
    if (shape->odd[0] == '\0') {
        text_escape(shape->odd, sizeof(shape->odd), bytes_of_text(odd));
    }
}

/* ---- the two parts --------------------------------------------------------------------------- */

/* All of the bytes, and of this type; owned. NULL: not so. */
static CMS_ContentInfo *parse_cms(struct bytes der, int type)
{
    const unsigned char *at = der.data;
    CMS_ContentInfo *cms = NULL;

    if (der.len == 0 || der.len > LIMIT_CHALLENGE_BYTES) {
        return NULL;
    }
    cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
    if (cms != NULL && (at != der.data + der.len || OBJ_obj2nid(CMS_get0_type(cms)) != type)) {
        CMS_ContentInfo_free(cms);
        cms = NULL;
    }
    ERR_clear_error();
    return cms;
}

static void look_at_recipients(CMS_ContentInfo *cms, struct intune_shape *shape)
{
    STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(cms);
    int count = sk_CMS_RecipientInfo_num(recipients);

    if (count < 1 || count > (int)LIMIT_CMS_RECIPIENTS) {
        set_odd(shape, "the encrypted part has no recipient, or many");
        return;
    }
    for (int i = 0; i < count && shape->recipient_issuer[0] == '\0'; i++) {
        CMS_RecipientInfo *recipient = sk_CMS_RecipientInfo_value(recipients, i);
        X509_NAME *issuer = NULL;

        if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_TRANS
            && CMS_RecipientInfo_ktri_get0_signer_id(recipient, NULL, &issuer, NULL) == 1
            && issuer != NULL) {
            name_format(issuer, shape->recipient_issuer, sizeof(shape->recipient_issuer));
        }
    }
}

static void look_at_encrypted(const struct buffer *text, struct intune_shape *shape)
{
    struct buffer der = BUFFER_INIT(LIMIT_CHALLENGE_BYTES);
    struct error unused = ERROR_INIT;
    CMS_ContentInfo *cms = NULL;

    if (base64_decode(text_trim(buffer_bytes(text)), BASE64_TOLERANT, &der, &unused)) {
        cms = parse_cms(buffer_bytes(&der), NID_pkcs7_enveloped);
    }
    if (cms == NULL) {
        set_odd(shape, "CertEnrollChallenge is no base64 of a CMS EnvelopedData");
    } else {
        look_at_recipients(cms, shape);
    }
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    buffer_clear(&der);
}

static void look_at_signature(const struct buffer *text, struct intune_shape *shape)
{
    static const char odd[] = "Signature is no hex of a CMS SignedData";
    uint8_t der[LIMIT_CHALLENGE_BYTES / 2];
    CMS_ContentInfo *cms = NULL;
    size_t len = 0;

    if (text_unhex(der, sizeof(der), &len, text_trim(buffer_bytes(text)))) {
        cms = parse_cms(bytes_of(der, len), NID_pkcs7_signed);
    }
    if (cms == NULL) {
        set_odd(shape, odd);
    }
    CMS_ContentInfo_free(cms);
}

static void look_at_thumbprint(const struct buffer *text, struct intune_shape *shape)
{
    uint8_t raw[THUMBPRINT_DIGITS / 2];
    size_t len = 0;

    if (text_unhex(raw, sizeof(raw), &len, text_trim(buffer_bytes(text))) && len == sizeof(raw)) {
        text_hex(shape->signer_thumbprint, sizeof(shape->signer_thumbprint), bytes_of(raw, len));
    } else {
        set_odd(shape, "SignerThumbprint is no SHA-1 in hex");
    }
}

/* ---- the document ---------------------------------------------------------------------------- */

/* The only child of this name; NULL: none, or several. */
static const struct xml_node *child_of(const struct xml_node *node, const char *name)
{
    const struct xml_node *found = NULL;

    for (const struct xml_node *c = node != NULL ? xml_node_child(node) : NULL; c != NULL;
         c = xml_node_next(c)) {
        if (strcmp(xml_node_name(c), name) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = c;
        }
    }
    return found;
}

typedef void look(const struct buffer *text, struct intune_shape *shape);

static bool look_inside(const struct xml_node *node, const char *missing, look *look_at,
                        struct intune_shape *shape, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CHALLENGE_BYTES);
    bool ok = true;

    if (node == NULL) {
        set_odd(shape, missing);
        return true;
    }
    ok = xml_node_text(node, &text, err);
    if (ok) {
        look_at(&text, shape);
    }
    buffer_clear(&text);
    return ok;
}

static bool look_at_document(struct bytes xml, struct intune_shape *shape, struct error *err)
{
    struct error cause = ERROR_INIT;
    struct xml_doc *doc = xml_doc_parse(xml, LIMIT_CHALLENGE_BYTES, XML_DEPTH, &cause);
    const struct xml_node *root = doc != NULL ? xml_doc_root(doc) : NULL;
    const struct xml_node *data = NULL;
    bool ok = true;

    if (doc == NULL) {
        set_odd(shape, "not XML inside the base64");
        return cause.reason != REASON_NO_MEMORY
               || error_set(err, REASON_NO_MEMORY, "%s", cause.detail);
    }
    if (strcmp(xml_node_name(root), "CertEnrollToken") != 0) {
        set_odd(shape, "the XML is no CertEnrollToken");
        goto out;
    }
    data = child_of(root, "Data");
    ok = look_inside(child_of(data, "CertEnrollChallenge"), "no Data/CertEnrollChallenge",
                     look_at_encrypted, shape, err)
         && look_inside(child_of(data, "SignerThumbprint"), "no Data/SignerThumbprint",
                        look_at_thumbprint, shape, err)
         && look_inside(child_of(root, "Signature"), "no Signature", look_at_signature, shape, err);
out:
    xml_doc_free(doc);
    return ok;
}

bool intune_challenge_shape(struct bytes challenge, struct intune_shape *out, struct error *err)
{
    struct buffer xml = BUFFER_INIT(LIMIT_CHALLENGE_BYTES);
    struct intune_shape shape = { .usual = false };
    struct error cause = ERROR_INIT;
    bool ok = true;

    if (challenge.len == 0) {
        return error_set(err, REASON_CHALLENGE_MISSING, "the request has no challenge");
    }
    if (challenge.len > LIMIT_CHALLENGE_BYTES) {
        return error_set(err, REASON_INTUNE_CHALLENGE_SHAPE,
                         "a challenge of %zu bytes, more than %u: none of Intune's", challenge.len,
                         LIMIT_CHALLENGE_BYTES);
    }
    if (base64_decode(challenge, BASE64_STRICT, &xml, &cause)) {
        ok = look_at_document(buffer_bytes(&xml), &shape, err);
    } else if (cause.reason == REASON_NO_MEMORY) {
        ok = error_set(err, REASON_NO_MEMORY, "%s", cause.detail);
    } else {
        set_odd(&shape, "not base64");
    }
    buffer_clear(&xml);
    if (ok) {
        shape.usual = shape.odd[0] == '\0';
        *out = shape;
    }
    return ok;
}
