/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the names of a request as values: attributes of the subject, alternative names, those
 *           joined by commas taken apart.
 * Not here: what they are compared with (policy_match_names.c).
 * Owns:     its list; the texts are borrowed from the request and the verdict.
 * Threads:  one comparison, one thread.
 * Spec:     RFC 5280 4.1.2.6, 4.2.1.6.
 */
#ifndef OPENNDES_POLICY_POLICY_MATCH_VALUES_H
#define OPENNDES_POLICY_POLICY_MATCH_VALUES_H

#include "policy/policy_match_internal.h"

#define MATCH_SUBJECT_MAX 64u
#define MATCH_SAN_MAX 256u /* after taking apart */
#define MATCH_OID_MAX 128

/* What can be compared with what. */
struct match_group {
    bool is_subject;
    char oid[MATCH_OID_MAX];   /* of the subject's attribute */
    enum policy_san_type type; /* of the name */
};

struct match_value {
    struct match_group group;
    struct bytes text;
    bool tagged; /* a URI with the strong mapping tag in it */
};

struct match_values {
    struct match_value *item; /* the subject's first */
    size_t count;
    size_t subject_count;
    bool grouped; /* an RDN of several attributes */
};

bool match_group_equal(const struct match_group *a, const struct match_group *b);

/*
 * Read them. Alternative names of kinds that no policy can have are told as denials, *foreign says
 * so. Errors: REASON_SYNTAX, REASON_LIMIT, REASON_NO_MEMORY. match_values_clear in any case.
 */
MUST_USE bool match_values_read(struct policy_matching *m, struct match_values *out, bool *foreign,
                                struct error *err);
void match_values_clear(struct match_values *values);

/*
 * The next piece of a URI or DNS name, or of a pattern of one, that commas join; the whole text for
 * other types. Start with *pos = 0; false at the end. A URI ends only before a comma that a scheme
 * follows: the tag of strong mapping has a comma of its own.
 */
bool match_next_piece(enum policy_san_type type, struct bytes text, size_t *pos,
                      struct bytes *piece);

#endif
