/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  machine keys in CNG's key storage providers: Microsoft's software and TPM ones, HSMs.
 * Not here: finding them (machine_key.c), CryptoAPI (machine_key_capi.c).
 * Owns:     the key's handle.
 * Threads:  as machine_key_internal.h says: no lock.
 * Spec:     ncrypt.h, bcrypt.h.
 */
#include "platform/win32/machine_key_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "platform/win32/wide.h"

#define PUBLIC_BLOB_MAX (sizeof(BCRYPT_RSAKEY_BLOB) + 8u + MACHINE_KEY_BYTES_MAX)

/* BCRYPT_RSAPUBLIC_BLOB: a head, the exponent, the modulus, both with the first byte first. */
static bool cng_public(struct machine_key *key, struct buffer *modulus, struct buffer *exponent,
                       struct error *err)
{
    uint8_t blob[PUBLIC_BLOB_MAX];
    const uint8_t *number = NULL;
    size_t number_len = 0;
    BCRYPT_RSAKEY_BLOB head;
    DWORD len = 0;
    SECURITY_STATUS status = key->system->cng_export(key->cng, 0, BCRYPT_RSAPUBLIC_BLOB, NULL, blob,
                                                     sizeof(blob), &len, NCRYPT_SILENT_FLAG);

    if (status != ERROR_SUCCESS) {
        return machine_key_open_failed(err, (uint32_t)status,
                                       "the key is not RSA, or not readable");
    }
    if (len < sizeof(head) || len > sizeof(blob)) {
        return error_set(err, REASON_MACHINE_KEY_UNUSABLE, "the public key has %lu bytes",
                         (unsigned long)len);
    }
    memcpy(&head, blob, sizeof(head));
    if (head.Magic != BCRYPT_RSAPUBLIC_MAGIC || head.cbPublicExp == 0 || head.cbPublicExp > 8
        || head.cbModulus == 0 || head.cbModulus > MACHINE_KEY_BYTES_MAX
        || sizeof(head) + head.cbPublicExp + head.cbModulus > len) {
        return error_set(err, REASON_MACHINE_KEY_UNUSABLE,
                         "the key is not RSA with at most %u bits", 8 * MACHINE_KEY_BYTES_MAX);
    }
    number = blob + sizeof(head) + head.cbPublicExp;
    number_len = head.cbModulus;
    /* As INTEGER of ASN.1 has it, from providers in front of PKCS#11: blocks are shorter by it. */
    for (; number_len > 1 && *number == 0; number_len--) {
        number++;
    }
    return buffer_append(exponent, blob + sizeof(head), head.cbPublicExp, err)
           && buffer_append(modulus, number, number_len, err);
}

static bool cng_sign(struct machine_key *key, enum machine_digest digest, struct bytes hash,
                     struct buffer *out, struct error *err)
{
    static const LPCWSTR names[] = {
        [MACHINE_DIGEST_MD5] = BCRYPT_MD5_ALGORITHM,
        [MACHINE_DIGEST_SHA1] = BCRYPT_SHA1_ALGORITHM,
        [MACHINE_DIGEST_SHA256] = BCRYPT_SHA256_ALGORITHM,
        [MACHINE_DIGEST_SHA384] = BCRYPT_SHA384_ALGORITHM,
        [MACHINE_DIGEST_SHA512] = BCRYPT_SHA512_ALGORITHM,
    };
    BCRYPT_PKCS1_PADDING_INFO padding = { names[digest] };
    uint8_t signature[MACHINE_KEY_BYTES_MAX];
    DWORD len = 0;
    SECURITY_STATUS status = key->system->cng_sign(key->cng, &padding, (PBYTE)(uintptr_t)hash.data,
                                                   (DWORD)hash.len, signature, sizeof(signature),
                                                   &len, BCRYPT_PAD_PKCS1 | NCRYPT_SILENT_FLAG);

    if (status != ERROR_SUCCESS || len > sizeof(signature)) {
        return machine_key_use_failed(err, (uint32_t)status, "NCryptSignHash");
    }
    return buffer_append(out, signature, len, err);
}

static bool decrypt(struct machine_key *key, struct bytes cipher, DWORD flags, struct buffer *plain,
                    struct error *err)
{
    uint8_t block[MACHINE_KEY_BYTES_MAX];
    DWORD len = 0;
    SECURITY_STATUS status =
        key->system->cng_decrypt(key->cng, (PBYTE)(uintptr_t)cipher.data, (DWORD)cipher.len, NULL,
                                 block, sizeof(block), &len, flags | NCRYPT_SILENT_FLAG);
    bool ok = status == ERROR_SUCCESS && len <= sizeof(block)
                  ? buffer_append(plain, block, len, err)
                  : machine_key_use_failed(err, (uint32_t)status, "NCryptDecrypt");

    secret_wipe(block, sizeof(block));
    return ok;
}

static bool cng_decrypt(struct machine_key *key, struct bytes cipher, struct buffer *plain,
                        struct error *err)
{
    return decrypt(key, cipher, NCRYPT_PAD_PKCS1_FLAG, plain, err);
}

static bool cng_raw(struct machine_key *key, struct bytes in, struct buffer *out, struct error *err)
{
    return decrypt(key, in, NCRYPT_NO_PADDING_FLAG, out, err);
}

static void cng_close(struct machine_key *key)
{
    if (key->is_ours) {
        (void)key->system->cng_free(key->cng);
    }
}

static const struct machine_key_ops cng_ops = {
    .public_half = cng_public,
    .sign = cng_sign,
    .decrypt = cng_decrypt,
    .raw = cng_raw,
    .close = cng_close,
};

/* "CNG" alone when the provider does not tell its name. */
static void read_provider(struct machine_key *key)
{
    struct buffer name = BUFFER_INIT(MACHINE_KEY_PROVIDER_MAX);
    struct error ignored = ERROR_INIT;
    NCRYPT_PROV_HANDLE provider = 0;
    wchar_t wide[128] = { 0 };
    DWORD len = 0;

    if (key->system->cng_property(key->cng, NCRYPT_PROVIDER_HANDLE_PROPERTY, (PBYTE)&provider,
                                  sizeof(provider), &len, NCRYPT_SILENT_FLAG)
            == ERROR_SUCCESS
        && provider != 0) {
        (void)key->system->cng_property(provider, NCRYPT_NAME_PROPERTY, (PBYTE)wide,
                                        sizeof(wide) - sizeof(wide[0]), &len, NCRYPT_SILENT_FLAG);
        (void)key->system->cng_free(provider);
    }
    if (wide[0] != 0 && wide_to_utf8(wide, &name, &ignored)) {
        (void)snprintf(key->provider, sizeof(key->provider), "CNG, %s", buffer_text(&name));
    } else {
        (void)snprintf(key->provider, sizeof(key->provider), "CNG");
    }
    buffer_clear(&name);
}

bool machine_key_cng_init(struct machine_key *key, NCRYPT_KEY_HANDLE handle, struct error *err)
{
    struct buffer modulus = BUFFER_INIT(MACHINE_KEY_BYTES_MAX);
    struct buffer exponent = BUFFER_INIT(8);
    bool ok = false;

    key->cng = handle;
    key->ops = &cng_ops;
    read_provider(key);
    ok = cng_public(key, &modulus, &exponent, err);
    key->size = modulus.len;
    buffer_clear(&modulus);
    buffer_clear(&exponent);
    return ok;
}
