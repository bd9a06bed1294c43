/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "platform/protect.h"
#include "service/backup_locks.h"

#define LOCK_WAIT_MS 10000
#define SEALED_MAX 131072u /* DPAPI adds some hundred bytes */
#define MEMORY_MAX 268435456u
#define SHOWN_MAX 512

/* ---- the set --------------------------------------------------------------------------------- */

static struct backup_item *add_item(struct backup_set *set, enum backup_record_type type,
                                    const char *name, struct error *err)
{
    struct backup_item *item = NULL;

    if (set->count >= BACKUP_FILES_MAX) {
        (void)error_set(err, REASON_LIMIT, "more than %u files belong into the backup",
                        BACKUP_FILES_MAX);
        return NULL;
    }
    if (set->count == set->cap) {
        size_t cap = set->cap == 0 ? 64 : 2 * set->cap;
        struct backup_item *items = realloc(set->items, cap * sizeof(*items));

        if (items == NULL) {
            (void)error_set(err, REASON_NO_MEMORY, "backup");
            return NULL;
        }
        set->items = items;
        set->cap = cap;
    }
    item = &set->items[set->count];
    memset(item, 0, sizeof(*item));
    item->record.type = type;
    if (!text_copy(item->record.name, sizeof(item->record.name), name)) {
        (void)error_set(err, REASON_LIMIT, "a path is too long");
        return NULL;
    }
    set->count++;
    return item;
}

/* The name may be of any bytes; remark comes behind it. */
static bool push_name(struct json *list, const char *name, const char *remark, struct error *err)
{
    char shown[SHOWN_MAX];
    char text[2 * SHOWN_MAX];
    struct json *value = NULL;

    text_escape_sentence(shown, sizeof(shown), bytes_of_text(name));
    (void)!text_format(text, sizeof(text), "%s%s", shown, remark);
    value = json_value_new_text(text);
    return value != NULL ? json_value_push(list, value, err)
                         : error_set(err, REASON_NO_MEMORY, "JSON");
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool read_content(struct backup_set *set, const char *name, size_t max, struct buffer *out,
                         struct error *err)
{
    char path[FILE_PATH_MAX];

    if (!path_join(path, set->data, name, err) || !file_read(path, max, out, err)) {
        return false;
    }
    set->memory += out->len;
    return set->memory <= MEMORY_MAX
           || error_set(err, REASON_LIMIT,
                        "the small files of the data folder have more than %u "
                        "bytes together",
                        MEMORY_MAX);
}

static bool add_file(struct backup_set *set, const char *name, struct buffer *take_content,
                     struct error *err)
{
    struct backup_item *item = add_item(set, BACKUP_RECORD_FILE, name, err);

    if (item == NULL) {
        return false;
    }
    item->record.size = take_content->len;
    return secret_take_buffer(&item->content, take_content, err);
}

static bool collect_file(struct backup_set *set, const char *name, struct error *err)
{
    struct buffer content = BUFFER_INIT((size_t)backup_layout_max(BACKUP_KIND_FILE));
    bool ok =
        read_content(set, name, content.max, &content, err) && add_file(set, name, &content, err);

    buffer_clear(&content);
    return ok;
}

static bool add_secret(struct backup_set *set, const char *name, struct bytes sealed,
                       struct error *err)
{
    struct backup_item *item = add_item(set, BACKUP_RECORD_SECRET, name, err);

    if (item == NULL || !sealed_place_purpose(name, item->record.purpose)) {
        return item != NULL && error_set(err, REASON_INTERNAL, "%s: sealed for what?", name);
    }
    if (!protect_open(set->data, item->record.purpose, sealed, &item->content, err)) {
        return error_context(err, "%s cannot be put into the backup", name);
    }
    item->record.size = item->content.len;
    return item->record.size <= backup_layout_max(BACKUP_KIND_SECRET)
           || error_set(err, REASON_LIMIT, "%s: the secret is too long", name);
}

/* The key, or what names a key in the system's key store: that key stays there. */
static bool collect_secret(struct backup_set *set, const char *name, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(SEALED_MAX);
    bool ok = read_content(set, name, sealed.max, &sealed, err);

    if (ok && sealed.len >= strlen(SEALED_REFERENCE_MAGIC)
        && memcmp(sealed.data, SEALED_REFERENCE_MAGIC, strlen(SEALED_REFERENCE_MAGIC)) == 0) {
        ok = (sealed.len <= BACKUP_REFERENCE_MAX
              || error_set(err, REASON_LIMIT, "%s is too long", name))
             && push_name(set->machine_keys, name, "", err) && add_file(set, name, &sealed, err);
    } else if (ok) {
        ok = add_secret(set, name, buffer_bytes(&sealed), err);
    }
    buffer_clear(&sealed);
    return ok;
}

static bool collect_large(struct backup_set *set, enum backup_record_type type, const char *name,
                          struct error *err)
{
    struct backup_item *item = add_item(set, type, name, err);

    if (item != NULL) {
        item->is_large = true;
    }
    return item != NULL;
}

/*
 * On a system that does not tell case a file works by any, and only the canonical one is known as
 * ours, and found where a system does. It must not be missing without a word.
 */
static bool check_case(const struct backup_set *set, const char *name, struct error *err)
{
    char lower[FILE_PATH_MAX];
    char paths[2][FILE_PATH_MAX];
    struct file_stamp stamps[2];
    enum backup_kind kind;

    if (!text_copy(lower, sizeof(lower), name)) {
        return error_set(err, REASON_LIMIT, "a path is too long");
    }
    for (char *c = lower; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    }
    kind = backup_layout_kind(lower);
    if (strcmp(lower, name) == 0
        || ((kind == BACKUP_KIND_UNKNOWN || kind == BACKUP_KIND_NEVER)
            && !backup_layout_folder(lower))) {
        return true;
    }
    if (!path_join(paths[0], set->data, name, err) || !path_join(paths[1], set->data, lower, err)
        || !file_stamp(paths[0], &stamps[0], err) || !file_stamp(paths[1], &stamps[1], err)) {
        return false;
    }
    return stamps[1].modified_ns == 0 || !file_stamp_equal(&stamps[0], &stamps[1])
           || error_set(err, REASON_BACKUP_FORMAT,
                        "%s cannot be put into the backup by this name: rename it to %s", paths[0],
                        lower);
}

static bool collect_named(struct backup_set *set, const char *name, struct error *err)
{
    switch (backup_layout_kind(name)) {
    case BACKUP_KIND_FILE:
        return collect_file(set, name, err);
    case BACKUP_KIND_SECRET:
        return collect_secret(set, name, err);
    case BACKUP_KIND_POLICY:
        return collect_large(set, BACKUP_RECORD_FILE, name, err);
    case BACKUP_KIND_LOG:
        return !set->with_logs || collect_large(set, BACKUP_RECORD_LOG, name, err);
    case BACKUP_KIND_DATABASE: /* by a snapshot, behind all files */
    case BACKUP_KIND_NEVER:
        return true;
    default:
        return check_case(set, name, err) && push_name(set->left_out, name, "", err);
    }
}

static int compare_items(const void *a, const void *b)
{
    const struct backup_item *const *x = a;
    const struct backup_item *const *y = b;

    return backup_layout_compare((*x)->record.name, (*y)->record.name);
}

/* Restore makes none of two names that could be one file: say so while both are there. */
static bool check_twins(const struct backup_set *set, struct error *err)
{
    const struct backup_item **sorted = calloc(set->count + 1, sizeof(*sorted));
    bool ok = true;

    if (sorted == NULL) {
        return error_set(err, REASON_NO_MEMORY, "backup");
    }
    for (size_t i = 0; i < set->count; i++) {
        sorted[i] = &set->items[i];
    }
    qsort((void *)sorted, set->count, sizeof(*sorted), compare_items);
    for (size_t i = 1; ok && i < set->count; i++) {
        if (compare_items(&sorted[i - 1], &sorted[i]) == 0) {
            ok = error_set(err, REASON_BACKUP_FORMAT,
                           "%s and %s are told apart by case alone, and are one file on other "
                           "systems: rename one of them",
                           sorted[i - 1]->record.name, sorted[i]->record.name);
        }
    }
    free(sorted);
    return ok;
}

/* ---- folders --------------------------------------------------------------------------------- */

struct folder_walk {
    struct backup_set *set;
    const char *folder; /* below the data folder */
};

static bool collect_folder(struct backup_set *set, const char *folder, struct error *err);

static bool visit_entry(void *context, const char *entry, bool is_folder, struct error *err)
{
    const struct folder_walk *walk = context;
    char name[FILE_PATH_MAX];

    if (!text_format(name, sizeof(name), "%s%s%s", walk->folder, walk->folder[0] != '\0' ? "/" : "",
                     entry)) {
        return error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
    }
    if (!is_folder) {
        return collect_named(walk->set, name, err);
    }
    if (backup_layout_folder(name)) {
        return collect_folder(walk->set, name, err);
    }
    /* ca/.<name>.new is what a command that was cut off has left. */
    return (strcmp(walk->folder, "ca") == 0 && entry[0] == '.')
           || (check_case(walk->set, name, err) && push_name(walk->set->left_out, name, "/", err));
}

static bool collect_folder(struct backup_set *set, const char *folder, struct error *err)
{
    struct folder_walk walk = { set, folder };
    char path[FILE_PATH_MAX];

    return path_join(path, set->data, folder[0] != '\0' ? folder : ".", err)
           && folder_list(path, BACKUP_FILES_MAX, visit_entry, &walk, err);
}

/* An administrator's certificate outside of the data folder is used and not taken along. */
static bool note_outside(struct backup_set *set, struct error *err)
{
    struct error ignored = ERROR_INIT;
    struct service_config config;
    bool ok = true;

    if (!config_load_service(set->data, &config, &ignored)) {
        return true; /* a broken file is part of the backup all the same */
    }
    if (config.https.certificate[0] != '\0') {
        ok = push_name(set->left_out, config.https.certificate, " (https.certificate)", err);
    }
    if (ok && config.https.key[0] != '\0') {
        ok = push_name(set->left_out, config.https.key, " (https.key)", err);
    }
    service_config_clear(&config);
    return ok;
}

static bool pin_database(struct backup_set *set, struct error *err)
{
    char path[FILE_PATH_MAX];

    if (!path_join(path, set->data, BACKUP_DATABASE_FILE, err)) {
        return false;
    }
    if (!file_exists(path)) {
        return true; /* nothing was issued yet */
    }
    set->snapshot = store_snapshot_begin(path, err);
    return set->snapshot != NULL;
}

bool backup_set_collect(const char *data, bool with_logs, struct backup_set *out, struct error *err)
{
    struct backup_locks locks = { .count = 0 };
    bool ok = false;

    *out = (struct backup_set){ .data = data, .with_logs = with_logs };
    out->machine_keys = json_value_new_array();
    out->left_out = json_value_new_array();
    if (out->machine_keys == NULL || out->left_out == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "JSON");
        goto out;
    }
    if (!backup_locks_take(data, LOCK_WAIT_MS, &locks, err)) goto out;
    /* The database last: what it tells of CAs and templates is then in the files. */
    ok = collect_folder(out, "", err) && check_twins(out, err) && note_outside(out, err)
         && pin_database(out, err);
out:
    backup_locks_release(&locks);
    if (!ok) {
        backup_set_clear(out);
    }
    return ok;
}

void backup_set_clear(struct backup_set *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->count; i++) {
        secret_clear(&set->items[i].content);
    }
    free(set->items);
    json_value_free(set->machine_keys);
    json_value_free(set->left_out);
    store_snapshot_end(set->snapshot);
    memset(set, 0, sizeof(*set));
}
