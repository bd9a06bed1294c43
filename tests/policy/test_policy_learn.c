/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/json.h"
#include "base/text.h"
#include "model/sid.h"
#include "policy/policy_case.h"
#include "policy/policy_dump.h"
#include "policy/policy_learn.h"

#define NOW 1700000000
#define REQUESTS 3
#define OID_O "2.5.4.10"
#define OID_OU "2.5.4.11"
#define OID_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"

static const char *const guids[REQUESTS] = {
    "7c3c1f5a-0d7e-4b7f-9a60-0a4f5f0c9a11",
    "7c3c1f5a-5b1f-4a0e-8a44-1c0a1f1b2c3d",
    "7c3c1f5a-9d2b-4f7c-b7ee-4ef6c7d8e9f0",
};
static const char *const others[REQUESTS] = {
    "00000000-0d7e-4b7f-9a60-0a4f5f0c9a11",
    "11111111-5b1f-4a0e-8a44-1c0a1f1b2c3d",
    "22222222-9d2b-4f7c-b7ee-4ef6c7d8e9f0",
};

/* A row of requests while they are built. */
struct row {
    struct csr_builder builder[REQUESTS];
    struct policy_case_request request[REQUESTS];
    size_t count;
    struct policy_set notes; /* its warnings */
    struct policy *learned;
    struct error err;
};

static void begin(struct row *r, EVP_PKEY *key, size_t count)
{
    memset(r, 0, sizeof(*r));
    r->count = count;
    for (size_t i = 0; i < count; i++) {
        csr_builder_init(&r->builder[i], key);
    }
}

static void end(struct row *r)
{
    static const char *const names[REQUESTS] = { "one.csr", "two.csr", "three.csr" };
    struct policy_learn_request requests[REQUESTS];

    for (size_t i = 0; i < r->count; i++) {
        policy_case_request(&r->builder[i], &r->request[i]);
        requests[i] =
            (struct policy_learn_request){ names[i], &r->request[i].csr, r->request[i].details };
    }
    r->learned = policy_learn(requests, r->count, NOW, &r->notes.warnings, &r->err);
}

static void clear(struct row *r)
{
    policy_free(r->learned);
    policy_set_clear(&r->notes);
    for (size_t i = 0; i < r->count; i++) {
        policy_case_request_clear(&r->request[i]);
    }
}

static bool noted(const struct row *r, const char *text)
{
    for (size_t i = 0; i < r->notes.warnings.count; i++) {
        if (strstr(r->notes.warnings.item[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

static void san(struct csr_builder *b, uint8_t tag, const char *format, const char *value)
{
    char text[300];

    (void)snprintf(text, sizeof(text), "%s%s", format, value);
    csr_builder_san(b, tag, bytes_of_text(text));
}

/* The pattern of the first name of this type that contains `part`; "" none. */
static const char *pattern_of(const struct policy *p, enum policy_san_type type, const char *part)
{
    for (size_t i = 0; i < p->san.count; i++) {
        if (p->san.item[i].type == type && strstr(p->san.item[i].pattern, part) != NULL) {
            return p->san.item[i].pattern;
        }
    }
    return "";
}

static void learn__three_devices__variables_and_what_is_fixed(void **state)
{
    static const char *const sids[REQUESTS] = { "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002",
                                                "S-1-5-21-1-2-3-1003" };
    static const char *const users[REQUESTS] = { "anna@example.com", "bo@Example.com",
                                                 "cy@sub.example.com" };
    static const char *const hosts[REQUESTS] = { "a.ad.example.com", "b.ad.example.com",
                                                 "c.ad.example.com" };
    struct row r;

    begin(&r, *state, REQUESTS);
    for (size_t i = 0; i < REQUESTS; i++) {
        struct csr_builder *b = &r.builder[i];

        csr_builder_cn(b, guids[i]);
        csr_builder_rdn(b, OID_O, TAG_UTF8, bytes_of_text("Example, Inc."));
        csr_builder_rdn(b, OID_OU, TAG_UTF8, bytes_of_text(guids[i]));
        san(b, TAG_SAN_URI, SID_URI_PREFIX, sids[i]);
        san(b, TAG_SAN_URI, "IntuneDeviceId://", others[i]);
        san(b, TAG_SAN_DNS, "", hosts[i]);
        csr_builder_san_other(b, OID_UPN, TAG_UTF8, bytes_of_text(users[i]));
        csr_builder_extension(b, OID_KEY_USAGE, false, bytes_of("\x03\x02\x05\xa0", 4));
        csr_builder_eku(b, false, OID_CLIENT_AUTH);
        csr_builder_pair_text(b, "ValidityPeriod", "Months");
        csr_builder_pair_text(b, "ValidityPeriodUnits", i == 1 ? "12" : "6");
    }
    end(&r);
    assert_done(r.learned != NULL, &r.err, "");
    assert_int_equal(r.learned->subject.count, 3);
    assert_string_equal(r.learned->subject.item[0].pattern, "{{AAD_Device_ID}}");
    assert_string_equal(r.learned->subject.item[1].pattern, "Example, Inc.");
    assert_string_equal(r.learned->subject.item[2].pattern, "{{AAD_Device_ID}}");
    assert_int_equal(r.learned->subject.extra, POLICY_EXTRA_DENY);
    assert_int_equal(r.learned->san.count, 4);
    assert_string_equal(pattern_of(r.learned, POLICY_SAN_URI, "Security"),
                        "{{OnPremisesSecurityIdentifier}}");
    assert_string_equal(pattern_of(r.learned, POLICY_SAN_URI, "Intune"),
                        "IntuneDeviceId://{{DeviceId}}");
    assert_string_equal(pattern_of(r.learned, POLICY_SAN_UPN, ""), "{{UserPrincipalName}}");
    assert_string_equal(pattern_of(r.learned, POLICY_SAN_DNS, ""), "{{FullyQualifiedDomainName}}");
    assert_int_equal(r.learned->email_domains.count, 2);
    assert_int_equal(r.learned->host_suffixes.count, 1);
    assert_string_equal(r.learned->host_suffixes.item[0], "ad.example.com");
    assert_int_equal(r.learned->key_usage.bits,
                     KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    assert_int_equal(r.learned->key_usage.absent, POLICY_ABSENT_DENY);
    assert_int_equal(r.learned->eku.oids.count, 1);
    assert_int_equal(r.learned->key.bits_count, 1);
    assert_int_equal(r.learned->key.bits[0], 2048);
    assert_true(r.learned->hash.sha2 && !r.learned->hash.sha1);
    assert_int_equal(r.learned->validity.value, 12);
    assert_int_equal(r.learned->validity.unit, POLICY_UNIT_MONTHS);
    assert_int_equal(r.learned->validity.over, POLICY_OVER_DENY);
    assert_true(noted(&r, "{{AAD_Device_ID}} or {{DeviceId}}"));
    clear(&r);
}

/* What it was learned from can be read again, and means the same. */
static void learn__dumped_and_loaded__the_same(void **state)
{
    struct row r;
    struct policy_set set = { 0 };
    struct buffer first = BUFFER_INIT(1u << 20);
    struct buffer second = BUFFER_INIT(1u << 20);
    struct json *json;

    begin(&r, *state, REQUESTS);
    for (size_t i = 0; i < REQUESTS; i++) {
        csr_builder_cn(&r.builder[i], guids[i]);
        san(&r.builder[i], TAG_SAN_URI, "urn:x:", others[i]);
    }
    end(&r);
    assert_done(r.learned != NULL, &r.err, "");
    json = policy_dump_json(r.learned, false, &r.err);
    assert_done(json != NULL && json_value_print(json, 0, &first, &r.err), &r.err, "");
    json_value_free(json);
    policy_case_load(buffer_text(&first), &set);
    json = policy_dump_json(set.item[0], false, &r.err);
    assert_done(json != NULL && json_value_print(json, 0, &second, &r.err), &r.err, "");
    json_value_free(json);
    assert_string_equal(buffer_text(&first), buffer_text(&second));
    buffer_clear(&first);
    buffer_clear(&second);
    policy_set_clear(&set);
    clear(&r);
}

static void learn__one_request__fixed_with_a_note(void **state)
{
    struct row r;

    begin(&r, *state, 1);
    csr_builder_cn(&r.builder[0], guids[0]);
    end(&r);
    assert_done(r.learned != NULL, &r.err, "");
    assert_string_equal(r.learned->subject.item[0].pattern, guids[0]);
    assert_true(r.learned->san.stated);
    assert_int_equal(r.learned->san.count, 0);
    assert_false(r.learned->key_usage.stated || r.learned->eku.stated
                 || r.learned->validity.stated);
    assert_true(noted(&r, "looks like {{AAD_Device_ID}}"));
    clear(&r);
}

static void learn__common_names__tightest_that_fits(void **state)
{
    static const struct {
        const char *values[REQUESTS];
        const char *pattern;
    } cases[] = {
        { { "router", "router", "router" }, "router" },
        { { "host-1", "host-2", "host-33" }, "host-{{DeviceName}}" },
        { { "a1", "b2", "c3" }, "{{DeviceName}}" },
        { { "x.example.com", "y.example.com", "z.example.com" }, "{{FullyQualifiedDomainName}}" },
        { { "an@example.com", "bo@example.com", "cy@example.org" }, "{{UserPrincipalName}}" },
        { { "00:11:22:33:44:55", "00:11:22:33:44:66", "00:11:22:33:44:77" }, "{{WiFiMacAddress}}" },
        { { "{{UserName}}", "{{UserName}}", "{{UserName}}" }, "{{DeviceName}}" },
        { { "user an (1)", "user bo (2)", "user cy (3)" }, "user {{DeviceName}}" },
    };

    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct row r;

        begin(&r, *state, REQUESTS);
        for (size_t i = 0; i < REQUESTS; i++) {
            csr_builder_cn(&r.builder[i], cases[k].values[i]);
        }
        end(&r);
        assert_done(r.learned != NULL, &r.err, cases[k].pattern);
        assert_string_equal(r.learned->subject.item[0].pattern, cases[k].pattern);
        clear(&r);
    }
}

static void learn__long_and_different__wildcard(void **state)
{
    struct row r;
    char text[120];

    begin(&r, *state, REQUESTS);
    for (size_t i = 0; i < REQUESTS; i++) {
        memset(text, 'a' + (int)i, sizeof(text));
        text[100] = '\0';
        csr_builder_rdn(&r.builder[i], OID_OU, TAG_UTF8, bytes_of_text(text));
    }
    end(&r);
    assert_done(r.learned != NULL, &r.err, "");
    assert_string_equal(r.learned->subject.item[0].pattern, "{{Any1}}");
    assert_true(noted(&r, "nothing in common"));
    clear(&r);
}

static void learn__parts_missing_in_some__allowed(void **state)
{
    struct row r;

    begin(&r, *state, REQUESTS);
    for (size_t i = 0; i < REQUESTS; i++) {
        csr_builder_cn(&r.builder[i], "host");
        if (i > 0) {
            csr_builder_rdn(&r.builder[i], OID_OU, TAG_UTF8, bytes_of_text("Sales"));
            san(&r.builder[i], TAG_SAN_DNS, "", "host.example.com");
            csr_builder_eku(&r.builder[i], false, OID_CLIENT_AUTH);
        }
    }
    end(&r);
    assert_done(r.learned != NULL, &r.err, "");
    assert_int_equal(r.learned->subject.count, 1);
    assert_int_equal(r.learned->subject.extra, POLICY_EXTRA_ALLOW);
    assert_int_equal(r.learned->san.item[0].min, 0);
    assert_int_equal(r.learned->san.item[0].max, 1);
    assert_int_equal(r.learned->eku.absent, POLICY_ABSENT_ADD);
    clear(&r);
}

static void learn__joined_uris__learned_apart(void **state)
{
    struct row r;

    begin(&r, *state, 2);
    for (size_t i = 0; i < 2; i++) {
        char text[300];

        csr_builder_cn(&r.builder[i], "host");
        (void)snprintf(text, sizeof(text), "%sS-1-5-21-1-2-3-100%zu,intune://id/%s", SID_URI_PREFIX,
                       i, guids[i]);
        csr_builder_san(&r.builder[i], TAG_SAN_URI, bytes_of_text(text));
    }
    end(&r);
    assert_done(r.learned != NULL, &r.err, "");
    assert_int_equal(r.learned->san.count, 2);
    assert_string_equal(pattern_of(r.learned, POLICY_SAN_URI, "intune"),
                        "intune://id/{{AAD_Device_ID}}");
    clear(&r);
}

/* What no policy lets pass is told with the request's name, and gives no policy. */
static void learn__sid_extension__told_and_refused(void **state)
{
    struct row r;

    begin(&r, *state, 2);
    csr_builder_cn(&r.builder[0], "host");
    csr_builder_cn(&r.builder[1], "host");
    csr_builder_extension(&r.builder[1], SID_EXTENSION_OID, false, bytes_of("\x30\x00", 2));
    end(&r);
    assert_null(r.learned);
    assert_int_equal(r.err.reason, REASON_POLICY_DENIED);
    assert_non_null(strstr(r.err.detail, "two.csr"));
    assert_non_null(strstr(r.err.detail, "IPV-SID"));
    clear(&r);
}

static int make_key(void **state)
{
    *state = csr_builder_key("RSA-2048");
    return 0;
}

static int free_key(void **state)
{
    EVP_PKEY_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learn__three_devices__variables_and_what_is_fixed),
        cmocka_unit_test(learn__dumped_and_loaded__the_same),
        cmocka_unit_test(learn__one_request__fixed_with_a_note),
        cmocka_unit_test(learn__common_names__tightest_that_fits),
        cmocka_unit_test(learn__long_and_different__wildcard),
        cmocka_unit_test(learn__parts_missing_in_some__allowed),
        cmocka_unit_test(learn__joined_uris__learned_apart),
        cmocka_unit_test(learn__sid_extension__told_and_refused),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
