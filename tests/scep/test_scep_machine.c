/* SPDX-License-Identifier: Apache-2.0 */
/* A whole exchange with RAs whose keys are in the machine's store, the store being a stand-in. */
#include "scep/scep_fixture.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "model/machine_pkey.h"
#include "support/machine_key_stand_in.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* An RA set of one RA and a pair behind such providers. */
static struct ra_set *machine_set(const struct scep_fixture *f, const struct scep_test_pair *pair,
                                  unsigned lacks)
{
    EVP_PKEY *software[] = { f->ca.ra_keys[0], pair->sign.key, pair->decrypt.key };
    struct ra_set *set = ra_set_create();
    struct error err = ERROR_INIT;
    EVP_PKEY *keys[3];

    assert_non_null(set);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        keys[i] =
            machine_pkey_create(machine_stand_in_key(software[i], lacks), "ONDK1 store 00", &err);
        assert_done(keys[i] != NULL, &err, "key");
    }
    const struct ra_identity sign = { .cert = pair->sign.cert, .key = keys[1] };
    const struct ra_identity decrypt = { .cert = pair->decrypt.cert, .key = keys[2] };

    assert_true(ra_set_add_ra(set, f->ca.ra_certs[0], keys[0], &err));
    assert_true(ra_set_add_pair(set, &sign, &decrypt, &err));
    assert_true(ra_set_add_chain(set, f->ca.cert, &err));
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        EVP_PKEY_free(keys[i]);
    }
    return set;
}

static void exchange__every_way_clients_have__succeeds(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_test_pair pair;

    scep_test_pair_init(&pair, &f->ca);
    const struct {
        const char *name;
        unsigned lacks;
        X509 *recipient;
        X509 *signer;
        const char *digest, *cipher;
        enum scep_client_transport transport;
        enum scep_client_signature signature;
    } cases[] = {
        { "single", 0, f->ca.ra_certs[0], f->ca.ra_certs[0], "SHA256", "AES-128-CBC",
          SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA },
        { "single, no raw RSA", MACHINE_NO_RAW, f->ca.ra_certs[0], f->ca.ra_certs[0], "SHA256",
          "AES-256-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA },
        { "pair", 0, pair.decrypt.cert, pair.sign.cert, "SHA512", "AES-128-CBC", SCEP_CLIENT_PKCS1,
          SCEP_CLIENT_RSA },
        { "pair, no raw RSA, old", MACHINE_NO_RAW, pair.decrypt.cert, pair.sign.cert, "SHA1",
          "DES-EDE3-CBC", SCEP_CLIENT_PKCS1, SCEP_CLIENT_RSA },
        { "OAEP and PSS", 0, f->ca.ra_certs[0], f->ca.ra_certs[0], "SHA256", "AES-128-CBC",
          SCEP_CLIENT_OAEP_SHA256, SCEP_CLIENT_PSS },
        { "OAEP with SHA-1", 0, pair.decrypt.cert, pair.sign.cert, "SHA256", "AES-128-CBC",
          SCEP_CLIENT_OAEP_SHA1, SCEP_CLIENT_RSA },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct scep_reply_options options = { .level = ALGORITHM_LEVEL_COMPAT };
        struct ra_set *set = machine_set(f, &pair, cases[i].lacks);
        struct buffer cert = ASN1_BUFFER_INIT;
        struct buffer out = ASN1_BUFFER_INIT;
        struct error err = ERROR_INIT;
        struct csr csr = CSR_INIT;
        struct scep_client_reply reply;
        struct scep_outcome o;

        c.recipients[0] = cases[i].recipient;
        c.digest = cases[i].digest;
        c.cipher = cases[i].cipher;
        c.transport = cases[i].transport;
        c.signature = cases[i].signature;
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_COMPAT, &o);
        assert_true(o.verified);
        assert_done(scep_message_decrypt(o.message, ALGORITHM_LEVEL_COMPAT, set, &options.ra_index,
                                         &csr, &err),
                    &err, cases[i].name);
        options.ras = set;
        scep_test_ca_issue(&f->ca, c.key, c.cn, &cert);
        assert_done(scep_reply_success(o.message, &options, buffer_bytes(&cert), &out, &err), &err,
                    cases[i].name);
        if (!scep_client_read(buffer_bytes(&out), cases[i].signer, c.key, o.cert, &reply)) {
            fail_msg("%s: %s", cases[i].name, reply.problem);
        }
        assert_int_equal(0, reply.status);
        scep_client_reply_clear(&reply);
        csr_clear(&csr);
        buffer_clear(&cert);
        buffer_clear(&out);
        scep_outcome_clear(&o);
        ra_set_unref(set);
    }
    scep_test_pair_clear(&pair);
    machine_stand_in_clear();
}

/* The answer that a peer gets, and the detail of the log, are the same whatever was wrong. */
static void exchange__damaged_envelope__is_uniform(void **state)
{
    static const uint32_t faults[] = { SCEP_CLIENT_RANDOM_KEY, SCEP_CLIENT_BAD_PADDING_0,
                                       SCEP_CLIENT_BAD_PADDING_17, SCEP_CLIENT_SHORT_KEY };
    const struct scep_fixture *f = *state;
    struct scep_test_pair pair;

    scep_test_pair_init(&pair, &f->ca);
    for (size_t i = 0; i < 2 * COUNT_OF(faults); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct ra_set *set = machine_set(f, &pair, i % 2 == 0 ? 0 : MACHINE_NO_RAW);
        struct error err = ERROR_INIT;
        struct csr csr = CSR_INIT;
        struct scep_outcome o;
        size_t index = 0;

        c.faults = faults[i / 2];
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_COMPAT, &o);
        assert_true(o.verified);
        assert_refused(
            scep_message_decrypt(o.message, ALGORITHM_LEVEL_COMPAT, set, &index, &csr, &err), &err,
            REASON_UNIFORM_FAILURE, "");
        csr_clear(&csr);
        scep_outcome_clear(&o);
        ra_set_unref(set);
    }
    scep_test_pair_clear(&pair);
    machine_stand_in_clear();
}

static void exchange__provider_that_fails__is_uniform_and_in_the_log(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct error err = ERROR_INIT;
    struct csr csr = CSR_INIT;
    struct scep_test_pair pair;
    struct scep_outcome o;
    struct ra_set *set = NULL;
    size_t index = 0;

    scep_test_pair_init(&pair, &f->ca);
    set = machine_set(f, &pair, 0);
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_COMPAT, &o);
    machine_stand_in_break(true);
    assert_refused(scep_message_decrypt(o.message, ALGORITHM_LEVEL_COMPAT, set, &index, &csr, &err),
                   &err, REASON_UNIFORM_FAILURE, "");
    assert_non_null(strstr(err.detail, "device unplugged"));
    csr_clear(&csr);
    scep_outcome_clear(&o);
    ra_set_unref(set);
    scep_test_pair_clear(&pair);
    machine_stand_in_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange__every_way_clients_have__succeeds),
        cmocka_unit_test(exchange__damaged_envelope__is_uniform),
        cmocka_unit_test(exchange__provider_that_fails__is_uniform_and_in_the_log),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
