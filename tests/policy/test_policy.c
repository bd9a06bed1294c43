/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <string.h>

#include "model/csr.h"
#include "policy/policy.h"

static struct policy *fresh(void)
{
    struct error err = ERROR_INIT;
    struct policy *p = policy_new("corp", &err);

    assert_done(p != NULL, &err, "policy_new");
    return p;
}

static void new__any__has_the_defaults(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    assert_string_equal(p->name, "corp");
    assert_int_equal(p->mode, POLICY_STRICTNESS_ENFORCE);
    assert_true(p->key.rsa);
    assert_false(p->subject.stated || p->san.stated || p->key_usage.stated || p->eku.stated
                 || p->hash.stated || p->validity.stated);
    assert_int_equal(p->validity.backdate_minutes, -1);
    assert_int_equal(p->facts.renewal_threshold, -1);
    assert_int_equal(p->facts.retry_count, -1);
    assert_int_equal(p->facts.retry_delay_seconds, -1);
    assert_done(policy_finish(p, &err), &err, "nothing stated is a policy");
    policy_free(p);
    policy_free(NULL);
}

static char *long_text(size_t len)
{
    static char text[LIMIT_POLICY_TEXT + 2];

    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

static void texts__hostile__are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        enum reason reason;
    } cases[] = {
        { "empty", "", REASON_POLICY_VALUE },
        { "line feed", "a\nb", REASON_POLICY_VALUE },
        { "DEL", "a\x7f", REASON_POLICY_VALUE },
        { "not UTF-8", "a\xff", REASON_POLICY_VALUE },
        { "surrogate", "a\xed\xa0\x80", REASON_POLICY_VALUE },
    };
    struct policy *p = fresh();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;
        const char *text = cases[i].text;

        assert_refused(policy_texts_add(&p->endpoints, text, &err), &err, cases[i].reason,
                       cases[i].name);
        error_clear(&err);
        assert_refused(policy_add_rdn(p, "2.5.4.3", text, &err), &err, cases[i].reason,
                       cases[i].name);
        error_clear(&err);
        assert_refused(policy_add_san(p, POLICY_SAN_DNS, text, 1, 1, &err), &err, cases[i].reason,
                       cases[i].name);
        error_clear(&err);
        assert_refused(policy_new(text, &err) != NULL, &err, cases[i].reason, cases[i].name);
    }
    assert_int_equal(p->endpoints.count + p->subject.count + p->san.count, 0);
    assert_false(p->subject.stated || p->san.stated);
    policy_free(p);
}

static void texts__at_the_limit__are_taken_and_one_byte_more_is_not(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(policy_texts_add(&p->endpoints, long_text(LIMIT_POLICY_TEXT), &err), &err, "");
    assert_refused(policy_texts_add(&p->endpoints, long_text(LIMIT_POLICY_TEXT + 1), &err), &err,
                   REASON_LIMIT, "");
    assert_int_equal(p->endpoints.count, 1);
    policy_free(p);
}

static void lists__at_the_limit__are_taken_and_one_item_more_is_not(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;
    char text[32];

    (void)state;
    for (unsigned i = 0; i <= LIMIT_POLICY_ITEMS; i++) {
        bool fits = i < LIMIT_POLICY_ITEMS;

        (void)snprintf(text, sizeof(text), "1.3.%u", i);
        error_clear(&err);
        assert_int_equal(policy_add_eku(p, text, &err), fits);
        assert_int_equal(err.reason, fits ? REASON_NONE : REASON_LIMIT);
        error_clear(&err);
        assert_int_equal(policy_add_san(p, POLICY_SAN_URI, text, 1, 1, &err), fits);
        assert_int_equal(err.reason, fits ? REASON_NONE : REASON_LIMIT);
        error_clear(&err);
        assert_int_equal(policy_add_rdn(p, "2.5.4.11", text, &err), fits);
        assert_int_equal(err.reason, fits ? REASON_NONE : REASON_LIMIT);
    }
    error_clear(&err);
    assert_done(policy_add_eku(p, "1.3.0", &err), &err, "one that is there needs no room");
    assert_int_equal(p->eku.oids.count, LIMIT_POLICY_ITEMS);
    policy_free(p);
}

static void add_bits__outside_the_sizes__is_refused(void **state)
{
    static const int64_t bad[] = { INT64_MIN, -1, 0, 1023, 16385, INT64_MAX };
    struct policy *p = fresh();

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = ERROR_INIT;

        assert_refused(policy_add_bits(p, bad[i], &err), &err, REASON_POLICY_VALUE, "");
    }
    for (int64_t bits = 1024; bits < 1024 + 9; bits++) {
        struct error err = ERROR_INIT;

        assert_int_equal(policy_add_bits(p, bits, &err), bits < 1032);
    }
    policy_free(p);
}

static void set_text__nothing__clears_the_field(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(policy_set_text(&p->facts.ca_ident, "a", &err), &err, "");
    assert_done(policy_set_text(&p->facts.ca_ident, "b", &err), &err, "");
    assert_string_equal(p->facts.ca_ident, "b");
    assert_refused(policy_set_text(&p->facts.ca_ident, "\x01", &err), &err, REASON_POLICY_VALUE,
                   "");
    assert_string_equal(p->facts.ca_ident, "b");
    error_clear(&err);
    assert_done(policy_set_text(&p->facts.ca_ident, "", &err), &err, "");
    assert_null(p->facts.ca_ident);
    policy_free(p);
}

static void oid_valid__cases__as_der_can_write_them(void **state)
{
    static const char *const good[] = { "0.0", "1.39", "2.5.4.3", "2.999.4294967295", "2.40" };
    static const char *const bad[] = { "",     "1",    "3.1",  "1.40",           "0.40",
                                       "1.2.", ".1.2", "1..2", "1.02",           "01.2",
                                       "1.x",  "1.2 ", "-1.2", "1.2.4294967296", "OID.1.2" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(policy_oid_valid(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (policy_oid_valid(bad[i])) {
            fail_msg("%s passes", bad[i]);
        }
    }
}

/* ---- words ----------------------------------------------------------------------------------- */

static void words__every_list__go_both_ways(void **state)
{
    (void)state;
    for (unsigned list = 0; list < POLICY_WORDS_COUNT; list++) {
        unsigned count = 0;
        unsigned found = 99;
        char text[80];

        for (; policy_word((enum policy_words)list, count) != NULL; count++) {
            const char *word = policy_word((enum policy_words)list, count);

            assert_true(policy_word_find((enum policy_words)list, bytes_of_text(word), &found));
            assert_int_equal(found, count);
        }
        assert_in_range(count, 2, 5);
        assert_false(policy_word_find((enum policy_words)list, bytes_of_text("ADD"), &found));
        assert_false(policy_word_find((enum policy_words)list, bytes_of_text(""), &found));
        policy_words_format((enum policy_words)list, text, sizeof(text));
        assert_non_null(strstr(text, policy_word((enum policy_words)list, count - 1)));
    }
    assert_null(policy_word(POLICY_WORDS_COUNT, 0));
    assert_string_equal(policy_san_word(POLICY_SAN_UPN), "upn");
    assert_string_equal(policy_unit_word(POLICY_UNIT_YEARS), "years");
    assert_string_equal(policy_source_word(POLICY_SOURCE_APPLE), "apple");
    assert_string_equal(policy_platform_word(POLICY_PLATFORM_ANDROID), "android");
    assert_string_equal(policy_mode_word(POLICY_STRICTNESS_OFF), "off");
    assert_string_equal(policy_word(POLICY_WORDS_PROTECTION, POLICY_PROTECTION_HELLO), "hello");
    assert_string_equal(policy_word(POLICY_WORDS_STORE, POLICY_STORE_MACHINE), "machine");
    assert_null(policy_san_word((enum policy_san_type)4));
}

static void key_usage_words__every_bit__go_both_ways(void **state)
{
    (void)state;
    for (uint32_t bit = 1; bit <= KEY_USAGE_DECIPHER_ONLY; bit <<= 1) {
        uint32_t found = 0;

        assert_true(policy_key_usage_from_word(bytes_of_text(policy_key_usage_word(bit)), &found));
        assert_int_equal(found, bit);
    }
    assert_null(policy_key_usage_word(0x200));
    assert_null(policy_key_usage_word(0));
}

/* ---- finish ---------------------------------------------------------------------------------- */

static void finish__lists_in_any_order__are_sorted_and_folded(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(policy_add_san(p, POLICY_SAN_URI, "b", 1, 1, &err));
    assert_true(policy_add_san(p, POLICY_SAN_URI, "a", 0, 2, &err));
    assert_true(policy_add_san(p, POLICY_SAN_EMAIL, "z", 1, 1, &err));
    assert_true(policy_add_san(p, POLICY_SAN_URI, "a", 1, 1, &err));
    assert_true(policy_add_eku(p, "1.3.9", &err));
    assert_true(policy_add_eku(p, "1.3.1", &err));
    assert_true(policy_add_eku(p, "1.3.9", &err));
    assert_true(policy_add_bits(p, 4096, &err));
    assert_true(policy_add_bits(p, 2048, &err));
    assert_true(policy_texts_add(&p->host_suffixes, "Example.NET", &err));
    assert_true(policy_texts_add(&p->host_suffixes, "example.net", &err));
    assert_true(policy_texts_add(&p->endpoints, "/B", &err));
    assert_true(policy_texts_add(&p->endpoints, "/A", &err));
    assert_true(policy_texts_add(&p->endpoints, "/B", &err));
    assert_done(policy_finish(p, &err), &err, "");

    assert_int_equal(p->san.count, 3);
    assert_string_equal(p->san.item[0].pattern, "z");
    assert_int_equal(p->san.item[0].row, 2);
    assert_string_equal(p->san.item[1].pattern, "a");
    assert_int_equal(p->san.item[1].min, 1);
    assert_int_equal(p->san.item[1].max, 3);
    assert_string_equal(p->san.item[2].pattern, "b");
    assert_int_equal(p->eku.oids.count, 2);
    assert_string_equal(p->eku.oids.item[0], "1.3.1");
    assert_int_equal(p->key.bits[0], 2048);
    assert_int_equal(p->key.bits_count, 2);
    assert_int_equal(p->host_suffixes.count, 1);
    assert_string_equal(p->host_suffixes.item[0], "example.net");
    assert_int_equal(p->endpoints.count, 2);
    assert_string_equal(p->endpoints.item[0], "/A"); /* a path keeps its case */
    policy_free(p);
}

static bool set_san_min_over_max(struct policy *p, struct error *err)
{
    return policy_add_san(p, POLICY_SAN_DNS, "a", 2, 1, err);
}

static bool set_san_max_nothing(struct policy *p, struct error *err)
{
    return policy_add_san(p, POLICY_SAN_DNS, "a", 0, 0, err);
}

static bool set_san_too_often(struct policy *p, struct error *err)
{
    return policy_add_san(p, POLICY_SAN_DNS, "a", 0, LIMIT_SAN_ENTRIES + 1, err);
}

static bool set_san_together_too_often(struct policy *p, struct error *err)
{
    return policy_add_san(p, POLICY_SAN_DNS, "a", 0, LIMIT_SAN_ENTRIES, err)
           && policy_add_san(p, POLICY_SAN_DNS, "a", 0, 1, err);
}

static bool set_whole_dn_and_more(struct policy *p, struct error *err)
{
    return policy_add_rdn(p, "", "{{OnPrem_Distinguished_Name}}", err)
           && policy_add_rdn(p, "2.5.4.3", "x", err);
}

static bool set_key_usage_of_ca(struct policy *p, struct error *err)
{
    (void)err;
    p->key_usage.stated = true;
    p->key_usage.bits = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_CERT_SIGN;
    return true;
}

static bool set_key_usage_crl_sign(struct policy *p, struct error *err)
{
    (void)err;
    p->key_usage.stated = true;
    p->key_usage.bits = KEY_USAGE_CRL_SIGN;
    return true;
}

static bool set_key_usage_none(struct policy *p, struct error *err)
{
    (void)err;
    p->key_usage.stated = true;
    return true;
}

static bool set_eku_none(struct policy *p, struct error *err)
{
    (void)err;
    p->eku.stated = true;
    return true;
}

static bool set_hash_none(struct policy *p, struct error *err)
{
    (void)err;
    p->hash.stated = true;
    return true;
}

static bool set_at_least_nothing(struct policy *p, struct error *err)
{
    (void)err;
    p->key.at_least = true;
    return true;
}

static bool set_sid_passed_over(struct policy *p, struct error *err)
{
    return policy_texts_add(&p->extensions.allow, "1.3.6.1.4.1.311.25.2", err);
}

static bool set_extension_no_oid(struct policy *p, struct error *err)
{
    return policy_texts_add(&p->extensions.allow, "subjectAltName", err);
}

static bool set_fingerprint_short(struct policy *p, struct error *err)
{
    return policy_set_text(&p->facts.ca_fingerprint, "00112233", err);
}

static bool set_fingerprint_no_hex(struct policy *p, struct error *err)
{
    return policy_set_text(&p->facts.ca_fingerprint, "0123456789abcdef0123456789abcdeg", err);
}

static bool set_challenge_huge(struct policy *p, struct error *err)
{
    (void)err;
    p->challenge.max = LIMIT_CHALLENGE_BYTES + 1;
    return true;
}

static bool set_limit_negative(struct policy *p, struct error *err)
{
    (void)err;
    p->limits.per_identity_per_day = -1;
    return true;
}

static bool set_backdate_huge(struct policy *p, struct error *err)
{
    (void)err;
    p->validity.backdate_minutes = 10081;
    return true;
}

static bool set_threshold_whole(struct policy *p, struct error *err)
{
    (void)err;
    p->facts.renewal_threshold = 100;
    return true;
}

static void finish__what_cannot_be__is_refused(void **state)
{
    static const struct {
        const char *name;
        bool (*set)(struct policy *p, struct error *err);
    } cases[] = {
        { "min over max", set_san_min_over_max },
        { "max 0", set_san_max_nothing },
        { "max too big", set_san_too_often },
        { "maxima add up", set_san_together_too_often },
        { "whole name and more", set_whole_dn_and_more },
        { "keyCertSign", set_key_usage_of_ca },
        { "cRLSign", set_key_usage_crl_sign },
        { "no key usage", set_key_usage_none },
        { "no EKU", set_eku_none },
        { "no hash", set_hash_none },
        { "at least nothing", set_at_least_nothing },
        { "SID extension allowed", set_sid_passed_over },
        { "extension by name", set_extension_no_oid },
        { "short fingerprint", set_fingerprint_short },
        { "fingerprint not hex", set_fingerprint_no_hex },
        { "challenge too big", set_challenge_huge },
        { "negative limit", set_limit_negative },
        { "backdating over a week", set_backdate_huge },
        { "renewal at once", set_threshold_whole },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = fresh();
        struct error err = ERROR_INIT;

        assert_done(cases[i].set(p, &err), &err, cases[i].name);
        assert_refused(policy_finish(p, &err), &err, REASON_POLICY_VALUE, cases[i].name);
        policy_free(p);
    }
}

static void finish__validity__one_to_a_hundred_years(void **state)
{
    static const struct {
        int64_t value;
        enum policy_unit unit;
        bool good;
    } cases[] = {
        { 1, POLICY_UNIT_DAYS, true },          { 36500, POLICY_UNIT_DAYS, true },
        { 36501, POLICY_UNIT_DAYS, false },     { 0, POLICY_UNIT_DAYS, false },
        { -1, POLICY_UNIT_YEARS, false },       { 1200, POLICY_UNIT_MONTHS, true },
        { 1201, POLICY_UNIT_MONTHS, false },    { 100, POLICY_UNIT_YEARS, true },
        { 101, POLICY_UNIT_YEARS, false },      { INT64_MAX, POLICY_UNIT_YEARS, false },
        { INT64_MIN, POLICY_UNIT_DAYS, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *p = fresh();
        struct error err = ERROR_INIT;

        p->validity.stated = true;
        p->validity.value = cases[i].value;
        p->validity.unit = cases[i].unit;
        assert_int_equal(policy_finish(p, &err), cases[i].good);
        assert_int_equal(err.reason, cases[i].good ? REASON_NONE : REASON_POLICY_VALUE);
        policy_free(p);
    }
}

static void finish__fingerprint__in_lower_case(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(policy_set_text(&p->facts.ca_fingerprint,
                                "0123456789ABCDEF0123456789abcdef01234567", &err));
    assert_done(policy_finish(p, &err), &err, "");
    assert_string_equal(p->facts.ca_fingerprint, "0123456789abcdef0123456789abcdef01234567");
    policy_free(p);
}

/* A detail of something that is not stated must not tell two policies apart. */
static void finish__details_of_what_is_not_stated__are_forgotten(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    p->subject.order = POLICY_ORDER_EXACT;
    p->subject.extra = POLICY_EXTRA_ALLOW;
    p->key_usage.bits = KEY_USAGE_DIGITAL_SIGNATURE;
    p->key_usage.absent = POLICY_ABSENT_DENY;
    p->eku.absent = POLICY_ABSENT_DENY;
    p->hash.sha1 = true;
    p->validity.value = 3;
    p->validity.unit = POLICY_UNIT_YEARS;
    p->validity.over = POLICY_OVER_DENY;
    assert_done(policy_finish(p, &err), &err, "");
    assert_int_equal(p->subject.order, POLICY_ORDER_ANY);
    assert_int_equal(p->subject.extra, POLICY_EXTRA_DENY);
    assert_int_equal(p->key_usage.bits, 0);
    assert_int_equal(p->key_usage.absent, POLICY_ABSENT_ADD);
    assert_int_equal(p->eku.absent, POLICY_ABSENT_ADD);
    assert_false(p->hash.sha1);
    assert_int_equal(p->validity.value, 0);
    assert_int_equal(p->validity.unit, POLICY_UNIT_DAYS);
    assert_int_equal(p->validity.over, POLICY_OVER_CLAMP);
    policy_free(p);
}

static void finish__at_least__keeps_the_smallest_size(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(policy_add_bits(p, 4096, &err) && policy_add_bits(p, 2048, &err));
    p->key.at_least = true;
    assert_done(policy_finish(p, &err), &err, "");
    assert_int_equal(p->key.bits_count, 1);
    assert_int_equal(p->key.bits[0], 2048);
    policy_free(p);
}

/* A subject that is written out longer than a text may be could not be read again. */
static void finish__subject_that_cannot_be_written__is_refused(void **state)
{
    struct policy *p = fresh();
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(policy_add_rdn(p, "2.5.4.3", long_text(LIMIT_POLICY_TEXT), &err));
    assert_refused(policy_finish(p, &err), &err, REASON_LIMIT, "");
    policy_free(p);
}

/* ---- sets ------------------------------------------------------------------------------------ */

static void set__at_the_limit__one_more_is_refused_and_freed(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;

    (void)state;
    for (unsigned i = 0; i < LIMIT_POLICIES; i++) {
        assert_done(policy_set_add(&set, fresh(), &err), &err, "");
    }
    assert_refused(policy_set_add(&set, fresh(), &err), &err, REASON_LIMIT, "");
    assert_int_equal(set.count, LIMIT_POLICIES);
    policy_set_clear(&set);
    assert_int_equal(set.count, 0);
    policy_set_clear(&set);
    policy_set_clear(NULL);
}

static void set__many_warnings__end_in_a_last_one(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;

    (void)state;
    for (unsigned i = 0; i < 2 * LIMIT_POLICIES; i++) {
        assert_done(policy_set_warn(&set, &err, "warning %u", i), &err, "");
    }
    assert_int_equal(set.warnings.count, LIMIT_POLICIES);
    assert_string_equal(set.warnings.item[0], "warning 0");
    assert_string_equal(set.warnings.item[LIMIT_POLICIES - 1], "further warnings are left out");
    policy_set_clear(&set);
}

static void set__warning_with_hostile_text__is_kept_escaped(void **state)
{
    struct policy_set set = { NULL, 0, { NULL, 0 } };
    struct error err = ERROR_INIT;

    (void)state;
    assert_done(policy_set_warn(&set, &err, "node a%sb", "\n\xff"), &err, "");
    assert_string_equal(set.warnings.item[0], "node a\\x0a\\xffb");
    assert_done(policy_set_warn(&set, &err, "%s%s%s%s%s", long_text(LIMIT_POLICY_TEXT),
                                long_text(LIMIT_POLICY_TEXT), long_text(LIMIT_POLICY_TEXT),
                                long_text(LIMIT_POLICY_TEXT), long_text(LIMIT_POLICY_TEXT)),
                &err, "");
    assert_int_equal(set.warnings.count, 2);
    policy_set_clear(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new__any__has_the_defaults),
        cmocka_unit_test(texts__hostile__are_refused),
        cmocka_unit_test(texts__at_the_limit__are_taken_and_one_byte_more_is_not),
        cmocka_unit_test(lists__at_the_limit__are_taken_and_one_item_more_is_not),
        cmocka_unit_test(add_bits__outside_the_sizes__is_refused),
        cmocka_unit_test(set_text__nothing__clears_the_field),
        cmocka_unit_test(oid_valid__cases__as_der_can_write_them),
        cmocka_unit_test(words__every_list__go_both_ways),
        cmocka_unit_test(key_usage_words__every_bit__go_both_ways),
        cmocka_unit_test(finish__lists_in_any_order__are_sorted_and_folded),
        cmocka_unit_test(finish__what_cannot_be__is_refused),
        cmocka_unit_test(finish__validity__one_to_a_hundred_years),
        cmocka_unit_test(finish__fingerprint__in_lower_case),
        cmocka_unit_test(finish__details_of_what_is_not_stated__are_forgotten),
        cmocka_unit_test(finish__at_least__keeps_the_smallest_size),
        cmocka_unit_test(finish__subject_that_cannot_be_written__is_refused),
        cmocka_unit_test(set__at_the_limit__one_more_is_refused_and_freed),
        cmocka_unit_test(set__many_warnings__end_in_a_last_one),
        cmocka_unit_test(set__warning_with_hostile_text__is_kept_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
