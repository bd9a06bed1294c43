/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdlib.h>

#include "platform/socket_io.h"

#include <winsock2.h>
#include <windows.h>
#include <iphlpapi.h>

#define WAIT_MS 20000
#define TABLE_BYTES 4194304u

static void expect_end(socket_handle s)
{
    struct socket_poll *poll = socket_poll_create(1);
    char byte = 0;
    size_t got = 0;

    assert_non_null(poll);
    socket_poll_add(poll, s, SOCKET_POLL_READ);
    socket_poll_wait(poll, WAIT_MS);
    assert_int_not_equal(socket_poll_events(poll, 0), 0);
    assert_int_equal(socket_receive(s, &byte, 1, &got), SOCKET_IO_ENDED);
    socket_poll_free(poll);
}

/* The system has forgotten connections with this port at their own end. */
static void expect_free(uint16_t port)
{
    ULONG size = TABLE_BYTES;
    MIB_TCPTABLE *table = malloc(size);

    assert_non_null(table);
    assert_int_equal(GetTcpTable(table, &size, FALSE), NO_ERROR);
    for (DWORD i = 0; i < table->dwNumEntries; i++) {
        assert_int_not_equal(ntohs((uint16_t)(table->table[i].dwLocalPort & 0xffff)), port);
    }
    free(table);
}

/* A port that stays occupied after each pair is one that the whole machine lacks. */
static void abort__whichever_side_was_first__ports_are_free(void **state)
{
    struct ip_address address;
    struct error err = ERROR_INIT;
    socket_handle ends[2];
    uint16_t ports[2];

    (void)state;
    assert_done(sockets_start(&err), &err, "");
    for (unsigned i = 0; i < 2; i++) {
        assert_done(socket_pair(ends, &err), &err, "");
        assert_true(socket_local_address(ends[0], &address, &ports[0]));
        assert_true(socket_local_address(ends[1], &address, &ports[1]));
        if (i == 0) {
            socket_close(ends[1]);
            expect_end(ends[0]);
            socket_abort(ends[0]);
        } else {
            socket_abort(ends[0]);
            expect_end(ends[1]);
            socket_close(ends[1]);
        }
        expect_free(ports[0]);
        expect_free(ports[1]);
    }
    socket_abort(SOCKET_HANDLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(abort__whichever_side_was_first__ports_are_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
