/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto_memory.h"

#include <openssl/err.h>

/* The oldest entry is the cause, unless one was left from before; then it is the newest. */
bool crypto_memory_failed(void)
{
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE
           || ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

enum reason crypto_memory_reason(enum reason reason)
{
    return crypto_memory_failed() ? REASON_NO_MEMORY : reason;
}
