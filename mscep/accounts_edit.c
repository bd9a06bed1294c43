/* SPDX-License-Identifier: Apache-2.0 */
/* The administration's half of accounts.h. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "mscep/accounts_file.h"
#include "platform/clock.h"

#define LOCK_FILE_NAME "accounts.lock"

/* ---- what may be stored ---------------------------------------------------------------------- */

bool account_name_check(const char *name, struct error *err)
{
    struct bytes bytes = bytes_of_text(name);
    char shown[4 * ACCOUNT_NAME_MAX + 8];

    /* escaping changes exactly what is not printable, and quotes and backslashes */
    text_escape(shown, sizeof(shown), bytes);
    if (bytes.len == 0 || bytes.len > ACCOUNT_NAME_MAX || strcmp(shown, name) != 0
        || strpbrk(name, ":@\\") != NULL || text_trim(bytes).len != bytes.len) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "not a name for an account: 1 to %d printable characters without quotes, "
                         "':', '@' and backslash",
                         ACCOUNT_NAME_MAX);
    }
    return true;
}

bool account_password_check(struct bytes password, struct error *err)
{
    size_t pos = 0;
    unsigned characters = 0;
    uint32_t unused = 0;

    if (!text_utf8_valid(password)) {
        return error_set(err, REASON_SYNTAX, "the password is not UTF-8");
    }
    while (pos < password.len && text_next_utf8(password, &pos, &unused)) {
        characters++;
    }
    return characters >= ACCOUNT_PASSWORD_MIN
           || error_set(err, REASON_PASSPHRASE_TOO_SHORT,
                        "the password has less than %u characters", ACCOUNT_PASSWORD_MIN);
}

/* ---- changing -------------------------------------------------------------------------------- */

static bool hash_password(struct account_row *row, struct bytes password, struct error *err)
{
    const struct scrypt_cost cost = SCRYPT_COST_DEFAULT;

    row->cost = cost;
    return account_password_check(password, err) && secret_random(row->salt, sizeof(row->salt), err)
           && crypto_scrypt(password, bytes_of(row->salt, sizeof(row->salt)), &cost, row->hash,
                            sizeof(row->hash), err);
}

/* One command at a time: of two at once the later would undo the earlier. */
static bool take_lock(const char *data_folder, struct file_lock **lock, struct error *err)
{
    char path[FILE_PATH_MAX];
    bool held = false;

    if (!path_join(path, data_folder, LOCK_FILE_NAME, err)
        || !file_lock_try(path, lock, &held, err)) {
        return false;
    }
    return held
           || error_set(err, REASON_DATA_FOLDER_IN_USE,
                        "another command is changing accounts right now; try again");
}

/* What is changed, and how; `row` is a prepared one that is added or gives its password. */
struct change {
    enum { CHANGE_ADD, CHANGE_PASSWORD, CHANGE_REMOVE } kind;
    const char *name;
    const struct account_row *row;
};

static bool append(struct accounts_file *file, const struct account_row *row, struct error *err)
{
    struct account_row *rows = NULL;
    size_t count = file->count;

    if (count >= ACCOUNTS_MAX) {
        return error_set(err, REASON_LIMIT, "there are %u accounts already", ACCOUNTS_MAX);
    }
    rows = calloc(count + 1, sizeof(*rows));
    if (rows == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for accounts");
    }
    if (count > 0) {
        memcpy(rows, file->rows, count * sizeof(*rows));
    }
    rows[count] = *row;
    accounts_file_clear(file);
    file->rows = rows;
    file->count = count + 1;
    return true;
}

static bool apply_change(struct accounts_file *file, const struct change *change, struct error *err)
{
    struct account_row *found = accounts_file_find(file, change->name);

    if (change->kind == CHANGE_ADD) {
        if (found != NULL) {
            return error_set(err, REASON_ACCOUNT_EXISTS,
                             "there is an account %s already; to change its password: openndes "
                             "account password %s",
                             found->account.name, found->account.name);
        }
        return append(file, change->row, err);
    }
    if (found == NULL) {
        return error_set(err, REASON_ACCOUNT_MISSING,
                         "there is no such account; see: openndes account list");
    }
    if (change->kind == CHANGE_PASSWORD) {
        found->cost = change->row->cost;
        memcpy(found->salt, change->row->salt, sizeof(found->salt));
        memcpy(found->hash, change->row->hash, sizeof(found->hash));
        return true;
    }
    file->count--;
    memmove(found, found + 1, (size_t)(&file->rows[file->count] - found) * sizeof(*found));
    secret_wipe(&file->rows[file->count], sizeof(*found));
    return true;
}

static bool change_file(const char *data_folder, const struct change *change, struct error *err)
{
    struct accounts_file file = ACCOUNTS_FILE_INIT;
    struct file_lock *lock = NULL;
    bool ok = take_lock(data_folder, &lock, err)
              && accounts_file_read(data_folder, &file, NULL, err)
              && apply_change(&file, change, err) && accounts_file_write(data_folder, &file, err);

    accounts_file_clear(&file);
    file_lock_release(lock);
    return ok;
}

bool accounts_add(const char *data_folder, const struct account *account, struct bytes password,
                  struct error *err)
{
    struct account_row row = { .account = *account };
    struct change change = { CHANGE_ADD, row.account.name, &row };
    bool ok = account_name_check(account->name, err) && hash_password(&row, password, err)
              && change_file(data_folder, &change, err);

    secret_wipe(&row, sizeof(row));
    return ok;
}

bool accounts_set_password(const char *data_folder, const char *name, struct bytes password,
                           struct error *err)
{
    struct account_row row = { .cost = { 0, 0, 0 } };
    struct change change = { CHANGE_PASSWORD, name, &row };
    bool ok = hash_password(&row, password, err) && change_file(data_folder, &change, err);

    secret_wipe(&row, sizeof(row));
    return ok;
}

bool accounts_remove(const char *data_folder, const char *name, struct error *err)
{
    struct change change = { CHANGE_REMOVE, name, NULL };

    return change_file(data_folder, &change, err);
}

bool accounts_list(const char *data_folder, account_visit *visit, void *context, struct error *err)
{
    struct accounts_file file = ACCOUNTS_FILE_INIT;
    bool ok = accounts_file_read(data_folder, &file, NULL, err);

    for (size_t i = 0; ok && i < file.count; i++) {
        ok = visit(context, &file.rows[i].account, err);
    }
    accounts_file_clear(&file);
    return ok;
}
