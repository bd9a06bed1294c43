/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  checked work on UTF-8 text: compare, trim, numbers, hex, escaping, patterns.
 * Not here: growing text (buffer_printf), UTF-16 (platform/win32/wide.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 3629 (UTF-8).
 */
#ifndef OPENNDES_BASE_TEXT_H
#define OPENNDES_BASE_TEXT_H

#include "base/buffer.h"

/* ASCII letters compared without case; other bytes exactly. */
bool text_equal_nocase(const char *a, const char *b);
/* True when `text` begins with `prefix`, ASCII letters without case. */
bool text_starts_nocase(const char *text, const char *prefix);
/* Copy with NUL; false when `size` bytes do not hold it (then dst is ""). */
MUST_USE bool text_copy(char *dst, size_t size, const char *src);
/* snprintf that reports truncation as false (dst then holds the cut text). */
MUST_USE bool text_format(char *dst, size_t size, const char *format, ...) PRINTF_FORMAT(3, 4);
/* Owned copy (free()); NULL when out of memory. */
char *text_dup(const char *text);
char *text_dup_bytes(struct bytes bytes);
/* View without ASCII white space at both ends. */
struct bytes text_trim(struct bytes text);

/* Well-formed UTF-8 without NUL, surrogates or overlong forms. */
bool text_utf8_valid(struct bytes text);
/* Append one code point as UTF-8. Errors: REASON_SYNTAX for surrogates and > U+10FFFF. */
MUST_USE bool text_append_utf8(struct buffer *out, uint32_t code_point, struct error *err);
/* Decode the code point at *pos and move *pos on; false at malformed input. */
MUST_USE bool text_next_utf8(struct bytes text, size_t *pos, uint32_t *code_point);

/*
 * Peer text for a log line: printable ASCII and valid UTF-8 letters stay, control characters,
 * quotes, backslash and malformed bytes become \xNN, Unicode controls, bidi and line separators
 * become \u{NNNN}; cut with "..." when it does not fit. dst always ends in NUL. size >= 8.
 */
void text_escape(char *dst, size_t size, struct bytes text);
/* The same for a sentence of somebody else's, which is read by people: apostrophes stay. */
void text_escape_sentence(char *dst, size_t size, struct bytes text);

/* Whole decimal number 0..max, no sign, no spaces. */
MUST_USE bool text_parse_u64(struct bytes text, uint64_t max, uint64_t *value);
/* Lower-case hex with NUL; dst needs 2*len+1 bytes, cut when smaller. */
void text_hex(char *dst, size_t size, struct bytes bytes);
/*
 * Hex digits of either case, even count, to bytes; *len gets the number. False on anything else or
 * no room.
 */
MUST_USE bool text_unhex(uint8_t *dst, size_t size, size_t *len, struct bytes text);

/*
 * Pattern with * (any run) and ? (one character), ASCII letters without case; linear time in
 * text*pattern.
 */
bool text_glob(const char *pattern, struct bytes text);

/*
 * Walk over a list split at `separator`; items are trimmed, empty ones skipped.
 * Start with *pos = 0; false at the end.
 */
bool text_next_item(struct bytes list, char separator, size_t *pos, struct bytes *item);

/* The text, or "" for NULL. */
const char *text_or_empty(const char *text);

#endif
