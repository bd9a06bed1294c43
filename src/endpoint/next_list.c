/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/next_list.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "platform/clock.h"

#define RETRY_US INT64_C(60000000)

struct next_list {
    struct ca *ca;
    struct ca *next; /* NULL: none */
    enum ra_form form;
    bool include_root;
    pthread_mutex_t lock; /* guards what follows */
    struct ra_set *ras;   /* that the list is about; NULL: none was signed yet */
    struct buffer body;   /* empty: it could not be signed */
    struct error why;
    int64_t tried_us; /* monotonic */
};

struct next_list *next_list_create(struct ca *ca, struct ca *next, enum ra_form form,
                                   bool include_root, struct error *err)
{
    struct next_list *list = calloc(1, sizeof(*list));

    if (list == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "endpoint");
        return NULL;
    }
    list->ca = ca;
    list->next = next;
    list->form = form;
    list->include_root = include_root;
    list->body = (struct buffer)BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    (void)pthread_mutex_init(&list->lock, NULL); /* cannot fail without attributes */
    return list;
}

void next_list_free(struct next_list *list)
{
    if (list == NULL) {
        return;
    }
    ra_set_unref(list->ras);
    buffer_clear(&list->body);
    (void)pthread_mutex_destroy(&list->lock);
    free(list);
}

static void sign(struct next_list *list, struct ra_set *take_ras)
{
    struct scep_next_cacert order = { .next = take_ras,
                                      .form = list->form,
                                      .include_root = list->include_root };

    ra_set_unref(list->ras);
    list->ras = take_ras;
    list->tried_us = clock_monotonic_us();
    buffer_clear(&list->body);
    error_clear(&list->why);
    if (!ca_signer(list->ca, &order.cert, &order.key, &list->why)
        || !scep_next_cacert_body(&order, &list->body, &list->why)) {
        buffer_clear(&list->body);
    }
}

/* Is it about these RAs, or has it just been tried? */
static bool is_fresh(const struct next_list *list, const struct ra_set *ras)
{
    return list->ras == ras
           && (list->body.len > 0 || clock_monotonic_us() - list->tried_us < RETRY_US);
}

bool next_list_append(struct next_list *list, struct buffer *out, struct error *err)
{
    struct error why = ERROR_INIT;
    struct ra_set *ras = NULL;
    bool ok = false;

    if (list->next == NULL) {
        return error_set(err, REASON_NO_NEXT_CA, "the template has no next CA");
    }
    ras = ca_ra(list->next, &why); /* by the time; no signature */
    if (ras == NULL) {
        return error_set(err, REASON_NO_NEXT_CA, "%s", why.detail);
    }
    (void)pthread_mutex_lock(&list->lock);
    if (is_fresh(list, ras)) {
        ra_set_unref(ras);
    } else {
        sign(list, ras);
    }
    if (list->body.len == 0) {
        (void)error_set(err, REASON_NO_NEXT_CA, "%s", list->why.detail);
    } else {
        ok = out == NULL || buffer_append_bytes(out, buffer_bytes(&list->body), err);
    }
    (void)pthread_mutex_unlock(&list->lock);
    return ok;
}
