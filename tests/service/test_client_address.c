/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  X-Forwarded-For counts from listed proxies only, and cannot be forged past them.
 * Not here: the address lists themselves (tests/http/test_ip_acl.c).
 * Owns:     nothing.
 * Threads:  one.
 * Spec:     docs/https.md.
 */
#include "service/client_address.h"
#include "support/test_support.h"

static struct ip_acl *proxies(char *list)
{
    struct acl_config config = { .enabled = true, .allowed = list, .limit = ACL_LIMIT_BOTH };
    struct error err = ERROR_INIT;
    struct ip_acl *acl = ip_acl_create(&config, &err);

    assert_done(acl != NULL, &err, "proxies");
    return acl;
}

static void resolve__table__finds_the_client(void **state)
{
    static char list[] = "10.0.0.0/24,2001:db8::1";
    static const struct {
        const char *peer, *forwarded_for, *client; /* client NULL: refused */
    } cases[] = {
        { "192.0.2.1", NULL, "192.0.2.1" },
        { "192.0.2.1", "10.1.1.1", "192.0.2.1" },
        { "192.0.2.1", "rubbish", "192.0.2.1" },
        { "10.0.0.5", NULL, "10.0.0.5" },
        { "10.0.0.5", "", "10.0.0.5" },
        { "10.0.0.5", "198.51.100.7", "198.51.100.7" },
        { "10.0.0.5", " 198.51.100.7 ", "198.51.100.7" },
        { "10.0.0.5", "198.51.100.7:4711", "198.51.100.7" },
        { "10.0.0.5", "[2001:db8::7]:4711", "2001:db8::7" },
        { "10.0.0.5", "[2001:db8::7]", "2001:db8::7" },
        { "10.0.0.5", "2001:db8::7", "2001:db8::7" },
        { "10.0.0.5", "::ffff:198.51.100.7", "198.51.100.7" },
        { "2001:db8::1", "198.51.100.7", "198.51.100.7" },
        /* what the client wrote itself stands before what the proxy wrote */
        { "10.0.0.5", "10.0.0.9, 198.51.100.7", "198.51.100.7" },
        { "10.0.0.5", "rubbish, 198.51.100.7", "198.51.100.7" },
        { "10.0.0.5", "127.0.0.1,198.51.100.7,10.0.0.6", "198.51.100.7" },
        /* only proxies: the outermost of them */
        { "10.0.0.5", "10.0.0.7,10.0.0.6", "10.0.0.7" },
        { "10.0.0.5", "rubbish", NULL },
        { "10.0.0.5", "198.51.100.7,", NULL },
        { "10.0.0.5", "rubbish,10.0.0.6", NULL },
        { "10.0.0.5", "198.51.100.7/24", NULL },
        { "10.0.0.5", "unknown", NULL },
        { "10.0.0.5", "[]", NULL },
    };
    struct ip_acl *acl = proxies(list);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request request = { .forwarded_for = cases[i].forwarded_for };
        struct error err = ERROR_INIT;
        char client[IP_TEXT_MAX];
        bool ok;

        assert_true(ip_address_parse(bytes_of_text(cases[i].peer), &request.peer, &err));
        ok = client_address_resolve(acl, &request, &err);
        assert_int_equal(ok, cases[i].client != NULL);
        if (ok) {
            ip_address_format(&request.peer, client);
            assert_string_equal(client, cases[i].client);
        } else {
            assert_int_equal(err.reason, REASON_SYNTAX);
        }
    }
    ip_acl_free(acl);
}

static void resolve__forwarded_proto__counts_from_proxies_only(void **state)
{
    static char list[] = "10.0.0.5";
    static const struct {
        const char *peer, *proto;
        bool before, after;
    } cases[] = {
        { "10.0.0.5", "https", false, true }, { "10.0.0.5", "HTTPS", false, true },
        { "10.0.0.5", "http", true, false },  { "10.0.0.5", NULL, false, false },
        { "10.0.0.5", NULL, true, true },     { "192.0.2.1", "https", false, false },
        { "192.0.2.1", "http", true, true },  { "10.0.0.5", "https,http", false, false },
    };
    struct ip_acl *acl = proxies(list);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request request = { .forwarded_proto = cases[i].proto, .tls = cases[i].before };
        struct error err = ERROR_INIT;

        assert_true(ip_address_parse(bytes_of_text(cases[i].peer), &request.peer, &err));
        assert_true(client_address_resolve(acl, &request, &err));
        assert_int_equal(request.tls, cases[i].after);
    }
    ip_acl_free(acl);
}

static void resolve__empty_list__trusts_nobody(void **state)
{
    static char list[] = "";
    struct ip_acl *acl = proxies(list);
    struct http_request request = { .forwarded_for = "198.51.100.7", .forwarded_proto = "https" };
    struct error err = ERROR_INIT;
    char client[IP_TEXT_MAX];

    (void)state;
    assert_true(ip_address_parse(bytes_of_text("127.0.0.1"), &request.peer, &err));
    assert_true(client_address_resolve(acl, &request, &err));
    ip_address_format(&request.peer, client);
    assert_string_equal(client, "127.0.0.1");
    assert_false(request.tls);
    ip_acl_free(acl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolve__table__finds_the_client),
        cmocka_unit_test(resolve__forwarded_proto__counts_from_proxies_only),
        cmocka_unit_test(resolve__empty_list__trusts_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
