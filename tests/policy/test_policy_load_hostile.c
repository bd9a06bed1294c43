/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that is wrong, meant badly, or too much. */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_load.h"

#define SET_INIT                                                                                   \
    {                                                                                              \
        NULL, 0,                                                                                   \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }

/* The text is refused, nothing is left in the set, and the sentence holds `says`. */
static void assert_load_refused(struct bytes text, enum reason reason, const char *says,
                                const char *name)
{
    struct policy_set set = SET_INIT;
    struct error err = ERROR_INIT;

    assert_refused(policy_load(text, "f.json", &set, &err), &err, reason, name);
    if (strstr(err.detail, says) == NULL || strncmp(err.detail, "f.json: ", 8) != 0) {
        fail_msg("%s: \"%s\" does not say \"%s\"", name, err.detail, says);
    }
    assert_int_equal(set.count, 0);
    assert_int_equal(set.warnings.count, 0);
    assert_null(set.item);
}

struct refused_case {
    const char *text;
    const char *says;
};

static void check_cases(const struct refused_case *cases, size_t count, enum reason reason)
{
    for (size_t i = 0; i < count; i++) {
        assert_load_refused(bytes_of_text(cases[i].text), reason, cases[i].says, cases[i].text);
    }
}

#define CHECK(cases, reason) check_cases((cases), sizeof(cases) / sizeof((cases)[0]), (reason))

static void format__what_is_no_policy__is_refused_with_its_place(void **state)
{
    static const struct refused_case cases[] = {
        { "hello", "neither JSON nor XML" },
        { "\"policy\"", "neither JSON nor XML" },
        { "{", "line 1" },
        { "{\"policy\":\"p\"", "line 1" },
        { "{\"policy\":\"p\"} {}", "line 1" },
        { "{\n\"policy\":\"a\",\n\"policy\":\"b\"}", "line 3" },
        { "{\"policy\":\"p\",\"san\":[{\"type\":\"dns\",\"template\":\"a\",\"type\":\"uri\"}]}",
          "uplicate" },
        { "{\"policy\":\"a\\u0000b\"}", "line 1" },
        { "{\"a\\u0000b\":1,\"policy\":\"p\"}", "line 1" },
        { "{\"policy\":\"\xff\"}", "line 1" },
        { "{\"policy\":\"\\ud800\"}", "line 1" },
        { "{\"policy\":\"p\",\"limits\":{\"perIdentityPerDay\":99999999999999999999}}", "line 1" },
        { "{}", "neither a policy of our own" },
        { "{\"name\":\"p\"}", "neither a policy of our own" },
        { "{\"value\":{\"policy\":\"p\"}}", "neither a policy of our own" },
        { "[{\"policy\":\"p\"},\n3]", "[1]: line 2: is a whole number, not an object" },
        { "[null]", "[0]: line 1: is null" },
        { "[[{\"policy\":\"p\"}]]", "[0]: line 1: is an array" },
        { "{\"@odata.type\":3}", "neither a policy of our own" },
        { "{\"policy\":\"p\",\"@odata.type\":\"#microsoft.graph.iosScepCertificateProfile\"}",
          "as Graph's" },
        { "bplist00\xd1", "plutil" },
    };

    (void)state;
    CHECK(cases, REASON_POLICY_FORMAT);
}

static void empty__nothing_in_it__is_refused(void **state)
{
    static const struct refused_case cases[] = {
        { "", "is empty" },
        { " \r\n\t", "is empty" },
        { "\xef\xbb\xbf", "is empty" },
        { "[]", "holds no policy" },
        { "{\"value\":[]}", "holds no policy" },
        { "[{\"@odata.type\":\"#microsoft.graph.windowsWifiConfiguration\"}]",
          "holds no policy: 1 item is no SCEP profile" },
        { "{\"@odata.type\":\"#microsoft.graph.windows10PkcsCertificateProfile\"}",
          "windows10PkcsCertificateProfile" },
    };

    (void)state;
    CHECK(cases, REASON_POLICY_EMPTY);
}

static void utf16__json__is_refused_with_what_to_do(void **state)
{
    static const uint8_t little[] = { 0xff, 0xfe, '{', 0, '}', 0 };
    static const uint8_t big[] = { 0xfe, 0xff, 0, ' ', 0, '[', 0, ']' };
    static const uint8_t bare[] = { '{', 0, '}', 0 };
    static const uint8_t bare_big[] = { 0, '{', 0, '}' };

    (void)state;
    assert_load_refused(bytes_of(little, sizeof(little)), REASON_POLICY_FORMAT, "UTF-16", "LE");
    assert_load_refused(bytes_of(big, sizeof(big)), REASON_POLICY_FORMAT, "UTF-16", "BE");
    assert_load_refused(bytes_of(bare, sizeof(bare)), REASON_POLICY_FORMAT, "UTF-16", "no BOM");
    assert_load_refused(bytes_of(bare_big, sizeof(bare_big)), REASON_POLICY_FORMAT, "UTF-16",
                        "BE, no BOM");
}

/* `depth` arrays around a policy, as the value of a member that Graph's reader passes over. */
static char *nested(unsigned depth)
{
    static const char head[] = "{\"@odata.type\":\"#microsoft.graph.iosScepCertificateProfile\","
                               "\"customSubjectAlternativeNames\":[],\"x\":";
    char *text = malloc(sizeof(head) + 2u * depth + 2);

    assert_non_null(text);
    memcpy(text, head, sizeof(head));
    memset(text + sizeof(head) - 1, '[', depth);
    memset(text + sizeof(head) - 1 + depth, ']', depth);
    memcpy(text + sizeof(head) - 1 + 2u * depth, "}", 2);
    return text;
}

static void depth__at_the_limit__is_read_and_one_more_is_not(void **state)
{
    struct policy_set set = SET_INIT;
    struct error err = ERROR_INIT;
    char *fits = nested(LIMIT_POLICY_JSON_DEPTH - 1);
    char *over = nested(LIMIT_POLICY_JSON_DEPTH);
    char *far_over = nested(1000000);

    (void)state;
    assert_done(policy_load(bytes_of_text(fits), "f.json", &set, &err), &err, "fits");
    policy_set_clear(&set);
    assert_load_refused(bytes_of_text(over), REASON_LIMIT, "nested", "over");
    assert_load_refused(bytes_of_text(far_over), REASON_LIMIT, "nested", "far over");
    free(far_over);
    free(over);
    free(fits);
}

static void size__at_the_limit__is_read_and_one_byte_more_is_not(void **state)
{
    static const char policy[] = "{\"policy\":\"p\"}";
    size_t size = 10u * 1024u * 1024u;
    char *text = malloc(size);
    struct policy_set set = SET_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', size);
    memcpy(text, policy, sizeof(policy) - 1);
    assert_done(policy_load(bytes_of(text, LIMIT_POLICY_BYTES), "f.json", &set, &err), &err,
                "fits");
    policy_set_clear(&set);
    assert_load_refused(bytes_of(text, LIMIT_POLICY_BYTES + 1), REASON_LIMIT, "more than",
                        "one byte over");
    assert_load_refused(bytes_of(text, size), REASON_LIMIT, "more than", "10 MB");
    free(text);
}

static void count__more_policies_than_a_file_may_have__are_refused(void **state)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
    struct error err = ERROR_INIT;

    (void)state;
    for (unsigned i = 0; i <= LIMIT_POLICIES; i++) {
        assert_true(buffer_printf(&text, &err, "%s{\"policy\":\"p%u\"}", i > 0 ? "," : "[", i));
    }
    assert_true(buffer_append_text(&text, "]", &err));
    assert_load_refused(buffer_bytes(&text), REASON_LIMIT, "more than 256 policies", "");
    buffer_clear(&text);
}

#define OWN(members) "{\"policy\":\"p\"," members "}"

static void own__wrong_values__are_refused_with_their_place(void **state)
{
    static const struct refused_case cases[] = {
        { "{\"policy\":null}", "/policy: is null, not a text" },
        { "{\"policy\":\"\"}", "/policy: name: a text is empty" },
        { "{\"policy\":\"a\\nb\"}", "/policy: name: \"a\\x0ab\" holds a control character" },
        { OWN("\"Mode\":\"audit\""), "/Mode: no such member" },
        { OWN("\"\":1"), "/: no such member" },
        { OWN("\"a\\u001bb\":1"), "/a\\x1bb: no such member" },
        { OWN("\"mode\":\"Audit\""), "/mode: is not one of: enforce, audit, off" },
        { OWN("\"mode\":null"), "/mode: is null, not a text" },
        { OWN("\"source\":\"intune\""), "/source: is not one of: own, graph, syncml, apple" },
        { OWN("\"platform\":[\"windows\"]"), "/platform: is an array, not a text" },
        { OWN("\"endpoint\":[\"/a\",7]"), "/endpoint[1]: is a whole number, not a text" },
        { OWN("\"endpoint\":{}"), "/endpoint: is an object, not a text" },
        { OWN("\"endpoint\":[\"\"]"), "/endpoint[0]: a text is empty" },
        { OWN("\"subject\":\"CN=x\""), "/subject: is a text, not an object" },
        { OWN("\"subject\":[]"), "/subject: is an array, not an object" },
        { OWN("\"subject\":{}"), "/subject/template: is missing" },
        { OWN("\"subject\":{\"order\":\"any\"}"), "/subject/template: is missing" },
        { OWN("\"subject\":{\"template\":\"CN\"}"), "/subject/template: subject: at \"CN\"" },
        { OWN("\"subject\":{\"template\":\"CN=x\",\"orders\":1}"), "/subject/orders: no such" },
        { OWN("\"san\":\"dns\""), "/san: is a text, not an object" },
        { OWN("\"san\":null"), "/san: is null, not an object" },
        { OWN("\"san\":[1]"), "/san[0]: is a whole number, not an object" },
        { OWN("\"san\":[{\"type\":\"dns\",\"template\":\"a\"},{\"type\":\"ip\","
              "\"template\":\"b\"}]"),
          "/san[1]/type: is not one of: email, dns, uri, upn" },
        { OWN("\"san\":[{\"type\":\"dns\"}]"), "/san[0]/template: is missing" },
        { OWN("\"san\":[{\"type\":\"dns\",\"template\":\"\"}]"), "/san[0]/template: a text is" },
        { OWN("\"san\":[{\"type\":\"dns\",\"template\":\"a\",\"min\":-1}]"), "/san[0]/min: is -1" },
        { OWN("\"san\":[{\"type\":\"dns\",\"template\":\"a\",\"min\":2,\"max\":1}]"),
          "/san[0]/max: is 1; possible: 2 to 100" },
        { OWN("\"san\":[{\"type\":\"dns\",\"template\":\"a\",\"max\":0}]"), "/san[0]/max: is 0" },
        { OWN("\"san\":[{\"type\":\"dns\",\"template\":\"a\",\"max\":101}]"), "/san[0]/max" },
        { OWN("\"san\":[{\"type\":\"dns\",\"template\":\"a\",\"max\":4294967297}]"),
          "/san[0]/max" },
        { OWN("\"san\":[{\"type\":\"dns\",\"template\":\"a\",\"max\":1.0}]"),
          "/san[0]/max: is a number with a fraction, not a whole number" },
        { OWN("\"keyUsage\":{}"), "/keyUsage/bits: is missing" },
        { OWN("\"keyUsage\":{\"bits\":160}"), "/keyUsage/bits: is a whole number, not a text" },
        { OWN("\"keyUsage\":{\"bits\":[\"DigitalSignature\"]}"), "/keyUsage/bits: item 0" },
        { OWN("\"keyUsage\":{\"bits\":[]}"), "policy \"p\": key usage" },
        { OWN("\"keyUsage\":{\"bits\":[\"keyCertSign\"]}"), "never issued" },
        { OWN("\"eku\":{\"oids\":[]}"), "policy \"p\": extended key usage" },
        { OWN("\"eku\":{\"oids\":[\"1.2.3\",\"clientAuth\"]}"), "/eku/oids[1]: \"clientAuth\"" },
        { OWN("\"key\":{\"type\":\"RSA\"}"), "/key/type: is not one of: rsa, any" },
        { OWN("\"key\":{\"bits\":\"2048\"}"), "/key/bits: is a text, not a whole number" },
        { OWN("\"key\":{\"bits\":[2048,512]}"), "/key/bits[1]: 512 is no key size" },
        { OWN("\"key\":{\"atLeast\":1}"), "/key/atLeast: is a whole number, not true or false" },
        { OWN("\"key\":{\"atLeast\":true}"), "without a size" },
        { OWN("\"hash\":{\"family\":\"md5\"}"), "/hash/family: is not one of: sha1, sha2" },
        { OWN("\"hash\":{\"family\":[]}"), "hash: names no family" },
        { OWN("\"validity\":{\"value\":1}"), "/validity: value and unit belong together" },
        { OWN("\"validity\":{\"unit\":\"days\"}"), "/validity: value and unit belong together" },
        { OWN("\"validity\":{\"value\":0,\"unit\":\"days\"}"), "/validity/value: is 0" },
        { OWN("\"validity\":{\"value\":101,\"unit\":\"years\"}"), "possible: 1 to 100" },
        { OWN("\"validity\":{\"over\":\"deny\"}"), "/validity/over: says nothing" },
        { OWN("\"validity\":{\"backdateMinutes\":-1}"), "/validity/backdateMinutes: is -1" },
        { OWN("\"extensions\":{\"sid\":\"allow\"}"), "/extensions/sid: is not one of: deny, drop" },
        { OWN("\"extensions\":{\"allow\":[\"1.3.6.1.4.1.311.25.2\"]}"), "SID extension" },
        { OWN("\"challenge\":{\"max\":16385}"), "/challenge/max: is 16385" },
        { OWN("\"limits\":{\"perIdentityPerDay\":9223372036854775807}"), "/limits/perIdentity" },
        { OWN("\"limits\":[]"), "/limits: is an array, not an object" },
        { OWN("\"facts\":{\"retryCount\":2147483648}"), "/facts/retryCount" },
        { OWN("\"facts\":{\"caFingerprint\":\"00\"}"), "CA fingerprint" },
        { OWN("\"facts\":{\"file\":\"x\"}"), "/facts/file: no such member" },
        { "[{\"policy\":\"a\"},\n {\"policy\":\"b\",\"san\":[{}]}]",
          "f.json: [1]: line 2: /san[0]/type: is missing" },
    };

    (void)state;
    CHECK(cases, REASON_POLICY_VALUE);
}

/* Time by the square of their number would be hours here. */
static void graph__a_million_flags__read_in_time(void **state)
{
    struct policy_set set = SET_INIT;
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
    struct error err = ERROR_INIT;
    bool ok = buffer_append_text(&text,
                                 "{\"@odata.type\":\"#microsoft.graph.iosScepCertificateProfile\","
                                 "\"displayName\":\"g\",\"hashAlgorithm\":\"",
                                 &err);

    (void)state;
    for (size_t i = 0; i < 1000000 && ok; i++) {
        ok = buffer_append_text(&text, "sha2,", &err);
    }
    assert_done(ok && buffer_append_text(&text, "\"}", &err), &err, "");
    assert_done(policy_load(buffer_bytes(&text), "f.json", &set, &err), &err, "");
    assert_true(set.item[0]->hash.sha2 && !set.item[0]->hash.sha1);
    policy_set_clear(&set);
    buffer_clear(&text);
}

#define STRING_KEY "/subjectAlternativeNameFormatString"
#define TYPE "\"@odata.type\":\"#microsoft.graph.windows81SCEPCertificateProfile\""
#define GRAPH(members) "{" TYPE ",\"displayName\":\"g\"," members "}"

static void graph__wrong_values__are_refused_with_their_place(void **state)
{
    static const struct refused_case cases[] = {
        { "{\"@odata.type\":\"#microsoft.graph.iosScepCertificateProfile\",\"displayName\":7}",
          "/displayName: is a whole number, not a text" },
        { "{\"@odata.type\":\"#microsoft.graph.iosScepCertificateProfile\","
          "\"displayName\":\"a\\u0007\"}",
          "/displayName: name: \"a\\x07\" holds a control character" },
        { GRAPH("\"keySize\":2048"), "/keySize: is a whole number, not a text" },
        { GRAPH("\"keySize\":\"size512\""),
          "/keySize: \"size512\" is not known; possible: size1024" },
        { GRAPH("\"keySize\":\"size2048,size4096\""), "/keySize: two values exclude each other" },
        /* 1024 and 2048 are the bits of 3072 */
        { GRAPH("\"keySize\":\"size1024,size2048\""), "/keySize: two values exclude each other" },
        { GRAPH("\"KeySize\":\"size2048\""), "/KeySize: is written keySize" },
        { GRAPH("\"keyUsage\":\"digitalSignature\",\"KEYUSAGE\":\"keyEncipherment\""),
          "/KEYUSAGE: is written keyUsage" },
        { GRAPH("\"keyUsage\":\"keyCertSign\""), "/keyUsage: \"keyCertSign\" is not known" },
        { GRAPH("\"keyUsage\":{\"a\":1}"), "/keyUsage: is an object, not a text" },
        { GRAPH("\"hashAlgorithm\":[\"sha2\",[\"sha1\"]]"), "/hashAlgorithm[1]: is an array" },
        { GRAPH("\"hashAlgorithm\":\"unknownFutureValue\""), "/hashAlgorithm" },
        { GRAPH("\"subjectNameFormat\":\"custom\""), "/subjectNameFormatString: is missing" },
        { GRAPH("\"subjectNameFormat\":\"custom\",\"subjectNameFormatString\":\"{{UserName}}\""),
          "/subjectNameFormatString: subject: at" },
        { GRAPH("\"subjectNameFormat\":\"commonNameOfMyDog\""),
          "/subjectNameFormat: \"commonName" },
        { GRAPH("\"subjectNameFormatString\":[]"), "/subjectNameFormatString: is an array" },
        { GRAPH("\"customSubjectAlternativeNames\":\"a\""),
          "/customSubjectAlternativeNames: is a text, not an object" },
        { GRAPH("\"customSubjectAlternativeNames\":[{\"sanType\":\"none\",\"name\":\"a\"}]"),
          "/customSubjectAlternativeNames[0]/sanType: does not say one kind of name" },
        { GRAPH("\"customSubjectAlternativeNames\":[{\"name\":\"a\"}]"), "[0]/sanType" },
        { GRAPH("\"customSubjectAlternativeNames\":[null,{\"sanType\":\"emailAddress\"}]"),
          "/customSubjectAlternativeNames[1]/name: is missing" },
        { GRAPH("\"customSubjectAlternativeNames\":[{\"sanType\":\"emailAddress\",\"name\":\"\"}]"),
          "/customSubjectAlternativeNames[0]/name: is missing" },
        { GRAPH("\"customSubjectAlternativeNames\":[{\"sanType\":"
                "\"customAzureADAttribute\",\"name\":\"a\"}]"),
          "does not say one kind of name" },
        { GRAPH("\"customSubjectAlternativeNames\":[{\"sanType\":"
                "\"emailAddress,userPrincipalName\",\"name\":\"a\"}]"),
          "does not say one kind of name" },
        { GRAPH("\"subjectAlternativeNameType\":\"customAzureADAttribute\""),
          "/subjectAlternativeNameType: customAzureADAttribute" },
        { GRAPH("\"subjectAlternativeNameType\":\"domainNameService\""),
          STRING_KEY ": is missing, and nothing else says which dns" },
        { GRAPH("\"subjectAlternativeNameType\":\"emailAddress,userPrincipalName\","
                "\"subjectAlternativeNameFormatString\":\"a\""),
          STRING_KEY ": belongs to none" },
        { GRAPH("\"certificateValidityPeriodValue\":1"), "belong together" },
        { GRAPH("\"certificateValidityPeriodScale\":\"years\""), "belong together" },
        { GRAPH("\"certificateValidityPeriodScale\":\"weeks\""), "\"weeks\" is not known" },
        { GRAPH("\"certificateValidityPeriodScale\":\"days\",\"certificateValidityPeriodValue\":0"),
          "/certificateValidityPeriodValue: is 0" },
        { GRAPH("\"certificateValidityPeriodScale\":\"years\","
                "\"certificateValidityPeriodValue\":1000"),
          "policy \"g\": validity" },
        { GRAPH("\"certificateValidityPeriodScale\":\"years\","
                "\"certificateValidityPeriodValue\":1.5"),
          "is a number with a fraction" },
        { GRAPH("\"extendedKeyUsages\":[{\"name\":\"Client\"}]"),
          "/extendedKeyUsages[0]/objectIdentifier: is missing" },
        { GRAPH("\"extendedKeyUsages\":[{\"objectIdentifier\":\"1.2.x\"}]"), "is no OID" },
        { GRAPH("\"extendedKeyUsages\":[\"1.2.3\"]"), "/extendedKeyUsages[0]: is a text" },
        { GRAPH("\"scepServerUrls\":[\"https://a\",true]"),
          "/scepServerUrls[1]: is true or false" },
        { GRAPH("\"renewalThresholdPercentage\":100"), "/renewalThresholdPercentage: is 100" },
        { GRAPH("\"certificateStore\":\"user,machine\""), "two values exclude each other" },
        { GRAPH("\"keyStorageProvider\":\"usb\""), "/keyStorageProvider" },
        { GRAPH("\"rootCertificate\":[]"), "/rootCertificate: is an array, not an object" },
    };

    (void)state;
    CHECK(cases, REASON_POLICY_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format__what_is_no_policy__is_refused_with_its_place),
        cmocka_unit_test(empty__nothing_in_it__is_refused),
        cmocka_unit_test(utf16__json__is_refused_with_what_to_do),
        cmocka_unit_test(depth__at_the_limit__is_read_and_one_more_is_not),
        cmocka_unit_test(size__at_the_limit__is_read_and_one_byte_more_is_not),
        cmocka_unit_test(count__more_policies_than_a_file_may_have__are_refused),
        cmocka_unit_test(own__wrong_values__are_refused_with_their_place),
        cmocka_unit_test(graph__a_million_flags__read_in_time),
        cmocka_unit_test(graph__wrong_values__are_refused_with_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
