/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the tests of the stand-in for Microsoft's cloud share: a cloud of their own, and a
 *           client that says exactly what a test wants, right or wrong.
 * Not here: the product's client.
 * Owns:     cloud, folder, key.
 * Threads:  the test's thread.
 * Spec:     see intune_cloud.h.
 */
#ifndef OPENNDES_TESTS_SUPPORT_INTUNE_CLOUD_CALLER_H
#define OPENNDES_TESTS_SUPPORT_INTUNE_CLOUD_CALLER_H

#include "http/tls_client.h"
#include "model/csr_builder.h"
#include "support/intune_cloud.h"
#include "support/test_support.h"

#define CALLER_TOKEN_MAX 4096
#define CALLER_WAIT_MS 20000

struct caller {
    struct test_folder folder;
    struct intune_cloud_server *cloud;
    struct ip_address address;
    struct evp_pkey_st *key;            /* of requests */
    char graph_token[CALLER_TOKEN_MAX]; /* "Bearer ..." */
    char intune_token[CALLER_TOKEN_MAX];
    char scep[512]; /* paths of the services */
    char pki[512];
    unsigned transactions;
};

/* For cmocka: one cloud per program; every test begins with a reset. */
int caller_setup(void **state);
int caller_teardown(void **state);
/* Reset, tokens, discovery. */
int caller_begin(void **state);

/* One call; NULL members are left out. */
struct caller_ask {
    const char *method; /* NULL: POST with a body, otherwise GET */
    const char *target;
    const char *authorization;
    const char *request_id; /* NULL: a new GUID, "": none */
    const char *api_version;
    const char *content_type;
    const char *more; /* further header lines, each with CRLF */
    const char *body;
};
/* Send it and wait for the answer; returns the status, 0 when the connection ended without one. */
int caller_ask(struct caller *c, const struct caller_ask *ask, struct buffer *body);
/* The same on a connection that the test goes on with. */
struct raw_client *caller_send(struct caller *c, const struct caller_ask *ask);

/* Token call with this form; the answer's body is appended to out. */
int caller_token(struct caller *c, const char *tenant, const char *form, struct buffer *out);
/* The form of a good call for this scope. */
void caller_form(char *form, size_t size, const char *scope);
/* Take new tokens and addresses. */
void caller_sign_in(struct caller *c);

/* A right call of a SCEP or revocation action; path of the service, such as
 * "/ScepActions/validateRequest", and body. */
int caller_action(struct caller *c, const char *action, const char *body, struct buffer *out);
/* validateRequest of this request; *code gets the answer's "code" ("" none). */
int caller_validate(struct caller *c, struct bytes csr, char code[INTUNE_CLOUD_TEXT]);
/* Bodies for the action with this request; transaction NULL: a new one. Owned (free()). */
char *caller_body(struct caller *c, const char *action, struct bytes csr, const char *transaction);

/* A request "CN=device" with this challenge; NULL: a good one of the cloud. Appended. */
void caller_csr(struct caller *c, const char *challenge, struct buffer *out);
/* A challenge as text. */
void caller_challenge(struct caller *c, const struct intune_cloud_challenge_spec *spec,
                      struct buffer *out);

/* The text at a member of a JSON object; false: none. */
bool caller_member(struct bytes json, const char *name, char *value, size_t size);
/* The cloud has objected so often, the last time to this (part of the text). */
void caller_assert_objected(struct caller *c, unsigned count, const char *text);

#endif
