/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the records of logs/audit.jsonl and its rotated files, newest first.
 * Not here: writing them (audit.h), what a field means (docs/audit.md).
 * Owns:     one open file and one block of memory, whatever the size of the files.
 * Threads:  one at a time.
 * Spec:     docs/audit.md.
 *
 * A service may write meanwhile: what comes after the opening is not seen, and a rotation neither
 * loses nor repeats a record. A line that is none (torn by a power failure, damaged, too long) is
 * left out and counted.
 */
#ifndef OPENNDES_AUDIT_AUDIT_READER_H
#define OPENNDES_AUDIT_AUDIT_READER_H

#include "base/json.h"

/* Longer lines are no records: audit.h writes none that come near. */
#define AUDIT_READER_LINE_MAX (512u * 1024u) /* bytes without line end */

struct audit_reader;

/* folder: logs/; no files there are no records. Errors: REASON_NO_MEMORY, REASON_LIMIT (path). */
struct audit_reader *audit_reader_open(const char *folder, struct error *err);
void audit_reader_close(struct audit_reader *reader); /* NULL is allowed */
/*
 * The next older record; *record is an object and owned, NULL behind the oldest.
 * Errors: file errors, REASON_NO_MEMORY.
 */
MUST_USE bool audit_reader_next(struct audit_reader *reader, struct json **record,
                                struct error *err);
/* Lines so far that were no records. */
uint64_t audit_reader_damaged(const struct audit_reader *reader);

#endif
