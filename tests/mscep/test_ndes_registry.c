/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "mscep/ndes_registry.h"

#define HEAD "Windows Registry Editor Version 5.00\r\n\r\n"
#define ROOT "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP"

static void read_fixture(const char *name, struct ndes_registry *r)
{
    struct buffer file = BUFFER_INIT(65536);
    struct error err = ERROR_INIT;

    test_fixture_read(name, &file);
    assert_done(ndes_registry_parse(r, buffer_bytes(&file), &err), &err, name);
    buffer_clear(&file);
}

static void registry__default_installation__read(void **state)
{
    struct ndes_registry r;

    (void)state;
    read_fixture("ndes/default.reg", &r);
    assert_true(r.found);
    assert_string_equal(r.values[NDES_SIGNATURE_TEMPLATE].text, "IPSECIntermediateOffline");
    assert_string_equal(r.values[NDES_CA_CONFIGURATION].text,
                        "ca1.example.com\\Example Issuing CA");
    assert_true(ndes_registry_has(&r, NDES_CA_TYPE));
    assert_int_equal(r.values[NDES_CA_TYPE].number, 1);
    assert_int_equal(r.values[NDES_PASSWORD_VALIDITY].number, 60);
    assert_int_equal(r.values[NDES_PASSWORD_MAX].number, 5);
    assert_int_equal(r.values[NDES_PASSWORD_LENGTH].number, 8);
    assert_int_equal(r.values[NDES_ENFORCE_PASSWORD].number, 1);
    assert_true(ndes_registry_has(&r, NDES_USE_SINGLE_PASSWORD));
    assert_false(ndes_registry_has(&r, NDES_CACHE_REQUEST));
    assert_false(ndes_registry_has(&r, NDES_ENCRYPTED_PASSWORD));
    assert_int_equal(r.ignored_count, 0);
    ndes_registry_clear(&r);
}

static void registry__tuned_installation__read(void **state)
{
    struct ndes_registry r;

    (void)state;
    read_fixture("ndes/tuned.reg", &r);
    assert_string_equal(r.values[NDES_CAPS_ALGORITHMS].text, "SHA-512\nSHA-256");
    assert_string_equal(r.values[NDES_POLICY_MODULE].text, "NDESPolicy.OTA.1");
    assert_true(ndes_registry_has(&r, NDES_POLICY_CERTIFICATE));
    assert_true(ndes_registry_has(&r, NDES_ENCRYPTED_PASSWORD));
    assert_string_equal(r.values[NDES_ENCRYPTED_PASSWORD].text, "");
    assert_int_equal(r.ignored_count, 1);
    assert_string_equal(r.ignored[0], "TempFilesPath");
    ndes_registry_clear(&r);
}

/* Only the key of the same name counts: NDES does not look at the root for these. */
static void registry__value_in_the_wrong_key__ignored(void **state)
{
    struct ndes_registry r;
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(
        ndes_registry_parse(&r,
                            bytes_of_text(HEAD ROOT "]\r\n\"PasswordMax\"=dword:9\r\n" ROOT
                                                    "\\PasswordMax]\r\n\"Max\"=dword:9\r\n"),
                            &err),
        &err, "");
    assert_true(r.found);
    assert_false(ndes_registry_has(&r, NDES_PASSWORD_MAX));
    assert_int_equal(r.ignored_count, 2);
    assert_string_equal(r.ignored[1], "PasswordMax\\Max");
    ndes_registry_clear(&r);
}

static void registry__types__tolerated_or_told(void **state)
{
    static const struct {
        const char *name;
        const char *value; /* in PasswordMax */
        enum ndes_value_state state;
        uint32_t number;
    } cases[] = {
        { "number", "dword:0000000a", NDES_VALUE_READ, 10 },
        { "digits", "\" 25 \"", NDES_VALUE_READ, 25 },
        { "bytes of a number", "hex(4):07,00,00,00", NDES_VALUE_READ, 7 },
        { "words", "\"many\"", NDES_VALUE_WRONG_TYPE, 0 },
        { "nothing", "\"\"", NDES_VALUE_WRONG_TYPE, 0 },
        { "too large", "\"4294967296\"", NDES_VALUE_WRONG_TYPE, 0 },
        { "binary", "hex:07", NDES_VALUE_WRONG_TYPE, 0 },
        { "list", "hex(7):37,00,00,00,00,00", NDES_VALUE_WRONG_TYPE, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer file = BUFFER_INIT(1000);
        struct ndes_registry r;
        struct error err = ERROR_INIT;

        assert_true(buffer_printf(&file, &err, "%s%s\\passwordmax]\r\n\"PASSWORDMAX\"=%s\r\n", HEAD,
                                  ROOT, cases[i].value));
        assert_done(ndes_registry_parse(&r, buffer_bytes(&file), &err), &err, cases[i].name);
        assert_int_equal(r.values[NDES_PASSWORD_MAX].state, cases[i].state);
        if (cases[i].state == NDES_VALUE_READ) {
            assert_int_equal(r.values[NDES_PASSWORD_MAX].number, cases[i].number);
        }
        ndes_registry_clear(&r);
        buffer_clear(&file);
    }
}

static void registry__setting_twice__refused(void **state)
{
    struct ndes_registry r;
    struct error err = ERROR_INIT;

    (void)state;
    assert_refused(
        ndes_registry_parse(&r,
                            bytes_of_text(HEAD ROOT "\\PasswordMax]\r\n\"PasswordMax\"=dword:9\r\n"
                                                    "\"passwordmax\"=dword:8\r\n"),
                            &err),
        &err, REASON_SYNTAX, "");
    assert_non_null(strstr(err.detail, "PasswordMax\\PasswordMax"));
    assert_false(r.found);
    ndes_registry_clear(&r);
}

static void registry__many_unknown_values__counted(void **state)
{
    struct buffer file = BUFFER_INIT(65536);
    struct ndes_registry r;
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(buffer_append_text(&file, HEAD ROOT "\\Other]\r\n@=\"\"\r\n", &err));
    for (unsigned i = 0; i < 100; i++) {
        assert_true(buffer_printf(&file, &err, "\"value\x01 %u\"=dword:1\r\n", i));
    }
    assert_done(ndes_registry_parse(&r, buffer_bytes(&file), &err), &err, "");
    assert_int_equal(r.ignored_count, 100);
    assert_string_equal(r.ignored[0], "Other\\value\\x01 0");
    assert_non_null(r.ignored[NDES_REGISTRY_IGNORED_MAX - 1]);
    ndes_registry_clear(&r);
    buffer_clear(&file);
}

static void registry__other_keys__not_found(void **state)
{
    struct ndes_registry r;
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(ndes_registry_parse(
                    &r, bytes_of_text(HEAD "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft]\r\n"), &err),
                &err, "");
    assert_false(r.found);
    ndes_registry_clear(&r);
}

static void registry__file__missing_or_broken(void **state)
{
    struct test_folder folder;
    char path[FILE_PATH_MAX];
    struct ndes_registry r;
    struct error err = ERROR_INIT;

    (void)state;
    test_folder_create(&folder);
    test_folder_path(&folder, "ndes.reg", path);
    assert_refused(ndes_registry_read_file(&r, path, &err), &err, REASON_FILE_MISSING, "");
    error_clear(&err);
    test_folder_write(&folder, "ndes.reg", "REGEDIT4\r\n");
    assert_refused(ndes_registry_read_file(&r, path, &err), &err, REASON_SYNTAX, "");
    assert_non_null(strstr(err.detail, "ndes.reg: line 1"));
    error_clear(&err);
    test_folder_write(&folder, "ndes.reg", HEAD ROOT "]\r\n\"SignatureTemplate\"=\"x\"\r\n");
    assert_done(ndes_registry_read_file(&r, path, &err), &err, "");
    assert_string_equal(r.values[NDES_SIGNATURE_TEMPLATE].text, "x");
    ndes_registry_clear(&r);
    test_folder_remove(&folder);
}

static void registry__paths__name_every_setting(void **state)
{
    (void)state;
    assert_string_equal(ndes_setting_path(NDES_PASSWORD_MAX), "PasswordMax\\PasswordMax");
    assert_string_equal(ndes_setting_path(NDES_REFRESH_PERIOD), "Refresh\\RefreshPeriod");
    for (int i = 0; i < NDES_SETTING_COUNT; i++) {
        assert_string_not_equal(ndes_setting_path((enum ndes_setting)i), "");
    }
    ndes_registry_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry__default_installation__read),
        cmocka_unit_test(registry__tuned_installation__read),
        cmocka_unit_test(registry__value_in_the_wrong_key__ignored),
        cmocka_unit_test(registry__types__tolerated_or_told),
        cmocka_unit_test(registry__setting_twice__refused),
        cmocka_unit_test(registry__many_unknown_values__counted),
        cmocka_unit_test(registry__other_keys__not_found),
        cmocka_unit_test(registry__file__missing_or_broken),
        cmocka_unit_test(registry__paths__name_every_setting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
