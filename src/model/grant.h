/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what a challenge check allowed, and the ticket to confirm or give it back later.
 * Not here: the check (challenge/, intune/).
 * Owns:     its ticket.
 * Threads:  one request, one thread.
 * Spec:     none.
 */
#ifndef OPENNDES_MODEL_GRANT_H
#define OPENNDES_MODEL_GRANT_H

#include "base/buffer.h"

struct grant {
    const char *challenge_type; /* "static": constant text for audit */
    int64_t reservation;        /* one-time password that the commit spends; 0: nothing to spend */
    struct buffer ticket;       /* remote validator's sealed handle for its notifications; empty:
                                   none */
    char correlation_id[40];    /* remote validator's id of its call, for log and audit; "" none */
};

#define GRANT_INIT                                                                                 \
    {                                                                                              \
        NULL, 0, BUFFER_INIT(98304),                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

void grant_clear(struct grant *grant); /* NULL is allowed */

#endif
