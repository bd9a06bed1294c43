/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the edge between our UTF-8 and Windows' UTF-16: texts and paths.
 * Not here: what is done with them.
 * Owns:     nothing; results are owned by the caller (free()).
 * Threads:  pure functions.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_WIN32_WIDE_H
#define OPENNDES_PLATFORM_WIN32_WIDE_H

#include <wchar.h>

#include "base/buffer.h"

/* UTF-8 to UTF-16; NULL with REASON_SYNTAX (malformed) or REASON_NO_MEMORY. */
wchar_t *wide_from_utf8(const char *text, struct error *err);
/* The same for log texts: malformed bytes become U+FFFD; NULL only when out of memory. */
wchar_t *wide_from_utf8_lossy(const char *text, size_t len);
/* Append as UTF-8; lone surrogates become U+FFFD. */
MUST_USE bool wide_to_utf8(const wchar_t *text, struct buffer *out, struct error *err);
/*
 * A file path for the ...W functions: absolute, '\' only, with the prefix that lifts the limit of
 * 260 characters. NULL with an error as above, or REASON_FILE_NOT_WRITABLE for names of devices
 * ("con", "nul.txt").
 */
wchar_t *wide_path(const char *path, struct error *err);

#endif
