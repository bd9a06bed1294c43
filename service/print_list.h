/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a list on standard output, as lines for people or as one JSON array, printed in pieces:
 *           a list of a million rows takes no more memory than one of a thousand.
 * Not here: a single JSON value (commands.h), what a row says (the commands).
 * Owns:     what is not printed yet.
 * Threads:  one owner.
 * Spec:     none.
 */
#ifndef OPENNDES_SERVICE_PRINT_LIST_H
#define OPENNDES_SERVICE_PRINT_LIST_H

#include "base/buffer.h"

struct json;

struct print_list {
    bool json;
    size_t count; /* rows so far */
    struct buffer text;
};

/* Nothing is printed before the first flush: what fails before that has said nothing. */
void print_list_begin(struct print_list *list, bool json);
/* One row, of the kind that was begun. NULL and what no page can hold: REASON_NO_MEMORY, _LIMIT. */
MUST_USE bool print_list_add_json(struct print_list *list, struct json *take_value,
                                  struct error *err);
MUST_USE bool print_list_add_line(struct print_list *list, struct error *err, const char *format,
                                  ...) PRINTF_FORMAT(3, 4);
/* Print what was added. Not during a visit of the store: a terminal may be slow. */
void print_list_flush(struct print_list *list);
/* The end of the array; `nothing` is what people read instead of an empty list. */
MUST_USE bool print_list_end(struct print_list *list, const char *nothing, struct error *err);
void print_list_clear(struct print_list *list); /* forgets what was not printed */

#endif
