/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_fixture.h"

#include <string.h>

#include "ca/ca_subject.h"
#include "model/name.h"

struct parse_case {
    const char *text;
    const char *shown; /* as name_format shows it; NULL: refused */
};

static const struct parse_case parse_cases[] = {
    { "CN=Example CA", "CN=Example CA" },
    { "CN=Example CA,O=Example,C=DE", "CN=Example CA,O=Example,C=DE" },
    { " cn = Example CA , o = Example ", "CN=Example CA,O=Example" },
    { "CN=A\\, B\\+C\\\"D\\\\E", "CN=A\\, B\\+C\\x22D\\x5cE" },
    { "CN=\\41\\62c", "CN=Abc" },
    { "CN=M\xc3\xbcller", "CN=M\xc3\xbcller" },
    { "CN=M\\C3\\BCller", "CN=M\xc3\xbcller" },
    { "CN=a=b", "CN=a\\=b" },
    { "CN=x,DC=example,DC=com", "CN=x,DC=example,DC=com" },
    { "2.5.4.3=x", "CN=x" },
    { "OU=only", "OU=only" },
    { "", NULL },
    { "CN", NULL },
    { "CN=", NULL },
    { "CN=x,", NULL },
    { ",CN=x", NULL },
    { "CN=x,,O=y", NULL },
    { "XY=x", NULL },
    { "CN=a, Inc.", NULL },
    { "CN=x+O=y", NULL },
    { "CN=\"x\"", NULL },
    { "CN=#0401", NULL },
    { "CN=x\\", NULL },
    { "CN=x\\zz", NULL },
    { "CN=x\\0Ay", NULL },
    { "CN=\\FF", NULL },
    { "CN=x\ny", NULL },
    { "C=Germany", NULL },
    { "C=\xc3\xbc", NULL },
    { "CN=12345678901234567890123456789012345678901234567890123456789012345", NULL },
};

static void subject_parse__each_text__name_or_refusal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(parse_cases) / sizeof(parse_cases[0]); i++) {
        const struct parse_case *c = &parse_cases[i];
        struct error err = ERROR_INIT;
        X509_NAME *name = ca_subject_parse(c->text, &err);
        char shown[256];

        if (c->shown == NULL) {
            assert_refusal(name != NULL, &err, REASON_USAGE, c->text);
            continue;
        }
        assert_done(name != NULL, &err, c->text);
        name_format(name, shown, sizeof(shown));
        assert_string_equal(shown, c->shown);
        X509_NAME_free(name);
    }
}

static int entry_type(const X509_NAME *name, int nid)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);

    assert_true(at >= 0);
    return ASN1_STRING_type(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

static void subject_parse__string_types__as_rfc_5280_wants(void **state)
{
    struct error err = ERROR_INIT;
    X509_NAME *name =
        ca_subject_parse("CN=x,O=y,SERIALNUMBER=1,E=a@b.example,C=DE,DC=example", &err);

    (void)state;
    assert_done(name != NULL, &err, "types");
    assert_int_equal(entry_type(name, NID_commonName), V_ASN1_UTF8STRING);
    assert_int_equal(entry_type(name, NID_organizationName), V_ASN1_UTF8STRING);
    assert_int_equal(entry_type(name, NID_countryName), V_ASN1_PRINTABLESTRING);
    assert_int_equal(entry_type(name, NID_serialNumber), V_ASN1_PRINTABLESTRING);
    assert_int_equal(entry_type(name, NID_domainComponent), V_ASN1_IA5STRING);
    assert_int_equal(entry_type(name, NID_pkcs9_emailAddress), V_ASN1_IA5STRING);
    /* encoded the other way round: the least specific first */
    assert_int_equal(X509_NAME_get_index_by_NID(name, NID_commonName, -1), 5);
    X509_NAME_free(name);
}

#define LONG_61 "1234567890123456789012345678901234567890123456789012345678901"

static const struct parse_case ra_cases[] = {
    { "CN=Example CA,O=Example", "CN=Example CA RA,O=Example" },
    { "O=Example,OU=x", "CN=OpenNDES RA,O=Example,OU=x" },
    { "CN=" LONG_61, "CN=" LONG_61 " RA" },
    { "CN=" LONG_61 "234", "CN=" LONG_61 " RA" },
    { "CN=" LONG_61 " RA", "CN=12345678901234567890123456789012345678901234567890123456789 SCEP" },
};

static void subject_ra__each_ca__another_name_that_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ra_cases) / sizeof(ra_cases[0]); i++) {
        struct error err = ERROR_INIT;
        X509_NAME *ca = ca_subject_parse(ra_cases[i].text, &err);
        X509_NAME *ra = ca != NULL ? ca_subject_ra(ca, &err) : NULL;
        char shown[256];

        assert_done(ra != NULL, &err, ra_cases[i].text);
        name_format(ra, shown, sizeof(shown));
        assert_string_equal(shown, ra_cases[i].shown);
        assert_int_not_equal(X509_NAME_cmp(ca, ra), 0);
        X509_NAME_free(ca);
        X509_NAME_free(ra);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subject_parse__each_text__name_or_refusal),
        cmocka_unit_test(subject_parse__string_types__as_rfc_5280_wants),
        cmocka_unit_test(subject_ra__each_ca__another_name_that_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
