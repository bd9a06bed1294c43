/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  turn OpenSSL's error queue into one struct error.
 * Not here: choosing the reason (the caller knows what it tried).
 * Owns:     nothing.
 * Threads:  any thread; the queue is the calling thread's.
 * Spec:     none.
 */
#ifndef OPENNDES_CA_CA_ERROR_H
#define OPENNDES_CA_CA_ERROR_H

#include "base/error.h"

/*
 * error_set with OpenSSL's words for the first failure in its queue behind the text; the queue is
 * emptied. Lack of memory is REASON_NO_MEMORY, whatever was tried. Only the library's constant
 * texts are taken, never its data. Returns false.
 */
#define ca_error_openssl(err, reason, ...)                                                         \
    ca_error_openssl_at((err), (reason), __FILE__, __LINE__, __VA_ARGS__)
bool ca_error_openssl_at(struct error *err, enum reason reason, const char *file, int line,
                         const char *format, ...) PRINTF_FORMAT(5, 6);

#endif
