/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/x509.h>

#include "model/csr_builder.h"
#include "model/name.h"

static X509_NAME *name_of(struct csr_builder *b)
{
    struct buffer der = BUFFER_INIT(65536);
    const unsigned char *at = NULL;
    X509_NAME *name = NULL;

    csr_builder_tlv(&der, 0x30, buffer_bytes(&b->subject));
    at = der.data;
    name = d2i_X509_NAME(NULL, &at, (long)der.len);
    assert_non_null(name);
    buffer_clear(&der);
    csr_builder_clear(b);
    return name;
}

static void assert_formats(struct csr_builder *b, const char *expected)
{
    char text[1024];
    X509_NAME *name = name_of(b);

    name_format(name, text, sizeof(text));
    assert_string_equal(text, expected);
    X509_NAME_free(name);
}

static void format__several_rdns__most_specific_first(void **state)
{
    struct csr_builder b;

    (void)state;
    csr_builder_init(&b, NULL);
    csr_builder_rdn(&b, "2.5.4.6", TAG_PRINTABLE, bytes_of_text("DE"));
    csr_builder_rdn(&b, "2.5.4.10", TAG_UTF8, bytes_of_text("Ex\xc3\xa4mple"));
    csr_builder_rdn_pair(&b, "2.5.4.11", "a", OID_CN, "b");
    assert_formats(&b, "OU=a+CN=b,O=Ex\xc3\xa4mple,C=DE");
}

static void format__empty__is_empty(void **state)
{
    struct csr_builder b;

    (void)state;
    csr_builder_init(&b, NULL);
    assert_formats(&b, "");
}

static void format__hostile_values__escaped(void **state)
{
    static const struct {
        uint8_t tag;
        const char *raw;
        size_t len;
        const char *expected;
    } cases[] = {
        { TAG_UTF8, "a,b+c=d", 7, "CN=a\\,b\\+c\\=d" },
        { TAG_UTF8, "x\nCN=y", 6, "CN=x\\x0aCN\\=y" },
        { TAG_UTF8, "a\0b", 3, "CN=a\\x00b" },
        { TAG_UTF8, "\"q\\", 3, "CN=\\x22q\\x5c" },
        { TAG_UTF8, "#x", 2, "CN=\\#x" },
        { TAG_UTF8, " x ", 3, "CN=\\ x\\ " },
        { TAG_UTF8, "\xe2\x80\xae", 3, "CN=\\u{202E}" },
        { TAG_BMP, "\0h\0\xe9", 4, "CN=h\xc3\xa9" },
        { 0x03, "\0\xd8", 2, "CN=#d8" }, /* BIT STRING: not a text */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;

        csr_builder_init(&b, NULL);
        csr_builder_rdn(&b, OID_CN, cases[i].tag, bytes_of(cases[i].raw, cases[i].len));
        assert_formats(&b, cases[i].expected);
    }
}

static void format__unknown_attribute__shows_oid(void **state)
{
    struct csr_builder b;

    (void)state;
    csr_builder_init(&b, NULL);
    csr_builder_rdn(&b, "1.2.3.4.5.6.7", TAG_UTF8, bytes_of_text("x"));
    assert_formats(&b, "1.2.3.4.5.6.7=x");
}

static void format__any_size__cut_and_terminated(void **state)
{
    struct csr_builder b;
    X509_NAME *name = NULL;
    char text[64];

    (void)state;
    csr_builder_init(&b, NULL);
    csr_builder_cn(&b, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
    name = name_of(&b);
    for (size_t size = 0; size < sizeof(text); size++) {
        memset(text, 'x', sizeof(text));
        name_format(name, text, size);
        if (size > 0) {
            assert_true(strlen(text) < size);
        }
        if (size >= 8 && size < 20) {
            assert_string_equal(text + strlen(text) - 3, "...");
        }
        assert_int_equal(text[size], 'x');
    }
    X509_NAME_free(name);
}

static void text_equal__types_exactly_values_without_case(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
    } cases[] = {
        { "", "", true },
        { "CN=dev", "CN=DEV", true },
        { "CN=dev,O=Example", "CN=Dev,O=EXAMPLE", true },
        { "OU=a+CN=b", "OU=A+CN=B", true },
        { "OU=a+CN=b", "OU=a,CN=b", false },
        { "UID=alice", "uid=alice", false },
        { "CN=dev,UID=alice", "CN=dev,uid=alice", false },
        { "OU=a+UID=alice", "OU=a+uid=alice", false },
        { "CN=a\\,UID\\=b", "CN=a\\,uid\\=b", true }, /* all one value */
        { "CN=a\\+Uid", "CN=a\\+uid", true },
        { "CN=a\\x5c,UID=b", "CN=A\\x5c,uid=b", false }, /* the comma separates */
        { "CN=dev", "CN=de", false },
        { "CN=de", "CN=dev", false },
        { "CN=dev", "", false },
        { "", "CN=dev", false },
        { "CN=\xc3\xa4", "CN=\xc3\x84", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (name_text_equal(cases[i].a, cases[i].b) != cases[i].equal) {
            fail_msg("%s, %s", cases[i].a, cases[i].b);
        }
    }
}

/* Two attributes whose short names differ in nothing but case. */
static void text_equal__user_id_and_unique_identifier__differ(void **state)
{
    static const char *const oids[] = { "0.9.2342.19200300.100.1.1", "0.9.2342.19200300.100.1.44" };
    char text[2][64];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct csr_builder b;
        X509_NAME *name = NULL;

        csr_builder_init(&b, NULL);
        csr_builder_rdn(&b, oids[i], TAG_UTF8, bytes_of_text("alice"));
        name = name_of(&b);
        name_format(name, text[i], sizeof(text[i]));
        X509_NAME_free(name);
    }
    assert_false(name_text_equal(text[0], text[1]));
}

static void common_name__several__last_one(void **state)
{
    struct csr_builder b;
    struct buffer out = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    X509_NAME *name = NULL;
    bool found = false;

    (void)state;
    csr_builder_init(&b, NULL);
    csr_builder_cn(&b, "first");
    csr_builder_rdn(&b, OID_CN, TAG_BMP, bytes_of("\0z", 2));
    csr_builder_rdn(&b, "2.5.4.10", TAG_UTF8, bytes_of_text("o"));
    name = name_of(&b);
    assert_done(name_common_name(name, &out, &found, &err), &err, "");
    assert_true(found);
    assert_bytes_text(buffer_bytes(&out), "z");
    X509_NAME_free(name);
    buffer_clear(&out);
}

static void common_name__none_or_malformed__said(void **state)
{
    struct csr_builder b;
    struct buffer out = BUFFER_INIT(100);
    struct error err = ERROR_INIT;
    X509_NAME *name = NULL;
    bool found = true;

    (void)state;
    csr_builder_init(&b, NULL);
    name = name_of(&b);
    assert_done(name_common_name(name, &out, &found, &err), &err, "");
    assert_false(found);
    X509_NAME_free(name);
    csr_builder_init(&b, NULL);
    csr_builder_rdn(&b, OID_CN, 0x03, bytes_of("\0\xd8", 2));
    name = name_of(&b);
    assert_refused(name_common_name(name, &out, &found, &err), &err, REASON_SYNTAX, "");
    assert_false(found);
    X509_NAME_free(name);
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format__several_rdns__most_specific_first),
        cmocka_unit_test(format__empty__is_empty),
        cmocka_unit_test(format__hostile_values__escaped),
        cmocka_unit_test(format__unknown_attribute__shows_oid),
        cmocka_unit_test(format__any_size__cut_and_terminated),
        cmocka_unit_test(text_equal__types_exactly_values_without_case),
        cmocka_unit_test(text_equal__user_id_and_unique_identifier__differ),
        cmocka_unit_test(common_name__several__last_one),
        cmocka_unit_test(common_name__none_or_malformed__said),
    };

    return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
