/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "service/backup_file.h"
#include "store/store_sealed.h"

/* type (1), 0 (1), length of the name (2), of the purpose (2), of the content (8); big-endian */
#define PREFIX_BYTES 14u
#define PIECE_BYTES 65536u
#define MANIFEST_DEPTH 8u

const char *backup_record_type_name(unsigned type)
{
    static const char *const names[] = {
        [BACKUP_RECORD_FILE] = "file",         [BACKUP_RECORD_SECRET] = "secret",
        [BACKUP_RECORD_DATABASE] = "database", [BACKUP_RECORD_VALUE] = "value",
        [BACKUP_RECORD_LOG] = "log",           [BACKUP_RECORD_MANIFEST] = "manifest",
    };

    return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

bool backup_record_list(struct json *files, const struct backup_record *record, struct error *err)
{
    struct json *row = json_value_new_object();

    if (row == NULL) {
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    if (!json_value_put_text(row, "name", record->name, err)
        || !json_value_put_text(row, "type", backup_record_type_name(record->type), err)
        || !json_value_put_integer(row, "bytes", (int64_t)record->size, err)) {
        json_value_free(row);
        return false;
    }
    return json_value_push(files, row, err);
}

/* ---- one record ------------------------------------------------------------------------------ */

static void put_number(uint8_t *at, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

static uint64_t get_number(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

bool backup_record_encode(const struct backup_record *record, struct buffer *out, struct error *err)
{
    uint8_t prefix[PREFIX_BYTES] = { (uint8_t)record->type, 0 };

    put_number(prefix + 2, 2, strlen(record->name));
    put_number(prefix + 4, 2, strlen(record->purpose));
    put_number(prefix + 6, 8, record->size);
    return buffer_append(out, prefix, sizeof(prefix), err)
           && buffer_append_text(out, record->name, err)
           && buffer_append_text(out, record->purpose, err);
}

static bool refuse(struct error *err, const char *what, const char *name)
{
    char shown[BACKUP_NAME_MAX];

    text_escape(shown, sizeof(shown), bytes_of_text(name));
    return error_set(err, REASON_BACKUP_FORMAT, "a record of the backup is refused: %s%s%s%s", what,
                     name[0] != '\0' ? " (" : "", shown, name[0] != '\0' ? ")" : "");
}

static bool read_text(const struct backup_source *source, char *text, size_t size, uint64_t len,
                      struct error *err)
{
    if (len >= size) {
        return refuse(err, "a name is too long", "");
    }
    if (!source->read(source->context, text, (size_t)len, err)) {
        return false;
    }
    text[len] = '\0';
    return strlen(text) == len || refuse(err, "a name with a NUL", "");
}

static bool read_prefix(const struct backup_source *source, struct backup_record *record,
                        struct error *err)
{
    uint8_t prefix[PREFIX_BYTES];

    memset(record, 0, sizeof(*record));
    if (!source->read(source->context, prefix, sizeof(prefix), err)) {
        return false;
    }
    if (backup_record_type_name(prefix[0]) == NULL || prefix[1] != 0) {
        return refuse(err, "its type is unknown", "");
    }
    record->type = (enum backup_record_type)prefix[0];
    record->size = get_number(prefix + 6, 8);
    return read_text(source, record->name, sizeof(record->name), get_number(prefix + 2, 2), err)
           && read_text(source, record->purpose, sizeof(record->purpose), get_number(prefix + 4, 2),
                        err);
}

/* "<table>.<column>/<id>" */
static bool value_is_known(const struct backup_record *record)
{
    static const char *const purposes[STORE_SEALED_COLUMNS] = {
        [STORE_SEALED_PASSWORD] = SEALED_SINGLE_PASSWORD,
        [STORE_SEALED_TICKET] = SEALED_INTUNE_TICKET,
    };

    for (int i = 0; i < STORE_SEALED_COLUMNS; i++) {
        const char *column = store_sealed_name((enum store_sealed_column)i);
        size_t len = strlen(column);
        uint64_t id = 0;

        if (strncmp(record->name, column, len) == 0 && record->name[len] == '/') {
            return text_parse_u64(bytes_of_text(record->name + len + 1), INT64_MAX, &id)
                   && strncmp(record->purpose, purposes[i], strlen(purposes[i])) == 0;
        }
    }
    return false;
}

/* Kind of the place and size; a file in a secret's place only names the key. */
static bool fits_kind(const struct backup_record *record, enum backup_kind kind)
{
    uint64_t max = backup_layout_max(kind);

    switch (record->type) {
    case BACKUP_RECORD_FILE:
        if (kind == BACKUP_KIND_SECRET) {
            max = BACKUP_REFERENCE_MAX;
        }
        return (kind == BACKUP_KIND_FILE || kind == BACKUP_KIND_POLICY
                || kind == BACKUP_KIND_SECRET)
               && record->size <= max;
    case BACKUP_RECORD_SECRET:
        return kind == BACKUP_KIND_SECRET && record->size <= max;
    case BACKUP_RECORD_DATABASE:
        return kind == BACKUP_KIND_DATABASE && record->size <= max;
    case BACKUP_RECORD_LOG:
        return kind == BACKUP_KIND_LOG && record->size <= max;
    default:
        return false;
    }
}

static bool check_record(const struct backup_record *record, struct error *err)
{
    char purpose[SEALED_PURPOSE_MAX] = "";

    if (record->type == BACKUP_RECORD_MANIFEST) {
        return (record->name[0] == '\0' && record->purpose[0] == '\0'
                && record->size <= BACKUP_MANIFEST_MAX)
               || refuse(err, "the manifest is malformed", record->name);
    }
    if (record->type == BACKUP_RECORD_VALUE) {
        return (value_is_known(record) && record->size <= BACKUP_VALUE_MAX)
               || refuse(err, "no such value is sealed in the database", record->name);
    }
    if (!fits_kind(record, backup_layout_kind(record->name))) {
        return refuse(err, "no file of this name, kind and size belongs into a data folder",
                      record->name);
    }
    if (record->type == BACKUP_RECORD_SECRET && !sealed_place_purpose(record->name, purpose)) {
        return refuse(err, "nothing is sealed in this place", record->name);
    }
    return strcmp(record->purpose, purpose) == 0
           || refuse(err, "it is sealed for something else", record->name);
}

/* ---- all records ----------------------------------------------------------------------------- */

struct walk {
    const struct backup_source *source;
    const struct backup_sink *sink; /* may be NULL */
    struct json *files;             /* as they come */
    char **names;                   /* sorted without case; owned */
    size_t name_count;
    size_t name_cap;
    uint64_t values;
    bool has_config;
    bool has_database;
    uint8_t piece[PIECE_BYTES];
};

static bool grow_names(struct walk *walk, struct error *err)
{
    size_t cap = walk->name_cap == 0 ? 64 : 2 * walk->name_cap;
    char **names = NULL;

    if (walk->name_count < walk->name_cap) {
        return true;
    }
    names = realloc(walk->names, cap * sizeof(*names));
    if (names == NULL) {
        return error_set(err, REASON_NO_MEMORY, "names of a backup");
    }
    walk->names = names;
    walk->name_cap = cap;
    return true;
}

static bool note_name(struct walk *walk, const char *name, struct error *err)
{
    size_t low = 0;
    size_t high = walk->name_count;
    char *copy = NULL;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = backup_layout_compare(name, walk->names[middle]);

        if (order == 0) {
            return refuse(err, "the name comes twice", name);
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if (walk->name_count >= BACKUP_FILES_MAX) {
        return refuse(err, "there are too many files", "");
    }
    copy = text_dup(name);
    if (copy == NULL || !grow_names(walk, err)) {
        free(copy);
        return error_set(err, REASON_NO_MEMORY, "names of a backup");
    }
    memmove(walk->names + low + 1, walk->names + low,
            (walk->name_count - low) * sizeof(walk->names[0]));
    walk->names[low] = copy;
    walk->name_count++;
    return true;
}

/* The place of a record among the others. */
static bool note_record(struct walk *walk, const struct backup_record *record, struct error *err)
{
    if (record->type == BACKUP_RECORD_VALUE) {
        walk->values++;
        return (walk->has_database && walk->values <= BACKUP_VALUES_MAX)
               || refuse(err, "a value without a database, or too many", record->name);
    }
    walk->has_database = walk->has_database || record->type == BACKUP_RECORD_DATABASE;
    walk->has_config = walk->has_config || strcmp(record->name, "openndes.json") == 0;
    return note_name(walk, record->name, err) && backup_record_list(walk->files, record, err);
}

static bool pass_content(struct walk *walk, uint64_t left, struct error *err)
{
    while (left > 0) {
        size_t part = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

        if (!walk->source->read(walk->source->context, walk->piece, part, err)) {
            return false;
        }
        if (walk->sink != NULL
            && !walk->sink->data(walk->sink->context, bytes_of(walk->piece, part), err)) {
            return false;
        }
        left -= part;
    }
    return true;
}

static bool pass_record(struct walk *walk, const struct backup_record *record, struct error *err)
{
    const struct backup_sink *sink = walk->sink;

    return note_record(walk, record, err)
           && (sink == NULL || sink->begin(sink->context, record, err))
           && pass_content(walk, record->size, err)
           && (sink == NULL || sink->end(sink->context, err));
}

static bool read_manifest(struct walk *walk, uint64_t size, struct json **manifest,
                          struct error *err)
{
    struct buffer text = BUFFER_INIT(BACKUP_MANIFEST_MAX);
    struct error why = ERROR_INIT;
    bool ok = buffer_reserve(&text, (size_t)size, err)
              && walk->source->read(walk->source->context, text.data, (size_t)size, err);

    if (ok) {
        text.len = (size_t)size;
        *manifest =
            json_value_parse(buffer_bytes(&text), BACKUP_MANIFEST_MAX, MANIFEST_DEPTH, &why);
        ok = *manifest != NULL;
        if (!ok && why.reason == REASON_NO_MEMORY) {
            *err = why; /* nobody knows yet that the backup is damaged */
        } else if (!ok) {
            (void)refuse(err, "the manifest is no JSON", "");
        }
    }
    buffer_clear(&text);
    return ok;
}

/* What the manifest says has to be what was there: same files, order, types and sizes. */
static bool check_manifest(const struct walk *walk, const struct json *manifest, struct error *err)
{
    struct buffer said = BUFFER_INIT(BACKUP_MANIFEST_MAX);
    struct buffer seen = BUFFER_INIT(BACKUP_MANIFEST_MAX);
    const struct json *files = NULL;
    const struct json *values = NULL;
    bool ok = false;

    if (json_value_kind(manifest) == JSON_KIND_OBJECT) {
        files = json_value_get(manifest, "files");
        values = json_value_get(manifest, "sealed_values");
    }
    if (files == NULL || values == NULL || json_value_kind(values) != JSON_KIND_INTEGER
        || json_value_integer(values) != (int64_t)walk->values) {
        (void)refuse(err, "the manifest does not say what is in the backup", "");
        goto out;
    }
    if (!json_value_print(files, 0, &said, err) || !json_value_print(walk->files, 0, &seen, err)) {
        goto out;
    }
    ok = (walk->has_config && bytes_equal(buffer_bytes(&said), buffer_bytes(&seen)))
         || refuse(err, "the manifest does not say what is in the backup", "");
out:
    buffer_clear(&said);
    buffer_clear(&seen);
    return ok;
}

static bool walk_all(struct walk *walk, struct json **manifest, struct error *err)
{
    bool at_end = false;

    while (*manifest == NULL) {
        struct backup_record record;

        if (!read_prefix(walk->source, &record, err) || !check_record(&record, err)) {
            return false;
        }
        if (record.type == BACKUP_RECORD_MANIFEST ? !read_manifest(walk, record.size, manifest, err)
                                                  : !pass_record(walk, &record, err)) {
            return false;
        }
    }
    return check_manifest(walk, *manifest, err)
           && walk->source->at_end(walk->source->context, &at_end, err)
           && (at_end || refuse(err, "something follows the manifest", ""));
}

bool backup_record_walk(const struct backup_source *source, const struct backup_sink *sink,
                        struct json **manifest, struct error *err)
{
    struct walk *walk = calloc(1, sizeof(*walk));
    bool ok = false;

    *manifest = NULL;
    if (walk == NULL) {
        return error_set(err, REASON_NO_MEMORY, "backup");
    }
    walk->source = source;
    walk->sink = sink;
    walk->files = json_value_new_array();
    if (walk->files == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "JSON");
        goto out;
    }
    ok = walk_all(walk, manifest, err);
out:
    if (!ok) {
        json_value_free(*manifest);
        *manifest = NULL;
    }
    json_value_free(walk->files);
    for (size_t i = 0; i < walk->name_count; i++) {
        free(walk->names[i]);
    }
    free(walk->names);
    secret_wipe(walk->piece, sizeof(walk->piece));
    free(walk);
    return ok;
}

static bool read_file(void *context, void *data, size_t len, struct error *err)
{
    return backup_file_read(context, data, len, err);
}

static bool file_at_end(void *context, bool *at_end, struct error *err)
{
    return backup_file_at_end(context, at_end, err);
}

bool backup_record_walk_file(struct backup_file_in *in, const struct backup_sink *sink,
                             struct json **manifest, struct error *err)
{
    const struct backup_source source = { in, read_file, file_at_end };

    return backup_record_walk(&source, sink, manifest, err);
}
