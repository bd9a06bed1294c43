/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db_place.h"

#include "base/text.h"

/* 0: it is not there, or cannot be looked at. */
static uint64_t id_of(const char *path)
{
    struct file_stamp stamp = { .id = 0 };

    return file_stamp(path, &stamp, &(struct error)ERROR_INIT) ? stamp.id : 0;
}

bool db_place_note(struct db_place *place, const char *path, struct error *err)
{
    struct file_stamp stamp = { .id = 0 };

    *place = (struct db_place){ .path = path };
    if (!text_format(place->log, sizeof(place->log), "%s-wal", path)) {
        return error_set(err, REASON_LIMIT, "%s: the path is too long", path);
    }
    if (!file_stamp(path, &stamp, err)) {
        return false;
    }
    place->file_id = stamp.id;
    return true;
}

bool db_place_check(struct db_place *place, struct error *err)
{
    uint64_t log_id = 0;

    if (file_open_stays()) {
        return true; /* each look would cost as much as the commit */
    }
    log_id = id_of(place->log);
    if (place->log_id == 0) {
        place->log_id = log_id; /* made by the first commit, and kept as long as it is open */
    }
    if (id_of(place->path) == place->file_id && log_id == place->log_id) {
        return true;
    }
    return error_set(
        err, REASON_STORE_FAILED,
        "%s: the database, or its -wal file, was moved, removed or replaced while it "
        "is open; put the former files back, or stop the service, put what is to count "
        "there and start it again",
        place->path);
}
