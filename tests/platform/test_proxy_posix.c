/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>
#include <string.h>

#include "platform/proxy.h"

static void forget_all(void)
{
    static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                         "no_proxy",    "NO_PROXY",    "http_proxy" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(unsetenv(names[i]), 0);
    }
}

static void of_system__environment__as_curl_reads_it(void **state)
{
    static const struct {
        const char *name;
        const char *set[6]; /* name, value, ... */
        const char *host;
        const char *proxy; /* NULL: refused */
    } cases[] = {
        { "nothing", { NULL }, "a.example.com", "" },
        { "https_proxy", { "https_proxy", "http://p:1" }, "a.example.com", "http://p:1" },
        { "capitals", { "HTTPS_PROXY", "p:2" }, "a.example.com", "http://p:2" },
        { "small first",
          { "HTTPS_PROXY", "p:2", "https_proxy", "p:1" },
          "a.example.com",
          "http://p:1" },
        { "all_proxy", { "all_proxy", "p:3" }, "a.example.com", "http://p:3" },
        { "http_proxy is for http", { "http_proxy", "p:4" }, "a.example.com", "" },
        { "no_proxy",
          { "https_proxy", "p:1", "no_proxy", "x,a.example.com" },
          "a.example.com",
          "" },
        { "no_proxy, parent",
          { "https_proxy", "p:1", "NO_PROXY", "example.com" },
          "a.example.com",
          "" },
        { "no_proxy, other parent",
          { "https_proxy", "p:1", "NO_PROXY", "ample.com" },
          "a.example.com",
          "http://p:1" },
        { "no_proxy, all", { "https_proxy", "p:1", "NO_PROXY", "*" }, "a.example.com", "" },
        { "no_proxy, broken proxy",
          { "https_proxy", "socks5://p:1", "NO_PROXY", "*" },
          "a.example.com",
          "" },
        { "another kind", { "https_proxy", "socks5://p:1" }, "a.example.com", NULL },
        { "user", { "https_proxy", "http://u:secret-word@p:1" }, "a.example.com", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char proxy[PROXY_TEXT_MAX];
        struct error err = ERROR_INIT;
        bool ok = false;

        forget_all();
        for (size_t j = 0; j < 6 && cases[i].set[j] != NULL; j += 2) {
            assert_int_equal(setenv(cases[i].set[j], cases[i].set[j + 1], 1), 0);
        }
        ok = proxy_of_system(cases[i].host, proxy, &err);
        if (cases[i].proxy != NULL) {
            assert_done(ok, &err, cases[i].name);
            assert_string_equal(proxy, cases[i].proxy);
        } else {
            assert_refused(ok, &err, REASON_HTTP_CLIENT, cases[i].name);
            assert_null(strstr(err.detail, "secret-word"));
        }
    }
    forget_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_system__environment__as_curl_reads_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
