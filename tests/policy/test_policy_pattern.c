/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_search.h"

#define GUID "11111111-2222-3333-4444-55555555abcd"
#define GUID_UPPER "11111111-2222-3333-4444-55555555ABCD"
#define SID_TAG "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500"
#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16

struct fit_case {
    const char *pattern;
    const char *value;
    enum policy_fit fit;
};

static void run_cases(const struct policy *p, const struct fit_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct policy_bindings bindings = { .count = 0 };
        char why[160];
        enum policy_fit fit = policy_pattern_fit(p, cases[i].pattern, bytes_of_text(cases[i].value),
                                                 &bindings, why, sizeof(why));

        if (fit != cases[i].fit || (fit == POLICY_FIT_YES) != (why[0] == '\0')) {
            fail_msg("%s against %s: %d, %s", cases[i].value, cases[i].pattern, (int)fit, why);
        }
        assert_true(fit != POLICY_FIT_NO || bindings.count == 0);
    }
}

#define RUN(p, cases) run_cases((p), (cases), sizeof(cases) / sizeof((cases)[0]))

static void literal__exact__nothing_else(void **state)
{
    static const struct fit_case cases[] = {
        { "abc", "abc", POLICY_FIT_YES },
        { "abc", "ABC", POLICY_FIT_NO }, /* Intune compares with case */
        { "abc", "abcd", POLICY_FIT_NO },
        { "abc", "ab", POLICY_FIT_NO },
        { "", "", POLICY_FIT_YES },
        { "", "a", POLICY_FIT_NO },
        { "a{b}c", "a{b}c", POLICY_FIT_YES },
        { "{{}}", "{{}}", POLICY_FIT_YES },
        { "{{open", "{{open", POLICY_FIT_YES },
        { "{{ a { b }}", "{{ a { b }}", POLICY_FIT_YES },
        { "US$ 5", "US$ 5", POLICY_FIT_YES },
        { "a%20b%20c", "a%20b%20c", POLICY_FIT_YES },
        { "a%AB%CD", "a%AB%CD", POLICY_FIT_YES },
    };

    (void)state;
    RUN(NULL, cases);
}

static void variable__shapes__of_the_table(void **state)
{
    static const struct fit_case cases[] = {
        { "{{AAD_Device_ID}}", GUID, POLICY_FIT_YES },
        { "{{AAD_Device_ID}}", GUID_UPPER, POLICY_FIT_YES },
        { "{{AzureADDeviceId}}", "{" GUID "}", POLICY_FIT_NO },
        { "{{DeviceId}}", "11111111222233334444555555555555", POLICY_FIT_NO },
        { "{{DeviceId}}", "11111111-2222-3333-4444-55555555555", POLICY_FIT_NO },
        { "{{DeviceId}}", "g1111111-2222-3333-4444-555555555555", POLICY_FIT_NO },
        { "{{UserPrincipalName}}", "anna@example.com", POLICY_FIT_YES },
        { "{{UserPrincipalName}}", "\xc3\xa4@example.com", POLICY_FIT_YES },
        { "{{UserPrincipalName}}", "anna", POLICY_FIT_NO },
        { "{{UserPrincipalName}}", "@example.com", POLICY_FIT_NO },
        { "{{UserPrincipalName}}", "anna@", POLICY_FIT_NO },
        { "{{UserPrincipalName}}", "a@b@c", POLICY_FIT_NO },
        { "{{UserPrincipalName}}", "a b@c", POLICY_FIT_NO },
        { "{{EmailAddress}}", "a\xff@c", POLICY_FIT_NO },
        { "{{EmailAddress}}", "anna@example.com\n", POLICY_FIT_NO },
        { "{{UserName}}", "anna.meier", POLICY_FIT_YES },
        { "{{UserName}}", "a=b", POLICY_FIT_NO },
        { "{{UserName}}", "a,b", POLICY_FIT_NO },
        { "{{UserName}}", "a\\b", POLICY_FIT_NO },
        { "{{UserName}}", "a\"b", POLICY_FIT_NO },
        { "{{UserName}}", X64, POLICY_FIT_YES },
        { "{{UserName}}", X64 "x", POLICY_FIT_NO },
        { "{{OnPremisesSamAccountName}}", "anna", POLICY_FIT_YES },
        { "{{OnPremisesSamAccountName}}", "anna@x", POLICY_FIT_YES },
        { "{{SERIALNUMBER}}", "5CG1234XYZ", POLICY_FIT_YES },
        { "{{SerialNumber}}", "To be filled by O.E.M.", POLICY_FIT_WARN },
        { "{{Device_Serial}}", "default string", POLICY_FIT_WARN },
        { "{{SerialNumber}}", "00000000", POLICY_FIT_WARN },
        { "{{SerialNumber}}", "a\nb", POLICY_FIT_NO },
        { "{{SerialNumber}}", "", POLICY_FIT_NO },
        { "{{IMEI}}", "490154203237518", POLICY_FIT_YES },
        { "{{IMEINumber}}", "490154203237519", POLICY_FIT_WARN },
        { "{{Device_IMEI}}", "49015420323751", POLICY_FIT_YES },
        { "{{IMEI}}", "4901542032375180", POLICY_FIT_YES },
        { "{{IMEI}}", "4901542032375", POLICY_FIT_NO },
        { "{{IMEI}}", "49015420323751x", POLICY_FIT_NO },
        { "{{MEID}}", "A0000000002329", POLICY_FIT_YES },
        { "{{MEID}}", "293608736500703710", POLICY_FIT_YES },
        { "{{MEID}}", "29360873650070371", POLICY_FIT_NO },
        { "{{MEID}}", "G0000000002329", POLICY_FIT_NO },
        { "{{WiFiMacAddress}}", "001122aabbCC", POLICY_FIT_YES },
        { "{{WiFiMacAddress}}", "00:11:22:aa:bb:CC", POLICY_FIT_YES },
        { "{{WiFiMacAddress}}", "00-11-22-aa-bb-CC", POLICY_FIT_YES },
        { "{{WiFiMacAddress}}", "00:11-22:aa:bb:CC", POLICY_FIT_NO },
        { "{{WiFiMacAddress}}", "00.11.22.aa.bb.CC", POLICY_FIT_NO },
        { "{{WiFiMacAddress}}", "001122aabbC", POLICY_FIT_NO },
        { "{{DeviceName}}", "LAPTOP, \"1\" + x", POLICY_FIT_YES },
        { "{{DeviceName}}", X64, POLICY_FIT_YES },
        { "{{DeviceName}}", X64 "x", POLICY_FIT_NO },
        { "{{DeviceName}}", "a\r\nb", POLICY_FIT_NO },
        { "{{DeviceName}}",
          "a\xe2\x80\xae"
          "b",
          POLICY_FIT_NO }, /* right to left */
        { "{{DeviceName}}",
          "a\xc2\x85"
          "b",
          POLICY_FIT_NO }, /* next line */
        { "{{FullyQualifiedDomainName}}", "pc1.corp.example.com", POLICY_FIT_YES },
        { "{{FullyQualifiedDomainName}}", "pc1", POLICY_FIT_YES },
        { "{{FullyQualifiedDomainName}}", "-pc.example.com", POLICY_FIT_NO },
        { "{{FullyQualifiedDomainName}}", "pc-.example.com", POLICY_FIT_NO },
        { "{{FullyQualifiedDomainName}}", "pc..com", POLICY_FIT_NO },
        { "{{FullyQualifiedDomainName}}", "pc.com.", POLICY_FIT_NO },
        { "{{FullyQualifiedDomainName}}", "*.example.com", POLICY_FIT_NO },
        { "{{FullyQualifiedDomainName}}", X64 ".com", POLICY_FIT_NO },
        { "{{OnPremisesSecurityIdentifier}}", SID_TAG, POLICY_FIT_YES },
        { "{{OnPremisesSecurityIdentifier}}", "S-1-5-21-1-2-3-500", POLICY_FIT_NO },
        { "{{OnPremisesSecurityIdentifier}}", SID_TAG ",x", POLICY_FIT_NO },
        { "{{OnPrem_Distinguished_Name}}", "CN=Anna\\, M,OU=x,DC=y", POLICY_FIT_YES },
        { "{{OnPrem_Distinguished_Name}}", "Anna", POLICY_FIT_NO },
        { "{{OnPrem_Distinguished_Name}}", "CN=a,b", POLICY_FIT_NO },
        { "{{Invented}}", "anything at all", POLICY_FIT_WARN },
        { "{{Invented}}", "a\x01", POLICY_FIT_NO },
        { "{{Invented}}", X64 X64 X64 X64, POLICY_FIT_WARN },
        { "{{Invented}}", X64 X64 X64 X64 "x", POLICY_FIT_NO },
        { "$SERIALNUMBER", "5CG1234XYZ", POLICY_FIT_YES },
        { "$FLEET_VAR_HOST", "x", POLICY_FIT_WARN },
        { "%SerialNumber%", "5CG1234XYZ", POLICY_FIT_YES },
        { "%ComputerName%", "x", POLICY_FIT_WARN },
    };

    (void)state;
    RUN(NULL, cases);
}

static void lists__domains_and_suffixes__hold(void **state)
{
    static const struct fit_case cases[] = {
        { "{{UserPrincipalName}}", "anna@Example.COM", POLICY_FIT_YES },
        { "{{EmailAddress}}", "anna@example.com", POLICY_FIT_YES },
        { "{{UserPrincipalName}}", "anna@sub.example.com", POLICY_FIT_NO },
        { "{{UserPrincipalName}}", "anna@evilexample.com", POLICY_FIT_NO },
        { "{{FullyQualifiedDomainName}}", "pc.corp.example.com", POLICY_FIT_YES },
        { "{{FullyQualifiedDomainName}}", "CORP.example.com", POLICY_FIT_YES },
        { "{{FullyQualifiedDomainName}}", "pc.evilcorp.example.com", POLICY_FIT_NO },
        { "{{FullyQualifiedDomainName}}", "pc.example.com", POLICY_FIT_NO },
    };
    struct error err = ERROR_INIT;
    struct policy *p = policy_new("x", &err);

    (void)state;
    assert_done(policy_texts_add(&p->email_domains, "example.com", &err), &err, "");
    assert_done(policy_texts_add(&p->host_suffixes, ".corp.example.com", &err), &err, "");
    RUN(p, cases);
    policy_free(p);
}

static void text_around__one_and_more_variables__split_right(void **state)
{
    static const struct fit_case cases[] = {
        { "IntuneDeviceId://{{DeviceId}}", "IntuneDeviceId://" GUID, POLICY_FIT_YES },
        { "IntuneDeviceId://{{DeviceId}}", "intunedeviceid://" GUID, POLICY_FIT_NO },
        { "IntuneDeviceId://{{DeviceId}}", "IntuneDeviceId://" GUID "/", POLICY_FIT_NO },
        { "{{UserName}}-{{SerialNumber}}", "anna-b-123", POLICY_FIT_YES },
        { "{{SerialNumber}}{{DeviceId}}", "123" GUID, POLICY_FIT_YES },
        { "{{DeviceId}}{{SerialNumber}}", GUID "123", POLICY_FIT_YES },
        { "{{UserName}}{{UserPrincipalName}}",
          "anna"
          "b@c",
          POLICY_FIT_YES },
        { "{{DeviceId}}{{DeviceId}}", GUID GUID, POLICY_FIT_YES },
        { "{{DeviceId}}{{DeviceId}}", GUID GUID_UPPER, POLICY_FIT_YES },
        { "{{DeviceId}}/{{AAD_Device_ID}}", GUID "/" GUID, POLICY_FIT_YES },
        { "{{SerialNumber}}/{{SerialNumber}}", "abc/abd", POLICY_FIT_NO },
        { "{{SerialNumber}}/{{SerialNumber}}", "a/b/a/b", POLICY_FIT_YES }, /* a/b twice */
        { "{{DeviceName}}$", "pc1$", POLICY_FIT_YES },
        { "{{DeviceName}}$", "pc1", POLICY_FIT_NO },
    };

    (void)state;
    RUN(NULL, cases);
}

static void bindings__kept_and_compared__by_their_kind(void **state)
{
    struct policy_bindings b = { .count = 0 };
    char why[160];

    (void)state;
    assert_int_equal(policy_pattern_fit(NULL, "x{{UserName}}-{{SerialNumber}}",
                                        bytes_of_text("xanna-b-1"), &b, why, sizeof(why)),
                     POLICY_FIT_YES);
    assert_int_equal(b.count, 2);
    assert_int_equal(b.item[0].variable, POLICY_VARIABLE_USER_NAME);
    assert_bytes_text(b.item[0].value, "anna"); /* leftmost, shortest */
    assert_bytes_text(b.item[0].name, "UserName");
    assert_bytes_text(b.item[1].value, "b-1");
    assert_int_equal(
        policy_pattern_fit(NULL, "{{username}}", bytes_of_text("Anna"), &b, why, sizeof(why)),
        POLICY_FIT_NO);
    assert_non_null(strstr(why, "another value"));
    assert_int_equal(b.count, 2);
    assert_int_equal(policy_pattern_fit(NULL, "{{UserPrincipalName}}", bytes_of_text("a@x.COM"), &b,
                                        why, sizeof(why)),
                     POLICY_FIT_YES);
    assert_int_equal(
        policy_pattern_fit(NULL, "{{UPN}}", bytes_of_text("a@X.com"), &b, why, sizeof(why)),
        POLICY_FIT_YES);
    assert_int_equal(
        policy_pattern_fit(NULL, "{{UPN}}", bytes_of_text("A@X.com"), &b, why, sizeof(why)),
        POLICY_FIT_NO);
    /* an address is not a user's name: the two may differ */
    assert_int_equal(policy_pattern_fit(NULL, "{{EmailAddress}}", bytes_of_text("other@y.com"), &b,
                                        why, sizeof(why)),
                     POLICY_FIT_YES);
    /* two unknown ones are two */
    assert_int_equal(
        policy_pattern_fit(NULL, "{{One}}/{{Two}}", bytes_of_text("1/2"), &b, why, sizeof(why)),
        POLICY_FIT_WARN);
    assert_int_equal(policy_pattern_fit(NULL, "{{One}}", bytes_of_text("2"), &b, why, sizeof(why)),
                     POLICY_FIT_NO);
}

static void variables__names__all_synonyms(void **state)
{
    static const struct {
        const char *name;
        enum policy_variable variable;
        const char *word;
    } cases[] = {
        { "AAD_Device_ID", POLICY_VARIABLE_AAD_DEVICE_ID, "AAD_Device_ID" },
        { "azureaddeviceid", POLICY_VARIABLE_AAD_DEVICE_ID, "AAD_Device_ID" },
        { "DeviceId", POLICY_VARIABLE_DEVICE_ID, "DeviceId" },
        { "SERIALNUMBER", POLICY_VARIABLE_SERIAL, "SerialNumber" },
        { "Device_Serial", POLICY_VARIABLE_SERIAL, "SerialNumber" },
        { "IMEINumber", POLICY_VARIABLE_IMEI, "IMEI" },
        { "Device_IMEI", POLICY_VARIABLE_IMEI, "IMEI" },
        { "$EMAIL", POLICY_VARIABLE_EMAIL, "EmailAddress" },
        { "%UserName%", POLICY_VARIABLE_USER_NAME, "UserName" },
        { "OnPrem_Distinguished_Name", POLICY_VARIABLE_DN, "OnPrem_Distinguished_Name" },
        { "OnPremisesSecurityIdentifier", POLICY_VARIABLE_SID, "OnPremisesSecurityIdentifier" },
        { "Nobody", POLICY_VARIABLE_UNKNOWN, "" },
        { "", POLICY_VARIABLE_UNKNOWN, "" },
        { "$", POLICY_VARIABLE_UNKNOWN, "" },
    };
    size_t pos = 0;
    struct bytes name = { NULL, 0 };
    static const char pattern[] = "a{{ DeviceId }}b$NAME%Other%{{x}}{{";

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(policy_variable_find(bytes_of_text(cases[i].name)), cases[i].variable);
        assert_string_equal(policy_variable_word(cases[i].variable), cases[i].word);
    }
    for (int i = POLICY_VARIABLE_AAD_DEVICE_ID; i <= POLICY_VARIABLE_DN; i++) {
        assert_int_equal(
            policy_variable_find(bytes_of_text(policy_variable_word((enum policy_variable)i))), i);
    }
    assert_true(policy_variable_spoofable(POLICY_VARIABLE_DEVICE_NAME));
    assert_true(policy_variable_spoofable(POLICY_VARIABLE_IMEI));
    assert_false(policy_variable_spoofable(POLICY_VARIABLE_AAD_DEVICE_ID));
    assert_true(policy_pattern_next(pattern, &pos, &name));
    assert_bytes_text(name, "DeviceId");
    assert_true(policy_pattern_next(pattern, &pos, &name));
    assert_bytes_text(name, "$NAME");
    assert_true(policy_pattern_next(pattern, &pos, &name));
    assert_bytes_text(name, "%Other%");
    assert_true(policy_pattern_next(pattern, &pos, &name));
    assert_bytes_text(name, "x");
    assert_false(policy_pattern_next(pattern, &pos, &name));
}

/* Ambiguity that grows with every variable ends in a "no", not in a busy service. */
static void backtracking__bounded__no(void **state)
{
    struct policy_bindings b = { .count = 0 };
    struct buffer pattern = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;
    char why[160];
    char value[257];

    (void)state;
    memset(value, 'a', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (int i = 0; i < 8; i++) {
        assert_done(buffer_printf(&pattern, &err, "{{v%d}}a", i), &err, "");
    }
    assert_done(buffer_append_text(&pattern, "b", &err), &err, "");
    assert_int_equal(
        policy_pattern_fit(NULL, buffer_text(&pattern), bytes_of_text(value), &b, why, sizeof(why)),
        POLICY_FIT_NO);
    assert_string_equal(why, "too many ways to read it");
    assert_int_equal(b.count, 0);
    buffer_reset(&pattern);
    for (unsigned i = 0; i <= POLICY_PART_VARIABLES; i++) {
        assert_done(buffer_printf(&pattern, &err, "{{v%u}}", i), &err, "");
    }
    assert_int_equal(
        policy_pattern_fit(NULL, buffer_text(&pattern), bytes_of_text(value), &b, why, sizeof(why)),
        POLICY_FIT_NO);
    assert_non_null(strstr(why, "variables"));
    buffer_clear(&pattern);
}

/* More bindings than there is room for: refused, and what was bound stays. */
static void bindings__full__no(void **state)
{
    struct policy_bindings b = { .count = 0 };
    char why[160];
    char pattern[POLICY_BINDINGS + 1][20]; /* bindings borrow the names */

    (void)state;
    for (int i = 0; i <= POLICY_BINDINGS; i++) {
        (void)snprintf(pattern[i], sizeof(pattern[i]), "{{v%d}}", i);
        assert_int_equal(
            policy_pattern_fit(NULL, pattern[i], bytes_of_text("x"), &b, why, sizeof(why)),
            i < POLICY_BINDINGS ? POLICY_FIT_WARN : POLICY_FIT_NO);
    }
    assert_int_equal(b.count, POLICY_BINDINGS);
}

static void value__with_nul_and_escapes__not_cut(void **state)
{
    struct policy_bindings b = { .count = 0 };
    char why[160];

    (void)state;
    assert_int_equal(policy_pattern_fit(NULL, "abc", bytes_of("abc\0x", 5), &b, why, sizeof(why)),
                     POLICY_FIT_NO);
    assert_int_equal(
        policy_pattern_fit(NULL, "{{DeviceName}}", bytes_of("abc\0x", 5), &b, why, sizeof(why)),
        POLICY_FIT_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literal__exact__nothing_else),
        cmocka_unit_test(variable__shapes__of_the_table),
        cmocka_unit_test(lists__domains_and_suffixes__hold),
        cmocka_unit_test(text_around__one_and_more_variables__split_right),
        cmocka_unit_test(bindings__kept_and_compared__by_their_kind),
        cmocka_unit_test(variables__names__all_synonyms),
        cmocka_unit_test(backtracking__bounded__no),
        cmocka_unit_test(bindings__full__no),
        cmocka_unit_test(value__with_nul_and_escapes__not_cut),
    };

    return cmocka_run_group_tests_name("policy_pattern", tests, NULL, NULL);
}
