/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "platform/fake_machine_system_win32.h"

#define CNG_KEY ((NCRYPT_KEY_HANDLE)0x4b31)
#define CNG_PROVIDER ((NCRYPT_PROV_HANDLE)0x5031)

struct fake_machine_system fake_machine;

static BOOL WINAPI fake_acquire(PCCERT_CONTEXT cert, DWORD flags, void *parameters,
                                HCRYPTPROV_OR_NCRYPT_KEY_HANDLE *handle, DWORD *spec, BOOL *callers)
{
    assert_non_null(cert);
    assert_null(parameters);
    assert_int_equal(flags, CRYPT_ACQUIRE_ALLOW_NCRYPT_KEY_FLAG | CRYPT_ACQUIRE_SILENT_FLAG);
    if (fake_machine.failure != 0) {
        SetLastError(fake_machine.failure);
        return FALSE;
    }
    *handle = fake_machine.csp != 0 ? fake_machine.csp : CNG_KEY;
    *spec = fake_machine.csp != 0 ? AT_KEYEXCHANGE : CERT_NCRYPT_KEY_SPEC;
    *callers = fake_machine.is_callers;
    return TRUE;
}

static SECURITY_STATUS WINAPI fake_export(NCRYPT_KEY_HANDLE key, NCRYPT_KEY_HANDLE wrapping,
                                          LPCWSTR type, NCryptBufferDesc *parameters, PBYTE out,
                                          DWORD size, DWORD *len, DWORD flags)
{
    BCRYPT_RSAKEY_BLOB head = { BCRYPT_RSAPUBLIC_MAGIC, 2048, 3, 256, 0, 0 };
    size_t more = fake_machine.leading_zero ? 1 : 0;
    BIGNUM *modulus = NULL;

    head.cbModulus += (ULONG)more;
    assert_true(key == CNG_KEY && wrapping == 0 && parameters == NULL);
    assert_int_equal(wcscmp(type, BCRYPT_RSAPUBLIC_BLOB), 0);
    assert_int_equal(flags, NCRYPT_SILENT_FLAG);
    *len = (DWORD)(sizeof(head) + 3 + more + 256);
    if (size < *len) {
        return NTE_BUFFER_TOO_SMALL;
    }
    memcpy(out, &head, sizeof(head));
    memcpy(out + sizeof(head), "\x01\x00\x01\x00", 4);
    assert_int_equal(EVP_PKEY_get_bn_param(fake_machine.software, OSSL_PKEY_PARAM_RSA_N, &modulus),
                     1);
    assert_int_equal(BN_bn2bin(modulus, out + sizeof(head) + 3 + more), 256);
    BN_free(modulus);
    return ERROR_SUCCESS;
}

static SECURITY_STATUS WINAPI fake_sign(NCRYPT_KEY_HANDLE key, VOID *padding, PBYTE hash,
                                        DWORD hash_len, PBYTE out, DWORD size, DWORD *len,
                                        DWORD flags)
{
    static const struct {
        const wchar_t *name;
        const char *digest;
    } names[] = { { L"MD5", "MD5" },
                  { L"SHA1", "SHA1" },
                  { L"SHA256", "SHA256" },
                  { L"SHA384", "SHA384" },
                  { L"SHA512", "SHA512" } };
    const BCRYPT_PKCS1_PADDING_INFO *info = padding;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(fake_machine.software, NULL);
    const EVP_MD *md = NULL;
    size_t made = size;
    int ok = 0;

    assert_true(key == CNG_KEY);
    assert_int_equal(flags, BCRYPT_PAD_PKCS1 | NCRYPT_SILENT_FLAG);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        md =
            wcscmp(info->pszAlgId, names[i].name) == 0 ? EVP_get_digestbyname(names[i].digest) : md;
    }
    assert_non_null(md);
    ok = EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1
         && EVP_PKEY_CTX_set_signature_md(ctx, md) == 1
         && EVP_PKEY_sign(ctx, out, &made, hash, hash_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    *len = (DWORD)made;
    return ok ? ERROR_SUCCESS : NTE_BAD_HASH;
}

static SECURITY_STATUS WINAPI fake_decrypt(NCRYPT_KEY_HANDLE key, PBYTE in, DWORD in_len,
                                           VOID *padding, PBYTE out, DWORD size, DWORD *len,
                                           DWORD flags)
{
    EVP_PKEY_CTX *ctx = NULL;
    uint8_t block[256];
    size_t made = sizeof(block);
    size_t at = 2;
    int ok = 0;

    assert_true(key == CNG_KEY && padding == NULL && size >= 256);
    assert_true(flags == (NCRYPT_PAD_PKCS1_FLAG | NCRYPT_SILENT_FLAG)
                || flags == (NCRYPT_NO_PADDING_FLAG | NCRYPT_SILENT_FLAG));
    fake_machine.decrypts++;
    if ((flags & NCRYPT_NO_PADDING_FLAG) != 0 && fake_machine.no_raw) {
        return NTE_NOT_SUPPORTED;
    }
    ctx = EVP_PKEY_CTX_new(fake_machine.software, NULL);
    ok = EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1
         && EVP_PKEY_decrypt(ctx, block, &made, in, in_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!ok) {
        ERR_clear_error();
        return NTE_BAD_DATA;
    }
    if ((flags & NCRYPT_NO_PADDING_FLAG) != 0) {
        at = 0;
    } else {
        while (at < made && block[at] != 0) {
            at++;
        }
        at++;
        if (at > made || block[0] != 0 || block[1] != 2) {
            return NTE_BAD_DATA;
        }
    }
    memcpy(out, block + at, made - at);
    *len = (DWORD)(made - at);
    return ERROR_SUCCESS;
}

static SECURITY_STATUS WINAPI fake_property(NCRYPT_HANDLE handle, LPCWSTR name, PBYTE out,
                                            DWORD size, DWORD *len, DWORD flags)
{
    static const wchar_t provider[] = L"Example Hardware Provider";
    const NCRYPT_PROV_HANDLE opened = CNG_PROVIDER;

    assert_int_equal(flags, NCRYPT_SILENT_FLAG);
    if (wcscmp(name, NCRYPT_PROVIDER_HANDLE_PROPERTY) == 0 && handle == CNG_KEY) {
        assert_int_equal(size, sizeof(opened));
        memcpy(out, &opened, sizeof(opened));
        *len = sizeof(opened);
        fake_machine.providers++;
        return ERROR_SUCCESS;
    }
    assert_true(handle == CNG_PROVIDER && size >= sizeof(provider));
    memcpy(out, provider, sizeof(provider));
    *len = sizeof(provider);
    return ERROR_SUCCESS;
}

static SECURITY_STATUS WINAPI fake_free(NCRYPT_HANDLE handle)
{
    if (handle == CNG_PROVIDER) {
        fake_machine.providers--;
    } else {
        assert_true(handle == CNG_KEY);
        fake_machine.frees++;
    }
    return ERROR_SUCCESS;
}

const struct machine_key_system fake_machine_system = {
    .open_store = CertOpenStore, /* the real store */
    .acquire = fake_acquire,
    .cng_export = fake_export,
    .cng_sign = fake_sign,
    .cng_decrypt = fake_decrypt,
    .cng_property = fake_property,
    .cng_free = fake_free,
};
