/* SPDX-License-Identifier: Apache-2.0 */
#include "base/product.h"
#include "base/text.h"
#include "challenge/challenge_static.h"
#include "config/config_load.h"
#include "platform/registry.h"
#include "platform/rights.h"
#include "platform/rights_text.h"
#include "service/commands.h"
#include "service/data_folder.h"
#include "service/data_init.h"
#include "service/import_ndes.h"
#include "service/setup.h"
#include "service/tls_names.h"

#define TEMPLATE "device"
#define ENTRIES_MAX 100000u /* files and folders; a CA with a long life has some thousands */
#define LISTEN_BYTES 64u
#define REPORT_BYTES (4u << 20)
/* A folder visit: what a setup that was cut off, or an installer, can have left. */
static bool only_our_names(void *context, const char *name, bool is_folder, struct error *err)
{
    static const char *const ours[] = {
        "templates",     "policies",    "trusted",         "ca",
        "logs",          "tls",         "secrets.key",     "config.lock",
        "openndes.lock", "openndes.db", "openndes.db-wal", "openndes.db-shm"
    };

    (void)is_folder;
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (text_equal_nocase(name, ours[i])) {
            return true;
        }
    }
    return error_set(err, REASON_DATA_FOLDER_EXISTS,
                     "%s holds other things already (%s), and its rights would be changed: choose "
                     "an empty folder, or a new one",
                     (const char *)context, name);
}

/*
 * Rights are given to the whole folder: it must be ours. Settings that somebody else could have put
 * there, where every user may make folders, are taken over only by a person who is told so: an
 * installer runs for whoever made the folder before it. *in_use: it has settings.
 */
static bool take_folder(const struct setup *setup, bool *in_use, struct error *err)
{
    const char *data = setup->options->data;
    struct error why = ERROR_INIT;
    char config[FILE_PATH_MAX];

    if (!folder_exists(data)) {
        return true;
    }
    if (!data_path_config(data, config, err)) {
        return false;
    }
    *in_use = file_exists(config);
    if (!*in_use) {
        return folder_list(data, ENTRIES_MAX, only_our_names, (void *)(uintptr_t)data, err);
    }
    if (rights_check(data, false, &why) && rights_check(config, false, &why)) {
        return true;
    }
    if (setup->options->is_installer) {
        *err = why;
        return false;
    }
    return setup_say(setup, CHECK_WARNING, "data folder", &why, err,
                     "others could have changed what is in it; look at its settings and CA (%s)",
                     why.detail);
}

/*
 * Everybody may read where the data is, as the command line asks for it whoever calls; only
 * administrators may change it, as the service with all its keys would follow.
 */
bool setup_data_note(struct setup *setup, struct error *err)
{
    char rights[RIGHTS_SDDL_MAX];
    char sddl[RIGHTS_SDDL_MAX + 32];

    if (!rights_text_sddl(RIGHTS_REGISTRY_KEY, RIGHTS_OWNER_ADMINISTRATORS, rights, err)) {
        return false;
    }
    if (!text_format(sddl, sizeof(sddl), "%s(A;CI;KR;;;BU)", rights)) {
        return error_set(err, REASON_INTERNAL, "rights of a registry key are too long");
    }
    return registry_protect(PRODUCT_REGISTRY_KEY, sddl, err)
           && registry_write_text(PRODUCT_REGISTRY_KEY, PRODUCT_REGISTRY_DATA_DIR,
                                  setup->options->data, false, err);
}

bool setup_data_folder(struct setup *setup, struct error *err)
{
    const char *data = setup->options->data;
    bool in_use = false;

    /*
     * A folder with settings was taken over, as it is: its rights come first, for no other command
     * goes on in one that others may change. Without settings nobody has asked for this one.
     */
    return take_folder(setup, &in_use, err)
           && (!in_use || rights_protect_tree(data, ENTRIES_MAX, err))
           && data_folder_create(data, err)
           && (in_use || rights_protect_tree(data, ENTRIES_MAX, err))
           && setup_say(setup, CHECK_OK, "data folder", NULL, err, "%s", data);
}

/* ---- content --------------------------------------------------------------------------------- */

static bool audit(const struct setup *setup, const char *event, const char *target,
                  struct error *err)
{
    const struct command command = { .data = setup->options->data };

    return command_audit(&command, event, target, err);
}

static bool init_folder(const struct setup *setup, bool *ca_kept, struct error *err)
{
    uint16_t http = setup->options->http_port;
    uint16_t https = setup->options->https_port;
    char listen[LISTEN_BYTES];
    char https_listen[LISTEN_BYTES];
    const char *items[] = { listen };
    struct data_init_options init = {
        .template_name = TEMPLATE,
        .listen = items,
        .listen_count = 1,
        .https_listen = https == 0 ? NULL : https_listen,
    };
    struct secret passphrase = SECRET_INIT;
    /* Nobody is told the passphrase: an installer has nobody to tell, and its log would keep it. */
    bool ok =
        text_format(listen, sizeof(listen), "0.0.0.0:%u,[::]:%u", http, http)
        && text_format(https_listen, sizeof(https_listen), "0.0.0.0:%u,[::]:%u", https, https)
        && challenge_static_generate(&passphrase, err)
        && data_init_make(setup->options->data, &init, secret_bytes(&passphrase), ca_kept, err);

    secret_clear(&passphrase);
    return ok && audit(setup, "init", setup->options->data, err);
}

/* Without one HTTPS waits until there is one; SCEP by HTTP, which most devices use, does not. */
static bool issue_certificate(const struct setup *setup, struct error *err)
{
    struct service_config config = { 0 };
    struct certificate_info info;
    struct error why = ERROR_INIT;
    char target[SERIAL_TEXT_MAX + 32];
    bool ok;

    if (setup->options->https_port == 0) {
        return true;
    }
    if (!config_load_service(setup->options->data, &config, err)) {
        return false;
    }
    if (!tls_names_issue(setup->options->data, &config, &info, &why)) {
        ok = setup_say(setup, CHECK_WARNING, "HTTPS certificate", &why, err,
                       "none yet (%s); make one with: openndes tls issue", why.detail);
    } else {
        ok = text_format(target, sizeof(target), "serial %s of CA default", info.serial)
             && audit(setup, "tls-issue", target, err)
             && setup_say(setup, CHECK_OK, "HTTPS certificate", NULL, err,
                          "issued by the CA of the data folder for %s; import one of your own CA "
                          "with: openndes tls import",
                          info.subject);
    }
    service_config_clear(&config);
    return ok;
}

bool setup_data_content(struct setup *setup, struct error *err)
{
    char path[FILE_PATH_MAX];
    bool ca_kept = false;

    if (!data_path_config(setup->options->data, path, err)) {
        return false;
    }
    if (file_exists(path)) {
        return setup_say(setup, CHECK_OK, "settings", NULL, err,
                         "openndes.json is there and stays as it is");
    }
    if (!data_init_check_unused(setup->options->data, err) || !init_folder(setup, &ca_kept, err)) {
        return false;
    }
    setup->data_is_new = true;
    return setup_say(setup, CHECK_OK, "settings", NULL, err,
                     "openndes.json made, %s, template " TEMPLATE " is on",
                     ca_kept ? "the CA was there already" : "a CA made")
           && issue_certificate(setup, err)
           && setup_say(setup, CHECK_OK, "passphrase", NULL, err,
                        "a random one that nobody knows; have another one made and shown with: "
                        "openndes template set " TEMPLATE " challenge.passphrase=generate");
}

/* ---- import ---------------------------------------------------------------------------------- */

/* The report has many lines; each becomes one of ours. */
static bool tell_report(const struct setup *setup, const struct buffer *report, struct error *err)
{
    struct bytes line;
    size_t pos = 0;
    bool ok = true;

    while (ok && text_next_item(buffer_bytes(report), '\n', &pos, &line)) {
        if (line.len > 0) {
            ok = setup_say(setup, CHECK_OK, "import-ndes", NULL, err, "%.*s", (int)line.len,
                           (const char *)line.data);
        }
    }
    return ok;
}

bool setup_data_import(struct setup *setup, struct error *err)
{
    struct buffer report = BUFFER_INIT(REPORT_BYTES);
    struct error why = ERROR_INIT;
    bool found = false;
    bool ok;

    if (!setup->options->import_ndes) {
        return true;
    }
    if (!setup->data_is_new) {
        return setup_say(setup, CHECK_WARNING, "import-ndes", NULL, err,
                         "left out, as the data folder is in use already; look what it would take "
                         "with: openndes import-ndes --dry-run");
    }
    if (!import_ndes_of_machine(setup->options->data, &report, &found, &why)) {
        ok = setup_say(setup, CHECK_WARNING, "import-ndes", &why, err,
                       "%s; try again with: openndes import-ndes", why.detail);
    } else if (!found) {
        ok = setup_say(setup, CHECK_WARNING, "import-ndes", NULL, err,
                       "this machine has no NDES: nothing was taken");
    } else {
        ok = tell_report(setup, &report, err);
    }
    buffer_clear(&report);
    return ok;
}

bool setup_data_rights(struct setup *setup, struct error *err)
{
    return rights_protect_tree(setup->options->data, ENTRIES_MAX, err)
           && setup_say(setup, CHECK_OK, "rights", NULL, err,
                        "SYSTEM, Administrators and the service, nobody else");
}
