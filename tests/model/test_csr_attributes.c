/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "model/csr.h"
#include "model/csr_builder.h"

static int make_key(void **state)
{
    *state = csr_builder_key("P-256"); /* quick to sign with */
    return 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(*state);
    return 0;
}

/* Build, parse, and compare the outcome; the builder is used up. */
static void parse_built(struct csr_builder *b, struct csr *csr, enum reason expected,
                        const char *name)
{
    struct buffer der = BUFFER_INIT(0);
    struct error err = ERROR_INIT;

    csr_builder_der(b, &der);
    if (expected == REASON_NONE) {
        assert_done(csr_parse(buffer_bytes(&der), csr, &err), &err, name);
    } else {
        assert_refused(csr_parse(buffer_bytes(&der), csr, &err), &err, expected, name);
        assert_null(csr->challenge.data);
        assert_null(csr->der.data);
    }
    buffer_clear(&der);
    csr_builder_clear(b);
}

#define RAW(literal)                                                                               \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

static void challenge__string_types__become_utf8(void **state)
{
    static const struct {
        const char *name;
        uint8_t tag;
        struct bytes raw;
        enum reason reason;
        const char *text; /* NULL: no challenge */
    } cases[] = {
        { "printable", TAG_PRINTABLE, RAW("abc"), REASON_NONE, "abc" },
        { "utf8", TAG_UTF8, RAW("\xc3\xa4"), REASON_NONE, "\xc3\xa4" },
        { "t61", TAG_T61, RAW("\xe4"), REASON_NONE, "\xc3\xa4" },
        { "ia5", TAG_IA5, RAW("a@b"), REASON_NONE, "a@b" },
        { "bmp", TAG_BMP, RAW("\0a\0\xe4"), REASON_NONE, "a\xc3\xa4" },
        { "universal", TAG_UNIVERSAL, RAW("\0\0\0a"), REASON_NONE, "a" },
        { "one trailing NUL", TAG_UTF8, RAW("abc\0"), REASON_NONE, "abc" },
        { "bmp with trailing NUL", TAG_BMP, RAW("\0a\0\0"), REASON_NONE, "a" },
        { "two trailing NULs", TAG_UTF8, RAW("abc\0\0"), REASON_SYNTAX, NULL },
        { "NUL inside", TAG_UTF8, RAW("ab\0c"), REASON_SYNTAX, NULL },
        { "empty", TAG_PRINTABLE, RAW(""), REASON_NONE, NULL },
        { "only a NUL", TAG_UTF8, RAW("\0"), REASON_NONE, NULL },
        { "bmp lone surrogate", TAG_BMP, RAW("\xd8\x00"), REASON_SYNTAX, NULL },
        { "octet string", 0x04, RAW("abc"), REASON_SYNTAX, NULL },
        { "NULL", 0x05, RAW(""), REASON_SYNTAX, NULL },
        { "boolean", 0x01, RAW("\xff"), REASON_SYNTAX, NULL },
        { "object", 0x06, RAW("\x2a\x03"), REASON_SYNTAX, NULL },
        { "sequence", 0x30, RAW(""), REASON_SYNTAX, NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;

        csr_builder_init(&b, *state);
        csr_builder_challenge(&b, cases[i].tag, cases[i].raw);
        parse_built(&b, &csr, cases[i].reason, cases[i].name);
        assert_int_equal(csr.has_challenge, cases[i].text != NULL);
        if (cases[i].text != NULL) {
            assert_bytes_text(secret_bytes(&csr.challenge), cases[i].text);
        }
        csr_clear(&csr);
    }
}

static void challenge__sizes__limit_and_one_more(void **state)
{
    static const struct {
        const char *name;
        size_t len;
        uint8_t tag;
        enum reason reason;
    } cases[] = {
        { "9 KB", 9216, TAG_PRINTABLE, REASON_NONE },
        { "16 KB", LIMIT_CHALLENGE_BYTES, TAG_PRINTABLE, REASON_NONE },
        { "16 KB and one", LIMIT_CHALLENGE_BYTES + 1, TAG_PRINTABLE, REASON_LIMIT },
        { "20 KB", 20480, TAG_UTF8, REASON_LIMIT },
        { "9 KB of Latin-1 that doubles", 9216, TAG_T61, REASON_LIMIT },
    };
    char *text = malloc(20480);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;

        memset(text, cases[i].tag == TAG_T61 ? 0xe4 : 'x', 20480);
        csr_builder_init(&b, *state);
        csr_builder_challenge(&b, cases[i].tag, bytes_of(text, cases[i].len));
        parse_built(&b, &csr, cases[i].reason, cases[i].name);
        if (cases[i].reason == REASON_NONE) {
            assert_int_equal(csr.challenge.len, cases[i].len);
        }
        csr_clear(&csr);
    }
    free(text);
}

static void challenge__not_exactly_one__refused_or_none(void **state)
{
    struct csr_builder b;
    struct csr csr = CSR_INIT;

    csr_builder_init(&b, *state);
    csr_builder_challenge(&b, TAG_UTF8, bytes_of_text("one"));
    csr_builder_challenge(&b, TAG_UTF8, bytes_of_text("two"));
    parse_built(&b, &csr, REASON_SYNTAX, "two attributes");
    csr_builder_init(&b, *state);
    csr_builder_challenge(&b, TAG_UTF8, bytes_of_text(""));
    csr_builder_challenge(&b, TAG_UTF8, bytes_of_text("two"));
    parse_built(&b, &csr, REASON_SYNTAX, "two attributes, one empty");
    csr_builder_init(&b, *state);
    csr_builder_attribute(&b, OID_CHALLENGE, bytes_of("\x0c\x01\x61\x0c\x01\x62", 6));
    parse_built(&b, &csr, REASON_SYNTAX, "two values");
    csr_builder_init(&b, *state);
    csr_builder_attribute(&b, OID_CHALLENGE, bytes_of("", 0));
    parse_built(&b, &csr, REASON_NONE, "no value");
    assert_false(csr.has_challenge);
    csr_clear(&csr);
}

static void extensions__three_oids__all_read(void **state)
{
    static const char *const oids[] = { OID_EXTENSION_REQUEST, OID_EXTENSION_REQUEST_MICROSOFT,
                                        OID_EXTENSION_REQUEST_VERISIGN };

    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;

        csr_builder_init(&b, *state);
        b.extension_oid = oids[i];
        csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
        parse_built(&b, &csr, REASON_NONE, oids[i]);
        assert_int_equal(sk_GENERAL_NAME_num(csr.san), 1);
        csr_clear(&csr);

        csr_builder_init(&b, *state);
        csr_builder_attribute(&b, oids[i], bytes_of("", 0));
        parse_built(&b, &csr, REASON_NONE, "empty set");
        assert_null(csr.san);
        csr_clear(&csr);

        csr_builder_init(&b, *state);
        csr_builder_attribute(&b, oids[i], bytes_of("\x30\x00", 2));
        parse_built(&b, &csr, REASON_NONE, "empty list");
        assert_null(csr.san);
        csr_clear(&csr);
    }
}

/* keyUsage as another extension request's only extension */
#define KEY_USAGE_REQUEST "\x30\x0d\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x05\xa0"

static void extensions__two_requests__merged_unless_repeated(void **state)
{
    struct csr_builder b;
    struct csr csr = CSR_INIT;

    csr_builder_init(&b, *state);
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
    csr_builder_attribute(&b, OID_EXTENSION_REQUEST_MICROSOFT, bytes_of(KEY_USAGE_REQUEST, 15));
    parse_built(&b, &csr, REASON_NONE, "under two OIDs");
    assert_non_null(csr.san);
    assert_true(csr.has_key_usage);
    csr_clear(&csr);

    csr_builder_init(&b, *state);
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
    csr_builder_attribute(&b, OID_EXTENSION_REQUEST, bytes_of(KEY_USAGE_REQUEST, 15));
    parse_built(&b, &csr, REASON_SYNTAX, "the same OID twice");

    csr_builder_init(&b, *state);
    csr_builder_extension(&b, OID_KEY_USAGE, true, bytes_of("\x03\x02\x05\xa0", 4));
    csr_builder_attribute(&b, OID_EXTENSION_REQUEST_MICROSOFT, bytes_of(KEY_USAGE_REQUEST, 15));
    parse_built(&b, &csr, REASON_SYNTAX, "one extension in both");

    csr_builder_init(&b, *state);
    csr_builder_extension(&b, "1.2.3.4", false, bytes_of("x", 1));
    csr_builder_extension(&b, "1.2.3.4", false, bytes_of("x", 1));
    parse_built(&b, &csr, REASON_SYNTAX, "an unknown extension twice");

    csr_builder_init(&b, *state);
    csr_builder_attribute(&b, OID_EXTENSION_REQUEST, bytes_of("\x30\x00\x30\x00", 4));
    parse_built(&b, &csr, REASON_SYNTAX, "two values");

    csr_builder_init(&b, *state);
    csr_builder_attribute(&b, OID_EXTENSION_REQUEST, bytes_of("\x05\x00", 2));
    parse_built(&b, &csr, REASON_SYNTAX, "not a list");
}

static void extensions__more_than_the_limit__refused(void **state)
{
    for (unsigned more = 0; more <= 1; more++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;
        char oid[32];

        csr_builder_init(&b, *state);
        for (unsigned i = 0; i < LIMIT_EXTENSIONS + more; i++) {
            assert_in_range(snprintf(oid, sizeof(oid), "1.2.3.%u", i), 1, 31);
            csr_builder_extension(&b, oid, false, bytes_of("x", 1));
        }
        parse_built(&b, &csr, more == 0 ? REASON_NONE : REASON_LIMIT, "extensions");
        csr_clear(&csr);
    }
}

static void attributes__more_than_the_limit__refused(void **state)
{
    for (unsigned more = 0; more <= 1; more++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;

        csr_builder_init(&b, *state);
        for (unsigned i = 0; i < LIMIT_CMS_ATTRIBUTES + more; i++) {
            csr_builder_attribute(&b, "1.3.6.1.4.1.311.13.2.1", bytes_of("\x05\x00", 2));
        }
        parse_built(&b, &csr, more == 0 ? REASON_NONE : REASON_LIMIT, "attributes");
        csr_clear(&csr);
    }
}

static void attributes__malformed__refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw; /* the content of the attributes field */
    } cases[] = {
        { "not a sequence", RAW("\x05\x00") },
        { "empty sequence", RAW("\x30\x00") },
        { "no values", RAW("\x30\x04\x06\x02\x2a\x03") },
        { "values not a set", RAW("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x30\x00") },
        { "three elements", RAW("\x30\x08\x06\x02\x2a\x03\x31\x00\x05\x00") },
        { "type not an OID", RAW("\x30\x04\x05\x00\x31\x00") },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;
        struct error err = ERROR_INIT;

        csr_builder_init(&b, *state);
        assert_done(buffer_append_bytes(&b.attributes, cases[i].raw, &err), &err, "");
        parse_built(&b, &csr, REASON_SYNTAX, cases[i].name);
    }
}

static void san__count__limit_and_one_more(void **state)
{
    for (unsigned more = 0; more <= 1; more++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;

        csr_builder_init(&b, *state);
        for (unsigned i = 0; i < LIMIT_SAN_ENTRIES + more; i++) {
            csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
        }
        parse_built(&b, &csr, more == 0 ? REASON_NONE : REASON_LIMIT, "names");
        csr_clear(&csr);
    }
}

/* A Name of one commonName with so many bytes of text; 21 more in all. */
static void put_directory_name(struct csr_builder *b, size_t text_bytes)
{
    struct csr_builder name;
    struct buffer der = BUFFER_INIT(65536);
    char *text = calloc(1, text_bytes);

    memset(text, 'a', text_bytes);
    csr_builder_init(&name, NULL);
    csr_builder_rdn(&name, OID_CN, TAG_UTF8, bytes_of(text, text_bytes));
    csr_builder_tlv(&der, 0x30, buffer_bytes(&name.subject));
    csr_builder_san(b, 0xa4, buffer_bytes(&der));
    csr_builder_clear(&name);
    buffer_clear(&der);
    free(text);
}

static void san__directory_name__limit_of_a_name(void **state)
{
    for (unsigned more = 0; more <= 1; more++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;

        csr_builder_init(&b, *state);
        put_directory_name(&b, LIMIT_DN_BYTES - 21 + more);
        parse_built(&b, &csr, more == 0 ? REASON_NONE : REASON_LIMIT, "directory name");
        csr_clear(&csr);
    }
}

static void san__malformed_or_empty__refused_or_none(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        enum reason reason;
    } cases[] = {
        { "empty list", RAW("\x30\x00"), REASON_NONE },
        { "nothing", RAW(""), REASON_SYNTAX },
        { "not a list", RAW("\x05\x00"), REASON_SYNTAX },
        { "trailing byte", RAW("\x30\x00\x00"), REASON_SYNTAX },
        { "unknown choice", RAW("\x30\x02\x8a\x00"), REASON_SYNTAX },
        { "otherName without value", RAW("\x30\x06\xa0\x04\x06\x02\x2a\x03"), REASON_SYNTAX },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;

        csr_builder_init(&b, *state);
        csr_builder_extension(&b, OID_SAN, false, cases[i].raw);
        parse_built(&b, &csr, cases[i].reason, cases[i].name);
        assert_null(csr.san);
        csr_clear(&csr);
    }
}

static void key_usage__bits__read(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        enum reason reason;
        uint32_t usage;
    } cases[] = {
        { "signature", RAW("\x03\x02\x07\x80"), REASON_NONE, KEY_USAGE_DIGITAL_SIGNATURE },
        { "CA", RAW("\x03\x02\x01\x06"), REASON_NONE,
          KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN },
        { "decipherOnly", RAW("\x03\x03\x07\x00\x80"), REASON_NONE, KEY_USAGE_DECIPHER_ONLY },
        { "trailing zeros", RAW("\x03\x03\x00\x80\x00"), REASON_NONE, KEY_USAGE_DIGITAL_SIGNATURE },
        { "no bit", RAW("\x03\x01\x00"), REASON_NONE, 0 },
        { "zero bits", RAW("\x03\x02\x00\x00"), REASON_NONE, 0 },
        { "a tenth bit", RAW("\x03\x03\x06\x00\x40"), REASON_SYNTAX, 0 },
        { "not bits", RAW("\x05\x00"), REASON_SYNTAX, 0 },
        { "trailing byte", RAW("\x03\x02\x07\x80\x00"), REASON_SYNTAX, 0 },
        { "nothing", RAW(""), REASON_SYNTAX, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;
        struct csr csr = CSR_INIT;

        csr_builder_init(&b, *state);
        csr_builder_extension(&b, OID_KEY_USAGE, true, cases[i].raw);
        parse_built(&b, &csr, cases[i].reason, cases[i].name);
        assert_int_equal(csr.key_usage, cases[i].usage);
        assert_int_equal(csr.has_key_usage, cases[i].usage != 0);
        csr_clear(&csr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge__string_types__become_utf8),
        cmocka_unit_test(challenge__sizes__limit_and_one_more),
        cmocka_unit_test(challenge__not_exactly_one__refused_or_none),
        cmocka_unit_test(extensions__three_oids__all_read),
        cmocka_unit_test(extensions__two_requests__merged_unless_repeated),
        cmocka_unit_test(extensions__more_than_the_limit__refused),
        cmocka_unit_test(attributes__more_than_the_limit__refused),
        cmocka_unit_test(attributes__malformed__refused),
        cmocka_unit_test(san__count__limit_and_one_more),
        cmocka_unit_test(san__directory_name__limit_of_a_name),
        cmocka_unit_test(san__malformed_or_empty__refused_or_none),
        cmocka_unit_test(key_usage__bits__read),
    };

    return cmocka_run_group_tests_name("csr_attributes", tests, make_key, free_key);
}
