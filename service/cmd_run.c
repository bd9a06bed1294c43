/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "platform/console.h"
#include "service/app.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/host.h"

/*
 * How often files are looked at for changes; also the longest time until a revocation is in the
 * CRL.
 */
#define TICK_MS 1000

static bool announce(struct app *app, struct error *err)
{
    struct buffer urls = BUFFER_INIT(1u << 20);
    bool ok = app_scep_urls(app, &urls, err);

    if (ok && urls.len == 0) {
        command_print("No template is on: openndes template enable NAME\n");
    }
    if (ok) {
        console_write(CONSOLE_OUT, buffer_bytes(&urls));
        command_print("Ready\n");
    }
    buffer_clear(&urls);
    return ok;
}

static void serve(struct app *app)
{
    for (;;) {
        switch (host_wait(TICK_MS)) {
        case HOST_STOP:
            return;
        case HOST_RELOAD:
            app_tick(app, true);
            break;
        case HOST_TICK:
            app_tick(app, false);
            break;
        }
    }
}

/* What runs in a console and as a service alike. */
struct run {
    struct app_options options;
    bool service;
};

static bool run_body(void *context, struct error *err)
{
    const struct run *run = context;
    struct app *app = app_create(&run->options, err);
    bool ok = app != NULL && (run->service || announce(app, err));

    if (ok) {
        host_ready();
        serve(app);
    }
    app_free(app);
    return ok;
}

bool cmd_run(const struct command *command, struct error *err)
{
    struct arg_repeated listen = { .count = 0 };
    struct arg_repeated listen_https = { .count = 0 };
    struct run run = { .options.data_folder = command->data };
    bool quiet = false;
    const struct arg_option known[] = {
        { "--listen", ARG_REPEATED, &listen },
        { "--listen-https", ARG_REPEATED, &listen_https },
        { "--quiet", ARG_FLAG, &quiet },
        { "--service", ARG_FLAG, &run.service },
    };
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 0, 0,
                        "run [--listen ADDRESS:PORT]... [--listen-https ADDRESS:PORT]... [--quiet]",
                        err)) {
        return false;
    }
    run.options.listen = listen.values;
    run.options.listen_count = listen.count;
    run.options.listen_https = listen_https.values;
    run.options.listen_https_count = listen_https.count;
    run.options.log_console = !quiet && !run.service;
    ok = run.service ? host_service(run_body, &run, err) : host_start(err) && run_body(&run, err);
    host_finished();
    return ok;
}
