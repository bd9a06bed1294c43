/* SPDX-License-Identifier: Apache-2.0 */
/* Who may get passwords: the list's half of sign_in.h. */
#include <stdlib.h>

#include "base/text.h"
#include "mscep/sign_in_internal.h"

#define PRINCIPALS_MAX 256u /* as many as "ndes.allowed" holds */
#define PRINCIPAL_NAME_MAX 1024u

struct sign_in_list {
    size_t count;
    struct principal *principals[PRINCIPALS_MAX]; /* the first `count` */
};

/* One item; *known says whether this machine knows it. */
static bool add(struct sign_in_list *list, const char *name, bool *known, struct error *err)
{
    struct principal *found = NULL;

    if (!principal_find(name, &found, err)) {
        return false;
    }
    *known = found != NULL;
    if (found == NULL) {
        return true; /* matches nobody */
    }
    if (list->count == PRINCIPALS_MAX) {
        principal_free(found);
        return error_set(err, REASON_CONFIG_BAD_VALUE, "more than %u users and groups",
                         PRINCIPALS_MAX);
    }
    list->principals[list->count++] = found;
    return true;
}

struct sign_in_list *sign_in_list_create(const char *allowed, char *unknown, size_t unknown_size,
                                         struct error *err)
{
    struct sign_in_list *list = calloc(1, sizeof(*list));
    struct bytes item = { NULL, 0 };
    char name[PRINCIPAL_NAME_MAX];
    size_t pos = 0;
    bool any_unknown = false;
    bool ok = list != NULL || error_set(err, REASON_NO_MEMORY, "out of memory for a list");

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
        if (ok && !known && !any_unknown && unknown != NULL && unknown_size >= 8) {
            text_escape(unknown, unknown_size, item);
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
    free(list);
}

bool sign_in_list_has(const struct sign_in_list *list, const struct user_token *token)
{
    for (size_t i = 0; i < list->count; i++) {
        if (user_token_is(token, list->principals[i])) {
            return true;
        }
    }
    return false;
}
