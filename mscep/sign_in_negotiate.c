/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiate and NTLM: one leg of a sign-in. */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "mscep/ntlm_claim.h"
#include "mscep/sign_in_internal.h"
#include "platform/clock.h"

#define SHOWN_NAME_MAX 256 /* of an escaped name, with NUL */

bool sign_in_negotiate_offered(const struct sign_in *s, const struct http_request *request)
{
    if (s->negotiate == NULL) {
        return false;
    }
    /* what must be bound to a certificate needs one that we know: not without TLS, and not behind a
     * proxy that ends it */
    return s->channel_binding != CHANNEL_BINDING_REQUIRE || request->channel_binding_len > 0;
}

static bool decode(const struct sign_in_header *header, struct buffer *token, struct error *err)
{
    struct error cause = ERROR_INIT;

    if (!base64_decode(header->token, BASE64_STRICT, token, &cause)) {
        return cause.reason == REASON_NO_MEMORY
                   ? error_set(err, REASON_NO_MEMORY, "out of memory for a sign-in")
                   : error_set(err, REASON_SIGN_IN_FAILED, "not base64, or over %u bytes",
                               NEGOTIATE_TOKEN_MAX);
    }
    return token->len > 0 || error_set(err, REASON_SIGN_IN_FAILED, "an empty token");
}

/*
 * The sign-in that this leg belongs to: a new one for a first leg, whatever the connection had;
 * else the connection's own.
 */
static bool find_half(struct sign_in_attempt *a, enum sign_in_scheme scheme, struct bytes token,
                      struct sign_in_half *half, struct error *err)
{
    struct http_connection *connection = a->request->connection;
    enum sign_in_leg leg = sign_in_leg_of(token);
    int64_t now = clock_monotonic_us();

    if (connection != NULL) {
        *half = sign_in_pending_take(a->s->pending, connection, now);
    }
    if (leg == SIGN_IN_LEG_FIRST) {
        negotiate_context_free(half->context);
        half->scheme = scheme;
        half->started_us = now;
        half->context = negotiate_context_create(a->s->negotiate, err);
        return half->context != NULL;
    }
    if (leg == SIGN_IN_LEG_UNKNOWN) {
        return error_set(err, REASON_SIGN_IN_FAILED, "the token is neither SPNEGO nor NTLM");
    }
    if (half->context == NULL) {
        return error_set(err, REASON_SIGN_IN_FAILED,
                         "a later leg without its beginning: it came too late, or over another "
                         "connection (a proxy between?)");
    }
    return half->scheme == scheme
           || error_set(err, REASON_SIGN_IN_FAILED, "begun as %s",
                        sign_in_scheme_name(half->scheme));
}

static bool add_reply(struct sign_in_attempt *a, enum sign_in_scheme scheme, struct bytes reply,
                      struct error *err)
{
    struct buffer value = BUFFER_INIT(2 * NEGOTIATE_TOKEN_MAX);
    bool ok =
        buffer_printf(&value, err, "%s ", sign_in_scheme_name(scheme))
        && base64_encode(reply, &value, err)
        && http_response_add_header(a->response, "WWW-Authenticate", buffer_text(&value), err);

    buffer_clear(&value);
    return ok;
}

/* The package has said yes: who is it, and may he? */
static bool finish(struct sign_in_attempt *a, const struct sign_in_half *half, struct bytes reply,
                   struct error *err)
{
    struct negotiate_user found;
    bool ok = negotiate_user(half->context, &found, err);

    if (ok && reply.len > 0) {
        ok = add_reply(a, half->scheme, reply, err);
    }
    if (ok) {
        (void)snprintf(a->user->name, sizeof(a->user->name), "%s", found.name);
        if (found.name[0] == '\0' && found.token != NULL
            && !user_token_name(found.token, a->user->name, sizeof(a->user->name))) {
            a->user->name[0] = '\0';
        }
        a->user->scheme = found.package;
        if (half->scheme == SIGN_IN_SCHEME_NTLM) {
            a->user->scheme = sign_in_scheme_name(half->scheme);
        }
        sign_in_judge(a, found.token, found.problem);
    }
    user_token_free(found.token);
    return ok;
}

/* Another leg must follow, on this connection. */
static bool keep(struct sign_in_attempt *a, struct sign_in_half *half, struct bytes reply,
                 struct error *err)
{
    struct sign_in_half kept = *half;

    if (a->request->connection == NULL) {
        return error_set(err, REASON_INTERNAL, "a request without connection");
    }
    half->context = NULL;
    if (!sign_in_pending_keep(a->s->pending, a->request->connection, &kept, clock_monotonic_us(),
                              err)
        || !add_reply(a, kept.scheme, reply, err)) {
        return false;
    }
    a->leg_answered = true;
    return error_set(err, REASON_SIGN_IN_REQUIRED, "%s: another leg follows",
                     sign_in_scheme_name(kept.scheme));
}

/* For people: which scheme, and whom the client claims to be. */
static void add_who(enum sign_in_scheme scheme, struct bytes token, struct error *err)
{
    char claim[SIGN_IN_NAME_MAX];
    char shown[SHOWN_NAME_MAX];

    if (ntlm_claim(token, claim, sizeof(claim))) {
        text_escape(shown, sizeof(shown), bytes_of_text(claim));
        (void)error_context(err, "%s, as \"%s\"", sign_in_scheme_name(scheme), shown);
    } else {
        (void)error_context(err, "%s", sign_in_scheme_name(scheme));
    }
}

bool sign_in_negotiate(struct sign_in_attempt *a, const struct sign_in_header *header,
                       struct error *err)
{
    const struct http_request *request = a->request;
    struct buffer token = BUFFER_INIT(NEGOTIATE_TOKEN_MAX);
    struct buffer reply = BUFFER_INIT(NEGOTIATE_TOKEN_MAX);
    struct sign_in_half half = { NULL, SIGN_IN_SCHEME_NONE, 0 };
    struct negotiate_leg leg = { { NULL, 0 }, { NULL, 0 }, false };
    bool done = false;
    bool ok = false;

    if (!decode(header, &token, err)) goto out;
    if (!find_half(a, header->scheme, buffer_bytes(&token), &half, err)) goto out;
    leg.token = buffer_bytes(&token);
    if (a->s->channel_binding != CHANNEL_BINDING_NONE) {
        leg.server_end_point = bytes_of(request->channel_binding, request->channel_binding_len);
        leg.binding_required = a->s->channel_binding == CHANNEL_BINDING_REQUIRE;
    }
    if (!negotiate_accept(half.context, &leg, &reply, &done, err)) goto out;
    ok = done ? finish(a, &half, buffer_bytes(&reply), err)
              : keep(a, &half, buffer_bytes(&reply), err);
out:
    if (!ok && err->reason != REASON_SIGN_IN_REQUIRED) {
        add_who(header->scheme, buffer_bytes(&token), err);
    }
    negotiate_context_free(half.context);
    buffer_clear(&token); /* wipes */
    buffer_clear(&reply);
    return ok;
}
