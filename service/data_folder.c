/* SPDX-License-Identifier: Apache-2.0 */
#include "service/data_folder.h"

#include "base/text.h"
#include "platform/protect.h"
#include "platform/rights.h"
#include "platform/sealed_places.h"
#include "store/store_passwords.h"
#include "store/store_pending.h"

#define DATABASE "openndes.db"
#define MAC_KEY_BYTES 32
#define ENTRIES_MAX 50000u /* files in the folder; most are logs and policies, some hundred */
#define MAC_KEY_PURPOSE SEALED_MAC_KEY
#define MAC_KEY_FILE_MAX 4096

bool data_path_config(const char *data, char path[FILE_PATH_MAX], struct error *err)
{
    return path_join(path, data, "openndes.json", err);
}

bool data_path_template(const char *data, const char *name, char path[FILE_PATH_MAX],
                        struct error *err)
{
    char file[LIMIT_TEMPLATE_NAME + 32];

    if (!text_format(file, sizeof(file), "templates/%s.json", name)) {
        return error_set(err, REASON_TEMPLATE_NAME, "the template's name is too long");
    }
    return path_join(path, data, file, err);
}

bool data_path_logs(const char *data, char path[FILE_PATH_MAX], struct error *err)
{
    return path_join(path, data, "logs", err);
}

bool data_path_database(const char *data, char path[FILE_PATH_MAX], struct error *err)
{
    return path_join(path, data, DATABASE, err);
}

bool data_path_lock(const char *data, char path[FILE_PATH_MAX], struct error *err)
{
    return path_join(path, data, "openndes.lock", err);
}

bool data_folder_check(const char *data, struct error *err)
{
    char path[FILE_PATH_MAX];

    if (!data_path_config(data, path, err)) {
        return false;
    }
    if (!folder_exists(data)) {
        return error_set(
            err, REASON_DATA_FOLDER_MISSING,
            "the data folder %s does not exist; make it with: openndes --data \"%s\" init", data,
            data);
    }
    if (!file_exists(path)) {
        char database[FILE_PATH_MAX];

        if (path_join(database, data, "openndes.db", err) && file_exists(database)) {
            return error_set(err, REASON_DATA_FOLDER_MISSING,
                             "%s is missing or may not be read by this account; restore it from a "
                             "backup",
                             path);
        }
        return error_set(err, REASON_DATA_FOLDER_MISSING,
                         "%s holds no openndes.json, or it may not be read by this account; a new "
                         "data folder is made with: openndes --data \"%s\" init",
                         data, data);
    }
    return true;
}

/* The first thing that is wrong, and how many there are. */
struct findings {
    struct error first;
    size_t count;
};

static bool note_finding(void *context, const char *path, const struct error *why,
                         struct error *err)
{
    struct findings *found = context;

    (void)path; /* stands in the sentence */
    (void)err;
    if (found->count++ == 0) {
        found->first = *why;
    }
    return true;
}

bool data_folder_check_rights(const char *data, struct error *err)
{
    struct findings found = { ERROR_INIT, 0 };

    if (!rights_check_tree(data, ENTRIES_MAX, note_finding, &found, err)) {
        return false;
    }
    if (found.count > 1) {
        return error_set(err, found.first.reason, "%s (and %zu more: openndes check)",
                         found.first.detail, found.count - 1);
    }
    if (found.count == 1) {
        *err = found.first;
    }
    return found.count == 0;
}

static bool not_empty(void *context, const char *name, bool is_folder, struct error *err)
{
    (void)context;
    (void)name;
    (void)is_folder;
    return error_set(err, REASON_LIMIT, "it is not empty");
}

/*
 * A folder that was there before us has the rights of the one above it. An empty one was made for
 * us: it becomes ours. In one with files in it somebody else may have been at work.
 */
static bool take_over(const char *data, struct error *err)
{
    struct error why = ERROR_INIT;
    struct error ignored = ERROR_INIT;

    if (rights_check(data, true, &why)) {
        return true;
    }
    if (why.reason != REASON_RIGHTS_UNSAFE || !folder_list(data, 1, not_empty, NULL, &ignored)) {
        *err = why;
        return false;
    }
    return rights_take_empty(data, err) && rights_check(data, true, err);
}

bool data_folder_create(const char *data, struct error *err)
{
    static const char *const below[] = { "templates", "policies", "trusted", "ca", "logs" };
    char path[FILE_PATH_MAX];

    if (!folder_create(data, true, err) || !take_over(data, err)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        if (!path_join(path, data, below[i], err) || !folder_create(path, true, err)) {
            return false;
        }
    }
    return true;
}

bool data_config_lock(const char *data, struct file_lock **lock, struct error *err)
{
    char path[FILE_PATH_MAX];
    bool held = false;

    if (!path_join(path, data, "config.lock", err) || !file_lock_try(path, lock, &held, err)) {
        return false;
    }
    return held
           || error_set(err, REASON_DATA_FOLDER_IN_USE,
                        "another command is changing openndes.json right now; try again");
}

bool data_settings_lock(const char *data, struct file_lock **lock, struct error *err)
{
    char path[FILE_PATH_MAX];
    bool held = false;

    if (!path_join(path, data, "templates/.lock", err) || !file_lock_try(path, lock, &held, err)) {
        return false;
    }
    return held
           || error_set(err, REASON_DATA_FOLDER_IN_USE,
                        "another command is changing templates right now; try again");
}

static bool mac_key_create(const char *data, const char *path, struct error *err)
{
    uint8_t key[MAC_KEY_BYTES];
    struct buffer sealed = BUFFER_INIT(MAC_KEY_FILE_MAX);
    bool ok = secret_random(key, sizeof(key), err)
              && protect_seal(data, MAC_KEY_PURPOSE, bytes_of(key, sizeof(key)), &sealed, err)
              && file_create_new(path, buffer_bytes(&sealed), true, err);

    secret_wipe(key, sizeof(key));
    buffer_clear(&sealed);
    return ok;
}

bool data_mac_key(const char *data, bool create, struct secret *key, struct error *err)
{
    char path[FILE_PATH_MAX];
    struct buffer sealed = BUFFER_INIT(MAC_KEY_FILE_MAX);
    bool ok = false;

    if (!path_join(path, data, "secrets.key", err)) goto out;
    if (create && !file_exists(path) && !mac_key_create(data, path, err)) goto out;
    if (!rights_check(path, true, err) || !file_read(path, MAC_KEY_FILE_MAX, &sealed, err)) {
        goto out;
    }
    if (!protect_open(data, MAC_KEY_PURPOSE, buffer_bytes(&sealed), key, err)) {
        error_context(err, "%s", path);
        goto out;
    }
    if (key->len != MAC_KEY_BYTES) {
        error_set(err, REASON_KEY_PROTECTION, "%s has a wrong length; restore it from a backup",
                  path);
        goto out;
    }
    ok = true;
out:
    buffer_clear(&sealed);
    return ok;
}

/*
 * SQLite replays a log that lies beside the database, whoever has put it there: the folder in which
 * one could be put counts as much as the file.
 */
static bool check_database_rights(const char *data, struct error *err)
{
    static const char *const names[] = { DATABASE, DATABASE "-wal", DATABASE "-shm",
                                         DATABASE "-journal" };
    char path[FILE_PATH_MAX];

    if (!rights_check(data, true, err)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!path_join(path, data, names[i], err) || !rights_check(path, true, err)) {
            return false;
        }
    }
    return true;
}

struct store *data_store_open(const char *data, unsigned readers, struct error *err)
{
    char path[FILE_PATH_MAX];
    struct store_options options = { .path = path, .readers = readers };

    if (!check_database_rights(data, err) || !path_join(path, data, DATABASE, err)) {
        return NULL;
    }
    return store_open(&options, err);
}

bool data_forget_passwords(const char *data, const char *template_name, struct error *err)
{
    struct store *store = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!path_join(path, data, DATABASE, err)) {
        return false;
    }
    if (!file_exists(path)) {
        return true;
    }
    store = data_store_open(data, 1, err);
    ok = store != NULL && store_password_forget(store, template_name, err)
         && store_pending_forget(store, template_name, err);
    store_close(store);
    return ok;
}
