/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "model/csr.h"
#include "policy/policy_load.h"

#define CCI "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/"
#define ITEM(path, data)                                                                           \
    "<Item><Target><LocURI>" path "</LocURI></Target><Data>" data "</Data></Item>"
#define ADD(node, data) "<Add>" ITEM(CCI "P/Install/" node, data) "</Add>"
#define SUBJECT ADD("SubjectName", "CN=x")
#define BODY(inside) "<SyncML><SyncBody>" inside "</SyncBody></SyncML>"

static void load(struct bytes text, const char *name, struct policy_set *set)
{
    struct error err = ERROR_INIT;

    assert_done(policy_load(text, "p.xml", set, &err), &err, name);
}

/* ---- shapes ---------------------------------------------------------------------------------- */

struct shape_case {
    const char *name;
    const char *text;
    enum policy_store store;
};

static const struct shape_case shapes[] = {
    { "wrapped", BODY("<Atomic>" SUBJECT ADD("KeyLength", "2048") "</Atomic>"),
      POLICY_STORE_MACHINE },
    { "without Atomic", BODY(SUBJECT ADD("KeyLength", "2048")), POLICY_STORE_MACHINE },
    { "Replace",
      BODY("<Replace>" ITEM(CCI "P/Install/SubjectName",
                            "CN=x") "</Replace>"
                                    "<Replace>" ITEM(CCI "P/Install/KeyLength",
                                                     "2048") "</Replace>"),
      POLICY_STORE_MACHINE },
    { "several items in one command",
      BODY("<Add><CmdID>1</CmdID>" ITEM(CCI "P/Install/SubjectName", "CN=x")
               ITEM(CCI "P/Install/KeyLength", "2048") "</Add>"),
      POLICY_STORE_MACHINE },
    { "a list of commands without a root", SUBJECT "\n" ADD("KeyLength", "2048") "\n",
      POLICY_STORE_MACHINE },
    { "a list of items without a root",
      ITEM(CCI "P/Install/SubjectName", "CN=x") ITEM(CCI "P/Install/KeyLength", "2048"),
      POLICY_STORE_MACHINE },
    { "a list without a root behind a declaration and a comment",
      "<?xml version='1.0'?>\n<!-- from the log -->" SUBJECT ADD("KeyLength", "2048"),
      POLICY_STORE_MACHINE },
    { "a list without a root in a namespace",
      "<s:Add xmlns:s='SYNCML:SYNCML1.2'><s:Item><s:Target><s:LocURI>" CCI
      "P/Install/SubjectName</s:LocURI></s:Target><s:Data>CN=x</s:Data></s:Item></s:Add>" ADD(
          "KeyLength", "2048"),
      POLICY_STORE_MACHINE },
    { "one Atomic alone", "<Atomic>" SUBJECT ADD("KeyLength", "2048") "</Atomic>",
      POLICY_STORE_MACHINE },
    { "a recorded session of two messages", BODY(SUBJECT) BODY(ADD("KeyLength", "2048")),
      POLICY_STORE_MACHINE },
    { "another root", "<capture>" SUBJECT "<x>" ADD("KeyLength", "2048") "</x></capture>",
      POLICY_STORE_MACHINE },
    { "namespaces",
      "<SyncML xmlns='SYNCML:SYNCML1.1'><b:SyncBody xmlns:b='urn:b'>" SUBJECT ADD(
          "KeyLength", "2048") "</b:SyncBody></SyncML>",
      POLICY_STORE_MACHINE },
    { "case of nodes", BODY(SUBJECT ADD("KEYLENGTH", "2048")), POLICY_STORE_MACHINE },
    { "the same value twice",
      BODY(SUBJECT ADD("KeyLength", "2048") ADD("keylength", " 2048 ") SUBJECT),
      POLICY_STORE_MACHINE },
    { "user",
      BODY("<Add>" ITEM("./User/Vendor/MSFT/ClientCertificateInstall/SCEP/P/Install/SubjectName",
                        "CN=x")
               ITEM("./User/Vendor/MSFT/ClientCertificateInstall/SCEP/P/Install/KeyLength",
                    "2048") "</Add>"),
      POLICY_STORE_USER },
    { "another prefix, another case",
      BODY("<Add>" ITEM(
          "./x/device/vendor/msft/clientcertificateinstall/scep/P/install/SubjectName", "CN=x")
               ITEM("./x/device/vendor/msft/clientcertificateinstall/scep/P/install/KeyLength",
                    "2048") "</Add>"),
      POLICY_STORE_MACHINE },
    { "the old provider",
      BODY("<Add>" ITEM("./Vendor/MSFT/CertificateStore/My/SCEP/P/Install/SubjectName", "CN=x")
               ITEM("./Vendor/MSFT/CertificateStore/My/SCEP/P/Install/KeyLength", "2048") "</Add>"),
      POLICY_STORE_UNSTATED },
    { "a UniqueID written in two ways",
      BODY("<Add>" ITEM(CCI "%50/Install/SubjectName", "CN=x") "</Add>" ADD("KeyLength", "2048")),
      POLICY_STORE_MACHINE },
    { "formats, indentation, CDATA and comments",
      BODY("<Add><Item>\n <Target>\n  <LocURI>\n   " CCI
           "P/Install/SubjectName\n  </LocURI>\n </Target>\n"
           " <Meta><Format xmlns='syncml:metinf'> chr </Format></Meta>\n"
           " <Data>\n  <![CDATA[CN=]]>x<!-- y -->\n </Data></Item></Add>" ADD(
               "KeyLength", "20<!-- 10 -->48<?x y?>")),
      POLICY_STORE_MACHINE },
    { "commands that set nothing",
      BODY(
          "<Status><Item>" CCI "</Item></Status><Delete><Item><Target><LocURI>" CCI
          "P/Install/KeyLength</LocURI></Target></Item></Delete>"
          "<Get>" ITEM(CCI "P/Install/KeyLength",
                       "1024") "</Get>"
                               "<Results><Item><Source><LocURI>x</LocURI></Source></Item></Results>"
                               "<Exec>" ITEM(CCI "P/Install/Enroll",
                                             "") "</Exec>" SUBJECT ADD("KeyLength", "2048")),
      POLICY_STORE_MACHINE },
    { "what a device says about itself",
      BODY("<Replace><Item><Source><LocURI>./DevInfo/Mod</LocURI></Source><Data>PC</Data></Item>"
           "</Replace>" SUBJECT ADD("KeyLength", "2048")),
      POLICY_STORE_MACHINE },
    { "other providers, reported nodes, inner nodes",
      BODY("<Add>" ITEM("./Vendor/MSFT/Policy/Config/Wifi/Allow",
                        "1") ITEM(CCI "P", "") ITEM(CCI "P/Install", "") ITEM(CCI "P/Status", "1")
               ITEM("./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/P/KeyLength", "1")
                   ITEM("./cimv2/x", "2") "</Add>" SUBJECT ADD("KeyLength", "2048")),
      POLICY_STORE_MACHINE },
    { "wap-provisioningdoc",
      "<wap-provisioningdoc><characteristic type='certificatestore'><characteristic type='MY'>"
      "<characteristic type='SCEP'><characteristic type='P'><characteristic type='Install'>"
      "<parm name='SubjectName' value='CN=x'/><parm name='Challenge' value='secret'/>"
      "<parm name='keylength' value='2048' datatype='integer'/>"
      "</characteristic></characteristic></characteristic></characteristic></characteristic>"
      "<characteristic type='APPLICATION'><parm name='APPID' value='w7'/></characteristic>"
      "</wap-provisioningdoc>",
      POLICY_STORE_UNSTATED },
};

static void syncml__shapes__one_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const struct shape_case *c = &shapes[i];
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        const struct policy *p = NULL;

        load(bytes_of_text(c->text), c->name, &set);
        p = set.item[0];
        if (set.count != 1 || set.warnings.count != 0 || strcmp(p->name, "P") != 0
            || p->subject.count != 1 || strcmp(p->subject.item[0].pattern, "x") != 0
            || p->key.bits_count != 1 || p->key.bits[0] != 2048 || !p->key.rsa
            || p->facts.store != c->store || p->facts.source != POLICY_SOURCE_SYNCML
            || !p->san.stated || p->san.count != 0) {
            fail_msg("%s: %zu policies; %s", c->name, set.count,
                     set.warnings.count > 0 ? set.warnings.item[0] : "no warning");
        }
        policy_set_clear(&set);
    }
}

static void syncml__several_profiles__by_unique_id(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };

    (void)state;
    load(bytes_of_text(
             BODY("<Add>" ITEM(CCI "A/Install/SubjectName", "CN=a") ITEM(
                 CCI "B%20b/Install/SubjectName", "CN=b") ITEM(CCI "A/Install/KeyLength", "2048")
                      ITEM("./User/Vendor/MSFT/ClientCertificateInstall/SCEP/C/Install/SubjectName",
                           "CN=c") "</Add>")),
         "", &set);
    assert_int_equal(set.count, 3);
    assert_string_equal(set.item[0]->name, "A");
    assert_int_equal(set.item[0]->key.bits_count, 1);
    assert_string_equal(set.item[1]->name, "B b");
    assert_int_equal(set.item[1]->key.bits_count, 0);
    assert_int_equal(set.item[2]->facts.store, POLICY_STORE_USER);
    policy_set_clear(&set);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void syncml__names__split_where_a_type_begins(void **state)
{
    static const struct {
        enum policy_san_type type;
        const char *pattern;
    } expected[] = {
        { POLICY_SAN_EMAIL, "a@example.net" },
        { POLICY_SAN_DNS, "host.example.net" },
        { POLICY_SAN_URI, "https://example.net/?a=1;b=2+3" },
        { POLICY_SAN_URI, "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-4" },
        { POLICY_SAN_UPN, "win@example.net" },
    };
    struct policy_set set = { NULL, 0, { NULL, 0 } };

    (void)state;
    load(bytes_of_text(BODY(
             SUBJECT ADD("SubjectAlternativeNames",
                         "11+win@example.net;7+https://example.net/?a=1;b=2+3;3+host.example.net;"
                         "2+a@example.net;7+tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-4;"))),
         "", &set);
    assert_int_equal(set.item[0]->san.count, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < set.item[0]->san.count; i++) {
        assert_int_equal(set.item[0]->san.item[i].type, expected[i].type);
        assert_string_equal(set.item[0]->san.item[i].pattern, expected[i].pattern);
        assert_int_equal(set.item[0]->san.item[i].min, 1);
        assert_int_equal(set.item[0]->san.item[i].max, 1);
    }
    policy_set_clear(&set);
}

struct value_case {
    const char *node;
    const char *data;
    bool (*holds)(const struct policy *p);
};

static bool key_usage_both(const struct policy *p)
{
    return p->key_usage.stated
           && p->key_usage.bits == (KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
}

static bool key_usage_encipherment(const struct policy *p)
{
    return p->key_usage.stated && p->key_usage.bits == KEY_USAGE_KEY_ENCIPHERMENT;
}

static bool hash_both(const struct policy *p)
{
    return p->hash.stated && p->hash.sha1 && p->hash.sha2;
}

static bool hash_sha2(const struct policy *p)
{
    return p->hash.stated && !p->hash.sha1 && p->hash.sha2;
}

static bool eku_two(const struct policy *p)
{
    return p->eku.stated && p->eku.oids.count == 2;
}

static bool validity_none(const struct policy *p)
{
    return !p->validity.stated;
}

static bool validity_30_days(const struct policy *p)
{
    return p->validity.stated && p->validity.value == 30 && p->validity.unit == POLICY_UNIT_DAYS;
}

static bool hello(const struct policy *p)
{
    return p->facts.protection == POLICY_PROTECTION_HELLO;
}

static bool thumbprint(const struct policy *p)
{
    return p->facts.ca_fingerprint != NULL
           && strcmp(p->facts.ca_fingerprint, "00112233445566778899aabbccddeeff00112233") == 0;
}

static bool no_thumbprint(const struct policy *p)
{
    return p->facts.ca_fingerprint == NULL;
}

static bool aad_keys(const struct policy *p)
{
    return p->facts.aad_keys;
}

static bool template_name(const struct policy *p)
{
    return strcmp(p->facts.template_name, "1.3.6.1.4.1.311.21.8.1") == 0;
}

static bool two_urls(const struct policy *p)
{
    return p->endpoints.count == 2 && strcmp(p->endpoints.item[0], "https://a.example.net/x") == 0;
}

static bool no_names(const struct policy *p)
{
    return p->san.stated && p->san.count == 0;
}

static bool delay(const struct policy *p)
{
    return p->facts.retry_delay_seconds == 300;
}

static const struct value_case values[] = {
    { "KeyUsage", "160", key_usage_both },
    { "KeyUsage", "32", key_usage_encipherment },
    { "HashAlgorithm", "SHA-1;SHA-2", hash_both },
    { "HashAlgorithm", "SHA-2+SHA-1", hash_both },
    { "HashAlgorithm", "SHA-2", hash_sha2 },
    { "HashAlgorithm", "sha2", hash_sha2 },
    { "EKUMapping", "1.3.6.1.5.5.7.3.2+1.3.6.1.5.5.7.3.1", eku_two },
    { "ValidPeriod", "Years", validity_none },
    { "ValidPeriodUnits", "0", validity_none },
    { "ValidPeriodUnits", "30", validity_30_days },
    { "KeyProtection", "4", hello },
    { "CAThumbprint", "00112233445566778899AABBCCDDEEFF00112233", thumbprint },
    { "CAThumbprint",
      "\xe2\x80\x8e"
      "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff 00 11 22 33",
      thumbprint },
    { "CAThumbprint", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33", thumbprint },
    { "CAThumbprint", "", no_thumbprint },
    { "AADKeyIdentifierList", "key1;key2", aad_keys },
    { "TemplateName", "1.3.6.1.4.1.311.21.8.1", template_name },
    { "ServerURL", "https://a.example.net/x ; https://b.example.net/x;", two_urls },
    { "SubjectAlternativeNames", "", no_names },
    { "RetryDelay", "5", delay },
};

static void syncml__values__as_the_providers_mean_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct buffer text = BUFFER_INIT(10000);
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct error err = ERROR_INIT;

        assert_done(buffer_printf(&text, &err,
                                  "<x>" SUBJECT "<Add><Item><Target><LocURI>" CCI
                                  "P/Install/%s</LocURI></Target><Data>%s</Data></Item></Add></x>",
                                  values[i].node, values[i].data),
                    &err, "");
        load(buffer_bytes(&text), values[i].data, &set);
        if (set.count != 1 || !values[i].holds(set.item[0])) {
            fail_msg("%s: %s", values[i].node, values[i].data);
        }
        policy_set_clear(&set);
        buffer_clear(&text);
    }
}

/* ---- warnings and refusals ------------------------------------------------------------------- */

static void syncml__unknown_nodes__a_warning_each(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };

    (void)state;
    load(bytes_of_text("<x>\n" SUBJECT "\n" ADD("Colour", "blue") "\n" ADD(
             "KeyLength/x", "1") "\n"
                                 "<Add>" ITEM(CCI "P/Remove", "1") "</Add>\n" ADD(
                                     "HashAlgorithm", "SHA-2+SHA-3") "</x>"),
         "", &set);
    assert_int_equal(set.count, 1);
    assert_int_equal(set.warnings.count, 4);
    assert_non_null(strstr(set.warnings.item[0], "line 3: "));
    assert_non_null(strstr(set.warnings.item[0], "P/Install/Colour"));
    assert_non_null(strstr(set.warnings.item[1], "line 4: "));
    assert_non_null(strstr(set.warnings.item[2], "P/Remove"));
    assert_non_null(strstr(set.warnings.item[3], "SHA-3"));
    for (size_t i = 0; i < 4; i++) {
        assert_null(strstr(set.warnings.item[i], "blue")); /* a value may be anything */
    }
    policy_set_clear(&set);
}

struct refused_case {
    const char *name;
    const char *text;
    enum reason reason;
    const char *detail; /* found in it */
};

static const struct refused_case refused[] = {
    { "two values", BODY(SUBJECT "\n" ADD("KeyLength", "2048") "\n" ADD("KeyLength", "1024")),
      REASON_POLICY_VALUE, "line 3: KeyLength: another value than in line 2" },
    { "two values by the node's case",
      BODY(SUBJECT ADD("KeyLength", "2048") ADD("keyLENGTH", "1024")), REASON_POLICY_VALUE,
      "another value" },
    { "Add and Replace",
      BODY(SUBJECT ADD("KeyLength", "2048") "<Replace>" ITEM(CCI "P/Install/KeyLength",
                                                             "1024") "</Replace>"),
      REASON_POLICY_VALUE, "another value" },
    { "two values by an encoded UniqueID",
      BODY(SUBJECT ADD("KeyLength", "2048") "<Add>" ITEM(CCI "%50/Install/KeyLength",
                                                         "1024") "</Add>"),
      REASON_POLICY_VALUE, "another value" },
    { "two values by the provider",
      BODY(SUBJECT ADD("KeyLength", "2048") "<Add>" ITEM(
          "./Device/Vendor/MSFT/CertificateStore/My/SCEP/P/Install/KeyLength", "1024") "</Add>"),
      REASON_POLICY_VALUE, "another value" },
    { "device and user",
      BODY(SUBJECT "<Add>" ITEM(
          "./User/Vendor/MSFT/ClientCertificateInstall/SCEP/P/Install/KeyLength", "1024") "</Add>"),
      REASON_POLICY_VALUE, "a device's path and a user's" },
    { "no UniqueID", BODY("<Add>" ITEM(CCI "/Install/SubjectName", "CN=x") "</Add>"),
      REASON_POLICY_VALUE, "no UniqueID" },
    { "NUL in the UniqueID", BODY("<Add>" ITEM(CCI "P%00/Install/SubjectName", "CN=x") "</Add>"),
      REASON_POLICY_VALUE, "UniqueID" },
    { "line end in the UniqueID",
      BODY("<Add>" ITEM(CCI "P%0Ax/Install/SubjectName", "CN=x") "</Add>"), REASON_POLICY_VALUE,
      "control character" },
    { "no subject", BODY(ADD("KeyLength", "2048")), REASON_POLICY_VALUE, "SubjectName is missing" },
    { "an item of nowhere", BODY(SUBJECT "<Add><Item><Data>1</Data></Item></Add>"),
      REASON_POLICY_FORMAT, "without <Target><LocURI>" },
    { "an item in small letters",
      BODY(SUBJECT "<Add><item><Target><LocURI>" CCI "P/Install/KeyUsage</LocURI></Target>"
                   "<Data>160</Data></item></Add>"),
      REASON_POLICY_FORMAT, "a <LocURI> here" },
    { "a node outside of an item",
      BODY(SUBJECT "<Add><Target><LocURI>" CCI "P/Install/KeyUsage</LocURI></Target>"
                   "<Data>160</Data></Add>"),
      REASON_POLICY_FORMAT, "a <LocURI> here" },
    { "an item inside an item",
      BODY("<Add><Item><Target><LocURI>" CCI "P/Install/SubjectName</LocURI></Target>"
           "<Data>CN=x</Data>" ITEM(CCI "P/Install/KeyUsage", "160") "</Item></Add>"),
      REASON_POLICY_FORMAT, "a <Item> here" },
    { "a value in small letters",
      BODY(SUBJECT "<Add><Item><Target><LocURI>" CCI "P/Install/TemplateName</LocURI></Target>"
                   "<data>1.2.3</data></Item></Add>"),
      REASON_POLICY_FORMAT, "a <data> here" },
    { "two targets",
      BODY("<Add><Item><Target><LocURI>a</LocURI></Target><Target><LocURI>b</LocURI></Target>"
           "</Item></Add>"),
      REASON_POLICY_FORMAT, "a second <Target>" },
    { "two paths",
      BODY("<Add><Item><Target><LocURI>a</LocURI><LocURI>b</LocURI></Target></Item></Add>"),
      REASON_POLICY_FORMAT, "a second <LocURI>" },
    { "two values in one item",
      BODY(SUBJECT "<Add><Item><Target><LocURI>" CCI
                   "P/Install/KeyLength</LocURI></Target><Data>2048</Data><Data>1024</Data></Item>"
                   "</Add>"),
      REASON_POLICY_FORMAT, "a second <Data>" },
    { "an element in a value", BODY(SUBJECT ADD("KeyLength", "20<b>4</b>8")), REASON_POLICY_FORMAT,
      "<b> inside the text of <Data>" },
    { "an element in a path", BODY("<Add>" ITEM(CCI "P<b/>/Install/KeyLength", "1") "</Add>"),
      REASON_POLICY_FORMAT, "inside the text of <LocURI>" },
    { "an encoded value",
      BODY(SUBJECT "<Add><Item><Target><LocURI>" CCI
                   "P/Install/EKUMapping</LocURI></Target><Meta><Format>b64</Format></Meta>"
                   "<Data>MS4z</Data></Item></Add>"),
      REASON_POLICY_VALUE, "neither chr nor int" },
    { "key length of words", BODY(SUBJECT ADD("KeyLength", "long")), REASON_POLICY_VALUE,
      "line 1: KeyLength: \"long\"" },
    { "negative key length", BODY(SUBJECT ADD("KeyLength", "-2048")), REASON_POLICY_VALUE,
      "KeyLength" },
    { "small key", BODY(SUBJECT ADD("KeyLength", "512")), REASON_POLICY_VALUE, "KeyLength" },
    { "key usage 0", BODY(SUBJECT ADD("KeyUsage", "0")), REASON_POLICY_VALUE, "KeyUsage" },
    { "key usage of a CA", BODY(SUBJECT ADD("KeyUsage", "164")), REASON_POLICY_VALUE, "KeyUsage" },
    { "key usage in hex", BODY(SUBJECT ADD("KeyUsage", "0xA0")), REASON_POLICY_VALUE, "KeyUsage" },
    { "no EKU", BODY(SUBJECT ADD("EKUMapping", "")), REASON_POLICY_VALUE, "empty list" },
    { "EKU by name", BODY(SUBJECT ADD("EKUMapping", "clientAuth")), REASON_POLICY_VALUE,
      "EKUMapping" },
    { "MD5", BODY(SUBJECT ADD("HashAlgorithm", "MD5")), REASON_POLICY_VALUE, "HashAlgorithm" },
    { "SHA-3 alone", BODY(SUBJECT ADD("HashAlgorithm", "SHA-3")), REASON_POLICY_VALUE,
      "names no family" },
    { "no hash", BODY(SUBJECT ADD("HashAlgorithm", "")), REASON_POLICY_VALUE, "names no family" },
    { "key protection 9", BODY(SUBJECT ADD("KeyProtection", "9")), REASON_POLICY_VALUE,
      "KeyProtection" },
    { "thumbprint cut", BODY(SUBJECT ADD("CAThumbprint", "001122")), REASON_POLICY_VALUE,
      "CAThumbprint" },
    { "thumbprint of letters",
      BODY(SUBJECT ADD("CAThumbprint", "zz112233445566778899AABBCCDDEEFF00112233")),
      REASON_POLICY_VALUE, "CAThumbprint" },
    { "unit", BODY(SUBJECT ADD("ValidPeriod", "Weeks")), REASON_POLICY_VALUE, "ValidPeriod" },
    { "unit behind a number",
      BODY(SUBJECT ADD("ValidPeriodUnits", "1") ADD("ValidPeriod", "Weeks")), REASON_POLICY_VALUE,
      "Days, Months, Years" },
    { "too many years", BODY(SUBJECT ADD("ValidPeriodUnits", "1000") ADD("ValidPeriod", "Years")),
      REASON_POLICY_VALUE, "validity" },
    { "IP address", BODY(SUBJECT ADD("SubjectAlternativeNames", "3+a.example.net;8+10.0.0.1")),
      REASON_POLICY_VALUE, "name 2 is of type 8" },
    { "directory name", BODY(SUBJECT ADD("SubjectAlternativeNames", "5+CN=x")), REASON_POLICY_VALUE,
      "name 1 is of type 5" },
    { "a name without type", BODY(SUBJECT ADD("SubjectAlternativeNames", "a.example.net")),
      REASON_POLICY_VALUE, "type+value" },
    { "an empty name", BODY(SUBJECT ADD("SubjectAlternativeNames", "3+;2+a@example.net")),
      REASON_POLICY_VALUE, "name 1" },
    { "a broken subject", BODY(SUBJECT "<Add>" ITEM(CCI "Q/Install/SubjectName", "CN") "</Add>"),
      REASON_POLICY_VALUE, "Q: line 1: SubjectName" },
    { "wap: another value",
      "<wap-provisioningdoc><characteristic type='ClientCertificateInstall'><characteristic "
      "type='SCEP'><characteristic type='P'><characteristic type='Install'>\n"
      "<parm name='KeyLength' value='2048'/>\n<parm name='KeyLength' value='1024'/>"
      "</characteristic></characteristic></characteristic></characteristic></wap-provisioningdoc>",
      REASON_POLICY_VALUE, "line 3: KeyLength: another value than in line 2" },
    { "wap: no name", "<wap-provisioningdoc><parm value='1'/></wap-provisioningdoc>",
      REASON_POLICY_FORMAT, "a <parm> without name" },
    { "wap: a parameter in capitals",
      "<wap-provisioningdoc><characteristic type='CertificateStore/My/SCEP/P/Install'>"
      "<parm name='SubjectName' value='CN=x'/><PARM name='KeyLength' value='2048'/>"
      "</characteristic></wap-provisioningdoc>",
      REASON_POLICY_FORMAT, "a <PARM> here" },
    { "wap: no type",
      "<wap-provisioningdoc><characteristic><parm name='x'/></characteristic>"
      "</wap-provisioningdoc>",
      REASON_POLICY_FORMAT, "a <characteristic> without type" },
    { "wap: no value",
      "<wap-provisioningdoc><characteristic type='CertificateStore/My/SCEP/P/Install'>"
      "<parm name='KeyLength'/></characteristic></wap-provisioningdoc>",
      REASON_POLICY_FORMAT, "a <parm> without value" },
    { "nothing of ours", BODY("<Add>" ITEM("./Vendor/MSFT/Policy/x", "1") "</Add>"),
      REASON_POLICY_EMPTY, "holds no policy" },
    { "empty body", "<SyncML/>", REASON_POLICY_EMPTY, "holds no policy" },
};

static void syncml__broken_profiles__refused_with_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct refused_case *c = &refused[i];
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct error err = ERROR_INIT;

        assert_refused(policy_load(bytes_of_text(c->text), "p.xml", &set, &err), &err, c->reason,
                       c->name);
        if (strstr(err.detail, c->detail) == NULL || strncmp(err.detail, "p.xml: ", 7) != 0) {
            fail_msg("%s: \"%s\"", c->name, err.detail);
        }
        assert_int_equal(set.count, 0);
        assert_int_equal(set.warnings.count, 0);
    }
}

/* Its rules would be missing without a word. */
static void syncml__typing_error_in_a_path__warned_about(void **state)
{
    static const char *const paths[] = {
        "./Device/Vendr/MSFT/ClientCertificateInstall/SCEP/P/Install/KeyUsage",
        "./Device/Vendor/MSFT//ClientCertificateInstall/SCEP/P/Install/KeyUsage",
        "ClientCertificateInstall/SCEP/P/Install/KeyUsage",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct buffer text = BUFFER_INIT(4096);

        assert_true(
            buffer_printf(&text, NULL, BODY(SUBJECT "<Add>" ITEM("%s", "160") "</Add>"), paths[i]));
        load(buffer_bytes(&text), paths[i], &set);
        assert_int_equal(set.warnings.count, 1);
        assert_non_null(strstr(set.warnings.item[0], paths[i]));
        buffer_clear(&text);
        policy_set_clear(&set);
    }
}

/* Not in an error, nor in a warning, whatever is wrong beside it or with it. */
static void syncml__challenge__never_shown(void **state)
{
    static const char *const texts[] = {
        BODY(SUBJECT ADD("Challenge", "SECRET") ADD("Challenge", "SECRET2")),
        BODY(SUBJECT ADD("challenge", "SECRET<b>SECRET</b>") ADD("KeyLength", "x")),
        BODY(ADD("Challenge", "SECRET")),
        BODY(SUBJECT ADD("Challenges", "SECRET")),
        BODY(SUBJECT "<Add><Item><Target><LocURI>" CCI "P/Install/Challenge</LocURI></Target>"
                     "<Meta><Format>b64</Format></Meta><Data>SECRET</Data></Item></Add>"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct error err = ERROR_INIT;
        bool done = policy_load(bytes_of_text(texts[i]), "p.xml", &set, &err);

        assert_int_equal(done, i == 0 || i == 3 || i == 4);
        assert_null(strstr(err.detail, "SECRET"));
        for (size_t w = 0; w < set.warnings.count; w++) {
            assert_null(strstr(set.warnings.item[w], "SECRET"));
        }
        policy_set_clear(&set);
    }
}

static void syncml__too_many_profiles__refused(void **state)
{
    struct buffer text = BUFFER_INIT(1000000);
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;
    bool ok = buffer_append_text(&text, "<x>", &err);

    (void)state;
    for (unsigned i = 0; i <= LIMIT_POLICIES && ok; i++) {
        ok = buffer_printf(&text, &err,
                           "<Item><Target><LocURI>" CCI
                           "P%u/Install/SubjectName</LocURI></Target><Data>CN=x</Data></Item>",
                           i);
    }
    assert_done(ok && buffer_append_text(&text, "</x>", &err), &err, "");
    assert_refused(policy_load(buffer_bytes(&text), "p.xml", &set, &err), &err, REASON_LIMIT, "");
    buffer_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syncml__shapes__one_policy),
        cmocka_unit_test(syncml__several_profiles__by_unique_id),
        cmocka_unit_test(syncml__names__split_where_a_type_begins),
        cmocka_unit_test(syncml__values__as_the_providers_mean_them),
        cmocka_unit_test(syncml__unknown_nodes__a_warning_each),
        cmocka_unit_test(syncml__broken_profiles__refused_with_the_place),
        cmocka_unit_test(syncml__typing_error_in_a_path__warned_about),
        cmocka_unit_test(syncml__challenge__never_shown),
        cmocka_unit_test(syncml__too_many_profiles__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
