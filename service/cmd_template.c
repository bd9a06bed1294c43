/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "challenge/challenge_static.h"
#include "config/config_edit.h"
#include "config/config_load.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/template_passphrase.h"
#include "service/urls.h"

#define PASSPHRASE_KEY "challenge.passphrase"

/* One command's view of one template. */
struct template_command {
    const struct command *command;
    const char *name;
    struct args args; /* positional[0] is the name */
    bool force;
    char path[FILE_PATH_MAX];
};

static bool open_command(const struct command *command, struct template_command *t, size_t min,
                         size_t max, const char *usage, struct error *err)
{
    const struct arg_option known[] = { { "--force", ARG_FLAG, &t->force } };

    t->command = command;
    t->force = false;
    if (!args_parse(command->argc, command->argv, known, 1, &t->args, err)
        || !args_expect(&t->args, min, max, usage, err) || !data_folder_check(command->data, err)) {
        return false;
    }
    t->name = t->args.positional[0];
    return template_name_check(t->name, err)
           && data_path_template(command->data, t->name, t->path, err);
}

static bool need_existing(const struct template_command *t, struct error *err)
{
    if (!file_exists(t->path)) {
        return error_set(err, REASON_TEMPLATE_MISSING,
                         "there is no template %s; see: openndes template list", t->name);
    }
    return true;
}

/* ---- changing ------------------------------------------------------------------------------- */

/*
 * "-" reads the passphrase, "generate" makes one to be shown; one typed as an argument is refused.
 */
static bool get_passphrase(const char *value, struct secret *passphrase, bool *generated,
                           struct error *err)
{
    if (strcmp(value, "generate") == 0) {
        *generated = true;
        return challenge_static_generate(passphrase, err);
    }
    if (strcmp(value, "-") == 0) {
        return command_read_secret("Passphrase of the template: ", true, passphrase, err);
    }
    return error_set(err, REASON_USAGE,
                     PASSPHRASE_KEY " takes \"-\" (read from standard input) or \"generate\": a "
                                    "secret on the command line is visible to others");
}

/* Split argument i at its '='. */
static bool split(const struct template_command *t, size_t i, char *key, size_t size,
                  const char **value, struct error *err)
{
    const char *item = t->args.positional[i];
    const char *equals = strchr(item, '=');

    if (equals == NULL || !text_format(key, size, "%.*s", (int)(equals - item), item)) {
        return error_set(err, REASON_USAGE, "argument %zu is not KEY=VALUE", i);
    }
    *value = equals + 1;
    return true;
}

/*
 * Before the file is opened: somebody may take minutes to type, and others change templates
 * meanwhile.
 */
static bool ask_first(const struct template_command *t, struct secret *passphrase, bool *generated,
                      struct error *err)
{
    const char *value = NULL;
    char key[64];

    for (size_t i = 1; i < t->args.count; i++) {
        if (!split(t, i, key, sizeof(key), &value, err)) {
            return false;
        }
        if (strcmp(key, PASSPHRASE_KEY) == 0
            && !get_passphrase(value, passphrase, generated, err)) {
            return false;
        }
    }
    return true;
}

static bool apply(const struct template_command *t, struct config_edit *edit,
                  struct bytes passphrase, struct buffer *changed, struct error *err)
{
    const char *value = NULL;
    char key[64];

    for (size_t i = 1; i < t->args.count; i++) {
        if (!split(t, i, key, sizeof(key), &value, err)) {
            return false;
        }
        if (strcmp(key, PASSPHRASE_KEY) == 0) {
            if (!template_passphrase_put(t->command->data, edit, t->name, passphrase, t->force,
                                         err)) {
                return false;
            }
        } else if (!config_edit_set(edit, key, value, false, err)) {
            return false;
        }
        if (!buffer_printf(changed, err, " %s", key)) {
            return false;
        }
    }
    return true;
}

/* What a new template of a challenge's type has where nothing else was typed. */
static const struct start {
    const char *challenge;
    const char *key, *value;
    const char *why;
} starts[] = {
    { "challenge.type=ndes", "algorithms", "compat",
      "SHA-1 and 3DES as well, as NDES speaks them" },
    { "challenge.type=intune", "san.types", "dns,email,uri,upn",
      "the names that Intune's profiles can have" },
};

static bool is_key(const char *typed, const char *key)
{
    size_t len = strlen(key);

    return strncmp(typed, key, len) == 0 && typed[len] == '=';
}

static bool start_one(const struct template_command *t, const struct start *start,
                      struct config_edit *edit, struct error *err)
{
    bool chosen = false;
    bool given = false;

    for (size_t i = 1; i < t->args.count; i++) {
        chosen = chosen || strcmp(t->args.positional[i], start->challenge) == 0;
        given = given || is_key(t->args.positional[i], start->key);
    }
    if (!chosen || given) {
        return true;
    }
    command_print("%s=%s: %s.\n", start->key, start->value, start->why);
    return config_edit_set(edit, start->key, start->value, false, err);
}

static bool start_template(const struct template_command *t, struct config_edit *edit,
                           struct error *err)
{
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (!start_one(t, &starts[i], edit, err)) {
            return false;
        }
    }
    return true;
}

static bool change(struct template_command *t, bool must_be_new, const char *event,
                   struct error *err)
{
    struct config_edit *edit = NULL;
    struct file_lock *lock = NULL;
    struct buffer changed = BUFFER_INIT(16384);
    struct secret passphrase = SECRET_INIT;
    bool generated = false;
    bool ok = false;

    if (!ask_first(t, &passphrase, &generated, err)) goto out;
    if (!data_settings_lock(t->command->data, &lock, err)) goto out;
    if (!must_be_new && !need_existing(t, err)) goto out;
    edit = config_edit_open(CONFIG_SCOPE_TEMPLATE, t->path, err);
    if (edit == NULL) goto out;
    if (must_be_new && !start_template(t, edit, err)) goto out;
    if (!buffer_append_text(&changed, t->name, err)) goto out;
    if (!apply(t, edit, secret_bytes(&passphrase), &changed, err)) goto out;
    /*
     * What was made for an earlier template of this name opens nothing here: its file may have been
     * removed by hand, and a running service makes passwords until it notices.
     */
    if (must_be_new && !data_forget_passwords(t->command->data, t->name, err)) goto out;
    if (!config_edit_save(edit, t->name, must_be_new, err)) goto out;
    if (generated) {
        command_print("Passphrase: %s\n", (const char *)passphrase.data);
    }
    ok = command_audit(t->command, event, buffer_text(&changed), err);
out:
    config_edit_close(edit);
    file_lock_release(lock);
    secret_clear(&passphrase);
    buffer_clear(&changed);
    return ok;
}

static bool is_enabled(const struct template_command *t)
{
    struct template_config config;
    struct error ignored = ERROR_INIT;
    bool enabled =
        config_load_template(t->command->data, t->name, &config, &ignored) && config.enabled;

    template_config_clear(&config);
    return enabled;
}

static bool template_add(const struct command *command, struct error *err)
{
    struct template_command t;

    if (!open_command(command, &t, 1, ARGS_POSITIONAL_MAX, "template add NAME [KEY=VALUE...]",
                      err)) {
        return false;
    }
    if (file_exists(t.path)) {
        return error_set(err, REASON_TEMPLATE_EXISTS,
                         "template %s exists; change it with: openndes template set %s KEY=VALUE",
                         t.name, t.name);
    }
    if (!change(&t, true, "template-add", err)) {
        return false;
    }
    command_print("Template %s added.\n", t.name);
    if (!is_enabled(&t)) {
        command_print("It is off until: openndes template enable %s\n", t.name);
    }
    return true;
}

static bool template_set(const struct command *command, struct error *err)
{
    struct template_command t;

    if (!open_command(command, &t, 2, ARGS_POSITIONAL_MAX, "template set NAME KEY=VALUE...", err)
        || !need_existing(&t, err) || !change(&t, false, "template-set", err)) {
        return false;
    }
    command_print("Template %s changed.\n", t.name);
    return true;
}

static bool set_enabled(const struct command *command, const char *value, const char *event,
                        const char *usage, struct error *err)
{
    struct template_command t;

    if (!open_command(command, &t, 1, 1, usage, err) || !need_existing(&t, err)) {
        return false;
    }
    t.args.positional[1] = value;
    t.args.count = 2;
    return change(&t, false, event, err);
}

static bool template_enable(const struct command *command, struct error *err)
{
    if (!set_enabled(command, "enabled=true", "template-enable", "template enable NAME", err)) {
        return false;
    }
    command_print("Template is on.\n");
    return true;
}

static bool template_disable(const struct command *command, struct error *err)
{
    if (!set_enabled(command, "enabled=false", "template-disable", "template disable NAME", err)) {
        return false;
    }
    command_print("Template is off.\n");
    return true;
}

static bool template_remove(const struct command *command, struct error *err)
{
    struct template_command t;
    struct file_lock *lock = NULL;
    bool removed = false;

    if (!open_command(command, &t, 1, 1, "template remove NAME", err)
        || !data_settings_lock(command->data, &lock, err)) {
        return false;
    }
    removed = need_existing(&t, err) && data_forget_passwords(command->data, t.name, err)
              && file_remove(t.path, err);
    file_lock_release(lock);
    if (!removed || !command_audit(command, "template-remove", t.name, err)) {
        return false;
    }
    command_print("Template %s removed. Its certificates stay valid and can still be revoked.\n",
                  t.name);
    return true;
}

/* ---- looking -------------------------------------------------------------------------------- */

static const char *challenge_word(enum challenge_type type)
{
    const struct config_key *key = config_key_find(CONFIG_SCOPE_TEMPLATE, "challenge.type", NULL);

    return key == NULL ? "?" : key->words[type];
}

struct list_context {
    const struct command *command;
    struct json *array; /* with --json */
    size_t count;
};

static struct json *row_json(const char *name, const struct template_config *config,
                             const struct error *why, struct error *err)
{
    struct json *row = json_value_new_object();
    bool ok = row != NULL && json_value_put_text(row, "name", name, err);

    if (ok && why->reason != REASON_NONE) {
        ok = json_value_put_text(row, "error", why->detail, err)
             && json_value_put_text(row, "reason", reason_id(why->reason), err);
    } else if (ok) {
        ok = json_value_put_bool(row, "enabled", config->enabled, err)
             && json_value_put_text(row, "ca", config->ca, err)
             && json_value_put_text(row, "challenge", challenge_word(config->challenge.type), err)
             && json_value_put_text(row, "description", config->description, err);
    }
    if (!ok) {
        json_value_free(row);
        row = NULL;
    }
    return row;
}

static bool list_one(void *context, const char *name, struct error *err)
{
    struct list_context *list = context;
    struct template_config config;
    struct error why = ERROR_INIT;
    bool ok = true;

    memset(&config, 0, sizeof(config));
    list->count++;
    if (!config_load_template(list->command->data, name, &config, &why)) {
        memset(&config, 0, sizeof(config));
    }
    if (list->command->json) {
        struct json *row = row_json(name, &config, &why, err);

        ok = row != NULL && json_value_push(list->array, row, err);
    } else if (why.reason != REASON_NONE) {
        command_print("%-20s broken: %s\n", name, why.detail);
    } else {
        command_print("%-20s %-4s challenge=%-8s ca=%-12s %s\n", name,
                      config.enabled ? "on" : "off", challenge_word(config.challenge.type),
                      config.ca, config.description);
    }
    template_config_clear(&config);
    return ok;
}

static bool template_list(const struct command *command, struct error *err)
{
    struct list_context list = { .command = command };
    struct args args;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 0, 0, "template list [--json]", err)
        || !data_folder_check(command->data, err)) {
        return false;
    }
    if (command->json) {
        list.array = json_value_new_array();
        if (list.array == NULL) {
            return error_set(err, REASON_NO_MEMORY, "JSON");
        }
    }
    if (!config_list_templates(command->data, list_one, &list, err)) {
        json_value_free(list.array);
        return false;
    }
    if (command->json) {
        return command_print_json(list.array, err);
    }
    if (list.count == 0) {
        command_print("No templates. Make one: openndes template add NAME\n");
    }
    return true;
}

/* Every key with the value in force; the MAC of a passphrase is only said to be there. */
static bool template_show(const struct command *command, struct error *err)
{
    struct template_command t;
    struct config_edit *edit = NULL;
    struct json *root = NULL;
    struct buffer value = BUFFER_INIT(65536);
    const struct config_key *keys;
    size_t count = 0;
    bool ok = false;

    if (!open_command(command, &t, 1, 1, "template show NAME [--json]", err)) goto out;
    if (!need_existing(&t, err)) goto out;
    edit = config_edit_open(CONFIG_SCOPE_TEMPLATE, t.path, err);
    if (edit == NULL) goto out;
    root = json_value_new_object();
    if (root == NULL) {
        error_set(err, REASON_NO_MEMORY, "JSON");
        goto out;
    }
    if (!json_value_put_text(root, "name", t.name, err)) goto out;
    keys = config_keys(CONFIG_SCOPE_TEMPLATE, &count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        const char *shown;

        buffer_reset(&value);
        if (!config_edit_get(edit, keys[i].name, &value, &found, err)) goto out;
        shown = found ? buffer_text(&value) : keys[i].default_text;
        if (keys[i].internal) {
            shown = shown[0] != '\0' ? "(set)" : "(not set)";
        }
        if (!command->json) {
            command_print("%-28s %s%s\n", keys[i].name, shown, found ? "" : "  (default)");
        } else if (!json_value_put_text(root, keys[i].name, shown, err)) {
            goto out;
        }
    }
    if (command->json) {
        struct json *whole = root;

        root = NULL;
        if (!command_print_json(whole, err)) goto out;
    }
    ok = true;
out:
    json_value_free(root);
    buffer_clear(&value);
    config_edit_close(edit);
    return ok;
}

/* The addresses of a template of type ndes: its own, and the service's if it is one of those. */
static void print_ndes_urls(const struct service_config *config, const char *name,
                            const struct url_bases *urls)
{
    const char *const names[] = { config->ndes.general_template, config->ndes.signature_template,
                                  config->ndes.encryption_template };

    command_print("NDES URL: %s/scep/%s/certsrv/mscep/mscep.dll\n", urls->scep, name);
    command_print("Password page: %s/scep/%s/certsrv/mscep_admin/\n", urls->admin, name);
    command_print("Password API: %s/scep/%s/challenge\n", urls->admin, name);
    for (size_t i = 0; config->ndes.enabled && i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal_nocase(names[i], name)) {
            command_print("NDES URL: %s/certsrv/mscep/mscep.dll\n", urls->scep);
            command_print("NDES password page: %s/certsrv/mscep_admin/\n", urls->admin);
            return;
        }
    }
}

static bool template_urls(const struct command *command, struct error *err)
{
    struct service_config config = { 0 };
    struct template_config template;
    struct template_command t;
    struct url_bases urls;
    bool ok;

    if (!open_command(command, &t, 1, 1, "template urls NAME", err) || !need_existing(&t, err)
        || !config_load_service(command->data, &config, err)) {
        return false;
    }
    url_bases_of_config(&config, &urls);
    command_print("SCEP URL: %s/scep/%s\n", urls.scep, t.name);
    command_print("SCEP URL: %s/scep/%s/pkiclient.exe\n", urls.scep, t.name);
    ok = config_load_template(command->data, t.name, &template, err);
    if (ok && template.challenge.type == CHALLENGE_TYPE_NDES) {
        print_ndes_urls(&config, t.name, &urls);
    }
    template_config_clear(&template);
    service_config_clear(&config);
    return ok;
}

bool cmd_template(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "list", template_list },     { "show", template_show },
        { "add", template_add },       { "set", template_set },
        { "enable", template_enable }, { "disable", template_disable },
        { "remove", template_remove }, { "urls", template_urls },
    };

    return command_dispatch(command, "template", table, sizeof(table) / sizeof(table[0]), err);
}
