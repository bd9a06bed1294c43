/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "support/scep_client.h"

static bool problem(struct scep_client_reply *reply, const char *text)
{
    (void)snprintf(reply->problem, sizeof(reply->problem), "%s", text);
    return false;
}

static bool check(struct scep_client_reply *reply, bool ok, const char *text)
{
    return ok || problem(reply, text);
}

/* The value of a signed attribute; NULL when there is none or the type is another. */
static const ASN1_STRING *attribute(CMS_SignerInfo *info, const char *oid, int type)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    const ASN1_STRING *value = CMS_signed_get0_data_by_OBJ(info, object, -3, type);

    ASN1_OBJECT_free(object);
    return value;
}

static bool text(CMS_SignerInfo *info, const char *oid, int type, char *out, size_t size)
{
    const ASN1_STRING *value = attribute(info, oid, type);

    if (value == NULL || (size_t)ASN1_STRING_length(value) >= size) {
        return false;
    }
    memcpy(out, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    out[ASN1_STRING_length(value)] = '\0';
    return true;
}

static bool bytes_attribute(CMS_SignerInfo *info, const char *oid, int type, struct buffer *out)
{
    const ASN1_STRING *value = attribute(info, oid, type);

    return value != NULL
           && buffer_append(out, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value),
                            NULL);
}

static bool read_transaction_id(CMS_SignerInfo *info, struct scep_client_reply *r)
{
    static const int tags[] = { V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING,    V_ASN1_IA5STRING,
                                V_ASN1_T61STRING,       V_ASN1_VISIBLESTRING, V_ASN1_BMPSTRING };

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        if (bytes_attribute(info, "2.16.840.1.113733.1.9.7", tags[i], &r->transaction_id)) {
            r->transaction_id_tag = tags[i];
            return true;
        }
    }
    return problem(r, "transactionID is missing");
}

static bool read_attributes(CMS_SignerInfo *info, struct scep_client_reply *r)
{
    char number[16];

    r->attribute_count = CMS_signed_get_attr_count(info);
    if (!read_transaction_id(info, r)
        || !check(r,
                  text(info, "2.16.840.1.113733.1.9.2", V_ASN1_PRINTABLESTRING, r->message_type,
                       sizeof(r->message_type)),
                  "messageType is missing")
        || !check(
            r,
            text(info, "2.16.840.1.113733.1.9.3", V_ASN1_PRINTABLESTRING, number, sizeof(number)),
            "pkiStatus is missing")) {
        return false;
    }
    r->status = (int)strtol(number, NULL, 10);
    r->fail_info = -1;
    if (text(info, "2.16.840.1.113733.1.9.4", V_ASN1_PRINTABLESTRING, number, sizeof(number))) {
        r->fail_info = (int)strtol(number, NULL, 10);
    }
    (void)text(info, "1.3.6.1.5.5.7.24.1", V_ASN1_UTF8STRING, r->fail_text, sizeof(r->fail_text));
    (void)text(info, "1.3.6.1.4.1.311.21.33", V_ASN1_PRINTABLESTRING, r->hresult,
               sizeof(r->hresult));
    r->has_recipient_nonce =
        bytes_attribute(info, "2.16.840.1.113733.1.9.6", V_ASN1_OCTET_STRING, &r->recipient_nonce);
    r->has_signing_time = attribute(info, "1.2.840.113549.1.9.5", V_ASN1_UTCTIME) != NULL;
    return check(
        r, bytes_attribute(info, "2.16.840.1.113733.1.9.5", V_ASN1_OCTET_STRING, &r->sender_nonce),
        "senderNonce is missing");
}

static bool verify(CMS_ContentInfo *cms, X509 *ra, BIO *content, struct scep_client_reply *r)
{
    ASN1_OCTET_STRING **inside = CMS_get0_content(cms);
    STACK_OF(X509) *certs = CMS_get1_certs(cms);
    STACK_OF(X509) *signers = NULL;
    BIO *empty = NULL;
    bool ok = false;

    r->has_content = inside != NULL && *inside != NULL;
    r->signer_cert_count = (size_t)sk_X509_num(certs);
    if (!r->has_content) {
        empty = BIO_new_mem_buf("", 0);
    }
    if (!check(r,
               CMS_verify(cms, NULL, NULL, empty, content, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY)
                   == 1,
               "signature is wrong")) {
        goto out;
    }
    signers = CMS_get0_signers(cms);
    ok = check(r, sk_X509_num(signers) == 1 && X509_cmp(sk_X509_value(signers, 0), ra) == 0,
               "signer is not the RA");
out:
    sk_X509_free(signers);
    sk_X509_pop_free(certs, X509_free);
    BIO_free(empty);
    return ok;
}

static void read_agreement(CMS_RecipientInfo *info, struct scep_client_reply *r)
{
    X509_ALGOR *algorithm = NULL;
    X509_ALGOR *wrap = NULL;
    const ASN1_OBJECT *object = NULL;
    const void *value = NULL;
    int type = 0;

    if (CMS_RecipientInfo_kari_get0_alg(info, &algorithm, NULL) != 1) {
        return;
    }
    X509_ALGOR_get0(&object, &type, &value, algorithm);
    r->kdf_nid = OBJ_obj2nid(object);
    if (type == V_ASN1_SEQUENCE) {
        wrap = ASN1_item_unpack(value, ASN1_ITEM_rptr(X509_ALGOR));
    }
    if (wrap != NULL) {
        X509_ALGOR_get0(&object, NULL, NULL, wrap);
        r->wrap_nid = OBJ_obj2nid(object);
    }
    X509_ALGOR_free(wrap);
}

static void read_transport(CMS_RecipientInfo *info, struct scep_client_reply *r)
{
    X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *object = NULL;
    const void *value = NULL;
    int type = 0;

    if (CMS_RecipientInfo_type(info) == CMS_RECIPINFO_AGREE) {
        read_agreement(info, r);
        return;
    }
    if (CMS_RecipientInfo_ktri_get0_algs(info, NULL, NULL, &algorithm) != 1) {
        return;
    }
    X509_ALGOR_get0(&object, &type, &value, algorithm);
    r->transport_nid = OBJ_obj2nid(object);
    r->transport_params = type == V_ASN1_SEQUENCE;
    r->oaep_digest_nid = NID_sha1;
    if (type == V_ASN1_SEQUENCE) {
        RSA_OAEP_PARAMS *params = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_OAEP_PARAMS));

        if (params != NULL && params->hashFunc != NULL) {
            X509_ALGOR_get0(&object, NULL, NULL, params->hashFunc);
            r->oaep_digest_nid = OBJ_obj2nid(object);
        }
        RSA_OAEP_PARAMS_free(params);
    }
}

/*
 * The template of PKCS7 keeps the order of the certificates, the one of CMS would too on reading.
 */
static bool read_certificates(BIO *plain, struct scep_client_reply *r)
{
    PKCS7 *degenerate = d2i_PKCS7_bio(plain, NULL);
    STACK_OF(X509) *certs = NULL;
    STACK_OF(X509_CRL) *crls = NULL;
    bool ok = false;

    if (check(r, degenerate != NULL && PKCS7_type_is_signed(degenerate),
              "no certificates inside")) {
        certs = degenerate->d.sign->cert;
        r->cert_count = (size_t)(sk_X509_num(certs) > 0 ? sk_X509_num(certs) : 0);
        crls = degenerate->d.sign->crl;
        r->crl_count = (size_t)(sk_X509_CRL_num(crls) > 0 ? sk_X509_CRL_num(crls) : 0);
        ok = check(r, r->cert_count + r->crl_count > 0, "no certificate inside");
    }
    if (ok && r->crl_count > 0) {
        r->crl = X509_CRL_dup(sk_X509_CRL_value(crls, 0));
    }
    if (ok && r->cert_count > 0) {
        r->cert = X509_dup(sk_X509_value(certs, 0));
    }
    PKCS7_free(degenerate);
    return ok;
}

static bool open_envelope(BIO *content, EVP_PKEY *key, X509 *cert, struct scep_client_reply *r)
{
    CMS_ContentInfo *cms = d2i_CMS_bio(content, NULL);
    STACK_OF(CMS_RecipientInfo) *recipients = NULL;
    BIO *plain = BIO_new(BIO_s_mem());
    bool ok = false;

    if (!check(r, cms != NULL && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_enveloped,
               "content is not an envelope")) {
        goto out;
    }
    recipients = CMS_get0_RecipientInfos(cms);
    r->recipient_count = (size_t)sk_CMS_RecipientInfo_num(recipients);
    read_transport(sk_CMS_RecipientInfo_value(recipients, 0), r);
    if (!check(r, CMS_decrypt(cms, key, cert, NULL, plain, CMS_BINARY) == 1,
               "envelope cannot be opened")) {
        goto out;
    }
    ok = read_certificates(plain, r);
out:
    BIO_free(plain);
    CMS_ContentInfo_free(cms);
    return ok;
}

/* There is no accessor for the content cipher: it is the only AlgorithmIdentifier with an IV. */
static int find_cipher(struct bytes envelope)
{
    static const int nids[] = { NID_des_cbc, NID_des_ede3_cbc, NID_aes_128_cbc, NID_aes_192_cbc,
                                NID_aes_256_cbc };

    for (size_t i = 0; i < sizeof(nids) / sizeof(nids[0]); i++) {
        const ASN1_OBJECT *object = OBJ_nid2obj(nids[i]);
        size_t len = OBJ_length(object);

        for (size_t pos = 0; pos + len <= envelope.len; pos++) {
            if (memcmp(envelope.data + pos, OBJ_get0_data(object), len) == 0) {
                return nids[i];
            }
        }
    }
    return NID_undef;
}

static void init(struct scep_client_reply *out)
{
    memset(out, 0, sizeof(*out));
    out->transaction_id.max = 1024;
    out->recipient_nonce.max = 1024;
    out->sender_nonce.max = 1024;
}

bool scep_client_read(struct bytes reply, X509 *ra, EVP_PKEY *key, X509 *cert,
                      struct scep_client_reply *out)
{
    const unsigned char *at = reply.data;
    CMS_ContentInfo *cms = NULL;
    CMS_SignerInfo *info = NULL;
    BIO *content = BIO_new(BIO_s_mem());
    X509_ALGOR *digest = NULL;
    X509_ALGOR *signature = NULL;
    const ASN1_OBJECT *object = NULL;
    unsigned char *data = NULL;
    long len = 0;
    bool ok = false;

    init(out);
    cms = d2i_CMS_ContentInfo(NULL, &at, (long)reply.len);
    if (!check(out, cms != NULL && at == reply.data + reply.len, "not CMS")
        || !verify(cms, ra, content, out)) {
        goto out;
    }
    info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
    CMS_SignerInfo_get0_algs(info, NULL, NULL, &digest, &signature);
    X509_ALGOR_get0(&object, NULL, NULL, digest);
    out->digest_nid = OBJ_obj2nid(object);
    X509_ALGOR_get0(&object, NULL, NULL, signature);
    out->signature_nid = OBJ_obj2nid(object);
    if (!read_attributes(info, out)) {
        goto out;
    }
    if (out->has_content) {
        len = BIO_get_mem_data(content, &data);
        out->has_content = len > 0; /* an empty eContent stands for none */
    }
    if (out->has_content) {
        out->cipher_nid = find_cipher(bytes_of(data, (size_t)len));
    }
    ok = !out->has_content || open_envelope(content, key, cert, out);
out:
    BIO_free(content);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return ok;
}

void scep_client_reply_clear(struct scep_client_reply *reply)
{
    buffer_clear(&reply->transaction_id);
    buffer_clear(&reply->recipient_nonce);
    buffer_clear(&reply->sender_nonce);
    X509_free(reply->cert);
    X509_CRL_free(reply->crl);
    memset(reply, 0, sizeof(*reply));
}
