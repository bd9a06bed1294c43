/* SPDX-License-Identifier: Apache-2.0 */
#include "service/args.h"
#include "service/backup_report.h"
#include "service/backup_restore.h"
#include "service/backup_write.h"
#include "service/commands.h"

static bool list(const struct command *command, const char *file, const struct secret *password,
                 struct error *err)
{
    struct json *manifest = NULL;
    bool ok = backup_write_verify(file, secret_bytes(password), &manifest, err)
              && backup_report_manifest(command, "Backup", file, manifest, true, err);

    json_value_free(manifest);
    return ok;
}

static bool restore(const struct command *command, const char *file, const struct secret *password,
                    struct error *err)
{
    const struct backup_restore_order order = {
        .data = command->data,
        .file = file,
        .password = secret_bytes(password),
    };
    struct backup_restore_result result;
    bool ok = backup_restore(&order, &result, err)
              && command_audit(command, "restore", backup_report_file_name(file), err)
              && backup_report_restored(command, file, &result, err);

    backup_restore_result_clear(&result);
    return ok;
}

bool cmd_restore(const struct command *command, struct error *err)
{
    bool only_list = false;
    const struct arg_option known[] = { { "--list", ARG_FLAG, &only_list } };
    struct secret password = SECRET_INIT;
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 1, 1, "restore FILE [--list]", err)) {
        goto out;
    }
    if (!backup_report_ask_password(false, true, &password, err)) goto out;
    ok = only_list ? list(command, args.positional[0], &password, err)
                   : restore(command, args.positional[0], &password, err);
out:
    secret_clear(&password);
    return ok;
}
