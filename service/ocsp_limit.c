/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ocsp_limit.h"

#include <stdlib.h>

#include "base/address_table.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
/* 4096 addresses, 200 KB */
#define ROWS 512u
#define ROW_PLACES 8u

struct ocsp_limit {
    pthread_mutex_t lock; /* guards the table */
    struct address_table *table;
};

struct ocsp_limit *ocsp_limit_create(struct error *err)
{
    struct ocsp_limit *limit = calloc(1, sizeof(*limit));

    if (limit == NULL || pthread_mutex_init(&limit->lock, NULL) != 0) {
        free(limit);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the limit of OCSP answers");
        return NULL;
    }
    limit->table = address_table_create(ROWS, ROW_PLACES, err);
    if (limit->table == NULL) {
        ocsp_limit_free(limit);
        return NULL;
    }
    return limit;
}

void ocsp_limit_free(struct ocsp_limit *limit)
{
    if (limit == NULL) return;
    address_table_free(limit->table);
    (void)pthread_mutex_destroy(&limit->lock);
    free(limit);
}

/* With the lock held. */
static unsigned take(struct ocsp_limit *limit, const struct ip_address *peer, int64_t most)
{
    int64_t now_us = clock_monotonic_us();
    struct address_entry *entry = address_table_take(limit->table, 0, peer, MINUTE_US, now_us);

    if (now_us - entry->first_us >= MINUTE_US) {
        entry->count = 0;
        entry->first_us = now_us;
    }
    entry->last_us = now_us;
    if (entry->count >= most) {
        return (unsigned)((entry->first_us + MINUTE_US - now_us + SECOND_US - 1) / SECOND_US);
    }
    entry->count++;
    return 0;
}

unsigned ocsp_limit_take(struct ocsp_limit *limit, const struct ip_address *peer, int64_t most)
{
    unsigned seconds = 0;

    if (most != 0) {
        (void)pthread_mutex_lock(&limit->lock);
        seconds = take(limit, peer, most);
        (void)pthread_mutex_unlock(&limit->lock);
    }
    return seconds;
}
