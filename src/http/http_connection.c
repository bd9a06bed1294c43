/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_connection.h"

#include <stdbool.h>
#include <stdlib.h>

#include "platform/threads.h"

struct http_connection {
    pthread_mutex_t lock; /* guards what follows */
    unsigned references;
    bool ended;
    void *value;
    void (*free_value)(void *value);
};

struct http_connection *http_connection_create(void)
{
    struct http_connection *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c);
        return NULL;
    }
    c->references = 1;
    return c;
}

struct http_connection *http_connection_ref(struct http_connection *c)
{
    (void)pthread_mutex_lock(&c->lock);
    c->references++;
    (void)pthread_mutex_unlock(&c->lock);
    return c;
}

void http_connection_unref(struct http_connection *c)
{
    bool last;

    if (c == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&c->lock);
    last = --c->references == 0;
    (void)pthread_mutex_unlock(&c->lock);
    if (last) {
        http_connection_end(c);
        (void)pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

/* Put a value in and the former one out, which is freed without the lock. */
static void replace(struct http_connection *c, void *value, void (*free_value)(void *value),
                    bool end)
{
    void *old;
    void (*free_old)(void *value);

    (void)pthread_mutex_lock(&c->lock);
    c->ended = c->ended || end;
    if (c->ended) {
        old = value;
        free_old = free_value;
        value = NULL;
        free_value = NULL;
        if (c->value != NULL) { /* only by the call that ends it, which brings none */
            old = c->value;
            free_old = c->free_value;
        }
    } else {
        old = c->value;
        free_old = c->free_value;
    }
    c->value = value;
    c->free_value = free_value;
    (void)pthread_mutex_unlock(&c->lock);
    if (old != NULL && free_old != NULL) {
        free_old(old);
    }
}

void http_connection_end(struct http_connection *c)
{
    replace(c, NULL, NULL, true);
}

void *http_connection_take(struct http_connection *c)
{
    void *value;

    (void)pthread_mutex_lock(&c->lock);
    value = c->value;
    c->value = NULL;
    c->free_value = NULL;
    (void)pthread_mutex_unlock(&c->lock);
    return value;
}

void http_connection_keep(struct http_connection *c, void *take_value,
                          void (*free_value)(void *value))
{
    replace(c, take_value, free_value, false);
}
