/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "config/config_edit.h"
#include "platform/console.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"

static bool config_explain(const struct command *command, struct error *err)
{
    struct buffer text = BUFFER_INIT(1u << 20);
    struct args args;
    bool ok = args_parse(command->argc, command->argv, NULL, 0, &args, err)
              && args_expect(&args, 0, 1, "config explain [KEY]", err)
              && config_keys_explain(args.count == 0 ? NULL : args.positional[0], &text, err);

    if (ok) {
        console_write(CONSOLE_OUT, buffer_bytes(&text));
    }
    buffer_clear(&text);
    return ok;
}

/* ---- set ------------------------------------------------------------------------------------ */

/* Does a running service take the key only at its next start? */
static bool needs_restart(const char *key)
{
    static const char *const prefixes[] = { "listen",     "https.listen",    "limits.",
                                            "workers.",   "log.file",        "audit.file",
                                            "https.conn", "https.handshake", "https.min" };

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool apply(struct config_edit *edit, const struct args *args, struct buffer *changed,
                  bool *restart, struct error *err)
{
    char key[CONFIG_KEY_NAME_MAX];

    *restart = false;
    for (size_t i = 0; i < args->count; i++) {
        const char *item = args->positional[i];
        const char *equals = strchr(item, '=');

        if (equals == NULL || !text_format(key, sizeof(key), "%.*s", (int)(equals - item), item)) {
            return error_set(err, REASON_USAGE, "argument %zu is not KEY=VALUE", i + 1);
        }
        if (!config_edit_set(edit, key, equals + 1, false, err)
            || !buffer_printf(changed, err, "%s%s", changed->len == 0 ? "" : " ", key)) {
            return false;
        }
        *restart = *restart || needs_restart(key);
    }
    return true;
}

static bool config_set(const struct command *command, struct error *err)
{
    struct args args;
    struct config_edit *edit = NULL;
    struct file_lock *lock = NULL;
    struct buffer changed = BUFFER_INIT(16384);
    char path[FILE_PATH_MAX];
    bool restart = false;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 1, ARGS_POSITIONAL_MAX, "config set KEY=VALUE...", err)
        || !data_folder_check(command->data, err) || !data_path_config(command->data, path, err)
        || !data_config_lock(command->data, &lock, err)) {
        goto out;
    }
    edit = config_edit_open(CONFIG_SCOPE_SERVICE, path, err);
    if (edit == NULL) goto out;
    if (!apply(edit, &args, &changed, &restart, err)) goto out;
    if (!config_edit_save(edit, NULL, false, err)) goto out;
    /* Names only: a value may be long, and the file tells it. */
    if (!command_audit(command, "config-set", buffer_text(&changed), err)) goto out;
    command_print(restart ? "Changed. A running service takes it over at its next start.\n"
                          : "Changed. A running service takes it over within seconds.\n");
    ok = true;
out:
    config_edit_close(edit);
    file_lock_release(lock);
    buffer_clear(&changed);
    return ok;
}

/* ---- show ----------------------------------------------------------------------------------- */

static bool show_key(const struct config_edit *edit, const struct config_key *key,
                     struct json *root, struct error *err)
{
    struct buffer value = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    const char *shown;
    bool found = false;
    bool ok = config_edit_get(edit, key->name, &value, &found, err);

    if (ok) {
        shown = found ? buffer_text(&value) : key->default_text;
        if (root != NULL) {
            ok = json_value_put_text(root, key->name, shown, err);
        } else {
            command_print("%-32s %s%s\n", key->name, shown, found ? "" : "  (default)");
        }
    }
    buffer_clear(&value);
    return ok;
}

/* Every key with the value in force. */
static bool config_show(const struct command *command, struct error *err)
{
    const struct config_key *keys;
    struct config_edit *edit = NULL;
    struct json *root = NULL;
    struct args args;
    char path[FILE_PATH_MAX];
    size_t count = 0;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 0, 0, "config show [--json]", err)
        || !data_folder_check(command->data, err) || !data_path_config(command->data, path, err)) {
        goto out;
    }
    edit = config_edit_open(CONFIG_SCOPE_SERVICE, path, err);
    if (edit == NULL) goto out;
    if (command->json) {
        root = json_value_new_object();
        if (root == NULL) {
            error_set(err, REASON_NO_MEMORY, "JSON");
            goto out;
        }
    }
    keys = config_keys(CONFIG_SCOPE_SERVICE, &count);
    for (size_t i = 0; i < count; i++) {
        if (!keys[i].internal && !show_key(edit, &keys[i], root, err)) goto out;
    }
    ok = true;
    if (command->json) {
        struct json *whole = root;

        root = NULL;
        ok = command_print_json(whole, err);
    }
out:
    json_value_free(root);
    config_edit_close(edit);
    return ok;
}

bool cmd_config(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "show", config_show },
        { "set", config_set },
        { "explain", config_explain },
    };

    return command_dispatch(command, "config", table, sizeof(table) / sizeof(table[0]), err);
}
