/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  read a list of known devices and users from CSV or JSON into a table.
 * Not here: what the rows are for (policy_known.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 4180 (CSV), RFC 8259 (JSON).
 */
#ifndef OPENNDES_POLICY_POLICY_KNOWN_READ_H
#define OPENNDES_POLICY_POLICY_KNOWN_READ_H

#include "policy/policy_known_table.h"

/*
 * The first byte that is no space decides: '[' or '{' JSON, else CSV. Not indexed yet.
 * Errors: REASON_KNOWN_LIST with the line (CSV) or the row (JSON), REASON_NO_MEMORY.
 */
MUST_USE bool policy_known_read(struct policy_known_table *table, struct bytes text,
                                struct error *err);

#endif
