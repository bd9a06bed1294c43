/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "intune/intune_codes.h"

#define DOCUMENT_MAX (1u << 20)
#define CODES 25 /* 24 of the library without "Success", and BadTenantIdInChallenge */

static void read_document(struct buffer *out)
{
    struct error err = ERROR_INIT;

    assert_done(file_read(OPENNDES_SOURCE_DIR "/docs/intune.md", DOCUMENT_MAX, out, &err), &err,
                "");
}

/* How many rows of the document begin so. */
static size_t count_rows(const struct buffer *document, const char *beginning)
{
    size_t rows = 0;

    for (const char *place = buffer_text(document); (place = strstr(place, beginning)) != NULL;
         place++) {
        rows++;
    }
    return rows;
}

/* ---- result codes ---------------------------------------------------------------------------- */

static void code__of_the_table__has_a_reason_and_one_sentence(void **state)
{
    size_t count = 0;

    (void)state;
    for (const struct intune_code *row = NULL; (row = intune_code_at(count)) != NULL; count++) {
        size_t len = strlen(row->advice);

        if (row->reason == REASON_NONE || len < 20 || row->advice[len - 1] != '.') {
            fail_msg("%s: reason %s, advice \"%s\"", row->code, reason_id(row->reason),
                     row->advice);
        }
        assert_ptr_equal(intune_code_find(row->code), row); /* none twice */
    }
    assert_int_equal(count, CODES);
    assert_null(intune_code_at(count));
}

struct code_case {
    const char *code;
    enum reason reason;
};

/* By hand and not from the table: what a refusal means must not change by accident. */
static const struct code_case code_cases[] = {
    { "Unknown", REASON_INTUNE_CODE_UNKNOWN },
    { "CertificateRequestDecodingFailed", REASON_INTUNE_CSR },
    { "ChallengePasswordMissing", REASON_CHALLENGE_MISSING },
    { "ChallengeDeserializationError", REASON_INTUNE_CHALLENGE_UNREADABLE },
    { "ChallengeDecryptionError", REASON_INTUNE_CHALLENGE_UNREADABLE },
    { "ChallengeDecodingError", REASON_INTUNE_CHALLENGE_UNREADABLE },
    { "ChallengeInvalidTimestamp", REASON_INTUNE_CHALLENGE_TIME },
    { "ChallengeExpired", REASON_INTUNE_CHALLENGE_EXPIRED },
    { "challengeexpired", REASON_INTUNE_CHALLENGE_EXPIRED },
    { "SubjectNameMissing", REASON_INTUNE_SUBJECT },
    { "SubjectNameMismatch", REASON_INTUNE_SUBJECT },
    { "SubjectAltNameMissing", REASON_INTUNE_SAN },
    { "SubjectAltNameMismatch", REASON_INTUNE_SAN },
    { "KeyUsageMismatch", REASON_INTUNE_KEY_USAGE },
    { "KeyLengthMismatch", REASON_INTUNE_KEY_LENGTH },
    { "EnhancedKeyUsageMissing", REASON_INTUNE_EKU },
    { "EnhancedKeyUsageMismatch", REASON_INTUNE_EKU },
    { "AadKeyIdentifierListMissing", REASON_INTUNE_KEY_LIST },
    { "RegisteredKeyMismatch", REASON_INTUNE_KEY_LIST },
    { "SigningCertThumbprintMismatch", REASON_INTUNE_SIGNER },
    { "ScepProfileNoLongerTargetedToTheClient", REASON_INTUNE_NOT_ASSIGNED },
    { "SignatureValidationFailed", REASON_INTUNE_CHALLENGE_SIGNATURE },
    { "BadCertificateRequestIdInChallenge", REASON_INTUNE_CHALLENGE_IDS },
    { "BadDeviceIdInChallenge", REASON_INTUNE_CHALLENGE_IDS },
    { "BadUserIdInChallenge", REASON_INTUNE_CHALLENGE_IDS },
    { "BadTenantIdInChallenge", REASON_INTUNE_TENANT },
};

static void code__each__has_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(code_cases) / sizeof(code_cases[0]); i++) {
        const struct intune_code *row = intune_code_find(code_cases[i].code);

        if (row == NULL || row->reason != code_cases[i].reason) {
            fail_msg("%s: %s", code_cases[i].code, row != NULL ? reason_id(row->reason) : "none");
        }
    }
    assert_null(intune_code_find("Success"));
    assert_null(intune_code_find(""));
    assert_null(intune_code_find("ChallengeExpired "));
}

static void code__each__is_in_the_document(void **state)
{
    struct buffer document = BUFFER_INIT(DOCUMENT_MAX);
    char wanted[512];
    const struct intune_code *row = NULL;

    (void)state;
    read_document(&document);
    for (size_t i = 0; (row = intune_code_at(i)) != NULL; i++) {
        assert_true(text_format(wanted, sizeof(wanted), "\n| `%s` | `%s` | %s |\n", row->code,
                                reason_id(row->reason), row->advice));
        if (strstr(buffer_text(&document), wanted) == NULL) {
            fail_msg("docs/intune.md has no row %s", wanted + 1);
        }
    }
    /* no code that the program does not know; other tables begin with other letters */
    assert_int_equal(count_rows(&document, "\n| `Cert") + count_rows(&document, "\n| `Chall")
                         + count_rows(&document, "\n| `Subject") + count_rows(&document, "\n| `Key")
                         + count_rows(&document, "\n| `Enhanced")
                         + count_rows(&document, "\n| `Aad") + count_rows(&document, "\n| `Reg")
                         + count_rows(&document, "\n| `Sign") + count_rows(&document, "\n| `Scep")
                         + count_rows(&document, "\n| `Bad")
                         + count_rows(&document, "\n| `Unknown"),
                     CODES);
    buffer_clear(&document);
}

/* ---- HRESULTs -------------------------------------------------------------------------------- */

struct hresult_case {
    enum reason reason;
    uint32_t hresult;
};

/* Some of each kind: administrators have rules that look for these numbers. */
static const struct hresult_case hresult_cases[] = {
    { REASON_INTUNE_CSR, 0xA0040101u },
    { REASON_INTUNE_NOT_CONFIRMED, 0xA0040119u },
    { REASON_INTUNE_INTERRUPTED, 0xA004011Au },
    { REASON_POLICY_DENIED, 0xA0040201u },
    { REASON_KNOWN_LIST, 0xA0040207u },
    { REASON_KEY_SIZE, 0xA0040302u },
    { REASON_SAN_TYPE, 0xA0040308u },
    { REASON_RENEWAL_REFUSED, 0xA004030Du },
    { REASON_CA_EXPIRED, 0xA0040402u },
    { REASON_STORE_FAILED, 0xA0040506u },
    { REASON_INTERNAL, 0xA004050Cu },
    { REASON_METHOD, 0xA0040001u },
    { REASON_NONE, 0xA0040001u },
};

static void hresult__of_a_reason__is_the_number_it_always_had(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hresult_cases) / sizeof(hresult_cases[0]); i++) {
        assert_int_equal(intune_hresult(hresult_cases[i].reason), hresult_cases[i].hresult);
    }
}

static void hresult__table__is_sorted_and_goes_both_ways(void **state)
{
    enum reason reason = REASON_NONE;
    uint32_t hresult = 0;
    uint32_t before = 0xA0040001u;
    size_t i = 0;

    (void)state;
    for (; intune_hresult_at(i, &reason, &hresult); i++) {
        assert_true(hresult > before); /* each number once */
        assert_int_equal(hresult & 0xFFFF0000u, 0xA0040000u);
        assert_int_equal(intune_hresult(reason), hresult); /* each reason once */
        before = hresult;
    }
    assert_true(i > 60);
}

/* What a refusal can be after Intune has been asked must not all look alike in its console. */
static void hresult__reasons_of_template_policy_and_intune__have_one_of_their_own(void **state)
{
    (void)state;
    for (int i = 1; i < REASON_COUNT; i++) {
        enum reason reason = (enum reason)i;
        const char *id = reason_id(reason);
        bool wanted = text_starts_nocase(id, "intune-") || text_starts_nocase(id, "policy-")
                      || text_starts_nocase(id, "store-") || text_starts_nocase(id, "ca-")
                      || reason_kind(reason) == ERROR_POLICY;

        if (reason != REASON_CA_EXISTS && wanted && intune_hresult(reason) == 0xA0040001u) {
            fail_msg("%s has no HRESULT of its own", id);
        }
    }
}

static void hresult__each__is_in_the_document(void **state)
{
    struct buffer document = BUFFER_INIT(DOCUMENT_MAX);
    enum reason reason = REASON_NONE;
    uint32_t hresult = 0;
    char wanted[200];
    size_t i = 0;

    (void)state;
    read_document(&document);
    for (; intune_hresult_at(i, &reason, &hresult); i++) {
        assert_true(text_format(wanted, sizeof(wanted),
                                "\n| `0x%08" PRIX32 "` | %" PRId64 " | `%s` |\n", hresult,
                                (int64_t)hresult - INT64_C(0x100000000), reason_id(reason)));
        if (strstr(buffer_text(&document), wanted) == NULL) {
            fail_msg("docs/intune.md has no row %s", wanted + 1);
        }
    }
    assert_int_equal(count_rows(&document, "\n| `0xA004"), i + 1); /* and 0xA0040001 */
    buffer_clear(&document);
}

/* ---- descriptions ---------------------------------------------------------------------------- */

static void description__ordinary__is_id_and_detail(void **state)
{
    char out[INTUNE_DESCRIPTION_MAX];

    (void)state;
    intune_description(out, "san-type", "URI is not permitted");
    assert_string_equal(out, "san-type: URI is not permitted");
    intune_description(out, "internal", "");
    assert_string_equal(out, "internal");
}

static void description__too_long__ends_with_a_whole_character(void **state)
{
    static const char *const letters[] = { "x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    static const size_t units[] = { 1, 1, 1, 2 };
    char out[INTUNE_DESCRIPTION_MAX];

    (void)state;
    for (size_t l = 0; l < sizeof(letters) / sizeof(letters[0]); l++) {
        struct buffer detail = BUFFER_INIT(4096);
        struct error err = ERROR_INIT;
        size_t kept = (INTUNE_DESCRIPTION_UNITS - strlen("a: ")) / units[l];

        for (int i = 0; i < 300; i++) {
            assert_done(buffer_append_text(&detail, letters[l], &err), &err, letters[l]);
        }
        intune_description(out, "a", buffer_text(&detail));
        assert_true(text_utf8_valid(bytes_of_text(out)));
        assert_int_equal(strlen(out), strlen("a: ") + kept * strlen(letters[l]));
        buffer_clear(&detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code__of_the_table__has_a_reason_and_one_sentence),
        cmocka_unit_test(code__each__has_its_reason),
        cmocka_unit_test(code__each__is_in_the_document),
        cmocka_unit_test(hresult__of_a_reason__is_the_number_it_always_had),
        cmocka_unit_test(hresult__table__is_sorted_and_goes_both_ways),
        cmocka_unit_test(hresult__reasons_of_template_policy_and_intune__have_one_of_their_own),
        cmocka_unit_test(hresult__each__is_in_the_document),
        cmocka_unit_test(description__ordinary__is_id_and_detail),
        cmocka_unit_test(description__too_long__ends_with_a_whole_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
