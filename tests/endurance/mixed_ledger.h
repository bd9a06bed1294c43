/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a mixed load has been answered: certificates with their serials, counts by kind
 *           and outcome, times, and what nobody expected.
 * Not here: requests (mixed_kinds.c).
 * Owns:     its records, until ledger_free.
 * Threads:  any, at once.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_ENDURANCE_MIXED_LEDGER_H
#define OPENNDES_TESTS_ENDURANCE_MIXED_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LEDGER_KINDS_MAX 32

enum outcome {
    OUTCOME_OK, /* an answer as it must be, and no certificate in it */
    OUTCOME_ISSUED,
    OUTCOME_REPEATED,
    OUTCOME_PENDING,
    OUTCOME_REFUSED, /* as it must be */
    OUTCOME_SURPRISE,
    OUTCOMES
};

struct ledger;
struct ledger *ledger_create(void); /* a failure ends the program, as everywhere here */
void ledger_free(struct ledger *ledger);

/* A certificate that was handed out for the first time. False: its serial came before. */
bool ledger_issued(struct ledger *ledger, const char *serial);
/* It is the administrator's from now on: no device uses it. Written to `given` at once. */
void ledger_given(struct ledger *ledger, const char *serial, FILE *given);
/* One answer of a kind; `seconds` it took. */
void ledger_count(struct ledger *ledger, size_t kind, enum outcome outcome, double seconds);
/* Something that must not be; the first hundred are printed at once, with the time. */
void ledger_surprise(struct ledger *ledger, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Counts and times, one line for each kind; `names` has `kinds` names. */
void ledger_print(struct ledger *ledger, const char *const *names, size_t kinds, FILE *to);
bool ledger_write_serials(struct ledger *ledger, const char *path);
size_t ledger_surprises(struct ledger *ledger);

#endif
