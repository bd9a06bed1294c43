/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of known devices of unknown origin, and questions about it.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/policy_known.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One question about values cut out of the list itself. */
static void ask(const struct policy_known *known, struct bytes text)
{
    struct policy_bindings bindings;
    char why[160];
    bool yes = false;

    memset(&bindings, 0, sizeof(bindings));
    for (size_t i = 0; i < 4 && 8 * (i + 1) <= text.len; i++) {
        bindings.item[i].variable = (enum policy_variable)(text.data[8 * i] % 15);
        bindings.item[i].value = bytes_of(text.data + 8 * i + 1, text.data[8 * i + 1] % 8);
        bindings.count = i + 1;
    }
    memset(why, 'x', sizeof(why));
    yes = policy_known_check(known, &bindings, why, sizeof(why));
    /* a reason, and only for a no; nobody is known by nothing */
    if (memchr(why, '\0', sizeof(why)) == NULL || (why[0] == '\0') != yes
        || (yes && (bindings.count == 0 || policy_known_count(known) == 0))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = ERROR_INIT;
    struct policy_known *known = policy_known_load(bytes_of(data, size), "known", &err);

    if ((known != NULL) == error_is_set(&err)) {
        abort();
    }
    if (known != NULL) {
        if (policy_known_count(known) > LIMIT_KNOWN_ROWS) {
            abort();
        }
        for (size_t at = 0; at < size && at < 256; at += 7) {
            ask(known, bytes_of(data + at, size - at));
        }
        ask(known, bytes_of(data, 0));
    } else if (err.reason != REASON_KNOWN_LIST) {
        abort();
    }
    policy_known_free(known);
    return 0;
}
