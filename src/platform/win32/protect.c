/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blob: "ONDP1" 'D' and what DPAPI made. Machine scope: any process of this machine that can read
 * the file could open it, so file rights (files.h) and the entropy are part of the protection.
 */
#include "platform/protect.h"

#include <limits.h>
#include <string.h>

#include "platform/win32/win_error.h"

#include <windows.h>

#include <wincrypt.h>

#define HEADER_BYTES 6u
#define PLAIN_MAX 1048576u  /* bytes; a private key is a few KB */
#define SEALED_MAX 2097152u /* DPAPI adds a few hundred bytes */
#define PURPOSE_MAX 256u    /* bytes */
#define FLAGS (CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN)

static const uint8_t header[HEADER_BYTES] = { 'O', 'N', 'D', 'P', '1', 'D' };

/* Never change: what was sealed with it opens only with it. */
static const char product[] = "OpenNDES protect 1";

/* Product and purpose, each with its NUL. */
static bool make_entropy(const char *purpose, struct buffer *entropy, struct error *err)
{
    return buffer_append(entropy, product, sizeof(product), err)
           && buffer_append(entropy, purpose, strlen(purpose) + 1, err);
}

static DATA_BLOB blob_of(struct bytes bytes)
{
    static const BYTE nothing[1] = { 0 }; /* DPAPI takes no NULL */
    DATA_BLOB blob;

    blob.cbData = (DWORD)bytes.len;
    blob.pbData = (BYTE *)(uintptr_t)(bytes.len > 0 ? bytes.data : nothing);
    return blob;
}

static void free_blob(DATA_BLOB *blob)
{
    if (blob->pbData != NULL) {
        secret_wipe(blob->pbData, blob->cbData);
        (void)LocalFree(blob->pbData);
        blob->pbData = NULL;
    }
}

bool protect_seal(const char *data_folder, const char *purpose, struct bytes plain,
                  struct buffer *out, struct error *err)
{
    struct buffer entropy = BUFFER_INIT(sizeof(product) + PURPOSE_MAX);
    DATA_BLOB in = blob_of(plain);
    DATA_BLOB salt;
    DATA_BLOB sealed = { 0, NULL };
    size_t before = out->len;
    bool ok = false;

    (void)data_folder; /* the machine itself holds the key */
    if (plain.len > PLAIN_MAX) {
        return error_set(err, REASON_KEY_PROTECTION, "more than %u bytes to seal", PLAIN_MAX);
    }
    if (!make_entropy(purpose, &entropy, err)) {
        goto out;
    }
    salt = blob_of(buffer_bytes(&entropy));
    if (!CryptProtectData(&in, L"OpenNDES", &salt, NULL, NULL, FLAGS, &sealed)) {
        (void)win_error_set(err, REASON_KEY_PROTECTION, GetLastError(),
                            "Windows (DPAPI) does not seal data");
        goto out;
    }
    ok = buffer_append(out, header, HEADER_BYTES, err)
         && buffer_append(out, sealed.pbData, sealed.cbData, err);
    if (!ok && out->data != NULL) {
        out->len = before;
        out->data[before] = 0;
    }
out:
    free_blob(&sealed);
    buffer_clear(&entropy);
    return ok;
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
                         "this was not sealed on Windows and opens only where it was; export the "
                         "key there and import it here");
    }
    if (sealed.len == HEADER_BYTES || sealed.len > SEALED_MAX) {
        return error_set(err, REASON_KEY_PROTECTION,
                         "the sealed data has been cut; restore it from a backup");
    }
    return true;
}

bool protect_open(const char *data_folder, const char *purpose, struct bytes sealed,
                  struct secret *out, struct error *err)
{
    struct buffer entropy = BUFFER_INIT(sizeof(product) + PURPOSE_MAX);
    DATA_BLOB in;
    DATA_BLOB salt;
    DATA_BLOB plain = { 0, NULL };
    bool ok = false;

    (void)data_folder;
    if (!check_blob(sealed, err) || !make_entropy(purpose, &entropy, err)) {
        goto out;
    }
    in = blob_of(bytes_of(sealed.data + HEADER_BYTES, sealed.len - HEADER_BYTES));
    salt = blob_of(buffer_bytes(&entropy));
    if (!CryptUnprotectData(&in, NULL, &salt, NULL, NULL, FLAGS, &plain)) {
        (void)win_error_set(err, REASON_KEY_PROTECTION, GetLastError(),
                            "the sealed data does not open: it was damaged, or sealed on another "
                            "machine (export the key there and import it here)");
        (void)error_context(err, "%s", purpose);
        goto out;
    }
    ok = secret_set(out, plain.pbData, plain.cbData, err);
out:
    free_blob(&plain);
    buffer_clear(&entropy);
    return ok;
}
