/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords: limit, expiry, spending with the certificate, purge, housekeeping, speed. */
#include "store/store_passwords.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "store/store_fixture.h"
#include "store/version_1.h"

#define HOUR 3600
#define WEEK (7 * FIXTURE_DAY)
#define REPEAT 600

/* A MAC that only number `number` has. */
static void mac_init(uint8_t mac[SECRET_MAC_BYTES], uint32_t number)
{
    struct error err = ERROR_INIT;

    assert_ok(digest_sha256(bytes_of(&number, sizeof number), mac, &err), err);
}

/* One-time password `number` of a scope, made at `now` for an hour. */
static bool try_add(struct store *store, const char *scope, uint32_t number, int64_t now,
                    int64_t max, int64_t *id, struct error *err)
{
    uint8_t mac[SECRET_MAC_BYTES] = { 0 };
    struct store_password p = {
        .scope = scope,
        .mac = bytes_of(mac, sizeof mac),
        .made_by = "test",
        .created_at = now,
        .expires_at = now + HOUR,
    };

    mac_init(mac, number);
    error_clear(err);
    return store_password_add(store, &p, max, id, err);
}

static int64_t add(struct store *store, const char *scope, uint32_t number, int64_t now)
{
    struct error err = ERROR_INIT;
    int64_t id = 0;

    assert_ok(try_add(store, scope, number, now, 1000, &id, &err), err);
    assert_true(id > 0);
    return id;
}

static bool refused_full(struct store *store, const char *scope, uint32_t number, int64_t now,
                         int64_t max)
{
    struct error err = ERROR_INIT;
    int64_t id = 0;
    bool ok = try_add(store, scope, number, now, max, &id, &err);

    if (!ok) {
        assert_reason(err, PASSWORD_CACHE_FULL);
    }
    return !ok;
}

/* What is in a row, copied. */
struct copy {
    size_t count;
    int64_t id, created_at, expires_at, spent_at;
    bool single;
    char scope[80], subject[80], peer[80], made_by[80];
    char spent_ca[80], spent_serial[SERIAL_TEXT_MAX], spent_peer[80];
    char sealed[80];
};

static bool copy_row(void *context, const struct store_password_row *row, struct error *err)
{
    struct copy *c = context;

    (void)err;
    c->count++;
    c->id = row->id;
    c->created_at = row->created_at;
    c->expires_at = row->expires_at;
    c->spent_at = row->spent_at;
    c->single = row->single;
    assert_true(text_copy(c->scope, sizeof c->scope, row->scope));
    assert_true(text_copy(c->subject, sizeof c->subject, row->subject));
    assert_true(text_copy(c->peer, sizeof c->peer, row->peer));
    assert_true(text_copy(c->made_by, sizeof c->made_by, row->made_by));
    assert_true(text_copy(c->spent_ca, sizeof c->spent_ca, row->spent_ca));
    assert_true(text_copy(c->spent_serial, sizeof c->spent_serial, row->spent_serial));
    assert_true(text_copy(c->spent_peer, sizeof c->spent_peer, row->spent_peer));
    assert_true(text_format(c->sealed, sizeof c->sealed, "%.*s", (int)row->sealed.len,
                            (const char *)row->sealed.data));
    return true;
}

static bool find(struct store *store, uint32_t number, struct copy *out)
{
    uint8_t mac[SECRET_MAC_BYTES] = { 0 };
    struct error err = ERROR_INIT;
    bool found = false;

    memset(out, 0, sizeof *out);
    mac_init(mac, number);
    assert_ok(store_password_find(store, bytes_of(mac, sizeof mac), copy_row, out, &found, &err),
              err);
    assert_int_equal(out->count, found ? 1 : 0);
    return found;
}

static size_t list_count(struct store *store, const char *scope, bool all, int64_t now)
{
    struct store_password_filter filter = { .scope = scope, .all = all, .now = now };
    struct copy last = { 0 };
    struct error err = ERROR_INIT;

    assert_ok(store_password_list(store, &filter, copy_row, &last, &err), err);
    return last.count;
}

static bool record(struct store *store, uint32_t number, int64_t reservation, int64_t now,
                   enum store_record_result *result, struct error *err)
{
    struct sample s;

    sample_init(&s, number);
    s.cert.reservation = reservation;
    s.cert.spent_at = now;
    error_clear(err);
    return store_record_certificate(store, &s.cert, REPEAT, result, err);
}

#define recorded(f) fixture_query((f), "SELECT count(*) FROM certificate")

/* ---- adding ------------------------------------------------------------------------------- */

static void add__every_value__found_again(void **state)
{
    struct fixture *f = *state;
    uint8_t mac[SECRET_MAC_BYTES] = { 0 };
    struct store_password p = {
        .scope = "vpn",
        .mac = bytes_of(mac, sizeof mac),
        .subject = "CN=router7,O=Example",
        .peer = "10.0.0.0/8",
        .made_by = "page CORP\\alice",
        .created_at = FIXTURE_NOW,
        .expires_at = FIXTURE_NOW + 90,
    };
    struct error err = ERROR_INIT;
    struct copy c;
    int64_t id = 0;

    mac_init(mac, 7);
    assert_ok(store_password_add(f->store, &p, 5, &id, &err), err);
    assert_true(find(f->store, 7, &c));
    assert_int_equal(c.id, id);
    assert_string_equal(c.scope, "vpn");
    assert_string_equal(c.subject, "CN=router7,O=Example");
    assert_string_equal(c.peer, "10.0.0.0/8");
    assert_string_equal(c.made_by, "page CORP\\alice");
    assert_int_equal(c.created_at, FIXTURE_NOW);
    assert_int_equal(c.expires_at, FIXTURE_NOW + 90);
    assert_int_equal(c.spent_at, 0);
    assert_false(c.single);
    assert_false(find(f->store, 8, &c));
}

static void add__limit__per_scope_and_without_expired_or_spent_ones(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    int64_t first = 0;

    for (uint32_t i = 0; i < 3; i++) {
        int64_t id = 0;

        assert_ok(try_add(f->store, "vpn", i, FIXTURE_NOW, 3, &id, &err), err);
        first = i == 0 ? id : first;
    }
    assert_true(refused_full(f->store, "vpn", 10, FIXTURE_NOW, 3));
    /* The refused one has left nothing, not even its MAC. */
    assert_int_equal(list_count(f->store, NULL, true, FIXTURE_NOW), 3);
    /* Another scope has a limit of its own. */
    assert_false(refused_full(f->store, "*", 10, FIXTURE_NOW, 3));
    /* Up to the last second they count, from their end on they do not. */
    assert_true(refused_full(f->store, "vpn", 11, FIXTURE_NOW + HOUR - 1, 3));
    assert_false(refused_full(f->store, "vpn", 11, FIXTURE_NOW + HOUR, 1));
    /* A spent one makes room. */
    assert_true(refused_full(f->store, "vpn", 12, FIXTURE_NOW, 4));
    assert_ok(record(f->store, 1, first, FIXTURE_NOW, &result, &err), err);
    assert_false(refused_full(f->store, "vpn", 12, FIXTURE_NOW, 4));
}

static void add__same_mac__duplicate_also_of_a_spent_one(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    int64_t id = add(f->store, "vpn", 1, FIXTURE_NOW);
    int64_t other = 0;

    assert_false(try_add(f->store, "wifi", 1, FIXTURE_NOW, 5, &other, &err));
    assert_reason(err, STORE_DUPLICATE);
    assert_ok(record(f->store, 1, id, FIXTURE_NOW, &result, &err), err);
    assert_false(try_add(f->store, "vpn", 1, FIXTURE_NOW, 5, &other, &err));
    assert_reason(err, STORE_DUPLICATE);
}

/* Whoever still holds the number of a purged password must not spend another one. */
static void add__after_the_newest_was_purged__number_not_given_again(void **state)
{
    struct fixture *f = *state;
    struct store_password_purge purge = { .id = add(f->store, "vpn", 1, FIXTURE_NOW) };
    struct error err = ERROR_INIT;
    enum store_record_result result;
    int64_t count = 0;
    int64_t next = 0;

    assert_ok(store_password_purge(f->store, &purge, &count, &err), err);
    assert_int_equal(count, 1);
    next = add(f->store, "vpn", 2, FIXTURE_NOW);
    assert_true(next > purge.id);
    assert_false(record(f->store, 1, purge.id, FIXTURE_NOW, &result, &err));
    assert_reason(err, CHALLENGE_REJECTED);
    assert_int_equal(recorded(f), 0);
}

/* ---- spending ----------------------------------------------------------------------------- */

static void spend__once__the_second_certificate_is_not_recorded(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result = STORE_WAS_REVOKED;
    int64_t id = add(f->store, "vpn", 1, FIXTURE_NOW);
    struct sample s;
    struct copy c;

    sample_init(&s, 1);
    assert_ok(record(f->store, 1, id, FIXTURE_NOW + 5, &result, &err), err);
    assert_int_equal(result, STORE_RECORDED);
    assert_true(find(f->store, 1, &c));
    assert_int_equal(c.spent_at, FIXTURE_NOW + 5);
    assert_string_equal(c.spent_serial, s.info.serial);
    assert_string_equal(c.spent_ca, "issuing");
    assert_string_equal(c.spent_peer, "192.0.2.1");

    assert_false(record(f->store, 2, id, FIXTURE_NOW + 6, &result, &err));
    assert_reason(err, CHALLENGE_USED);
    assert_int_equal(error_kind(&err), ERROR_CHALLENGE);
    assert_non_null(strstr(err.detail, s.info.serial));
    assert_int_equal(recorded(f), 1);
    /* The same bytes again need none. */
    assert_ok(record(f->store, 1, id, FIXTURE_NOW + 6, &result, &err), err);
    assert_int_equal(result, STORE_REPEATED);
}

static void spend__at_its_end__expired_a_second_before_not(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    int64_t late = add(f->store, "vpn", 1, FIXTURE_NOW);
    int64_t in_time = add(f->store, "vpn", 2, FIXTURE_NOW);
    struct copy c;

    assert_false(record(f->store, 1, late, FIXTURE_NOW + HOUR, &result, &err));
    assert_reason(err, CHALLENGE_EXPIRED);
    assert_int_equal(recorded(f), 0);
    assert_true(find(f->store, 1, &c));
    assert_int_equal(c.spent_at, 0);
    assert_ok(record(f->store, 2, in_time, FIXTURE_NOW + HOUR - 1, &result, &err), err);
    assert_int_equal(recorded(f), 1);
}

static void spend__certificate_cannot_be_recorded__password_as_before(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    int64_t id = add(f->store, "vpn", 1, FIXTURE_NOW);
    struct sample s;
    struct copy c;

    assert_ok(record(f->store, 1, 0, FIXTURE_NOW, &result, &err), err);
    sample_init(&s, 1); /* its serial is taken; the request is another one */
    s.key.csr_sha256[0] ^= 1;
    s.cert.reservation = id;
    s.cert.spent_at = FIXTURE_NOW;
    assert_false(store_record_certificate(f->store, &s.cert, REPEAT, &result, &err));
    assert_reason(err, STORE_DUPLICATE);
    assert_true(find(f->store, 1, &c));
    assert_int_equal(c.spent_at, 0);
    assert_ok(record(f->store, 2, id, FIXTURE_NOW, &result, &err), err);
}

static void spend__request_of_revoked_certificate__password_as_before(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    int64_t id = add(f->store, "vpn", 1, FIXTURE_NOW);
    struct sample s;
    struct copy c;

    sample_init(&s, 1);
    assert_int_equal(fixture_record(f->store, &s, REPEAT), STORE_RECORDED);
    fixture_revoke(f->store, &s);
    assert_ok(record(f->store, 1, id, FIXTURE_NOW, &result, &err), err);
    assert_int_equal(result, STORE_WAS_REVOKED);
    assert_true(find(f->store, 1, &c));
    assert_int_equal(c.spent_at, 0);
}

/* A single password has no end and is never spent, whatever number somebody holds. */
static void spend__single_password__refused(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    struct store_password p = { .scope = "vpn",
                                .mac = bytes_of_text("m"),
                                .sealed = bytes_of_text("sealed"),
                                .created_at = FIXTURE_NOW };
    bool put = false;
    int64_t id = 0;

    assert_ok(store_password_put_single(f->store, &p, false, &put, &id, &err), err);
    assert_false(record(f->store, 1, id, FIXTURE_NOW, &result, &err));
    assert_int_equal(error_kind(&err), ERROR_CHALLENGE);
    assert_int_equal(recorded(f), 0);
}

/* ---- looking and removing ----------------------------------------------------------------- */

static void list__filters__as_asked(void **state)
{
    struct fixture *f = *state;
    struct store_password_filter page = { .all = true, .now = FIXTURE_NOW, .limit = 2 };
    struct error err = ERROR_INIT;
    enum store_record_result result;
    struct copy last = { 0 };
    int64_t newest;

    add(f->store, "vpn", 1, FIXTURE_NOW - 2 * HOUR); /* expired */
    assert_ok(record(f->store, 1, add(f->store, "vpn", 2, FIXTURE_NOW), FIXTURE_NOW, &result, &err),
              err);
    add(f->store, "vpn", 3, FIXTURE_NOW);
    newest = add(f->store, "*", 4, FIXTURE_NOW);
    assert_int_equal(list_count(f->store, NULL, false, FIXTURE_NOW), 2);
    assert_int_equal(list_count(f->store, NULL, true, FIXTURE_NOW), 4);
    assert_int_equal(list_count(f->store, "vpn", false, FIXTURE_NOW), 1);
    assert_int_equal(list_count(f->store, "vpn", true, FIXTURE_NOW), 3);
    assert_int_equal(list_count(f->store, "*", false, FIXTURE_NOW), 1);
    assert_int_equal(list_count(f->store, "wifi", true, FIXTURE_NOW), 0);
    /* Newest first, in pages. */
    assert_ok(store_password_list(f->store, &page, copy_row, &last, &err), err);
    assert_int_equal(last.count, 2);
    assert_int_equal(last.id, newest - 1);
    page.before_id = last.id;
    last.count = 0;
    assert_ok(store_password_list(f->store, &page, copy_row, &last, &err), err);
    assert_int_equal(last.count, 2);
    assert_int_equal(last.id, newest - 3);
}

static int64_t purge(struct store *store, struct store_password_purge what)
{
    struct error err = ERROR_INIT;
    int64_t count = -1;

    what.now = FIXTURE_NOW;
    assert_ok(store_password_purge(store, &what, &count, &err), err);
    return count;
}

static void purge__id_scope_expired_all__what_was_spent_stays_on_record(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    int64_t spent = add(f->store, "vpn", 1, FIXTURE_NOW);
    int64_t one = add(f->store, "vpn", 2, FIXTURE_NOW);
    struct copy c;

    assert_ok(record(f->store, 1, spent, FIXTURE_NOW, &result, &err), err);
    add(f->store, "vpn", 3, FIXTURE_NOW);
    add(f->store, "vpn", 4, FIXTURE_NOW - HOUR); /* expired this second */
    add(f->store, "*", 5, FIXTURE_NOW);
    add(f->store, "wifi", 6, FIXTURE_NOW);
    assert_int_equal(purge(f->store, (struct store_password_purge){ .id = one }), 1);
    assert_int_equal(purge(f->store, (struct store_password_purge){ .id = one }), 0);
    assert_int_equal(purge(f->store, (struct store_password_purge){ .id = spent }), 0);
    assert_int_equal(purge(f->store, (struct store_password_purge){ .only_expired = true }), 1);
    assert_int_equal(purge(f->store, (struct store_password_purge){ .scope = "*" }), 1);
    assert_false(find(f->store, 5, &c));
    assert_true(find(f->store, 3, &c));
    assert_int_equal(purge(f->store, (struct store_password_purge){ .id = 0 }), 2);
    assert_int_equal(list_count(f->store, NULL, false, FIXTURE_NOW), 0);
    assert_true(find(f->store, 1, &c));
    assert_true(c.spent_at != 0);
}

static void tidy__seven_days__not_a_second_earlier(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    int64_t count = -1;
    struct copy c;

    add(f->store, "vpn", 1, FIXTURE_NOW - HOUR); /* expires now */
    assert_ok(record(f->store, 1, add(f->store, "vpn", 2, FIXTURE_NOW), FIXTURE_NOW, &result, &err),
              err);
    add(f->store, "vpn", 3, FIXTURE_NOW);
    assert_ok(store_password_tidy(f->store, FIXTURE_NOW + WEEK - 1, &count, &err), err);
    assert_int_equal(count, 0);
    assert_ok(store_password_tidy(f->store, FIXTURE_NOW + WEEK, &count, &err), err);
    assert_int_equal(count, 2);
    assert_false(find(f->store, 1, &c));
    assert_false(find(f->store, 2, &c));
    assert_true(find(f->store, 3, &c));
    /* Adding does the same by the way. */
    add(f->store, "vpn", 4, FIXTURE_NOW + HOUR + WEEK);
    assert_false(find(f->store, 3, &c));
    assert_true(find(f->store, 4, &c));
}

struct tally {
    char text[128];
};

static bool tally_scope(void *context, const char *scope, int64_t outstanding, int64_t expired,
                        struct error *err)
{
    struct tally *t = context;
    size_t len = strlen(t->text);

    (void)err;
    assert_true(text_format(t->text + len, sizeof t->text - len, "%s %" PRId64 " %" PRId64 ";",
                            scope, outstanding, expired));
    return true;
}

static void counts__per_scope__outstanding_and_expired(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    struct tally t = { "" };

    add(f->store, "vpn", 1, FIXTURE_NOW);
    add(f->store, "vpn", 2, FIXTURE_NOW);
    add(f->store, "vpn", 3, FIXTURE_NOW - HOUR);
    add(f->store, "*", 4, FIXTURE_NOW);
    assert_ok(record(f->store, 1, add(f->store, "vpn", 5, FIXTURE_NOW), FIXTURE_NOW, &result, &err),
              err);
    assert_ok(store_password_counts(f->store, FIXTURE_NOW, tally_scope, &t, &err), err);
    assert_string_equal(t.text, "* 1 0;vpn 2 1;");
}

/* ---- the single password ------------------------------------------------------------------ */

static bool put_single(struct store *store, const char *scope, const char *sealed, bool keep)
{
    struct store_password p = { .scope = scope,
                                .mac = bytes_of_text("one mac for all"),
                                .sealed = bytes_of_text(sealed),
                                .created_at = FIXTURE_NOW };
    struct error err = ERROR_INIT;
    bool put = !keep;
    int64_t id = 0;

    assert_ok(store_password_put_single(store, &p, keep, &put, &id, &err), err);
    assert_true(id > 0);
    return put;
}

static void single__put_get_replace__one_per_scope(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct copy c = { 0 };
    bool found = true;

    assert_ok(store_password_get_single(f->store, "vpn", copy_row, &c, &found, &err), err);
    assert_false(found);
    assert_true(put_single(f->store, "vpn", "first", true));
    assert_false(put_single(f->store, "vpn", "second", true));
    assert_ok(store_password_get_single(f->store, "vpn", copy_row, &c, &found, &err), err);
    assert_true(found && c.single && c.count == 1);
    assert_string_equal(c.sealed, "first");
    assert_int_equal(c.expires_at, 0);
    assert_true(put_single(f->store, "vpn", "third", false));
    /* The same password for another template is possible. */
    assert_true(put_single(f->store, "*", "first", false));
    memset(&c, 0, sizeof c);
    assert_ok(store_password_get_single(f->store, "vpn", copy_row, &c, &found, &err), err);
    assert_int_equal(c.count, 1);
    assert_string_equal(c.sealed, "third");
    /* It is listed, but neither purged nor tidied nor a part of any limit. */
    assert_int_equal(list_count(f->store, NULL, false, FIXTURE_NOW), 2);
    assert_int_equal(purge(f->store, (struct store_password_purge){ .id = 0 }), 0);
    assert_int_equal(purge(f->store, (struct store_password_purge){ .id = c.id }), 0);
    assert_ok(store_password_tidy(f->store, INT64_MAX, NULL, &err), err);
    assert_false(refused_full(f->store, "vpn", 1, FIXTURE_NOW, 1));
    assert_int_equal(list_count(f->store, NULL, false, FIXTURE_NOW), 3);
}

/* ---- files -------------------------------------------------------------------------------- */

static void restart__passwords__still_there_spent_ones_too(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    int64_t id = add(f->store, "vpn", 1, FIXTURE_NOW);
    struct copy c;

    add(f->store, "vpn", 2, FIXTURE_NOW);
    assert_ok(record(f->store, 1, id, FIXTURE_NOW, &result, &err), err);
    store_close(f->store);
    f->store = fixture_open(f);
    assert_true(find(f->store, 2, &c));
    assert_int_equal(c.spent_at, 0);
    assert_false(record(f->store, 2, id, FIXTURE_NOW, &result, &err));
    assert_reason(err, CHALLENGE_USED);
    assert_true(refused_full(f->store, "vpn", 3, FIXTURE_NOW, 1));
}

static void upgrade__version_1_with_certificates__passwords_work_beside_them(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    enum store_record_result result;
    struct db *db = NULL;

    assert_ok(file_write_atomic(f->path, bytes_of(NULL, 0), true, &err), err);
    db = fixture_open_db(f);
    assert_ok(db_execute(db, version_1_sql, &err), err);
    db_close(db);
    f->store = fixture_open(f);
    assert_int_equal(fixture_query(f, "PRAGMA user_version"), 4);
    assert_int_equal(recorded(f), 2);
    assert_ok(record(f->store, 1, add(f->store, "vpn", 1, FIXTURE_NOW), FIXTURE_NOW, &result, &err),
              err);
    assert_int_equal(recorded(f), 3);
}

static void read_only__writes__refused(void **state)
{
    struct fixture *f = *state;
    struct store_options options = fixture_options(f);
    struct store_password_purge all = { .id = 0 };
    struct error err = ERROR_INIT;
    struct store *store = NULL;
    int64_t number = 0;
    struct copy c;

    add(f->store, "vpn", 1, FIXTURE_NOW);
    options.read_only = true;
    store = store_open(&options, &err);
    assert_ok(store != NULL, err);
    assert_true(find(store, 1, &c));
    assert_false(try_add(store, "vpn", 2, FIXTURE_NOW, 9, &number, &err));
    assert_reason(err, STORE_READ_ONLY);
    error_clear(&err);
    assert_false(store_password_purge(store, &all, &number, &err));
    assert_reason(err, STORE_READ_ONLY);
    store_close(store);
}

/* ---- speed -------------------------------------------------------------------------------- */

#define MANY 100000
#define MANY_TEXT "100000"

static void many__a_hundred_thousand__each_verb_in_a_moment(void **state)
{
    struct fixture *f = *state;
    struct db *db = fixture_open_db(f);
    struct error err = ERROR_INIT;
    enum store_record_result result;
    struct tally t = { "" };
    int64_t begun = 0;
    int64_t id = 0;
    struct copy c;

    /* A third each: unspent, spent, expired. */
    assert_ok(
        db_execute(db,
                   "PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                   " WHERE i < " MANY_TEXT ")"
                   " INSERT INTO password (scope, kind, mac, subject, peer, made_by, created_at,"
                   " expires_at, spent_at, spent_serial) SELECT 'vpn', 'once', randomblob(32), '',"
                   " '', 'test', 1700000000, CASE i % 3 WHEN 2 THEN 1699999999 ELSE 1700003600 END,"
                   " CASE i % 3 WHEN 1 THEN 1700000000 END, 'aa' FROM n",
                   &err),
        err);
    db_close(db);
    begun = clock_monotonic_us();
    assert_ok(try_add(f->store, "vpn", 1, FIXTURE_NOW, MANY, &id, &err), err);
    assert_true(refused_full(f->store, "vpn", 2, FIXTURE_NOW, MANY / 3));
    assert_true(find(f->store, 1, &c));
    assert_ok(record(f->store, 1, id, FIXTURE_NOW, &result, &err), err);
    assert_ok(store_password_counts(f->store, FIXTURE_NOW, tally_scope, &t, &err), err);
    assert_string_equal(t.text, "vpn 33333 33333;");
    assert_int_equal(list_count(f->store, "vpn", false, FIXTURE_NOW), 1000);
    int64_t took_ms = (clock_monotonic_us() - begun) / 1000;
    print_message("six verbs with " MANY_TEXT " rows: %lld ms\n", (long long)took_ms);
    /* Far above what it takes, far below what a scan for each row would. */
    assert_true(took_ms < 30000);
    assert_int_equal(purge(f->store, (struct store_password_purge){ .id = 0 }), 66666);
    assert_ok(store_password_tidy(f->store, FIXTURE_NOW + WEEK, &id, &err), err);
    assert_int_equal(id, 33335);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
#define OPEN_TEST(name)                                                                            \
    cmocka_unit_test_setup_teardown(name, fixture_set_up_open, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPEN_TEST(add__every_value__found_again),
        OPEN_TEST(add__limit__per_scope_and_without_expired_or_spent_ones),
        OPEN_TEST(add__same_mac__duplicate_also_of_a_spent_one),
        OPEN_TEST(add__after_the_newest_was_purged__number_not_given_again),
        OPEN_TEST(spend__once__the_second_certificate_is_not_recorded),
        OPEN_TEST(spend__at_its_end__expired_a_second_before_not),
        OPEN_TEST(spend__certificate_cannot_be_recorded__password_as_before),
        OPEN_TEST(spend__request_of_revoked_certificate__password_as_before),
        OPEN_TEST(spend__single_password__refused),
        OPEN_TEST(list__filters__as_asked),
        OPEN_TEST(purge__id_scope_expired_all__what_was_spent_stays_on_record),
        OPEN_TEST(tidy__seven_days__not_a_second_earlier),
        OPEN_TEST(counts__per_scope__outstanding_and_expired),
        OPEN_TEST(single__put_get_replace__one_per_scope),
        OPEN_TEST(restart__passwords__still_there_spent_ones_too),
        TEST(upgrade__version_1_with_certificates__passwords_work_beside_them),
        OPEN_TEST(read_only__writes__refused),
        OPEN_TEST(many__a_hundred_thousand__each_verb_in_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
