/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what GetNextCACert answers, signed once: anybody may ask, and the CA's key would have
 *           to sign each time.
 * Not here: the encoding (scep_cacert.h), HTTP (endpoint.c).
 * Owns:     the signed list, until what it tells of changes.
 * Threads:  any thread.
 * Spec:     RFC 8894 4.7.
 */
#ifndef OPENNDES_ENDPOINT_NEXT_LIST_H
#define OPENNDES_ENDPOINT_NEXT_LIST_H

#include "ca/ca.h"
#include "scep/scep_cacert.h"

struct next_list;

/* The CAs outlive it; next NULL: there is none to tell of. NULL: REASON_NO_MEMORY. */
struct next_list *next_list_create(struct ca *ca, struct ca *next, enum ra_form form,
                                   bool include_root, struct error *err);
void next_list_free(struct next_list *list); /* NULL is allowed */

/*
 * Append it; out NULL: is there one? A next CA whose RA is not in its time, as while the clock is
 * wrong, has none until it is; a list that could not be signed is tried again, at most once a
 * minute. Errors: REASON_NO_NEXT_CA with why.
 */
MUST_USE bool next_list_append(struct next_list *list, struct buffer *out, struct error *err);

#endif
