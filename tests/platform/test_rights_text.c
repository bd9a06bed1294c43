/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/product.h"
#include "platform/rights_text.h"

#define SVC "S-1-5-80-3989343243-1912646083-1131278858-482302991-2652067996"

static void service_sid__known_names__as_windows_says(void **state)
{
    static const struct {
        const char *name;
        const char *sid;
    } cases[] = {
        { "TrustedInstaller", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464" },
        { "trustedinstaller", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464" },
        { PRODUCT_SERVICE, PRODUCT_SERVICE_SID },
        { PRODUCT_SERVICE, SVC },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        char sid[RIGHTS_SID_MAX];

        assert_done(rights_text_service_sid(cases[i].name, sid, &err), &err, cases[i].name);
        assert_string_equal(sid, cases[i].sid);
    }
}

static void service_sid__longest_and_odd_names__bounded(void **state)
{
    char name[258];
    char sid[RIGHTS_SID_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    memset(name, 'a', sizeof(name));
    name[256] = '\0';
    assert_done(rights_text_service_sid(name, sid, &err), &err, "256");
    name[256] = 'a';
    name[257] = '\0';
    assert_refused(rights_text_service_sid(name, sid, &err), &err, REASON_INTERNAL, "257");
    error_clear(&err);
    assert_refused(rights_text_service_sid("D\xc3\xa4mon", sid, &err), &err, REASON_INTERNAL,
                   "not ASCII");
}

static void sddl__each_object_and_owner__exactly(void **state)
{
    static const struct {
        enum rights_object object;
        enum rights_owner owner;
        const char *sddl;
    } cases[] = {
        { RIGHTS_FILE, RIGHTS_OWNER_ADMINISTRATORS,
          "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1301bf;;;" SVC ")(A;;RC;;;OW)" },
        { RIGHTS_FILE, RIGHTS_OWNER_SERVICE,
          "O:" SVC "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1301bf;;;" SVC ")(A;;RC;;;OW)" },
        { RIGHTS_FILE, RIGHTS_OWNER_CREATOR,
          "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1301bf;;;" SVC ")(A;;FA;;;OW)" },
        { RIGHTS_FOLDER, RIGHTS_OWNER_ADMINISTRATORS,
          "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;" SVC ")(A;OICI;RC;;;OW)" },
        { RIGHTS_FOLDER, RIGHTS_OWNER_SERVICE,
          "O:" SVC "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;" SVC
          ")(A;OICI;RC;;;OW)" },
        { RIGHTS_FOLDER, RIGHTS_OWNER_CREATOR,
          "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;" SVC ")(A;OICI;FA;;;OW)" },
        { RIGHTS_REGISTRY_KEY, RIGHTS_OWNER_ADMINISTRATORS,
          "O:BAD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;" SVC ")(A;CI;RC;;;OW)" },
        /* settings that the service only reads never belong to it, nor to a user */
        { RIGHTS_REGISTRY_KEY, RIGHTS_OWNER_SERVICE,
          "O:BAD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;" SVC ")(A;CI;RC;;;OW)" },
        { RIGHTS_REGISTRY_KEY, RIGHTS_OWNER_CREATOR,
          "O:BAD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;" SVC ")(A;CI;RC;;;OW)" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        char sddl[RIGHTS_SDDL_MAX];

        assert_done(rights_text_sddl(cases[i].object, cases[i].owner, sddl, &err), &err,
                    cases[i].sddl);
        assert_string_equal(sddl, cases[i].sddl);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_sid__known_names__as_windows_says),
        cmocka_unit_test(service_sid__longest_and_odd_names__bounded),
        cmocka_unit_test(sddl__each_object_and_owner__exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
