/* SPDX-License-Identifier: Apache-2.0 */
/* Subject, alternative names, variables across them, strong mapping, known devices. */
#include "policy/match_case.h"

#define DEVICE_URI "uri=IntuneDeviceId://{{DeviceId}}"
#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16

struct name_case {
    const char *name;
    const char *policy_subject; /* CertStrToName; NULL: not stated */
    const char *policy_san;     /* NULL: not stated */
    const char *subject, *san;
    enum policy_outcome outcome;
    const char *check; /* NULL: any */
};

static void run_cases(const struct name_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct policy *p = match_policy(cases[i].policy_subject, cases[i].policy_san);
        struct match_request r = { .subject = cases[i].subject, .san = cases[i].san };

        match_expect(p, &r, NULL, cases[i].outcome, cases[i].check, cases[i].name);
        policy_free(p);
    }
}

#define RUN(cases) run_cases((cases), sizeof(cases) / sizeof((cases)[0]))

static void subject__against_template__each_way(void **state)
{
    static const struct name_case cases[] = {
        { "fits", "CN={{AAD_Device_ID}}", NULL, "CN=" GUID_1, NULL, POLICY_PASS, "IPV-SUBJECT" },
        { "other case of a GUID", "CN={{AAD_Device_ID}}", NULL, "CN=" GUID_2, NULL, POLICY_PASS,
          "IPV-SUBJECT" },
        { "value of another shape", "CN={{AAD_Device_ID}}", NULL, "CN=evil", NULL, POLICY_DENY,
          "IPV-SUBJECT-VALUE" },
        { "literal of another case", "CN=Device", NULL, "CN=device", NULL, POLICY_DENY,
          "IPV-SUBJECT-VALUE" },
        { "attribute missing", "CN={{UserName}},O=Example", NULL, "CN=anna", NULL, POLICY_DENY,
          "IPV-SUBJECT-VALUE" },
        { "attribute too many", "CN={{UserName}}", NULL, "CN=anna|O=Example", NULL, POLICY_DENY,
          "IPV-SUBJECT-EXTRA" },
        { "second common name", "CN={{UserName}}", NULL, "CN=anna|CN=admin", NULL, POLICY_DENY,
          "IPV-SUBJECT-EXTRA" },
        { "attribute of another type", "CN={{UserName}}", NULL, "OU=anna", NULL, POLICY_DENY,
          "IPV-SUBJECT-VALUE" },
        { "order", "CN={{UserName}},O=Example", NULL, "O=Example|CN=anna", NULL, POLICY_WARN,
          "IPV-SUBJECT-ORDER" },
        { "empty where one is wanted", "CN={{UserName}}", NULL, "", "dns=a.example.com",
          POLICY_DENY, "IPV-SUBJECT-MISSING" },
        { "nothing at all", NULL, NULL, "", NULL, POLICY_DENY, "IPV-SUBJECT-MISSING" },
        { "not stated", NULL, NULL, "CN=anything|O=whatever", NULL, POLICY_PASS, NULL },
        { "injection stays a value", "CN=\"{{DeviceName}}\"", NULL, "CN=Evil, CN=admin", NULL,
          POLICY_PASS, "IPV-SUBJECT" },
        { "injection as an attribute", "CN=\"{{DeviceName}}\"", NULL, "CN=Evil|CN=admin", NULL,
          POLICY_DENY, "IPV-SUBJECT-EXTRA" },
        { "comma in a user's name", "CN={{UserName}}", NULL, "CN=a, b", NULL, POLICY_DENY,
          "IPV-SUBJECT-VALUE" },
        { "quotes", "CN=\"{{DeviceName}}\"", NULL, "CN=\"a\"", NULL, POLICY_PASS, "IPV-SUBJECT" },
        { "newline", "CN={{DeviceName}}", NULL, "CN=a\nb", NULL, POLICY_DENY, "IPV-SUBJECT-VALUE" },
        { "64 characters", "CN={{DeviceName}}", NULL, "CN=" X64, NULL, POLICY_PASS, "IPV-SUBJECT" },
        { "65 characters", "CN={{DeviceName}}", NULL, "CN=" X64 "x", NULL, POLICY_DENY,
          "IPV-SUBJECT-LENGTH" },
        { "65 characters that fit", "CN=x{{DeviceName}}", NULL, "CN=x" X64, NULL, POLICY_DENY,
          "IPV-SUBJECT-LENGTH" },
        { "attributes of one type", "CN={{UserName}},OU={{SerialNumber}},OU=fixed", NULL,
          "CN=anna|OU=fixed|OU=123", NULL, POLICY_WARN, "IPV-SUBJECT-ORDER" },
        { "e-mail", "CN={{UserName}},E={{EmailAddress}}", NULL, "CN=anna|E=a@x.com", NULL,
          POLICY_PASS, "IPV-SUBJECT" },
        { "whole name", "{{OnPrem_Distinguished_Name}}", NULL, "CN=a|OU=b|DC=c", NULL, POLICY_PASS,
          "IPV-SUBJECT" },
        { "whole name empty", "{{OnPrem_Distinguished_Name}}", NULL, "", "dns=a.b", POLICY_DENY,
          "IPV-SUBJECT-MISSING" },
        { "odd serial number", "CN={{SerialNumber}}", NULL, "CN=To be filled by O.E.M.", NULL,
          POLICY_WARN, "IPV-VALUE" },
        { "unknown variable", "CN={{Invented}}", NULL, "CN=x", NULL, POLICY_WARN, "IPV-VALUE" },
        { "foreign variable", "CN=$COMPUTERNAME", NULL, "CN=x", NULL, POLICY_WARN, "IPV-VALUE" },
    };

    (void)state;
    RUN(cases);
}

static void subject__order_extra_and_string_types__as_the_policy_says(void **state)
{
    struct policy *p = match_policy("CN={{UserName}},O=Example", NULL);
    struct match_request turned = { .subject = "O=Example|CN=anna" };
    struct match_request more = { .subject = "CN=anna|O=Example|L=Bern" };
    struct match_request first = { .subject = "CN=administrator|CN=anna|O=Example" };
    struct match_request last = { .subject = "CN=anna|O=Example|CN=administrator" };
    struct match_request plain = { .subject = "CN=anna|O=Example" };

    (void)state;
    p->subject.order = POLICY_ORDER_EXACT;
    match_expect(p, &turned, NULL, POLICY_DENY, "IPV-SUBJECT-ORDER", "exact");
    match_expect(p, &plain, NULL, POLICY_PASS, "IPV-SUBJECT", "exact and right");
    match_expect(p, &more, NULL, POLICY_DENY, "IPV-SUBJECT-EXTRA", "extra denied");
    p->subject.extra = POLICY_EXTRA_ALLOW;
    match_expect(p, &more, NULL, POLICY_PASS, "IPV-SUBJECT-EXTRA", "extra allowed");
    match_expect(p, &first, NULL, POLICY_DENY, "IPV-SUBJECT-EXTRA", "second of a described type");
    match_expect(p, &last, NULL, POLICY_DENY, "IPV-SUBJECT-EXTRA", "and behind it");
    for (size_t i = 0; i < 4; i++) {
        static const uint8_t tags[] = { TAG_UTF8, TAG_PRINTABLE, TAG_T61, TAG_IA5 };

        plain.tag = tags[i];
        match_expect(p, &plain, NULL, POLICY_PASS, "IPV-SUBJECT", "string type");
    }
    policy_free(p);
}

static void add_bmp_subject(struct csr_builder *b)
{
    csr_builder_rdn(b, OID_CN, TAG_BMP, bytes_of("\0a\0n\0n\0a", 8));
}

static void add_odd_t61_subject(struct csr_builder *b)
{
    csr_builder_rdn(b, OID_CN, TAG_T61, bytes_of("M\xfcller", 6));
}

static void add_pair_subject(struct csr_builder *b)
{
    csr_builder_rdn_pair(b, OID_CN, "anna", "2.5.4.10", "Example");
}

static void subject__strings_that_are_not_utf8__compared_as_such(void **state)
{
    struct policy *p = match_policy("CN={{UserName}}", NULL);
    struct match_request r = { .more = add_bmp_subject };
    struct match_result result;

    (void)state;
    match_run(p, &r, NULL, &result);
    match_assert(result.verdict, POLICY_PASS, "IPV-SUBJECT", POLICY_PASS, "BMP");
    assert_int_equal(result.verdict->bindings.count, 1);
    assert_bytes_text(result.verdict->bindings.item[0].value, "anna");
    match_free(&result);
    r.more = add_odd_t61_subject;
    match_run(p, &r, NULL, &result);
    match_assert(result.verdict, POLICY_PASS, "IPV-SUBJECT", POLICY_PASS, "T61");
    assert_bytes_text(result.verdict->bindings.item[0].value, "M\xc3\xbcller");
    match_free(&result);
    policy_free(p);
    p = match_policy("CN={{UserName}},O=Example", NULL);
    r.more = add_pair_subject; /* one RDN of two */
    match_expect(p, &r, NULL, POLICY_WARN, "IPV-SUBJECT-ORDER", "grouped");
    policy_free(p);
}

static void san__against_rows__each_way(void **state)
{
    static const struct name_case cases[] = {
        { "fits", NULL, DEVICE_URI, "CN=x", "uri=IntuneDeviceId://" GUID_1, POLICY_PASS,
          "IPV-SAN" },
        { "all types", NULL, "email={{EmailAddress}}|dns={{DeviceName}}.x.com|upn={{UPN}}", "CN=x",
          "upn=a@x.com|dns=pc.x.com|email=b@x.com", POLICY_PASS, "IPV-SAN" },
        { "none where one is wanted", NULL, DEVICE_URI, "CN=x", NULL, POLICY_DENY,
          "IPV-SAN-MISSING" },
        { "value", NULL, DEVICE_URI, "CN=x", "uri=IntuneDeviceId://x", POLICY_DENY,
          "IPV-SAN-VALUE" },
        { "missing one of two", NULL, DEVICE_URI "|dns={{DeviceName}}", "CN=x", "dns=pc",
          POLICY_DENY, "IPV-SAN-VALUE" },
        { "one too many", NULL, "dns={{DeviceName}}", "CN=x", "dns=pc|dns=admin", POLICY_DENY,
          "IPV-SAN-EXTRA" },
        { "the same twice", NULL, "dns={{DeviceName}}", "CN=x", "dns=pc|dns=pc", POLICY_DENY,
          "IPV-SAN-EXTRA" },
        { "another type", NULL, "dns={{DeviceName}}", "CN=x", "dns=pc|upn=admin@x.com", POLICY_DENY,
          "IPV-SAN-TYPE" },
        { "type swapped", NULL, "upn={{UPN}}", "CN=x", "email=a@x.com", POLICY_DENY,
          "IPV-SAN-TYPE" },
        { "IP", NULL, "dns={{DeviceName}}", "CN=x", "dns=pc|ip=abcd", POLICY_DENY, "IPV-SAN-TYPE" },
        { "directory name", NULL, "dns={{DeviceName}}", "CN=x", "dns=pc|dir=", POLICY_DENY,
          "IPV-SAN-TYPE" },
        { "otherName", NULL, "dns={{DeviceName}}", "CN=x", "dns=pc|other=x", POLICY_DENY,
          "IPV-SAN-TYPE" },
        { "not stated, any", NULL, NULL, "CN=x", "dns=pc|upn=a@x.com|ip=abcd", POLICY_PASS, NULL },
        { "row twice", NULL, "dns={{DeviceName}}|dns={{DeviceName}}", "CN=x", "dns=pc|dns=pc",
          POLICY_PASS, "IPV-SAN" },
        { "row twice, one value", NULL, "dns={{DeviceName}}|dns={{DeviceName}}", "CN=x", "dns=pc",
          POLICY_DENY, "IPV-SAN-VALUE" },
        /* a greedy reading gives the literal to the variable */
        { "overlap", NULL, "dns={{DeviceName}}|dns=fixed", "CN=x", "dns=fixed|dns=pc", POLICY_PASS,
          "IPV-SAN" },
        { "overlap of three", NULL, "dns={{DeviceName}}|dns={{SerialNumber}}.a|dns=x.a", "CN=x",
          "dns=x.a|dns=y12.a|dns=z", POLICY_PASS, "IPV-SAN" },
        /* and one that is right only when the variable elsewhere is looked at */
        { "overlap with bindings", "CN={{DeviceName}}", "dns={{DeviceName}}|dns={{SerialNumber}}",
          "CN=b", "dns=b|dns=a12", POLICY_PASS, "IPV-SAN" },
        { "ambiguous text, decided elsewhere", NULL,
          "dns={{UserName}}-{{SerialNumber}}|dns=u-{{SerialNumber}}", "CN=x", "dns=a-b-c1|dns=u-c1",
          POLICY_PASS, "IPV-SAN" },
    };

    (void)state;
    RUN(cases);
}

static void san__counts__of_the_own_format(void **state)
{
    static const struct {
        unsigned min, max;
        const char *san;
        enum policy_outcome outcome;
        const char *check;
    } cases[] = {
        { 0, 1, "upn=a@x.com", POLICY_PASS, "IPV-SAN" },
        { 0, 1, "upn=a@x.com|dns=1.x", POLICY_PASS, "IPV-SAN" },
        { 0, 1, "upn=a@x.com|dns=1.x|dns=1.x", POLICY_DENY, "IPV-SAN-EXTRA" },
        { 2, 3, "upn=a@x.com|dns=1.x", POLICY_DENY, "IPV-SAN-VALUE" },
        { 2, 3, "upn=a@x.com|dns=1.x|dns=1.x", POLICY_PASS, "IPV-SAN" },
        { 2, 3, "upn=a@x.com|dns=1.x|dns=1.x|dns=1.x", POLICY_PASS, "IPV-SAN" },
        { 2, 3, "upn=a@x.com|dns=1.x|dns=1.x|dns=1.x|dns=1.x", POLICY_DENY, "IPV-SAN-EXTRA" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct match_request r = { .subject = "CN=x", .san = cases[i].san };
        struct error err = ERROR_INIT;
        struct policy *p = match_policy(NULL, "upn={{UPN}}");

        assert_done(policy_add_san(p, POLICY_SAN_DNS, "1.x", cases[i].min, cases[i].max, &err),
                    &err, "");
        assert_done(policy_finish(p, &err), &err, "");
        match_expect(p, &r, NULL, cases[i].outcome, cases[i].check, cases[i].san);
        policy_free(p);
    }
}

static void san__joined_by_commas__taken_apart(void **state)
{
    static const struct name_case cases[] = {
        { "two URIs", NULL, "uri=firezone://intune-id/{{DeviceId}}|uri=a:x", "CN=x",
          "uri=a:x,firezone://intune-id/" GUID_1, POLICY_PASS, "IPV-SAN-JOINED" },
        { "SID first", NULL, "uri={{OnPremisesSecurityIdentifier}}|uri=firezone://{{DeviceId}}",
          "CN=x", "uri=" SID_TAG SID_1 ",firezone://" GUID_1, POLICY_WARN, "IPV-SAN-JOINED" },
        { "SID last", NULL, "uri={{OnPremisesSecurityIdentifier}}|uri=firezone://{{DeviceId}}",
          "CN=x", "uri=firezone://" GUID_1 "," SID_TAG SID_1, POLICY_WARN, "IPV-SAN-JOINED" },
        { "two DNS names", NULL, "dns=a.x|dns=b.x", "CN=x", "dns=b.x,a.x", POLICY_PASS,
          "IPV-SAN-JOINED" },
        { "too many inside", NULL, "dns=a.x", "CN=x", "dns=a.x,evil.x", POLICY_DENY,
          "IPV-SAN-EXTRA" },
        { "an empty one inside", NULL, "dns=a.x", "CN=x", "dns=a.x,", POLICY_DENY,
          "IPV-SAN-EXTRA" },
        { "e-mail is never joined", NULL, "email={{EmailAddress}}|email=b@x.com", "CN=x",
          "email=a@x.com,b@x.com", POLICY_DENY, "IPV-SAN-VALUE" },
        { "comma without a scheme", NULL, "uri=a:{{DeviceName}}", "CN=x", "uri=a:1,2", POLICY_PASS,
          "IPV-SAN" },
        { "a scheme smuggled by a name", NULL, "uri=a:{{DeviceName}}", "CN=x", "uri=a:1,b:2",
          POLICY_DENY, "IPV-SAN-EXTRA" },
        { "policy that joins", NULL, "uri=a:x,{{OnPremisesSecurityIdentifier}}", "CN=x",
          "uri=a:x," SID_TAG SID_1, POLICY_WARN, "IPV-SAN-JOINED" },
        { "policy that joins, request that does not", NULL, "dns=a.x,b.x", "CN=x",
          "dns=a.x|dns=b.x", POLICY_PASS, "IPV-SAN" },
    };

    (void)state;
    RUN(cases);
}

static void san__empty_subject__critical_or_made_so(void **state)
{
    struct policy *p = match_policy(NULL, "dns={{DeviceName}}");
    struct match_request r = { .subject = "", .san = "dns=pc", .san_critical = true };

    (void)state;
    match_expect(p, &r, NULL, POLICY_PASS, "IPV-SAN", "critical");
    r.san_critical = false;
    match_expect(p, &r, NULL, POLICY_FIXED, "IPV-SAN-CRITICAL", "not critical");
    policy_free(p);
}

static void variable__twice__one_value(void **state)
{
    static const struct name_case cases[] = {
        { "same", "CN={{AAD_Device_ID}}", "uri=id://{{AAD_Device_ID}}", "CN=" GUID_1,
          "uri=id://" GUID_1, POLICY_PASS, "IPV-SUBJECT" },
        { "another case of a GUID", "CN={{AAD_Device_ID}}", "uri=id://{{AzureADDeviceId}}",
          "CN=" GUID_2, "uri=id://AAAAAAAA-bbbb-cccc-dddd-EEEEEEEEEEEE", POLICY_PASS, "IPV-SAN" },
        { "two values", "CN={{AAD_Device_ID}}", "uri=id://{{AAD_Device_ID}}", "CN=" GUID_1,
          "uri=id://" GUID_2, POLICY_DENY, "IPV-VARIABLE" },
        { "two values of one name", "CN={{UserName}}", "dns={{UserName}}", "CN=anna", "dns=admin",
          POLICY_DENY, "IPV-VARIABLE" },
        { "two of an unknown one", "CN={{Foo}}", "dns={{Foo}}", "CN=a", "dns=b", POLICY_DENY,
          "IPV-VARIABLE" },
        { "UPN and e-mail may differ", "CN={{UserName}},E={{EmailAddress}}",
          "upn={{UserPrincipalName}}", "CN=anna|E=a@mail.com", "upn=a@corp.com", POLICY_PASS,
          "IPV-SAN" },
        { "domains have no case", "CN={{UserPrincipalName}}", "upn={{UserPrincipalName}}",
          "CN=a@CORP.com", "upn=a@corp.com", POLICY_PASS, "IPV-SAN" },
        { "local parts have", "CN={{UserPrincipalName}}", "upn={{UserPrincipalName}}",
          "CN=A@corp.com", "upn=a@corp.com", POLICY_DENY, "IPV-VARIABLE" },
    };
    struct policy *p = match_policy("CN={{AAD_Device_ID}}", "uri=id://{{AAD_Device_ID}}");
    struct match_request r = { .subject = "CN=" GUID_1, .san = "uri=id://" GUID_2 };
    struct match_result result;

    (void)state;
    RUN(cases);
    match_run(p, &r, NULL, &result);
    assert_non_null(match_find(result.verdict, "IPV-VARIABLE"));
    assert_string_equal(match_find(result.verdict, "IPV-VARIABLE")->expected,
                        "AAD_Device_ID is " GUID_1 " elsewhere");
    assert_string_equal(match_find(result.verdict, "IPV-VARIABLE")->found, "id://" GUID_2);
    assert_string_equal(match_find(result.verdict, "IPV-VARIABLE")->path, "/san[1]");
    assert_int_equal(result.verdict->bindings.count, 0);
    match_free(&result);
    policy_free(p);
}

static void sid__in_names__exactly_what_the_policy_says(void **state)
{
    static const char row[] = "uri={{OnPremisesSecurityIdentifier}}";
    static const struct name_case cases[] = {
        { "one", NULL, row, "CN=x", "uri=" SID_TAG SID_1, POLICY_PASS, "IPV-SID-URI" },
        { "missing", NULL, row, "CN=x", "uri=https://x", POLICY_DENY, "IPV-SID-URI" },
        { "two", NULL, row, "CN=x", "uri=" SID_TAG SID_1 "|uri=" SID_TAG SID_2, POLICY_DENY,
          "IPV-SID-URI" },
        { "two in one", NULL, row, "CN=x", "uri=" SID_TAG SID_1 "," SID_TAG SID_2, POLICY_DENY,
          "IPV-SID-URI" },
        { "the system", NULL, row, "CN=x", "uri=" SID_TAG "S-1-5-18", POLICY_DENY, "IPV-SID-URI" },
        { "in policy, none in request", NULL, row, "CN=x", NULL, POLICY_DENY, "IPV-SID-URI" },
        { "not in policy", NULL, DEVICE_URI, "CN=x",
          "uri=IntuneDeviceId://" GUID_1 "|uri=" SID_TAG SID_1, POLICY_DENY, "IPV-SID-URI" },
        { "not in policy, hidden", NULL, DEVICE_URI, "CN=x",
          "uri=IntuneDeviceId://" GUID_1 "," SID_TAG SID_1, POLICY_DENY, "IPV-SID-URI" },
        { "no names stated", NULL, NULL, "CN=x", "uri=" SID_TAG SID_1, POLICY_DENY, "IPV-SID-URI" },
        { "no names stated, misspelled", NULL, NULL, "CN=x", "uri=TAG:Microsoft.com,x:sid:1",
          POLICY_DENY, "IPV-SID-URI" },
        { "no names stated, hidden", NULL, NULL, "CN=x", "uri=https://x/?" SID_TAG SID_1,
          POLICY_DENY, "IPV-SID-URI" },
        { "read by another variable", NULL, "uri={{DeviceName}}", "CN=x",
          "uri=tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-1-1-500", POLICY_DENY, "IPV-SAN-VALUE" },
        { "read by an unknown variable", NULL, "uri={{Foo}}", "CN=x", "uri=" SID_TAG SID_1,
          POLICY_DENY, "IPV-SID-URI" },
        { "captured policy", NULL, "uri=" SID_TAG SID_1, "CN=x", "uri=" SID_TAG SID_1, POLICY_PASS,
          "IPV-SID-URI" },
        { "captured policy, another SID", NULL, "uri=" SID_TAG SID_1, "CN=x", "uri=" SID_TAG SID_2,
          POLICY_DENY, "IPV-SAN-VALUE" },
        { "harmless", NULL, row, "CN=x", "uri=" SID_TAG SID_1 "|dns=" SID_TAG SID_2, POLICY_DENY,
          "IPV-SAN-TYPE" },
    };

    (void)state;
    RUN(cases);
}

static void sid__optional_row__none_or_one(void **state)
{
    struct error err = ERROR_INIT;
    struct policy *p = match_policy(NULL, "dns={{DeviceName}}");
    struct match_request r = { .subject = "CN=x", .san = "dns=pc" };

    (void)state;
    assert_done(policy_add_san(p, POLICY_SAN_URI, "{{OnPremisesSecurityIdentifier}}", 0, 2, &err),
                &err, "");
    match_expect(p, &r, NULL, POLICY_PASS, "IPV-SID-URI", "none");
    r.san = "dns=pc|uri=" SID_TAG SID_1;
    match_expect(p, &r, NULL, POLICY_PASS, "IPV-SID-URI", "one");
    r.san = "dns=pc|uri=" SID_TAG SID_1 "|uri=" SID_TAG SID_1;
    match_expect(p, &r, NULL, POLICY_DENY, "IPV-SID-URI", "two, whatever the row allows");
    policy_free(p);
}

/* The list ties a SID to its owner: the published attack takes another one. */
static void known__values__of_one_row(void **state)
{
    static const char known[] = "upn,sid,aadDeviceId\n"
                                "anna@x.com," SID_1 "," GUID_1 "\n"
                                "admin@x.com," SID_2 "," GUID_2 "\n";
    struct policy *p = match_policy(
        "CN={{AAD_Device_ID}}", "uri={{OnPremisesSecurityIdentifier}}|upn={{UserPrincipalName}}");
    struct match_request r = { .subject = "CN=" GUID_1,
                               .san = "uri=" SID_TAG SID_1 "|upn=anna@x.com" };
    struct match_around around = { .known = known };

    (void)state;
    match_expect(p, &r, &around, POLICY_PASS, "IPV-KNOWN", "anna");
    match_expect(p, &r, NULL, POLICY_NOT_CHECKED, "IPV-KNOWN", "no list");
    r.san = "uri=" SID_TAG SID_2 "|upn=anna@x.com";
    match_expect(p, &r, &around, POLICY_DENY, "IPV-KNOWN", "a SID of another row");
    r.san = "uri=" SID_TAG SID_1 "|upn=nobody@x.com";
    match_expect(p, &r, &around, POLICY_DENY, "IPV-KNOWN", "nobody");
    r.san = "uri=" SID_TAG SID_1 "|upn=anna@x.com";
    r.subject = "CN=" GUID_2;
    match_expect(p, &r, &around, POLICY_DENY, "IPV-KNOWN", "another device");
    policy_free(p);
}

/* Names have hyphens: the shortest reading is not the one that is meant. */
static void known__several_readings__the_one_in_the_list(void **state)
{
    static const char known[] = "deviceName,serial\n"
                                "LAPTOP-17,PF2ABC\n"
                                "LAPTOP,18-PF2DEF\n"
                                "LAPTOP-19,17-PF2\n";
    static const struct {
        const char *subject;
        enum policy_outcome outcome;
        const char *check;
    } cases[] = {
        { "CN=LAPTOP-17-PF2ABC", POLICY_PASS, "IPV-KNOWN" },
        { "CN=LAPTOP-18-PF2DEF", POLICY_PASS, "IPV-KNOWN" },
        { "CN=LAPTOP-17-PF2DEF", POLICY_DENY, "IPV-KNOWN" },
        { "CN=LAPTOP-19-PF2ABC", POLICY_DENY, "IPV-KNOWN" }, /* of two rows */
        { "CN=LAPTOP", POLICY_DENY, "IPV-SUBJECT-VALUE" },
    };
    struct policy *p = match_policy("CN={{DeviceName}}-{{SerialNumber}}", NULL);
    struct match_around around = { .known = known };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct match_request r = { .subject = cases[i].subject };

        match_expect(p, &r, &around, cases[i].outcome, cases[i].check, cases[i].subject);
    }
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subject__against_template__each_way),
        cmocka_unit_test(subject__order_extra_and_string_types__as_the_policy_says),
        cmocka_unit_test(subject__strings_that_are_not_utf8__compared_as_such),
        cmocka_unit_test(san__against_rows__each_way),
        cmocka_unit_test(san__counts__of_the_own_format),
        cmocka_unit_test(san__joined_by_commas__taken_apart),
        cmocka_unit_test(san__empty_subject__critical_or_made_so),
        cmocka_unit_test(variable__twice__one_value),
        cmocka_unit_test(sid__in_names__exactly_what_the_policy_says),
        cmocka_unit_test(sid__optional_row__none_or_one),
        cmocka_unit_test(known__values__of_one_row),
        cmocka_unit_test(known__several_readings__the_one_in_the_list),
    };

    return cmocka_run_group_tests_name("policy_match_names", tests, match_set_up, match_tear_down);
}
