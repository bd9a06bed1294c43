/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the settings of one runtime: openndes.json with what Group Policy says about it, and
 *           what is made from them alone: address lists, sign-in, the connection to Intune.
 * Not here: CAs and templates (runtime.c), one setting's meaning (config/).
 * Owns:     the settings and what is made from them; references on sign-in and the Intune client.
 * Threads:  immutable once loaded.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_SERVICE_RUNTIME_SETTINGS_H
#define OPENNDES_SERVICE_RUNTIME_SETTINGS_H

#include "service/runtime.h"
#include "service/runtime_intune.h"

struct runtime_settings {
    struct service_config config;
    struct file_stamp stamp;            /* of openndes.json */
    struct registry_stamp policy_stamp; /* of Group Policy */
    struct config_sources *sources;     /* NULL: openndes.json is broken */
    struct url_bases urls;
    struct ip_acl *acl;
    struct ip_acl *proxies;
    struct sign_in *sign_in;
    struct runtime_intune intune;
};

/*
 * `previous` may be NULL: then openndes.json has to be whole. Later a broken one is reported and
 * leaves the settings of previous in force. `out` is to be cleared in any case.
 * Errors: those of config_load.h, ip_acl.h, sign_in.h; REASON_NO_MEMORY.
 */
MUST_USE bool runtime_settings_load(struct runtime_settings *out,
                                    const struct runtime_options *options,
                                    const struct runtime_settings *previous, struct error *err);
void runtime_settings_clear(struct runtime_settings *settings);

/* True when openndes.json, or a file that it names, differs from what was loaded. */
bool runtime_settings_stale(const struct runtime_settings *settings, const char *data_folder);

/* A file of the data folder that cannot be used, in log and Event Log. */
void runtime_report_broken(const struct runtime_options *options, const struct error *why,
                           const char *what);

#endif
