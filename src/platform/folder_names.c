/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/folder_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FIRST_ITEMS 32u

bool folder_names_add(struct folder_names *names, const char *name, bool is_folder,
                      struct error *err)
{
    char *copy = NULL;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return true;
    }
    if (names->count == names->max) {
        return error_set(err, REASON_LIMIT, "more than %zu entries", names->max);
    }
    if (names->count == names->cap) {
        size_t cap = names->cap == 0 ? FIRST_ITEMS : names->cap * 2;
        struct folder_name *grown = NULL;

        if (cap > SIZE_MAX / 2 / sizeof(*grown)) {
            return error_set(err, REASON_NO_MEMORY, "out of memory for %zu names", cap);
        }
        grown = realloc(names->items, cap * sizeof(*grown));
        if (grown == NULL) {
            return error_set(err, REASON_NO_MEMORY, "out of memory for %zu names", cap);
        }
        names->items = grown;
        names->cap = cap;
    }
    copy = text_dup(name);
    if (copy == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a file name");
    }
    names->items[names->count].name = copy;
    names->items[names->count].is_folder = is_folder;
    names->count++;
    return true;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct folder_name *)a)->name, ((const struct folder_name *)b)->name);
}

bool folder_names_visit(struct folder_names *names, folder_visit *visit, void *context,
                        struct error *err)
{
    if (names->count > 1) {
        qsort(names->items, names->count, sizeof(*names->items), compare);
    }
    for (size_t i = 0; i < names->count; i++) {
        if (!visit(context, names->items[i].name, names->items[i].is_folder, err)) {
            return false;
        }
    }
    return true;
}

void folder_names_clear(struct folder_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->items[i].name);
    }
    free(names->items);
    names->items = NULL;
    names->count = 0;
    names->cap = 0;
}
