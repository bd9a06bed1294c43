/* SPDX-License-Identifier: Apache-2.0 */
#include "support/alloc_fail.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "support/test_support.h"

/* ---- the allocator --------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *old, size_t size);
#define REAL(function) __interceptor_##function
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
#define REAL(function) __libc_##function
#endif

#if defined(__SANITIZE_ADDRESS__)
void __sanitizer_print_stack_trace(void);
int __lsan_do_recoverable_leak_check(void);
#else
static void __sanitizer_print_stack_trace(void)
{
}
static int __lsan_do_recoverable_leak_check(void)
{
    return 0;
}
#endif

/* These run before the sanitizer is ready: nothing in them may be instrumented. */
#define PLAIN __attribute__((no_sanitize("address", "undefined", "thread")))

static atomic_bool armed;
static atomic_bool lasts;
static atomic_bool struck;
static atomic_bool shows; /* OPENNDES_MEMORY_SHOW: where it fails */
static atomic_size_t seen;
static atomic_size_t fails_at;

PLAIN static bool unlucky(void)
{
    size_t now;
    size_t at;

    if (!atomic_load_explicit(&armed, memory_order_relaxed)) {
        return false;
    }
    now = atomic_fetch_add(&seen, 1) + 1;
    at = atomic_load(&fails_at);
    if (at == 0 || now < at || (now > at && !atomic_load(&lasts))) {
        return false;
    }
    if (!atomic_exchange(&struck, true) && atomic_load(&shows)) {
        atomic_store(&armed, false);
        __sanitizer_print_stack_trace();
        atomic_store(&armed, true);
    }
    errno = ENOMEM;
    return true;
}

PLAIN void *malloc(size_t size)
{
    return unlucky() ? NULL : REAL(malloc)(size);
}

PLAIN void *calloc(size_t count, size_t size)
{
    return unlucky() ? NULL : REAL(calloc)(count, size);
}

PLAIN void *realloc(void *old, size_t size)
{
    return unlucky() ? NULL : REAL(realloc)(old, size);
}

/* The sanitizer's own would not come by malloc. */
PLAIN static char *copy(const char *text, size_t len)
{
    char *made = malloc(len + 1);

    if (made != NULL) {
        for (size_t i = 0; i < len; i++) {
            made[i] = text[i];
        }
        made[len] = '\0';
    }
    return made;
}

PLAIN char *strdup(const char *text)
{
    size_t len = 0;

    while (text[len] != '\0') {
        len++;
    }
    return copy(text, len);
}

PLAIN char *strndup(const char *text, size_t max)
{
    size_t len = 0;

    while (len < max && text[len] != '\0') {
        len++;
    }
    return copy(text, len);
}

/* The nth allocation from now on fails (1: the next one), lasting: and all behind it. 0: none. */
static void arm(size_t nth, bool lasting)
{
    atomic_store(&seen, 0);
    atomic_store(&fails_at, nth);
    atomic_store(&lasts, lasting);
    atomic_store(&struck, false);
    atomic_store(&armed, true);
}

/* Allocations since then, failed ones included. From now on none fails. */
static size_t disarm(void)
{
    atomic_store(&armed, false);
    return atomic_load(&seen);
}

bool alloc_fail_struck(void)
{
    return atomic_load(&struck);
}

bool alloc_fail_pause(void)
{
    return atomic_exchange(&armed, false);
}

void alloc_fail_resume(bool was_armed)
{
    atomic_store(&armed, was_armed);
}

/*
 * The sanitizer asks this at the start of a thread, and ends the program when there is no memory
 * for the answer.
 */
static int (*real_getattr)(pthread_t thread, pthread_attr_t *attributes);

__attribute__((constructor)) static void find_real(void)
{
    *(void **)&real_getattr = dlsym(RTLD_NEXT, "pthread_getattr_np");
}

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    bool was = alloc_fail_pause();
    int result = 0;

    if (real_getattr == NULL) {
        find_real(); /* of the main thread, before our constructor */
    }
    result = real_getattr(thread, attributes);
    if (was) {
        alloc_fail_resume(was);
    }
    return result;
}

/* ---- the loop -------------------------------------------------------------------------------- */

#define SAMPLES 25u
#define OUTCOMES 48u

static struct {
    char text[260];
    size_t count;
} outcomes[OUTCOMES];
static size_t outcome_count;

void alloc_fail_note(const char *outcome)
{
    size_t i = 0;

    while (i < outcome_count && strcmp(outcomes[i].text, outcome) != 0) {
        i++;
    }
    if (i == OUTCOMES) {
        return;
    }
    if (i == outcome_count) {
        outcome_count++;
        (void)snprintf(outcomes[i].text, sizeof(outcomes[i].text), "%s", outcome);
        outcomes[i].count = 0;
    }
    outcomes[i].count++;
}

void alloc_fail_refusal(const struct error *err)
{
    enum error_kind kind = error_kind(err);
    char text[260];
    size_t len = strlen(err->detail);

    if (kind == ERROR_NO_MEMORY || getenv("OPENNDES_MEMORY_DETAIL") == NULL) {
        alloc_fail_note(reason_id(err->reason));
    } else {
        /* the end says what the library has said */
        (void)snprintf(text, sizeof(text), "%s: %s", reason_id(err->reason),
                       err->detail + (len > 200 ? len - 200 : 0));
        alloc_fail_note(text);
    }
    if (!alloc_fail_struck()) {
        fail_msg("refused without need: %s: %s", reason_id(err->reason), err->detail);
    }
    /* a device would take such a word for the last one, and an administrator for its fault */
    if (kind == ERROR_NONE || kind == ERROR_CHALLENGE) {
        fail_msg("refused for %s: %s", reason_id(err->reason), err->detail);
    }
}

/* Whose judge has not come back: a test that fails leaves by longjmp, or the program ends. */
static struct {
    const char *name;
    size_t nth;
    bool lasting;
} trying;

__attribute__((destructor)) static void tell_where(void)
{
    if (trying.name != NULL) {
        (void)fprintf(stderr, "%s: with allocation %zu failing%s\n", trying.name, trying.nth,
                      trying.lasting ? " and all behind it" : "");
    }
}

static bool once(const struct alloc_scenario *s, void *world, size_t nth, bool lasting)
{
    bool done;

    if (s->prepare != NULL) {
        s->prepare(world);
    }
    trying.name = s->name;
    trying.nth = nth;
    trying.lasting = lasting;
    arm(nth, lasting);
    s->act(world);
    (void)disarm();
    done = s->judge(world);
    if (s->always_refused ? done : !done && !alloc_fail_struck()) {
        fail_msg("%s: %s with allocation %zu failing%s", s->name,
                 done ? "done" : "refused without need", nth, lasting ? " and all behind it" : "");
    }
    trying.name = NULL;
    return done;
}

static void show(const struct alloc_scenario *s, size_t total, size_t tried, size_t survived)
{
    print_message("%s: %zu allocations, %zu failures tried, %zu done all the same\n", s->name,
                  total, tried, survived);
    for (size_t i = 0; i < outcome_count; i++) {
        print_message("    %6zu %s\n", outcomes[i].count, outcomes[i].text);
    }
}

static bool leaks_each(void)
{
    return getenv("OPENNDES_MEMORY_LEAKS") != NULL;
}

static bool other_one(const char *name)
{
    const char *wanted = getenv("OPENNDES_MEMORY_SCENARIO");

    return wanted != NULL && strcmp(wanted, name) != 0;
}

void alloc_fail_run(const struct alloc_scenario *s, void *world)
{
    const char *wanted = getenv("OPENNDES_MEMORY");
    const char *only = getenv("OPENNDES_MEMORY_ONLY"); /* to look at one failure */
    bool full = wanted != NULL && strcmp(wanted, "full") == 0;
    size_t samples = wanted != NULL && !full ? strtoul(wanted, NULL, 10)
                     : s->samples != 0       ? s->samples
                                             : SAMPLES;
    size_t tried = 0;
    size_t survived = 0;
    size_t total;
    size_t step;

    if (other_one(s->name)) return;
    atomic_store(&shows, getenv("OPENNDES_MEMORY_SHOW") != NULL);
    outcome_count = 0;
    /* what is made once in a process, such as tables of OpenSSL's, is made here */
    (void)once(s, world, 0, false);
    (void)once(s, world, 0, false);
    total = atomic_load(&seen);
    step = full || total <= samples ? 1 : total / samples;
    if (only != NULL) {
        (void)once(s, world, strtoul(only, NULL, 10), false);
        (void)once(s, world, strtoul(only, NULL, 10), true);
        total = 0;
    }
    for (int lasting = 0; lasting < 2; lasting++) {
        /* the two ways look at different places */
        for (size_t n = lasting != 0 ? 1 : 1 + step / 2; n <= total; n += step) {
            survived += once(s, world, n, lasting != 0) ? 1 : 0;
            tried++;
            if (leaks_each() && __lsan_do_recoverable_leak_check() != 0) {
                fail_msg("%s: allocation %zu%s leaks", s->name, n, lasting != 0 ? "..." : "");
            }
        }
    }
    (void)once(s, world, 0, false);
    show(s, total, tried, survived);
    if (__lsan_do_recoverable_leak_check() != 0) {
        fail_msg("%s: leaks", s->name);
    }
}

/* ---- one function ---------------------------------------------------------------------------- */

struct calling {
    const struct alloc_call *call;
    void *world;
    bool done;
    struct error err;
};

static void calling_prepare(void *context)
{
    struct calling *c = context;

    if (c->call->prepare != NULL) {
        c->call->prepare(c->world);
    }
}

static void calling_act(void *context)
{
    struct calling *c = context;

    error_clear(&c->err);
    c->done = c->call->call(c->world, &c->err);
}

static bool calling_judge(void *context)
{
    struct calling *c = context;

    if (c->done && error_is_set(&c->err)) {
        fail_msg("%s: done, and %s: %s", c->call->name, reason_id(c->err.reason), c->err.detail);
    }
    if (!c->done && c->call->refused != REASON_NONE && c->err.reason == c->call->refused) {
        alloc_fail_note(reason_id(c->err.reason));
    } else if (!c->done) {
        alloc_fail_refusal(&c->err);
    }
    if (c->call->undo != NULL) {
        c->call->undo(c->world, c->done);
    }
    return c->done;
}

void alloc_fail_calls(const struct alloc_call *calls, size_t count, void *world)
{
    for (size_t i = 0; i < count; i++) {
        struct calling c = { .call = &calls[i], .world = world, .err = ERROR_INIT };
        const struct alloc_scenario scenario = { .name = calls[i].name,
                                                 .prepare = calling_prepare,
                                                 .act = calling_act,
                                                 .judge = calling_judge,
                                                 .always_refused = calls[i].refused != REASON_NONE,
                                                 .samples = calls[i].samples };

        alloc_fail_run(&scenario, &c);
    }
}
