/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the encrypted file around a backup: header, key from a password, chunks.
 * Not here: what is inside (backup_record.h), the cipher (base/crypto_stream.h).
 * Owns:     the open file and the key.
 * Threads:  a handle belongs to one thread at a time.
 * Spec:     docs/backup.md has the layout byte by byte. RFC 7914 (scrypt), NIST SP 800-38D.
 */
#ifndef OPENNDES_SERVICE_BACKUP_FILE_H
#define OPENNDES_SERVICE_BACKUP_FILE_H

#include "base/buffer.h"
#include "base/crypto_scrypt.h"

#define BACKUP_FILE_MAGIC "ONDBKUP1"
#define BACKUP_FILE_VERSION 1u
#define BACKUP_FILE_HEADER_BYTES 96u
#define BACKUP_FILE_CHUNK_BYTES 65536u

/* 128 MB and some tenths of a second: who has the file can guess at it for years. */
#define BACKUP_FILE_COST                                                                           \
    {                                                                                              \
        131072, 8, 1                                                                               \
    }

struct backup_file_order {
    const char *path; /* must not be there */
    struct bytes password;
    struct scrypt_cost cost;
    uint32_t chunk_bytes; /* 1024..1048576 */
};

struct backup_file_out;
struct backup_file_in;

/* NULL on failure. Errors: REASON_FILE_NOT_WRITABLE, REASON_DISK_FULL, REASON_NO_MEMORY. */
struct backup_file_out *backup_file_create(const struct backup_file_order *order,
                                           struct error *err);
MUST_USE bool backup_file_write(struct backup_file_out *out, struct bytes data, struct error *err);
/* The last chunk; all of it is on the disk now. */
MUST_USE bool backup_file_finish(struct backup_file_out *out, struct error *err);
/* A file that was not finished is removed. NULL is allowed. */
void backup_file_out_free(struct backup_file_out *out);

/*
 * NULL on failure. Errors: REASON_BACKUP_FORMAT (not a backup, of a newer version, a header that
 * would cost too much), REASON_BACKUP_PASSWORD, REASON_BACKUP_DAMAGED (cut off in the header), file
 * errors.
 */
struct backup_file_in *backup_file_open(const char *path, struct bytes password, struct error *err);
/*
 * The next `len` bytes; each has been authenticated, but only the file's end tells that nothing is
 * missing. Errors: REASON_BACKUP_DAMAGED, also when fewer are left.
 */
MUST_USE bool backup_file_read(struct backup_file_in *in, void *data, size_t len,
                               struct error *err);
/* *at_end: everything was read, and it was whole. */
MUST_USE bool backup_file_at_end(struct backup_file_in *in, bool *at_end, struct error *err);
/* Once more from the first byte. */
MUST_USE bool backup_file_rewind(struct backup_file_in *in, struct error *err);
void backup_file_close(struct backup_file_in *in); /* NULL is allowed */

#endif
