/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  half-finished sign-ins: each belongs to a connection, lives for seconds, and there are
 *           only so many.
 * Not here: the legs themselves (sign_in_negotiate.c).
 * Owns:     the contexts; a connection keeps only a ticket.
 * Threads:  any thread; references are counted, so that a sign-in survives a reload. A context is
 *           taken out for each leg, so one thread has it.
 * Spec:     RFC 4559 6.
 */
#ifndef OPENNDES_MSCEP_SIGN_IN_PENDING_H
#define OPENNDES_MSCEP_SIGN_IN_PENDING_H

#include "http/http_connection.h"
#include "mscep/sign_in_header.h"
#include "platform/negotiate.h"

#define SIGN_IN_PENDING_MAX 256u
#define SIGN_IN_PENDING_US INT64_C(10000000) /* from the first leg to the last */

struct sign_in_pending;

struct sign_in_half {
    struct negotiate_context *context; /* owned; NULL: none */
    enum sign_in_scheme scheme;
    int64_t started_us; /* clock_monotonic_us of the first leg */
};

/* One reference. NULL: REASON_NO_MEMORY. */
struct sign_in_pending *sign_in_pending_create(struct error *err);
struct sign_in_pending *sign_in_pending_ref(struct sign_in_pending *p);
void sign_in_pending_unref(struct sign_in_pending *p); /* NULL is allowed */

/*
 * Keep a sign-in for the connection's next request; what it had goes. Sign-ins that took too long
 * go as well, and when SIGN_IN_PENDING_MAX are kept the oldest makes room: whoever opens many
 * cannot lock others out, whose legs follow within milliseconds. Errors: REASON_NO_MEMORY.
 */
MUST_USE bool sign_in_pending_keep(struct sign_in_pending *p, struct http_connection *connection,
                                   const struct sign_in_half *take_half, int64_t now_us,
                                   struct error *err);
/* Take the connection's sign-in out; without context when there is none, or no longer. */
struct sign_in_half sign_in_pending_take(struct sign_in_pending *p,
                                         struct http_connection *connection, int64_t now_us);
/* How many are kept. */
size_t sign_in_pending_count(struct sign_in_pending *p);

#endif
