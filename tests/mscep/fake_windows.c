/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/fake_windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/logon.h"
#include "platform/negotiate.h"

static struct fake_windows fake;

struct fake_windows *fake_windows(void)
{
    return &fake;
}

void fake_windows_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.now_us = INT64_C(1000000000);
}

/* ---- clock ----------------------------------------------------------------------------------- */

int64_t clock_now_ms(void)
{
    return INT64_C(1767225600000) + fake.now_us / 1000;
}

int64_t clock_now(void)
{
    return clock_now_ms() / 1000;
}

int64_t clock_monotonic_us(void)
{
    return fake.now_us;
}

/* ---- principals and tokens ------------------------------------------------------------------- */

struct principal {
    char name[64];
};

struct user_token {
    char name[256];
};

bool principal_find(const char *name, struct principal **out, struct error *err)
{
    *out = NULL;
    fake.look_ups++;
    if (strstr(name, "unknown") != NULL && !fake.knows_all) {
        return true;
    }
    *out = calloc(1, sizeof(**out));
    if (*out == NULL) {
        return error_set(err, REASON_NO_MEMORY, "test");
    }
    (void)snprintf((*out)->name, sizeof((*out)->name), "%s", name);
    return true;
}

void principal_free(struct principal *p)
{
    free(p);
}

static struct user_token *new_token(const char *name)
{
    struct user_token *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    (void)snprintf(t->name, sizeof(t->name), "%s", name);
    fake.tokens++;
    return t;
}

void user_token_free(struct user_token *token)
{
    if (token != NULL) {
        fake.tokens--;
        free(token);
    }
}

bool user_token_is(const struct user_token *token, const struct principal *principal)
{
    return strcmp(principal->name, "everybody") == 0 || strcmp(principal->name, token->name) == 0;
}

bool user_token_name(const struct user_token *token, char *name, size_t size)
{
    return text_copy(name, size, token->name);
}

/* ---- passwords ------------------------------------------------------------------------------- */

bool logon_available(void)
{
    return !fake.missing;
}

bool logon_user(const char *name, struct bytes password, struct user_token **out, struct error *err)
{
    *out = NULL;
    fake.logons++;
    if (fake.hang != NULL) {
        fake.hang();
    }
    if (fake.logon_down) {
        return error_set(err, REASON_SIGN_IN_UNAVAILABLE, "no domain controller answers");
    }
    if (!bytes_equal(password, bytes_of_text("right: pa\xc3\x9fword"))) {
        return error_set(err, REASON_SIGN_IN_FAILED, "wrong user or password");
    }
    *out = new_token(name);
    return true;
}

/* ---- Negotiate ------------------------------------------------------------------------------- */

struct negotiate {
    unsigned references;
};

struct negotiate_context {
    struct negotiate *negotiate;
    bool begun;
    bool done;
    bool guest;
    bool blind;
    bool nameless;
    char name[128];
};

bool negotiate_available(void)
{
    return !fake.missing;
}

struct negotiate *negotiate_create(const struct negotiate_options *options, struct error *err)
{
    struct negotiate *n = NULL;

    (void)snprintf(fake.package, sizeof(fake.package), "%s", options->package);
    if (fake.no_credentials || fake.missing) {
        (void)error_set(err, REASON_SIGN_IN_UNAVAILABLE, "no credentials");
        return NULL;
    }
    n = calloc(1, sizeof(*n));
    assert_non_null(n);
    n->references = 1;
    fake.credentials++;
    return n;
}

struct negotiate *negotiate_ref(struct negotiate *n)
{
    n->references++;
    return n;
}

void negotiate_unref(struct negotiate *n)
{
    if (n != NULL && --n->references == 0) {
        fake.credentials--;
        free(n);
    }
}

struct negotiate_context *negotiate_context_create(struct negotiate *n, struct error *err)
{
    struct negotiate_context *c = calloc(1, sizeof(*c));

    (void)err;
    assert_non_null(c);
    c->negotiate = negotiate_ref(n);
    fake.contexts++;
    return c;
}

void negotiate_context_free(struct negotiate_context *c)
{
    if (c != NULL) {
        negotiate_unref(c->negotiate);
        fake.contexts--;
        free(c);
    }
}

/* The text behind 0x60, 0xa1 or the twelve bytes of an NTLM message. */
static void read_text(struct bytes token, char *text, size_t size)
{
    size_t skip = token.data[0] == 'N' ? 12 : 1;

    assert_true(token.len >= skip);
    (void)snprintf(text, size, "%.*s", (int)(token.len - skip), (const char *)token.data + skip);
}

static bool accept_text(struct negotiate_context *c, const char *text, struct buffer *reply,
                        struct error *err)
{
    static const char ticket[] = "ticket ";
    static const char good[] = "good ";
    static const char blind[] = "blind ";
    static const char nameless[] = "nameless ";

    if (!c->begun && strncmp(text, ticket, sizeof(ticket) - 1) == 0) {
        text += sizeof(ticket) - 1;
        c->done = true;
    } else if (!c->begun || strcmp(text, "more") == 0) {
        c->begun = true;
        return buffer_append_text(reply, "challenge", err);
    } else if (strncmp(text, good, sizeof(good) - 1) == 0) {
        text += sizeof(good) - 1;
        c->done = true;
    } else if (strncmp(text, blind, sizeof(blind) - 1) == 0) {
        text += sizeof(blind) - 1;
        c->done = true;
        c->blind = true;
    } else if (strncmp(text, nameless, sizeof(nameless) - 1) == 0) {
        text += sizeof(nameless) - 1;
        c->done = true;
        c->nameless = true;
    } else if (strcmp(text, "guest") == 0) {
        c->done = true;
        c->guest = true;
    } else if (strcmp(text, "down") == 0) {
        return error_set(err, REASON_SIGN_IN_UNAVAILABLE, "0x80090311, no domain controller");
    } else {
        return error_set(err, REASON_SIGN_IN_FAILED, "0x8009030c, wrong user or password");
    }
    (void)snprintf(c->name, sizeof(c->name), "%s", text);
    return true;
}

bool negotiate_accept(struct negotiate_context *c, const struct negotiate_leg *leg,
                      struct buffer *reply, bool *done, struct error *err)
{
    char text[128];

    fake.legs++;
    text_hex(fake.binding, sizeof(fake.binding), leg->server_end_point);
    fake.binding_required = leg->binding_required;
    read_text(leg->token, text, sizeof(text));
    if (!accept_text(c, text, reply, err)) {
        return false;
    }
    *done = c->done;
    if (c->done && leg->token.data[0] != 'N') {
        return buffer_append_text(reply, "welcome", err);
    }
    return true;
}

bool negotiate_user(struct negotiate_context *c, struct negotiate_user *out, struct error *err)
{
    memset(out, 0, sizeof(*out));
    assert_true(c->done);
    out->package = "Kerberos";
    if (c->guest) {
        return error_set(err, REASON_SIGN_IN_FAILED, "the user is a guest");
    }
    if (c->blind) {
        (void)snprintf(out->problem, sizeof(out->problem), "no token");
        return true;
    }
    if (!c->nameless) {
        (void)snprintf(out->name, sizeof(out->name), "%s", c->name);
    }
    out->token = new_token(c->name);
    return true;
}
