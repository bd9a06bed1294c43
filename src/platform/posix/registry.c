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

static bool windows_only(struct error *err)
{
    return error_set(err, REASON_WINDOWS_ONLY, "there is no registry here");
}

bool registry_make_key(const char *key, struct error *err)
{
    (void)key;
    return windows_only(err);
}

bool registry_write_text(const char *key, const char *value, const char *text, bool expandable,
                         struct error *err)
{
    (void)key;
    (void)value;
    (void)text;
    (void)expandable;
    return windows_only(err);
}

bool registry_write_u32(const char *key, const char *value, uint32_t number, struct error *err)
{
    (void)key;
    (void)value;
    (void)number;
    return windows_only(err);
}

bool registry_remove_key(const char *key, struct error *err)
{
    (void)key;
    return windows_only(err);
}

bool registry_remove_value(const char *key, const char *value, struct error *err)
{
    (void)key;
    (void)value;
    return windows_only(err);
}

bool registry_remove_empty_key(const char *key, struct error *err)
{
    (void)key;
    return windows_only(err);
}
