/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ca/ca_builtin.h"
#include "config/config_load.h"
#include "mscep/ndes_import.h"
#include "mscep/ndes_import_report.h"
#include "platform/clock.h"
#include "service/args.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/import_ndes.h"

#define WINDOWS_KEY "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
#define IIS_CONFIG "System32/inetsrv/config/applicationHost.config"

/* One run of the command, with everything that was read. */
struct import_command {
    const struct command *command;
    const char *registry_file; /* NULL: this machine's registry */
    const char *iis_config;    /* NULL: this machine's, unless the registry comes from a file */
    bool dry_run;
    struct buffer *report_to; /* NULL: told on standard output */
    struct ndes_registry registry;
    struct ndes_iis iis;
    struct ndes_ra_certs ra;
    struct error iis_failure;
    struct error ra_failure;
    struct ndes_import_facts facts;
};

static bool parse(struct import_command *import, struct error *err)
{
    const struct arg_option known[] = {
        { "--dry-run", ARG_FLAG, &import->dry_run },
        { "--registry-file", ARG_TEXT, &import->registry_file },
        { "--iis-config", ARG_TEXT, &import->iis_config },
    };
    struct args args;

    return args_parse(import->command->argc, import->command->argv, known,
                      sizeof(known) / sizeof(known[0]), &args, err)
           && args_expect(&args, 0, 0,
                          "import-ndes [--dry-run] [--registry-file FILE.reg] [--iis-config FILE] "
                          "[--json]",
                          err);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* "" where there is no Windows. */
static bool default_iis_config(char path[FILE_PATH_MAX], struct error *err)
{
    struct buffer windows = BUFFER_INIT(FILE_PATH_MAX);
    bool found = false;
    bool ok = registry_read_text(WINDOWS_KEY, "SystemRoot", &windows, &found, err);

    path[0] = '\0';
    if (ok && found) {
        ok = path_join(path, buffer_text(&windows), IIS_CONFIG, err);
    }
    buffer_clear(&windows);
    return ok;
}

/* A file that was named has to be readable; one that we look for ourselves may be missing. */
static bool read_iis(struct import_command *import, struct error *err)
{
    struct error *failure = &import->iis_failure;
    char path[FILE_PATH_MAX];

    if (import->iis_config != NULL) {
        import->facts.iis = &import->iis;
        return ndes_iis_read_file(&import->iis, import->iis_config, err);
    }
    if (import->registry_file != NULL) {
        import->facts.iis_problem = "the registry comes from a file; give a copy of the "
                                    "applicationHost.config of its machine with --iis-config";
    } else if (!default_iis_config(path, failure)
               || (path[0] != '\0' && !ndes_iis_read_file(&import->iis, path, failure))) {
        import->facts.iis_problem = failure->detail;
    } else {
        import->facts.iis = &import->iis;
    }
    return true;
}

static void read_ra(struct import_command *import)
{

    import->facts.ra = NULL;
    if (import->registry_file != NULL) {
        import->facts.ra_problem = "the registry comes from a file";
    } else if (!ndes_ra_certs_read(&import->ra, &import->ra_failure)) {
        import->facts.ra_problem = import->ra_failure.detail;
    } else {
        import->facts.ra = &import->ra;
    }
}

static bool read_ndes(struct import_command *import, struct error *err)
{
    if (import->registry_file != NULL
            ? !ndes_registry_read_file(&import->registry, import->registry_file, err)
            : !ndes_registry_read(&import->registry, err)) {
        return false;
    }
    import->facts.registry = &import->registry;
    if (!import->registry.found) {
        return true; /* the plan says what to do */
    }
    read_ra(import);
    return read_iis(import, err);
}

/* ---- the data folder as it is ---------------------------------------------------------------- */

static enum ndes_import_existing lookup(void *context, const char *name)
{
    const char *data = context;
    struct template_config config;
    struct error unreadable = ERROR_INIT;
    char path[FILE_PATH_MAX];
    enum ndes_import_existing result = NDES_IMPORT_OTHER_TEMPLATE;

    if (!data_path_template(data, name, path, &unreadable) || !file_exists(path)) {
        return NDES_IMPORT_NO_TEMPLATE;
    }
    if (config_load_template(data, name, &config, &unreadable)) {
        if (config.challenge.type == CHALLENGE_TYPE_NDES) {
            result = NDES_IMPORT_NDES_TEMPLATE;
        }
        template_config_clear(&config);
    }
    return result;
}

/* The CA "default" opens, has its certificate and is in its time. */
static void look_at_ca(const char *data, struct ndes_import_facts *facts)
{
    struct error not_ready = ERROR_INIT;
    struct ca_builtin_options options = {
        .data_folder = data,
        .name = "default",
        .crl_validity_hours = 168,
        .crl_renew_hours = 48,
    };
    struct ca_builtin *builtin = ca_builtin_open(&options, &not_ready);
    struct ca *ca = builtin == NULL ? NULL : ca_builtin_as_ca(builtin);
    const struct x509_st *cert = builtin == NULL ? NULL : ca_builtin_certificate(builtin);
    struct certificate_info info;

    facts->ca_ready = cert != NULL && ca_ready(ca, &not_ready);
    facts->ca_is_root = facts->ca_ready && certificate_info(cert, &info, &not_ready)
                        && strcmp(info.subject, info.issuer) == 0;
    ca_free(ca);
}

static bool read_data_folder(struct import_command *import, struct error *err)
{
    const char *data = import->command->data;
    struct service_config config = { 0 };
    char path[FILE_PATH_MAX];

    if (!config_load_service(data, &config, err)) {
        return false;
    }
    import->facts.https_ready = config.https.certificate[0] != '\0';
    service_config_clear(&config);
    if (!path_join(path, data, "tls/server.crt", err)) {
        return false;
    }
    import->facts.https_ready = import->facts.https_ready || file_exists(path);
    look_at_ca(data, &import->facts);
    import->facts.lookup = lookup;
    import->facts.lookup_context = (void *)(uintptr_t)data;
    import->facts.now = clock_now();
    return true;
}

/* ---- writing and telling --------------------------------------------------------------------- */

/* For people, and fit for JSON. */
static const char *source_name(const struct import_command *import)
{
    if (import->registry_file == NULL) {
        return "the registry of this machine";
    }
    return text_utf8_valid(bytes_of_text(import->registry_file)) ? import->registry_file : "a file";
}

static bool report(const struct import_command *import, const struct ndes_import_plan *plan,
                   struct error *err)
{
    struct buffer text = BUFFER_INIT(NDES_IMPORT_REPORT_BYTES);
    struct ndes_import_outcome outcome = {
        .source = source_name(import),
        .dry_run = import->dry_run,
        .written = !import->dry_run && ndes_import_plan_writes(plan),
    };
    bool ok;

    if (import->report_to != NULL) {
        return ndes_import_report_text(plan, &outcome, import->report_to, err);
    }
    if (import->command->json) {
        struct json *root = ndes_import_report_json(plan, &outcome, err);

        return root != NULL && command_print_json(root, err);
    }
    ok = ndes_import_report_text(plan, &outcome, &text, err);
    if (ok) {
        command_print("%s", buffer_text(&text));
    }
    buffer_clear(&text);
    return ok;
}

/* "templates a b; openndes.json": what was written. */
static bool audit(const struct import_command *import, const struct ndes_import_plan *plan,
                  struct error *err)
{
    struct buffer target = BUFFER_INIT(4096);
    bool ok = true;

    for (size_t i = 0; ok && i < plan->template_count; i++) {
        if (plan->templates[i].existing == NDES_IMPORT_NO_TEMPLATE) {
            ok = buffer_printf(&target, err, "%stemplate %s", target.len == 0 ? "" : ", ",
                               plan->templates[i].name);
        }
    }
    for (size_t i = 0; ok && i < plan->service.count; i++) {
        ok = buffer_printf(&target, err, "%s%s", target.len == 0 ? "" : ", ",
                           plan->service.items[i].key);
    }
    ok = ok && command_audit(import->command, "import-ndes", buffer_text(&target), err);
    buffer_clear(&target);
    return ok;
}

/* As "template add" does it. */
static bool forget_passwords(const struct import_command *import,
                             const struct ndes_import_plan *plan, struct error *err)
{
    for (size_t i = 0; i < plan->template_count; i++) {
        if (plan->templates[i].existing == NDES_IMPORT_NO_TEMPLATE
            && !data_forget_passwords(import->command->data, plan->templates[i].name, err)) {
            return false;
        }
    }
    return true;
}

/* Everything that is read of the data folder is read under the lock that writing needs. */
static bool plan_and_write(struct import_command *import, struct error *err)
{
    struct config_edit *service = NULL;
    struct ndes_import_plan *plan = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!read_data_folder(import, err)) goto out;
    if (!data_path_config(import->command->data, path, err)) goto out;
    service = config_edit_open(CONFIG_SCOPE_SERVICE, path, err);
    if (service == NULL) goto out;
    import->facts.service = service;
    plan = ndes_import_plan_make(&import->facts, err);
    if (plan == NULL) goto out;
    if (import->dry_run && !ndes_import_check(plan, import->command->data, err)) goto out;
    if (!import->dry_run && ndes_import_plan_writes(plan)) {
        if (!forget_passwords(import, plan, err)) goto out;
        if (!ndes_import_apply(plan, import->command->data, err)) goto out;
        if (!audit(import, plan, err)) goto out;
    }
    ok = report(import, plan, err);
out:
    ndes_import_plan_free(plan);
    config_edit_close(service);
    return ok;
}

bool cmd_import_ndes(const struct command *command, struct error *err)
{
    struct import_command *import = calloc(1, sizeof(*import));
    struct file_lock *lock = NULL;
    bool ok = false;

    if (import == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for the settings of NDES");
    }
    import->command = command;
    if (!parse(import, err)) goto out;
    if (!data_folder_check(command->data, err)) goto out;
    if (!read_ndes(import, err)) goto out;
    if (!import->dry_run && !data_settings_lock(command->data, &lock, err)) goto out;
    ok = plan_and_write(import, err);
out:
    file_lock_release(lock);
    ndes_registry_clear(&import->registry);
    free(import);
    return ok;
}

bool import_ndes_of_machine(const char *data, struct buffer *report, bool *found, struct error *err)
{
    const struct command command = { .data = data };
    struct import_command *import = calloc(1, sizeof(*import));
    struct file_lock *lock = NULL;
    bool ok = false;

    if (import == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for the settings of NDES");
    }
    import->command = &command;
    import->report_to = report;
    if (!read_ndes(import, err)) goto out;
    *found = import->registry.found;
    if (!*found) {
        ok = true;
        goto out;
    }
    if (!data_settings_lock(data, &lock, err)) goto out;
    ok = plan_and_write(import, err);
out:
    file_lock_release(lock);
    ndes_registry_clear(&import->registry);
    free(import);
    return ok;
}
