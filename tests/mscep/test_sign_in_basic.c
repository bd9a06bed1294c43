/* SPDX-License-Identifier: Apache-2.0 */
/* Basic: where it may be used, our accounts, those of Windows; and the throttle for all kinds. */
#include "mscep/sign_in_world.h"

#include <stdio.h>
#include <string.h>

#include "http/http_connection.h"
#include "mscep/accounts.h"
#include "mscep/fake_windows.h"

#define RIGHT "right: pa\xc3\x9fword" /* of each faked Windows account */
#define OURS "our own: p\xc3\xa4ssword"

static int setup(void **state)
{
    static struct sign_in_world world;

    fake_windows_reset();
    world_init(&world);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    assert_int_equal(fake_windows()->contexts, 0);
    assert_int_equal(fake_windows()->tokens, 0);
    assert_int_equal(fake_windows()->credentials, 0);
    return 0;
}

static void add_account(struct sign_in_world *w, const char *name, const char *scope)
{
    struct account account = { .scope_count = scope != NULL };

    (void)snprintf(account.name, sizeof(account.name), "%s", name);
    (void)snprintf(account.scopes[0], sizeof(account.scopes[0]), "%s", scope != NULL ? scope : "");
    error_clear(&w->err);
    assert_done(accounts_add(w->folder.path, &account, bytes_of_text(OURS), &w->err), &w->err,
                name);
}

/* ---- where ----------------------------------------------------------------------------------- */

static void basic__plain_http__refused_unseen(void **state)
{
    struct sign_in_world *w = *state;

    w->tls = false;
    world_open(w);
    for (int i = 0; i < 10; i++) { /* nothing is counted: not a guess at a password */
        world_refused(w, world_basic(w, "CORP\\alice", RIGHT), 403, REASON_SIGN_IN_NEEDS_TLS);
        assert_int_equal(w->response.body.len, 0);
        assert_string_equal(world_headers(w), "");
    }
    assert_int_equal(fake_windows()->logons, 0);
    w->config.signin.basic = false;
    world_open(w);
    world_refused(w, world_basic(w, "CORP\\alice", RIGHT), 401, REASON_SIGN_IN_REQUIRED);
    assert_int_equal(fake_windows()->logons, 0);
}

static void basic__plain_http__listed_addresses(void **state)
{
    static const struct {
        const char *peer;
        bool may;
    } cases[] = {
        { "127.0.0.1", true }, { "::1", true }, { "192.0.2.1", false }, { "::2", false }
    };
    struct sign_in_world *w = *state;

    w->tls = false;
    w->config.signin.basic_http.enabled = true;
    world_open(w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool result;

        (void)snprintf(w->peer, sizeof(w->peer), "%s", cases[i].peer);
        result = world_basic(w, "CORP\\alice", RIGHT);
        if (cases[i].may) {
            assert_done(result, &w->err, cases[i].peer);
        } else {
            world_refused(w, result, 403, REASON_SIGN_IN_NEEDS_TLS);
        }
    }
}

/* ---- who ------------------------------------------------------------------------------------- */

static void basic__windows_account__list_decides(void **state)
{
    struct sign_in_world *w = *state;

    world_open(w);
    world_list(w, "CORP\\alice,bob@corp.example");
    assert_done(world_basic(w, "CORP\\alice", RIGHT), &w->err, "");
    assert_string_equal(w->user.name, "CORP\\alice");
    assert_string_equal(w->user.scheme, "Basic");
    assert_true(w->user.allowed);
    assert_done(world_basic(w, "bob@corp.example", RIGHT), &w->err, "");
    assert_true(w->user.allowed);
    assert_done(world_basic(w, "CORP\\eve", RIGHT), &w->err, "");
    assert_false(w->user.allowed);
    assert_string_equal(w->user.why, "not on the list");
    fake_windows()->logon_down = true;
    world_refused(w, world_basic(w, "CORP\\alice", RIGHT), 503, REASON_SIGN_IN_UNAVAILABLE);
}

static void basic__windows_account__none_without_windows(void **state)
{
    struct sign_in_world *w = *state;

    fake_windows()->missing = true;
    world_open(w);
    world_refused(w, world_basic(w, "CORP\\alice", RIGHT), 401, REASON_SIGN_IN_FAILED);
    assert_int_equal(fake_windows()->logons, 0);
}

static void basic__our_account__scopes_decide(void **state)
{
    struct sign_in_world *w = *state;

    add_account(w, "mdm", "devices");
    add_account(w, "face", ACCOUNT_SCOPE_SERVICE);
    add_account(w, "all", NULL);
    world_open(w);
    world_list(w, ""); /* is about users of Windows */
    assert_done(world_basic(w, "mdm", OURS), &w->err, "");
    assert_string_equal(w->user.name, "mdm");
    assert_string_equal(w->user.scheme, "Basic");
    assert_true(w->user.allowed);
    w->scope = "phones";
    assert_done(world_basic(w, "MDM", OURS), &w->err, "");
    assert_string_equal(w->user.name, "mdm");
    assert_false(w->user.allowed);
    assert_string_equal(w->user.why, "the account is for other templates");
    w->scope = ACCOUNT_SCOPE_SERVICE;
    assert_done(world_basic(w, "mdm", OURS), &w->err, "");
    assert_false(w->user.allowed);
    assert_done(world_basic(w, "face", OURS), &w->err, "");
    assert_true(w->user.allowed);
    assert_done(world_basic(w, "all", OURS), &w->err, "");
    assert_true(w->user.allowed);
    assert_int_equal(fake_windows()->logons, 0);
    /* one that is not there is not asked for at Windows */
    world_refused(w, world_basic(w, "nobody", RIGHT), 401, REASON_SIGN_IN_FAILED);
    assert_int_equal(fake_windows()->logons, 0);
}

static void basic__broken_accounts__nobody_and_no_blame(void **state)
{
    struct sign_in_world *w = *state;

    add_account(w, "mdm", NULL);
    world_open(w);
    assert_done(world_basic(w, "mdm", OURS), &w->err, "");
    test_folder_write(&w->folder, "accounts.json", "{ \"accounts\": [ {} ] }");
    for (int i = 0; i < 10; i++) {
        world_refused(w, world_basic(w, "mdm", OURS), 503, REASON_SIGN_IN_UNAVAILABLE);
    }
    assert_non_null(strstr(w->err.detail, "accounts.json"));
    assert_done(world_basic(w, "CORP\\alice", RIGHT), &w->err, "Windows is another matter");
}

static void basic__failure__detail_names_user_not_password(void **state)
{
    struct sign_in_world *w = *state;

    w->config.signin.failures = 0;
    world_open(w);
    world_refused(w, world_basic(w, "CORP\\al\xe2\x80\xae\"ice", "Geheim-1234"), 401,
                  REASON_SIGN_IN_FAILED);
    assert_string_equal(w->err.detail, "Basic: user \"CORP\\x5cal\\u{202E}\\x22ice\": wrong user "
                                       "or password");
    world_refused(w, world_basic(w, "mdm", "Geheim-1234"), 401, REASON_SIGN_IN_FAILED);
    assert_string_equal(w->err.detail, "Basic: user \"mdm\": there is no account of this name");
    assert_null(strstr(buffer_text(&w->response.body), "Geheim"));
    /* a name that is refused could be a password typed into the wrong field */
    world_refused(w, world_basic(w, "Geheim\n1234", "x"), 401, REASON_SIGN_IN_FAILED);
    assert_null(strstr(w->err.detail, "Geheim"));
}

/* ---- throttle -------------------------------------------------------------------------------- */

static void wrong(struct sign_in_world *w)
{
    world_refused(w, world_basic(w, "CORP\\alice", "wrong"), 401, REASON_SIGN_IN_FAILED);
}

/* The address waits: nothing is looked at, whatever it brings. */
static void waits(struct sign_in_world *w, unsigned seconds)
{
    unsigned logons = fake_windows()->logons;
    unsigned legs = fake_windows()->legs;

    world_refused(w, world_basic(w, "CORP\\alice", RIGHT), 429, REASON_SIGN_IN_THROTTLED);
    assert_int_equal(w->response.retry_after, seconds);
    assert_string_equal(world_headers(w), "");
    world_refused(w, world_leg(w, NULL, "Negotiate", "\x60ticket CORP\\bob", 16), 429,
                  REASON_SIGN_IN_THROTTLED);
    assert_int_equal(fake_windows()->logons, logons);
    assert_int_equal(fake_windows()->legs, legs);
}

static void throttle__failures__wait_with_retry_after(void **state)
{
    struct sign_in_world *w = *state;

    world_open(w);
    wrong(w);
    world_refused(w, world_ask(w, NULL, NULL), 401, REASON_SIGN_IN_REQUIRED); /* no failure */
    wrong(w);
    assert_done(world_basic(w, "CORP\\bob", RIGHT), &w->err, ""); /* forgives nothing */
    fake_windows()->now_us += 1000000;
    wrong(w);
    waits(w, 300);
    fake_windows()->now_us += INT64_C(299500000);
    waits(w, 1);
    fake_windows()->now_us += INT64_C(500000);
    assert_done(world_basic(w, "CORP\\alice", RIGHT), &w->err, "");
    wrong(w);
    wrong(w); /* counting began anew */
}

static void throttle__both_kinds__counted_together(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = http_connection_create();

    world_open(w);
    wrong(w);
    (void)world_ntlm(w, c, "NTLM", 1, "");
    world_refused(w, world_ntlm(w, c, "NTLM", 3, "bad"), 401, REASON_SIGN_IN_FAILED);
    (void)world_ntlm(w, c, "NTLM", 1, "");
    world_refused(w, world_ntlm(w, c, "NTLM", 3, "down"), 503, REASON_SIGN_IN_UNAVAILABLE);
    world_refused(w, world_ask(w, c, "NTLM !!"), 401, REASON_SIGN_IN_FAILED);
    waits(w, 300);
    http_connection_end(c);
    http_connection_unref(c);
}

static void throttle__addresses__by_themselves(void **state)
{
    static const struct {
        const char *failing, *other;
        bool together;
    } cases[] = {
        { "192.0.2.1", "192.0.2.2", false },
        { "2001:db8::1", "2001:db8::ffff:1", true }, /* one /64 */
        { "2001:db8:0:1::1", "2001:db8:0:2::1", false },
    };
    struct sign_in_world *w = *state;

    world_open(w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(w->peer, sizeof(w->peer), "%s", cases[i].failing);
        for (int n = 0; n < 3; n++) {
            wrong(w);
        }
        waits(w, 300);
        (void)snprintf(w->peer, sizeof(w->peer), "%s", cases[i].other);
        if (cases[i].together) {
            waits(w, 300);
        } else {
            assert_done(world_basic(w, "CORP\\alice", RIGHT), &w->err, cases[i].other);
        }
    }
}

static void throttle__reload__goes_on(void **state)
{
    struct sign_in_world *w = *state;

    world_open(w);
    for (int n = 0; n < 3; n++) {
        wrong(w);
    }
    world_open(w);
    waits(w, 300);
    w->config.signin.failures = 4;
    world_open(w);
    wrong(w);
    waits(w, 300);
    w->config.signin.failures = 0;
    world_open(w);
    for (int n = 0; n < 20; n++) {
        wrong(w);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(basic__plain_http__refused_unseen),
        TEST(basic__plain_http__listed_addresses),
        TEST(basic__windows_account__list_decides),
        TEST(basic__windows_account__none_without_windows),
        TEST(basic__our_account__scopes_decide),
        TEST(basic__broken_accounts__nobody_and_no_blame),
        TEST(basic__failure__detail_names_user_not_password),
        TEST(throttle__failures__wait_with_retry_after),
        TEST(throttle__both_kinds__counted_together),
        TEST(throttle__addresses__by_themselves),
        TEST(throttle__reload__goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
