/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "mscep/accounts.h"
#include "platform/clock.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"

#define SCOPES_TEXT_MAX 2048u

/* ---- changing -------------------------------------------------------------------------------- */

static bool put_scope(struct account *account, const char *scope, struct error *err)
{
    for (size_t i = 0; i < account->scope_count; i++) {
        if (strcmp(account->scopes[i], scope) == 0) {
            return true;
        }
    }
    if (account->scope_count == ACCOUNT_SCOPES_MAX
        || !text_copy(account->scopes[account->scope_count], sizeof(account->scopes[0]), scope)) {
        return error_set(err, REASON_USAGE, "at most %u of --template and --service",
                         ACCOUNT_SCOPES_MAX);
    }
    account->scope_count++;
    return true;
}

/* A template that is not there is a typing error, and the account would get nothing. */
static bool put_template(const struct command *command, struct account *account, const char *name,
                         struct error *err)
{
    char path[FILE_PATH_MAX];

    if (!template_name_check(name, err) || !data_path_template(command->data, name, path, err)) {
        return false;
    }
    if (!file_exists(path)) {
        return error_set(err, REASON_TEMPLATE_MISSING,
                         "there is no template %s; see: openndes template list", name);
    }
    return put_scope(account, name, err);
}

static bool read_password(struct secret *password, struct error *err)
{
    return command_read_secret("Password of the account: ", true, password, err)
           && account_password_check(secret_bytes(password), err);
}

static bool account_add(const struct command *command, struct error *err)
{
    struct account account = { .created = clock_now() };
    struct arg_repeated templates = { .count = 0 };
    bool service = false;
    const struct arg_option known[] = { { "--template", ARG_REPEATED, &templates },
                                        { "--service", ARG_FLAG, &service } };
    struct secret password = SECRET_INIT;
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 2, &args, err)) goto out;
    if (!args_expect(&args, 1, 1, "account add NAME [--template NAME]... [--service]", err)) {
        goto out;
    }
    if (!data_folder_check(command->data, err)) goto out;
    if (!account_name_check(args.positional[0], err)
        || !text_copy(account.name, sizeof(account.name), args.positional[0])) {
        goto out;
    }
    if (service && !put_scope(&account, ACCOUNT_SCOPE_SERVICE, err)) goto out;
    for (size_t i = 0; i < templates.count; i++) {
        if (!put_template(command, &account, templates.values[i], err)) goto out;
    }
    if (!read_password(&password, err)) goto out;
    if (!accounts_add(command->data, &account, secret_bytes(&password), err)) goto out;
    command_print("Account %s added.\n", account.name);
    if (account.scope_count == 0) {
        command_print("It may fetch passwords of every template and of the service's own page.\n");
    }
    ok = command_audit(command, "account-add", account.name, err);
out:
    secret_clear(&password);
    return ok;
}

/* The one argument of the verbs below. */
static bool take_name(const struct command *command, const char *usage, struct args *args,
                      struct error *err)
{
    return args_parse(command->argc, command->argv, NULL, 0, args, err)
           && args_expect(args, 1, 1, usage, err) && data_folder_check(command->data, err);
}

static bool account_remove(const struct command *command, struct error *err)
{
    struct args args;

    if (!take_name(command, "account remove NAME", &args, err)
        || !accounts_remove(command->data, args.positional[0], err)) {
        return false;
    }
    command_print("Account removed.\n");
    return command_audit(command, "account-remove", args.positional[0], err);
}

static bool find_name(void *context, const struct account *account, struct error *err)
{
    const char **name = context;

    (void)err;
    if (*name != NULL && text_equal_nocase(account->name, *name)) {
        *name = NULL; /* found */
    }
    return true;
}

/* Before somebody types a password twice for nothing. */
static bool need_account(const struct command *command, const char *name, struct error *err)
{
    if (!accounts_list(command->data, find_name, &name, err)) {
        return false;
    }
    return name == NULL
           || error_set(err, REASON_ACCOUNT_MISSING,
                        "there is no such account; see: openndes account list");
}

static bool account_password(const struct command *command, struct error *err)
{
    struct secret password = SECRET_INIT;
    struct args args;
    bool ok =
        take_name(command, "account password NAME", &args, err)
        && need_account(command, args.positional[0], err) && read_password(&password, err)
        && accounts_set_password(command->data, args.positional[0], secret_bytes(&password), err);

    secret_clear(&password);
    if (!ok) {
        return false;
    }
    command_print("Password changed.\n");
    return command_audit(command, "account-password", args.positional[0], err);
}

/* ---- listing --------------------------------------------------------------------------------- */

static bool print_line(void *context, const struct account *account, struct error *err)
{
    struct buffer scopes = BUFFER_INIT(SCOPES_TEXT_MAX);
    char created[CLOCK_TEXT_MAX];
    bool ok = true;

    (void)context;
    clock_format(account->created, created);
    for (size_t i = 0; ok && i < account->scope_count; i++) {
        bool service = strcmp(account->scopes[i], ACCOUNT_SCOPE_SERVICE) == 0;

        ok = buffer_printf(&scopes, err, "%s%s", i == 0 ? "" : ", ",
                           service ? "(service)" : account->scopes[i]);
    }
    if (ok) {
        command_print("%-20s  %s  %s\n", account->name, created,
                      account->scope_count == 0 ? "(everything)" : buffer_text(&scopes));
    }
    buffer_clear(&scopes);
    return ok;
}

static bool push_row(void *context, const struct account *account, struct error *err)
{
    struct json *array = context;
    struct json *row = json_value_new_object();
    struct json *scopes = json_value_new_array();
    char created[CLOCK_TEXT_MAX];
    bool ok = row != NULL && scopes != NULL;

    clock_format(account->created, created);
    for (size_t i = 0; ok && i < account->scope_count; i++) {
        struct json *scope = json_value_new_text(account->scopes[i]);

        ok = scope != NULL && json_value_push(scopes, scope, err);
    }
    ok = ok && json_value_put_text(row, "name", account->name, err)
         && json_value_put_text(row, "created", created, err);
    if (ok) {
        ok = json_value_put(row, "scopes", scopes, err);
        scopes = NULL;
    }
    if (ok) {
        ok = json_value_push(array, row, err);
        row = NULL;
    }
    json_value_free(row);
    json_value_free(scopes);
    return ok || error_set(err, REASON_NO_MEMORY, "JSON");
}

static bool account_list(const struct command *command, struct error *err)
{
    struct json *array = NULL;
    struct args args;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 0, 0, "account list [--json]", err)
        || !data_folder_check(command->data, err)) {
        return false;
    }
    if (!command->json) {
        return accounts_list(command->data, print_line, NULL, err);
    }
    array = json_value_new_array();
    if (array != NULL && !accounts_list(command->data, push_row, array, err)) {
        json_value_free(array);
        return false;
    }
    return command_print_json(array, err);
}

bool cmd_account(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "add", account_add },
        { "list", account_list },
        { "remove", account_remove },
        { "password", account_password },
    };

    return command_dispatch(command, "account", table, sizeof(table) / sizeof(table[0]), err);
}
