/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  write strict DER: definite minimal lengths, SET OF sorted on request.
 * Not here: what is written (scep_reply.h, scep_seal.h, scep_cacert.h), reading (ber.h).
 * Owns:     nothing: bytes go to the caller's buffer.
 * Threads:  one owner.
 * Spec:     ITU-T X.690 10 and 11.
 */
#ifndef OPENNDES_SCEP_DER_WRITER_H
#define OPENNDES_SCEP_DER_WRITER_H

#include "base/buffer.h"
#include "scep/scep_oid.h"

/* Identifier octets. */
enum {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0x80,             /* primitive */
    DER_CONTEXT_0_CONSTRUCTED = 0xa0, /* add the number of the tag */
};

#define DER_NESTING_MAX 16
#define DER_SET_MAX 16

/*
 * Why one struct with a memory for failure: a structure is then written as it is read, line by
 * line, and success is asked for once, by der_finish.
 */
struct der_writer {
    struct buffer *out;
    struct error *err;
    size_t start;                 /* length of `out` before the first byte */
    size_t open[DER_NESTING_MAX]; /* where the contents of the open elements begin */
    size_t depth;
    bool failed;
};

/* `out` gets bytes appended; both stay the caller's. */
struct der_writer der_writer_to(struct buffer *out, struct error *err);
void der_open(struct der_writer *w, uint8_t tag);
void der_close(struct der_writer *w);
/*
 * Close a SET OF (whatever its tag) and sort its elements, X.690 11.6; at most DER_SET_MAX of them.
 */
void der_close_set_of(struct der_writer *w);
/* A primitive element. */
void der_put(struct der_writer *w, uint8_t tag, struct bytes content);
void der_put_oid(struct der_writer *w, enum scep_oid oid);
/* INTEGER 0..127 */
void der_put_small(struct der_writer *w, uint8_t value);
/* Bytes that are DER already. */
void der_put_raw(struct der_writer *w, struct bytes der);
/* AlgorithmIdentifier with NULL parameters, which the oldest parsers expect (RFC 3370 2.1). */
void der_put_algorithm(struct der_writer *w, struct bytes oid);
/* True when everything was written and closed; otherwise err is set and `out` is as before. */
MUST_USE bool der_finish(struct der_writer *w);

#endif
