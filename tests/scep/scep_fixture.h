/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a CA, keys and the way from a client's knobs to what the server makes of them.
 * Not here: building messages (support/scep_client.h).
 * Owns:     the keys and certificates until scep_fixture_clear.
 * Threads:  one test at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_SCEP_SCEP_FIXTURE_H
#define OPENNDES_TESTS_SCEP_SCEP_FIXTURE_H

#include "support/test_support.h"

#include "scep/scep_message.h"
#include "scep/scep_reply.h"
#include "support/scep_asn1.h"
#include "support/scep_ca.h"
#include "support/scep_client.h"

struct scep_fixture {
    struct scep_test_ca ca;
    struct evp_pkey_st *client_key;
    struct evp_pkey_st *other_key;
};

/* For cmocka's group setup; *state is a struct scep_fixture. */
int scep_fixture_setup(void **state);
int scep_fixture_teardown(void **state);

/* A client with the current RA as recipient. */
struct scep_client scep_fixture_client(const struct scep_fixture *f);

/* What became of one request. */
struct scep_outcome {
    struct buffer request;
    struct scep_message *message; /* NULL when it could not be parsed */
    struct x509_st *cert;         /* made for the client */
    bool verified;
    bool opened;
    size_t ra_index;
    struct csr csr;
    struct error err; /* of the first step that failed */
};

/* Build, parse, verify, open. */
void scep_fixture_send(const struct scep_fixture *f, const struct scep_client *c,
                       enum algorithm_level level, struct scep_outcome *o);
/* The same with bytes that are there already; they are copied. */
void scep_fixture_receive(const struct scep_fixture *f, struct bytes request,
                          enum algorithm_level level, struct scep_outcome *o);
void scep_outcome_clear(struct scep_outcome *o);

/* The request was refused with this reason; `name` is the case's. */
void assert_outcome(const struct scep_outcome *o, enum reason expected, const char *name);
/* The request was opened; otherwise show why not. */
void assert_opened(const struct scep_outcome *o, const char *name);

#endif
