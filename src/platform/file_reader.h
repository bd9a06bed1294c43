/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a file that is read in any order (logs, from their end), while others append to it,
 *           rename or remove it.
 * Not here: reading a file as a whole (files.h).
 * Owns:     the open file.
 * Threads:  one reader belongs to one thread at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_FILE_READER_H
#define OPENNDES_PLATFORM_FILE_READER_H

#include "platform/files.h"

struct file_reader;

/* Errors: REASON_FILE_MISSING, REASON_FILE_UNREADABLE, REASON_NO_MEMORY. */
struct file_reader *file_reader_open(const char *path, struct error *err);
void file_reader_close(struct file_reader *reader); /* NULL is allowed */
/* When it was opened: size, and the id that file_stamp gives for the same file. */
const struct file_stamp *file_reader_stamp(const struct file_reader *reader);
/* Exactly len bytes from offset on. Errors: REASON_FILE_UNREADABLE, also when the file ends. */
MUST_USE bool file_reader_at(struct file_reader *reader, uint64_t offset, void *to, size_t len,
                             struct error *err);

#endif
