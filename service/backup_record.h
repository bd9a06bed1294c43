/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the records inside a backup: how one begins, which may follow which, and the manifest
 *           that has to agree with all of them.
 * Not here: encryption (backup_file.h), what is done with a record (backup_write.h,
 *           backup_restore.h).
 * Owns:     nothing that lives on.
 * Threads:  one owner.
 * Spec:     docs/backup.md. What is read is authentic and is checked all the same: nothing in it
 *           may lead outside the data folder or take all memory.
 */
#ifndef OPENNDES_SERVICE_BACKUP_RECORD_H
#define OPENNDES_SERVICE_BACKUP_RECORD_H

#include "base/json.h"
#include "platform/sealed_places.h"
#include "service/backup_layout.h"

enum backup_record_type {
    BACKUP_RECORD_FILE = 1,     /* as it is; also what names a key of the system's key store */
    BACKUP_RECORD_SECRET = 2,   /* opened: sealed again where it is restored */
    BACKUP_RECORD_DATABASE = 3, /* at most one */
    BACKUP_RECORD_VALUE = 4,    /* a sealed value of the database, opened; behind it */
    BACKUP_RECORD_LOG = 5,
    BACKUP_RECORD_MANIFEST = 6 /* JSON; the last record */
};

#define BACKUP_MANIFEST_MAX 8388608u
#define BACKUP_VALUES_MAX 2000000u
#define BACKUP_VALUE_MAX 65536u    /* a request of a device is below 33 KB */
#define BACKUP_REFERENCE_MAX 4096u /* a file that names a key of the system's key store */

struct backup_record {
    enum backup_record_type type;
    char name[BACKUP_NAME_MAX];       /* path; of a value "<table>.<column>/<id>" */
    char purpose[SEALED_PURPOSE_MAX]; /* of secrets and values */
    uint64_t size;                    /* of the content behind it */
};

/* "file", "secret", ...; NULL for an unknown number. */
const char *backup_record_type_name(unsigned type);

/* Append how a record begins; its content follows. Errors: REASON_LIMIT, REASON_NO_MEMORY. */
MUST_USE bool backup_record_encode(const struct backup_record *record, struct buffer *out,
                                   struct error *err);

/* Where records are read from. */
struct backup_source {
    void *context;
    bool (*read)(void *context, void *data, size_t len, struct error *err); /* all of it */
    bool (*at_end)(void *context, bool *at_end, struct error *err);
};

/* What is told of each record but the manifest; content comes in pieces, an empty one in none. */
struct backup_sink {
    void *context;
    bool (*begin)(void *context, const struct backup_record *record, struct error *err);
    bool (*data)(void *context, struct bytes data, struct error *err);
    bool (*end)(void *context, struct error *err);
};

/*
 * Read all records; sink NULL: only check them. *manifest is owned. Promises about what the sink
 * sees: names are in the layout and each comes once, also for a system that does not tell case;
 * sizes are within bounds; purposes are those of the place; values come behind the database.
 * Errors: REASON_BACKUP_FORMAT, the source's and the sink's.
 */
MUST_USE bool backup_record_walk(const struct backup_source *source, const struct backup_sink *sink,
                                 struct json **manifest, struct error *err);

/* The same for a file. */
struct backup_file_in;
MUST_USE bool backup_record_walk_file(struct backup_file_in *in, const struct backup_sink *sink,
                                      struct json **manifest, struct error *err);

/* {"name", "type", "bytes"} at the end of an array. */
MUST_USE bool backup_record_list(struct json *files, const struct backup_record *record,
                                 struct error *err);

#endif
