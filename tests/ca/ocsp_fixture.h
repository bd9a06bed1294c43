/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the tests of the OCSP responder share: a CA that answers, recorded certificates,
 *           questions and answers by OpenSSL's own client.
 * Not here: cases.
 * Owns:     nothing that lives on.
 * Threads:  one test at a time.
 * Spec:     RFC 6960.
 */
#ifndef OPENNDES_TESTS_CA_OCSP_FIXTURE_H
#define OPENNDES_TESTS_CA_OCSP_FIXTURE_H

#include "ca/ca_fixture.h"

#include <openssl/ocsp.h>

#include "ca/ca_ocsp.h"

#define HOUR INT64_C(3600)
#define SIGNER_DAYS 14
#define SERIAL w->serial
#define OTHER_SERIAL w->other

struct world {
    struct test_folder folder;
    struct store *store;
    struct store *elsewhere; /* another process */
    struct ca_builtin *builtin;
    struct ca *ca;
    struct ca_ocsp *ocsp;
    X509 *root;
    int64_t now;
    unsigned tests; /* each has serial numbers of its own */
    char serial[SERIAL_TEXT_MAX];
    char other[SERIAL_TEXT_MAX];
};

/* Group and test set-up; *state is a struct world. _new: it has no signer yet. */
int ocsp_set_up_group(void **state);
int ocsp_tear_down_group(void **state);
int ocsp_set_up(void **state);
int ocsp_set_up_new(void **state);
int ocsp_tear_down(void **state);

/* Was a new signer made? */
bool refresh(struct world *w, int64_t now);
/* A certificate of the CA that has ended; by whoever has the database open. */
void record(struct world *w, const char *serial);
void revoke(struct store *store, const char *serial, int reason, int64_t at);

/* An owned CertID. */
OCSP_CERTID *id_of(const char *serial, const X509 *issuer, const EVP_MD *digest);

struct asked {
    struct buffer request; /* DER */
    OCSP_REQUEST *form;
    struct ca_ocsp_answer answer;
    OCSP_RESPONSE *response;
    OCSP_BASICRESP *basic; /* NULL: refused */
    int status;            /* of the last asked_find */
    int reason;
    ASN1_GENERALIZEDTIME *revoked_at, *this_update, *next_update;
};

#define ASKED_INIT                                                                                 \
    {                                                                                              \
        .request = BUFFER_INIT(65536), .answer = CA_OCSP_ANSWER_INIT                               \
    }

void asked_clear(struct asked *a);
void question_add(struct asked *a, OCSP_CERTID *take_id);
void question_finish(struct asked *a);
/* Finish the question, answer it, and verify the answer at `now`. */
void ask(struct world *w, struct asked *a, int64_t now);
/* What the answer says about one certificate. */
void asked_find(struct asked *a, OCSP_CERTID *take_id);
/* One certificate by SHA-1, without nonce. */
void ask_one(struct world *w, struct asked *a, const char *serial, int64_t now);
void assert_status(struct world *w, const char *serial, int64_t now, int status, int reason);
int64_t seconds(const ASN1_TIME *time);

#endif
