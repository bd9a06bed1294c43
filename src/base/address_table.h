/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  counts of client addresses in memory of a fixed size.
 * Not here: what is counted and what follows from it (endpoint/rate_limit.h,
 *           mscep/sign_in_throttle.h).
 * Owns:     the table.
 * Threads:  none of its own: the owner's lock guards every call and the entries.
 * Spec:     SipHash-2-4 (Aumasson, Bernstein 2012), so that nobody can choose addresses that meet
 *           in one row.
 */
#ifndef OPENNDES_BASE_ADDRESS_TABLE_H
#define OPENNDES_BASE_ADDRESS_TABLE_H

#include "base/ip_prefix.h"

struct address_table;

struct address_entry {
    struct ip_address address; /* as it is counted */
    uint32_t scope;            /* the owner's: of a template, say; counts of one are no other's */
    uint32_t count;            /* 0: a free place */
    int64_t first_us;
    int64_t last_us;
};

/* An address as it is counted: of IPv6 the first 64 bits, which one client has for itself. */
struct ip_address address_counted(const struct ip_address *peer);
/* Its text; "2001:db8:0:1::/64" for IPv6. */
void address_counted_format(const struct ip_address *address, char text[IP_TEXT_MAX]);

/*
 * rows * row_entries places. A look-up looks at one row; with one row the table is exact, and a
 * look-up costs as much as it has places. Errors: REASON_NO_MEMORY, REASON_INTERNAL (no
 * randomness).
 */
struct address_table *address_table_create(size_t rows, size_t row_entries, struct error *err);
void address_table_free(struct address_table *t); /* NULL is allowed */

/* NULL: nothing is counted for this peer. */
struct address_entry *address_table_find(struct address_table *t, uint32_t scope,
                                         const struct ip_address *peer);
/*
 * Its entry, or a new one with count 0 and both times now_us, which the caller counts up. In a row
 * that is full goes whoever has been quiet for period_us; otherwise the one with the lowest count,
 * and among these the quietest: many addresses that come once do not push out one that has come
 * often.
 */
struct address_entry *address_table_take(struct address_table *t, uint32_t scope,
                                         const struct ip_address *peer, int64_t period_us,
                                         int64_t now_us);

/* All places, also free ones. */
size_t address_table_places(const struct address_table *t);
const struct address_entry *address_table_at(const struct address_table *t, size_t place);

#endif
