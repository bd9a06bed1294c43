/* SPDX-License-Identifier: Apache-2.0 */
/* Who may get passwords: the list's half of sign_in.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "mscep/sign_in_internal.h"
#include "platform/clock.h"
#include "platform/threads.h"

#define PRINCIPALS_MAX 256u /* as many as "ndes.allowed" holds */
#define PRINCIPAL_NAME_MAX 1024u
#define ASK_AGAIN_US INT64_C(60000000) /* for names that nobody knew */
#define ASKING_US INT64_C(5000000)     /* a sign-in waits no longer for them */

/* A name that nobody knew when the list was made. */
struct late_name {
    char *name;
    struct principal *found; /* NULL: still unknown */
};

/*
 * A service may start before its network does, and a domain's names are then unknown: they are
 * asked for again.
 */
struct late {
    pthread_mutex_t lock; /* guards found and asked_us */
    int64_t asked_us;
    size_t count;
    struct late_name names[PRINCIPALS_MAX]; /* the first `count` */
};

struct sign_in_list {
    size_t count;
    struct principal *principals[PRINCIPALS_MAX]; /* the first `count` */
    struct late *late;
};

/* ---- life ------------------------------------------------------------------------------------ */

static struct late *late_create(struct error *err)
{
    struct late *late = calloc(1, sizeof(*late));

    if (late == NULL || pthread_mutex_init(&late->lock, NULL) != 0) {
        free(late);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a list");
        return NULL;
    }
    late->asked_us = clock_monotonic_us();
    return late;
}

static void late_free(struct late *late)
{
    if (late == NULL) {
        return;
    }
    for (size_t i = 0; i < late->count; i++) {
        free(late->names[i].name);
        principal_free(late->names[i].found);
    }
    (void)pthread_mutex_destroy(&late->lock);
    free(late);
}

static bool late_add(struct late *late, const char *name, struct error *err)
{
    char *copy = text_dup(name);

    if (copy == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a list");
    }
    late->names[late->count++].name = copy;
    return true;
}

/* One item; *known says whether this machine knows it. */
static bool add(struct sign_in_list *list, const char *name, bool *known, struct error *err)
{
    struct principal *found = NULL;

    if (list->count + list->late->count == PRINCIPALS_MAX) {
        return error_set(err, REASON_CONFIG_BAD_VALUE, "more than %u users and groups",
                         PRINCIPALS_MAX);
    }
    if (!principal_find(name, &found, err)) {
        return false;
    }
    *known = found != NULL;
    if (found == NULL) {
        return late_add(list->late, name, err);
    }
    list->principals[list->count++] = found;
    return true;
}

static struct sign_in_list *new_list(struct error *err)
{
    struct sign_in_list *list = calloc(1, sizeof(*list));

    if (list == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a list");
        return NULL;
    }
    list->late = late_create(err);
    if (list->late == NULL) {
        free(list);
        return NULL;
    }
    return list;
}

struct sign_in_list *sign_in_list_create(const char *allowed, char *unknown, size_t unknown_size,
                                         struct error *err)
{
    struct sign_in_list *list = new_list(err);
    struct bytes item = { NULL, 0 };
    char name[PRINCIPAL_NAME_MAX];
    size_t pos = 0;
    bool any_unknown = false;
    bool ok = list != NULL;

    if (unknown != NULL && unknown_size > 0) {
        unknown[0] = '\0';
    }
    while (ok && text_next_item(bytes_of_text(allowed), ',', &pos, &item)) {
        bool known = false;

        if (!text_format(name, sizeof(name), "%.*s", (int)item.len, (const char *)item.data)) {
            ok = error_set(err, REASON_CONFIG_BAD_VALUE, "a user or group with a name too long");
            break;
        }
        ok = add(list, name, &known, err);
        if (ok && !known && !any_unknown && unknown != NULL) {
            (void)snprintf(unknown, unknown_size, "%s", name);
        }
        any_unknown = any_unknown || !known;
    }
    if (!ok) {
        sign_in_list_free(list);
        list = NULL;
    }
    return list;
}

void sign_in_list_free(struct sign_in_list *list)
{
    if (list == NULL) {
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        principal_free(list->principals[i]);
    }
    late_free(list->late);
    free(list);
}

/* ---- questions ------------------------------------------------------------------------------- */

/* One caller at a time, and not at every sign-in: the answer may take seconds. */
static bool may_ask(struct late *late, int64_t now_us)
{
    bool may;

    (void)pthread_mutex_lock(&late->lock);
    may = now_us - late->asked_us >= ASK_AGAIN_US;
    if (may) {
        late->asked_us = now_us;
    }
    (void)pthread_mutex_unlock(&late->lock);
    return may;
}

/* A principal that is found stays, so the pointer is good without the lock. */
static struct principal *late_get(struct late *late, size_t index)
{
    struct principal *found;

    (void)pthread_mutex_lock(&late->lock);
    found = late->names[index].found;
    (void)pthread_mutex_unlock(&late->lock);
    return found;
}

static void late_set(struct late *late, size_t index, struct principal *take_found)
{
    (void)pthread_mutex_lock(&late->lock);
    if (late->names[index].found == NULL) {
        late->names[index].found = take_found;
        take_found = NULL;
    }
    (void)pthread_mutex_unlock(&late->lock);
    principal_free(take_found);
}

static void ask_again(struct late *late, int64_t now_us)
{
    for (size_t i = 0; i < late->count && clock_monotonic_us() - now_us < ASKING_US; i++) {
        struct principal *found = NULL;
        struct error ignored = ERROR_INIT;

        if (late_get(late, i) == NULL && principal_find(late->names[i].name, &found, &ignored)
            && found != NULL) {
            late_set(late, i, found);
        }
    }
}

static bool late_has(struct late *late, const struct user_token *token)
{
    int64_t now_us = clock_monotonic_us();

    if (late->count == 0) {
        return false;
    }
    if (may_ask(late, now_us)) {
        ask_again(late, now_us);
    }
    for (size_t i = 0; i < late->count; i++) {
        const struct principal *found = late_get(late, i);

        if (found != NULL && user_token_is(token, found)) {
            return true;
        }
    }
    return false;
}

bool sign_in_list_has(const struct sign_in_list *list, const struct user_token *token)
{
    for (size_t i = 0; i < list->count; i++) {
        if (user_token_is(token, list->principals[i])) {
            return true;
        }
    }
    return late_has(list->late, token);
}
