/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a sign_in with its settings and one request after the other, for its tests.
 * Not here: the tests; the faked Windows (fake_windows.h).
 * Owns:     the sign_in, the data folder, what the last request got.
 * Threads:  one test at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_MSCEP_SIGN_IN_WORLD_H
#define OPENNDES_TESTS_MSCEP_SIGN_IN_WORLD_H

#include "support/test_support.h"

#include "mscep/sign_in.h"

#define WORLD_BINDING "0102030405" /* of the server's certificate, hex */

struct sign_in_world {
    struct test_folder folder;
    struct service_config config; /* change before world_open */
    const void *security_functions;
    struct sign_in *sign_in;
    struct sign_in_list *list;
    const char *scope;
    /* the next request */
    bool tls;
    bool binding; /* with TLS: its certificate is known */
    char peer[48];
    /* what the last one got */
    struct sign_in_user user;
    struct http_response response;
    struct error err;
};

/* negotiate on, basic on, "allow", 3 failures in 5 minutes, over TLS, everybody on the list. */
void world_init(struct sign_in_world *w);
void world_open(struct sign_in_world *w); /* also: reload with the changed config */
void world_close(struct sign_in_world *w);
void world_list(struct sign_in_world *w, const char *allowed);

/* One request; `header` is the whole Authorization or NULL. Gives sign_in_request's result. */
bool world_ask(struct sign_in_world *w, struct http_connection *connection, const char *header);
/* The same with "SCHEME base64(token)". */
bool world_leg(struct sign_in_world *w, struct http_connection *connection, const char *scheme,
               const void *token, size_t len);
/* An NTLM message of this type (1 or 3) with a text behind its header. */
bool world_ntlm(struct sign_in_world *w, struct http_connection *connection, const char *scheme,
                unsigned char type, const char *text);
bool world_basic(struct sign_in_world *w, const char *user, const char *password);

/* Further headers of the last response, one per line. */
const char *world_headers(const struct sign_in_world *w);
/* The last request was refused like this. */
void world_refused(struct sign_in_world *w, bool result, int status, enum reason reason);

#endif
