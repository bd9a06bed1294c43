/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "model/csr_builder.h"
#include "model/ra_identity.h"

static void set__full__refuses_more(void **state)
{
    EVP_PKEY *key = csr_builder_key("P-256");
    X509 *cert = X509_new();
    struct ra_set *set = ra_set_create();
    struct error err = ERROR_INIT;

    (void)state;
    assert_non_null(set);
    const struct ra_identity member = { .cert = cert, .key = key };
    for (size_t i = 0; i < RA_GENERATIONS_MAX; i++) { /* both forms of every generation fit */
        assert_done(ra_set_add_ra(set, cert, key, &err), &err, "");
        assert_done(ra_set_add_pair(set, &member, &member, &err), &err, "");
    }
    assert_refused(ra_set_add_ra(set, cert, key, &err), &err, REASON_LIMIT, "");
    error_clear(&err);
    assert_refused(ra_set_add_pair(set, &member, &member, &err), &err, REASON_LIMIT, "");
    error_clear(&err);
    assert_int_equal(set->ra_count, RA_MEMBERS_MAX);
    for (size_t i = 0; i < LIMIT_CHAIN_CERTIFICATES; i++) {
        assert_done(ra_set_add_chain(set, cert, &err), &err, "");
    }
    assert_refused(ra_set_add_chain(set, cert, &err), &err, REASON_LIMIT, "");
    X509_free(cert); /* the set has references of its own */
    EVP_PKEY_free(key);
    assert_int_equal(EVP_PKEY_get_bits(set->ra[RA_MEMBERS_MAX - 1].key), 256);
    ra_set_unref(set);
}

/* Half a pair is of no use: when one place is left, neither goes in. */
static void set__one_place_left__takes_no_pair(void **state)
{
    EVP_PKEY *key = csr_builder_key("P-256");
    X509 *cert = X509_new();
    struct ra_set *set = ra_set_create();
    struct error err = ERROR_INIT;
    const struct ra_identity member = { .cert = cert, .key = key };
    size_t decrypt = 0;

    (void)state;
    for (size_t i = 0; i + 1 < RA_MEMBERS_MAX; i++) {
        assert_done(ra_set_add_ra(set, cert, key, &err), &err, "");
    }
    assert_refused(ra_set_add_pair(set, &member, &member, &err), &err, REASON_LIMIT, "");
    assert_int_equal(set->ra_count, RA_MEMBERS_MAX - 1);
    assert_false(ra_set_find_pair(set, &decrypt));
    X509_free(cert);
    EVP_PKEY_free(key);
    ra_set_unref(set);
}

static void set__roles__single_signs_for_itself_and_sign_for_decrypt(void **state)
{
    EVP_PKEY *key = csr_builder_key("P-256");
    X509 *certs[4] = { X509_new(), X509_new(), X509_new(), X509_new() };
    struct ra_set *set = ra_set_create();
    struct error err = ERROR_INIT;
    const struct ra_identity sign = { .cert = certs[1], .key = key };
    const struct ra_identity decrypt = { .cert = certs[2], .key = key };
    size_t found = 99;

    (void)state;
    assert_null(ra_set_signer(set, 0));
    assert_done(ra_set_add_ra(set, certs[0], key, &err), &err, "");
    assert_false(ra_set_find_pair(set, &found));
    assert_done(ra_set_add_pair(set, &sign, &decrypt, &err), &err, "");
    assert_done(ra_set_add_ra(set, certs[3], key, &err), &err, "an older generation");
    assert_true(ra_set_find_pair(set, &found));
    assert_int_equal(found, 2);
    assert_true(set->ra[0].signs && set->ra[0].decrypts);
    assert_true(set->ra[1].signs && !set->ra[1].decrypts);
    assert_true(!set->ra[2].signs && set->ra[2].decrypts);
    assert_ptr_equal(ra_set_signer(set, 0)->cert, certs[0]);
    assert_ptr_equal(ra_set_signer(set, 1)->cert, certs[1]);
    assert_ptr_equal(ra_set_signer(set, 2)->cert, certs[1]);
    assert_ptr_equal(ra_set_signer(set, 3)->cert, certs[3]);
    assert_null(ra_set_signer(set, 4));
    /* former ones sign as before, and none of them is shown */
    ra_set_mark_former(set, 3);
    assert_true(ra_set_find_pair(set, &found));
    assert_int_equal(found, 2);
    assert_true(!set->ra[2].former && set->ra[3].former);
    ra_set_mark_former(set, 1);
    assert_false(ra_set_find_pair(set, &found));
    assert_ptr_equal(ra_set_signer(set, 2)->cert, certs[1]);
    for (size_t i = 0; i < 4; i++) {
        X509_free(certs[i]);
    }
    EVP_PKEY_free(key);
    ra_set_unref(set);
}

static void set__references__last_one_frees(void **state)
{
    struct ra_set *set = ra_set_create();

    (void)state;
    assert_ptr_equal(ra_set_ref(set), set);
    ra_set_unref(set);
    assert_int_equal(set->references, 1);
    assert_int_equal(set->ra_count, 0);
    ra_set_unref(set);
    ra_set_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set__full__refuses_more),
        cmocka_unit_test(set__one_place_left__takes_no_pair),
        cmocka_unit_test(set__roles__single_signs_for_itself_and_sign_for_decrypt),
        cmocka_unit_test(set__references__last_one_frees),
    };

    return cmocka_run_group_tests_name("ra_identity", tests, NULL, NULL);
}
