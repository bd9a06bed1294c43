/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_keys.h"
#include "platform/console.h"
#include "service/args.h"
#include "service/commands.h"

static bool config_explain(const struct command *command, struct error *err)
{
    struct buffer text = BUFFER_INIT(1u << 20);
    struct args args;
    bool ok = args_parse(command->argc, command->argv, NULL, 0, &args, err)
              && args_expect(&args, 0, 1, "config explain [KEY]", err)
              && config_keys_explain(args.count == 0 ? NULL : args.positional[0], &text, err);

    if (ok) {
        console_write(CONSOLE_OUT, buffer_bytes(&text));
    }
    buffer_clear(&text);
    return ok;
}

bool cmd_config(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = { { "explain", config_explain } };

    return command_dispatch(command, "config", table, 1, err);
}
