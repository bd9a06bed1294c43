/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the two halves of disk_log.h share: operations as they were noted.
 * Not here: what tests call (disk_log.h).
 * Owns:     nothing.
 * Threads:  the log's lock guards its entries while it is written.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_SUPPORT_DISK_LOG_ENTRIES_H
#define OPENNDES_TESTS_SUPPORT_DISK_LOG_ENTRIES_H

#include <pthread.h>

#include "support/disk_log.h"

#define DISK_NAME_BYTES 256

enum operation {
    NEW,
    GIVEN,
    GIVEN_FOLDER,
    WRITE,
    RESIZE,
    FLUSH,
    FLUSH_FAILED,
    FLUSH_NAMES,
    REMOVE,
    RENAME,
    LINK,
    FOLDER
};

struct entry {
    enum operation operation;
    char name[DISK_NAME_BYTES], to[DISK_NAME_BYTES];
    int64_t at;
    struct bytes data; /* owned */
    size_t promises;   /* made after it, in all */
};

struct disk_log {
    pthread_mutex_t lock;
    struct entry *entries;
    size_t count, room, given;
    size_t promises; /* before the first operation */
    disk_second_name *second_name;
};

/* Memory, or the end of the program. */
void *disk_log_need(void *memory);

#endif
