/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "challenge/challenge_static.h"
#include "config/config_load.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_init.h"
#include "service/urls.h"

struct init_options {
    struct data_init_options data;
    const char *passphrase; /* "-" or NULL */
    struct arg_repeated listen;
};

static bool parse(const struct command *command, struct init_options *options, struct error *err)
{
    const struct arg_option known[] = {
        { "--passphrase", ARG_TEXT, &options->passphrase },
        { "--template", ARG_TEXT, &options->data.template_name },
        { "--public-url", ARG_TEXT, &options->data.public_url },
        { "--listen", ARG_REPEATED, &options->listen },
        { "--ca-key", ARG_TEXT, &options->data.ca_key },
        { "--ca-subject", ARG_TEXT, &options->data.ca_subject },
        { "--ca-days", ARG_TEXT, &options->data.ca_days },
        { "--no-ca", ARG_FLAG, &options->data.no_ca },
        { "--ndes", ARG_FLAG, &options->data.ndes },
    };
    struct args args;

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 0, 0, "init [OPTIONS]", err)) {
        return false;
    }
    options->data.listen = options->listen.values;
    options->data.listen_count = options->listen.count;
    if (options->passphrase != NULL && strcmp(options->passphrase, "-") != 0) {
        return error_set(
            err, REASON_USAGE,
            "--passphrase takes only \"-\": a secret on the command line is visible to "
            "others; pipe it in");
    }
    if (options->data.ndes && options->passphrase != NULL) {
        return error_set(err, REASON_USAGE,
                         "--ndes has one-time passwords in place of a passphrase: leave "
                         "--passphrase out");
    }
    if (options->data.template_name == NULL) {
        options->data.template_name = "device";
    }
    return template_name_check(options->data.template_name, err);
}

static bool print_result(const struct command *command, const struct init_options *options,
                         const struct secret *passphrase, struct error *err)
{
    struct service_config config = { 0 };
    struct url_bases urls;

    if (!config_load_service(command->data, &config, err)) {
        return false;
    }
    url_bases_of_config(&config, &urls);
    service_config_clear(&config);
    command_print("Data folder: %s\n", command->data);
    if (options->data.no_ca) {
        command_print("No CA yet: make, import or request one with \"openndes ca\", then:\n"
                      "  openndes template enable %s\n",
                      options->data.template_name);
    }
    command_print("SCEP URL: %s/scep/%s\n", urls.scep, options->data.template_name);
    if (options->data.ndes) {
        command_print("NDES URL: %s/certsrv/mscep/mscep.dll\n"
                      "NDES password page: %s/certsrv/mscep_admin/\n"
                      "A password: openndes --data \"%s\" password new --service\n",
                      urls.scep, urls.admin, command->data);
    } else if (options->passphrase == NULL) {
        /* Shown once, here and nowhere else: the folder keeps only a MAC of it. */
        command_print("Passphrase: %s\n", (const char *)passphrase->data);
    }
    command_print("Next: openndes --data \"%s\" run\n", command->data);
    return true;
}

bool cmd_init(const struct command *command, struct error *err)
{
    struct init_options options;
    struct secret passphrase = SECRET_INIT;
    bool ca_kept = false;
    bool ok = false;

    memset(&options, 0, sizeof(options));
    if (!parse(command, &options, err)) goto out;
    if (!data_init_check_unused(command->data, err)) goto out;
    if (options.passphrase != NULL) {
        if (!command_read_secret("Passphrase of the template: ", true, &passphrase, err)) goto out;
    } else if (!options.data.ndes && !challenge_static_generate(&passphrase, err)) {
        goto out;
    }
    if (!data_init_make(command->data, &options.data, secret_bytes(&passphrase), &ca_kept, err)) {
        goto out;
    }
    if (ca_kept) {
        command_print("CA \"default\" is there already and stays as it is\n");
    }
    if (!print_result(command, &options, &passphrase, err)) goto out;
    ok = command_audit(command, "init", command->data, err);
out:
    secret_clear(&passphrase);
    return ok;
}
