/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_credential.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "intune/intune_credential_files.h"
#include "intune/intune_key_file.h"
#include "model/certificate.h"
#include "model/pem_password.h"
#include "platform/protect.h"
#include "platform/rights.h"
#include "platform/sealed_places.h"

#define SECRET_BYTES_MAX 4096u
#define SEALED_BYTES_MAX 32768u
#define PURPOSE_KEY SEALED_INTUNE_KEY
#define READ_TRIES 4u /* of a pair that is being replaced right now */

static const struct {
    const char *file;
    const char *purpose;
    const char *name; /* for messages */
} secrets[] = {
    [INTUNE_SECRET_CLIENT] = { INTUNE_FILE_SECRET, SEALED_INTUNE_SECRET,
                               "the application's secret" },
    [INTUNE_SECRET_PROXY] = { INTUNE_FILE_PROXY, SEALED_INTUNE_PROXY, "the proxy's password" },
};

/* ---- files ----------------------------------------------------------------------------------- */

static bool write_file(const char *data, const char *name, struct bytes content, struct error *err)
{
    char folder[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];

    return path_join(folder, data, INTUNE_FOLDER, err) && folder_create(folder, true, err)
           && path_join(path, data, name, err) && file_write_atomic(path, content, true, err);
}

/* *found false: there is no such file. */
static bool read_file(const char *data, const char *name, struct buffer *out, bool *found,
                      struct error *err)
{
    struct error missing = ERROR_INIT;
    char path[FILE_PATH_MAX];

    *found = false;
    buffer_reset(out);
    if (!path_join(path, data, name, err)
        || !rights_check(path, strcmp(name, INTUNE_FILE_CERT) != 0, err)) {
        return false;
    }
    if (!file_read(path, out->max, out, &missing)) {
        if (missing.reason == REASON_FILE_MISSING) return true;
        *err = missing;
        return false;
    }
    *found = true;
    return true;
}

static bool remove_file(const char *data, const char *name, bool *removed, struct error *err)
{
    char path[FILE_PATH_MAX];

    if (!path_join(path, data, name, err)) return false;
    if (!file_exists(path)) return true;
    *removed = true;
    return file_remove(path, err);
}

static bool rename_key(const char *data, struct error *err)
{
    char from[FILE_PATH_MAX];
    char to[FILE_PATH_MAX];

    return path_join(from, data, INTUNE_FILE_NEW_KEY, err)
           && path_join(to, data, INTUNE_FILE_KEY, err) && file_rename(from, to, err);
}

/* ---- secrets --------------------------------------------------------------------------------- */

bool intune_secret_set(const char *data_folder, enum intune_secret_kind kind, struct bytes secret,
                       struct error *err)
{
    struct buffer sealed = BUFFER_INIT(SEALED_BYTES_MAX);
    bool ok = false;

    if (secret.len == 0 || secret.len > SECRET_BYTES_MAX) {
        return error_set(err, REASON_USAGE, "%s has to have 1 to %u bytes", secrets[kind].name,
                         SECRET_BYTES_MAX);
    }
    ok = protect_seal(data_folder, secrets[kind].purpose, secret, &sealed, err)
         && write_file(data_folder, secrets[kind].file, buffer_bytes(&sealed), err);
    buffer_clear(&sealed);
    return ok;
}

bool intune_secret_get(const char *data_folder, enum intune_secret_kind kind, struct secret *out,
                       bool *found, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(SEALED_BYTES_MAX);
    bool ok =
        read_file(data_folder, secrets[kind].file, &sealed, found, err)
        && (!*found
            || protect_open(data_folder, secrets[kind].purpose, buffer_bytes(&sealed), out, err)
            || error_context(err, "%s", secrets[kind].name));

    buffer_clear(&sealed);
    return ok;
}

bool intune_secret_remove(const char *data_folder, enum intune_secret_kind kind, bool *removed,
                          struct error *err)
{
    *removed = false;
    return remove_file(data_folder, secrets[kind].file, removed, err);
}

/* ---- the certificate ------------------------------------------------------------------------- */

static bool read_cert(const char *data, X509 **cert, bool *found, struct error *err)
{
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    BIO *bio = NULL;
    bool ok = read_file(data, INTUNE_FILE_CERT, &pem, found, err);

    if (ok && *found) {
        bio = BIO_new_mem_buf(buffer_text(&pem), (int)pem.len);
        *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, pem_no_password, NULL) : NULL;
        ERR_clear_error();
        ok = *cert != NULL
             || error_set(err, REASON_CERT_UNREADABLE, "%s holds no certificate in PEM",
                          INTUNE_FILE_CERT);
    }
    BIO_free(bio);
    buffer_clear(&pem);
    return ok;
}

static bool read_key(const char *data, const char *name, EVP_PKEY **key, bool *found,
                     struct error *err)
{
    struct buffer sealed = BUFFER_INIT(SEALED_BYTES_MAX);
    struct secret pkcs8 = SECRET_INIT;
    bool ok = read_file(data, name, &sealed, found, err);

    if (ok && *found) {
        if (protect_open(data, PURPOSE_KEY, buffer_bytes(&sealed), &pkcs8, err)) {
            *key = intune_key_decode(secret_bytes(&pkcs8), err);
        }
        ok = *key != NULL || error_context(err, "%s", name);
    }
    secret_clear(&pkcs8);
    buffer_clear(&sealed);
    return ok;
}

/*
 * The key of the certificate: where a replacement was cut off between its steps, that is the new
 * one. *key NULL: none fits.
 */
static bool read_fitting_key(const char *data, const X509 *cert, EVP_PKEY **key, struct error *err)
{
    static const char *const names[] = { INTUNE_FILE_KEY, INTUNE_FILE_NEW_KEY };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        bool found = false;

        if (!read_key(data, names[i], key, &found, err)) return false;
        if (found && intune_key_belongs(cert, *key)) return true;
        EVP_PKEY_free(*key);
        *key = NULL;
    }
    return true;
}

bool intune_certificate_get(const char *data_folder, struct x509_st **cert,
                            struct evp_pkey_st **key, bool *found, struct error *err)
{
    X509 *have_cert = NULL;
    EVP_PKEY *have_key = NULL;
    bool ok = true;

    *found = false;
    for (unsigned i = 0; ok && have_key == NULL && i < READ_TRIES; i++) {
        X509_free(have_cert);
        have_cert = NULL;
        ok = read_cert(data_folder, &have_cert, found, err);
        if (ok && !*found) return true;
        ok = ok && read_fitting_key(data_folder, have_cert, &have_key, err);
    }
    if (ok && have_key == NULL) {
        ok = error_set(err, REASON_KEY_MISMATCH,
                       "the key of the certificate in %s is missing, or belongs to another one; "
                       "make or import it again: openndes intune certificate",
                       INTUNE_FILE_CERT);
    }
    if (!ok) {
        X509_free(have_cert);
        EVP_PKEY_free(have_key);
        return false;
    }
    *cert = have_cert;
    *key = have_key;
    return true;
}

/* What a replacement that was cut off has left is finished first: it may be the only good key. */
static bool settle(const char *data, struct error *err)
{
    struct error ignored = ERROR_INIT;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    bool waits = false;
    bool found = false;

    if (read_cert(data, &cert, &found, &ignored) && found
        && read_key(data, INTUNE_FILE_NEW_KEY, &key, &found, &ignored) && found) {
        waits = intune_key_belongs(cert, key);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return !waits || rename_key(data, err);
}

/* Two replacements at the same time would mix their steps. */
static bool take_lock(const char *data, struct file_lock **lock, struct error *err)
{
    char folder[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];
    bool held = false;

    return path_join(folder, data, INTUNE_FOLDER, err) && folder_create(folder, true, err)
           && path_join(path, data, INTUNE_FILE_LOCK, err) && file_lock_try(path, lock, &held, err)
           && (held
               || error_set(err, REASON_DATA_FOLDER_IN_USE,
                            "another command is changing the certificate for Intune right now; try "
                            "again"));
}

bool intune_certificate_put(const char *data_folder, const struct x509_st *cert,
                            const struct evp_pkey_st *key, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(SEALED_BYTES_MAX);
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct secret pkcs8 = SECRET_INIT;
    struct file_lock *lock = NULL;
    bool ok = take_lock(data_folder, &lock, err) && settle(data_folder, err)
              && intune_key_encode(key, &pkcs8, err)
              && protect_seal(data_folder, PURPOSE_KEY, secret_bytes(&pkcs8), &sealed, err)
              && certificate_pem(cert, &pem, err)
              && write_file(data_folder, INTUNE_FILE_NEW_KEY, buffer_bytes(&sealed), err)
              && write_file(data_folder, INTUNE_FILE_CERT, buffer_bytes(&pem), err)
              && rename_key(data_folder, err);

    file_lock_release(lock);
    secret_clear(&pkcs8);
    buffer_clear(&sealed);
    buffer_clear(&pem);
    return ok;
}

bool intune_certificate_remove(const char *data_folder, bool *removed, struct error *err)
{
    /* The certificate first: a key alone is never taken for a credential. */
    static const char *const names[] = { INTUNE_FILE_CERT, INTUNE_FILE_KEY, INTUNE_FILE_NEW_KEY };

    struct file_lock *lock = NULL;
    bool ok = take_lock(data_folder, &lock, err);

    *removed = false;
    for (size_t i = 0; ok && i < sizeof(names) / sizeof(names[0]); i++) {
        ok = remove_file(data_folder, names[i], removed, err);
    }
    file_lock_release(lock);
    return ok;
}

void intune_credential_stamps(const char *data_folder,
                              struct file_stamp stamps[INTUNE_CREDENTIAL_STAMPS])
{
    static const char *const names[INTUNE_CREDENTIAL_STAMPS] = { INTUNE_FILE_SECRET,
                                                                 INTUNE_FILE_PROXY, INTUNE_FILE_KEY,
                                                                 INTUNE_FILE_CERT };

    memset(stamps, 0, INTUNE_CREDENTIAL_STAMPS * sizeof(stamps[0]));
    for (size_t i = 0; i < INTUNE_CREDENTIAL_STAMPS; i++) {
        struct error ignored = ERROR_INIT;
        char path[FILE_PATH_MAX];

        if (!path_join(path, data_folder, names[i], &ignored)
            || !file_stamp(path, &stamps[i], &ignored)) {
            memset(&stamps[i], 0, sizeof(stamps[i]));
        }
    }
}
