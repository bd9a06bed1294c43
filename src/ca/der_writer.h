/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  write DER piece by piece: what OpenSSL cannot write at all, or not without faults.
 * Not here: what is written (crl_builder.h, ocsp_response.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     X.690 8.1, 10.1.
 */
#ifndef OPENNDES_CA_DER_WRITER_H
#define OPENNDES_CA_DER_WRITER_H

#include <openssl/asn1.h>

#include "base/buffer.h"

#define DER_HEADER_MAX 8 /* tag and length of at most 64 MiB */
#define DER_SEQUENCE (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED)
#define DER_CONTEXT(number) ((number) | V_ASN1_CONTEXT_SPECIFIC | V_ASN1_CONSTRUCTED)

/* How many bytes of out are used. The tag is one of one byte, class and form included. */
size_t der_header(uint8_t out[DER_HEADER_MAX], int tag, size_t len);
/* Errors of all: REASON_LIMIT, REASON_NO_MEMORY; der_append_item: REASON_SIGN_FAILED, too. */
MUST_USE bool der_append_header(struct buffer *out, int tag, size_t len, struct error *err);
/* A header, and what it is of. */
MUST_USE bool der_append_value(struct buffer *out, int tag, struct bytes value, struct error *err);
/* One of OpenSSL's structures. */
MUST_USE bool der_append_item(struct buffer *out, const void *value, const ASN1_ITEM *item,
                              struct error *err);
/* A BIT STRING of whole bytes. */
MUST_USE bool der_append_bits(struct buffer *out, struct bytes value, struct error *err);

#endif
