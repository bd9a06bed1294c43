/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as they stand behind the encryption, of unknown origin: the parser, and what it promises
 * about what a restore is told to write.
 */
#include <stdlib.h>
#include <string.h>

#include "service/backup_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise) {
        abort();
    }
}

struct stream {
    struct bytes data;
    size_t pos;
};

static bool stream_read(void *context, void *data, size_t len, struct error *err)
{
    struct stream *stream = context;

    if (len > stream->data.len - stream->pos) {
        return error_set(err, REASON_BACKUP_DAMAGED, "end");
    }
    if (len > 0) {
        memcpy(data, stream->data.data + stream->pos, len);
    }
    stream->pos += len;
    return true;
}

static bool stream_at_end(void *context, bool *at_end, struct error *err)
{
    const struct stream *stream = context;

    (void)err;
    *at_end = stream->pos == stream->data.len;
    return true;
}

struct seen {
    uint64_t left;
    bool is_open;
    bool has_database;
};

/* No part of the path leads anywhere else: "", ".", "..", or one that Windows cuts the end off. */
static bool parts_are_plain(const char *path)
{
    for (;;) {
        size_t len = strcspn(path, "/");

        if (len == 0 || path[0] == '.' || path[len - 1] == '.' || path[len - 1] == ' ') {
            return false;
        }
        if (path[len] == '\0') {
            return true;
        }
        path += len + 1;
    }
}

static bool begin(void *context, const struct backup_record *record, struct error *err)
{
    struct seen *seen = context;
    char purpose[SEALED_PURPOSE_MAX];

    (void)err;
    must(!seen->is_open);
    must(parts_are_plain(record->name) && strpbrk(record->name, "\\:*?\"<>|") == NULL);
    must(record->type != BACKUP_RECORD_MANIFEST);
    if (record->type == BACKUP_RECORD_VALUE) {
        must(seen->has_database);
    } else {
        enum backup_kind kind = backup_layout_kind(record->name);

        must(kind != BACKUP_KIND_UNKNOWN && kind != BACKUP_KIND_NEVER);
        must(record->size <= backup_layout_max(kind));
    }
    if (record->type == BACKUP_RECORD_SECRET) {
        must(sealed_place_purpose(record->name, purpose));
        must(strcmp(purpose, record->purpose) == 0);
    }
    seen->has_database = seen->has_database || record->type == BACKUP_RECORD_DATABASE;
    seen->left = record->size;
    seen->is_open = true;
    return true;
}

static bool take(void *context, struct bytes data, struct error *err)
{
    struct seen *seen = context;

    (void)err;
    must(seen->is_open && data.len > 0 && data.len <= seen->left);
    seen->left -= data.len;
    return true;
}

static bool end(void *context, struct error *err)
{
    struct seen *seen = context;

    (void)err;
    must(seen->is_open && seen->left == 0);
    seen->is_open = false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stream stream = { bytes_of(data, size), 0 };
    const struct backup_source source = { &stream, stream_read, stream_at_end };
    struct seen seen = { 0, false, false };
    const struct backup_sink sink = { &seen, begin, take, end };
    struct json *manifest = NULL;
    struct error err = ERROR_INIT;

    if (backup_record_walk(&source, &sink, &manifest, &err)) {
        must(manifest != NULL && !seen.is_open && stream.pos == size);
    } else {
        must(manifest == NULL && error_is_set(&err));
    }
    json_value_free(manifest);
    return 0;
}
