/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the rows of a list of known devices and users while it is read: columns, cells in one
 *           normal form, and finding rows by a cell.
 * Not here: the languages of the list (policy_known_read.c), the question (policy_known.c).
 * Owns:     cells and indexes.
 * Threads:  immutable after policy_known_table_index.
 * Spec:     docs/policy.md.
 */
#ifndef OPENNDES_POLICY_POLICY_KNOWN_TABLE_H
#define OPENNDES_POLICY_POLICY_KNOWN_TABLE_H

#include "policy/policy_pattern.h"

#define POLICY_KNOWN_COLUMNS 13u
#define POLICY_KNOWN_CELL_MAX 512u /* bytes */

/* Rows with one value of one column. */
struct policy_known_chain {
    uint32_t first; /* row + 1; 0: none */
    uint32_t count;
};

struct policy_known_table {
    bool has[POLICY_KNOWN_COLUMNS];       /* the list has this column */
    struct buffer texts;                  /* all cells, each with its NUL; begins with a NUL: "" */
    uint32_t *cell[POLICY_KNOWN_COLUMNS]; /* by row: where it begins in texts; 0 empty */
    uint32_t *next[POLICY_KNOWN_COLUMNS]; /* by row: row + 1 of the next with the same value */
    struct policy_known_chain *chain[POLICY_KNOWN_COLUMNS]; /* hash table of `slots` */
    size_t slots;                                           /* a power of two */
    size_t rows;
    size_t capacity; /* rows that fit into cell[] */
};

/* By name without regard to case. */
bool policy_known_column(struct bytes name, size_t *column);
const char *policy_known_column_name(size_t column);
/* The column that holds values of a variable. */
bool policy_known_column_of(enum policy_variable variable, size_t *column);
/*
 * A value in the form in which cells are compared: GUIDs, names of accounts and hosts, addresses in
 * lower case; a MAC without separators; a SID without the tag: URI around it. False: longer than a
 * cell can be.
 */
bool policy_known_normal(size_t column, struct bytes value, char out[POLICY_KNOWN_CELL_MAX + 1]);

/* Errors of all: REASON_KNOWN_LIST, REASON_NO_MEMORY. */
MUST_USE bool policy_known_table_init(struct policy_known_table *table, struct error *err);
void policy_known_table_clear(struct policy_known_table *table);
/* One row more, empty; then its cells. */
MUST_USE bool policy_known_table_row(struct policy_known_table *table, struct error *err);
MUST_USE bool policy_known_table_cell(struct policy_known_table *table, size_t column,
                                      struct bytes value, struct error *err);
/* After the last row. */
MUST_USE bool policy_known_table_index(struct policy_known_table *table, struct error *err);

/* "" when empty. */
const char *policy_known_table_get(const struct policy_known_table *table, size_t column,
                                   size_t row);
/* The rows with this normal value. */
struct policy_known_chain policy_known_table_find(const struct policy_known_table *table,
                                                  size_t column, const char *normal);

#endif
