/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what settings demand of each other.
 * Not here: rules for one value (config_keys.c, config_value.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_CONFIG_CONFIG_RULES_H
#define OPENNDES_CONFIG_CONFIG_RULES_H

#include "config/config_keys.h"
#include "config/config_place.h"

/* Errors: REASON_CONFIG_CONFLICT at the key that an administrator would change. `config` is the
 * struct of the scope. */
MUST_USE bool config_rules_check(enum config_scope scope, const void *config,
                                 const struct config_place *place, struct error *err);
/*
 * The first rule of the service's settings that does not hold: true with its two keys (constant
 * texts), the first is the one that the message in `why` is about. False: all hold.
 */
bool config_rules_broken(const struct service_config *config, const char *keys[2],
                         struct error *why);

#endif
