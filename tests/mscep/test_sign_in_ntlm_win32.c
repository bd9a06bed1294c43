/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both legs of NTLM through the system's own packages. Wine's ask a program ntlm_auth, which
 * fake_ntlm_auth plays; they do not tell who it was, so nobody is ever allowed here.
 */
#include "mscep/sign_in_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/http_connection.h"

#include <windows.h>

#define CHALLENGE "TlRMTVNTUAACAAAAY2hhbGxlbmdl" /* what fake_ntlm_auth says */

static bool under_wine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

static int setup(void **state)
{
    static struct sign_in_world world;

    world_init(&world);
    world_list(&world, "S-1-1-0");
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static void two_legs(struct sign_in_world *w, const char *package, const char *scheme)
{
    struct http_connection *c = http_connection_create();

    free(w->config.signin.package);
    w->config.signin.package = text_dup(package);
    world_open(w);
    assert_string_equal(sign_in_problem(w->sign_in), "");
    world_refused(w, world_ntlm(w, c, scheme, 1, "\1\2\3"), 401, REASON_SIGN_IN_REQUIRED);
    assert_non_null(strstr(world_headers(w), scheme));
    assert_non_null(strstr(world_headers(w), " " CHALLENGE "\n"));
    assert_done(world_ntlm(w, c, scheme, 3, "good"), &w->err, package);
    assert_string_equal(w->user.name, "");
    assert_false(w->user.allowed);
    assert_non_null(strstr(w->user.why, "QuerySecurityContextToken: 0x80090302"));
    (void)world_ntlm(w, c, scheme, 1, "\1\2\3");
    world_refused(w, world_ntlm(w, c, scheme, 3, "wrong"), 401, REASON_SIGN_IN_FAILED);
    assert_non_null(strstr(w->err.detail, "0x8009030c"));
    http_connection_end(c);
    http_connection_unref(c);
}

static void ntlm__negotiate_package__two_legs(void **state)
{
    two_legs(*state, "Negotiate", "NTLM");
    two_legs(*state, "Negotiate", "Negotiate");
}

static void ntlm__ntlm_package__two_legs(void **state)
{
    two_legs(*state, "NTLM", "NTLM");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(ntlm__negotiate_package__two_legs),
        TEST(ntlm__ntlm_package__two_legs),
    };

    if (!under_wine()) {
        print_message("skipped: a real Windows checks real users\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
