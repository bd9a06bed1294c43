/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

int scep_fixture_setup(void **state)
{
    struct scep_fixture *f = calloc(1, sizeof(*f));

    scep_must(f != NULL);
    scep_test_ca_init(&f->ca);
    f->client_key = scep_test_key(SCEP_TEST_KEY_CLIENT);
    f->other_key = scep_test_key(SCEP_TEST_KEY_OTHER);
    *state = f;
    return 0;
}

int scep_fixture_teardown(void **state)
{
    struct scep_fixture *f = *state;

    scep_test_ca_clear(&f->ca);
    EVP_PKEY_free(f->client_key);
    EVP_PKEY_free(f->other_key);
    free(f);
    return 0;
}

struct scep_client scep_fixture_client(const struct scep_fixture *f)
{
    struct scep_client c;

    scep_client_init(&c, f->client_key, f->ca.ra_certs[0]);
    return c;
}

static void run(const struct scep_fixture *f, enum algorithm_level level, struct scep_outcome *o)
{
    o->message = scep_message_parse(buffer_bytes(&o->request), &o->err);
    if (o->message == NULL) {
        return;
    }
    o->verified = scep_message_verify(o->message, level, &o->err);
    if (!o->verified) {
        return;
    }
    o->opened = scep_message_decrypt(o->message, level, f->ca.set, &o->ra_index, &o->csr, &o->err);
}

static void outcome_init(struct scep_outcome *o)
{
    *o = (struct scep_outcome){
        .request = ASN1_BUFFER_INIT, .csr = CSR_INIT, .ra_index = SIZE_MAX, .err = ERROR_INIT
    };
}

void scep_fixture_send(const struct scep_fixture *f, const struct scep_client *c,
                       enum algorithm_level level, struct scep_outcome *o)
{
    outcome_init(o);
    scep_client_request(c, &o->request, &o->cert);
    run(f, level, o);
}

void scep_fixture_receive(const struct scep_fixture *f, struct bytes request,
                          enum algorithm_level level, struct scep_outcome *o)
{
    outcome_init(o);
    scep_must(buffer_append_bytes(&o->request, request, NULL));
    run(f, level, o);
}

void scep_outcome_clear(struct scep_outcome *o)
{
    buffer_clear(&o->request);
    scep_message_free(o->message);
    X509_free(o->cert);
    csr_clear(&o->csr);
}

void assert_outcome(const struct scep_outcome *o, enum reason expected, const char *name)
{
    if (o->opened || o->err.reason != expected) {
        fail_msg("%s: %s (%s), expected %s", name, o->opened ? "opened" : reason_id(o->err.reason),
                 o->err.detail, reason_id(expected));
    }
}

void assert_opened(const struct scep_outcome *o, const char *name)
{
    if (!o->opened) {
        fail_msg("%s: %s (%s), expected to be opened", name, reason_id(o->err.reason),
                 o->err.detail);
    }
}
