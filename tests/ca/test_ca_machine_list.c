/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates for a CA or an RA in the machine's store, both the store and its keys stand-ins. */
#include "support/test_support.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ca/ca_machine_keys.h"
#include "ca_fixture.h"
#include "platform/cert_store.h"
#include "support/machine_key_stand_in.h"
#include "support/scep_keys.h"

#define CERTS_MAX 4u

static struct {
    X509 *cert;
    bool has_key;
} store[CERTS_MAX];
static size_t store_count;

bool __wrap_cert_store_visit_machine(cert_store_visit *visit, void *context, struct error *err);

bool __wrap_cert_store_visit_machine(cert_store_visit *visit, void *context, struct error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < store_count; i++) {
        unsigned char *der = NULL;
        int len = i2d_X509(store[i].cert, &der);
        struct cert_store_entry entry = { bytes_of(der, len > 0 ? (size_t)len : 0),
                                          store[i].has_key };

        assert_true(len > 0);
        ok = visit(context, &entry, err);
        OPENSSL_free(der);
    }
    return ok;
}

static void put(X509 *take_cert, bool has_key)
{
    assert_true(store_count < CERTS_MAX);
    store[store_count].cert = take_cert;
    store[store_count].has_key = has_key;
    store_count++;
}

struct seen {
    size_t count;
    char thumbprint[THUMBPRINT_TEXT_MAX];
    bool signs, decrypts;
};

static bool note(void *context, const struct ca_machine_key *key, struct error *err)
{
    struct seen *seen = context;

    (void)err;
    seen->count++;
    seen->signs = key->signs;
    seen->decrypts = key->decrypts;
    memcpy(seen->thumbprint, key->thumbprint, sizeof(seen->thumbprint));
    return true;
}

/* Other programs' certificates lie in the same store: a strange one must not hide the rest. */
static void list__certificate_beyond_reading__is_passed_over(void **state)
{
    EVP_PKEY *key = scep_test_key(SCEP_TEST_KEY_RA);
    X509 *strange = sample_cert(&(struct sample_cert){ .subject = "Strange", .key = key });
    X509 *good = sample_cert(&(struct sample_cert){ .subject = "Good", .key = key });
    BIGNUM *serial = BN_new();
    char strange_thumb[MACHINE_THUMBPRINT_MAX], good_thumb[MACHINE_THUMBPRINT_MAX];
    struct seen seen = { 0 };
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(BN_lshift(serial, BN_value_one(), 500), 1); /* 63 bytes */
    assert_non_null(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(strange)));
    assert_true(X509_sign(strange, key, EVP_sha256()) > 0);
    machine_stand_in_add(strange, key, 0, strange_thumb);
    machine_stand_in_add(good, key, MACHINE_NO_RAW | MACHINE_NO_DECRYPT, good_thumb);
    put(strange, true);
    put(good, true);
    put(sample_cert(&(struct sample_cert){ .subject = "No key", .key = key }), false);

    assert_done(ca_machine_keys_list(note, &seen, &err), &err, "list");
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.thumbprint, good_thumb);
    assert_true(seen.signs);
    assert_false(seen.decrypts);

    for (size_t i = 0; i < store_count; i++) {
        X509_free(store[i].cert);
    }
    store_count = 0;
    machine_stand_in_clear();
    BN_free(serial);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list__certificate_beyond_reading__is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
