/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/negotiate.h"

#include <string.h>

static bool not_here(struct error *err)
{
    return error_set(err, REASON_SIGN_IN_UNAVAILABLE,
                     "Negotiate and NTLM exist on Windows only; Basic works here");
}

bool negotiate_available(void)
{
    return false;
}

struct negotiate *negotiate_create(const struct negotiate_options *options, struct error *err)
{
    (void)options;
    (void)not_here(err);
    return NULL;
}

struct negotiate *negotiate_ref(struct negotiate *n)
{
    return n;
}

void negotiate_unref(struct negotiate *n)
{
    (void)n;
}

struct negotiate_context *negotiate_context_create(struct negotiate *n, struct error *err)
{
    (void)n;
    (void)not_here(err);
    return NULL;
}

void negotiate_context_free(struct negotiate_context *c)
{
    (void)c;
}

bool negotiate_accept(struct negotiate_context *c, const struct negotiate_leg *leg,
                      struct buffer *reply, bool *done, struct error *err)
{
    (void)c;
    (void)leg;
    (void)reply;
    *done = false;
    return not_here(err);
}

bool negotiate_user(struct negotiate_context *c, struct negotiate_user *out, struct error *err)
{
    (void)c;
    memset(out, 0, sizeof(*out));
    return not_here(err);
}
