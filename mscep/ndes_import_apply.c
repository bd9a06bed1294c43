/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "mscep/ndes_import.h"
#include "platform/files.h"

static bool set_all(struct config_edit *edit, const struct ndes_import_settings *settings,
                    struct error *err)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (!config_edit_set(edit, settings->items[i].key, settings->items[i].value, false, err)) {
            return false;
        }
    }
    return true;
}

static bool write_template(const struct ndes_import_template *t, const char *data_folder,
                           struct error *err)
{
    struct config_edit *edit = NULL;
    char file[LIMIT_TEMPLATE_NAME + 32];
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!text_format(file, sizeof(file), "templates/%s.json", t->name)) {
        return error_set(err, REASON_INTERNAL, "template name");
    }
    if (!path_join(path, data_folder, file, err)) goto out;
    edit = config_edit_open(CONFIG_SCOPE_TEMPLATE, path, err);
    if (edit == NULL) goto out;
    if (!set_all(edit, &t->settings, err)) goto out;
    ok = config_edit_save(edit, t->name, true, err);
out:
    config_edit_close(edit);
    return ok;
}

static bool write_service(const struct ndes_import_plan *plan, const char *data_folder,
                          struct error *err)
{
    struct config_edit *edit = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!path_join(path, data_folder, "openndes.json", err)) goto out;
    edit = config_edit_open(CONFIG_SCOPE_SERVICE, path, err);
    if (edit == NULL) goto out;
    if (!set_all(edit, &plan->service, err)) goto out;
    ok = config_edit_save(edit, NULL, false, err);
out:
    config_edit_close(edit);
    return ok;
}

bool ndes_import_apply(const struct ndes_import_plan *plan, const char *data_folder,
                       struct error *err)
{
    for (size_t i = 0; i < plan->template_count; i++) {
        if (plan->templates[i].existing == NDES_IMPORT_NO_TEMPLATE
            && !write_template(&plan->templates[i], data_folder, err)) {
            return false;
        }
    }
    return plan->service.count == 0 || write_service(plan, data_folder, err);
}
