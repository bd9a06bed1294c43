/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  every member of our own format in one table: reading, dumping and the schema's test
 *           go through it.
 * Not here: reading JSON (policy_load_own_json.c), writing it (policy_dump.c).
 * Owns:     nothing.
 * Threads:  constants.
 * Spec:     docs/policy.md; docs/policy/scep-policy.schema.json.
 */
#ifndef OPENNDES_POLICY_POLICY_OWN_H
#define OPENNDES_POLICY_POLICY_OWN_H

#include "policy/policy.h"

enum policy_own_kind {
    /* at an offset of struct policy */
    POLICY_OWN_WORD,    /* unsigned: an enum with a list of words; 0 is left out */
    POLICY_OWN_INTEGER, /* int64_t; `unset` is left out */
    POLICY_OWN_BOOL,
    POLICY_OWN_TEXT,
    POLICY_OWN_TEXTS,
    /* with rules of their own */
    POLICY_OWN_NAME,
    POLICY_OWN_SUBJECT,
    POLICY_OWN_KEY_USAGE,
    POLICY_OWN_EKU,
    POLICY_OWN_KEY_TYPE,
    POLICY_OWN_KEY_BITS,
    POLICY_OWN_HASH,
    POLICY_OWN_UNIT,
    POLICY_OWN_SID,
    POLICY_OWN_SAN_TYPE, /* the members of an item of "san" */
    POLICY_OWN_SAN_TEMPLATE,
    POLICY_OWN_SAN_MIN,
    POLICY_OWN_SAN_MAX
};

struct policy_own_field {
    const char *object; /* "" at the top; "san": in each item */
    const char *name;
    enum policy_own_kind kind;
    bool required; /* within its object */
    bool fact;     /* only in a full dump */
    size_t offset;
    enum policy_words words;
    int64_t min, max, unset;
};

/* In the order of a dump: fields of one object stand together. */
const struct policy_own_field *policy_own_fields(size_t *count);

/* The field's place in a policy. */
const void *policy_own_read(const struct policy *p, const struct policy_own_field *field);
void *policy_own_write(struct policy *p, const struct policy_own_field *field);

#endif
