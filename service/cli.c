/* SPDX-License-Identifier: Apache-2.0 */
#include "service/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto_memory.h"
#include "base/text.h"
#include "openndes_version.h"
#include "platform/console.h"
#include "platform/files.h"
#include "platform/process.h"
#include "platform/sockets.h"
#include "service/commands.h"
#include "service/help.h"

struct verb {
    const char *name;
    bool (*run)(const struct command *command, struct error *err);
};

static const struct verb verbs[] = {
    { "init", cmd_init },
    { "run", cmd_run },
    { "service", cmd_service },
    { "check", cmd_check },
    { "template", cmd_template },
    { "password", cmd_password },
    { "account", cmd_account },
    { "cert", cmd_cert },
    { "ca", cmd_ca },
    { "request", cmd_request },
    { "policy", cmd_policy },
    { "intune", cmd_intune },
    { "tls", cmd_tls },
    { "import-ndes", cmd_import_ndes },
    { "config", cmd_config },
    { "backup", cmd_backup },
    { "restore", cmd_restore },
    { "version", cmd_version },
};

bool cmd_version(const struct command *command, struct error *err)
{
    if (command->json) {
        struct json *root = json_value_new_object();

        if (root == NULL || !json_value_put_text(root, "version", OPENNDES_VERSION, err)) {
            json_value_free(root);
            return error_set(err, REASON_NO_MEMORY, "JSON");
        }
        return command_print_json(root, err);
    }
    command_print("OpenNDES %s\n", OPENNDES_VERSION);
    return true;
}

/*
 * --data and --json may stand before or behind the verb; the rest keeps its order. "--" ends that.
 */
static bool take_global_options(int *argc, char **argv, struct command *command, struct error *err)
{
    int kept = 0;
    bool ended = false;

    for (int i = 0; i < *argc; i++) {
        if (!ended && strcmp(argv[i], "--data") == 0) {
            if (i + 1 == *argc || argv[i + 1][0] == '\0') {
                return error_set(err, REASON_USAGE, "--data needs a folder");
            }
            command->data = argv[++i];
        } else if (!ended && strncmp(argv[i], "--data=", 7) == 0) {
            command->data = argv[i] + 7;
        } else if (!ended && strcmp(argv[i], "--json") == 0) {
            command->json = true;
        } else {
            ended = ended || strcmp(argv[i], "--") == 0;
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    return true;
}

static bool is_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0
           || strcmp(word, "/?") == 0;
}

static bool run_verb(struct command *command, struct error *err)
{
    const char *name = command->argc == 0 ? "help" : command->argv[0];

    if (command->argc > 0) {
        command->argc--;
        command->argv++;
    }
    if (is_help(name)) {
        return help_print(command->argc == 0 ? NULL : command->argv[0], err);
    }
    if (command->argc > 0 && is_help(command->argv[command->argc - 1])) {
        return help_print(name, err);
    }
    if (strcmp(name, "--version") == 0) {
        return cmd_version(command, err);
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return verbs[i].run(command, err);
        }
    }
    return error_set(err, REASON_USAGE, "unknown verb \"%.32s\"; see: openndes help", name);
}

int cli_run(int argc, char **argv)
{
    struct command command = { 0 };
    struct error err = ERROR_INIT;
    char data[FILE_PATH_MAX];
    int exit_code = 0;
    int rest = argc > 0 ? argc - 1 : 0;
    bool ok;

    process_harden();
    crypto_memory_watch();
    command.exit_code = &exit_code;
    ok = sockets_start(&err) && take_global_options(&rest, argv + 1, &command, &err);
    if (ok && command.data == NULL) {
        ok = folder_default_data(data, &err);
        command.data = data;
    }
    if (ok) {
        command.argc = rest;
        command.argv = argv + 1;
        ok = run_verb(&command, &err);
    }
    if (ok) {
        return exit_code;
    }
    console_printf(CONSOLE_ERR, "openndes: %s [%s]\n", err.detail, reason_id(err.reason));
    return error_exit_code(&err);
}
