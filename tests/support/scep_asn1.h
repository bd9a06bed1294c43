/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  put DER or BER together by hand, right or wrong, for tests.
 * Not here: messages (scep_client.h).
 * Owns:     nothing; a failure ends the program.
 * Threads:  one buffer, one thread.
 * Spec:     ITU-T X.690.
 */
#ifndef OPENNDES_TESTS_SUPPORT_SCEP_ASN1_H
#define OPENNDES_TESTS_SUPPORT_SCEP_ASN1_H

#include "base/buffer.h"

#define ASN1_BUFFER_INIT BUFFER_INIT(4194304u)

/* Say where and end the program unless `ok`; shows OpenSSL's errors. */
#define scep_must(ok) scep_must_at((ok), __FILE__, __LINE__)
void scep_must_at(bool ok, const char *file, int line);

/* TAG LENGTH content, appended. */
void asn1_tlv(struct buffer *out, unsigned tag, struct bytes content);
/* The same; with `ber` a constructed tag gets an indefinite length. */
void asn1_wrap(struct buffer *out, unsigned tag, bool ber, struct bytes content);
/* An OCTET STRING or implicit tag of one; with `ber` in segments under an indefinite length. */
void asn1_octets(struct buffer *out, unsigned tag, bool ber, size_t segment, struct bytes content);
/* Move what is in `content` under a tag and empty it. */
void asn1_take(struct buffer *out, unsigned tag, bool ber, struct buffer *content);
/* OBJECT IDENTIFIER from dotted text or by NID. */
void asn1_oid(struct buffer *out, const char *dotted);
void asn1_nid(struct buffer *out, int nid);
/* AlgorithmIdentifier with NULL, or without parameters. */
void asn1_algorithm(struct buffer *out, int nid, bool null);
void asn1_small(struct buffer *out, int value);

#endif
