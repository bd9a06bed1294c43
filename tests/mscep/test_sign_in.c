/* SPDX-License-Identifier: Apache-2.0 */
/* What is offered to whom, and the legs of Negotiate and NTLM, with Windows played by the test. */
#include "mscep/sign_in_world.h"

#include <stdio.h>
#include <string.h>

#include "http/http_connection.h"
#include "mscep/fake_windows.h"
#include "mscep/sign_in_header.h"
#include "mscep/sign_in_pending.h"

#define NEGOTIATE_OFFER "WWW-Authenticate: Negotiate\nWWW-Authenticate: NTLM\n"
#define BASIC_OFFER "WWW-Authenticate: Basic realm=\"OpenNDES\", charset=\"UTF-8\"\n"
#define CHALLENGE "Y2hhbGxlbmdl" /* base64 of "challenge" */
#define WELCOME "d2VsY29tZQ=="   /* base64 of "welcome" */

static struct http_connection *connect_client(void)
{
    struct http_connection *c = http_connection_create();

    assert_non_null(c);
    return c;
}

static void hang_up(struct http_connection *c)
{
    http_connection_end(c);
    http_connection_unref(c);
}

static int setup(void **state)
{
    static struct sign_in_world world;

    fake_windows_reset();
    world_init(&world);
    *state = &world;
    return 0;
}

/* Whatever a test did: nothing of Windows stays behind. */
static int teardown(void **state)
{
    world_close(*state);
    assert_int_equal(fake_windows()->contexts, 0);
    assert_int_equal(fake_windows()->tokens, 0);
    assert_int_equal(fake_windows()->credentials, 0);
    return 0;
}

/* ---- offers ---------------------------------------------------------------------------------- */

struct offer_case {
    const char *name;
    bool negotiate, basic, basic_http, tls, binding;
    const char *peer;
    enum channel_binding policy;
    const char *headers; /* NULL: 503 */
};

static const struct offer_case offer_cases[] = {
    { "all over TLS", true, true, false, true, true, "192.0.2.1", CHANNEL_BINDING_ALLOW,
      NEGOTIATE_OFFER BASIC_OFFER },
    { "no Basic without TLS", true, true, false, false, false, "192.0.2.1", CHANNEL_BINDING_ALLOW,
      NEGOTIATE_OFFER },
    { "no Basic without TLS from others", true, true, true, false, false, "192.0.2.1",
      CHANNEL_BINDING_ALLOW, NEGOTIATE_OFFER },
    { "Basic without TLS from the list", true, true, true, false, false, "127.0.0.9",
      CHANNEL_BINDING_ALLOW, NEGOTIATE_OFFER BASIC_OFFER },
    { "the list alone switches nothing on", true, false, true, false, false, "127.0.0.9",
      CHANNEL_BINDING_ALLOW, NEGOTIATE_OFFER },
    { "Basic only", false, true, false, true, true, "192.0.2.1", CHANNEL_BINDING_ALLOW,
      BASIC_OFFER },
    { "Basic only without TLS", false, true, false, false, false, "192.0.2.1",
      CHANNEL_BINDING_ALLOW, NULL },
    { "nothing", false, false, false, true, true, "192.0.2.1", CHANNEL_BINDING_ALLOW, NULL },
    { "bound", true, false, false, true, true, "192.0.2.1", CHANNEL_BINDING_REQUIRE,
      NEGOTIATE_OFFER },
    { "bound, without TLS", true, false, false, false, false, "192.0.2.1", CHANNEL_BINDING_REQUIRE,
      NULL },
    { "bound, TLS ends before us", true, true, false, true, false, "192.0.2.1",
      CHANNEL_BINDING_REQUIRE, BASIC_OFFER },
};

static void sign_in__nobody__offers_what_is_possible(void **state)
{
    struct sign_in_world *w = *state;

    for (size_t i = 0; i < sizeof(offer_cases) / sizeof(offer_cases[0]); i++) {
        const struct offer_case *c = &offer_cases[i];
        bool result;

        w->config.signin.negotiate = c->negotiate;
        w->config.signin.basic = c->basic;
        w->config.signin.basic_http.enabled = c->basic_http;
        w->config.signin.channel_binding = c->policy;
        w->tls = c->tls;
        w->binding = c->binding;
        (void)snprintf(w->peer, sizeof(w->peer), "%s", c->peer);
        world_open(w);
        result = world_ask(w, NULL, NULL);
        assert_refused(result, &w->err,
                       c->headers != NULL ? REASON_SIGN_IN_REQUIRED : REASON_SIGN_IN_UNAVAILABLE,
                       c->name);
        assert_string_equal(world_headers(w), c->headers != NULL ? c->headers : "");
        assert_int_equal(w->response.status, c->headers != NULL ? 401 : 503);
        assert_string_equal(buffer_text(&w->response.body), c->headers != NULL
                                                                ? "sign-in required\n"
                                                                : "temporarily unavailable\n");
    }
}

static void sign_in__no_windows__basic_remains(void **state)
{
    struct sign_in_world *w = *state;

    fake_windows()->missing = true;
    world_open(w);
    assert_string_equal(sign_in_problem(w->sign_in), ""); /* as it should be on such a system */
    world_refused(w, world_ask(w, NULL, NULL), 401, REASON_SIGN_IN_REQUIRED);
    assert_string_equal(world_headers(w), BASIC_OFFER);
    world_refused(w, world_ntlm(w, NULL, "NTLM", 1, ""), 401, REASON_SIGN_IN_REQUIRED);
    assert_string_equal(world_headers(w), BASIC_OFFER);
}

static void sign_in__no_credentials__said_and_not_offered(void **state)
{
    struct sign_in_world *w = *state;

    fake_windows()->no_credentials = true;
    w->config.signin.basic = false;
    world_open(w);
    assert_string_equal(sign_in_problem(w->sign_in), "no credentials");
    world_refused(w, world_ask(w, NULL, NULL), 503, REASON_SIGN_IN_UNAVAILABLE);
    assert_string_equal(w->err.detail, "no credentials");
    assert_true(w->response.retry_after > 0);
}

static void sign_in__foreign_scheme__offers_and_no_failure(void **state)
{
    static const char *const headers[] = { "Digest username=\"x\"", "Bearer abc", "",
                                           "Basicdm9pZDp2b2lk",     "NTLMx TlRM", " " };
    struct sign_in_world *w = *state;

    world_open(w);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        world_refused(w, world_ask(w, NULL, headers[i]), 401, REASON_SIGN_IN_REQUIRED);
        assert_string_equal(world_headers(w), NEGOTIATE_OFFER BASIC_OFFER);
    }
    world_refused(w, world_ask(w, NULL, NULL), 401, REASON_SIGN_IN_REQUIRED); /* not throttled */
}

/* ---- legs ------------------------------------------------------------------------------------ */

static void sign_in__ntlm__two_legs(void **state)
{
    static const char *const schemes[] = { "NTLM", "Negotiate", "negotiate", "nTLM" };
    static const char *const answers[] = { "NTLM", "Negotiate", "Negotiate", "NTLM" };
    struct sign_in_world *w = *state;
    char expected[128];

    world_open(w);
    assert_string_equal(fake_windows()->package, "Negotiate");
    for (size_t i = 0; i < 4; i++) {
        struct http_connection *c = connect_client();

        world_refused(w, world_ntlm(w, c, schemes[i], 1, ""), 401, REASON_SIGN_IN_REQUIRED);
        (void)snprintf(expected, sizeof(expected), "WWW-Authenticate: %s " CHALLENGE "\n",
                       answers[i]);
        assert_string_equal(world_headers(w), expected);
        assert_int_equal(fake_windows()->contexts, 1);
        assert_done(world_ntlm(w, c, schemes[i], 3, "good CORP\\alice"), &w->err, schemes[i]);
        assert_string_equal(w->user.name, "CORP\\alice");
        assert_string_equal(w->user.scheme, strcmp(answers[i], "NTLM") == 0 ? "NTLM" : "Kerberos");
        assert_true(w->user.allowed);
        assert_string_equal(world_headers(w), "");
        assert_int_equal(fake_windows()->contexts, 0);
        /* the connection is not signed in: the next request has to do so by itself */
        world_refused(w, world_ask(w, c, NULL), 401, REASON_SIGN_IN_REQUIRED);
        world_refused(w, world_ntlm(w, c, schemes[i], 3, "good CORP\\alice"), 401,
                      REASON_SIGN_IN_FAILED);
        fake_windows()->now_us += INT64_C(3600000000); /* past the throttle */
        hang_up(c);
    }
}

static void sign_in__one_leg__done_with_a_last_token(void **state)
{
    struct sign_in_world *w = *state;

    world_open(w);
    /* no connection is needed when nothing has to be kept */
    assert_done(world_leg(w, NULL, "Negotiate", "\x60ticket CORP\\bob", 16), &w->err, "");
    assert_string_equal(w->user.name, "CORP\\bob");
    assert_string_equal(w->user.scheme, "Kerberos");
    assert_string_equal(world_headers(w), "WWW-Authenticate: Negotiate " WELCOME "\n");
}

static void sign_in__spnego__three_legs(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = connect_client();

    world_open(w);
    world_refused(w, world_leg(w, c, "Negotiate", "\x60hello", 6), 401, REASON_SIGN_IN_REQUIRED);
    world_refused(w, world_leg(w, c, "Negotiate", "\xa1more", 5), 401, REASON_SIGN_IN_REQUIRED);
    assert_string_equal(world_headers(w), "WWW-Authenticate: Negotiate " CHALLENGE "\n");
    assert_done(world_leg(w, c, "Negotiate", "\xa1good carol", 11), &w->err, "");
    assert_string_equal(w->user.name, "carol");
    hang_up(c);
}

static void sign_in__list__decides(void **state)
{
    struct sign_in_world *w = *state;
    char unknown[64];
    struct sign_in_list *list = NULL;

    world_open(w);
    world_list(w, "CORP\\bob,CORP\\admins");
    assert_done(world_leg(w, NULL, "Negotiate", "\x60ticket CORP\\bob", 16), &w->err, "");
    assert_true(w->user.allowed);
    assert_string_equal(w->user.why, "");
    assert_done(world_leg(w, NULL, "Negotiate", "\x60ticket CORP\\eve", 16), &w->err, "");
    assert_string_equal(w->user.name, "CORP\\eve");
    assert_false(w->user.allowed);
    assert_string_equal(w->user.why, "not on the list");
    world_list(w, "");
    assert_done(world_leg(w, NULL, "Negotiate", "\x60ticket CORP\\bob", 16), &w->err, "");
    assert_false(w->user.allowed);
    list =
        sign_in_list_create("a,CORP\\unknown one,b,unknown two", unknown, sizeof(unknown), &w->err);
    assert_non_null(list);
    assert_string_equal(unknown, "CORP\\unknown one");
    sign_in_list_free(list);
    list = sign_in_list_create("a, b", unknown, sizeof(unknown), &w->err);
    assert_non_null(list);
    assert_string_equal(unknown, "");
    sign_in_list_free(list);
    sign_in_list_free(NULL);
}

/* The package does not say who it was: the token does. */
static void sign_in__package_without_name__name_of_the_token(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = http_connection_create();

    world_open(w);
    world_list(w, "CORP\\bob");
    world_refused(w, world_ntlm(w, c, "NTLM", 1, ""), 401, REASON_SIGN_IN_REQUIRED);
    assert_done(world_ntlm(w, c, "NTLM", 3, "nameless CORP\\bob"), &w->err, "");
    assert_true(w->user.allowed);
    assert_string_equal(w->user.name, "CORP\\bob");
    hang_up(c);
}

/* The service was up before the domain controller could be asked. */
static void sign_in__name_known_later__is_asked_for_again(void **state)
{
    static const char ticket[] = "\x60ticket CORP\\unknown";
    struct sign_in_world *w = *state;
    unsigned look_ups = 0;

    world_open(w);
    world_list(w, "CORP\\bob,CORP\\unknown");
    fake_windows()->knows_all = true;
    look_ups = fake_windows()->look_ups;
    assert_done(world_leg(w, NULL, "Negotiate", ticket, sizeof(ticket) - 1), &w->err, "");
    assert_false(w->user.allowed);
    assert_int_equal(fake_windows()->look_ups, look_ups); /* not at every sign-in */
    fake_windows()->now_us += INT64_C(60000000);
    assert_done(world_leg(w, NULL, "Negotiate", "\x60ticket CORP\\bob", 16), &w->err, "");
    assert_true(w->user.allowed);
    assert_int_equal(fake_windows()->look_ups, look_ups); /* nor for whom it makes no difference */
    assert_done(world_leg(w, NULL, "Negotiate", ticket, sizeof(ticket) - 1), &w->err, "");
    assert_true(w->user.allowed);
    assert_int_equal(fake_windows()->look_ups, look_ups + 1);
    fake_windows()->now_us += INT64_C(60000000);
    assert_done(world_leg(w, NULL, "Negotiate", "\x60ticket CORP\\eve", 16), &w->err, "");
    assert_false(w->user.allowed);
    assert_int_equal(fake_windows()->look_ups, look_ups + 1); /* nor for what is known by now */
}

static void sign_in__memberships_unreadable__not_allowed(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = connect_client();

    world_open(w);
    (void)world_ntlm(w, c, "NTLM", 1, "");
    assert_done(world_ntlm(w, c, "NTLM", 3, "blind alice"), &w->err, "");
    assert_string_equal(w->user.name, "");
    assert_false(w->user.allowed);
    assert_string_equal(w->user.why, "no token");
    hang_up(c);
}

static void sign_in__refused_leg__context_gone(void **state)
{
    static const struct {
        const char *text;
        int status;
        enum reason reason;
    } cases[] = {
        { "bad", 401, REASON_SIGN_IN_FAILED },
        { "guest", 401, REASON_SIGN_IN_FAILED },
        { "down", 503, REASON_SIGN_IN_UNAVAILABLE },
    };
    struct sign_in_world *w = *state;

    w->config.signin.failures = 0;
    world_open(w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_connection *c = connect_client();

        (void)world_ntlm(w, c, "NTLM", 1, "");
        world_refused(w, world_ntlm(w, c, "NTLM", 3, cases[i].text), cases[i].status,
                      cases[i].reason);
        assert_string_equal(world_headers(w),
                            cases[i].status == 401 ? NEGOTIATE_OFFER BASIC_OFFER : "");
        assert_int_equal(fake_windows()->contexts, 0);
        assert_non_null(strstr(w->err.detail, "NTLM"));
        world_refused(w, world_ntlm(w, c, "NTLM", 3, "good alice"), 401, REASON_SIGN_IN_FAILED);
        hang_up(c);
    }
}

static void sign_in__other_connection__refused(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *one = connect_client();
    struct http_connection *two = connect_client();

    world_open(w);
    (void)world_ntlm(w, one, "NTLM", 1, "");
    world_refused(w, world_ntlm(w, two, "NTLM", 3, "good alice"), 401, REASON_SIGN_IN_FAILED);
    assert_int_equal(fake_windows()->legs, 1); /* nothing was asked of Windows */
    assert_done(world_ntlm(w, one, "NTLM", 3, "good alice"), &w->err, "the right one still works");
    hang_up(one);
    hang_up(two);
}

static void sign_in__other_scheme__refused(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = connect_client();

    world_open(w);
    (void)world_ntlm(w, c, "NTLM", 1, "");
    world_refused(w, world_ntlm(w, c, "Negotiate", 3, "good alice"), 401, REASON_SIGN_IN_FAILED);
    assert_int_equal(fake_windows()->contexts, 0);
    hang_up(c);
}

static void sign_in__late_leg__refused(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = connect_client();

    world_open(w);
    (void)world_ntlm(w, c, "NTLM", 1, "");
    fake_windows()->now_us += SIGN_IN_PENDING_US - 1;
    assert_done(world_ntlm(w, c, "NTLM", 3, "good alice"), &w->err, "just in time");
    /* legs in between do not lengthen the time */
    (void)world_ntlm(w, c, "NTLM", 1, "");
    fake_windows()->now_us += SIGN_IN_PENDING_US / 2;
    world_refused(w, world_ntlm(w, c, "NTLM", 3, "more"), 401, REASON_SIGN_IN_REQUIRED);
    fake_windows()->now_us += SIGN_IN_PENDING_US / 2;
    world_refused(w, world_ntlm(w, c, "NTLM", 3, "good alice"), 401, REASON_SIGN_IN_FAILED);
    assert_int_equal(fake_windows()->contexts, 0);
    hang_up(c);
}

static void sign_in__new_beginning__drops_the_old(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = connect_client();

    world_open(w);
    for (int i = 0; i < 5; i++) {
        world_refused(w, world_ntlm(w, c, "NTLM", 1, ""), 401, REASON_SIGN_IN_REQUIRED);
        assert_int_equal(fake_windows()->contexts, 1);
    }
    assert_done(world_ntlm(w, c, "NTLM", 3, "good alice"), &w->err, "");
    hang_up(c);
}

static void sign_in__hung_up__context_gone(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = connect_client();

    world_open(w);
    (void)world_ntlm(w, c, "NTLM", 1, "");
    hang_up(c);
    assert_int_equal(fake_windows()->contexts, 0);
    c = connect_client();
    http_connection_end(c); /* while the request runs */
    (void)world_ntlm(w, c, "NTLM", 1, "");
    assert_int_equal(fake_windows()->contexts, 0);
    http_connection_unref(c);
}

static void sign_in__many_half_open__oldest_goes(void **state)
{
    static struct http_connection *c[SIGN_IN_PENDING_MAX + 1];
    struct sign_in_world *w = *state;

    world_open(w);
    for (size_t i = 0; i <= SIGN_IN_PENDING_MAX; i++) {
        c[i] = connect_client();
        (void)world_ntlm(w, c[i], "NTLM", 1, "");
        fake_windows()->now_us += 1000;
    }
    assert_int_equal(fake_windows()->contexts, SIGN_IN_PENDING_MAX);
    world_refused(w, world_ntlm(w, c[0], "NTLM", 3, "good alice"), 401, REASON_SIGN_IN_FAILED);
    assert_done(world_ntlm(w, c[1], "NTLM", 3, "good alice"), &w->err, "");
    assert_done(world_ntlm(w, c[SIGN_IN_PENDING_MAX], "NTLM", 3, "good alice"), &w->err, "");
    /* those whose time is over make room all at once */
    fake_windows()->now_us += SIGN_IN_PENDING_US;
    (void)world_ntlm(w, c[0], "NTLM", 1, "");
    assert_int_equal(fake_windows()->contexts, 1);
    for (size_t i = 0; i <= SIGN_IN_PENDING_MAX; i++) {
        hang_up(c[i]);
    }
}

static void sign_in__reload__half_finished_goes_on(void **state)
{
    struct sign_in_world *w = *state;
    struct http_connection *c = connect_client();

    world_open(w);
    (void)world_ntlm(w, c, "NTLM", 1, "");
    world_open(w);
    assert_done(world_ntlm(w, c, "NTLM", 3, "good alice"), &w->err, "");
    (void)world_ntlm(w, c, "NTLM", 1, "");
    w->config.signin.negotiate = false;
    world_open(w);
    world_refused(w, world_ntlm(w, c, "NTLM", 3, "good alice"), 401, REASON_SIGN_IN_REQUIRED);
    assert_string_equal(world_headers(w), BASIC_OFFER);
    hang_up(c);
}

static void sign_in__malformed_token__refused(void **state)
{
    static const char *const headers[] = {
        "NTLM",       "NTLM ",       "Negotiate !!!!",        "Negotiate TlRMTVNTUA",
        "NTLM TlRM=", "NTLM AAAA",   "NTLM TlRMTVNTUAACAAAA", /* a challenge */
        "Basic",      "Basic AAAA!", "Basic bm9jb2xvbg==",
    };
    struct sign_in_world *w = *state;
    struct http_connection *c = connect_client();
    size_t size = 70000;
    char *huge = test_malloc(size);

    w->config.signin.failures = 0;
    world_open(w);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        (void)world_ntlm(w, c, "NTLM", 1, "");
        fake_windows()->legs = 0;
        world_refused(w, world_ask(w, c, headers[i]), 401, REASON_SIGN_IN_FAILED);
        assert_int_equal(fake_windows()->legs, 0);
        assert_string_equal(world_headers(w), NEGOTIATE_OFFER BASIC_OFFER);
    }
    memset(huge, 'A', size);
    memcpy(huge, "NTLM TlRMTVNTUAABAAAA", 21);
    huge[size - 1] = '\0';
    world_refused(w, world_ask(w, c, huge), 401, REASON_SIGN_IN_FAILED);
    assert_int_equal(fake_windows()->legs, 0);
    /* the largest one that may be: 48 KB */
    huge[5 + NEGOTIATE_TOKEN_MAX / 3 * 4] = '\0';
    world_refused(w, world_ask(w, c, huge), 401, REASON_SIGN_IN_REQUIRED);
    assert_int_equal(fake_windows()->legs, 1);
    test_free(huge);
    hang_up(c);
}

static void sign_in__channel_binding__as_configured(void **state)
{
    static const struct {
        enum channel_binding policy;
        bool tls, binding;
        const char *seen;
        bool required;
    } cases[] = {
        { CHANNEL_BINDING_NONE, true, true, "", false },
        { CHANNEL_BINDING_ALLOW, true, true, WORLD_BINDING, false },
        { CHANNEL_BINDING_ALLOW, true, false, "", false },
        { CHANNEL_BINDING_ALLOW, false, false, "", false },
        { CHANNEL_BINDING_REQUIRE, true, true, WORLD_BINDING, true },
    };
    struct sign_in_world *w = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        w->config.signin.channel_binding = cases[i].policy;
        w->tls = cases[i].tls;
        w->binding = cases[i].binding;
        world_open(w);
        assert_done(world_leg(w, NULL, "Negotiate", "\x60ticket CORP\\bob", 16), &w->err, "");
        assert_string_equal(fake_windows()->binding, cases[i].seen);
        assert_int_equal(fake_windows()->binding_required, cases[i].required);
    }
    /* what must be bound and cannot is not even looked at */
    w->tls = false;
    fake_windows()->legs = 0;
    world_refused(w, world_leg(w, NULL, "Negotiate", "\x60ticket CORP\\bob", 16), 503,
                  REASON_SIGN_IN_UNAVAILABLE);
    assert_int_equal(fake_windows()->legs, 0);
}

static void sign_in__failed_ntlm__log_says_who_escaped(void **state)
{
    /* MS-NLMP 2.2.1.3 with domain "D\n" and user "eve" behind the header */
    uint8_t token[74] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 3 };
    struct sign_in_world *w = *state;
    struct http_connection *c = connect_client();

    token[28] = 4, token[30] = 4, token[32] = 64;
    token[36] = 6, token[38] = 6, token[40] = 68;
    token[60] = 1;
    memcpy(token + 64, "D\0\n\0e\0v\0e\0", 10);
    world_open(w);
    (void)world_ntlm(w, c, "NTLM", 1, "");
    world_refused(w, world_leg(w, c, "NTLM", token, sizeof(token)), 401, REASON_SIGN_IN_FAILED);
    assert_string_equal(w->err.detail, "NTLM, as \"D\\x0a\\x5ceve\": 0x8009030c, wrong user or "
                                       "password");
    hang_up(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(sign_in__nobody__offers_what_is_possible),
        TEST(sign_in__no_windows__basic_remains),
        TEST(sign_in__no_credentials__said_and_not_offered),
        TEST(sign_in__foreign_scheme__offers_and_no_failure),
        TEST(sign_in__ntlm__two_legs),
        TEST(sign_in__one_leg__done_with_a_last_token),
        TEST(sign_in__spnego__three_legs),
        TEST(sign_in__list__decides),
        TEST(sign_in__name_known_later__is_asked_for_again),
        TEST(sign_in__memberships_unreadable__not_allowed),
        TEST(sign_in__package_without_name__name_of_the_token),
        TEST(sign_in__refused_leg__context_gone),
        TEST(sign_in__other_connection__refused),
        TEST(sign_in__other_scheme__refused),
        TEST(sign_in__late_leg__refused),
        TEST(sign_in__new_beginning__drops_the_old),
        TEST(sign_in__hung_up__context_gone),
        TEST(sign_in__many_half_open__oldest_goes),
        TEST(sign_in__reload__half_finished_goes_on),
        TEST(sign_in__malformed_token__refused),
        TEST(sign_in__channel_binding__as_configured),
        TEST(sign_in__failed_ntlm__log_says_who_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
