/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the rows of the key table.
 * Not here: finding one (config_keys.h), rules between keys (config_rules.h).
 * Owns:     nothing; the tables are constant.
 * Threads:  any thread.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_CONFIG_CONFIG_TABLES_H
#define OPENNDES_CONFIG_CONFIG_TABLES_H

#include "config/config_keys.h"

/* The table of a scope, in the order in which people read it. */
const struct config_key *config_tables_keys(enum config_scope scope, size_t *count);

#endif
