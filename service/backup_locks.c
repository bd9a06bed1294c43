/* SPDX-License-Identifier: Apache-2.0 */
#include "service/backup_locks.h"

#include <string.h>

#include "platform/clock.h"
#include "platform/threads.h"

#define PAUSE_MS 50

struct lock_place {
    const char *folder; /* without it there is nothing to keep others out of */
    const char *file;
};

static const struct lock_place places[BACKUP_LOCKS_MAX] = {
    { "", "config.lock" },   { "templates", "templates/.lock" },
    { "", "accounts.lock" }, { "ca", "ca/.lock" },
    { "tls", "tls/.lock" },  { "intune", "intune/.lock" },
};

/* *taken false: somebody else has one of them, and none is held. */
static bool try_all(const char *data, struct backup_locks *locks, bool *taken, struct error *err)
{
    char path[FILE_PATH_MAX];
    bool held = true;

    locks->count = 0;
    for (size_t i = 0; held && i < BACKUP_LOCKS_MAX; i++) {
        struct file_lock *lock = NULL;

        if (!path_join(path, data, places[i].folder, err)) goto failed;
        if (places[i].folder[0] != '\0' && !folder_exists(path)) {
            continue;
        }
        if (!path_join(path, data, places[i].file, err)
            || !file_lock_try(path, &lock, &held, err)) {
            goto failed;
        }
        if (held) {
            locks->held[locks->count++] = lock;
        }
    }
    if (!held) {
        backup_locks_release(locks);
    }
    *taken = held;
    return true;
failed:
    backup_locks_release(locks);
    return false;
}

static bool pause_a_moment(struct error *err)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never;

    if (!thread_cond_init(&never, err)) {
        return false;
    }
    (void)pthread_mutex_lock(&mutex);
    (void)thread_cond_wait_ms(&never, &mutex, PAUSE_MS);
    (void)pthread_mutex_unlock(&mutex);
    (void)pthread_cond_destroy(&never);
    return true;
}

bool backup_locks_take(const char *data, int64_t wait_ms, struct backup_locks *out,
                       struct error *err)
{
    int64_t until = clock_monotonic_us() + wait_ms * 1000;
    bool taken = false;

    memset(out, 0, sizeof(*out));
    for (;;) {
        if (!try_all(data, out, &taken, err)) {
            return false;
        }
        if (taken) {
            return true;
        }
        if (clock_monotonic_us() >= until) {
            return error_set(err, REASON_DATA_FOLDER_IN_USE,
                             "another command is changing the data folder; try again");
        }
        if (!pause_a_moment(err)) {
            return false;
        }
    }
}

void backup_locks_release(struct backup_locks *locks)
{
    while (locks->count > 0) {
        file_lock_release(locks->held[--locks->count]);
    }
}
