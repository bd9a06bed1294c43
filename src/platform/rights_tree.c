/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walks of rights.h. A folder comes before what is in it: once it is known, or made, to be
 * safe, nobody else can put other things under the names that are read next.
 */
#include "platform/rights.h"

#include <string.h>

#include "platform/files.h"
#include "platform/rights_object.h"
#include "platform/rights_place.h"

#define DEPTH_MAX 8u /* folders within folders; ours are two deep */

struct walk {
    const char *folder;
    size_t entries_left;
    size_t max_entries;
    rights_visit *visit;
    void *context;
};

/* One folder of the walk. */
struct level {
    struct walk *walk;
    const char *path;     /* whole */
    const char *relative; /* "" for the data folder */
    unsigned depth;
};

static bool count_entry(struct walk *walk, struct error *err)
{
    if (walk->entries_left == 0) {
        return error_set(err, REASON_LIMIT, "%s holds more than %zu files and folders",
                         walk->folder, walk->max_entries);
    }
    walk->entries_left--;
    return true;
}

/* The next level's relative path: it is the end of the whole one. */
static const char *relative_of(const struct walk *walk, const char *path)
{
    size_t len = strlen(walk->folder);

    return path + len + (path[len] == '/' ? 1 : 0);
}

static bool is_finding(const struct error *why)
{
    return why->reason == REASON_RIGHTS_UNSAFE || why->reason == REASON_REPARSE_POINT;
}

/* *safe tells whether it may be looked into. */
static bool check_one(struct walk *walk, const char *path, const char *relative, bool *safe,
                      struct error *err)
{
    enum rights_place place = rights_place_of(relative);
    struct error why = ERROR_INIT;

    *safe = false;
    if (place == RIGHTS_PLACE_OTHER) {
        return true;
    }
    if (rights_object_check(walk->folder, path, place == RIGHTS_PLACE_SECRET, &why)) {
        *safe = true;
        return true;
    }
    if (!is_finding(&why)) {
        *err = why;
        return false;
    }
    *safe = why.reason != REASON_REPARSE_POINT; /* what a link leads to is not ours to judge */
    return walk->visit(walk->context, path, &why, err);
}

static bool check_inside(const struct level *level, struct error *err);

static bool check_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    const struct level *level = context;
    char path[FILE_PATH_MAX];
    bool safe = false;

    if (!count_entry(level->walk, err) || !path_join(path, level->path, name, err)) {
        return false;
    }
    struct level next = { level->walk, path, relative_of(level->walk, path), level->depth + 1 };

    return check_one(level->walk, path, next.relative, &safe, err)
           && (!safe || !is_folder || check_inside(&next, err));
}

static bool check_inside(const struct level *level, struct error *err)
{
    if (level->depth > DEPTH_MAX) {
        return error_set(err, REASON_LIMIT, "%s: folders are more than %u deep", level->path,
                         DEPTH_MAX);
    }
    return folder_list(level->path, level->walk->entries_left, check_entry, (void *)level, err);
}

bool rights_check(const char *path, bool is_secret, struct error *err)
{
    return rights_object_check(NULL, path, is_secret, err);
}

bool rights_check_tree(const char *folder, size_t max_entries, rights_visit *visit, void *context,
                       struct error *err)
{
    struct walk walk = { folder, max_entries, max_entries, visit, context };
    struct level top = { &walk, folder, "", 0 };
    struct error why = ERROR_INIT;
    bool safe = false;

    if (!rights_object_check_above(folder, &why)) {
        if (!is_finding(&why)) {
            *err = why;
            return false;
        }
        if (!visit(context, folder, &why, err)) {
            return false;
        }
    }
    return check_one(&walk, folder, "", &safe, err)
           && (!safe || !folder_exists(folder) || check_inside(&top, err));
}

/* ---- giving ---------------------------------------------------------------------------------- */

static bool protect_one(const struct level *level, struct error *err);

static bool protect_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    const struct level *level = context;
    char path[FILE_PATH_MAX];

    (void)is_folder; /* asked of the thing itself, once it is open */
    if (!count_entry(level->walk, err) || !path_join(path, level->path, name, err)) {
        return false;
    }
    struct level next = { level->walk, path, relative_of(level->walk, path), level->depth + 1 };

    return protect_one(&next, err);
}

static bool protect_one(const struct level *level, struct error *err)
{
    bool is_folder = false;

    if (level->depth > DEPTH_MAX) {
        return error_set(err, REASON_LIMIT, "%s: folders are more than %u deep", level->path,
                         DEPTH_MAX);
    }
    if (!rights_object_protect(level->path, &is_folder, err)) {
        return false;
    }
    return !is_folder
           || folder_list(level->path, level->walk->entries_left, protect_entry, (void *)level,
                          err);
}

bool rights_protect_tree(const char *folder, size_t max_entries, struct error *err)
{
    struct walk walk = { folder, max_entries, max_entries, NULL, NULL };
    struct level top = { &walk, folder, "", 0 };
    struct rights_walk *privileges = rights_object_begin();
    bool ok = protect_one(&top, err);

    rights_object_end(privileges);
    return ok;
}

bool rights_is_unsafe(const struct error *why)
{
    return why->reason == REASON_RIGHTS_UNSAFE || why->reason == REASON_REPARSE_POINT;
}
