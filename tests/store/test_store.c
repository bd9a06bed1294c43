/* SPDX-License-Identifier: Apache-2.0 */
/* Every verb of store.h, one thread, one process. */
#include "store/store_fixture.h"

#include <string.h>

#include "base/text.h"

#define REPEAT FIXTURE_DAY

/* ---- recording and finding ---------------------------------------------------------------- */

static void record__new_request__recorded(void **state)
{
    struct fixture *f = *state;
    struct sample s;
    int64_t count = 0;
    struct error err = ERROR_INIT;

    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    assert_ok(store_count_certificates(f->store, &count, &err), err);
    assert_int_equal(count, 1);
}

/* What makes a request another one, and what does not. */
static void change_transaction(struct sample *s)
{
    s->key.transaction_id = bytes_of_text("another");
}
static void change_signer(struct sample *s)
{
    s->key.signer_key_sha256[31] ^= 1;
}
static void change_csr(struct sample *s)
{
    s->key.csr_sha256[31] ^= 1;
}
static void change_template(struct sample *s)
{
    s->key.template_name = "routers";
}
static void change_ca(struct sample *s)
{
    s->key.ca_name = "other";
}
static void change_peer(struct sample *s)
{
    s->cert.peer = "192.0.2.99";
}
static void one_second_before_the_end(struct sample *s)
{
    s->cert.issued_at += REPEAT - 1;
}
static void at_the_end(struct sample *s)
{
    s->cert.issued_at += REPEAT;
}
static void clock_went_back(struct sample *s)
{
    s->cert.issued_at -= 3600;
}

struct repeat_case {
    const char *name;
    void (*change)(struct sample *s);
    int64_t repeat_seconds;
    enum store_record_result result;
};

static const struct repeat_case repeat_cases[] = {
    { "other address", change_peer, REPEAT, STORE_REPEATED },
    { "last second", one_second_before_the_end, REPEAT, STORE_REPEATED },
    { "clock went back", clock_went_back, REPEAT, STORE_REPEATED },
    { "time is over", at_the_end, REPEAT, STORE_RECORDED },
    { "other transaction", change_transaction, REPEAT, STORE_RECORDED },
    { "other signer", change_signer, REPEAT, STORE_RECORDED },
    { "other CSR", change_csr, REPEAT, STORE_RECORDED },
    { "other template", change_template, REPEAT, STORE_RECORDED },
    { "other CA", change_ca, REPEAT, STORE_RECORDED },
    { "repeats off", change_peer, 0, STORE_RECORDED },
    { "for ever", at_the_end, INT64_MAX, STORE_REPEATED },
};

static void record__same_or_other_request__as_the_key_says(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < sizeof repeat_cases / sizeof repeat_cases[0]; i++) {
        const struct repeat_case *c = &repeat_cases[i];
        struct sample s;

        sample_init(&s, i);
        assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
        c->change(&s);
        s.info.serial[0] = s.info.serial[0] == 'f' ? '0' : 'f'; /* signed anew */
        if (fixture_record(f->store, &s, c->repeat_seconds) != c->result) {
            fail_msg("%s", c->name);
        }
    }
}

static void record__serial_of_same_ca__duplicate(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample a, b;
    enum store_record_result result = STORE_WAS_REVOKED;

    sample_init(&a, 1);
    sample_init(&b, 2);
    memcpy(b.info.serial, a.info.serial, sizeof b.info.serial);
    assert_int_equal(fixture_record(f->store, &a, REPEAT), STORE_RECORDED);
    assert_false(store_record_certificate(f->store, &b.cert, REPEAT, &result, &err));
    assert_reason(err, STORE_DUPLICATE);
    assert_non_null(strstr(err.detail, a.info.serial));
    assert_int_equal(result, STORE_WAS_REVOKED); /* untouched */

    b.key.ca_name = "other"; /* another CA numbers for itself */
    assert_int_equal(fixture_record(f->store, &b, REPEAT), STORE_RECORDED);
}

static void record__no_texts_and_empty_transaction__recorded(void **state)
{
    struct fixture *f = *state;
    struct sample s;

    sample_init(&s, 1);
    s.cert.peer = s.cert.challenge_type = s.cert.request_id = NULL;
    s.key.transaction_id = bytes_of(NULL, 0);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_REPEATED);
}

static void record__csr_of_revoked_certificate__was_revoked(void **state)
{
    struct fixture *f = *state;
    struct sample s;

    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    fixture_revoke(f->store, &s);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_WAS_REVOKED);

    /* However long ago, in whichever transaction, by whichever CA. */
    s.cert.issued_at += 1000 * REPEAT;
    s.key.transaction_id = bytes_of_text("another");
    s.key.ca_name = "other";
    assert_int_equal(fixture_record(f->store, &s, 0), STORE_WAS_REVOKED);

    s.key.template_name = "routers";
    assert_int_equal(fixture_record(f->store, &s, 0), STORE_RECORDED);
}

static enum store_seen find(struct store *store, const struct sample *s, int64_t not_before,
                            struct buffer *der)
{
    struct error err = ERROR_INIT;
    enum store_seen seen = STORE_SEEN_REVOKED;

    assert_ok(store_find_request(store, &s->key, not_before, &seen, der, &err), err);
    return seen;
}

static void find__new_issued_old_revoked__told_apart(void **state)
{
    struct fixture *f = *state;
    struct sample s;
    struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);

    sample_init(&s, 1);
    assert_int_equal(find(f->store, &s, 0, &der), STORE_SEEN_NEVER);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    assert_int_equal(find(f->store, &s, FIXTURE_NOW + 1, &der), STORE_SEEN_NEVER);
    assert_int_equal(der.len, 0);
    assert_int_equal(find(f->store, &s, FIXTURE_NOW, &der), STORE_SEEN_ISSUED);
    assert_true(bytes_equal(buffer_bytes(&der), s.cert.der));
    buffer_reset(&der);

    fixture_revoke(f->store, &s);
    assert_int_equal(find(f->store, &s, FIXTURE_NOW, &der), STORE_SEEN_REVOKED);
    assert_int_equal(find(f->store, &s, INT64_MAX, &der), STORE_SEEN_REVOKED);
    assert_int_equal(der.len, 0);
    buffer_clear(&der);
}

static void find__issued_twice__the_newer_one(void **state)
{
    struct fixture *f = *state;
    struct sample s;
    struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);

    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    s.cert.issued_at += REPEAT;
    s.der[0] ^= 0xff;
    s.info.serial[0] = s.info.serial[0] == 'f' ? '0' : 'f';
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    assert_int_equal(find(f->store, &s, 0, &der), STORE_SEEN_ISSUED);
    assert_true(bytes_equal(buffer_bytes(&der), s.cert.der));
    buffer_clear(&der);
}

static void find__certificate_larger_than_buffer__limit(void **state)
{
    struct fixture *f = *state;
    struct sample s;
    struct error err = ERROR_INIT;
    struct buffer der = BUFFER_INIT(100);
    enum store_seen seen = STORE_SEEN_REVOKED;

    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    assert_false(store_find_request(f->store, &s.key, 0, &seen, &der, &err));
    assert_reason(err, LIMIT);
    buffer_clear(&der);
}

/* ---- listing ------------------------------------------------------------------------------ */

#define COLLECT_MAX 64

struct collected {
    size_t count;
    int64_t ids[COLLECT_MAX];
    char subjects[COLLECT_MAX][64];
    size_t stop_after; /* 0: never */
};

static bool collect(void *context, const struct store_certificate_row *row, struct error *err)
{
    struct collected *c = context;

    assert_in_range(c->count, 0, COLLECT_MAX - 1);
    c->ids[c->count] = row->id;
    assert_true(text_copy(c->subjects[c->count], sizeof c->subjects[0], row->subject));
    c->count++;
    if (c->count == c->stop_after) {
        return error_set(err, REASON_LIMIT, "enough");
    }
    return true;
}

/* 1..10; 2 revoked, 3 expired, 4 of another template, 5 of another CA. */
static void record_ten(struct store *store)
{
    for (uint32_t i = 1; i <= 10; i++) {
        struct sample s;

        sample_init(&s, i);
        s.info.not_after = i == 3 ? FIXTURE_NOW - 1 : s.info.not_after;
        s.key.template_name = i == 4 ? "routers" : "devices";
        s.key.ca_name = i == 5 ? "other" : "issuing";
        assert_int_equal(fixture_record(store, &s, REPEAT), STORE_RECORDED);
        if (i == 2) {
            fixture_revoke(store, &s);
        }
    }
}

struct list_case {
    const char *name;
    struct store_list_filter filter;
    const char *ids; /* newest first */
};

static const struct list_case list_cases[] = {
    { "all", { .now = 0 }, "10 9 8 7 6 5 4 3 2 1 " },
    { "template", { .template_name = "routers" }, "4 " },
    { "unknown template", { .template_name = "ROUTERS" }, "" },
    { "CA", { .ca_name = "other" }, "5 " },
    { "template and CA", { .template_name = "routers", .ca_name = "other" }, "" },
    { "subject", { .subject_contains = "device 1" }, "10 1 " },
    { "subject is no pattern", { .subject_contains = "device%" }, "" },
    { "valid", { .only_valid = true, .now = FIXTURE_NOW }, "10 9 8 7 6 5 4 1 " },
    { "valid in the last second",
      { .only_valid = true, .now = FIXTURE_NOW + 365 * FIXTURE_DAY },
      "10 9 8 7 6 5 4 1 " },
    { "none valid", { .only_valid = true, .now = FIXTURE_NOW + 366 * FIXTURE_DAY }, "" },
    { "revoked", { .only_revoked = true }, "2 " },
    { "limit", { .limit = 3 }, "10 9 8 " },
    { "page", { .limit = 3, .before_id = 8 }, "7 6 5 " },
    { "last page", { .limit = 3, .before_id = 2 }, "1 " },
    { "beyond", { .before_id = 1 }, "" },
};

static void list__filters__rows_newest_first(void **state)
{
    struct fixture *f = *state;

    record_ten(f->store);
    for (size_t i = 0; i < sizeof list_cases / sizeof list_cases[0]; i++) {
        const struct list_case *c = &list_cases[i];
        struct collected found = { 0 };
        struct error err = ERROR_INIT;
        struct buffer ids = BUFFER_INIT(1000);

        assert_ok(store_list_certificates(f->store, &c->filter, collect, &found, &err), err);
        for (size_t k = 0; k < found.count; k++) {
            assert_ok(buffer_printf(&ids, &err, "%lld ", (long long)found.ids[k]), err);
        }
        if (strcmp(buffer_text(&ids), c->ids) != 0) {
            fail_msg("%s: %s", c->name, buffer_text(&ids));
        }
        buffer_clear(&ids);
    }
}

static void list__visit_says_stop__its_error_comes_back(void **state)
{
    struct fixture *f = *state;
    struct store_list_filter all = { 0 };
    struct error err = ERROR_INIT;

    record_ten(f->store);
    /* More often than there are connections: none is lost. */
    for (int i = 0; i < 10; i++) {
        struct collected found = { .stop_after = 2 };
        error_clear(&err);
        assert_false(store_list_certificates(f->store, &all, collect, &found, &err));
        assert_reason(err, LIMIT);
        assert_int_equal(found.count, 2);
    }
}

/* ---- showing and revoking ----------------------------------------------------------------- */

static bool check_row(void *context, const struct store_certificate_row *row, struct error *err)
{
    const struct sample *s = context;

    (void)err;
    assert_string_equal(row->serial, s->info.serial);
    assert_string_equal(row->ca_name, s->key.ca_name);
    assert_string_equal(row->template_name, s->key.template_name);
    assert_string_equal(row->subject, s->info.subject);
    assert_string_equal(row->peer, "192.0.2.1");
    assert_string_equal(row->request_id, "r-1");
    assert_string_equal(row->challenge_type, "static");
    assert_int_equal(row->issued_at, s->cert.issued_at);
    assert_int_equal(row->not_before, s->info.not_before);
    assert_int_equal(row->not_after, s->info.not_after);
    assert_true(bytes_equal(row->der, s->cert.der));
    assert_true(bytes_equal(row->transaction_id, s->key.transaction_id));
    return true;
}

static void show__recorded__every_value(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    assert_ok(store_show_certificate(f->store, "issuing", s.info.serial, check_row, &s, &err), err);
    assert_ok(store_show_certificate(f->store, NULL, s.info.serial, check_row, &s, &err), err);
}

static void show__unknown_or_ambiguous__error(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    sample_init(&s, 1);
    assert_false(store_show_certificate(f->store, NULL, s.info.serial, check_row, &s, &err));
    assert_reason(err, CERT_NOT_FOUND);
    error_clear(&err);

    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    assert_false(store_show_certificate(f->store, "other", s.info.serial, check_row, &s, &err));
    assert_reason(err, CERT_NOT_FOUND);
    error_clear(&err);

    s.key.ca_name = "other";
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    assert_false(store_show_certificate(f->store, NULL, s.info.serial, check_row, &s, &err));
    assert_reason(err, USAGE);
    error_clear(&err);
    assert_false(store_revoke_certificate(f->store, NULL, s.info.serial, 1, FIXTURE_NOW, &err));
    assert_reason(err, USAGE);
    error_clear(&err);
    assert_ok(store_show_certificate(f->store, "other", s.info.serial, check_row, &s, &err), err);
}

static bool check_revoked(void *context, const struct store_certificate_row *row, struct error *err)
{
    (void)context;
    (void)err;
    assert_int_equal(row->revoked_at, FIXTURE_NOW + 10);
    assert_int_equal(row->revocation_reason, 1);
    return true;
}

static void revoke__once__seen_and_final(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample s;

    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    fixture_revoke(f->store, &s);
    assert_ok(store_show_certificate(f->store, NULL, s.info.serial, check_revoked, NULL, &err),
              err);
    assert_false(
        store_revoke_certificate(f->store, NULL, s.info.serial, 4, FIXTURE_NOW + 99, &err));
    assert_reason(err, CERT_ALREADY_REVOKED);
    assert_non_null(strstr(err.detail, "2023-11-14T22:13:30Z"));
    error_clear(&err);
    assert_ok(store_show_certificate(f->store, NULL, s.info.serial, check_revoked, NULL, &err),
              err);
}

static void revoke__unknown_serial_or_reason__error(void **state)
{
    struct fixture *f = *state;
    static const int reasons[] = { -1, 7, 11 };
    struct error err = ERROR_INIT;

    assert_false(store_revoke_certificate(f->store, NULL, "00", 1, FIXTURE_NOW, &err));
    assert_reason(err, CERT_NOT_FOUND);
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        error_clear(&err);
        assert_false(store_revoke_certificate(f->store, NULL, "00", reasons[i], FIXTURE_NOW, &err));
        assert_reason(err, USAGE);
    }
}

static int64_t revocations(struct store *store, const char *ca_name)
{
    struct error err = ERROR_INIT;
    int64_t count = -1;

    assert_ok(store_revocation_count(store, ca_name, &count, &err), err);
    return count;
}

static void revocation_count__per_ca__grows_with_each(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(revocations(f->store, "issuing"), 0);
    for (uint32_t i = 1; i <= 4; i++) {
        struct sample s;

        sample_init(&s, i);
        s.key.ca_name = i == 4 ? "other" : "issuing";
        assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
        fixture_revoke(f->store, &s);
        assert_int_equal(revocations(f->store, "issuing"), i < 3 ? i : 3);
    }
    assert_int_equal(revocations(f->store, "other"), 1);
    assert_int_equal(revocations(f->store, "ISSUING"), 0);
}

/* ---- CRL ---------------------------------------------------------------------------------- */

struct revoked_list {
    size_t count;
    char last[SERIAL_TEXT_MAX];
};

static bool check_order(void *context, const char *serial, int64_t revoked_at, int reason,
                        struct error *err)
{
    struct revoked_list *list = context;

    (void)err;
    assert_true(strcmp(list->last, serial) < 0);
    assert_true(text_copy(list->last, sizeof list->last, serial));
    assert_int_equal(revoked_at, FIXTURE_NOW + 10);
    assert_int_equal(reason, 1);
    list->count++;
    return true;
}

static void list_revoked__some_expired_or_of_other_ca__left_out(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct revoked_list list = { 0 };

    for (uint32_t i = 0; i < 40; i++) {
        struct sample s;

        sample_init(&s, i);
        s.key.ca_name = i % 4 == 0 ? "other" : "issuing";
        s.info.not_after = i % 4 == 1 ? FIXTURE_NOW : FIXTURE_NOW + 1;
        assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
        if (i % 4 != 3) {
            fixture_revoke(f->store, &s);
        }
    }
    assert_ok(store_list_revoked(f->store, "issuing", FIXTURE_NOW + 1, check_order, &list, &err),
              err);
    assert_int_equal(list.count, 10);
}

static void crl__kept_only_with_a_higher_number(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t number;
        bool kept;
    } cases[] = { { 5, true }, { 5, false }, { 4, false }, { 6, true } };
    struct error err = ERROR_INIT;
    struct store_crl crl = { 0 };
    struct buffer der = BUFFER_INIT(1000);
    bool found = true;

    assert_ok(store_get_crl(f->store, "issuing", &crl, &der, &found, &err), err);
    assert_false(found);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct store_crl next = { cases[i].number, (int64_t)i, 100, 200 };
        uint8_t byte = (uint8_t)i;
        bool kept = !cases[i].kept;

        assert_ok(store_put_crl(f->store, "issuing", &next, bytes_of(&byte, 1), &kept, &err), err);
        assert_int_equal(kept, cases[i].kept);
    }
    assert_ok(store_get_crl(f->store, "issuing", &crl, &der, &found, &err), err);
    assert_true(found);
    assert_int_equal(crl.number, 6);
    assert_int_equal(crl.revocation_count, 3);
    assert_int_equal(crl.this_update, 100);
    assert_int_equal(crl.next_update, 200);
    assert_int_equal(der.len, 1);
    assert_int_equal(der.data[0], 3);
    assert_ok(store_get_crl(f->store, "other", &crl, &der, &found, &err), err);
    assert_false(found);
    buffer_clear(&der);
}

static void check__sound_file__ok(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;

    record_ten(f->store);
    assert_ok(store_check(f->store, &err), err);
}

static void close__null__allowed(void **state)
{
    (void)state;
    store_close(NULL);
}

#define OPEN_TEST(name)                                                                            \
    cmocka_unit_test_setup_teardown(name, fixture_set_up_open, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPEN_TEST(record__new_request__recorded),
        OPEN_TEST(record__same_or_other_request__as_the_key_says),
        OPEN_TEST(record__serial_of_same_ca__duplicate),
        OPEN_TEST(record__no_texts_and_empty_transaction__recorded),
        OPEN_TEST(record__csr_of_revoked_certificate__was_revoked),
        OPEN_TEST(find__new_issued_old_revoked__told_apart),
        OPEN_TEST(find__issued_twice__the_newer_one),
        OPEN_TEST(find__certificate_larger_than_buffer__limit),
        OPEN_TEST(list__filters__rows_newest_first),
        OPEN_TEST(list__visit_says_stop__its_error_comes_back),
        OPEN_TEST(show__recorded__every_value),
        OPEN_TEST(show__unknown_or_ambiguous__error),
        OPEN_TEST(revoke__once__seen_and_final),
        OPEN_TEST(revoke__unknown_serial_or_reason__error),
        OPEN_TEST(revocation_count__per_ca__grows_with_each),
        OPEN_TEST(list_revoked__some_expired_or_of_other_ca__left_out),
        OPEN_TEST(crl__kept_only_with_a_higher_number),
        OPEN_TEST(check__sound_file__ok),
        cmocka_unit_test(close__null__allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
