/* SPDX-License-Identifier: Apache-2.0 */
#include "support/scep_client.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "support/scep_asn1.h"
#include "support/scep_ca.h"

#define ATTRIBUTES_MAX (SCEP_CLIENT_EXTRA_MAX + 8)
#define OID_MESSAGE_TYPE "2.16.840.1.113733.1.9.2"
#define OID_SENDER_NONCE "2.16.840.1.113733.1.9.5"
#define OID_TRANSACTION_ID "2.16.840.1.113733.1.9.7"

/* Encoded signed attributes, in the order in which they are sent. */
struct attributes {
    struct buffer item[ATTRIBUTES_MAX];
    size_t count;
};

void scep_client_init(struct scep_client *c, EVP_PKEY *key, X509 *recipient)
{
    static const char transaction_id[] = "3A5F0C0F9A2B4C6D8E1F";

    memset(c, 0, sizeof(*c));
    c->key = key;
    c->recipients[0] = recipient;
    c->recipient_count = recipient == NULL ? 0 : 1;
    c->cn = "client";
    c->challenge = "secret";
    c->digest = "SHA256";
    c->cipher = "AES-128-CBC";
    c->segment = 200;
    c->type = "19";
    c->type_tag = V_ASN1_PRINTABLESTRING;
    c->transaction_id = bytes_of_text(transaction_id);
    c->transaction_id_tag = V_ASN1_PRINTABLESTRING;
    c->nonce = true;
    c->nonce_len = 16;
    scep_must(RAND_bytes(c->nonce_bytes, sizeof(c->nonce_bytes)) == 1);
    c->signing_time_tag = V_ASN1_UTCTIME;
    c->signing_time = "260131123456Z";
    c->iv_len = -1;
    c->ciphertext_len = -1;
}

static const EVP_MD *digest_of(const struct scep_client *c)
{
    const EVP_MD *md = EVP_get_digestbyname(c->digest);

    scep_must(md != NULL);
    return md;
}

static bool faulty(const struct scep_client *c, uint32_t fault)
{
    return (c->faults & fault) != 0;
}

/* SEQUENCE { oid, SET { value } } */
static void add_raw(struct attributes *a, const char *oid, struct bytes values)
{
    struct buffer content = ASN1_BUFFER_INIT;

    scep_must(a->count < ATTRIBUTES_MAX);
    a->item[a->count] = (struct buffer)ASN1_BUFFER_INIT;
    asn1_oid(&content, oid);
    asn1_tlv(&content, 0x31, values);
    asn1_take(&a->item[a->count], 0x30, false, &content);
    a->count++;
}

static void add(struct attributes *a, const char *oid, int tag, struct bytes value)
{
    struct buffer values = ASN1_BUFFER_INIT;

    asn1_tlv(&values, (unsigned)tag, value);
    add_raw(a, oid, buffer_bytes(&values));
    buffer_clear(&values);
}

static void add_type(const struct scep_client *c, struct attributes *a)
{
    struct bytes text = bytes_of_text(c->type);
    struct buffer values = ASN1_BUFFER_INIT;

    if (c->type_len != 0) {
        text = bytes_of(c->type, c->type_len);
    }
    if (!faulty(c, SCEP_CLIENT_ATTR_NO_VALUE)) {
        asn1_tlv(&values, (unsigned)c->type_tag, text);
    }
    if (faulty(c, SCEP_CLIENT_ATTR_TWO_VALUES)) {
        asn1_tlv(&values, (unsigned)c->type_tag, text);
    }
    add_raw(a, OID_MESSAGE_TYPE, buffer_bytes(&values));
    buffer_clear(&values);
}

static void add_digest(const struct scep_client *c, struct attributes *a, struct bytes content)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    scep_must(EVP_Digest(content.data, content.len, digest, &len, digest_of(c), NULL) == 1);
    add(a, "1.2.840.113549.1.9.4", V_ASN1_OCTET_STRING, bytes_of(digest, len));
}

static void make_attributes(const struct scep_client *c, struct bytes content, struct attributes *a)
{
    struct buffer data = ASN1_BUFFER_INIT;

    a->count = 0;
    if (faulty(c, SCEP_CLIENT_EMPTY_ATTRS)) {
        return;
    }
    if (c->transaction_id.data != NULL) {
        add(a, OID_TRANSACTION_ID, c->transaction_id_tag, c->transaction_id);
    }
    if (!faulty(c, SCEP_CLIENT_NO_MESSAGE_DIGEST)) {
        add_digest(c, a, content);
    }
    if (c->type != NULL) {
        add_type(c, a);
    }
    if (c->nonce) {
        add(a, OID_SENDER_NONCE, V_ASN1_OCTET_STRING, bytes_of(c->nonce_bytes, c->nonce_len));
    }
    if (c->signing_time_tag != 0) {
        add(a, "1.2.840.113549.1.9.5", c->signing_time_tag, bytes_of_text(c->signing_time));
    }
    if (!faulty(c, SCEP_CLIENT_NO_CONTENT_TYPE_ATTR)) {
        asn1_nid(&data, NID_pkcs7_data);
        add_raw(a, "1.2.840.113549.1.9.3", buffer_bytes(&data));
        buffer_clear(&data);
    }
    for (size_t i = 0; i < c->extra_count; i++) {
        add(a, c->extra[i].oid, c->extra[i].tag, c->extra[i].value);
    }
}

static void attributes_clear(struct attributes *a)
{
    for (size_t i = 0; i < a->count; i++) {
        buffer_clear(&a->item[i]);
    }
}

static bool before(const struct buffer *a, const struct buffer *b)
{
    int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

    return order < 0 || (order == 0 && a->len < b->len);
}

enum arrangement { AS_MADE, SORTED, REVERSED };

/* All of them behind one another. */
static void join(const struct attributes *a, enum arrangement how, struct buffer *out)
{
    size_t order[ATTRIBUTES_MAX];

    for (size_t i = 0; i < a->count; i++) {
        size_t at = i;

        while (how == SORTED && at > 0 && before(&a->item[i], &a->item[order[at - 1]])) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
    for (size_t i = 0; i < a->count; i++) {
        size_t which = how == REVERSED ? a->count - 1 - i : order[i];

        scep_must(buffer_append_bytes(out, buffer_bytes(&a->item[which]), NULL));
    }
}

static void sign_bytes(const struct scep_client *c, struct bytes data, struct buffer *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    const EVP_MD *md = digest_of(c);
    size_t len = 0;

    scep_must(EVP_DigestSignInit(ctx, &key_ctx, md, NULL, c->key) == 1);
    if (c->signature == SCEP_CLIENT_PSS || c->signature == SCEP_CLIENT_PSS_OTHER_DIGEST) {
        scep_must(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) == 1);
        scep_must(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    scep_must(EVP_DigestSign(ctx, NULL, &len, data.data, data.len) == 1);
    scep_must(buffer_reserve(out, len, NULL));
    scep_must(EVP_DigestSign(ctx, out->data, &len, data.data, data.len) == 1);
    out->len = len;
    if (faulty(c, SCEP_CLIENT_BAD_SIGNATURE)) {
        out->data[len / 2] ^= 1;
    }
    EVP_MD_CTX_free(ctx);
}

/* RSASSA-PSS-params with explicit fields. */
static void put_pss(struct buffer *out, int digest, int salt)
{
    struct buffer algorithm = ASN1_BUFFER_INIT;
    struct buffer params = ASN1_BUFFER_INIT;
    struct buffer field = ASN1_BUFFER_INIT;
    struct buffer mask = ASN1_BUFFER_INIT;

    asn1_algorithm(&field, digest, true);
    asn1_take(&params, 0xa0, false, &field);
    asn1_nid(&mask, NID_mgf1);
    asn1_algorithm(&mask, digest, true);
    asn1_take(&field, 0x30, false, &mask);
    asn1_take(&params, 0xa1, false, &field);
    asn1_small(&field, salt);
    asn1_take(&params, 0xa2, false, &field);
    asn1_nid(&algorithm, NID_rsassaPss);
    asn1_take(&algorithm, 0x30, false, &params);
    asn1_take(out, 0x30, false, &algorithm);
}

static int signature_nid(const EVP_MD *md, int key_nid)
{
    int nid = NID_undef;

    scep_must(OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(md), key_nid) == 1);
    return nid;
}

static void put_signature_algorithm(const struct scep_client *c, struct buffer *out)
{
    const EVP_MD *md = digest_of(c);
    int other = EVP_MD_get_type(md) == NID_sha512 ? NID_sha256WithRSAEncryption
                                                  : NID_sha512WithRSAEncryption;

    switch (c->signature) {
    case SCEP_CLIENT_RSA_WITH_DIGEST:
        asn1_algorithm(out, signature_nid(md, NID_rsaEncryption), true);
        break;
    case SCEP_CLIENT_PSS:
        put_pss(out, EVP_MD_get_type(md), EVP_MD_get_size(md));
        break;
    case SCEP_CLIENT_PSS_OTHER_DIGEST:
        put_pss(out, NID_sha1, EVP_MD_get_size(md));
        break;
    case SCEP_CLIENT_RSA_OTHER_DIGEST:
        asn1_algorithm(out, other, true);
        break;
    case SCEP_CLIENT_ECDSA:
        asn1_algorithm(out, signature_nid(md, NID_X9_62_id_ecPublicKey), false);
        break;
    case SCEP_CLIENT_ECDSA_OTHER_DIGEST:
        asn1_algorithm(
            out, EVP_MD_get_type(md) == NID_sha512 ? NID_ecdsa_with_SHA256 : NID_ecdsa_with_SHA512,
            false);
        break;
    case SCEP_CLIENT_ECDSA_NO_DIGEST:
        asn1_algorithm(out, NID_X9_62_id_ecPublicKey, false);
        break;
    case SCEP_CLIENT_DSA_OID:
        asn1_algorithm(out, NID_dsa_with_SHA256, false);
        break;
    case SCEP_CLIENT_RSA:
    default:
        asn1_algorithm(out, NID_rsaEncryption, true);
        break;
    }
}

static void put_certificate(struct buffer *out, X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);

    scep_must(len > 0 && buffer_append(out, der, (size_t)len, NULL));
    OPENSSL_free(der);
}

static void put_signer_id(const struct scep_client *c, X509 *cert, struct buffer *out)
{
    struct buffer content = ASN1_BUFFER_INIT;
    unsigned char *der = NULL;
    int len = 0;

    if (c->signer_by_key_id) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;

        scep_must(X509_pubkey_digest(cert, EVP_sha1(), digest, &size) == 1);
        asn1_tlv(out, 0x80, bytes_of(digest, size));
        return;
    }
    len = i2d_X509_NAME(X509_get_issuer_name(cert), &der);
    scep_must(len > 0 && buffer_append(&content, der, (size_t)len, NULL));
    OPENSSL_free(der);
    der = NULL;
    len = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &der);
    scep_must(len > 0 && buffer_append(&content, der, (size_t)len, NULL));
    OPENSSL_free(der);
    asn1_take(out, 0x30, c->ber, &content);
}

static void put_signer_info(const struct scep_client *c, struct bytes content, X509 *cert,
                            struct buffer *out)
{
    static const enum arrangement sent[] = { SORTED, AS_MADE, AS_MADE, AS_MADE };
    static const enum arrangement signed_[] = { SORTED, AS_MADE, SORTED, REVERSED };
    struct attributes attributes;
    struct buffer info = ASN1_BUFFER_INIT;
    struct buffer part = ASN1_BUFFER_INIT;
    struct buffer set = ASN1_BUFFER_INIT;
    struct buffer signature = ASN1_BUFFER_INIT;

    make_attributes(c, content, &attributes);
    join(&attributes, signed_[c->order], &part);
    asn1_take(&set, 0x31, false, &part);
    sign_bytes(c, faulty(c, SCEP_CLIENT_NO_SIGNED_ATTRS) ? content : buffer_bytes(&set),
               &signature);
    buffer_clear(&set);

    asn1_small(&info, faulty(c, SCEP_CLIENT_ODD_VERSIONS) ? 7 : c->signer_by_key_id ? 3 : 1);
    put_signer_id(c, cert, &info);
    asn1_algorithm(&info, EVP_MD_get_type(digest_of(c)), !faulty(c, SCEP_CLIENT_DIGEST_NO_NULL));
    if (!faulty(c, SCEP_CLIENT_NO_SIGNED_ATTRS)) {
        join(&attributes, sent[c->order], &part);
        asn1_take(&info, 0xa0, false, &part);
    }
    put_signature_algorithm(c, &info);
    asn1_octets(&info, 0x04, c->ber, c->segment, buffer_bytes(&signature));
    if (faulty(c, SCEP_CLIENT_UNSIGNED_ATTRS)) {
        asn1_oid(&part, "1.2.3.4");
        asn1_tlv(&part, 0x31, bytes_of("\x05\x00", 2));
        asn1_take(&set, 0x30, false, &part);
        asn1_take(&info, 0xa1, false, &set);
    }
    asn1_take(out, 0x30, c->ber, &info);
    buffer_clear(&signature);
    attributes_clear(&attributes);
}

static void put_content_info(const struct scep_client *c, struct bytes content, struct buffer *out)
{
    struct buffer info = ASN1_BUFFER_INIT;
    struct buffer string = ASN1_BUFFER_INIT;
    struct buffer changed = ASN1_BUFFER_INIT;

    asn1_nid(&info, faulty(c, SCEP_CLIENT_CONTENT_TYPE) ? NID_pkcs7_signed : NID_pkcs7_data);
    if (!faulty(c, SCEP_CLIENT_NO_CONTENT)) {
        scep_must(buffer_append_bytes(&changed, content, NULL));
        if (faulty(c, SCEP_CLIENT_BAD_CONTENT)) {
            changed.data[changed.len - 1] ^= 1;
        }
        asn1_octets(&string, 0x04, c->ber, c->segment, buffer_bytes(&changed));
        asn1_take(&info, 0xa0, c->ber, &string);
    }
    asn1_take(out, 0x30, c->ber, &info);
    buffer_clear(&changed);
}

static void put_certificates(const struct scep_client *c, X509 *cert, struct buffer *out)
{
    struct buffer certs = ASN1_BUFFER_INIT;

    if (!faulty(c, SCEP_CLIENT_NO_CERTS)) {
        for (size_t i = 0; i < c->more_cert_count; i++) {
            put_certificate(&certs, c->more_certs[i]);
        }
        put_certificate(&certs, cert);
        if (faulty(c, SCEP_CLIENT_ATTRIBUTE_CERT)) {
            asn1_tlv(&certs, 0xa1, bytes_of("\x02\x01\x01", 3));
        }
        asn1_take(out, 0xa0, c->ber, &certs);
    }
    if (faulty(c, SCEP_CLIENT_EMPTY_CRLS)) {
        asn1_tlv(out, 0xa1, bytes_of(NULL, 0));
    }
    if (faulty(c, SCEP_CLIENT_WITH_CRLS)) {
        asn1_tlv(out, 0xa1, bytes_of("\x30\x00", 2));
    }
}

static X509 *make_certificate(const struct scep_client *c)
{
    const struct scep_cert_options options = { .key = c->key, .cn = c->cn };

    return scep_cert_make(&options);
}

void scep_client_sign(const struct scep_client *c, struct bytes content, struct buffer *out,
                      X509 **made)
{
    struct buffer data = ASN1_BUFFER_INIT;
    struct buffer part = ASN1_BUFFER_INIT;
    struct buffer info = ASN1_BUFFER_INIT;
    X509 *cert = c->cert;
    size_t signers = faulty(c, SCEP_CLIENT_NO_SIGNER) ? 0 : 1;

    if (cert == NULL) {
        cert = make_certificate(c);
        *made = cert;
    }
    asn1_small(&data, faulty(c, SCEP_CLIENT_ODD_VERSIONS) ? 9 : 1);
    for (size_t i = faulty(c, SCEP_CLIENT_EMPTY_DIGEST_ALGS) ? 1 : 0; i <= c->digest_more; i++) {
        asn1_algorithm(&part, EVP_MD_get_type(digest_of(c)),
                       !faulty(c, SCEP_CLIENT_DIGEST_NO_NULL));
    }
    asn1_take(&data, 0x31, c->ber, &part);
    put_content_info(c, content, &data);
    put_certificates(c, cert, &data);
    if (faulty(c, SCEP_CLIENT_TWO_SIGNERS)) {
        signers = 2;
    }
    for (size_t i = 0; i < signers; i++) {
        put_signer_info(c, content, cert, &part);
    }
    asn1_take(&data, 0x31, c->ber, &part);

    asn1_nid(&info, faulty(c, SCEP_CLIENT_NOT_SIGNED_DATA) ? NID_pkcs7_digest : NID_pkcs7_signed);
    asn1_take(&part, 0x30, c->ber, &data);
    asn1_take(&info, 0xa0, c->ber, &part);
    buffer_clear(out);
    asn1_take(out, 0x30, c->ber, &info);
}

void scep_client_message(const struct scep_client *c, struct bytes plain, struct buffer *out,
                         X509 **cert)
{
    struct buffer envelope = ASN1_BUFFER_INIT;

    scep_client_envelope(c, plain, &envelope);
    scep_client_sign(c, buffer_bytes(&envelope), out, cert);
    buffer_clear(&envelope);
}

void scep_client_request(const struct scep_client *c, struct buffer *out, X509 **cert)
{
    struct buffer csr = ASN1_BUFFER_INIT;
    struct buffer envelope = ASN1_BUFFER_INIT;

    scep_client_csr(c, &csr);
    scep_client_envelope(c, buffer_bytes(&csr), &envelope);
    scep_client_sign(c, buffer_bytes(&envelope), out, cert);
    buffer_clear(&csr);
    buffer_clear(&envelope);
}
