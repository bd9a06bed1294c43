/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "ca/server_order.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/tls_names.h"
#include "service/tls_report.h"
#include "service/urls.h"

#define DAY_SECONDS 86400

/* Options of every "tls" verb; each verb lists those it knows. */
struct tls_command {
    struct args args;
    struct service_config config;
    const char *ca, *key_spec, *days;
    struct arg_repeated names, addresses;
    const char *pkcs12, *cert, *key, *password;
};

static bool open_command(const struct command *command, struct tls_command *c,
                         const struct arg_option *known, size_t known_count, size_t positional,
                         const char *usage, struct error *err)
{
    return args_parse(command->argc, command->argv, known, known_count, &c->args, err)
           && args_expect(&c->args, positional, positional, usage, err)
           && data_folder_check(command->data, err)
           && config_load_service(command->data, &c->config, err);
}

/* What has to be done before the new pair is seen by anybody. */
static void print_next(const struct service_config *config)
{
    if (config->https.certificate[0] != '\0' || config->https.key[0] != '\0') {
        command_print("It is not used yet: openndes.json names other files. Use it with:\n"
                      "  openndes config set https.certificate= https.key=\n");
    } else if (config->https.listen[0] == '\0') {
        command_print("Nothing listens for HTTPS yet. Switch it on with:\n"
                      "  openndes config set https.listen=0.0.0.0:443,[::]:443\n");
    } else {
        command_print("A running service uses it within seconds.\n");
    }
}

static bool print_problem(void *context, bool is_error, const char *text, struct error *err)
{
    (void)context;
    (void)err;
    command_print("%s: %s\n", is_error ? "Error" : "Warning", text);
    return true;
}

/* ---- issue ---------------------------------------------------------------------------------- */

static void fill_names(const struct tls_command *c, struct tls_names *standard,
                       struct tls_issue_options *options)
{
    if (c->names.count + c->addresses.count != 0) {
        options->names = c->names.values;
        options->name_count = c->names.count;
        options->addresses = c->addresses.values;
        options->address_count = c->addresses.count;
        return;
    }
    tls_names_find(&c->config, standard);
    options->names = standard->names;
    options->name_count = standard->name_count;
    options->addresses = standard->addresses;
    options->address_count = standard->address_count;
}

static bool fill_order(const struct tls_command *c, struct tls_issue_options *options,
                       struct error *err)
{
    uint64_t days = SERVER_DAYS_DEFAULT;

    options->ca = c->ca == NULL ? "default" : c->ca;
    if (!ca_key_spec_parse(c->key_spec == NULL ? TLS_KEY_DEFAULT : c->key_spec, &options->key,
                           err)) {
        return false;
    }
    if (c->days != NULL
        && (!text_parse_u64(bytes_of_text(c->days), SERVER_DAYS_MAX, &days) || days == 0)) {
        return error_set(err, REASON_USAGE,
                         "--days takes a number from 1 to %d: browsers refuse longer ones",
                         SERVER_DAYS_MAX);
    }
    options->days = (int64_t)days;
    return true;
}

/* The new one as the service will see it. */
static bool print_issued(const struct command *command, const struct tls_issue_options *options,
                         const struct certificate_info *info, struct error *err)
{
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct buffer names = BUFFER_INIT(65536);
    char until[CLOCK_TEXT_MAX];
    bool ok = tls_files_load_own(command->data, &files, err)
              && server_cert_names(&files.server, &names, err);

    if (ok) {
        clock_format(info->not_after, until);
        command_print("CA %s has issued an HTTPS certificate.\nNames:   %s\nSerial:  %s\n"
                      "Ends:    %s; the service renews it by itself 30 days before\n",
                      options->ca, buffer_text(&names), info->serial, until);
    }
    buffer_clear(&names);
    tls_files_clear(&files);
    return ok;
}

static bool tls_issue_verb(const struct command *command, struct error *err)
{
    struct tls_command c = { .ca = NULL };
    struct tls_names standard;
    struct certificate_info info;
    struct url_bases urls;
    char target[SERIAL_TEXT_MAX + LIMIT_TEMPLATE_NAME + 32];
    const struct arg_option known[] = {
        { "--ca", ARG_TEXT, &c.ca },
        { "--name", ARG_REPEATED, &c.names },
        { "--address", ARG_REPEATED, &c.addresses },
        { "--days", ARG_TEXT, &c.days },
        { "--key", ARG_TEXT, &c.key_spec },
    };
    struct tls_issue_options options = { .data = command->data, .config = &c.config };
    bool ok = false;

    if (!open_command(command, &c, known, 5, 0, "tls issue [OPTIONS]", err)) goto out;
    if (!fill_order(&c, &options, err)) goto out;
    fill_names(&c, &standard, &options);
    url_bases_of_config(&c.config, &urls);
    options.public_url = urls.crl;
    options.store = data_store_open(command->data, 1, err);
    if (options.store == NULL) goto out;
    if (!tls_files_issue(&options, &info, err)) goto out;
    if (!text_format(target, sizeof(target), "serial %s of CA %s", info.serial, options.ca)) {
        target[sizeof(target) - 1] = '\0';
    }
    if (!command_audit(command, "tls-issue", target, err)) goto out;
    if (!print_issued(command, &options, &info, err)) goto out;
    print_next(&c.config);
    ok = true;
out:
    store_close(options.store);
    service_config_clear(&c.config);
    return ok;
}

/* ---- import --------------------------------------------------------------------------------- */

static bool check_import(const struct tls_command *c, struct error *err)
{
    if ((c->pkcs12 != NULL) == (c->cert != NULL || c->key != NULL)
        || (c->cert == NULL && c->key != NULL)) {
        return error_set(err, REASON_USAGE,
                         "give either --pkcs12 FILE, or --cert FILE and --key FILE (without --key "
                         "the key stands in the certificate's file)");
    }
    if (c->password != NULL && strcmp(c->password, "-") != 0) {
        return error_set(err, REASON_USAGE,
                         "--password takes only \"-\": a secret on the command line is visible to "
                         "others");
    }
    return true;
}

/* Read the files into a checked pair. */
static bool read_pair(const struct tls_command *c, struct server_cert *server, struct error *err)
{
    const char *cert_file = c->pkcs12 != NULL ? c->pkcs12 : c->cert;
    struct buffer cert = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct buffer key = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct secret password = SECRET_INIT;
    bool ok = false;

    if (!file_read(cert_file, LIMIT_PEM_FILE_BYTES, &cert, err)) goto out;
    if (c->key != NULL && !file_read(c->key, LIMIT_PEM_FILE_BYTES, &key, err)) goto out;
    if (c->password != NULL
        && !command_read_secret("Password of the key: ", false, &password, err)) {
        goto out;
    }
    const struct server_cert_source source = {
        .certificate = buffer_bytes(&cert),
        .certificate_file = cert_file,
        .key = buffer_bytes(&key),
        .key_file = c->key,
        .password = c->password == NULL ? NULL : &password,
    };
    if (c->pkcs12 != NULL && !server_cert_is_pkcs12(source.certificate)) {
        (void)error_set(err, REASON_KEY_UNREADABLE, "%s is not a PKCS#12 file", cert_file);
        goto out;
    }
    ok = server_cert_read(&source, server, err);
out:
    buffer_clear(&cert);
    buffer_clear(&key);
    secret_clear(&password);
    return ok;
}

static bool install(const struct command *command, const struct server_cert *server,
                    struct error *err)
{
    struct file_lock *lock = NULL;
    bool ok =
        tls_files_lock(command->data, &lock, err) && tls_files_install(command->data, server, err);

    file_lock_release(lock);
    return ok;
}

static bool tls_import_verb(const struct command *command, struct error *err)
{
    struct tls_command c = { .ca = NULL };
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    const struct arg_option known[] = {
        { "--pkcs12", ARG_TEXT, &c.pkcs12 },
        { "--cert", ARG_TEXT, &c.cert },
        { "--key", ARG_TEXT, &c.key },
        { "--password", ARG_TEXT, &c.password },
    };
    bool ok = false;

    if (!open_command(command, &c, known, 4, 0,
                      "tls import --pkcs12 FILE | --cert FILE [--key FILE]", err)
        || !check_import(&c, err)) {
        goto out;
    }
    if (!read_pair(&c, &files.server, err)) goto out;
    if (!certificate_info(files.server.cert, &files.info, err)) goto out;
    if (!install(command, &files.server, err)) goto out;
    if (!command_audit(command, "tls-import", files.info.serial, err)) goto out;
    command_print("HTTPS certificate taken over: %s\n", files.info.subject);
    if (!tls_report(&files, &c.config, clock_now(), print_problem, NULL, err)) goto out;
    print_next(&c.config);
    ok = true;
out:
    tls_files_clear(&files);
    service_config_clear(&c.config);
    return ok;
}

/* ---- password, remove ----------------------------------------------------------------------- */

static bool tls_password_verb(const struct command *command, struct error *err)
{
    struct tls_command c = { .ca = NULL };
    struct secret password = SECRET_INIT;
    struct file_lock *lock = NULL;
    bool ok = false;

    if (!open_command(command, &c, NULL, 0, 1, "tls password -", err)) goto out;
    if (strcmp(c.args.positional[0], "-") != 0) {
        (void)error_set(err, REASON_USAGE,
                        "usage: openndes tls password - (a secret on the command line is visible "
                        "to others)");
        goto out;
    }
    if (!command_read_secret("Password of the HTTPS certificate's file: ", false, &password, err)) {
        goto out;
    }
    if (!tls_files_lock(command->data, &lock, err)) goto out;
    if (!tls_files_put_password(command->data, &c.config, &password, err)) goto out;
    command_print("The password opens %s and is kept, sealed.\n", c.config.https.certificate);
    ok = command_audit(command, "tls-password", c.config.https.certificate, err);
out:
    file_lock_release(lock);
    secret_clear(&password);
    service_config_clear(&c.config);
    return ok;
}

static bool tls_remove_verb(const struct command *command, struct error *err)
{
    struct tls_command c = { .ca = NULL };
    struct file_lock *lock = NULL;
    bool removed = false;
    bool ok = false;

    if (!open_command(command, &c, NULL, 0, 0, "tls remove", err)) goto out;
    if (!tls_files_lock(command->data, &lock, err)) goto out;
    if (!tls_files_remove(command->data, &removed, err)) goto out;
    if (!removed) {
        (void)error_set(err, REASON_CERT_NOT_FOUND,
                        "there is no HTTPS certificate in the data folder");
        goto out;
    }
    if (!command_audit(command, "tls-remove", "tls", err)) goto out;
    command_print("Removed. A running service keeps what it has until it stops.\n");
    if (c.config.https.listen[0] != '\0' && !tls_files_configured(command->data, &c.config)) {
        command_print("https.listen is set and has nothing to present now: openndes tls issue, or\n"
                      "  openndes config set https.listen=\n");
    }
    ok = true;
out:
    file_lock_release(lock);
    service_config_clear(&c.config);
    return ok;
}

/* ---- show ----------------------------------------------------------------------------------- */

struct shown {
    const char *place;
    struct tls_origin origin;
    bool origin_known; /* the database could be read */
    struct buffer names;
    char from[CLOCK_TEXT_MAX];
    char until[CLOCK_TEXT_MAX];
    char fingerprint[2 * DIGEST_SHA256_BYTES + 1];
    char key[32];
    int64_t days;
};

static bool collect_problem(void *context, bool is_error, const char *text, struct error *err)
{
    struct json *row = json_value_new_object();

    if (row == NULL || !json_value_put_text(row, "level", is_error ? "error" : "warning", err)
        || !json_value_put_text(row, "text", text, err)) {
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return json_value_push(context, row, err);
}

static bool collect_facts(const struct command *command, const struct tls_command *c,
                          const struct tls_files *files, struct shown *shown, struct error *err)
{
    struct error ignored = ERROR_INIT;
    struct store *store = data_store_open(command->data, 1, &ignored);
    bool ok = server_cert_names(&files->server, &shown->names, err);

    shown->origin_known = store != NULL && tls_files_origin(files, store, &shown->origin, &ignored);
    store_close(store);
    shown->place = files->source == TLS_SOURCE_OWN ? "tls/server.crt" : c->config.https.certificate;
    clock_format(files->info.not_before, shown->from);
    clock_format(files->info.not_after, shown->until);
    shown->days = (files->info.not_after - clock_now()) / DAY_SECONDS;
    text_hex(shown->fingerprint, sizeof(shown->fingerprint),
             bytes_of(files->info.sha256, sizeof(files->info.sha256)));
    server_cert_key_text(&files->server, shown->key, sizeof(shown->key));
    return ok;
}

static const char *renewal_text(const struct shown *shown)
{
    if (!shown->origin_known) {
        return "unknown: the database cannot be read; see: openndes check";
    }
    if (!shown->origin.issued) {
        return "by an administrator";
    }
    return shown->origin.revoked ? "none: the certificate is revoked; openndes tls issue"
                                 : "by the service, 30 days before the end";
}

static bool print_text(const struct tls_command *c, const struct tls_files *files,
                       const struct shown *shown, struct error *err)
{
    command_print("File:       %s\nSubject:    %s\nNames:      %s\nIssuer:     %s\n"
                  "Serial:     %s\nKey:        %s\nValid from: %s\nEnds:       %s (%lld days)\n"
                  "SHA-256:    %s\nChain:      %zu more certificates are sent\nRenewal:    %s\n",
                  shown->place, files->info.subject, buffer_text(&shown->names), files->info.issuer,
                  files->info.serial, shown->key, shown->from, shown->until, (long long)shown->days,
                  shown->fingerprint, server_cert_chain_length(&files->server),
                  renewal_text(shown));
    if (c->config.https.listen[0] == '\0') {
        command_print("Listeners:  none (https.listen is empty)\n");
    } else {
        command_print("Listeners:  %s\n", c->config.https.listen);
    }
    return tls_report(files, &c->config, clock_now(), print_problem, NULL, err);
}

static bool print_json(const struct tls_command *c, const struct tls_files *files,
                       const struct shown *shown, struct error *err)
{
    struct json *root = json_value_new_object();
    struct json *problems = json_value_new_array();
    bool ok = root != NULL && problems != NULL
              && tls_report(files, &c->config, clock_now(), collect_problem, problems, err)
              && json_value_put_text(root, "file", shown->place, err)
              && json_value_put_text(root, "state", "ready", err)
              && json_value_put_text(root, "subject", files->info.subject, err)
              && json_value_put_text(root, "names", buffer_text(&shown->names), err)
              && json_value_put_text(root, "issuer", files->info.issuer, err)
              && json_value_put_text(root, "serial", files->info.serial, err)
              && json_value_put_text(root, "key", shown->key, err)
              && json_value_put_text(root, "not_before", shown->from, err)
              && json_value_put_text(root, "not_after", shown->until, err)
              && json_value_put_text(root, "sha256", shown->fingerprint, err)
              && json_value_put_bool(root, "renewed_by_service",
                                     shown->origin.issued && !shown->origin.revoked, err)
              && json_value_put_text(root, "ca", shown->origin.ca, err);

    if (ok) {
        ok = json_value_put(root, "problems", problems, err);
        problems = NULL; /* taken over */
    }
    json_value_free(problems);
    if (!ok) {
        json_value_free(root);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return command_print_json(root, err);
}

/* For scripts: an object also when there is nothing to present; the command fails all the same. */
static bool print_broken(const struct error *why, struct error *err)
{
    struct json *root = json_value_new_object();

    if (root == NULL || !json_value_put_text(root, "state", "broken", err)
        || !json_value_put_text(root, "problem", why->detail, err)) {
        json_value_free(root);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return command_print_json(root, err);
}

static bool tls_show_verb(const struct command *command, struct error *err)
{
    struct tls_command c = { .ca = NULL };
    struct tls_files files = { .source = TLS_SOURCE_OWN };
    struct shown shown = { .names = BUFFER_INIT(65536) };
    struct error why = ERROR_INIT;
    bool ok = false;

    if (!open_command(command, &c, NULL, 0, 0, "tls show [--json]", err)) goto out;
    if (!tls_files_load(command->data, &c.config, &files, &why)) {
        if (!command->json || print_broken(&why, err)) {
            *err = why;
        }
        goto out;
    }
    if (!collect_facts(command, &c, &files, &shown, err)) goto out;
    ok = command->json ? print_json(&c, &files, &shown, err) : print_text(&c, &files, &shown, err);
out:
    buffer_clear(&shown.names);
    tls_files_clear(&files);
    service_config_clear(&c.config);
    return ok;
}

bool cmd_tls(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "show", tls_show_verb },     { "issue", tls_issue_verb },
        { "import", tls_import_verb }, { "password", tls_password_verb },
        { "remove", tls_remove_verb },
    };

    return command_dispatch(command, "tls", table, sizeof(table) / sizeof(table[0]), err);
}
