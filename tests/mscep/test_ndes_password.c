/* SPDX-License-Identifier: Apache-2.0 */
/* One-time passwords as they are made, kept and judged; the real store, no decision around. */
#include <string.h>

#include "base/text.h"
#include "mscep/password_fixture.h"
#include "store/store_passwords.h"

#define DB_BYTES_MAX (16u << 20)

/* ---- making ------------------------------------------------------------------------------- */

static void make__each_length__upper_case_hex_all_different(void **state)
{
    struct world *world = *state;
    struct ndes_password_config config = password_config_plain;

    config.max = 100;
    for (config.length = 4; config.length <= (int64_t)LIMIT_PASSWORD_BYTES; config.length += 4) {
        struct ndes_password_order order = password_order_of("phones", &config);
        struct ndes_password_made a = password_make(world, &order);
        struct ndes_password_made b = password_make(world, &order);

        assert_int_equal(a.password.len, 2 * config.length);
        assert_int_equal(strspn(password_text(&a), "0123456789ABCDEF"), a.password.len);
        assert_string_not_equal(password_text(&a), password_text(&b));
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
        struct ndes_password_order order = password_order_of("phones", &password_config_plain);
        struct ndes_password_made made;

        order.validity_minutes = cases[i].asked;
        made = password_make(world, &order);
        assert_int_equal(made.expires_at, order.now + 60 * cases[i].given);
        ndes_password_made_clear(&made);
    }
}

static void make__more_than_max__full_until_one_is_gone(void **state)
{
    struct world *world = *state;
    struct ndes_password_source source = password_source_of(world);
    struct ndes_password_order order = password_order_of("phones", &password_config_plain);
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct store_password_purge purge = { .id = 0 };
    struct error err = ERROR_INIT;
    int64_t count = 0;

    for (int i = 0; i < 5; i++) {
        made = password_make_plain(world, "phones");
        purge.id = made.id;
        ndes_password_made_clear(&made);
    }
    assert_refused(ndes_password_make(&source, &order, &made, &err), &err,
                   REASON_PASSWORD_CACHE_FULL, "");
    assert_null(made.password.data);
    made = password_make_plain(world, NDES_PASSWORD_SCOPE_SERVICE); /* another cache */
    ndes_password_made_clear(&made);
    error_clear(&err);
    assert_done(store_password_purge(world->store, &purge, &count, &err), &err, "");
    made = password_make_plain(world, "phones");
    ndes_password_made_clear(&made);
}

/* Neither one-time nor single: not in hex, not in bytes, not in the log of the database. */
static void make__database__does_not_hold_the_password(void **state)
{
    static const char *const files[] = { "openndes.db", "openndes.db-wal" };
    struct world *world = *state;
    struct ndes_password_source source = password_source_of(world);
    struct ndes_password_order order = password_order_of("phones", &password_config_plain);
    struct ndes_password_made made[2] = { password_make_plain(world, "phones"),
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
    struct ndes_password_made made = password_make_plain(world, "phones");
    char text[64];
    struct asked a = password_ask_plain(world, password_text(&made));

    assert_done(a.ok, &a.err, "as shown");
    assert_int_equal(a.reservation, made.id);
    for (size_t i = 0; i <= made.password.len; i++) {
        char c = password_text(&made)[i];

        text[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    }
    a = password_ask_plain(world, text);
    assert_done(a.ok, &a.err, "lower case");
    static const char *const forms[] = { "%s ", " %s", "%s\n", "0%s", "%sA", "0x%s" };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct buffer changed = BUFFER_INIT(64);
        const char *mark = strstr(forms[i], "%s");
        struct error err = ERROR_INIT;

        assert_done(buffer_printf(&changed, &err, "%.*s%s%s", (int)(mark - forms[i]), forms[i],
                                  password_text(&made), mark + 2),
                    &err, "");
        a = password_ask_plain(world, buffer_text(&changed));
        assert_refused_for(a, CHALLENGE_REJECTED);
        buffer_clear(&changed);
    }
    a = password_ask_plain(world, "0123456789ABCDEF");
    assert_refused_for(a, CHALLENGE_REJECTED);
    a = password_ask_plain(world, NULL);
    assert_refused_for(a, CHALLENGE_MISSING);
    ndes_password_made_clear(&made);
}

static void check__other_key__knows_nothing(void **state)
{
    struct world *world = *state;
    struct ndes_password_made made = password_make_plain(world, "phones");
    struct ndes_password_source other = password_source_of(world);
    struct grant grant = GRANT_INIT;
    struct enroll_request request;
    struct error err = ERROR_INIT;

    other.mac_key = bytes_of_text("another key");
    struct challenge *challenge =
        ndes_challenge_create(&other, "phones", &password_config_plain, false, &err);
    assert_done(challenge != NULL, &err, "");
    world_request(world, "dev", password_text(&made), &request);
    assert_refused(challenge_check(challenge, &request, &grant, &err), &err,
                   REASON_CHALLENGE_REJECTED, "");
    error_clear(&err);
    other.mac_key.len = 0;
    assert_null(ndes_challenge_create(&other, "phones", &password_config_plain, false, &err));
    world_request_clear(&request);
    challenge_free(challenge);
    ndes_password_made_clear(&made);
}

static void check__scope__template_and_service_as_it_says(void **state)
{
    struct world *world = *state;
    struct ndes_password_made other = password_make_plain(world, "tablets");
    struct ndes_password_made service = password_make_plain(world, NDES_PASSWORD_SCOPE_SERVICE);
    struct asked a = password_ask_plain(world, password_text(&other));

    assert_refused_for(a, CHALLENGE_BINDING);
    assert_non_null(strstr(a.err.detail, "tablets"));
    a = password_ask(world, &password_config_plain, true, "dev", password_text(&other));
    assert_refused_for(a, CHALLENGE_BINDING);
    a = password_ask_plain(world, password_text(&service));
    assert_refused_for(a, CHALLENGE_BINDING);
    a = password_ask(world, &password_config_plain, true, "dev", password_text(&service));
    assert_done(a.ok, &a.err, "service");
    assert_int_equal(a.reservation, service.id);
    ndes_password_made_clear(&other);
    ndes_password_made_clear(&service);
}

static void check__expired_or_used__says_when(void **state)
{
    struct world *world = *state;
    struct ndes_password_made made = password_make_plain(world, "phones");
    struct asked a;

    password_database(world, "UPDATE password SET expires_at = 1700000000");
    a = password_ask_plain(world, password_text(&made));
    assert_refused_for(a, CHALLENGE_EXPIRED);
    assert_non_null(strstr(a.err.detail, "2023-11-14T22:13:20Z"));
    password_database(world, "UPDATE password SET spent_at = 1700000001, spent_ca = 'issuing',"
                             " spent_serial = '0badc0de', spent_peer = '192.0.2.9'");
    a = password_ask_plain(world, password_text(&made));
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
        { "cn=dev-1", "dev-1", false },  /* not as name_format writes it: another attribute */
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ndes_password_config config = password_config_plain;
        struct ndes_password_order order = password_order_of("phones", &config);
        struct ndes_password_made made;
        struct asked a;

        config.max = 100;
        order.subject = cases[i].bound;
        made = password_make(world, &order);
        a = password_ask(world, &password_config_plain, false, cases[i].cn, password_text(&made));
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
    struct ndes_password_source source = password_source_of(world);
    struct ndes_password_order order = password_order_of("phones", &password_config_plain);
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
        struct ndes_password_config config = password_config_plain;
        struct ndes_password_order order = password_order_of("phones", &config);
        struct ndes_password_made made;
        struct ip_prefix prefix;
        struct error err = ERROR_INIT;
        struct asked a;

        config.max = 100;
        assert_done(ip_prefix_parse(bytes_of_text(cases[i].prefix), &prefix, &err), &err, "");
        order.peer = &prefix;
        made = password_make(world, &order);
        a = password_ask_plain(world, password_text(&made));
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
    struct ndes_password_made made = password_make_plain(world, "phones");
    struct asked a;

    password_database(world, "UPDATE password SET peer = 'nonsense'");
    a = password_ask_plain(world, password_text(&made));
    assert_false(a.ok);
    assert_int_equal(a.err.reason, REASON_CHALLENGE_UNAVAILABLE);
    ndes_password_made_clear(&made);
}

static void check__not_enforced__passes_and_reserves_nothing(void **state)
{
    struct world *world = *state;
    struct ndes_password_config config = password_config_plain;
    struct ndes_password_made made = password_make_plain(world, "phones");
    struct asked a;

    config.enforce = false;
    a = password_ask(world, &config, false, "dev", NULL);
    assert_true(a.ok && a.reservation == 0);
    a = password_ask(world, &config, false, "dev", "anything");
    assert_true(a.ok && a.reservation == 0);
    a = password_ask(world, &config, false, "dev", password_text(&made));
    assert_true(a.ok && a.reservation == 0);
    ndes_password_made_clear(&made);
}

static void check__database_cannot_be_read__does_not_pass(void **state)
{
    struct world *world = *state;
    struct ndes_password_config single = password_config_plain;
    struct ndes_password_made made = password_make_plain(world, "phones");
    struct asked a;

    single.single = true;
    password_database(world, "DROP TABLE password");
    a = password_ask_plain(world, password_text(&made));
    assert_false(a.ok);
    assert_int_equal(error_kind(&a.err), ERROR_STORE);
    a = password_ask(world, &single, true, "dev", password_text(&made));
    assert_false(a.ok);
    assert_int_equal(error_kind(&a.err), ERROR_STORE);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
