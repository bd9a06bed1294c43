/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a list of glob patterns of which a name must fit one.
 * Not here: how a pattern matches (text_glob).
 * Owns:     copies of the patterns.
 * Threads:  immutable after filling.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_TEMPLATE_TEMPLATE_PATTERNS_H
#define OPENNDES_TEMPLATE_TEMPLATE_PATTERNS_H

#include "base/buffer.h"

struct template_patterns {
    char **items;
    size_t count;
};

/* Fill from a comma list; NULL or empty: no patterns. Errors: REASON_NO_MEMORY. */
MUST_USE bool template_patterns_init(struct template_patterns *p, const char *list,
                                     struct error *err);
void template_patterns_clear(struct template_patterns *p); /* NULL is allowed */
/* True when there are no patterns, or one fits. */
bool template_patterns_allow(const struct template_patterns *p, struct bytes text);

#endif
