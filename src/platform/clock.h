/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the only source of time: wall clock, monotonic clock, and their text forms.
 * Not here: ASN.1 times (model/, ca/).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     RFC 3339.
 */
#ifndef OPENNDES_PLATFORM_CLOCK_H
#define OPENNDES_PLATFORM_CLOCK_H

#include "base/error.h"

#define CLOCK_TEXT_MAX 32

/* Milliseconds since 1970-01-01 UTC. */
int64_t clock_now_ms(void);
/* Seconds since 1970-01-01 UTC. */
int64_t clock_now(void);
/* Microseconds of a clock that never jumps; only differences mean something. */
int64_t clock_monotonic_us(void);
/* "2026-01-31T12:34:56.789Z"; 64-bit on every platform, years 0000..9999. */
void clock_format_ms(int64_t unix_ms, char text[CLOCK_TEXT_MAX]);
/* "2026-01-31T12:34:56Z" */
void clock_format(int64_t unix_seconds, char text[CLOCK_TEXT_MAX]);
/* The second form back to seconds; false on anything else. */
MUST_USE bool clock_parse(const char *text, int64_t *unix_seconds);

enum clock_source { CLOCK_SOURCE_UNKNOWN, CLOCK_SOURCE_SET, CLOCK_SOURCE_NONE };
/*
 * Does something keep the machine's clock right? Windows: whether the time service runs; Linux:
 * whether the kernel is told of a synchronised clock.
 */
enum clock_source clock_source(void);

#endif
