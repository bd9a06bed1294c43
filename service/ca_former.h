/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  former RAs of a CA, printed for people and as JSON.
 * Not here: everything else that "ca show" tells (cmd_ca.c).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/ca.md.
 */
#ifndef OPENNDES_SERVICE_CA_FORMER_H
#define OPENNDES_SERVICE_CA_FORMER_H

#include "base/json.h"
#include "ca/ra_sets.h"

void ca_former_print(const struct ra_sets *ras);
/* As "ra_former", an empty array when ras is NULL, so that a script need not ask. */
MUST_USE bool ca_former_put(struct json *row, const struct ra_sets *ras, struct error *err);
/* What a replacement has done with them. */
void ca_former_print_change(const char *name, const struct ca_ra_change *change);

#endif
