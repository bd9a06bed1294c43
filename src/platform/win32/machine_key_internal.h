/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the two kinds of machine keys (CNG, CryptoAPI) share, and the seam to Windows for
 *           what cannot be had everywhere: certificate store to key, persisted CNG keys.
 * Not here: the contract (machine_key.h).
 * Owns:     a struct machine_key owns its handles.
 * Threads:  CNG: a key's handle is used by several threads at once, which key storage providers
 *           have to allow. CryptoAPI: one operation of a key at a time (lock), because a
 *           provider's handles need not stand two, and a handle for each operation would cost
 *           milliseconds of opening the container.
 * Spec:     wincrypt.h, ncrypt.h.
 */
#ifndef OPENNDES_PLATFORM_WIN32_MACHINE_KEY_INTERNAL_H
#define OPENNDES_PLATFORM_WIN32_MACHINE_KEY_INTERNAL_H

#include <pthread.h>

#include "platform/machine_key.h"

#include <windows.h>
#include <ncrypt.h>
#include <wincrypt.h>

#define MACHINE_KEY_BYTES_MAX 1024u /* RSA with 8192 bits */
#define MACHINE_KEY_PROVIDER_MAX 256

/* The functions of Windows that a test can have a stand-in for. */
struct machine_key_system {
    HCERTSTORE(WINAPI *open_store)(LPCSTR, DWORD, HCRYPTPROV_LEGACY, DWORD, const void *);
    BOOL(WINAPI *acquire)
    (PCCERT_CONTEXT, DWORD, void *, HCRYPTPROV_OR_NCRYPT_KEY_HANDLE *, DWORD *, BOOL *);
    SECURITY_STATUS(WINAPI *cng_export)
    (NCRYPT_KEY_HANDLE, NCRYPT_KEY_HANDLE, LPCWSTR, NCryptBufferDesc *, PBYTE, DWORD, DWORD *,
     DWORD);
    SECURITY_STATUS(WINAPI *cng_sign)
    (NCRYPT_KEY_HANDLE, VOID *, PBYTE, DWORD, PBYTE, DWORD, DWORD *, DWORD);
    SECURITY_STATUS(WINAPI *cng_decrypt)
    (NCRYPT_KEY_HANDLE, PBYTE, DWORD, VOID *, PBYTE, DWORD, DWORD *, DWORD);
    SECURITY_STATUS(WINAPI *cng_property)
    (NCRYPT_HANDLE, LPCWSTR, PBYTE, DWORD, DWORD *, DWORD);
    SECURITY_STATUS(WINAPI *cng_free)(NCRYPT_HANDLE);
};
/* Windows itself. */
extern const struct machine_key_system machine_key_windows;

/* machine_key_by_thumbprint over a table; the table has to outlive the key. */
struct machine_key *machine_key_by_thumbprint_in(const struct machine_key_system *system,
                                                 const char *thumbprint, struct buffer *cert,
                                                 struct error *err);

/* One kind of key; the functions are those of machine_key.h. */
struct machine_key_ops {
    bool (*public_half)(struct machine_key *key, struct buffer *modulus, struct buffer *exponent,
                        struct error *err);
    bool (*sign)(struct machine_key *key, enum machine_digest digest, struct bytes hash,
                 struct buffer *out, struct error *err);
    bool (*decrypt)(struct machine_key *key, struct bytes cipher, struct buffer *plain,
                    struct error *err);
    bool (*raw)(struct machine_key *key, struct bytes in, struct buffer *out, struct error *err);
    void (*close)(struct machine_key *key);
};

struct machine_key {
    const struct machine_key_system *system;
    const struct machine_key_ops *ops; /* NULL: neither of the handles below is open */
    PCCERT_CONTEXT cert;               /* handles may belong to it; NULL: from a container */
    bool is_ours;                      /* the handle is ours to free */
    size_t size;                       /* bytes of the modulus */
    char provider[MACHINE_KEY_PROVIDER_MAX];

    NCRYPT_KEY_HANDLE cng;

    HCRYPTPROV csp;
    HCRYPTKEY csp_key;
    DWORD csp_spec; /* AT_KEYEXCHANGE, AT_SIGNATURE */
    bool has_sha2;
    pthread_mutex_t lock;
};

/*
 * Put a handle into a key that has none, read its provider's name and its size. The handle is taken
 * over, also on failure, unless key->is_ours says that it is the certificate's.
 */
MUST_USE bool machine_key_cng_init(struct machine_key *key, NCRYPT_KEY_HANDLE handle,
                                   struct error *err);
MUST_USE bool machine_key_capi_init(struct machine_key *key, HCRYPTPROV csp, DWORD spec,
                                    struct error *err);
/* A machine container by name; provider NULL: the RSA and AES one. */
MUST_USE bool machine_key_capi_open(struct machine_key *key, const char *provider,
                                    const char *container, struct error *err);

/* An error while a key is looked for: reason and advice by number. Returns false. */
bool machine_key_open_failed(struct error *err, uint32_t number, const char *what);
/* One while it is used: the number alone, which costs no time. Returns false. */
bool machine_key_use_failed(struct error *err, uint32_t number, const char *what);
/* Bytes of a digest; 0: none. */
size_t machine_key_digest_len(enum machine_digest digest);
/* Append with the bytes in the other order: CryptoAPI has numbers with the least byte first. */
MUST_USE bool machine_key_append_reversed(struct buffer *out, const uint8_t *data, size_t len,
                                          struct error *err);

#endif
