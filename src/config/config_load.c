/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_load.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "config/config_keys.h"
#include "config/config_place.h"
#include "config/config_rules.h"
#include "config/config_value.h"
#include "platform/files.h"
#include "platform/rights.h"

#define SERVICE_FILE "openndes.json"
#define TEMPLATE_FOLDER "templates"
#define TEMPLATE_SUFFIX ".json"
#define SHOWN_PATH_MAX 256u /* a longer path would leave no room for what is wrong */
/* Backups and editor leftovers beside the templates are no reason to fail. */
#define FOLDER_ENTRIES_MAX (4u * LIMIT_TEMPLATES)

/* What a file is read into. */
struct config_target {
    enum config_scope scope;
    void *config;
    const struct config_place *place;
};

static bool set_defaults(const struct config_target *target, struct error *err)
{
    size_t count = 0;
    const struct config_key *keys = config_keys(target->scope, &count);

    for (size_t i = 0; i < count; i++) {
        struct config_value value = CONFIG_VALUE_INIT;

        if (!config_value_from_text(&keys[i], keys[i].default_text, &value, err)) {
            return error_context(err, "default of %s", keys[i].name);
        }
        config_value_store(&keys[i], target->config, &value);
    }
    return true;
}

/* A key of the file that the table does not have; it may be longer than any key. */
static bool unknown_key(const struct config_target *target, const char *prefix, const char *member,
                        struct error *err)
{
    struct buffer path = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    const char *name = NULL;

    if (!buffer_printf(&path, err, "%s%s", prefix, member)) {
        goto out;
    }
    name = buffer_text(&path);
    /* {"challenge.type": ...} looks right to whoever knows the command line */
    if (strchr(member, '.') != NULL && config_key_find(target->scope, name, NULL) != NULL) {
        (void)error_set(err, REASON_CONFIG_UNKNOWN_KEY,
                        "unknown key; in a file each dot is an object: \"%.*s\": { \"%s\": ... }",
                        (int)strcspn(name, "."), name, strchr(name, '.') + 1);
    } else {
        (void)config_keys_unknown(target->scope, name, err);
    }
    (void)config_place_key(target->place, name, err);
out:
    buffer_clear(&path);
    return false;
}

static bool load_value(const struct config_target *target, const struct config_key *key,
                       const struct json *json, struct error *err)
{
    struct config_value value = CONFIG_VALUE_INIT;

    if (!config_value_from_json(key, json, &value, err)) {
        return config_place_key(target->place, key->name, err);
    }
    config_value_store(key, target->config, &value);
    return true;
}

/* All members of an object; prefix is "" or "challenge." . */
static bool load_object(const struct config_target *target, const struct json *object,
                        const char *prefix, struct error *err)
{
    char name[2 * CONFIG_KEY_NAME_MAX];
    void *it = NULL;
    const char *member = NULL;
    struct json *json = NULL;

    while (json_value_next(object, &it, &member, &json)) {
        bool whole = text_format(name, sizeof(name), "%s%s", prefix, member);
        const struct config_key *key = config_key_find(target->scope, name, NULL);

        /* name is cut at the end when it is too long for any key */
        if (!whole || strchr(member, '.') != NULL
            || (key == NULL && !config_keys_has_group(target->scope, name))) {
            return unknown_key(target, prefix, member, err);
        }
        if (key != NULL) {
            if (!load_value(target, key, json, err)) {
                return false;
            }
            continue;
        }
        if (json_value_kind(json) != JSON_KIND_OBJECT) {
            (void)error_set(err, REASON_CONFIG_WRONG_TYPE, "expected an object, found %s",
                            json_kind_name(json_value_kind(json)));
            return config_place_key(target->place, name, err);
        }
        /* one level deeper at most: names in the table have one dot */
        if (!text_format(name, sizeof(name), "%s%s.", prefix, member)
            || !load_object(target, json, name, err)) {
            return false;
        }
    }
    return true;
}

static bool parse(const struct config_target *target, struct error *err)
{
    const struct config_place *place = target->place;
    struct error cause = ERROR_INIT;
    struct json *root = NULL;
    bool ok = false;

    if (text_trim(place->text).len == 0) {
        return error_set(err, REASON_CONFIG_SYNTAX,
                         "%s: the file is empty; {} would leave every setting at its default",
                         place->file);
    }
    root = json_value_parse(place->text, LIMIT_CONFIG_FILE_BYTES, LIMIT_JSON_DEPTH, &cause);
    if (root == NULL) {
        (void)config_place_syntax(place, &cause, err);
        goto out;
    }
    if (json_value_kind(root) != JSON_KIND_OBJECT) {
        (void)error_set(err, REASON_CONFIG_WRONG_TYPE, "%s:1: expected an object, found %s",
                        place->file, json_kind_name(json_value_kind(root)));
        goto out;
    }
    ok = set_defaults(target, err) && load_object(target, root, "", err)
         && config_rules_check(target->scope, target->config, place, err);
out:
    json_value_free(root);
    return ok;
}

bool config_parse_service(const char *file, struct bytes text, struct service_config *out,
                          struct error *err)
{
    const struct config_place place = { file, text };
    struct config_target target = { CONFIG_SCOPE_SERVICE, out, &place };

    memset(out, 0, sizeof(*out));
    if (!parse(&target, err)) {
        service_config_clear(out);
        return false;
    }
    return true;
}

bool config_parse_template(const char *file, const char *name, struct bytes text,
                           struct template_config *out, struct error *err)
{
    const struct config_place place = { file, text };
    struct config_target target = { CONFIG_SCOPE_TEMPLATE, out, &place };

    memset(out, 0, sizeof(*out));
    if (!template_name_check(name, err)) {
        return false;
    }
    if (!parse(&target, err) || !text_copy(out->name, sizeof(out->name), name)) {
        template_config_clear(out);
        return false;
    }
    return true;
}

/*
 * The file's text. A file that cannot be read is a configuration error, whatever the reason; one
 * that others may write is told as such.
 */
static bool read_file(const char *path, enum reason missing, struct buffer *out, struct error *err)
{
    struct error cause = ERROR_INIT;

    if (!rights_check(path, false, err)) {
        return false;
    }
    if (file_read(path, LIMIT_CONFIG_FILE_BYTES, out, &cause)) {
        return true;
    }
    if (cause.reason == REASON_NO_MEMORY) {
        return error_set(err, REASON_NO_MEMORY, "%s", cause.detail);
    }
    return error_set(err, cause.reason == REASON_FILE_MISSING ? missing : REASON_CONFIG_UNREADABLE,
                     "%s", cause.detail);
}

bool config_load_service(const char *data_folder, struct service_config *out, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    char path[FILE_PATH_MAX];
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (!path_join(path, data_folder, SERVICE_FILE, err)) {
        goto out;
    }
    if (!folder_exists(data_folder)) {
        (void)error_set(err, REASON_DATA_FOLDER_MISSING,
                        "%s: no such folder; \"openndes init\" creates it", data_folder);
        goto out;
    }
    if (!read_file(path, REASON_CONFIG_UNREADABLE, &text, err)) {
        goto out;
    }
    ok = config_parse_service(strlen(path) > SHOWN_PATH_MAX ? SERVICE_FILE : path,
                              buffer_bytes(&text), out, err);
out:
    buffer_clear(&text);
    return ok;
}

bool config_load_template(const char *data_folder, const char *name, struct template_config *out,
                          struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    char relative[sizeof(TEMPLATE_FOLDER) + 1 + LIMIT_TEMPLATE_NAME + sizeof(TEMPLATE_SUFFIX)];
    char path[FILE_PATH_MAX];
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (!template_name_check(name, err)) {
        goto out;
    }
    if (!text_format(relative, sizeof(relative), TEMPLATE_FOLDER "/%s" TEMPLATE_SUFFIX, name)) {
        (void)error_set(err, REASON_TEMPLATE_NAME, "the name is too long");
        goto out;
    }
    if (!path_join(path, data_folder, relative, err)
        || !read_file(path, REASON_TEMPLATE_MISSING, &text, err)) {
        goto out;
    }
    ok = config_parse_template(strlen(path) > SHOWN_PATH_MAX ? relative : path, name,
                               buffer_bytes(&text), out, err);
out:
    buffer_clear(&text);
    return ok;
}

/* Names that Windows gives to devices in every folder, also with an extension. */
static bool is_device_name(const char *name)
{
    static const char *const devices[] = { "con", "prn", "aux", "nul" };
    static const char *const numbered[] = { "com", "lpt" };
    size_t len = strcspn(name, ".");

    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (len == 3 && strncmp(name, devices[i], len) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
        if (len == 4 && strncmp(name, numbered[i], 3) == 0 && name[3] >= '0' && name[3] <= '9') {
            return true;
        }
    }
    return false;
}

bool template_name_check(const char *name, struct error *err)
{
    size_t len = strlen(name);
    char shown[80];

    text_escape(shown, sizeof(shown), bytes_of_text(name));
    if (len == 0 || len > LIMIT_TEMPLATE_NAME) {
        return error_set(err, REASON_TEMPLATE_NAME, "a name has 1 to %u characters, \"%s\" has %zu",
                         LIMIT_TEMPLATE_NAME, shown, len);
    }
    for (size_t i = 0; i < len; i++) {
        bool alphanumeric =
            (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9');

        if (!alphanumeric && (i == 0 || strchr("-_.", name[i]) == NULL)) {
            return error_set(err, REASON_TEMPLATE_NAME,
                             "\"%s\": character %zu is not possible; a name is made of a-z, 0-9, "
                             "'-', '_' and '.', and begins with a letter or digit",
                             shown, i + 1);
        }
    }
    if (name[len - 1] == '.') {
        return error_set(err, REASON_TEMPLATE_NAME, "\"%s\": a name does not end with '.'", shown);
    }
    if (is_device_name(name)) {
        return error_set(err, REASON_TEMPLATE_NAME,
                         "\"%s\" is the name of a device in Windows; choose another", shown);
    }
    return true;
}

struct template_names {
    char (*names)[LIMIT_TEMPLATE_NAME + 1]; /* room for LIMIT_TEMPLATES */
    size_t count;
};

static bool collect_name(void *context, const char *file, bool is_folder, struct error *err)
{
    struct template_names *found = context;
    struct error unused = ERROR_INIT;
    char name[LIMIT_TEMPLATE_NAME + 1];
    size_t len = strlen(file);
    size_t suffix = strlen(TEMPLATE_SUFFIX);

    if (is_folder || len <= suffix || strcmp(file + len - suffix, TEMPLATE_SUFFIX) != 0
        || !text_format(name, sizeof(name), "%.*s", (int)(len - suffix), file)
        || !template_name_check(name, &unused)) {
        return true;
    }
    if (found->count == LIMIT_TEMPLATES) {
        return error_set(err, REASON_LIMIT, "more than %u templates", LIMIT_TEMPLATES);
    }
    memcpy(found->names[found->count], name, sizeof(name));
    found->count++;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

bool config_list_templates(const char *data_folder, template_visit *visit, void *context,
                           struct error *err)
{
    struct template_names found = { NULL, 0 };
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!path_join(path, data_folder, TEMPLATE_FOLDER, err)) {
        goto out;
    }
    if (!folder_exists(path)) {
        ok = true;
        goto out;
    }
    found.names = calloc(LIMIT_TEMPLATES, sizeof(found.names[0]));
    if (found.names == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "the list of templates");
        goto out;
    }
    if (!folder_list(path, FOLDER_ENTRIES_MAX, collect_name, &found, err)) {
        goto out;
    }
    /* file names come sorted, but "a-b.json" stands before "a.json" and "a" before "a-b" */
    qsort(found.names, found.count, sizeof(found.names[0]), compare_names);
    for (size_t i = 0; i < found.count; i++) {
        if (!visit(context, found.names[i], err)) {
            goto out;
        }
    }
    ok = true;
out:
    free(found.names);
    return ok;
}
