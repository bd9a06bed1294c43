/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  which files of a data folder belong into a backup and how: the one list that backup
 *           collects by and restore accepts by.
 * Not here: what is sealed for what (platform/sealed_places.h), reading and writing.
 * Owns:     the table.
 * Threads:  pure functions.
 * Spec:     docs/data-folder.md, docs/backup.md.
 */
#ifndef OPENNDES_SERVICE_BACKUP_LAYOUT_H
#define OPENNDES_SERVICE_BACKUP_LAYOUT_H

#include "base/error.h"

#define BACKUP_NAME_MAX 256 /* bytes with NUL of a path below the data folder */
#define BACKUP_FILES_MAX 20000u

#define BACKUP_DATABASE_FILE "openndes.db"
#define BACKUP_SNAPSHOT_FILE "openndes.db.snapshot"
#define BACKUP_LOCK_FILE "backup.lock"

enum backup_kind {
    BACKUP_KIND_UNKNOWN,  /* not ours: left where it is, and told of */
    BACKUP_KIND_NEVER,    /* locks, what is left over, what means nothing elsewhere */
    BACKUP_KIND_FILE,     /* small, as it is */
    BACKUP_KIND_POLICY,   /* the same, put there by the administrator: may be large */
    BACKUP_KIND_SECRET,   /* sealed: opened here, sealed again there */
    BACKUP_KIND_DATABASE, /* as it was at one moment */
    BACKUP_KIND_LOG       /* only when asked for */
};

/*
 * path: below the data folder, '/' between its parts. Whatever has another kind than UNKNOWN and
 * NEVER can be made below any folder of any system: no empty part, no "..", no drive, no stream, no
 * device of Windows.
 */
enum backup_kind backup_layout_kind(const char *path);
/* Is this one of the folders that may hold something? "" is the data folder itself. */
bool backup_layout_folder(const char *path);
/*
 * strcmp, but that ASCII letters count without case: two names that are equal by this may be one on
 * another system. What else a file system takes for the same it tells itself.
 */
int backup_layout_compare(const char *a, const char *b);
/* How large a file of this kind may be; of a secret: what is inside. */
uint64_t backup_layout_max(enum backup_kind kind);

#endif
