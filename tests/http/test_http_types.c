/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "http/http_target.h"
#include "http/http_types.h"

struct target_case {
    const char *raw;
    const char *path;
    const char *query;
    enum reason refused;
};

static const struct target_case targets[] = {
    { "/", "/", "", REASON_NONE },
    { "/scep/wifi?operation=GetCACaps", "/scep/wifi", "operation=GetCACaps", REASON_NONE },
    { "/a%20b%2Fc", "/a b/c", "", REASON_NONE },
    { "/a+b", "/a+b", "", REASON_NONE },
    { "/a%2525", "/a%25", "", REASON_NONE }, /* once, not twice */
    { "/p?m=%2B%00+ ?x", "/p", "m=%2B%00+ ?x", REASON_NONE },
    { "/p?", "/p", "", REASON_NONE },
    { "/%ff", "/\xff", "", REASON_NONE },
    { "http://host/p?q", "/p", "q", REASON_NONE },
    { "HTTP://host:80/p", "/p", "", REASON_NONE },
    { "https://host", "/", "", REASON_NONE },
    { "http://host?q", "/", "q", REASON_NONE },
    { "*", "*", "", REASON_NONE },
    { "/a%00b", "", "", REASON_SYNTAX },
    { "/a%0", "", "", REASON_SYNTAX },
    { "/a%zz", "", "", REASON_SYNTAX },
    { "/a%", "", "", REASON_SYNTAX },
    { "host:443", "", "", REASON_SYNTAX },
    { "", "", "", REASON_SYNTAX },
    { "?q", "", "", REASON_SYNTAX },
};

static void http_target_parse__table__as_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        const struct target_case *c = &targets[i];
        struct error err = ERROR_INIT;
        struct http_target target;

        if (c->refused == REASON_NONE) {
            assert_done(http_target_parse(c->raw, &target, &err), &err, c->raw);
        } else {
            assert_refused(http_target_parse(c->raw, &target, &err), &err, c->refused, c->raw);
        }
        assert_string_equal(target.path, c->path);
        assert_bytes_text(target.raw_query, c->query);
    }
}

/* A path or a query of `len` bytes. */
static void parse_long(size_t len, bool in_query, enum reason expected)
{
    struct buffer raw = BUFFER_INIT(200000);
    struct error err = ERROR_INIT;
    struct http_target target;

    assert_true(buffer_append_text(&raw, in_query ? "/?" : "/", &err));
    for (size_t i = in_query ? 0 : 1; i < len; i++) {
        assert_true(buffer_append_byte(&raw, 'a', &err));
    }
    if (expected == REASON_NONE) {
        assert_done(http_target_parse(buffer_text(&raw), &target, &err), &err, "long");
        assert_int_equal(in_query ? target.raw_query.len : strlen(target.path), len);
    } else {
        assert_refused(http_target_parse(buffer_text(&raw), &target, &err), &err, expected,
                       "too long");
    }
    buffer_clear(&raw);
}

static void http_target_parse__limit_and_one_more__only_limit_is_taken(void **state)
{
    (void)state;
    parse_long(LIMIT_PATH_BYTES, false, REASON_NONE);
    parse_long(LIMIT_PATH_BYTES + 1, false, REASON_URI_TOO_LONG);
    parse_long(LIMIT_QUERY_BYTES, true, REASON_NONE);
    parse_long(LIMIT_QUERY_BYTES + 1, true, REASON_URI_TOO_LONG);
}

static void http_response_error__denied__has_no_body(void **state)
{
    struct http_response response;
    struct error err = ERROR_INIT;

    (void)state;
    memset(&response, 0, sizeof(response));
    (void)error_set(&err, REASON_ADDRESS_DENIED, "detail");
    http_response_error(&response, &err);
    assert_int_equal(response.status, 403);
    assert_null(response.content_type);
    assert_int_equal(response.body.len, 0);
}

static void http_response_error__busy__public_text_and_retry_after(void **state)
{
    struct http_response response;
    struct error err = ERROR_INIT;

    (void)state;
    memset(&response, 0, sizeof(response));
    (void)error_set(&err, REASON_SERVER_BUSY, "secret detail");
    http_response_error(&response, &err);
    assert_int_equal(response.status, 503);
    assert_true(response.retry_after > 0);
    assert_string_equal(response.content_type, "text/plain");
    assert_bytes_text(buffer_bytes(&response.body), "busy, try again\n");
    buffer_clear(&response.body);
}

static void http_response_body__buffer__is_moved(void **state)
{
    struct buffer body = BUFFER_INIT(10);
    struct http_response response;
    struct error err = ERROR_INIT;

    (void)state;
    memset(&response, 0, sizeof(response));
    assert_true(buffer_append_text(&body, "hello", &err));
    http_response_body(&response, "text/plain", &body);
    assert_int_equal(response.status, 200);
    assert_int_equal(body.len, 0);
    assert_null(body.data);
    assert_bytes_text(buffer_bytes(&response.body), "hello");
    buffer_clear(&response.body);
}

static void give_back(void *owner)
{
    *(unsigned *)owner += 1;
}

static void http_response_lend__another_body_or_an_error__given_back_once(void **state)
{
    unsigned given = 0;
    struct http_lent lent = { bytes_of_text("shared"), give_back, &given };
    struct http_response response = { .status = 0 };
    struct error err = ERROR_INIT;

    (void)state;
    http_response_lend(&response, "text/plain", &lent);
    assert_int_equal(response.status, 200);
    assert_int_equal(given, 0);
    http_response_lend(&response, "text/plain", &lent); /* the first one goes */
    assert_int_equal(given, 1);
    (void)error_set(&err, REASON_ADDRESS_DENIED, "no");
    http_response_error(&response, &err);
    assert_int_equal(given, 2);
    assert_null(response.lent.give_back);
    http_response_drop_body(&response);
    assert_int_equal(given, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_target_parse__table__as_expected),
        cmocka_unit_test(http_target_parse__limit_and_one_more__only_limit_is_taken),
        cmocka_unit_test(http_response_error__denied__has_no_body),
        cmocka_unit_test(http_response_error__busy__public_text_and_retry_after),
        cmocka_unit_test(http_response_lend__another_body_or_an_error__given_back_once),
        cmocka_unit_test(http_response_body__buffer__is_moved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
