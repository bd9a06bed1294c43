/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/accounts_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "platform/rights.h"

#define FILE_BYTES_MAX 2097152u /* ACCOUNTS_MAX with all their scopes */
#define DEPTH_MAX 8u

/* ---- reading --------------------------------------------------------------------------------- */

static const struct json *need(const struct json *object, const char *key, enum json_kind kind,
                               struct error *err)
{
    const struct json *value = json_value_get(object, key);

    if (value == NULL) {
        (void)error_set(err, REASON_CONFIG_BAD_VALUE, "\"%s\" is missing", key);
    } else if (json_value_kind(value) != kind) {
        (void)error_set(err, REASON_CONFIG_WRONG_TYPE, "\"%s\" is not %s", key,
                        json_kind_name(kind));
        value = NULL;
    }
    return value;
}

/* Exactly these keys. */
static bool check_keys(const struct json *object, const char *const *keys, size_t count,
                       struct error *err)
{
    void *it = NULL;
    const char *key = NULL;
    struct json *value = NULL;
    char shown[64];

    while (json_value_next(object, &it, &key, &value)) {
        size_t i = 0;

        while (i < count && strcmp(keys[i], key) != 0) {
            i++;
        }
        if (i == count) {
            text_escape(shown, sizeof(shown), bytes_of_text(key));
            return error_set(err, REASON_CONFIG_UNKNOWN_KEY, "unknown key \"%s\"", shown);
        }
    }
    return true;
}

static bool read_number(const struct json *object, const char *key, uint32_t *out,
                        struct error *err)
{
    const struct json *value = need(object, key, JSON_KIND_INTEGER, err);

    if (value == NULL) {
        return false;
    }
    if (json_value_integer(value) < 1 || json_value_integer(value) > UINT32_MAX) {
        return error_set(err, REASON_CONFIG_OUT_OF_RANGE, "\"%s\" is out of range", key);
    }
    *out = (uint32_t)json_value_integer(value);
    return true;
}

static bool read_hex(const struct json *object, const char *key, uint8_t *out, size_t size,
                     struct error *err)
{
    const struct json *value = need(object, key, JSON_KIND_TEXT, err);
    size_t len = 0;

    if (value == NULL) {
        return false;
    }
    return (text_unhex(out, size, &len, bytes_of_text(json_value_text(value))) && len == size)
           || error_set(err, REASON_CONFIG_BAD_VALUE, "\"%s\" is not %zu hexadecimal digits", key,
                        2 * size);
}

static bool read_scrypt(const struct json *object, struct account_row *row, struct error *err)
{
    static const char *const keys[] = { "n", "r", "p", "salt", "hash" };

    if (!check_keys(object, keys, sizeof(keys) / sizeof(keys[0]), err)
        || !read_number(object, "n", &row->cost.n, err)
        || !read_number(object, "r", &row->cost.r, err)
        || !read_number(object, "p", &row->cost.p, err)
        || !read_hex(object, "salt", row->salt, sizeof(row->salt), err)
        || !read_hex(object, "hash", row->hash, sizeof(row->hash), err)) {
        return false;
    }
    return crypto_scrypt_cost_valid(&row->cost)
           || error_set(err, REASON_CONFIG_OUT_OF_RANGE, "the cost of scrypt is out of range");
}

static bool read_scopes(const struct json *array, struct account *account, struct error *err)
{
    account->scope_count = json_value_count(array);
    if (account->scope_count > ACCOUNT_SCOPES_MAX) {
        return error_set(err, REASON_CONFIG_OUT_OF_RANGE, "more than %u \"scopes\"",
                         ACCOUNT_SCOPES_MAX);
    }
    for (size_t i = 0; i < account->scope_count; i++) {
        const char *scope = json_value_text(json_value_at(array, i));
        struct error unused = ERROR_INIT;

        if (scope == NULL
            || (strcmp(scope, ACCOUNT_SCOPE_SERVICE) != 0 && !template_name_check(scope, &unused))
            || !text_copy(account->scopes[i], sizeof(account->scopes[i]), scope)) {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "\"scopes\" holds what is not the name of a template");
        }
    }
    return true;
}

static bool read_row(const struct json *object, struct account_row *row, struct error *err)
{
    static const char *const keys[] = { "name", "scrypt", "scopes", "created" };
    const struct json *name = NULL;
    const struct json *scrypt = NULL;
    const struct json *scopes = NULL;
    const struct json *created = NULL;

    if (json_value_kind(object) != JSON_KIND_OBJECT) {
        return error_set(err, REASON_CONFIG_WRONG_TYPE, "an account is not an object");
    }
    if (!check_keys(object, keys, sizeof(keys) / sizeof(keys[0]), err)) {
        return false;
    }
    name = need(object, "name", JSON_KIND_TEXT, err);
    scrypt = need(object, "scrypt", JSON_KIND_OBJECT, err);
    scopes = need(object, "scopes", JSON_KIND_ARRAY, err);
    created = need(object, "created", JSON_KIND_TEXT, err);
    if (name == NULL || scrypt == NULL || scopes == NULL || created == NULL) {
        return false;
    }
    if (!account_name_check(json_value_text(name), err)
        || !text_copy(row->account.name, sizeof(row->account.name), json_value_text(name))
        || !read_scrypt(scrypt, row, err) || !read_scopes(scopes, &row->account, err)) {
        return false;
    }
    return clock_parse(json_value_text(created), &row->account.created)
           || error_set(err, REASON_CONFIG_BAD_VALUE, "\"created\" is not a time");
}

static bool read_rows(const struct json *array, struct accounts_file *file, struct error *err)
{
    size_t count = json_value_count(array);

    if (count > ACCOUNTS_MAX) {
        return error_set(err, REASON_CONFIG_OUT_OF_RANGE, "more than %u accounts", ACCOUNTS_MAX);
    }
    file->rows = calloc(count + 1, sizeof(*file->rows));
    if (file->rows == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for accounts");
    }
    while (file->count < count) {
        struct account_row *row = &file->rows[file->count];

        if (!read_row(json_value_at(array, file->count), row, err)) {
            return error_context(err, "account %zu", file->count + 1);
        }
        if (accounts_file_find(file, row->account.name) != NULL) {
            return error_set(err, REASON_CONFIG_DUPLICATE_KEY, "account %zu stands there twice",
                             file->count + 1);
        }
        file->count++;
    }
    return true;
}

bool accounts_file_parse(struct bytes text, struct accounts_file *out, struct error *err)
{
    static const char *const keys[] = { "accounts" };
    struct accounts_file file = ACCOUNTS_FILE_INIT;
    struct json *root = json_value_parse(text, FILE_BYTES_MAX, DEPTH_MAX, err);
    const struct json *array = NULL;
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (root == NULL) goto out;
    if (json_value_kind(root) != JSON_KIND_OBJECT) {
        (void)error_set(err, REASON_CONFIG_WRONG_TYPE, "the file is not an object");
        goto out;
    }
    if (!check_keys(root, keys, 1, err)) goto out;
    array = need(root, keys[0], JSON_KIND_ARRAY, err);
    if (array == NULL || !read_rows(array, &file, err)) goto out;
    *out = file;
    memset(&file, 0, sizeof(file));
    ok = true;
out:
    accounts_file_clear(&file);
    json_value_free(root);
    return ok;
}

bool accounts_file_read(const char *data_folder, struct accounts_file *out,
                        struct file_stamp *stamp, struct error *err)
{
    struct buffer text = BUFFER_INIT(FILE_BYTES_MAX);
    struct file_stamp before;
    struct error cause = ERROR_INIT;
    char path[FILE_PATH_MAX];
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (!path_join(path, data_folder, ACCOUNTS_FILE_NAME, err) || !file_stamp(path, &before, err)) {
        goto out;
    }
    if (stamp != NULL) {
        *stamp = before;
    }
    if (!rights_check(path, true, err)) {
        goto out;
    }
    if (!file_read(path, FILE_BYTES_MAX, &text, &cause)) {
        ok =
            cause.reason == REASON_FILE_MISSING || error_set(err, cause.reason, "%s", cause.detail);
        goto out;
    }
    ok = accounts_file_parse(buffer_bytes(&text), out, err) || error_context(err, "%s", path);
out:
    buffer_clear(&text);
    return ok;
}

/* ---- writing --------------------------------------------------------------------------------- */

static struct json *scopes_json(const struct account *account)
{
    struct json *array = json_value_new_array();
    struct error ignored = ERROR_INIT;

    for (size_t i = 0; array != NULL && i < account->scope_count; i++) {
        struct json *text = json_value_new_text(account->scopes[i]);

        if (text == NULL || !json_value_push(array, text, &ignored)) {
            json_value_free(array);
            array = NULL;
        }
    }
    return array;
}

static struct json *scrypt_json(const struct account_row *row, struct error *err)
{
    struct json *object = json_value_new_object();
    char salt[2 * ACCOUNT_SALT_BYTES + 1];
    char hash[2 * ACCOUNT_HASH_BYTES + 1];

    text_hex(salt, sizeof(salt), bytes_of(row->salt, sizeof(row->salt)));
    text_hex(hash, sizeof(hash), bytes_of(row->hash, sizeof(row->hash)));
    if (object != NULL
        && (!json_value_put_integer(object, "n", row->cost.n, err)
            || !json_value_put_integer(object, "r", row->cost.r, err)
            || !json_value_put_integer(object, "p", row->cost.p, err)
            || !json_value_put_text(object, "salt", salt, err)
            || !json_value_put_text(object, "hash", hash, err))) {
        json_value_free(object);
        object = NULL;
    }
    secret_wipe(hash, sizeof(hash));
    return object;
}

static struct json *row_json(const struct account_row *row, struct error *err)
{
    struct json *object = json_value_new_object();
    struct json *scrypt = scrypt_json(row, err);
    struct json *scopes = scopes_json(&row->account);
    char created[CLOCK_TEXT_MAX];
    bool ok = object != NULL && scrypt != NULL && scopes != NULL;

    clock_format(row->account.created, created);
    ok = ok && json_value_put_text(object, "name", row->account.name, err);
    if (ok) {
        ok = json_value_put(object, "scopes", scopes, err);
        scopes = NULL;
    }
    ok = ok && json_value_put_text(object, "created", created, err);
    if (ok) {
        ok = json_value_put(object, "scrypt", scrypt, err);
        scrypt = NULL;
    }
    if (!ok) {
        json_value_free(object);
        object = NULL;
    }
    json_value_free(scrypt);
    json_value_free(scopes);
    return object;
}

static struct json *file_json(const struct accounts_file *file, struct error *err)
{
    struct json *root = json_value_new_object();
    struct json *array = json_value_new_array();
    bool ok = root != NULL && array != NULL;

    for (size_t i = 0; ok && i < file->count; i++) {
        struct json *row = row_json(&file->rows[i], err);

        ok = row != NULL && json_value_push(array, row, err);
    }
    if (ok) {
        ok = json_value_put(root, "accounts", array, err);
        array = NULL;
    }
    if (!ok) {
        json_value_free(root);
        root = NULL;
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for accounts");
    }
    json_value_free(array);
    return root;
}

bool accounts_file_write(const char *data_folder, const struct accounts_file *file,
                         struct error *err)
{
    struct buffer text = BUFFER_INIT(FILE_BYTES_MAX);
    struct json *root = file_json(file, err);
    char path[FILE_PATH_MAX];
    bool ok = root != NULL && path_join(path, data_folder, ACCOUNTS_FILE_NAME, err)
              && json_value_print(root, 2, &text, err) && buffer_append_byte(&text, '\n', err)
              && file_write_atomic(path, buffer_bytes(&text), true, err);

    json_value_free(root);
    buffer_clear(&text);
    return ok;
}

void accounts_file_clear(struct accounts_file *file)
{
    if (file == NULL) {
        return;
    }
    if (file->rows != NULL) {
        secret_wipe(file->rows, file->count * sizeof(*file->rows));
        free(file->rows);
    }
    file->rows = NULL;
    file->count = 0;
}

struct account_row *accounts_file_find(const struct accounts_file *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++) {
        if (text_equal_nocase(file->rows[i].account.name, name)) {
            return &file->rows[i];
        }
    }
    return NULL;
}
