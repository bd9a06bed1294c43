/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/text.h"
#include "platform/process.h"
#include "platform/sockets.h"

static int start(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(sockets_start(&err), &err, "");
    assert_done(sockets_start(&err), &err, "twice does no harm");
    return 0;
}

static struct ip_address address(const char *text)
{
    struct ip_address a;
    struct error err = ERROR_INIT;

    assert_done(ip_address_parse(bytes_of_text(text), &a, &err), &err, text);
    return a;
}

static void listen__free_port__bound_and_held_by_us(void **state)
{
    struct ip_address local = address("127.0.0.1");
    struct error err = ERROR_INIT;
    socket_handle one = SOCKET_HANDLE_NONE;
    socket_handle two = SOCKET_HANDLE_NONE;
    uint16_t port = 0;
    uint16_t other = 0;
    char holder[128] = "";
    char pid[32];

    (void)state;
    assert_done(socket_listen(&local, 0, 5, &one, &port, &err), &err, "");
    assert_int_not_equal(port, 0);
    assert_refused(socket_listen(&local, port, 5, &two, &other, &err), &err, REASON_PORT_IN_USE,
                   "");
    assert_true(two == SOCKET_HANDLE_NONE);
    if (socket_port_holder(port, holder, sizeof(holder))) {
        assert_true(text_format(pid, sizeof(pid), "(pid %lu)", (unsigned long)process_id()));
        print_message("held by %s\n", holder);
        assert_non_null(strstr(holder, "test_sockets"));
        assert_non_null(strstr(holder, pid));
        assert_non_null(strstr(err.detail, holder));
    } else {
        print_message("this system does not tell who holds a port\n");
    }
    socket_close(one);
    error_clear(&err);
    assert_done(socket_listen(&local, port, 5, &one, &other, &err), &err, "free again");
    assert_int_equal(other, port);
    socket_close(one);
    assert_false(socket_port_holder(port, holder, sizeof(holder)));
    socket_close(SOCKET_HANDLE_NONE);
}

/* An IPv6 listener serves IPv6 only: the same port is free for IPv4. */
static void listen__both_families__do_not_collide(void **state)
{
    struct ip_address any4 = address("0.0.0.0");
    struct ip_address any6 = address("::");
    struct error err = ERROR_INIT;
    socket_handle four = SOCKET_HANDLE_NONE;
    socket_handle six = SOCKET_HANDLE_NONE;
    uint16_t port = 0;
    uint16_t other = 0;

    (void)state;
    if (!socket_listen(&any6, 0, 5, &six, &port, &err)) test_skip("no IPv6 on this machine");
    assert_done(socket_listen(&any4, port, 5, &four, &other, &err), &err, "");
    socket_close(four);
    socket_close(six);
}

static void listen__foreign_address__said_so(void **state)
{
    struct ip_address foreign = address("192.0.2.1"); /* RFC 5737 */
    struct error err = ERROR_INIT;
    socket_handle s = SOCKET_HANDLE_NONE;
    uint16_t port = 0;

    (void)state;
    assert_refused(socket_listen(&foreign, 0, 5, &s, &port, &err), &err, REASON_ADDRESS_NOT_LOCAL,
                   "");
    assert_non_null(strstr(err.detail, "192.0.2.1"));
}

static void host_name__is_lower_case_and_never_empty(void **state)
{
    char name[256] = "";
    char small[4] = "";

    (void)state;
    socket_host_name(name, sizeof(name));
    assert_true(strlen(name) > 0);
    for (const char *c = name; *c != '\0'; c++) {
        assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '.');
    }
    socket_host_name(small, sizeof(small));
    assert_true(strlen(small) < sizeof(small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listen__free_port__bound_and_held_by_us),
        cmocka_unit_test(listen__both_families__do_not_collide),
        cmocka_unit_test(listen__foreign_address__said_so),
        cmocka_unit_test(host_name__is_lower_case_and_never_empty),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
