/* SPDX-License-Identifier: Apache-2.0 */
#include "service/service_verbs.h"

#include <string.h>

#include "base/product.h"
#include "base/text.h"
#include "platform/clock.h"
#include "service/args.h"
#include "service/setup.h"
#include "service/start_failure.h"

#define START_MS (120 * 1000)
#define DATA_OPTION " --data \""

/* ---- starting -------------------------------------------------------------------------------- */

/* As setup_command has written it: between quotes, which no folder's name can hold. */
bool service_data_folder(const char *command_line, char data[FILE_PATH_MAX])
{
    const char *at = strstr(command_line, DATA_OPTION);
    const char *end = at == NULL ? NULL : strchr(at + strlen(DATA_OPTION), '"');
    size_t len = 0;

    if (end == NULL) {
        return false;
    }
    at += strlen(DATA_OPTION);
    len = (size_t)(end - at);
    /* a backslash in front of the quote stands there twice */
    if (len > 1 && at[len - 1] == '\\' && at[len - 2] == '\\') {
        len--;
    }
    if (len == 0 || len >= FILE_PATH_MAX) {
        return false;
    }
    memcpy(data, at, len);
    data[len] = '\0';
    return true;
}

/* What the service says about it is worth more than what Windows knows. */
static bool explain_start(int64_t since_ms, const struct error *why, struct error *err)
{
    struct service_status status;
    struct error found = ERROR_INIT;
    struct error ignored = ERROR_INIT;
    char data[FILE_PATH_MAX];
    char log[FILE_PATH_MAX] = "";

    if (why->reason != REASON_SERVICE_CONTROL
        || !service_control_status(PRODUCT_SERVICE, &status, &ignored)
        || !service_data_folder(status.command, data)) {
        *err = *why;
        return false;
    }
    if (start_failure_find(data, since_ms, log, &found)) {
        return error_set(err, found.reason, "the service did not start: %s (from %s)", found.detail,
                         log);
    }
    return error_set(
        err, why->reason,
        "%s; look for the reason in %s and in the Application event log, source " PRODUCT_SERVICE,
        why->detail, log);
}

bool service_start_and_wait(struct error *err)
{
    int64_t since_ms = clock_now_ms();
    struct error why = ERROR_INIT;

    return service_control_start(PRODUCT_SERVICE, START_MS, &why)
           || explain_start(since_ms, &why, err);
}

/* ---- status ---------------------------------------------------------------------------------- */

static const char *state_text(enum service_state state)
{
    static const char *const texts[] = {
        [SERVICE_STATE_MISSING] = "missing",   [SERVICE_STATE_STOPPED] = "stopped",
        [SERVICE_STATE_STARTING] = "starting", [SERVICE_STATE_RUNNING] = "running",
        [SERVICE_STATE_STOPPING] = "stopping", [SERVICE_STATE_OTHER] = "other",
    };

    return texts[state];
}

static const char *start_text(const struct service_status *status)
{
    if (!status->automatic) {
        return "by hand";
    }
    return status->delayed ? "with Windows, delayed" : "with Windows";
}

static bool print_json(const struct service_status *status, const char *data, struct error *err)
{
    struct json *root = json_value_new_object();
    bool ok = root != NULL && json_value_put_text(root, "name", PRODUCT_SERVICE, err)
              && json_value_put_text(root, "state", state_text(status->state), err);

    if (ok && status->state != SERVICE_STATE_MISSING) {
        ok = json_value_put_integer(root, "process", status->process_id, err)
             && json_value_put_text(root, "account", status->account, err)
             && json_value_put_bool(root, "automatic", status->automatic, err)
             && json_value_put_bool(root, "delayed", status->delayed, err)
             && json_value_put_text(root, "command", status->command, err)
             && json_value_put_text(root, "data", data, err)
             && json_value_put_integer(root, "windows_exit_code", status->exit_code, err)
             && json_value_put_integer(root, "exit_code", status->service_code, err);
    }
    if (!ok) {
        json_value_free(root);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return command_print_json(root, err);
}

static void print_text(const struct service_status *status, const char *data)
{
    command_print("State:       %s\n", state_text(status->state));
    if (status->state == SERVICE_STATE_MISSING) {
        return;
    }
    if (status->process_id != 0) {
        command_print("Process:     %lu\n", (unsigned long)status->process_id);
    }
    command_print("Account:     %s\nStarts:      %s\nCommand:     %s\nData folder: %s\n",
                  status->account, start_text(status), status->command, data);
    if (status->state == SERVICE_STATE_STOPPED && status->exit_code != 0) {
        command_print("Last end:    error %lu of Windows, exit code %lu of openndes\n",
                      (unsigned long)status->exit_code, (unsigned long)status->service_code);
    }
}

/* Tell how things are now. */
static bool print_status(const struct command *command, struct service_status *status,
                         struct error *err)
{
    char data[FILE_PATH_MAX];

    if (!service_control_status(PRODUCT_SERVICE, status, err)) {
        return false;
    }
    if (!service_data_folder(status->command, data)
        && !text_copy(data, sizeof(data), command->data)) {
        return error_set(err, REASON_LIMIT, "the path of the data folder is too long");
    }
    if (command->json) {
        return print_json(status, data, err);
    }
    print_text(status, data);
    return true;
}

bool service_status_verb(const struct command *command, struct error *err)
{
    struct service_status status;
    struct args args;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 0, 0, "service status [--json]", err)
        || !print_status(command, &status, err)) {
        return false;
    }
    switch (status.state) {
    case SERVICE_STATE_RUNNING:
        return true;
    case SERVICE_STATE_MISSING:
        return error_set(err, REASON_SERVICE_MISSING,
                         "there is no service; openndes service install makes it");
    default:
        return error_set(err, REASON_SERVICE_CONTROL, "the service is %s",
                         state_text(status.state));
    }
}

/* ---- orders ---------------------------------------------------------------------------------- */

static bool no_arguments(const struct command *command, const char *usage, struct error *err)
{
    struct args args;

    return args_parse(command->argc, command->argv, NULL, 0, &args, err)
           && args_expect(&args, 0, 0, usage, err);
}

static bool done(const struct command *command, struct error *err)
{
    struct service_status status;

    return print_status(command, &status, err);
}

bool service_start_verb(const struct command *command, struct error *err)
{
    return no_arguments(command, "service start [--json]", err) && service_start_and_wait(err)
           && done(command, err);
}

bool service_stop_verb(const struct command *command, struct error *err)
{
    return no_arguments(command, "service stop [--json]", err)
           && service_control_stop(PRODUCT_SERVICE, SETUP_STOP_MS, err) && done(command, err);
}

bool service_restart_verb(const struct command *command, struct error *err)
{
    return no_arguments(command, "service restart [--json]", err)
           && service_control_stop(PRODUCT_SERVICE, SETUP_STOP_MS, err)
           && service_start_and_wait(err) && done(command, err);
}

bool service_reload_verb(const struct command *command, struct error *err)
{
    return no_arguments(command, "service reload [--json]", err)
           && service_control_reload(PRODUCT_SERVICE, err) && done(command, err);
}
