/* SPDX-License-Identifier: Apache-2.0 */
/* The whole sign-in over real SSPI calls; the package (fake_ssp) gives a name and a token. */
#include "mscep/sign_in_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/http_connection.h"

#include <windows.h>

#include <sddl.h>
#define SECURITY_WIN32
#include <security.h>

typedef PSecurityFunctionTableW(WINAPI *table_function)(void);
typedef LONG (*count_function)(void);
typedef ULONG (*flags_function)(void);

static struct {
    HMODULE library;
    const SecurityFunctionTableW *functions;
    count_function contexts;
    count_function credentials;
    flags_function flags;
    char own_sid[256];
} ssp;

static void (*find(const char *name))(void)
{
    FARPROC found = GetProcAddress(ssp.library, name);

    assert_non_null(found);
    return (void (*)(void))found;
}

static void read_own_sid(void)
{
    union {
        TOKEN_USER user;
        BYTE bytes[256];
    } info;
    HANDLE token = NULL;
    char *text = NULL;
    DWORD size = 0;

    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    assert_true(GetTokenInformation(token, TokenUser, &info, sizeof(info), &size));
    assert_true(ConvertSidToStringSidA(info.user.User.Sid, &text));
    (void)snprintf(ssp.own_sid, sizeof(ssp.own_sid), "%s", text);
    (void)LocalFree(text);
    (void)CloseHandle(token);
}

static int load(void **state)
{
    (void)state;
    ssp.library = LoadLibraryA(FAKE_SSP);
    assert_non_null(ssp.library);
    ssp.functions = ((table_function)find("InitSecurityInterfaceW"))();
    ssp.contexts = (count_function)find("fake_ssp_contexts");
    ssp.credentials = (count_function)find("fake_ssp_credentials");
    ssp.flags = (flags_function)find("fake_ssp_last_flags");
    read_own_sid();
    return 0;
}

static int setup(void **state)
{
    static struct sign_in_world world;

    world_init(&world);
    free(world.config.signin.package);
    world.config.signin.package = text_dup("TestNego");
    world.security_functions = ssp.functions;
    world_list(&world, ssp.own_sid);
    world_open(&world);
    assert_string_equal(sign_in_problem(world.sign_in), "");
    assert_int_equal(ssp.credentials(), 1);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    assert_int_equal(ssp.contexts(), 0);
    assert_int_equal(ssp.credentials(), 0);
    return 0;
}

/* Both legs on a connection of their own. */
static bool sign_in_as(struct sign_in_world *w, const char *text)
{
    struct http_connection *c = http_connection_create();
    char token[64];
    bool result;

    assert_non_null(c);
    world_refused(w, world_leg(w, c, "Negotiate", "\x60hello", 6), 401, REASON_SIGN_IN_REQUIRED);
    assert_string_equal(world_headers(w), "WWW-Authenticate: Negotiate oXdobz8=\n");
    assert_int_equal(ssp.contexts(), 1);
    (void)snprintf(token, sizeof(token), "\xa1%s", text);
    result = world_leg(w, c, "Negotiate", token, strlen(token));
    assert_int_equal(ssp.contexts(), 0);
    http_connection_end(c);
    http_connection_unref(c);
    return result;
}

static void sspi__two_legs__name_package_and_membership(void **state)
{
    static const char *const texts[] = { "alice", "alice2" }; /* with CompleteAuthToken */
    struct sign_in_world *w = *state;

    for (size_t i = 0; i < 2; i++) {
        assert_done(sign_in_as(w, texts[i]), &w->err, texts[i]);
        assert_string_equal(w->user.name, "CORP\\alice");
        assert_string_equal(w->user.scheme, "Kerberos");
        assert_true(w->user.allowed);
        assert_string_equal(world_headers(w), "WWW-Authenticate: Negotiate oXdlbGNvbWU=\n");
    }
}

static void sspi__list__by_sid_and_name(void **state)
{
    static const struct {
        const char *list;
        bool allowed;
    } cases[] = {
        { "S-1-5-21-1-2-3-4", false },
        { "S-1-1-0", true },       /* Everyone */
        { "S-1-5-32-546", false }, /* Guests */
        { "Everyone", true },
        { "no such group here", false },
        { "S-1-5-21-1-2-3-4,S-1-1-0", true },
        { "", false },
    };
    struct sign_in_world *w = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        world_list(w, cases[i].list);
        assert_done(sign_in_as(w, "alice"), &w->err, cases[i].list);
        assert_string_equal(w->user.name, "CORP\\alice");
        assert_int_equal(w->user.allowed, cases[i].allowed);
        assert_string_equal(w->user.why, cases[i].allowed ? "" : "not on the list");
    }
}

static void sspi__bad_ends__closed(void **state)
{
    struct sign_in_world *w = *state;

    world_refused(w, sign_in_as(w, "mallory"), 401, REASON_SIGN_IN_FAILED);
    assert_string_equal(w->err.detail, "Negotiate: AcceptSecurityContext: 0x8009030c, wrong user "
                                       "or password");
    world_refused(w, sign_in_as(w, "null"), 401, REASON_SIGN_IN_FAILED);
    assert_non_null(strstr(w->err.detail, "anonymous"));
    assert_done(sign_in_as(w, "blind"), &w->err, "");
    assert_string_equal(w->user.name, "CORP\\alice");
    assert_false(w->user.allowed);
    assert_non_null(strstr(w->user.why, "QuerySecurityContextToken: 0x80090302"));
    world_refused(w, sign_in_as(w, "guest"), 401, REASON_SIGN_IN_FAILED);
    assert_non_null(strstr(w->err.detail, "does not say whom"));
}

static void sspi__channel_binding__in_windows_form(void **state)
{
    const ULONG always = ASC_REQ_CONNECTION | ASC_REQ_EXTENDED_ERROR;
    struct sign_in_world *w = *state;

    assert_done(sign_in_as(w, "bound"), &w->err, "allow");
    assert_int_equal(ssp.flags(), always | ASC_REQ_ALLOW_MISSING_BINDINGS);
    w->config.signin.channel_binding = CHANNEL_BINDING_REQUIRE;
    world_open(w);
    assert_done(sign_in_as(w, "bound"), &w->err, "require");
    assert_int_equal(ssp.flags(), always);
    w->config.signin.channel_binding = CHANNEL_BINDING_NONE;
    world_open(w);
    world_refused(w, sign_in_as(w, "bound"), 401, REASON_SIGN_IN_FAILED);
    assert_non_null(strstr(w->err.detail, "0x80090346"));
    assert_int_equal(ssp.flags(), always);
}

static void sspi__half_finished__deleted_with_its_connection(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = http_connection_create();

    (void)world_leg(w, c, "Negotiate", "\x60hello", 6);
    assert_int_equal(ssp.contexts(), 1);
    (void)world_leg(w, c, "Negotiate", "\x60hello", 6);
    assert_int_equal(ssp.contexts(), 1);
    http_connection_end(c);
    assert_int_equal(ssp.contexts(), 0);
    http_connection_unref(c);
}

static void sspi__unknown_package__not_offered(void **state)
{
    struct sign_in_world *w = *state;

    free(w->config.signin.package);
    w->config.signin.package = text_dup("Other");
    w->config.signin.basic = false;
    world_open(w);
    assert_string_equal(sign_in_problem(w->sign_in),
                        "security package Other: QuerySecurityPackageInfo: 0x80090305, there is "
                        "no such security package");
    world_refused(w, world_ask(w, NULL, NULL), 503, REASON_SIGN_IN_UNAVAILABLE);
}

/* Wine's LogonUser lets everybody in; a real one refuses this. Neither signs anybody in here. */
static void basic__windows_account__needs_a_real_token(void **state)
{
    struct sign_in_world *w = *state;

    world_list(w, "S-1-1-0");
    world_refused(w, world_basic(w, ".\\no such user", "no such password"), 401,
                  REASON_SIGN_IN_FAILED);
    assert_non_null(strstr(w->err.detail, "Basic: user \".\\x5cno such user\": "));
    assert_null(strstr(w->err.detail, "password\""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(sspi__two_legs__name_package_and_membership),
        TEST(sspi__list__by_sid_and_name),
        TEST(sspi__bad_ends__closed),
        TEST(sspi__channel_binding__in_windows_form),
        TEST(sspi__half_finished__deleted_with_its_connection),
        TEST(sspi__unknown_package__not_offered),
        TEST(basic__windows_account__needs_a_real_token),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
