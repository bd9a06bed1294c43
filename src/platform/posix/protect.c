/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blob: "ONDP1" 'G' nonce(12) ciphertext tag(16). Header and purpose are authenticated. Random
 * nonces of 96 bits are good for 2^32 blobs under one key (SP 800-38D 8.3); we seal a few.
 */
#include "platform/protect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/text.h"
#include "platform/files.h"
#include "platform/posix/flush_folder.h"
#include "platform/posix/posix_error.h"

#define KEY_BYTES 32u
#define NONCE_BYTES 12u
#define TAG_BYTES 16u
#define HEADER_BYTES 6u
#define PLAIN_MAX 1048576u /* bytes; a private key is a few KB */
#define KEY_FILE_MAX 64u   /* 44 characters and a line end */
#define KEY_FILE_NAME "protect.key"

static const uint8_t header[HEADER_BYTES] = { 'O', 'N', 'D', 'P', '1', 'G' };

/* ---- the key file ---------------------------------------------------------------------------- */

/* A key that others can read protects nothing: say so instead of going on. */
static bool check_mode(const char *path, struct error *err)
{
    struct error cause = ERROR_INIT;
    struct stat info;

    if (lstat(path, &info) != 0) {
        (void)posix_error_file(&cause, POSIX_READ, errno, path);
        return error_set(err, REASON_KEY_PROTECTION, "%s", cause.detail);
    }
    if (!S_ISREG(info.st_mode)) {
        return error_set(err, REASON_KEY_PROTECTION, "%s: this is not a regular file", path);
    }
    if ((info.st_mode & 077) != 0) {
        return error_set(err, REASON_KEY_PROTECTION,
                         "%s: other accounts have access to this key (mode %03o); check who could "
                         "have read it, then run: chmod 600 '%s'",
                         path, (unsigned)(info.st_mode & 0777), path);
    }
    return true;
}

static bool read_key(const char *path, struct secret *key, struct error *err)
{
    struct buffer text = BUFFER_INIT(KEY_FILE_MAX);
    struct buffer raw = BUFFER_INIT(KEY_FILE_MAX);
    struct error cause = ERROR_INIT;
    bool ok = false;

    if (!check_mode(path, err) || !file_read(path, KEY_FILE_MAX, &text, &cause)
        || !base64_decode(text_trim(buffer_bytes(&text)), BASE64_STRICT, &raw, &cause)
        || raw.len != KEY_BYTES) {
        (void)error_set(err, REASON_KEY_PROTECTION,
                        "%s: the key file cannot be used (%s); restore it from a backup", path,
                        error_is_set(&cause) ? cause.detail : "wrong length");
        goto out;
    }
    ok = secret_take_buffer(key, &raw, err);
out:
    buffer_clear(&text);
    buffer_clear(&raw);
    return ok;
}

static bool create_key(const char *path, struct error *err)
{
    struct buffer text = BUFFER_INIT(KEY_FILE_MAX);
    struct error cause = ERROR_INIT;
    uint8_t raw[KEY_BYTES];
    bool ok = false;

    if (!secret_random(raw, sizeof(raw), err)
        || !base64_encode(bytes_of(raw, sizeof(raw)), &text, err)
        || !buffer_append_byte(&text, '\n', err)) {
        goto out;
    }
    ok = file_create_new(path, buffer_bytes(&text), true, &cause);
    if (!ok && file_exists(path)) {
        /* Another process is faster: its key is the one, once its name is safe. */
        ok = flush_folder_of(path, err);
    } else if (!ok) { /* a full disk is told as one */
        (void)error_set(err, cause.reason, "the key file cannot be made: %s", cause.detail);
    }
out:
    secret_wipe(raw, sizeof(raw));
    buffer_clear(&text);
    return ok;
}

static bool load_key(const char *data_folder, bool may_create, struct secret *key,
                     struct error *err)
{
    char path[FILE_PATH_MAX];
    struct stat info;

    if (!path_join(path, data_folder, KEY_FILE_NAME, err)) {
        return false;
    }
    if (lstat(path, &info) != 0 && errno == ENOENT) {
        if (!may_create) {
            return error_set(err, REASON_KEY_PROTECTION,
                             "%s is missing: without this key file nothing that was sealed can be "
                             "opened; restore it from a backup",
                             path);
        }
        if (!create_key(path, err)) {
            return false;
        }
    }
    return read_key(path, key, err);
}

/* ---- AES-256-GCM ----------------------------------------------------------------------------- */

/* Key, nonce and what is authenticated but not hidden. */
static bool start_cipher(EVP_CIPHER_CTX *ctx, bool seal, struct bytes key, const uint8_t *nonce,
                         const char *purpose)
{
    int done = 0;

    return strlen(purpose) < INT_MAX
           && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key.data, nonce, seal ? 1 : 0) == 1
           && EVP_CipherUpdate(ctx, NULL, &done, header, HEADER_BYTES) == 1
           && EVP_CipherUpdate(ctx, NULL, &done, (const uint8_t *)purpose, (int)strlen(purpose))
                  == 1;
}

static bool encrypt(EVP_CIPHER_CTX *ctx, struct bytes plain, uint8_t *to, uint8_t *tag)
{
    int done = 0;

    return (plain.len == 0 || EVP_EncryptUpdate(ctx, to, &done, plain.data, (int)plain.len) == 1)
           && EVP_EncryptFinal_ex(ctx, to + plain.len, &done) == 1
           && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, (int)TAG_BYTES, tag) == 1;
}

bool protect_seal(const char *data_folder, const char *purpose, struct bytes plain,
                  struct buffer *out, struct error *err)
{
    struct secret key = SECRET_INIT;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t total = HEADER_BYTES + NONCE_BYTES + plain.len + TAG_BYTES;
    uint8_t *to = NULL;
    bool ok = false;

    if (ctx == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a cipher");
        goto out;
    }
    if (plain.len > PLAIN_MAX) {
        (void)error_set(err, REASON_KEY_PROTECTION, "more than %u bytes to seal", PLAIN_MAX);
        goto out;
    }
    if (!load_key(data_folder, true, &key, err) || !buffer_reserve(out, total, err)) {
        goto out;
    }
    to = out->data + out->len;
    memcpy(to, header, HEADER_BYTES);
    if (!secret_random(to + HEADER_BYTES, NONCE_BYTES, err)) {
        goto out;
    }
    if (!start_cipher(ctx, true, secret_bytes(&key), to + HEADER_BYTES, purpose)
        || !encrypt(ctx, plain, to + HEADER_BYTES + NONCE_BYTES, to + total - TAG_BYTES)) {
        (void)error_set(err, REASON_KEY_PROTECTION, "AES-256-GCM is not available");
        goto out;
    }
    out->len += total;
    ok = true;
out:
    if (out->data != NULL) {
        out->data[out->len] = 0;
    }
    EVP_CIPHER_CTX_free(ctx);
    secret_clear(&key);
    return ok;
}

static bool decrypt(EVP_CIPHER_CTX *ctx, struct bytes sealed, uint8_t *to)
{
    uint8_t tag[TAG_BYTES];
    int done = 0;

    memcpy(tag, sealed.data + sealed.len, TAG_BYTES); /* stands behind the ciphertext */
    return (sealed.len == 0 || EVP_DecryptUpdate(ctx, to, &done, sealed.data, (int)sealed.len) == 1)
           && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, (int)TAG_BYTES, tag) == 1
           && EVP_DecryptFinal_ex(ctx, to + sealed.len, &done) == 1;
}

/* Is this one of our blobs, made on this kind of system? */
static bool check_blob(struct bytes sealed, struct error *err)
{
    if (sealed.len < HEADER_BYTES || memcmp(sealed.data, header, HEADER_BYTES - 1) != 0) {
        return error_set(err, REASON_KEY_PROTECTION,
                         "this is not sealed data of this program; restore it from a backup");
    }
    if (sealed.data[HEADER_BYTES - 1] != header[HEADER_BYTES - 1]) {
        return error_set(err, REASON_KEY_PROTECTION,
                         "this was sealed on Windows and opens only on that machine; export the "
                         "key there and import it here");
    }
    if (sealed.len < HEADER_BYTES + NONCE_BYTES + TAG_BYTES
        || sealed.len > PLAIN_MAX + HEADER_BYTES + NONCE_BYTES + TAG_BYTES) {
        return error_set(err, REASON_KEY_PROTECTION,
                         "the sealed data has been cut; restore it from a backup");
    }
    return true;
}

bool protect_open(const char *data_folder, const char *purpose, struct bytes sealed,
                  struct secret *out, struct error *err)
{
    struct buffer plain = BUFFER_INIT(PLAIN_MAX + TAG_BYTES);
    struct secret key = SECRET_INIT;
    EVP_CIPHER_CTX *ctx = NULL;
    size_t len = 0;
    bool ok = false;

    if (!check_blob(sealed, err)) {
        return false;
    }
    len = sealed.len - HEADER_BYTES - NONCE_BYTES - TAG_BYTES;
    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a cipher");
        goto out;
    }
    if (!load_key(data_folder, false, &key, err) || !buffer_reserve(&plain, len + TAG_BYTES, err)) {
        goto out;
    }
    if (!start_cipher(ctx, false, secret_bytes(&key), sealed.data + HEADER_BYTES, purpose)
        || !decrypt(ctx, bytes_of(sealed.data + HEADER_BYTES + NONCE_BYTES, len), plain.data)) {
        (void)error_set(
            err, REASON_KEY_PROTECTION,
            "the sealed data (%s) does not open with this %s: it was damaged, or sealed "
            "with another key file; restore both from the same backup",
            purpose, KEY_FILE_NAME);
        goto out;
    }
    plain.len = len;
    plain.data[len] = 0;
    ok = secret_take_buffer(out, &plain, err);
out:
    EVP_CIPHER_CTX_free(ctx);
    secret_clear(&key);
    buffer_clear(&plain);
    return ok;
}
