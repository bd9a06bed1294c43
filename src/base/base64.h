/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  base64, strict for our own data and tolerant for what SCEP clients put into a GET.
 * Not here: percent decoding and cutting the query (endpoint/scep_query.c).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 4648 4 and 5; RFC 8894 4.1.
 */
#ifndef OPENNDES_BASE_BASE64_H
#define OPENNDES_BASE_BASE64_H

#include "base/buffer.h"

enum base64_mode {
    BASE64_STRICT,  /* padding required, no foreign character */
    BASE64_TOLERANT /* space is '+'; CR LF TAB dropped; '-' '_' are '+' '/'; padding optional */
};

/* Append the decoded bytes. Errors: REASON_BASE64, REASON_LIMIT, REASON_NO_MEMORY. */
MUST_USE bool base64_decode(struct bytes text, enum base64_mode mode, struct buffer *out,
                            struct error *err);
/* Append the encoded text, padded, without line breaks. */
MUST_USE bool base64_encode(struct bytes data, struct buffer *out, struct error *err);

#endif
