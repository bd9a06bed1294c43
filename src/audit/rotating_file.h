/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a file of lines that is renamed to NAME.1, NAME.2, ... when it has reached its size.
 * Not here: what a line says (log.h, audit.h).
 * Owns:     the open file.
 * Threads:  one at a time: its owner locks.
 * Spec:     none.
 *
 * Several processes may write to the same files (a command beside the service): each piece is
 * appended in one go, and a process notices soon that another one has rotated.
 */
#ifndef OPENNDES_AUDIT_ROTATING_FILE_H
#define OPENNDES_AUDIT_ROTATING_FILE_H

#include "base/buffer.h"

struct rotating_file;

struct rotating_file_options {
    const char *folder; /* made when missing, private */
    const char *name;
    int64_t max_bytes; /* rotated before a line would go beyond; at least one line per file */
    int64_t files;     /* NAME.1 ... NAME.<files> are kept; 0: none */
    int64_t look_us;   /* how often to look whether the path still leads to the file; 0: a second */
};

/* Errors: file errors. Owned: rotating_file_close. */
struct rotating_file *rotating_file_open(const struct rotating_file_options *options,
                                         struct error *err);
void rotating_file_close(struct rotating_file *file); /* NULL is allowed */

/*
 * Append one line (with its line end). A part that a failed write has left is closed with a line
 * end before the next one. Errors: file errors; the line is then not, or not wholly, in the file.
 */
MUST_USE bool rotating_file_write(struct rotating_file *file, struct bytes line, struct error *err);

#endif
