/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait: what is kept, who is meant, who decides, what goes; upgrade of version 3. */
#include "store/store_pending.h"

#include <string.h>

#include "base/text.h"
#include "platform/threads.h"
#include "store/store_fixture.h"
#include "store/version_1.h"
#include "store/version_2.h"
#include "store/version_3.h"

#define END (FIXTURE_NOW + 30 * FIXTURE_DAY)
#define DECIDERS 8

/* Request `number` as sample_init makes it, with digests of its own. */
struct waiting {
    struct sample sample;
    struct store_pending pending;
    char request_id[24];
};

static void waiting_init(struct waiting *w, uint32_t number)
{
    memset(w, 0, sizeof(*w));
    sample_init(&w->sample, number);
    assert_true(text_format(w->request_id, sizeof(w->request_id), "req-%u", (unsigned)number));
    w->pending = (struct store_pending){
        .request = &w->sample.key,
        .request_id = w->request_id,
        .csr = bytes_of_text("the request"),
        .subject = "CN=waiting",
        .peer = "192.0.2.9",
        .challenge_type = "static",
        .now = FIXTURE_NOW,
        .expires_at = END,
    };
    memset(w->pending.csr_sha1, (int)(0x10 + number), DIGEST_SHA1_BYTES);
    memset(w->pending.csr_md5, (int)(0x80 + number), DIGEST_MD5_BYTES);
}

static bool record(struct store *store, const struct waiting *w)
{
    struct error err = ERROR_INIT;
    bool recorded = false;

    assert_ok(store_pending_record(store, &w->pending, 100, &recorded, &err), err);
    return recorded;
}

struct copy {
    size_t count;
    int64_t id;
    enum store_pending_state state;
    char request_id[24], template_name[24], decided_by[24], note[24];
    int64_t decided_at;
    bool has_renews;
};

static bool take(void *context, const struct store_pending_row *row, struct error *err)
{
    struct copy *c = context;

    (void)err;
    if (c->count++ == 0) {
        c->id = row->id;
        c->state = row->state;
        c->decided_at = row->decided_at;
        c->has_renews = row->renews.len > 0;
        assert_true(text_copy(c->request_id, sizeof(c->request_id), row->request_id)
                    && text_copy(c->template_name, sizeof(c->template_name), row->template_name)
                    && text_copy(c->decided_by, sizeof(c->decided_by), row->decided_by)
                    && text_copy(c->note, sizeof(c->note), row->note));
    }
    return true;
}

static struct copy match(struct store *store, const char *text, int64_t now)
{
    struct copy c = { .count = 0 };
    struct error err = ERROR_INIT;

    assert_ok(store_pending_match(store, text, now, take, &c, &err), err);
    return c;
}

static struct copy list(struct store *store, const char *template_name, bool all, int64_t now)
{
    struct store_pending_filter filter = { .template_name = template_name, .all = all, .now = now };
    struct copy c = { .count = 0 };
    struct error err = ERROR_INIT;

    assert_ok(store_pending_list(store, &filter, take, &c, &err), err);
    return c;
}

static bool decide(struct store *store, int64_t id, bool approve, int64_t now, struct error *err)
{
    struct store_pending_decision decision = {
        .id = id, .approve = approve, .by = "tester", .note = "why", .now = now
    };

    error_clear(err);
    return store_pending_decide(store, &decision, err);
}

/* ---- keeping --------------------------------------------------------------------------------- */

static bool check_whole_row(void *context, const struct store_pending_row *row, struct error *err)
{
    const struct waiting *w = context;

    (void)err;
    assert_int_equal(row->state, STORE_PENDING_WAITS);
    assert_string_equal(row->request_id, w->request_id);
    assert_string_equal(row->template_name, "devices");
    assert_string_equal(row->ca_name, "issuing");
    assert_string_equal(row->subject, "CN=waiting");
    assert_string_equal(row->peer, "192.0.2.9");
    assert_string_equal(row->challenge_type, "static");
    assert_string_equal(row->decided_by, "");
    assert_string_equal(row->note, "");
    assert_int_equal(row->created_at, FIXTURE_NOW);
    assert_int_equal(row->expires_at, END);
    assert_int_equal(row->decided_at, 0);
    assert_bytes_text(row->csr, "the request");
    assert_bytes_text(row->renews, "old certificate");
    assert_true(bytes_equal(row->transaction_id, w->sample.key.transaction_id));
    assert_memory_equal(row->csr_sha256.data, w->sample.key.csr_sha256, DIGEST_SHA256_BYTES);
    assert_memory_equal(row->csr_sha1.data, w->pending.csr_sha1, DIGEST_SHA1_BYTES);
    assert_memory_equal(row->csr_md5.data, w->pending.csr_md5, DIGEST_MD5_BYTES);
    return true;
}

static void record__everything__comes_back(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;
    bool found = false;

    waiting_init(&w, 1);
    w.pending.renews = bytes_of_text("old certificate");
    assert_true(record(f->store, &w));
    assert_ok(
        store_pending_find(f->store, &w.sample.key, FIXTURE_NOW, check_whole_row, &w, &found, &err),
        err);
    assert_true(found);
    assert_ok(
        store_pending_poll(f->store, &w.sample.key, END - 1, check_whole_row, &w, &found, &err),
        err);
    assert_true(found);
    assert_ok(store_pending_poll(f->store, &w.sample.key, END, check_whole_row, &w, &found, &err),
              err);
    assert_false(found);
}

static bool is_kept(struct store *store, const struct waiting *w, int64_t now)
{
    struct error err = ERROR_INIT;
    struct buffer der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    enum store_seen seen = STORE_SEEN_REVOKED;
    bool kept = true;

    assert_ok(store_find_request_or_kept(store, &w->sample.key, 0, now, &seen, &kept, &der, &err),
              err);
    assert_int_equal(seen, STORE_SEEN_NEVER);
    assert_int_equal(der.len, 0);
    buffer_clear(&der);
    return kept;
}

static void find__never_answered__kept_while_its_time_lasts(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;
    struct waiting other;

    waiting_init(&w, 1);
    waiting_init(&other, 2);
    assert_false(is_kept(f->store, &w, FIXTURE_NOW));
    assert_true(record(f->store, &w));
    assert_true(is_kept(f->store, &w, FIXTURE_NOW));
    assert_false(is_kept(f->store, &other, FIXTURE_NOW));
    assert_ok(decide(f->store, 1, true, FIXTURE_NOW, &err), err);
    assert_true(is_kept(f->store, &w, END - 1));
    assert_false(is_kept(f->store, &w, END));
}

static void record__the_same_again__not_twice_whatever_was_decided(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;

    waiting_init(&w, 1);
    assert_true(record(f->store, &w));
    assert_false(record(f->store, &w));
    assert_ok(decide(f->store, 1, true, FIXTURE_NOW, &err), err);
    assert_false(record(f->store, &w));
    assert_ok(decide(f->store, 1, false, FIXTURE_NOW, &err), err);
    assert_false(record(f->store, &w));
    w.pending.now = END;
    w.pending.expires_at = END + 1;
    assert_true(record(f->store, &w)); /* its time was over */
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM pending"), 2);
}

/* ---- deciding -------------------------------------------------------------------------------- */

static void decide__each_state__what_may_follow(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;

    for (uint32_t i = 1; i <= 2; i++) {
        waiting_init(&w, i);
        assert_true(record(f->store, &w));
    }
    assert_ok(decide(f->store, 1, true, FIXTURE_NOW + 1, &err), err);
    struct copy c = match(f->store, "1", FIXTURE_NOW);
    assert_int_equal(c.state, STORE_PENDING_APPROVED);
    assert_int_equal(c.decided_at, FIXTURE_NOW + 1);
    assert_string_equal(c.decided_by, "tester");
    assert_string_equal(c.note, "why");
    assert_false(decide(f->store, 1, true, FIXTURE_NOW, &err));
    assert_reason(err, REQUEST_NOT_PENDING);
    assert_non_null(strstr(err.detail, "was approved at"));
    /* an approval can be taken back, a denial cannot */
    assert_ok(decide(f->store, 1, false, FIXTURE_NOW, &err), err);
    assert_false(decide(f->store, 1, true, FIXTURE_NOW, &err));
    assert_reason(err, REQUEST_NOT_PENDING);
    assert_false(decide(f->store, 1, false, FIXTURE_NOW, &err));
    assert_reason(err, REQUEST_NOT_PENDING);
    assert_false(decide(f->store, 9, true, FIXTURE_NOW, &err));
    assert_reason(err, REQUEST_MISSING);
    assert_false(decide(f->store, 2, true, END, &err));
    assert_reason(err, REQUEST_MISSING);
    assert_int_equal(match(f->store, "2", FIXTURE_NOW).state, STORE_PENDING_WAITS);
}

struct decider {
    struct store *store;
    bool approve;
    bool ok;
    struct error err;
    pthread_t thread;
};

static void *run_decider(void *context)
{
    struct decider *d = context;

    d->ok = decide(d->store, 1, d->approve, FIXTURE_NOW, &d->err);
    return NULL;
}

/* Each with a store of its own, as commands of several administrators are. */
static void decide__approvals_at_once__one_wins(void **state)
{
    struct fixture *f = *state;
    struct decider deciders[DECIDERS];
    struct error err = ERROR_INIT;
    struct waiting w;
    int won = 0;

    waiting_init(&w, 1);
    assert_true(record(f->store, &w));
    for (size_t i = 0; i < DECIDERS; i++) {
        deciders[i] = (struct decider){ .store = fixture_open(f), .approve = true };
        assert_ok(thread_start(&deciders[i].thread, "decider", run_decider, &deciders[i], &err),
                  err);
    }
    for (size_t i = 0; i < DECIDERS; i++) {
        thread_join(deciders[i].thread);
        store_close(deciders[i].store);
        won += deciders[i].ok ? 1 : 0;
        if (!deciders[i].ok) assert_reason(deciders[i].err, REQUEST_NOT_PENDING);
    }
    assert_int_equal(won, 1);
}

/* ---- issuing --------------------------------------------------------------------------------- */

static enum store_record_result issue(struct store *store, struct waiting *w, uint32_t number,
                                      struct error *err)
{
    enum store_record_result result = STORE_WAS_REVOKED;
    struct sample other;

    sample_init(&other, number); /* its serial */
    w->sample.cert.pending = 1;
    memcpy(w->sample.info.serial, other.info.serial, sizeof(other.info.serial));
    error_clear(err);
    return store_record_certificate(store, &w->sample.cert, 0, &result, err) ? result
                                                                             : STORE_WAS_REVOKED;
}

static void issue__only_an_approved_one_and_once(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;

    waiting_init(&w, 1);
    assert_true(record(f->store, &w));
    (void)issue(f->store, &w, 1, &err);
    assert_reason(err, POLL_UNKNOWN); /* it waits: nobody has approved it */
    assert_ok(decide(f->store, 1, true, FIXTURE_NOW, &err), err);
    assert_int_equal(issue(f->store, &w, 1, &err), STORE_RECORDED);
    assert_false(error_is_set(&err));
    assert_int_equal(match(f->store, "1", FIXTURE_NOW).state, STORE_PENDING_ISSUED);
    assert_int_equal(issue(f->store, &w, 2, &err), STORE_REPEATED);
    assert_false(error_is_set(&err));
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM certificate"), 1);
    assert_false(decide(f->store, 1, false, FIXTURE_NOW, &err));
    assert_reason(err, REQUEST_NOT_PENDING);
    assert_true(record(f->store, &w)); /* the same again waits again */
}

/* The certificate cannot be recorded: then the request is not issued either. */
static void issue__serial_taken__stays_approved(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct sample taken;
    struct waiting w;

    sample_init(&taken, 7);
    assert_int_equal(fixture_record(f->store, &taken, 0), STORE_RECORDED);
    waiting_init(&w, 1);
    assert_true(record(f->store, &w));
    assert_ok(decide(f->store, 1, true, FIXTURE_NOW, &err), err);
    (void)issue(f->store, &w, 7, &err);
    assert_reason(err, STORE_DUPLICATE);
    assert_int_equal(match(f->store, "1", FIXTURE_NOW).state, STORE_PENDING_APPROVED);
}

static void issue__over_or_denied__refused(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;

    waiting_init(&w, 1);
    assert_true(record(f->store, &w));
    assert_ok(decide(f->store, 1, true, FIXTURE_NOW, &err), err);
    w.sample.cert.issued_at = END;
    (void)issue(f->store, &w, 1, &err);
    assert_reason(err, POLL_UNKNOWN);
    w.sample.cert.issued_at = FIXTURE_NOW;
    assert_ok(decide(f->store, 1, false, FIXTURE_NOW, &err), err);
    (void)issue(f->store, &w, 1, &err);
    assert_reason(err, REQUEST_DENIED);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM certificate"), 0);
}

/* ---- finding --------------------------------------------------------------------------------- */

static void match__number_id_or_fingerprint__the_ones_meant(void **state)
{
    struct fixture *f = *state;
    char sha256[2 * DIGEST_SHA256_BYTES + 1];
    char prefix[16];
    struct waiting w;

    for (uint32_t i = 1; i <= 3; i++) {
        waiting_init(&w, i);
        assert_true(record(f->store, &w));
    }
    text_hex(sha256, sizeof(sha256), bytes_of(w.sample.key.csr_sha256, DIGEST_SHA256_BYTES));
    assert_true(text_format(prefix, sizeof(prefix), "%.8s", sha256));

    assert_string_equal(match(f->store, "2", FIXTURE_NOW).request_id, "req-2");
    assert_string_equal(match(f->store, "REQ-1", FIXTURE_NOW).request_id, "req-1");
    assert_string_equal(match(f->store, sha256, FIXTURE_NOW).request_id, "req-3");
    assert_string_equal(match(f->store, prefix, FIXTURE_NOW).request_id, "req-3");
    assert_string_equal(match(f->store, "11111111", FIXTURE_NOW).request_id, "req-1");   /* SHA-1 */
    assert_string_equal(match(f->store, "8282828282", FIXTURE_NOW).request_id, "req-2"); /* MD5 */
    prefix[7] = '\0';
    assert_int_equal(match(f->store, prefix, FIXTURE_NOW).count, 0); /* too short */
    assert_int_equal(match(f->store, "1111111g", FIXTURE_NOW).count, 0);
    assert_int_equal(match(f->store, "0", FIXTURE_NOW).count, 0);
    assert_int_equal(match(f->store, "%", FIXTURE_NOW).count, 0);
    assert_int_equal(match(f->store, "", FIXTURE_NOW).count, 0);
    assert_int_equal(match(f->store, "2", END).count, 0);
    waiting_init(&w, 3);
    w.sample.key.transaction_id = bytes_of_text("other");
    assert_true(record(f->store, &w));
    assert_int_equal(match(f->store, sha256, FIXTURE_NOW).count, 2); /* the same CSR twice */
}

static void list__templates_and_states__newest_first(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;

    for (uint32_t i = 1; i <= 3; i++) {
        waiting_init(&w, i);
        w.sample.key.template_name = i == 2 ? "phones" : "devices";
        assert_true(record(f->store, &w));
    }
    assert_ok(decide(f->store, 3, false, FIXTURE_NOW, &err), err);
    assert_int_equal(list(f->store, NULL, false, FIXTURE_NOW).count, 2);
    assert_int_equal(list(f->store, NULL, false, FIXTURE_NOW).id, 2);
    assert_int_equal(list(f->store, NULL, true, FIXTURE_NOW).id, 3);
    assert_int_equal(list(f->store, "devices", false, FIXTURE_NOW).id, 1);
    assert_int_equal(list(f->store, "phones", true, FIXTURE_NOW).count, 1);
    assert_int_equal(list(f->store, NULL, true, END).count, 0);
}

struct counted {
    char text[200];
};

static bool count(void *context, const char *template_name, int64_t waiting, int64_t oldest_at,
                  struct error *err)
{
    struct counted *c = context;
    size_t len = strlen(c->text);

    (void)err;
    assert_true(text_format(c->text + len, sizeof(c->text) - len, "%s=%d@%d ", template_name,
                            (int)waiting, (int)(oldest_at - FIXTURE_NOW)));
    return true;
}

static void counts__what_waits__by_template(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct counted c = { .text = "" };
    struct waiting w;

    for (uint32_t i = 1; i <= 4; i++) {
        waiting_init(&w, i);
        w.sample.key.template_name = i == 4 ? "phones" : "devices";
        w.pending.now = FIXTURE_NOW + i;
        assert_true(record(f->store, &w));
    }
    assert_ok(decide(f->store, 1, true, FIXTURE_NOW, &err), err);
    assert_ok(store_pending_counts(f->store, FIXTURE_NOW, count, &c, &err), err);
    assert_string_equal(c.text, "devices=2@2 phones=1@4 ");
    c.text[0] = '\0';
    assert_ok(store_pending_counts(f->store, END, count, &c, &err), err);
    assert_string_equal(c.text, "");
}

/* ---- removing -------------------------------------------------------------------------------- */

static void tidy__only_what_is_over(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;
    int64_t removed = -1;

    for (uint32_t i = 1; i <= 3; i++) {
        waiting_init(&w, i);
        w.pending.expires_at = FIXTURE_NOW + i;
        assert_true(record(f->store, &w));
    }
    assert_ok(store_pending_tidy(f->store, FIXTURE_NOW + 2, &removed, &err), err);
    assert_int_equal(removed, 2);
    assert_int_equal(list(f->store, NULL, true, FIXTURE_NOW).id, 3);
    assert_ok(store_pending_tidy(f->store, FIXTURE_NOW + 2, NULL, &err), err);
}

static void forget__one_template(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;

    for (uint32_t i = 1; i <= 2; i++) {
        waiting_init(&w, i);
        w.sample.key.template_name = i == 1 ? "phones" : "devices";
        assert_true(record(f->store, &w));
    }
    assert_ok(decide(f->store, 1, true, FIXTURE_NOW, &err), err);
    assert_ok(store_pending_forget(f->store, "phones", &err), err);
    struct copy left = list(f->store, NULL, true, FIXTURE_NOW);
    assert_int_equal(left.count, 1);
    assert_string_equal(left.template_name, "devices");
    /* a number is not given twice: a decision that is under way must not meet another request */
    waiting_init(&w, 3);
    assert_true(record(f->store, &w));
    assert_int_equal(list(f->store, NULL, true, FIXTURE_NOW).id, 3);
}

/* ---- upgrade --------------------------------------------------------------------------------- */

static void upgrade__version_3_with_notifications__kept(void **state)
{
    static const char *const scripts[] = { version_1_sql, version_2_sql, version_3_sql };
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct waiting w;

    assert_ok(file_write_atomic(f->path, bytes_of(NULL, 0), true, &err), err);
    struct db *db = fixture_open_db(f);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(db_execute(db, scripts[i], &err), err);
    }
    db_close(db);
    f->store = fixture_open(f);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM certificate"), 3);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM certificate WHERE withheld = 1"), 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM certificate WHERE renews IS NULL"), 3);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM notification"), 1);
    waiting_init(&w, 1);
    assert_true(record(f->store, &w));
    assert_ok(store_check(f->store, &err), err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up_open, fixture_tear_down)
#define TEST_CLOSED(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(record__everything__comes_back),
        TEST(find__never_answered__kept_while_its_time_lasts),
        TEST(record__the_same_again__not_twice_whatever_was_decided),
        TEST(decide__each_state__what_may_follow),
        TEST(decide__approvals_at_once__one_wins),
        TEST(issue__only_an_approved_one_and_once),
        TEST(issue__serial_taken__stays_approved),
        TEST(issue__over_or_denied__refused),
        TEST(match__number_id_or_fingerprint__the_ones_meant),
        TEST(list__templates_and_states__newest_first),
        TEST(counts__what_waits__by_template),
        TEST(tidy__only_what_is_over),
        TEST(forget__one_template),
        TEST_CLOSED(upgrade__version_3_with_notifications__kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
