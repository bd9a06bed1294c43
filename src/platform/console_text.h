/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the part of console.h that is the same everywhere: taking a secret's line apart.
 * Not here: terminals (console.c of the platform).
 * Owns:     nothing.
 * Threads:  one reader.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_CONSOLE_TEXT_H
#define OPENNDES_PLATFORM_CONSOLE_TEXT_H

#include "base/secret.h"

enum console_byte { CONSOLE_BYTE, CONSOLE_END, CONSOLE_BROKEN };

/* Deliver the next byte. */
typedef enum console_byte console_next_byte(void *context, uint8_t *byte);

/* Collect one line from next() as console_read_secret promises. */
MUST_USE bool console_collect_line(console_next_byte *next, void *context, size_t max_bytes,
                                   struct secret *out, struct error *err);

#endif
