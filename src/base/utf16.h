/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  read UTF-16 text of files (XML, exported registry keys) as UTF-8.
 * Not here: the edge to Windows' own functions (platform/win32/wide.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 2781.
 */
#ifndef OPENNDES_BASE_UTF16_H
#define OPENNDES_BASE_UTF16_H

#include "base/buffer.h"

/*
 * Append UTF-16 bytes without byte order mark as UTF-8; NUL passes. On failure a part may have been
 * appended. Errors: REASON_SYNTAX (half a character, lone surrogate; names the byte), REASON_LIMIT,
 * REASON_NO_MEMORY.
 */
MUST_USE bool utf16_append_utf8(struct bytes text, bool little_endian, struct buffer *out,
                                struct error *err);

#endif
