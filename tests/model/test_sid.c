/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "model/sid.h"

#define SID "S-1-5-21-1381186052-4247692386-135928078-1225"

static void account__forms__only_those_of_a_domain(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { SID, true },
        { "S-1-5-21-0-0-0-500", true },
        { "S-1-5-21-4294967295-4294967295-4294967295-4294967295", true },
        { "S-1-5-21-4294967296-1-1-500", false },
        { "S-1-5-21-1-1-1-99999999999", false },
        { "S-1-5-21-01-1-1-500", false },
        { "S-1-5-21-1-1-1-00", false },
        { "S-1-5-21-1-1-1", false },
        { "S-1-5-21-1-1-1-1-1", false },
        { "S-1-5-21-1-1-1-", false },
        { "S-1-5-21--1-1-1", false },
        { "S-1-5-21-1-1-1-500 ", false },
        { "S-1-5-21-1-1-1-5x", false },
        { "S-1-5-21-1-1-1-+5", false },
        { "s-1-5-21-1-1-1-500", false },
        { "S-1-5-18", false },
        { "S-1-5-32-544", false },
        { "S-1-12-1-1-1-1-1", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (sid_is_domain_account(bytes_of_text(cases[i].text)) != cases[i].good) {
            fail_msg("%s", cases[i].text);
        }
    }
    assert_false(sid_is_domain_account(bytes_of(SID "\0", sizeof(SID))));
    assert_false(sid_is_domain_account(bytes_of(NULL, 0)));
}

static void uri__forms__only_the_whole_tag(void **state)
{
    static const char *const bad[] = {
        SID_URI_PREFIX,
        SID_URI_PREFIX "S-1-5-18",
        SID_URI_PREFIX SID "/",
        SID_URI_PREFIX " " SID,
        " " SID_URI_PREFIX SID,
        "TAG:microsoft.com,2022-09-14:sid:" SID,
        "tag:microsoft.com,2022-09-15:sid:" SID,
        "tag:microsoft.com,2022-09-14:SID:" SID,
        SID,
        "",
    };
    char sid[SID_TEXT_MAX] = "untouched";

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (sid_of_uri(bytes_of_text(bad[i]), sid)) {
            fail_msg("%s", bad[i]);
        }
        assert_string_equal(sid, "untouched");
    }
    assert_true(sid_of_uri(bytes_of_text(SID_URI_PREFIX SID), sid));
    assert_string_equal(sid, SID);
}

static void add_name(GENERAL_NAMES *names, int type, const char *text)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();

    assert_int_equal(ASN1_STRING_set(string, text, -1), 1);
    GENERAL_NAME_set0_value(name, type, string);
    assert_true(sk_GENERAL_NAME_push(names, name) > 0);
}

static void names__joined_and_apart__all_counted(void **state)
{
    static const struct {
        const char *uri; /* a second name is always https://example.com */
        size_t count;
    } cases[] = {
        { SID_URI_PREFIX SID, 1 },
        { SID_URI_PREFIX SID ",firezone://intune-id/1", 1 },
        { "firezone://intune-id/1," SID_URI_PREFIX SID, 1 },
        { SID_URI_PREFIX SID "," SID_URI_PREFIX "S-1-5-21-1-2-3-500", 2 },
        { SID_URI_PREFIX "S-1-5-18", 0 },
        { "https://x/" SID_URI_PREFIX SID, 0 }, /* no name begins there */
        { "https://x/", 0 },
    };
    char sid[SID_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        GENERAL_NAMES *names = GENERAL_NAMES_new();
        size_t count = 0;

        add_name(names, GEN_URI, "https://example.com");
        add_name(names, GEN_URI, cases[i].uri);
        add_name(names, GEN_DNS, SID_URI_PREFIX SID); /* nobody looks for it there */
        count = sid_in_names(names, sid);
        if (count != cases[i].count || strcmp(sid, count == 0 ? "" : SID) != 0) {
            fail_msg("%s: %zu, %s", cases[i].uri, count, sid);
        }
        GENERAL_NAMES_free(names);
    }
    assert_int_equal(sid_in_names(NULL, sid), 0);
    assert_string_equal(sid, "");
}

/* The documented layout, read back by OpenSSL: a GeneralNames with one otherName. */
static void extension__value__as_documented(void **state)
{
    static const uint8_t head[] = { 0x30, 0x3f, 0xa0, 0x3d, 0x06, 0x0a, 0x2b, 0x06,
                                    0x01, 0x04, 0x01, 0x82, 0x37, 0x19, 0x02, 0x01,
                                    0xa0, 0x2f, 0x04, 0x2d, 'S',  '-',  '1',  '-' };
    struct buffer value = BUFFER_INIT(128);
    struct error err = ERROR_INIT;
    GENERAL_NAMES *names = NULL;
    const GENERAL_NAME *name = NULL;
    const unsigned char *at = NULL;
    char oid[64];

    (void)state;
    assert_done(sid_extension_value(SID, &value, &err), &err, "");
    assert_true(value.len == 20 + strlen(SID));
    assert_memory_equal(value.data, head, sizeof(head));
    at = value.data;
    names = d2i_GENERAL_NAMES(NULL, &at, (long)value.len);
    assert_non_null(names);
    assert_ptr_equal(at, value.data + value.len);
    assert_int_equal(sk_GENERAL_NAME_num(names), 1);
    name = sk_GENERAL_NAME_value(names, 0);
    assert_int_equal(name->type, GEN_OTHERNAME);
    OBJ_obj2txt(oid, sizeof(oid), name->d.otherName->type_id, 1);
    assert_string_equal(oid, "1.3.6.1.4.1.311.25.2.1");
    assert_int_equal(name->d.otherName->value->type, V_ASN1_OCTET_STRING);
    assert_bytes_text(
        bytes_of(ASN1_STRING_get0_data(name->d.otherName->value->value.octet_string),
                 (size_t)ASN1_STRING_length(name->d.otherName->value->value.octet_string)),
        SID);
    GENERAL_NAMES_free(names);
    buffer_reset(&value);
    assert_done(
        sid_extension_value("S-1-5-21-4294967295-4294967295-4294967295-4294967295", &value, &err),
        &err, "longest");
    assert_refused(sid_extension_value("S-1-5-18", &value, &err), &err, REASON_INTERNAL, "system");
    buffer_clear(&value);
}

/* What sid_extension_value writes is read back; nothing else is. */
static void extension__read_back__exactly_that_value(void **state)
{
    struct buffer value = BUFFER_INIT(128);
    struct error err = ERROR_INIT;
    char sid[SID_TEXT_MAX];

    (void)state;
    assert_done(sid_extension_value(SID, &value, &err), &err, "");
    assert_true(sid_of_extension(buffer_bytes(&value), sid));
    assert_string_equal(sid, SID);
    for (size_t len = 0; len < value.len; len++) {
        assert_false(sid_of_extension(bytes_of(value.data, len), sid));
    }
    for (size_t i = 0; i < value.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            value.data[i] ^= (uint8_t)(1u << bit);
            /* only a digit may become another one */
            assert_true(!sid_of_extension(buffer_bytes(&value), sid)
                        || (i >= 20 && sid_is_domain_account(bytes_of_text(sid))));
            value.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_false(sid_of_extension(bytes_of(NULL, 0), sid));
    buffer_clear(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(account__forms__only_those_of_a_domain),
        cmocka_unit_test(uri__forms__only_the_whole_tag),
        cmocka_unit_test(names__joined_and_apart__all_counted),
        cmocka_unit_test(extension__value__as_documented),
        cmocka_unit_test(extension__read_back__exactly_that_value),
    };

    return cmocka_run_group_tests_name("sid", tests, NULL, NULL);
}
