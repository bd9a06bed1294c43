/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  files that are too large for memory: written once from beginning to end, read piece by
 *           piece; names that must be new.
 * Not here: small files (files.h), logs (file_append).
 * Owns:     open handles; a file that is being written, until it is finished.
 * Threads:  any thread; one handle belongs to one thread at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_FILE_STREAM_H
#define OPENNDES_PLATFORM_FILE_STREAM_H

#include "platform/files.h"

struct file_writer;
struct file_reader;

/*
 * A new private file (files.h); what the path names must not be there yet. NULL on failure.
 * Errors: REASON_FILE_NOT_WRITABLE, REASON_DISK_FULL.
 */
struct file_writer *file_writer_create(const char *path, struct error *err);
MUST_USE bool file_writer_write(struct file_writer *writer, struct bytes data, struct error *err);
/* All of it is on the disk now, and its name too. Nothing can be written any more. */
MUST_USE bool file_writer_finish(struct file_writer *writer, struct error *err);
/* A file that was not finished is removed. NULL is allowed. */
void file_writer_free(struct file_writer *writer);

/* Only regular files. Errors: REASON_FILE_MISSING, REASON_FILE_UNREADABLE. */
struct file_reader *file_reader_open(const char *path, struct error *err);
/* *got is less than size only at the end of the file. */
MUST_USE bool file_reader_read(struct file_reader *reader, void *data, size_t size, size_t *got,
                               struct error *err);
/* Go on at the file's beginning. */
MUST_USE bool file_reader_rewind(struct file_reader *reader, struct error *err);
uint64_t file_reader_size(const struct file_reader *reader); /* when it was opened */
void file_reader_close(struct file_reader *reader);          /* NULL is allowed */

/*
 * Rename a file or folder, durable. REASON_FILE_NOT_WRITABLE with "exists" in the detail when the
 * new name is taken; nothing is ever replaced.
 */
MUST_USE bool file_rename_new(const char *from, const char *to, struct error *err);
/* A private folder in one that exists; the same when its name is taken. */
MUST_USE bool folder_create_new(const char *path, struct error *err);

#endif
