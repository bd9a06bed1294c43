/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/sign_in_pending.h"

#include <stdlib.h>
#include <string.h>

#include "platform/threads.h"

struct slot {
    uint64_t serial; /* 0: free */
    struct sign_in_half half;
};

struct sign_in_pending {
    pthread_mutex_t lock; /* guards what follows */
    unsigned references;
    uint64_t last_serial;
    struct slot slots[SIGN_IN_PENDING_MAX];
};

/* What a connection keeps. */
struct ticket {
    struct sign_in_pending *pending; /* a reference */
    uint64_t serial;
};

struct sign_in_pending *sign_in_pending_create(struct error *err)
{
    struct sign_in_pending *p = calloc(1, sizeof(*p));

    if (p == NULL || pthread_mutex_init(&p->lock, NULL) != 0) {
        free(p);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for sign-ins");
        return NULL;
    }
    p->references = 1;
    return p;
}

struct sign_in_pending *sign_in_pending_ref(struct sign_in_pending *p)
{
    (void)pthread_mutex_lock(&p->lock);
    p->references++;
    (void)pthread_mutex_unlock(&p->lock);
    return p;
}

void sign_in_pending_unref(struct sign_in_pending *p)
{
    bool last;

    if (p == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&p->lock);
    last = --p->references == 0;
    (void)pthread_mutex_unlock(&p->lock);
    if (last) {
        for (size_t i = 0; i < SIGN_IN_PENDING_MAX; i++) {
            negotiate_context_free(p->slots[i].half.context);
        }
        (void)pthread_mutex_destroy(&p->lock);
        free(p);
    }
}

/* Under the lock: empty a slot; the context is to be freed without the lock. */
static struct sign_in_half empty(struct slot *slot)
{
    struct sign_in_half half = slot->half;

    memset(slot, 0, sizeof(*slot));
    return half;
}

static struct sign_in_half take_serial(struct sign_in_pending *p, uint64_t serial)
{
    struct sign_in_half half = { NULL, SIGN_IN_SCHEME_NONE, 0 };

    (void)pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < SIGN_IN_PENDING_MAX; i++) {
        if (p->slots[i].serial == serial) {
            half = empty(&p->slots[i]);
            break;
        }
    }
    (void)pthread_mutex_unlock(&p->lock);
    return half;
}

/* Also called by the connection when it ends. */
static void free_ticket(void *value)
{
    struct ticket *ticket = value;
    struct sign_in_half half = take_serial(ticket->pending, ticket->serial);

    negotiate_context_free(half.context);
    sign_in_pending_unref(ticket->pending);
    free(ticket);
}

/* Under the lock: has this sign-in taken too long? */
static bool is_over(const struct slot *slot, int64_t now_us)
{
    return slot->serial != 0 && now_us - slot->half.started_us >= SIGN_IN_PENDING_US;
}

/* Put it in; *gone gets what had to go (freed by the caller, without the lock). */
static uint64_t put(struct sign_in_pending *p, const struct sign_in_half *half, int64_t now_us,
                    struct negotiate_context **gone, size_t *gone_count)
{
    struct slot *place = NULL;
    uint64_t serial;

    (void)pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < SIGN_IN_PENDING_MAX; i++) {
        struct slot *slot = &p->slots[i];

        if (is_over(slot, now_us)) {
            gone[(*gone_count)++] = empty(slot).context;
        }
        if (slot->serial == 0) {
            place = place == NULL || place->serial != 0 ? slot : place;
        } else if (place == NULL
                   || (place->serial != 0 && slot->half.started_us < place->half.started_us)) {
            place = slot; /* the oldest, unless a free one comes */
        }
    }
    if (place->serial != 0) {
        gone[(*gone_count)++] = empty(place).context;
    }
    serial = ++p->last_serial;
    place->serial = serial;
    place->half = *half;
    (void)pthread_mutex_unlock(&p->lock);
    return serial;
}

bool sign_in_pending_keep(struct sign_in_pending *p, struct http_connection *connection,
                          const struct sign_in_half *take_half, int64_t now_us, struct error *err)
{
    struct ticket *ticket = calloc(1, sizeof(*ticket));
    struct negotiate_context **gone = calloc(SIGN_IN_PENDING_MAX + 1, sizeof(*gone));
    size_t gone_count = 0;
    bool ok = ticket != NULL && gone != NULL;

    if (ok) {
        ticket->pending = sign_in_pending_ref(p);
        ticket->serial = put(p, take_half, now_us, gone, &gone_count);
        http_connection_keep(connection, ticket, free_ticket); /* at its end: at once */
        ticket = NULL;
    } else {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a sign-in");
        negotiate_context_free(take_half->context);
    }
    for (size_t i = 0; i < gone_count; i++) {
        negotiate_context_free(gone[i]);
    }
    free(gone);
    free(ticket);
    return ok;
}

struct sign_in_half sign_in_pending_take(struct sign_in_pending *p,
                                         struct http_connection *connection, int64_t now_us)
{
    struct sign_in_half half = { NULL, SIGN_IN_SCHEME_NONE, 0 };
    struct ticket *ticket = http_connection_take(connection);

    if (ticket == NULL) {
        return half;
    }
    if (ticket->pending == p) {
        half = take_serial(p, ticket->serial);
    }
    if (half.context != NULL && now_us - half.started_us >= SIGN_IN_PENDING_US) {
        negotiate_context_free(half.context);
        half.context = NULL;
    }
    free_ticket(ticket);
    return half;
}

size_t sign_in_pending_count(struct sign_in_pending *p)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < SIGN_IN_PENDING_MAX; i++) {
        count += p->slots[i].serial != 0;
    }
    (void)pthread_mutex_unlock(&p->lock);
    return count;
}
