/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "audit/log.h"
#include "base/product.h"
#include "base/text.h"
#include "platform/rights.h"
#include "platform/service_text.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/event_log.h"
#include "service/service_verbs.h"
#include "service/setup.h"

#define HTTP_PORT 80
#define HTTPS_PORT 443

/* Options of install, setup and uninstall; each verb lists those it knows. */
struct service_command {
    const struct command *command;
    const char *account, *http_port, *https_port;
    bool manual, import_ndes, start, installer, remove, keep_firewall;
    struct secret password;
    struct setup_options setup;
    struct service_status status; /* before anything is done */
    struct json *steps;           /* with --json */
    struct log *log;              /* with --installer: what the installer's user does not see */
};

/* ---- telling --------------------------------------------------------------------------------- */

/*
 * What an installer runs nobody sees: its steps stand in the folder that they are about as well.
 * Not in one that others could have prepared, and setup has refused: what leads elsewhere from
 * there would be written to with the rights of the system.
 */
static void open_log(struct service_command *c)
{
    char folder[FILE_PATH_MAX];
    struct error ignored = ERROR_INIT;
    struct log_options options = {
        .folder = folder,
        .file_name = "setup.log",
        .level = LOG_LEVEL_INFO,
        .file_mb = 1,
        .files = 1,
    };

    if (c->installer && c->log == NULL && data_path_logs(c->setup.data, folder, &ignored)
        && folder_exists(folder) && rights_check(c->setup.data, false, &ignored)
        && rights_check(folder, false, &ignored)) {
        c->log = log_open(&options, &ignored);
    }
}

/*
 * Where an administrator looks after an installation that failed without a word: there is no
 * setup.log in a folder that setup has refused.
 */
static void tell_event_log(const struct error *why)
{
    bool is_unsafe = rights_is_unsafe(why);
    struct eventlog *sink = eventlog_open(PRODUCT_SERVICE);
    struct event_log *events = event_log_create(sink);

    event_log_failure(events, is_unsafe ? EVENT_RIGHTS_UNSAFE : EVENT_START_FAILED,
                      "openndes service setup", why);
    event_log_free(events);
    eventlog_close(sink);
}

/* A check_visit, whose context is a struct service_command. */
static bool tell(void *context, enum check_level level, const char *what, const struct error *why,
                 const char *text, const char *remedy, struct error *err)
{
    static const char *const names[] = { "ok", "warning", "error" };
    static const enum log_level log_levels[] = { LOG_LEVEL_INFO, LOG_LEVEL_WARNING,
                                                 LOG_LEVEL_ERROR };
    struct service_command *c = context;
    struct json *row;

    open_log(c); /* a new folder is there after the first step */
    log_line(c->log, log_levels[level], "%s: %s", what, text);
    if (!c->command->json) {
        command_print("%-8s %s: %s%s%s\n", names[level], what, text, remedy != NULL ? "; " : "",
                      remedy != NULL ? remedy : "");
        return true;
    }
    row = json_value_new_object();
    if (row == NULL || !json_value_put_text(row, "level", names[level], err)
        || !json_value_put_text(row, "what", what, err)
        || !json_value_put_text(row, "text", text, err)
        || (why != NULL && !json_value_put_text(row, "reason", reason_id(why->reason), err))) {
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return json_value_push(c->steps, row, err);
}

/* The steps are told also when one of them has failed. */
static bool tell_end(struct service_command *c, bool ok, struct error *err)
{
    struct error ignored = ERROR_INIT;
    struct json *steps = c->steps;

    c->steps = NULL;
    return (steps == NULL || command_print_json(steps, ok ? err : &ignored)) && ok;
}

static bool begin(struct service_command *c, struct error *err)
{
    c->steps = c->command->json ? json_value_new_array() : NULL;
    return !c->command->json || c->steps != NULL || error_set(err, REASON_NO_MEMORY, "JSON");
}

static void service_command_clear(struct service_command *c)
{
    secret_clear(&c->password);
    json_value_free(c->steps);
    log_close(c->log);
}

/* In the audit file of the data folder, where there is one. */
static bool record(const struct service_command *c, const char *event, struct error *err)
{
    const struct command command = { .data = c->setup.data };
    char folder[FILE_PATH_MAX];

    return data_path_logs(c->setup.data, folder, err)
           && (!folder_exists(folder) || command_audit(&command, event, PRODUCT_SERVICE, err));
}

/* ---- options --------------------------------------------------------------------------------- */

static bool take_port(const char *text, const char *option, uint16_t least, uint16_t *port,
                      struct error *err)
{
    uint64_t number = 0;

    if (text == NULL) {
        return true;
    }
    if (!text_parse_u64(bytes_of_text(text), 65535, &number) || number < least) {
        return error_set(err, REASON_USAGE, "%s takes a number from %u to 65535", option, least);
    }
    *port = (uint16_t)number;
    return true;
}

static bool take_ports(struct service_command *c, struct error *err)
{
    c->setup.http_port = HTTP_PORT;
    c->setup.https_port = HTTPS_PORT;
    return take_port(c->http_port, "--http-port", 1, &c->setup.http_port, err)
           && take_port(c->https_port, "--https-port", 0, &c->setup.https_port, err)
           && (c->setup.http_port != c->setup.https_port
               || error_set(err, REASON_USAGE, "--http-port and --https-port are the same"));
}

/* A password is asked for only where Windows needs one, and never when nobody can type it. */
static bool take_account(struct service_command *c, struct error *err)
{
    enum service_account_kind kind = SERVICE_ACCOUNT_VIRTUAL;

    if (c->account == NULL) {
        return true;
    }
    if (!service_text_account(c->account, &kind, err)) {
        return false;
    }
    if (c->status.state != SERVICE_STATE_MISSING
        && service_text_same_account(c->account, c->status.account)) {
        return true;
    }
    c->setup.account = c->account;
    if (kind != SERVICE_ACCOUNT_USER) {
        return true;
    }
    if (c->installer) {
        return error_set(err, REASON_USAGE,
                         "an installer cannot give the account %s, which has a password: install "
                         "without it, then: openndes service install --account",
                         c->account);
    }
    c->setup.password = &c->password;
    return command_read_secret("Password of the account: ", false, &c->password, err);
}

/* An existing service starts as it has been told to, unless it is said again. */
static void take_start(struct service_command *c, bool is_install)
{
    c->setup.automatic =
        !c->manual
        && (is_install || c->status.state == SERVICE_STATE_MISSING || c->status.automatic);
}

/* ---- install, setup -------------------------------------------------------------------------- */

static bool run_setup(struct service_command *c, struct error *err)
{
    bool ok;

    if (!begin(c, err)) {
        return false;
    }
    ok = setup_run(&c->setup, tell, c, err);
    if (ok && c->start) {
        ok = service_start_and_wait(err) && tell(c, CHECK_OK, "start", NULL, "running", NULL, err);
    }
    return tell_end(c, ok, err);
}

static bool service_install_verb(const struct command *command, struct error *err)
{
    struct service_command c = { .command = command, .password = SECRET_INIT };
    const struct arg_option known[] = {
        { "--account", ARG_TEXT, &c.account },         { "--manual", ARG_FLAG, &c.manual },
        { "--http-port", ARG_TEXT, &c.http_port },     { "--https-port", ARG_TEXT, &c.https_port },
        { "--import-ndes", ARG_FLAG, &c.import_ndes }, { "--start", ARG_FLAG, &c.start },
    };
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 0, 0, "service install [OPTIONS]", err)) {
        goto out;
    }
    if (!take_ports(&c, err)) goto out;
    if (!service_control_status(PRODUCT_SERVICE, &c.status, err)) goto out;
    if (!path_absolute(command->data, c.setup.data, err)) goto out;
    if (!take_account(&c, err)) goto out;
    take_start(&c, true);
    c.setup.import_ndes = c.import_ndes;
    if (!run_setup(&c, err)) goto out;
    ok = record(&c, "service-install", err);
out:
    service_command_clear(&c);
    return ok;
}

/* Never fails: an uninstaller that stops halfway is worse than a rule that stays. */
static bool remove_for_installer(struct service_command *c, struct error *err)
{
    struct error why = ERROR_INIT;

    if (!service_control_status(PRODUCT_SERVICE, &c->status, &why)
        && why.reason == REASON_WINDOWS_ONLY) {
        *err = why;
        return false;
    }
    if (!begin(c, err)) {
        return false;
    }
    error_clear(&why);
    if (!setup_remove(tell, c, &why)) {
        log_error(c->log, LOG_LEVEL_ERROR, &why, "setup --remove");
    }
    return tell_end(c, true, err);
}

static bool service_setup_verb(const struct command *command, struct error *err)
{
    struct service_command c = { .command = command, .password = SECRET_INIT };
    const struct arg_option known[] = {
        { "--account", ARG_TEXT, &c.account },         { "--manual", ARG_FLAG, &c.manual },
        { "--http-port", ARG_TEXT, &c.http_port },     { "--https-port", ARG_TEXT, &c.https_port },
        { "--import-ndes", ARG_FLAG, &c.import_ndes }, { "--installer", ARG_FLAG, &c.installer },
        { "--remove", ARG_FLAG, &c.remove },
    };
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 0, 0, "service setup [OPTIONS] [--installer] | --remove", err)) {
        goto out;
    }
    if (!path_absolute(command->data, c.setup.data, err)) goto out;
    if (c.remove) {
        ok = remove_for_installer(&c, err);
        goto out;
    }
    if (!take_ports(&c, err)) goto out;
    if (!service_control_status(PRODUCT_SERVICE, &c.status, err)) goto out;
    if (c.status.state == SERVICE_STATE_MISSING) {
        (void)error_set(err, REASON_SERVICE_MISSING,
                        "there is no service to set up; openndes service install makes it");
        goto out;
    }
    if (!take_account(&c, err)) goto out;
    take_start(&c, false);
    c.setup.import_ndes = c.import_ndes;
    c.setup.is_installer = c.installer;
    if (!run_setup(&c, err)) goto out;
    ok = record(&c, "service-setup", err);
out:
    if (!ok) {
        open_log(&c);
        log_error(c.log, LOG_LEVEL_ERROR, err, "setup failed");
        if (c.installer && !c.remove) tell_event_log(err);
    }
    service_command_clear(&c);
    return ok;
}

/* ---- uninstall ------------------------------------------------------------------------------- */

static bool undo(struct service_command *c, struct error *err)
{
    char text[FILE_PATH_MAX + 64];
    bool ok;

    if (!begin(c, err)) {
        return false;
    }
    ok = setup_undo(c->keep_firewall, tell, c, err)
         && text_format(text, sizeof(text), "%s stays, with its CA and all certificates",
                        c->setup.data)
         && (!folder_exists(c->setup.data)
             || tell(c, CHECK_OK, "data folder", NULL, text, NULL, err));
    return tell_end(c, ok, err);
}

static bool service_uninstall_verb(const struct command *command, struct error *err)
{
    struct service_command c = { .command = command, .password = SECRET_INIT };
    const struct arg_option known[] = { { "--keep-firewall", ARG_FLAG, &c.keep_firewall } };
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 1, &args, err)
        || !args_expect(&args, 0, 0, "service uninstall [--keep-firewall]", err)) {
        goto out;
    }
    if (!service_control_status(PRODUCT_SERVICE, &c.status, err)) goto out;
    /* the folder of the service rather than the one that is standard without it */
    if (!service_data_folder(c.status.command, c.setup.data)
        && !path_absolute(command->data, c.setup.data, err)) {
        goto out;
    }
    if (!undo(&c, err)) goto out;
    ok = record(&c, "service-uninstall", err);
out:
    service_command_clear(&c);
    return ok;
}

bool cmd_service(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "install", service_install_verb },     { "setup", service_setup_verb },
        { "uninstall", service_uninstall_verb }, { "start", service_start_verb },
        { "stop", service_stop_verb },           { "restart", service_restart_verb },
        { "reload", service_reload_verb },       { "status", service_status_verb },
    };

    return command_dispatch(command, "service", table, sizeof(table) / sizeof(table[0]), err);
}
