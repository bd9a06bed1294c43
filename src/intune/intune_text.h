/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  texts of and for Microsoft's services: JSON strings and forms written into buffers that
 *           are wiped, GUIDs, and what they say shown without what could be a secret.
 * Not here: reading JSON (intune_answer.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 8259 7, RFC 3986 2.1, RFC 9562 5.4.
 */
#ifndef OPENNDES_INTUNE_INTUNE_TEXT_H
#define OPENNDES_INTUNE_INTUNE_TEXT_H

#include "base/buffer.h"
#include "intune/intune_client.h"

/*
 * Append UTF-8 as a JSON string with its quotes. Not by base/json.h: what is written here may be
 * secret, and the buffer's memory is wiped. Errors: REASON_SYNTAX (not UTF-8), REASON_LIMIT,
 * REASON_NO_MEMORY.
 */
MUST_USE bool intune_text_json(struct buffer *out, const char *text, struct error *err);
/* Append bytes for an application/x-www-form-urlencoded value. */
MUST_USE bool intune_text_form(struct buffer *out, struct bytes value, struct error *err);
/* A random GUID, lower case. Errors: REASON_INTERNAL. */
MUST_USE bool intune_text_guid(char out[INTUNE_ID_MAX], struct error *err);
/*
 * What a service said, for a detail: escaped, cut, and long runs of base64 or hex replaced by
 * "[...]": a token or challenge that it echoes goes no further. size >= 8.
 */
void intune_text_show(char *dst, size_t size, struct bytes text);
/* The same, and each occurrence of the secret is replaced, too. */
void intune_text_show_without(char *dst, size_t size, struct bytes text, struct bytes secret);

#endif
