/* SPDX-License-Identifier: Apache-2.0 */
/* A request without its challenge asks for the same; what it asks for, in words. */
#include "support/test_support.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "base/text.h"
#include "model/csr_builder.h"
#include "model/csr_details.h"
#include "model/csr_strip.h"
#include "model/csr_text.h"

#define MARKER "marker-of-a-secret"

static int make_key(void **state)
{
    *state = csr_builder_key("RSA-2048");
    return 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(*state);
    return 0;
}

static bool contains(struct bytes bytes, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i + len <= bytes.len; i++) {
        if (memcmp(bytes.data + i, text, len) == 0) return true;
    }
    return false;
}

/* Build, strip, parse again; whole holds the request as it came. */
static void strip(struct csr_builder *b, struct csr *whole, struct buffer *stripped,
                  struct csr *again)
{
    struct buffer der = BUFFER_INIT(0);
    struct error err = ERROR_INIT;

    csr_builder_der(b, &der);
    assert_done(csr_parse(buffer_bytes(&der), whole, &err), &err, "whole");
    assert_done(csr_strip(whole, stripped, &err), &err, "strip");
    assert_done(csr_parse(buffer_bytes(stripped), again, &err), &err, "stripped");
    buffer_clear(&der);
}

static bool add_name(void *context, const char *text, struct error *err)
{
    return buffer_printf(context, err, "%s|", text);
}

static void assert_same_names(const struct csr *a, const struct csr *b)
{
    struct buffer names[2] = { BUFFER_INIT(LIMIT_CSR_BYTES), BUFFER_INIT(LIMIT_CSR_BYTES) };
    struct error err = ERROR_INIT;

    assert_done(csr_each_san(a, add_name, &names[0], &err), &err, "");
    assert_done(csr_each_san(b, add_name, &names[1], &err), &err, "");
    assert_string_equal(buffer_text(&names[0]), buffer_text(&names[1]));
    buffer_clear(&names[0]);
    buffer_clear(&names[1]);
}

static void assert_same_details(const struct csr *a, const struct csr *b, size_t challenges)
{
    struct error err = ERROR_INIT;
    struct csr_details *one = csr_details_parse(a, &err);
    struct csr_details *other = csr_details_parse(b, &err);

    assert_true(one != NULL && other != NULL);
    assert_int_equal(one->digest, other->digest);
    assert_int_equal(one->extension_count, other->extension_count);
    assert_int_equal(one->pair_count, other->pair_count);
    assert_int_equal(one->attribute_count, other->attribute_count + challenges);
    assert_false(other->has_challenge_attribute);
    csr_details_free(one);
    csr_details_free(other);
}

static void strip__with_challenge__all_the_rest_is_there(void **state)
{
    struct buffer stripped = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct csr whole = CSR_INIT;
    struct csr again = CSR_INIT;
    struct error err = ERROR_INIT;
    struct csr_builder b;

    csr_builder_init(&b, *state);
    csr_builder_cn(&b, "host.example.com");
    csr_builder_pair_text(&b, "CertificateTemplate", "Device");
    csr_builder_challenge(&b, TAG_PRINTABLE, bytes_of_text(MARKER));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("host.example.com"));
    csr_builder_extension(&b, OID_KEY_USAGE, true, bytes_of("\x03\x02\x05\xa0", 4));
    strip(&b, &whole, &stripped, &again);
    assert_true(whole.has_challenge);
    assert_true(contains(buffer_bytes(&whole.der), MARKER));
    assert_false(again.has_challenge);
    assert_false(contains(buffer_bytes(&stripped), MARKER));
    assert_memory_equal(whole.key_sha256, again.key_sha256, DIGEST_SHA256_BYTES);
    assert_int_equal(X509_NAME_cmp(csr_subject(&whole), csr_subject(&again)), 0);
    assert_int_equal(whole.key_usage, again.key_usage);
    assert_int_equal(whole.key_bits, again.key_bits);
    assert_same_names(&whole, &again);
    assert_same_details(&whole, &again, 1);
    /* nothing to try passwords against */
    assert_refused(csr_verify(&again, &err), &err, REASON_SIGNATURE_WRONG, "");
    csr_builder_clear(&b);
    csr_clear(&whole);
    csr_clear(&again);
    buffer_clear(&stripped);
}

static void strip__odd_shapes__still_a_request(void **state)
{
    static const char *const shapes[] = { "no challenge", "no attributes",
                                          "only an empty challenge", "a challenge of 16 KB" };
    static char big[16000];

    memset(big, 'x', sizeof(big));
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct buffer stripped = BUFFER_INIT(LIMIT_CSR_BYTES);
        struct csr whole = CSR_INIT;
        struct csr again = CSR_INIT;
        struct csr_builder b;

        print_message("%s\n", shapes[i]);
        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "host");
        b.without_attributes = i == 1;
        if (i == 2) csr_builder_challenge(&b, TAG_UTF8, bytes_of_text(""));
        if (i == 3) csr_builder_challenge(&b, TAG_UTF8, bytes_of(big, sizeof(big)));
        strip(&b, &whole, &stripped, &again);
        assert_false(again.has_challenge);
        assert_same_details(&whole, &again, i >= 2 ? 1 : 0);
        assert_true(stripped.len < 1000);
        csr_builder_clear(&b);
        csr_clear(&whole);
        csr_clear(&again);
        buffer_clear(&stripped);
    }
}

static void text__what_is_asked_for__in_words(void **state)
{
    struct buffer stripped = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct buffer names = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct csr whole = CSR_INIT;
    struct csr again = CSR_INIT;
    struct error err = ERROR_INIT;
    struct csr_builder b;
    char key[CSR_KEY_TEXT_MAX];
    char usage[CSR_USAGE_TEXT_MAX];

    csr_builder_init(&b, *state);
    csr_builder_cn(&b, "host");
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example"));
    csr_builder_san(&b, TAG_SAN_EMAIL, bytes_of_text("a@example.com"));
    csr_builder_san(&b, TAG_SAN_URI, bytes_of_text("urn:x"));
    csr_builder_san(&b, TAG_SAN_IP, bytes_of("\xc0\x00\x02\x07", 4));
    csr_builder_san(&b, TAG_SAN_IP, bytes_of("\xc0\x00\x02", 3));
    csr_builder_san_other(&b, OID_UPN, TAG_UTF8, bytes_of_text("user@example.com"));
    csr_builder_san_other(&b, "1.2.3.4", TAG_UTF8, bytes_of_text("x"));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("e\x1b[2Jvil"));
    csr_builder_extension(&b, OID_KEY_USAGE, true, bytes_of("\x03\x02\x01\x86", 4));
    strip(&b, &whole, &stripped, &again);
    csr_key_text(&again, key);
    csr_usage_text(&again, usage);
    assert_string_equal(key, "RSA 2048");
    assert_string_equal(usage, "digitalSignature,keyCertSign,cRLSign");
    assert_done(csr_each_san(&again, add_name, &names, &err), &err, "");
    assert_string_equal(buffer_text(&names),
                        "DNS:a.example|email:a@example.com|URI:urn:x|IP:192.0.2.7|IP:(3 bytes)|"
                        "UPN:user@example.com|otherName:1.2.3.4|DNS:e\\x1b[2Jvil|");
    csr_builder_clear(&b);
    csr_clear(&whole);
    csr_clear(&again);
    buffer_clear(&names);
    buffer_clear(&stripped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strip__with_challenge__all_the_rest_is_there),
        cmocka_unit_test(strip__odd_shapes__still_a_request),
        cmocka_unit_test(text__what_is_asked_for__in_words),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
