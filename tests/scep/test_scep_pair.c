/* SPDX-License-Identifier: Apache-2.0 */
/* NDES's pair of RA certificates; messages that a second level judges. */
#include "scep/scep_fixture.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A set with the single RA and the pair, and a message opened with it. */
static bool open_with_pair(const struct scep_fixture *f, const struct scep_test_pair *pair,
                           const struct scep_client *c, struct scep_outcome *o, size_t *ra_index,
                           struct ra_set **set, struct error *err)
{
    struct csr csr = CSR_INIT;
    bool opened = false;

    *set = ra_set_create();
    assert_non_null(*set);
    assert_true(ra_set_add_ra(*set, f->ca.ra_certs[0], f->ca.ra_keys[0], NULL));
    assert_true(ra_set_add_pair(*set, &pair->sign, &pair->decrypt, NULL));
    assert_true(ra_set_add_chain(*set, f->ca.cert, NULL));
    scep_fixture_send(f, c, ALGORITHM_LEVEL_COMPAT, o); /* the fixture's set has no pair */
    assert_true(o->verified);
    opened = scep_message_decrypt(o->message, ALGORITHM_LEVEL_COMPAT, *set, ra_index, &csr, err);
    csr_clear(&csr);
    return opened;
}

static void pair__each_recipient__opened_by_its_key_and_signed_by_its_signer(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_test_pair pair;

    scep_test_pair_init(&pair, &f->ca);
    const struct {
        const char *name;
        X509 *recipient;
        bool other_spelling;
        bool by_key_id;
        size_t index; /* SIZE_MAX: not opened */
        X509 *signer;
    } cases[] = {
        { "single", f->ca.ra_certs[0], false, false, 0, f->ca.ra_certs[0] },
        { "decrypts", pair.decrypt.cert, false, false, 2, pair.sign.cert },
        { "decrypts, by key id", pair.decrypt.cert, false, true, 2, pair.sign.cert },
        { "decrypts, issuer spelled differently", pair.decrypt.cert, true, false, 2,
          pair.sign.cert },
        { "signs", pair.sign.cert, false, false, SIZE_MAX, NULL },
        { "signs, by key id", pair.sign.cert, false, true, SIZE_MAX, NULL },
        { "signs, issuer spelled differently", pair.sign.cert, true, false, SIZE_MAX, NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct scep_reply_options options = { .level = ALGORITHM_LEVEL_COMPAT };
        struct buffer cert = ASN1_BUFFER_INIT;
        struct buffer out = ASN1_BUFFER_INIT;
        struct error err = ERROR_INIT;
        struct ra_set *set = NULL;
        struct scep_client_reply reply;
        struct scep_outcome o;
        size_t index = SIZE_MAX;
        bool opened = false;

        c.recipients[0] = cases[i].recipient;
        c.recipient_other_spelling = cases[i].other_spelling;
        c.recipient_by_key_id = cases[i].by_key_id;
        opened = open_with_pair(f, &pair, &c, &o, &index, &set, &err);
        assert_int_equal(cases[i].index, index);
        if (cases[i].index == SIZE_MAX) {
            assert_refused(opened, &err, REASON_UNKNOWN_RECIPIENT, cases[i].name);
        } else {
            assert_done(opened, &err, cases[i].name);
            options.ras = set;
            options.ra_index = index;
            scep_test_ca_issue(&f->ca, c.key, c.cn, &cert);
            assert_done(scep_reply_success(o.message, &options, buffer_bytes(&cert), &out, &err),
                        &err, cases[i].name);
            if (!scep_client_read(buffer_bytes(&out), cases[i].signer, c.key, o.cert, &reply)) {
                fail_msg("%s: %s", cases[i].name, reply.problem);
            }
            assert_int_equal(0, reply.status);
            assert_non_null(reply.cert);
            scep_client_reply_clear(&reply);
        }
        buffer_clear(&cert);
        buffer_clear(&out);
        ra_set_unref(set);
        scep_outcome_clear(&o);
    }
    scep_test_pair_clear(&pair);
}

/* Whichever key was tried: the same answer, also when the wrong half of the pair could open it. */
static void pair__damaged_envelope__uniform_and_signed_by_its_signer(void **state)
{
    static const uint32_t faults[] = { SCEP_CLIENT_RANDOM_KEY, SCEP_CLIENT_BAD_PADDING_0,
                                       SCEP_CLIENT_BAD_PADDING_17, SCEP_CLIENT_SHORT_KEY };
    const struct scep_fixture *f = *state;
    struct scep_test_pair pair;

    scep_test_pair_init(&pair, &f->ca);
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct error err = ERROR_INIT;
        struct ra_set *set = NULL;
        struct scep_outcome o;
        size_t index = SIZE_MAX;

        c.recipients[0] = pair.decrypt.cert;
        c.faults = faults[i];
        assert_refused(open_with_pair(f, &pair, &c, &o, &index, &set, &err), &err,
                       REASON_UNIFORM_FAILURE, "");
        assert_int_equal(2, index);
        ra_set_unref(set);
        scep_outcome_clear(&o);
    }
    scep_test_pair_clear(&pair);
}

static void allowed__message_opened_at_a_wider_level__judged_again(void **state)
{
    static const struct {
        const char *name;
        const char *digest;
        const char *cipher;
        enum scep_test_key key;
        enum reason expected; /* at modern */
    } cases[] = {
        { "good", "SHA256", "AES-128-CBC", SCEP_TEST_KEY_CLIENT, REASON_NONE },
        { "digest", "SHA1", "AES-128-CBC", SCEP_TEST_KEY_CLIENT, REASON_DIGEST_NOT_ALLOWED },
        { "cipher", "SHA256", "DES-EDE3-CBC", SCEP_TEST_KEY_CLIENT, REASON_CIPHER_NOT_ALLOWED },
        { "key", "SHA256", "AES-128-CBC", SCEP_TEST_KEY_CLIENT_1024,
          REASON_SIGNER_KEY_NOT_ALLOWED },
    };
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scep_client c = scep_fixture_client(f);
        struct error err = ERROR_INIT;
        struct scep_outcome o;
        EVP_PKEY *key = scep_test_key(cases[i].key);

        c.key = key;
        c.digest = cases[i].digest;
        c.cipher = cases[i].cipher;
        scep_fixture_send(f, &c, ALGORITHM_LEVEL_COMPAT, &o);
        assert_opened(&o, cases[i].name);
        assert_done(scep_message_allowed(o.message, ALGORITHM_LEVEL_COMPAT, &err), &err,
                    cases[i].name);
        if (cases[i].expected == REASON_NONE) {
            assert_done(scep_message_allowed(o.message, ALGORITHM_LEVEL_MODERN, &err), &err,
                        cases[i].name);
        } else {
            assert_refused(scep_message_allowed(o.message, ALGORITHM_LEVEL_MODERN, &err), &err,
                           cases[i].expected, cases[i].name);
        }
        scep_outcome_clear(&o);
        EVP_PKEY_free(key);
    }
}

/* Fail closed: what has not been looked at is not allowed. */
static void allowed__message_not_open__internal_error(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_client c = scep_fixture_client(f);
    struct error err = ERROR_INIT;
    struct scep_outcome o;

    c.faults = SCEP_CLIENT_BAD_SIGNATURE;
    scep_fixture_send(f, &c, ALGORITHM_LEVEL_LEGACY, &o);
    assert_refused(scep_message_allowed(o.message, ALGORITHM_LEVEL_LEGACY, &err), &err,
                   REASON_INTERNAL, "not verified");
    scep_outcome_clear(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair__each_recipient__opened_by_its_key_and_signed_by_its_signer),
        cmocka_unit_test(pair__damaged_envelope__uniform_and_signed_by_its_signer),
        cmocka_unit_test(allowed__message_opened_at_a_wider_level__judged_again),
        cmocka_unit_test(allowed__message_not_open__internal_error),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
