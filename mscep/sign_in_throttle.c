/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/sign_in_throttle.h"

#include <stdlib.h>
#include <string.h>

#include "platform/threads.h"

#define SECOND_US INT64_C(1000000)

struct entry {
    struct ip_address address; /* of IPv6 the first half */
    int64_t failures;
    int64_t first_us;
    int64_t last_us;
};

struct sign_in_throttle {
    pthread_mutex_t lock; /* guards what follows */
    unsigned references;
    size_t count;
    struct entry entries[SIGN_IN_THROTTLE_ADDRESSES]; /* the first `count`, in no order */
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
        free(t);
    }
}

static struct ip_address counted_address(const struct ip_address *peer)
{
    struct ip_address address = *peer;

    if (address.v6) {
        memset(address.octets + 8, 0, 8);
    }
    return address;
}

static struct entry *find(struct sign_in_throttle *t, const struct ip_address *address)
{
    for (size_t i = 0; i < t->count; i++) {
        if (ip_address_equal(&t->entries[i].address, address)) {
            return &t->entries[i];
        }
    }
    return NULL;
}

/* Waiting counts from the last failure, since none is counted meanwhile. */
static bool waits(const struct entry *e, const struct sign_in_throttle_rule *rule, int64_t now_us)
{
    return e->failures >= rule->failures && now_us - e->last_us < rule->period_us;
}

unsigned sign_in_throttle_wait(struct sign_in_throttle *t, const struct sign_in_throttle_rule *rule,
                               const struct ip_address *peer, int64_t now_us)
{
    struct ip_address address = counted_address(peer);
    const struct entry *e = NULL;
    unsigned seconds = 0;

    if (rule->failures == 0) {
        return 0;
    }
    (void)pthread_mutex_lock(&t->lock);
    e = find(t, &address);
    if (e != NULL && waits(e, rule, now_us)) {
        int64_t left = e->last_us + rule->period_us - now_us;

        seconds = (unsigned)((left + SECOND_US - 1) / SECOND_US);
    }
    (void)pthread_mutex_unlock(&t->lock);
    return seconds;
}

/* A free place; of a full table the one that has been quiet longest. */
static struct entry *make_room(struct sign_in_throttle *t)
{
    struct entry *oldest = &t->entries[0];

    if (t->count < SIGN_IN_THROTTLE_ADDRESSES) {
        return &t->entries[t->count++];
    }
    for (size_t i = 1; i < t->count; i++) {
        if (t->entries[i].last_us < oldest->last_us) {
            oldest = &t->entries[i];
        }
    }
    return oldest;
}

/* Addresses that nothing is held against any more. */
static void drop_old(struct sign_in_throttle *t, int64_t period_us, int64_t now_us)
{
    for (size_t i = 0; i < t->count;) {
        if (now_us - t->entries[i].last_us >= period_us) {
            t->entries[i] = t->entries[--t->count];
        } else {
            i++;
        }
    }
}

void sign_in_throttle_count(struct sign_in_throttle *t, const struct sign_in_throttle_rule *rule,
                            const struct ip_address *peer, int64_t now_us)
{
    struct ip_address address = counted_address(peer);
    struct entry *e = NULL;

    if (rule->failures == 0) {
        return;
    }
    (void)pthread_mutex_lock(&t->lock);
    drop_old(t, rule->period_us, now_us);
    e = find(t, &address);
    if (e == NULL) {
        e = make_room(t);
        memset(e, 0, sizeof(*e));
        e->address = address;
        e->first_us = now_us;
    } else if (now_us - e->first_us >= rule->period_us && !waits(e, rule, now_us)) {
        e->failures = 0;
        e->first_us = now_us;
    }
    e->failures++;
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
    for (size_t i = 0; i < t->count; i++) {
        waiting += waits(&t->entries[i], rule, now_us) ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&t->lock);
    return waiting;
}
