/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the nearest known word to what somebody typed, for "did you mean".
 * Not here: the words (config_keys.h, config_names.h).
 * Owns:     nothing; words are borrowed.
 * Threads:  pure functions.
 * Spec:     none.
 */
#ifndef OPENNDES_CONFIG_CONFIG_SUGGEST_H
#define OPENNDES_CONFIG_CONFIG_SUGGEST_H

#include "base/error.h"

/* Start with { typed, NULL, 0 }, offer every candidate, read `best`. */
struct config_suggest {
    const char *typed;
    const char *best; /* NULL: nothing is near enough */
    size_t distance;  /* of best */
};

/* Compare `typed` with `word` (case ignored) and keep `result` when it is the nearest so far. */
void config_suggest_offer(struct config_suggest *s, const char *word, const char *result);
/* The nearest of a list that ends in NULL; NULL when nothing is near. */
const char *config_suggest_word(const char *typed, const char *const *words);

#endif
