/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "template/template_case.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define RAW(literal)                                                                               \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
#define OID_C "2.5.4.6"
#define OID_O "2.5.4.10"
#define OID_OU "2.5.4.11"
#define OID_DESCRIPTION "2.5.4.13"
#define OID_PRIVATE "1.2.3.4.5"

static int make_key(void **state)
{
    *state = csr_builder_key("P-256");
    return 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(*state);
    return 0;
}

/* Plan and compare the subject's text; the builder is used up. */
static void expect_subject(const struct template_config *config, struct csr_builder *b,
                           const char *expected)
{
    struct cert_plan plan = { 0 };
    char subject[512];

    assert_int_equal(template_case_plan(config, b, &plan), REASON_NONE);
    name_format(plan.subject, subject, sizeof(subject));
    assert_string_equal(subject, expected);
    cert_plan_clear(&plan);
}

static void make__order_and_string_types__kept(void **state)
{
    static const int types[] = { V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING, V_ASN1_BMPSTRING,
                                 V_ASN1_IA5STRING, V_ASN1_UTF8STRING };
    struct template_config config = template_case_config();
    struct csr_builder b;
    struct cert_plan plan = { 0 };
    char subject[512];

    csr_builder_init(&b, *state);
    csr_builder_rdn(&b, OID_CN, TAG_PRINTABLE, bytes_of_text("host"));
    csr_builder_rdn(&b, OID_O, TAG_T61, bytes_of_text("\xe4"));
    csr_builder_rdn(&b, OID_OU, TAG_BMP, bytes_of("\0u", 2));
    csr_builder_rdn(&b, "0.9.2342.19200300.100.1.25", TAG_IA5, bytes_of_text("example"));
    csr_builder_rdn(&b, OID_OU, TAG_UTF8, bytes_of_text("v"));
    assert_int_equal(template_case_plan(&config, &b, &plan), REASON_NONE);
    name_format(plan.subject, subject, sizeof(subject));
    assert_string_equal(subject, "OU=v,DC=example,OU=u,O=\xc3\xa4,CN=host");
    for (int i = 0; i < 5; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(plan.subject, i);

        assert_int_equal(ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry)), types[i]);
    }
    cert_plan_clear(&plan);
}

static void make__multi_valued_rdn__kept(void **state)
{
    struct template_config config = template_case_config();
    struct csr_builder b;

    csr_builder_init(&b, *state);
    csr_builder_rdn(&b, OID_C, TAG_PRINTABLE, bytes_of_text("DE"));
    csr_builder_rdn_pair(&b, OID_CN, "h", OID_OU, "u");
    csr_builder_rdn(&b, OID_O, TAG_UTF8, bytes_of_text("o"));
    expect_subject(&config, &b, "O=o,CN=h+OU=u,C=DE");
    /* the first value of an RDN is dropped, the second does not move to its neighbour */
    config.subject.unlisted = UNLISTED_DROP;
    csr_builder_init(&b, *state);
    csr_builder_rdn(&b, OID_C, TAG_PRINTABLE, bytes_of_text("DE"));
    csr_builder_rdn_pair(&b, OID_PRIVATE, "x", OID_CN, "h");
    csr_builder_rdn_pair(&b, OID_PRIVATE, "x", OID_PRIVATE, "y");
    csr_builder_rdn_pair(&b, OID_OU, "u", OID_PRIVATE, "y");
    expect_subject(&config, &b, "OU=u,CN=h,C=DE");
}

static void make__unlisted__refused_or_dropped(void **state)
{
    struct template_config config = template_case_config();
    static const char *const oids[] = { OID_DESCRIPTION, OID_PRIVATE };

    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
        struct csr_builder b;

        config.subject.unlisted = UNLISTED_REFUSE;
        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "host");
        csr_builder_rdn(&b, oids[i], TAG_UTF8, bytes_of_text("x"));
        template_case_expect(&config, &b, REASON_SUBJECT_ATTRIBUTE, oids[i]);
        config.subject.unlisted = UNLISTED_DROP;
        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "host");
        csr_builder_rdn(&b, oids[i], TAG_UTF8, bytes_of("x\0y", 3));
        expect_subject(&config, &b, "CN=host");
    }
    config.subject.unlisted = UNLISTED_REFUSE;
    config.subject.attributes = TEXT("CN, " OID_PRIVATE);
    {
        struct csr_builder b;

        csr_builder_init(&b, *state);
        csr_builder_rdn(&b, OID_PRIVATE, TAG_UTF8, bytes_of_text("x"));
        expect_subject(&config, &b, OID_PRIVATE "=x");
    }
}

static void make__append__replaces_and_stands_above(void **state)
{
    struct template_config config = template_case_config();
    struct csr_builder b;

    config.subject.append = TEXT("O=Example \xc3\x84G, C=DE");
    csr_builder_init(&b, *state);
    csr_builder_cn(&b, "host");
    expect_subject(&config, &b, "CN=host,O=Example \xc3\x84G,C=DE");
    csr_builder_init(&b, *state);
    csr_builder_rdn(&b, OID_C, TAG_PRINTABLE, bytes_of_text("US"));
    csr_builder_rdn(&b, OID_O, TAG_UTF8, bytes_of_text("Evil"));
    csr_builder_rdn(&b, OID_OU, TAG_UTF8, bytes_of_text("u"));
    csr_builder_rdn(&b, OID_O, TAG_UTF8, bytes_of("more\0evil", 9));
    csr_builder_cn(&b, "host");
    expect_subject(&config, &b, "CN=host,OU=u,O=Example \xc3\x84G,C=DE");
    /* what the template puts in need not be listed for requests */
    config.subject.attributes = TEXT("CN");
    csr_builder_init(&b, *state);
    csr_builder_rdn_pair(&b, OID_O, "Evil", OID_CN, "host");
    expect_subject(&config, &b, "CN=host,O=Example \xc3\x84G,C=DE");
}

static void make__common_name__required_and_patterned(void **state)
{
    static const struct {
        const char *name;
        const char *patterns;
        bool require;
        const char *cns[2];
        enum reason reason;
    } cases[] = {
        { "none, not required", "", false, { NULL, NULL }, REASON_NONE },
        { "none, required", "", true, { NULL, NULL }, REASON_SUBJECT_CN },
        { "one, required", "", true, { "x", NULL }, REASON_NONE },
        { "fits", "*.example.com, dev-??", false, { "a.example.com", NULL }, REASON_NONE },
        { "fits without case", "*.example.com", false, { "A.EXAMPLE.COM", NULL }, REASON_NONE },
        { "fits the second", "*.example.com,dev-??", false, { "dev-01", NULL }, REASON_NONE },
        { "fits none", "*.example.com,dev-??", false, { "dev-1", NULL }, REASON_SUBJECT_CN },
        { "a suffix hidden",
          "*.example.com",
          false,
          { "a.example.com.evil", NULL },
          REASON_SUBJECT_CN },
        { "second does not fit", "dev-*", false, { "dev-1", "admin" }, REASON_SUBJECT_CN },
        { "first does not fit", "dev-*", false, { "admin", "dev-1" }, REASON_SUBJECT_CN },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = template_case_config();
        struct csr_builder b;

        config.subject.cn_patterns = TEXT(cases[i].patterns);
        config.subject.require_cn = cases[i].require;
        csr_builder_init(&b, *state);
        csr_builder_rdn(&b, OID_O, TAG_UTF8, bytes_of_text("o"));
        for (size_t n = 0; n < 2 && cases[i].cns[n] != NULL; n++) {
            csr_builder_cn(&b, cases[i].cns[n]);
        }
        template_case_expect(&config, &b, cases[i].reason, cases[i].name);
    }
}

static void make__hostile_values__refused(void **state)
{
    static const struct {
        const char *name;
        uint8_t tag;
        struct bytes raw;
    } cases[] = {
        { "NUL inside", TAG_UTF8, RAW("good.example\0.evil") },
        { "trailing NUL", TAG_UTF8, RAW("host\0") },
        { "newline", TAG_UTF8, RAW("a\nb") },
        { "escape", TAG_PRINTABLE, RAW("a\x1b[2J") },
        { "DEL", TAG_IA5, RAW("a\x7f") },
        { "C1 control", TAG_T61, RAW("a\x85") },
        { "NUL in BMP", TAG_BMP, RAW("\0a\0\0") },
        { "right-to-left override", TAG_UTF8,
          RAW("a\xe2\x80\xae"
              "b") },
        { "line separator", TAG_BMP, RAW("\x20\x28") },
        { "isolate", TAG_UTF8, RAW("\xe2\x81\xa6") },
        { "above ASCII in printable", TAG_PRINTABLE, RAW("\xe4") },
        { "empty", TAG_UTF8, RAW("") },
        { "a bit string", 0x03, RAW("\0\xff") },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = template_case_config();
        struct csr_builder b;

        csr_builder_init(&b, *state);
        csr_builder_rdn(&b, OID_CN, cases[i].tag, cases[i].raw);
        template_case_expect(&config, &b, REASON_SUBJECT_CN, cases[i].name);
        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "host");
        csr_builder_rdn(&b, OID_OU, cases[i].tag, cases[i].raw);
        template_case_expect(&config, &b, REASON_SUBJECT_ATTRIBUTE, cases[i].name);
    }
}

static void make__long_values__limit_in_characters(void **state)
{
    struct template_config config = template_case_config();
    char text[600];

    for (size_t n = 0; n < 2; n++) {
        for (size_t i = 0; i < 256; i++) {
            memcpy(text + 2 * i, "\xc3\xa4", 2);
        }
        {
            struct csr_builder b;

            csr_builder_init(&b, *state);
            csr_builder_rdn(&b, OID_CN, TAG_UTF8, bytes_of(text, 2 * (255 + n)));
            template_case_expect(&config, &b, n == 0 ? REASON_NONE : REASON_SUBJECT_TOO_LONG,
                                 "characters");
        }
    }
}

/* What the template adds counts too. */
static void make__long_name__refused(void **state)
{
    struct template_config config = template_case_config();
    struct csr_builder b;
    char text[250];

    memset(text, 'a', sizeof(text));
    config.subject.append = TEXT("O=Example Example Example Example Example Example");
    for (unsigned n = 0; n <= 1; n++) {
        csr_builder_init(&b, *state);
        for (unsigned i = 0; i < 15; i++) { /* 3994 bytes with the head */
            csr_builder_rdn(&b, OID_OU, TAG_UTF8, bytes_of(text, sizeof(text)));
        }
        if (n == 1) { /* 91 more: fits alone, but not with the template's */
            csr_builder_rdn(&b, OID_OU, TAG_UTF8, bytes_of(text, 80));
        }
        template_case_expect(&config, &b, n == 0 ? REASON_NONE : REASON_SUBJECT_TOO_LONG, "bytes");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make__order_and_string_types__kept),
        cmocka_unit_test(make__multi_valued_rdn__kept),
        cmocka_unit_test(make__unlisted__refused_or_dropped),
        cmocka_unit_test(make__append__replaces_and_stands_above),
        cmocka_unit_test(make__common_name__required_and_patterned),
        cmocka_unit_test(make__hostile_values__refused),
        cmocka_unit_test(make__long_values__limit_in_characters),
        cmocka_unit_test(make__long_name__refused),
    };

    return cmocka_run_group_tests_name("template_subject", tests, make_key, free_key);
}
