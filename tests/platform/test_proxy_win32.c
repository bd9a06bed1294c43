/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "platform/proxy.h"

#include <windows.h>
#include <winhttp.h>

/* What "netsh winhttp set proxy" does. */
static bool set_proxy(const wchar_t *proxies, const wchar_t *bypass)
{
    WINHTTP_PROXY_INFO info = { 0 };
    wchar_t proxies_copy[128];
    wchar_t bypass_copy[128];

    info.dwAccessType =
        proxies != NULL ? WINHTTP_ACCESS_TYPE_NAMED_PROXY : WINHTTP_ACCESS_TYPE_NO_PROXY;
    if (proxies != NULL) {
        (void)lstrcpynW(proxies_copy, proxies, 128);
        info.lpszProxy = proxies_copy;
    }
    if (bypass != NULL) {
        (void)lstrcpynW(bypass_copy, bypass, 128);
        info.lpszProxyBypass = bypass_copy;
    }
    return WinHttpSetDefaultProxyConfiguration(&info);
}

/* Only on a machine that has no proxy, and only by whoever may set one: an administrator; under
 * Wine everybody. */
static int probe(void **state)
{
    WINHTTP_PROXY_INFO info = { 0 };
    bool mine = WinHttpGetDefaultProxyConfiguration(&info)
                && info.dwAccessType == WINHTTP_ACCESS_TYPE_NO_PROXY && set_proxy(L"probe:1", NULL);

    *state = mine ? state : NULL;
    return 0;
}

static int forget(void **state)
{
    if (*state != NULL) (void)set_proxy(NULL, NULL);
    return 0;
}

static void of_system__winhttp__followed(void **state)
{
    static const struct {
        const wchar_t *proxies;
        const wchar_t *bypass;
        const char *host;
        const char *proxy; /* NULL: refused */
    } cases[] = {
        { NULL, NULL, "login.example.com", "" },
        { L"proxy.example:8080", NULL, "login.example.com", "http://proxy.example:8080" },
        { L"http=a:1;https=b:2", NULL, "login.example.com", "http://b:2" },
        { L"http=a:1", NULL, "login.example.com", "" },
        { L"p:1", L"*.example.com;<local>", "login.example.com", "" },
        { L"p:1", L"*.example.com;<local>", "intranet", "" },
        { L"p:1", L"*.example.com;<local>", "login.example.org", "http://p:1" },
        { L"socks5://p:1", NULL, "login.example.com", NULL },
    };

    if (*state == NULL) {
        test_skip("the machine's proxy is not ours to change");
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char proxy[PROXY_TEXT_MAX];
        struct error err = ERROR_INIT;
        bool ok = false;

        assert_true(set_proxy(cases[i].proxies, cases[i].bypass));
        ok = proxy_of_system(cases[i].host, proxy, &err);
        if (cases[i].proxy != NULL) {
            assert_done(ok, &err, cases[i].host);
            assert_string_equal(proxy, cases[i].proxy);
        } else {
            assert_refused(ok, &err, REASON_HTTP_CLIENT, cases[i].host);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_system__winhttp__followed),
    };

    return cmocka_run_group_tests(tests, probe, forget);
}
