/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_seats.h"

#include <pthread.h>
#include <stdlib.h>

struct intune_seats {
    pthread_mutex_t lock;
    unsigned count;
    unsigned taken;
};

struct intune_seats *intune_seats_create(unsigned count, struct error *err)
{
    struct intune_seats *seats = calloc(1, sizeof(*seats));

    if (seats == NULL || pthread_mutex_init(&seats->lock, NULL) != 0) {
        free(seats);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for Intune");
        return NULL;
    }
    seats->count = count;
    return seats;
}

void intune_seats_free(struct intune_seats *seats)
{
    if (seats != NULL) {
        (void)pthread_mutex_destroy(&seats->lock);
        free(seats);
    }
}

bool intune_seats_take(struct intune_seats *seats, bool must, struct error *err)
{
    bool taken = false;

    (void)pthread_mutex_lock(&seats->lock);
    taken = must || seats->taken < seats->count;
    seats->taken += taken ? 1 : 0;
    (void)pthread_mutex_unlock(&seats->lock);
    return taken
           || error_set(err, REASON_INTUNE_BUSY,
                        "%u requests wait for Intune already (intune.requests)", seats->count);
}

void intune_seats_give(struct intune_seats *seats)
{
    (void)pthread_mutex_lock(&seats->lock);
    seats->taken--;
    (void)pthread_mutex_unlock(&seats->lock);
}

void intune_seats_read(struct intune_seats *seats, unsigned *count, unsigned *taken)
{
    (void)pthread_mutex_lock(&seats->lock);
    *count = seats->count;
    *taken = seats->taken;
    (void)pthread_mutex_unlock(&seats->lock);
}
