/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_fixture.h"

#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "scep/scep_cacert.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define MODERN "SCEPStandard\nSHA-256\nSHA-384\nSHA-512"

static void caps__each_option__byte_exact(void **state)
{
    static const struct {
        struct scep_caps_options options;
        const char *expected;
    } cases[] = {
        { { ALGORITHM_LEVEL_MODERN, false, false }, "AES\nPOSTPKIOperation\n" MODERN },
        { { ALGORITHM_LEVEL_MODERN, true, false }, "AES\nPOSTPKIOperation\nRenewal\n" MODERN },
        { { ALGORITHM_LEVEL_MODERN, true, true },
          "AES\nGetNextCACert\nPOSTPKIOperation\nRenewal\n" MODERN },
        { { ALGORITHM_LEVEL_COMPAT, false, false },
          "AES\nPOSTPKIOperation\n" MODERN "\nSHA-1\nDES3" },
        { { ALGORITHM_LEVEL_COMPAT, true, false },
          "AES\nPOSTPKIOperation\nRenewal\n" MODERN "\nSHA-1\nDES3" },
        /* DES and MD5 have no keyword */
        { { ALGORITHM_LEVEL_LEGACY, false, false },
          "AES\nPOSTPKIOperation\n" MODERN "\nSHA-1\nDES3" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = BUFFER_INIT(1024);
        struct error err = ERROR_INIT;

        assert_done(scep_caps_body(&cases[i].options, &out, &err), &err, "");
        assert_bytes_text(buffer_bytes(&out), cases[i].expected);
        buffer_clear(&out);
    }
}

/* No digests, no eContent, no signers; the certificates in the order given: RFC 8894 3.4. */
static void degenerate__two_elements__byte_exact(void **state)
{
    static const uint8_t expected[] = {
        0x30, 0x29, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x1c,
        0x30, 0x1a, 0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
        0xf7, 0x0d, 0x01, 0x07, 0x01, 0xa0, 0x04, 0x30, 0x00, 0x05, 0x00, 0x31, 0x00,
    };
    const struct bytes certs[] = { bytes_of("\x30\x00", 2), bytes_of("\x05\x00", 2) };
    struct buffer out = BUFFER_INIT(1024);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(scep_degenerate(certs, 2, &out, &err), &err, "");
    assert_true(bytes_equal(bytes_of(expected, sizeof(expected)), buffer_bytes(&out)));
    buffer_clear(&out);
}

/* The certificates of a body; 1 and the certificate itself for the single form. */
static size_t read_body(const struct buffer *body, bool single, X509 **certs, size_t max)
{
    const unsigned char *at = body->data;
    PKCS7 *degenerate = NULL;
    size_t count = 0;

    if (single) {
        certs[0] = d2i_X509(NULL, &at, (long)body->len);
        assert_non_null(certs[0]);
        assert_ptr_equal(body->data + body->len, at);
        return 1;
    }
    degenerate = d2i_PKCS7(NULL, &at, (long)body->len);
    assert_non_null(degenerate);
    assert_ptr_equal(body->data + body->len, at);
    assert_true(PKCS7_type_is_signed(degenerate));
    count = (size_t)sk_X509_num(degenerate->d.sign->cert);
    assert_true(count <= max);
    for (size_t i = 0; i < count; i++) {
        certs[i] = X509_dup(sk_X509_value(degenerate->d.sign->cert, (int)i));
    }
    PKCS7_free(degenerate);
    return count;
}

static void cacert__chains__order_and_type(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_cert_options root_options = { .key = f->other_key, .cn = "Root", .ca = true };
    struct scep_cert_options sub_options = { .key = f->ca.key, .cn = "Sub", .ca = true };
    X509 *root = scep_cert_make(&root_options);
    X509 *sub = NULL;
    const struct {
        const char *name;
        bool ra;
        int chain; /* 0: none, 1: self-signed CA, 2: subordinate CA, 3: subordinate CA and root */
        bool include_root;
        size_t expected;
        bool has_root;
    } cases[] = {
        { "RA, CA", true, 1, true, 2, true },
        { "RA, CA: never without the issuing CA", true, 1, false, 2, true },
        { "RA, sub CA, root", true, 3, true, 3, true },
        { "RA, sub CA, no root", true, 3, false, 2, false },
        { "RA, sub CA", true, 2, false, 2, false },
        { "CA alone", false, 1, true, 1, true },
        { "sub CA alone, root left out", false, 3, false, 1, false },
        { "RA alone", true, 0, true, 1, false },
    };

    sub_options.issuer = root;
    sub_options.issuer_key = f->other_key;
    sub = scep_cert_make(&sub_options);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ra_set *set = ra_set_create();
        struct buffer out = ASN1_BUFFER_INIT;
        struct error err = ERROR_INIT;
        const char *type = NULL;
        X509 *certs[8] = { NULL };
        size_t count = 0;

        if (cases[i].ra) { /* two generations: only the current one is shown */
            assert_true(ra_set_add_ra(set, f->ca.ra_certs[0], f->ca.ra_keys[0], NULL));
            assert_true(ra_set_add_ra(set, f->ca.ra_certs[1], f->ca.ra_keys[1], NULL));
        }
        if (cases[i].chain == 1) {
            assert_true(ra_set_add_chain(set, root, NULL));
        }
        if (cases[i].chain >= 2) {
            assert_true(ra_set_add_chain(set, sub, NULL));
        }
        if (cases[i].chain == 3) {
            assert_true(ra_set_add_chain(set, root, NULL));
        }
        assert_done(scep_cacert_body(set, cases[i].include_root, &out, &type, &err), &err,
                    cases[i].name);
        assert_string_equal(cases[i].expected == 1 ? "application/x-x509-ca-cert"
                                                   : "application/x-x509-ca-ra-cert",
                            type);
        count = read_body(&out, cases[i].expected == 1, certs, COUNT_OF(certs));
        assert_int_equal(cases[i].expected, count);
        if (cases[i].ra) {
            assert_int_equal(0, X509_cmp(certs[0], f->ca.ra_certs[0]));
        }
        assert_int_equal(cases[i].has_root, X509_cmp(certs[count - 1], root) == 0);
        for (size_t c = 0; c < count; c++) {
            X509_free(certs[c]);
        }
        buffer_clear(&out);
        ra_set_unref(set);
    }
    X509_free(root);
    X509_free(sub);
}

static void cacert__nothing_there__not_ready(void **state)
{
    struct ra_set *set = ra_set_create();
    struct buffer out = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    const char *type = NULL;

    (void)state;
    assert_refused(scep_cacert_body(set, true, &out, &type, &err), &err, REASON_CA_NOT_READY, "");
    ra_set_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caps__each_option__byte_exact),
        cmocka_unit_test(degenerate__two_elements__byte_exact),
        cmocka_unit_test(cacert__chains__order_and_type),
        cmocka_unit_test(cacert__nothing_there__not_ready),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
