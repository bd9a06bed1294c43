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
#include "endpoint/endpoint.h"
#include "support/scep_client.h"
#include "support/scep_keys.h"
#include "support/test_support.h"

#define WORLD_PASSPHRASE "the passphrase of this template"

struct endpoint_world {
    struct test_folder folder;
    struct store *store;
    struct ca *ca;
    struct ra_set *ras;
    struct evp_pkey_st *client_key;
    struct evp_pkey_st *other_key;
};

/* What came back. */
struct endpoint_answer {
    struct http_response response;
    struct endpoint_report report;
};

void endpoint_world_open(struct endpoint_world *world);
/* New RAs; the former ones go on. Not while there are endpoints: they borrow the CA. */
void endpoint_world_renew(struct endpoint_world *world);
void endpoint_world_close(struct endpoint_world *world);

/* A template of this name with WORLD_PASSPHRASE; `settings` is JSON behind a comma, or "". */
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
void endpoint_answer_clear(struct endpoint_answer *answer);

#endif
