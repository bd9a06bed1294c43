/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  distinguished names as text.
 * Not here: which names may be issued (template/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 2253; RFC 5280 4.1.2.4.
 */
#ifndef OPENNDES_MODEL_NAME_H
#define OPENNDES_MODEL_NAME_H

#include "base/buffer.h"

struct X509_name_st;

/*
 * A name as RFC 2253 text in UTF-8 for log and audit, control characters escaped as text_escape
 * does, cut to size with "...". "" for an empty name. size >= 8.
 */
void name_format(const struct X509_name_st *name, char *text, size_t size);
/*
 * Are two uncut texts of name_format the same name? Values are compared without regard to the case
 * of ASCII letters; types exactly: "UID" and "uid" are two attributes.
 */
bool name_text_equal(const char *a, const char *b);
/*
 * The last (most specific) commonName as UTF-8, appended; *found tells whether there is one.
 * Errors: REASON_SYNTAX (malformed value), REASON_LIMIT, REASON_NO_MEMORY.
 */
MUST_USE bool name_common_name(const struct X509_name_st *name, struct buffer *out, bool *found,
                               struct error *err);

#endif
