/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  memory that runs out: the n-th allocation of the process fails, once or from there on,
 *           whoever asks for it: our code, OpenSSL, SQLite, jansson, libxml2, curl, the C library.
 * Not here: what is done meanwhile (memory/test_memory_*.c).
 * Owns:     malloc, calloc, realloc, strdup and strndup of the program that it is linked into. The
 *           C library and the sanitizer below find these names in the program first.
 * Threads:  every thread's allocations count while a scenario acts; scenarios run in one thread.
 * Spec:     none. Linux only.
 */
#ifndef OPENNDES_TESTS_SUPPORT_ALLOC_FAIL_H
#define OPENNDES_TESTS_SUPPORT_ALLOC_FAIL_H

#include "base/error.h"

/* For judge: has an allocation failed in act? */
bool alloc_fail_struck(void);

/* Around what may not fail, because it is somebody else's fault that is known. */
bool alloc_fail_pause(void);
void alloc_fail_resume(bool was_armed);

/*
 * One thing to do over and over with less and less luck. `prepare` (NULL: nothing) and `judge` have
 * all memory; `act` asserts nothing and leaves in `world` what judge needs. judge asserts that what
 * is left is one of two: all of it, which is what it returns true for, or nothing of it and a clean
 * refusal; and frees it. Without a failure it has to be all.
 */
struct alloc_scenario {
    const char *name;
    void (*prepare)(void *world);
    void (*act)(void *world);
    bool (*judge)(void *world);
    bool always_refused; /* judge never returns true */
    size_t samples;      /* how many failures a short run tries in each of the two ways; 0: 25 */
};

/*
 * Run it without failure, then with every allocation of it failing, alone and with all behind it;
 * with OPENNDES_MEMORY=full in the environment, otherwise (or with a number there) a sample evenly
 * spread. Then once more without failure, and a look for leaks. To look into one:
 * OPENNDES_MEMORY_SCENARIO=name, OPENNDES_MEMORY_ONLY=n, OPENNDES_MEMORY_SHOW=1 (where),
 * OPENNDES_MEMORY_LEAKS=1 (after each), OPENNDES_MEMORY_DETAIL=1 (what refusals say).
 */
void alloc_fail_run(const struct alloc_scenario *scenario, void *world);

/* The same for one function that says true, or false and why. */
struct alloc_call {
    const char *name;
    bool (*call)(void *world, struct error *err);
    void (*prepare)(void *world);         /* NULL: nothing */
    void (*undo)(void *world, bool done); /* asserts on what call has left, and frees it; NULL: - */
    enum reason refused; /* with memory enough it is refused for this; NONE: it is done */
    size_t samples;      /* as above */
};
void alloc_fail_calls(const struct alloc_call *calls, size_t count, void *world);

/* For judge: what it has come to is counted and shown, such as a reason's id. */
void alloc_fail_note(const char *outcome);

/* For judge: a refusal is one that lack of memory may be the cause of; otherwise the test fails. */
void alloc_fail_refusal(const struct error *err);

#endif
