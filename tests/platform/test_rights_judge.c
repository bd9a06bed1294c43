/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include "base/product.h"
#include "platform/rights_judge.h"
#include "platform/rights_place.h"

#define SELF "S-1-5-21-1-2-3-1001"
#define BOB "S-1-5-21-1-2-3-1002"
#define USERS "S-1-5-32-545"
#define EVERYONE "S-1-1-0"
#define TRUSTED_INSTALLER "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
#define IO 0x08u /* only to be inherited */
#define OICI 0x03u
#define FULL 0x1f01ffu
#define MODIFY 0x1301bfu
#define READ_EXECUTE 0x1200a9u

enum thing { OPEN_FILE, SECRET_FILE, OPEN_FOLDER, SECRET_FOLDER };

static enum rights_verdict judge(enum thing thing, unsigned type, unsigned flags, uint32_t mask,
                                 const char *sid)
{
    const struct rights_subject subject = {
        SELF,
        thing == OPEN_FOLDER || thing == SECRET_FOLDER,
        thing == SECRET_FILE || thing == SECRET_FOLDER,
    };
    const struct rights_entry entry = { (uint8_t)type, (uint8_t)flags, mask, sid };

    return rights_judge_entry(&entry, &subject);
}

static void entry__trusted_accounts__may_do_everything(void **state)
{
    static const char *const sids[] = {
        "S-1-5-18", "S-1-5-32-544", PRODUCT_SERVICE_SID, TRUSTED_INSTALLER, SELF, "S-1-3-4",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sids) / sizeof(sids[0]); i++) {
        for (int thing = OPEN_FILE; thing <= SECRET_FOLDER; thing++) {
            for (unsigned flags = 0; flags <= 0x1f; flags++) {
                if (judge((enum thing)thing, 0, flags, FULL, sids[i]) != RIGHTS_FINE) {
                    fail_msg("%s flags %x thing %d", sids[i], flags, thing);
                }
            }
        }
    }
}

static void entry__others__by_what_they_get(void **state)
{
    static const char *const sids[] = {
        EVERYONE,
        USERS,
        BOB,
        "S-1-5-11",     /* Authenticated Users */
        "S-1-5-32-551", /* Backup Operators */
        "S-1-5-19",     /* LOCAL SERVICE, which other services share */
        "S-1-5-80-0",   /* all services */
        "S-1-5-32-5444",
        "S-1-5-1",
        "S-1-3-1", /* the creator's group */
        "S-1-5-80-1-1-1-1-1",
        NULL,
    };
    static const uint32_t change[] = { 0x2,        0x4,     0x10,    0x40,      0x100,
                                       0x10000,    0x40000, 0x80000, 0x2000000, 0x10000000,
                                       0x40000000, FULL,    MODIFY,  0x116,     0x1f03ff };
    static const uint32_t reading[] = { 0x1, 0x8, 0x80000000, READ_EXECUTE, 0x120089 };
    static const uint32_t harmless[] = { 0, 0x20, 0x80, 0x20000, 0x100000, 0x1200a0, 0x20000000 };

    (void)state;
    for (size_t i = 0; i < sizeof(sids) / sizeof(sids[0]); i++) {
        for (size_t m = 0; m < sizeof(change) / sizeof(change[0]); m++) {
            for (int thing = OPEN_FILE; thing <= SECRET_FOLDER; thing++) {
                assert_int_equal(judge((enum thing)thing, 0, 0, change[m], sids[i]),
                                 RIGHTS_MAY_CHANGE);
            }
        }
        for (size_t m = 0; m < sizeof(reading) / sizeof(reading[0]); m++) {
            assert_int_equal(judge(OPEN_FILE, 0, 0, reading[m], sids[i]), RIGHTS_FINE);
            assert_int_equal(judge(OPEN_FOLDER, 0, OICI, reading[m], sids[i]), RIGHTS_FINE);
            assert_int_equal(judge(SECRET_FILE, 0, 0, reading[m], sids[i]), RIGHTS_MAY_READ);
            assert_int_equal(judge(SECRET_FOLDER, 0, OICI, reading[m], sids[i]), RIGHTS_MAY_READ);
        }
        for (size_t m = 0; m < sizeof(harmless) / sizeof(harmless[0]); m++) {
            assert_int_equal(judge(SECRET_FILE, 0, 0, harmless[m], sids[i]), RIGHTS_FINE);
        }
    }
}

static void entry__only_to_be_inherited__counts_on_folders(void **state)
{
    (void)state;
    assert_int_equal(judge(SECRET_FILE, 0, IO, FULL, EVERYONE), RIGHTS_FINE);
    assert_int_equal(judge(OPEN_FOLDER, 0, IO | OICI, FULL, EVERYONE), RIGHTS_MAY_CHANGE);
    assert_int_equal(judge(SECRET_FOLDER, 0, IO | OICI, READ_EXECUTE, EVERYONE), RIGHTS_MAY_READ);
    /* CREATOR OWNER becomes whoever makes a file inside, and only we may */
    assert_int_equal(judge(SECRET_FOLDER, 0, IO | OICI, FULL, "S-1-3-0"), RIGHTS_FINE);
    assert_int_equal(judge(SECRET_FOLDER, 0, OICI, FULL, "S-1-3-0"), RIGHTS_MAY_CHANGE);
    assert_int_equal(judge(SECRET_FILE, 0, 0, FULL, "S-1-3-0"), RIGHTS_MAY_CHANGE);
}

static void entry__types__deny_gives_nothing_and_special_ones_are_not_trusted(void **state)
{
    static const unsigned deny[] = { 0x01, 0x06, 0x0a, 0x0c };

    (void)state;
    for (size_t i = 0; i < sizeof(deny) / sizeof(deny[0]); i++) {
        assert_int_equal(judge(SECRET_FILE, deny[i], 0, FULL, EVERYONE), RIGHTS_FINE);
    }
    for (unsigned type = 0x02; type <= 0xff; type++) {
        if (type == 0x06 || type == 0x0a || type == 0x0c) {
            continue;
        }
        assert_int_equal(judge(SECRET_FILE, type, 0, FULL, NULL), RIGHTS_MAY_CHANGE);
        assert_int_equal(judge(SECRET_FILE, type, 0, 0x1, NULL), RIGHTS_MAY_READ);
        assert_int_equal(judge(OPEN_FILE, type, 0, 0x1, NULL), RIGHTS_FINE);
        assert_int_equal(judge(SECRET_FILE, type, IO, FULL, NULL), RIGHTS_MAY_CHANGE);
    }
}

static void owner__ours_or_not(void **state)
{
    static const struct {
        const char *sid;
        bool trusted;
    } cases[] = {
        { "S-1-5-18", true },
        { "S-1-5-32-544", true },
        { PRODUCT_SERVICE_SID, true },
        { TRUSTED_INSTALLER, true },
        { SELF, true },
        { BOB, false },
        { "S-1-5-32-545", false },
        { "S-1-3-4", false },
        { "S-1-3-0", false },
        { "S-1-5-32-544-1", false },
        { "S-1-5-1", false },
        { "", false },
        { "S-1-5-21-1-2-3-100", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (rights_judge_trusted(cases[i].sid, SELF) != cases[i].trusted) {
            fail_msg("%s", cases[i].sid);
        }
    }
    /* an account that Windows did not tell is nobody's */
    assert_false(rights_judge_trusted(BOB, ""));
}

/* Each row of docs/data-folder.md. */
static void place__what_lies_in_the_folder__as_documented(void **state)
{
    static const struct {
        const char *path;
        enum rights_place place;
    } cases[] = {
        { "", RIGHTS_PLACE_SECRET },
        { "openndes.json", RIGHTS_PLACE_OPEN },
        { "OpenNDES.JSON", RIGHTS_PLACE_OPEN },
        { "templates", RIGHTS_PLACE_OPEN },
        { "templates/device.json", RIGHTS_PLACE_OPEN },
        { "templates/.lock", RIGHTS_PLACE_OPEN },
        { "policies/corp.json", RIGHTS_PLACE_OPEN },
        { "policies/more/known.csv", RIGHTS_PLACE_OPEN },
        { "ca", RIGHTS_PLACE_OPEN },
        { "ca/default", RIGHTS_PLACE_OPEN },
        { "ca/default/ca.crt", RIGHTS_PLACE_OPEN },
        { "ca/default/ca.key", RIGHTS_PLACE_SECRET },
        { "ca/default/ra-enc.key", RIGHTS_PLACE_SECRET },
        { "ca/default/ra-enc.1.key", RIGHTS_PLACE_SECRET },
        { "ca/default/ra-enc.1.crt", RIGHTS_PLACE_OPEN },
        { "ca/.default.new/ca.key", RIGHTS_PLACE_SECRET },
        { "ca/default/ca.key.0011223344556677.tmp", RIGHTS_PLACE_SECRET },
        { "tls/server.crt", RIGHTS_PLACE_OPEN },
        { "tls/server.key", RIGHTS_PLACE_SECRET },
        { "tls/server.key.new", RIGHTS_PLACE_SECRET },
        { "tls/password", RIGHTS_PLACE_SECRET },
        { "tls/.lock", RIGHTS_PLACE_OPEN },
        { "intune/secret", RIGHTS_PLACE_SECRET },
        { "intune/proxy-password", RIGHTS_PLACE_SECRET },
        { "intune/client.crt", RIGHTS_PLACE_OPEN },
        { "intune/client.key", RIGHTS_PLACE_SECRET },
        { "intune/client.key.new", RIGHTS_PLACE_SECRET },
        { "intune/.lock", RIGHTS_PLACE_OPEN },
        { "accounts.json", RIGHTS_PLACE_SECRET },
        { "accounts.lock", RIGHTS_PLACE_OPEN },
        { "secrets.key", RIGHTS_PLACE_SECRET },
        { "protect.key", RIGHTS_PLACE_SECRET },
        { "openndes.db", RIGHTS_PLACE_SECRET },
        { "openndes.db-wal", RIGHTS_PLACE_SECRET },
        { "openndes.db-shm", RIGHTS_PLACE_SECRET },
        { "logs", RIGHTS_PLACE_OPEN },
        { "logs/audit.jsonl", RIGHTS_PLACE_OPEN },
        { "openndes.lock", RIGHTS_PLACE_OPEN },
        { "config.lock", RIGHTS_PLACE_OPEN },
        { "notes.txt", RIGHTS_PLACE_OTHER },
        { "lost+found", RIGHTS_PLACE_OTHER },
        { "caution", RIGHTS_PLACE_OTHER },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (rights_place_of(cases[i].path) != cases[i].place) {
            fail_msg("%s", cases[i].path);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry__trusted_accounts__may_do_everything),
        cmocka_unit_test(entry__others__by_what_they_get),
        cmocka_unit_test(entry__only_to_be_inherited__counts_on_folders),
        cmocka_unit_test(entry__types__deny_gives_nothing_and_special_ones_are_not_trusted),
        cmocka_unit_test(owner__ours_or_not),
        cmocka_unit_test(place__what_lies_in_the_folder__as_documented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
