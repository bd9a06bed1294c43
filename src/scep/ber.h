/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  walk BER with hard limits: definite and indefinite lengths, nesting, segments; never
 *           reads outside its bytes.
 * Not here: what the elements mean (scep_preparse.h), writing (der_writer.h).
 * Owns:     nothing: all views point into the input.
 * Threads:  pure functions.
 * Spec:     ITU-T X.690 8.
 */
#ifndef OPENNDES_SCEP_BER_H
#define OPENNDES_SCEP_BER_H

#include "base/buffer.h"

enum { BER_CLASS_UNIVERSAL = 0, BER_CLASS_CONTEXT = 2 };

/* Universal tag numbers. */
enum {
    BER_INTEGER = 2,
    BER_BIT_STRING = 3,
    BER_OCTET_STRING = 4,
    BER_NULL = 5,
    BER_OID = 6,
    BER_UTF8_STRING = 12,
    BER_SEQUENCE = 16,
    BER_SET = 17,
    BER_PRINTABLE_STRING = 19,
    BER_T61_STRING = 20,
    BER_IA5_STRING = 22,
    BER_UTC_TIME = 23,
    BER_GENERALIZED_TIME = 24,
    BER_VISIBLE_STRING = 26,
    BER_BMP_STRING = 30
};

struct ber_element {
    uint8_t tag_class; /* 0..3 */
    bool constructed;
    uint32_t tag;         /* number */
    struct bytes content; /* without the end-of-contents octets */
    struct bytes whole;   /* with header (and end-of-contents) */
};

/* A position inside a sequence of elements. */
struct ber_reader {
    struct bytes rest;
    unsigned
        depth; /* nesting of what is read, checked against LIMIT_BER_DEPTH; the outermost is 1 */
};

struct ber_reader ber_reader_of(struct bytes content, unsigned depth);
bool ber_at_end(const struct ber_reader *r);
/*
 * Read the next element whatever it is; indefinite lengths are measured to their end.
 * Errors: REASON_BER_LENGTH, REASON_BER_DEPTH.
 */
MUST_USE bool ber_next(struct ber_reader *r, struct ber_element *out, struct error *err);
/*
 * Read the next element, which must have this class and tag; SEQUENCE, SET and context tags with
 * `constructed` content are told apart by the caller. Errors: as above, REASON_NOT_CMS.
 */
MUST_USE bool ber_expect(struct ber_reader *r, uint8_t tag_class, uint32_t tag,
                         struct ber_element *out, struct error *err);
/* True when the next element has this class and tag; it is not read. */
bool ber_next_is(const struct ber_reader *r, uint8_t tag_class, uint32_t tag);
/* Reader for the content of a constructed element. */
struct ber_reader ber_enter(const struct ber_reader *parent, const struct ber_element *element);
/*
 * Check the whole tree below `input` once, in one pass: limits, exactly one element, nothing behind
 * it but CR, LF or NUL if tolerant. *used gets the element's length. Errors: REASON_BER_LENGTH,
 * REASON_BER_DEPTH, REASON_BER_TRAILING.
 */
MUST_USE bool ber_check(struct bytes input, bool tolerant_tail, size_t *used, struct error *err);
/*
 * Join the segments of an OCTET STRING (primitive or constructed, also with an implicit tag or of a
 * string type, which X.690 8.23.6 treats alike); appended. Errors: REASON_BER_SEGMENTS, those of
 * ber_check and of buffer_append.
 */
MUST_USE bool ber_octets(const struct ber_element *element, struct buffer *out, struct error *err);
/* Only count what ber_octets would append. */
MUST_USE bool ber_octets_size(const struct ber_element *element, size_t *size, struct error *err);

#endif
