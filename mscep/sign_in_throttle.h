/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  count failed sign-ins per client address and say who has to wait.
 * Not here: what a failure is (sign_in.c).
 * Owns:     a bounded table of addresses (base/address_table.h).
 * Threads:  any thread; references are counted, so that the counters outlive a reload.
 * Spec:     none; configuration keys signin.failures, signin.throttle_minutes.
 */
#ifndef OPENNDES_MSCEP_SIGN_IN_THROTTLE_H
#define OPENNDES_MSCEP_SIGN_IN_THROTTLE_H

#include "base/ip_prefix.h"

#define SIGN_IN_THROTTLE_ADDRESSES 4096u

struct sign_in_throttle;

struct sign_in_throttle_rule {
    int64_t failures; /* of one address within period_us; 0: never throttle */
    int64_t period_us;
};

/* One reference. NULL: REASON_NO_MEMORY. */
struct sign_in_throttle *sign_in_throttle_create(struct error *err);
struct sign_in_throttle *sign_in_throttle_ref(struct sign_in_throttle *t);
void sign_in_throttle_unref(struct sign_in_throttle *t); /* NULL is allowed */

/*
 * Seconds this address has to wait, rounded up; 0: none. now_us: clock_monotonic_us. IPv6 addresses
 * count by their /64, which one client has for itself.
 */
unsigned sign_in_throttle_wait(struct sign_in_throttle *t, const struct sign_in_throttle_rule *rule,
                               const struct ip_address *peer, int64_t now_us);
/*
 * Count a failed sign-in. The failure that reaches the rule's number makes the address wait for a
 * whole period. A full table forgets whoever has failed least often, of these the quietest.
 */
void sign_in_throttle_count(struct sign_in_throttle *t, const struct sign_in_throttle_rule *rule,
                            const struct ip_address *peer, int64_t now_us);
/* How many addresses have to wait just now. */
unsigned sign_in_throttle_waiting(struct sign_in_throttle *t,
                                  const struct sign_in_throttle_rule *rule, int64_t now_us);

#endif
