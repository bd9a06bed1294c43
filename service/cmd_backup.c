/* SPDX-License-Identifier: Apache-2.0 */
#include "service/args.h"
#include "service/backup_file.h"
#include "service/backup_report.h"
#include "service/backup_write.h"
#include "service/commands.h"
#include "service/data_folder.h"

struct backup_options {
    const char *file;
    bool verify;
    bool with_logs;
    bool force;
};

static bool parse(const struct command *command, struct backup_options *options, struct error *err)
{
    const struct arg_option known[] = {
        { "--verify", ARG_FLAG, &options->verify },
        { "--with-logs", ARG_FLAG, &options->with_logs },
        { "--force", ARG_FLAG, &options->force },
    };
    struct args args;

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 1, 1, "backup FILE [--with-logs] [--force] | FILE --verify", err)) {
        return false;
    }
    if (options->verify && (options->with_logs || options->force)) {
        return error_set(err, REASON_USAGE, "--verify only reads: leave the other options out");
    }
    options->file = args.positional[0];
    return true;
}

static bool make(const struct command *command, const struct backup_options *options,
                 const struct secret *password, struct error *err)
{
    const struct backup_write_order order = {
        .data = command->data,
        .file = options->file,
        .password = secret_bytes(password),
        .cost = BACKUP_FILE_COST,
        .with_logs = options->with_logs,
    };
    struct json *manifest = NULL;
    bool ok = backup_write(&order, &manifest, err)
              && backup_report_manifest(command, "Backup", options->file, manifest, false, err)
              && command_audit(command, "backup", backup_report_file_name(options->file), err);

    json_value_free(manifest);
    return ok;
}

static bool verify(const struct command *command, const struct backup_options *options,
                   const struct secret *password, struct error *err)
{
    struct json *manifest = NULL;
    bool ok = backup_write_verify(options->file, secret_bytes(password), &manifest, err)
              && backup_report_manifest(command, "Whole and genuine", options->file, manifest,
                                        false, err);

    json_value_free(manifest);
    return ok;
}

bool cmd_backup(const struct command *command, struct error *err)
{
    struct backup_options options = { .file = NULL };
    struct secret password = SECRET_INIT;
    bool ok = false;

    if (!parse(command, &options, err)) goto out;
    if (!options.verify && !data_folder_check(command->data, err)) goto out;
    if (!backup_report_ask_password(!options.verify, options.force, &password, err)) goto out;
    ok = options.verify ? verify(command, &options, &password, err)
                        : make(command, &options, &password, err);
out:
    secret_clear(&password);
    return ok;
}
