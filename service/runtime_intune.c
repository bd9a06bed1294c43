/* SPDX-License-Identifier: Apache-2.0 */
#include "service/runtime_intune.h"

#include <string.h>

#include "config/config_keys.h"

/* Is every setting of the group the same? */
static bool settings_same(const struct service_config *a, const struct service_config *b)
{
    size_t count = 0;
    const struct config_key *keys = config_keys(CONFIG_SCOPE_SERVICE, &count);

    for (size_t i = 0; i < count; i++) {
        if (strncmp(keys[i].name, "intune.", 7) == 0 && !config_key_same(&keys[i], a, b)) {
            return false;
        }
    }
    return true;
}

static void take_stamps(const char *data_folder, const struct service_config *config,
                        struct file_stamp stamps[RUNTIME_INTUNE_STAMPS])
{
    struct file_stamp *ca_file = &stamps[INTUNE_CREDENTIAL_STAMPS];
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];

    intune_credential_stamps(data_folder, stamps);
    if (config->intune.ca_file[0] == '\0' || !intune_ca_file(data_folder, config, path, &ignored)
        || !file_stamp(path, ca_file, &ignored)) {
        *ca_file = (struct file_stamp){ .size = 0 };
    }
}

static bool stamps_same(const struct file_stamp a[RUNTIME_INTUNE_STAMPS],
                        const struct file_stamp b[RUNTIME_INTUNE_STAMPS])
{
    for (size_t i = 0; i < RUNTIME_INTUNE_STAMPS; i++) {
        if (!file_stamp_equal(&a[i], &b[i])) {
            return false;
        }
    }
    return true;
}

void runtime_intune_load(struct runtime_intune *out, const char *data_folder,
                         const struct service_config *config, struct intune_stats *stats,
                         const struct runtime_intune *previous,
                         const struct service_config *previous_config)
{
    struct intune_client_options options = { .data_folder = data_folder,
                                             .config = config,
                                             .stats = stats };

    *out = (struct runtime_intune){ .client = NULL };
    take_stamps(data_folder, config, out->stamps);
    if (config->intune.tenant[0] == '\0') {
        return;
    }
    if (previous != NULL && previous->client != NULL && stamps_same(previous->stamps, out->stamps)
        && settings_same(config, previous_config)) {
        out->client = intune_client_ref(previous->client);
        return;
    }
    out->client = intune_client_create(&options, &out->error);
}

void runtime_intune_clear(struct runtime_intune *intune)
{
    if (intune != NULL) {
        intune_client_unref(intune->client);
        intune->client = NULL;
    }
}

bool runtime_intune_stale(const struct runtime_intune *intune, const char *data_folder,
                          const struct service_config *config)
{
    struct file_stamp stamps[RUNTIME_INTUNE_STAMPS];

    take_stamps(data_folder, config, stamps);
    return !stamps_same(stamps, intune->stamps);
}
