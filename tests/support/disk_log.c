/* SPDX-License-Identifier: Apache-2.0 */
#include "support/disk_log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test_support.h"

#define SECTOR 512
#define FILES_MAX 256u
#define NAME_BYTES 256
#define CONTENT_MAX (64u * 1024u * 1024u)

enum operation {
    NEW,
    GIVEN,
    WRITE,
    RESIZE,
    FLUSH,
    FLUSH_FAILED,
    FLUSH_NAMES,
    REMOVE,
    RENAME,
    FOLDER
};

static const char *const words[] = { "new file", "given",        "write",          "resize",
                                     "flush",    "failed flush", "flush names in", "remove",
                                     "rename",   "new folder" };

struct entry {
    enum operation operation;
    char name[NAME_BYTES], to[NAME_BYTES];
    int64_t at;
    struct bytes data; /* owned */
    size_t promises;   /* made after it, in all */
};

struct disk_log {
    pthread_mutex_t lock;
    struct entry *entries;
    size_t count, room, given;
    size_t promises; /* before the first operation */
};

/* ---- noting ---------------------------------------------------------------------------------- */

static void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "no memory for the log of the disk\n");
        abort();
    }
    return memory;
}

struct disk_log *disk_log_create(void)
{
    struct disk_log *log = need(calloc(1, sizeof(*log)));

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

static void copy_name(char to[NAME_BYTES], const char *name)
{
    if (snprintf(to, NAME_BYTES, "%s", name) >= NAME_BYTES) {
        abort();
    }
}

static void note(struct disk_log *log, enum operation operation, const char *name, const char *to,
                 int64_t at, struct bytes data)
{
    (void)pthread_mutex_lock(&log->lock);
    if (log->count == log->room) {
        log->room = log->room * 2 + 64;
        log->entries = need(realloc(log->entries, log->room * sizeof(*log->entries)));
    }
    struct entry *entry = &log->entries[log->count];
    *entry = (struct entry){ .operation = operation, .at = at };
    copy_name(entry->name, name);
    copy_name(entry->to, to);
    entry->promises = log->count == 0 ? log->promises : log->entries[log->count - 1].promises;
    if (data.len > 0) {
        uint8_t *copy = need(malloc(data.len));
        memcpy(copy, data.data, data.len);
        entry->data = bytes_of(copy, data.len);
    }
    log->count++;
    log->given += operation == GIVEN ? 1 : 0;
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
    static char text[2 * NAME_BYTES + 64];
    const struct entry *e = &log->entries[log->given + number];

    snprintf(text, sizeof(text), "%zu: %s %s %s %lld+%zu", number, words[e->operation], e->name,
             e->to, (long long)e->at, e->data.len);
    return text;
}

/* ---- the state ------------------------------------------------------------------------------- */

/* An inode: what it holds, what of it is flushed, and the operations in between. */
struct file {
    struct buffer now, safe;
    size_t pending[4096]; /* entries since it was flushed */
    size_t pending_count;
};

struct name {
    char text[NAME_BYTES];
    size_t file;
    bool folder;
};

struct names {
    struct name items[FILES_MAX];
    size_t count;
};

struct disk_state {
    const struct disk_log *log;
    size_t next; /* entry */
    struct file *files[FILES_MAX];
    size_t file_count;
    struct names now, safe;
    struct {
        size_t entry, file; /* which file it was about */
    } renamed[FILES_MAX];   /* operations on names that were not flushed, in order */
    size_t renamed_count;
};

static struct name *find(struct names *names, const char *text)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].text, text) == 0) {
            return &names->items[i];
        }
    }
    return NULL;
}

static void unname(struct names *names, const char *text)
{
    struct name *found = find(names, text);

    if (found != NULL) {
        *found = names->items[--names->count];
    }
}

static void give_name(struct names *names, const char *text, size_t file, bool folder)
{
    unname(names, text);
    if (names->count == FILES_MAX) {
        abort();
    }
    struct name *name = &names->items[names->count++];
    copy_name(name->text, text);
    name->file = file;
    name->folder = folder;
}

static void change_names(struct names *names, const struct entry *e, size_t file)
{
    switch (e->operation) {
    case NEW:
        give_name(names, e->name, file, false);
        break;
    case FOLDER:
        give_name(names, e->name, 0, true);
        break;
    case REMOVE:
        unname(names, e->name);
        break;
    case RENAME:
        unname(names, e->name);
        give_name(names, e->to, file, false);
        break;
    default:
        break;
    }
}

static void put(struct buffer *content, size_t at, struct bytes data)
{
    static const uint8_t zeros[SECTOR];
    struct error err = ERROR_INIT;

    while (content->len < at + data.len) {
        size_t more = at + data.len - content->len;
        if (!buffer_append(content, zeros, more < SECTOR ? more : SECTOR, &err)) {
            abort();
        }
    }
    if (data.len > 0) {
        memcpy(content->data + at, data.data, data.len);
    }
}

static void resize(struct buffer *content, size_t size)
{
    if (size < content->len) {
        content->len = size;
    } else {
        put(content, size, nothing);
    }
}

static void change_content(struct buffer *content, const struct entry *e)
{
    if (e->operation == WRITE) {
        put(content, (size_t)e->at, e->data);
    } else if (e->operation == RESIZE) {
        resize(content, (size_t)e->at);
    }
}

static void copy_content(struct buffer *to, const struct buffer *from)
{
    struct error err = ERROR_INIT;

    buffer_reset(to);
    if (from->len > 0 && !buffer_append(to, from->data, from->len, &err)) {
        abort();
    }
}

static size_t add_file(struct disk_state *s)
{
    struct file *file = need(calloc(1, sizeof(*file)));

    file->now.max = file->safe.max = CONTENT_MAX;
    if (s->file_count == FILES_MAX) {
        abort();
    }
    s->files[s->file_count] = file;
    return s->file_count++;
}

/* The folder that a name lies in: "" for "a", "b" for "b/a". */
static bool lies_in(const char *name, const char *folder)
{
    const char *slash = strrchr(name, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - name);

    return strlen(folder) == len && strncmp(name, folder, len) == 0;
}

static void flush_names(struct disk_state *s, const char *folder)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->renamed_count; i++) {
        const struct entry *e = &s->log->entries[s->renamed[i].entry];
        if (lies_in(e->operation == RENAME ? e->to : e->name, folder)) {
            change_names(&s->safe, e, s->renamed[i].file);
        } else {
            s->renamed[kept++] = s->renamed[i];
        }
    }
    s->renamed_count = kept;
}

static size_t file_named(struct disk_state *s, const char *text)
{
    struct name *name = find(&s->now, text);

    if (name == NULL) {
        fprintf(stderr, "the log of the disk knows no %s\n", text);
        abort();
    }
    return name->file;
}

static void note_name(struct disk_state *s, size_t entry, size_t file)
{
    if (s->renamed_count == FILES_MAX) {
        abort();
    }
    s->renamed[s->renamed_count].entry = entry;
    s->renamed[s->renamed_count++].file = file;
    change_names(&s->now, &s->log->entries[entry], file);
}

static void change_file(struct disk_state *s, size_t entry)
{
    const struct entry *e = &s->log->entries[entry];
    struct file *file = s->files[file_named(s, e->name)];

    if (file->pending_count == sizeof(file->pending) / sizeof(file->pending[0])) {
        abort();
    }
    file->pending[file->pending_count++] = entry;
    change_content(&file->now, e);
}

static void flush_file(struct file *file, const struct disk_log *log)
{
    /* Not a copy of what is there: what a flush has failed to write stays lost. */
    for (size_t i = 0; i < file->pending_count; i++) {
        change_content(&file->safe, &log->entries[file->pending[i]]);
    }
    file->pending_count = 0;
}

static void perform(struct disk_state *s, size_t entry)
{
    const struct entry *e = &s->log->entries[entry];
    size_t file = 0;

    switch (e->operation) {
    case GIVEN:
        file = add_file(s);
        put(&s->files[file]->now, 0, e->data);
        put(&s->files[file]->safe, 0, e->data);
        give_name(&s->now, e->name, file, false);
        give_name(&s->safe, e->name, file, false);
        break;
    case NEW:
        note_name(s, entry, add_file(s));
        break;
    case FOLDER:
        note_name(s, entry, 0);
        break;
    case REMOVE:
        note_name(s, entry, 0);
        break;
    case RENAME:
        note_name(s, entry, file_named(s, e->name));
        break;
    case WRITE:
    case RESIZE:
        change_file(s, entry);
        break;
    case FLUSH:
        flush_file(s->files[file_named(s, e->name)], s->log);
        break;
    case FLUSH_FAILED:
        /* The system forgets what it could not write: the next flush says nothing of it. */
        s->files[file_named(s, e->name)]->pending_count = 0;
        break;
    case FLUSH_NAMES:
        flush_names(s, e->name);
        break;
    }
}

struct disk_state *disk_state_create(const struct disk_log *log)
{
    struct disk_state *state = need(calloc(1, sizeof(*state)));

    state->log = log;
    while (state->next < log->count && log->entries[state->next].operation == GIVEN) {
        perform(state, state->next++);
    }
    return state;
}

void disk_state_free(struct disk_state *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t i = 0; i < state->file_count; i++) {
        buffer_clear(&state->files[i]->now);
        buffer_clear(&state->files[i]->safe);
        free(state->files[i]);
    }
    free(state);
}

bool disk_state_next(struct disk_state *state)
{
    if (state->next == state->log->count) {
        return false;
    }
    perform(state, state->next++);
    return true;
}

size_t disk_state_promises(const struct disk_state *state)
{
    return state->next == 0 ? state->log->promises : state->log->entries[state->next - 1].promises;
}

/* ---- the failure ----------------------------------------------------------------------------- */

static uint32_t dice(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Each sector of a write on its own. */
static void tear(struct buffer *content, const struct entry *e, uint32_t *seed)
{
    size_t at = (size_t)e->at;
    size_t end = at + e->data.len;

    while (at < end) {
        size_t next = (at / SECTOR + 1) * SECTOR;
        size_t len = (next < end ? next : end) - at;
        size_t from = at - (size_t)e->at;
        uint32_t fate = dice(seed) % 8;

        if (fate == 7) {
            len = dice(seed) % (len + 1);
        }
        if (fate > 3) {
            put(content, at, bytes_of(e->data.data + from, len));
        }
        at = next;
    }
}

static void content_after(const struct disk_state *s, const struct file *file, enum disk_fate fate,
                          uint32_t *seed, struct buffer *content)
{
    copy_content(content, fate == DISK_KEPT ? &file->now : &file->safe);
    for (size_t i = 0; fate == DISK_MIXED && i < file->pending_count; i++) {
        const struct entry *e = &s->log->entries[file->pending[i]];
        if (e->operation == WRITE) {
            tear(content, e, seed);
        } else if (dice(seed) % 2 == 0) {
            change_content(content, e);
        }
    }
}

static void write_file(const char *folder, const char *name, const struct buffer *content)
{
    char path[FILE_PATH_MAX];
    FILE *file = NULL;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (file == NULL || (content->len > 0 && fwrite(content->data, content->len, 1, file) != 1)
        || fclose(file) != 0) {
        fprintf(stderr, "%s cannot be written\n", path);
        abort();
    }
}

void disk_state_cut(const struct disk_state *s, enum disk_fate fate, uint32_t seed,
                    const char *folder)
{
    struct names *names = need(malloc(sizeof(*names)));
    struct buffer content = BUFFER_INIT(CONTENT_MAX);
    size_t kept = fate == DISK_LOST ? 0 : s->renamed_count;

    if (fate == DISK_MIXED && kept > 0) {
        kept = dice(&seed) % (kept + 1);
    }
    *names = s->safe;
    for (size_t i = 0; i < kept; i++) {
        change_names(names, &s->log->entries[s->renamed[i].entry], s->renamed[i].file);
    }
    for (size_t i = 0; i < names->count; i++) {
        const struct name *name = &names->items[i];
        char path[FILE_PATH_MAX];
        struct error err = ERROR_INIT;

        if (name->folder) {
            snprintf(path, sizeof(path), "%s/%s", folder, name->text);
            assert_done(folder_create(path, true, &err), &err, name->text);
        }
    }
    for (size_t i = 0; i < names->count; i++) {
        const struct name *name = &names->items[i];

        if (!name->folder) {
            content_after(s, s->files[name->file], fate, &seed, &content);
            write_file(folder, name->text, &content);
        }
    }
    buffer_clear(&content);
    free(names);
}
