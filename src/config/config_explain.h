/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the key table as text for people: a terminal, or the tables of docs/configuration.md.
 * Not here: the table (config_keys.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_CONFIG_CONFIG_EXPLAIN_H
#define OPENNDES_CONFIG_CONFIG_EXPLAIN_H

#include "config/config_keys.h"

/* Append one key as a paragraph. */
MUST_USE bool config_explain_key(enum config_scope scope, const struct config_key *key,
                                 struct buffer *out, struct error *err);
/* Append a heading and every key of a scope, grouped by the first part of the name. */
MUST_USE bool config_explain_all(enum config_scope scope, struct buffer *out, struct error *err);
/* Append a heading and a table of a scope in Markdown. */
MUST_USE bool config_explain_markdown(enum config_scope scope, struct buffer *out,
                                      struct error *err);

#endif
