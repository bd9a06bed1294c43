/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "policy/policy_known.h"

#define ALICE_SID "S-1-5-21-1004336348-1177238915-682003330-1001"
#define BOB_SID "S-1-5-21-1004336348-1177238915-682003330-1002"
#define TAG "tag:microsoft.com,2022-09-14:sid:"

static const char csv[] =
    "Serial,UPN,aadDeviceId,sid,remark,wifiMac,fqdn\r\n"
    "5CG1,alice@example.net,8a25cd9f-6e53-4a0a-b0a8-6f1f2c3d4e5f," ALICE_SID ",\"desk 1, 2nd\n"
    "floor\",00:1A:2B:3C:4D:5E,pc1.example.net\r\n"
    "5CG2,Bob@Example.net,9b36de0a-7f64-4b1b-91b9-7a2a3d4e5f60," BOB_SID ",,,PC2.example.net\r\n"
    "5CG3,alice@example.net,,,third device of a shared user,,\r\n";

static struct policy_known *load(struct bytes text)
{
    struct error err = ERROR_INIT;
    struct policy_known *known = policy_known_load(text, "known.csv", &err);

    assert_done(known != NULL, &err, "");
    return known;
}

struct binding_case {
    enum policy_variable variable;
    const char *value;
};

struct check_case {
    const char *name;
    bool known;
    struct binding_case binding[4];
    const char *why; /* found in it */
};

#define SERIAL(text)                                                                               \
    {                                                                                              \
        POLICY_VARIABLE_SERIAL, text                                                               \
    }
#define UPN(text)                                                                                  \
    {                                                                                              \
        POLICY_VARIABLE_UPN, text                                                                  \
    }
#define SID(text)                                                                                  \
    {                                                                                              \
        POLICY_VARIABLE_SID, text                                                                  \
    }
#define AAD(text)                                                                                  \
    {                                                                                              \
        POLICY_VARIABLE_AAD_DEVICE_ID, text                                                        \
    }

static const struct check_case checks[] = {
    { "one binding", true, { SERIAL("5CG1") }, "" },
    { "all of one row",
      true,
      { SERIAL("5CG1"), UPN("alice@example.net"), SID(TAG ALICE_SID),
        AAD("8a25cd9f-6e53-4a0a-b0a8-6f1f2c3d4e5f") },
      "" },
    { "the second row of a user", true, { SERIAL("5CG3"), UPN("alice@example.net") }, "" },
    { "GUID in upper case", true, { AAD("8A25CD9F-6E53-4A0A-B0A8-6F1F2C3D4E5F") }, "" },
    { "UPN in another case", true, { UPN("ALICE@example.NET"), SERIAL("5CG1") }, "" },
    { "the list's UPN in another case", true, { UPN("bob@example.net"), SERIAL("5CG2") }, "" },
    { "bare SID", true, { SID(ALICE_SID) }, "" },
    { "MAC with other separators", true, { { POLICY_VARIABLE_WIFI_MAC, "001a2b3c4d5e" } }, "" },
    { "MAC with hyphens", true, { { POLICY_VARIABLE_WIFI_MAC, "00-1A-2B-3C-4D-5E" } }, "" },
    { "host name in another case", true, { { POLICY_VARIABLE_FQDN, "pc2.EXAMPLE.net" } }, "" },
    { "a variable without a column says nothing",
      true,
      { SERIAL("5CG1"), { POLICY_VARIABLE_IMEI, "490154203237518" } },
      "" },
    { "an unknown variable says nothing",
      true,
      { { POLICY_VARIABLE_UNKNOWN, "5CG9" }, SERIAL("5CG1") },
      "" },
    /* values that no row has */
    { "unknown serial", false, { SERIAL("5CG9") }, "this serial" },
    { "serial in another case", false, { SERIAL("5cg1") }, "this serial" },
    { "a part of a serial", false, { SERIAL("5CG") }, "this serial" },
    { "a serial with more behind it", false, { SERIAL("5CG11") }, "this serial" },
    { "empty value meets an empty cell", false, { { POLICY_VARIABLE_WIFI_MAC, "" } }, "wifiMac" },
    { "separators only", false, { { POLICY_VARIABLE_WIFI_MAC, "::" } }, "wifiMac" },
    { "unknown SID", false, { SID(TAG "S-1-5-21-1-1-1-500"), SERIAL("5CG1") }, "this sid" },
    { "a SID with more behind it", false, { SID(TAG ALICE_SID "0") }, "this sid" },
    { "a tag in a tag", false, { SID(TAG TAG ALICE_SID) }, "this sid" },
    { "the tag as a UPN", false, { UPN(TAG ALICE_SID) }, "this upn" },
    /* values of different rows: what an impostor combines */
    { "serial of one, UPN of another",
      false,
      { SERIAL("5CG1"), UPN("bob@example.net") },
      "different rows" },
    { "SID of another", false, { UPN("bob@example.net"), SID(TAG ALICE_SID) }, "different rows" },
    { "SID of another beside an honest pair",
      false,
      { SERIAL("5CG1"), UPN("alice@example.net"), SID(TAG BOB_SID) },
      "different rows" },
    { "GUID of another",
      false,
      { SERIAL("5CG2"), AAD("8a25cd9f-6e53-4a0a-b0a8-6f1f2c3d4e5f") },
      "different rows" },
    { "the row's cell is empty", false, { SERIAL("5CG3"), SID(TAG ALICE_SID) }, "different rows" },
    { "every pair has a row, the three have none",
      false,
      { SERIAL("5CG3"), UPN("alice@example.net"), SID(TAG ALICE_SID) },
      "different rows" },
    { "nothing with a column",
      false,
      { { POLICY_VARIABLE_IMEI, "490154203237518" } },
      "no column" },
    { "nothing at all", false, { { POLICY_VARIABLE_UNKNOWN, NULL } }, "no column" },
};

static void bind(const struct check_case *c, struct policy_bindings *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < 4 && c->binding[i].value != NULL; i++) {
        out->item[i].variable = c->binding[i].variable;
        out->item[i].value = bytes_of_text(c->binding[i].value);
        out->count = i + 1;
    }
}

static void known__combinations__one_row_must_hold_all(void **state)
{
    struct policy_known *known = load(bytes_of_text(csv));
    struct policy_bindings bindings;
    char why[160];

    (void)state;
    assert_int_equal(policy_known_count(known), 3);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        const struct check_case *c = &checks[i];

        memset(why, 'x', sizeof(why));
        bind(c, &bindings);
        if (policy_known_check(known, &bindings, why, sizeof(why)) != c->known
            || strstr(why, c->why) == NULL || (c->known && why[0] != '\0')) {
            fail_msg("%s: \"%s\"", c->name, why);
        }
    }
    policy_known_free(known);
    policy_known_free(NULL);
}

static bool knows(struct policy_known *known, enum policy_variable variable, const char *value)
{
    const struct check_case c = { "", true, { { variable, value } }, "" };
    struct policy_bindings bindings;
    char why[160];

    bind(&c, &bindings);
    return policy_known_check(known, &bindings, why, sizeof(why));
}

static void known__forms_of_csv__same_rows(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        size_t len;
    } forms[] = {
#define FORM(name, text) { name, text, sizeof(text) - 1 }
        FORM("comma", "serial,upn\n5CG1,alice@example.net\n"),
        FORM("semicolon", "serial;upn\r\n5CG1;alice@example.net\r\n"),
        FORM("tab", "serial\tupn\n5CG1\talice@example.net\n"),
        FORM("no line end", "serial,upn\n5CG1,alice@example.net"),
        FORM("line ends of long ago", "serial,upn\r5CG1,alice@example.net\r"),
        FORM("BOM", "\xef\xbb\xbfserial,upn\n5CG1,alice@example.net\n"),
        FORM("quotes", "\"serial\",\"upn\"\n\"5CG1\",\"alice@example.net\"\n"),
        FORM("a separator in quotes", "\"a;b\",serial,upn\n\",\",5CG1,alice@example.net\n"),
        FORM("spaces", " serial , upn \n 5CG1 , alice@example.net \n"),
        FORM("empty lines", "\n\nserial,upn\n\n5CG1,alice@example.net\n\n\n"),
        FORM("order and case", "UPN,SERIAL\nalice@example.net,5CG1\n"),
        FORM("columns nobody knows", "x,serial,,upn,\n1,5CG1,2,alice@example.net,3\n"),
        FORM("UTF-16, little end first",
             "\xff\xfes\0e\0r\0i\0a\0l\0\t\0u\0p\0n\0\n\0005\0C\0G\0001\0\t\0a\0l\0i\0c\0e\0@\0e\0x"
             "\0a\0m\0p\0l\0e\0.\0n\0e\0t\0"),
        FORM("JSON", "[{\"serial\":\"5CG1\",\"UPN\":\"alice@example.net\",\"x\":{\"y\":[1]}}]"),
        FORM("JSON with BOM and null",
             "\xef\xbb\xbf [{\"serial\":\"5CG1\",\"upn\":\"alice@example.net\",\"sid\":null}]"),
#undef FORM
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct error err = ERROR_INIT;
        struct policy_known *known =
            policy_known_load(bytes_of(forms[i].text, forms[i].len), "known", &err);

        assert_done(known != NULL, &err, forms[i].name);
        if (policy_known_count(known) != 1 || !knows(known, POLICY_VARIABLE_SERIAL, "5CG1")
            || !knows(known, POLICY_VARIABLE_UPN, "alice@example.net")
            || knows(known, POLICY_VARIABLE_SERIAL, "serial")) {
            fail_msg("%s", forms[i].name);
        }
        policy_known_free(known);
    }
}

static void known__quotes__rfc_4180(void **state)
{
    struct policy_known *known =
        load(bytes_of_text("deviceName,serial\n\"the \"\"big\"\" one\",1\n\"a,b\",2\n\"\",3\n"));

    (void)state;
    assert_int_equal(policy_known_count(known), 3);
    assert_true(knows(known, POLICY_VARIABLE_DEVICE_NAME, "the \"big\" one"));
    assert_true(knows(known, POLICY_VARIABLE_DEVICE_NAME, "A,B"));
    assert_true(knows(known, POLICY_VARIABLE_SERIAL, "3"));
    policy_known_free(known);
}

static void known__json__numbers_and_missing_members(void **state)
{
    struct policy_known *known = load(bytes_of_text(
        "[{\"imei\":490154203237518},{\"imei\":\"1\",\"serial\":\"A\"},{\"serial\":\"B\"}]"));
    const struct check_case spoofed = {
        "", false, { { POLICY_VARIABLE_IMEI, "490154203237518" }, SERIAL("B") }, ""
    };
    struct policy_bindings bindings;
    char why[160];

    (void)state;
    assert_int_equal(policy_known_count(known), 3);
    assert_true(knows(known, POLICY_VARIABLE_IMEI, "490154203237518"));
    bind(&spoofed, &bindings); /* the column exists, the first object has no serial: it disagrees */
    assert_false(policy_known_check(known, &bindings, why, sizeof(why)));
    policy_known_free(known);
}

/* An export that found nobody: nobody is known, rather than everybody. */
static void known__no_rows__nobody_is_known(void **state)
{
    static const char *const empty[] = { "serial,upn\n", "[]" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct policy_known *known = load(bytes_of_text(empty[i]));

        assert_int_equal(policy_known_count(known), 0);
        assert_false(knows(known, POLICY_VARIABLE_SERIAL, ""));
        assert_false(knows(known, POLICY_VARIABLE_SERIAL, "5CG1"));
        policy_known_free(known);
    }
}

static void known__broken_lists__refused_with_the_line(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        size_t len;
        const char *detail; /* found in it */
    } broken[] = {
#define BROKEN(name, text, detail) { name, text, sizeof(text) - 1, detail }
        BROKEN("empty", "", "empty"),
        BROKEN("only spaces", " \n\t\r\n ", "empty"),
        BROKEN("only a BOM", "\xef\xbb\xbf", "empty"),
        BROKEN("no known column", "name,room\nx,1\n", "none of the columns"),
        BROKEN("no header", "5CG1,alice@example.net\n", "none of the columns"),
        BROKEN("a column twice", "serial,upn,SERIAL\n", "line 1: the column serial twice"),
        BROKEN("too few fields", "serial,upn\n1,2\n3\n", "line 3: 1 fields"),
        BROKEN("too many fields", "serial,upn\n1,2,3\n", "line 2: more fields"),
        BROKEN("open quote", "serial,upn\n1,2\n\"3,4\n5,6\n", "line 3: a quote that never ends"),
        BROKEN("text behind a quote", "serial,upn\n\"1\"x,2\n", "line 2: text behind"),
        BROKEN("quote in the middle", "serial,upn\n1\"x,2\n", "line 2: a quote inside"),
        BROKEN("line numbers behind a quoted line end", "serial,upn\n\"a\nb\",2\n1\n", "line 4: 1"),
        BROKEN("NUL", "serial\n1\0x\n", "line 2: not UTF-8"),
        BROKEN("Latin-1", "serial\n1\n\xfc\n", "line 3: not UTF-8"),
        BROKEN("half a UTF-16 character", "\xff\xfes", "UTF-16"),
        BROKEN("JSON: no array", "{\"serial\":\"1\"}", "an array"),
        BROKEN("JSON: cut", "[{\"serial\":\"1\"},", "line 1"),
        BROKEN("JSON: no objects", "[{\"serial\":\"1\"},\n\"2\"]", "item 2"),
        BROKEN("JSON: a list in a cell", "[{\"serial\":[\"1\"]}]", "item 1: serial: an array"),
        BROKEN("JSON: true in a cell", "[{\"serial\":true}]", "item 1: serial"),
        BROKEN("JSON: a member twice", "[{\"serial\":\"1\",\"serial\":\"2\"}]", "serial"),
        BROKEN("JSON: twice in other case", "[{\"serial\":\"1\",\"Serial\":\"2\"}]",
               "serial twice"),
        BROKEN("JSON: no known column", "[{\"name\":\"1\"}]", "none of the columns"),
        BROKEN("JSON: too deep", "[[[[[[[[[[[[]]]]]]]]]]]]", ""),
#undef BROKEN
    };

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct error err = ERROR_INIT;
        struct policy_known *known =
            policy_known_load(bytes_of(broken[i].text, broken[i].len), "known.csv", &err);

        assert_refused(known != NULL, &err, REASON_KNOWN_LIST, broken[i].name);
        if (strncmp(err.detail, "known.csv: ", 11) != 0
            || strstr(err.detail, broken[i].detail) == NULL) {
            fail_msg("%s: \"%s\"", broken[i].name, err.detail);
        }
    }
}

/* `rows` rows of device i with user i, all with the same junk name. */
static void make_list(struct buffer *out, unsigned rows)
{
    struct error err = ERROR_INIT;
    bool ok = buffer_append_text(out, "serial,upn,sid,aadDeviceId,deviceName\n", &err);

    for (unsigned i = 0; i < rows && ok; i++) {
        ok = buffer_printf(out, &err,
                           "5CG%07u,user%u@example.net,S-1-5-21-1-2-3-%u,"
                           "8a25cd9f-6e53-4a0a-b0a8-%012x,To be filled by O.E.M.\n",
                           i, i, i, i);
    }
    assert_done(ok, &err, "");
}

static void known__200000_rows__load_and_answer_fast(void **state)
{
    struct buffer text = BUFFER_INIT(LIMIT_KNOWN_BYTES);
    struct policy_known *known = NULL;
    struct policy_bindings bindings;
    char why[160];
    char serial[32];
    char upn[64];
    int64_t start = 0;
    int64_t loaded = 0;
    int64_t asked = 0;

    (void)state;
    make_list(&text, LIMIT_KNOWN_ROWS);
    start = clock_monotonic_us();
    known = load(buffer_bytes(&text));
    loaded = clock_monotonic_us();
    assert_int_equal(policy_known_count(known), LIMIT_KNOWN_ROWS);
    for (unsigned i = 0; i < 20000; i++) {
        struct check_case c = { "", true, { SERIAL(serial), UPN(upn), { 0, NULL } }, "" };
        unsigned other = i % 2 == 0 ? i : i + 1;

        (void)!text_format(serial, sizeof(serial), "5CG%07u", 9 * i);
        (void)!text_format(upn, sizeof(upn), "user%u@example.net", 9 * other);
        c.binding[2].variable = POLICY_VARIABLE_DEVICE_NAME; /* all rows: never walked */
        c.binding[2].value = "To be filled by O.E.M.";
        bind(&c, &bindings);
        assert_int_equal(policy_known_check(known, &bindings, why, sizeof(why)), other == i);
    }
    asked = clock_monotonic_us();
    (void)!text_format(why, sizeof(why),
                       "%zu bytes, %u rows: loaded in %lld ms; 20000 questions in %lld ms",
                       text.len, LIMIT_KNOWN_ROWS, (long long)(loaded - start) / 1000,
                       (long long)(asked - loaded) / 1000);
    print_message("%s\n", why);
    /* far above what a loaded machine with sanitizers needs, far below what a list without an index
     * would: 20000 questions of 200000 rows */
    assert_true(loaded - start < 60000000);
    assert_true(asked - loaded < 20000000);
    policy_known_free(known);
    buffer_clear(&text);
}

static void known__too_many_rows__refused(void **state)
{
    struct buffer text = BUFFER_INIT(LIMIT_KNOWN_BYTES);
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(buffer_append_text(&text, "serial\n", &err), &err, "");
    for (unsigned i = 0; i <= LIMIT_KNOWN_ROWS; i++) {
        assert_done(buffer_append_text(&text, "1\n", &err), &err, "");
    }
    assert_refused(policy_known_load(buffer_bytes(&text), "known.csv", &err) != NULL, &err,
                   REASON_KNOWN_LIST, "");
    assert_non_null(strstr(err.detail, "line 200002: more than 200000 rows"));
    buffer_clear(&text);
}

static void known__long_cells__refused(void **state)
{
    struct buffer text = BUFFER_INIT(100000);
    struct error err = ERROR_INIT;
    char value[514];

    (void)state;
    memset(value, 'x', sizeof(value));
    value[512] = '\0'; /* as long as one can be */
    assert_done(buffer_printf(&text, &err, "serial\n%s\n", value), &err, "");
    policy_known_free(load(buffer_bytes(&text)));
    buffer_reset(&text);
    value[512] = 'x';
    value[513] = '\0';
    assert_done(buffer_printf(&text, &err, "serial\n1\n%s\n", value), &err, "");
    assert_refused(policy_known_load(buffer_bytes(&text), "k", &err) != NULL, &err,
                   REASON_KNOWN_LIST, "");
    assert_non_null(strstr(err.detail, "line 3: serial"));
    buffer_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known__combinations__one_row_must_hold_all),
        cmocka_unit_test(known__forms_of_csv__same_rows),
        cmocka_unit_test(known__quotes__rfc_4180),
        cmocka_unit_test(known__json__numbers_and_missing_members),
        cmocka_unit_test(known__no_rows__nobody_is_known),
        cmocka_unit_test(known__broken_lists__refused_with_the_line),
        cmocka_unit_test(known__200000_rows__load_and_answer_fast),
        cmocka_unit_test(known__too_many_rows__refused),
        cmocka_unit_test(known__long_cells__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
