/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "platform/sockets.h"

static void address__of_a_peer__is_ours(void **state)
{
    static const struct {
        const char *text; /* as the system has it */
        const char *expected;
    } cases[] = {
        { "::1", "::1" },
        { "2001:db8::5", "2001:db8::5" },
        { "::ffff:10.0.0.5", "10.0.0.5" }, /* mapped */
        { "::10.0.0.5", "::a00:5" },
    };
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(443) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(65535) };
    struct ip_address a;
    char text[IP_TEXT_MAX];
    uint16_t port = 0;

    (void)state;
    assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr), 1);
    assert_true(socket_address((const struct sockaddr *)&v4, &a, &port));
    ip_address_format(&a, text);
    assert_string_equal(text, "192.0.2.7");
    assert_int_equal(port, 443);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ip_address parsed;
        struct error err = ERROR_INIT;

        assert_int_equal(inet_pton(AF_INET6, cases[i].text, &v6.sin6_addr), 1);
        assert_true(socket_address((const struct sockaddr *)&v6, &a, &port));
        ip_address_format(&a, text);
        assert_string_equal(text, cases[i].expected);
        assert_int_equal(port, 65535);
        /* a list entry written by a person compares equal */
        assert_done(ip_address_parse(bytes_of_text(cases[i].text), &parsed, &err), &err, "");
        assert_true(ip_address_equal(&parsed, &a));
    }
}

static void address__written_and_read__the_same(void **state)
{
    static const char *const texts[] = { "192.0.2.7", "2001:db8::5" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sockaddr_storage written;
        struct ip_address a;
        struct ip_address b;
        struct error err = ERROR_INIT;
        uint16_t port = 0;

        assert_done(ip_address_parse(bytes_of_text(texts[i]), &a, &err), &err, "");
        assert_int_equal(socket_address_write(&a, 443, &written),
                         a.v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        assert_true(socket_address((const struct sockaddr *)&written, &b, &port));
        assert_true(ip_address_equal(&a, &b));
        assert_int_equal(port, 443);
    }
}

static void address__of_another_family__is_refused(void **state)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    struct ip_address a;
    uint16_t port = 0;

    (void)state;
    assert_false(socket_address((const struct sockaddr *)&local, &a, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address__of_a_peer__is_ours),
        cmocka_unit_test(address__written_and_read__the_same),
        cmocka_unit_test(address__of_another_family__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
