/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  tell a call of OpenSSL's that had no memory from one that says something about its
 *           input: a request must not be called malformed because this server is out of memory.
 * Not here: what is out of memory in our own code: it says so itself.
 * Owns:     OpenSSL's functions for memory, once crypto_memory_watch has been called.
 * Threads:  any thread; OpenSSL's queue of errors is the calling thread's.
 * Spec:     none.
 */
#ifndef OPENNDES_BASE_CRYPTO_MEMORY_H
#define OPENNDES_BASE_CRYPTO_MEMORY_H

#include "base/error.h"

/* Ask before the queue is cleared. */
bool crypto_memory_failed(void);
/* `reason`, or REASON_NO_MEMORY when that is why a call of OpenSSL's has just failed. */
enum reason crypto_memory_reason(enum reason reason);

/*
 * Notice from now on when OpenSSL gets no memory. Before the first use of OpenSSL in the process;
 * later it does nothing, and crypto_memory_sound stays false.
 */
void crypto_memory_watch(void);
/*
 * OpenSSL has had all memory that it asked for since the process began. False: it has not, or
 * nobody watches.
 */
MUST_USE bool crypto_memory_sound(void);

#endif
