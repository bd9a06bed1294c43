/* SPDX-License-Identifier: Apache-2.0 */
#include "service/data_init.h"

#include "ca/ca_files.h"
#include "config/config_edit.h"
#include "service/ca_options.h"
#include "service/data_folder.h"
#include "service/template_passphrase.h"

bool data_init_check_unused(const char *data, struct error *err)
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
static bool make_mac_key(const char *data, struct error *err)
{
    struct secret key = SECRET_INIT;
    bool ok = data_mac_key(data, true, &key, err);

    secret_clear(&key);
    return ok;
}

static bool make_ca(const char *data, const struct data_init_options *options, bool *ca_kept,
                    struct error *err)
{
    struct ca_new_options ca;
    struct error why = ERROR_INIT;

    if (options->no_ca) {
        return true;
    }
    if (!ca_new_options_fill(&ca, data, "default", options->ca_key, options->ca_subject,
                             options->ca_days, err)) {
        return false;
    }
    if (ca_files_create(&ca, &why)) {
        return true;
    }
    /* An earlier init may have been cut off after the CA was made: it is complete, and it stays. */
    if (why.reason == REASON_CA_EXISTS) {
        *ca_kept = true;
        return true;
    }
    *err = why;
    return false;
}

static bool make_template(const char *data, const struct data_init_options *options,
                          struct bytes passphrase, struct error *err)
{
    struct config_edit *edit = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!data_path_template(data, options->template_name, path, err)) goto out;
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
                      : !template_passphrase_put(data, edit, options->template_name, passphrase,
                                                 false, err)) {
        goto out;
    }
    ok = config_edit_save(edit, options->template_name, true, err);
out:
    config_edit_close(edit);
    return ok;
}

/* openndes.json comes last: a folder with it is a finished one. */
static bool make_config(const char *data, const struct data_init_options *options,
                        struct error *err)
{
    struct buffer listen = BUFFER_INIT(2048);
    struct config_edit *edit = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!data_path_config(data, path, err)) goto out;
    edit = config_edit_open(CONFIG_SCOPE_SERVICE, path, err);
    if (edit == NULL) goto out;
    for (size_t i = 0; i < options->listen_count; i++) {
        if (!buffer_printf(&listen, err, "%s%s", i == 0 ? "" : ",", options->listen[i])) {
            goto out;
        }
    }
    if (listen.len == 0 && !buffer_append_text(&listen, "0.0.0.0:80,[::]:80", err)) goto out;
    if (!config_edit_set(edit, "listen", buffer_text(&listen), false, err)) goto out;
    if (options->https_listen != NULL
        && !config_edit_set(edit, "https.listen", options->https_listen, false, err)) {
        goto out;
    }
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

bool data_init_make(const char *data, const struct data_init_options *options,
                    struct bytes passphrase, bool *ca_kept, struct error *err)
{
    *ca_kept = false;
    return data_folder_create(data, err) && make_mac_key(data, err)
           && make_ca(data, options, ca_kept, err) && make_template(data, options, passphrase, err)
           && make_config(data, options, err);
}
