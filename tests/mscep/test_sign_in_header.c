/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/base64.h"
#include "mscep/ntlm_claim.h"
#include "mscep/sign_in_header.h"

static void header__schemes__told_apart(void **state)
{
    static const struct {
        const char *header;
        enum sign_in_scheme scheme;
        const char *token;
    } cases[] = {
        { NULL, SIGN_IN_SCHEME_NONE, "" },
        { "", SIGN_IN_SCHEME_OTHER, "" },
        { "Basic YTpi", SIGN_IN_SCHEME_BASIC, "YTpi" },
        { "bAsIc   YTpi  ", SIGN_IN_SCHEME_BASIC, "YTpi" },
        { "Basic", SIGN_IN_SCHEME_BASIC, "" },
        { "BasicYTpi", SIGN_IN_SCHEME_OTHER, "" },
        { "Basi", SIGN_IN_SCHEME_OTHER, "" },
        { "NTLM TlRM", SIGN_IN_SCHEME_NTLM, "TlRM" },
        { "Negotiate YII=", SIGN_IN_SCHEME_NEGOTIATE, "YII=" },
        { "Negotiate a b", SIGN_IN_SCHEME_NEGOTIATE, "a b" }, /* base64 refuses it */
        { "Bearer x", SIGN_IN_SCHEME_OTHER, "" },
        { " Basic YTpi", SIGN_IN_SCHEME_OTHER, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sign_in_header h = sign_in_header_parse(cases[i].header);

        assert_int_equal(h.scheme, cases[i].scheme);
        assert_bytes_text(h.token, cases[i].token);
    }
    assert_string_equal(sign_in_scheme_name(SIGN_IN_SCHEME_NTLM), "NTLM");
    assert_string_equal(sign_in_scheme_name(SIGN_IN_SCHEME_OTHER), "");
}

struct basic_case {
    const char *name;
    const char *text; /* "user:password" */
    size_t len;
    const char *user; /* NULL: refused */
    const char *password;
};

#define CASE(name, text, user, password)                                                           \
    {                                                                                              \
        name, text, sizeof(text) - 1, user, password                                               \
    }

static const struct basic_case basic_cases[] = {
    CASE("usual", "CORP\\alice:secret", "CORP\\alice", "secret"),
    CASE("colons in the password", "a:b:c:", "a", "b:c:"),
    CASE("UTF-8", "j\xc3\xbcrgen:p\xc3\xa4ss", "j\xc3\xbcrgen", "p\xc3\xa4ss"),
    CASE("no colon", "alice", NULL, NULL),
    CASE("nothing", "", NULL, NULL),
    CASE("no user", ":secret", NULL, NULL),
    CASE("no password", "alice:", NULL, NULL),
    CASE("NUL in the password", "alice:se\0cret", NULL, NULL),
    CASE("NUL in the user", "al\0ice:secret", NULL, NULL),
    CASE("control character", "al\rice:secret", NULL, NULL),
    CASE("DEL", "al\177ice:secret", NULL, NULL),
    CASE("Latin-1", "j\xfcrgen:secret", NULL, NULL),
};

static bool open_text(const char *text, size_t len, struct sign_in_basic *basic, struct error *err)
{
    struct buffer token = BUFFER_INIT(8192);
    bool ok;

    assert_true(base64_encode(bytes_of(text, len), &token, err));
    ok = sign_in_basic_open(buffer_bytes(&token), basic, err);
    buffer_clear(&token);
    return ok;
}

static void basic__texts__split_or_refused(void **state)
{
    struct sign_in_basic basic;

    (void)state;
    for (size_t i = 0; i < sizeof(basic_cases) / sizeof(basic_cases[0]); i++) {
        const struct basic_case *c = &basic_cases[i];
        struct error err = ERROR_INIT;
        bool ok = open_text(c->text, c->len, &basic, &err);

        if (c->user == NULL) {
            assert_refused(ok, &err, REASON_SIGN_IN_FAILED, c->name);
            assert_null(strstr(err.detail, "secret"));
        } else {
            assert_done(ok, &err, c->name);
            assert_string_equal(basic.name, c->user);
            assert_bytes_text(secret_bytes(&basic.password), c->password);
        }
        sign_in_basic_clear(&basic);
    }
}

static void basic__lengths__bounded(void **state)
{
    static const struct {
        size_t user, password;
        bool fits;
    } cases[] = {
        { SIGN_IN_NAME_MAX - 1, SIGN_IN_PASSWORD_MAX, true },
        { SIGN_IN_NAME_MAX, SIGN_IN_PASSWORD_MAX - 1, false },
        { 1, SIGN_IN_PASSWORD_MAX + 1, false },
        { 2000, 2000, false },
    };
    char text[4100];
    struct sign_in_basic basic;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;

        memset(text, 'x', sizeof(text));
        text[cases[i].user] = ':';
        assert_int_equal(open_text(text, cases[i].user + 1 + cases[i].password, &basic, &err),
                         cases[i].fits);
        assert_int_equal(err.reason, cases[i].fits ? REASON_NONE : REASON_SIGN_IN_FAILED);
        sign_in_basic_clear(&basic);
    }
}

static void leg__tokens__first_or_next(void **state)
{
    static const struct {
        const char *token;
        size_t len;
        enum sign_in_leg leg;
    } cases[] = {
        { "NTLMSSP\0\1\0\0\0", 12, SIGN_IN_LEG_FIRST },
        { "NTLMSSP\0\3\0\0\0", 12, SIGN_IN_LEG_NEXT },
        { "NTLMSSP\0\2\0\0\0", 12, SIGN_IN_LEG_UNKNOWN },
        { "NTLMSSP\0", 8, SIGN_IN_LEG_UNKNOWN },
        { "NTLMSSP", 7, SIGN_IN_LEG_UNKNOWN },
        { "\x60", 1, SIGN_IN_LEG_FIRST },
        { "\xa1\x81", 2, SIGN_IN_LEG_NEXT },
        { "\x6e", 1, SIGN_IN_LEG_UNKNOWN },
        { "", 0, SIGN_IN_LEG_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(sign_in_leg_of(bytes_of(cases[i].token, cases[i].len)), cases[i].leg);
    }
}

/* An AUTHENTICATE_MESSAGE with domain "D" and user "eve" behind its header. */
static const uint8_t message[72] = {
    'N',       'T',      'L',        'M',        'S',        'S',        'P',
    0,         3,        [28] = 2,   [30] = 2,   [32] = 64,  [36] = 6,   [38] = 6,
    [40] = 66, [60] = 1, [64] = 'D', [66] = 'e', [68] = 'v', [70] = 'e',
};

static void claim__message__name_or_nothing(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
        const char *claim; /* NULL: none */
    } cases[] = {
        { "as it is", 0, 'N', "D\\eve" },
        { "no domain", 28, 0, "eve" },
        { "no user", 36, 0, "D\\" },
        { "odd length", 36, 5, NULL },
        { "too long", 37, 3, NULL },
        { "user over the end", 40, 68, NULL },
        { "domain far away", 35, 0xff, NULL },
        { "not UTF-16", 60, 0, NULL },
        { "a challenge", 8, 2, NULL },
        { "NUL in the name", 68, 0, NULL },
        { "lone surrogate", 67, 0xd8, "D\\\xef\xbf\xbdve" },
    };
    uint8_t wrapped[100] = { 0xa1 };
    char name[32];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(wrapped + 20, message, sizeof(message));
        wrapped[20 + cases[i].at] = cases[i].value;
        assert_int_equal(ntlm_claim(bytes_of(wrapped + 20, sizeof(message)), name, sizeof(name)),
                         cases[i].claim != NULL);
        assert_string_equal(name, cases[i].claim != NULL ? cases[i].claim : "");
    }
    memcpy(wrapped + 20, message, sizeof(message));
    assert_true(ntlm_claim(bytes_of(wrapped, 92), name, sizeof(name))); /* inside SPNEGO */
    assert_string_equal(name, "D\\eve");
    assert_false(ntlm_claim(bytes_of(wrapped, 92), name, 5)); /* does not fit */
    assert_string_equal(name, "");
    for (size_t len = 0; len < sizeof(message); len++) {
        assert_false(ntlm_claim(bytes_of(message, len), name, sizeof(name)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header__schemes__told_apart),
        cmocka_unit_test(basic__texts__split_or_refused),
        cmocka_unit_test(basic__lengths__bounded),
        cmocka_unit_test(leg__tokens__first_or_next),
        cmocka_unit_test(claim__message__name_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
