/* SPDX-License-Identifier: Apache-2.0 */
#include "scep/scep_fixture.h"

#include <string.h>

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "scep/scep_cacert.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define MODERN_ENGINE(renewal, next_ca) ALGORITHM_LEVEL_MODERN, renewal, next_ca, SCEP_CAPS_ENGINE
#define MODERN "SCEPStandard\nSHA-256\nSHA-384\nSHA-512"

static void caps__each_option__byte_exact(void **state)
{
    static const struct {
        enum algorithm_level level;
        bool renewal;
        bool next_ca;
        enum scep_caps_style style;
        const char *expected;
    } cases[] = {
        { MODERN_ENGINE(false, false), "AES\nPOSTPKIOperation\n" MODERN },
        { MODERN_ENGINE(true, false), "AES\nPOSTPKIOperation\nRenewal\n" MODERN },
        { MODERN_ENGINE(true, true), "AES\nGetNextCACert\nPOSTPKIOperation\nRenewal\n" MODERN },
        { ALGORITHM_LEVEL_COMPAT, false, false, SCEP_CAPS_ENGINE,
          "AES\nPOSTPKIOperation\n" MODERN "\nSHA-1\nDES3" },
        { ALGORITHM_LEVEL_COMPAT, true, false, SCEP_CAPS_ENGINE,
          "AES\nPOSTPKIOperation\nRenewal\n" MODERN "\nSHA-1\nDES3" },
        /* DES and MD5 have no keyword */
        { ALGORITHM_LEVEL_LEGACY, false, false, SCEP_CAPS_ENGINE,
          "AES\nPOSTPKIOperation\n" MODERN "\nSHA-1\nDES3" },
        /* NDES 2016 to 2022: these lines, this order; its list does not depend on our switches */
        { ALGORITHM_LEVEL_COMPAT, false, false, SCEP_CAPS_NDES_STRICT,
          "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3" },
        { ALGORITHM_LEVEL_LEGACY, true, true, SCEP_CAPS_NDES_STRICT,
          "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3" },
        { ALGORITHM_LEVEL_COMPAT, false, false, SCEP_CAPS_NDES,
          "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\nAES\nSCEPStandard" },
        { ALGORITHM_LEVEL_COMPAT, true, true, SCEP_CAPS_NDES,
          "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\nAES\nSCEPStandard" },
        /* nobody is invited to what would be refused */
        { ALGORITHM_LEVEL_MODERN, false, false, SCEP_CAPS_NDES_STRICT,
          "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256" },
        { ALGORITHM_LEVEL_MODERN, false, false, SCEP_CAPS_NDES,
          "POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nAES\nSCEPStandard" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = BUFFER_INIT(1024);
        const struct scep_caps_options options = { cases[i].level, cases[i].renewal,
                                                   cases[i].next_ca, cases[i].style };
        struct error err = ERROR_INIT;

        assert_done(scep_caps_body(&options, &out, &err), &err, cases[i].expected);
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

/* [1] crls in the place of [0] certificates, which is not there at all. */
static void degenerate_crl__one_element__byte_exact(void **state)
{
    static const uint8_t expected[] = {
        0x30, 0x27, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0,
        0x1a, 0x30, 0x18, 0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86,
        0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01, 0xa1, 0x02, 0x30, 0x00, 0x31, 0x00,
    };
    struct buffer out = BUFFER_INIT(1024);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(scep_degenerate_crl(bytes_of("\x30\x00", 2), &out, &err), &err, "");
    assert_true(bytes_equal(bytes_of(expected, sizeof(expected)), buffer_bytes(&out)));
    buffer_clear(&out);
}

/* RSA and ECDSA keys of the current CA; one certificate is a list here, too. */
static void next_cacert__each_key__verifies_and_holds_the_list(void **state)
{
    static const enum scep_test_key keys[] = { SCEP_TEST_KEY_CA, SCEP_TEST_KEY_CLIENT_EC };
    const struct scep_fixture *f = *state;

    for (size_t i = 0; i < 2 * COUNT_OF(keys); i++) {
        EVP_PKEY *key = scep_test_key(keys[i / 2]);
        struct scep_cert_options current = { .key = key, .cn = "Current CA", .ca = true };
        struct ra_set *bare = ra_set_create();
        struct scep_next_cacert options = { .next = i % 2 == 0 ? f->ca.set : bare,
                                            .form = RA_FORM_SINGLE,
                                            .include_root = true,
                                            .cert = scep_cert_make(&current),
                                            .key = key };
        struct buffer out = BUFFER_INIT(65536);
        struct error err = ERROR_INIT;
        const unsigned char *at = NULL;
        CMS_ContentInfo *cms = NULL;
        BIO *content = BIO_new(BIO_s_mem());
        PKCS7 *list = NULL;

        assert_true(ra_set_add_chain(bare, f->ca.cert, &err));
        assert_done(scep_next_cacert_body(&options, &out, &err), &err, "");
        at = out.data;
        cms = d2i_CMS_ContentInfo(NULL, &at, (long)out.len);
        assert_non_null(cms);
        assert_int_equal(
            CMS_verify(cms, NULL, NULL, NULL, content, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY), 1);
        list = d2i_PKCS7_bio(content, NULL);
        assert_non_null(list);
        assert_int_equal(sk_X509_num(list->d.sign->cert), i % 2 == 0 ? 2 : 1);
        assert_int_equal(X509_cmp(sk_X509_value(list->d.sign->cert, 0),
                                  i % 2 == 0 ? f->ca.ra_certs[0] : f->ca.cert),
                         0);
        PKCS7_free(list);
        BIO_free(content);
        CMS_ContentInfo_free(cms);
        X509_free(options.cert);
        buffer_clear(&out);
        ra_set_unref(bare);
        EVP_PKEY_free(key);
    }
}

static void next_cacert__key_of_another_certificate__sign_failed(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_next_cacert options = {
        .next = f->ca.set, .form = RA_FORM_SINGLE, .cert = f->ca.cert, .key = f->other_key
    };
    struct buffer out = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;

    assert_refused(scep_next_cacert_body(&options, &out, &err), &err, REASON_SIGN_FAILED, "key");
    assert_int_equal(out.len, 0);
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

/* What a set holds and what is asked for; what must come out. */
struct cacert_case {
    const char *name;
    bool ra;
    bool pair;
    int chain; /* 0: none, 1: self-signed CA, 2: subordinate CA, 3: subordinate CA and root */
    enum ra_form form;
    bool include_root;
    size_t expected;
    bool has_root;
};

static const struct cacert_case cacert_cases[] = {
    { "RA, CA", true, false, 1, RA_FORM_SINGLE, true, 2, true },
    { "RA, CA: never without the issuing CA", true, false, 1, RA_FORM_SINGLE, false, 2, true },
    { "RA, sub CA, root", true, false, 3, RA_FORM_SINGLE, true, 3, true },
    { "RA, sub CA, no root", true, false, 3, RA_FORM_SINGLE, false, 2, false },
    { "RA, sub CA", true, false, 2, RA_FORM_SINGLE, false, 2, false },
    { "CA alone", false, false, 1, RA_FORM_SINGLE, true, 1, true },
    { "sub CA alone, root left out", false, false, 3, RA_FORM_SINGLE, false, 1, false },
    { "RA alone", true, false, 0, RA_FORM_SINGLE, true, 1, false },
    { "single although there is a pair", true, true, 1, RA_FORM_SINGLE, true, 2, true },
    { "pair, CA", true, true, 1, RA_FORM_PAIR, true, 3, true },
    { "pair, sub CA, root", true, true, 3, RA_FORM_PAIR, true, 4, true },
    { "pair, sub CA, no root", true, true, 3, RA_FORM_PAIR, false, 3, false },
};

/* Two generations of the single RA, so that it shows that only the current one is sent. */
static struct ra_set *make_set(const struct scep_fixture *f, const struct cacert_case *c, X509 *sub,
                               X509 *root, const struct scep_test_pair *pair)
{
    struct ra_set *set = ra_set_create();

    assert_non_null(set);
    if (c->ra) {
        assert_true(ra_set_add_ra(set, f->ca.ra_certs[0], f->ca.ra_keys[0], NULL));
        assert_true(ra_set_add_ra(set, f->ca.ra_certs[1], f->ca.ra_keys[1], NULL));
    }
    if (c->pair) {
        assert_true(ra_set_add_pair(set, &pair->sign, &pair->decrypt, NULL));
    }
    if (c->chain == 1) {
        assert_true(ra_set_add_chain(set, root, NULL));
    }
    if (c->chain >= 2) {
        assert_true(ra_set_add_chain(set, sub, NULL));
    }
    if (c->chain == 3) {
        assert_true(ra_set_add_chain(set, root, NULL));
    }
    return set;
}

static void cacert__chains__order_and_type(void **state)
{
    const struct scep_fixture *f = *state;
    struct scep_cert_options root_options = { .key = f->other_key, .cn = "Root", .ca = true };
    struct scep_cert_options sub_options = { .key = f->ca.key, .cn = "Sub", .ca = true };
    struct scep_test_pair pair;
    X509 *root = scep_cert_make(&root_options);
    X509 *sub = NULL;

    sub_options.issuer = root;
    sub_options.issuer_key = f->other_key;
    sub = scep_cert_make(&sub_options);
    scep_test_pair_init(&pair, &f->ca);
    for (size_t i = 0; i < COUNT_OF(cacert_cases); i++) {
        const struct cacert_case *c = &cacert_cases[i];
        struct ra_set *set = make_set(f, c, sub, root, &pair);
        struct buffer out = ASN1_BUFFER_INIT;
        struct error err = ERROR_INIT;
        const char *type = NULL;
        X509 *certs[8] = { NULL };
        size_t count = 0;

        assert_done(scep_cacert_body(set, c->form, c->include_root, &out, &type, &err), &err,
                    c->name);
        assert_string_equal(c->expected == 1 ? "application/x-x509-ca-cert"
                                             : "application/x-x509-ca-ra-cert",
                            type);
        count = read_body(&out, c->expected == 1, certs, COUNT_OF(certs));
        assert_int_equal(c->expected, count);
        if (c->form == RA_FORM_PAIR) { /* NDES: observed: 0 signs, 1 is encrypted to */
            assert_int_equal(0, X509_cmp(certs[0], pair.sign.cert));
            assert_int_equal(0, X509_cmp(certs[1], pair.decrypt.cert));
            assert_int_equal(0, X509_cmp(certs[2], set->chain[0]));
        } else if (c->ra) {
            assert_int_equal(0, X509_cmp(certs[0], f->ca.ra_certs[0]));
        }
        assert_int_equal(c->has_root, X509_cmp(certs[count - 1], root) == 0);
        for (size_t cert = 0; cert < count; cert++) {
            X509_free(certs[cert]);
        }
        buffer_clear(&out);
        ra_set_unref(set);
    }
    scep_test_pair_clear(&pair);
    X509_free(root);
    X509_free(sub);
}

static void cacert__pair_wanted_and_none_there__says_how_to_mend_it(void **state)
{
    const struct scep_fixture *f = *state;
    struct buffer out = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    const char *type = NULL;

    assert_refused(scep_cacert_body(f->ca.set, RA_FORM_PAIR, true, &out, &type, &err), &err,
                   REASON_RA_MISSING, "");
    assert_non_null(strstr(err.detail, "openndes ca renew-ra"));
    assert_int_equal(0, out.len);
}

static void cacert__nothing_there__not_ready(void **state)
{
    struct ra_set *set = ra_set_create();
    struct buffer out = ASN1_BUFFER_INIT;
    struct error err = ERROR_INIT;
    const char *type = NULL;

    (void)state;
    assert_refused(scep_cacert_body(set, RA_FORM_SINGLE, true, &out, &type, &err), &err,
                   REASON_CA_NOT_READY, "");
    ra_set_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caps__each_option__byte_exact),
        cmocka_unit_test(degenerate__two_elements__byte_exact),
        cmocka_unit_test(degenerate_crl__one_element__byte_exact),
        cmocka_unit_test(next_cacert__each_key__verifies_and_holds_the_list),
        cmocka_unit_test(next_cacert__key_of_another_certificate__sign_failed),
        cmocka_unit_test(cacert__chains__order_and_type),
        cmocka_unit_test(cacert__pair_wanted_and_none_there__says_how_to_mend_it),
        cmocka_unit_test(cacert__nothing_there__not_ready),
    };

    return cmocka_run_group_tests(tests, scep_fixture_setup, scep_fixture_teardown);
}
