/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  is one text of a request fit to stand in a certificate?
 * Not here: which attributes and names are taken (template_subject.h, template_san.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.2.1.6; RFC 1123 2.1 (host names), RFC 5321 4.5.3.1 (mail), RFC 3986 3 (URI).
 */
#ifndef OPENNDES_TEMPLATE_TEMPLATE_VALUE_H
#define OPENNDES_TEMPLATE_TEMPLATE_VALUE_H

#include "base/buffer.h"

struct asn1_string_st;
struct X509_name_st;

#define TEMPLATE_VALUE_CHARACTERS_MAX 255u /* NDES does not hold to the 64 of X.520 */

/*
 * Append an attribute's value as UTF-8 after checking it: well-formed, 1 to 255 characters, no
 * control characters, nothing that turns or breaks the line in front of a reader's eyes.
 * Errors: `reason`, REASON_SUBJECT_TOO_LONG (over 255 characters), REASON_NO_MEMORY.
 */
MUST_USE bool template_value_text(const struct asn1_string_st *value, enum reason reason,
                                  struct buffer *out, struct error *err);
/* Every value of a name by template_value_text; the name not empty. */
MUST_USE bool template_value_name(const struct X509_name_st *name, enum reason reason,
                                  struct error *err);

/*
 * A host name: letters, digits, '-', '_', labels of 1 to 63 bytes, 253 in all, no dot at an end.
 * "*." in front of at least two labels is let through when `wildcard` is true.
 */
bool template_value_is_host(struct bytes text, bool wildcard);
/* local@host, the local part without quotes. */
bool template_value_is_email(struct bytes text);
/* scheme:rest in the characters of RFC 3986. */
bool template_value_is_uri(struct bytes text);
/* name@realm in UTF-8 without white space and control characters. */
bool template_value_is_upn(struct bytes text);

#endif
