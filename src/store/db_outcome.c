/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db_outcome.h"

#include <sqlite3.h>

#include "platform/files.h"

/* Less free space than this makes an input or output error a full disk. */
#define DB_FULL_BYTES (1024u * 1024u)

static const struct db_outcome db_outcomes[] = {
    { SQLITE_FULL, REASON_STORE_FULL,
      "there is no space left for the database; free space on its disk, writing then goes on by "
      "itself" },
    { SQLITE_READONLY, REASON_STORE_READ_ONLY,
      "the database cannot be written; give the service's account the right to modify this file "
      "and its folder" },
    { SQLITE_PERM, REASON_STORE_READ_ONLY,
      "access to the database is denied; give the service's account the right to modify this file "
      "and its folder" },
    { SQLITE_CANTOPEN, REASON_STORE_READ_ONLY,
      "the database, or the files -wal and -shm beside it, cannot be opened; give the service's "
      "account the right to modify the folder and what is in it" },
    { SQLITE_CORRUPT, REASON_STORE_CORRUPT,
      "the database is damaged; stop the service, move the file with its -wal and -shm files away "
      "and restore the last backup" },
    { SQLITE_NOTADB, REASON_STORE_CORRUPT,
      "the file is not a database, or its beginning is damaged; stop the service, move the file "
      "with its -wal and -shm files away and restore the last backup" },
    { SQLITE_BUSY, REASON_STORE_BUSY,
      "another process keeps the database locked; see which program has the file open (backup, "
      "virus scanner, a hanging command) and try again" },
    { SQLITE_LOCKED, REASON_STORE_BUSY,
      "another connection of this process keeps the database locked; try again" },
    { SQLITE_PROTOCOL, REASON_STORE_BUSY,
      "the database's locks are in disorder; try again, and do not keep the file on a network "
      "share" },
    { SQLITE_IOERR, REASON_STORE_FAILED,
      "reading or writing the database failed; check the disk, its connection and the system's "
      "event log" },
    { SQLITE_NOMEM, REASON_NO_MEMORY, "out of memory" },
    { SQLITE_TOOBIG, REASON_LIMIT, "a value is too large for the database" },
};

static bool disk_is_full(const char *folder)
{
    uint64_t bytes = 0;
    return folder_free_bytes(folder, &bytes) && bytes < DB_FULL_BYTES;
}

struct db_outcome db_outcome_of(const char *folder, int code)
{
    struct db_outcome outcome = { code, REASON_STORE_FAILED, "the database refused a statement" };
    int primary = code & 0xff;

    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) {
        outcome.reason = REASON_STORE_DUPLICATE;
        outcome.sentence = "this is already recorded";
        return outcome;
    }
    /* Not every way to run out of space has its own code: growing the -shm file has not. */
    if ((primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) && disk_is_full(folder)) {
        primary = SQLITE_FULL;
    }
    if (code == SQLITE_IOERR_NOMEM) {
        primary = SQLITE_NOMEM;
    }
    for (size_t i = 0; i < sizeof db_outcomes / sizeof db_outcomes[0]; i++) {
        if (db_outcomes[i].code == primary) {
            outcome = db_outcomes[i];
        }
    }
    return outcome;
}
