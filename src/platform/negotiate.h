/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the server's side of Negotiate and NTLM: tokens in, tokens out, then who it was.
 * Not here: HTTP headers, connections, limits on attempts (mscep/sign_in*.c).
 * Owns:     the credentials of this server; one security context per sign-in.
 * Threads:  credentials: any thread, references are counted; a context: one thread at a time.
 * Spec:     RFC 4178, RFC 4559, RFC 5929 4; MS-NLMP, MS-SPNG. POSIX: not available.
 */
#ifndef OPENNDES_PLATFORM_NEGOTIATE_H
#define OPENNDES_PLATFORM_NEGOTIATE_H

#include "base/buffer.h"
#include "platform/user_token.h"

#define NEGOTIATE_TOKEN_MAX 49152u /* bytes of one token, in either direction */
#define NEGOTIATE_NAME_MAX 256     /* bytes with NUL */

struct negotiate;
struct negotiate_context;

struct negotiate_options {
    const char *package; /* "Negotiate" takes raw NTLM as well */
    /* tests: a SecurityFunctionTableW instead of the system's; must outlive all contexts; NULL */
    const void *functions;
};

/* Does this system have security packages at all? */
bool negotiate_available(void);
/*
 * Get the credentials of this process's account. One reference. Errors: REASON_SIGN_IN_UNAVAILABLE
 * with a sentence, REASON_NO_MEMORY.
 */
struct negotiate *negotiate_create(const struct negotiate_options *options, struct error *err);
struct negotiate *negotiate_ref(struct negotiate *n);
void negotiate_unref(struct negotiate *n); /* NULL is allowed */

/* One sign-in; keeps its own reference to the credentials. NULL: REASON_NO_MEMORY. */
struct negotiate_context *negotiate_context_create(struct negotiate *n, struct error *err);
void negotiate_context_free(struct negotiate_context *c); /* NULL is allowed */

struct negotiate_leg {
    struct bytes token; /* 1..NEGOTIATE_TOKEN_MAX bytes */
    /* digest of the server's certificate, to which the client must bind; empty: not looked at */
    struct bytes server_end_point;
    bool binding_required; /* false: a client that does not bind at all may pass */
};

/*
 * One leg. *done: the client is signed in, otherwise *reply goes to him and another leg must
 * follow. reply gets the answer's token, which may be empty when done. After a failure only
 * negotiate_context_free is allowed. Errors: REASON_SIGN_IN_FAILED,
 * REASON_SIGN_IN_UNAVAILABLE (no domain controller, out of resources), with the status as hex and
 * words.
 */
MUST_USE bool negotiate_accept(struct negotiate_context *c, const struct negotiate_leg *leg,
                               struct buffer *reply, bool *done, struct error *err);

struct negotiate_user {
    char name[NEGOTIATE_NAME_MAX]; /* "CORP\\alice"; "": unknown */
    const char *package;           /* constant: "Kerberos", "NTLM", "Negotiate" */
    struct user_token *token;      /* owned; NULL: memberships cannot be read */
    char problem[160];             /* why there is no token; for logs */
};

/*
 * Who it was, once done. What the package does not tell stays empty: who has no token is on no
 * list. Errors: REASON_SIGN_IN_FAILED (anonymous, guest).
 */
MUST_USE bool negotiate_user(struct negotiate_context *c, struct negotiate_user *out,
                             struct error *err);

#endif
