/* SPDX-License-Identifier: Apache-2.0 */
/* Second chances: what is tried again, how often, and what is not. */
#include "intune/intune_world.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

#define SECOND_US INT64_C(1000000)

/* ---- tokens ---------------------------------------------------------------------------------- */

static void unauthorized__once__both_tokens_are_replaced(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    assert_done(intune_world_validate(world, &err), &err, "");
    intune_cloud_expire_tokens(world->cloud);
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_calls(world, INTUNE_CLOUD_VALIDATE, 3);
    assert_calls(world, INTUNE_CLOUD_TOKEN_INTUNE, 2);
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 1); /* the address is as good as before */
    /* Graph's token went, too: asked for when it is wanted, not before */
    assert_calls(world, INTUNE_CLOUD_TOKEN_GRAPH, 1);
    intune_cloud_move(world->cloud, 404);
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_calls(world, INTUNE_CLOUD_TOKEN_GRAPH, 2);
}

static void unauthorized__again__is_told_after_two_calls(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    for (int status = 401; status <= 403; status += 2) {
        unsigned before = intune_cloud_count(world->cloud, INTUNE_CLOUD_VALIDATE);

        error_clear(&err);
        assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_VALIDATE, status, 2));
        assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_RIGHTS, "");
        assert_says(&err, "scep_challenge_provider", "");
        assert_says(&err, "Grant admin consent", "");
        assert_calls(world, INTUNE_CLOUD_VALIDATE, before + 2);
    }
}

/* A token that was made before the right was granted does not carry it. */
static void right__granted_after_the_token_was_made__is_used_at_once(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    intune_world_rights(world, false, true);
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_RIGHTS,
                   "no Graph right");
    assert_says(&err, "Application.Read.All", "");
    assert_says(&err, "Insufficient privileges", "");
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 2); /* with a new token, too */
    intune_world_rights(world, true, false);
    error_clear(&err);
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_DISCOVERY,
                   "no Intune right");
    assert_says(&err, "scep_challenge_provider", "");
    assert_says(&err, "licence", "");
    intune_world_rights(world, true, true);
    error_clear(&err);
    assert_done(intune_world_validate(world, &err), &err, "both");
}

static void scope__that_is_not_known__other_form_is_tried_and_remembered(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    intune_world_behave(world, INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_NOT_SCOPE,
                        "https://api.manage.microsoft.com//.default", 0, 0);
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_calls(world, INTUNE_CLOUD_TOKEN, 3); /* Graph, double slash, single slash */
    intune_cloud_expire_tokens(world->cloud);
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_calls(world, INTUNE_CLOUD_TOKEN, 4);
}

static void scope__neither_form_is_known__is_told_after_two(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    intune_world_behave(world, INTUNE_CLOUD_TOKEN_INTUNE, INTUNE_CLOUD_ENTRA, "AADSTS500011", 0, 2);
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_RIGHTS, "");
    assert_calls(world, INTUNE_CLOUD_TOKEN_INTUNE, 2);
    error_clear(&err);
    assert_done(intune_world_validate(world, &err), &err, "later");
}

static void scope__of_the_settings__is_the_only_one(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    intune_world_client(world, "\"scope\":\"https://api.manage.microsoft.com/.default\"");
    intune_world_behave(world, INTUNE_CLOUD_TOKEN_INTUNE, INTUNE_CLOUD_ENTRA, "AADSTS500011", 0, 1);
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_RIGHTS, "");
    assert_calls(world, INTUNE_CLOUD_TOKEN_INTUNE, 1);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static void address__moved__is_asked_for_once(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    assert_done(intune_world_validate(world, &err), &err, "");
    for (int i = 0; i < 2; i++) {
        intune_cloud_move(world->cloud, i == 0 ? 404 : 410);
        assert_done(intune_world_validate(world, &err), &err, "moved");
    }
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 3);
}

static void address__gone_wherever_it_is__is_told_after_two(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_VALIDATE, 404, 2));
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_DISCOVERY, "");
    assert_calls(world, INTUNE_CLOUD_VALIDATE, 2);
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 2);
}

static void address__whose_name_is_unknown__is_asked_for_once(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    intune_world_client(world, "\"service_suffix\":\"invalid\"");
    intune_world_behave(world, INTUNE_CLOUD_ENDPOINTS, INTUNE_CLOUD_BODY,
                        "{\"value\":[{\"providerName\":\"ScepRequestValidationFEService\","
                        "\"uri\":\"https://scep.invalid/a\"}]}",
                        0, 0);
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_UNAVAILABLE, "");
    assert_says(&err, "scep.invalid", "");
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 2);
}

/* The server error has nothing to do with the address, but who knows: the next call asks. */
static void address__after_a_server_error__is_asked_for_next_time(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    intune_world_behave(world, INTUNE_CLOUD_VALIDATE, INTUNE_CLOUD_INTERNAL, "", 0, 1);
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_UNAVAILABLE, "");
    assert_calls(world, INTUNE_CLOUD_VALIDATE, 1);
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 1);
    error_clear(&err);
    assert_done(intune_world_validate(world, &err), &err, "");
    assert_calls(world, INTUNE_CLOUD_ENDPOINTS, 2);
}

struct discovery_case {
    const char *name;
    enum intune_cloud_how how;
    const char *value;
    int64_t number;
    enum reason reason; /* REASON_NONE: works */
    const char *says;
    unsigned calls; /* of discovery */
};

static const struct discovery_case discovery_cases[] = {
    { "empty list", INTUNE_CLOUD_EMPTY, "", 0, REASON_INTUNE_DISCOVERY, "licence", 2 },
    { "no row", INTUNE_CLOUD_NO_ROW, "", 0, REASON_INTUNE_DISCOVERY, "scep_challenge_provider", 2 },
    { "two rows", INTUNE_CLOUD_TWO_ROWS, "", 0, REASON_NONE, "", 1 },
    { "outside the suffix", INTUNE_CLOUD_OUTSIDE, "", 0, REASON_INTUNE_DISCOVERY,
      "manage.attacker.example", 1 },
    { "plain HTTP", INTUNE_CLOUD_PLAIN, "", 0, REASON_INTUNE_DISCOVERY, "https", 1 },
    { "serviceName", INTUNE_CLOUD_OLD_NAME, "", 0, REASON_NONE, "", 1 },
    { "slash at the end", INTUNE_CLOUD_SLASH, "", 0, REASON_NONE, "", 1 },
    { "403", INTUNE_CLOUD_STATUS, "", 403, REASON_INTUNE_RIGHTS, "Application.Read.All", 2 },
    { "404", INTUNE_CLOUD_STATUS, "", 404, REASON_INTUNE_DISCOVERY, "licence", 2 },
    { "500", INTUNE_CLOUD_STATUS, "", 500, REASON_INTUNE_UNAVAILABLE, "500", 1 },
    { "HTML", INTUNE_CLOUD_HTML, "", 0, REASON_INTUNE_ANSWER, "proxy", 1 },
    { "half JSON", INTUNE_CLOUD_BAD_JSON, "", 0, REASON_INTUNE_ANSWER, "", 1 },
    { "no list", INTUNE_CLOUD_BODY, "{}", 0, REASON_INTUNE_ANSWER, "value", 1 },
    { "redirect", INTUNE_CLOUD_REDIRECT, "https://graph.attacker.example/", 0, REASON_INTUNE_ANSWER,
      "redirect", 1 },
    { "huge", INTUNE_CLOUD_HUGE, "", 0, REASON_INTUNE_ANSWER, "too large", 1 },
};

static void discovery__whatever_it_says__leads_to_intune_or_to_a_reason(void **state)
{
    struct intune_world *world = *state;

    for (size_t i = 0; i < sizeof(discovery_cases) / sizeof(discovery_cases[0]); i++) {
        const struct discovery_case *c = &discovery_cases[i];
        struct error err = ERROR_INIT;
        bool ok = false;

        intune_cloud_reset(world->cloud);
        intune_world_client(world, "");
        intune_world_behave(world, INTUNE_CLOUD_ENDPOINTS, c->how, c->value, c->number, 0);
        ok = intune_world_validate(world, &err);
        if (c->reason == REASON_NONE) {
            assert_done(ok, &err, c->name);
        } else {
            assert_refused(ok, &err, c->reason, c->name);
            assert_says(&err, c->says, c->name);
            assert_calls(world, INTUNE_CLOUD_VALIDATE, 0);
        }
        assert_calls(world, INTUNE_CLOUD_ENDPOINTS, c->calls);
        assert_calls(world, INTUNE_CLOUD_ELSEWHERE, 0);
    }
}

/* ---- patience -------------------------------------------------------------------------------- */

struct patience_case {
    const char *name;
    enum intune_cloud_path path;
    const char *retry_after;
    int64_t status;
    unsigned times;
    enum reason reason;
    unsigned calls;
};

static const struct patience_case patience_cases[] = {
    { "429, now", INTUNE_CLOUD_VALIDATE, "0", 429, 1, REASON_NONE, 2 },
    { "503, in a second", INTUNE_CLOUD_VALIDATE, "1", 503, 1, REASON_NONE, 2 },
    { "429 twice", INTUNE_CLOUD_VALIDATE, "0", 429, 2, REASON_INTUNE_BUSY, 2 },
    { "503 twice", INTUNE_CLOUD_VALIDATE, "0", 503, 2, REASON_INTUNE_UNAVAILABLE, 2 },
    { "429, too late", INTUNE_CLOUD_VALIDATE, "3600", 429, 1, REASON_INTUNE_BUSY, 1 },
    { "503, too late", INTUNE_CLOUD_VALIDATE, "3600", 503, 1, REASON_INTUNE_UNAVAILABLE, 1 },
    { "429, in ten years", INTUNE_CLOUD_VALIDATE, "315360000", 429, 1, REASON_INTUNE_BUSY, 1 },
    { "503, beyond all numbers", INTUNE_CLOUD_VALIDATE, "99999999999999999999999", 503, 1,
      REASON_INTUNE_UNAVAILABLE, 1 },
    { "503, in ten years by date", INTUNE_CLOUD_VALIDATE, "Fri, 31 Dec 2038 23:59:59 GMT", 503, 1,
      REASON_INTUNE_UNAVAILABLE, 1 },
    { "token, now", INTUNE_CLOUD_TOKEN_INTUNE, "0", 429, 1, REASON_NONE, 2 },
    { "discovery, now", INTUNE_CLOUD_ENDPOINTS, "0", 503, 1, REASON_NONE, 2 },
    { "discovery, too late", INTUNE_CLOUD_ENDPOINTS, "3600", 429, 1, REASON_INTUNE_BUSY, 1 },
};

static void patience__as_long_as_there_is_time__once(void **state)
{
    struct intune_world *world = *state;

    for (size_t i = 0; i < sizeof(patience_cases) / sizeof(patience_cases[0]); i++) {
        const struct patience_case *c = &patience_cases[i];
        int64_t begin = clock_monotonic_us();
        struct error err = ERROR_INIT;
        bool ok = false;

        intune_cloud_reset(world->cloud);
        intune_world_client(world, "");
        intune_world_behave(world, c->path, INTUNE_CLOUD_RETRY, c->retry_after, c->status,
                            c->times);
        ok = intune_world_validate(world, &err);
        if (c->reason == REASON_NONE) {
            assert_done(ok, &err, c->name);
            assert_true(clock_monotonic_us() - begin
                        >= (c->retry_after[0] - '0') * SECOND_US); /* not before */
        } else {
            assert_refused(ok, &err, c->reason, c->name);
        }
        assert_calls(world, c->path, c->calls);
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

struct time_case {
    const char *name;
    enum intune_cloud_path slow[3];
    int64_t ms; /* 0: hangs */
    int64_t at_most_ms;
};

static const struct time_case time_cases[] = {
    { "hangs", { INTUNE_CLOUD_VALIDATE }, 0, 2000 },
    { "token hangs", { INTUNE_CLOUD_TOKEN_GRAPH }, 0, 2000 },
    { "token of Intune hangs", { INTUNE_CLOUD_TOKEN_INTUNE }, 0, 2000 },
    { "discovery hangs", { INTUNE_CLOUD_ENDPOINTS }, 0, 2000 },
    { "all slow",
      { INTUNE_CLOUD_TOKEN_GRAPH, INTUNE_CLOUD_ENDPOINTS, INTUNE_CLOUD_VALIDATE },
      700,
      2000 },
};

static void time__of_all_attempts__is_at_most_twice_the_setting(void **state)
{
    struct intune_world *world = *state;

    for (size_t i = 0; i < sizeof(time_cases) / sizeof(time_cases[0]); i++) {
        const struct time_case *c = &time_cases[i];
        int64_t begin = 0;
        int64_t took = 0;
        struct error err = ERROR_INIT;

        intune_cloud_reset(world->cloud);
        intune_world_client(world, "\"total_seconds\":1,\"connect_seconds\":1");
        for (size_t s = 0; s < 3 && c->slow[s] != INTUNE_CLOUD_ANY; s++) {
            intune_world_behave(world, c->slow[s],
                                c->ms == 0 ? INTUNE_CLOUD_HANG : INTUNE_CLOUD_SLOW, "", c->ms, 0);
        }
        begin = clock_monotonic_us();
        assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_UNAVAILABLE,
                       c->name);
        took = (clock_monotonic_us() - begin) / 1000;
        if (took > c->at_most_ms + 1500) { /* what a busy machine may add */
            fail_msg("%s: %ld ms", c->name, (long)took);
        }
    }
}

/* ---- the proxy, in short: nothing goes past it ----------------------------------------------- */

static void proxy__that_is_not_there__is_the_reason(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    intune_world_client(world, "\"proxy\":\"http://127.0.0.1:1\"");
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_UNAVAILABLE, "");
    assert_says(&err, "proxy", "");
    assert_calls(world, INTUNE_CLOUD_ANY, 0);
}

static void certificate__of_an_unknown_ca__is_the_reason(void **state)
{
    struct intune_world *world = *state;
    struct error err = ERROR_INIT;

    intune_world_client(world, "\"ca_file\":\"\"");
    assert_refused(intune_world_validate(world, &err), &err, REASON_INTUNE_UNAVAILABLE, "");
    assert_says(&err, "certificate", "");
    assert_calls(world, INTUNE_CLOUD_ANY, 0);
    intune_world_client(world, "\"ca_file\":\"ca.pem\""); /* relative to the data folder */
    error_clear(&err);
    assert_done(intune_world_validate(world, &err), &err, "");
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, intune_world_begin, intune_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(unauthorized__once__both_tokens_are_replaced),
        WORLD_TEST(unauthorized__again__is_told_after_two_calls),
        WORLD_TEST(right__granted_after_the_token_was_made__is_used_at_once),
        WORLD_TEST(scope__that_is_not_known__other_form_is_tried_and_remembered),
        WORLD_TEST(scope__neither_form_is_known__is_told_after_two),
        WORLD_TEST(scope__of_the_settings__is_the_only_one),
        WORLD_TEST(address__moved__is_asked_for_once),
        WORLD_TEST(address__gone_wherever_it_is__is_told_after_two),
        WORLD_TEST(address__whose_name_is_unknown__is_asked_for_once),
        WORLD_TEST(address__after_a_server_error__is_asked_for_next_time),
        WORLD_TEST(discovery__whatever_it_says__leads_to_intune_or_to_a_reason),
        WORLD_TEST(patience__as_long_as_there_is_time__once),
        WORLD_TEST(time__of_all_attempts__is_at_most_twice_the_setting),
        WORLD_TEST(proxy__that_is_not_there__is_the_reason),
        WORLD_TEST(certificate__of_an_unknown_ca__is_the_reason),
    };

    return cmocka_run_group_tests(tests, intune_world_create, intune_world_free);
}
