/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  decode a body as the runtimes of scrapers do, and search in the text as their
 *           expressions do.
 * Not here: the scrapers (test_ndes_scrapers.c).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 2781 (UTF-16).
 */
#ifndef OPENNDES_TESTS_MSCEP_SCRAPER_TEXT_H
#define OPENNDES_TESTS_MSCEP_SCRAPER_TEXT_H

#include "base/buffer.h"

/* What is in front of UTF-16 text. */
enum byte_order_mark { BOM_NONE, BOM_LITTLE, BOM_BIG };
enum byte_order_mark body_mark(struct bytes body);

/* UTF-16 in one byte order to UTF-8; a mark in front stays as U+FEFF. False: malformed. */
MUST_USE bool body_utf16(struct bytes body, bool big_endian, struct buffer *text);
/*
 * The order that the mark says, and the mark away; without one the order given. Python's "utf-16",
 * iconv and BeautifulSoup: little-endian (as their machines). Java's UTF_16: big-endian.
 */
MUST_USE bool body_utf16_marked(struct bytes body, bool big_endian, struct buffer *text);

/* Where `needle` stands in `text`, ASCII letters without case; NULL: nowhere. */
const char *text_find_nocase(const char *text, const char *needle);
/* The last place; NULL: nowhere. */
const char *text_find_last(const char *text, const char *needle);

/* Characters at the beginning of text that are of a class. */
size_t run_hex(const char *text);          /* [0-9A-Fa-f]* */
size_t run_upper_digits(const char *text); /* [A-Z0-9]* */
size_t run_word(const char *text);         /* \w*, ASCII */
size_t run_not_space(const char *text);    /* \S* */

#endif
