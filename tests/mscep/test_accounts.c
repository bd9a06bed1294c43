/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mscep/accounts_file.h"
#include "platform/clock.h"

#define PASSWORD "correct h\xc3\xb6rse 1"

static int setup(void **state)
{
    static struct test_folder folder;

    test_folder_create(&folder);
    *state = &folder;
    return 0;
}

static int teardown(void **state)
{
    test_folder_remove(*state);
    return 0;
}

static struct account account_of(const char *name)
{
    struct account a = { .scope_count = 0, .created = 1767225600 };

    (void)snprintf(a.name, sizeof(a.name), "%s", name);
    return a;
}

static void add(const struct test_folder *folder, const char *name, const char *password)
{
    struct account a = account_of(name);
    struct error err = ERROR_INIT;

    assert_done(accounts_add(folder->path, &a, bytes_of_text(password), &err), &err, name);
}

static bool count_names(void *context, const struct account *account, struct error *err)
{
    struct buffer *names = context;

    return buffer_printf(names, err, "%s;", account->name);
}

static void assert_names(const struct test_folder *folder, const char *expected)
{
    struct buffer names = BUFFER_INIT(1000);
    struct error err = ERROR_INIT;

    assert_done(accounts_list(folder->path, count_names, &names, &err), &err, "");
    assert_string_equal(buffer_text(&names), expected);
    buffer_clear(&names);
}

/* ---- administration -------------------------------------------------------------------------- */

static void accounts__life__add_change_remove(void **state)
{
    const struct test_folder *folder = *state;
    struct account a = account_of("mdm");
    struct error err = ERROR_INIT;
    struct buffer text = BUFFER_INIT(10000);

    assert_names(folder, ""); /* no file yet */
    a.scope_count = 2;
    (void)snprintf(a.scopes[0], sizeof(a.scopes[0]), "devices");
    (void)snprintf(a.scopes[1], sizeof(a.scopes[1]), "*");
    assert_done(accounts_add(folder->path, &a, bytes_of_text(PASSWORD), &err), &err, "");
    assert_refused(accounts_add(folder->path, &a, bytes_of_text(PASSWORD), &err), &err,
                   REASON_ACCOUNT_EXISTS, "");
    error_clear(&err);
    (void)snprintf(a.name, sizeof(a.name), "MDM");
    assert_refused(accounts_add(folder->path, &a, bytes_of_text(PASSWORD), &err), &err,
                   REASON_ACCOUNT_EXISTS, "another case");
    error_clear(&err);
    add(folder, "second", PASSWORD);
    assert_names(folder, "mdm;second;");
    test_folder_read(folder, "accounts.json", &text);
    assert_null(strstr(buffer_text(&text), "correct"));
    buffer_clear(&text);
    assert_refused(accounts_set_password(folder->path, "third", bytes_of_text(PASSWORD), &err),
                   &err, REASON_ACCOUNT_MISSING, "");
    error_clear(&err);
    assert_refused(accounts_remove(folder->path, "third", &err), &err, REASON_ACCOUNT_MISSING, "");
    error_clear(&err);
    assert_done(accounts_remove(folder->path, "mdm", &err), &err, "");
    assert_names(folder, "second;");
    assert_done(accounts_remove(folder->path, "SECOND", &err), &err, "");
    assert_names(folder, "");
}

static void accounts__file__round_trip(void **state)
{
    const struct test_folder *folder = *state;
    struct accounts_file file = ACCOUNTS_FILE_INIT;
    struct accounts_file again = ACCOUNTS_FILE_INIT;
    struct error err = ERROR_INIT;

    add(folder, "one two", PASSWORD);
    add(folder, "j\xc3\xbcrgen", PASSWORD);
    assert_done(accounts_file_read(folder->path, &file, NULL, &err), &err, "");
    assert_int_equal(file.count, 2);
    assert_int_equal(file.rows[0].account.created, 1767225600);
    assert_int_equal(file.rows[0].cost.n, 32768);
    /* each has its own salt */
    assert_memory_not_equal(file.rows[0].salt, file.rows[1].salt, ACCOUNT_SALT_BYTES);
    assert_memory_not_equal(file.rows[0].hash, file.rows[1].hash, ACCOUNT_HASH_BYTES);
    assert_done(accounts_file_write(folder->path, &file, &err), &err, "");
    assert_done(accounts_file_read(folder->path, &again, NULL, &err), &err, "");
    assert_int_equal(again.count, 2);
    assert_memory_equal(file.rows, again.rows, 2 * sizeof(*file.rows));
    accounts_file_clear(&file);
    accounts_file_clear(&again);
    accounts_file_clear(NULL);
}

static void accounts__names_and_passwords__checked(void **state)
{
    static const char *const good[] = { "a", "mdm", "MDM-1.x", "one two", "j\xc3\xbcrgen", "*" };
    static const char *const bad[] = { "",     " a",   "a ",    "a:b",  "a\\b",          "a@b",
                                       "a\nb", "a\"b", "a\x7f", "\xfc", "a\xe2\x80\xae", "a\tb" };
    struct error err = ERROR_INIT;
    char name[ACCOUNT_NAME_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_done(account_name_check(good[i], &err), &err, good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        error_clear(&err);
        assert_refused(account_name_check(bad[i], &err), &err, REASON_CONFIG_BAD_VALUE, bad[i]);
    }
    memset(name, 'x', sizeof(name));
    name[ACCOUNT_NAME_MAX] = '\0';
    error_clear(&err);
    assert_done(account_name_check(name, &err), &err, "64");
    name[ACCOUNT_NAME_MAX] = 'x';
    name[ACCOUNT_NAME_MAX + 1] = '\0';
    assert_refused(account_name_check(name, &err), &err, REASON_CONFIG_BAD_VALUE, "65");
    error_clear(&err);
    assert_done(account_password_check(bytes_of_text("\xc3\xa4\xc3\xa4\xc3\xa4 45678901"), &err),
                &err, "12 characters");
    assert_refused(account_password_check(bytes_of_text("\xc3\xa4\xc3\xa4\xc3\xa4 4567890"), &err),
                   &err, REASON_PASSPHRASE_TOO_SHORT, "11 characters");
    error_clear(&err);
    assert_refused(account_password_check(bytes_of_text("\xff 1234567890123"), &err), &err,
                   REASON_SYNTAX, "");
}

static void accounts__many__bounded(void **state)
{
    const struct test_folder *folder = *state;
    struct accounts_file file = { calloc(ACCOUNTS_MAX + 1, sizeof(struct account_row)),
                                  ACCOUNTS_MAX };
    struct accounts_file back = ACCOUNTS_FILE_INIT;
    struct account one_more = account_of("one more");
    struct error err = ERROR_INIT;

    assert_non_null(file.rows);
    for (size_t i = 0; i <= ACCOUNTS_MAX; i++) {
        struct account_row row = { .account = account_of("x"), .cost = SCRYPT_COST_DEFAULT };

        (void)snprintf(row.account.name, sizeof(row.account.name), "account %zu", i);
        file.rows[i] = row;
    }
    assert_done(accounts_file_write(folder->path, &file, &err), &err, "");
    assert_done(accounts_file_read(folder->path, &back, NULL, &err), &err, "");
    assert_int_equal(back.count, ACCOUNTS_MAX);
    accounts_file_clear(&back);
    assert_refused(accounts_add(folder->path, &one_more, bytes_of_text(PASSWORD), &err), &err,
                   REASON_LIMIT, "");
    error_clear(&err);
    file.count++;
    assert_done(accounts_file_write(folder->path, &file, &err), &err, "");
    assert_refused(accounts_file_read(folder->path, &back, NULL, &err), &err,
                   REASON_CONFIG_OUT_OF_RANGE, "");
    accounts_file_clear(&file);
}

/* ---- a file that somebody has edited --------------------------------------------------------- */

#define SALT "000102030405060708090a0b0c0d0e0f"
#define HASH SALT SALT
#define SCRYPT(n, r, p, salt, hash)                                                                \
    "{\"n\":" #n ",\"r\":" #r ",\"p\":" #p ",\"salt\":\"" salt "\",\"hash\":\"" hash "\"}"
#define ACCOUNT(name, scopes, created, scrypt)                                                     \
    "{\"name\":\"" name "\",\"scopes\":" scopes ",\"created\":\"" created "\",\"scrypt\":" scrypt  \
    "}"
#define FILE_OF(accounts) "{\"accounts\":[" accounts "]}"
#define GOOD_SCRYPT SCRYPT(32768, 8, 1, SALT, HASH)
#define TIME "2026-01-01T00:00:00Z"

struct file_case {
    const char *name;
    const char *text;
    enum reason reason; /* REASON_NONE: readable */
};

static const struct file_case file_cases[] = {
    { "empty list", FILE_OF(""), REASON_NONE },
    { "good", FILE_OF(ACCOUNT("a", "[\"devices\",\"*\"]", TIME, GOOD_SCRYPT)), REASON_NONE },
    { "dearer", FILE_OF(ACCOUNT("a", "[]", TIME, SCRYPT(131072, 8, 1, SALT, HASH))), REASON_NONE },
    { "empty", "", REASON_CONFIG_SYNTAX },
    { "cut", "{\"accounts\":[", REASON_CONFIG_SYNTAX },
    { "array", "[]", REASON_CONFIG_WRONG_TYPE },
    { "nothing", "{}", REASON_CONFIG_BAD_VALUE },
    { "unknown key", "{\"accounts\":[],\"x\":1}", REASON_CONFIG_UNKNOWN_KEY },
    { "object", "{\"accounts\":{}}", REASON_CONFIG_WRONG_TYPE },
    { "a text", FILE_OF("\"a\""), REASON_CONFIG_WRONG_TYPE },
    { "no fields", FILE_OF("{}"), REASON_CONFIG_BAD_VALUE },
    { "twice",
      FILE_OF(ACCOUNT("a", "[]", TIME, GOOD_SCRYPT) "," ACCOUNT("A", "[]", TIME, GOOD_SCRYPT)),
      REASON_CONFIG_DUPLICATE_KEY },
    { "bad name", FILE_OF(ACCOUNT("a:b", "[]", TIME, GOOD_SCRYPT)), REASON_CONFIG_BAD_VALUE },
    { "bad scope", FILE_OF(ACCOUNT("a", "[\"../x\"]", TIME, GOOD_SCRYPT)),
      REASON_CONFIG_BAD_VALUE },
    { "scope no text", FILE_OF(ACCOUNT("a", "[1]", TIME, GOOD_SCRYPT)), REASON_CONFIG_BAD_VALUE },
    { "17 scopes",
      FILE_OF(ACCOUNT("a",
                      "[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
                      "\"a\",\"a\",\"a\",\"a\",\"a\"]",
                      TIME, GOOD_SCRYPT)),
      REASON_CONFIG_OUT_OF_RANGE },
    { "no time", FILE_OF(ACCOUNT("a", "[]", "yesterday", GOOD_SCRYPT)), REASON_CONFIG_BAD_VALUE },
    { "cheap", FILE_OF(ACCOUNT("a", "[]", TIME, SCRYPT(2, 8, 1, SALT, HASH))),
      REASON_CONFIG_OUT_OF_RANGE },
    { "not a power of two", FILE_OF(ACCOUNT("a", "[]", TIME, SCRYPT(32769, 8, 1, SALT, HASH))),
      REASON_CONFIG_OUT_OF_RANGE },
    { "ruinous", FILE_OF(ACCOUNT("a", "[]", TIME, SCRYPT(1048576, 8, 1, SALT, HASH))),
      REASON_CONFIG_OUT_OF_RANGE },
    { "ruinous p", FILE_OF(ACCOUNT("a", "[]", TIME, SCRYPT(32768, 8, 1000, SALT, HASH))),
      REASON_CONFIG_OUT_OF_RANGE },
    { "negative", FILE_OF(ACCOUNT("a", "[]", TIME, SCRYPT(-1, 8, 1, SALT, HASH))),
      REASON_CONFIG_OUT_OF_RANGE },
    { "short salt", FILE_OF(ACCOUNT("a", "[]", TIME, SCRYPT(32768, 8, 1, "00", HASH))),
      REASON_CONFIG_BAD_VALUE },
    { "short hash", FILE_OF(ACCOUNT("a", "[]", TIME, SCRYPT(32768, 8, 1, SALT, SALT))),
      REASON_CONFIG_BAD_VALUE },
    { "long hash", FILE_OF(ACCOUNT("a", "[]", TIME, SCRYPT(32768, 8, 1, SALT, HASH "00"))),
      REASON_CONFIG_BAD_VALUE },
    { "trailing", FILE_OF("") "x", REASON_CONFIG_SYNTAX },
};

static void accounts__edited_file__strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(file_cases) / sizeof(file_cases[0]); i++) {
        const struct file_case *c = &file_cases[i];
        struct accounts_file file = ACCOUNTS_FILE_INIT;
        struct error err = ERROR_INIT;
        bool ok = accounts_file_parse(bytes_of_text(c->text), &file, &err);

        if (c->reason == REASON_NONE) {
            assert_done(ok, &err, c->name);
        } else {
            assert_refused(ok, &err, c->reason, c->name);
            assert_null(file.rows);
            assert_int_equal(file.count, 0);
        }
        accounts_file_clear(&file);
    }
}

/* ---- signing in ------------------------------------------------------------------------------ */

static void try_sign_in(struct accounts *a, const char *name, const char *password,
                        enum reason expected)
{
    struct account found;
    struct error err = ERROR_INIT;
    bool ok = accounts_sign_in(a, name, bytes_of_text(password), &found, &err);

    if (expected == REASON_NONE) {
        assert_done(ok, &err, name);
        assert_true(text_equal_nocase(found.name, name));
    } else {
        assert_refused(ok, &err, expected, name);
        assert_null(strstr(err.detail, password));
    }
}

static void accounts__sign_in__follows_the_file(void **state)
{
    const struct test_folder *folder = *state;
    struct error err = ERROR_INIT;
    struct accounts *a = accounts_open(folder->path, &err);

    assert_non_null(a);
    try_sign_in(a, "mdm", PASSWORD, REASON_SIGN_IN_FAILED); /* no file */
    add(folder, "mdm", PASSWORD);
    try_sign_in(a, "mdm", PASSWORD, REASON_NONE);
    try_sign_in(a, "mdm", PASSWORD "x", REASON_SIGN_IN_FAILED);
    try_sign_in(a, "other", PASSWORD, REASON_SIGN_IN_FAILED);
    add(folder, "other", "another password");
    try_sign_in(a, "other", "another password", REASON_NONE);
    try_sign_in(a, "other", PASSWORD, REASON_SIGN_IN_FAILED);
    assert_done(accounts_set_password(folder->path, "mdm", bytes_of_text("a new password"), &err),
                &err, "");
    try_sign_in(a, "mdm", PASSWORD, REASON_SIGN_IN_FAILED);
    try_sign_in(a, "mdm", "a new password", REASON_NONE);
    test_folder_write(folder, "accounts.json", "{ broken");
    try_sign_in(a, "mdm", "a new password", REASON_SIGN_IN_UNAVAILABLE);
    try_sign_in(a, "other", "another password", REASON_SIGN_IN_UNAVAILABLE);
    test_folder_write(folder, "accounts.json", FILE_OF(""));
    try_sign_in(a, "mdm", "a new password", REASON_SIGN_IN_FAILED);
    accounts_unref(accounts_ref(a));
    accounts_unref(a);
    accounts_unref(NULL);
}

static void accounts__scope__none_is_everything(void **state)
{
    struct account a = account_of("x");

    (void)state;
    assert_true(account_has_scope(&a, "devices"));
    assert_true(account_has_scope(&a, ACCOUNT_SCOPE_SERVICE));
    a.scope_count = 1;
    (void)snprintf(a.scopes[0], sizeof(a.scopes[0]), "devices");
    assert_true(account_has_scope(&a, "devices"));
    assert_false(account_has_scope(&a, "device"));
    assert_false(account_has_scope(&a, ACCOUNT_SCOPE_SERVICE));
}

/* RFC 7914 12, the vector whose cost we allow. */
static void scrypt__known_answer__matches(void **state)
{
    static const uint8_t expected[64] = {
        0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48, 0x46, 0x1c, 0x06, 0xcd, 0x81,
        0xfd, 0x38, 0xeb, 0xfd, 0xa8, 0xfb, 0xba, 0x90, 0x4f, 0x8e, 0x3e, 0xa9, 0xb5,
        0x43, 0xf6, 0x54, 0x5d, 0xa1, 0xf2, 0xd5, 0x43, 0x29, 0x55, 0x61, 0x3f, 0x0f,
        0xcf, 0x62, 0xd4, 0x97, 0x05, 0x24, 0x2a, 0x9a, 0xf9, 0xe6, 0x1e, 0x85, 0xdc,
        0x0d, 0x65, 0x1e, 0x40, 0xdf, 0xcf, 0x01, 0x7b, 0x45, 0x57, 0x58, 0x87,
    };
    const struct scrypt_cost cost = { 16384, 8, 1 };
    const struct scrypt_cost bad = { 1024, 8, 16 };
    struct error err = ERROR_INIT;
    uint8_t out[64];

    (void)state;
    assert_done(crypto_scrypt(bytes_of_text("pleaseletmein"), bytes_of_text("SodiumChloride"),
                              &cost, out, sizeof(out), &err),
                &err, "");
    assert_memory_equal(out, expected, sizeof(out));
    assert_refused(
        crypto_scrypt(bytes_of_text("x"), bytes_of_text("y"), &bad, out, sizeof(out), &err), &err,
        REASON_INTERNAL, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(accounts__life__add_change_remove),      TEST(accounts__file__round_trip),
        TEST(accounts__names_and_passwords__checked), TEST(accounts__many__bounded),
        TEST(accounts__edited_file__strict),          TEST(accounts__sign_in__follows_the_file),
        TEST(accounts__scope__none_is_everything),    TEST(scrypt__known_answer__matches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
