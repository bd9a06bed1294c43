/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  operation and message out of a raw query string or a body, as tolerantly as devices
 *           need it.
 * Not here: what the operation does (endpoint.h), base64 itself (base/base64.h).
 * Owns:     nothing: appends to the caller's buffers.
 * Threads:  pure functions.
 * Spec:     RFC 8894 4.1, 4.3.
 */
#ifndef OPENNDES_ENDPOINT_SCEP_QUERY_H
#define OPENNDES_ENDPOINT_SCEP_QUERY_H

#include "base/buffer.h"

/*
 * The raw value of the first parameter with this name (compared without case): everything between
 * its first '=' and the next '&'. False when it is not there; a name without '=' has an empty
 * value.
 */
bool scep_query_find(struct bytes raw_query, const char *name, struct bytes *value);
/* Percent-decode; '+' stays '+'. A broken escape stays as it is. Errors: REASON_LIMIT. */
MUST_USE bool scep_query_decode(struct bytes raw, struct buffer *out, struct error *err);
/*
 * The pkiMessage of a GET: percent-decoded, then base64 in its tolerant form, and begins with a
 * SEQUENCE tag. Errors: REASON_BASE64, REASON_NOT_CMS, REASON_LIMIT.
 */
MUST_USE bool scep_query_message(struct bytes raw, struct buffer *out, struct error *err);
/*
 * The pkiMessage of a POST: the body itself, or the body decoded once when it is base64 text.
 * *message points into the body or into `decoded`. Errors: REASON_MESSAGE_MISSING, REASON_BASE64,
 * REASON_NOT_CMS.
 */
MUST_USE bool scep_body_message(struct bytes body, struct buffer *decoded, struct bytes *message,
                                struct error *err);

#endif
