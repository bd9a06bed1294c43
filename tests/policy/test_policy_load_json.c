/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "policy/policy_dump.h"
#include "policy/policy_load.h"

#define SET_INIT                                                                                   \
    {                                                                                              \
        NULL, 0,                                                                                   \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }

static void load_text(struct bytes text, const char *name, struct policy_set *set)
{
    struct error err = ERROR_INIT;

    assert_done(policy_load(text, name, set, &err), &err, name);
}

static void assert_dump(const struct policy *p, bool all, const char *expected, const char *name)
{
    struct error err = ERROR_INIT;
    struct json *v = policy_dump_json(p, all, &err);
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);

    assert_done(v != NULL && json_value_print(v, 0, &text, &err), &err, name);
    if (strcmp(buffer_text(&text), expected) != 0) {
        fail_msg("%s:\n is  %s\n not %s", name, buffer_text(&text), expected);
    }
    buffer_clear(&text);
    json_value_free(v);
}

/* ---- Graph: the profile types ---------------------------------------------------------------- */

#define CLIENT "\"eku\":{\"oids\":[\"1.3.6.1.5.5.7.3.2\"]}"
#define BOTH "\"keyUsage\":{\"bits\":[\"digitalSignature\",\"keyEncipherment\"]}"
#define FAMILY_SAN                                                                                 \
    "\"san\":[{\"type\":\"dns\",\"template\":\"{{DeviceName}}.mobile.example.net\"},"              \
    "{\"type\":\"upn\",\"template\":\"{{UserPrincipalName}}\"}]"
#define FAMILY(name)                                                                               \
    "{\"policy\":\"" name "\",\"source\":\"graph\",\"platform\":\"android\",\"endpoint\":["        \
    "\"https://scep.example.net/scep/android\",\"https://scep2.example.net/scep/android\"],"       \
    "\"subject\":{\"template\":\"CN={{UserName}},OU=Mobile\"}," FAMILY_SAN "," BOTH "," CLIENT     \
    ",\"key\":{\"bits\":[2048]},\"hash\":{\"family\":\"sha2\"},"                                   \
    "\"validity\":{\"value\":2,\"unit\":\"years\"},"                                               \
    "\"facts\":{\"store\":\"user\",\"renewalThreshold\":20}}"

static const struct {
    const char *file;
    const char *dump; /* all */
} profiles[] = {
    { "graph_windows81.json",
      "{\"policy\":\"Corp device\",\"source\":\"graph\",\"platform\":\"windows\","
      "\"endpoint\":[\"https://scep.example.net/scep/corp\"],"
      "\"subject\":{\"template\":\"CN={{AAD_Device_ID}}\"},"
      "\"san\":[{\"type\":\"uri\",\"template\":\"IntuneDeviceId://{{DeviceId}}\"},"
      "{\"type\":\"uri\",\"template\":\"{{OnPremisesSecurityIdentifier}}\"}]," BOTH "," CLIENT
      ",\"key\":{\"bits\":[2048]},\"hash\":{\"family\":\"sha2\"},"
      "\"validity\":{\"value\":1,\"unit\":\"years\"},"
      "\"facts\":{\"store\":\"machine\",\"protection\":\"tpmIfThere\",\"caFingerprint\":"
      "\"b01d0ad4d15c64829e428ab62d3b954d9e2805dc15772a49dcdb9e29297ca42b\","
      "\"renewalThreshold\":20}}" },
    { "graph_windows10x.json",
      "{\"policy\":\"Windows 10X user\",\"source\":\"graph\",\"platform\":\"windows\","
      "\"endpoint\":[\"https://scep.example.net/scep/user\"],"
      "\"subject\":{\"template\":\"CN={{UserName}},E={{EmailAddress}},O=\\\"Example, Inc.\\\"\"},"
      "\"san\":[{\"type\":\"upn\",\"template\":\"{{UserPrincipalName}}\"}],"
      "\"keyUsage\":{\"bits\":[\"digitalSignature\"]}," CLIENT
      ",\"key\":{\"bits\":[2048]},\"hash\":{\"family\":[\"sha1\",\"sha2\"]},"
      "\"validity\":{\"value\":6,\"unit\":\"months\"},"
      "\"facts\":{\"store\":\"user\",\"protection\":\"tpm\",\"renewalThreshold\":30}}" },
    { "graph_ios.json",
      "{\"policy\":\"iPhones\",\"source\":\"graph\",\"platform\":\"apple\","
      "\"endpoint\":[\"https://scep.example.net/scep/ios\"],"
      "\"subject\":{\"template\":\"CN={{UserName}},E={{EmailAddress}}\"},"
      "\"san\":[{\"type\":\"email\",\"template\":\"{{EmailAddress}}\"},"
      "{\"type\":\"upn\",\"template\":\"{{UserPrincipalName}}\"}]," BOTH "," CLIENT
      ",\"key\":{\"bits\":[4096]},\"validity\":{\"value\":365,\"unit\":\"days\"},"
      "\"facts\":{\"store\":\"user\",\"renewalThreshold\":20}}" },
    { "graph_macos.json",
      "{\"policy\":\"Macs\",\"source\":\"graph\",\"platform\":\"apple\","
      "\"endpoint\":[\"https://scep.example.net/scep/mac\"],"
      "\"subject\":{\"template\":\"CN={{AAD_Device_ID}}\"},\"san\":[]," BOTH "," CLIENT
      ",\"key\":{\"bits\":[2048]},\"validity\":{\"value\":1,\"unit\":\"years\"},"
      "\"facts\":{\"store\":\"machine\",\"renewalThreshold\":20}}" },
    { "graph_android.json",
      "{\"policy\":\"Android, device administrator\",\"source\":\"graph\",\"platform\":\"android\","
      "\"endpoint\":[\"https://scep.example.net/scep/android\"],"
      "\"subject\":{\"template\":\"CN={{EmailAddress}}\"},"
      "\"san\":[{\"type\":\"upn\",\"template\":\"{{UserPrincipalName}}\"}],"
      "\"keyUsage\":{\"bits\":[\"digitalSignature\"]}," CLIENT
      ",\"key\":{\"bits\":[2048]},\"hash\":{\"family\":[\"sha1\",\"sha2\"]},"
      "\"validity\":{\"value\":1,\"unit\":\"years\"},\"facts\":{\"renewalThreshold\":20}}" },
    { "graph_android_for_work.json", FAMILY("Android for Work") },
    { "graph_android_work_profile.json", FAMILY("Android work profile") },
    { "graph_android_device_owner.json",
      "{\"policy\":\"Android, fully managed\",\"source\":\"graph\",\"platform\":\"android\","
      "\"endpoint\":[\"https://scep.example.net/scep/android\","
      "\"https://scep2.example.net/scep/android\"],"
      "\"subject\":{\"template\":\"CN={{AAD_Device_ID}}\"},"
      "\"san\":[{\"type\":\"uri\",\"template\":\"IntuneDeviceId://{{DeviceId}}\"}]," BOTH "," CLIENT
      ",\"key\":{\"bits\":[2048]},\"hash\":{\"family\":\"sha2\"},"
      "\"validity\":{\"value\":2,\"unit\":\"years\"},"
      "\"facts\":{\"store\":\"machine\",\"renewalThreshold\":20}}" },
    { "graph_aosp_device_owner.json",
      "{\"policy\":\"AOSP headsets\",\"source\":\"graph\",\"platform\":\"android\","
      "\"endpoint\":[\"https://scep.example.net/scep/android\","
      "\"https://scep2.example.net/scep/android\"],"
      "\"subject\":{\"template\":\"CN={{SerialNumber}}\"},\"san\":[]," BOTH "," CLIENT
      ",\"key\":{\"bits\":[2048]},\"hash\":{\"family\":\"sha2\"},"
      "\"validity\":{\"value\":2,\"unit\":\"years\"},"
      "\"facts\":{\"store\":\"machine\",\"renewalThreshold\":20}}" },
};

static void graph__every_profile_type__gives_its_policy_without_a_warning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        struct policy_set set = SET_INIT;
        struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
        char name[100];

        assert_true(text_format(name, sizeof(name), "policy/%s", profiles[i].file));
        test_fixture_read(name, &text);
        load_text(buffer_bytes(&text), profiles[i].file, &set);
        assert_int_equal(set.count, 1);
        assert_dump(set.item[0], true, profiles[i].dump, profiles[i].file);
        if (set.warnings.count > 0) {
            fail_msg("%s: %s", profiles[i].file, set.warnings.item[0]);
        }
        assert_string_equal(set.item[0]->facts.file, profiles[i].file);
        assert_int_equal(set.item[0]->facts.line, 1);
        buffer_clear(&text);
        policy_set_clear(&set);
    }
}

static void graph__tenant_with_a_bom__gives_the_scep_profiles_and_passes_over_the_rest(void **state)
{
    struct policy_set set = SET_INIT;
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);

    (void)state;
    test_fixture_read("policy/graph_tenant.json", &text);
    assert_int_equal(text.data[0], 0xef);
    load_text(buffer_bytes(&text), "tenant", &set);
    assert_int_equal(set.count, 2);
    assert_string_equal(set.item[0]->name, "Corp device, PEM root");
    assert_string_equal(set.item[0]->facts.ca_fingerprint,
                        "b01d0ad4d15c64829e428ab62d3b954d9e2805dc15772a49dcdb9e29297ca42b");
    assert_int_equal(set.item[0]->facts.line, 20);
    assert_string_equal(set.item[1]->name, "Macs");
    assert_int_equal(set.item[1]->facts.line, 97);
    assert_int_equal(set.warnings.count, 1);
    assert_string_equal(set.warnings.item[0],
                        "3 items are no SCEP profiles and are passed over, the first: "
                        "#microsoft.graph.windows10GeneralConfiguration");
    buffer_clear(&text);
    policy_set_clear(&set);
}

static void graph__one_page_of_several__is_warned_about(void **state)
{
    static const struct {
        const char *next;
        size_t warnings;
    } cases[] = { { "\"https://graph.example.net/?$skip=1\"", 1 }, { "null", 0 } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_set set = SET_INIT;
        struct buffer text = BUFFER_INIT(1024);

        assert_true(buffer_printf(
            &text, NULL, "{\"@odata.nextLink\":%s,\"value\":[{\"policy\":\"p\"}]}", cases[i].next));
        load_text(buffer_bytes(&text), "f", &set);
        assert_int_equal(set.warnings.count, cases[i].warnings);
        assert_true(set.warnings.count == 0
                    || strstr(set.warnings.item[0], "@odata.nextLink") != NULL);
        buffer_clear(&text);
        policy_set_clear(&set);
    }
}

/* ---- Graph: members -------------------------------------------------------------------------- */

#define TYPE "\"@odata.type\":\"#microsoft.graph.windows81SCEPCertificateProfile\""
#define GRAPH(members) "{" TYPE ",\"displayName\":\"g\"," members "}"
/* what keeps the warnings about subject and names away */
#define QUIET "\"subjectNameFormatString\":\"CN=x\",\"subjectAlternativeNameType\":\"none\""
#define SUBJECT "\"subjectNameFormatString\":\"CN=x\""
#define NO_NAMES "\"subjectAlternativeNameType\":\"none\""

struct member_case {
    const char *name;
    const char *text;
    const char *dump;    /* without facts */
    const char *warning; /* part of the only one; NULL: none */
};

static const struct member_case members[] = {
    { "all null",
      "{" TYPE ",\"displayName\":\"g\",\"keySize\":null,\"keyUsage\":null,"
      "\"hashAlgorithm\":null,\"extendedKeyUsages\":null,\"scepServerUrls\":null,"
      "\"certificateValidityPeriodScale\":null,\"certificateValidityPeriodValue\":null,"
      "\"certificateStore\":null,\"keyStorageProvider\":null,\"rootCertificate\":null,"
      "\"renewalThresholdPercentage\":null,\"subjectNameFormat\":null," QUIET "}",
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", NULL },
    { "all empty",
      "{" TYPE ",\"displayName\":\"g\",\"keySize\":\"\",\"keyUsage\":\"\","
      "\"hashAlgorithm\":[],\"extendedKeyUsages\":[],\"scepServerUrls\":[],"
      "\"certificateStore\":\"\",\"keyStorageProvider\":\"\"," QUIET "}",
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", NULL },
    { "unknown members", GRAPH(QUIET ",\"new2027\":{\"a\":[1,2.5,null]},\"policies\":3"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", NULL },
    { "no name but an id", "{" TYPE ",\"id\":\"0815\",\"displayName\":null," QUIET "}",
      "{\"policy\":\"0815\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", NULL },
    { "no name at all", "{" TYPE "," QUIET "}",
      "{\"policy\":\"f.json\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", NULL },
    { "type without a hash",
      "{\"@odata.type\":\"microsoft.graph.IOSScepCertificateProfile\","
      "\"displayName\":\"g\"," QUIET "}",
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", NULL },
    { "type of tomorrow",
      "{\"@odata.type\":\"#microsoft.graph.visionOSScepCertificateProfile\","
      "\"displayName\":\"g\"," QUIET "}",
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", "not known" },
    { "flags in another order, with spaces",
      GRAPH(QUIET ",\"keyUsage\":\"digitalSignature, keyEncipherment\","
                  "\"hashAlgorithm\":\"sha2,sha1\""),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]," BOTH
      ",\"hash\":{\"family\":[\"sha1\",\"sha2\"]}}",
      NULL },
    { "flags as a list",
      GRAPH(QUIET ",\"keyUsage\":[\"digitalSignature\",null],"
                  "\"hashAlgorithm\":[\"sha1\"]"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[],"
      "\"keyUsage\":{\"bits\":[\"digitalSignature\"]},\"hash\":{\"family\":\"sha1\"}}",
      NULL },
    /* subject */
    { "IMEI", GRAPH("\"subjectNameFormat\":\"commonNameAsIMEI\"," NO_NAMES),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN={{IMEI}}\"},\"san\":[]}", NULL },
    { "serial", GRAPH("\"subjectNameFormat\":\"commonNameAsSerialNumber\"," NO_NAMES),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN={{SERIALNUMBER}}\"},\"san\":[]}", NULL },
    { "user", GRAPH("\"subjectNameFormat\":\"commonName\"," NO_NAMES),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN={{UserName}}\"},\"san\":[]}", NULL },
    { "Entra device", GRAPH("\"subjectNameFormat\":\"commonNameAsAadDeviceId\"," NO_NAMES),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN={{AAD_Device_ID}}\"},\"san\":[]}", NULL },
    { "Intune device", GRAPH("\"subjectNameFormat\":\"commonNameAsIntuneDeviceId\"," NO_NAMES),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN={{DeviceId}}\"},\"san\":[]}", NULL },
    { "durable device", GRAPH("\"subjectNameFormat\":\"commonNameAsDurableDeviceId\"," NO_NAMES),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN={{DurableDeviceId}}\"},\"san\":[]}",
      "not documented" },
    { "two formats",
      GRAPH("\"subjectNameFormat\":\"commonNameAsEmail,commonNameAsIMEI\"," NO_NAMES),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN={{EmailAddress}},CN={{IMEI}}\"},"
      "\"san\":[]}",
      NULL },
    { "a format and a string", GRAPH("\"subjectNameFormat\":\"commonName\"," QUIET),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN={{UserName}}\"},\"san\":[]}",
      "passed over" },
    { "escaped in the subject", GRAPH("\"subjectNameFormatString\":\"CN=a\\\\,b\"," NO_NAMES),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=\\\"a,b\\\"\"},\"san\":[]}", "quotes" },
    { "whole name",
      GRAPH("\"subjectNameFormatString\":\"{{OnPrem_Distinguished_Name}}\"," NO_NAMES),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"{{OnPrem_Distinguished_Name}}\"},\"san\":[]}",
      NULL },
    { "no subject", GRAPH(NO_NAMES), "{\"policy\":\"g\",\"san\":[]}", "states no subject" },
    /* subject alternative names: rules 1 to 4 of policy_graph_names.h */
    { "rows beside a type",
      GRAPH(SUBJECT ",\"subjectAlternativeNameType\":\"emailAddress\","
                    "\"customSubjectAlternativeNames\":[{\"sanType\":\"domainNameService\","
                    "\"name\":\"a\"},null]"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},"
      "\"san\":[{\"type\":\"dns\",\"template\":\"a\"}]}",
      NULL },
    { "the same row twice",
      GRAPH(SUBJECT ",\"customSubjectAlternativeNames\":["
                    "{\"sanType\":\"domainNameService\",\"name\":\"a\"},"
                    "{\"sanType\":\"domainNameService\",\"name\":\"a\"}]"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},"
      "\"san\":[{\"type\":\"dns\",\"template\":\"a\",\"min\":2,\"max\":2}]}",
      NULL },
    { "type DNS with its string",
      GRAPH(SUBJECT ",\"subjectAlternativeNameType\":\"domainNameService\","
                    "\"subjectAlternativeNameFormatString\":\"{{DeviceName}}.example.net\""),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},"
      "\"san\":[{\"type\":\"dns\",\"template\":\"{{DeviceName}}.example.net\"}]}",
      NULL },
    { "type e-mail with a string",
      GRAPH(SUBJECT ",\"subjectAlternativeNameType\":\"emailAddress\","
                    "\"subjectAlternativeNameFormatString\":\"{{UserName}}@example.net\""),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},"
      "\"san\":[{\"type\":\"email\",\"template\":\"{{UserName}}@example.net\"}]}",
      NULL },
    { "types e-mail and URI with a string",
      GRAPH(SUBJECT ",\"subjectAlternativeNameType\":\"universalResourceIdentifier,emailAddress\","
                    "\"subjectAlternativeNameFormatString\":\"a://{{DeviceId}}\""),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},"
      "\"san\":[{\"type\":\"email\",\"template\":\"{{EmailAddress}}\"},"
      "{\"type\":\"uri\",\"template\":\"a://{{DeviceId}}\"}]}",
      NULL },
    { "none and an empty list", GRAPH(QUIET ",\"customSubjectAlternativeNames\":[]"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", NULL },
    { "an empty list alone", GRAPH(SUBJECT ",\"customSubjectAlternativeNames\":[]"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", NULL },
    { "nothing", GRAPH(SUBJECT), "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"}}",
      "any names match" },
    { "both null",
      GRAPH(SUBJECT ",\"customSubjectAlternativeNames\":null,\"subjectAlternativeNameType\":null"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"}}", "any names match" },
    /* the root certificate only helps */
    { "root that is none",
      GRAPH(QUIET ",\"rootCertificate\":{\"trustedRootCertificate\":\"AAAA\"}"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", "cannot be read" },
    { "root that is no base64",
      GRAPH(QUIET ",\"rootCertificate\":{\"trustedRootCertificate\":\"%%%%\"}"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", "cannot be read" },
    { "root without content", GRAPH(QUIET ",\"rootCertificate\":{\"id\":\"1\"}"),
      "{\"policy\":\"g\",\"subject\":{\"template\":\"CN=x\"},\"san\":[]}", NULL },
};

static void graph__members__are_read_by_their_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const struct member_case *c = &members[i];
        struct policy_set set = SET_INIT;

        load_text(bytes_of_text(c->text), "f.json", &set);
        assert_int_equal(set.count, 1);
        assert_dump(set.item[0], false, c->dump, c->name);
        if (set.warnings.count != (c->warning != NULL ? 1 : 0)) {
            fail_msg("%s: %zu warnings", c->name, set.warnings.count);
        }
        if (c->warning != NULL && strstr(set.warnings.item[0], c->warning) == NULL) {
            fail_msg("%s: %s", c->name, set.warnings.item[0]);
        }
        policy_set_clear(&set);
    }
}

/* ---- our own format -------------------------------------------------------------------------- */

static void own__full__gives_the_normal_form(void **state)
{
    static const char expected[] =
        "{\"policy\":\"corp-device\",\"source\":\"graph\",\"platform\":\"windows\","
        "\"mode\":\"audit\","
        "\"endpoint\":[\"/scep/corp\",\"https://scep.example.net/scep/corp\"],"
        "\"subject\":{\"template\":\"CN={{AAD_Device_ID}},O=\\\"Example, Inc.\\\","
        "organizationIdentifier=NTRDE-HRB1\",\"order\":\"exact\",\"extra\":\"allow\"},"
        "\"san\":[{\"type\":\"email\",\"template\":\"{{EmailAddress}}\",\"min\":0},"
        "{\"type\":\"dns\",\"template\":\"{{DeviceName}}.example.net\",\"min\":0,\"max\":3},"
        "{\"type\":\"uri\",\"template\":\"IntuneDeviceId://{{DeviceId}}\"},"
        "{\"type\":\"uri\",\"template\":\"{{OnPremisesSecurityIdentifier}}\"},"
        "{\"type\":\"upn\",\"template\":\"{{UserPrincipalName}}\",\"min\":2,\"max\":2}],"
        "\"keyUsage\":{\"bits\":[\"digitalSignature\",\"keyEncipherment\"],\"absent\":\"deny\"},"
        "\"eku\":{\"oids\":[\"1.3.6.1.4.1.311.20.2.2\",\"1.3.6.1.5.5.7.3.2\"],"
        "\"absent\":\"deny\"},\"key\":{\"type\":\"any\",\"bits\":[2048],\"atLeast\":true},"
        "\"hash\":{\"family\":[\"sha1\",\"sha2\"]},"
        "\"validity\":{\"value\":1,\"unit\":\"years\",\"over\":\"deny\","
        "\"backdateMinutes\":1440},"
        "\"extensions\":{\"allow\":[\"1.3.6.1.4.1.311.21.8\"],\"sid\":\"drop\","
        "\"unknown\":\"deny\"},\"challenge\":{\"shape\":\"intune\",\"max\":16384},"
        "\"limits\":{\"perIdentityPerDay\":5},"
        "\"values\":{\"emailDomains\":[\"example.net\"],"
        "\"hostSuffixes\":[\"corp.example.net\",\"example.net\"]},"
        "\"facts\":{\"store\":\"machine\",\"protection\":\"tpmIfThere\","
        "\"caFingerprint\":\"0123456789abcdef0123456789abcdef01234567\",\"caIdent\":\"corp\","
        "\"templateName\":\"1.3.6.1.4.1.311.21.8.1\",\"aadKeys\":true,\"renewalThreshold\":20,"
        "\"retryDelaySeconds\":60,\"retryCount\":3}}";
    struct policy_set set = SET_INIT;
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);

    (void)state;
    test_fixture_read("policy/own_full.json", &text);
    load_text(buffer_bytes(&text), "own_full.json", &set);
    assert_int_equal(set.count, 1);
    assert_int_equal(set.warnings.count, 0);
    assert_dump(set.item[0], true, expected, "own_full.json");
    buffer_clear(&text);
    policy_set_clear(&set);
}

static void own__shortest_and_lists_of_one__are_read(void **state)
{
    static const struct {
        const char *text;
        const char *dump;
    } cases[] = {
        { "{\"policy\":\"p\"}", "{\"policy\":\"p\"}" },
        { "\r\n [ {\"policy\":\"p\"} ] \n", "{\"policy\":\"p\"}" },
        { "{\"value\":[{\"policy\":\"p\"}]}", "{\"policy\":\"p\"}" },
        { "{\"policy\":\"p\",\"san\":[]}", "{\"policy\":\"p\",\"san\":[]}" },
        { "{\"policy\":\"p\",\"san\":{\"type\":\"dns\",\"template\":\"a\"}}",
          "{\"policy\":\"p\",\"san\":[{\"type\":\"dns\",\"template\":\"a\"}]}" },
        { "{\"policy\":\"p\",\"subject\":{\"template\":\"\"}}",
          "{\"policy\":\"p\",\"subject\":{\"template\":\"\"}}" },
        { "{\"policy\":\"p\",\"endpoint\":\"/a\",\"keyUsage\":{\"bits\":\"keyAgreement\"},"
          "\"eku\":{\"oids\":\"1.2.3\"},\"key\":{\"type\":\"rsa\",\"bits\":3072}}",
          "{\"policy\":\"p\",\"endpoint\":[\"/a\"],\"keyUsage\":{\"bits\":[\"keyAgreement\"]},"
          "\"eku\":{\"oids\":[\"1.2.3\"]},\"key\":{\"bits\":[3072]}}" },
        { "{\"policy\":\"p\",\"mode\":\"enforce\",\"source\":\"own\",\"platform\":\"any\","
          "\"validity\":{\"backdateMinutes\":0},\"extensions\":{\"sid\":\"deny\"},"
          "\"limits\":{\"perIdentityPerDay\":0},\"facts\":{}}",
          "{\"policy\":\"p\",\"validity\":{\"backdateMinutes\":0}}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_set set = SET_INIT;

        load_text(bytes_of_text(cases[i].text), "f", &set);
        assert_int_equal(set.count, 1);
        assert_dump(set.item[0], true, cases[i].dump, cases[i].text);
        policy_set_clear(&set);
    }
}

static void own__several_in_a_file__two_of_one_name_are_warned_about(void **state)
{
    static const char text[] = "[{\"policy\":\"a\"},\n{\"policy\":\"b\"},\n\n{\"policy\":\"a\"}]";
    struct policy_set set = SET_INIT;

    (void)state;
    load_text(bytes_of_text(text), "f", &set);
    assert_int_equal(set.count, 3);
    assert_int_equal(set.item[1]->facts.line, 2);
    assert_int_equal(set.item[2]->facts.line, 4);
    assert_int_equal(set.warnings.count, 1);
    assert_string_equal(set.warnings.item[0], "two policies have the name a");
    policy_set_clear(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graph__every_profile_type__gives_its_policy_without_a_warning),
        cmocka_unit_test(graph__one_page_of_several__is_warned_about),
        cmocka_unit_test(
            graph__tenant_with_a_bom__gives_the_scep_profiles_and_passes_over_the_rest),
        cmocka_unit_test(graph__members__are_read_by_their_rules),
        cmocka_unit_test(own__full__gives_the_normal_form),
        cmocka_unit_test(own__shortest_and_lists_of_one__are_read),
        cmocka_unit_test(own__several_in_a_file__two_of_one_name_are_warned_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
