/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "policy/policy_dn.h"

#define CN "2.5.4.3"
#define O "2.5.4.10"
#define OU "2.5.4.11"
#define E "1.2.840.113549.1.9.1"
#define ITEMS_MAX 4u
#define LINT_SIZE 200u

static struct policy *fresh(void)
{
    struct error err = ERROR_INIT;
    struct policy *p = policy_new("corp", &err);

    assert_done(p != NULL, &err, "policy_new");
    return p;
}

struct good_case {
    const char *text;
    struct {
        const char *oid, *pattern;
    } item[ITEMS_MAX];
    const char *printed; /* NULL: as text */
    bool lint;
};

static const struct good_case good[] = {
    { "CN={{DeviceName}}", { { CN, "{{DeviceName}}" } }, NULL, false },
    { "CN=\"{{DeviceName}}\"", { { CN, "{{DeviceName}}" } }, "CN={{DeviceName}}", false },
    { "CN=\"{{DeviceName}}\",O=Example + OU=x;C=DE",
      { { CN, "{{DeviceName}}" }, { O, "Example" }, { OU, "x" }, { "2.5.4.6", "DE" } },
      "CN={{DeviceName}},O=Example,OU=x,C=DE",
      false },
    { "  cn = a b  ,\r\n\to=c ", { { CN, "a b" }, { O, "c" } }, "CN=a b,O=c", false },
    { "CN=\"a \"\"b\"\" c\"", { { CN, "a \"b\" c" } }, NULL, false },
    { "CN=\" a \"  , O=b", { { CN, " a " }, { O, "b" } }, "CN=\" a \",O=b", false },
    { "CN=\"a,b;c+d=e\"", { { CN, "a,b;c+d=e" } }, NULL, false },
    { "CN=\"\"\"\"", { { CN, "\"" } }, NULL, false },
    { "CN=a\\,b", { { CN, "a,b" } }, "CN=\"a,b\"", true },
    { "CN=a\\+b\\;c\\=d\\\"e", { { CN, "a+b;c=d\"e" } }, "CN=\"a+b;c=d\"\"e\"", true },
    { "CN=a=b", { { CN, "a=b" } }, "CN=\"a=b\"", true },
    { "CN=DOMAIN\\user", { { CN, "DOMAIN\\user" } }, "CN=\"DOMAIN\\user\"", false },
    { "CN=x\\", { { CN, "x\\" } }, "CN=\"x\\\"", false },
    { "CN={{a,b;c+d=e}}f,O=g",
      { { CN, "{{a,b;c+d=e}}f" }, { O, "g" } },
      "CN=\"{{a,b;c+d=e}}f\",O=g",
      false },
    { "CN={{a}}{{b}}", { { CN, "{{a}}{{b}}" } }, NULL, false },
    { "CN=\"{{a\"", { { CN, "{{a" } }, NULL, false },
    { "CN={a}", { { CN, "{a}" } }, NULL, false },
    { "CN=M\xc3\xbcller", { { CN, "M\xc3\xbcller" } }, NULL, false },
    { "CN=x,", { { CN, "x" } }, "CN=x", false },
    { "CN=x ; ", { { CN, "x" } }, "CN=x", false },
    { "", { { NULL, NULL } }, NULL, false },
    { " \t", { { NULL, NULL } }, "", false },
    { "E={{EmailAddress}},S=BW,G=g,SN=s",
      { { E, "{{EmailAddress}}" }, { "2.5.4.8", "BW" }, { "2.5.4.42", "g" }, { "2.5.4.4", "s" } },
      "E={{EmailAddress}},ST=BW,GN=g,SN=s",
      false },
    { "SERIALNUMBER=1,T=t,I=i,STREET=r",
      { { "2.5.4.5", "1" }, { "2.5.4.12", "t" }, { "2.5.4.43", "i" }, { "2.5.4.9", "r" } },
      "serialNumber=1,T=t,I=i,STREET=r",
      false },
    { "DC=net,UID=u,emailaddress=e",
      { { "0.9.2342.19200300.100.1.25", "net" }, { "0.9.2342.19200300.100.1.1", "u" }, { E, "e" } },
      "DC=net,UID=u,E=e",
      false },
    { "OID.1.2.3=a,oid.2.5.4.3=b,1.2.840.9=c",
      { { "1.2.3", "a" }, { CN, "b" }, { "1.2.840.9", "c" } },
      "1.2.3=a,CN=b,1.2.840.9=c",
      false },
    { "{{OnPrem_Distinguished_Name}}", { { "", "{{OnPrem_Distinguished_Name}}" } }, NULL, false },
    { " {{ONPREM_distinguished_name}} ",
      { { "", "{{OnPrem_Distinguished_Name}}" } },
      "{{OnPrem_Distinguished_Name}}",
      false },
};

static void check_items(const struct policy *p, const struct good_case *c)
{
    size_t count = 0;

    while (count < ITEMS_MAX && c->item[count].oid != NULL) {
        count++;
    }
    if (p->subject.count != count) {
        fail_msg("%s: %zu items, not %zu", c->text, p->subject.count, count);
    }
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(p->subject.item[i].oid, c->item[i].oid);
        assert_string_equal(p->subject.item[i].pattern, c->item[i].pattern);
    }
    assert_true(p->subject.stated);
    assert_int_equal(p->subject.whole_dn, count == 1 && c->item[0].oid[0] == '\0');
}

static void parse__what_people_write__gives_items_and_the_normal_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct policy *p = fresh();
        struct policy *again = fresh();
        struct error err = ERROR_INIT;
        struct buffer text = BUFFER_INIT(1000);
        char lint[LINT_SIZE] = "x";

        assert_done(policy_dn_parse(good[i].text, p, lint, sizeof(lint), &err), &err, good[i].text);
        check_items(p, &good[i]);
        assert_int_equal(lint[0] != '\0', good[i].lint);
        assert_done(policy_dn_print(p, &text, &err), &err, good[i].text);
        assert_string_equal(buffer_text(&text),
                            good[i].printed != NULL ? good[i].printed : good[i].text);
        assert_done(policy_dn_parse(buffer_text(&text), again, lint, sizeof(lint), &err), &err,
                    good[i].text);
        check_items(again, &good[i]);
        assert_string_equal(lint, "");
        assert_done(policy_finish(p, &err), &err, good[i].text);
        buffer_clear(&text);
        policy_free(again);
        policy_free(p);
    }
}

static void parse__what_means_nothing__is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { "DeviceName", "TYPE=value" },
        { "CN=a,b", "TYPE=value" },
        { "CN=a,{{OnPrem_Distinguished_Name}}", "stands alone" },
        { "=a", "attribute type" },
        { "XX=a", "attribute type" },
        { "1.2.=a", "attribute type" },
        { "9.9=a", "attribute type" },
        { "CN CN=a", "attribute type" },
        { "CN=", "empty value" },
        { "CN=,O=x", "empty value" },
        { "CN=\"\"", "empty value" },
        { "CN=x,,O=y", "TYPE=value" },
        { ",CN=x", "TYPE=value" },
        { "CN=\"a", "quotes do not end" },
        { "CN=\"a\"\"", "quotes do not end" },
        { "CN=\"a\"b", "behind the closing quote" },
        { "CN=a\"b\"", "middle of a value" },
        { "CN={{DeviceName", "does not end with }}" },
        { "CN={{DeviceName,O={{x", "does not end with }}" },
        { "CN=#0403414243", "hex" },
        { "CN=a\\\\b", "two backslashes" },
        { "CN=a\nb", "control character" },
        { "CN=\xff", "UTF-8" },
        { "C\xc3\xa9=x", "attribute type" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = fresh();
        struct error err = ERROR_INIT;

        assert_refused(policy_dn_parse(cases[i].text, p, NULL, 0, &err), &err, REASON_POLICY_VALUE,
                       cases[i].text);
        if (strstr(err.detail, cases[i].says) == NULL) {
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, err.detail, cases[i].says);
        }
        policy_free(p);
    }
}

static void parse__device_name_that_injects__is_one_value_in_quotes(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(policy_dn_parse("CN=\"Evil, CN=admin\"", p, NULL, 0, &err), &err, "");
    assert_int_equal(p->subject.count, 1);
    assert_string_equal(p->subject.item[0].pattern, "Evil, CN=admin");
    policy_free(p);
}

static void parse__too_long__is_refused(void **state)
{
    static char text[LIMIT_POLICY_TEXT + 2];
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "CN=", 3);
    assert_refused(policy_dn_parse(text, p, NULL, 0, &err), &err, REASON_LIMIT, "one byte over");
    text[LIMIT_POLICY_TEXT] = '\0';
    error_clear(&err);
    assert_done(policy_dn_parse(text, p, NULL, 0, &err), &err, "just fits");
    assert_done(policy_finish(p, &err), &err, "just fits");
    policy_free(p);
}

static void parse__too_many_items__is_refused(void **state)
{
    char text[LIMIT_POLICY_ITEMS * 5 + 16] = "";
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    for (unsigned i = 0; i <= LIMIT_POLICY_ITEMS; i++) {
        memcpy(text + 5 * i, "OU=x,", 6);
    }
    assert_refused(policy_dn_parse(text, p, NULL, 0, &err), &err, REASON_LIMIT, "");
    assert_int_equal(p->subject.count, LIMIT_POLICY_ITEMS);
    policy_free(p);
}

static void word__every_name__leads_back_to_its_oid(void **state)
{
    static const char *const names[] = {
        "CN",
        "O",
        "OU",
        "L",
        "ST",
        "S",
        "C",
        "E",
        "DC",
        "UID",
        "SN",
        "G",
        "GN",
        "T",
        "I",
        "STREET",
        "serialNumber",
        "title",
        "organizationIdentifier",
        "unstructuredName",
        "postalCode",
        "dnQualifier",
    };
    char oid[128];
    char back[128];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(policy_dn_oid(bytes_of_text(names[i]), oid));
        assert_true(policy_dn_oid(bytes_of_text(policy_dn_word(oid)), back));
        assert_string_equal(oid, back);
    }
    assert_string_equal(policy_dn_word("1.2.3"), "1.2.3");
    assert_string_equal(policy_dn_word(CN), "CN");
    assert_false(policy_dn_oid(bytes_of_text(""), oid));
    assert_false(policy_dn_oid(bytes_of("CN\0", 3), oid));
    assert_false(policy_dn_oid(bytes_of_text("OID."), oid));
    memset(back, '1', sizeof(back) - 1);
    back[1] = '.';
    back[sizeof(back) - 1] = '\0';
    assert_false(policy_dn_oid(bytes_of_text(back), oid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__what_people_write__gives_items_and_the_normal_form),
        cmocka_unit_test(parse__what_means_nothing__is_refused),
        cmocka_unit_test(parse__device_name_that_injects__is_one_value_in_quotes),
        cmocka_unit_test(parse__too_long__is_refused),
        cmocka_unit_test(parse__too_many_items__is_refused),
        cmocka_unit_test(word__every_name__leads_back_to_its_oid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
