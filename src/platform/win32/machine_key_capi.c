/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  machine keys in CryptoAPI's providers, which is where NDES has its own.
 * Not here: finding them (machine_key.c), CNG (machine_key_cng.c).
 * Owns:     the handles of provider and key.
 * Threads:  as machine_key_internal.h says: one operation at a time.
 * Spec:     wincrypt.h. Numbers have the least byte first.
 */
#include "platform/win32/machine_key_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "platform/win32/wide.h"

#define CONTAINER_MAX 512u
#define PUBLIC_BLOB_MAX (sizeof(BLOBHEADER) + sizeof(RSAPUBKEY) + MACHINE_KEY_BYTES_MAX)

/* ---- public half ----------------------------------------------------------------------------- */

/* PUBLICKEYBLOB: heads, then the modulus. */
static bool export_public(HCRYPTKEY handle, struct buffer *modulus, struct buffer *exponent,
                          struct error *err)
{
    uint8_t blob[PUBLIC_BLOB_MAX];
    uint8_t big_endian[4];
    RSAPUBKEY rsa;
    DWORD len = sizeof(blob);

    if (!CryptExportKey(handle, 0, PUBLICKEYBLOB, 0, blob, &len)) {
        return machine_key_open_failed(err, GetLastError(), "public half of the key");
    }
    if (len < sizeof(BLOBHEADER) + sizeof(rsa)) {
        return error_set(err, REASON_MACHINE_KEY_UNUSABLE, "the public key has %lu bytes",
                         (unsigned long)len);
    }
    memcpy(&rsa, blob + sizeof(BLOBHEADER), sizeof(rsa));
    if (rsa.magic != 0x31415352 /* "RSA1" */ || rsa.bitlen == 0
        || rsa.bitlen > 8 * MACHINE_KEY_BYTES_MAX || rsa.bitlen % 8 != 0
        || sizeof(BLOBHEADER) + sizeof(rsa) + rsa.bitlen / 8 > len) {
        return error_set(err, REASON_MACHINE_KEY_UNUSABLE,
                         "the key is not RSA with at most %u bits", 8 * MACHINE_KEY_BYTES_MAX);
    }
    for (int i = 0; i < 4; i++) {
        big_endian[i] = (uint8_t)(rsa.pubexp >> (24 - 8 * i));
    }
    return buffer_append(exponent, big_endian, sizeof(big_endian), err)
           && machine_key_append_reversed(modulus, blob + sizeof(BLOBHEADER) + sizeof(rsa),
                                          rsa.bitlen / 8, err);
}

static bool capi_public(struct machine_key *key, struct buffer *modulus, struct buffer *exponent,
                        struct error *err)
{
    bool ok = false;

    (void)pthread_mutex_lock(&key->lock);
    ok = export_public(key->csp_key, modulus, exponent, err);
    (void)pthread_mutex_unlock(&key->lock);
    return ok;
}

/* ---- operations ------------------------------------------------------------------------------ */

static bool sign_locked(struct machine_key *key, ALG_ID algorithm, const uint8_t *hash,
                        struct buffer *out, struct error *err)
{
    uint8_t signature[MACHINE_KEY_BYTES_MAX];
    DWORD len = sizeof(signature);
    HCRYPTHASH handle = 0;
    bool ok = false;

    if (!CryptCreateHash(key->csp, algorithm, 0, 0, &handle)) {
        (void)machine_key_use_failed(err, GetLastError(),
                                     "the provider does not know the digest (CryptCreateHash)");
        goto out;
    }
    if (!CryptSetHashParam(handle, HP_HASHVAL, hash, 0)
        || !CryptSignHashW(handle, key->csp_spec, NULL, 0, signature, &len)) {
        (void)machine_key_use_failed(err, GetLastError(), "CryptSignHash");
        goto out;
    }
    ok = machine_key_append_reversed(out, signature, len, err);
out:
    if (handle != 0) {
        (void)CryptDestroyHash(handle);
    }
    return ok;
}

static bool capi_sign(struct machine_key *key, enum machine_digest digest, struct bytes hash,
                      struct buffer *out, struct error *err)
{
    static const ALG_ID algorithms[] = {
        [MACHINE_DIGEST_MD5] = CALG_MD5,        [MACHINE_DIGEST_SHA1] = CALG_SHA1,
        [MACHINE_DIGEST_SHA256] = CALG_SHA_256, [MACHINE_DIGEST_SHA384] = CALG_SHA_384,
        [MACHINE_DIGEST_SHA512] = CALG_SHA_512,
    };
    bool ok = false;

    if (!key->has_sha2 && digest >= MACHINE_DIGEST_SHA256) {
        return error_set(err, REASON_MACHINE_KEY_UNUSABLE,
                         "%s cannot sign with SHA-2, and the RSA and AES provider does not open "
                         "its container: the key has to be moved to another provider",
                         key->provider);
    }
    (void)pthread_mutex_lock(&key->lock);
    ok = sign_locked(key, algorithms[digest], hash.data, out, err);
    (void)pthread_mutex_unlock(&key->lock);
    return ok;
}

/* *len bytes of the result, in block, which holds the cipher text with its bytes reversed. */
static bool decrypt(struct machine_key *key, struct bytes cipher, DWORD flags,
                    uint8_t block[MACHINE_KEY_BYTES_MAX], DWORD *len, struct error *err)
{
    DWORD number = ERROR_SUCCESS;

    for (size_t i = 0; i < cipher.len; i++) {
        block[i] = cipher.data[cipher.len - 1 - i];
    }
    *len = (DWORD)cipher.len;
    (void)pthread_mutex_lock(&key->lock);
    if (!CryptDecrypt(key->csp_key, 0, TRUE, flags, block, len)) {
        number = GetLastError();
    }
    (void)pthread_mutex_unlock(&key->lock);
    return number == ERROR_SUCCESS || machine_key_use_failed(err, number, "CryptDecrypt");
}

static bool capi_decrypt(struct machine_key *key, struct bytes cipher, struct buffer *plain,
                         struct error *err)
{
    uint8_t block[MACHINE_KEY_BYTES_MAX];
    DWORD len = 0;
    bool ok = decrypt(key, cipher, 0, block, &len, err) && buffer_append(plain, block, len, err);

    secret_wipe(block, sizeof(block));
    return ok;
}

/*
 * A provider that ignores the flag gives fewer bytes, or none. Microsoft's turn the result as they
 * do with a plain text, so that 00 02 comes first; OpenSSL's CryptoAPI engine relies on it.
 */
static bool capi_raw(struct machine_key *key, struct bytes in, struct buffer *out,
                     struct error *err)
{
    uint8_t block[MACHINE_KEY_BYTES_MAX];
    DWORD len = 0;
    bool ok = decrypt(key, in, CRYPT_DECRYPT_RSA_NO_PADDING_CHECK, block, &len, err)
              && (len == key->size
                  || error_set(err, REASON_MACHINE_KEY_UNUSABLE,
                               "the provider gives %lu bytes for raw RSA", (unsigned long)len))
              && buffer_append(out, block, len, err);

    secret_wipe(block, sizeof(block));
    return ok;
}

static void capi_close(struct machine_key *key)
{
    if (key->csp_key != 0) {
        (void)CryptDestroyKey(key->csp_key);
    }
    if (key->is_ours && key->csp != 0) {
        (void)CryptReleaseContext(key->csp, 0);
    }
}

static const struct machine_key_ops capi_ops = {
    .public_half = capi_public,
    .sign = capi_sign,
    .decrypt = capi_decrypt,
    .raw = capi_raw,
    .close = capi_close,
};

/* ---- opening --------------------------------------------------------------------------------- */

/* A text of the provider's, in the system's code page; false when it has none. */
static bool provider_text(HCRYPTPROV csp, DWORD which, char *text, DWORD size)
{
    DWORD len = size;

    return CryptGetProvParam(csp, which, (BYTE *)text, &len, 0) && len > 0 && len <= size
           && text[len - 1] == '\0' && text[0] != '\0';
}

static DWORD provider_number(HCRYPTPROV csp, DWORD which, DWORD fallback)
{
    DWORD value = 0;
    DWORD len = sizeof(value);

    return CryptGetProvParam(csp, which, (BYTE *)&value, &len, 0) ? value : fallback;
}

static void read_provider(struct machine_key *key)
{
    char raw[MACHINE_KEY_PROVIDER_MAX / 4] = "";
    char name[MACHINE_KEY_PROVIDER_MAX - 16] = "";

    if (provider_text(key->csp, PP_NAME, raw, sizeof(raw))) {
        text_escape(name, sizeof(name), bytes_of_text(raw));
    }
    (void)snprintf(key->provider, sizeof(key->provider), "CryptoAPI%s%s",
                   name[0] == '\0' ? "" : ", ", name);
}

static bool knows_sha2(HCRYPTPROV csp)
{
    HCRYPTHASH hash = 0;
    bool knows = CryptCreateHash(csp, CALG_SHA_256, 0, 0, &hash) != 0;

    if (knows) {
        (void)CryptDestroyHash(hash);
    }
    return knows;
}

static bool same_public(HCRYPTKEY a, HCRYPTKEY b)
{
    struct buffer modulus[2] = { BUFFER_INIT(MACHINE_KEY_BYTES_MAX),
                                 BUFFER_INIT(MACHINE_KEY_BYTES_MAX) };
    struct buffer exponent[2] = { BUFFER_INIT(4), BUFFER_INIT(4) };
    struct error ignored = ERROR_INIT;
    bool same = export_public(a, &modulus[0], &exponent[0], &ignored)
                && export_public(b, &modulus[1], &exponent[1], &ignored)
                && bytes_equal(buffer_bytes(&modulus[0]), buffer_bytes(&modulus[1]))
                && bytes_equal(buffer_bytes(&exponent[0]), buffer_bytes(&exponent[1]));

    for (int i = 0; i < 2; i++) {
        buffer_clear(&modulus[i]);
        buffer_clear(&exponent[i]);
    }
    return same;
}

/*
 * Microsoft's older providers (PROV_RSA_FULL, PROV_RSA_SCHANNEL) do not know SHA-2, but keep their
 * containers where the RSA and AES one finds them. Whatever the name leads to there, it has to be
 * the same key. False: everything stays as it was.
 */
static bool exchange_provider(struct machine_key *key)
{
    char container[CONTAINER_MAX];
    HCRYPTPROV better = 0;
    HCRYPTKEY better_key = 0;
    DWORD flags =
        CRYPT_SILENT
        | (provider_number(key->csp, PP_KEYSET_TYPE, CRYPT_MACHINE_KEYSET) & CRYPT_MACHINE_KEYSET);
    bool exchanged = false;

    if (!provider_text(key->csp, PP_CONTAINER, container, sizeof(container))
        || !CryptAcquireContextA(&better, container, NULL, PROV_RSA_AES, flags)) {
        return false;
    }
    exchanged = CryptGetUserKey(better, key->csp_spec, &better_key)
                && same_public(key->csp_key, better_key);
    if (exchanged) {
        capi_close(key);
        key->csp = better;
        key->csp_key = better_key;
        key->is_ours = true;
    } else {
        if (better_key != 0) {
            (void)CryptDestroyKey(better_key);
        }
        (void)CryptReleaseContext(better, 0);
    }
    return exchanged;
}

bool machine_key_capi_init(struct machine_key *key, HCRYPTPROV csp, DWORD spec, struct error *err)
{
    struct buffer modulus = BUFFER_INIT(MACHINE_KEY_BYTES_MAX);
    struct buffer exponent = BUFFER_INIT(4);
    bool ok = false;

    key->csp = csp;
    key->csp_spec = spec;
    key->ops = &capi_ops;
    if (!CryptGetUserKey(csp, spec, &key->csp_key)) {
        (void)machine_key_open_failed(err, GetLastError(), "key of the container");
        goto out;
    }
    if (provider_number(csp, PP_PROVTYPE, PROV_RSA_AES) != PROV_RSA_AES) {
        (void)exchange_provider(key);
    }
    read_provider(key);
    key->has_sha2 = knows_sha2(key->csp);
    ok = export_public(key->csp_key, &modulus, &exponent, err);
    key->size = modulus.len;
out:
    buffer_clear(&modulus);
    buffer_clear(&exponent);
    return ok;
}

/* Which type a provider has is not asked for: only RSA ones are of use. */
static HCRYPTPROV open_container(const wchar_t *provider, const wchar_t *container)
{
    static const DWORD types[] = { PROV_RSA_AES, PROV_RSA_FULL, PROV_RSA_SCHANNEL };
    HCRYPTPROV csp = 0;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (CryptAcquireContextW(&csp, container, provider, types[i],
                                 CRYPT_MACHINE_KEYSET | CRYPT_SILENT)) {
            return csp;
        }
        if (GetLastError() != (DWORD)NTE_PROV_TYPE_NO_MATCH || provider == NULL) {
            break;
        }
    }
    return 0;
}

static bool has_key(HCRYPTPROV csp, DWORD spec)
{
    HCRYPTKEY handle = 0;

    if (!CryptGetUserKey(csp, spec, &handle)) {
        return false;
    }
    (void)CryptDestroyKey(handle);
    return true;
}

bool machine_key_capi_open(struct machine_key *key, const char *provider, const char *container,
                           struct error *err)
{
    wchar_t *wide_provider = provider == NULL ? NULL : wide_from_utf8(provider, err);
    wchar_t *wide_container = wide_from_utf8(container, err);
    HCRYPTPROV csp = 0;
    char what[CONTAINER_MAX];
    bool ok = false;

    if (wide_container == NULL || (provider != NULL && wide_provider == NULL)) goto out;
    (void)snprintf(what, sizeof(what), "key container \"%s\"", container);
    csp = open_container(wide_provider, wide_container);
    if (csp == 0) {
        (void)machine_key_open_failed(err, GetLastError(), what);
        goto out;
    }
    ok = machine_key_capi_init(key, csp,
                               has_key(csp, AT_KEYEXCHANGE) ? AT_KEYEXCHANGE : AT_SIGNATURE, err)
         || error_context(err, "%s", what);
out:
    free(wide_provider);
    free(wide_container);
    return ok;
}
