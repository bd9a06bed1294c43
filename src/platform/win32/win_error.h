/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  GetLastError, HRESULT and Winsock numbers as struct error, with a sentence on what to
 *           do.
 * Not here: what to answer a client (base/error.c).
 * Owns:     the table.
 * Threads:  any thread.
 * Spec:     winerror.h.
 */
#ifndef OPENNDES_PLATFORM_WIN32_WIN_ERROR_H
#define OPENNDES_PLATFORM_WIN32_WIN_ERROR_H

#include "base/error.h"

enum win_access { WIN_READ, WIN_WRITE };

/* Record a GetLastError number of a file operation on path: "PATH: SENTENCE". Returns false. */
bool win_error_file(struct error *err, enum win_access access, uint32_t number, const char *path);
/* Record any other number: "WHAT: the system's text (error N)". Returns false. */
bool win_error_set(struct error *err, enum reason reason, uint32_t number, const char *what);
/* The system's own text for a number as UTF-8 without line end; "error N" when it has none. */
void win_error_text(uint32_t number, char *text, size_t size);

#endif
