/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  put a policy's values over those of the file, and decide what takes the place of one
 *           that is not possible.
 * Not here: reading either (config_policy.h, config_load.h), telling about it (config_sources.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     docs/group-policy.md.
 *
 * A typo in a policy reaches every server at once. It must neither stop them all at their next
 * start nor open what was to be closed. So each such value is a problem of its own and
 *   - a service that runs keeps the value it has;
 *   - at the start a setting that restricts (addresses, sign-in, TLS) takes its closed value: of a
 *     list the items that are possible; every other one the value of the file, else its default.
 * Values that are each possible and do not fit together are treated alike; but what a policy closes
 * stays closed, and a switch that needs it open is switched off, whoever has set it.
 */
#ifndef OPENNDES_CONFIG_CONFIG_OVERLAY_H
#define OPENNDES_CONFIG_CONFIG_OVERLAY_H

#include "config/config_policy.h"

/* What became of one key. */
struct config_overlay_mark {
    bool set;         /* the policy has a value for it */
    bool in_force;    /* ... which counts */
    bool closed;      /* the closed value counts */
    bool kept;        /* the value of `previous` counts */
    struct error why; /* set and neither in_force: what is wrong with it */
};

/*
 * config holds the file's values; marks has one element for each of the service's keys, all zero.
 * previous: the values in force, NULL at the start. Rules between keys may still be broken
 * afterwards, when no policy has to do with it. Errors: REASON_NO_MEMORY.
 */
MUST_USE bool config_overlay_apply(const struct config_policy *policy,
                                   const struct service_config *previous,
                                   struct service_config *config, struct config_overlay_mark *marks,
                                   struct error *err);

#endif
