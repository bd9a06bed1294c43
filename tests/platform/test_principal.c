/* SPDX-License-Identifier: Apache-2.0 */
/* Principals and Windows accounts, as far as every system can say. */
#include "support/test_support.h"

#include <string.h>

#include "platform/logon.h"
#include "platform/principal.h"

static void principal__sids_and_strangers__known_or_not(void **state)
{
    static const struct {
        const char *name;
        bool known;
    } cases[] = {
        { "S-1-5-32-544", true },
        { "s-1-5-21-1-2-3-1001", true },
        { "S-1-1-0", true },
        { "", false },
        { "S-1-", false },
        { "S-1-5-", false },
        { "S-1-5-x", false },
        { "S-1-5-32-544 ", false },
        { "no such user or group", false },
        { "NOWHERE\\no such user", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct principal *p = NULL;
        struct error err = ERROR_INIT;

        assert_done(principal_find(cases[i].name, &p, &err), &err, cases[i].name);
        if ((p != NULL) != cases[i].known) {
            fail_msg("%s is %sknown", cases[i].name, p != NULL ? "" : "un");
        }
        principal_free(p);
    }
    principal_free(NULL);
}

/* A stranger is never signed in, on no system: under Wine, whose LogonUser refuses nobody, because
 * the token is none. */
static void logon__stranger__refused(void **state)
{
    static const char *const names[] = { ".\\no such user", "nobody@nowhere.invalid",
                                         "NOWHERE\\nobody", "nobody" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct user_token *token = NULL;
        struct error err = ERROR_INIT;

        assert_false(logon_user(names[i], bytes_of_text("Geheim-1234"), &token, &err));
        assert_null(token);
        assert_true(err.reason == REASON_SIGN_IN_FAILED
                    || err.reason == REASON_SIGN_IN_UNAVAILABLE);
        assert_null(strstr(err.detail, "Geheim"));
        if (!logon_available()) {
            assert_int_equal(err.reason, REASON_SIGN_IN_UNAVAILABLE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principal__sids_and_strangers__known_or_not),
        cmocka_unit_test(logon__stranger__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
