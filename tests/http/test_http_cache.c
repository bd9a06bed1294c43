/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "http/http_cache.h"

#define NOW INT64_C(784111777) /* the example of RFC 9110 5.6.7 */

static void date__table__as_http_writes_it(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        { NOW, "Sun, 06 Nov 1994 08:49:37 GMT" },
        { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
        { -1, "Wed, 31 Dec 1969 23:59:59 GMT" },
        { INT64_C(951782400), "Tue, 29 Feb 2000 00:00:00 GMT" },
        { INT64_C(4102444799), "Thu, 31 Dec 2099 23:59:59 GMT" },
    };
    char text[HTTP_DATE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        http_cache_date(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void allow__until_later__four_headers(void **state)
{
    struct http_response response = { .status = 0 };
    struct buffer body = BUFFER_INIT(16);
    struct error err = ERROR_INIT;
    const char *headers = NULL;

    (void)state;
    assert_done(buffer_append_text(&body, "abc", &err), &err, "");
    http_response_body(&response, "text/plain", &body);
    assert_done(http_cache_allow(&response, NOW, NOW - 600, NOW + 90, &err), &err, "");
    assert_true(response.may_be_kept);
    headers = buffer_text(&response.headers);
    assert_string_equal(
        headers, "ETag: \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n"
                 "Last-Modified: Sun, 06 Nov 1994 08:39:37 GMT\n"
                 "Expires: Sun, 06 Nov 1994 08:51:07 GMT\n"
                 "Cache-Control: max-age=90, public, no-transform, must-revalidate\n");
    buffer_clear(&response.headers);
    buffer_clear(&response.body);
}

static void allow__over_already__kept_by_nobody(void **state)
{
    struct http_response response = { .status = 0 };
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(http_cache_allow(&response, NOW, NOW, NOW, &err), &err, "");
    assert_false(response.may_be_kept);
    assert_int_equal(response.headers.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(date__table__as_http_writes_it),
        cmocka_unit_test(allow__until_later__four_headers),
        cmocka_unit_test(allow__over_already__kept_by_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
