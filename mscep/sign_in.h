/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  sign-in to the password page and its API: Negotiate, NTLM and Basic, throttled, closed
 *           whenever in doubt.
 * Not here: what a user gets then (ndes_face.h), Windows' security packages
 *           (platform/negotiate.h, platform/logon.h), our own accounts' file (accounts.h).
 * Owns:     compiled settings, the throttle's counters.
 * Threads:  any thread; a half-finished sign-in belongs to its connection (http_connection.h).
 * Spec:     RFC 4559, RFC 7617, RFC 5929 4; NDES: observed.
 */
#ifndef OPENNDES_MSCEP_SIGN_IN_H
#define OPENNDES_MSCEP_SIGN_IN_H

#include "config/service_config.h"
#include "http/http_types.h"

struct sign_in;
struct sign_in_list;

struct sign_in_options {
    const struct service_config *config; /* not needed after creation */
    const char *data_folder;             /* for the accounts' file; must outlive it */
    struct sign_in *previous;            /* whose counters go on after a reload; may be NULL */
    const void *security_functions;      /* tests: as negotiate_options.functions; else NULL */
};

/* One reference. Errors: REASON_NO_MEMORY, REASON_CONFIG_BAD_VALUE. */
struct sign_in *sign_in_create(const struct sign_in_options *options, struct error *err);
struct sign_in *sign_in_ref(struct sign_in *s);
void sign_in_unref(struct sign_in *s); /* NULL is allowed */
/*
 * Why a kind of sign-in that is switched on cannot be offered on this machine ("security package
 * Negotiate: ..."); "": nothing is wrong. To be logged at start and after a reload. Borrowed.
 */
const char *sign_in_problem(const struct sign_in *s);
/* Addresses that have to wait just now because of failed sign-ins. */
unsigned sign_in_throttled(const struct sign_in *s);

/*
 * Users and groups that may get passwords, from "ndes.allowed". Names that this machine does not
 * know match nobody; they are asked for again, once a minute at most, while somebody signs in whom
 * no other name matches. *unknown (may be NULL) gets the first of them, not escaped, or "".
 */
struct sign_in_list *sign_in_list_create(const char *allowed, char *unknown, size_t unknown_size,
                                         struct error *err);
void sign_in_list_free(struct sign_in_list *list); /* NULL is allowed */

struct sign_in_user {
    char name[256];     /* "CORP\\alice" or "alice"; UTF-8, not escaped; "" unknown */
    const char *scheme; /* constant: "Kerberos", "NTLM", "Negotiate", "Basic"; NULL: nobody */
    bool allowed;       /* on the list, or an account of ours with this scope */
    char why[256];      /* for logs, when not allowed: "not on the list", ...; escaped */
};

/*
 * Look at the request's Authorization; nothing is remembered from one request to the next but a
 * half-finished sign-in. true: somebody is signed in, *user says who and whether he
 * may; the response may have got a header of the last leg. false: the response is filled (401 with
 * what is offered, 403, 429, 503) and err says why: REASON_SIGN_IN_REQUIRED (also for each leg in
 * between), _FAILED, _NEEDS_TLS, _THROTTLED, _UNAVAILABLE, REASON_SERVER_BUSY, REASON_NO_MEMORY.
 * err's detail may name the user, escaped; never a password or token.
 * scope: the template's name, or "*" for the service's face: accounts of ours are bound to scopes.
 */
MUST_USE bool sign_in_request(struct sign_in *s, const struct http_request *request,
                              const struct sign_in_list *list, const char *scope,
                              struct sign_in_user *user, struct http_response *response,
                              struct error *err);

#endif
