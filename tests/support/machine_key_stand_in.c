/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "support/machine_key_stand_in.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/text.h"

#define ENTRIES_MAX 16u
#define BLOCK_MAX 1024u

struct machine_key {
    EVP_PKEY *key;
    unsigned lacks;
};

static struct entry {
    char name[64]; /* thumbprint or container */
    X509 *cert;    /* NULL: a container */
    EVP_PKEY *key;
    unsigned lacks;
} entries[ENTRIES_MAX];
static size_t entry_count;
static int broken;
static struct machine_stand_in_counts counts;

/* ---- the store ------------------------------------------------------------------------------- */

static void add(const char *name, X509 *cert, EVP_PKEY *key, unsigned lacks)
{
    struct entry *entry = &entries[entry_count++];

    assert_true(entry_count <= ENTRIES_MAX);
    assert_true(text_copy(entry->name, sizeof(entry->name), name));
    if (cert != NULL) {
        assert_int_equal(X509_up_ref(cert), 1);
    }
    assert_int_equal(EVP_PKEY_up_ref(key), 1);
    entry->cert = cert;
    entry->key = key;
    entry->lacks = lacks;
}

void machine_stand_in_add(struct x509_st *cert, struct evp_pkey_st *key, unsigned lacks,
                          char thumbprint[MACHINE_THUMBPRINT_MAX])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    assert_int_equal(X509_digest(cert, EVP_sha1(), digest, &len), 1);
    text_hex(thumbprint, MACHINE_THUMBPRINT_MAX, bytes_of(digest, len));
    add(thumbprint, cert, key, lacks);
}

void machine_stand_in_add_container(const char *container, struct evp_pkey_st *key, unsigned lacks)
{
    add(container, NULL, key, lacks);
}

void machine_stand_in_remove(const char *thumbprint)
{
    for (size_t i = 0; i < entry_count; i++) {
        if (text_equal_nocase(entries[i].name, thumbprint)) {
            entries[i].name[0] = '\0'; /* references go with machine_stand_in_clear */
        }
    }
}

void machine_stand_in_clear(void)
{
    for (size_t i = 0; i < entry_count; i++) {
        X509_free(entries[i].cert);
        EVP_PKEY_free(entries[i].key);
    }
    memset(entries, 0, sizeof(entries));
    entry_count = 0;
    broken = 0;
    assert_int_equal(counts.open, 0);
    memset(&counts, 0, sizeof(counts));
}

void machine_stand_in_break(bool now_broken)
{
    __atomic_store_n(&broken, now_broken ? 1 : 0, __ATOMIC_SEQ_CST);
}

struct machine_stand_in_counts machine_stand_in_counts(void)
{
    return counts;
}

struct machine_key *machine_stand_in_key(struct evp_pkey_st *key, unsigned lacks)
{
    struct machine_key *made = calloc(1, sizeof(*made));

    assert_non_null(made);
    assert_int_equal(EVP_PKEY_up_ref(key), 1);
    made->key = key;
    made->lacks = lacks;
    (void)__atomic_add_fetch(&counts.open, 1, __ATOMIC_SEQ_CST);
    return made;
}

static struct machine_key *open_entry(const char *name, bool container, struct buffer *cert,
                                      struct error *err)
{
    for (size_t i = 0; i < entry_count; i++) {
        const struct entry *entry = &entries[i];
        unsigned char *der = NULL;
        int len = 0;

        if (!text_equal_nocase(entry->name, name) || (entry->cert == NULL) != container) {
            continue;
        }
        if ((entry->lacks & MACHINE_DENIED) != 0) {
            (void)error_set(err, REASON_NOT_PERMITTED, "no read right on the key");
            return NULL;
        }
        if (entry->cert != NULL && cert != NULL) {
            len = i2d_X509(entry->cert, &der);
            assert_true(len > 0);
            assert_done(buffer_append(cert, der, (size_t)len, err), err, name);
            OPENSSL_free(der);
        }
        return machine_stand_in_key(entry->key, entry->lacks);
    }
    (void)error_set(err, REASON_MACHINE_KEY_MISSING, "no such key in the stand-in's store");
    return NULL;
}

struct machine_key *machine_key_by_thumbprint(const char *thumbprint, struct buffer *cert,
                                              struct error *err)
{
    return open_entry(thumbprint, false, cert, err);
}

struct machine_key *machine_key_by_container(const char *provider, const char *container,
                                             struct error *err)
{
    (void)provider;
    return open_entry(container, true, NULL, err);
}

void machine_key_free(struct machine_key *key)
{
    if (key != NULL) {
        (void)__atomic_sub_fetch(&counts.open, 1, __ATOMIC_SEQ_CST);
        EVP_PKEY_free(key->key);
        free(key);
    }
}

const char *machine_key_provider(const struct machine_key *key)
{
    (void)key;
    return "stand-in";
}

/* ---- operations ------------------------------------------------------------------------------ */

static bool append_number(EVP_PKEY *key, const char *which, struct buffer *out, struct error *err)
{
    BIGNUM *number = NULL;
    uint8_t block[BLOCK_MAX];
    int len = 0;

    assert_int_equal(EVP_PKEY_get_bn_param(key, which, &number), 1);
    len = BN_bn2bin(number, block);
    BN_free(number);
    return buffer_append(out, block, (size_t)len, err);
}

bool machine_key_public(struct machine_key *key, struct buffer *modulus, struct buffer *exponent,
                        struct error *err)
{
    return append_number(key->key, OSSL_PKEY_PARAM_RSA_N, modulus, err)
           && append_number(key->key, OSSL_PKEY_PARAM_RSA_E, exponent, err);
}

static bool may(const struct machine_key *key, unsigned flag, int *count, struct error *err)
{
    (void)__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&broken, __ATOMIC_SEQ_CST) != 0) {
        return error_set(err, REASON_MACHINE_KEY_UNUSABLE, "device unplugged (error 0x8009002d)");
    }
    return (key->lacks & flag) == 0
           || error_set(err, REASON_MACHINE_KEY_UNUSABLE, "not supported (error 0x80090029)");
}

bool machine_key_sign(struct machine_key *key, enum machine_digest digest, struct bytes hash,
                      struct buffer *out, struct error *err)
{
    const EVP_MD *digests[] = { [MACHINE_DIGEST_MD5] = EVP_md5(),
                                [MACHINE_DIGEST_SHA1] = EVP_sha1(),
                                [MACHINE_DIGEST_SHA256] = EVP_sha256(),
                                [MACHINE_DIGEST_SHA384] = EVP_sha384(),
                                [MACHINE_DIGEST_SHA512] = EVP_sha512() };
    EVP_PKEY_CTX *ctx = NULL;
    uint8_t signature[BLOCK_MAX];
    size_t len = sizeof(signature);
    bool ok = false;

    if (!may(key, MACHINE_NO_SIGN, &counts.signs, err)) {
        return false;
    }
    ctx = EVP_PKEY_CTX_new(key->key, NULL);
    ok = EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1
         && EVP_PKEY_CTX_set_signature_md(ctx, digests[digest]) == 1
         && EVP_PKEY_sign(ctx, signature, &len, hash.data, hash.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok ? buffer_append(out, signature, len, err)
              : error_set(err, REASON_MACHINE_KEY_UNUSABLE, "bad hash (error 0x80090002)");
}

/* The private operation as it is; only bytes that are no number below the modulus fail. */
static size_t private_operation(EVP_PKEY *key, struct bytes in, uint8_t block[BLOCK_MAX])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    size_t len = BLOCK_MAX;

    if (EVP_PKEY_decrypt_init(ctx) != 1 || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1
        || EVP_PKEY_decrypt(ctx, block, &len, in.data, in.len) != 1) {
        len = 0;
        ERR_clear_error();
    }
    EVP_PKEY_CTX_free(ctx);
    return len;
}

/* With an error for a wrong padding, as Windows has it. */
bool machine_key_decrypt(struct machine_key *key, struct bytes cipher, struct buffer *plain,
                         struct error *err)
{
    uint8_t block[BLOCK_MAX];
    size_t len = 0;
    size_t at = 2;

    if (!may(key, MACHINE_NO_DECRYPT, &counts.decrypts, err)) {
        return false;
    }
    len = private_operation(key->key, cipher, block);
    while (at < len && block[at] != 0) {
        at++;
    }
    if (at >= len || at < 10 || block[0] != 0 || block[1] != 2) {
        return error_set(err, REASON_MACHINE_KEY_UNUSABLE, "bad data (error 0x80090005)");
    }
    return buffer_append(plain, block + at + 1, len - at - 1, err);
}

bool machine_key_raw(struct machine_key *key, struct bytes in, struct buffer *out,
                     struct error *err)
{
    uint8_t block[BLOCK_MAX];
    size_t len = 0;

    if (!may(key, MACHINE_NO_RAW, &counts.raws, err)) {
        return false;
    }
    len = private_operation(key->key, in, block);
    for (size_t i = 0; (key->lacks & MACHINE_RAW_TURNED) != 0 && i < len / 2; i++) {
        uint8_t byte = block[i];

        block[i] = block[len - 1 - i];
        block[len - 1 - i] = byte;
    }
    return len > 0 ? buffer_append(out, block, len, err)
                   : error_set(err, REASON_MACHINE_KEY_UNUSABLE, "bad data (error 0x80090005)");
}
