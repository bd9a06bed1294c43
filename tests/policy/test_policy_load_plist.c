/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "model/csr.h"
#include "policy/policy_load.h"

#define URL "<key>URL</key><string>https://scep.example.net/scep/x</string>"
#define PAIR(type, value) "<array><string>" type "</string><string>" value "</string></array>"
#define SUBJECT "<key>Subject</key><array><array>" PAIR("CN", "x") "</array></array>"
#define PAYLOAD(settings)                                                                          \
    "<dict><key>PayloadType</key><string>com.apple.security.scep</string>"                         \
    "<key>PayloadDisplayName</key><string>P</string>"                                              \
    "<key>PayloadContent</key><dict>" settings "</dict></dict>"
#define PROFILE(payloads)                                                                          \
    "<plist version='1.0'><dict><key>PayloadType</key><string>Configuration</string>"              \
    "<key>PayloadContent</key><array>" payloads "</array></dict></plist>"
#define ONE(settings) PROFILE(PAYLOAD(settings))

static void load(const char *text, const char *name, struct policy_set *set)
{
    struct error err = ERROR_INIT;

    assert_done(policy_load(bytes_of_text(text), "p.mobileconfig", set, &err), &err, name);
}

static void plist__shapes__every_scep_payload(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        size_t count;
    } shapes[] = {
        { "one", ONE(URL SUBJECT), 1 },
        { "two", PROFILE(PAYLOAD(URL SUBJECT) PAYLOAD(URL SUBJECT)), 2 },
        { "among others",
          PROFILE("<dict><key>PayloadType</key><string>com.apple.wifi.managed</string>"
                  "<key>PayloadContent</key><dict><key>a</key><real>1</real></dict></dict>" PAYLOAD(
                      URL SUBJECT) "<dict/>"),
          1 },
        { "a profile in a profile",
          PROFILE("<dict><key>PayloadContent</key><array>" PAYLOAD(URL SUBJECT)
                      PAYLOAD(URL SUBJECT) "</array></dict>" PAYLOAD(URL SUBJECT)),
          3 },
        { "a bare payload", "<plist>" PAYLOAD(URL SUBJECT) "</plist>", 1 },
        { "a bare dict", PAYLOAD(URL SUBJECT), 1 },
        { "a bare array", "<array>" PAYLOAD(URL SUBJECT) PAYLOAD(URL SUBJECT) "</array>", 2 },
        { "Apple's document type",
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC "
          "\"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n" PROFILE(
              PAYLOAD(URL SUBJECT)),
          1 },
        { "the older one, in other quotes",
          "<!DOCTYPE plist PUBLIC\n'-//Apple Computer//DTD PLIST 1.0//EN'\n"
          "'https://www.apple.com/DTDs/PropertyList-1.0.dtd' >" PROFILE(PAYLOAD(URL SUBJECT)),
          1 },
        { "keys nobody compares",
          ONE(URL SUBJECT "<key>Challenge</key><string>SECRET</string><key>KeyIsExtractable</key>"
                          "<true/><key>AllowAllAppsAccess</key><false/>"),
          1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct policy_set set = { NULL, 0, { NULL, 0 } };

        load(shapes[i].text, shapes[i].name, &set);
        if (set.count != shapes[i].count) {
            fail_msg("%s: %zu", shapes[i].name, set.count);
        }
        for (size_t p = 0; p < set.count; p++) {
            assert_string_equal(set.item[p]->name, "P");
            assert_int_equal(set.item[p]->subject.count, 1);
            assert_string_equal(set.item[p]->subject.item[0].oid, "2.5.4.3");
        }
        policy_set_clear(&set);
    }
}

static void plist__defaults__as_apple_says(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    const struct policy *p = NULL;

    (void)state;
    load(ONE(URL SUBJECT), "", &set);
    p = set.item[0];
    assert_true(p->key.rsa);
    assert_int_equal(p->key.bits_count, 1);
    assert_int_equal(p->key.bits[0], 1024);
    assert_false(p->key_usage.stated);
    assert_false(p->eku.stated);
    assert_false(p->hash.stated);
    assert_false(p->validity.stated);
    assert_true(p->san.stated);
    assert_int_equal(p->san.count, 0);
    policy_set_clear(&set);
    load(ONE(URL SUBJECT "<key>Key Usage</key><integer>0</integer>"), "", &set);
    assert_false(set.item[0]->key_usage.stated);
    policy_set_clear(&set);
    load(ONE(URL SUBJECT "<key>Key Usage</key><integer>4</integer>"), "", &set);
    assert_int_equal(set.item[0]->key_usage.bits, KEY_USAGE_KEY_ENCIPHERMENT);
    policy_set_clear(&set);
}

/* No Subject is an empty one: not any. */
static void plist__no_subject__is_an_empty_one(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };

    (void)state;
    load(ONE(URL "<key>SubjectAltName</key><dict><key>dNSName</key><string>a</string></dict>"), "",
         &set);
    assert_true(set.item[0]->subject.stated);
    assert_int_equal(set.item[0]->subject.count, 0);
    policy_set_clear(&set);
}

static void plist__subject__in_order_with_several_in_one(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    const struct policy *p = NULL;

    (void)state;
    load(ONE(URL "<key>Subject</key><array><array>" PAIR("C", "DE") "</array><array>" PAIR(
             "1.2.840.113549.1.9.1", "a@example.net")
                 PAIR("CN", " Evil, CN=admin+OU=x ") "</array></array>"),
         "", &set);
    p = set.item[0];
    assert_int_equal(p->subject.count, 3);
    assert_string_equal(p->subject.item[0].oid, "2.5.4.6");
    assert_string_equal(p->subject.item[1].oid, "1.2.840.113549.1.9.1");
    assert_string_equal(p->subject.item[2].pattern, " Evil, CN=admin+OU=x ");
    policy_set_clear(&set);
}

static void plist__names_of_policies__the_best_there_is(void **state)
{
    static const struct {
        const char *keys;
        const char *name;
    } cases[] = {
        { "<key>PayloadUUID</key><string>u</string><key>PayloadIdentifier</key><string>i</string>"
          "<key>PayloadDisplayName</key><string>d</string>",
          "d" },
        { "<key>PayloadUUID</key><string>u</string><key>PayloadIdentifier</key><string>i</string>"
          "<key>PayloadDisplayName</key><string></string>",
          "i" },
        { "<key>PayloadUUID</key><string>u</string>", "u" },
        { "", "p.mobileconfig" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer text = BUFFER_INIT(10000);
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct error err = ERROR_INIT;

        assert_done(buffer_printf(&text, &err,
                                  "<plist><dict><key>PayloadType</key><string>"
                                  "com.apple.security.scep</string>%s<key>PayloadContent</key>"
                                  "<dict>" URL SUBJECT "</dict></dict></plist>",
                                  cases[i].keys),
                    &err, "");
        load(buffer_text(&text), cases[i].name, &set);
        assert_string_equal(set.item[0]->name, cases[i].name);
        policy_set_clear(&set);
        buffer_clear(&text);
    }
}

static void plist__unknown_keys_and_empty_names__a_warning_each(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };

    (void)state;
    load("<plist>\n" PAYLOAD(URL SUBJECT "\n<key>Colour</key><string>blue</string>\n"
                                         "<key>SubjectAltName</key><dict><key>rfc822Name</key>"
                                         "<string></string></dict>") "</plist>",
         "", &set);
    assert_int_equal(set.warnings.count, 2);
    assert_non_null(strstr(set.warnings.item[0], "line 3: \"Colour\""));
    assert_null(strstr(set.warnings.item[0], "blue"));
    assert_non_null(strstr(set.warnings.item[1], "line 4: an empty name"));
    assert_int_equal(set.item[0]->san.count, 0);
    policy_set_clear(&set);
}

struct refused_case {
    const char *name;
    const char *text;
    enum reason reason;
    const char *detail; /* found in it */
};

static const struct refused_case refused[] = {
    { "no payload", PROFILE("<dict/>"), REASON_POLICY_EMPTY, "holds no policy" },
    { "no value", "<plist/>", REASON_POLICY_FORMAT, "holds one value" },
    { "two values", "<plist><dict/><dict/></plist>", REASON_POLICY_FORMAT, "holds one value" },
    { "no dictionary", "<plist><string>x</string></plist>", REASON_POLICY_VALUE,
      "<string> instead of a <dict>" },
    { "no value at all", "<plist><x/></plist>", REASON_POLICY_FORMAT,
      "<x> is no value of a property list" },
    { "a text among payloads", PROFILE("<string>x</string>"), REASON_POLICY_VALUE,
      "instead of a <dict>" },
    { "key without value", "<plist><dict><key>a</key></dict></plist>", REASON_POLICY_FORMAT,
      "in turns" },
    { "value without key", "<plist><dict><string>a</string><key>b</key></dict></plist>",
      REASON_POLICY_FORMAT, "in turns" },
    { "two keys", "<plist><dict><key>a</key><key>b</key></dict></plist>", REASON_POLICY_FORMAT,
      "in turns" },
    { "an element in a key", "<plist><dict><key>a<b/></key><true/></dict></plist>",
      REASON_POLICY_FORMAT, "inside the text of <key>" },
    { "a key twice in the settings",
      ONE(URL SUBJECT "\n<key>Keysize</key><integer>2048</integer>\n<key>Keysize</key>"
                      "<integer>1024</integer>"),
      REASON_POLICY_FORMAT, "\"Keysize\" twice" },
    { "a key twice in the payload",
      "<plist><dict><key>PayloadType</key><string>x</string><key>PayloadType</key>"
      "<string>com.apple.security.scep</string></dict></plist>",
      REASON_POLICY_FORMAT, "\"PayloadType\" twice" },
    { "a key twice in the names",
      ONE(URL SUBJECT "<key>SubjectAltName</key><dict><key>dNSName</key><string>a</string>"
                      "<key>dNSName</key><string>b</string></dict>"),
      REASON_POLICY_FORMAT, "\"dNSName\" twice" },
    { "a key twice by a comment",
      ONE(URL SUBJECT "<key>Key<!-- -->size</key><integer>2048</integer><key>Keysize</key>"
                      "<integer>1024</integer>"),
      REASON_POLICY_FORMAT, "\"Keysize\" twice" },
    { "no settings",
      "<plist><dict><key>PayloadType</key><string>com.apple.security.scep</string></dict></plist>",
      REASON_POLICY_VALUE, "no PayloadContent" },
    { "settings in an array",
      "<plist><dict><key>PayloadType</key><string>com.apple.security.scep</string>"
      "<key>PayloadContent</key><array/></dict></plist>",
      REASON_POLICY_VALUE, "<array> instead of a <dict>" },
    { "no URL", ONE(SUBJECT), REASON_POLICY_VALUE, "URL is missing" },
    { "nobody", ONE(URL), REASON_POLICY_VALUE, "neither Subject nor SubjectAltName" },
    { "subject as a text", ONE(URL "<key>Subject</key><string>CN=x</string>"), REASON_POLICY_VALUE,
      "Subject: line 1: <string> instead of an <array>" },
    { "subject of pairs", ONE(URL "<key>Subject</key><array>" PAIR("CN", "x") "</array>"),
      REASON_POLICY_VALUE, "<string> instead of an <array>" },
    { "attribute of three",
      ONE(URL "<key>Subject</key><array><array><array><string>CN</string><string>x</string>"
              "<string>y</string></array></array></array>"),
      REASON_POLICY_VALUE, "type and value" },
    { "attribute of one",
      ONE(URL "<key>Subject</key><array><array><array><string>CN</string></array></array></array>"),
      REASON_POLICY_VALUE, "type and value" },
    { "unknown attribute",
      ONE(URL "<key>Subject</key><array><array>" PAIR("Colour", "x") "</array></array>"),
      REASON_POLICY_VALUE, "\"Colour\" is no attribute" },
    { "empty attribute",
      ONE(URL "<key>Subject</key><array><array>" PAIR("CN", "") "</array></array>"),
      REASON_POLICY_VALUE, "Subject: line 1" },
    { "type of name",
      ONE(URL SUBJECT "<key>SubjectAltName</key><dict><key>iPAddress</key><string>10.0.0.1</string>"
                      "</dict>"),
      REASON_POLICY_VALUE, "\"iPAddress\" is a type of name" },
    { "name as a number",
      ONE(URL SUBJECT "<key>SubjectAltName</key><dict><key>dNSName</key><integer>1</integer>"
                      "</dict>"),
      REASON_POLICY_VALUE, "<integer> instead of a <string>" },
    { "name in an array in an array",
      ONE(URL SUBJECT "<key>SubjectAltName</key><dict><key>dNSName</key><array><array>"
                      "<string>a</string></array></array></dict>"),
      REASON_POLICY_VALUE, "<array> instead of a <string>" },
    { "key size as a text", ONE(URL SUBJECT "<key>Keysize</key><string>2048</string>"),
      REASON_POLICY_VALUE, "Keysize: line 1: <string> instead of an <integer>" },
    { "key size 512", ONE(URL SUBJECT "<key>Keysize</key><integer>512</integer>"),
      REASON_POLICY_VALUE, "Keysize" },
    { "key size negative", ONE(URL SUBJECT "<key>Keysize</key><integer>-2048</integer>"),
      REASON_POLICY_VALUE, "Keysize" },
    { "key type", ONE(URL SUBJECT "<key>Key Type</key><string>ECSECPrimeRandom</string>"),
      REASON_POLICY_VALUE, "Key Type: line 1: not RSA" },
    { "key usage 2", ONE(URL SUBJECT "<key>Key Usage</key><integer>2</integer>"),
      REASON_POLICY_VALUE, "1 (signing)" },
    { "key usage 160", ONE(URL SUBJECT "<key>Key Usage</key><integer>160</integer>"),
      REASON_POLICY_VALUE, "Key Usage" },
    { "fingerprint of odd length", ONE(URL SUBJECT "<key>CAFingerprint</key><data>AAEC</data>"),
      REASON_POLICY_VALUE, "3 bytes are no" },
    { "fingerprint that is no base64", ONE(URL SUBJECT "<key>CAFingerprint</key><data>!</data>"),
      REASON_POLICY_VALUE, "no base64" },
    { "fingerprint as a text", ONE(URL SUBJECT "<key>CAFingerprint</key><string>AAEC</string>"),
      REASON_POLICY_VALUE, "instead of <data>" },
    { "challenge as data", ONE(URL SUBJECT "<key>Challenge</key><data>U0VDUkVU</data>"),
      REASON_POLICY_VALUE, "Challenge: line 1: <data> instead of a <string>" },
    { "switch as a text", ONE(URL SUBJECT "<key>KeyIsExtractable</key><string>true</string>"),
      REASON_POLICY_VALUE, "instead of <true/> or <false/>" },
};

static void plist__broken_profiles__refused_with_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct refused_case *c = &refused[i];
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct error err = ERROR_INIT;

        assert_refused(policy_load(bytes_of_text(c->text), "p", &set, &err), &err, c->reason,
                       c->name);
        if (strstr(err.detail, c->detail) == NULL) {
            fail_msg("%s: \"%s\"", c->name, err.detail);
        }
        assert_null(strstr(err.detail, "U0VDUkVU"));
        assert_int_equal(set.count, 0);
    }
}

static void plist__many_keys__bounded(void **state)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;
    bool ok = buffer_append_text(&text, "<plist><dict>", &err);

    (void)state;
    for (unsigned i = 0; i < 5000 && ok; i++) {
        ok = buffer_printf(&text, &err, "<key>k%u</key><true/>", i);
    }
    assert_done(ok && buffer_append_text(&text, "</dict></plist>", &err), &err, "");
    assert_refused(policy_load(buffer_bytes(&text), "p", &set, &err), &err, REASON_LIMIT, "");
    buffer_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plist__shapes__every_scep_payload),
        cmocka_unit_test(plist__defaults__as_apple_says),
        cmocka_unit_test(plist__no_subject__is_an_empty_one),
        cmocka_unit_test(plist__subject__in_order_with_several_in_one),
        cmocka_unit_test(plist__names_of_policies__the_best_there_is),
        cmocka_unit_test(plist__unknown_keys_and_empty_names__a_warning_each),
        cmocka_unit_test(plist__broken_profiles__refused_with_the_place),
        cmocka_unit_test(plist__many_keys__bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
