/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_leftover.h"

#include <string.h>

#include "base/text.h"
#include "platform/rights.h"
#include "service/backup_layout.h"

#define DEPTH_MAX 4u
#define ENTRIES_MAX (2 * BACKUP_FILES_MAX)

/* One folder on the way down. */
struct level {
    const char *path;
    const char *relative; /* below the folder; "" for the folder itself */
    unsigned depth;
};

/* ---- the lock -------------------------------------------------------------------------------- */

static bool lock_path(const char *folder, char path[FILE_PATH_MAX], struct error *err)
{
    return text_format(path, FILE_PATH_MAX, "%s.lock", folder)
           || error_set(err, REASON_LIMIT, "a path is longer than %d bytes", FILE_PATH_MAX - 1);
}

bool backup_leftover_lock(const char *folder, struct file_lock **lock, bool *cut_off,
                          struct error *err)
{
    char path[FILE_PATH_MAX];
    bool held = false;

    if (!lock_path(folder, path, err)) {
        return false;
    }
    *cut_off = file_exists(path);
    if (!file_lock_try(path, lock, &held, err)) {
        return false;
    }
    return held
           || error_set(err, REASON_RESTORE_TARGET,
                        "another restore is writing into %s; wait for it", folder);
}

void backup_leftover_unlock(const char *folder, bool is_ours, struct file_lock *lock)
{
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];
    bool stays = is_ours && folder_exists(folder);

    file_lock_release(lock);
    if (lock != NULL && !stays) {
        /* If this fails an empty file stays beside the data folder: the next restore takes it. */
        (void)!(lock_path(folder, path, &ignored) && file_remove(path, &ignored));
    }
}

/* ---- is it one? ------------------------------------------------------------------------------ */

static bool look_inside(const struct level *level, struct error *err);

/* What replaces a file, before it does: files.h. */
static bool is_temporary(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".tmp") == 0;
}

static bool look_at(void *context, const char *name, bool is_folder, struct error *err)
{
    const struct level *level = context;
    char path[FILE_PATH_MAX];
    char relative[FILE_PATH_MAX];

    if (!path_join(path, level->path, name, err)
        || !text_format(relative, sizeof(relative), "%s%s%s", level->relative,
                        level->relative[0] != '\0' ? "/" : "", name)) {
        return error_set(err, REASON_LIMIT, "a path is too long");
    }
    if (!rights_check(path, true, err)) {
        return false;
    }
    if (is_folder) {
        struct level below = { path, relative, level->depth + 1 };

        return look_inside(&below, err);
    }
    return is_temporary(name) || backup_layout_kind(relative) != BACKUP_KIND_UNKNOWN
           || error_set(err, REASON_RESTORE_TARGET, "%s is no part of a data folder", path);
}

static bool look_inside(const struct level *level, struct error *err)
{
    if (level->depth > DEPTH_MAX) {
        return error_set(err, REASON_RESTORE_TARGET, "%s: folders are too deep", level->path);
    }
    return folder_list(level->path, ENTRIES_MAX, look_at, (void *)(uintptr_t)level, err);
}

/* ---- removing -------------------------------------------------------------------------------- */

static bool remove_tree(const char *path, unsigned depth, struct error *err);

static bool remove_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    const struct level *level = context;
    char path[FILE_PATH_MAX];

    if (!path_join(path, level->path, name, err)) {
        return false;
    }
    return is_folder ? remove_tree(path, level->depth - 1, err) : file_remove(path, err);
}

static bool remove_tree(const char *path, unsigned depth, struct error *err)
{
    struct level level = { path, "", depth };

    return depth > 0 && folder_list(path, ENTRIES_MAX, remove_entry, &level, err)
           && folder_remove(path, err);
}

bool backup_leftover_remove_own(const char *folder, struct error *err)
{
    return remove_tree(folder, DEPTH_MAX, err);
}

bool backup_leftover_remove(const char *folder, bool cut_off, struct error *err)
{
    struct level top = { folder, "", 1 };
    struct error why = ERROR_INIT;

    if (!folder_exists(folder) && !file_exists(folder)) {
        return true;
    }
    if (!cut_off) {
        (void)error_set(&why, REASON_RESTORE_TARGET, "no restore was cut off here");
    }
    if (!cut_off || !rights_check(folder, true, &why) || !look_inside(&top, &why)) {
        return error_set(err, REASON_RESTORE_TARGET,
                         "%s is in the way, and it is not certain that a restore has left it (%s); "
                         "remove it and try again",
                         folder, why.detail);
    }
    return remove_tree(folder, DEPTH_MAX, err);
}
