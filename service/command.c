/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/console.h"
#include "service/commands.h"
#include "service/data_folder.h"

bool command_dispatch(const struct command *command, const char *verb,
                      const struct subcommand *table, size_t count, struct error *err)
{
    struct buffer names = BUFFER_INIT(256);
    struct command rest = *command;

    for (size_t i = 0; i < count; i++) {
        if (command->argc > 0 && strcmp(command->argv[0], table[i].name) == 0) {
            rest.argc--;
            rest.argv++;
            return table[i].run(&rest, err);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!buffer_printf(&names, err, "%s%s", i == 0 ? "" : "|", table[i].name)) {
            break;
        }
    }
    error_set(err, REASON_USAGE, "usage: openndes %s %s", verb, buffer_text(&names));
    buffer_clear(&names);
    return false;
}

void command_print(const char *format, ...)
{
    struct buffer text = BUFFER_INIT(1u << 20);
    struct error ignored = ERROR_INIT;
    va_list args;

    va_start(args, format);
    if (buffer_vprintf(&text, &ignored, format, args)) {
        console_write(CONSOLE_OUT, buffer_bytes(&text));
    }
    va_end(args);
    buffer_clear(&text);
}

bool command_print_json(struct json *take_value, struct error *err)
{
    struct buffer text = BUFFER_INIT(64u << 20);
    bool ok;

    if (take_value == NULL) {
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    ok = json_value_print(take_value, 2, &text, err) && buffer_append_byte(&text, '\n', err);
    if (ok) {
        console_write(CONSOLE_OUT, buffer_bytes(&text));
    }
    buffer_clear(&text);
    json_value_free(take_value);
    return ok;
}

bool command_audit(const struct command *command, const char *event, const char *target,
                   struct error *err)
{
    char folder[FILE_PATH_MAX];
    struct audit *audit = NULL;
    struct audit_record record = {
        .event = event, .result = "ok", .actor = "command line", .target = target
    };
    /* Only appended to: rotating is the service's business, which knows how many files to keep. */
    struct audit_options options = { .folder = folder, .file_mb = 1 << 20, .files = 1000 };
    bool ok = false;

    if (!data_path_logs(command->data, folder, err)) goto out;
    audit = audit_open(&options, err);
    if (audit == NULL) goto out;
    if (!audit_write(audit, &record, err)) goto out;
    ok = true;
out:
    audit_close(audit);
    return ok || error_context(err, "done, but not recorded in the audit log");
}

bool command_read_secret(const char *prompt, bool twice, struct secret *out, struct error *err)
{
    struct secret again = SECRET_INIT;
    bool ok = console_read_secret(prompt, LIMIT_PASSPHRASE_MAX, out, err);

    if (ok && twice && console_input_is_terminal()) {
        ok = console_read_secret("once more: ", LIMIT_PASSPHRASE_MAX, &again, err);
        if (ok && !secret_equal(secret_bytes(out), secret_bytes(&again))) {
            ok = error_set(err, REASON_USAGE, "the two entries differ; nothing was changed");
        }
    }
    secret_clear(&again);
    return ok;
}
