/* SPDX-License-Identifier: Apache-2.0 */
#include "endurance/mixed_ledger.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SERIAL_MAX 64
#define SLOTS_FIRST 4096u
#define TOLD_MAX 100

struct times {
    float *seconds;
    size_t count, room;
};

struct ledger {
    pthread_mutex_t lock; /* guards all below */
    char (*serials)[SERIAL_MAX];
    size_t count, room;
    size_t *slots; /* of a hash table: index in serials + 1; 0: free */
    size_t slot_count;
    size_t counts[LEDGER_KINDS_MAX][OUTCOMES];
    struct times times[LEDGER_KINDS_MAX];
    size_t surprises;
};

static void *must(void *memory)
{
    if (!memory) {
        fprintf(stderr, "mixed load: no memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

struct ledger *ledger_create(void)
{
    struct ledger *l = must(calloc(1, sizeof(*l)));
    pthread_mutex_init(&l->lock, NULL);
    l->slot_count = SLOTS_FIRST;
    l->slots = must(calloc(l->slot_count, sizeof(*l->slots)));
    return l;
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger) {
        return;
    }
    for (size_t i = 0; i < LEDGER_KINDS_MAX; i++) {
        free(ledger->times[i].seconds);
    }
    free(ledger->serials);
    free(ledger->slots);
    pthread_mutex_destroy(&ledger->lock);
    free(ledger);
}

/* Where the serial stands, or the free slot where it would. FNV-1a. */
static size_t *slot_of(const struct ledger *l, const char *serial)
{
    uint64_t hash = 14695981039346656037u;
    for (const char *c = serial; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    }
    size_t at = (size_t)hash & (l->slot_count - 1);
    while (l->slots[at] && strcmp(l->serials[l->slots[at] - 1], serial) != 0) {
        at = (at + 1) & (l->slot_count - 1);
    }
    return &l->slots[at];
}

static void grow(struct ledger *l)
{
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 1024;
        l->serials = must(realloc(l->serials, l->room * sizeof(*l->serials)));
    }
    if (l->count * 2 >= l->slot_count) {
        free(l->slots);
        l->slot_count *= 2;
        l->slots = must(calloc(l->slot_count, sizeof(*l->slots)));
        for (size_t i = 0; i < l->count; i++) {
            *slot_of(l, l->serials[i]) = i + 1;
        }
    }
}

bool ledger_issued(struct ledger *ledger, const char *serial)
{
    pthread_mutex_lock(&ledger->lock);
    grow(ledger);
    size_t *slot = slot_of(ledger, serial);
    bool fresh = *slot == 0;
    if (fresh) {
        snprintf(ledger->serials[ledger->count], SERIAL_MAX, "%s", serial);
        *slot = ++ledger->count;
    }
    pthread_mutex_unlock(&ledger->lock);
    return fresh;
}

void ledger_given(struct ledger *ledger, const char *serial, FILE *given)
{
    pthread_mutex_lock(&ledger->lock);
    fprintf(given, "%s\n", serial);
    fflush(given);
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_count(struct ledger *ledger, size_t kind, enum outcome outcome, double seconds)
{
    pthread_mutex_lock(&ledger->lock);
    struct times *t = &ledger->times[kind];
    if (t->count == t->room) {
        t->room = t->room ? t->room * 2 : 1024;
        t->seconds = must(realloc(t->seconds, t->room * sizeof(*t->seconds)));
    }
    t->seconds[t->count++] = (float)seconds;
    ledger->counts[kind][outcome]++;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_surprise(struct ledger *ledger, const char *kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&ledger->lock);
    if (ledger->surprises++ < TOLD_MAX) {
        char when[32] = "?";
        time_t now = time(NULL);
        struct tm tm;
        if (gmtime_r(&now, &tm)) {
            strftime(when, sizeof(when), "%H:%M:%SZ", &tm);
        }
        fprintf(stderr, "SURPRISE %s %s: ", when, kind);
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
    }
    pthread_mutex_unlock(&ledger->lock);
    va_end(args);
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

void ledger_print(struct ledger *ledger, const char *const *names, size_t kinds, FILE *to)
{
    pthread_mutex_lock(&ledger->lock);
    fprintf(to, "%-12s %8s %8s %8s %8s %8s %9s %9s %9s %9s\n", "kind", "ok", "issued", "repeated",
            "pending", "refused", "surprise", "p50 ms", "p99 ms", "max ms");
    size_t totals[OUTCOMES] = { 0 };
    for (size_t i = 0; i < kinds; i++) {
        const size_t *c = ledger->counts[i];
        struct times *t = &ledger->times[i];
        qsort(t->seconds, t->count, sizeof(*t->seconds), compare_floats);
        fprintf(to, "%-12s %8zu %8zu %8zu %8zu %8zu %9zu", names[i], c[OUTCOME_OK],
                c[OUTCOME_ISSUED], c[OUTCOME_REPEATED], c[OUTCOME_PENDING], c[OUTCOME_REFUSED],
                c[OUTCOME_SURPRISE]);
        if (t->count > 0) {
            fprintf(to, " %9.1f %9.1f %9.1f", (double)t->seconds[t->count / 2] * 1000,
                    (double)t->seconds[t->count * 99 / 100] * 1000,
                    (double)t->seconds[t->count - 1] * 1000);
        }
        fputc('\n', to);
        for (size_t o = 0; o < OUTCOMES; o++) {
            totals[o] += c[o];
        }
    }
    fprintf(to, "%-12s %8zu %8zu %8zu %8zu %8zu %9zu\n", "all", totals[OUTCOME_OK],
            totals[OUTCOME_ISSUED], totals[OUTCOME_REPEATED], totals[OUTCOME_PENDING],
            totals[OUTCOME_REFUSED], totals[OUTCOME_SURPRISE]);
    fprintf(to, "certificates %zu, surprises %zu\n", ledger->count, ledger->surprises);
    pthread_mutex_unlock(&ledger->lock);
}

bool ledger_write_serials(struct ledger *ledger, const char *path)
{
    FILE *file = fopen(path, "we");
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; file && i < ledger->count; i++) {
        fprintf(file, "%s\n", ledger->serials[i]);
    }
    pthread_mutex_unlock(&ledger->lock);
    if (!file || fclose(file) != 0) {
        perror(path);
        return false;
    }
    return true;
}

size_t ledger_surprises(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    size_t count = ledger->surprises;
    pthread_mutex_unlock(&ledger->lock);
    return count;
}
