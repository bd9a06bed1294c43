/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "ca/ca_builtin.h"
#include "ca/ca_files.h"
#include "ca/ca_key_reference.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "platform/console.h"
#include "platform/files.h"
#include "service/args.h"
#include "service/ca_former.h"
#include "service/ca_options.h"
#include "service/commands.h"
#include "service/data_folder.h"

#define KEEP_DAYS 30 /* ra.keep_days, when openndes.json does not say */

/* Options of every "ca" verb; each verb lists those it knows. */
struct ca_command {
    struct args args;
    const char *name;
    const char *key_spec, *subject, *days;
    const char *pkcs12, *cert, *key, *password, *chain_file, *out, *machine_store;
    struct ca_machine_ras ras;
    bool chain, sealed, drop_former;
};

static bool name_given(struct ca_command *c, const struct command *command, const char *usage,
                       struct error *err)
{
    if (!args_expect(&c->args, 1, 1, usage, err)) {
        return false;
    }
    if (!folder_exists(command->data)) {
        return error_set(
            err, REASON_DATA_FOLDER_MISSING,
            "the data folder %s does not exist; make it with: openndes --data \"%s\" init",
            command->data, command->data);
    }
    c->name = c->args.positional[0];
    return true;
}

/* Settings that are broken are told by check: looking at a CA goes without. */
static int64_t keep_days(const struct command *command)
{
    struct service_config config = { 0 };
    struct error ignored = ERROR_INIT;
    int64_t days =
        config_load_service(command->data, &config, &ignored) ? config.ra.keep_days : KEEP_DAYS;

    service_config_clear(&config);
    return days;
}

static struct ca_builtin *open_ca(const struct command *command, const char *name,
                                  struct error *err)
{
    struct ca_builtin_options options = {
        .data_folder = command->data,
        .name = name,
        .crl_validity_hours = 168,
        .crl_renew_hours = 48,
        .ra_keep_days = keep_days(command),
    };

    return ca_builtin_open(&options, err);
}

/* Write to --out, or to standard output. */
static bool write_out(const char *path, struct bytes text, struct error *err)
{
    if (path == NULL || strcmp(path, "-") == 0) {
        console_write(CONSOLE_OUT, text);
        return true;
    }
    return file_write_atomic(path, text, false, err);
}

/* ---- making --------------------------------------------------------------------------------- */

static bool ca_create_verb(const struct command *command, struct error *err)
{
    struct ca_command c = { 0 };
    struct ca_new_options options;
    const struct arg_option known[] = {
        { "--ca-key", ARG_TEXT, &c.key_spec },
        { "--ca-subject", ARG_TEXT, &c.subject },
        { "--ca-days", ARG_TEXT, &c.days },
    };

    if (!args_parse(command->argc, command->argv, known, 3, &c.args, err)
        || !name_given(&c, command, "ca create NAME [OPTIONS]", err)
        || !ca_new_options_fill(&options, command->data, c.name, c.key_spec, c.subject, c.days, err)
        || !ca_files_create(&options, err)) {
        return false;
    }
    command_print("CA %s made. Use it: openndes template set NAME ca=%s\n", c.name, c.name);
    return command_audit(command, "ca-create", c.name, err);
}

/* One of the three forms in which a CA comes. */
static bool import_form(const struct ca_command *c, struct error *err)
{
    bool has_files = c->cert != NULL || c->key != NULL;
    int forms = (c->pkcs12 != NULL) + has_files + (c->machine_store != NULL);

    if (forms != 1 || (c->cert != NULL) != (c->key != NULL)) {
        return error_set(err, REASON_USAGE,
                         "give either --pkcs12 FILE, or --cert FILE and --key FILE, or "
                         "--machine-store THUMBPRINT");
    }
    if (c->password != NULL && c->machine_store != NULL) {
        return error_set(err, REASON_USAGE, "a key of the machine's store has no password");
    }
    if (c->chain_file != NULL && c->machine_store == NULL) {
        return error_set(err, REASON_USAGE, "--chain goes with --machine-store");
    }
    if (c->password != NULL && strcmp(c->password, "-") != 0) {
        return error_set(
            err, REASON_USAGE,
            "--password takes only \"-\": a secret on the command line is visible to others");
    }
    return true;
}

static bool ca_import_verb(const struct command *command, struct error *err)
{
    struct ca_command c = { 0 };
    struct ca_import_options options;
    struct secret password = SECRET_INIT;
    const struct arg_option known[] = {
        { "--pkcs12", ARG_TEXT, &c.pkcs12 },
        { "--cert", ARG_TEXT, &c.cert },
        { "--key", ARG_TEXT, &c.key },
        { "--password", ARG_TEXT, &c.password },
        { "--chain", ARG_TEXT, &c.chain_file },
        { "--machine-store", ARG_TEXT, &c.machine_store },
        { "--ra-machine-store", ARG_TEXT, &c.ras.single },
        { "--ra-sign-machine-store", ARG_TEXT, &c.ras.sign },
        { "--ra-encrypt-machine-store", ARG_TEXT, &c.ras.decrypt },
    };
    bool ok = false;

    memset(&options, 0, sizeof(options));
    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &c.args,
                    err)
        || !name_given(&c, command,
                       "ca import NAME --pkcs12 FILE | --cert FILE --key FILE | --machine-store "
                       "THUMBPRINT",
                       err)
        || !ca_new_options_fill(&options.base, command->data, c.name, NULL, NULL, NULL, err)
        || !import_form(&c, err)) {
        goto out;
    }
    if (c.password != NULL
        && !command_read_secret("Password of the key: ", false, &password, err)) {
        goto out;
    }
    options.cert_file = c.cert;
    options.key_file = c.key;
    options.pkcs12_file = c.pkcs12;
    options.password = c.password == NULL ? NULL : &password;
    options.machine_store = c.machine_store;
    options.chain_file = c.chain_file;
    options.base.machine_ras = c.ras;
    if (!ca_files_import(&options, err)) goto out;
    command_print("CA %s imported; it has its RA certificates.\n", c.name);
    if (c.machine_store != NULL || c.ras.single != NULL || c.ras.sign != NULL) {
        command_print("The account of the service has to be allowed to read the keys: certlm.msc, "
                      "Manage Private Keys.\n");
    }
    ok = command_audit(command, "ca-import", c.name, err);
out:
    secret_clear(&password);
    return ok;
}

static bool ca_request_verb(const struct command *command, struct error *err)
{
    struct ca_command c = { 0 };
    struct ca_new_options options;
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    const struct arg_option known[] = {
        { "--ca-key", ARG_TEXT, &c.key_spec },
        { "--ca-subject", ARG_TEXT, &c.subject },
        { "--out", ARG_TEXT, &c.out },
    };
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 3, &c.args, err)
        || !name_given(&c, command, "ca request NAME [OPTIONS]", err)
        || !ca_new_options_fill(&options, command->data, c.name, c.key_spec, c.subject, NULL, err)
        || !ca_files_request(&options, &pem, err) || !write_out(c.out, buffer_bytes(&pem), err)) {
        goto out;
    }
    if (c.out != NULL && strcmp(c.out, "-") != 0) {
        command_print("Let the root sign %s, then: openndes ca install %s --cert SIGNED\n", c.out,
                      c.name);
    }
    ok = command_audit(command, "ca-request", c.name, err);
out:
    buffer_clear(&pem);
    return ok;
}

static bool ca_install_verb(const struct command *command, struct error *err)
{
    struct ca_command c = { 0 };
    struct ca_new_options options;
    const struct arg_option known[] = {
        { "--cert", ARG_TEXT, &c.cert },
        { "--chain", ARG_TEXT, &c.chain_file },
    };

    if (!args_parse(command->argc, command->argv, known, 2, &c.args, err)
        || !name_given(&c, command, "ca install NAME --cert FILE [--chain FILE]", err)) {
        return false;
    }
    if (c.cert == NULL) {
        return error_set(err, REASON_USAGE, "usage: openndes ca install NAME --cert FILE");
    }
    if (!ca_new_options_fill(&options, command->data, c.name, NULL, NULL, NULL, err)
        || !ca_files_install(&options, c.cert, c.chain_file, err)) {
        return false;
    }
    command_print("CA %s is ready.\n", c.name);
    return command_audit(command, "ca-install", c.name, err);
}

/* New RA certificates and keys, before or after the old ones have ended. */
static bool ca_renew_ra_verb(const struct command *command, struct error *err)
{
    struct ca_command c = { 0 };
    struct ca_new_options options;
    struct ca_ra_change change = { 0 };
    const struct arg_option known[] = {
        { "--ra-machine-store", ARG_TEXT, &c.ras.single },
        { "--ra-sign-machine-store", ARG_TEXT, &c.ras.sign },
        { "--ra-encrypt-machine-store", ARG_TEXT, &c.ras.decrypt },
        { "--sealed", ARG_FLAG, &c.sealed },
        { "--drop-former", ARG_FLAG, &c.drop_former },
    };

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &c.args,
                    err)
        || !name_given(&c, command, "ca renew-ra NAME [--ra-machine-store THUMBPRINT]", err)
        || !ca_new_options_fill(&options, command->data, c.name, NULL, NULL, NULL, err)) {
        return false;
    }
    options.machine_ras = c.ras;
    options.seal_ra = c.sealed;
    options.drop_former_ras = c.drop_former;
    options.ra_change = &change;
    if (!ca_files_renew_ra(&options, err)) {
        return false;
    }
    command_print("CA %s has new RA certificates. A running service uses them within seconds.\n",
                  c.name);
    if (c.drop_former) {
        command_print("No former one goes on: devices must fetch GetCACert again.\n");
    } else {
        ca_former_print_change(c.name, &change);
    }
    return command_audit(command, "ca-renew-ra", c.name, err);
}

/* ---- looking -------------------------------------------------------------------------------- */

static bool ca_export_verb(const struct command *command, struct error *err)
{
    struct ca_command c = { 0 };
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct ca_builtin *ca = NULL;
    const struct arg_option known[] = {
        { "--out", ARG_TEXT, &c.out },
        { "--chain", ARG_FLAG, &c.chain },
    };
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, 2, &c.args, err)
        || !name_given(&c, command, "ca export NAME [--chain] [--out FILE]", err)) {
        goto out;
    }
    ca = open_ca(command, c.name, err);
    if (ca == NULL) goto out;
    if (!ca_builtin_chain_pem(ca, c.chain, &pem, err)) goto out;
    ok = write_out(c.out, buffer_bytes(&pem), err);
out:
    ca_builtin_free(ca);
    buffer_clear(&pem);
    return ok;
}

struct ca_show_context {
    const struct command *command;
    const char *only; /* NULL: all */
    struct json *array;
    bool brief;
    size_t count;
};

#define PLACE_MAX 400
enum { KEY_CA, KEY_RA, KEY_RA_SIGN, KEY_RA_ENC, KEYS };

/* What is shown of one CA; zero where there is nothing. */
struct ca_facts {
    char places[KEYS][PLACE_MAX]; /* where the keys are; "": no such key */
    struct certificate_info ca;
    struct certificate_info ra;
    struct certificate_info ra_sign;
    struct certificate_info ra_enc;
    const struct error *pair_error; /* NULL: there is a pair, or no CA yet */
    const struct ra_sets *ras;      /* NULL: there is no CA that opens */
};

/* "" for what is not there. */
static void end_text(const struct certificate_info *info, char out[CLOCK_TEXT_MAX])
{
    out[0] = '\0';
    if (info->serial[0] != '\0') {
        clock_format(info->not_after, out);
    }
}

static const struct {
    const char *title;
    const char *member;
    const struct evp_pkey_st *(*key)(const struct ca_builtin *b);
} key_names[KEYS] = {
    [KEY_CA] = { "CA key:", "key_place", ca_builtin_key },
    [KEY_RA] = { "RA key:", "ra_key_place", ca_builtin_ra_key },
    [KEY_RA_SIGN] = { "Signing:", "ra_sign_key_place", ca_builtin_ra_sign_key },
    [KEY_RA_ENC] = { "Decrypting:", "ra_enc_key_place", ca_builtin_ra_enc_key },
};

static void print_facts(const char *name, const char *state, const struct ca_facts *facts)
{
    char fingerprint[2 * DIGEST_SHA256_BYTES + 1];
    char until[4][CLOCK_TEXT_MAX];

    clock_format(facts->ca.not_after, until[0]);
    clock_format(facts->ra.not_after, until[1]);
    end_text(&facts->ra_sign, until[2]);
    end_text(&facts->ra_enc, until[3]);
    text_hex(fingerprint, sizeof(fingerprint),
             bytes_of(facts->ca.sha256, sizeof(facts->ca.sha256)));
    command_print("CA:          %s (%s)\nSubject:     %s\nIssuer:      %s\nSerial:      %s\n"
                  "Valid until: %s\nSHA-256:     %s\nRA subject:  %s\nRA until:    %s\n",
                  name, state, facts->ca.subject, facts->ca.issuer, facts->ca.serial, until[0],
                  fingerprint, facts->ra.subject, until[1]);
    if (facts->pair_error != NULL) {
        command_print("RA pair:     none (%s)\n", facts->pair_error->detail);
    } else {
        command_print("RA pair:     signs until %s, decrypts until %s\n", until[2], until[3]);
    }
    for (size_t i = 0; i < KEYS; i++) {
        if (facts->places[i][0] != '\0') {
            command_print("%-12s %s\n", key_names[i].title, facts->places[i]);
        }
    }
    ca_former_print(facts->ras);
}

static struct json *facts_row(const char *name, const char *state, const struct ca_facts *facts,
                              struct error *err)
{
    struct json *row = json_value_new_object();
    char fingerprint[2 * DIGEST_SHA256_BYTES + 1];
    char until[4][CLOCK_TEXT_MAX];

    clock_format(facts->ca.not_after, until[0]);
    clock_format(facts->ra.not_after, until[1]);
    end_text(&facts->ra_sign, until[2]);
    end_text(&facts->ra_enc, until[3]);
    text_hex(fingerprint, sizeof(fingerprint),
             bytes_of(facts->ca.sha256, sizeof(facts->ca.sha256)));
    const struct {
        const char *key;
        const char *value;
    } fields[] = {
        { "name", name },
        { "state", state },
        { "subject", facts->ca.subject },
        { "issuer", facts->ca.issuer },
        { "serial", facts->ca.serial },
        { "not_after", until[0] },
        { "sha256", fingerprint },
        { "ra_subject", facts->ra.subject },
        { "ra_not_after", until[1] },
        { "ra_sign_serial", facts->ra_sign.serial },
        { "ra_sign_not_after", until[2] },
        { "ra_enc_serial", facts->ra_enc.serial },
        { "ra_enc_not_after", until[3] },
        { "ra_pair_problem",
          facts->pair_error == NULL ? "" : reason_id(facts->pair_error->reason) },
    };

    if (row == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "JSON");
        return NULL;
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!json_value_put_text(row, fields[i].key, fields[i].value, err)) {
            json_value_free(row);
            return NULL;
        }
    }
    for (size_t i = 0; i < KEYS; i++) {
        if (!json_value_put_text(row, key_names[i].member, facts->places[i], err)) {
            json_value_free(row);
            return NULL;
        }
    }
    if (!ca_former_put(row, facts->ras, err)) {
        json_value_free(row);
        return NULL;
    }
    return row;
}

static bool show_facts(const struct ca_show_context *show, const char *name, const char *state,
                       const struct ca_facts *facts, struct error *err)
{
    char until[CLOCK_TEXT_MAX];
    struct json *row = NULL;

    if (show->command->json) {
        row = facts_row(name, state, facts, err);
        return row != NULL && json_value_push(show->array, row, err);
    }
    if (show->brief) {
        clock_format(facts->ca.not_after, until);
        command_print("%-20s %s  until %s  %s\n", name, state, until, facts->ca.subject);
        ca_former_print(facts->ras);
    } else {
        print_facts(name, state, facts);
    }
    return true;
}

/* Nothing for a certificate that is not there. */
static bool read_info(const struct x509_st *cert, struct certificate_info *info, struct error *err)
{
    return cert == NULL || certificate_info(cert, info, err);
}

static bool read_facts(const struct ca_builtin *builtin, struct ca_facts *facts, struct error *err)
{
    facts->pair_error = ca_builtin_pair_error(builtin);
    facts->ras = ca_builtin_ra_sets(builtin);
    for (size_t i = 0; i < KEYS; i++) {
        const struct evp_pkey_st *key = key_names[i].key(builtin);

        if (key != NULL) {
            ca_key_reference_describe(key, facts->places[i], PLACE_MAX);
        }
    }
    return read_info(ca_builtin_certificate(builtin), &facts->ca, err)
           && read_info(ca_builtin_ra_certificate(builtin), &facts->ra, err)
           && read_info(ca_builtin_ra_sign_certificate(builtin), &facts->ra_sign, err)
           && read_info(ca_builtin_ra_enc_certificate(builtin), &facts->ra_enc, err);
}

static bool show_one(void *context, const char *name, struct error *err)
{
    struct ca_show_context *show = context;
    struct ca_facts facts;
    struct error why = ERROR_INIT;
    struct ca_builtin *builtin = NULL;
    struct ca *ca = NULL;
    bool ok = false;

    if (show->only != NULL && !text_equal_nocase(show->only, name)) {
        return true;
    }
    memset(&facts, 0, sizeof(facts));
    show->count++;
    builtin = open_ca(show->command, name, &why);
    ca = builtin == NULL ? NULL : ca_builtin_as_ca(builtin);
    if (ca == NULL) {
        if (!show->command->json) {
            command_print("%-20s broken: %s\n", name, why.detail);
        }
        ok = show->command->json ? show_facts(show, name, "broken", &facts, err) : true;
        goto out;
    }
    if (ca_builtin_certificate(builtin) == NULL) {
        if (!show->command->json) {
            command_print("%-20s waits for its certificate: openndes ca install %s --cert FILE\n",
                          name, name);
        }
        ok = show->command->json ? show_facts(show, name, "request", &facts, err) : true;
        goto out;
    }
    if (!read_facts(builtin, &facts, err)) goto out;
    ok = show_facts(show, name, ca_ready(ca, &why) ? "ready" : reason_id(why.reason), &facts, err);
out:
    ca_free(ca);
    return ok;
}

static bool show_all(const struct command *command, const char *only, bool brief, struct error *err)
{
    struct ca_show_context show = { .command = command, .only = only, .brief = brief };

    if (command->json) {
        show.array = json_value_new_array();
        if (show.array == NULL) {
            return error_set(err, REASON_NO_MEMORY, "JSON");
        }
    }
    if (!ca_files_list(command->data, show_one, &show, err)) {
        json_value_free(show.array);
        return false;
    }
    if (only != NULL && show.count == 0) {
        json_value_free(show.array);
        return error_set(err, REASON_CA_MISSING, "there is no CA %.64s; see: openndes ca list",
                         only);
    }
    if (command->json) {
        return command_print_json(show.array, err);
    }
    if (show.count == 0) {
        command_print("No CA. Make one: openndes ca create default\n");
    }
    return true;
}

static bool ca_list_verb(const struct command *command, struct error *err)
{
    struct args args;

    return args_parse(command->argc, command->argv, NULL, 0, &args, err)
           && args_expect(&args, 0, 0, "ca list [--json]", err)
           && data_folder_check(command->data, err) && show_all(command, NULL, true, err);
}

static bool ca_show_verb(const struct command *command, struct error *err)
{
    struct args args;

    return args_parse(command->argc, command->argv, NULL, 0, &args, err)
           && args_expect(&args, 0, 1, "ca show [NAME] [--json]", err)
           && data_folder_check(command->data, err)
           && show_all(command, args.count == 0 ? NULL : args.positional[0], false, err);
}

bool cmd_ca(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "list", ca_list_verb },
        { "show", ca_show_verb },
        { "create", ca_create_verb },
        { "import", ca_import_verb },
        { "request", ca_request_verb },
        { "install", ca_install_verb },
        { "renew-ra", ca_renew_ra_verb },
        { "export", ca_export_verb },
        { "machine-keys", cmd_ca_machine_keys },
        { "rollover", cmd_ca_rollover },
    };

    return command_dispatch(command, "ca", table, sizeof(table) / sizeof(table[0]), err);
}
