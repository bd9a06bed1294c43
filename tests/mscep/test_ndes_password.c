/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords as they are made, kept and judged; the real store below, no decision around. */
#include "mscep/ndes_password.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "enroll/enroll_world.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "store/db.h"
#include "store/store_passwords.h"

#define KEY_TEXT "a key of 32 bytes for keyed MACs"
#define DB_BYTES_MAX (16u << 20)
#define TRUST_E_CERT_SIGNATURE 0x80096004u
#define ERROR_NOT_FOUND_HRESULT 0x80070490u

static const struct ndes_password_config plain = { .length = 8,
                                                   .validity_minutes = 60,
                                                   .max = 5,
                                                   .enforce = true };

static struct ndes_password_source source_of(struct world *world)
{
    struct ndes_password_source source = { world->folder.path, world->store,
                                           bytes_of_text(KEY_TEXT) };
    return source;
}

static struct ndes_password_order order_of(const char *scope,
                                           const struct ndes_password_config *config)
{
    struct ndes_password_order order = {
        .scope = scope, .config = config, .made_by = "test", .now = clock_now()
    };
    return order;
}

/* Make a password; the caller clears. */
static struct ndes_password_made make(struct world *world, const struct ndes_password_order *order)
{
    struct ndes_password_source source = source_of(world);
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct error err = ERROR_INIT;

    assert_done(ndes_password_make(&source, order, &made, &err), &err, "");
    return made;
}

static struct ndes_password_made make_plain(struct world *world, const char *scope)
{
    struct ndes_password_order order = order_of(scope, &plain);

    return make(world, &order);
}

static const char *text_of(const struct ndes_password_made *made)
{
    return (const char *)made->password.data;
}

static void execute(struct world *world, const char *sql)
{
    struct db_options options = { .path = world->database, .busy_ms = 10000, .cache_kib = 256 };
    struct error err = ERROR_INIT;
    struct db *db = db_open(&options, &err);

    assert_done(db != NULL, &err, "");
    assert_done(db_execute(db, sql, &err), &err, sql);
    db_close(db);
}

/* What template "phones" says to a challenge in a request for CN=dev from 192.0.2.7. */
struct asked {
    bool ok;
    int64_t reservation;
    struct error err;
};

static struct asked ask(struct world *world, const struct ndes_password_config *config,
                        bool service_scope, const char *cn, const char *challenge_text)
{
    struct ndes_password_source source = source_of(world);
    struct asked asked = { .err = ERROR_INIT };
    struct grant grant = GRANT_INIT;
    struct enroll_request request;
    struct error err = ERROR_INIT;
    struct challenge *challenge =
        ndes_challenge_create(&source, "phones", config, service_scope, &err);

    assert_done(challenge != NULL, &err, "");
    assert_string_equal(challenge_name(challenge), "ndes");
    world_request(world, cn, challenge_text, &request);
    asked.ok = challenge_check(challenge, &request, &grant, &asked.err);
    asked.reservation = grant.reservation;
    assert_int_equal(asked.ok, !error_is_set(&asked.err));
    if (asked.ok) {
        assert_string_equal(grant.challenge_type, "ndes");
    } else {
        assert_int_equal(grant.reservation, 0);
        /* Nothing that was sent is repeated to log readers. */
        assert_true(challenge_text == NULL || strstr(asked.err.detail, challenge_text) == NULL);
    }
    grant_clear(&grant);
    world_request_clear(&request);
    challenge_free(challenge);
    return asked;
}

static struct asked ask_plain(struct world *world, const char *challenge_text)
{
    return ask(world, &plain, false, "dev", challenge_text);
}

static void check_refused(const struct asked *asked, enum reason reason, const char *file, int line)
{
    if (asked->ok || asked->err.reason != reason) {
        print_error("%s (%s) instead of %s\n", reason_id(asked->err.reason), asked->err.detail,
                    reason_id(reason));
        _fail(file, line);
    }
    /* To the outside all are one. */
    assert_int_equal(error_kind(&asked->err), ERROR_CHALLENGE);
    assert_string_equal(reason_public_text(reason), "challenge rejected");
    assert_int_equal(error_hresult(&asked->err), reason == REASON_CHALLENGE_MISSING
                                                     ? TRUST_E_CERT_SIGNATURE
                                                     : ERROR_NOT_FOUND_HRESULT);
}
#define assert_refused_for(asked, reason)                                                          \
    check_refused(&(asked), REASON_##reason, __FILE__, __LINE__)

/* ---- making ------------------------------------------------------------------------------- */

static void make__each_length__upper_case_hex_all_different(void **state)
{
    struct world *world = *state;
    struct ndes_password_config config = plain;

    config.max = 100;
    for (config.length = 4; config.length <= (int64_t)LIMIT_PASSWORD_BYTES; config.length += 4) {
        struct ndes_password_order order = order_of("phones", &config);
        struct ndes_password_made a = make(world, &order);
        struct ndes_password_made b = make(world, &order);

        assert_int_equal(a.password.len, 2 * config.length);
        assert_int_equal(strspn(text_of(&a), "0123456789ABCDEF"), a.password.len);
        assert_string_not_equal(text_of(&a), text_of(&b));
        assert_true(b.id > a.id);
        assert_int_equal(a.expires_at, order.now + 3600);
        ndes_password_made_clear(&a);
        ndes_password_made_clear(&b);
    }
    ndes_password_made_clear(NULL);
}

static void make__minutes__own_ones_and_a_year_at_most(void **state)
{
    static const struct {
        int64_t asked, given;
    } cases[] = { { 0, 60 }, { 1, 1 }, { 525600, 525600 }, { INT64_MAX, 525600 } };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ndes_password_order order = order_of("phones", &plain);
        struct ndes_password_made made;

        order.validity_minutes = cases[i].asked;
        made = make(world, &order);
        assert_int_equal(made.expires_at, order.now + 60 * cases[i].given);
        ndes_password_made_clear(&made);
    }
}

static void make__more_than_max__full_until_one_is_gone(void **state)
{
    struct world *world = *state;
    struct ndes_password_source source = source_of(world);
    struct ndes_password_order order = order_of("phones", &plain);
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct store_password_purge purge = { .id = 0 };
    struct error err = ERROR_INIT;
    int64_t count = 0;

    for (int i = 0; i < 5; i++) {
        made = make_plain(world, "phones");
        purge.id = made.id;
        ndes_password_made_clear(&made);
    }
    assert_refused(ndes_password_make(&source, &order, &made, &err), &err,
                   REASON_PASSWORD_CACHE_FULL, "");
    assert_null(made.password.data);
    made = make_plain(world, NDES_PASSWORD_SCOPE_SERVICE); /* another cache */
    ndes_password_made_clear(&made);
    error_clear(&err);
    assert_done(store_password_purge(world->store, &purge, &count, &err), &err, "");
    made = make_plain(world, "phones");
    ndes_password_made_clear(&made);
}

/* Neither one-time nor single: not in hex, not in bytes, not in the log of the database. */
static void make__database__does_not_hold_the_password(void **state)
{
    static const char *const files[] = { "openndes.db", "openndes.db-wal" };
    struct world *world = *state;
    struct ndes_password_source source = source_of(world);
    struct ndes_password_order order = order_of("phones", &plain);
    struct ndes_password_made made[2] = { make_plain(world, "phones"),
                                          { .password = SECRET_INIT } };
    struct buffer content = BUFFER_INIT(DB_BYTES_MAX);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    assert_done(ndes_password_single(&source, &order, &made[1], &err), &err, "");
    for (size_t i = 0; i < 2; i++) {
        test_folder_path(&world->folder, files[i], path);
        assert_done(!file_exists(path) || file_read(path, DB_BYTES_MAX, &content, &err), &err, "");
    }
    assert_true(content.len > 4096);
    for (size_t m = 0; m < 2; m++) {
        uint8_t raw[8];
        size_t raw_len = 0;

        assert_true(text_unhex(raw, sizeof(raw), &raw_len, secret_bytes(&made[m].password)));
        for (size_t i = 0; i + 16 <= content.len; i++) {
            assert_memory_not_equal(content.data + i, made[m].password.data, 16);
            assert_memory_not_equal(content.data + i, raw, sizeof(raw));
        }
        ndes_password_made_clear(&made[m]);
    }
    buffer_clear(&content);
}

/* ---- judging ------------------------------------------------------------------------------ */

static void check__text__either_case_and_nothing_else(void **state)
{
    struct world *world = *state;
    struct ndes_password_made made = make_plain(world, "phones");
    char text[64];
    struct asked a = ask_plain(world, text_of(&made));

    assert_done(a.ok, &a.err, "as shown");
    assert_int_equal(a.reservation, made.id);
    for (size_t i = 0; i <= made.password.len; i++) {
        char c = text_of(&made)[i];

        text[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    }
    a = ask_plain(world, text);
    assert_done(a.ok, &a.err, "lower case");
    static const char *const forms[] = { "%s ", " %s", "%s\n", "0%s", "%sA", "0x%s" };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct buffer changed = BUFFER_INIT(64);
        const char *mark = strstr(forms[i], "%s");
        struct error err = ERROR_INIT;

        assert_done(buffer_printf(&changed, &err, "%.*s%s%s", (int)(mark - forms[i]), forms[i],
                                  text_of(&made), mark + 2),
                    &err, "");
        a = ask_plain(world, buffer_text(&changed));
        assert_refused_for(a, CHALLENGE_REJECTED);
        buffer_clear(&changed);
    }
    a = ask_plain(world, "0123456789ABCDEF");
    assert_refused_for(a, CHALLENGE_REJECTED);
    a = ask_plain(world, NULL);
    assert_refused_for(a, CHALLENGE_MISSING);
    ndes_password_made_clear(&made);
}

static void check__other_key__knows_nothing(void **state)
{
    struct world *world = *state;
    struct ndes_password_made made = make_plain(world, "phones");
    struct ndes_password_source other = source_of(world);
    struct grant grant = GRANT_INIT;
    struct enroll_request request;
    struct error err = ERROR_INIT;

    other.mac_key = bytes_of_text("another key");
    struct challenge *challenge = ndes_challenge_create(&other, "phones", &plain, false, &err);
    assert_done(challenge != NULL, &err, "");
    world_request(world, "dev", text_of(&made), &request);
    assert_refused(challenge_check(challenge, &request, &grant, &err), &err,
                   REASON_CHALLENGE_REJECTED, "");
    error_clear(&err);
    other.mac_key.len = 0;
    assert_null(ndes_challenge_create(&other, "phones", &plain, false, &err));
    world_request_clear(&request);
    challenge_free(challenge);
    ndes_password_made_clear(&made);
}

static void check__scope__template_and_service_as_it_says(void **state)
{
    struct world *world = *state;
    struct ndes_password_made other = make_plain(world, "tablets");
    struct ndes_password_made service = make_plain(world, NDES_PASSWORD_SCOPE_SERVICE);
    struct asked a = ask_plain(world, text_of(&other));

    assert_refused_for(a, CHALLENGE_BINDING);
    assert_non_null(strstr(a.err.detail, "tablets"));
    a = ask(world, &plain, true, "dev", text_of(&other));
    assert_refused_for(a, CHALLENGE_BINDING);
    a = ask_plain(world, text_of(&service));
    assert_refused_for(a, CHALLENGE_BINDING);
    a = ask(world, &plain, true, "dev", text_of(&service));
    assert_done(a.ok, &a.err, "service");
    assert_int_equal(a.reservation, service.id);
    ndes_password_made_clear(&other);
    ndes_password_made_clear(&service);
}

static void check__expired_or_used__says_when(void **state)
{
    struct world *world = *state;
    struct ndes_password_made made = make_plain(world, "phones");
    struct asked a;

    execute(world, "UPDATE password SET expires_at = 1700000000");
    a = ask_plain(world, text_of(&made));
    assert_refused_for(a, CHALLENGE_EXPIRED);
    assert_non_null(strstr(a.err.detail, "2023-11-14T22:13:20Z"));
    execute(world, "UPDATE password SET spent_at = 1700000001, spent_ca = 'issuing',"
                   " spent_serial = '0badc0de', spent_peer = '192.0.2.9'");
    a = ask_plain(world, text_of(&made));
    assert_refused_for(a, CHALLENGE_USED);
    assert_non_null(strstr(a.err.detail, "2023-11-14T22:13:21Z"));
    assert_non_null(strstr(a.err.detail, "0badc0de"));
    ndes_password_made_clear(&made);
}

static void check__subject__whole_without_case(void **state)
{
    static const struct {
        const char *bound;
        const char *cn;
        bool fits;
    } cases[] = {
        { "CN=dev-1", "dev-1", true },
        { "CN=DEV-1", "dev-1", true },
        { "CN=dev-1", "Dev-1", true },
        { "CN=dev-1", "dev-2", false },
        { "CN=dev-1", "dev-11", false },
        { "CN=dev-11", "dev-1", false },
        { "CN=dev-1,O=Example", "dev-1", false },
        { "CN=dev\\,1", "dev,1", true }, /* as name_format writes it */
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ndes_password_config config = plain;
        struct ndes_password_order order = order_of("phones", &config);
        struct ndes_password_made made;
        struct asked a;

        config.max = 100;
        order.subject = cases[i].bound;
        made = make(world, &order);
        a = ask(world, &plain, false, cases[i].cn, text_of(&made));
        if (cases[i].fits) {
            assert_done(a.ok, &a.err, cases[i].bound);
        } else {
            assert_refused_for(a, CHALLENGE_BINDING);
        }
        ndes_password_made_clear(&made);
    }
}

static void make__subject_longer_than_any_name__limit(void **state)
{
    struct world *world = *state;
    struct ndes_password_source source = source_of(world);
    struct ndes_password_order order = order_of("phones", &plain);
    struct ndes_password_made made = { .password = SECRET_INIT };
    char subject[LIMIT_DN_BYTES + 2];
    struct error err = ERROR_INIT;

    memset(subject, 'x', sizeof(subject) - 1);
    subject[sizeof(subject) - 1] = '\0';
    order.subject = subject;
    assert_refused(ndes_password_make(&source, &order, &made, &err), &err, REASON_LIMIT, "");
}

static void check__address__in_the_prefix(void **state)
{
    static const struct {
        const char *prefix;
        bool fits;
    } cases[] = {
        { "192.0.2.7", true },  { "192.0.2.0/24", true },     { "0.0.0.0/0", true },
        { "192.0.2.8", false }, { "198.51.100.0/24", false }, { "2001:db8::/32", false },
        { "::/0", false },
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ndes_password_config config = plain;
        struct ndes_password_order order = order_of("phones", &config);
        struct ndes_password_made made;
        struct ip_prefix prefix;
        struct error err = ERROR_INIT;
        struct asked a;

        config.max = 100;
        assert_done(ip_prefix_parse(bytes_of_text(cases[i].prefix), &prefix, &err), &err, "");
        order.peer = &prefix;
        made = make(world, &order);
        a = ask_plain(world, text_of(&made));
        if (cases[i].fits) {
            assert_done(a.ok, &a.err, cases[i].prefix);
        } else {
            assert_refused_for(a, CHALLENGE_BINDING);
        }
        ndes_password_made_clear(&made);
    }
}

static void check__address_in_the_database_damaged__does_not_pass(void **state)
{
    struct world *world = *state;
    struct ndes_password_made made = make_plain(world, "phones");
    struct asked a;

    execute(world, "UPDATE password SET peer = 'nonsense'");
    a = ask_plain(world, text_of(&made));
    assert_false(a.ok);
    assert_int_equal(a.err.reason, REASON_CHALLENGE_UNAVAILABLE);
    ndes_password_made_clear(&made);
}

static void check__not_enforced__passes_and_reserves_nothing(void **state)
{
    struct world *world = *state;
    struct ndes_password_config config = plain;
    struct ndes_password_made made = make_plain(world, "phones");
    struct asked a;

    config.enforce = false;
    a = ask(world, &config, false, "dev", NULL);
    assert_true(a.ok && a.reservation == 0);
    a = ask(world, &config, false, "dev", "anything");
    assert_true(a.ok && a.reservation == 0);
    a = ask(world, &config, false, "dev", text_of(&made));
    assert_true(a.ok && a.reservation == 0);
    ndes_password_made_clear(&made);
}

static void check__database_cannot_be_read__does_not_pass(void **state)
{
    struct world *world = *state;
    struct ndes_password_config single = plain;
    struct ndes_password_made made = make_plain(world, "phones");
    struct asked a;

    single.single = true;
    execute(world, "DROP TABLE password");
    a = ask_plain(world, text_of(&made));
    assert_false(a.ok);
    assert_int_equal(error_kind(&a.err), ERROR_STORE);
    a = ask(world, &single, true, "dev", text_of(&made));
    assert_false(a.ok);
    assert_int_equal(error_kind(&a.err), ERROR_STORE);
    ndes_password_made_clear(&made);
}

/* ---- the single password ------------------------------------------------------------------ */

static struct ndes_password_made single_of(struct world *world, const char *scope)
{
    struct ndes_password_source source = source_of(world);
    struct ndes_password_order order = order_of(scope, &plain);
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct error err = ERROR_INIT;

    assert_done(ndes_password_single(&source, &order, &made, &err), &err, scope);
    assert_int_equal(made.expires_at, 0);
    assert_true(made.id > 0);
    return made;
}

static void single__first_call_makes_it__later_ones_show_it(void **state)
{
    struct world *world = *state;
    struct ndes_password_made first = single_of(world, "phones");
    struct ndes_password_made again = single_of(world, "phones");
    struct ndes_password_made other = single_of(world, NDES_PASSWORD_SCOPE_SERVICE);

    assert_int_equal(first.password.len, 16);
    assert_int_equal(strspn(text_of(&first), "0123456789ABCDEF"), 16);
    assert_string_equal(text_of(&first), text_of(&again));
    assert_int_equal(first.id, again.id);
    assert_string_not_equal(text_of(&first), text_of(&other));
    ndes_password_made_clear(&first);
    ndes_password_made_clear(&again);
    ndes_password_made_clear(&other);
}

struct first_caller {
    struct world *world;
    struct ndes_password_made made;
    pthread_t thread;
};

static void *call_first(void *context)
{
    struct first_caller *c = context;

    c->made = single_of(c->world, "phones");
    return NULL;
}

static void single__first_call_by_8_at_once__all_see_the_same(void **state)
{
    struct world *world = *state;
    struct first_caller callers[8] = { { .world = NULL } };
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < 8; i++) {
        callers[i].world = world;
        assert_done(thread_start(&callers[i].thread, "first", call_first, &callers[i], &err), &err,
                    "");
    }
    for (size_t i = 0; i < 8; i++) {
        thread_join(callers[i].thread);
    }
    for (size_t i = 1; i < 8; i++) {
        assert_string_equal(text_of(&callers[i].made), text_of(&callers[0].made));
        ndes_password_made_clear(&callers[i].made);
    }
    ndes_password_made_clear(&callers[0].made);
}

static void single_set__text_or_renewed__replaces(void **state)
{
    static const char *const bad[] = {
        "1234567", "12345678 ", "1234567G", "passphrase",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abc"
        "def0"
    };
    struct world *world = *state;
    struct ndes_password_source source = source_of(world);
    struct ndes_password_order order = order_of("phones", &plain);
    struct ndes_password_made set = { .password = SECRET_INIT };
    struct ndes_password_made made = single_of(world, "phones");
    struct error err = ERROR_INIT;

    ndes_password_made_clear(&made);
    assert_done(
        ndes_password_single_set(&source, &order, bytes_of_text("8ce317021f690069"), &set, &err),
        &err, "");
    assert_string_equal(text_of(&set), "8CE317021F690069");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        error_clear(&err);
        assert_refused(ndes_password_single_set(&source, &order, bytes_of_text(bad[i]), &set, &err),
                       &err, REASON_SYNTAX, bad[i]);
        assert_null(strstr(err.detail, bad[i]));
    }
    made = single_of(world, "phones");
    assert_string_equal(text_of(&made), "8CE317021F690069");
    ndes_password_made_clear(&made);
    error_clear(&err);
    assert_done(ndes_password_single_set(&source, &order, bytes_of(NULL, 0), &set, &err), &err, "");
    assert_string_not_equal(text_of(&set), "8CE317021F690069");
    made = single_of(world, "phones");
    assert_string_equal(text_of(&made), text_of(&set));
    ndes_password_made_clear(&made);
    ndes_password_made_clear(&set);
}

static void single__check__again_and_again_and_no_other(void **state)
{
    struct world *world = *state;
    struct ndes_password_config config = plain;
    struct ndes_password_made once = make_plain(world, "phones");
    struct ndes_password_made mine;
    struct ndes_password_made other = single_of(world, "tablets");
    struct ndes_password_made service = single_of(world, NDES_PASSWORD_SCOPE_SERVICE);
    struct asked a;

    config.single = true;
    a = ask(world, &config, false, "dev", text_of(&service));
    assert_refused_for(a, CHALLENGE_REJECTED);
    assert_non_null(strstr(a.err.detail, "made yet"));
    mine = single_of(world, "phones");
    for (int i = 0; i < 3; i++) {
        a = ask(world, &config, false, "dev", text_of(&mine));
        assert_true(a.ok && a.reservation == 0);
    }
    a = ask(world, &config, true, "dev", text_of(&mine));
    assert_done(a.ok, &a.err, "in the service's face");
    a = ask(world, &config, true, "dev", text_of(&service));
    assert_done(a.ok, &a.err, "the service's");
    a = ask(world, &config, false, "dev", text_of(&service));
    assert_refused_for(a, CHALLENGE_REJECTED);
    a = ask(world, &config, true, "dev", text_of(&other));
    assert_refused_for(a, CHALLENGE_REJECTED);
    /* The two kinds do not mix. */
    a = ask(world, &config, true, "dev", text_of(&once));
    assert_refused_for(a, CHALLENGE_REJECTED);
    a = ask_plain(world, text_of(&mine));
    assert_refused_for(a, CHALLENGE_REJECTED);
    a = ask(world, &config, true, "dev", NULL);
    assert_refused_for(a, CHALLENGE_MISSING);
    ndes_password_made_clear(&once);
    ndes_password_made_clear(&mine);
    ndes_password_made_clear(&other);
    ndes_password_made_clear(&service);
}

/* The seal of another scope is as good as one of another machine: it does not open. */
static void single__seal_does_not_open__says_how_to_go_on(void **state)
{
    struct world *world = *state;
    struct ndes_password_source source = source_of(world);
    struct ndes_password_order order = order_of("phones", &plain);
    struct ndes_password_made made = single_of(world, "tablets");
    struct error err = ERROR_INIT;

    ndes_password_made_clear(&made);
    made = single_of(world, "phones");
    ndes_password_made_clear(&made);
    execute(world, "UPDATE password SET sealed ="
                   " (SELECT sealed FROM password WHERE scope = 'tablets') WHERE scope = 'phones'");
    assert_refused(ndes_password_single(&source, &order, &made, &err), &err, REASON_KEY_PROTECTION,
                   "");
    assert_non_null(strstr(err.detail, "set it anew"));
    assert_null(made.password.data);
    error_clear(&err);
    assert_done(ndes_password_single_set(&source, &order, bytes_of(NULL, 0), &made, &err), &err,
                "");
    ndes_password_made_clear(&made);
    made = single_of(world, "phones");
    ndes_password_made_clear(&made);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(make__each_length__upper_case_hex_all_different),
        unit(make__minutes__own_ones_and_a_year_at_most),
        unit(make__more_than_max__full_until_one_is_gone),
        unit(make__database__does_not_hold_the_password),
        unit(check__text__either_case_and_nothing_else),
        unit(check__other_key__knows_nothing),
        unit(check__scope__template_and_service_as_it_says),
        unit(check__expired_or_used__says_when),
        unit(check__subject__whole_without_case),
        unit(make__subject_longer_than_any_name__limit),
        unit(check__address__in_the_prefix),
        unit(check__address_in_the_database_damaged__does_not_pass),
        unit(check__not_enforced__passes_and_reserves_nothing),
        unit(check__database_cannot_be_read__does_not_pass),
        unit(single__first_call_makes_it__later_ones_show_it),
        unit(single__first_call_by_8_at_once__all_see_the_same),
        unit(single_set__text_or_renewed__replaces),
        unit(single__check__again_and_again_and_no_other),
        unit(single__seal_does_not_open__says_how_to_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
