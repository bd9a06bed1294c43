/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/sign_in_throttle.h"

#include <stdlib.h>

#include "base/address_table.h"
#include "platform/threads.h"

#define SECOND_US INT64_C(1000000)

struct sign_in_throttle {
    pthread_mutex_t lock; /* guards what follows */
    unsigned references;
    struct address_table *table; /* one row: failures are rare, and none is forgotten too early */
};

struct sign_in_throttle *sign_in_throttle_create(struct error *err)
{
    struct sign_in_throttle *t = calloc(1, sizeof(*t));

    if (t == NULL || pthread_mutex_init(&t->lock, NULL) != 0) {
        free(t);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for sign-ins");
        return NULL;
    }
    t->references = 1;
    t->table = address_table_create(1, SIGN_IN_THROTTLE_ADDRESSES, err);
    if (t->table == NULL) {
        sign_in_throttle_unref(t);
        return NULL;
    }
    return t;
}

struct sign_in_throttle *sign_in_throttle_ref(struct sign_in_throttle *t)
{
    (void)pthread_mutex_lock(&t->lock);
    t->references++;
    (void)pthread_mutex_unlock(&t->lock);
    return t;
}

void sign_in_throttle_unref(struct sign_in_throttle *t)
{
    bool last;

    if (t == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&t->lock);
    last = --t->references == 0;
    (void)pthread_mutex_unlock(&t->lock);
    if (last) {
        (void)pthread_mutex_destroy(&t->lock);
        address_table_free(t->table);
        free(t);
    }
}

/* Waiting counts from the last failure, since none is counted meanwhile. */
static bool waits(const struct address_entry *e, const struct sign_in_throttle_rule *rule,
                  int64_t now_us)
{
    return e->count >= rule->failures && now_us - e->last_us < rule->period_us;
}

unsigned sign_in_throttle_wait(struct sign_in_throttle *t, const struct sign_in_throttle_rule *rule,
                               const struct ip_address *peer, int64_t now_us)
{
    const struct address_entry *e = NULL;
    unsigned seconds = 0;

    if (rule->failures == 0) {
        return 0;
    }
    (void)pthread_mutex_lock(&t->lock);
    e = address_table_find(t->table, 0, peer);
    if (e != NULL && waits(e, rule, now_us)) {
        int64_t left = e->last_us + rule->period_us - now_us;

        seconds = (unsigned)((left + SECOND_US - 1) / SECOND_US);
    }
    (void)pthread_mutex_unlock(&t->lock);
    return seconds;
}

void sign_in_throttle_count(struct sign_in_throttle *t, const struct sign_in_throttle_rule *rule,
                            const struct ip_address *peer, int64_t now_us)
{
    struct address_entry *e = NULL;

    if (rule->failures == 0) {
        return;
    }
    (void)pthread_mutex_lock(&t->lock);
    e = address_table_take(t->table, 0, peer, rule->period_us, now_us);
    if (now_us - e->first_us >= rule->period_us && !waits(e, rule, now_us)) {
        e->count = 0;
        e->first_us = now_us;
    }
    e->count++;
    e->last_us = now_us;
    (void)pthread_mutex_unlock(&t->lock);
}

unsigned sign_in_throttle_waiting(struct sign_in_throttle *t,
                                  const struct sign_in_throttle_rule *rule, int64_t now_us)
{
    unsigned waiting = 0;

    if (rule->failures == 0) {
        return 0;
    }
    (void)pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < address_table_places(t->table); i++) {
        waiting += waits(address_table_at(t->table, i), rule, now_us) ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&t->lock);
    return waiting;
}
