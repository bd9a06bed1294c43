/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_restore.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "platform/file_stream.h"
#include "platform/protect.h"
#include "platform/rights.h"
#include "service/backup_file.h"
#include "service/backup_leftover.h"
#include "service/backup_record.h"
#include "service/data_folder.h"
#include "store/store_passwords.h"
#include "store/store_sealed.h"
#include "store/store_snapshot.h"

#define SEALED_MAX 131072u /* DPAPI adds some hundred bytes */
#define MEMORY_MAX 131072u /* secrets, values and names of keys */
#define BATCH 32u          /* values in one commit */

struct batch_row {
    enum store_sealed_column column;
    int64_t id;
    struct buffer sealed;
};

struct job {
    const struct backup_restore_order *order;
    char target[FILE_PATH_MAX]; /* without a separator at its end */
    char folder[FILE_PATH_MAX]; /* DATA.restoring */
    bool is_ours; /* what lies there, if anything: left by a restore, or by this one */
    struct backup_record record;
    struct file_writer *file; /* of a record that goes to disk as it is */
    struct buffer content;    /* of one that is sealed first */
    struct store *store;
    struct batch_row batch[BATCH];
    size_t batch_count;
};

/* ---- the target ------------------------------------------------------------------------------ */

static bool find_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    (void)name;
    (void)is_folder;
    (void)err;
    *(bool *)context = true;
    return true;
}

static bool check_empty(const char *data, struct error *err)
{
    struct error why = ERROR_INIT;
    bool found = false;

    if (!folder_list(data, BACKUP_FILES_MAX, find_entry, &found, &why)) {
        return error_set(err, REASON_RESTORE_TARGET, "is %s empty? %s", data, why.detail);
    }
    return !found
           || error_set(err, REASON_RESTORE_TARGET,
                        "%s is not empty; restore makes a new data folder: choose another --data, "
                        "or stop the service and move the old folder away",
                        data);
}

static bool check_target(struct job *job, struct error *err)
{
    const char *data = job->target;
    struct error why = ERROR_INIT;
    size_t len = strlen(job->order->data);

    while (len > 1 && (job->order->data[len - 1] == '/' || job->order->data[len - 1] == '\\')) {
        len--;
    }
    if (!text_format(job->target, sizeof(job->target), "%.*s", (int)len, job->order->data)
        || !text_format(job->folder, sizeof(job->folder), "%s.restoring", data)) {
        return error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
    }
    if (file_exists(data)) {
        return error_set(err, REASON_RESTORE_TARGET, "%s is a file; choose another --data", data);
    }
    /* a junction or the mount point of a volume would be removed with the empty folder */
    if (!rights_check(data, false, &why) && why.reason == REASON_REPARSE_POINT) {
        return error_set(err, REASON_RESTORE_TARGET, "%s", why.detail);
    }
    if (folder_exists(data) && !check_empty(data, err)) {
        return false;
    }
    return true;
}

/* ---- sealing again --------------------------------------------------------------------------- */

static bool flush_values(struct job *job, struct error *err)
{
    struct store_sealed_row rows[BATCH];
    bool ok = true;

    for (size_t i = 0; i < job->batch_count; i++) {
        rows[i] = (struct store_sealed_row){
            .column = job->batch[i].column,
            .id = job->batch[i].id,
            .sealed = buffer_bytes(&job->batch[i].sealed),
        };
    }
    if (job->batch_count > 0) {
        ok = store_sealed_replace(job->store, rows, job->batch_count, err);
    }
    for (size_t i = 0; i < job->batch_count; i++) {
        buffer_clear(&job->batch[i].sealed);
    }
    job->batch_count = 0;
    return ok;
}

/* "<table>.<column>/<id>", which the walk has checked. */
static bool parse_value(const char *name, struct batch_row *row)
{
    for (int i = 0; i < STORE_SEALED_COLUMNS; i++) {
        const char *column = store_sealed_name((enum store_sealed_column)i);
        size_t len = strlen(column);
        uint64_t id = 0;

        if (strncmp(name, column, len) == 0 && name[len] == '/'
            && text_parse_u64(bytes_of_text(name + len + 1), INT64_MAX, &id)) {
            row->column = (enum store_sealed_column)i;
            row->id = (int64_t)id;
            return true;
        }
    }
    return false;
}

static bool open_store(struct job *job, struct error *err)
{
    if (job->store == NULL) {
        job->store = data_store_open(job->folder, 1, err);
    }
    return job->store != NULL;
}

static bool keep_value(struct job *job, struct error *err)
{
    struct batch_row *row = &job->batch[job->batch_count];

    *row = (struct batch_row){ .sealed = BUFFER_INIT(SEALED_MAX) };
    if (!parse_value(job->record.name, row)) {
        return error_set(err, REASON_INTERNAL, "a value without a place");
    }
    if (!open_store(job, err)
        || !protect_seal(job->folder, job->record.purpose, buffer_bytes(&job->content),
                         &row->sealed, err)) {
        buffer_clear(&row->sealed);
        return false;
    }
    job->batch_count++;
    return job->batch_count < BATCH || flush_values(job, err);
}

static bool keep_secret(struct job *job, const char *path, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(SEALED_MAX);
    bool ok =
        protect_seal(job->folder, job->record.purpose, buffer_bytes(&job->content), &sealed, err)
        && file_create_new(path, buffer_bytes(&sealed), true, err);

    buffer_clear(&sealed);
    return ok;
}

/* ---- records --------------------------------------------------------------------------------- */

static bool make_folders(const struct job *job, const char *name, struct error *err)
{
    char below[BACKUP_NAME_MAX];
    char path[FILE_PATH_MAX];

    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        if (!text_format(below, sizeof(below), "%.*s", (int)(slash - name), name)
            || !path_join(path, job->folder, below, err) || !folder_create(path, true, err)) {
            return error_set(err, REASON_LIMIT, "a path is too long");
        }
    }
    return true;
}

static bool in_memory(const struct backup_record *record)
{
    return record->type == BACKUP_RECORD_SECRET || record->type == BACKUP_RECORD_VALUE
           || backup_layout_kind(record->name) == BACKUP_KIND_SECRET;
}

static bool begin_record(void *context, const struct backup_record *record, struct error *err)
{
    struct job *job = context;
    char path[FILE_PATH_MAX];

    job->record = *record;
    buffer_clear(&job->content);
    if (record->type == BACKUP_RECORD_VALUE) {
        return true;
    }
    if (!make_folders(job, record->name, err)) {
        return false;
    }
    if (in_memory(record)) {
        return true;
    }
    if (!path_join(path, job->folder, record->name, err)) {
        return false;
    }
    job->file = file_writer_create(path, err);
    return job->file != NULL;
}

static bool take_content(void *context, struct bytes data, struct error *err)
{
    struct job *job = context;

    return job->file != NULL ? file_writer_write(job->file, data, err)
                             : buffer_append_bytes(&job->content, data, err);
}

/* A file in the place of a sealed key is one that names a key elsewhere, or nothing. */
static bool keep_reference(struct job *job, const char *path, struct error *err)
{
    struct bytes content = buffer_bytes(&job->content);
    size_t len = strlen(SEALED_REFERENCE_MAGIC);

    if (content.len < len || memcmp(content.data, SEALED_REFERENCE_MAGIC, len) != 0) {
        return error_set(err, REASON_BACKUP_FORMAT,
                         "a record of the backup is refused: a key in "
                         "clear (%s)",
                         job->record.name);
    }
    return file_create_new(path, content, true, err);
}

static bool end_record(void *context, struct error *err)
{
    struct job *job = context;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (job->record.type == BACKUP_RECORD_VALUE) {
        ok = keep_value(job, err);
    } else if (!path_join(path, job->folder, job->record.name, err)) {
        ok = false;
    } else if (job->record.type == BACKUP_RECORD_SECRET) {
        ok = keep_secret(job, path, err);
    } else if (job->file == NULL) {
        ok = keep_reference(job, path, err);
    } else {
        ok = file_writer_finish(job->file, err);
        file_writer_free(job->file);
        job->file = NULL;
    }
    buffer_clear(&job->content);
    return ok;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check_version(const struct job *job, const struct json *manifest, struct error *err)
{
    const struct json *schema = json_value_get(manifest, "schema");
    const struct json *product = json_value_get(manifest, "product");

    if (schema == NULL || json_value_kind(schema) != JSON_KIND_INTEGER || product == NULL
        || json_value_kind(product) != JSON_KIND_TEXT) {
        return error_set(err, REASON_BACKUP_FORMAT, "%s: the manifest names no version",
                         job->order->file);
    }
    if (json_value_integer(schema) > store_snapshot_schema()) {
        return error_set(err, REASON_BACKUP_FORMAT,
                         "%s was made by OpenNDES %.32s, which is newer; install that version and "
                         "restore with it",
                         job->order->file, json_value_text(product));
    }
    return true;
}

/* Every sealed value opens here: none was left as it came from the other machine. */
static bool open_value(void *context, const struct store_sealed_row *row, struct error *err)
{
    const struct job *job = context;
    char purpose[SEALED_PURPOSE_MAX];
    struct secret plain = SECRET_INIT;
    bool ok = row->column == STORE_SEALED_PASSWORD
                  ? text_format(purpose, sizeof(purpose), SEALED_SINGLE_PASSWORD "%s", row->scope)
                  : text_copy(purpose, sizeof(purpose), SEALED_INTUNE_TICKET);

    ok = ok && protect_open(job->folder, purpose, row->sealed, &plain, err);
    secret_clear(&plain);
    return ok
           || error_set(err, REASON_BACKUP_FORMAT, "the backup lacks %s/%lld of its database",
                        store_sealed_name(row->column), (long long)row->id);
}

static bool count_passwords(void *context, const char *scope, int64_t outstanding, int64_t expired,
                            struct error *err)
{
    (void)scope;
    (void)expired;
    (void)err;
    *(int64_t *)context += outstanding;
    return true;
}

static bool check_database(struct job *job, int64_t *passwords, struct error *err)
{
    char path[FILE_PATH_MAX];

    if (!path_join(path, job->folder, BACKUP_DATABASE_FILE, err)) {
        return false;
    }
    if (!file_exists(path)) {
        return true;
    }
    return open_store(job, err) && flush_values(job, err) && store_check(job->store, err)
           && store_sealed_list(job->store, open_value, job, err)
           && store_password_counts(job->store, clock_now(), count_passwords, passwords, err);
}

static bool note_settings(const struct job *job, struct backup_restore_result *result,
                          struct error *err)
{
    struct error ignored = ERROR_INIT;
    struct service_config config;
    char path[FILE_PATH_MAX];

    /* Settings that no longer load are restored all the same: "check" tells. */
    if (config_load_service(job->folder, &config, &ignored)) {
        result->has_public_url = config.public_url[0] != '\0';
        service_config_clear(&config);
    }
    if (!path_join(path, job->folder, "intune/client.crt", err)) {
        return false;
    }
    result->has_intune_certificate = file_exists(path);
    return true;
}

/* ---- the folder ------------------------------------------------------------------------------ */

static bool fill_folder(struct job *job, struct backup_file_in *in, struct json **manifest,
                        struct error *err)
{
    const struct backup_sink sink = { job, begin_record, take_content, end_record };

    return data_folder_create(job->folder, err) && backup_file_rewind(in, err)
           && backup_record_walk_file(in, &sink, manifest, err);
}

/* An empty folder that has the name goes, unless something is mounted there. */
static bool give_name(const struct job *job, struct error *err)
{
    struct error why = ERROR_INIT;

    if (!folder_remove(job->target, &why)) {
        return error_set(err, REASON_RESTORE_TARGET,
                         "%s cannot be replaced (%s); where a volume is mounted there, restore to "
                         "a new folder in it with --data, or beside it and move what is inside",
                         job->target, why.detail);
    }
    return file_rename_new(job->folder, job->target, err);
}

/* Makes the folder, and removes it again when anything fails. */
static bool build(struct job *job, struct backup_file_in *in, struct backup_restore_result *result,
                  struct error *err)
{
    struct error ignored = ERROR_INIT;
    bool ok = false;

    if (!backup_leftover_remove(job->folder, job->is_ours, err)
        || !folder_create_new(job->folder, err)) {
        return false;
    }
    job->is_ours = true;
    if (!fill_folder(job, in, &result->manifest, err)) goto out;
    if (!check_database(job, &result->passwords, err)) goto out;
    if (!note_settings(job, result, err)) goto out;
    store_close(job->store); /* nothing below may be open when the folder gets its name */
    job->store = NULL;
    ok = give_name(job, err);
out:
    file_writer_free(job->file);
    for (size_t i = 0; i < job->batch_count; i++) {
        buffer_clear(&job->batch[i].sealed);
    }
    buffer_clear(&job->content);
    store_close(job->store);
    if (!ok) {
        (void)!backup_leftover_remove_own(job->folder, &ignored);
    }
    return ok;
}

bool backup_restore(const struct backup_restore_order *order, struct backup_restore_result *result,
                    struct error *err)
{
    struct job job = { .order = order, .content = BUFFER_INIT(MEMORY_MAX) };
    struct backup_file_in *in = NULL;
    struct file_lock *lock = NULL;
    struct json *manifest = NULL;
    bool ok = false;

    memset(result, 0, sizeof(*result));
    if (!check_target(&job, err)) goto out;
    if (!backup_leftover_lock(job.folder, &lock, &job.is_ours, err)) goto out;
    in = backup_file_open(order->file, order->password, err);
    if (in == NULL) goto out;
    if (!backup_record_walk_file(in, NULL, &manifest, err)) goto out;
    if (!check_version(&job, manifest, err)) goto out;
    ok = build(&job, in, result, err);
out:
    if (!ok) {
        backup_restore_result_clear(result);
    }
    backup_leftover_unlock(job.folder, job.is_ours, lock);
    json_value_free(manifest);
    backup_file_close(in);
    return ok;
}

void backup_restore_result_clear(struct backup_restore_result *result)
{
    json_value_free(result->manifest);
    memset(result, 0, sizeof(*result));
}
