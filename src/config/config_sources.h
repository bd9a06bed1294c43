/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the settings of the service and where each of them comes from: Group Policy, then
 *           openndes.json, then the default.
 * Not here: reading them (config_load.h, config_policy.h), which value wins (config_overlay.h).
 * Owns:     a struct config_sources its texts.
 * Threads:  immutable once loaded.
 * Spec:     docs/group-policy.md.
 */
#ifndef OPENNDES_CONFIG_CONFIG_SOURCES_H
#define OPENNDES_CONFIG_CONFIG_SOURCES_H

#include "config/config_policy.h"

enum config_source {
    CONFIG_SOURCE_DEFAULT,
    CONFIG_SOURCE_FILE,
    CONFIG_SOURCE_POLICY,
    CONFIG_SOURCE_CLOSED, /* the policy's value is not possible; the setting restricts */
    CONFIG_SOURCE_KEPT    /* the policy's value is not possible; what was in force before */
};

struct config_sources;

struct config_sources_options {
    const char *data_folder;
    const struct config_policy_source *policy; /* NULL: the registry */
    const struct service_config *previous;     /* in force now; NULL at the start */
};

/*
 * Load as config_load_service does. *sources (may be NULL) is owned: config_sources_free. out need
 * not be initialised; it is all zero on failure. Errors: as config_load_service.
 */
MUST_USE bool config_sources_load(const struct config_sources_options *options,
                                  struct service_config *out, struct config_sources **sources,
                                  struct error *err);
void config_sources_free(struct config_sources *sources); /* NULL is allowed */

/* One key, for the time of a visit; texts as they would be typed. */
struct config_source_view {
    const struct config_key *key;
    enum config_source source;   /* of the value in force */
    const char *value;           /* in force */
    const char *file;            /* NULL: the file does not have it */
    const char *policy;          /* NULL: no policy sets it, or with a type that makes no sense */
    const struct error *problem; /* why the policy's value does not count; NULL: nothing wrong */
};
typedef bool config_source_visit(void *context, const struct config_source_view *view,
                                 struct error *err);

/* Every key of the service but internal ones, in the order of the table. False is handed on. */
MUST_USE bool config_sources_visit(const struct config_sources *sources, config_source_visit *visit,
                                   void *context, struct error *err);
/* One key; *found false: the service has none of this name. */
MUST_USE bool config_sources_visit_key(const struct config_sources *sources, const char *name,
                                       config_source_visit *visit, void *context, bool *found,
                                       struct error *err);

/* What is wrong with the policy, one after the other; false behind the last. name is escaped. */
bool config_sources_problem(const struct config_sources *sources, size_t index, const char **name,
                            const struct error **why);
/* The keys that a policy sets, joined by ", "; "" none. */
const char *config_sources_policy_keys(const struct config_sources *sources);

/* "policy", "file", "default", "closed", "kept". */
const char *config_source_name(enum config_source source);

#endif
