/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/audit_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/file_reader.h"

#define FILE_NAME "audit.jsonl"
#define BLOCK_BYTES 65536u
#define MEMORY_BYTES (AUDIT_READER_LINE_MAX + BLOCK_BYTES)
#define RECORD_DEPTH 8u  /* a record is flat but for transaction_id */
#define FILES_MAX 10001u /* audit.files at its maximum, and the newest */
#define GAP_MAX 1u       /* while files are renamed, one number is free for a moment */

struct audit_reader {
    char path[FILE_PATH_MAX]; /* of the newest file */
    unsigned number;          /* of the file to open next: 0 audit.jsonl, 1 audit.jsonl.1, ... */
    unsigned gap;             /* numbers without a file in a row */
    uint64_t last_id;         /* of the file that was read last; 0: none yet */
    struct file_reader *file; /* NULL between two files */
    uint64_t unread;          /* bytes of the file in front of those in memory */
    uint8_t *memory;          /* MEMORY_BYTES; what was read and not given out: from begin to end */
    size_t begin, end;
    bool overlong; /* the line at the end of memory has lost its own end: it is too long */
    uint64_t damaged;
};

/* ---- files ----------------------------------------------------------------------------------- */

static bool numbered_path(const struct audit_reader *reader, unsigned number,
                          char path[FILE_PATH_MAX], struct error *err)
{
    bool ok = number == 0 ? text_copy(path, FILE_PATH_MAX, reader->path)
                          : text_format(path, FILE_PATH_MAX, "%s.%u", reader->path, number);

    return ok || error_set(err, REASON_LIMIT, "%s: the path is too long", reader->path);
}

/*
 * Rotations since the last file was opened have given it a higher number; the next older file
 * stands behind it. A file that is gone leaves the number as it is.
 */
static bool follow_rotation(struct audit_reader *reader, struct error *err)
{
    unsigned missing = 0;

    for (unsigned n = reader->number; reader->last_id != 0 && missing <= GAP_MAX && n > 0; n++) {
        char path[FILE_PATH_MAX];
        struct file_stamp stamp;

        if (!numbered_path(reader, n - 1, path, err) || !file_stamp(path, &stamp, err)) {
            return false;
        }
        missing = stamp.id == 0 ? missing + 1 : 0;
        if (stamp.id == reader->last_id) {
            reader->number = n;
            break;
        }
    }
    reader->last_id = 0;
    return true;
}

/* Open the next older file; reader->file stays NULL when there is none. */
static bool open_next(struct audit_reader *reader, struct error *err)
{
    char path[FILE_PATH_MAX];

    if (!follow_rotation(reader, err)) {
        return false;
    }
    while (reader->file == NULL && reader->number < FILES_MAX && reader->gap <= GAP_MAX) {
        struct error why = ERROR_INIT;

        if (!numbered_path(reader, reader->number, path, err)) {
            return false;
        }
        reader->file = file_reader_open(path, &why);
        if (reader->file == NULL && why.reason != REASON_FILE_MISSING) {
            return error_set(err, why.reason, "%s", why.detail);
        }
        reader->gap = reader->file == NULL ? reader->gap + 1 : 0;
        reader->number++;
    }
    if (reader->file != NULL) {
        reader->unread = file_reader_stamp(reader->file)->size;
        reader->last_id = file_reader_stamp(reader->file)->id;
        reader->begin = reader->end = 0;
        reader->overlong = false;
    }
    return true;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Put the block that stands in front of what is in memory in front of it. */
static bool load_block(struct audit_reader *reader, struct error *err)
{
    size_t kept = reader->end - reader->begin;
    size_t len = reader->unread < BLOCK_BYTES ? (size_t)reader->unread : BLOCK_BYTES;

    if (kept > AUDIT_READER_LINE_MAX) {
        reader->overlong = true;
        kept = 0;
    }
    memmove(reader->memory + MEMORY_BYTES - kept, reader->memory + reader->begin, kept);
    reader->end = MEMORY_BYTES;
    reader->begin = MEMORY_BYTES - kept - len;
    if (!file_reader_at(reader->file, reader->unread - len, reader->memory + reader->begin, len,
                        err)) {
        return false;
    }
    reader->unread -= len;
    return true;
}

/* The length of the last line in memory; false when its beginning is not there yet. */
static bool last_line(const struct audit_reader *reader, struct bytes *line)
{
    size_t start = reader->end;

    while (start > reader->begin && reader->memory[start - 1] != '\n') {
        start--;
    }
    *line = bytes_of(reader->memory + start, reader->end - start);
    return start > reader->begin || reader->unread == 0;
}

/* The record of a line, or NULL with reader->damaged counted. False when out of memory. */
static bool parse_line(struct audit_reader *reader, struct bytes line, struct json **record,
                       struct error *err)
{
    struct error why = ERROR_INIT;

    line = text_trim(line);
    *record = NULL;
    if (line.len == 0 && !reader->overlong) {
        return true; /* before the first line end from the file's end on, or closed after a tear */
    }
    if (!reader->overlong) {
        *record = json_value_parse(line, AUDIT_READER_LINE_MAX, RECORD_DEPTH, &why);
    }
    if (*record == NULL && why.reason == REASON_NO_MEMORY) {
        return error_set(err, why.reason, "%s", why.detail);
    }
    if (*record != NULL && json_value_kind(*record) != JSON_KIND_OBJECT) {
        json_value_free(*record);
        *record = NULL;
    }
    reader->damaged += *record == NULL ? 1 : 0;
    reader->overlong = false;
    return true;
}

/* The next older record of the open file, which is closed behind its oldest. */
static bool next_of_file(struct audit_reader *reader, struct json **record, struct error *err)
{
    struct bytes line;

    while (*record == NULL && reader->file != NULL) {
        while (!last_line(reader, &line)) {
            if (!load_block(reader, err)) {
                return false;
            }
        }
        if (!parse_line(reader, line, record, err)) {
            return false;
        }
        reader->end -= line.len;
        if (reader->end > reader->begin) {
            reader->end--; /* the line end of the line before */
        } else {
            file_reader_close(reader->file);
            reader->file = NULL;
        }
    }
    return true;
}

bool audit_reader_next(struct audit_reader *reader, struct json **record, struct error *err)
{
    *record = NULL;
    for (;;) {
        if (reader->file == NULL && !open_next(reader, err)) {
            return false;
        }
        if (reader->file == NULL) {
            return true;
        }
        if (!next_of_file(reader, record, err)) {
            return false;
        }
        if (*record != NULL) {
            return true;
        }
    }
}

uint64_t audit_reader_damaged(const struct audit_reader *reader)
{
    return reader->damaged;
}

struct audit_reader *audit_reader_open(const char *folder, struct error *err)
{
    struct audit_reader *reader = calloc(1, sizeof(*reader));
    bool ok = false;

    if (reader != NULL) {
        reader->memory = malloc(MEMORY_BYTES);
    }
    if (reader == NULL || reader->memory == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "audit files");
        goto out;
    }
    if (!path_join(reader->path, folder, FILE_NAME, err)) goto out;
    /* the newest is opened here: what is written from now on is not seen */
    ok = open_next(reader, err);
out:
    if (!ok) {
        audit_reader_close(reader);
        reader = NULL;
    }
    return reader;
}

void audit_reader_close(struct audit_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    file_reader_close(reader->file);
    free(reader->memory);
    free(reader);
}
