/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "platform/proxy_text.h"

static void bypassed__lists__as_written(void **state)
{
    static const struct {
        const char *list;
        const char *host;
        bool bypassed;
    } cases[] = {
        { "", "a.example.com", false },
        { " ;, ", "a.example.com", false },
        { "a.example.com", "a.example.com", true },
        { "A.Example.COM", "a.example.com", true },
        { "a.example.com", "b.a.example.com", false },
        { "x,y;a.example.com z", "a.example.com", true },
        { "x\ta.example.com\r\n", "a.example.com", true },
        { "example.com", "badexample.com", false },
        { ".example.com", "a.example.com", true },
        { ".example.com", "b.a.example.com", true },
        { ".example.com", "example.com", true },
        { ".example.com", "badexample.com", false },
        { ".example.com", "com", false },
        { "*.example.com", "a.example.com", true },
        { "*.example.com", "example.com", false },
        { "*.example.com", "badexample.com", false },
        { "*", "a.example.com", true },
        { "10.*", "10.1.2.3", true },
        { "10.*", "110.1.2.3", false },
        { "192.0.2.7", "192.0.2.7", true },
        { "<local>", "intranet", true },
        { "<LOCAL>", "intranet", true },
        { "<local>", "a.example.com", false },
        { "<local>", "2001:db8::1", false },
        { "x;<local>", "intranet", true },
        { "[2001:db8::1]", "2001:db8::1", true },
        { "2001:db8::1", "[2001:DB8::1]", true },
        { "a.example.com.", "a.example.com", true },
        { "a.example.com", "a.example.com.", true },
        { ".", "a.example.com", false },
        { "a.example.com", "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (proxy_bypassed(cases[i].list, cases[i].host) != cases[i].bypassed) {
            print_error("\"%s\", %s\n", cases[i].list, cases[i].host);
            fail();
        }
    }
}

static void bypassed__overlong__not(void **state)
{
    char host[1000];

    (void)state;
    memset(host, 'a', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    assert_false(proxy_bypassed("*", host));
    assert_false(proxy_bypassed(host, "a"));
    assert_true(proxy_bypassed("b", "b"));
}

static void of_list__settings__https_first(void **state)
{
    static const struct {
        const char *list;
        const char *proxy; /* NULL: refused */
        const char *sentence;
    } cases[] = {
        { "", "", NULL },
        { "proxy:8080", "http://proxy:8080", NULL },
        { "http://proxy.example:3128", "http://proxy.example:3128", NULL },
        { "HTTP://proxy.example:3128/", "http://proxy.example:3128", NULL },
        { "[2001:db8::1]:8080", "http://[2001:db8::1]:8080", NULL },
        { "http=a:1;https=b:2", "http://b:2", NULL },
        { "http=a:1 https=http://b:2", "http://b:2", NULL },
        { "c:3;https=b:2", "http://b:2", NULL },
        { "http=a:1;c:3", "http://c:3", NULL },
        { "c:3;d:4", "http://c:3", NULL },
        { "http=a:1;ftp=b:2", "", NULL },
        { "HTTPS=b:2", "http://b:2", NULL },
        { "proxy", NULL, "HOST:PORT" },
        { "http://proxy", NULL, "HOST:PORT" },
        { "proxy:", NULL, "HOST:PORT" },
        { ":8080", NULL, "HOST:PORT" },
        { "proxy:0", NULL, "HOST:PORT" },
        { "proxy:65536", NULL, "HOST:PORT" },
        { "proxy:80x", NULL, "HOST:PORT" },
        { "[2001:db8::1]", NULL, "HOST:PORT" },
        { "http://proxy:80/path", NULL, "HOST:PORT" },
        { "https=", NULL, "HOST:PORT" },
        { "https://proxy:443", NULL, "no HTTP proxy" },
        { "socks5://proxy:1080", NULL, "no HTTP proxy" },
        { "http://user:secret-word@proxy:80", NULL, "intune.proxy_user" },
        { "user:secret-word@proxy:80", NULL, "...@proxy:80" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char proxy[PROXY_TEXT_MAX] = "unset";
        struct error err = ERROR_INIT;
        bool ok = proxy_of_list(cases[i].list, "the setting", proxy, &err);

        if (cases[i].proxy != NULL) {
            assert_done(ok, &err, cases[i].list);
            assert_string_equal(proxy, cases[i].proxy);
        } else {
            assert_refused(ok, &err, REASON_HTTP_CLIENT, cases[i].list);
            assert_non_null(strstr(err.detail, cases[i].sentence));
            assert_non_null(strstr(err.detail, "the setting"));
            assert_null(strstr(err.detail, "secret-word"));
        }
    }
}

static void of_list__overlong__refused(void **state)
{
    char list[2 * PROXY_TEXT_MAX];
    char proxy[PROXY_TEXT_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    memset(list, 'a', sizeof(list));
    for (size_t len = PROXY_TEXT_MAX - 7; len < PROXY_TEXT_MAX + 2; len++) {
        memcpy(list + len - 3, ":80", 4);
        error_clear(&err);
        assert_refused(proxy_of_list(list, "the setting", proxy, &err), &err, REASON_HTTP_CLIENT,
                       "");
        list[len] = 'a';
        memset(list + len - 3, 'a', 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bypassed__lists__as_written),
        cmocka_unit_test(bypassed__overlong__not),
        cmocka_unit_test(of_list__settings__https_first),
        cmocka_unit_test(of_list__overlong__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
