/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_snapshot.h"

#include <stdlib.h>

#include "store/db.h"
#include "store/store_schema.h"

#define BUSY_MS 10000
#define CACHE_KIB 2048

struct store_snapshot {
    struct db *db;
};

static struct db *open_database(const char *path, bool read_only, struct error *err)
{
    const struct db_options options = {
        .path = path,
        .read_only = read_only,
        .busy_ms = BUSY_MS,
        .cache_kib = CACHE_KIB,
    };

    return db_open(&options, err);
}

struct store_snapshot *store_snapshot_begin(const char *path, struct error *err)
{
    struct store_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "snapshot");
        return NULL;
    }
    snapshot->db = open_database(path, true, err);
    if (snapshot->db == NULL || !db_begin_reading(snapshot->db, err)) {
        store_snapshot_end(snapshot);
        return NULL;
    }
    return snapshot;
}

bool store_snapshot_copy(struct store_snapshot *snapshot, const char *to, struct error *err)
{
    struct db *copy = NULL;
    bool ok = false;

    if (!db_copy(snapshot->db, to, err)) goto out;
    copy = open_database(to, false, err);
    ok = copy != NULL && db_check(copy, false, err);
out:
    db_close(copy);
    return ok;
}

void store_snapshot_end(struct store_snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    db_close(snapshot->db);
    free(snapshot);
}

int64_t store_snapshot_schema(void)
{
    return (int64_t)store_schema_current().count;
}
