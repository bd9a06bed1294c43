/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ocsp_counts.h"

static const struct {
    const char *status;
    const char *source;
} outcomes[OCSP_OUTCOMES] = {
    [OCSP_GOOD_SIGNED] = { "good", "signed" },
    [OCSP_GOOD_KEPT] = { "good", "cached" },
    [OCSP_REVOKED_SIGNED] = { "revoked", "signed" },
    [OCSP_REVOKED_KEPT] = { "revoked", "cached" },
    [OCSP_UNKNOWN_SIGNED] = { "unknown", "signed" },
    [OCSP_SEVERAL_SIGNED] = { "several", "signed" },
    [OCSP_OTHER_CA] = { "unauthorized", "unsigned" },
    [OCSP_FAILED] = { "error", "unsigned" },
};

void ocsp_counts_add(struct ocsp_counts *counts, enum ocsp_outcome outcome)
{
    if (counts != NULL) {
        (void)atomic_fetch_add_explicit(&counts->count[outcome], 1, memory_order_relaxed);
    }
}

enum ocsp_outcome ocsp_counts_outcome(const struct ca_ocsp_answer *answer)
{
    if (!answer->authorized) {
        return OCSP_OTHER_CA;
    }
    if (answer->count > 1) {
        return OCSP_SEVERAL_SIGNED;
    }
    switch (answer->status.status) {
    case OCSP_GOOD:
        return answer->cached ? OCSP_GOOD_KEPT : OCSP_GOOD_SIGNED;
    case OCSP_REVOKED:
        return answer->cached ? OCSP_REVOKED_KEPT : OCSP_REVOKED_SIGNED;
    case OCSP_UNKNOWN:
        break;
    }
    return OCSP_UNKNOWN_SIGNED;
}

const char *ocsp_counts_status(enum ocsp_outcome outcome)
{
    return outcomes[outcome].status;
}

void ocsp_counts_print(struct ocsp_counts *counts, struct metrics_text *text)
{
    metrics_text_begin(text, METRIC_OCSP);
    for (size_t i = 0; i < OCSP_OUTCOMES; i++) {
        const struct metrics_label labels[] = { { "status", outcomes[i].status },
                                                { "source", outcomes[i].source },
                                                { NULL, NULL } };

        metrics_text_number(text, labels,
                            atomic_load_explicit(&counts->count[i], memory_order_relaxed));
    }
}
