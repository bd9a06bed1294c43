/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/ip_prefix.h"

/* NULL: refused; otherwise the canonical form (RFC 5952). */
static const struct {
    const char *text;
    const char *expected;
} addresses[] = {
    { "0.0.0.0", "0.0.0.0" },
    { "255.255.255.255", "255.255.255.255" },
    { "10.0.0.5", "10.0.0.5" },
    { "::", "::" },
    { "::1", "::1" },
    { "1::", "1::" },
    { "2001:db8::1", "2001:db8::1" },
    { "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
    { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* one zero group stays */
    { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },    /* the first of two runs */
    { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },          /* the longest run */
    { "0:0:0:0:0:0:0:0", "::" },
    { "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
    { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
    { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
    { "64:ff9b::192.0.2.1", "64:ff9b::c000:201" },
    { "1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201" },
    { "::ffff:10.0.0.5", "10.0.0.5" }, /* mapped: IPv4 */
    { "::FFFF:a00:5", "10.0.0.5" },
    { "0:0:0:0:0:ffff:10.0.0.5", "10.0.0.5" },
    { "::ffff:0:10.0.0.5", "::ffff:0:a00:5" }, /* translated, not mapped */
    { "::10.0.0.5", "::a00:5" },               /* compatible, not mapped */
    { "", NULL },
    { " 10.0.0.5", NULL },
    { "10.0.0.5 ", NULL },
    { "10.0.0", NULL },
    { "10.0.0.0.1", NULL },
    { "10.0.0.", NULL },
    { ".10.0.0", NULL },
    { "10..0.1", NULL },
    { "10.0.0.256", NULL },
    { "10.0.0.05", NULL }, /* octal elsewhere */
    { "010.0.0.5", NULL },
    { "0x0a.0.0.5", NULL },
    { "167772165", NULL },
    { "-1.0.0.5", NULL },
    { "10.0.0.5x", NULL },
    { "10.0.0.5.", NULL },
    { "1000.0.0.5", NULL },
    { ":", NULL },
    { ":1", NULL },
    { "1:", NULL },
    { ":::", NULL },
    { "1:::2", NULL },
    { "1::2::3", NULL },
    { "::1:", NULL },
    { "1:2:3:4:5:6:7", NULL },
    { "1:2:3:4:5:6:7:8:9", NULL },
    { "1:2:3:4:5:6:7:8:", NULL },
    { "1:2:3:4::5:6:7:8", NULL }, /* "::" for no group at all */
    { "12345::", NULL },
    { "g::", NULL },
    { "::192.0.2", NULL },
    { "192.0.2.1::", NULL },
    { "1:2:3:4:5:6:7:192.0.2.1", NULL },
    { "::192.0.2.1:1", NULL },
    { "fe80::1%eth0", NULL },
    { "[::1]", NULL },
    { "localhost", NULL },
    { "\xc3\xa4", NULL },
};

static void address__texts__parsed_and_printed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct ip_address a;
        struct ip_address again;
        struct error err = ERROR_INIT;
        char text[IP_TEXT_MAX];

        if (addresses[i].expected == NULL) {
            assert_refused(ip_address_parse(bytes_of_text(addresses[i].text), &a, &err), &err,
                           REASON_SYNTAX, addresses[i].text);
            continue;
        }
        assert_done(ip_address_parse(bytes_of_text(addresses[i].text), &a, &err), &err,
                    addresses[i].text);
        ip_address_format(&a, text);
        assert_string_equal(text, addresses[i].expected);
        assert_done(ip_address_parse(bytes_of_text(text), &again, &err), &err, text);
        assert_true(ip_address_equal(&a, &again));
    }
}

static void address__longest_text__fits(void **state)
{
    struct ip_address a = { true, { 0 } };
    char text[IP_TEXT_MAX];

    (void)state;
    memset(a.octets, 0xff, sizeof(a.octets));
    ip_address_format(&a, text);
    assert_string_equal(text, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static struct ip_address address(const char *text)
{
    struct ip_address a;
    struct error err = ERROR_INIT;

    assert_done(ip_address_parse(bytes_of_text(text), &a, &err), &err, text);
    return a;
}

static void address__kinds__told_apart(void **state)
{
    static const struct {
        const char *text;
        bool any;
        bool loopback;
    } cases[] = {
        { "0.0.0.0", true, false },    { "::", true, false },
        { "127.0.0.1", false, true },  { "127.255.255.254", false, true },
        { "::1", false, true },        { "::ffff:127.0.0.1", false, true },
        { "128.0.0.1", false, false }, { "::2", false, false },
        { "0.0.0.1", false, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ip_address a = address(cases[i].text);

        if (ip_address_is_any(&a) != cases[i].any
            || ip_address_is_loopback(&a) != cases[i].loopback) {
            fail_msg("%s", cases[i].text);
        }
    }
    struct ip_address v4 = address("0.0.0.0");
    struct ip_address v6 = address("::");

    assert_false(ip_address_equal(&v4, &v6));
}

/* prefix text -> canonical network and bits, or what the message must hold */
static const struct {
    const char *text;
    const char *network;
    unsigned bits;
    const char *message;
} prefixes[] = {
    { "10.0.0.5", "10.0.0.5", 32, NULL },
    { "10.1.0.0/16", "10.1.0.0", 16, NULL },
    { "0.0.0.0/0", "0.0.0.0", 0, NULL },
    { "10.0.0.5/32", "10.0.0.5", 32, NULL },
    { "128.0.0.0/1", "128.0.0.0", 1, NULL },
    { "10.0.0.4/31", "10.0.0.4", 31, NULL },
    { "2001:db8::/32", "2001:db8::", 32, NULL },
    { "::/0", "::", 0, NULL },
    { "::1", "::1", 128, NULL },
    { "::1/128", "::1", 128, NULL },
    { "fe80::/10", "fe80::", 10, NULL },
    { "::ffff:10.1.0.0/112", "10.1.0.0", 16, NULL },
    { "::ffff:0:0/96", "0.0.0.0", 0, NULL },
    { "::ffff:10.0.0.5", "10.0.0.5", 32, NULL },
    { "10.1.2.3/16", NULL, 0, "10.1.0.0/16" },
    { "10.0.0.1/0", NULL, 0, "0.0.0.0/0" },
    { "2001:db8::1/32", NULL, 0, "2001:db8::/32" },
    { "::ffff:10.0.0.0/90", NULL, 0, "::ffc0:0:0/90" },
    { "10.0.0.0/33", NULL, 0, "0 to 32" },
    { "10.0.0.0/", NULL, 0, "0 to 32" },
    { "10.0.0.0/08", NULL, 0, "0 to 32" },
    { "10.0.0.0/-1", NULL, 0, "0 to 32" },
    { "10.0.0.0/+8", NULL, 0, "0 to 32" },
    { "10.0.0.0/8 ", NULL, 0, "0 to 32" },
    { "10.0.0.0/8/8", NULL, 0, "0 to 32" },
    { "10.0.0.0/255.0.0.0", NULL, 0, "0 to 32" },
    { "10.0.0.0/4294967304", NULL, 0, "0 to 32" },
    { "::/129", NULL, 0, "0 to 128" },
    { "/8", NULL, 0, "IP address" },
    { "", NULL, 0, "IP address" },
    { "10.0.0/8", NULL, 0, "IP address" },
};

static void prefix__texts__parsed_or_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        struct ip_prefix p;
        struct error err = ERROR_INIT;
        char text[IP_TEXT_MAX];
        bool ok = ip_prefix_parse(bytes_of_text(prefixes[i].text), &p, &err);

        if (prefixes[i].network == NULL) {
            assert_refused(ok, &err, REASON_SYNTAX, prefixes[i].text);
            if (strstr(err.detail, prefixes[i].message) == NULL) fail_msg("%s", err.detail);
            continue;
        }
        assert_done(ok, &err, prefixes[i].text);
        ip_address_format(&p.address, text);
        assert_string_equal(text, prefixes[i].network);
        assert_int_equal(p.bits, prefixes[i].bits);
    }
}

static void prefix__contains__exactly_its_range(void **state)
{
    static const struct {
        const char *prefix;
        const char *address;
        bool inside;
    } cases[] = {
        { "10.1.0.0/16", "10.1.0.0", true },
        { "10.1.0.0/16", "10.1.255.255", true },
        { "10.1.0.0/16", "10.0.255.255", false },
        { "10.1.0.0/16", "10.2.0.0", false },
        { "10.1.0.0/16", "::ffff:10.1.2.3", true },
        { "10.1.0.0/16", "::10.1.2.3", false },
        { "10.0.0.4/31", "10.0.0.5", true },
        { "10.0.0.4/31", "10.0.0.6", false },
        { "10.0.0.5", "10.0.0.5", true },
        { "10.0.0.5", "10.0.0.4", false },
        { "0.0.0.0/0", "255.255.255.255", true },
        { "0.0.0.0/0", "::1", false },
        { "::/0", "ffff::", true },
        { "::/0", "10.0.0.5", false }, /* an IPv6 prefix says nothing about IPv4 */
        { "2001:db8::/33", "2001:db8:7fff:ffff::", true },
        { "2001:db8::/33", "2001:db8:8000::", false },
        { "::1", "::1", true },
        { "::1", "::", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ip_address a = address(cases[i].address);
        struct ip_prefix p;
        struct error err = ERROR_INIT;

        assert_done(ip_prefix_parse(bytes_of_text(cases[i].prefix), &p, &err), &err,
                    cases[i].prefix);
        if (ip_prefix_contains(&p, &a) != cases[i].inside) {
            fail_msg("%s in %s", cases[i].address, cases[i].prefix);
        }
    }
}

static void endpoint__texts__parsed_or_refused(void **state)
{
    static const struct {
        const char *text;
        const char *address; /* NULL: refused */
        unsigned port;
    } cases[] = {
        { "127.0.0.1:8080", "127.0.0.1", 8080 },
        { "0.0.0.0:0", "0.0.0.0", 0 },
        { "[::1]:8080", "::1", 8080 },
        { "[::]:65535", "::", 65535 },
        { "[::ffff:10.0.0.5]:80", "10.0.0.5", 80 },
        { "127.0.0.1:65536", NULL, 0 },
        { "127.0.0.1:000080", NULL, 0 },
        { "127.0.0.1:", NULL, 0 },
        { "127.0.0.1", NULL, 0 },
        { ":80", NULL, 0 },
        { "80", NULL, 0 },
        { "", NULL, 0 },
        { "::1:80", NULL, 0 },
        { "[::1]", NULL, 0 },
        { "[::1]80", NULL, 0 },
        { "[]:80", NULL, 0 },
        { "[:80", NULL, 0 },
        { "]:80", NULL, 0 },
        { "[127.0.0.1]:80", NULL, 0 },
        { "localhost:80", NULL, 0 },
        { "*:80", NULL, 0 },
        { "127.0.0.1:+80", NULL, 0 },
        { "127.0.0.1: 80", NULL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ip_address a;
        struct error err = ERROR_INIT;
        uint16_t port = 0;
        char text[IP_TEXT_MAX];
        bool ok = ip_endpoint_parse(cases[i].text, &a, &port, &err);

        if (cases[i].address == NULL) {
            assert_refused(ok, &err, REASON_SYNTAX, cases[i].text);
            continue;
        }
        assert_done(ok, &err, cases[i].text);
        ip_address_format(&a, text);
        assert_string_equal(text, cases[i].address);
        assert_int_equal(port, cases[i].port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address__texts__parsed_and_printed),
        cmocka_unit_test(address__longest_text__fits),
        cmocka_unit_test(address__kinds__told_apart),
        cmocka_unit_test(prefix__texts__parsed_or_explained),
        cmocka_unit_test(prefix__contains__exactly_its_range),
        cmocka_unit_test(endpoint__texts__parsed_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
