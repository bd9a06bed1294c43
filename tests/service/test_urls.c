/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  which addresses are shown and written into certificates.
 * Not here: parsing listeners (tests/config).
 * Owns:     nothing.
 * Threads:  one.
 * Spec:     docs/urls.md, docs/https.md.
 */
#include "service/urls.h"

#include <string.h>

#include "support/test_support.h"

/* Every field of a config is a text here; nothing is changed or freed. */
static struct url_bases bases(const char *listen, const char *https, const char *public_url)
{
    struct service_config config = { 0 };
    struct url_bases out;

    config.listen = (char *)(uintptr_t)listen;
    config.https.listen = (char *)(uintptr_t)https;
    config.public_url = (char *)(uintptr_t)public_url;
    url_bases_of_config(&config, &out);
    return out;
}

static void config__table__gives_bases(void **state)
{
    static const struct {
        const char *listen, *https, *public_url, *scep, *admin, *crl;
    } cases[] = {
        { "127.0.0.1:8080", "", "", "http://127.0.0.1:8080", "http://127.0.0.1:8080",
          "http://127.0.0.1:8080" },
        { "192.0.2.7:80", "", "", "http://192.0.2.7", "http://192.0.2.7", "http://192.0.2.7" },
        { "[2001:db8::1]:8080,127.0.0.1:1", "", "", "http://[2001:db8::1]:8080",
          "http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080" },
        { "192.0.2.7:80", "192.0.2.7:443", "", "http://192.0.2.7", "https://192.0.2.7",
          "http://192.0.2.7" },
        { "192.0.2.7:80/scep+crl", "192.0.2.7:8443/ui", "", "http://192.0.2.7",
          "https://192.0.2.7:8443", "http://192.0.2.7" },
        { "192.0.2.7:80/crl", "192.0.2.7:443/scep", "", "https://192.0.2.7", "",
          "http://192.0.2.7" },
        { "", "[::1]:443", "", "https://[::1]", "https://[::1]", "https://[::1]" },
        { "192.0.2.7:80", "", "http://pki.example.com/x", "http://pki.example.com/x",
          "http://pki.example.com/x", "http://pki.example.com/x" },
        { "192.0.2.7:80", "192.0.2.7:443", "http://pki.example.com:81", "http://pki.example.com:81",
          "https://pki.example.com", "http://pki.example.com:81" },
        { "192.0.2.7:80", "192.0.2.7:8443", "http://[2001:db8::1]:81", "http://[2001:db8::1]:81",
          "https://[2001:db8::1]:8443", "http://[2001:db8::1]:81" },
        { "192.0.2.7:80", "192.0.2.7:8443", "https://pki.example.com", "https://pki.example.com",
          "https://pki.example.com", "https://pki.example.com" },
        { "not an address", "", "", "", "", "" },
        { "", "", "", "", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct url_bases found = bases(cases[i].listen, cases[i].https, cases[i].public_url);

        assert_string_equal(found.scep, cases[i].scep);
        assert_string_equal(found.admin, cases[i].admin);
        assert_string_equal(found.crl, cases[i].crl);
    }
}

static void config__every_address__is_shown_with_the_host_name(void **state)
{
    struct url_bases found = bases("0.0.0.0:8080", "", "");

    (void)state;
    assert_memory_equal(found.scep, "http://", 7);
    assert_null(strstr(found.scep, "0.0.0.0"));
    assert_non_null(strstr(found.scep, ":8080"));
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
        cmocka_unit_test(config__table__gives_bases),
        cmocka_unit_test(config__every_address__is_shown_with_the_host_name),
        cmocka_unit_test(url__host__without_port_and_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
