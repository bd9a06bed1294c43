/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "ca/ca_files.h"
#include "challenge/challenge_static.h"
#include "config/config_edit.h"
#include "config/config_load.h"
#include "service/args.h"
#include "service/ca_options.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/template_passphrase.h"
#include "service/urls.h"

struct init_options {
    const char *passphrase; /* "-" or NULL */
    const char *template_name;
    const char *public_url;
    struct arg_repeated listen;
    const char *ca_key;
    const char *ca_subject;
    const char *ca_days;
    bool no_ca;
    bool ndes; /* one-time passwords and NDES's own URLs */
};

static bool parse(const struct command *command, struct init_options *options, struct error *err)
{
    const struct arg_option known[] = {
        { "--passphrase", ARG_TEXT, &options->passphrase },
        { "--template", ARG_TEXT, &options->template_name },
        { "--public-url", ARG_TEXT, &options->public_url },
        { "--listen", ARG_REPEATED, &options->listen },
        { "--ca-key", ARG_TEXT, &options->ca_key },
        { "--ca-subject", ARG_TEXT, &options->ca_subject },
        { "--ca-days", ARG_TEXT, &options->ca_days },
        { "--no-ca", ARG_FLAG, &options->no_ca },
        { "--ndes", ARG_FLAG, &options->ndes },
    };
    struct args args;

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 0, 0, "init [OPTIONS]", err)) {
        return false;
    }
    if (options->passphrase != NULL && strcmp(options->passphrase, "-") != 0) {
        return error_set(
            err, REASON_USAGE,
            "--passphrase takes only \"-\": a secret on the command line is visible to "
            "others; pipe it in");
    }
    if (options->ndes && options->passphrase != NULL) {
        return error_set(err, REASON_USAGE,
                         "--ndes has one-time passwords in place of a passphrase: leave "
                         "--passphrase out");
    }
    if (options->template_name == NULL) {
        options->template_name = "device";
    }
    return template_name_check(options->template_name, err);
}

/* A finished folder is never touched: its CA is somebody's trust anchor. */
static bool check_unused(const char *data, struct error *err)
{
    char path[FILE_PATH_MAX];

    if (!data_path_config(data, path, err)) {
        return false;
    }
    if (file_exists(path)) {
        return error_set(err, REASON_DATA_FOLDER_EXISTS,
                         "%s is a data folder already; choose another folder, or work on this one "
                         "with: openndes --data \"%s\" template list",
                         data, data);
    }
    if (!path_join(path, data, "openndes.db", err)) {
        return false;
    }
    if (file_exists(path)) {
        return error_set(err, REASON_DATA_FOLDER_EXISTS,
                         "%s has been in use: it holds a database and no openndes.json; restore "
                         "openndes.json from a backup, or choose another folder",
                         data);
    }
    return true;
}

/* Passphrases and one-time passwords are known by MACs under this key. */
static bool make_mac_key(const struct command *command, struct error *err)
{
    struct secret key = SECRET_INIT;
    bool ok = data_mac_key(command->data, true, &key, err);

    secret_clear(&key);
    return ok;
}

static bool make_ca(const struct command *command, const struct init_options *options,
                    struct error *err)
{
    struct ca_new_options ca;
    struct error why = ERROR_INIT;

    if (options->no_ca) {
        return true;
    }
    if (!ca_new_options_fill(&ca, command->data, "default", options->ca_key, options->ca_subject,
                             options->ca_days, err)) {
        return false;
    }
    if (ca_files_create(&ca, &why)) {
        return true;
    }
    /* An earlier init may have been cut off after the CA was made: it is complete, and it stays. */
    if (why.reason == REASON_CA_EXISTS) {
        command_print("CA \"default\" is there already and stays as it is\n");
        return true;
    }
    *err = why;
    return false;
}

static bool make_template(const struct command *command, const struct init_options *options,
                          struct bytes passphrase, struct error *err)
{
    struct config_edit *edit = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!data_path_template(command->data, options->template_name, path, err)) goto out;
    if (!file_remove(path, err)) goto out; /* what a cut-off init left */
    edit = config_edit_open(CONFIG_SCOPE_TEMPLATE, path, err);
    if (edit == NULL) goto out;
    if (!config_edit_set(edit, "enabled", options->no_ca ? "false" : "true", false, err)
        || !config_edit_set(edit, "ca", "default", false, err)
        || !config_edit_set(edit, "challenge.type", options->ndes ? "ndes" : "static", false,
                            err)) {
        goto out;
    }
    /* What NDES's clients speak: SHA-1 and 3DES besides newer algorithms. */
    if (options->ndes ? !config_edit_set(edit, "algorithms", "compat", false, err)
                      : !template_passphrase_put(command->data, edit, options->template_name,
                                                 passphrase, false, err)) {
        goto out;
    }
    ok = config_edit_save(edit, options->template_name, true, err);
out:
    config_edit_close(edit);
    return ok;
}

/* openndes.json comes last: a folder with it is a finished one. */
static bool make_config(const struct command *command, const struct init_options *options,
                        struct error *err)
{
    struct buffer listen = BUFFER_INIT(2048);
    struct config_edit *edit = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!data_path_config(command->data, path, err)) goto out;
    edit = config_edit_open(CONFIG_SCOPE_SERVICE, path, err);
    if (edit == NULL) goto out;
    for (size_t i = 0; i < options->listen.count; i++) {
        if (!buffer_printf(&listen, err, "%s%s", i == 0 ? "" : ",", options->listen.values[i])) {
            goto out;
        }
    }
    if (listen.len == 0 && !buffer_append_text(&listen, "0.0.0.0:80,[::]:80", err)) goto out;
    if (!config_edit_set(edit, "listen", buffer_text(&listen), false, err)) goto out;
    if (options->public_url != NULL
        && !config_edit_set(edit, "public_url", options->public_url, false, err)) {
        goto out;
    }
    if (options->ndes
        && (!config_edit_set(edit, "ndes.enabled", "true", false, err)
            || !config_edit_set(edit, "ndes.GeneralPurposeTemplate", options->template_name, false,
                                err))) {
        goto out;
    }
    ok = config_edit_save(edit, NULL, true, err);
out:
    buffer_clear(&listen);
    config_edit_close(edit);
    return ok;
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
    if (options->no_ca) {
        command_print("No CA yet: make, import or request one with \"openndes ca\", then:\n"
                      "  openndes template enable %s\n",
                      options->template_name);
    }
    command_print("SCEP URL: %s/scep/%s\n", urls.scep, options->template_name);
    if (options->ndes) {
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
    bool ok = false;

    memset(&options, 0, sizeof(options));
    if (!parse(command, &options, err)) goto out;
    if (!check_unused(command->data, err)) goto out;
    if (options.passphrase != NULL) {
        if (!command_read_secret("Passphrase of the template: ", true, &passphrase, err)) goto out;
    } else if (!options.ndes && !challenge_static_generate(&passphrase, err)) {
        goto out;
    }
    if (!data_folder_create(command->data, err)) goto out;
    if (!make_mac_key(command, err)) goto out;
    if (!make_ca(command, &options, err)) goto out;
    if (!make_template(command, &options, secret_bytes(&passphrase), err)) goto out;
    if (!make_config(command, &options, err)) goto out;
    if (!print_result(command, &options, &passphrase, err)) goto out;
    ok = command_audit(command, "init", command->data, err);
out:
    secret_clear(&passphrase);
    return ok;
}
