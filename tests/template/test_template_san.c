/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "template/template_case.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define RAW(literal)                                                                               \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
#define TAG_SAN_X400 0xa3u
#define TAG_SAN_DIRNAME 0xa4u
#define TAG_SAN_RID 0x88u
#define OID_KERBEROS "1.3.6.1.5.2.2"
#define ALL_TYPES "dns,ip,email,uri,upn,dirname,rid"

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

static const struct value_case {
    const char *name;
    uint8_t tag;
    struct bytes raw;
    enum reason reason;
} value_cases[] = {
    { "host", TAG_SAN_DNS, RAW("host.example.com"), REASON_NONE },
    { "NUL in a host", TAG_SAN_DNS, RAW("good.example.com\0.evil.com"), REASON_SAN_VALUE },
    { "leading dot", TAG_SAN_DNS, RAW(".example.com"), REASON_SAN_VALUE },
    { "empty host", TAG_SAN_DNS, RAW(""), REASON_SAN_VALUE },
    { "space in a host", TAG_SAN_DNS, RAW("a b.example.com"), REASON_SAN_VALUE },
    { "above ASCII in a host", TAG_SAN_DNS, RAW("\xc3\xa4.example.com"), REASON_SAN_VALUE },
    { "wildcard", TAG_SAN_DNS, RAW("*.example.com"), REASON_SAN_WILDCARD },
    { "wildcard inside", TAG_SAN_DNS, RAW("a.*.example.com"), REASON_SAN_WILDCARD },
    { "IPv4", TAG_SAN_IP, RAW("\x0a\x00\x00\x01"), REASON_NONE },
    { "IPv6", TAG_SAN_IP, RAW("0123456789abcdef"), REASON_NONE },
    { "IPv4 with mask", TAG_SAN_IP, RAW("\x0a\x00\x00\x00\xff\x00\x00\x00"), REASON_SAN_VALUE },
    { "IP as text", TAG_SAN_IP, RAW("10.0.0.1"), REASON_SAN_VALUE },
    { "IP empty", TAG_SAN_IP, RAW(""), REASON_SAN_VALUE },
    { "mail", TAG_SAN_EMAIL, RAW("a.b+c@example.com"), REASON_NONE },
    { "mail without @", TAG_SAN_EMAIL, RAW("example.com"), REASON_SAN_VALUE },
    { "mail with NUL", TAG_SAN_EMAIL, RAW("a@b.c\0d"), REASON_SAN_VALUE },
    { "mail list", TAG_SAN_EMAIL, RAW("a@b.c,d@e.f"), REASON_SAN_VALUE },
    { "URI", TAG_SAN_URI, RAW("https://example.com/x?y#z"), REASON_NONE },
    { "URN", TAG_SAN_URI, RAW("urn:uuid:00000000-0000-0000-0000-000000000000"), REASON_NONE },
    { "no scheme", TAG_SAN_URI, RAW("example.com"), REASON_SAN_VALUE },
    { "space in a URI", TAG_SAN_URI, RAW("https://a b/"), REASON_SAN_VALUE },
    { "account SID", TAG_SAN_URI, RAW("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500"),
      REASON_SAN_VALUE },
    { "account SID in capitals", TAG_SAN_URI,
      RAW("TAG:Microsoft.COM,2022-09-14:sid:S-1-5-21-1-2-3-500"), REASON_SAN_VALUE },
    { "registered ID", TAG_SAN_RID, RAW("\x2a\x03"), REASON_NONE },
    { "directory name", TAG_SAN_DIRNAME,
      RAW("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01x"), REASON_NONE },
    { "directory name with NUL", TAG_SAN_DIRNAME,
      RAW("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\0"), REASON_SAN_VALUE },
    { "directory name empty", TAG_SAN_DIRNAME, RAW("\x30\x00"), REASON_SAN_VALUE },
};

static void make__values__judged(void **state)
{
    struct template_config config = template_case_config();

    config.san.types = TEXT(ALL_TYPES);
    for (size_t i = 0; i < sizeof(value_cases) / sizeof(value_cases[0]); i++) {
        struct csr_builder b;

        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "host");
        csr_builder_san(&b, value_cases[i].tag, value_cases[i].raw);
        template_case_expect(&config, &b, value_cases[i].reason, value_cases[i].name);
    }
}

static void make__other_names__only_upn(void **state)
{
    static const struct {
        const char *name;
        const char *oid;
        uint8_t tag;
        struct bytes text;
        enum reason reason;
    } cases[] = {
        { "UPN", OID_UPN, TAG_UTF8, RAW("user@example.com"), REASON_NONE },
        { "UPN beyond ASCII", OID_UPN, TAG_UTF8, RAW("j\xc3\xbcrgen@example.com"), REASON_NONE },
        { "UPN as IA5", OID_UPN, TAG_IA5, RAW("user@example.com"), REASON_SAN_VALUE },
        { "UPN with NUL", OID_UPN, TAG_UTF8, RAW("user@example.com\0"), REASON_SAN_VALUE },
        { "UPN without @", OID_UPN, TAG_UTF8, RAW("user"), REASON_SAN_VALUE },
        { "UPN with two @", OID_UPN, TAG_UTF8, RAW("a@b@c"), REASON_SAN_VALUE },
        { "UPN with newline", OID_UPN, TAG_UTF8, RAW("a\n@b"), REASON_SAN_VALUE },
        { "UPN malformed", OID_UPN, TAG_UTF8, RAW("\xff@b"), REASON_SAN_VALUE },
        { "UPN not a text", OID_UPN, 0x05, RAW(""), REASON_SAN_VALUE },
        { "Kerberos", OID_KERBEROS, TAG_UTF8, RAW("user@example.com"), REASON_SAN_TYPE },
        { "unknown", "1.2.3.4", TAG_UTF8, RAW("x"), REASON_SAN_TYPE },
    };
    struct template_config config = template_case_config();

    config.san.types = TEXT(ALL_TYPES);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct csr_builder b;

        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "host");
        csr_builder_san_other(&b, cases[i].oid, cases[i].tag, cases[i].text);
        template_case_expect(&config, &b, cases[i].reason, cases[i].name);
    }
}

static void make__unlisted_type__refused_or_dropped(void **state)
{
    static const struct {
        const char *name;
        uint8_t tag;
        struct bytes raw;
    } cases[] = {
        { "URI", TAG_SAN_URI, RAW("https://example.com/") },
        { "a malformed URI", TAG_SAN_URI, RAW("\0") },
        { "directory name", TAG_SAN_DIRNAME, RAW("\x30\x00") },
        { "registered ID", TAG_SAN_RID, RAW("\x2a\x03") },
        { "X.400", TAG_SAN_X400, RAW("\x30\x00") },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = template_case_config();
        struct csr_builder b;
        struct cert_plan plan = { 0 };

        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "host");
        csr_builder_san(&b, cases[i].tag, cases[i].raw);
        template_case_expect(&config, &b, REASON_SAN_TYPE, cases[i].name);
        config.san.unlisted = UNLISTED_DROP;
        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "host");
        csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
        csr_builder_san(&b, cases[i].tag, cases[i].raw);
        assert_int_equal(template_case_plan(&config, &b, &plan), REASON_NONE);
        assert_int_equal(sk_GENERAL_NAME_num(plan.san), 1);
        cert_plan_clear(&plan);
    }
}

/* Dropping is for types: a listed type with a bad value is refused all the same. */
static void make__bad_value_when_dropping__refused(void **state)
{
    struct template_config config = template_case_config();
    struct csr_builder b;

    config.san.unlisted = UNLISTED_DROP;
    csr_builder_init(&b, *state);
    csr_builder_cn(&b, "host");
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text(".x"));
    template_case_expect(&config, &b, REASON_SAN_VALUE, "");
}

static void make__wildcards_and_patterns__as_set(void **state)
{
    static const struct {
        const char *name;
        const char *dns;
        const char *patterns;
        bool wildcards;
        enum reason reason;
    } cases[] = {
        { "wildcard", "*.example.com", "", true, REASON_NONE },
        { "wildcard of a registry", "*.com", "", true, REASON_SAN_VALUE },
        { "wildcard alone", "*", "", true, REASON_SAN_VALUE },
        { "wildcard inside", "a.*.example.com", "", true, REASON_SAN_VALUE },
        { "half a label", "a*.example.com", "", true, REASON_SAN_VALUE },
        { "pattern", "a.example.com", "*.example.com", false, REASON_NONE },
        { "pattern without case", "A.Example.COM", "*.example.com", false, REASON_NONE },
        { "pattern of none", "a.example.org", "*.example.com, *.example.net", false,
          REASON_SAN_VALUE },
        { "pattern needs a dot", "evilexample.com", "*.example.com", false, REASON_SAN_VALUE },
        { "wildcard and pattern", "*.example.com", "*.example.com", true, REASON_NONE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config config = template_case_config();
        struct csr_builder b;

        config.san.wildcards = cases[i].wildcards;
        config.san.dns_patterns = TEXT(cases[i].patterns);
        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "host");
        csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text(cases[i].dns));
        template_case_expect(&config, &b, cases[i].reason, cases[i].name);
    }
}

static void make__count_and_duplicates__each_once_up_to_max(void **state)
{
    struct template_config config = template_case_config();
    struct csr_builder b;
    struct cert_plan plan = { 0 };

    config.san.max = 2;
    csr_builder_init(&b, *state);
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
    csr_builder_san(&b, TAG_SAN_EMAIL, bytes_of_text("a@example.com"));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
    assert_int_equal(template_case_plan(&config, &b, &plan), REASON_NONE);
    assert_int_equal(sk_GENERAL_NAME_num(plan.san), 2);
    assert_int_equal(sk_GENERAL_NAME_value(plan.san, 0)->type, GEN_DNS);
    assert_int_equal(sk_GENERAL_NAME_value(plan.san, 1)->type, GEN_EMAIL);
    cert_plan_clear(&plan);
    csr_builder_init(&b, *state);
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("b.example.com"));
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("c.example.com"));
    template_case_expect(&config, &b, REASON_SAN_COUNT, "one more");
    config.san.max = 0;
    csr_builder_init(&b, *state);
    csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text("a.example.com"));
    template_case_expect(&config, &b, REASON_SAN_COUNT, "none at all");
}

/* Who may name a Windows account: whoever has it compared by Intune or by a policy. */
static void account_sid__let_to_who_looks_at_it(void **state)
{
    static const struct {
        enum challenge_type type;
        const char *policies;
        enum reason expected;
    } rows[] = {
        { CHALLENGE_TYPE_STATIC, "", REASON_SAN_VALUE },
        { CHALLENGE_TYPE_NDES, "", REASON_SAN_VALUE },
        { CHALLENGE_TYPE_STATIC, "corp.json", REASON_NONE },
        { CHALLENGE_TYPE_INTUNE, "", REASON_NONE },
    };
    char types[] = "uri";
    char files[16];
    const char *sid = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500";

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct template_config config = template_case_config();
        struct csr_builder b;

        assert_true(text_copy(files, sizeof(files), rows[i].policies));
        config.san.types = types;
        config.challenge.type = rows[i].type;
        config.policy.files = files;
        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "dev");
        csr_builder_san(&b, TAG_SAN_URI, bytes_of_text(sid));
        template_case_expect(&config, &b, rows[i].expected, rows[i].policies);
    }
}

/* One name that is several, as some devices under Intune send it. */
static void joined_hosts__only_from_intunes_devices(void **state)
{
    static const struct {
        const char *value;
        enum challenge_type type;
        enum reason expected;
    } rows[] = {
        { "a.example.com,b.example.com", CHALLENGE_TYPE_INTUNE, REASON_NONE },
        { "a.example.com,b.example.com", CHALLENGE_TYPE_STATIC, REASON_SAN_VALUE },
        { "a.example.com,", CHALLENGE_TYPE_INTUNE, REASON_SAN_VALUE },
        { ",a.example.com", CHALLENGE_TYPE_INTUNE, REASON_SAN_VALUE },
        { "a.example.com, b.example.com", CHALLENGE_TYPE_INTUNE, REASON_SAN_VALUE },
        { "a.example.com,*.example.com", CHALLENGE_TYPE_INTUNE, REASON_SAN_WILDCARD },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct template_config config = template_case_config();
        struct csr_builder b;

        config.challenge.type = rows[i].type;
        csr_builder_init(&b, *state);
        csr_builder_cn(&b, "dev");
        csr_builder_san(&b, TAG_SAN_DNS, bytes_of_text(rows[i].value));
        template_case_expect(&config, &b, rows[i].expected, rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(account_sid__let_to_who_looks_at_it),
        cmocka_unit_test(joined_hosts__only_from_intunes_devices),
        cmocka_unit_test(make__values__judged),
        cmocka_unit_test(make__other_names__only_upn),
        cmocka_unit_test(make__unlisted_type__refused_or_dropped),
        cmocka_unit_test(make__bad_value_when_dropping__refused),
        cmocka_unit_test(make__wildcards_and_patterns__as_set),
        cmocka_unit_test(make__count_and_duplicates__each_once_up_to_max),
    };

    return cmocka_run_group_tests_name("template_san", tests, make_key, free_key);
}
