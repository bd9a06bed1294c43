/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto_memory.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

static atomic_bool watched;
static atomic_bool lacked;

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

/* ---- OpenSSL's functions for memory: those that it has without us, and a note ---------------- */

static void *noted(void *memory)
{
    if (memory == NULL) {
        atomic_store(&lacked, true);
    }
    return memory;
}

static void *get(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 ? NULL : noted(malloc(size));
}

static void put_back(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static void *resize(void *memory, size_t size, const char *file, int line)
{
    if (size == 0) {
        put_back(memory, file, line);
        return NULL;
    }
    return noted(realloc(memory, size));
}

void crypto_memory_watch(void)
{
    if (CRYPTO_set_mem_functions(get, resize, put_back) == 1) {
        atomic_store(&watched, true);
    }
}

bool crypto_memory_sound(void)
{
    return atomic_load_explicit(&watched, memory_order_relaxed) && !atomic_load(&lacked);
}
