/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  say what is in a backup, what is not, and what to do after a restore; ask for its
 *           password.
 * Not here: making and reading it (backup_write.h, backup_restore.h).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/backup.md.
 */
#ifndef OPENNDES_SERVICE_BACKUP_REPORT_H
#define OPENNDES_SERVICE_BACKUP_REPORT_H

#include "service/backup_restore.h"
#include "service/commands.h"

/* Text, or with --json the manifest and the file's name; every_file: names and sizes. */
MUST_USE bool backup_report_manifest(const struct command *command, const char *what,
                                     const char *file, const struct json *manifest, bool every_file,
                                     struct error *err);
/* What was restored, and what comes next. */
MUST_USE bool backup_report_restored(const struct command *command, const char *file,
                                     const struct backup_restore_result *result, struct error *err);
/*
 * is_new: asked for twice, and refused when it is shorter than LIMIT_PASSPHRASE_MIN characters
 * unless allow_short. Errors: REASON_PASSPHRASE_TOO_SHORT, REASON_USAGE.
 */
MUST_USE bool backup_report_ask_password(bool is_new, bool allow_short, struct secret *out,
                                         struct error *err);
/* The file's name without its folders, for the audit record. */
const char *backup_report_file_name(const char *path);

#endif
