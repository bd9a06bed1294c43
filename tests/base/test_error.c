/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* ---- the table of reasons -------------------------------------------------------------------- */

static void reasons__every_row__is_well_formed(void **state)
{
    (void)state;
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        const char *id = reason_id((enum reason)i);
        const char *text = reason_public_text((enum reason)i);
        size_t len = strlen(id);

        if (len == 0 || len > 40 || id[0] == '-' || id[len - 1] == '-'
            || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != len
            || strstr(id, "--") != NULL) {
            fail_msg("reason %d has the id \"%s\"", i, id);
        }
        /* goes into failInfoText and HTTP bodies: one short ASCII line */
        if (strlen(text) == 0 || strlen(text) > 100) fail_msg("%s: \"%s\"", id, text);
        for (const char *c = text; *c != '\0'; c++) {
            if (*c < 0x20 || *c > 0x7e) fail_msg("%s: the public text is not plain ASCII", id);
        }
        if (reason_kind((enum reason)i) == ERROR_NONE
            || (unsigned)reason_kind((enum reason)i) >= ERROR_KIND_COUNT) {
            fail_msg("%s: no kind", id);
        }
    }
}

static void reasons__ids__are_unique_and_found_again(void **state)
{
    (void)state;
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        /* the first row with the id is found: another one would have a twin */
        assert_int_equal(reason_from_id(reason_id((enum reason)i)), i);
    }
    assert_int_equal(reason_from_id("no-such-reason"), REASON_NONE);
    assert_int_equal(reason_from_id("none"), REASON_NONE);
    assert_int_equal(reason_from_id(""), REASON_NONE);
    assert_int_equal(reason_from_id(NULL), REASON_NONE);
}

static void reasons__none_and_unknown__are_safe(void **state)
{
    (void)state;
    assert_string_equal(reason_id(REASON_NONE), "none");
    assert_string_equal(reason_public_text(REASON_NONE), "");
    assert_int_equal(reason_kind(REASON_NONE), ERROR_NONE);
    assert_string_equal(reason_id((enum reason)REASON_COUNT), "internal");
    assert_string_equal(reason_id((enum reason)9999), "internal");
}

/* One text for everything that decryption could reveal, and for every state of a challenge. */
static void reasons__secrets__have_one_public_text(void **state)
{
    (void)state;
    assert_string_equal(reason_public_text(REASON_CHALLENGE_REJECTED),
                        reason_public_text(REASON_CHALLENGE_MISSING));
}

/* ---- the table of kinds ---------------------------------------------------------------------- */

static void kinds__every_row__is_complete(void **state)
{
    (void)state;
    for (int i = 0; i < ERROR_KIND_COUNT; i++) {
        const struct error_kind_info *info = error_kind_info((enum error_kind)i);

        assert_int_equal(info->kind, i);
        assert_non_null(info->name);
        assert_true(strlen(info->name) > 0);
        assert_in_range(info->exit_code, 0, 11);
        assert_in_range(info->fail_info + 1, 0, 5);
        if (i == ERROR_NONE) {
            assert_int_equal(info->exit_code, 0);
            continue;
        }
        assert_in_range(info->http_status, 400, 599);
        assert_int_not_equal(info->exit_code, 0);
        /* a failure HRESULT: the severity bit is set */
        assert_true((info->hresult & 0x80000000u) != 0);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(info->name, error_kind_info((enum error_kind)j)->name);
        }
    }
    assert_int_equal(error_kind_info((enum error_kind)999)->kind, ERROR_INTERNAL);
}

struct meaning {
    enum reason reason;
    int http;
    enum fail_info fail_info;
    uint32_t hresult;
    int exit_code;
};

/* Pinned: these are on the wire or in scripts of administrators. */
static const struct meaning meanings[] = {
    { REASON_USAGE, 500, FAIL_INFO_NONE, 0x80070057, 2 },
    { REASON_CONFIG_SYNTAX, 500, FAIL_INFO_BAD_REQUEST, 0x80004005, 3 },
    { REASON_ADDRESS_DENIED, 403, FAIL_INFO_BAD_REQUEST, 0x80070005, 4 },
    { REASON_NO_SUCH_URL, 404, FAIL_INFO_BAD_REQUEST, 0x80070002, 10 },
    { REASON_METHOD, 405, FAIL_INFO_NONE, 0x80070057, 11 },
    { REASON_BODY_TOO_LARGE, 413, FAIL_INFO_NONE, 0x80070057, 11 },
    { REASON_URI_TOO_LONG, 414, FAIL_INFO_NONE, 0x80070057, 11 },
    { REASON_SERVER_BUSY, 503, FAIL_INFO_BAD_REQUEST, 0x800700aa, 5 },
    { REASON_NOT_CMS, 400, FAIL_INFO_BAD_REQUEST, 0x80070057, 11 },
    { REASON_CIPHER_NOT_ALLOWED, 400, FAIL_INFO_BAD_ALG, 0x80090008, 11 },
    { REASON_SIGNATURE_WRONG, 400, FAIL_INFO_BAD_MESSAGE_CHECK, 0x80090005, 11 },
    { REASON_UNIFORM_FAILURE, 400, FAIL_INFO_BAD_MESSAGE_CHECK, 0x80090005, 11 },
    { REASON_SIGNING_TIME, 400, FAIL_INFO_BAD_TIME, 0x80070576, 11 },
    { REASON_CERT_NOT_FOUND, 404, FAIL_INFO_BAD_CERT_ID, 0x80070057, 10 },
    { REASON_CHALLENGE_REJECTED, 403, FAIL_INFO_BAD_REQUEST, 0x80070490, 11 },
    { REASON_CHALLENGE_EXPIRED, 403, FAIL_INFO_BAD_REQUEST, 0x80070490, 11 },
    { REASON_CHALLENGE_USED, 403, FAIL_INFO_BAD_REQUEST, 0x80070490, 11 },
    /* what NDES signs for the same cause */
    { REASON_CHALLENGE_MISSING, 403, FAIL_INFO_BAD_REQUEST, 0x80096004, 11 },
    { REASON_KEY_SIZE, 403, FAIL_INFO_BAD_REQUEST, 0x80094811, 11 },
    { REASON_SUBJECT_CN, 403, FAIL_INFO_BAD_REQUEST, 0x80094001, 11 },
    { REASON_SUBJECT_EMPTY, 403, FAIL_INFO_BAD_REQUEST, 0x80094001, 11 },
    { REASON_SUBJECT_ATTRIBUTE, 403, FAIL_INFO_BAD_REQUEST, 0x80094001, 11 },
    { REASON_SUBJECT_TOO_LONG, 403, FAIL_INFO_BAD_REQUEST, 0x80094001, 11 },
    { REASON_TEMPLATE_DISABLED, 404, FAIL_INFO_BAD_REQUEST, 0x80094800, 10 },
    { REASON_NDES_FACE_BROKEN, 503, FAIL_INFO_BAD_REQUEST, 0x80094800, 5 },
    { REASON_CA_EXPIRED, 503, FAIL_INFO_BAD_REQUEST, 0x800706ba, 5 },
    { REASON_MESSAGE_TYPE_DISABLED, 400, FAIL_INFO_BAD_REQUEST, 0x80070057, 11 },
    { REASON_POLICY_DENIED, 403, FAIL_INFO_BAD_REQUEST, 0x800b0113, 11 },
    { REASON_CHALLENGE_UNAVAILABLE, 503, FAIL_INFO_BAD_REQUEST, 0x800706ba, 5 },
    { REASON_DISK_FULL, 500, FAIL_INFO_BAD_REQUEST, 0x8007001d, 6 },
    { REASON_STORE_FAILED, 503, FAIL_INFO_BAD_REQUEST, 0x80004005, 7 },
    { REASON_KEY_PROTECTION, 503, FAIL_INFO_BAD_REQUEST, 0x80090003, 8 },
    { REASON_PORT_IN_USE, 500, FAIL_INFO_NONE, 0x80072740, 9 },
    { REASON_NO_MEMORY, 503, FAIL_INFO_BAD_REQUEST, 0x8007000e, 1 },
    { REASON_INTERNAL, 500, FAIL_INFO_BAD_REQUEST, 0x80004005, 1 },
};

static void kinds__meaning_of_reasons__is_pinned(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        const struct meaning *m = &meanings[i];
        struct error err = ERROR_INIT;

        assert_false(error_set(&err, m->reason, "%s", "x"));
        if (error_http_status(&err) != m->http || error_fail_info(&err) != m->fail_info
            || error_hresult(&err) != m->hresult || error_exit_code(&err) != m->exit_code) {
            fail_msg("%s: %d, %d, 0x%08x, %d", reason_id(m->reason), error_http_status(&err),
                     error_fail_info(&err), (unsigned)error_hresult(&err), error_exit_code(&err));
        }
    }
}

/* ---- struct error ---------------------------------------------------------------------------- */

static void error__fresh__is_not_set(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(error_is_set(&err));
    assert_false(error_is_set(NULL));
    assert_int_equal(error_kind(&err), ERROR_NONE);
    assert_int_equal(error_exit_code(&err), 0);
    assert_int_equal(error_hresult(&err), 0);
    assert_false(error_context(&err, "context"));
    assert_string_equal(err.detail, "");
    assert_false(error_set(NULL, REASON_INTERNAL, "nobody listens"));
}

static void error__set_twice__keeps_the_first(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(error_set(&err, REASON_BASE64, "first %d", 1));
    assert_false(error_set(&err, REASON_INTERNAL, "second"));
    assert_int_equal(err.reason, REASON_BASE64);
    assert_string_equal(err.detail, "first 1");
    assert_non_null(err.file);
    assert_true(err.line > 0);
    err.hresult = 0x80094800u;
    assert_int_equal(error_hresult(&err), 0x80094800u);
    error_clear(&err);
    assert_false(error_is_set(&err));
    assert_int_equal(err.hresult, 0);
    assert_false(error_set(&err, REASON_INTERNAL, "again"));
    assert_string_equal(err.detail, "again");
}

static void error__context__stands_before_the_detail(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    (void)error_set(&err, REASON_SYNTAX, "line 3");
    assert_false(error_context(&err, "%s", "policy.xml"));
    assert_string_equal(err.detail, "policy.xml: line 3");
    assert_false(error_context(&err, "template %s", "vpn"));
    assert_string_equal(err.detail, "template vpn: policy.xml: line 3");
    assert_int_equal(err.reason, REASON_SYNTAX);
}

static void error__detail_too_long__is_cut_between_characters(void **state)
{
    char text[2 * ERROR_DETAIL_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    /* every byte position of the cut inside a two-byte character, by one ASCII byte more each */
    for (size_t shift = 0; shift < 4; shift++) {
        size_t len = shift;

        memset(text, 'x', shift);
        for (; len < sizeof(text) - 4; len += 3) {
            memcpy(text + len, "\xe2\x82\xac", 3);
        }
        text[len] = '\0';
        error_clear(&err);
        (void)error_set(&err, REASON_SYNTAX, "%s", text);
        assert_true(strlen(err.detail) >= ERROR_DETAIL_MAX - 4);
        assert_true(text_utf8_valid(bytes_of_text(err.detail)));
        (void)error_context(&err, "%s", "\xe2\x82\xac context");
        assert_true(strlen(err.detail) >= ERROR_DETAIL_MAX - 4);
        assert_true(text_utf8_valid(bytes_of_text(err.detail)));
        assert_non_null(strstr(err.detail, "context: "));
    }
}

static void error__context_too_long__keeps_the_cause(void **state)
{
    char text[2 * ERROR_DETAIL_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    memset(text, 'c', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    (void)error_set(&err, REASON_SYNTAX, "cause");
    (void)error_context(&err, "%s", text);
    assert_string_equal(err.detail, "cause");
    /* a context that leaves room for a few bytes */
    text[ERROR_DETAIL_MAX - 6] = '\0';
    (void)error_context(&err, "%s", text);
    assert_int_equal(strlen(err.detail), ERROR_DETAIL_MAX - 1);
    assert_string_equal(err.detail + ERROR_DETAIL_MAX - 6, ": cau");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons__every_row__is_well_formed),
        cmocka_unit_test(reasons__ids__are_unique_and_found_again),
        cmocka_unit_test(reasons__none_and_unknown__are_safe),
        cmocka_unit_test(reasons__secrets__have_one_public_text),
        cmocka_unit_test(kinds__every_row__is_complete),
        cmocka_unit_test(kinds__meaning_of_reasons__is_pinned),
        cmocka_unit_test(error__fresh__is_not_set),
        cmocka_unit_test(error__set_twice__keeps_the_first),
        cmocka_unit_test(error__context__stands_before_the_detail),
        cmocka_unit_test(error__detail_too_long__is_cut_between_characters),
        cmocka_unit_test(error__context_too_long__keeps_the_cause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
