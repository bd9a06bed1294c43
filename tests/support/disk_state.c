/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of disk_log.h: what a failure of the power leaves of what was noted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/disk_log_entries.h"
#include "support/test_support.h"

#define SECTOR 512
#define NODES_MAX 1024u
#define PENDING_MAX 4096u
#define CONTENT_MAX (64u * 1024u * 1024u)
#define ROOT 0u /* the folder itself */

/* An inode: what it holds, what of it is flushed, and the operations in between. */
struct node {
    bool is_folder;
    struct buffer now, safe;
    size_t *pending; /* entries since it was flushed */
    size_t pending_count;
};

/* A name in a folder. */
struct name {
    size_t folder, node;
    char text[DISK_NAME_BYTES];
};

struct names {
    struct name items[NODES_MAX];
    size_t count;
};

/* What becomes of names in one step: one goes, one comes, or both. */
struct change {
    bool goes, comes;
    struct name gone, come;
};

struct disk_state {
    const struct disk_log *log;
    size_t next; /* entry */
    struct node *nodes[NODES_MAX];
    size_t node_count;
    struct names now, safe;
    struct change changes[NODES_MAX]; /* that were not flushed, in order */
    size_t change_count;
};

static const struct bytes nothing;

/* ---- names ----------------------------------------------------------------------------------- */

static struct name *find(struct names *names, size_t folder, const char *text)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->items[i].folder == folder && strcmp(names->items[i].text, text) == 0) {
            return &names->items[i];
        }
    }
    return NULL;
}

static void unname(struct names *names, const struct name *name)
{
    struct name *found = find(names, name->folder, name->text);

    if (found != NULL) {
        *found = names->items[--names->count];
    }
}

static void change_names(struct names *names, const struct change *change)
{
    if (change->goes) {
        unname(names, &change->gone);
    }
    if (change->comes) {
        unname(names, &change->come);
        if (names->count == NODES_MAX) {
            abort();
        }
        names->items[names->count++] = change->come;
    }
}

static void unknown(const char *path)
{
    fprintf(stderr, "the log of the disk knows no %s\n", path);
    abort();
}

/* The folder and the last part of a path, as things are now. */
static struct name split(struct disk_state *s, const char *path)
{
    struct name name = { ROOT, 0, "" };
    const char *part = path;

    for (const char *slash = strchr(part, '/'); slash != NULL; slash = strchr(part, '/')) {
        char text[DISK_NAME_BYTES];
        const struct name *found = NULL;

        (void)snprintf(text, sizeof(text), "%.*s", (int)(slash - part), part);
        found = find(&s->now, name.folder, text);
        if (found == NULL) {
            unknown(path);
            return name;
        }
        name.folder = found->node;
        part = slash + 1;
    }
    (void)snprintf(name.text, sizeof(name.text), "%s", part);
    return name;
}

static size_t node_at(struct disk_state *s, const char *path)
{
    struct name name = split(s, path);
    const struct name *found = find(&s->now, name.folder, name.text);

    if (path[0] == '\0') {
        return ROOT;
    }
    if (found == NULL) {
        unknown(path);
        return ROOT;
    }
    return found->node;
}

/* ---- content --------------------------------------------------------------------------------- */

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

/* ---- operations ------------------------------------------------------------------------------ */

static size_t add_node(struct disk_state *s, bool is_folder)
{
    struct node *node = disk_log_need(calloc(1, sizeof(*node)));

    node->is_folder = is_folder;
    node->now.max = node->safe.max = CONTENT_MAX;
    if (s->node_count == NODES_MAX) {
        abort();
    }
    s->nodes[s->node_count] = node;
    return s->node_count++;
}

static void note_change(struct disk_state *s, const struct change *change)
{
    if (s->change_count == NODES_MAX) {
        abort();
    }
    s->changes[s->change_count++] = *change;
    change_names(&s->now, change);
}

static void flush_names(struct disk_state *s, size_t folder)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->change_count; i++) {
        const struct change *c = &s->changes[i];

        if ((c->comes ? c->come.folder : c->gone.folder) == folder) {
            change_names(&s->safe, c);
        } else {
            s->changes[kept++] = *c;
        }
    }
    s->change_count = kept;
}

static void change_file(struct disk_state *s, size_t entry)
{
    const struct entry *e = &s->log->entries[entry];
    struct node *node = s->nodes[node_at(s, e->name)];

    if (node->pending == NULL) {
        node->pending = disk_log_need(calloc(PENDING_MAX, sizeof(*node->pending)));
    }
    if (node->pending_count == PENDING_MAX) {
        abort();
    }
    node->pending[node->pending_count++] = entry;
    change_content(&node->now, e);
}

static void flush_file(struct node *node, const struct disk_log *log)
{
    /* Not a copy of what is there: what a flush has failed to write stays lost. */
    for (size_t i = 0; i < node->pending_count; i++) {
        change_content(&node->safe, &log->entries[node->pending[i]]);
    }
    node->pending_count = 0;
}

static void come(struct disk_state *s, const char *path, size_t node)
{
    struct change change = { .comes = true, .come = split(s, path) };

    change.come.node = node;
    note_change(s, &change);
}

static void give(struct disk_state *s, const struct entry *e)
{
    struct change change = { .comes = true, .come = split(s, e->name) };

    change.come.node = add_node(s, e->operation == GIVEN_FOLDER);
    put(&s->nodes[change.come.node]->now, 0, e->data);
    put(&s->nodes[change.come.node]->safe, 0, e->data);
    change_names(&s->now, &change);
    change_names(&s->safe, &change);
}

static void move(struct disk_state *s, const struct entry *e)
{
    struct change change = { true, true, split(s, e->name), split(s, e->to) };

    change.come.node = node_at(s, e->name);
    note_change(s, &change);
}

static void perform(struct disk_state *s, size_t entry)
{
    const struct entry *e = &s->log->entries[entry];
    struct change gone = { .goes = true };

    switch (e->operation) {
    case GIVEN:
    case GIVEN_FOLDER:
        give(s, e);
        break;
    case NEW:
    case FOLDER:
        come(s, e->name, add_node(s, e->operation == FOLDER));
        break;
    case REMOVE:
        gone.gone = split(s, e->name);
        note_change(s, &gone);
        break;
    case RENAME:
        move(s, e);
        break;
    case LINK:
        come(s, e->to, node_at(s, e->name));
        break;
    case WRITE:
    case RESIZE:
        change_file(s, entry);
        break;
    case FLUSH:
        flush_file(s->nodes[node_at(s, e->name)], s->log);
        break;
    case FLUSH_FAILED:
        /* The system forgets what it could not write: the next flush says nothing of it. */
        s->nodes[node_at(s, e->name)]->pending_count = 0;
        break;
    case FLUSH_NAMES:
        flush_names(s, node_at(s, e->name));
        break;
    }
}

struct disk_state *disk_state_create(const struct disk_log *log)
{
    struct disk_state *state = disk_log_need(calloc(1, sizeof(*state)));

    state->log = log;
    (void)add_node(state, true);
    while (state->next < log->given) {
        perform(state, state->next++);
    }
    return state;
}

void disk_state_free(struct disk_state *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t i = 0; i < state->node_count; i++) {
        buffer_clear(&state->nodes[i]->now);
        buffer_clear(&state->nodes[i]->safe);
        free(state->nodes[i]->pending);
        free(state->nodes[i]);
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

static void content_after(const struct disk_state *s, const struct node *node, enum disk_fate fate,
                          uint32_t *seed, struct buffer *content)
{
    copy_content(content, fate == DISK_KEPT ? &node->now : &node->safe);
    for (size_t i = 0; fate == DISK_MIXED && i < node->pending_count; i++) {
        const struct entry *e = &s->log->entries[node->pending[i]];
        if (e->operation == WRITE) {
            tear(content, e, seed);
        } else if (dice(seed) % 2 == 0) {
            change_content(content, e);
        }
    }
}

static void write_file(const char *path, const struct buffer *content)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || (content->len > 0 && fwrite(content->data, content->len, 1, file) != 1)
        || fclose(file) != 0) {
        fprintf(stderr, "%s cannot be written\n", path);
        abort();
    }
}

struct cut {
    const struct disk_state *state;
    const struct names *names;
    enum disk_fate fate;
    uint32_t seed;
    struct buffer content;
    char (*written)[FILE_PATH_MAX]; /* of each node, under its first name */
};

static void write_folder(struct cut *cut, size_t folder, const char *path)
{
    for (size_t i = 0; i < cut->names->count; i++) {
        const struct name *name = &cut->names->items[i];
        const struct node *node = cut->state->nodes[name->node];
        struct error err = ERROR_INIT;
        char below[FILE_PATH_MAX];

        if (name->folder != folder) {
            continue;
        }
        (void)snprintf(below, sizeof(below), "%s/%s", path, name->text);
        if (node->is_folder) {
            assert_done(folder_create(below, true, &err), &err, name->text);
            write_folder(cut, name->node, below);
        } else if (cut->written[name->node][0] != '\0') {
            assert_int_equal(cut->state->log->second_name(cut->written[name->node], below), 0);
        } else {
            content_after(cut->state, node, cut->fate, &cut->seed, &cut->content);
            write_file(below, &cut->content);
            (void)snprintf(cut->written[name->node], FILE_PATH_MAX, "%s", below);
        }
    }
}

void disk_state_cut(const struct disk_state *s, enum disk_fate fate, uint32_t seed,
                    const char *folder)
{
    struct names *names = disk_log_need(malloc(sizeof(*names)));
    size_t kept = fate == DISK_LOST ? 0 : s->change_count;
    struct cut cut = { s,
                       names,
                       fate,
                       seed,
                       BUFFER_INIT(CONTENT_MAX),
                       disk_log_need(calloc(s->node_count, sizeof(*cut.written))) };

    if (fate == DISK_MIXED && kept > 0) {
        kept = dice(&cut.seed) % (kept + 1);
    }
    *names = s->safe;
    for (size_t i = 0; i < kept; i++) {
        change_names(names, &s->changes[i]);
    }
    write_folder(&cut, ROOT, folder);
    buffer_clear(&cut.content);
    free(cut.written);
    free(names);
}
