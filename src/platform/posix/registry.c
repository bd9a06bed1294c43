/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/registry.h"

/* There is no registry here: every value is missing, which is no failure. */

bool registry_read_text(const char *key, const char *value, struct buffer *out, bool *found,
                        struct error *err)
{
    (void)key;
    (void)value;
    (void)out;
    (void)err;
    *found = false;
    return true;
}

bool registry_read_u32(const char *key, const char *value, uint32_t *out, bool *found,
                       struct error *err)
{
    (void)key;
    (void)value;
    (void)out;
    (void)err;
    *found = false;
    return true;
}

bool registry_walk(const char *key, registry_visit *visit, void *context, bool *found,
                   struct error *err)
{
    (void)key;
    (void)visit;
    (void)context;
    (void)err;
    *found = false;
    return true;
}

bool registry_stamp(const char *key, struct registry_stamp *out, struct error *err)
{
    (void)key;
    (void)err;
    *out = (struct registry_stamp){ 0, 0 };
    return true;
}

bool registry_stamp_equal(const struct registry_stamp *a, const struct registry_stamp *b)
{
    return a->written_100ns == b->written_100ns && a->values == b->values;
}
