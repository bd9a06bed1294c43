/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  keep what strangers send from filling log and audit file: of the same from one address
 *           some are written, the others counted, and the counts written once a minute.
 * Not here: what a line or record says (request_log.c), who has to wait (endpoint/rate_limit.h).
 * Owns:     counts of this minute in memory of a fixed size.
 * Threads:  any thread; one short lock. tick and free: one thread, which writes.
 * Spec:     docs/audit.md, "Floods".
 *
 * Files are renamed when they are full, and the oldest goes: whoever may write as many records as
 * he likes can make all others go. So nothing that costs no right is written without bound, and
 * nothing that was not written goes uncounted. What was decided in somebody's favour (issued,
 * waiting, a password) or by an administrator is no stranger's and always written.
 */
#ifndef OPENNDES_SERVICE_FLOOD_DIGEST_H
#define OPENNDES_SERVICE_FLOOD_DIGEST_H

#include "audit/audit.h"
#include "audit/log.h"
#include "base/ip_prefix.h"

#define FLOOD_ROWS 64u /* addresses and reasons that are counted by themselves in a minute */

struct flood_digest;

/* What competes for the same places; one kind pushes out no other. */
enum flood_kind {
    FLOOD_REQUESTS, /* refused before anything was decided: wrong URLs, garbage, 429 */
    FLOOD_MESSAGES, /* SCEP messages that were refused, or answered without deciding anything new */
    FLOOD_QUESTIONS, /* answered, and nothing to decide: GetCACert, CRL, OCSP; in the log only */
    FLOOD_KINDS
};

/* Of one address and reason in a minute, and of all together: a stock that refills. */
struct flood_limit {
    uint32_t of_one;
    uint32_t stock;
    uint32_t per_second;
};
extern const struct flood_limit flood_limits[FLOOD_KINDS];

/* Log and audit outlive the digest and may be NULL. now_us NULL: the system's clock. */
struct flood_options {
    struct log *log;
    struct audit *audit;
    int64_t (*now_us)(void *context);
    void *context;
};

/* Errors: REASON_NO_MEMORY, REASON_INTERNAL. */
struct flood_digest *flood_digest_create(const struct flood_options *options, struct error *err);
/* Writes what is counted. NULL is allowed. */
void flood_digest_free(struct flood_digest *digest);

/* May this one be written? If not, it is counted. */
MUST_USE bool flood_digest_admit(struct flood_digest *digest, enum flood_kind kind,
                                 enum reason reason, const struct ip_address *peer);
/* Once a second: write the counts of a minute that is over. */
void flood_digest_tick(struct flood_digest *digest);

#endif
