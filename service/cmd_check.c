/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "ca/ca_builtin.h"
#include "ca/ca_files.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "service/args.h"
#include "service/check_https.h"
#include "service/check_intune.h"
#include "service/check_ndes.h"
#include "service/check_policy.h"
#include "service/commands.h"
#include "service/data_folder.h"

#define DAY 86400
/* Below this a CRL, a log and a database of a busy day no longer fit. */
#define FREE_BYTES_MIN (100ull * 1024 * 1024)

/* Collects findings and prints them, as text at once or as JSON at the end. */
struct check {
    const struct command *command;
    struct json *array;
    size_t errors, warnings;
    size_t cas, enabled_templates, page_templates, intune_templates;
    struct error first; /* what the command fails with */
    int64_t now;
};

/* A check_visit, whose context is a struct check. */
static bool finding(void *context, enum check_level level, const char *what,
                    const struct error *why, const char *text, struct error *err)
{
    static const char *const names[] = { "ok", "warning", "error" };
    struct check *check = context;
    struct json *row;

    check->errors += level == CHECK_ERROR ? 1 : 0;
    check->warnings += level == CHECK_WARNING ? 1 : 0;
    if (level == CHECK_ERROR && check->first.reason == REASON_NONE) {
        error_set(&check->first, why != NULL ? why->reason : REASON_CONFIG_BAD_VALUE, "%s", what);
    }
    if (!check->command->json) {
        command_print("%-8s %s: %s\n", names[level], what, text);
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
    return json_value_push(check->array, row, err);
}

static bool failed(struct check *check, const char *what, const struct error *why,
                   struct error *err)
{
    return finding(check, CHECK_ERROR, what, why, why->detail, err);
}

static bool check_config(struct check *check, struct error *err)
{
    struct service_config config = { 0 };
    struct error why = ERROR_INIT;
    bool ok;

    if (!config_load_service(check->command->data, &config, &why)) {
        return failed(check, "openndes.json", &why, err);
    }
    ok = finding(check, CHECK_OK, "openndes.json", NULL, "readable, every key known", err);
    if (ok && config.public_url[0] == '\0') {
        ok = finding(
            check, CHECK_WARNING, "public_url", NULL,
            "not set: certificates carry the listener's address as CRL and AIA URL; set it in "
            "openndes.json to a name that stays",
            err);
    }
    service_config_clear(&config);
    return ok;
}

static struct ca_builtin *open_ca(const struct check *check, const char *name, struct error *err)
{
    struct ca_builtin_options options = {
        .data_folder = check->command->data,
        .name = name,
        .crl_validity_hours = 168,
        .crl_renew_hours = 48,
    };

    return ca_builtin_open(&options, err);
}

/* An enabled template needs a CA that opens, whatever is left of its folder. */
static bool check_template_ca(struct check *check, const char *what, const char *name,
                              struct error *err)
{
    struct error why = ERROR_INIT;
    struct ca_builtin *builtin = open_ca(check, name, &why);

    if (builtin == NULL) {
        return failed(check, what, &why, err);
    }
    ca_builtin_free(builtin);
    return true;
}

static bool check_template(void *context, const char *name, struct error *err)
{
    struct check *check = context;
    struct template_config config;
    struct error why = ERROR_INIT;
    char what[LIMIT_TEMPLATE_NAME + 32];
    bool ok;

    memset(&config, 0, sizeof(config));
    if (!text_format(what, sizeof(what), "template %s", name)) {
        return error_set(err, REASON_INTERNAL, "template name");
    }
    if (!config_load_template(check->command->data, name, &config, &why)) {
        return failed(check, what, &why, err);
    }
    check->enabled_templates += config.enabled ? 1 : 0;
    check->page_templates += config.enabled && config.challenge.type == CHALLENGE_TYPE_NDES ? 1 : 0;
    check->intune_templates +=
        config.enabled && config.challenge.type == CHALLENGE_TYPE_INTUNE ? 1 : 0;
    ok = finding(check, CHECK_OK, what, NULL, config.enabled ? "on" : "off", err);
    if (ok && config.enabled) {
        ok = check_template_ca(check, what, config.ca, err);
    }
    ok = ok && check_intune_template(&config, what, finding, check, err)
         && check_ndes_template(&config, what, finding, check, err)
         && check_policy_template(check->command->data, &config, what, finding, check, err);
    if (ok && config.enabled && config.algorithms == ALGORITHM_LEVEL_LEGACY) {
        ok = finding(
            check, CHECK_WARNING, what, NULL,
            "algorithms=legacy lets MD5 and single DES in: only for devices that know nothing "
            "better",
            err);
    }
    template_config_clear(&config);
    return ok;
}

/* "until DATE" with a warning 60 days before the end. */
static bool check_end(struct check *check, const char *what, int64_t not_after, struct error *err)
{
    char until[CLOCK_TEXT_MAX];
    char text[96];
    int64_t days = (not_after - check->now) / DAY;

    clock_format(not_after, until);
    if (!text_format(text, sizeof(text), "valid until %s (%lld days)", until, (long long)days)) {
        text[0] = '\0';
    }
    return finding(check, days < 60 ? CHECK_WARNING : CHECK_OK, what, NULL, text, err);
}

/* The NDES face shows the pair; everything else works without it. */
static bool check_pair(struct check *check, const char *name, const struct ca_builtin *builtin,
                       struct error *err)
{
    const struct {
        const char *what;
        const struct x509_st *cert;
    } members[] = {
        { "signing RA of CA", ca_builtin_ra_sign_certificate(builtin) },
        { "decrypting RA of CA", ca_builtin_ra_enc_certificate(builtin) },
    };
    const struct error *why = ca_builtin_pair_error(builtin);
    struct certificate_info info;
    struct error text = ERROR_INIT;
    char what[LIMIT_TEMPLATE_NAME + 32];

    if (why != NULL) {
        text = *why;
        if (why->reason == REASON_RA_MISSING) {
            (void)error_context(&text, "missing, made when the service starts");
        }
        return text_format(what, sizeof(what), "RA pair of CA %s", name)
               && finding(check, CHECK_WARNING, what, why, text.detail, err);
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (members[i].cert == NULL || !certificate_info(members[i].cert, &info, err)
            || !text_format(what, sizeof(what), "%s %s", members[i].what, name)
            || !check_end(check, what, info.not_after, err)) {
            return false;
        }
    }
    return true;
}

static bool check_ca_dates(struct check *check, const char *name, const struct ca_builtin *builtin,
                           struct ca *ca, struct error *err)
{
    struct certificate_info info;
    struct error why = ERROR_INIT;
    struct ra_set *ras = NULL;
    char what[LIMIT_TEMPLATE_NAME + 16];
    bool ok = false;

    if (!text_format(what, sizeof(what), "CA %s", name)) goto out;
    if (!ca_ready(ca, &why)) {
        ok = failed(check, what, &why, err);
        goto out;
    }
    if (!certificate_info(ca_builtin_certificate(builtin), &info, err)) goto out;
    if (!check_end(check, what, info.not_after, err)) goto out;
    if (!text_format(what, sizeof(what), "RA of CA %s", name)) goto out;
    ras = ca_ra(ca, &why);
    if (ras == NULL) {
        ok = failed(check, what, &why, err);
        goto out;
    }
    if (!certificate_info(ras->ra[0].cert, &info, err)) goto out;
    if (!check_end(check, what, info.not_after, err)) goto out;
    ok = check_pair(check, name, builtin, err);
out:
    ra_set_unref(ras);
    return ok;
}

static bool check_ca(void *context, const char *name, struct error *err)
{
    struct check *check = context;
    struct error why = ERROR_INIT;
    struct ca_builtin *builtin = open_ca(check, name, &why);
    struct ca *ca = builtin == NULL ? NULL : ca_builtin_as_ca(builtin);
    char what[LIMIT_TEMPLATE_NAME + 16];
    bool ok;

    check->cas++;
    if (!text_format(what, sizeof(what), "CA %s", name)) {
        what[0] = '\0';
    }
    if (ca == NULL) {
        return failed(check, what, &why, err);
    }
    if (ca_builtin_certificate(builtin) == NULL) {
        ok = finding(check, CHECK_WARNING, what, NULL,
                     "waits for its certificate: openndes ca install NAME --cert FILE", err);
    } else {
        ok = check_ca_dates(check, name, builtin, ca, err);
    }
    ca_free(ca);
    return ok;
}

static bool check_keys(struct check *check, struct error *err)
{
    struct secret key = SECRET_INIT;
    struct error why = ERROR_INIT;
    bool ok;

    if (data_mac_key(check->command->data, false, &key, &why)) {
        ok = finding(check, CHECK_OK, "secrets.key", NULL, "opens on this machine", err);
    } else {
        ok = failed(check, "secrets.key", &why, err);
    }
    secret_clear(&key);
    return ok;
}

static bool check_store(struct check *check, struct error *err)
{
    struct error why = ERROR_INIT;
    struct store *store = data_store_open(check->command->data, 1, &why);
    int64_t count = 0;
    uint64_t free_bytes = 0;
    char text[96];
    bool ok;

    if (store == NULL || !store_check(store, &why)
        || !store_count_certificates(store, &count, &why)) {
        ok = failed(check, "database", &why, err);
    } else {
        ok = text_format(text, sizeof(text), "whole, %lld certificates", (long long)count)
             && finding(check, CHECK_OK, "database", NULL, text, err);
    }
    store_close(store);
    if (ok && folder_free_bytes(check->command->data, &free_bytes) && free_bytes < FREE_BYTES_MIN) {
        ok = finding(check, CHECK_WARNING, "disk", NULL,
                     "less than 100 MB free: when it is full no certificate can be issued", err);
    }
    return ok;
}

/* After the templates: whether anybody signs in depends on them. */
static bool check_listeners(struct check *check, struct error *err)
{
    struct service_config config = { 0 };
    struct error said = ERROR_INIT;
    bool has_page;
    bool ok;

    if (!config_load_service(check->command->data, &config, &said)) {
        return true; /* check_config has told */
    }
    has_page = config.ndes.enabled || check->page_templates != 0;
    ok = check_ndes(check->command->data, &config, has_page, finding, check, err)
         && check_https(check->command->data, &config, has_page, finding, check, err)
         && check_intune(check->command->data, &config, check->intune_templates != 0, check->now,
                         finding, check, err);
    service_config_clear(&config);
    return ok;
}

/* Nothing broken, and yet nobody can enrol. */
static bool check_usable(struct check *check, struct error *err)
{
    if (check->cas == 0
        && !finding(check, CHECK_WARNING, "CA", NULL,
                    "there is none: openndes ca create default, ca import or ca request", err)) {
        return false;
    }
    return check->enabled_templates != 0
           || finding(check, CHECK_WARNING, "templates", NULL,
                      "none is on: openndes template enable NAME", err);
}

bool cmd_check(const struct command *command, struct error *err)
{
    struct check check = { .command = command, .first = ERROR_INIT, .now = clock_now() };
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, NULL, 0, &args, err)
        || !args_expect(&args, 0, 0, "check [--json]", err)
        || !data_folder_check(command->data, err)) {
        goto out;
    }
    if (command->json) {
        check.array = json_value_new_array();
        if (check.array == NULL) {
            error_set(err, REASON_NO_MEMORY, "JSON");
            goto out;
        }
    }
    if (!check_config(&check, err)
        || !config_list_templates(command->data, check_template, &check, err)
        || !check_keys(&check, err) || !ca_files_list(command->data, check_ca, &check, err)
        || !check_listeners(&check, err) || !check_usable(&check, err)
        || !check_store(&check, err)) {
        goto out;
    }
    if (command->json) {
        struct json *array = check.array;

        check.array = NULL;
        if (!command_print_json(array, err)) goto out;
    }
    if (check.errors != 0) {
        error_set(err, check.first.reason, "%zu of the things checked are broken, first: %s",
                  check.errors, check.first.detail);
        goto out;
    }
    ok = true;
out:
    json_value_free(check.array);
    return ok;
}
