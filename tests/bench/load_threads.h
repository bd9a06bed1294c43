/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  many small pieces of work on all processors.
 * Not here: what the work is.
 * Owns:     nothing that outlives a call.
 * Threads:  `one` is called by several threads at once, once for each index.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_BENCH_LOAD_THREADS_H
#define OPENNDES_TESTS_BENCH_LOAD_THREADS_H

#include <stddef.h>

/* one(context, 0) ... one(context, count - 1), in any order; returns when all are done. */
void load_for_each(size_t count, void (*one)(void *context, size_t i), void *context);

#endif
