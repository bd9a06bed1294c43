/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_folder.h"

#include <string.h>

#include "base/text.h"
#include "ca/ca_files.h"
#include "config/config_load.h"
#include "platform/rights.h"

#define CA_FOLDER_PARENT "ca"
#define CA_FOLDER_LOCK ".lock"
#define CA_FOLDER_ENTRIES_MAX 1000u

bool ca_folder_open(struct ca_folder *folder, const char *data_folder, const char *name,
                    struct error *err)
{
    struct ca_folder f = { .data_folder = data_folder, .name = name };
    char parent[FILE_PATH_MAX];
    char draft_name[LIMIT_TEMPLATE_NAME + 8];

    if (!template_name_check(name, err)) {
        return false;
    }
    if (!text_format(draft_name, sizeof(draft_name), ".%s.new", name)) {
        return error_set(err, REASON_LIMIT, "the name of the CA is too long");
    }
    if (!path_join(parent, data_folder, CA_FOLDER_PARENT, err)
        || !path_join(f.path, parent, name, err) || !path_join(f.draft, parent, draft_name, err)) {
        return false;
    }
    *folder = f;
    return true;
}

static bool remove_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    char path[FILE_PATH_MAX];

    if (is_folder) {
        return error_set(err, REASON_FILE_NOT_WRITABLE,
                         "%s: a folder inside is not ours; remove it by hand",
                         (const char *)context);
    }
    return path_join(path, context, name, err) && file_remove(path, err);
}

/* Flat, and without following anything: we never make folders in a draft. */
static bool remove_draft(const char *draft, struct error *err)
{
    char path[FILE_PATH_MAX];

    if (!folder_exists(draft)) {
        return true;
    }
    return text_copy(path, sizeof(path), draft)
           && folder_list(path, CA_FOLDER_ENTRIES_MAX, remove_entry, path, err)
           && folder_remove(path, err);
}

void ca_folder_close(struct ca_folder *folder)
{
    struct error ignored = ERROR_INIT;

    if (folder->has_draft) {
        /* If this fails the next command does it; a draft is never taken for a CA. */
        (void)remove_draft(folder->draft, &ignored);
        folder->has_draft = false;
    }
    file_lock_release(folder->lock);
    folder->lock = NULL;
}

static bool note_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    bool *has_entries = context;

    (void)name;
    (void)is_folder;
    (void)err;
    *has_entries = true;
    return true;
}

bool ca_folder_state(const struct ca_folder *folder, enum ca_folder_state *state, struct error *err)
{
    bool has_entries = false;

    if (ca_folder_has(folder->path, CA_FILE_CERT)) {
        *state = CA_FOLDER_CA;
        return true;
    }
    if (ca_folder_has(folder->path, CA_FILE_REQUEST)) {
        *state = CA_FOLDER_REQUEST;
        return true;
    }
    if (folder_exists(folder->path)
        && !folder_list(folder->path, CA_FOLDER_ENTRIES_MAX, note_entry, &has_entries, err)) {
        return false;
    }
    *state = has_entries ? CA_FOLDER_UNKNOWN : CA_FOLDER_ABSENT;
    return true;
}

bool ca_folder_lock(struct ca_folder *folder, struct error *err)
{
    char parent[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];
    bool held = false;

    if (!path_join(parent, folder->data_folder, CA_FOLDER_PARENT, err)
        || !path_join(path, parent, CA_FOLDER_LOCK, err) || !folder_create(parent, true, err)
        || !file_lock_try(path, &folder->lock, &held, err)) {
        return false;
    }
    if (!held) {
        return error_set(err, REASON_DATA_FOLDER_IN_USE,
                         "another command is working on the CAs in %s; wait for it", parent);
    }
    return true;
}

bool ca_folder_check_absent(const struct ca_folder *folder, struct error *err)
{
    enum ca_folder_state state = CA_FOLDER_UNKNOWN;

    if (!ca_folder_state(folder, &state, err)) {
        return false;
    }
    switch (state) {
    case CA_FOLDER_ABSENT:
        return true;
    case CA_FOLDER_CA:
        return error_set(err, REASON_CA_EXISTS, "the CA \"%s\" is there already: %s", folder->name,
                         folder->path);
    case CA_FOLDER_REQUEST:
        return error_set(err, REASON_CA_EXISTS,
                         "the CA \"%s\" waits for its certificate (%s): install it, or move the "
                         "folder away",
                         folder->name, folder->path);
    case CA_FOLDER_UNKNOWN:
    default:
        return error_set(err, REASON_CA_EXISTS,
                         "%s holds files but no ca.crt; restore it, or move the folder away",
                         folder->path);
    }
}

bool ca_folder_begin(struct ca_folder *folder, struct error *err)
{
    if (!remove_draft(folder->draft, err) || !folder_create(folder->draft, true, err)) {
        return false;
    }
    folder->has_draft = true;
    return true;
}

bool ca_folder_commit(struct ca_folder *folder, struct error *err)
{
    /* Windows does not rename onto an empty folder. */
    if (!folder_remove(folder->path, err) || !file_rename(folder->draft, folder->path, err)) {
        return error_context(err, "the new CA cannot be put in its place");
    }
    folder->has_draft = false;
    return true;
}

bool ca_folder_write(const char *place, const char *file, struct bytes content, struct error *err)
{
    char path[FILE_PATH_MAX];

    return path_join(path, place, file, err) && file_write_atomic(path, content, true, err);
}

static bool is_key(const char *file)
{
    const char *ending = strrchr(file, '.');

    return ending != NULL && strcmp(ending, ".key") == 0;
}

bool ca_folder_read(const char *place, const char *file, size_t max_bytes, struct buffer *out,
                    struct error *err)
{
    char path[FILE_PATH_MAX];

    return path_join(path, place, file, err) && rights_check(path, is_key(file), err)
           && file_read(path, max_bytes, out, err);
}

bool ca_folder_remove(const char *place, const char *file, struct error *err)
{
    char path[FILE_PATH_MAX];

    return path_join(path, place, file, err) && file_remove(path, err);
}

bool ca_folder_has(const char *place, const char *file)
{
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];

    return path_join(path, place, file, &ignored) && file_exists(path);
}

struct list_context {
    const char *data_folder;
    ca_visit *visit;
    void *context;
};

static bool visit_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    struct list_context *list = context;
    struct error not_a_name = ERROR_INIT;
    struct ca_folder folder;

    /* Drafts, the lock and what else may lie there are no CAs. */
    if (!is_folder || !ca_folder_open(&folder, list->data_folder, name, &not_a_name)
        || (!ca_folder_has(folder.path, CA_FILE_CERT)
            && !ca_folder_has(folder.path, CA_FILE_REQUEST))) {
        return true;
    }
    return list->visit(list->context, name, err);
}

bool ca_files_list(const char *data_folder, ca_visit *visit, void *context, struct error *err)
{
    struct list_context list = { data_folder, visit, context };
    char parent[FILE_PATH_MAX];

    if (!path_join(parent, data_folder, CA_FOLDER_PARENT, err)) {
        return false;
    }
    return !folder_exists(parent)
           || folder_list(parent, CA_FOLDER_ENTRIES_MAX, visit_entry, &list, err);
}
