/* SPDX-License-Identifier: Apache-2.0 */
#include "service/urls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void listener__first_of_a_list__becomes_a_url(void **state)
{
    static const char *const cases[][2] = {
        { "127.0.0.1:8080", "http://127.0.0.1:8080" },
        { "192.0.2.7:80", "http://192.0.2.7" },
        { "[2001:db8::1]:8080,127.0.0.1:1", "http://[2001:db8::1]:8080" },
        { "not an address", "" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char url[URL_BASE_MAX];

        url_base_of_list(cases[i][0], url);
        assert_string_equal(url, cases[i][1]);
    }
}

static void listener__on_every_address__is_shown_with_the_host_name(void **state)
{
    char url[URL_BASE_MAX];

    (void)state;
    url_base_of_list("0.0.0.0:8080", url);
    assert_memory_equal(url, "http://", 7);
    assert_null(strstr(url, "0.0.0.0"));
    assert_non_null(strstr(url, ":8080"));
}

static void url__host__without_port_and_brackets(void **state)
{
    static const struct {
        const char *url, *host; /* NULL: none */
    } cases[] = {
        { "http://scep.example.com", "scep.example.com" },
        { "https://scep.example.com:8443/below", "scep.example.com" },
        { "http://scep.example.com/a:b", "scep.example.com" },
        { "http://192.0.2.1:80", "192.0.2.1" },
        { "http://[2001:db8::1]:80", "2001:db8::1" },
        { "http://", NULL },
        { "http://[]", NULL },
        { "scep.example.com", NULL },
        { "", NULL },
        { "http://a-host-longer-than-the-room-for-it.example.com", NULL },
    };
    char host[32];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool found = url_host(cases[i].url, host, sizeof(host));

        assert_int_equal(found, cases[i].host != NULL);
        if (found) {
            assert_string_equal(host, cases[i].host);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listener__first_of_a_list__becomes_a_url),
        cmocka_unit_test(listener__on_every_address__is_shown_with_the_host_name),
        cmocka_unit_test(url__host__without_port_and_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
