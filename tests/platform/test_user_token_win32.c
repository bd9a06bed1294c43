/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <string.h>

#include "platform/win32/user_token_handle.h"

#include <sddl.h>

static HANDLE process_token(void)
{
    HANDLE token = NULL;

    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &token));
    return token;
}

static bool is(const struct user_token *token, const char *name)
{
    struct principal *p = NULL;
    struct error err = ERROR_INIT;
    bool yes;

    assert_done(principal_find(name, &p, &err), &err, name);
    assert_non_null(p);
    yes = user_token_is(token, p);
    principal_free(p);
    return yes;
}

/* What DOMAIN\name of the process's user is, from the system itself. */
static void own_name(char name[256], char sid[256])
{
    union {
        TOKEN_USER user;
        BYTE bytes[256];
    } info;
    char account[128];
    char domain[128];
    char *text = NULL;
    DWORD size = 0;
    DWORD account_size = sizeof(account);
    DWORD domain_size = sizeof(domain);
    SID_NAME_USE use = SidTypeUnknown;
    HANDLE token = process_token();

    assert_true(GetTokenInformation(token, TokenUser, &info, sizeof(info), &size));
    assert_true(LookupAccountSidA(NULL, info.user.User.Sid, account, &account_size, domain,
                                  &domain_size, &use));
    assert_true(ConvertSidToStringSidA(info.user.User.Sid, &text));
    (void)snprintf(name, 256, "%s\\%s", domain, account);
    (void)snprintf(sid, 256, "%s", text);
    (void)LocalFree(text);
    (void)CloseHandle(token);
}

static void user_token__primary_and_impersonation__same_answers(void **state)
{
    char expected[256];
    char sid[256];
    char name[256];

    (void)state;
    own_name(expected, sid);
    for (int i = 0; i < 2; i++) {
        struct error err = ERROR_INIT;
        HANDLE handle = process_token();
        struct user_token *token = NULL;

        if (i == 1) {
            HANDLE primary = handle;

            assert_true(DuplicateToken(primary, SecurityIdentification, &handle));
            (void)CloseHandle(primary);
        }
        token = user_token_take(handle, &err);
        assert_done(token != NULL, &err, "");
        assert_true(is(token, sid));
        assert_true(is(token, "S-1-1-0"));
        assert_false(is(token, "S-1-5-32-546"));
        assert_false(is(token, "S-1-5-21-1-2-3-4"));
        assert_false(is(token, "S-1-5-7"));
        assert_true(user_token_name(token, name, sizeof(name)));
        assert_string_equal(name, expected);
        assert_false(user_token_name(token, name, 4));
        assert_string_equal(name, "");
        user_token_free(token);
    }
    user_token_free(NULL);
}

static void user_token__no_token__refused(void **state)
{
    const HANDLE handles[] = { (HANDLE)(ULONG_PTR)0xdeadbeef, NULL, INVALID_HANDLE_VALUE };

    (void)state;
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        struct error err = ERROR_INIT;

        assert_null(user_token_take(handles[i], &err));
        assert_int_equal(err.reason, REASON_SIGN_IN_FAILED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_token__primary_and_impersonation__same_answers),
        cmocka_unit_test(user_token__no_token__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
