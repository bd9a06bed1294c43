/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/x509v3.h>

#include "support/scep_asn1.h"
#include "support/scep_client.h"

static bool faulty(const struct scep_client *c, uint32_t fault)
{
    return (c->faults & fault) != 0;
}

static void add_key_usage(X509_REQ *req, const char *usage)
{
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage);

    scep_must(extensions != NULL && extension != NULL
              && sk_X509_EXTENSION_push(extensions, extension) > 0
              && X509_REQ_add_extensions(req, extensions) == 1);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

void scep_client_csr(const struct scep_client *c, struct buffer *out)
{
    X509_REQ *req = X509_REQ_new();
    X509_NAME *name = X509_NAME_new();
    EVP_PKEY *key = c->csr_key != NULL ? c->csr_key : c->key;
    unsigned char *der = NULL;
    int len = 0;

    if (c->cn != NULL) {
        scep_must(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
                                             (const unsigned char *)c->cn, -1, -1, 0)
                  == 1);
    }
    scep_must(X509_REQ_set_subject_name(req, name) == 1 && X509_REQ_set_pubkey(req, key) == 1);
    if (c->challenge != NULL) {
        scep_must(X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, V_ASN1_UTF8STRING,
                                            (const unsigned char *)c->challenge,
                                            (int)strlen(c->challenge))
                  == 1);
    }
    if (c->key_usage != NULL) {
        add_key_usage(req, c->key_usage);
    }
    scep_must(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    len = i2d_X509_REQ(req, &der);
    buffer_clear(out);
    scep_must(len > 0 && buffer_append(out, der, (size_t)len, NULL));
    OPENSSL_free(der);
    X509_NAME_free(name);
    X509_REQ_free(req);
}

static void put_name(struct buffer *out, const X509_NAME *name)
{
    unsigned char *der = NULL;
    int len = i2d_X509_NAME(name, &der);

    scep_must(len > 0 && buffer_append(out, der, (size_t)len, NULL));
    OPENSSL_free(der);
}

void scep_client_cert_id(const X509 *cert, struct buffer *out)
{
    struct buffer content = ASN1_BUFFER_INIT;
    unsigned char *der = NULL;
    int len = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &der);

    put_name(&content, X509_get_issuer_name(cert));
    scep_must(len > 0 && buffer_append(&content, der, (size_t)len, NULL));
    OPENSSL_free(der);
    buffer_clear(out);
    asn1_take(out, 0x30, false, &content);
}

void scep_client_subject_id(const struct scep_client *c, const X509 *ca, struct buffer *out)
{
    struct buffer content = ASN1_BUFFER_INIT;
    X509_NAME *name = X509_NAME_new();

    scep_must(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
                                         (const unsigned char *)c->cn, -1, -1, 0)
              == 1);
    put_name(&content, X509_get_subject_name(ca));
    put_name(&content, name);
    X509_NAME_free(name);
    buffer_clear(out);
    asn1_take(out, 0x30, false, &content);
}

/* RSAES-OAEP-params */
static void put_oaep(struct buffer *out, int digest, int mgf, bool label)
{
    struct buffer algorithm = ASN1_BUFFER_INIT;
    struct buffer params = ASN1_BUFFER_INIT;
    struct buffer field = ASN1_BUFFER_INIT;
    struct buffer part = ASN1_BUFFER_INIT;

    asn1_algorithm(&field, digest, true);
    asn1_take(&params, 0xa0, false, &field);
    asn1_nid(&part, NID_mgf1);
    asn1_algorithm(&part, mgf, true);
    asn1_take(&field, 0x30, false, &part);
    asn1_take(&params, 0xa1, false, &field);
    if (label) {
        asn1_nid(&part, NID_pSpecified);
        asn1_tlv(&part, 0x04, bytes_of_text("label"));
        asn1_take(&field, 0x30, false, &part);
        asn1_take(&params, 0xa2, false, &field);
    }
    asn1_nid(&algorithm, NID_rsaesOaep);
    asn1_take(&algorithm, 0x30, false, &params);
    asn1_take(out, 0x30, false, &algorithm);
}

static void put_transport(const struct scep_client *c, struct buffer *out)
{
    switch (c->transport) {
    case SCEP_CLIENT_PKCS1_NO_NULL:
        asn1_algorithm(out, NID_rsaEncryption, false);
        break;
    case SCEP_CLIENT_OAEP_SHA1:
        put_oaep(out, NID_sha1, NID_sha1, false);
        break;
    case SCEP_CLIENT_OAEP_SHA256:
        put_oaep(out, NID_sha256, NID_sha256, false);
        break;
    case SCEP_CLIENT_OAEP_SHA256_MGF1_SHA1:
        put_oaep(out, NID_sha256, NID_sha1, false);
        break;
    case SCEP_CLIENT_OAEP_LABEL:
        put_oaep(out, NID_sha1, NID_sha1, true);
        break;
    case SCEP_CLIENT_OAEP_SHA512:
        put_oaep(out, NID_sha512, NID_sha512, false);
        break;
    case SCEP_CLIENT_OAEP_ABSENT:
    case SCEP_CLIENT_OAEP_NULL:
        asn1_algorithm(out, NID_rsaesOaep, c->transport == SCEP_CLIENT_OAEP_NULL);
        break;
    case SCEP_CLIENT_TRANSPORT_ECDH:
        asn1_algorithm(out, NID_dhKeyAgreement, false);
        break;
    case SCEP_CLIENT_PKCS1:
    default:
        asn1_algorithm(out, NID_rsaEncryption, true);
        break;
    }
}

static void encrypt_key(const struct scep_client *c, X509 *recipient, struct bytes key,
                        struct buffer *out)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(recipient), NULL);
    const EVP_MD *md = EVP_sha1();
    size_t len = 1024;

    scep_must(EVP_PKEY_encrypt_init(ctx) == 1);
    if (c->transport >= SCEP_CLIENT_OAEP_SHA1 && c->transport <= SCEP_CLIENT_OAEP_SHA512) {
        if (c->transport == SCEP_CLIENT_OAEP_SHA256
            || c->transport == SCEP_CLIENT_OAEP_SHA256_MGF1_SHA1) {
            md = EVP_sha256();
        }
        scep_must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1);
        scep_must(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1);
        scep_must(EVP_PKEY_CTX_set_rsa_mgf1_md(
                      ctx, c->transport == SCEP_CLIENT_OAEP_SHA256_MGF1_SHA1 ? EVP_sha1() : md)
                  == 1);
    }
    scep_must(buffer_reserve(out, len, NULL));
    scep_must(EVP_PKEY_encrypt(ctx, out->data, &len, key.data, key.len) == 1);
    out->len = len;
    if (faulty(c, SCEP_CLIENT_RANDOM_KEY)) {
        scep_must(RAND_bytes(out->data, (int)len) == 1);
        out->data[0] = 0; /* smaller than the modulus */
    }
    EVP_PKEY_CTX_free(ctx);
}

/* The issuer as nobody would compare it to be equal: another attribute type for the same text. */
static void put_other_spelling(struct buffer *out)
{
    X509_NAME *name = X509_NAME_new();
    unsigned char *der = NULL;
    int len = 0;

    scep_must(X509_NAME_add_entry_by_NID(name, NID_organizationName, V_ASN1_T61STRING,
                                         (const unsigned char *)"OpenNDES-Test-CA", -1, -1, 0)
              == 1);
    len = i2d_X509_NAME(name, &der);
    scep_must(len > 0 && buffer_append(out, der, (size_t)len, NULL));
    OPENSSL_free(der);
    X509_NAME_free(name);
}

static void put_recipient_id(const struct scep_client *c, X509 *recipient, struct buffer *out)
{
    struct buffer content = ASN1_BUFFER_INIT;
    unsigned char *der = NULL;
    int len = 0;

    if (c->recipient_by_key_id) {
        const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(recipient);

        scep_must(id != NULL);
        asn1_tlv(out, 0x80, bytes_of(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)));
        return;
    }
    if (c->recipient_other_spelling) {
        put_other_spelling(&content);
    } else {
        len = i2d_X509_NAME(X509_get_issuer_name(recipient), &der);
        scep_must(len > 0 && buffer_append(&content, der, (size_t)len, NULL));
        OPENSSL_free(der);
        der = NULL;
    }
    len = i2d_ASN1_INTEGER(X509_get0_serialNumber(recipient), &der);
    scep_must(len > 0 && buffer_append(&content, der, (size_t)len, NULL));
    OPENSSL_free(der);
    asn1_take(out, 0x30, c->ber, &content);
}

static void put_recipient(const struct scep_client *c, X509 *recipient, struct bytes key,
                          struct buffer *out)
{
    struct buffer info = ASN1_BUFFER_INIT;
    struct buffer encrypted = ASN1_BUFFER_INIT;

    asn1_small(&info, faulty(c, SCEP_CLIENT_ODD_VERSIONS) ? 5 : c->recipient_by_key_id ? 2 : 0);
    put_recipient_id(c, recipient, &info);
    put_transport(c, &info);
    encrypt_key(c, recipient, key, &encrypted);
    asn1_octets(&info, 0x04, c->ber, c->segment, buffer_bytes(&encrypted));
    asn1_take(out, faulty(c, SCEP_CLIENT_KEY_AGREE) ? 0xa1 : 0x30, c->ber, &info);
    buffer_clear(&encrypted);
}

static void encrypt_content(const struct scep_client *c, struct bytes plain, const uint8_t *key,
                            const uint8_t *iv, struct buffer *out)
{
    const EVP_CIPHER *cipher = EVP_get_cipherbyname(c->cipher);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    struct buffer padded = ASN1_BUFFER_INIT;
    bool own_padding = faulty(c, SCEP_CLIENT_BAD_PADDING_0 | SCEP_CLIENT_BAD_PADDING_17);
    int len = 0;
    int last = 0;

    scep_must(buffer_append_bytes(&padded, plain, NULL));
    if (own_padding) {
        do {
            scep_must(
                buffer_append_byte(&padded, faulty(c, SCEP_CLIENT_BAD_PADDING_0) ? 0 : 17, NULL));
        } while (padded.len % (size_t)EVP_CIPHER_get_block_size(cipher) != 0);
    }
    scep_must(buffer_reserve(out, padded.len + EVP_MAX_BLOCK_LENGTH, NULL));
    scep_must(EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv) == 1);
    scep_must(EVP_CIPHER_CTX_set_padding(ctx, own_padding ? 0 : 1) == 1);
    scep_must(EVP_EncryptUpdate(ctx, out->data, &len, padded.data, (int)padded.len) == 1);
    scep_must(EVP_EncryptFinal_ex(ctx, out->data + len, &last) == 1);
    out->len = (size_t)(len + last);
    if (c->ciphertext_len >= 0) {
        while (out->len < (size_t)c->ciphertext_len) {
            scep_must(buffer_append_byte(out, 0x5a, NULL));
        }
        out->len = (size_t)c->ciphertext_len;
    }
    EVP_CIPHER_CTX_free(ctx);
    buffer_clear(&padded);
}

static void put_encrypted_content(const struct scep_client *c, struct bytes plain,
                                  const uint8_t *key, struct buffer *out)
{
    const EVP_CIPHER *cipher = EVP_get_cipherbyname(c->cipher);
    uint8_t iv[64];
    size_t iv_len = c->iv_len >= 0 ? (size_t)c->iv_len : (size_t)EVP_CIPHER_get_iv_length(cipher);
    struct buffer info = ASN1_BUFFER_INIT;
    struct buffer part = ASN1_BUFFER_INIT;

    scep_must(RAND_bytes(iv, sizeof(iv)) == 1);
    asn1_nid(&info, faulty(c, SCEP_CLIENT_INNER_NOT_DATA) ? NID_pkcs7_signed : NID_pkcs7_data);
    asn1_nid(&part, c->cipher_nid != 0 ? c->cipher_nid : EVP_CIPHER_get_nid(cipher));
    asn1_tlv(&part, 0x04, bytes_of(iv, iv_len));
    asn1_take(&info, 0x30, false, &part);
    encrypt_content(c, plain, key, iv, &part);
    asn1_octets(&info, 0x80, c->ber, c->segment, buffer_bytes(&part));
    buffer_clear(&part);
    asn1_take(out, 0x30, c->ber, &info);
}

void scep_client_envelope(const struct scep_client *c, struct bytes plain, struct buffer *out)
{
    const EVP_CIPHER *cipher = EVP_get_cipherbyname(c->cipher);
    uint8_t key[EVP_MAX_KEY_LENGTH];
    size_t key_len = 0;
    struct buffer data = ASN1_BUFFER_INIT;
    struct buffer part = ASN1_BUFFER_INIT;
    struct buffer info = ASN1_BUFFER_INIT;

    scep_must(cipher != NULL && RAND_bytes(key, sizeof(key)) == 1);
    key_len = (size_t)EVP_CIPHER_get_key_length(cipher);
    asn1_small(&data, faulty(c, SCEP_CLIENT_ODD_VERSIONS) ? 2 : 0);
    if (faulty(c, SCEP_CLIENT_ORIGINATOR)) {
        asn1_tlv(&data, 0xa0, bytes_of(NULL, 0));
    }
    for (size_t i = 0; i < c->recipient_count; i++) {
        put_recipient(c, c->recipients[i],
                      bytes_of(key, faulty(c, SCEP_CLIENT_SHORT_KEY) ? 5 : key_len), &part);
    }
    asn1_take(&data, 0x31, c->ber, &part);
    put_encrypted_content(c, plain, key, &data);
    if (faulty(c, SCEP_CLIENT_AUTH_ENVELOPED)) {
        asn1_oid(&info, "1.2.840.113549.1.9.16.1.23");
    } else {
        asn1_nid(&info, NID_pkcs7_enveloped);
    }
    asn1_take(&part, 0x30, c->ber, &data);
    asn1_take(&info, 0xa0, c->ber, &part);
    buffer_clear(out);
    asn1_take(out, 0x30, c->ber, &info);
}
