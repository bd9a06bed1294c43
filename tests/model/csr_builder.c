/* SPDX-License-Identifier: Apache-2.0 */
#include "model/csr_builder.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "support/ready_keys.h"
#include "support/test_support.h"

#define BUILD_BYTES_MAX 1048576u
#define SMALL_FACTOR_MAX 1000u
#define TAG_INTEGER 0x02u
#define TAG_BITS 0x03u
#define TAG_OCTETS 0x04u
#define TAG_SEQUENCE 0x30u
#define TAG_SET 0x31u
#define TAG_ATTRIBUTES 0xa0u

static void put(struct buffer *out, struct bytes bytes)
{
    struct error err = ERROR_INIT;

    assert_done(buffer_append_bytes(out, bytes, &err), &err, "");
}

void csr_builder_tlv(struct buffer *out, uint8_t tag, struct bytes content)
{
    uint8_t head[6] = { tag };
    size_t len = 2;

    if (content.len < 0x80) {
        head[1] = (uint8_t)content.len;
    } else if (content.len < 0x10000) {
        head[1] = 0x82;
        head[2] = (uint8_t)(content.len >> 8);
        head[3] = (uint8_t)content.len;
        len = 4;
        if (content.len < 0x100) { /* DER: as short as can be */
            head[1] = 0x81;
            head[2] = (uint8_t)content.len;
            len = 3;
        }
    } else {
        head[1] = 0x83;
        head[2] = (uint8_t)(content.len >> 16);
        head[3] = (uint8_t)(content.len >> 8);
        head[4] = (uint8_t)content.len;
        len = 5;
    }
    put(out, bytes_of(head, len));
    put(out, content);
}

void csr_builder_oid(struct buffer *out, const char *oid)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    unsigned char *der = NULL;
    int len = i2d_ASN1_OBJECT(object, &der);

    assert_true(len > 0);
    put(out, bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    ASN1_OBJECT_free(object);
}

/* Wrap the content of `inner` and empty it. */
static void wrap(struct buffer *out, uint8_t tag, struct buffer *inner)
{
    csr_builder_tlv(out, tag, buffer_bytes(inner));
    buffer_clear(inner);
}

void csr_builder_init(struct csr_builder *b, EVP_PKEY *key)
{
    struct buffer empty = BUFFER_INIT(BUILD_BYTES_MAX);

    memset(b, 0, sizeof(*b));
    b->key = key;
    b->digest = "SHA256";
    b->extension_oid = OID_EXTENSION_REQUEST;
    b->spki = empty;
    b->subject = empty;
    b->extensions = empty;
    b->san = empty;
    b->attributes = empty;
}

void csr_builder_clear(struct csr_builder *b)
{
    buffer_clear(&b->spki);
    buffer_clear(&b->subject);
    buffer_clear(&b->extensions);
    buffer_clear(&b->san);
    buffer_clear(&b->attributes);
}

static void put_attribute_value(struct buffer *out, const char *oid, uint8_t tag,
                                struct bytes value)
{
    struct buffer pair = BUFFER_INIT(BUILD_BYTES_MAX);

    csr_builder_oid(&pair, oid);
    csr_builder_tlv(&pair, tag, value);
    wrap(out, TAG_SEQUENCE, &pair);
}

void csr_builder_rdn(struct csr_builder *b, const char *oid, uint8_t tag, struct bytes value)
{
    struct buffer rdn = BUFFER_INIT(BUILD_BYTES_MAX);

    put_attribute_value(&rdn, oid, tag, value);
    wrap(&b->subject, TAG_SET, &rdn);
}

void csr_builder_rdn_pair(struct csr_builder *b, const char *oid_1, const char *value_1,
                          const char *oid_2, const char *value_2)
{
    struct buffer rdn = BUFFER_INIT(BUILD_BYTES_MAX);

    put_attribute_value(&rdn, oid_1, TAG_UTF8, bytes_of_text(value_1));
    put_attribute_value(&rdn, oid_2, TAG_UTF8, bytes_of_text(value_2));
    wrap(&b->subject, TAG_SET, &rdn);
}

void csr_builder_cn(struct csr_builder *b, const char *utf8)
{
    csr_builder_rdn(b, OID_CN, TAG_UTF8, bytes_of_text(utf8));
}

void csr_builder_attribute(struct csr_builder *b, const char *oid, struct bytes values)
{
    struct buffer attribute = BUFFER_INIT(BUILD_BYTES_MAX);

    csr_builder_oid(&attribute, oid);
    csr_builder_tlv(&attribute, TAG_SET, values);
    wrap(&b->attributes, TAG_SEQUENCE, &attribute);
}

void csr_builder_challenge(struct csr_builder *b, uint8_t tag, struct bytes value)
{
    struct buffer content = BUFFER_INIT(BUILD_BYTES_MAX);

    csr_builder_tlv(&content, tag, value);
    csr_builder_attribute(b, OID_CHALLENGE, buffer_bytes(&content));
    buffer_clear(&content);
}

void csr_builder_pair(struct csr_builder *b, uint8_t name_tag, struct bytes name, uint8_t value_tag,
                      struct bytes value)
{
    struct buffer pair = BUFFER_INIT(BUILD_BYTES_MAX);
    struct buffer values = BUFFER_INIT(BUILD_BYTES_MAX);

    csr_builder_tlv(&pair, name_tag, name);
    csr_builder_tlv(&pair, value_tag, value);
    wrap(&values, TAG_SEQUENCE, &pair);
    csr_builder_attribute(b, OID_PAIR, buffer_bytes(&values));
    buffer_clear(&values);
}

static void put_bmp(struct buffer *out, const char *ascii)
{
    for (size_t i = 0; ascii[i] != '\0'; i++) {
        uint8_t unit[2] = { 0, (uint8_t)ascii[i] };

        put(out, bytes_of(unit, sizeof(unit)));
    }
}

void csr_builder_pair_text(struct csr_builder *b, const char *name, const char *value)
{
    struct buffer wide_name = BUFFER_INIT(BUILD_BYTES_MAX);
    struct buffer wide_value = BUFFER_INIT(BUILD_BYTES_MAX);

    put_bmp(&wide_name, name);
    put_bmp(&wide_value, value);
    csr_builder_pair(b, TAG_BMP, buffer_bytes(&wide_name), TAG_BMP, buffer_bytes(&wide_value));
    buffer_clear(&wide_name);
    buffer_clear(&wide_value);
}

void csr_builder_eku(struct csr_builder *b, bool critical, const char *oids)
{
    struct buffer list = BUFFER_INIT(BUILD_BYTES_MAX);
    struct buffer content = BUFFER_INIT(BUILD_BYTES_MAX);
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    while (text_next_item(bytes_of_text(oids), ' ', &pos, &item)) {
        char oid[128] = "";

        assert_true(item.len < sizeof(oid));
        memcpy(oid, item.data, item.len);
        csr_builder_oid(&list, oid);
    }
    wrap(&content, TAG_SEQUENCE, &list);
    csr_builder_extension(b, OID_EKU, critical, buffer_bytes(&content));
    buffer_clear(&content);
}

void csr_builder_extension(struct csr_builder *b, const char *oid, bool critical,
                           struct bytes content)
{
    struct buffer extension = BUFFER_INIT(BUILD_BYTES_MAX);

    csr_builder_oid(&extension, oid);
    if (critical) {
        put(&extension, bytes_of("\x01\x01\xff", 3));
    }
    csr_builder_tlv(&extension, TAG_OCTETS, content);
    wrap(&b->extensions, TAG_SEQUENCE, &extension);
}

void csr_builder_san(struct csr_builder *b, uint8_t tag, struct bytes content)
{
    csr_builder_tlv(&b->san, tag, content);
}

void csr_builder_san_other(struct csr_builder *b, const char *oid, uint8_t tag, struct bytes text)
{
    struct buffer value = BUFFER_INIT(BUILD_BYTES_MAX);
    struct buffer name = BUFFER_INIT(BUILD_BYTES_MAX);

    csr_builder_tlv(&value, tag, text);
    csr_builder_oid(&name, oid);
    wrap(&name, 0xa0, &value);
    wrap(&b->san, 0xa0, &name);
}

static void put_number(struct buffer *out, const BIGNUM *number)
{
    ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(number, NULL);
    unsigned char *der = NULL;
    int len = i2d_ASN1_INTEGER(integer, &der);

    assert_true(len > 0);
    put(out, bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    ASN1_INTEGER_free(integer);
}

static bool has_small_factor(const BIGNUM *number)
{
    for (BN_ULONG d = 3; d < SMALL_FACTOR_MAX; d += 2) {
        if (BN_mod_word(number, d) == 0) {
            return true;
        }
    }
    return false;
}

void csr_builder_rsa_numbers(struct csr_builder *b, unsigned bits, unsigned long factor,
                             uint64_t exponent)
{
    struct buffer numbers = BUFFER_INIT(BUILD_BYTES_MAX);
    struct buffer key = BUFFER_INIT(BUILD_BYTES_MAX);
    struct buffer info = BUFFER_INIT(BUILD_BYTES_MAX);
    BIGNUM *modulus = BN_new();
    BIGNUM *e = BN_new();

    assert_int_equal(BN_set_bit(modulus, (int)bits - 1), 1);
    assert_int_equal(BN_set_word(e, (BN_ULONG)exponent), 1);
    if (factor != 0) { /* the next multiple that is odd when the factor is */
        BN_ULONG rest = BN_mod_word(modulus, (BN_ULONG)factor);

        assert_int_equal(BN_add_word(modulus, (BN_ULONG)factor - rest), 1);
        if (factor % 2 == 1 && !BN_is_odd(modulus)) {
            assert_int_equal(BN_add_word(modulus, (BN_ULONG)factor), 1);
        }
    }
    /* a large factor stands for a sound key: no small one may come in by chance */
    while (factor > SMALL_FACTOR_MAX && has_small_factor(modulus)) {
        assert_int_equal(BN_add_word(modulus, 2 * (BN_ULONG)factor), 1);
    }
    put_number(&numbers, modulus);
    put_number(&numbers, e);
    put(&key, bytes_of("\0", 1)); /* no unused bits */
    wrap(&key, TAG_SEQUENCE, &numbers);
    put(&info, bytes_of("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 15));
    wrap(&info, TAG_BITS, &key);
    buffer_clear(&b->spki);
    wrap(&b->spki, TAG_SEQUENCE, &info);
    BN_free(modulus);
    BN_free(e);
}

static void put_spki(struct buffer *out, const struct csr_builder *b)
{
    unsigned char *der = NULL;
    int len = 0;

    if (b->spki.len > 0) {
        put(out, buffer_bytes(&b->spki));
        return;
    }
    len = i2d_PUBKEY(b->key, &der);
    assert_true(len > 0);
    put(out, bytes_of(der, (size_t)len));
    OPENSSL_free(der);
}

static void put_attributes(struct buffer *out, const struct csr_builder *b)
{
    struct csr_builder all = *b; /* only its attributes and extensions change */
    struct buffer scratch = BUFFER_INIT(BUILD_BYTES_MAX);
    struct buffer san = BUFFER_INIT(BUILD_BYTES_MAX);

    all.attributes = scratch;
    all.extensions = scratch;
    put(&all.attributes, buffer_bytes(&b->attributes));
    put(&all.extensions, buffer_bytes(&b->extensions));
    if (b->san.len > 0) {
        csr_builder_tlv(&san, TAG_SEQUENCE, buffer_bytes(&b->san));
        csr_builder_extension(&all, OID_SAN, false, buffer_bytes(&san));
    }
    if (all.extensions.len > 0) {
        csr_builder_tlv(&scratch, TAG_SEQUENCE, buffer_bytes(&all.extensions));
        csr_builder_attribute(&all, b->extension_oid, buffer_bytes(&scratch));
    }
    csr_builder_tlv(out, TAG_ATTRIBUTES, buffer_bytes(&all.attributes));
    buffer_clear(&all.attributes);
    buffer_clear(&all.extensions);
    buffer_clear(&scratch);
    buffer_clear(&san);
}

/* AlgorithmIdentifier and BIT STRING. Without a key: sha256WithRSAEncryption and four zeros. */
static void put_signature(struct buffer *out, const struct csr_builder *b, struct bytes info)
{
    EVP_PKEY *key = b->signer != NULL ? b->signer : b->key;
    bool pure = key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
    const EVP_MD *md = pure ? NULL : EVP_get_digestbyname(b->digest);
    uint8_t signature[1 + 1024] = { 0 };
    size_t len = sizeof(signature) - 1;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int nid = NID_sha256WithRSAEncryption;
    X509_ALGOR *algorithm = X509_ALGOR_new();
    unsigned char *der = NULL;
    int der_len = 0;

    if (key != NULL) {
        assert_int_equal(EVP_DigestSignInit(ctx, NULL, md, NULL, key), 1);
        assert_int_equal(EVP_DigestSign(ctx, signature + 1, &len, info.data, info.len), 1);
        if (pure) {
            nid = NID_ED25519;
        } else {
            assert_int_equal(
                OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(md), EVP_PKEY_get_base_id(key)), 1);
        }
    } else {
        len = 4;
    }
    assert_int_equal(X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid),
                                     key == NULL || EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
                                         ? V_ASN1_NULL
                                         : V_ASN1_UNDEF,
                                     NULL),
                     1);
    der_len = i2d_X509_ALGOR(algorithm, &der);
    assert_true(der_len > 0);
    put(out, bytes_of(der, (size_t)der_len));
    csr_builder_tlv(out, TAG_BITS, bytes_of(signature, len + 1));
    OPENSSL_free(der);
    X509_ALGOR_free(algorithm);
    EVP_MD_CTX_free(ctx);
}

void csr_builder_der(struct csr_builder *b, struct buffer *out)
{
    struct buffer info = BUFFER_INIT(BUILD_BYTES_MAX);
    struct buffer request = BUFFER_INIT(BUILD_BYTES_MAX);

    csr_builder_tlv(&info, TAG_INTEGER, bytes_of(&b->version, 1));
    csr_builder_tlv(&info, TAG_SEQUENCE, buffer_bytes(&b->subject));
    put_spki(&info, b);
    if (!b->without_attributes) {
        put_attributes(&info, b);
    }
    wrap(&request, TAG_SEQUENCE, &info);
    put_signature(&request, b, buffer_bytes(&request));
    buffer_clear(out);
    out->max = BUILD_BYTES_MAX;
    wrap(out, TAG_SEQUENCE, &request);
}

EVP_PKEY *csr_builder_key(const char *kind)
{
    EVP_PKEY *key = NULL;

    if (strcmp(kind, "RSA-2048") == 0) {
        static atomic_size_t next;

        key = ready_key_rsa(atomic_fetch_add(&next, 1));
    } else if (strcmp(kind, "RSA-1024") == 0) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    } else if (strncmp(kind, "P-", 2) == 0) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
    } else {
        key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
    }
    assert_non_null(key);
    return key;
}
