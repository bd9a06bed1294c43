/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the text of an ASN.1 character string as UTF-8, whatever its type.
 * Not here: what a text may say (template/, challenge/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     X.680 41; RFC 5280 4.1.2.4 (DirectoryString), RFC 2985 5.4.1.
 */
#ifndef OPENNDES_MODEL_ASN1_TEXT_H
#define OPENNDES_MODEL_ASN1_TEXT_H

#include "base/buffer.h"

struct asn1_string_st;

/*
 * Append the text of a Printable-, Numeric-, Visible-, IA5-, UTF8-, T61-, BMP- or UniversalString
 * as UTF-8. T61String is read as Latin-1, which is what every client puts into it. NUL passes:
 * callers that mind it look for it.
 * Errors: REASON_SYNTAX (not one of these types, malformed), REASON_LIMIT, REASON_NO_MEMORY.
 */
MUST_USE bool asn1_text_append(const struct asn1_string_st *string, struct buffer *out,
                               struct error *err);

#endif
