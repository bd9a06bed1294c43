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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listener__first_of_a_list__becomes_a_url),
        cmocka_unit_test(listener__on_every_address__is_shown_with_the_host_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
