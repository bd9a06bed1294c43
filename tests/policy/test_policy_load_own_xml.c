/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/xml.h"
#include "policy/policy_dump.h"
#include "policy/policy_load.h"
#include "policy/policy_own.h"

#define SCHEMA "../../docs/policy/scep-policy.xsd"

static void read_sample(const char *kind, const char *name, struct buffer *out)
{
    char path[200];

    assert_true(text_format(path, sizeof(path), "policy/own/%s-%s.xml", kind, name));
    test_fixture_read(path, out);
}

static void own_xml__good_samples__loaded(void **state)
{
    static const struct {
        const char *name;
        size_t count;
    } samples[] = { { "minimal", 1 }, { "no-san", 1 }, { "several", 2 }, { "everything", 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct buffer text = BUFFER_INIT(100000);
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct error err = ERROR_INIT;

        read_sample("good", samples[i].name, &text);
        assert_done(policy_load(buffer_bytes(&text), "p.xml", &set, &err), &err, samples[i].name);
        assert_int_equal(set.count, samples[i].count);
        assert_int_equal(set.warnings.count, 0);
        policy_set_clear(&set);
        buffer_clear(&text);
    }
}

/* xsd.sh holds the schema against the same samples. */
static void own_xml__bad_samples__refused_with_the_line(void **state)
{
    static const struct {
        const char *name;
        const char *detail; /* found in it */
    } samples[] = {
        { "element", "line 3: there is no element subjects" },
        { "element-case", "line 3: there is no element Subject" },
        { "attribute", "line 3: there is no attribute extras" },
        { "root-attribute", "line 2: there is no attribute modus" },
        { "member-name", "there is no attribute policy" },
        { "list-attribute", "there is no attribute mode" },
        { "list-element", "nothing but <scepPolicy>: policy" },
        { "namespace", "has a namespace" },
        { "namespace-inside", "has a namespace" },
        { "namespace-attribute", "in a namespace: mode" },
        { "text", "text inside the element scepPolicy" },
        { "text-inside", "text inside the element subject" },
        { "nested", "an element where none can be: san" },
        { "two-subjects", "line 4: a second subject" },
        { "two-keys", "a second key" },
        { "no-name", "policy" },
        { "empty-name", "policy" },
        { "mode", "/mode" },
        { "mode-case", "/mode" },
        { "no-template", "/subject/template" },
        { "san-no-type", "/san[0]/type" },
        { "san-type", "/san[0]/type" },
        { "san-empty", "/san[0]/template" },
        { "san-max", "/san[0]/max" },
        { "san-number", "/san[0]/max" },
        { "san-beside-no-san", "<noSan>" },
        { "no-san-attribute", "noSan" },
        { "key-usage", "key usage" },
        { "key-usage-none", "key usage" },
        { "eku-word", "/eku/oids" },
        { "eku-none", "extended key usage" },
        { "key-bits", "/key/bits" },
        { "key-bits-comma", "/key/bits" },
        { "key-bits-none", "/key/bits" },
        { "domains-none", "/values/emailDomains" },
        { "boolean", "/key/atLeast" },
        { "hash", "/hash/family" },
        { "validity", "/validity/value" },
        { "validity-negative", "/validity/value" },
        { "sid", "/extensions/sid" },
        { "challenge", "/challenge/max" },
        { "fingerprint", "CA fingerprint" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct buffer text = BUFFER_INIT(100000);
        struct policy_set set = { NULL, 0, { NULL, 0 } };
        struct error err = ERROR_INIT;
        bool done = false;

        read_sample("bad", samples[i].name, &text);
        done = policy_load(buffer_bytes(&text), "p.xml", &set, &err);
        if (done || (err.reason != REASON_POLICY_FORMAT && err.reason != REASON_POLICY_VALUE)
            || strstr(err.detail, samples[i].detail) == NULL) {
            fail_msg("%s: %s: %s", samples[i].name, reason_id(err.reason), err.detail);
        }
        assert_int_equal(set.count, 0);
        buffer_clear(&text);
    }
}

/* Loaded as XML and as the JSON that the dump of it is: everything arrives. */
static void own_xml__every_attribute__is_in_the_dump(void **state)
{
    static const char *const expected[] = {
        "\"policy\":\"Everything \xc3\x84\"",
        "\"platform\":\"windows\"",
        "\"mode\":\"audit\"",
        "\"endpoint\":[\"/scep/corp\",\"https://scep.example.net/scep/corp\"]",
        "\"order\":\"exact\",\"extra\":\"allow\"",
        "{\"type\":\"dns\",\"template\":\"{{FullyQualifiedDomainName}}\",\"min\":0,\"max\":3}",
        "{\"type\":\"upn\",\"template\":\"{{UserPrincipalName}}\",\"max\":2}",
        "\"bits\":[\"digitalSignature\",\"nonRepudiation\",\"keyEncipherment\","
        "\"dataEncipherment\",\"keyAgreement\",\"encipherOnly\",\"decipherOnly\"],"
        "\"absent\":\"deny\"",
        "\"oids\":[\"1.3.6.1.5.5.7.3.2\",\"1.3.6.1.5.5.7.3.4\"],\"absent\":\"deny\"",
        "\"key\":{\"type\":\"any\",\"bits\":[2048],\"atLeast\":true}",
        "\"sha1\",\"sha2\"",
        "\"validity\":{\"value\":12,\"unit\":\"months\",\"over\":\"deny\",\"backdateMinutes\":60}",
        "\"allow\":[\"1.3.6.1.4.1.311.21.8\",\"2.5.29.14\"],\"sid\":\"drop\",\"unknown\":\"deny\"",
        "\"challenge\":{\"shape\":\"intune\",\"max\":8000}",
        "\"limits\":{\"perIdentityPerDay\":5}",
        "\"emailDomains\":[\"example.net\",\"example.org\"],\"hostSuffixes\":[\"example.net\"]",
        "\"store\":\"machine\",\"protection\":\"hello\","
        "\"caFingerprint\":\"00112233445566778899aabbccddeeff00112233\",\"caIdent\":\"corp\","
        "\"templateName\":\"1.3.6.1.4.1.311.21.8.1\",\"aadKeys\":true,\"renewalThreshold\":20,"
        "\"retryDelaySeconds\":300,\"retryCount\":3",
    };
    struct buffer text = BUFFER_INIT(100000);
    struct buffer dump = BUFFER_INIT(100000);
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;
    struct json *json = NULL;

    (void)state;
    read_sample("good", "everything", &text);
    assert_done(policy_load(buffer_bytes(&text), "p.xml", &set, &err), &err, "");
    json = policy_dump_json(set.item[0], true, &err);
    assert_done(json != NULL && json_value_print(json, 0, &dump, &err), &err, "");
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        if (strstr(buffer_text(&dump), expected[i]) == NULL) {
            fail_msg("no %s in\n%s", expected[i], buffer_text(&dump));
        }
    }
    assert_int_equal(set.item[0]->facts.line, 3); /* where its start tag ends */
    json_value_free(json);
    policy_set_clear(&set);
    buffer_clear(&text);
    buffer_clear(&dump);
}

static void own_xml__no_san__is_not_any_san(void **state)
{
    struct buffer text = BUFFER_INIT(100000);
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;

    (void)state;
    read_sample("good", "no-san", &text);
    assert_done(policy_load(buffer_bytes(&text), "p.xml", &set, &err), &err, "");
    assert_true(set.item[0]->san.stated);
    assert_int_equal(set.item[0]->san.count, 0);
    assert_true(set.item[0]->subject.stated);
    assert_int_equal(set.item[0]->subject.count, 0);
    policy_set_clear(&set);
    buffer_reset(&text);
    read_sample("good", "minimal", &text);
    assert_done(policy_load(buffer_bytes(&text), "p.xml", &set, &err), &err, "");
    assert_false(set.item[0]->san.stated);
    assert_false(set.item[0]->subject.stated);
    policy_set_clear(&set);
    buffer_clear(&text);
}

/* The schema asks for an order, the server does not. */
static void own_xml__any_order__loaded(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(policy_load(bytes_of_text("<scepPolicy name='p'><key bits='2048'/><?x?>"
                                          "<san type='dns' template='a'/><!-- x -->"
                                          "<subject template='CN=x'/>"
                                          "<san type='dns' template='b'/></scepPolicy>"),
                            "p.xml", &set, &err),
                &err, "");
    assert_int_equal(set.item[0]->san.count, 2);
    policy_set_clear(&set);
}

/* ---- the schema ------------------------------------------------------------------------------ */

static void attribute(const struct xml_node *node, const char *name, char *out, size_t size)
{
    struct buffer text = BUFFER_INIT(1000);
    struct error err = ERROR_INIT;
    bool found = false;

    assert_done(xml_node_attribute(node, name, &text, &found, &err), &err, name);
    assert_true(text_copy(out, size, buffer_text(&text)));
    buffer_clear(&text);
}

static bool is(const struct xml_node *node, const char *name)
{
    return strcmp(xml_node_name(node), name) == 0;
}

/* xs:annotation/xs:documentation with some text. */
static bool documented(const struct xml_node *node)
{
    const struct xml_node *annotation = xml_node_child(node);
    struct buffer text = BUFFER_INIT(10000);
    struct error err = ERROR_INIT;
    bool ok = annotation != NULL && is(annotation, "annotation")
              && xml_node_text(xml_node_child(annotation), &text, &err)
              && text_trim(buffer_bytes(&text)).len > 5;

    buffer_clear(&text);
    return ok;
}

/* Declared attributes below a node: each is documented and a field; their number. */
static size_t check_attributes(const struct xml_node *node, const char *object)
{
    size_t count = 0;
    size_t fields = 0;
    const struct policy_own_field *field = policy_own_fields(&fields);

    for (const struct xml_node *n = xml_node_child(node); n != NULL; n = xml_node_next(n)) {
        char name[64];
        bool known = false;

        if (!is(n, "attribute")) {
            continue;
        }
        attribute(n, "name", name, sizeof(name));
        for (size_t i = 0; i < fields; i++) {
            const char *expected = strcmp(field[i].name, "policy") == 0 ? "name" : field[i].name;

            known = known || (strcmp(field[i].object, object) == 0 && strcmp(expected, name) == 0);
        }
        if (!known || !documented(n)) {
            fail_msg("line %zu: %s/%s is %s", xml_node_line(n), object, name,
                     known ? "not documented" : "no member");
        }
        count++;
    }
    return count;
}

static void own_xml__schema__has_exactly_our_members(void **state)
{
    struct buffer text = BUFFER_INIT(200000);
    struct error err = ERROR_INIT;
    struct xml_doc *doc = NULL;
    size_t fields = 0;
    size_t found = 0;

    (void)state;
    test_fixture_read(SCHEMA, &text);
    doc = xml_doc_parse(buffer_bytes(&text), 200000, 64, &err);
    assert_done(doc != NULL, &err, SCHEMA);
    (void)policy_own_fields(&fields);
    for (const struct xml_node *n = xml_node_child(xml_doc_root(doc)); n != NULL;
         n = xml_node_next(n)) {
        char name[64];

        attribute(n, "name", name, sizeof(name));
        if (is(n, "complexType") || is(n, "element")) {
            if (!documented(n)) {
                fail_msg("line %zu: %s is not documented", xml_node_line(n), name);
            }
        }
        if (is(n, "complexType")) {
            found += check_attributes(n, name);
        } else if (is(n, "element") && strcmp(name, "scepPolicy") == 0) {
            found += check_attributes(xml_node_next(xml_node_child(n)), "");
        }
    }
    assert_int_equal(found, fields);
    xml_doc_free(doc);
    buffer_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_xml__good_samples__loaded),
        cmocka_unit_test(own_xml__bad_samples__refused_with_the_line),
        cmocka_unit_test(own_xml__every_attribute__is_in_the_dump),
        cmocka_unit_test(own_xml__no_san__is_not_any_san),
        cmocka_unit_test(own_xml__any_order__loaded),
        cmocka_unit_test(own_xml__schema__has_exactly_our_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
