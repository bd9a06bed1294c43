/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/ssl.h>

#include "http/tls_client.h"

static void accept_binding(struct tls_context *context, struct tls_binding *binding)
{
    struct error err = ERROR_INIT;
    SSL *ssl = tls_context_accept(context, binding, &err);

    assert_done(ssl != NULL, &err, "accept");
    SSL_free(ssl);
}

static void tls_context__without_identity__accepts_nobody(void **state)
{
    struct tls_binding binding;
    struct error err = ERROR_INIT;
    struct tls_context *context = tls_context_create(TLS_VERSION_1_2, &err);

    (void)state;
    assert_non_null(context);
    assert_refused(tls_context_accept(context, &binding, &err) != NULL, &err,
                   REASON_TLS_CERTIFICATE, "none yet");
    tls_context_free(context);
    tls_context_free(NULL);
}

/* RFC 5929 4.1: the signature's digest; SHA-256 for weaker ones; undefined where there is none. */
static void tls_context__binding__as_the_signature_says(void **state)
{
    static const struct {
        enum test_key key;
        const char *signed_with;
        const char *binding; /* NULL: none */
    } cases[] = {
        { TEST_KEY_EC, "SHA256", "SHA256" },       { TEST_KEY_EC, "SHA384", "SHA384" },
        { TEST_KEY_EC, "SHA512", "SHA512" },       { TEST_KEY_RSA_2048, "SHA256", "SHA256" },
        { TEST_KEY_RSA_2048, "SHA384", "SHA384" }, { TEST_KEY_ED25519, NULL, NULL },
    };
    struct error err = ERROR_INIT;
    struct tls_context *context = tls_context_create(TLS_VERSION_1_2, &err);

    (void)state;
    assert_non_null(context);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tls_identity *identity =
            test_identity_create(cases[i].key, "binding", cases[i].signed_with);
        struct tls_binding expected = { .len = 0 };
        struct tls_binding found;

        assert_non_null(identity);
        if (cases[i].binding != NULL) {
            test_identity_digest(identity, cases[i].binding, &expected);
            assert_int_not_equal(expected.len, 0);
        }
        assert_done(tls_context_set(context, identity, &err), &err, "");
        accept_binding(context, &found);
        assert_int_equal(found.len, expected.len);
        assert_memory_equal(found.digest, expected.digest, expected.len);
        test_identity_free(identity);
    }
    tls_context_free(context);
}

/*
 * Where SHA-1 may still be signed at all, a self-signed certificate with it is presented (nobody
 * checks a root's own signature) and bound by SHA-256.
 */
static void tls_context__sha1_certificate__bound_by_sha256_or_refused(void **state)
{
    struct tls_identity *identity = test_identity_create(TEST_KEY_RSA_2048, "old", "SHA1");
    struct tls_binding expected;
    struct tls_binding found;
    struct error err = ERROR_INIT;
    struct tls_context *context = NULL;

    (void)state;
    if (identity == NULL) test_skip("this library signs nothing with SHA-1");
    context = tls_context_create(TLS_VERSION_1_2, &err);
    assert_non_null(context);
    if (tls_context_set(context, identity, &err)) {
        test_identity_digest(identity, "SHA256", &expected);
        accept_binding(context, &found);
        assert_int_equal(found.len, expected.len);
        assert_memory_equal(found.digest, expected.digest, expected.len);
    } else {
        assert_int_equal(err.reason, REASON_TLS_CERTIFICATE);
    }
    tls_context_free(context);
    test_identity_free(identity);
}

/* Whatever is wrong with the new one, the former one stays. */
static void tls_context_set__unusable__former_identity_stays(void **state)
{
    struct tls_identity *good = test_identity_create(TEST_KEY_EC, "good", "SHA256");
    struct tls_identity *other = test_identity_create(TEST_KEY_EC, "other", "SHA256");
    struct tls_identity *weak = test_identity_create(TEST_KEY_RSA_1024, "weak", "SHA256");
    struct tls_identity *rsa = test_identity_create(TEST_KEY_RSA_2048, "rsa", "SHA256");
    const struct tls_identity mixed = { good->cert, other->key, NULL };
    const struct tls_identity kinds = { good->cert, rsa->key, NULL };
    const struct tls_identity no_key = { good->cert, NULL, NULL };
    const struct tls_identity no_cert = { NULL, good->key, NULL };
    const struct tls_identity *const wrong[] = { &mixed, &kinds, weak, &no_key, &no_cert };
    struct tls_binding expected;
    struct tls_binding found;
    struct error err = ERROR_INIT;
    struct tls_context *context = tls_context_create(TLS_VERSION_1_2, &err);

    (void)state;
    assert_non_null(context);
    assert_done(tls_context_set(context, good, &err), &err, "good");
    test_identity_digest(good, "SHA256", &expected);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        error_clear(&err);
        assert_refused(tls_context_set(context, wrong[i], &err), &err, REASON_TLS_CERTIFICATE, "");
        assert_true(strlen(err.detail) > 0);
        accept_binding(context, &found);
        assert_memory_equal(found.digest, expected.digest, expected.len);
    }
    tls_context_free(context);
    test_identity_free(good);
    test_identity_free(other);
    test_identity_free(weak);
    test_identity_free(rsa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_context__without_identity__accepts_nobody),
        cmocka_unit_test(tls_context__binding__as_the_signature_says),
        cmocka_unit_test(tls_context__sha1_certificate__bound_by_sha256_or_refused),
        cmocka_unit_test(tls_context_set__unusable__former_identity_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
