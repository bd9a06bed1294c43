/* SPDX-License-Identifier: Apache-2.0 */
#include "support/disk_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/disk_log_entries.h"

static const char *const words[] = {
    "new file",     "given",          "given folder", "write",  "resize",      "flush",
    "failed flush", "flush names in", "remove",       "rename", "second name", "new folder",
};

void *disk_log_need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "no memory for the log of the disk\n");
        abort();
    }
    return memory;
}

struct disk_log *disk_log_create(void)
{
    struct disk_log *log = disk_log_need(calloc(1, sizeof(*log)));

    (void)pthread_mutex_init(&log->lock, NULL);
    return log;
}

void disk_log_free(struct disk_log *log)
{
    if (log == NULL) {
        return;
    }
    for (size_t i = 0; i < log->count; i++) {
        free((void *)log->entries[i].data.data);
    }
    (void)pthread_mutex_destroy(&log->lock);
    free(log->entries);
    free(log);
}

static void copy_name(char to[DISK_NAME_BYTES], const char *name)
{
    if (snprintf(to, DISK_NAME_BYTES, "%s", name) >= DISK_NAME_BYTES) {
        abort();
    }
}

static void note(struct disk_log *log, enum operation operation, const char *name, const char *to,
                 int64_t at, struct bytes data)
{
    (void)pthread_mutex_lock(&log->lock);
    if (log->count == log->room) {
        log->room = log->room * 2 + 64;
        log->entries = disk_log_need(realloc(log->entries, log->room * sizeof(*log->entries)));
    }
    struct entry *entry = &log->entries[log->count];
    *entry = (struct entry){ .operation = operation, .at = at };
    copy_name(entry->name, name);
    copy_name(entry->to, to);
    entry->promises = log->count == 0 ? log->promises : log->entries[log->count - 1].promises;
    if (data.len > 0) {
        uint8_t *copy = disk_log_need(malloc(data.len));
        memcpy(copy, data.data, data.len);
        entry->data = bytes_of(copy, data.len);
    }
    log->count++;
    log->given += operation == GIVEN || operation == GIVEN_FOLDER ? 1 : 0;
    (void)pthread_mutex_unlock(&log->lock);
}

static const struct bytes nothing;

void disk_log_new(struct disk_log *log, const char *name)
{
    note(log, NEW, name, "", 0, nothing);
}

void disk_log_given(struct disk_log *log, const char *name, struct bytes content)
{
    note(log, GIVEN, name, "", 0, content);
}

void disk_log_given_folder(struct disk_log *log, const char *name)
{
    note(log, GIVEN_FOLDER, name, "", 0, nothing);
}

void disk_log_write(struct disk_log *log, const char *name, int64_t at, struct bytes data)
{
    note(log, WRITE, name, "", at, data);
}

void disk_log_resize(struct disk_log *log, const char *name, int64_t size)
{
    note(log, RESIZE, name, "", size, nothing);
}

void disk_log_flush(struct disk_log *log, const char *name)
{
    note(log, FLUSH, name, "", 0, nothing);
}

void disk_log_flush_failed(struct disk_log *log, const char *name)
{
    note(log, FLUSH_FAILED, name, "", 0, nothing);
}

void disk_log_flush_names(struct disk_log *log, const char *folder)
{
    note(log, FLUSH_NAMES, folder, "", 0, nothing);
}

void disk_log_remove(struct disk_log *log, const char *name)
{
    note(log, REMOVE, name, "", 0, nothing);
}

void disk_log_rename(struct disk_log *log, const char *from, const char *to)
{
    note(log, RENAME, from, to, 0, nothing);
}

void disk_log_link(struct disk_log *log, const char *from, const char *to, disk_second_name *give)
{
    log->second_name = give;
    note(log, LINK, from, to, 0, nothing);
}

void disk_log_folder(struct disk_log *log, const char *name)
{
    note(log, FOLDER, name, "", 0, nothing);
}

void disk_log_promise(struct disk_log *log, size_t promise)
{
    (void)pthread_mutex_lock(&log->lock);
    *(log->count == 0 ? &log->promises : &log->entries[log->count - 1].promises) = promise;
    (void)pthread_mutex_unlock(&log->lock);
}

size_t disk_log_count(const struct disk_log *log)
{
    return log->count - log->given;
}

const char *disk_log_tell(const struct disk_log *log, size_t number)
{
    static char text[2 * DISK_NAME_BYTES + 64];
    const struct entry *e = &log->entries[log->given + number];

    snprintf(text, sizeof(text), "%zu: %s %s %s %lld+%zu", number, words[e->operation], e->name,
             e->to, (long long)e->at, e->data.len);
    return text;
}
