/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

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

static void dump(const struct policy *p, bool all, struct buffer *out, const char *name)
{
    struct error err = ERROR_INIT;
    struct json *v = policy_dump_json(p, all, &err);

    assert_done(v != NULL && json_value_print(v, 2, out, &err), &err, name);
    json_value_free(v);
}

static void load(struct bytes text, const char *name, struct policy_set *set)
{
    struct error err = ERROR_INIT;

    assert_done(policy_load(text, name, set, &err), &err, name);
}

/* load(dump(p)) dumps to the same, in full and without facts. */
static void check_round_trip(const struct policy *p, const char *name)
{
    for (unsigned all = 0; all < 2; all++) {
        struct buffer once = BUFFER_INIT(LIMIT_POLICY_BYTES);
        struct buffer twice = BUFFER_INIT(LIMIT_POLICY_BYTES);
        struct policy_set set = SET_INIT;

        dump(p, all == 1, &once, name);
        load(buffer_bytes(&once), name, &set);
        assert_int_equal(set.count, 1);
        assert_int_equal(set.warnings.count, 0);
        dump(set.item[0], all == 1, &twice, name);
        if (strcmp(buffer_text(&once), buffer_text(&twice)) != 0) {
            fail_msg("%s:\n%s\nis not\n%s", name, buffer_text(&twice), buffer_text(&once));
        }
        policy_set_clear(&set);
        buffer_clear(&twice);
        buffer_clear(&once);
    }
}

static void dump__every_fixture__loads_back_equal(void **state)
{
    static const char *const files[] = {
        "graph_android.json",
        "graph_android_device_owner.json",
        "graph_android_for_work.json",
        "graph_android_work_profile.json",
        "graph_aosp_device_owner.json",
        "graph_ios.json",
        "graph_macos.json",
        "graph_tenant.json",
        "graph_windows10x.json",
        "graph_windows81.json",
        "own_full.json",
        "own_minimal.json",
    };
    char name[100];

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct policy_set set = SET_INIT;
        struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);

        assert_true(text_format(name, sizeof(name), "policy/%s", files[i]));
        test_fixture_read(name, &text);
        load(buffer_bytes(&text), files[i], &set);
        assert_true(set.count > 0);
        for (size_t k = 0; k < set.count; k++) {
            check_round_trip(set.item[k], files[i]);
        }
        buffer_clear(&text);
        policy_set_clear(&set);
    }
}

/* What only lint looks at makes no difference; every rule does. */
static void dump__without_all__holds_the_rules_alone(void **state)
{
    static const char plain[] = "{\"policy\":\"p\",\"key\":{\"bits\":[2048]}}";
    static const char with_facts[] =
        "{\"policy\":\"p\",\"source\":\"syncml\",\"platform\":\"windows\",\"key\":{\"bits\":2048,"
        "\"type\":\"rsa\",\"atLeast\":false},\"facts\":{\"store\":\"user\",\"retryCount\":0,"
        "\"renewalThreshold\":0,\"aadKeys\":true},\"validity\":{},\"mode\":\"enforce\"}";
    struct policy_set a = SET_INIT;
    struct policy_set b = SET_INIT;
    struct buffer text_a = BUFFER_INIT(LIMIT_POLICY_BYTES);
    struct buffer text_b = BUFFER_INIT(LIMIT_POLICY_BYTES);

    (void)state;
    load(bytes_of_text(plain), "a", &a);
    load(bytes_of_text(with_facts), "b", &b);
    dump(a.item[0], false, &text_a, "a");
    dump(b.item[0], false, &text_b, "b");
    assert_string_equal(buffer_text(&text_a), buffer_text(&text_b));
    buffer_reset(&text_b);
    dump(b.item[0], true, &text_b, "b");
    assert_non_null(strstr(buffer_text(&text_b), "\"source\": \"syncml\""));
    assert_non_null(strstr(buffer_text(&text_b), "\"retryCount\": 0"));
    assert_non_null(strstr(buffer_text(&text_b), "\"renewalThreshold\": 0"));
    buffer_clear(&text_b);
    buffer_clear(&text_a);
    policy_set_clear(&b);
    policy_set_clear(&a);
}

/* Every member alone changes the dump: none is forgotten when reading or writing. */
static void dump__each_rule__makes_a_difference(void **state)
{
    static const char *const members[] = {
        "\"mode\":\"audit\"",
        "\"mode\":\"off\"",
        "\"endpoint\":\"/a\"",
        "\"subject\":{\"template\":\"\"}",
        "\"subject\":{\"template\":\"CN=a\"}",
        "\"subject\":{\"template\":\"CN=a\",\"order\":\"exact\"}",
        "\"subject\":{\"template\":\"CN=a\",\"extra\":\"allow\"}",
        "\"san\":[]",
        "\"san\":{\"type\":\"dns\",\"template\":\"a\"}",
        "\"san\":{\"type\":\"uri\",\"template\":\"a\"}",
        "\"san\":{\"type\":\"dns\",\"template\":\"a\",\"min\":0}",
        "\"san\":{\"type\":\"dns\",\"template\":\"a\",\"max\":2}",
        "\"keyUsage\":{\"bits\":\"digitalSignature\"}",
        "\"keyUsage\":{\"bits\":\"digitalSignature\",\"absent\":\"deny\"}",
        "\"eku\":{\"oids\":\"1.2.3\"}",
        "\"eku\":{\"oids\":\"1.2.3\",\"absent\":\"deny\"}",
        "\"key\":{\"type\":\"any\"}",
        "\"key\":{\"bits\":2048}",
        "\"key\":{\"bits\":2048,\"atLeast\":true}",
        "\"hash\":{\"family\":\"sha1\"}",
        "\"hash\":{\"family\":\"sha2\"}",
        "\"hash\":{\"family\":[\"sha1\",\"sha2\"]}",
        "\"validity\":{\"value\":1,\"unit\":\"days\"}",
        "\"validity\":{\"value\":1,\"unit\":\"months\"}",
        "\"validity\":{\"value\":1,\"unit\":\"days\",\"over\":\"deny\"}",
        "\"validity\":{\"backdateMinutes\":0}",
        "\"extensions\":{\"allow\":\"1.2.3\"}",
        "\"extensions\":{\"sid\":\"drop\"}",
        "\"extensions\":{\"unknown\":\"deny\"}",
        "\"challenge\":{\"shape\":\"intune\"}",
        "\"challenge\":{\"max\":1}",
        "\"limits\":{\"perIdentityPerDay\":1}",
        "\"values\":{\"emailDomains\":\"a\"}",
        "\"values\":{\"hostSuffixes\":\"a\"}",
    };
    enum { COUNT = sizeof(members) / sizeof(members[0]) };
    static struct buffer texts[COUNT];
    char policy[200];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct policy_set set = SET_INIT;

        texts[i].max = LIMIT_POLICY_BYTES;
        assert_true(text_format(policy, sizeof(policy), "{\"policy\":\"p\",%s}", members[i]));
        load(bytes_of_text(policy), members[i], &set);
        dump(set.item[0], false, &texts[i], members[i]);
        check_round_trip(set.item[0], members[i]);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(buffer_text(&texts[i]), buffer_text(&texts[k])) == 0) {
                fail_msg("%s and %s dump alike", members[i], members[k]);
            }
        }
        policy_set_clear(&set);
    }
    for (size_t i = 0; i < COUNT; i++) {
        buffer_clear(&texts[i]);
    }
}

/* The longest texts and lists there can be. */
static void dump__at_the_limits__loads_back_equal(void **state)
{
    struct error err = ERROR_INIT;
    struct policy *p = policy_new("p", &err);
    static char text[LIMIT_POLICY_TEXT + 1];

    (void)state;
    assert_non_null(p);
    memset(text, '"', sizeof(text) - 1);
    for (unsigned i = 0; i < LIMIT_POLICY_ITEMS; i++) {
        text[0] = (char)('0' + i);
        assert_done(policy_add_san(p, POLICY_SAN_URI, text, 0, 100, &err), &err, "san");
        assert_done(policy_texts_add(&p->endpoints, text, &err), &err, "endpoint");
        assert_done(policy_add_rdn(p, "2.5.4.11", "{{x}}, \"quoted\"", &err), &err, "rdn");
    }
    assert_done(policy_finish(p, &err), &err, "finish");
    check_round_trip(p, "limits");
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dump__every_fixture__loads_back_equal),
        cmocka_unit_test(dump__without_all__holds_the_rules_alone),
        cmocka_unit_test(dump__each_rule__makes_a_difference),
        cmocka_unit_test(dump__at_the_limits__loads_back_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
