/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a policy as text in our own JSON: the normal form.
 * Not here: reading it back (policy_load.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/policy.md; docs/policy/scep-policy.schema.json.
 */
#ifndef OPENNDES_POLICY_POLICY_DUMP_H
#define OPENNDES_POLICY_POLICY_DUMP_H

#include "policy/policy.h"

struct json;

/*
 * The rules alone, defaults left out, so that the same profile gives the same text from whichever
 * language; all: also what only lint looks at (source, platform, store, ...). Loading it gives an
 * equal policy. Owned; NULL with an error.
 */
struct json *policy_dump_json(const struct policy *p, bool all, struct error *err);

#endif
