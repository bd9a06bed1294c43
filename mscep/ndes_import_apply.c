/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "config/config_load.h"
#include "mscep/ndes_import.h"
#include "platform/files.h"

/* The file with what is planned set in it, not written yet; NULL on failure. */
static struct config_edit *prepare(enum config_scope scope, const char *path,
                                   const struct ndes_import_settings *settings, struct error *err)
{
    struct config_edit *edit = config_edit_open(scope, path, err);

    for (size_t i = 0; edit != NULL && i < settings->count; i++) {
        if (!config_edit_set(edit, settings->items[i].key, settings->items[i].value, false, err)) {
            config_edit_close(edit);
            edit = NULL;
        }
    }
    return edit;
}

/* ---- one template ---------------------------------------------------------------------------- */

static struct config_edit *prepare_template(const struct ndes_import_template *t,
                                            const char *data_folder, struct error *err)
{
    char file[LIMIT_TEMPLATE_NAME + 32];
    char path[FILE_PATH_MAX];

    if (!text_format(file, sizeof(file), "templates/%s.json", t->name)) {
        error_set(err, REASON_INTERNAL, "template name");
        return NULL;
    }
    return path_join(path, data_folder, file, err)
               ? prepare(CONFIG_SCOPE_TEMPLATE, path, &t->settings, err)
               : NULL;
}

static bool check_template(const struct ndes_import_template *t, const char *data_folder,
                           struct error *err)
{
    struct config_edit *edit = prepare_template(t, data_folder, err);
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    struct template_config config;
    bool ok = edit != NULL && config_edit_print(edit, &text, err)
              && config_parse_template(t->name, t->name, buffer_bytes(&text), &config, err);

    if (ok) {
        template_config_clear(&config);
    }
    buffer_clear(&text);
    config_edit_close(edit);
    return ok;
}

static bool write_template(const struct ndes_import_template *t, const char *data_folder,
                           struct error *err)
{
    struct config_edit *edit = prepare_template(t, data_folder, err);
    bool ok = edit != NULL && config_edit_save(edit, t->name, true, err);

    config_edit_close(edit);
    return ok;
}

/* ---- openndes.json --------------------------------------------------------------------------- */

static struct config_edit *prepare_service(const struct ndes_import_plan *plan,
                                           const char *data_folder, struct error *err)
{
    char path[FILE_PATH_MAX];

    return path_join(path, data_folder, "openndes.json", err)
               ? prepare(CONFIG_SCOPE_SERVICE, path, &plan->service, err)
               : NULL;
}

static bool check_service(const struct ndes_import_plan *plan, const char *data_folder,
                          struct error *err)
{
    struct config_edit *edit = prepare_service(plan, data_folder, err);
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    struct service_config config;
    bool ok = edit != NULL && config_edit_print(edit, &text, err)
              && config_parse_service("openndes.json", buffer_bytes(&text), &config, err);

    if (ok) {
        service_config_clear(&config);
    }
    buffer_clear(&text);
    config_edit_close(edit);
    return ok || error_context(err, "what the import would write is refused");
}

static bool write_service(const struct ndes_import_plan *plan, const char *data_folder,
                          struct error *err)
{
    struct config_edit *edit = prepare_service(plan, data_folder, err);
    bool ok = edit != NULL && config_edit_save(edit, NULL, false, err);

    config_edit_close(edit);
    return ok;
}

/* ---- all of it ------------------------------------------------------------------------------- */

bool ndes_import_check(const struct ndes_import_plan *plan, const char *data_folder,
                       struct error *err)
{
    for (size_t i = 0; i < plan->template_count; i++) {
        if (plan->templates[i].existing == NDES_IMPORT_NO_TEMPLATE
            && !check_template(&plan->templates[i], data_folder, err)) {
            return false;
        }
    }
    return plan->service.count == 0 || check_service(plan, data_folder, err);
}

bool ndes_import_apply(const struct ndes_import_plan *plan, const char *data_folder,
                       struct error *err)
{
    if (!ndes_import_check(plan, data_folder, err)) {
        return false;
    }
    for (size_t i = 0; i < plan->template_count; i++) {
        if (plan->templates[i].existing == NDES_IMPORT_NO_TEMPLATE
            && !write_template(&plan->templates[i], data_folder, err)) {
            return false;
        }
    }
    return plan->service.count == 0 || write_service(plan, data_folder, err);
}
