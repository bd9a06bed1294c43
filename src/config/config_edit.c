/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_edit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "config/config_load.h"
#include "config/config_place.h"
#include "config/config_value.h"
#include "platform/files.h"

#define INDENT 2u

struct config_edit {
    enum config_scope scope;
    char path[FILE_PATH_MAX];
    struct json *root; /* an object */
};

/* The document of a file; a missing file gives an empty one. */
static struct json *read_document(const char *path, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    struct error cause = ERROR_INIT;
    struct json *root = NULL;
    struct config_place place = { path, { NULL, 0 } };

    if (!file_read(path, LIMIT_CONFIG_FILE_BYTES, &text, &cause)) {
        if (cause.reason != REASON_FILE_MISSING) {
            (void)error_set(
                err, cause.reason == REASON_NO_MEMORY ? REASON_NO_MEMORY : REASON_CONFIG_UNREADABLE,
                "%s", cause.detail);
            goto out;
        }
        root = json_value_new_object();
        if (root == NULL) {
            (void)error_set(err, REASON_NO_MEMORY, "an empty document");
        }
        goto out;
    }
    place.text = buffer_bytes(&text);
    root = json_value_parse(place.text, LIMIT_CONFIG_FILE_BYTES, LIMIT_JSON_DEPTH, &cause);
    if (root == NULL) {
        (void)config_place_syntax(&place, &cause, err);
        goto out;
    }
    if (json_value_kind(root) != JSON_KIND_OBJECT) {
        (void)error_set(err, REASON_CONFIG_WRONG_TYPE, "%s:1: expected an object, found %s", path,
                        json_kind_name(json_value_kind(root)));
        json_value_free(root);
        root = NULL;
    }
out:
    buffer_clear(&text);
    return root;
}

struct config_edit *config_edit_open(enum config_scope scope, const char *path, struct error *err)
{
    struct config_edit *edit = calloc(1, sizeof(*edit));
    struct config_edit *result = NULL;

    if (edit == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "a document to edit");
        goto out;
    }
    edit->scope = scope;
    if (!text_copy(edit->path, sizeof(edit->path), path)) {
        (void)error_set(err, REASON_CONFIG_UNREADABLE, "the path has more than %d bytes",
                        FILE_PATH_MAX - 1);
        goto out;
    }
    edit->root = read_document(path, err);
    if (edit->root == NULL) {
        goto out;
    }
    result = edit;
    edit = NULL;
out:
    config_edit_close(edit);
    return result;
}

void config_edit_close(struct config_edit *edit)
{
    if (edit != NULL) {
        json_value_free(edit->root);
        free(edit);
    }
}

/* The row of a key, or why there is none. */
static const struct config_key *find_key(const struct config_edit *edit, const char *name,
                                         struct error *err)
{
    const struct config_key *key = config_key_find(edit->scope, name, NULL);
    char shown[96];

    if (key == NULL) {
        text_escape(shown, sizeof(shown), bytes_of_text(name));
        (void)config_keys_unknown(edit->scope, name, err);
        (void)error_context(err, "%s", shown);
    }
    return key;
}

/*
 * The object that holds a key and the key's own part. *object is NULL when it is not in the
 * document yet; something that is no object in its place is an error.
 */
static bool find_holder(const struct config_edit *edit, const struct config_key *key,
                        struct json **object, const char **member, struct error *err)
{
    const char *dot = strchr(key->name, '.');
    char group[CONFIG_KEY_NAME_MAX];

    *object = edit->root;
    *member = key->name;
    if (dot == NULL) {
        return true;
    }
    *member = dot + 1;
    if (!text_format(group, sizeof(group), "%.*s", (int)(dot - key->name), key->name)) {
        return error_set(err, REASON_INTERNAL, "%s: the name is too long", key->name);
    }
    *object = json_value_get(edit->root, group);
    if (*object != NULL && json_value_kind(*object) != JSON_KIND_OBJECT) {
        return error_set(err, REASON_CONFIG_WRONG_TYPE, "%s: %s: expected an object, found %s",
                         edit->path, group, json_kind_name(json_value_kind(*object)));
    }
    return true;
}

/* Put a new group with one member at the end of the document. */
static bool put_group(struct config_edit *edit, const struct config_key *key, const char *member,
                      struct json *take_value, struct error *err)
{
    struct json *group = json_value_new_object();
    char name[CONFIG_KEY_NAME_MAX];
    bool ok = false;

    if (group == NULL) {
        json_value_free(take_value);
        return error_set(err, REASON_NO_MEMORY, "a group of settings");
    }
    ok = json_value_put(group, member, take_value, err)
         && text_format(name, sizeof(name), "%.*s", (int)strcspn(key->name, "."), key->name);
    if (!ok) {
        json_value_free(group);
        return false;
    }
    return json_value_put(edit->root, name, group, err);
}

bool config_edit_set(struct config_edit *edit, const char *key, const char *value,
                     bool allow_internal, struct error *err)
{
    const struct config_key *row = find_key(edit, key, err);
    struct config_value parsed = CONFIG_VALUE_INIT;
    struct json *holder = NULL;
    struct json *made = NULL;
    const struct json *former = NULL;
    const char *member = NULL;
    bool ok = false;

    if (row == NULL) {
        goto out;
    }
    if (row->internal && !allow_internal) {
        (void)error_set(err, REASON_CONFIG_BAD_VALUE,
                        "%s: written by a command of its own, not by hand", row->name);
        goto out;
    }
    if (!config_value_from_text(row, value, &parsed, err)) {
        (void)error_context(err, "%s", row->name);
        goto out;
    }
    if (!find_holder(edit, row, &holder, &member, err)) {
        goto out;
    }
    former = holder != NULL ? json_value_get(holder, member) : NULL;
    made = config_value_to_json(row, &parsed,
                                former != NULL && json_value_kind(former) == JSON_KIND_ARRAY, err);
    if (made == NULL) {
        goto out;
    }
    if (holder != NULL) {
        ok = json_value_put(holder, member, made, err);
    } else {
        ok = put_group(edit, row, member, made, err);
    }
out:
    config_value_clear(&parsed);
    return ok;
}

bool config_edit_get(const struct config_edit *edit, const char *key, struct buffer *out,
                     bool *found, struct error *err)
{
    const struct config_key *row = find_key(edit, key, err);
    struct config_value value = CONFIG_VALUE_INIT;
    struct json *holder = NULL;
    const struct json *json = NULL;
    const char *member = NULL;
    bool ok = false;

    if (row == NULL || !find_holder(edit, row, &holder, &member, err)) {
        return false;
    }
    json = holder != NULL ? json_value_get(holder, member) : NULL;
    if (json == NULL) {
        *found = false;
        return true;
    }
    if (!config_value_from_json(row, json, &value, err)) {
        (void)error_context(err, "%s: %s", edit->path, row->name);
        goto out;
    }
    switch (row->type) {
    case CONFIG_TYPE_BOOL:
        ok = buffer_append_text(out, value.boolean ? "true" : "false", err);
        break;
    case CONFIG_TYPE_INTEGER:
        ok = buffer_printf(out, err, "%" PRId64, value.integer);
        break;
    case CONFIG_TYPE_WORD:
        ok = buffer_append_text(out, row->words[value.word], err);
        break;
    case CONFIG_TYPE_TEXT:
    case CONFIG_TYPE_LIST:
        ok = buffer_append_text(out, value.text, err);
        break;
    }
    if (ok) {
        *found = true;
    }
out:
    config_value_clear(&value);
    return ok;
}

bool config_edit_print(const struct config_edit *edit, struct buffer *out, struct error *err)
{
    size_t before = out->len;

    if (!json_value_print(edit->root, INDENT, out, err)) {
        return false;
    }
    /* a text file ends with a line break, whoever prints it */
    if (out->len > before && out->data[out->len - 1] == '\n') {
        return true;
    }
    return buffer_append_byte(out, '\n', err);
}

/* Would loading take this text? */
static bool check_document(const struct config_edit *edit, const char *template_name,
                           struct bytes text, struct error *err)
{
    struct service_config service;
    struct template_config template;

    if (edit->scope == CONFIG_SCOPE_SERVICE) {
        if (!config_parse_service(edit->path, text, &service, err)) {
            return false;
        }
        service_config_clear(&service);
        return true;
    }
    if (template_name == NULL) {
        return error_set(err, REASON_INTERNAL, "%s: a template is saved without its name",
                         edit->path);
    }
    if (!config_parse_template(edit->path, template_name, text, &template, err)) {
        return false;
    }
    template_config_clear(&template);
    return true;
}

/* The file holds no secret (the passphrase's MAC needs a key to be of use), so the folder's rights
 * apply and the service's account can read what an administrator has written. */
static bool write_document(const struct config_edit *edit, struct bytes text, bool must_be_new,
                           struct error *err)
{
    struct error cause = ERROR_INIT;

    if (!must_be_new) {
        return file_write_atomic(edit->path, text, false, err);
    }
    if (file_create_new(edit->path, text, false, &cause)) {
        return true;
    }
    /* files.h; a disk that fails behind the last step leaves the file as well */
    if (cause.reason == REASON_FILE_NOT_WRITABLE && file_exists(edit->path)
        && strstr(cause.detail, "exists") != NULL) {
        return error_set(err,
                         edit->scope == CONFIG_SCOPE_TEMPLATE ? REASON_TEMPLATE_EXISTS
                                                              : REASON_DATA_FOLDER_EXISTS,
                         "%s exists already", edit->path);
    }
    return error_set(err, cause.reason, "%s", cause.detail);
}

bool config_edit_save(struct config_edit *edit, const char *template_name, bool must_be_new,
                      struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    bool ok = config_edit_print(edit, &text, err)
              && check_document(edit, template_name, buffer_bytes(&text), err)
              && write_document(edit, buffer_bytes(&text), must_be_new, err);

    buffer_clear(&text);
    return ok;
}
