/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "config/config_edit.h"
#include "config/config_sources.h"
#include "platform/console.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"

/* ---- where a value comes from --------------------------------------------------------------- */

/* The settings as a start would have them. */
static bool load_sources(const struct command *command, struct config_sources **sources,
                         struct error *err)
{
    const struct config_sources_options options = { .data_folder = command->data };
    struct service_config config = { 0 };
    bool ok = config_sources_load(&options, &config, sources, err);

    service_config_clear(&config);
    return ok;
}

static bool put_or_empty(struct json *object, const char *name, const char *text, struct error *err)
{
    return text == NULL || json_value_put_text(object, name, text, err);
}

/* "file" and "policy" only where they say something, "problem" only where there is one. */
static struct json *view_json(const struct config_source_view *view, struct error *err)
{
    struct json *object = json_value_new_object();

    if (object == NULL || !json_value_put_text(object, "value", view->value, err)
        || !json_value_put_text(object, "source", config_source_name(view->source), err)
        || !json_value_put_text(object, "default", view->key->default_text, err)
        || !put_or_empty(object, "file", view->file, err)
        || !put_or_empty(object, "policy", view->policy, err)
        || (view->problem != NULL
            && (!json_value_put_text(object, "reason", reason_id(view->problem->reason), err)
                || !json_value_put_text(object, "problem", view->problem->detail, err)))) {
        json_value_free(object);
        (void)error_set(err, REASON_NO_MEMORY, "JSON");
        return NULL;
    }
    return object;
}

/* ---- explain -------------------------------------------------------------------------------- */

static const char *in_words(enum config_source source)
{
    switch (source) {
    case CONFIG_SOURCE_DEFAULT:
        return "the default";
    case CONFIG_SOURCE_FILE:
        return "from openndes.json";
    case CONFIG_SOURCE_POLICY:
        return "from Group Policy";
    case CONFIG_SOURCE_CLOSED:
        return "closed, because the policy's value is not possible";
    case CONFIG_SOURCE_KEPT:
        return "as before, because the policy's value is not possible";
    }
    return "";
}

static bool explain_view(void *context, const struct config_source_view *view, struct error *err)
{
    const bool *json = context;

    if (*json) {
        return command_print_json(view_json(view, err), err);
    }
    command_print("On this server\n    In force: %s (%s)\n    Policy:   %s\n    File:     %s\n",
                  view->value[0] == '\0' ? "(empty)" : view->value, in_words(view->source),
                  view->policy == NULL      ? "(not set)"
                  : view->policy[0] == '\0' ? "(empty)"
                                            : view->policy,
                  view->file == NULL      ? "(not set)"
                  : view->file[0] == '\0' ? "(empty)"
                                          : view->file);
    if (view->problem != NULL) {
        command_print("    Problem:  the policy's value is not taken over: %s. A service that runs "
                      "keeps the value it has.\n",
                      view->problem->detail);
    }
    return true;
}

/* What a data folder adds to the explanation; none is needed to read about a key. */
static bool explain_sources(const struct command *command, const char *key, struct error *err)
{
    struct config_sources *sources = NULL;
    struct error why = ERROR_INIT;
    bool json = command->json;
    char path[FILE_PATH_MAX];
    bool found = false;
    bool ok = true;

    if (!data_path_config(command->data, path, err)) {
        return false;
    }
    if (!command->json && !file_exists(path)) {
        return true;
    }
    if (!load_sources(command, &sources, &why)) {
        if (command->json) {
            return error_set(err, why.reason, "%s", why.detail);
        }
        command_print("On this server it cannot be told: %s\n", why.detail);
        return true;
    }
    ok = config_sources_visit_key(sources, key, explain_view, &json, &found, err);
    if (ok && !found && command->json) {
        ok = error_set(err, REASON_CONFIG_UNKNOWN_KEY, "%.64s: no setting of openndes.json", key);
    }
    config_sources_free(sources);
    return ok;
}

static bool config_explain(const struct command *command, struct error *err)
{
    struct buffer text = BUFFER_INIT(1u << 20);
    struct args args;
    const char *key;
    bool ok =
        args_parse(command->argc, command->argv, NULL, 0, &args, err)
        && args_expect(&args, command->json ? 1 : 0, 1,
                       command->json ? "config explain KEY --json" : "config explain [KEY]", err);

    key = args.count == 0 ? NULL : args.positional[0];
    ok = ok && config_keys_explain(key, &text, err);
    if (ok && !command->json) {
        console_write(CONSOLE_OUT, buffer_bytes(&text));
    }
    ok = ok && (key == NULL || explain_sources(command, key, err));
    buffer_clear(&text);
    return ok;
}

/* ---- set ------------------------------------------------------------------------------------ */

/* Does a running service take the key only at its next start? */
static bool needs_restart(const char *key)
{
    static const char *const prefixes[] = { "listen",      "https.listen",    "limits.",
                                            "workers.",    "log.file",        "audit.file",
                                            "https.conn",  "https.handshake", "https.min",
                                            "management.", "intune.requests" };

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool apply(struct config_edit *edit, const struct args *args, struct buffer *changed,
                  struct error *err)
{
    char key[CONFIG_KEY_NAME_MAX];

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
    }
    return true;
}

struct changes {
    bool overridden; /* of the key at hand */
    bool restart;
    size_t effective; /* keys that no policy overrides */
};

static bool see_change(void *context, const struct config_source_view *view, struct error *err)
{
    struct changes *changes = context;

    (void)err;
    changes->overridden =
        view->source == CONFIG_SOURCE_POLICY || view->source == CONFIG_SOURCE_CLOSED;
    return true;
}

/* When does it take effect, and does it at all? What the file says is done either way. */
static void tell_effect(const struct command *command, const char *changed)
{
    struct config_sources *sources = NULL;
    struct changes changes = { false, false, 0 };
    struct error ignored = ERROR_INIT;
    struct bytes item;
    char key[CONFIG_KEY_NAME_MAX];
    size_t pos = 0;

    if (!load_sources(command, &sources, &ignored)) {
        sources = NULL; /* the next start tells why; the file is changed */
    }
    while (text_next_item(bytes_of_text(changed), ' ', &pos, &item)) {
        bool found = false;

        changes.overridden = false;
        if (!text_format(key, sizeof(key), "%.*s", (int)item.len, (const char *)item.data)) {
            continue;
        }
        if (sources == NULL
            || !config_sources_visit_key(sources, key, see_change, &changes, &found, &ignored)) {
            changes.overridden = false;
        }
        if (changes.overridden) {
            command_print("%s: Group Policy sets it, its value stays in force; see \"openndes "
                          "config explain %s\".\n",
                          key, key);
            continue;
        }
        changes.effective++;
        changes.restart = changes.restart || needs_restart(key);
    }
    if (changes.effective == 0) {
        command_print("Changed in openndes.json, without effect.\n");
    } else {
        command_print(changes.restart
                          ? "Changed. A running service takes it over at its next start.\n"
                          : "Changed. A running service takes it over within seconds.\n");
    }
    config_sources_free(sources);
}

static bool config_set(const struct command *command, struct error *err)
{
    struct args args;
    struct config_edit *edit = NULL;
    struct file_lock *lock = NULL;
    struct buffer changed = BUFFER_INIT(16384);
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 1, ARGS_POSITIONAL_MAX, "config set KEY=VALUE...", err)
        || !data_folder_check(command->data, err) || !data_path_config(command->data, path, err)
        || !data_config_lock(command->data, &lock, err)) {
        goto out;
    }
    edit = config_edit_open(CONFIG_SCOPE_SERVICE, path, err);
    if (edit == NULL) goto out;
    if (!apply(edit, &args, &changed, err)) goto out;
    if (!config_edit_save(edit, NULL, false, err)) goto out;
    /* Names only: a value may be long, and the file tells it. */
    if (!command_audit(command, "config-set", buffer_text(&changed), err)) goto out;
    tell_effect(command, buffer_text(&changed));
    ok = true;
out:
    config_edit_close(edit);
    file_lock_release(lock);
    buffer_clear(&changed);
    return ok;
}

/* ---- show ----------------------------------------------------------------------------------- */

struct showing {
    struct json *root; /* NULL: lines for people */
    bool sources;
};

static bool show_key(void *context, const struct config_source_view *view, struct error *err)
{
    static const char *const marks[] = {
        [CONFIG_SOURCE_DEFAULT] = "  (default)",
        [CONFIG_SOURCE_FILE] = "",
        [CONFIG_SOURCE_POLICY] = "  (policy)",
        [CONFIG_SOURCE_CLOSED] = "  (closed: the policy's value is not possible)",
        [CONFIG_SOURCE_KEPT] = "  (kept)",
    };
    const struct showing *showing = context;

    if (showing->root == NULL) {
        command_print("%-32s %s%s\n", view->key->name, view->value, marks[view->source]);
        return true;
    }
    if (showing->sources) {
        struct json *object = view_json(view, err);

        return object != NULL && json_value_put(showing->root, view->key->name, object, err);
    }
    return json_value_put_text(showing->root, view->key->name, view->value, err);
}

/* Every key with the value in force. */
static bool config_show(const struct command *command, struct error *err)
{
    struct showing showing = { NULL, false };
    const struct arg_option known[] = { { "--sources", ARG_FLAG, &showing.sources } };
    struct config_sources *sources = NULL;
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 1, &args, err)
        || !args_expect(&args, 0, 0, "config show [--sources] [--json]", err)
        || !data_folder_check(command->data, err) || !load_sources(command, &sources, err)) {
        goto out;
    }
    if (command->json) {
        showing.root = json_value_new_object();
        if (showing.root == NULL) {
            error_set(err, REASON_NO_MEMORY, "JSON");
            goto out;
        }
    }
    if (!config_sources_visit(sources, show_key, &showing, err)) goto out;
    ok = true;
    if (command->json) {
        struct json *whole = showing.root;

        showing.root = NULL;
        ok = command_print_json(whole, err);
    }
out:
    json_value_free(showing.root);
    config_sources_free(sources);
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
