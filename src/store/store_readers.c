/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_readers.h"

#include <stdlib.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/threads.h"

struct store_readers {
    struct db_options options;
    char *path;
    unsigned max;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t given;
    unsigned open; /* idle or taken */
    unsigned idle_count;
    struct db *idle[STORE_READERS_MAX]; /* the last one given is taken first: its cache is warm */
};

struct store_readers *store_readers_create(const struct db_options *options, unsigned max,
                                           struct error *err)
{
    struct store_readers *readers = NULL;
    bool ok = false;

    if (max < 1 || max > STORE_READERS_MAX) {
        error_set(err, REASON_INTERNAL, "%u connections for reading: 1 to %u are possible", max,
                  STORE_READERS_MAX);
        goto out;
    }
    readers = calloc(1, sizeof *readers);
    if (readers == NULL) {
        error_set(err, REASON_NO_MEMORY, "database readers");
        goto out;
    }
    readers->options = *options;
    readers->options.read_only = true;
    readers->max = max;
    readers->path = text_dup(options->path);
    if (readers->path == NULL) {
        error_set(err, REASON_NO_MEMORY, "database readers");
        goto out;
    }
    readers->options.path = readers->path;
    if (!thread_cond_init(&readers->given, err)) goto out;
    pthread_mutex_init(&readers->lock, NULL);
    ok = true;
out:
    if (!ok && readers != NULL) {
        free(readers->path);
        free(readers);
        readers = NULL;
    }
    return readers;
}

void store_readers_free(struct store_readers *readers)
{
    if (readers == NULL) {
        return;
    }
    for (unsigned i = 0; i < readers->idle_count; i++) {
        db_close(readers->idle[i]);
    }
    pthread_cond_destroy(&readers->given);
    pthread_mutex_destroy(&readers->lock);
    free(readers->path);
    free(readers);
}

/* An idle connection, or NULL and the right to open one. The caller holds the lock. */
static bool wait_for_one(struct store_readers *readers, struct db **db, struct error *err)
{
    int64_t until_us = clock_monotonic_us() + readers->options.busy_ms * 1000;

    while (readers->idle_count == 0 && readers->open == readers->max) {
        int64_t left_ms = (until_us - clock_monotonic_us() + 999) / 1000;
        if (left_ms <= 0) {
            return error_set(err, REASON_STORE_BUSY,
                             "%u database connections for reading have been in use for %lld ms; "
                             "the disk is too slow for this load",
                             readers->max, (long long)readers->options.busy_ms);
        }
        (void)thread_cond_wait_ms(&readers->given, &readers->lock, left_ms);
    }
    *db = NULL;
    if (readers->idle_count > 0) {
        *db = readers->idle[--readers->idle_count];
    } else {
        readers->open++;
    }
    return true;
}

bool store_readers_take(struct store_readers *readers, struct db **db, struct error *err)
{
    struct db *taken = NULL;

    pthread_mutex_lock(&readers->lock);
    bool ok = wait_for_one(readers, &taken, err);
    pthread_mutex_unlock(&readers->lock);
    if (!ok) {
        return false;
    }
    if (taken == NULL) {
        taken = db_open(&readers->options, err);
    }
    if (taken == NULL) {
        pthread_mutex_lock(&readers->lock);
        readers->open--;
        pthread_cond_signal(&readers->given);
        pthread_mutex_unlock(&readers->lock);
        return false;
    }
    *db = taken;
    return true;
}

void store_readers_give(struct store_readers *readers, struct db *db)
{
    if (db == NULL) {
        return;
    }
    pthread_mutex_lock(&readers->lock);
    readers->idle[readers->idle_count++] = db;
    pthread_cond_signal(&readers->given);
    pthread_mutex_unlock(&readers->lock);
}
