/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_signature.h"

#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "scep/der_writer.h"

/* ---- which attributes may be where ----------------------------------------------------------- */

/* Twice the same and several values do not get through the pre-parse. */
static bool attributes_allowed(const CMS_SignerInfo *info)
{
    static const struct {
        int nid;
        bool is_signed; /* in signedAttrs only; else in unsignedAttrs only */
    } places[] = {
        { NID_pkcs9_contentType, true },
        { NID_pkcs9_messageDigest, true },
        { NID_pkcs9_signingTime, true },
        { NID_pkcs9_countersignature, false },
        /* RFC 2634, RFC 5035 */
        { NID_id_smime_aa_signingCertificate, true },
        { NID_id_smime_aa_signingCertificateV2, true },
        { NID_id_smime_aa_receiptRequest, true },
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int misplaced = places[i].is_signed ? CMS_unsigned_get_attr_by_NID(info, places[i].nid, -1)
                                            : CMS_signed_get_attr_by_NID(info, places[i].nid, -1);

        if (misplaced >= 0) {
            return false;
        }
    }
    return true;
}

/* ---- the octets that are signed -------------------------------------------------------------- */

struct encoded {
    unsigned char *der[LIMIT_CMS_ATTRIBUTES]; /* OPENSSL_free */
    size_t len[LIMIT_CMS_ATTRIBUTES];
    size_t count;
};

static void encoded_clear(struct encoded *e)
{
    for (size_t i = 0; i < e->count; i++) {
        OPENSSL_free(e->der[i]);
    }
    e->count = 0;
}

static bool encode(const CMS_SignerInfo *info, struct encoded *e)
{
    int total = CMS_signed_get_attr_count(info);

    if (total <= 0 || (size_t)total > LIMIT_CMS_ATTRIBUTES) {
        return false;
    }
    for (int i = 0; i < total; i++) {
        unsigned char *der = NULL;
        int len = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(info, i), &der);

        if (len <= 0) {
            return false;
        }
        e->der[e->count] = der;
        e->len[e->count++] = (size_t)len;
    }
    return true;
}

static bool sorts_before(const struct encoded *e, size_t a, size_t b)
{
    int order = memcmp(e->der[a], e->der[b], e->len[a] < e->len[b] ? e->len[a] : e->len[b]);

    return order < 0 || (order == 0 && e->len[a] < e->len[b]);
}

static void swap(struct encoded *e, size_t a, size_t b)
{
    unsigned char *der = e->der[a];
    size_t len = e->len[a];

    e->der[a] = e->der[b];
    e->len[a] = e->len[b];
    e->der[b] = der;
    e->len[b] = len;
}

/* Bring them into the order of DER (X.690 11.6). False when they had it. */
static bool sort(struct encoded *e)
{
    bool changed = false;

    for (size_t i = 1; i < e->count; i++) {
        for (size_t at = i; at > 0 && sorts_before(e, at, at - 1); at--) {
            swap(e, at, at - 1);
            changed = true;
        }
    }
    return changed;
}

/* With the tag of a SET OF in place of [0]: RFC 5652 5.4. */
static bool join(const struct encoded *e, struct buffer *out)
{
    struct der_writer w;

    buffer_reset(out);
    w = der_writer_to(out, NULL);
    der_open(&w, DER_SET);
    for (size_t i = 0; i < e->count; i++) {
        der_put_raw(&w, bytes_of(e->der[i], e->len[i]));
    }
    der_close(&w);
    return der_finish(&w);
}

/* ---- the signature --------------------------------------------------------------------------- */

static ASN1_STRING *string_of(int type, struct bytes bytes)
{
    ASN1_STRING *string = ASN1_STRING_type_new(type);

    if (string != NULL && ASN1_STRING_set(string, bytes.data, (int)bytes.len) != 1) {
        ASN1_STRING_free(string);
        string = NULL;
    }
    return string;
}

/* The library reads the parameters: the same code as for certificates. */
static bool pss_fits(CMS_SignerInfo *info, struct bytes attributes, struct bytes signature,
                     EVP_PKEY *key)
{
    ASN1_STRING *data = string_of(V_ASN1_SEQUENCE, attributes);
    ASN1_STRING *bits = string_of(V_ASN1_BIT_STRING, signature);
    X509_ALGOR *algorithm = NULL;
    bool ok = false;

    CMS_SignerInfo_get0_algs(info, NULL, NULL, NULL, &algorithm);
    ok = data != NULL && bits != NULL
         && ASN1_item_verify(ASN1_ITEM_rptr(ASN1_SEQUENCE), algorithm, bits, data, key) == 1;
    ASN1_STRING_free(bits);
    ASN1_STRING_free(data);
    return ok;
}

static bool plain_fits(const EVP_MD *md, struct bytes attributes, struct bytes signature,
                       EVP_PKEY *key)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok =
        ctx != NULL && md != NULL && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1
        && EVP_DigestVerify(ctx, signature.data, signature.len, attributes.data, attributes.len)
               == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

static bool fits(CMS_SignerInfo *info, const struct scep_digest_info *digest,
                 enum scep_signature_form form, struct bytes attributes, EVP_PKEY *key)
{
    const ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(info);
    struct bytes signature =
        bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));

    return form == SCEP_SIGNATURE_PSS
               ? pss_fits(info, attributes, signature, key)
               : plain_fits(EVP_get_digestbynid(digest->nid), attributes, signature, key);
}

bool scep_signature_fits(CMS_SignerInfo *info, enum scep_digest digest,
                         enum scep_signature_form form, EVP_PKEY *key)
{
    const struct scep_digest_info *known = scep_digest_info(digest);
    struct buffer joined = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    struct encoded e = { .count = 0 };
    bool ok = known != NULL && attributes_allowed(info) && encode(info, &e) && join(&e, &joined);

    ok = ok
         && (fits(info, known, form, buffer_bytes(&joined), key)
             || (sort(&e) && join(&e, &joined)
                 && fits(info, known, form, buffer_bytes(&joined), key)));
    encoded_clear(&e);
    buffer_clear(&joined);
    return ok;
}
