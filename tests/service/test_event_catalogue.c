/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "service/event_catalogue.h"

#define FILE_MAX (1u << 20)

static void read_source(const char *name, struct buffer *out)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    assert_true(text_format(path, sizeof(path), "%s/%s", OPENNDES_SOURCE_DIR, name));
    assert_done(file_read(path, FILE_MAX, out, &err), &err, name);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void check_sentence(unsigned id, const char *text)
{
    size_t len = strlen(text);

    if (len < 10 || text[len - 1] != '.' || strpbrk(text, "\r\n%") != NULL) {
        fail_msg("event %u: \"%s\" is no sentence", id, text);
    }
}

static void events__every_row__is_complete_and_of_its_own_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < event_info_count(); i++) {
        const struct event_info *info = event_info_at(i);

        check_sentence((unsigned)info->id, info->happened);
        check_sentence((unsigned)info->id, info->advice);
        assert_ptr_equal(event_info(info->id), info);
        assert_int_equal(info->ndes, (int)info->id < 100);
    }
    assert_null(event_info((enum event_id)99));
    assert_null(event_info((enum event_id)0));
}

/* "    EVENT_STARTED = 1," in service/events.h. Calls check for each; returns how many. */
static size_t each_number(void (*check)(unsigned id, const char *context), const char *context)
{
    struct buffer header = BUFFER_INIT(FILE_MAX);
    const char *place;
    size_t count = 0;

    read_source("service/events.h", &header);
    place = buffer_text(&header);
    while ((place = strstr(place, "\n    EVENT_")) != NULL) {
        const char *equals = strchr(place, '=');

        assert_non_null(equals);
        check((unsigned)strtoul(equals + 1, NULL, 10), context);
        place = equals;
        count++;
    }
    buffer_clear(&header);
    return count;
}

static void check_in_table(unsigned id, const char *context)
{
    (void)context;
    if (event_info((enum event_id)id) == NULL) {
        fail_msg("event %u of service/events.h has no row in the catalogue", id);
    }
}

static void numbers__of_the_header__each_has_a_row(void **state)
{
    (void)state;
    assert_int_equal(each_number(check_in_table, NULL), event_info_count());
}

/* "| 29 | error | yes | ... |" with as many cells as the heading. */
static void check_in_document(unsigned id, const char *document)
{
    static const char *const levels[] = {
        [EVENTLOG_INFO] = "info",
        [EVENTLOG_WARNING] = "warning",
        [EVENTLOG_ERROR] = "error",
    };
    const struct event_info *info = event_info((enum event_id)id);
    char wanted[64];
    const char *row;
    size_t bars = 0;

    assert_non_null(info);
    assert_true(text_format(wanted, sizeof(wanted), "\n| %u | %s | %s | ", id, levels[info->level],
                            info->ndes ? "yes" : "no"));
    row = strstr(document, wanted);
    if (row == NULL) {
        fail_msg("docs/events.md has no row that begins \"%s\"", wanted + 1);
        return;
    }
    for (row++; *row != '\n' && *row != '\0'; row++) {
        bars += *row == '|' ? 1 : 0;
    }
    if (bars != 6) {
        fail_msg("docs/events.md: the row of %u has %zu cells instead of 5", id, bars - 1);
    }
}

static void numbers__of_the_header__each_is_in_the_document(void **state)
{
    struct buffer document = BUFFER_INIT(FILE_MAX);
    const char *place;
    size_t rows = 0;
    size_t numbers;

    (void)state;
    read_source("docs/events.md", &document);
    numbers = each_number(check_in_document, buffer_text(&document));
    for (place = buffer_text(&document); (place = strstr(place, "\n| ")) != NULL; place++) {
        rows += place[3] >= '0' && place[3] <= '9' ? 1 : 0;
    }
    assert_int_equal(rows, numbers); /* no event that the program does not have */
    buffer_clear(&document);
}

/* ---- refusals -------------------------------------------------------------------------------- */

struct refusal_case {
    enum reason reason;
    unsigned id;
};

static const struct refusal_case refusals[] = {
    { REASON_NONE, 0 },
    { REASON_CHALLENGE_REJECTED, 29 },
    { REASON_CHALLENGE_MISSING, 29 },
    { REASON_CHALLENGE_EXPIRED, 29 },
    { REASON_CHALLENGE_USED, 29 },
    { REASON_CHALLENGE_BINDING, 29 },
    { REASON_CHALLENGE_UNAVAILABLE, 29 },
    { REASON_RENEWAL_NOT_ENABLED, 28 },
    { REASON_POLICY_DENIED, 160 },
    { REASON_INTUNE_UNAVAILABLE, 150 },
    { REASON_INTUNE_RIGHTS, 151 },
    { REASON_INTUNE_SAN, 152 },
    { REASON_INTUNE_NOT_ASSIGNED, 0 },
    { REASON_INTUNE_CHALLENGE_EXPIRED, 29 },
    { REASON_KEY_SIZE, 31 },
    { REASON_CA_EXPIRED, 31 },
    { REASON_CA_MISSING, 31 },
    { REASON_STORE_FULL, 31 },
    { REASON_UNKNOWN_RECIPIENT, 18 },
    { REASON_UNIFORM_FAILURE, 18 },
    { REASON_ENVELOPE_MISSING, 18 },
    { REASON_ENVELOPE_MALFORMED, 18 },
    { REASON_NO_TRANSACTION_ID, 17 },
    { REASON_TRANSACTION_ID_SIZE, 17 },
    { REASON_NO_MESSAGE_TYPE, 17 },
    { REASON_CMS_NO_SIGNER_CERT, 17 },
    { REASON_CMS_SIGNER_COUNT, 17 },
    { REASON_NOT_CMS, 16 },
    { REASON_BASE64, 16 },
    { REASON_MESSAGE_MISSING, 16 },
    { REASON_BER_TRAILING, 16 },
    { REASON_RA_EXPIRED, 10 },
    { REASON_RA_MISSING, 10 },
    { REASON_RA_UNSUITABLE, 10 },
    { REASON_SIGNER_KEY_NOT_ALLOWED, 13 },
    { REASON_NOT_ALLOWED, 6 },
    { REASON_SIGN_IN_THROTTLED, 140 },
    { REASON_TLS_CERTIFICATE, 141 },
    { REASON_NDES_FACE_BROKEN, 142 },
    /* nothing to act on, or everybody's daily bread */
    { REASON_SIGN_IN_REQUIRED, 0 },
    { REASON_SIGN_IN_FAILED, 0 },
    { REASON_NO_SUCH_URL, 0 },
    { REASON_OPERATION_MISSING, 0 },
    { REASON_PLAIN_GET_FORBIDDEN, 0 },
    { REASON_ADDRESS_DENIED, 0 },
    { REASON_TLS_HANDSHAKE, 0 },
    { REASON_SERVER_BUSY, 0 },
};

static void reason__table_of_refusals__has_the_number_of_ndes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        unsigned id = (unsigned)event_of_reason(refusals[i].reason);

        if (id != refusals[i].id) {
            fail_msg("%s: event %u instead of %u", reason_id(refusals[i].reason), id,
                     refusals[i].id);
        }
    }
}

/* A reason that is added later must not fall through. */
static void reason__by_its_kind__cannot_be_forgotten(void **state)
{
    (void)state;
    for (int i = 1; i < REASON_COUNT; i++) {
        enum reason reason = (enum reason)i;
        const char *name = reason_id(reason);
        unsigned id = (unsigned)event_of_reason(reason);
        bool ok = true;

        switch (reason_kind(reason)) {
        case ERROR_CHALLENGE:
            ok = id == 29 || id == EVENT_INTUNE_REFUSED;
            break;
        case ERROR_POLICY:
        case ERROR_CA_REFUSED:
            ok = id == 31 || id == EVENT_POLICY_DENIED || id == EVENT_INTUNE_REFUSED
                 || reason == REASON_INTUNE_NOT_ASSIGNED; /* daily bread */
            break;
        case ERROR_BAD_ALGORITHM:
        case ERROR_BAD_MESSAGE_CHECK:
        case ERROR_BAD_TIME:
            ok = id != 0;
            break;
        case ERROR_CONFIG:
        case ERROR_USAGE:
        case ERROR_PORT:
            /* never a request's, unless Intune has to be asked */
            ok = id == (text_starts_nocase(name, "intune-") ? EVENT_INTUNE_MISCONFIGURED : 0);
            break;
        default:
            break;
        }
        if (text_starts_nocase(name, "cms-") || text_starts_nocase(name, "ber-")) {
            ok = id == 16 || id == 17;
        }
        if (!ok || (id != 0 && event_info((enum event_id)id) == NULL)) {
            fail_msg("%s: event %u", name, id);
        }
    }
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void check_text(const struct event_entry *entry, const char *wanted)
{
    char text[EVENT_TEXT_BYTES];

    event_entry_text(entry, text, sizeof(text));
    assert_string_equal(text, wanted);
}

static void text__of_a_refused_password__says_what_and_what_to_do(void **state)
{
    struct error why = ERROR_INIT;
    struct event_entry entry;

    (void)state;
    error_set(&why, REASON_CHALLENGE_USED, "used at 12:00\r\nfor serial 1");
    assert_true(event_entry_failure(&entry, EVENT_PASSWORD_REFUSED,
                                    "Client 192.0.2.1, template device", &why));
    check_text(&entry, "The password of a certificate request cannot be verified. Client "
                       "192.0.2.1, template device. ErrorCode: 0x80070490. ErrorMessage: used at "
                       "12:00  for serial 1 (challenge-used). Get a new password for the device "
                       "and let it send a new request.");
    entry.more = 17;
    check_text(&entry, "The password of a certificate request cannot be verified. Client "
                       "192.0.2.1, template device. ErrorCode: 0x80070490. ErrorMessage: used at "
                       "12:00  for serial 1 (challenge-used). Get a new password for the device "
                       "and let it send a new request. 17 more like this in the last minute.");
    assert_true(event_entry_failure(&entry, EVENT_CRL_FAILED, NULL, &why));
    check_text(&entry, "A new CRL could not be made. ErrorCode: 0x80070490. ErrorMessage: used at "
                       "12:00  for serial 1 (challenge-used). Look at disk and database; the old "
                       "CRL is served until it ends.");
}

static void text__of_a_report__has_no_error_code(void **state)
{
    struct error why = ERROR_INIT;
    struct event_entry entry;

    (void)state;
    assert_true(event_entry_report(&entry, EVENT_CA_ENDS, "CA default ends on 2031-01-01"));
    check_text(
        &entry,
        "A certificate of a CA, of an RA or of HTTPS ends soon. CA default ends on 2031-01-01. "
        "Renew it before that day.");
    assert_true(event_entry_report(&entry, EVENT_STARTED, NULL));
    check_text(&entry, "The service has started. Nothing is to be done.");
    /* either kind told the other way loses nothing */
    error_set(&why, REASON_STORE_FULL, "full");
    assert_true(event_entry_failure(&entry, EVENT_CA_ENDS, "CA default", &why));
    check_text(
        &entry,
        "A certificate of a CA, of an RA or of HTTPS ends soon. CA default: full (store-full). "
        "Renew it before that day.");
    assert_true(event_entry_report(&entry, EVENT_CRL_FAILED, "text"));
    check_text(&entry, "A new CRL could not be made. text. ErrorCode: 0x00000000. ErrorMessage: "
                       "-. Look at disk and database; the old CRL is served until it ends.");
    assert_false(event_entry_report(&entry, (enum event_id)99, "text"));
    assert_false(event_entry_failure(&entry, (enum event_id)99, NULL, &why));
}

static void inserts__of_both_kinds__stand_where_the_messages_have_them(void **state)
{
    const char *inserts[EVENTLOG_INSERTS_MAX];
    char more[EVENT_MORE_BYTES];
    struct error why = ERROR_INIT;
    struct event_entry entry;

    (void)state;
    error_set(&why, REASON_CHALLENGE_USED, "used");
    assert_true(event_entry_failure(&entry, EVENT_PASSWORD_REFUSED, "Client 192.0.2.1", &why));
    entry.more = UINT64_MAX;
    assert_int_equal(event_entry_inserts(&entry, more, inserts), 4);
    assert_string_equal(inserts[0], "0x80070490");
    assert_string_equal(inserts[1], "used (challenge-used)");
    assert_string_equal(inserts[2], "Client 192.0.2.1");
    assert_string_equal(inserts[3], "18446744073709551615");
    assert_true(event_entry_failure(&entry, EVENT_CRL_FAILED, NULL, &why));
    assert_int_equal(event_entry_inserts(&entry, more, inserts), 4);
    assert_string_equal(inserts[2], "-");
    assert_string_equal(inserts[3], "0");
    assert_true(event_entry_report(&entry, EVENT_STARTED, "OpenNDES 1.2.3"));
    assert_int_equal(event_entry_inserts(&entry, more, inserts), 2);
    assert_string_equal(inserts[0], "OpenNDES 1.2.3");
    assert_string_equal(inserts[1], "0");
}

static void text__longest_parts__fit_and_a_small_buffer_is_kept(void **state)
{
    struct error why = ERROR_INIT;
    struct event_entry entry;
    char detail[ERROR_DETAIL_MAX];
    char where[2 * EVENT_SUBJECT_BYTES];
    char text[EVENT_TEXT_BYTES];
    char small[32];

    (void)state;
    memset(detail, 'd', sizeof(detail) - 1);
    detail[sizeof(detail) - 1] = '\0';
    memset(where, 'w', sizeof(where) - 1);
    where[sizeof(where) - 1] = '\0';
    error_set(&why, REASON_SIGNATURE_ALG_NOT_ALLOWED, "%s", detail);
    for (size_t i = 0; i < event_info_count(); i++) {
        static const char end[] = " 18446744073709551615 more like this in the last minute.";
        const struct event_info *info = event_info_at(i);
        const char *advice;

        assert_true(event_entry_failure(&entry, info->id, where, &why));
        entry.more = UINT64_MAX;
        event_entry_text(&entry, text, sizeof(text));
        advice = strstr(text, info->advice);
        assert_non_null(advice);
        assert_string_equal(advice + strlen(info->advice), end); /* not cut */
        assert_int_equal(info->kind == EVENT_FAILURE, strstr(text, reason_id(why.reason)) != NULL);
    }
    assert_true(event_entry_failure(&entry, EVENT_CA_REFUSED, NULL, &why));
    event_entry_text(&entry, small, sizeof(small));
    assert_int_equal(strlen(small), sizeof(small) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events__every_row__is_complete_and_of_its_own_number),
        cmocka_unit_test(numbers__of_the_header__each_has_a_row),
        cmocka_unit_test(numbers__of_the_header__each_is_in_the_document),
        cmocka_unit_test(reason__table_of_refusals__has_the_number_of_ndes),
        cmocka_unit_test(reason__by_its_kind__cannot_be_forgotten),
        cmocka_unit_test(text__of_a_refused_password__says_what_and_what_to_do),
        cmocka_unit_test(text__of_a_report__has_no_error_code),
        cmocka_unit_test(inserts__of_both_kinds__stand_where_the_messages_have_them),
        cmocka_unit_test(text__longest_parts__fit_and_a_small_buffer_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
