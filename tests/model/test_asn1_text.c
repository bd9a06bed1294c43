/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <openssl/asn1.h>

#include "model/asn1_text.h"

static const struct {
    const char *name;
    int type;
    const char *raw;
    size_t raw_len;
    const char *text; /* NULL: refused */
    size_t text_len;
} cases[] = {
    { "printable", V_ASN1_PRINTABLESTRING, "Ab 1", 4, "Ab 1", 4 },
    { "printable with characters it may not have", V_ASN1_PRINTABLESTRING, "a@_*", 4, "a@_*", 4 },
    { "printable above ASCII", V_ASN1_PRINTABLESTRING, "\xe4", 1, NULL, 0 },
    { "ia5", V_ASN1_IA5STRING, "a@b", 3, "a@b", 3 },
    { "ia5 above ASCII", V_ASN1_IA5STRING, "\x80", 1, NULL, 0 },
    { "numeric", V_ASN1_NUMERICSTRING, "12", 2, "12", 2 },
    { "visible", V_ASN1_VISIBLESTRING, "v", 1, "v", 1 },
    { "utf8", V_ASN1_UTF8STRING, "\xc3\xa4", 2, "\xc3\xa4", 2 },
    { "utf8 malformed", V_ASN1_UTF8STRING, "\xc3", 1, NULL, 0 },
    { "utf8 surrogate", V_ASN1_UTF8STRING, "\xed\xa0\x80", 3, NULL, 0 },
    { "utf8 with NUL", V_ASN1_UTF8STRING, "a\0b", 3, "a\0b", 3 },
    { "t61 is Latin-1", V_ASN1_T61STRING, "\xe4", 1, "\xc3\xa4", 2 },
    { "bmp", V_ASN1_BMPSTRING, "\0a\0\xe4\x20\xac", 6, "a\xc3\xa4\xe2\x82\xac", 6 },
    { "bmp pair", V_ASN1_BMPSTRING, "\xd8\x3d\xde\x00", 4, "\xf0\x9f\x98\x80", 4 },
    { "bmp lone high", V_ASN1_BMPSTRING, "\xd8\x3d\0a", 4, NULL, 0 },
    { "bmp high at end", V_ASN1_BMPSTRING, "\xd8\x3d", 2, NULL, 0 },
    { "bmp lone low", V_ASN1_BMPSTRING, "\xde\x00\0a", 4, NULL, 0 },
    { "bmp odd", V_ASN1_BMPSTRING, "\0a\0", 3, NULL, 0 },
    { "universal", V_ASN1_UNIVERSALSTRING, "\0\0\0a\0\1\xf6\x00", 8, "a\xf0\x9f\x98\x80", 5 },
    { "universal surrogate", V_ASN1_UNIVERSALSTRING, "\0\0\xd8\x00", 4, NULL, 0 },
    { "universal beyond", V_ASN1_UNIVERSALSTRING, "\0\x11\0\0", 4, NULL, 0 },
    { "universal high bit", V_ASN1_UNIVERSALSTRING, "\xff\xff\xff\xff", 4, NULL, 0 },
    { "universal cut", V_ASN1_UNIVERSALSTRING, "\0\0a", 3, NULL, 0 },
    { "empty", V_ASN1_UTF8STRING, "", 0, "", 0 },
    { "not a text", V_ASN1_OCTET_STRING, "a", 1, NULL, 0 },
};

static void text__every_type__becomes_utf8_or_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer out = BUFFER_INIT(64);
        struct error err = ERROR_INIT;
        ASN1_STRING *string = ASN1_STRING_type_new(cases[i].type);

        assert_int_equal(ASN1_STRING_set(string, cases[i].raw, (int)cases[i].raw_len), 1);
        if (cases[i].text == NULL) {
            assert_refused(asn1_text_append(string, &out, &err), &err, REASON_SYNTAX,
                           cases[i].name);
        } else {
            assert_done(asn1_text_append(string, &out, &err), &err, cases[i].name);
            test_assert_bytes(buffer_bytes(&out), bytes_of(cases[i].text, cases[i].text_len),
                              __FILE__, __LINE__);
        }
        buffer_clear(&out);
        ASN1_STRING_free(string);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__every_type__becomes_utf8_or_is_refused),
    };

    return cmocka_run_group_tests_name("asn1_text", tests, NULL, NULL);
}
