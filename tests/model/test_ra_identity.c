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
    for (size_t i = 0; i < RA_GENERATIONS_MAX; i++) {
        assert_done(ra_set_add_ra(set, cert, key, &err), &err, "");
    }
    assert_refused(ra_set_add_ra(set, cert, key, &err), &err, REASON_LIMIT, "");
    error_clear(&err);
    for (size_t i = 0; i < LIMIT_CHAIN_CERTIFICATES; i++) {
        assert_done(ra_set_add_chain(set, cert, &err), &err, "");
    }
    assert_refused(ra_set_add_chain(set, cert, &err), &err, REASON_LIMIT, "");
    X509_free(cert); /* the set has references of its own */
    EVP_PKEY_free(key);
    assert_int_equal(EVP_PKEY_get_bits(set->ra[RA_GENERATIONS_MAX - 1].key), 256);
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
        cmocka_unit_test(set__references__last_one_frees),
    };

    return cmocka_run_group_tests_name("ra_identity", tests, NULL, NULL);
}
