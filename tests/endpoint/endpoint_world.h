/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  an endpoint with everything real behind it: data folder, CA, store, templates.
 * Not here: requests (support/scep_client.h).
 * Owns:     see endpoint_world_close.
 * Threads:  one test, one thread, unless a test says otherwise.
 * Spec:     RFC 8894.
 */
#ifndef OPENNDES_TESTS_ENDPOINT_WORLD_H
#define OPENNDES_TESTS_ENDPOINT_WORLD_H

#include "ca/ca_builtin.h"
#include "ca/ca_files.h"
#include "endpoint/endpoint.h"
#include "support/scep_client.h"
#include "support/scep_keys.h"
#include "support/test_support.h"

#define WORLD_PASSPHRASE "the passphrase of this template"

struct endpoint_world {
    struct test_folder folder;
    struct store *store;
    struct ca *ca;
    struct ca_builtin *builtin; /* behind it */
    struct ra_set *ras;
    struct ca *next; /* of templates made from now on; NULL: none; the test's, like the other */
    struct ca *previous;
    struct evp_pkey_st *client_key;
    struct evp_pkey_st *other_key;
    struct rate_limit *rate; /* NULL until endpoint_world_limit */
    int64_t now_us;          /* the clock of rate */
};

/* What came back. */
struct endpoint_answer {
    struct http_response response;
    struct endpoint_report report;
};

void endpoint_world_open(struct endpoint_world *world);
/* The same with another key of the CA than RSA-2048; the RA is RSA all the same. */
void endpoint_world_open_key(struct endpoint_world *world, enum ca_key_spec key);
/* New RAs; the former ones go on. Not while there are endpoints: they borrow the CA. */
void endpoint_world_renew(struct endpoint_world *world);
void endpoint_world_close(struct endpoint_world *world);

/* One more CA in the same folder and store; *builtin is what is behind it. ca_free. */
struct ca *endpoint_world_ca(struct endpoint_world *world, const char *name, enum ca_key_spec key,
                             const char *subject, struct ca_builtin **builtin);
/* Templates that are made from now on are limited by their settings. */
void endpoint_world_limit(struct endpoint_world *world);

/*
 * A template of this name with WORLD_PASSPHRASE; `settings` is JSON behind a comma, or "". Files
 * of policy.files lie in the world's folder.
 */
struct endpoint *endpoint_world_template(struct endpoint_world *world, const char *name,
                                         const char *settings);
/* The same with the MAC that belongs to another template: a copied file. */
struct endpoint *endpoint_world_copied(struct endpoint_world *world, const char *name,
                                       const char *mac_of, const char *settings);
/* A template that is switched off and has no challenge. */
struct endpoint *endpoint_world_off(struct endpoint_world *world, const char *name);
/* A client with the client's key and the right passphrase. */
void endpoint_world_client(const struct endpoint_world *world, struct scep_client *client);

/* POST of a message; the answer is cleared by endpoint_answer_clear. */
void endpoint_post(const struct endpoint *endpoint, struct bytes message,
                   struct endpoint_answer *answer);
/* GET with a raw query. */
void endpoint_get(const struct endpoint *endpoint, const char *query,
                  struct endpoint_answer *answer);
/* The same through another face than the endpoint's own. */
void endpoint_post_at(const struct endpoint *endpoint, const struct endpoint_face *face,
                      struct bytes message, struct endpoint_answer *answer);
void endpoint_get_at(const struct endpoint *endpoint, const struct endpoint_face *face,
                     const char *query, struct endpoint_answer *answer);
/* POST from another address than 127.0.0.1; face NULL: the endpoint's own. */
void endpoint_post_from(const struct endpoint *endpoint, const struct endpoint_face *face,
                        const char *peer, struct bytes message, struct endpoint_answer *answer);
void endpoint_answer_clear(struct endpoint_answer *answer);

#endif
