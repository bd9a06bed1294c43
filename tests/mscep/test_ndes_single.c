/* SPDX-License-Identifier: Apache-2.0 */
/* The single password of a scope: made once, shown again, replaced, judged. */
#include <string.h>

#include "mscep/password_fixture.h"
#include "platform/threads.h"

static struct ndes_password_made single_of(struct world *world, const char *scope)
{
    struct ndes_password_source source = password_source_of(world);
    struct ndes_password_order order = password_order_of(scope, &password_config_plain);
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
    assert_int_equal(strspn(password_text(&first), "0123456789ABCDEF"), 16);
    assert_string_equal(password_text(&first), password_text(&again));
    assert_int_equal(first.id, again.id);
    assert_string_not_equal(password_text(&first), password_text(&other));
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
        assert_string_equal(password_text(&callers[i].made), password_text(&callers[0].made));
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
    struct ndes_password_source source = password_source_of(world);
    struct ndes_password_order order = password_order_of("phones", &password_config_plain);
    struct ndes_password_made set = { .password = SECRET_INIT };
    struct ndes_password_made made = single_of(world, "phones");
    struct error err = ERROR_INIT;

    ndes_password_made_clear(&made);
    assert_done(
        ndes_password_single_set(&source, &order, bytes_of_text("8ce317021f690069"), &set, &err),
        &err, "");
    assert_string_equal(password_text(&set), "8CE317021F690069");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        error_clear(&err);
        assert_refused(ndes_password_single_set(&source, &order, bytes_of_text(bad[i]), &set, &err),
                       &err, REASON_SYNTAX, bad[i]);
        assert_null(strstr(err.detail, bad[i]));
    }
    made = single_of(world, "phones");
    assert_string_equal(password_text(&made), "8CE317021F690069");
    ndes_password_made_clear(&made);
    error_clear(&err);
    assert_done(ndes_password_single_set(&source, &order, bytes_of(NULL, 0), &set, &err), &err, "");
    assert_string_not_equal(password_text(&set), "8CE317021F690069");
    made = single_of(world, "phones");
    assert_string_equal(password_text(&made), password_text(&set));
    ndes_password_made_clear(&made);
    ndes_password_made_clear(&set);
}

static void single__check__again_and_again_and_no_other(void **state)
{
    struct world *world = *state;
    struct ndes_password_config config = password_config_plain;
    struct ndes_password_made once = password_make_plain(world, "phones");
    struct ndes_password_made mine;
    struct ndes_password_made other = single_of(world, "tablets");
    struct ndes_password_made service = single_of(world, NDES_PASSWORD_SCOPE_SERVICE);
    struct asked a;

    config.single = true;
    a = password_ask(world, &config, false, "dev", password_text(&service));
    assert_refused_for(a, CHALLENGE_REJECTED);
    assert_non_null(strstr(a.err.detail, "made yet"));
    mine = single_of(world, "phones");
    for (int i = 0; i < 3; i++) {
        a = password_ask(world, &config, false, "dev", password_text(&mine));
        assert_true(a.ok && a.reservation == 0);
    }
    a = password_ask(world, &config, true, "dev", password_text(&mine));
    assert_done(a.ok, &a.err, "in the service's face");
    a = password_ask(world, &config, true, "dev", password_text(&service));
    assert_done(a.ok, &a.err, "the service's");
    a = password_ask(world, &config, false, "dev", password_text(&service));
    assert_refused_for(a, CHALLENGE_REJECTED);
    a = password_ask(world, &config, true, "dev", password_text(&other));
    assert_refused_for(a, CHALLENGE_REJECTED);
    /* The two kinds do not mix. */
    a = password_ask(world, &config, true, "dev", password_text(&once));
    assert_refused_for(a, CHALLENGE_REJECTED);
    a = password_ask_plain(world, password_text(&mine));
    assert_refused_for(a, CHALLENGE_REJECTED);
    a = password_ask(world, &config, true, "dev", NULL);
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
    struct ndes_password_source source = password_source_of(world);
    struct ndes_password_order order = password_order_of("phones", &password_config_plain);
    struct ndes_password_made made = single_of(world, "tablets");
    struct error err = ERROR_INIT;

    ndes_password_made_clear(&made);
    made = single_of(world, "phones");
    ndes_password_made_clear(&made);
    password_database(
        world, "UPDATE password SET sealed ="
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
        unit(single__first_call_makes_it__later_ones_show_it),
        unit(single__first_call_by_8_at_once__all_see_the_same),
        unit(single_set__text_or_renewed__replaces),
        unit(single__check__again_and_again_and_no_other),
        unit(single__seal_does_not_open__says_how_to_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
