/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_write.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "openndes_version.h"
#include "platform/clock.h"
#include "platform/file_reader.h"
#include "platform/file_stream.h"
#include "platform/protect.h"
#include "platform/sockets.h"
#include "service/backup_file.h"
#include "service/backup_set.h"
#include "store/store_sealed.h"

#define PIECE_BYTES 65536u
#define RECORD_START_MAX (BACKUP_NAME_MAX + SEALED_PURPOSE_MAX + 64u)

struct job {
    const struct backup_write_order *order;
    struct backup_file_out *out;
    struct backup_set set;
    struct json *files; /* borrowed from the manifest */
    struct json *manifest;
    int64_t values;
};

/* ---- records --------------------------------------------------------------------------------- */

static bool put_start(struct job *job, const struct backup_record *record, struct error *err)
{
    struct buffer start = BUFFER_INIT(RECORD_START_MAX);
    bool ok = backup_record_encode(record, &start, err)
              && backup_file_write(job->out, buffer_bytes(&start), err);

    buffer_clear(&start);
    return ok;
}

static bool put_record(struct job *job, const struct backup_record *record, struct bytes content,
                       struct error *err)
{
    return put_start(job, record, err) && backup_file_write(job->out, content, err);
}

/* As many bytes as the record has promised: a log grows meanwhile. */
static bool put_content(struct job *job, struct file_reader *file, const char *path, uint64_t left,
                        struct error *err)
{
    uint8_t piece[PIECE_BYTES / 4];

    while (left > 0) {
        size_t part = left < sizeof(piece) ? (size_t)left : sizeof(piece);
        size_t got = 0;

        if (!file_reader_read(file, piece, part, &got, err)) {
            return false;
        }
        if (got < part) {
            return error_set(err, REASON_FILE_UNREADABLE,
                             "%s became shorter while it was read; try again", path);
        }
        if (!backup_file_write(job->out, bytes_of(piece, part), err)) {
            return false;
        }
        left -= part;
    }
    return true;
}

/* name: in the data folder; the record has its own. */
static bool put_large(struct job *job, struct backup_record *record, const char *name,
                      struct error *err)
{
    enum backup_kind kind = backup_layout_kind(record->name);
    char path[FILE_PATH_MAX];
    struct file_reader *file = NULL;
    bool ok = false;

    if (!path_join(path, job->order->data, name, err)) goto out;
    file = file_reader_open(path, err);
    if (file == NULL) goto out;
    record->size = file_reader_stamp(file)->size;
    if (record->size > backup_layout_max(kind)) {
        (void)error_set(err, REASON_FILE_TOO_LARGE, "%s: too large for a backup", path);
        goto out;
    }
    ok = put_start(job, record, err) && put_content(job, file, path, record->size, err)
         && backup_record_list(job->files, record, err);
out:
    file_reader_close(file);
    return ok;
}

/* Logs are rotated and policies replaced while we look: what is gone is not missed. */
static bool put_item(struct job *job, struct backup_item *item, struct error *err)
{
    struct error why = ERROR_INIT;

    if (!item->is_large) {
        return put_record(job, &item->record, secret_bytes(&item->content), err)
               && backup_record_list(job->files, &item->record, err);
    }
    if (!put_large(job, &item->record, item->record.name, &why)
        && why.reason != REASON_FILE_MISSING) {
        *err = why;
        return false;
    }
    return true;
}

/* ---- database -------------------------------------------------------------------------------- */

static bool remove_copy(const char *data, struct error *err)
{
    static const char *const names[] = { BACKUP_SNAPSHOT_FILE, BACKUP_SNAPSHOT_FILE "-wal",
                                         BACKUP_SNAPSHOT_FILE "-shm",
                                         BACKUP_SNAPSHOT_FILE "-journal" };
    char path[FILE_PATH_MAX];
    bool ok = true;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ok = path_join(path, data, names[i], err) && file_remove(path, err) && ok;
    }
    return ok;
}

static bool value_purpose(const struct store_sealed_row *row, char purpose[SEALED_PURPOSE_MAX],
                          struct error *err)
{
    bool ok =
        row->column == STORE_SEALED_PASSWORD
            ? text_format(purpose, SEALED_PURPOSE_MAX, SEALED_SINGLE_PASSWORD "%s", row->scope)
            : text_copy(purpose, SEALED_PURPOSE_MAX, SEALED_INTUNE_TICKET);

    return ok || error_set(err, REASON_LIMIT, "a scope in the database is too long");
}

static bool put_value(void *context, const struct store_sealed_row *row, struct error *err)
{
    struct job *job = context;
    struct backup_record record = { .type = BACKUP_RECORD_VALUE };
    struct secret plain = SECRET_INIT;
    bool ok = false;

    if (!text_format(record.name, sizeof(record.name), "%s/%lld", store_sealed_name(row->column),
                     (long long)row->id)
        || !value_purpose(row, record.purpose, err)) {
        goto out;
    }
    if (!protect_open(job->order->data, record.purpose, row->sealed, &plain, err)) {
        (void)error_context(err, "%s in the database cannot be put into the backup", record.name);
        goto out;
    }
    /* What restore would refuse is refused here, while the folder is still there. */
    if (plain.len > BACKUP_VALUE_MAX || job->values >= (int64_t)BACKUP_VALUES_MAX) {
        (void)error_set(err, REASON_LIMIT, "%s in the database is too large, or there are too many",
                        record.name);
        goto out;
    }
    record.size = plain.len;
    job->values++;
    ok = put_record(job, &record, secret_bytes(&plain), err);
out:
    secret_clear(&plain);
    return ok;
}

/* The copy's sealed values go along opened: on another machine nobody could open them. */
static bool put_values(struct job *job, const char *copy, struct error *err)
{
    const struct store_options options = { .path = copy, .readers = 1 };
    struct store *store = store_open(&options, err);
    bool ok = store != NULL && store_sealed_list(store, put_value, job, err);

    store_close(store);
    return ok;
}

/* Of the newest schema, so that it can be read; one file, without a log beside it. */
static bool upgrade_copy(const char *copy, struct error *err)
{
    const struct store_options options = { .path = copy, .readers = 1 };
    struct store *store = store_open(&options, err);

    store_close(store);
    return store != NULL;
}

static bool put_database(struct job *job, struct error *err)
{
    static const struct bytes nothing = { NULL, 0 };
    struct backup_record record = { .type = BACKUP_RECORD_DATABASE, .name = BACKUP_DATABASE_FILE };
    struct error ignored = ERROR_INIT;
    char copy[FILE_PATH_MAX];
    bool ok = false;

    if (job->set.snapshot == NULL) {
        return true;
    }
    if (!path_join(copy, job->order->data, BACKUP_SNAPSHOT_FILE, err)
        || !file_create_new(copy, nothing, true, err)) {
        return false;
    }
    if (!store_snapshot_copy(job->set.snapshot, copy, err)) goto out;
    /* From here on the service's log need not grow for us. */
    store_snapshot_end(job->set.snapshot);
    job->set.snapshot = NULL;
    ok = upgrade_copy(copy, err) && put_large(job, &record, BACKUP_SNAPSHOT_FILE, err)
         && put_values(job, copy, err);
out:
    if (!remove_copy(job->order->data, ok ? err : &ignored)) {
        ok = false;
    }
    return ok;
}

/* ---- manifest -------------------------------------------------------------------------------- */

static bool begin_manifest(struct job *job, struct error *err)
{
    char host[256] = "";
    char made_at[CLOCK_TEXT_MAX];
    struct json *root = json_value_new_object();
    struct json *files = json_value_new_array();

    job->manifest = root;
    socket_host_name(host, sizeof(host));
    clock_format(clock_now(), made_at);
    if (root == NULL || files == NULL) {
        json_value_free(files);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    job->files = files;
    return json_value_put(root, "files", files, err)
           && json_value_put_text(root, "product", OPENNDES_VERSION, err)
           && json_value_put_integer(root, "schema", store_snapshot_schema(), err)
           && json_value_put_text(root, "made_at", made_at, err)
           && json_value_put_text(root, "host", host, err)
           && json_value_put_text(root, "data_folder", job->order->data, err);
}

static bool put_manifest(struct job *job, struct error *err)
{
    struct backup_record record = { .type = BACKUP_RECORD_MANIFEST };
    struct buffer text = BUFFER_INIT(BACKUP_MANIFEST_MAX);
    struct json *machine_keys = job->set.machine_keys;
    struct json *left_out = job->set.left_out;
    bool ok = false;

    job->set.machine_keys = job->set.left_out = NULL; /* put takes them over, also on failure */
    ok = json_value_put(job->manifest, "machine_keys", machine_keys, err);
    if (!json_value_put(job->manifest, "left_out", left_out, err)) {
        ok = false;
    }
    if (!ok || !json_value_put_integer(job->manifest, "sealed_values", job->values, err)) goto out;
    if (!json_value_print(job->manifest, 0, &text, err)) goto out;
    record.size = text.len;
    ok = put_record(job, &record, buffer_bytes(&text), err);
out:
    buffer_clear(&text);
    return ok;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool put_all(struct job *job, struct error *err)
{
    if (!backup_set_collect(job->order->data, job->order->with_logs, &job->set, err)
        || !begin_manifest(job, err)) {
        return false;
    }
    for (size_t i = 0; i < job->set.count; i++) {
        if (!put_item(job, &job->set.items[i], err)) {
            return false;
        }
    }
    return put_database(job, err) && put_manifest(job, err) && backup_file_finish(job->out, err);
}

static bool write_partial(struct job *job, const char *partial, struct error *err)
{
    const struct backup_file_order order = {
        .path = partial,
        .password = job->order->password,
        .cost = job->order->cost,
        .chunk_bytes = BACKUP_FILE_CHUNK_BYTES,
    };
    bool ok = false;

    if (!file_remove(partial, err)) goto out; /* of a backup that was cut off */
    job->out = backup_file_create(&order, err);
    ok = job->out != NULL && put_all(job, err);
out:
    backup_file_out_free(job->out);
    backup_set_clear(&job->set);
    return ok;
}

static bool take_lock(const char *data, struct file_lock **lock, bool *held, struct error *err)
{
    char path[FILE_PATH_MAX];

    return path_join(path, data, BACKUP_LOCK_FILE, err) && file_lock_try(path, lock, held, err);
}

bool backup_write(const struct backup_write_order *order, struct json **manifest, struct error *err)
{
    struct job job = { .order = order };
    struct error ignored = ERROR_INIT;
    struct file_lock *lock = NULL;
    char partial[FILE_PATH_MAX];
    bool held = false;
    bool ok = false;

    if (!text_format(partial, sizeof(partial), "%s.partial", order->file)) {
        (void)error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
        goto out;
    }
    if (file_exists(order->file) || folder_exists(order->file)) {
        (void)error_set(err, REASON_FILE_NOT_WRITABLE,
                        "%s: it exists already; a backup replaces nothing", order->file);
        goto out;
    }
    if (!take_lock(order->data, &lock, &held, err)) goto out;
    if (!held) {
        (void)error_set(err, REASON_DATA_FOLDER_IN_USE, "another backup is being made");
        goto out;
    }
    if (!remove_copy(order->data, err) || !write_partial(&job, partial, err)) goto out;
    ok = file_rename_new(partial, order->file, err);
    if (!ok) {
        (void)!file_remove(partial, &ignored);
    }
out:
    file_lock_release(lock);
    if (!ok) {
        json_value_free(job.manifest);
        job.manifest = NULL;
    }
    *manifest = job.manifest;
    return ok;
}

bool backup_write_verify(const char *file, struct bytes password, struct json **manifest,
                         struct error *err)
{
    struct backup_file_in *in = backup_file_open(file, password, err);
    bool ok = in != NULL && backup_record_walk_file(in, NULL, manifest, err);

    backup_file_close(in);
    return ok;
}

bool backup_write_tidy(const char *data, struct error *err)
{
    struct file_lock *lock = NULL;
    bool held = false;
    bool ok = take_lock(data, &lock, &held, err) && (!held || remove_copy(data, err));

    file_lock_release(lock);
    return ok;
}
