/* SPDX-License-Identifier: Apache-2.0 */
#include "service/runtime_settings.h"

#include "config/config_load.h"
#include "platform/rights.h"
#include "service/data_folder.h"
#include "service/policy_report.h"

#define POLICY_LOADS 3u

/* What the loading steps share. */
struct loading {
    const struct runtime_options *options;
    const struct runtime_settings *previous;
    struct runtime_settings *now;
};

void runtime_report_broken(const struct runtime_options *options, const struct error *why,
                           const char *what)
{
    log_error(options->log, LOG_LEVEL_ERROR, why, "%s", what);
    event_log_failure(options->events, EVENT_CONFIGURATION_BROKEN, what, why);
    if (rights_is_unsafe(why)) {
        event_log_failure(options->events, EVENT_RIGHTS_UNSAFE, what, why);
    }
}

/*
 * A policy that is written meanwhile may be read half, with restrictions missing, whatever the
 * cause of the load: again then. One that cannot be read is told by the load.
 */
static bool load_sources(const struct config_sources_options *options, struct runtime_settings *now,
                         struct error *err)
{
    struct registry_stamp after;
    bool whole = false;

    for (unsigned i = 0; i < POLICY_LOADS && !whole; i++) {
        service_config_clear(&now->config);
        config_sources_free(now->sources);
        now->sources = NULL;
        config_policy_await(&now->policy_stamp);
        if (!config_sources_load(options, &now->config, &now->sources, err)) {
            return false;
        }
        whole = !config_policy_stamp(&after, &(struct error)ERROR_INIT)
                || registry_stamp_equal(&after, &now->policy_stamp);
    }
    return true;
}

/* The first load needs openndes.json whole; later a broken one leaves the old settings in force. */
static bool load_config(struct loading *l, struct error *err)
{
    const struct config_sources_options sources = {
        .data_folder = l->options->data_folder,
        .previous = l->previous == NULL ? NULL : &l->previous->config,
    };
    struct error why = ERROR_INIT;
    char path[FILE_PATH_MAX];

    if (!data_path_config(l->options->data_folder, path, err)
        || !file_stamp(path, &l->now->stamp, err)) {
        return false;
    }
    if (load_sources(&sources, l->now, &why)) {
        policy_report_changes(l->now->sources, l->previous == NULL ? NULL : l->previous->sources,
                              l->options->log, l->options->events);
    } else {
        if (l->previous == NULL) {
            *err = why;
            return false;
        }
        runtime_report_broken(l->options, &why,
                              why.reason == REASON_NOT_PERMITTED || why.reason == REASON_LIMIT
                                  ? "Group Policy cannot be read, the old settings stay in force"
                                  : "openndes.json is broken, the old settings stay in force");
        if (!service_config_copy(&l->now->config, &l->previous->config, err)) {
            return false;
        }
    }
    url_bases_make(l->options->listeners, l->options->listener_count, l->now->config.public_url,
                   &l->now->urls);
    return true;
}

/* Once per cause: templates that need Intune say it again, each for itself. */
static void load_intune(struct loading *l)
{
    const struct runtime_intune *old = l->previous == NULL ? NULL : &l->previous->intune;

    runtime_intune_load(&l->now->intune, l->options->data_folder, &l->now->config,
                        l->options->intune_stats, old,
                        l->previous == NULL ? NULL : &l->previous->config);
    if (error_is_set(&l->now->intune.error)
        && (old == NULL || old->error.reason != l->now->intune.error.reason)) {
        log_error(l->options->log, LOG_LEVEL_ERROR, &l->now->intune.error,
                  "Intune cannot be asked");
        event_log_failure(l->options->events, EVENT_INTUNE_MISCONFIGURED, NULL,
                          &l->now->intune.error);
    }
}

/* What is made from the settings of openndes.json alone. */
static bool compile_config(struct loading *l, struct error *err)
{
    struct acl_config proxies = { .enabled = true,
                                  .allowed = l->now->config.trusted_proxies,
                                  .limit = ACL_LIMIT_BOTH };
    struct sign_in_options sign_in = {
        .config = &l->now->config,
        .data_folder = l->options->data_folder,
        .previous = l->previous != NULL ? l->previous->sign_in : NULL,
    };

    l->now->acl = ip_acl_create(&l->now->config.ip_acl, err);
    if (l->now->acl == NULL) {
        return false;
    }
    l->now->proxies = ip_acl_create(&proxies, err);
    if (l->now->proxies == NULL) {
        return false;
    }
    load_intune(l);
    l->now->sign_in = sign_in_create(&sign_in, err);
    return l->now->sign_in != NULL;
}

bool runtime_settings_load(struct runtime_settings *out, const struct runtime_options *options,
                           const struct runtime_settings *previous, struct error *err)
{
    struct loading l = { options, previous, out };

    return load_config(&l, err) && compile_config(&l, err);
}

void runtime_settings_clear(struct runtime_settings *settings)
{
    sign_in_unref(settings->sign_in);
    runtime_intune_clear(&settings->intune);
    ip_acl_free(settings->proxies);
    ip_acl_free(settings->acl);
    config_sources_free(settings->sources);
    service_config_clear(&settings->config);
}

bool runtime_settings_stale(const struct runtime_settings *settings, const char *data_folder)
{
    struct error ignored = ERROR_INIT;
    struct file_stamp stamp;
    char path[FILE_PATH_MAX];

    if (data_path_config(data_folder, path, &ignored) && file_stamp(path, &stamp, &ignored)
        && !file_stamp_equal(&stamp, &settings->stamp)) {
        return true;
    }
    return runtime_intune_stale(&settings->intune, data_folder, &settings->config);
}
