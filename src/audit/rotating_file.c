/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/rotating_file.h"

#include <stdlib.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/file_reader.h"
#include "platform/files.h"

#define LOOK_US_DEFAULT 1000000

struct rotating_file {
    char path[FILE_PATH_MAX];
    uint64_t max_bytes;
    int64_t files;
    struct file_append *append; /* NULL: could not be opened, tried again with the next line */
    struct file_stamp stamp;    /* of the file when it was opened: its id */
    int64_t look_us;
    int64_t looked_us;  /* last time */
    uint64_t rotate_at; /* size; above max_bytes after a rotation that failed */
    bool torn;          /* the file ends in the middle of a line */
};

/* ---- the open file ----------------------------------------------------------------------- */

/* Whoever wrote last was killed, its disk was full or its power failed: what comes next would be
   part of a line that nobody can read. */
static bool ends_in_a_line(const char *path)
{
    struct error ignored = ERROR_INIT;
    struct file_reader *reader = file_reader_open(path, &ignored);
    uint64_t size = reader != NULL ? file_reader_stamp(reader)->size : 0;
    char last = '\n';
    bool known = size > 0 && file_reader_at(reader, size - 1, &last, 1, &ignored);

    file_reader_close(reader);
    return known && last != '\n';
}

static bool open_append(struct rotating_file *file, struct error *err)
{
    file->append = file_append_open(file->path, err);
    if (file->append == NULL) {
        return false;
    }
    file->torn = ends_in_a_line(file->path);
    file->rotate_at = file->max_bytes;
    file->looked_us = clock_monotonic_us();
    /* Without a stamp we only do not notice what other processes do. */
    if (!file_stamp(file->path, &file->stamp, &(struct error)ERROR_INIT)) {
        file->stamp.id = 0;
    }
    return true;
}

static void close_append(struct rotating_file *file)
{
    file_append_close(file->append);
    file->append = NULL;
}

/* Another process has renamed the file, or an administrator has removed it. */
static bool is_other_file(const struct rotating_file *file)
{
    struct file_stamp now = { 0 };

    return file_stamp(file->path, &now, &(struct error)ERROR_INIT) && now.id != file->stamp.id;
}

static void follow_path(struct rotating_file *file)
{
    int64_t now_us = clock_monotonic_us();

    if (file->append == NULL || now_us - file->looked_us < file->look_us) {
        return;
    }
    file->looked_us = now_us;
    if (is_other_file(file)) {
        close_append(file);
    }
}

/* ---- rotation ---------------------------------------------------------------------------- */

static bool numbered_path(const struct rotating_file *file, int64_t number,
                          char path[FILE_PATH_MAX], struct error *err)
{
    if (!text_format(path, FILE_PATH_MAX, "%s.%lld", file->path, (long long)number)) {
        return error_set(err, REASON_LIMIT, "%s: the path is too long", file->path);
    }
    return true;
}

/* NAME.1 becomes NAME.2 and so on; what would become NAME.<files + 1> goes. */
static bool shift_files(const struct rotating_file *file, struct error *err)
{
    char from[FILE_PATH_MAX];
    char to[FILE_PATH_MAX];

    if (file->files == 0) {
        return file_remove(file->path, err);
    }
    for (int64_t i = file->files - 1; i >= 0; i--) {
        if (!numbered_path(file, i + 1, to, err)) {
            return false;
        }
        if (i == 0) {
            return file_rename(file->path, to, err);
        }
        if (!numbered_path(file, i, from, err)) {
            return false;
        }
        if (file_exists(from) && !file_rename(from, to, err)) {
            return false;
        }
    }
    return true;
}

/*
 * A file that cannot be renamed (a viewer keeps it open on Windows) goes on growing: lines matter
 * more than sizes. The next attempt comes an eighth later, not with every line.
 */
static bool rotate(struct rotating_file *file, struct error *err)
{
    /* Windows renames no open file. */
    close_append(file);
    bool shifted = is_other_file(file) || shift_files(file, &(struct error)ERROR_INIT);
    if (!open_append(file, err)) {
        return false;
    }
    if (!shifted) {
        file->rotate_at = file_append_size(file->append) + file->max_bytes / 8;
    }
    return true;
}

/* ---- lines ------------------------------------------------------------------------------- */

static bool make_ready(struct rotating_file *file, size_t more, struct error *err)
{
    follow_path(file);
    if (file->append == NULL && !open_append(file, err)) {
        return false;
    }
    uint64_t size = file_append_size(file->append);
    return size == 0 || size + more <= file->rotate_at || rotate(file, err);
}

bool rotating_file_write(struct rotating_file *file, struct bytes line, struct error *err)
{
    uint64_t before = 0;

    if (!make_ready(file, line.len, err)) {
        return false;
    }
    if (file->torn) {
        if (!file_append_write(file->append, bytes_of_text("\n"), err)) {
            return false;
        }
        file->torn = false;
    }
    before = file_append_size(file->append);
    if (!file_append_write(file->append, line, err)) {
        file->torn = file_append_size(file->append) != before;
        return false;
    }
    return true;
}

struct rotating_file *rotating_file_open(const struct rotating_file_options *options,
                                         struct error *err)
{
    struct rotating_file *file = calloc(1, sizeof *file);
    bool ok = false;

    if (file == NULL) {
        error_set(err, REASON_NO_MEMORY, "log file");
        goto out;
    }
    if (options->max_bytes < 1 || options->files < 0) {
        error_set(err, REASON_INTERNAL, "%s: size and number of files", options->name);
        goto out;
    }
    file->max_bytes = (uint64_t)options->max_bytes;
    file->files = options->files;
    file->look_us = options->look_us > 0 ? options->look_us : LOOK_US_DEFAULT;
    if (!path_join(file->path, options->folder, options->name, err)) goto out;
    if (!folder_create(options->folder, true, err)) goto out;
    if (!open_append(file, err)) goto out;
    ok = true;
out:
    if (!ok) {
        rotating_file_close(file);
        file = NULL;
    }
    return file;
}

void rotating_file_close(struct rotating_file *file)
{
    if (file == NULL) {
        return;
    }
    close_append(file);
    free(file);
}
