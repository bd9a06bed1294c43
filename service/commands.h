/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the verbs of the command line, one function each.
 * Not here: which verb is meant, exit codes, printing errors (cli.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/command-line.md.
 */
#ifndef OPENNDES_SERVICE_COMMANDS_H
#define OPENNDES_SERVICE_COMMANDS_H

#include "audit/audit.h"
#include "base/json.h"
#include "base/secret.h"

/* What every verb gets. argv holds what stands behind the verb. */
struct command {
    const char *data; /* data folder */
    bool json;        /* --json anywhere on the line */
    int argc;
    char **argv;
    int *exit_code; /* of a command that succeeds; 0 unless it says otherwise */
};

MUST_USE bool cmd_init(const struct command *command, struct error *err);
MUST_USE bool cmd_run(const struct command *command, struct error *err);
MUST_USE bool cmd_check(const struct command *command, struct error *err);
MUST_USE bool cmd_template(const struct command *command, struct error *err);
MUST_USE bool cmd_cert(const struct command *command, struct error *err);
MUST_USE bool cmd_request(const struct command *command, struct error *err);
MUST_USE bool cmd_ca(const struct command *command, struct error *err);
MUST_USE bool cmd_ca_machine_keys(const struct command *command, struct error *err);
MUST_USE bool cmd_ca_rollover(const struct command *command, struct error *err);
MUST_USE bool cmd_password(const struct command *command, struct error *err);
MUST_USE bool cmd_account(const struct command *command, struct error *err);
MUST_USE bool cmd_import_ndes(const struct command *command, struct error *err);
MUST_USE bool cmd_config(const struct command *command, struct error *err);
MUST_USE bool cmd_policy(const struct command *command, struct error *err);
MUST_USE bool cmd_intune(const struct command *command, struct error *err);
MUST_USE bool cmd_intune_test(const struct command *command, struct error *err); /* "intune test" */
MUST_USE bool cmd_service(const struct command *command, struct error *err);
MUST_USE bool cmd_tls(const struct command *command, struct error *err);
MUST_USE bool cmd_backup(const struct command *command, struct error *err);
MUST_USE bool cmd_restore(const struct command *command, struct error *err);
MUST_USE bool cmd_version(const struct command *command, struct error *err);

/* A sub-verb such as "template list". */
struct subcommand {
    const char *name;
    bool (*run)(const struct command *command, struct error *err);
};
/* Run the sub-verb that argv[0] names with the rest. REASON_USAGE with the list. */
MUST_USE bool command_dispatch(const struct command *command, const char *verb,
                               const struct subcommand *table, size_t count, struct error *err);

/* Write text to standard output. */
void command_print(const char *format, ...) PRINTF_FORMAT(1, 2);
/* Print a JSON value, indented, and free it. NULL: REASON_NO_MEMORY. */
MUST_USE bool command_print_json(struct json *take_value, struct error *err);
/*
 * Record an administrative act; a record that cannot be written fails the command after the act,
 * with a sentence. target never holds a secret.
 */
MUST_USE bool command_audit(const struct command *command, const char *event, const char *target,
                            struct error *err);
/* A secret from standard input or the terminal. twice: a terminal is asked again. */
MUST_USE bool command_read_secret(const char *prompt, bool twice, struct secret *out,
                                  struct error *err);

#endif
