/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  give each of several values to one of several patterns, so that every variable stands
 *           for one value throughout; bounded.
 * Not here: where values and patterns come from (policy_match_names.c), one pattern alone
 *           (policy_pattern.h).
 * Owns:     nothing: arrays are the caller's.
 * Threads:  pure; any thread.
 * Spec:     docs/policy.md (variables).
 *
 * All ways are tried, in the order of the rows and leftmost-shortest within a pattern; what is on
 * the way stands in an array of frames, not on the stack.
 */
#ifndef OPENNDES_POLICY_POLICY_SEARCH_H
#define OPENNDES_POLICY_POLICY_SEARCH_H

#include "policy/policy_pattern.h"

#define POLICY_PARTS_MAX 33u /* sixteen variables and the text around them */
#define POLICY_PART_VARIABLES 16u

/* A piece of a pattern: literal text, or a variable. */
struct policy_part {
    bool is_variable;
    enum policy_variable variable;
    struct bytes text; /* of the literal; name of the variable */
};

struct policy_parts {
    size_t count;
    struct policy_part item[POLICY_PARTS_MAX];
};

/* Take a pattern apart; false: too many variables. Borrowed from the pattern. */
bool policy_parts_read(struct bytes pattern, struct policy_parts *out);

struct policy_search_row {
    const struct policy_parts *parts;
    unsigned min, max; /* values it takes */
    size_t twin;       /* the first row of max 1 that takes the same values as often; else itself */
    unsigned load;     /* values it has now */
};

struct policy_search_frame {
    uint16_t value; /* in the order of the values */
    uint16_t row;
    uint16_t part;     /* POLICY_FRAME_ROW: the choice is the row; else how far a variable goes */
    uint16_t bindings; /* how many there were */
    uint32_t at, end;
};
#define POLICY_FRAME_ROW 0xffffu
#define POLICY_NO_ROW 0xffffu

/* Where it got no further: the deepest place, a conflict before anything else. */
struct policy_search_failure {
    bool is_set;
    size_t value, row, part;
    bool conflict;        /* the variable stands for another value already */
    struct bytes earlier; /* that value */
};

struct policy_search {
    const struct policy *policy; /* domain lists */
    struct policy_search_row *row;
    size_t row_count;
    const struct bytes *value;
    size_t value_count;
    const uint8_t *fits; /* [value * row_count + row]; NULL: every row is possible */
    const size_t *order; /* in which values are given away; NULL: as they are */
    struct policy_bindings *bindings;
    unsigned steps; /* left */
    bool exhausted; /* they did not suffice */
    struct policy_search_frame *frame;
    size_t frame_max; /* value_count * (1 + POLICY_PART_VARIABLES) suffices */
    size_t *assigned; /* out: row of each value; NULL: not asked for */
    /* Is this way, of which all is bound, the one? NULL: the first is. Costs steps. */
    bool (*accept)(void *context, const struct policy_bindings *bindings);
    void *accept_context;
    struct policy_search_failure failure;
};

/*
 * False: there is no way, or none was found in the steps; bindings are then as they were. Loads
 * are 0 at the start, and mean nothing after a failure.
 */
bool policy_search_run(struct policy_search *search);

#endif
