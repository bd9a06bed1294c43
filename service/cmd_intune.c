/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "config/config_edit.h"
#include "config/config_load.h"
#include "intune/intune_credential.h"
#include "platform/clock.h"
#include "platform/sockets.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"

#define DAYS_DEFAULT 730 /* the longest that Entra's own page offers for secrets */
#define DAYS_MAX 3650
#define DAY_SECONDS 86400
#define GUID_LENGTH 36
#define KEY_EXPIRES "intune.secret_expires"

/* Options of every "intune" verb; each verb lists those it knows. */
struct intune_command {
    struct args args;
    struct service_config config;
    const char *expires, *days, *password, *out;
    bool remove, pem;
};

static bool open_command(const struct command *command, struct intune_command *c,
                         const struct arg_option *known, size_t known_count, size_t min, size_t max,
                         const char *usage, struct error *err)
{
    return args_parse(command->argc, command->argv, known, known_count, &c->args, err)
           && args_expect(&c->args, min, max, usage, err) && data_folder_check(command->data, err)
           && config_load_service(command->data, &c->config, err);
}

/*
 * The verbs that always read a secret take the "-" that others need for it as well. Anything else
 * there could be the secret itself, and is never repeated.
 */
static bool only_dash(const struct intune_command *c, const char *usage, struct error *err)
{
    return c->args.count == 0 || (!c->remove && strcmp(c->args.positional[0], "-") == 0)
           || error_set(err, REASON_USAGE, "usage: openndes %s", usage);
}

/* What has to be done before a credential is used. */
static void print_next(const struct service_config *config, enum intune_credential made)
{
    bool certificate = made == INTUNE_CREDENTIAL_CERTIFICATE;

    if (config->intune.tenant[0] == '\0' || config->intune.client_id[0] == '\0') {
        command_print(
            "Next: say whose it is:\n"
            "  openndes config set intune.tenant=TENANT intune.client_id=APPLICATION-ID%s\n",
            certificate ? " intune.credential=certificate" : "");
    } else if (config->intune.credential != made) {
        command_print("It is not used yet: intune.credential is %s. Use it with:\n"
                      "  openndes config set intune.credential=%s\n",
                      certificate ? "secret" : "certificate",
                      certificate ? "certificate" : "secret");
    } else {
        command_print(
            "A running service uses it within seconds. Try it with: openndes intune test\n");
    }
}

static bool nothing_there(const char *what, struct error *err)
{
    return error_set(err, REASON_INTUNE_NOT_CONFIGURED, "there is no %s to remove", what);
}

/* ---- secret --------------------------------------------------------------------------------- */

static bool check_expires(const char *expires, struct error *err)
{
    char text[CLOCK_TEXT_MAX];
    int64_t end = 0;

    if (!text_format(text, sizeof(text), "%sT23:59:59Z", expires) || !clock_parse(text, &end)) {
        return error_set(err, REASON_USAGE, "--expires takes a day such as 2027-05-31");
    }
    return end > clock_now()
           || error_set(err, REASON_USAGE, "--expires names a day that is over: %s", expires);
}

/* When the secret ends, into openndes.json; "": not known. Untouched when it says so already. */
static bool save_expires(const struct command *command, const struct service_config *config,
                         const char *expires, struct error *err)
{
    struct config_edit *edit = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (strcmp(config->intune.secret_expires, expires) == 0) return true;
    if (!data_path_config(command->data, path, err)) return false;
    edit = config_edit_open(CONFIG_SCOPE_SERVICE, path, err);
    ok = edit != NULL && config_edit_set(edit, KEY_EXPIRES, expires, false, err)
         && config_edit_save(edit, NULL, false, err);
    config_edit_close(edit);
    return ok;
}

/* Entra shows a secret's id beside its value, and the id is the one that stays visible. */
static bool looks_like_guid(const struct secret *secret)
{
    if (secret->len != GUID_LENGTH) return false;
    for (size_t i = 0; i < secret->len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        uint8_t c = secret->data[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

        if (dash ? c != '-' : !hex) return false;
    }
    return true;
}

static bool secret_set_now(const struct command *command, const struct intune_command *c,
                           struct error *err)
{
    struct secret secret = SECRET_INIT;
    bool guid = false;
    bool ok = command_read_secret("Client secret (its value): ", false, &secret, err);

    guid = ok && looks_like_guid(&secret);
    ok = ok && intune_secret_set(command->data, INTUNE_SECRET_CLIENT, secret_bytes(&secret), err)
         && save_expires(command, &c->config, c->expires != NULL ? c->expires : "", err)
         && command_audit(command, "intune-secret", "intune/secret", err);
    secret_clear(&secret);
    if (!ok) return false;
    command_print("The client secret is kept, sealed.\n");
    if (guid) {
        command_print(
            "Warning: it looks like a secret's id. Entra shows the value beside it, once, "
            "when the secret is made.\n");
    }
    if (c->expires == NULL) {
        command_print("When does it end? openndes warns before: openndes config set " KEY_EXPIRES
                      "=2027-05-31\n");
    }
    print_next(&c->config, INTUNE_CREDENTIAL_SECRET);
    return true;
}

static bool secret_remove_now(const struct command *command, const struct intune_command *c,
                              struct error *err)
{
    bool removed = false;

    if (!intune_secret_remove(command->data, INTUNE_SECRET_CLIENT, &removed, err)) return false;
    if (!removed) return nothing_there("client secret", err);
    if (!save_expires(command, &c->config, "", err)
        || !command_audit(command, "intune-secret-remove", "intune/secret", err)) {
        return false;
    }
    command_print("Removed. The secret itself is still good: delete it in Entra.\n");
    return true;
}

static bool intune_secret_verb(const struct command *command, struct error *err)
{
    static const char usage[] = "intune secret [-] [--expires DATE] | --remove";
    struct intune_command c = { .expires = NULL };
    struct file_lock *lock = NULL;
    const struct arg_option known[] = {
        { "--expires", ARG_TEXT, &c.expires },
        { "--remove", ARG_FLAG, &c.remove },
    };
    bool ok = false;

    if (!open_command(command, &c, known, 2, 0, 1, usage, err) || !only_dash(&c, usage, err)) {
        goto out;
    }
    if (c.remove && c.expires != NULL) {
        (void)error_set(err, REASON_USAGE, "either --expires or --remove");
        goto out;
    }
    if (c.expires != NULL && !check_expires(c.expires, err)) goto out;
    if (!data_config_lock(command->data, &lock, err)) goto out;
    ok = c.remove ? secret_remove_now(command, &c, err) : secret_set_now(command, &c, err);
out:
    file_lock_release(lock);
    service_config_clear(&c.config);
    return ok;
}

/* ---- proxy-password ------------------------------------------------------------------------- */

static bool proxy_set_now(const struct command *command, const struct intune_command *c,
                          struct error *err)
{
    struct secret password = SECRET_INIT;
    bool ok = command_read_secret("Password of the proxy's user: ", true, &password, err)
              && intune_secret_set(command->data, INTUNE_SECRET_PROXY, secret_bytes(&password), err)
              && command_audit(command, "intune-proxy-password", "intune/proxy-password", err);

    secret_clear(&password);
    if (!ok) return false;
    command_print("The proxy's password is kept, sealed.\n");
    if (c->config.intune.proxy_user[0] == '\0') {
        command_print("Next: say whose it is:\n  openndes config set intune.proxy_user=NAME\n");
    }
    return true;
}

static bool proxy_remove_now(const struct command *command, struct error *err)
{
    bool removed = false;

    if (!intune_secret_remove(command->data, INTUNE_SECRET_PROXY, &removed, err)) return false;
    if (!removed) return nothing_there("password of the proxy", err);
    if (!command_audit(command, "intune-proxy-password-remove", "intune/proxy-password", err)) {
        return false;
    }
    command_print("Removed.\n");
    return true;
}

static bool intune_proxy_password_verb(const struct command *command, struct error *err)
{
    static const char usage[] = "intune proxy-password [-] | --remove";
    struct intune_command c = { .expires = NULL };
    const struct arg_option known[] = { { "--remove", ARG_FLAG, &c.remove } };
    bool ok = open_command(command, &c, known, 1, 0, 1, usage, err) && only_dash(&c, usage, err)
              && (c.remove ? proxy_remove_now(command, err) : proxy_set_now(command, &c, err));

    service_config_clear(&c.config);
    return ok;
}

/* ---- certificate ---------------------------------------------------------------------------- */

static void print_certificate(const struct intune_certificate_facts *facts)
{
    char until[CLOCK_TEXT_MAX];

    clock_format(facts->info.not_after, until);
    command_print("Subject:    %s\nThumbprint: %s\nEnds:       %s (%lld days)\n",
                  facts->info.subject, facts->thumbprint, until,
                  (long long)((facts->info.not_after - clock_now()) / DAY_SECONDS));
}

/* The one that is kept now, and that a record was made of it. */
static bool tell_certificate(const struct command *command, const struct intune_command *c,
                             const char *event, struct error *err)
{
    struct intune_certificate_facts facts;
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    bool found = false;
    bool ok = intune_certificate_facts(command->data, &facts, &pem, &found, err)
              && (found || error_set(err, REASON_INTERNAL, "the certificate has gone again"))
              && command_audit(command, event, facts.thumbprint, err)
              && (c->out == NULL || file_write_atomic(c->out, buffer_bytes(&pem), false, err));

    buffer_clear(&pem);
    if (!ok) return false;
    command_print("The certificate and its key are kept, the key sealed.\n");
    print_certificate(&facts);
    if (facts.info.not_after <= clock_now()) {
        command_print("Warning: it has ended already; Entra will not take it.\n");
    }
    command_print("Upload it in Entra: App registrations, the application, Certificates & secrets, "
                  "Certificates.\n");
    if (c->out != NULL) {
        command_print("The file is %s.\n", c->out);
    } else {
        command_print("The file is intune/client.crt in the data folder, or the output of:\n"
                      "  openndes intune certificate show --pem\n");
    }
    print_next(&c->config, INTUNE_CREDENTIAL_CERTIFICATE);
    return true;
}

static bool certificate_new_verb(const struct command *command, struct error *err)
{
    struct intune_command c = { .expires = NULL };
    const struct arg_option known[] = {
        { "--days", ARG_TEXT, &c.days },
        { "--out", ARG_TEXT, &c.out },
    };
    uint64_t days = DAYS_DEFAULT;
    char host[256];
    char name[64]; /* the longest common name: RFC 5280, ub-common-name */
    bool ok = false;

    if (!open_command(command, &c, known, 2, 0, 0, "intune certificate new [--days N] [--out FILE]",
                      err)) {
        goto out;
    }
    if (c.days != NULL && (!text_parse_u64(bytes_of_text(c.days), DAYS_MAX, &days) || days == 0)) {
        (void)error_set(err, REASON_USAGE, "--days takes a number from 1 to %d", DAYS_MAX);
        goto out;
    }
    socket_host_name(host, sizeof(host));
    (void)!text_format(name, sizeof(name), "OpenNDES %s", host); /* cut is fine */
    ok = intune_certificate_new(command->data, name, (int64_t)days, err)
         && tell_certificate(command, &c, "intune-certificate-new", err);
out:
    service_config_clear(&c.config);
    return ok;
}

static bool import_file(const struct command *command, const struct intune_command *c,
                        struct error *err)
{
    const char *name = c->args.positional[0];
    struct buffer file = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct secret password = SECRET_INIT;
    bool ok = file_read(name, LIMIT_PEM_FILE_BYTES, &file, err)
              && (c->password == NULL
                  || command_read_secret("Password of the file: ", false, &password, err))
              && (intune_certificate_import(command->data, buffer_bytes(&file),
                                            secret_bytes(&password), err)
                  || error_context(err, "%s", name));

    secret_clear(&password);
    buffer_clear(&file);
    return ok;
}

static bool certificate_import_verb(const struct command *command, struct error *err)
{
    struct intune_command c = { .expires = NULL };
    const struct arg_option known[] = { { "--password", ARG_TEXT, &c.password } };
    bool ok = false;

    if (!open_command(command, &c, known, 1, 1, 1, "intune certificate import FILE [--password -]",
                      err)) {
        goto out;
    }
    if (c.password != NULL && strcmp(c.password, "-") != 0) {
        (void)error_set(err, REASON_USAGE,
                        "--password takes only \"-\": a secret on the command line is visible to "
                        "others");
        goto out;
    }
    ok = import_file(command, &c, err)
         && tell_certificate(command, &c, "intune-certificate-import", err);
out:
    service_config_clear(&c.config);
    return ok;
}

static bool print_certificate_json(const struct intune_certificate_facts *facts,
                                   const struct buffer *pem, struct error *err)
{
    struct json *root = json_value_new_object();
    char from[CLOCK_TEXT_MAX];
    char until[CLOCK_TEXT_MAX];
    char sha256[2 * DIGEST_SHA256_BYTES + 1];

    clock_format(facts->info.not_before, from);
    clock_format(facts->info.not_after, until);
    text_hex(sha256, sizeof(sha256), bytes_of(facts->info.sha256, sizeof(facts->info.sha256)));
    if (root == NULL || !json_value_put_text(root, "subject", facts->info.subject, err)
        || !json_value_put_text(root, "serial", facts->info.serial, err)
        || !json_value_put_text(root, "thumbprint", facts->thumbprint, err)
        || !json_value_put_text(root, "sha256", sha256, err)
        || !json_value_put_text(root, "not_before", from, err)
        || !json_value_put_text(root, "not_after", until, err)
        || !json_value_put_text(root, "pem", buffer_text(pem), err)) {
        json_value_free(root);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return command_print_json(root, err);
}

static bool certificate_show_verb(const struct command *command, struct error *err)
{
    struct intune_command c = { .expires = NULL };
    struct intune_certificate_facts facts;
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    const struct arg_option known[] = { { "--pem", ARG_FLAG, &c.pem } };
    bool found = false;
    bool ok = false;

    if (!open_command(command, &c, known, 1, 0, 0, "intune certificate show [--pem] [--json]", err)
        || !intune_certificate_facts(command->data, &facts, &pem, &found, err)) {
        goto out;
    }
    if (!found) {
        (void)error_set(err, REASON_INTUNE_NOT_CONFIGURED,
                        "there is no certificate; make one with: openndes intune certificate new");
        goto out;
    }
    ok = true;
    if (command->json) {
        ok = print_certificate_json(&facts, &pem, err);
    } else {
        if (!c.pem) print_certificate(&facts);
        command_print("%s", buffer_text(&pem));
    }
out:
    buffer_clear(&pem);
    service_config_clear(&c.config);
    return ok;
}

static bool certificate_remove_verb(const struct command *command, struct error *err)
{
    struct intune_command c = { .expires = NULL };
    bool removed = false;
    bool ok = open_command(command, &c, NULL, 0, 0, 0, "intune certificate remove", err)
              && intune_certificate_remove(command->data, &removed, err)
              && (removed || nothing_there("certificate", err))
              && command_audit(command, "intune-certificate-remove", "intune/client.crt", err);

    if (ok) command_print("Removed. Remove it in Entra, too.\n");
    service_config_clear(&c.config);
    return ok;
}

static bool intune_certificate_verb(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "new", certificate_new_verb },
        { "import", certificate_import_verb },
        { "show", certificate_show_verb },
        { "remove", certificate_remove_verb },
    };

    return command_dispatch(command, "intune certificate", table, sizeof(table) / sizeof(table[0]),
                            err);
}

/* ---- show ----------------------------------------------------------------------------------- */

struct shown {
    bool secret, proxy_password, certificate;
    struct intune_certificate_facts facts;
    char until[CLOCK_TEXT_MAX]; /* of the certificate */
};

/* A secret is opened, so that one of another machine is told now; nothing of it is shown. */
static bool secret_is_there(const char *data, enum intune_secret_kind kind, bool *found,
                            struct error *err)
{
    struct secret secret = SECRET_INIT;
    bool ok = intune_secret_get(data, kind, &secret, found, err);

    secret_clear(&secret);
    return ok;
}

static bool collect(const struct command *command, struct shown *out, struct error *err)
{
    if (!secret_is_there(command->data, INTUNE_SECRET_CLIENT, &out->secret, err)
        || !secret_is_there(command->data, INTUNE_SECRET_PROXY, &out->proxy_password, err)
        || !intune_certificate_facts(command->data, &out->facts, NULL, &out->certificate, err)) {
        return false;
    }
    if (out->certificate) clock_format(out->facts.info.not_after, out->until);
    return true;
}

static const char *or_none(const char *text)
{
    return text[0] != '\0' ? text : "(none)";
}

static void print_shown(const struct service_config *config, const struct shown *shown)
{
    bool certificate = config->intune.credential == INTUNE_CREDENTIAL_CERTIFICATE;

    command_print("Tenant:         %s\nApplication:    %s\nSigns in with:  %s\n",
                  or_none(config->intune.tenant), or_none(config->intune.client_id),
                  certificate ? "certificate" : "secret");
    command_print("Client secret:  %s%s%s\n", shown->secret ? "set" : "(none)",
                  config->intune.secret_expires[0] != '\0' ? ", ends on " : "",
                  config->intune.secret_expires);
    if (shown->certificate) {
        command_print("Certificate:    %s, ends %s\n", shown->facts.thumbprint, shown->until);
    } else {
        command_print("Certificate:    (none)\n");
    }
    command_print("Proxy:          %s\nProxy user:     %s\nProxy password: %s\n"
                  "Further CAs:    %s\n",
                  config->intune.proxy, or_none(config->intune.proxy_user),
                  shown->proxy_password ? "set" : "(none)", or_none(config->intune.ca_file));
    if (config->intune.tenant[0] == '\0') {
        command_print("Intune is not used: intune.tenant is empty.\n");
    } else if (!(certificate ? shown->certificate : shown->secret)) {
        command_print("The credential is missing: openndes intune %s\n",
                      certificate ? "certificate new" : "secret");
    }
}

static bool print_shown_json(const struct service_config *config, const struct shown *shown,
                             struct error *err)
{
    bool certificate = config->intune.credential == INTUNE_CREDENTIAL_CERTIFICATE;
    struct json *root = json_value_new_object();

    if (root == NULL || !json_value_put_text(root, "tenant", config->intune.tenant, err)
        || !json_value_put_text(root, "client_id", config->intune.client_id, err)
        || !json_value_put_text(root, "credential", certificate ? "certificate" : "secret", err)
        || !json_value_put_bool(root, "secret", shown->secret, err)
        || !json_value_put_text(root, "secret_expires", config->intune.secret_expires, err)
        || !json_value_put_text(root, "thumbprint",
                                shown->certificate ? shown->facts.thumbprint : "", err)
        || !json_value_put_text(root, "certificate_not_after",
                                shown->certificate ? shown->until : "", err)
        || !json_value_put_text(root, "proxy", config->intune.proxy, err)
        || !json_value_put_text(root, "proxy_user", config->intune.proxy_user, err)
        || !json_value_put_bool(root, "proxy_password", shown->proxy_password, err)
        || !json_value_put_text(root, "ca_file", config->intune.ca_file, err)) {
        json_value_free(root);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return command_print_json(root, err);
}

static bool intune_show_verb(const struct command *command, struct error *err)
{
    struct intune_command c = { .expires = NULL };
    struct shown shown = { .secret = false };
    bool ok = open_command(command, &c, NULL, 0, 0, 0, "intune show [--json]", err)
              && collect(command, &shown, err);

    if (ok && command->json) {
        ok = print_shown_json(&c.config, &shown, err);
    } else if (ok) {
        print_shown(&c.config, &shown);
    }
    service_config_clear(&c.config);
    return ok;
}

bool cmd_intune(const struct command *command, struct error *err)
{
    static const struct subcommand table[] = {
        { "show", intune_show_verb },
        { "secret", intune_secret_verb },
        { "certificate", intune_certificate_verb },
        { "proxy-password", intune_proxy_password_verb },
        { "test", cmd_intune_test },
    };

    return command_dispatch(command, "intune", table, sizeof(table) / sizeof(table[0]), err);
}
