/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/limits.h"
#include "challenge/challenge_static.h"

#define PASSPHRASE "correct horse battery staple"
#define MAC_HEX_BYTES (2 * SECRET_MAC_BYTES + 1)

static struct bytes mac_key(void)
{
    return bytes_of_text("0123456789abcdef0123456789abcdef");
}

/* A handle for a template whose passphrase is PASSPHRASE. */
static struct challenge *make(const char *template_name, const char *mac_of_template)
{
    char mac[MAC_HEX_BYTES];
    struct error err = ERROR_INIT;
    struct challenge *c = NULL;

    assert_done(challenge_static_mac(mac_of_template, bytes_of_text(PASSPHRASE), false, mac_key(),
                                     mac, &err),
                &err, "");
    assert_int_equal(strlen(mac), MAC_HEX_BYTES - 1);
    c = challenge_static_create(template_name, mac, mac_key(), &err);
    assert_non_null(c);
    return c;
}

static enum reason ask(const struct challenge *c, const char *text, size_t len)
{
    struct enroll_request request = { 0 };
    struct grant grant = GRANT_INIT;
    struct error err = ERROR_INIT;
    bool ok = false;

    if (text != NULL) {
        request.csr.has_challenge = true;
        assert_done(secret_set(&request.csr.challenge, text, len, &err), &err, "");
    }
    grant.reservation = 7; /* of an earlier request: must not survive */
    ok = challenge_check(c, &request, &grant, &err);
    assert_int_equal(ok, err.reason == REASON_NONE);
    if (ok) {
        assert_string_equal(grant.challenge_type, challenge_name(c));
        assert_true(grant.reservation == 0);
    }
    /* a log must never have it */
    assert_null(strstr(err.detail, "horse"));
    secret_clear(&request.csr.challenge);
    grant_clear(&grant);
    return err.reason;
}

static void check__passphrases__only_the_right_one(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        size_t len;
        enum reason reason;
    } cases[] = {
        { "right", PASSPHRASE, sizeof(PASSPHRASE) - 1, REASON_NONE },
        { "one short", PASSPHRASE, sizeof(PASSPHRASE) - 2, REASON_CHALLENGE_REJECTED },
        { "one more", PASSPHRASE "x", sizeof(PASSPHRASE), REASON_CHALLENGE_REJECTED },
        { "with NUL", PASSPHRASE, sizeof(PASSPHRASE), REASON_CHALLENGE_REJECTED },
        { "other case", "Correct horse battery staple", sizeof(PASSPHRASE) - 1,
          REASON_CHALLENGE_REJECTED },
        { "wrong", "x", 1, REASON_CHALLENGE_REJECTED },
        { "empty", "", 0, REASON_CHALLENGE_MISSING },
        { "missing", NULL, 0, REASON_CHALLENGE_MISSING },
    };
    struct challenge *c = make("wifi", "wifi");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (ask(c, cases[i].text, cases[i].len) != cases[i].reason) {
            fail_msg("%s", cases[i].name);
        }
    }
    assert_string_equal(challenge_name(c), "static");
    assert_string_equal(reason_public_text(REASON_CHALLENGE_MISSING),
                        reason_public_text(REASON_CHALLENGE_REJECTED));
    challenge_free(c);
}

static void check__longest_challenge__refused_not_failed(void **state)
{
    struct challenge *c = make("wifi", "wifi");
    static char text[LIMIT_CHALLENGE_BYTES];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(ask(c, text, sizeof(text)), REASON_CHALLENGE_REJECTED);
    challenge_free(c);
}

static void check__mac_of_another_template__refused(void **state)
{
    struct challenge *c = make("vpn", "wifi");

    (void)state;
    assert_int_equal(ask(c, PASSPHRASE, sizeof(PASSPHRASE) - 1), REASON_CHALLENGE_REJECTED);
    challenge_free(c);
}

/* Name and passphrase must not run into each other: "ab" + "c" is not "a" + "bc". */
static void mac__name_and_passphrase__separate(void **state)
{
    char one[MAC_HEX_BYTES];
    char two[MAC_HEX_BYTES];
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(challenge_static_mac("ab", bytes_of_text("c"), true, mac_key(), one, &err), &err,
                "");
    assert_done(challenge_static_mac("a", bytes_of_text("bc"), true, mac_key(), two, &err), &err,
                "");
    assert_string_not_equal(one, two);
}

static void check__no_passphrase_set__refuses_everybody(void **state)
{
    struct error err = ERROR_INIT;
    struct challenge *c = challenge_static_create("wifi", "", mac_key(), &err);

    (void)state;
    assert_non_null(c);
    assert_int_equal(ask(c, "", 0), REASON_CHALLENGE_MISSING);
    assert_int_equal(ask(c, NULL, 0), REASON_CHALLENGE_MISSING);
    assert_int_equal(ask(c, PASSPHRASE, sizeof(PASSPHRASE) - 1), REASON_CHALLENGE_REJECTED);
    challenge_free(c);
}

static void create__bad_values__refused(void **state)
{
    static const char hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    struct error err = ERROR_INIT;
    char name[LIMIT_TEMPLATE_NAME + 2];
    char text[70];

    (void)state;
    for (size_t len = 1; len < 68; len++) { /* every length but the right one */
        memset(text, '0', sizeof(text));
        text[len] = '\0';
        if (len != 64) {
            error_clear(&err);
            assert_null(challenge_static_create("t", text, mac_key(), &err));
            assert_int_equal(err.reason, REASON_CONFIG_BAD_VALUE);
        }
    }
    error_clear(&err);
    memset(text, 'g', 64);
    text[64] = '\0';
    assert_null(challenge_static_create("t", text, mac_key(), &err));
    error_clear(&err);
    assert_null(challenge_static_create("t", hex, bytes_of("", 0), &err));
    assert_int_equal(err.reason, REASON_INTERNAL);
    error_clear(&err);
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_null(challenge_static_create(name, hex, mac_key(), &err));
    assert_int_equal(err.reason, REASON_LIMIT);
}

static void mac__passphrase_rules__held(void **state)
{
    static char longest[LIMIT_PASSPHRASE_MAX + 2];
    const struct {
        const char *name;
        struct bytes text;
        bool allow_short;
        enum reason reason;
    } cases[] = {
        { "16 characters", bytes_of_text("0123456789abcdef"), false, REASON_NONE },
        { "15 characters", bytes_of_text("0123456789abcde"), false, REASON_PASSPHRASE_TOO_SHORT },
        { "15 characters, allowed", bytes_of_text("0123456789abcde"), true, REASON_NONE },
        { "16 bytes, 8 characters",
          bytes_of_text("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"), false,
          REASON_PASSPHRASE_TOO_SHORT },
        { "empty, allowed", bytes_of_text(""), true, REASON_PASSPHRASE_TOO_SHORT },
        { "not UTF-8", bytes_of_text("0123456789abcdef\xff"), false, REASON_SYNTAX },
        { "newline", bytes_of_text("0123456789abcdef\n"), false, REASON_SYNTAX },
        { "NUL", bytes_of("0123456789abcdef\0", 17), false, REASON_SYNTAX },
        { "longest", bytes_of(longest, LIMIT_PASSPHRASE_MAX), false, REASON_NONE },
        { "too long", bytes_of(longest, LIMIT_PASSPHRASE_MAX + 1), false, REASON_LIMIT },
    };

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char mac[MAC_HEX_BYTES];
        struct error err = ERROR_INIT;
        bool ok =
            challenge_static_mac("t", cases[i].text, cases[i].allow_short, mac_key(), mac, &err);

        if (cases[i].reason == REASON_NONE) {
            assert_done(ok, &err, cases[i].name);
        } else {
            assert_refused(ok, &err, cases[i].reason, cases[i].name);
        }
    }
}

static void generate__many__safe_different_and_even(void **state)
{
    static const char alphabet[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
    unsigned counts[sizeof(alphabet)] = { 0 };
    struct secret last = SECRET_INIT;
    size_t total = 0;
    size_t first = 0;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct secret now = SECRET_INIT;
        struct error err = ERROR_INIT;
        char mac[MAC_HEX_BYTES];

        assert_done(challenge_static_generate(&now, &err), &err, "");
        assert_in_range(now.len, 26, 32);
        for (size_t i = 0; i < now.len; i++) {
            const char *at = strchr(alphabet, now.data[i]);

            assert_non_null(at);
            counts[at - alphabet]++;
            total++;
        }
        assert_false(secret_equal(secret_bytes(&now), secret_bytes(&last)));
        assert_done(challenge_static_mac("t", secret_bytes(&now), false, mac_key(), mac, &err),
                    &err, "");
        assert_done(secret_set(&last, now.data, now.len, &err), &err, "");
        secret_clear(&now);
    }
    /* about 1742 of each; 250 away is six standard deviations */
    for (size_t i = 0; i + 1 < sizeof(alphabet); i++) {
        size_t expected = total / (sizeof(alphabet) - 1);

        assert_in_range(counts[i], expected - 250, expected + 250);
    }
    /* bytes taken modulo 31 without care would favour the first eight: 15187 instead of 13935, with
     * a standard deviation of 102 */
    for (size_t i = 0; i < 8; i++) {
        first += counts[i];
    }
    assert_in_range(first, total * 8 / 31 - 620, total * 8 / 31 + 620);
    secret_clear(&last);
}

static void none__any_request__let_through(void **state)
{
    struct error err = ERROR_INIT;
    struct challenge *c = challenge_none_create(&err);

    (void)state;
    assert_non_null(c);
    assert_string_equal(challenge_name(c), "none");
    assert_int_equal(ask(c, NULL, 0), REASON_NONE);
    assert_int_equal(ask(c, "anything", 8), REASON_NONE);
    challenge_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check__passphrases__only_the_right_one),
        cmocka_unit_test(check__longest_challenge__refused_not_failed),
        cmocka_unit_test(check__mac_of_another_template__refused),
        cmocka_unit_test(mac__name_and_passphrase__separate),
        cmocka_unit_test(check__no_passphrase_set__refuses_everybody),
        cmocka_unit_test(create__bad_values__refused),
        cmocka_unit_test(mac__passphrase_rules__held),
        cmocka_unit_test(generate__many__safe_different_and_even),
        cmocka_unit_test(none__any_request__let_through),
    };

    return cmocka_run_group_tests_name("challenge_static", tests, NULL, NULL);
}
