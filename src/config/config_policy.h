/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the settings that Group Policy gives: read from the registry, each under the dotted
 *           name of openndes.json.
 * Not here: which value wins (config_overlay.h, config_sources.h), the ADMX (installer/policy).
 * Owns:     the texts of a struct config_policy.
 * Threads:  immutable once read.
 * Spec:     docs/group-policy.md.
 */
#ifndef OPENNDES_CONFIG_CONFIG_POLICY_H
#define OPENNDES_CONFIG_CONFIG_POLICY_H

#include "config/config_keys.h"
#include "platform/registry.h"

/* Where the values come from; tests give their own. `walk` has the contract of registry_walk. */
struct config_policy_source {
    bool (*walk)(void *context, registry_visit *visit, void *visit_context, bool *found,
                 struct error *err);
    void *context;
};

/* HKLM\SOFTWARE\Policies\OpenNDES\OpenNDES; nothing else can take its place in the program. */
extern const struct config_policy_source config_policy_registry;

/* Of the same key, to notice a change. An error: the key cannot be read. */
MUST_USE bool config_policy_stamp(struct registry_stamp *out, struct error *err);
/*
 * Has the policy changed since `loaded`, and is the change complete? Windows takes the values of a
 * policy away and sets the new ones: what was written a moment ago is not read yet, so that no
 * restriction is lifted in between. last_look (all zero at first) is kept by the caller, who looks
 * every second or so.
 */
bool config_policy_changed(const struct registry_stamp *loaded, const struct registry_stamp *found,
                           int64_t now_ms, struct registry_stamp *last_look);

/* Is nobody just writing it, as far as its time tells? */
bool config_policy_settled(const struct registry_stamp *stamp, int64_t now_ms);
/*
 * Wait until it is settled, some seconds at most: for whoever reads it without having looked at it
 * before. *out is the stamp; all zero when it cannot be read.
 */
void config_policy_await(struct registry_stamp *out);

struct config_policy;

/* One value that is of no use: a name that no setting has, or a type that it cannot have. */
struct config_policy_problem {
    char name[96]; /* escaped */
    struct error why;
};
#define CONFIG_POLICY_PROBLEMS_MAX 32u /* names without a setting; more are left out */

/*
 * NULL: REASON_NOT_PERMITTED, REASON_LIMIT, REASON_CONFIG_UNREADABLE, REASON_NO_MEMORY. What is
 * wrong with one value is a problem, not an error.
 */
struct config_policy *config_policy_read(const struct config_policy_source *source,
                                         struct error *err);
void config_policy_free(struct config_policy *policy); /* NULL is allowed */
/*
 * The value for the service's key at this place of its table, as it would be typed; NULL: not set,
 * or of a type that makes no sense (*why, if not NULL, is then set).
 */
const char *config_policy_text(const struct config_policy *policy, size_t index,
                               const struct error **why);
/* Names that no setting has. */
size_t config_policy_unknown(const struct config_policy *policy,
                             const struct config_policy_problem **problems);

#endif
