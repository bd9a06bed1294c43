/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/machine_key_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "platform/thumbprint.h"
#include "platform/win32/win_error.h"

#define OPEN_FLAGS                                                                                 \
    (CERT_SYSTEM_STORE_LOCAL_MACHINE | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG)
/*
 * CNG keys as such, and no window ever. Nothing is cached at the certificate: it is let go with the
 * key, and so that a key whose rights change is opened anew.
 */
#define ACQUIRE_FLAGS (CRYPT_ACQUIRE_ALLOW_NCRYPT_KEY_FLAG | CRYPT_ACQUIRE_SILENT_FLAG)

const struct machine_key_system machine_key_windows = {
    .open_store = CertOpenStore,
    .acquire = CryptAcquireCertificatePrivateKey,
    .cng_export = NCryptExportKey,
    .cng_sign = NCryptSignHash,
    .cng_decrypt = NCryptDecrypt,
    .cng_property = NCryptGetProperty,
    .cng_free = NCryptFreeObject,
};

/* ---- failures -------------------------------------------------------------------------------- */

static const struct failure_row {
    uint32_t number;
    enum reason reason;
    const char *advice;
} failure_rows[] = {
    { ERROR_ACCESS_DENIED, REASON_NOT_PERMITTED,
      "this account may not read the key: certlm.msc, Manage Private Keys" },
    { (uint32_t)E_ACCESSDENIED, REASON_NOT_PERMITTED,
      "this account may not read the key: certlm.msc, Manage Private Keys" },
    { (uint32_t)NTE_PERM, REASON_NOT_PERMITTED,
      "this account may not read the key: certlm.msc, Manage Private Keys" },
    { (uint32_t)NTE_BAD_KEYSET, REASON_MACHINE_KEY_MISSING,
      "the key is gone, or this account may not read it (certlm.msc, Manage Private Keys)" },
    { (uint32_t)NTE_KEYSET_NOT_DEF, REASON_MACHINE_KEY_MISSING,
      "the key's provider is not installed" },
    { (uint32_t)NTE_NO_KEY, REASON_MACHINE_KEY_MISSING, "the container holds no key" },
    { (uint32_t)CRYPT_E_NO_KEY_PROPERTY, REASON_MACHINE_KEY_MISSING,
      "the certificate came without its private key" },
    { (uint32_t)NTE_SILENT_CONTEXT, REASON_MACHINE_KEY_UNUSABLE,
      "the provider wants to ask for a PIN, which a service cannot answer" },
};

bool machine_key_open_failed(struct error *err, uint32_t number, const char *what)
{
    for (size_t i = 0; i < sizeof(failure_rows) / sizeof(failure_rows[0]); i++) {
        if (failure_rows[i].number == number) {
            return error_set(err, failure_rows[i].reason, "%s: %s (error 0x%08lx)", what,
                             failure_rows[i].advice, (unsigned long)number);
        }
    }
    return win_error_set(err, REASON_MACHINE_KEY_UNUSABLE, number, what);
}

bool machine_key_use_failed(struct error *err, uint32_t number, const char *what)
{
    return error_set(err, REASON_MACHINE_KEY_UNUSABLE, "%s: error 0x%08lx", what,
                     (unsigned long)number);
}

/* ---- finding --------------------------------------------------------------------------------- */

static struct machine_key *key_new(const struct machine_key_system *system, struct error *err)
{
    struct machine_key *key = calloc(1, sizeof(*key));

    if (key == NULL || pthread_mutex_init(&key->lock, NULL) != 0) {
        free(key);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a key");
        return NULL;
    }
    key->system = system;
    key->is_ours = true;
    return key;
}

void machine_key_free(struct machine_key *key)
{
    if (key == NULL) {
        return;
    }
    if (key->ops != NULL) {
        key->ops->close(key);
    }
    (void)CertFreeCertificateContext(key->cert);
    (void)pthread_mutex_destroy(&key->lock);
    free(key);
}

/* NULL with err set; freed with CertFreeCertificateContext. */
static PCCERT_CONTEXT find_certificate(const struct machine_key_system *system, const char *digits,
                                       struct error *err)
{
    uint8_t hash[THUMBPRINT_BYTES];
    size_t len = 0;
    CRYPT_HASH_BLOB wanted = { sizeof(hash), hash };
    PCCERT_CONTEXT cert = NULL;
    HCERTSTORE store = NULL;

    if (!text_unhex(hash, sizeof(hash), &len, bytes_of_text(digits))) {
        (void)error_set(err, REASON_INTERNAL, "a thumbprint is no thumbprint");
        return NULL;
    }
    store = system->open_store(CERT_STORE_PROV_SYSTEM_W, 0, 0, OPEN_FLAGS, L"MY");
    if (store == NULL && GetLastError() != ERROR_FILE_NOT_FOUND) {
        (void)machine_key_open_failed(err, GetLastError(), "certificate store LocalMachine\\MY");
        return NULL;
    }
    if (store != NULL) {
        cert = CertFindCertificateInStore(store, X509_ASN_ENCODING | PKCS_7_ASN_ENCODING, 0,
                                          CERT_FIND_SHA1_HASH, &wanted, NULL);
        (void)CertCloseStore(store, 0); /* the certificate keeps what it needs of it */
    }
    if (cert == NULL) {
        (void)error_set(err, REASON_MACHINE_KEY_MISSING,
                        "the machine's store (LocalMachine\\MY) has no certificate with the "
                        "thumbprint %s",
                        digits);
    }
    return cert;
}

static bool acquire(struct machine_key *key, const char *digits, struct error *err)
{
    HCRYPTPROV_OR_NCRYPT_KEY_HANDLE handle = 0;
    BOOL is_ours = TRUE;
    DWORD spec = 0;
    char what[96];

    (void)snprintf(what, sizeof(what), "private key of the certificate %s", digits);
    if (!key->system->acquire(key->cert, ACQUIRE_FLAGS, NULL, &handle, &spec, &is_ours)) {
        return machine_key_open_failed(err, GetLastError(), what);
    }
    key->is_ours = is_ours != FALSE;
    return (spec == CERT_NCRYPT_KEY_SPEC ? machine_key_cng_init(key, handle, err)
                                         : machine_key_capi_init(key, handle, spec, err))
           || error_context(err, "%s", what);
}

struct machine_key *machine_key_by_thumbprint_in(const struct machine_key_system *system,
                                                 const char *thumbprint, struct buffer *cert,
                                                 struct error *err)
{
    char digits[THUMBPRINT_TEXT_MAX];
    struct machine_key *key = NULL;
    bool ok = false;

    if (!thumbprint_parse(thumbprint, digits, err)) goto out;
    key = key_new(system, err);
    if (key == NULL) goto out;
    key->cert = find_certificate(system, digits, err);
    if (key->cert == NULL) goto out;
    if (!acquire(key, digits, err)) goto out;
    ok = cert == NULL
         || buffer_append(cert, key->cert->pbCertEncoded, key->cert->cbCertEncoded, err);
out:
    if (!ok) {
        machine_key_free(key);
        key = NULL;
    }
    return key;
}

struct machine_key *machine_key_by_thumbprint(const char *thumbprint, struct buffer *cert,
                                              struct error *err)
{
    return machine_key_by_thumbprint_in(&machine_key_windows, thumbprint, cert, err);
}

struct machine_key *machine_key_by_container(const char *provider, const char *container,
                                             struct error *err)
{
    struct machine_key *key = key_new(&machine_key_windows, err);

    if (key != NULL && !machine_key_capi_open(key, provider, container, err)) {
        machine_key_free(key);
        key = NULL;
    }
    return key;
}

/* ---- using ----------------------------------------------------------------------------------- */

const char *machine_key_provider(const struct machine_key *key)
{
    return key->provider;
}

size_t machine_key_digest_len(enum machine_digest digest)
{
    static const size_t lengths[] = {
        [MACHINE_DIGEST_MD5] = 16,    [MACHINE_DIGEST_SHA1] = 20,   [MACHINE_DIGEST_SHA256] = 32,
        [MACHINE_DIGEST_SHA384] = 48, [MACHINE_DIGEST_SHA512] = 64,
    };

    return (size_t)digest < sizeof(lengths) / sizeof(lengths[0]) ? lengths[digest] : 0;
}

bool machine_key_append_reversed(struct buffer *out, const uint8_t *data, size_t len,
                                 struct error *err)
{
    uint8_t *to = NULL;

    if (!buffer_reserve(out, len, err)) {
        return false;
    }
    to = out->data + out->len;
    for (size_t i = 0; i < len; i++) {
        to[i] = data[len - 1 - i];
    }
    to[len] = 0;
    out->len += len;
    return true;
}

bool machine_key_public(struct machine_key *key, struct buffer *modulus, struct buffer *exponent,
                        struct error *err)
{
    return key->ops->public_half(key, modulus, exponent, err);
}

bool machine_key_sign(struct machine_key *key, enum machine_digest digest, struct bytes hash,
                      struct buffer *out, struct error *err)
{
    if (hash.len == 0 || hash.len != machine_key_digest_len(digest)) {
        return error_set(err, REASON_INTERNAL, "a digest of %zu bytes cannot be signed", hash.len);
    }
    return key->ops->sign(key, digest, hash, out, err);
}

static bool check_block(const struct machine_key *key, struct bytes in, struct error *err)
{
    return in.len == key->size
           || error_set(err, REASON_INTERNAL, "%zu bytes for a key of %zu", in.len, key->size);
}

bool machine_key_decrypt(struct machine_key *key, struct bytes cipher, struct buffer *plain,
                         struct error *err)
{
    return check_block(key, cipher, err) && key->ops->decrypt(key, cipher, plain, err);
}

bool machine_key_raw(struct machine_key *key, struct bytes in, struct buffer *out,
                     struct error *err)
{
    return check_block(key, in, err) && key->ops->raw(key, in, out, err);
}
