/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  take a SEQUENCE or SET apart, one level, without decoding what is inside; wiped
 *           afterwards.
 * Not here: the walker over whole messages before they are opened (scep/ber.h).
 * Owns:     the parts.
 * Threads:  one owner.
 * Spec:     X.690 8.9 to 8.12.
 */
#ifndef OPENNDES_MODEL_DER_PARTS_H
#define OPENNDES_MODEL_DER_PARTS_H

#include "base/buffer.h"

struct stack_st_ASN1_TYPE;
struct asn1_string_st;
struct asn1_object_st;

/*
 * The elements of one SEQUENCE or SET (DER or BER) that fills `der` exactly. A constructed
 * element stays as its raw bytes, tag included. `what` names the place for messages. NULL on
 * failure. Owned: der_parts_free.
 * Errors: REASON_SYNTAX.
 */
struct stack_st_ASN1_TYPE *der_parts_sequence(struct bytes der, const char *what,
                                              struct error *err);
struct stack_st_ASN1_TYPE *der_parts_set(struct bytes der, const char *what, struct error *err);
void der_parts_free(struct stack_st_ASN1_TYPE *parts); /* NULL is allowed */

size_t der_parts_count(const struct stack_st_ASN1_TYPE *parts);
/* Element `index` when it has this universal tag (V_ASN1_...), else NULL. Borrowed. */
const struct asn1_string_st *der_parts_string(const struct stack_st_ASN1_TYPE *parts, size_t index,
                                              int tag);
const struct asn1_object_st *der_parts_object(const struct stack_st_ASN1_TYPE *parts, size_t index);
/* Universal tag of element `index`, V_ASN1_OTHER for another class; -1 when there is none. */
int der_parts_tag(const struct stack_st_ASN1_TYPE *parts, size_t index);
/* The bytes of such an element; data is NULL when it is not there. Borrowed. */
struct bytes der_parts_bytes(const struct stack_st_ASN1_TYPE *parts, size_t index, int tag);

#endif
