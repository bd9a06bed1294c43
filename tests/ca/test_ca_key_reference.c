/* SPDX-License-Identifier: Apache-2.0 */
/* The line in a key file; what it opens is test_ca_machine.c. */
#include "support/test_support.h"

#include <string.h>

#include "ca/ca_key_reference.h"

static void malformed__is_refused(void **state)
{
    const struct {
        const char *text;
        size_t len; /* 0: strlen */
    } cases[] = {
        { "ONDK1 ", 0 },
        { "ONDK1 store", 0 },
        { "ONDK1 store ", 0 },
        { "ONDK1 store 00112233445566778899aabbccddeeff001122", 0 },
        { "ONDK1 store 00112233445566778899aabbccddeeff0011223344", 0 },
        { "ONDK1 store 00112233445566778899aabbccddeeff0011223g", 0 },
        { "ONDK1 store 00112233445566778899aabbccddeeff00112233 ", 0 },
        { "ONDK1 store  0112233445566778899aabbccddeeff00112233", 0 },
        { "ONDK1 store 00112233445566778899aabbccddeeff00112233\n\n", 0 },
        { "ONDK1 store 00112233445566778899aabbccddeeff00112233\nx", 0 },
        { "ONDK1 STORE 00112233445566778899aabbccddeeff00112233", 0 },
        { "ONDK1 container", 0 },
        { "ONDK1 container name", 0 },
        { "ONDK1 container -", 0 },
        { "ONDK1 container - ", 0 },
        { "ONDK1 container -  name", 0 },
        { "ONDK1 container - name ", 0 },
        { "ONDK1 container - na\"me", 0 },
        { "ONDK1 container - na\tme", 0 },
        { "ONDK1 container \"\" name", 0 },
        { "ONDK1 container \"provider name", 0 },
        { "ONDK1 container \"provider\"name", 0 },
        { "ONDK1 container - na\0me", 23 },
        { "ONDK1 container - \xff", 0 },
        { "ONDK1 other name", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = cases[i].len != 0 ? cases[i].len : strlen(cases[i].text);
        struct ca_key_reference reference;
        struct error err = ERROR_INIT;

        assert_refused(ca_key_reference_parse(bytes_of(cases[i].text, len), &reference, &err), &err,
                       REASON_KEY_UNREADABLE, cases[i].text);
    }
}

static void name__has_255_bytes_at_most(void **state)
{
    static const char start[] = "ONDK1 container - ";
    const size_t head = sizeof(start) - 1;
    struct ca_key_reference reference;
    struct error err = ERROR_INIT;
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, start, head);
    assert_done(ca_key_reference_parse(bytes_of(text, head + 255), &reference, &err), &err, "255");
    assert_int_equal(strlen(reference.container), 255);
    assert_refused(ca_key_reference_parse(bytes_of(text, head + 256), &reference, &err), &err,
                   REASON_KEY_UNREADABLE, "256");
    error_clear(&err);
    assert_refused(ca_key_reference_parse(bytes_of(text, sizeof(text)), &reference, &err), &err,
                   REASON_KEY_UNREADABLE, "1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed__is_refused),
        cmocka_unit_test(name__has_255_bytes_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
