/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  counters of OCSP questions by what was answered, and whether that cost a signature.
 * Not here: answering (ocsp_face.h), the text at /metrics (metrics_text.h).
 * Owns:     a fixed number of counters.
 * Threads:  any thread, without a lock.
 * Spec:     docs/monitoring.md.
 */
#ifndef OPENNDES_SERVICE_OCSP_COUNTS_H
#define OPENNDES_SERVICE_OCSP_COUNTS_H

#include <stdatomic.h>

#include "ca/ca_ocsp.h"
#include "service/metrics_text.h"

enum ocsp_outcome {
    OCSP_GOOD_SIGNED,
    OCSP_GOOD_KEPT, /* signed for somebody before */
    OCSP_REVOKED_SIGNED,
    OCSP_REVOKED_KEPT,
    OCSP_UNKNOWN_SIGNED,
    OCSP_SEVERAL_SIGNED, /* more than one certificate in one answer */
    OCSP_OTHER_CA,       /* "unauthorized" */
    OCSP_FAILED,
    OCSP_OUTCOMES
};

/* All zero at first. */
struct ocsp_counts {
    atomic_uint_least64_t count[OCSP_OUTCOMES];
};

/* NULL: nobody counts. */
void ocsp_counts_add(struct ocsp_counts *counts, enum ocsp_outcome outcome);
enum ocsp_outcome ocsp_counts_outcome(const struct ca_ocsp_answer *answer);
/* "good", "revoked", "unknown", "several", "unauthorized", "error" */
const char *ocsp_counts_status(enum ocsp_outcome outcome);
/* The whole family; a series for each outcome from the start on, so that increases are seen. */
void ocsp_counts_print(struct ocsp_counts *counts, struct metrics_text *text);

#endif
