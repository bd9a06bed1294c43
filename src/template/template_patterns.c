/* SPDX-License-Identifier: Apache-2.0 */
#include "template/template_patterns.h"

#include <stdlib.h>

#include "base/text.h"

static size_t count_items(struct bytes list)
{
    struct bytes item = { NULL, 0 };
    size_t pos = 0;
    size_t count = 0;

    while (text_next_item(list, ',', &pos, &item)) {
        count++;
    }
    return count;
}

bool template_patterns_init(struct template_patterns *p, const char *list, struct error *err)
{
    struct bytes all = bytes_of_text(list == NULL ? "" : list);
    struct bytes item = { NULL, 0 };
    size_t count = count_items(all);
    size_t pos = 0;

    p->items = NULL;
    p->count = 0;
    if (count == 0) {
        return true;
    }
    p->items = calloc(count, sizeof(*p->items));
    if (p->items == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for patterns");
    }
    while (text_next_item(all, ',', &pos, &item)) {
        p->items[p->count] = text_dup_bytes(item);
        if (p->items[p->count] == NULL) {
            template_patterns_clear(p);
            return error_set(err, REASON_NO_MEMORY, "out of memory for patterns");
        }
        p->count++;
    }
    return true;
}

void template_patterns_clear(struct template_patterns *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i]);
    }
    free(p->items);
    p->items = NULL;
    p->count = 0;
}

bool template_patterns_allow(const struct template_patterns *p, struct bytes text)
{
    for (size_t i = 0; i < p->count; i++) {
        if (text_glob(p->items[i], text)) {
            return true;
        }
    }
    return p->count == 0;
}
