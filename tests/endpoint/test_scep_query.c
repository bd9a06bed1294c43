/* SPDX-License-Identifier: Apache-2.0 */
/* Operation and message as devices and proxies write them: scep.md 5.2, step by step. */
#include <string.h>

#include "endpoint/scep_query.h"
#include "support/test_support.h"

#define LIMIT 4096

/* ---- finding a parameter --------------------------------------------------------------------- */

static void find__each_form_of_query__gives_the_raw_value(void **state)
{
    static const struct {
        const char *query;
        const char *name;
        const char *value; /* NULL: not there */
    } cases[] = {
        { "operation=GetCACert", "operation", "GetCACert" },
        { "operation=GetCACert&message=CA", "operation", "GetCACert" },
        { "operation=GetCACert&message=CA", "message", "CA" },
        { "message=CA&operation=GetCACert", "operation", "GetCACert" },
        { "OPERATION=GetCACert", "operation", "GetCACert" },
        { "Operation=GetCACert", "OPERATION", "GetCACert" },
        { "operation=", "operation", "" },
        { "operation", "operation", "" },
        { "x&operation&y", "operation", "" },
        { "&&operation=a&&", "operation", "a" },
        { "operation=a=b==", "operation", "a=b==" },
        { "operation=a%3Db", "operation", "a%3Db" },
        { "operation=a&operation=b", "operation", "a" },
        { "message=MII+a/b%2B&operation=PKIOperation", "message", "MII+a/b%2B" },
        { "", "operation", NULL },
        { "&", "operation", NULL },
        { "=", "operation", NULL },
        { "=operation", "operation", NULL },
        { "operations=a", "operation", NULL },
        { "xoperation=a", "operation", NULL },
        { "operatio=a", "operation", NULL },
        { "x=operation=a", "operation", NULL },
        { "%6fperation=a", "operation", NULL },
        { "a-name-that-is-much-longer-than-any-we-know=operation", "operation", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes value = { NULL, 0 };
        bool found = scep_query_find(bytes_of_text(cases[i].query), cases[i].name, &value);

        if (found != (cases[i].value != NULL)) {
            fail_msg("\"%s\": %s", cases[i].query, found ? "found" : "not found");
        }
        if (found && !bytes_equal(value, bytes_of_text(cases[i].value))) {
            fail_msg("\"%s\": \"%.*s\"", cases[i].query, (int)value.len, (const char *)value.data);
        }
    }
    assert_false(scep_query_find(bytes_of(NULL, 0), "operation", &(struct bytes){ NULL, 0 }));
}

/* A name with a NUL byte is not the name before it. */
static void find__nul_in_the_name__is_another_name(void **state)
{
    static const uint8_t query[] = "operation\0=x";
    struct bytes value;

    (void)state;
    assert_false(scep_query_find(bytes_of(query, sizeof(query) - 1), "operation", &value));
}

/* ---- percent-decoding ------------------------------------------------------------------------ */

static void decode__escapes__as_rfc_3986_and_not_as_a_form(void **state)
{
    static const struct {
        const char *raw;
        const char *decoded;
    } cases[] = {
        { "", "" },
        { "plain", "plain" },
        { "a+b", "a+b" }, /* not a space: that would break base64 */
        { "a%20b", "a b" },
        { "%2B%2b%2F%2f%3D%3d%0A%0d", "++//==\n\r" },
        { "%4dI", "MI" },
        { "%", "%" },
        { "%4", "%4" },
        { "%4g", "%4g" },
        { "%g4", "%g4" },
        { "%%41", "%A" },
        { "%254d", "%4d" }, /* once, not twice */
        { "\xc3\xbc%c3%bc", "\xc3\xbc\xc3\xbc" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer out = BUFFER_INIT(LIMIT);
        struct error err = ERROR_INIT;

        assert_done(scep_query_decode(bytes_of_text(cases[i].raw), &out, &err), &err, cases[i].raw);
        assert_bytes_text(buffer_bytes(&out), cases[i].decoded);
        buffer_clear(&out);
    }
}

static void decode__longer_than_the_buffer_may_grow__refused(void **state)
{
    struct buffer out = BUFFER_INIT(3);
    struct error err = ERROR_INIT;

    (void)state;
    assert_refused(scep_query_decode(bytes_of_text("abcd"), &out, &err), &err, REASON_LIMIT, "");
    buffer_clear(&out);
}

/* ---- the message of a GET -------------------------------------------------------------------- */

/* 30 08 fb ff fe fb ff be 3e 3f: has '+' and '/' in base64. */
static const uint8_t message[] = { 0x30, 0x08, 0xfb, 0xff, 0xfe, 0xfb, 0xff, 0xbe, 0x3e, 0x3f };

static void message__each_spelling_of_clients_and_proxies__gives_the_same_bytes(void **state)
{
    static const struct {
        const char *client;
        const char *raw;
    } cases[] = {
        { "RFC 8894, escaped", "MAj7%2F%2F77%2F74%2BPw%3D%3D" },
        { "Apple: only '=' escaped", "MAj7//77/74+Pw%3D%3D" },
        { "nothing escaped", "MAj7//77/74+Pw==" },
        { "lower-case hex", "MAj7%2f%2f77%2f74%2bPw%3d%3d" },
        { "a proxy made '+' a space", "MAj7//77/74 Pw==" },
        { "the same, escaped", "MAj7//77/74%20Pw==" },
        { "no padding", "MAj7//77/74+Pw" },
        { "half the padding", "MAj7//77/74+Pw=" },
        { "base64url", "MAj7__77_74-Pw" },
        { "base64url, escaped", "MAj7%5F%5F77%5F74%2DPw" },
        { "sscep: line feeds", "MAj7//77%0A/74+Pw==%0A" },
        { "Cisco: CR LF", "MAj7//77%0D%0A/74+Pw==%0D%0A" },
        { "tabulators", "MAj7%09//77/74+Pw==" },
        { "a line feed inside a group", "M%0AA%0Aj7//77/74+P%0Aw%0A==" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer out = BUFFER_INIT(LIMIT);
        struct error err = ERROR_INIT;

        assert_done(scep_query_message(bytes_of_text(cases[i].raw), &out, &err), &err,
                    cases[i].client);
        if (!bytes_equal(buffer_bytes(&out), bytes_of(message, sizeof(message)))) {
            fail_msg("%s: other bytes", cases[i].client);
        }
        buffer_clear(&out);
    }
}

static void message__no_message__refused_with_its_reason(void **state)
{
    static const struct {
        const char *raw;
        enum reason reason;
    } cases[] = {
        { "", REASON_MESSAGE_MISSING },
        { "%0A", REASON_MESSAGE_MISSING },
        { "====", REASON_BASE64 },
        { "MAj7!", REASON_BASE64 },
        { "MAj7%00", REASON_BASE64 },
        { "MAj7%zz", REASON_BASE64 },
        { "MAj7,77", REASON_BASE64 },
        { "MAj7%2577", REASON_BASE64 },
        { "MAj7\xc3\xbc", REASON_BASE64 },
        { "MAj7/", REASON_BASE64 },      /* one letter of a group says nothing */
        { "MAj7==MAj7", REASON_BASE64 }, /* something behind the padding */
        { "MAj7===", REASON_BASE64 },
        { "AAAA", REASON_NOT_CMS },     /* 00 */
        { "TUlJ", REASON_NOT_CMS },     /* base64 of base64: "MII" */
        { "LS0tLS1C", REASON_NOT_CMS }, /* PEM */
        { "PGh0bWw-", REASON_NOT_CMS }, /* "<html>" */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer out = BUFFER_INIT(LIMIT);
        struct error err = ERROR_INIT;

        assert_refused(scep_query_message(bytes_of_text(cases[i].raw), &out, &err), &err,
                       cases[i].reason, cases[i].raw);
        buffer_clear(&out);
    }
}

/* Indefinite length begins with "MIA": the SEQUENCE is recognised, not the letters "MII". */
static void message__indefinite_length__is_recognised_by_content(void **state)
{
    struct buffer out = BUFFER_INIT(LIMIT);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(scep_query_message(bytes_of_text("MIAAAA=="), &out, &err), &err, "");
    assert_int_equal(out.len, 4);
    buffer_clear(&out);
}

/* ---- the message of a POST ------------------------------------------------------------------- */

static void body__binary_or_base64__gives_the_message(void **state)
{
    static const char *const texts[] = { "MAj7//77/74+Pw==", "MAj7//77/74+Pw",
                                         "MAj7//77\r\n/74+Pw==\r\n" };
    struct buffer decoded = BUFFER_INIT(LIMIT);
    struct bytes found;
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(scep_body_message(bytes_of(message, sizeof(message)), &decoded, &found, &err), &err,
                "binary");
    assert_ptr_equal(found.data, message); /* not copied */
    assert_int_equal(found.len, sizeof(message));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        buffer_reset(&decoded);
        assert_done(scep_body_message(bytes_of_text(texts[i]), &decoded, &found, &err), &err,
                    texts[i]);
        assert_true(bytes_equal(found, bytes_of(message, sizeof(message))));
    }
    buffer_clear(&decoded);
}

static void body__anything_else__refused_with_its_reason(void **state)
{
    static const struct {
        const char *body;
        enum reason reason;
    } cases[] = {
        { "", REASON_MESSAGE_MISSING }, { "not a message", REASON_NOT_CMS },
        { "<html>", REASON_NOT_CMS },   { "-----BEGIN PKCS7-----", REASON_NOT_CMS },
        { "MAj7!", REASON_BASE64 },     { "message=MAj7", REASON_NOT_CMS },
        { "MQA=", REASON_NOT_CMS }, /* a SET */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer decoded = BUFFER_INIT(LIMIT);
        struct bytes found = { NULL, 0 };
        struct error err = ERROR_INIT;

        assert_refused(scep_body_message(bytes_of_text(cases[i].body), &decoded, &found, &err),
                       &err, cases[i].reason, cases[i].body);
        buffer_clear(&decoded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__each_form_of_query__gives_the_raw_value),
        cmocka_unit_test(find__nul_in_the_name__is_another_name),
        cmocka_unit_test(decode__escapes__as_rfc_3986_and_not_as_a_form),
        cmocka_unit_test(decode__longer_than_the_buffer_may_grow__refused),
        cmocka_unit_test(message__each_spelling_of_clients_and_proxies__gives_the_same_bytes),
        cmocka_unit_test(message__no_message__refused_with_its_reason),
        cmocka_unit_test(message__indefinite_length__is_recognised_by_content),
        cmocka_unit_test(body__binary_or_base64__gives_the_message),
        cmocka_unit_test(body__anything_else__refused_with_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
