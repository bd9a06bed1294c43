/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto_stream.h"
#include "base/secret.h"
#include "base/text.h"
#include "platform/file_reader.h"
#include "platform/file_stream.h"

/* Header, big-endian numbers; docs/backup.md. */
enum header_offset {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_HEADER_BYTES = 10,
    AT_SCRYPT_N = 12,
    AT_SCRYPT_R = 16,
    AT_SCRYPT_P = 20,
    AT_SALT = 24,
    AT_CHUNK_BYTES = 40,
    AT_PREFIX = 44,
    AT_RESERVED = 51,
    AT_MAC = 64
};

#define MAGIC_BYTES 8u
#define SALT_BYTES 16u
#define CHUNK_MIN 1024u
#define CHUNK_MAX 1048576u
#define MAC_CONTEXT "openndes backup header"

_Static_assert(AT_MAC + SECRET_MAC_BYTES == BACKUP_FILE_HEADER_BYTES, "the MAC ends the header");

static void put_number(uint8_t *at, size_t bytes, uint32_t value)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

static uint32_t get_number(const uint8_t *at, size_t bytes)
{
    uint32_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* ---- the key --------------------------------------------------------------------------------- */

/* Both halves of what scrypt gives. The second tells a wrong password from a damaged file. */
struct keys {
    uint8_t stream[CRYPTO_STREAM_KEY_BYTES];
    uint8_t header[SECRET_MAC_BYTES];
};

static bool derive(const uint8_t *header, struct bytes password, struct keys *keys,
                   struct error *err)
{
    const struct scrypt_cost cost = {
        .n = get_number(header + AT_SCRYPT_N, 4),
        .r = get_number(header + AT_SCRYPT_R, 4),
        .p = get_number(header + AT_SCRYPT_P, 4),
    };

    return crypto_scrypt(password, bytes_of(header + AT_SALT, SALT_BYTES), &cost, (uint8_t *)keys,
                         sizeof(*keys), err);
}

static bool header_mac(const uint8_t *header, const struct keys *keys,
                       uint8_t mac[SECRET_MAC_BYTES], struct error *err)
{
    return secret_mac(bytes_of(keys->header, sizeof(keys->header)), MAC_CONTEXT,
                      bytes_of(header, AT_MAC), mac, err);
}

static struct crypto_stream *open_stream(const uint8_t *header, const struct keys *keys,
                                         struct error *err)
{
    return crypto_stream_open(keys->stream, header + AT_PREFIX,
                              bytes_of(header, BACKUP_FILE_HEADER_BYTES), err);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct backup_file_out {
    uint8_t header[BACKUP_FILE_HEADER_BYTES];
    struct crypto_stream *stream;
    struct file_writer *file;
    uint8_t *plain; /* chunk bytes, `len` of them taken */
    uint8_t *sealed;
    size_t chunk;
    size_t len;
};

static bool fill_header(struct backup_file_out *out, const struct backup_file_order *order,
                        struct keys *keys, struct error *err)
{
    uint8_t *header = out->header;

    memcpy(header + AT_MAGIC, BACKUP_FILE_MAGIC, MAGIC_BYTES);
    put_number(header + AT_VERSION, 2, BACKUP_FILE_VERSION);
    put_number(header + AT_HEADER_BYTES, 2, BACKUP_FILE_HEADER_BYTES);
    put_number(header + AT_SCRYPT_N, 4, order->cost.n);
    put_number(header + AT_SCRYPT_R, 4, order->cost.r);
    put_number(header + AT_SCRYPT_P, 4, order->cost.p);
    put_number(header + AT_CHUNK_BYTES, 4, order->chunk_bytes);
    return secret_random(header + AT_SALT, SALT_BYTES, err)
           && secret_random(header + AT_PREFIX, CRYPTO_STREAM_PREFIX_BYTES, err)
           && derive(header, order->password, keys, err)
           && header_mac(header, keys, header + AT_MAC, err);
}

struct backup_file_out *backup_file_create(const struct backup_file_order *order, struct error *err)
{
    struct backup_file_out *out = calloc(1, sizeof(*out));
    struct keys keys;
    bool ok = false;

    if (out == NULL || order->chunk_bytes < CHUNK_MIN || order->chunk_bytes > CHUNK_MAX) {
        (void)error_set(err, REASON_NO_MEMORY, "no memory for a backup");
        goto out;
    }
    out->chunk = order->chunk_bytes;
    out->plain = malloc(out->chunk);
    out->sealed = malloc(out->chunk + CRYPTO_STREAM_TAG_BYTES);
    if (out->plain == NULL || out->sealed == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "no memory for a backup");
        goto out;
    }
    if (!fill_header(out, order, &keys, err)) goto out;
    out->stream = open_stream(out->header, &keys, err);
    if (out->stream == NULL) goto out;
    out->file = file_writer_create(order->path, err);
    if (out->file == NULL) goto out;
    ok = file_writer_write(out->file, bytes_of(out->header, sizeof(out->header)), err);
out:
    secret_wipe(&keys, sizeof(keys));
    if (!ok) {
        backup_file_out_free(out);
        out = NULL;
    }
    return out;
}

static bool put_chunk(struct backup_file_out *out, bool is_last, struct error *err)
{
    struct bytes plain = { out->plain, out->len };

    out->len = 0;
    return crypto_stream_seal(out->stream, plain, is_last, out->sealed, err)
           && file_writer_write(out->file,
                                bytes_of(out->sealed, plain.len + CRYPTO_STREAM_TAG_BYTES), err);
}

bool backup_file_write(struct backup_file_out *out, struct bytes data, struct error *err)
{
    while (data.len > 0) {
        size_t part = out->chunk - out->len;

        /* A full chunk waits until something follows: the last one is marked. */
        if (part == 0) {
            if (!put_chunk(out, false, err)) {
                return false;
            }
            part = out->chunk;
        }
        part = data.len < part ? data.len : part;
        memcpy(out->plain + out->len, data.data, part);
        out->len += part;
        data.data += part;
        data.len -= part;
    }
    return true;
}

bool backup_file_finish(struct backup_file_out *out, struct error *err)
{
    return put_chunk(out, true, err) && file_writer_finish(out->file, err);
}

void backup_file_out_free(struct backup_file_out *out)
{
    if (out == NULL) {
        return;
    }
    file_writer_free(out->file);
    crypto_stream_close(out->stream);
    if (out->plain != NULL) {
        secret_wipe(out->plain, out->chunk);
    }
    free(out->plain);
    free(out->sealed);
    free(out);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct backup_file_in {
    uint8_t header[BACKUP_FILE_HEADER_BYTES];
    struct crypto_stream *stream;
    struct file_reader *file;
    uint8_t *plain; /* `len` bytes, read up to `pos` */
    uint8_t *sealed;
    size_t chunk;
    size_t len;
    size_t pos;
    size_t ahead; /* bytes of the next chunk that stand in `sealed` already: 0 or 1 */
    bool is_last; /* of the chunk in `plain` */
    uint64_t at;  /* of the next chunk in the file, for messages */
    char path[FILE_PATH_MAX];
};

static bool damaged(const struct backup_file_in *in, struct error *err)
{
    return error_set(err, REASON_BACKUP_DAMAGED,
                     "%s: the backup was changed or cut off (at byte %llu or behind it); take "
                     "another copy of the file",
                     in->path, (unsigned long long)in->at);
}

static bool no_backup(const struct backup_file_in *in, const char *why, struct error *err)
{
    return error_set(err, REASON_BACKUP_FORMAT, "%s: %s", in->path, why);
}

static bool check_header(const struct backup_file_in *in, size_t got, struct error *err)
{
    const uint8_t *header = in->header;
    const struct scrypt_cost cost = {
        .n = get_number(header + AT_SCRYPT_N, 4),
        .r = get_number(header + AT_SCRYPT_R, 4),
        .p = get_number(header + AT_SCRYPT_P, 4),
    };
    uint32_t chunk = get_number(header + AT_CHUNK_BYTES, 4);

    if (got < MAGIC_BYTES || memcmp(header + AT_MAGIC, BACKUP_FILE_MAGIC, MAGIC_BYTES) != 0) {
        return no_backup(in, "this is no backup made by \"openndes backup\"", err);
    }
    if (got >= AT_VERSION + 2 && get_number(header + AT_VERSION, 2) > BACKUP_FILE_VERSION) {
        return no_backup(
            in, "the backup was made by a newer OpenNDES; restore it with that version", err);
    }
    if (got < BACKUP_FILE_HEADER_BYTES) {
        return damaged(in, err);
    }
    if (get_number(header + AT_VERSION, 2) != BACKUP_FILE_VERSION
        || get_number(header + AT_HEADER_BYTES, 2) != BACKUP_FILE_HEADER_BYTES) {
        return no_backup(in, "the header of the backup is of no known form", err);
    }
    /* Not authenticated yet: what it asks for is done only within bounds. */
    if (!crypto_scrypt_cost_valid(&cost) || chunk < CHUNK_MIN || chunk > CHUNK_MAX) {
        return no_backup(in,
                         "the header of the backup asks for more memory or time than any "
                         "backup of OpenNDES needs, or for too little",
                         err);
    }
    return true;
}

static bool open_keys(struct backup_file_in *in, struct bytes password, struct error *err)
{
    uint8_t mac[SECRET_MAC_BYTES];
    struct keys keys;
    bool ok = false;

    if (!derive(in->header, password, &keys, err) || !header_mac(in->header, &keys, mac, err)) {
        goto out;
    }
    if (!secret_equal(bytes_of(in->header + AT_MAC, SECRET_MAC_BYTES),
                      bytes_of(mac, sizeof(mac)))) {
        (void)error_set(err, REASON_BACKUP_PASSWORD,
                        "%s does not open with this password (or its first %u bytes were changed)",
                        in->path, BACKUP_FILE_HEADER_BYTES);
        goto out;
    }
    in->stream = open_stream(in->header, &keys, err);
    ok = in->stream != NULL;
out:
    secret_wipe(&keys, sizeof(keys));
    secret_wipe(mac, sizeof(mac));
    return ok;
}

static bool open_file(struct backup_file_in *in, struct bytes password, struct error *err)
{
    size_t got = 0;

    in->file = file_reader_open(in->path, err);
    if (in->file == NULL || !file_reader_read(in->file, in->header, sizeof(in->header), &got, err)
        || !check_header(in, got, err) || !open_keys(in, password, err)) {
        return false;
    }
    in->at = BACKUP_FILE_HEADER_BYTES;
    in->chunk = get_number(in->header + AT_CHUNK_BYTES, 4);
    in->plain = malloc(in->chunk);
    in->sealed = malloc(in->chunk + CRYPTO_STREAM_TAG_BYTES + 1);
    return (in->plain != NULL && in->sealed != NULL)
           || error_set(err, REASON_NO_MEMORY, "no memory for a backup");
}

struct backup_file_in *backup_file_open(const char *path, struct bytes password, struct error *err)
{
    struct backup_file_in *in = calloc(1, sizeof(*in));

    if (in == NULL || !text_copy(in->path, sizeof(in->path), path)) {
        free(in);
        (void)error_set(err, REASON_NO_MEMORY, "no memory for a backup");
        return NULL;
    }
    if (!open_file(in, password, err)) {
        backup_file_close(in);
        return NULL;
    }
    return in;
}

/*
 * The next chunk. One byte more is read: whether something follows says whether this chunk has to
 * be the one that was marked as the last.
 */
static bool take_chunk(struct backup_file_in *in, struct error *err)
{
    size_t whole = in->chunk + CRYPTO_STREAM_TAG_BYTES;
    bool genuine = false;
    size_t got = 0;

    if (!file_reader_read(in->file, in->sealed + in->ahead, whole + 1 - in->ahead, &got, err)) {
        return false;
    }
    got += in->ahead;
    in->is_last = got <= whole;
    in->ahead = in->is_last ? 0 : 1;
    in->pos = 0;
    in->len = 0;
    if (!crypto_stream_open_chunk(in->stream, bytes_of(in->sealed, got - in->ahead), in->is_last,
                                  in->plain, &genuine, err)) {
        return false;
    }
    if (!genuine) {
        return damaged(in, err);
    }
    in->len = got - in->ahead - CRYPTO_STREAM_TAG_BYTES;
    in->at += got - in->ahead;
    if (!in->is_last) {
        in->sealed[0] = in->sealed[whole];
    }
    return true;
}

bool backup_file_read(struct backup_file_in *in, void *data, size_t len, struct error *err)
{
    uint8_t *to = data;

    while (len > 0) {
        size_t part = in->len - in->pos;

        if (part == 0) {
            if (in->is_last) {
                return damaged(in, err);
            }
            if (!take_chunk(in, err)) {
                return false;
            }
            continue;
        }
        part = len < part ? len : part;
        memcpy(to, in->plain + in->pos, part);
        in->pos += part;
        to += part;
        len -= part;
    }
    return true;
}

bool backup_file_at_end(struct backup_file_in *in, bool *at_end, struct error *err)
{
    if (in->pos == in->len && !in->is_last && !take_chunk(in, err)) {
        return false;
    }
    *at_end = in->is_last && in->pos == in->len;
    return true;
}

bool backup_file_rewind(struct backup_file_in *in, struct error *err)
{
    uint8_t header[BACKUP_FILE_HEADER_BYTES];
    size_t got = 0;

    crypto_stream_rewind(in->stream);
    in->at = BACKUP_FILE_HEADER_BYTES;
    in->len = in->pos = in->ahead = 0;
    in->is_last = false;
    file_reader_rewind(in->file);
    return file_reader_read(in->file, header, sizeof(header), &got, err)
           && ((got == sizeof(header) && memcmp(header, in->header, got) == 0) || damaged(in, err));
}

void backup_file_close(struct backup_file_in *in)
{
    if (in == NULL) {
        return;
    }
    file_reader_close(in->file);
    crypto_stream_close(in->stream);
    if (in->plain != NULL) {
        secret_wipe(in->plain, in->chunk);
    }
    free(in->plain);
    free(in->sealed);
    free(in);
}
