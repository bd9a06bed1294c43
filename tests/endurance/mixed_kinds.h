/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a mixed load consists of: each kind of request with its weight, and the judgement
 *           of its answer.
 * Not here: connections and messages (mixed_device.h).
 * Owns:     nothing.
 * Threads:  one device, one thread.
 * Spec:     RFC 8894 3, 4.
 */
#ifndef OPENNDES_TESTS_ENDURANCE_MIXED_KINDS_H
#define OPENNDES_TESTS_ENDURANCE_MIXED_KINDS_H

#include "endurance/mixed_device.h"

struct mixed_kind {
    const char *name;
    unsigned weight;
    /* One request and what belongs to it; a surprise has been told to the ledger. */
    enum outcome (*run)(struct device *d);
};

extern const struct mixed_kind mixed_kinds[];
extern const size_t mixed_kind_count;

/* mixed_questions.c: all that asks for no certificate. */
enum outcome ask_caps(struct device *d);
enum outcome ask_cacert(struct device *d);
enum outcome ask_chain(struct device *d);
enum outcome ask_help(struct device *d);
enum outcome ask_page_without_sign_in(struct device *d);
enum outcome ask_cert(struct device *d);
enum outcome ask_crl_by_message(struct device *d);
enum outcome ask_crl(struct device *d);
enum outcome ask_ocsp(struct device *d);
enum outcome ask_metrics(struct device *d);
enum outcome ask_nonsense(struct device *d);

/* Tells the ledger, and OUTCOME_SURPRISE. */
enum outcome mixed_surprise(struct device *d, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
