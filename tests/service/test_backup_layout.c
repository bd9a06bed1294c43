/* SPDX-License-Identifier: Apache-2.0 */
/* Which names belong into a backup, and that no name leads out of the data folder. */
#include <string.h>

#include "platform/sealed_places.h"
#include "service/backup_layout.h"
#include "support/test_support.h"

static void kind__every_place__as_documented(void **state)
{
    static const struct {
        const char *path;
        enum backup_kind kind;
    } cases[] = {
        { "openndes.json", BACKUP_KIND_FILE },
        { "accounts.json", BACKUP_KIND_FILE },
        { "templates/device.json", BACKUP_KIND_FILE },
        { "templates/a.b-c_1.json", BACKUP_KIND_FILE },
        { "policies/Corp Wi-Fi (2).xml", BACKUP_KIND_POLICY },
        { "trusted/ndes-old.crt", BACKUP_KIND_FILE },
        { "trusted/ndes-old.crl", BACKUP_KIND_POLICY },
        { "trusted/ndes-old.crl.tmp", BACKUP_KIND_NEVER },
        { "trusted/Old CA.crt", BACKUP_KIND_UNKNOWN },
        { "policies/Ger\xc3\xa4te.json", BACKUP_KIND_POLICY },
        { "ca/default/ca.crt", BACKUP_KIND_FILE },
        { "ca/default/chain.pem", BACKUP_KIND_FILE },
        { "ca/default/chain.new.pem", BACKUP_KIND_FILE },
        { "ca/default/request.csr", BACKUP_KIND_FILE },
        { "ca/default/ca.key", BACKUP_KIND_SECRET },
        { "ca/default/request.key", BACKUP_KIND_SECRET },
        { "ca/default/ra.key", BACKUP_KIND_SECRET },
        { "ca/default/ra-sign.key", BACKUP_KIND_SECRET },
        { "ca/default/ra-enc.key", BACKUP_KIND_SECRET },
        { "ca/default/ra.1.crt", BACKUP_KIND_FILE },
        { "ca/default/ra-enc.3.crt", BACKUP_KIND_FILE },
        { "ca/default/ra.3.key", BACKUP_KIND_SECRET },
        { "ca/default/ra-sign.2.key", BACKUP_KIND_SECRET },
        { "ca/default/ra.0.key", BACKUP_KIND_UNKNOWN },
        { "ca/default/ra.11.key", BACKUP_KIND_UNKNOWN },
        { "ca/default/ra.x.crt", BACKUP_KIND_UNKNOWN },
        { "ca/default/ra.#.crt", BACKUP_KIND_UNKNOWN },
        { "tls/server.crt", BACKUP_KIND_FILE },
        { "tls/server.key", BACKUP_KIND_SECRET },
        { "tls/server.key.new", BACKUP_KIND_SECRET },
        { "tls/password", BACKUP_KIND_SECRET },
        { "intune/secret", BACKUP_KIND_SECRET },
        { "intune/client.key.new", BACKUP_KIND_SECRET },
        { "secrets.key", BACKUP_KIND_SECRET },
        { "openndes.db", BACKUP_KIND_DATABASE },
        { "logs/openndes.log", BACKUP_KIND_LOG },
        { "logs/audit.jsonl.3", BACKUP_KIND_LOG },
        { "logs/setup.log", BACKUP_KIND_LOG },
        { "protect.key", BACKUP_KIND_NEVER },
        { "openndes.lock", BACKUP_KIND_NEVER },
        { "ca/.lock", BACKUP_KIND_NEVER },
        { "openndes.db-wal", BACKUP_KIND_NEVER },
        { "openndes.db.snapshot-shm", BACKUP_KIND_NEVER },
        { "templates/device.json.0011223344556677.tmp", BACKUP_KIND_NEVER },
        { "mine.pem", BACKUP_KIND_UNKNOWN },
        { "ca/default/old.key", BACKUP_KIND_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (backup_layout_kind(cases[i].path) != cases[i].kind) {
            fail_msg("%s: kind %d instead of %d", cases[i].path,
                     (int)backup_layout_kind(cases[i].path), (int)cases[i].kind);
        }
    }
}

static void kind__hostile_name__unknown(void **state)
{
    static const char *const names[] = {
        "",
        ".",
        "..",
        "/etc/passwd",
        "../openndes.json",
        "./openndes.json",
        "openndes.json/",
        "/openndes.json",
        "OPENNDES.JSON",
        "C:openndes.json",
        "C:/openndes.json",
        "\\\\host\\share\\openndes.json",
        "openndes.json:stream",
        "openndes.json::$DATA",
        "openndes.db ",
        "openndes.db.",
        "templates/../openndes.json",
        "templates//device.json",
        "templates/..json",
        "templates/.json",
        "templates/a/b.json",
        "templates/a\\b.json",
        "templates/..\\..\\x.json",
        "templates/Device.json",
        "templates/con.json",
        "templates/com1.json",
        "policies/",
        "policies/.",
        "policies/..",
        "policies/.hidden",
        "policies/../openndes.json",
        "policies/a/b",
        "policies/a\\b",
        "policies/a:b",
        "policies/C:",
        "policies/a\nb",
        "policies/a\x7f"
        "b",
        "policies/a\xc2\x85"
        "b",
        "policies/a ",
        "policies/ a",
        "policies/a.",
        "policies/a*",
        "policies/a?",
        "policies/a|b",
        "policies/a<b",
        "policies/a\"b",
        "policies/nul",
        "policies/NUL.xml",
        "policies/con .xml",
        "policies/Com1.tar.gz",
        "policies/lpt9",
        "policies/com\xc2\xb9.xml",
        "policies/CONIN$",
        "policies/\xff\xfe",
        "policies/\xc0\xaf",
        "policies/\xed\xa0\x80",
        "ca/../ca.key",
        "ca/./ca.key",
        "ca//ca.key",
        "ca/a/b/ca.key",
        "ca/nul/ca.key",
        "ca/..\\x/ca.key",
        "ca/A/ca.crt",
        "ca/.default.new/ca.key",
        "tls/../secrets.key",
        "TLS/server.key",
        "logs/../openndes.log",
        "logs/openndes.log:x",
        "logs/audit.",
    };
    char longest[600];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (backup_layout_kind(names[i]) != BACKUP_KIND_UNKNOWN) {
            fail_msg("\"%s\" has kind %d", names[i], (int)backup_layout_kind(names[i]));
        }
    }
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memcpy(longest, "policies/", 9);
    assert_int_equal(backup_layout_kind(longest), BACKUP_KIND_UNKNOWN);
    longest[9 + 128] = '\0';
    assert_int_equal(backup_layout_kind(longest), BACKUP_KIND_POLICY);
    longest[9 + 128] = 'a';
    longest[9 + 129] = '\0';
    assert_int_equal(backup_layout_kind(longest), BACKUP_KIND_UNKNOWN);
}

static void folder__only_known_ones(void **state)
{
    (void)state;
    assert_true(backup_layout_folder(""));
    assert_true(backup_layout_folder("ca"));
    assert_true(backup_layout_folder("ca/default"));
    assert_true(backup_layout_folder("logs"));
    assert_false(backup_layout_folder("ca/.default.new"));
    assert_false(backup_layout_folder("ca/default/x"));
    assert_false(backup_layout_folder("other"));
    assert_false(backup_layout_folder("policies/x"));
}

/* Purposes are bound into what is sealed: these texts are forever. */
static void purpose__of_each_place__never_changes(void **state)
{
    static const struct {
        const char *path;
        const char *purpose;
    } cases[] = {
        { "secrets.key", "mac-key" },
        { "ca/vpn/ca.key", "ca-key:vpn" },
        { "ca/vpn/request.key", "ca-key:vpn" },
        { "ca/vpn/ra.key", "ra-key:vpn" },
        { "ca/vpn/ra-sign.key", "ra-sign-key:vpn" },
        { "ca/vpn/ra-enc.key", "ra-enc-key:vpn" },
        { "ca/vpn/ra.1.key", "ra-key:vpn" },
        { "ca/vpn/ra-sign.2.key", "ra-sign-key:vpn" },
        { "ca/vpn/ra-enc.3.key", "ra-enc-key:vpn" },
        { "tls/server.key", "tls-key:server" },
        { "tls/server.key.new", "tls-key:server" },
        { "tls/password", "tls-password" },
        { "intune/secret", "intune:secret" },
        { "intune/proxy-password", "intune:proxy-password" },
        { "intune/client.key", "intune:client-key" },
        { "intune/client.key.new", "intune:client-key" },
    };
    char purpose[SEALED_PURPOSE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(sealed_place_purpose(cases[i].path, purpose));
        assert_string_equal(purpose, cases[i].purpose);
    }
    assert_false(sealed_place_purpose("ca/a/b/ca.key", purpose));
    assert_false(sealed_place_purpose("ca//ca.key", purpose));
    assert_false(sealed_place_purpose("openndes.json", purpose));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kind__every_place__as_documented),
        cmocka_unit_test(kind__hostile_name__unknown),
        cmocka_unit_test(folder__only_known_ones),
        cmocka_unit_test(purpose__of_each_place__never_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
