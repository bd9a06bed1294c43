/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  errno of a file operation as a struct error whose sentence says what to do.
 * Not here: sockets (sockets.c has reasons of its own).
 * Owns:     the table.
 * Threads:  pure functions.
 * Spec:     POSIX errno values.
 */
#ifndef OPENNDES_PLATFORM_POSIX_POSIX_ERROR_H
#define OPENNDES_PLATFORM_POSIX_POSIX_ERROR_H

#include "base/error.h"

enum posix_access { POSIX_READ, POSIX_WRITE };

/* Record number (an errno) for path: "PATH: SENTENCE". Returns false. */
bool posix_error_file(struct error *err, enum posix_access access, int number, const char *path);

#endif
