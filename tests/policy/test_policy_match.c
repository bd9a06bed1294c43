/* SPDX-License-Identifier: Apache-2.0 */
/* Whole verdicts: samples, places in every language, full verdicts, the table of checks. */
#include "policy/match_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "model/csr.h"
#include "policy/policy_load.h"

/* A device's profile in the words of `source`, and a request that fulfils it. */
static struct policy *device_policy(enum policy_source source)
{
    struct error err = ERROR_INIT;
    struct policy *p = policy_new("device", &err);

    assert_non_null(p);
    p->facts.source = source;
    assert_done(policy_dn_parse("CN={{AAD_Device_ID}}", p, NULL, 0, &err), &err, "");
    assert_done(policy_add_san(p, POLICY_SAN_URI, "IntuneDeviceId://{{DeviceId}}", 1, 1, &err),
                &err, "");
    assert_done(policy_add_san(p, POLICY_SAN_DNS, "{{DeviceName}}.example.com", 1, 1, &err), &err,
                "");
    assert_done(policy_add_san(p, POLICY_SAN_URI, "{{OnPremisesSecurityIdentifier}}", 1, 1, &err),
                &err, "");
    for (size_t i = 0; i < p->san.count; i++) {
        p->san.item[i].row = (unsigned)i; /* as a loader counts them */
    }
    assert_done(policy_add_eku(p, CLIENT_AUTH, &err), &err, "");
    assert_done(policy_add_bits(p, 2048, &err), &err, "");
    p->key_usage.stated = true;
    p->key_usage.bits = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT;
    p->hash.stated = true;
    p->hash.sha2 = true;
    p->validity.stated = true;
    p->validity.value = 1;
    p->validity.unit = POLICY_UNIT_YEARS;
    assert_done(policy_finish(p, &err), &err, "");
    return p;
}

static const struct match_request good = {
    .subject = "CN=" GUID_1,
    .san = "uri=IntuneDeviceId://" GUID_2 "|uri=" SID_TAG SID_1 "|dns=pc1.example.com",
    .key_usage = "05a0",
    .eku = CLIENT_AUTH,
    .unit = "Years",
    .number = "1",
};

static void verdict__good_request__every_check_told(void **state)
{
    static const char *const always[] = {
        "IPV-SUBJECT",
        "IPV-SAN",
        "IPV-SID-URI",
        "IPV-KNOWN",
        "IPV-KEY-USAGE",
        "IPV-EKU",
        "IPV-KEY-SIZE",
        "IPV-KEY-TYPE",
        "IPV-KEY-EXPONENT",
        "IPV-KEY-WEAK",
        "IPV-HASH",
        "IPV-VALIDITY",
        "IPV-CA",
        "IPV-ENDPOINT",
        "IPV-CA-IDENT",
        "IPV-SID-EXTENSION",
        "IPV-EXTENSION",
        "IPV-CONSTRAINTS",
        "IPV-TEMPLATE",
        "IPV-CHALLENGE",
        "IPV-KEY-PROTECTION",
        "IPV-AAD-KEYS",
        "IPV-STORE",
        "IPV-RENEWAL",
        "IPV-RATE",
        "IPV-RETRY",
    };
    struct policy *p = device_policy(POLICY_SOURCE_SYNCML);
    struct match_result result;

    (void)state;
    match_run(p, &good, NULL, &result);
    match_assert(result.verdict, POLICY_PASS, NULL, POLICY_PASS, "good");
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        const struct policy_finding *f = match_find(result.verdict, always[i]);

        if (f == NULL || (f->outcome != POLICY_PASS && f->outcome != POLICY_NOT_CHECKED)) {
            fail_msg("%s", always[i]);
        }
    }
    assert_false(result.verdict->cut);
    assert_int_equal(result.verdict->bindings.count, 4);
    match_free(&result);
    policy_free(p);
}

/* One thing wrong at a time, and all of it told at once. */
static void verdict__many_faults__none_hides_another(void **state)
{
    struct policy *p = device_policy(POLICY_SOURCE_OWN);
    struct match_request r = good;
    struct match_result result;

    (void)state;
    r.subject = "CN=evil|O=x";
    r.san = "uri=x:y|upn=admin@example.com|ip=abcd";
    r.key_usage = "0204";
    r.eku = "2.5.29.37.0";
    r.extensions = "1.3.6.1.4.1.311.25.2 2.5.29.30";
    r.number = "9";
    p->validity.over = POLICY_OVER_DENY;
    match_run(p, &r, NULL, &result);
    for (size_t i = 0; i < 14; i++) {
        static const char *const checks[] = {
            "IPV-SUBJECT-VALUE", "IPV-SUBJECT-EXTRA", "IPV-SAN-VALUE",     "IPV-SAN-TYPE",
            "IPV-SID-URI",       "IPV-KEY-USAGE-CA",  "IPV-KEY-USAGE",     "IPV-EKU-ANY",
            "IPV-EKU",           "IPV-VALIDITY",      "IPV-SID-EXTENSION", "IPV-AUTHORITY",
            "IPV-SAN-TYPE",      "IPV-SAN-VALUE",
        };

        match_assert(result.verdict, POLICY_DENY, checks[i], POLICY_DENY, checks[i]);
    }
    assert_null(match_find(result.verdict, "IPV-SAN"));
    assert_null(match_find(result.verdict, "IPV-SUBJECT"));
    assert_string_equal(match_find(result.verdict, "IPV-SUBJECT-VALUE")->intune_code,
                        "SubjectNameMismatch");
    assert_string_equal(match_find(result.verdict, "IPV-SAN-VALUE")->intune_code,
                        "SubjectAltNameMismatch");
    match_free(&result);
    r = good;
    r.subject = "CN=evil";
    match_run(p, &r, NULL, &result); /* what fits is said to fit */
    match_assert(result.verdict, POLICY_DENY, "IPV-SAN", POLICY_PASS, "SAN alone");
    assert_null(match_find(result.verdict, "IPV-SUBJECT"));
    match_free(&result);
    policy_free(p);
}

static void path__every_language__its_own_words(void **state)
{
    static const struct {
        enum policy_source source;
        const char *missing_device_id; /* first row of the file */
        const char *missing_host;      /* second row */
        const char *subject, *key_usage, *eku, *size, *validity;
    } cases[] = {
        { POLICY_SOURCE_OWN, "/san[1]", "/san[2]", "/subject", "/keyUsage", "/eku", "/key/bits",
          "/validity/value" },
        { POLICY_SOURCE_GRAPH, "/customSubjectAlternativeNames[1]",
          "/customSubjectAlternativeNames[2]", "/subjectNameFormatString", "/keyUsage",
          "/extendedKeyUsages", "/keySize", "/certificateValidityPeriodValue" },
        { POLICY_SOURCE_SYNCML, "/SubjectAlternativeNames[1]", "/SubjectAlternativeNames[2]",
          "/SubjectName", "/KeyUsage", "/EKUMapping", "/KeyLength", "/ValidPeriodUnits" },
        { POLICY_SOURCE_APPLE, "/PayloadContent/SubjectAltName/uniformResourceIdentifier[1]",
          "/PayloadContent/SubjectAltName/dNSName[1]", "/PayloadContent/Subject",
          "/PayloadContent/Key Usage", "", "/PayloadContent/Keysize", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = device_policy(cases[i].source);
        struct match_request r = good;
        struct match_result result;

        r.san = "uri=" SID_TAG SID_1 "|dns=pc1.example.com";
        match_run(p, &r, NULL, &result);
        assert_string_equal(match_find(result.verdict, "IPV-SAN-VALUE")->path,
                            cases[i].missing_device_id);
        assert_string_equal(match_find(result.verdict, "IPV-SAN-VALUE")->expected,
                            "uri IntuneDeviceId://{{DeviceId}}");
        assert_string_equal(match_find(result.verdict, "IPV-KEY-USAGE")->path, cases[i].key_usage);
        assert_string_equal(match_find(result.verdict, "IPV-EKU")->path, cases[i].eku);
        assert_string_equal(match_find(result.verdict, "IPV-KEY-SIZE")->path, cases[i].size);
        assert_string_equal(match_find(result.verdict, "IPV-VALIDITY")->path, cases[i].validity);
        match_free(&result);
        r.san = "uri=IntuneDeviceId://" GUID_2 "|uri=" SID_TAG SID_1 "|dns=pc1.evil.com";
        r.subject = "CN=x";
        match_run(p, &r, NULL, &result);
        assert_string_equal(match_find(result.verdict, "IPV-SAN-VALUE")->path,
                            cases[i].missing_host);
        assert_string_equal(match_find(result.verdict, "IPV-SAN-VALUE")->found, "pc1.evil.com");
        assert_string_equal(match_find(result.verdict, "IPV-SUBJECT-VALUE")->path,
                            cases[i].subject);
        assert_string_equal(match_find(result.verdict, "IPV-SUBJECT-VALUE")->expected,
                            "CN={{AAD_Device_ID}} (AAD_Device_ID is not a GUID)");
        match_free(&result);
        policy_free(p);
    }
}

/* From an export to a verdict: what a loader makes of a profile is what is compared. */
static void verdict__loaded_from_graph__fits_and_tells_where_not(void **state)
{
    static const char profile[] =
        "{\"@odata.type\":\"#microsoft.graph.windows81SCEPCertificateProfile\","
        "\"displayName\":\"Corp device\",\"certificateStore\":\"machine\","
        "\"certificateValidityPeriodScale\":\"years\",\"certificateValidityPeriodValue\":1,"
        "\"renewalThresholdPercentage\":20,\"keySize\":\"size2048\","
        "\"keyUsage\":\"keyEncipherment,digitalSignature\",\"hashAlgorithm\":\"sha2\","
        "\"subjectNameFormat\":\"custom\",\"subjectNameFormatString\":\"CN={{AAD_Device_ID}}\","
        "\"subjectAlternativeNameType\":\"none\",\"customSubjectAlternativeNames\":["
        "{\"sanType\":\"universalResourceIdentifier\","
        "\"name\":\"{{OnPremisesSecurityIdentifier}}\"},"
        "{\"sanType\":\"universalResourceIdentifier\","
        "\"name\":\"IntuneDeviceId://{{DeviceId}}\"}],"
        "\"extendedKeyUsages\":[{\"name\":\"Client Authentication\","
        "\"objectIdentifier\":\"1.3.6.1.5.5.7.3.2\"}],"
        "\"scepServerUrls\":[\"https://scep.example.net/scep/corp\"]}";
    struct match_around around = { .path = "/scep/corp/pkiclient.exe" };
    struct match_request r = good;
    struct policy_set set = { 0 };
    struct match_result result;
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(policy_load(bytes_of_text(profile), "corp.json", &set, &err), &err, "");
    assert_int_equal(set.count, 1);
    r.san = "uri=IntuneDeviceId://" GUID_2 "|uri=" SID_TAG SID_1;
    match_expect(set.item[0], &r, &around, POLICY_PASS, "IPV-SAN", "fits");
    r.san = "uri=IntuneDeviceId://evil|uri=" SID_TAG SID_1;
    match_run(set.item[0], &r, &around, &result);
    match_assert(result.verdict, POLICY_DENY, "IPV-SAN-VALUE", POLICY_DENY, "device id");
    assert_string_equal(match_find(result.verdict, "IPV-SAN-VALUE")->path,
                        "/customSubjectAlternativeNames[2]");
    match_free(&result);
    policy_set_clear(&set);
}

static void found__peer_text__escaped_and_cut(void **state)
{
    struct policy *p = match_policy("CN={{AAD_Device_ID}}", NULL);
    char subject[1200] = "CN=a\r\n\"b\"";
    struct match_request r = { .subject = subject };
    struct match_result result;
    const struct policy_finding *f = NULL;

    (void)state;
    memset(subject + strlen(subject), 'x', 1000);
    match_run(p, &r, NULL, &result);
    f = match_find(result.verdict, "IPV-SUBJECT-VALUE");
    assert_non_null(f);
    assert_true(strncmp(f->found, "a\\x0d\\x0a\\x22b\\x22xx", 20) == 0);
    assert_int_equal(strlen(f->found), POLICY_FOUND_MAX - 1);
    assert_non_null(strstr(f->found, "xx..."));
    match_free(&result);
    policy_free(p);
}

/* More findings than there is room for: what denies stays. */
static void verdict__full__denials_first(void **state)
{
    struct policy *p = match_policy(NULL, "dns=fixed.example.com");
    struct buffer san = BUFFER_INIT(16384);
    struct error err = ERROR_INIT;
    struct match_request r = { .subject = "CN=x", .extensions = "1.3.6.1.4.1.311.25.2" };
    struct match_result result;

    (void)state;
    assert_done(buffer_append_text(&san, "dns=fixed.example.com", &err), &err, "");
    for (int i = 0; i < 99; i++) {
        assert_done(buffer_printf(&san, &err, "|dns=host%d.example.com", i), &err, "");
    }
    r.san = buffer_text(&san);
    match_run(p, &r, NULL, &result);
    assert_int_equal(result.verdict->outcome, POLICY_DENY);
    assert_true(result.verdict->cut);
    assert_int_equal(result.verdict->count, LIMIT_POLICY_FINDINGS);
    for (size_t i = 0; i < result.verdict->count; i++) {
        assert_int_equal(result.verdict->finding[i].outcome, POLICY_DENY);
    }
    match_free(&result);
    buffer_clear(&san);
    policy_free(p);
}

/* The largest policy against the largest request, in the worst of ways: an answer, and soon. */
static void verdict__largest__bounded(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    for (int way = 0; way < 4; way++) {
        struct policy *p = match_policy(NULL, NULL);
        struct buffer san = BUFFER_INIT(32768);
        struct match_request r = { .subject = "CN=x" };
        struct match_result result;

        for (unsigned i = 0; i < LIMIT_POLICY_ITEMS; i++) {
            static const char *const patterns[] = { "{{DeviceName}}{{Foo%u}}",
                                                    "{{a%u}}a{{b%u}}a{{c%u}}a{{d%u}}", "{{Foo%u}}",
                                                    "{{DeviceName}}-{{SerialNumber}}-%u" };
            char pattern[80];

            (void)snprintf(pattern, sizeof(pattern), "%s", patterns[way]);
            for (char *at = strstr(pattern, "%u"); at != NULL; at = strstr(at, "%u")) {
                at[0] = (char)('0' + i / 10);
                at[1] = (char)('0' + i % 10);
            }
            assert_done(policy_add_san(p, POLICY_SAN_DNS, pattern, 1, 2, &err), &err, pattern);
        }
        assert_done(policy_finish(p, &err), &err, "");
        for (unsigned i = 0; i < LIMIT_SAN_ENTRIES; i++) {
            assert_done(buffer_printf(&san, &err, "%sdns=", i == 0 ? "" : "|"), &err, "");
            for (unsigned k = 0; k < 100 + i; k++) {
                assert_done(buffer_append_text(&san, way == 3 ? "a-" : "a", &err), &err, "");
            }
        }
        r.san = buffer_text(&san);
        match_run(p, &r, NULL, &result);
        assert_int_equal(result.verdict->outcome, POLICY_DENY);
        match_free(&result);
        buffer_clear(&san);
        policy_free(p);
    }
}

static void sample__of_2018__fits_its_profile(void **state)
{
    static const char path[] = OPENNDES_SHARED_DATA "/intune-2018-sample.csr.pem";
    BIO *bio = BIO_new_file(path, "rb");
    struct policy *p = NULL;
    struct policy_request r = { .path = "", .now = MATCH_NOW };
    struct csr csr = CSR_INIT;
    struct csr_details *details = NULL;
    struct policy_verdict *verdict = NULL;
    struct error err = ERROR_INIT;
    X509_REQ *req = NULL;
    unsigned char *der = NULL;
    int len = 0;

    (void)state;
    if (bio == NULL) {
        test_skip("the shared sample intune-2018-sample.csr.pem is not on this machine");
    }
    req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    BIO_free(bio);
    len = i2d_X509_REQ(req, &der);
    assert_done(csr_parse(bytes_of(der, (size_t)len), &csr, &err), &err, "");
    details = csr_details_parse(&csr, &err);
    assert_done(details != NULL, &err, "");
    p = match_policy("CN={{Anything}}", "upn={{UserPrincipalName}}");
    assert_done(policy_add_eku(p, CLIENT_AUTH, &err), &err, "");
    p->key_usage.stated = true;
    p->key_usage.bits = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT;
    p->hash.stated = true;
    p->hash.sha2 = true;
    p->validity.stated = true;
    p->validity.value = 6;
    p->validity.unit = POLICY_UNIT_MONTHS;
    p->validity.over = POLICY_OVER_DENY;
    p->extensions.unknown = POLICY_UNKNOWN_DENY;
    r.csr = &csr;
    r.details = details;
    r.challenge = POLICY_CHALLENGE_INTUNE;
    verdict = malloc(sizeof(*verdict));
    assert_done(policy_match(p, &r, verdict, &err), &err, "");
    /* the name of a device is all that is not known of it */
    match_assert(verdict, POLICY_WARN, "IPV-VALUE", POLICY_WARN, "sample");
    match_assert(verdict, POLICY_WARN, "IPV-CHALLENGE", POLICY_PASS, "sample");
    assert_null(match_find(verdict, "IPV-CHALLENGE-SHAPE"));
    match_assert(verdict, POLICY_WARN, "IPV-VALIDITY", POLICY_PASS, "sample");
    match_assert(verdict, POLICY_WARN, "IPV-EXTENSION", POLICY_PASS, "sample");
    free(verdict);
    policy_free(p);
    csr_details_free(details);
    csr_clear(&csr);
    OPENSSL_free(der);
    X509_REQ_free(req);
}

/* docs/policy-checks.md has exactly the rows of the program. */
static void docs__table__is_the_programs(void **state)
{
    size_t count = 0;
    const struct policy_check_info *infos = policy_check_infos(&count);
    struct buffer doc = BUFFER_INIT(262144);
    struct buffer row = BUFFER_INIT(1024);
    struct error err = ERROR_INIT;
    size_t rows = 0;

    (void)state;
    test_fixture_read("../../docs/policy-checks.md", &doc);
    for (size_t i = 0; i < count; i++) {
        buffer_reset(&row);
        assert_done(buffer_printf(&row, &err, "\n| `%s` | %s | %s | %s |\n", infos[i].check,
                                  infos[i].what, infos[i].outcomes,
                                  infos[i].intune_code[0] == '\0' ? "–" : infos[i].intune_code),
                    &err, "");
        if (strstr(buffer_text(&doc), buffer_text(&row)) == NULL) {
            fail_msg("docs/policy-checks.md lacks%s", buffer_text(&row));
        }
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(infos[i].check, infos[k].check);
        }
        assert_true(strncmp(infos[i].check, "IPV-", 4) == 0 && strlen(infos[i].check) < 32);
    }
    for (const char *at = strstr(buffer_text(&doc), "\n| `IPV-"); at != NULL;
         at = strstr(at + 1, "\n| `IPV-")) {
        rows++;
    }
    assert_int_equal(rows, count);
    buffer_clear(&row);
    buffer_clear(&doc);
}

static void outcome__words__each(void **state)
{
    (void)state;
    assert_string_equal(policy_outcome_word(POLICY_PASS), "pass");
    assert_string_equal(policy_outcome_word(POLICY_NOT_CHECKED), "not-checked");
    assert_string_equal(policy_outcome_word(POLICY_FIXED), "fixed");
    assert_string_equal(policy_outcome_word(POLICY_WARN), "warn");
    assert_string_equal(policy_outcome_word(POLICY_DENY), "deny");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict__good_request__every_check_told),
        cmocka_unit_test(verdict__many_faults__none_hides_another),
        cmocka_unit_test(path__every_language__its_own_words),
        cmocka_unit_test(verdict__loaded_from_graph__fits_and_tells_where_not),
        cmocka_unit_test(found__peer_text__escaped_and_cut),
        cmocka_unit_test(verdict__full__denials_first),
        cmocka_unit_test(verdict__largest__bounded),
        cmocka_unit_test(sample__of_2018__fits_its_profile),
        cmocka_unit_test(docs__table__is_the_programs),
        cmocka_unit_test(outcome__words__each),
    };

    return cmocka_run_group_tests_name("policy_match", tests, match_set_up, match_tear_down);
}
