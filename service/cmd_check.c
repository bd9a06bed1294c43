/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "ca/ca_files.h"
#include "config/config_load.h"
#include "config/config_sources.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "service/args.h"
#include "service/check_ca.h"
#include "service/check_https.h"
#include "service/check_intune.h"
#include "service/check_ndes.h"
#include "service/check_pending.h"
#include "service/check_policy.h"
#include "service/check_renewal.h"
#include "service/check_report.h"
#include "service/check_system.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/policy_report.h"

/* What the sections need of each other. */
struct check {
    const char *data;
    struct check_report report;
    struct service_config config;
    bool has_config; /* it loads */
    struct store *store;
    size_t cas, enabled_templates, page_templates, intune_templates;
    bool offline;
    int64_t now;
};

static bool tell(struct check *check, enum check_level level, const char *what,
                 const struct error *why, const char *text, const char *remedy, struct error *err)
{
    return check_report_finding(&check->report, level, what, why, text, remedy, err);
}

static bool failed(struct check *check, const char *what, const struct error *why,
                   struct error *err)
{
    return tell(check, CHECK_ERROR, what, why, why->detail, NULL, err);
}

static bool check_config(struct check *check, struct error *err)
{
    const struct config_sources_options options = { .data_folder = check->data };
    struct config_sources *sources = NULL;
    struct error why = ERROR_INIT;
    bool ok;

    check->has_config = config_sources_load(&options, &check->config, &sources, &why);
    if (!check->has_config) {
        return failed(check, "openndes.json", &why, err);
    }
    ok = policy_report_check(sources, check_report_finding, &check->report, err);
    config_sources_free(sources);
    return ok
           && tell(check, CHECK_OK, "openndes.json", NULL, "readable, every key known", NULL, err)
           && (check->config.public_url[0] != '\0'
               || tell(check, CHECK_WARNING, "public_url", NULL,
                       "not set: certificates carry the listener's address as CRL and AIA URL",
                       "openndes config set public_url=http://NAME with a name that stays", err));
}

/* ---- templates ------------------------------------------------------------------------------ */

/* An enabled template needs a CA that opens, whatever is left of its folder. */
static bool check_template_ca(struct check *check, const char *what, const char *name,
                              struct error *err)
{
    struct error why = ERROR_INIT;
    struct ca_builtin *builtin = check_ca_open(check->data, name, &why);

    if (builtin == NULL) {
        return failed(check, what, &why, err);
    }
    ca_builtin_free(builtin);
    return true;
}

/* Without it the template answers, so that nobody but those who need this CA would notice. */
static bool check_generation(struct check *check, const char *what, const char *key,
                             const char *name, struct error *err)
{
    struct error why = ERROR_INIT;
    struct ca_builtin *builtin = name[0] == '\0' ? NULL : check_ca_open(check->data, name, &why);

    ca_builtin_free(builtin);
    if (name[0] == '\0' || builtin != NULL) {
        return true;
    }
    (void)error_context(&why, "%s: CA %s cannot be used", key, name);
    return tell(check, CHECK_WARNING, what, &why, why.detail,
                "restore it from a backup, or: openndes ca rollover status", err);
}

static bool check_legacy(struct check *check, const struct template_config *config,
                         const char *what, struct error *err)
{
    return config->algorithms != ALGORITHM_LEVEL_LEGACY
           || tell(check, CHECK_WARNING, what, NULL, "algorithms=legacy lets MD5 and single DES in",
                   "openndes template set NAME algorithms=compat, once the devices that know "
                   "nothing better are gone",
                   err);
}

static bool check_guessing(struct check *check, const struct template_config *config,
                           const char *what, struct error *err)
{
    bool guessable = config->challenge.type == CHALLENGE_TYPE_STATIC
                     || config->challenge.type == CHALLENGE_TYPE_NDES;

    return !guessable || config->rate.refused_per_minute != 0
           || tell(check, CHECK_WARNING, what, NULL,
                   "rate.refused_per_minute=0: nobody who guesses has to wait",
                   "openndes template set NAME rate.refused_per_minute=10, more where many devices "
                   "come by one address",
                   err);
}

static void count_template(struct check *check, const struct template_config *config)
{
    if (!config->enabled) {
        return;
    }
    check->enabled_templates++;
    check->page_templates += config->challenge.type == CHALLENGE_TYPE_NDES ? 1 : 0;
    check->intune_templates += config->challenge.type == CHALLENGE_TYPE_INTUNE ? 1 : 0;
}

/* A visit of config_list_templates. */
static bool check_template(void *context, const char *name, struct error *err)
{
    struct check *check = context;
    struct check_report *report = &check->report;
    struct template_config config;
    struct error why = ERROR_INIT;
    char what[LIMIT_TEMPLATE_NAME + 32];
    bool ok;

    memset(&config, 0, sizeof(config));
    if (!text_format(what, sizeof(what), "template %s", name)) {
        return error_set(err, REASON_INTERNAL, "template name");
    }
    if (!config_load_template(check->data, name, &config, &why)) {
        return failed(check, what, &why, err);
    }
    count_template(check, &config);
    ok =
        tell(check, CHECK_OK, what, NULL, config.enabled ? "on" : "off", NULL, err)
        && (!config.enabled
            || (check_template_ca(check, what, config.ca, err)
                && check_generation(check, what, "rollover.next", config.rollover.next, err)
                && check_generation(check, what, "rollover.previous", config.rollover.previous, err)
                && check_legacy(check, &config, what, err)
                && check_guessing(check, &config, what, err)))
        && check_intune_template(&config, what, check_report_finding, report, err)
        && check_ndes_template(&config, what, check_report_finding, report, err)
        && check_policy_template(check->data, &config, what, check_report_finding, report, err)
        && check_renewal_template(check->data, &config, check->now, what, check_report_finding,
                                  report, err);
    template_config_clear(&config);
    return ok;
}

/* ---- CAs, keys, database -------------------------------------------------------------------- */

/* A visit of ca_files_list. */
static bool check_one_ca(void *context, const char *name, struct error *err)
{
    struct check *check = context;
    struct check_ca_options options = {
        .data = check->data,
        .name = name,
        .store = check->store,
        .ocsp = check->has_config && check->config.ocsp.enabled,
        .now = check->now,
        .ra_renew_days = check->has_config ? check->config.ra.renew_days : 0,
        .visit = check_report_finding,
        .context = &check->report,
    };

    check->cas++;
    return check_ca(&options, err);
}

static bool check_keys(struct check *check, struct error *err)
{
    struct secret key = SECRET_INIT;
    struct error why = ERROR_INIT;
    bool ok;

    if (data_mac_key(check->data, false, &key, &why)) {
        ok = tell(check, CHECK_OK, "secrets.key", NULL, "opens on this machine", NULL, err);
    } else {
        ok = tell(check, CHECK_ERROR, "secrets.key", &why, why.detail,
                  why.reason == REASON_FILE_MISSING ? "restore it from a backup: openndes restore"
                                                    : NULL,
                  err);
    }
    secret_clear(&key);
    return ok;
}

/* Opening would make a new one: nothing would tell that certificates and passwords are gone. */
static bool missing_store(struct check *check, struct error *err)
{
    struct error why = ERROR_INIT;
    char logs[FILE_PATH_MAX];
    char log[FILE_PATH_MAX];

    if (!data_path_logs(check->data, logs, &why) || !path_join(log, logs, "openndes.log", &why)
        || !file_exists(log)) {
        return tell(check, CHECK_OK, "database", NULL,
                    "none yet: the service makes it when it starts", NULL, err);
    }
    (void)error_set(&why, REASON_FILE_MISSING,
                    "missing, though the service has run: what it has issued and revoked is "
                    "forgotten with its next start");
    return tell(check, CHECK_ERROR, "database", &why, why.detail,
                "restore it from a backup: openndes restore", err);
}

static bool check_store(struct check *check, struct error *err)
{
    struct error why = ERROR_INIT;
    int64_t count = 0;
    char path[FILE_PATH_MAX];
    char text[96];

    if (data_path_database(check->data, path, &why) && !file_exists(path)) {
        return missing_store(check, err);
    }
    check->store = data_store_open(check->data, 1, &why);
    if (check->store == NULL || !store_check(check->store, &why)
        || !store_count_certificates(check->store, &count, &why)) {
        store_close(check->store);
        check->store = NULL;
        return failed(check, "database", &why, err);
    }
    return text_format(text, sizeof(text), "whole, %lld certificates", (long long)count)
           && tell(check, CHECK_OK, "database", NULL, text, NULL, err);
}

/* ---- listeners, and what depends on all templates ------------------------------------------- */

/* After the templates: whether anybody signs in depends on them. */
static bool check_faces(struct check *check, struct error *err)
{
    const struct service_config *config = &check->config;
    struct check_report *report = &check->report;
    bool has_page;

    if (!check->has_config) {
        return true; /* check_config has told */
    }
    has_page = config->ndes.enabled || check->page_templates != 0;
    return check_ndes(check->data, config, has_page, check_report_finding, report, err)
           && check_https(check->data, config, has_page, check_report_finding, report, err)
           && check_intune(check->data, config, check->intune_templates != 0, check->offline,
                           check->now, check_report_finding, report, err);
}

/* Nothing broken, and yet nobody can enrol. */
static bool check_usable(struct check *check, struct error *err)
{
    if (check->cas == 0
        && !tell(check, CHECK_WARNING, "CA", NULL, "there is none",
                 "openndes ca create default, ca import or ca request", err)) {
        return false;
    }
    return check->enabled_templates != 0
           || tell(check, CHECK_WARNING, "templates", NULL, "none is on",
                   "openndes template enable NAME", err);
}

static bool check_machine(struct check *check, struct error *err)
{
    struct check_system_options options = {
        .data = check->data,
        .config = check->has_config ? &check->config : NULL,
        .now = check->now,
        .visit = check_report_finding,
        .context = &check->report,
    };

    return check_system(&options, err);
}

/* A folder that cannot be listed is a finding like others: what comes behind it is checked. */
static bool check_templates(struct check *check, struct error *err)
{
    struct error why = ERROR_INIT;

    return config_list_templates(check->data, check_template, check, &why)
           || failed(check, "templates", &why, err);
}

static bool check_cas(struct check *check, struct error *err)
{
    struct error why = ERROR_INIT;

    return ca_files_list(check->data, check_one_ca, check, &why) || failed(check, "CAs", &why, err);
}

static bool check_all(struct check *check, struct error *err)
{
    return check_config(check, err) && check_templates(check, err) && check_keys(check, err)
           && check_store(check, err)
           && check_pending(check->data, check->store, check->now, check_report_finding,
                            &check->report, err)
           && check_cas(check, err) && check_faces(check, err) && check_usable(check, err)
           && check_machine(check, err);
}

bool cmd_check(const struct command *command, struct error *err)
{
    struct check check = { .data = command->data, .now = clock_now() };
    enum check_form form = command->json ? CHECK_FORM_JSON : CHECK_FORM_TEXT;
    bool monitoring = false;
    const struct arg_option known[] = {
        { "--offline", ARG_FLAG, &check.offline },
        { "--monitoring", ARG_FLAG, &monitoring },
    };
    const char *what = NULL;
    struct args args;
    bool ok = false;

    if (!args_parse(command->argc, command->argv, known, sizeof(known) / sizeof(known[0]), &args,
                    err)
        || !args_expect(&args, 0, 0, "check [--offline] [--monitoring | --json]", err)) {
        return false;
    }
    if (monitoring && command->json) {
        return error_set(err, REASON_USAGE, "--monitoring and --json exclude each other");
    }
    if (!check_report_begin(&check.report, monitoring ? CHECK_FORM_MONITORING : form, err)) {
        goto out;
    }
    /* A monitoring system shall see what ends the check as critical, not as a usage error. */
    what = "data folder";
    ok = data_folder_check(command->data, err);
    if (ok) {
        what = "check";
        ok = check_all(&check, err);
    }
    if (!ok && monitoring) {
        struct error why = *err;

        error_clear(err);
        ok = failed(&check, what, &why, err);
    }
    ok = ok && check_report_end(&check.report, err);
    if (ok && monitoring) {
        *command->exit_code = check_report_code(&check.report);
    }
out:
    store_close(check.store);
    service_config_clear(&check.config);
    check_report_clear(&check.report);
    return ok;
}
