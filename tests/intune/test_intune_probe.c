/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_world.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

#define DAY 86400
#define TOLD_MAX 8192

/* "ok credential: text\n" for each step. */
struct told {
    char text[TOLD_MAX];
    unsigned stop_at; /* visits; 0: never */
    unsigned count;
    enum reason reason; /* of the first error */
};

static bool visit(void *context, const struct intune_probe_finding *finding, struct error *err)
{
    static const char *const words[] = {
        [INTUNE_PROBE_OK] = "ok", [INTUNE_PROBE_WARNING] = "warning", [INTUNE_PROBE_ERROR] = "error"
    };
    struct told *told = context;
    size_t len = strlen(told->text);

    assert_true((finding->level == INTUNE_PROBE_ERROR) == (finding->reason != REASON_NONE));
    assert_true(text_format(told->text + len, TOLD_MAX - len, "%s %s: %s\n", words[finding->level],
                            finding->step, finding->text));
    if (told->reason == REASON_NONE) {
        told->reason = finding->reason;
    }
    told->count++;
    return told->count != told->stop_at || error_set(err, REASON_INTERNAL, "enough");
}

static struct told probe(struct intune_world *world, struct bytes csr,
                         enum intune_probe_level expected)
{
    struct told told = { "", 0, 0, REASON_NONE };
    enum intune_probe_level worst = INTUNE_PROBE_OK;
    struct error err = ERROR_INIT;

    assert_done(intune_probe(world->client, csr, visit, &told, &worst, &err), &err, "");
    if (worst != expected) {
        fail_msg("worst level %d:\n%s", (int)worst, told.text);
    }
    assert_null(strstr(told.text, INTUNE_CLOUD_SECRET));
    return told;
}

static void assert_told(const struct told *told, const char *words)
{
    if (strstr(told->text, words) == NULL) {
        fail_msg("\"%s\" is not in\n%s", words, told->text);
    }
}

static void assert_not_told(const struct told *told, const char *words)
{
    if (strstr(told->text, words) != NULL) {
        fail_msg("\"%s\" is in\n%s", words, told->text);
    }
}

static void probe__good_set_up__every_step_is_ok(void **state)
{
    struct intune_world *world = *state;
    struct buffer csr = BUFFER_INIT(32768);
    struct told told;

    intune_world_csr(world, &csr);
    told = probe(world, buffer_bytes(&csr), INTUNE_PROBE_OK);
    assert_told(&told, "ok credential: ");
    assert_told(&told, "ok proxy: No proxy");
    assert_told(&told, "ok token: ");
    assert_told(&told, "ok graph-token: ");
    assert_told(&told, "ok discovery: Requests are checked at https://localhost");
    assert_told(&told, "ok rights: ");
    assert_told(&told, "ok credential: Graph says: the client secret ends on ");
    assert_told(&told, "ok clock: ");
    assert_told(&told, "ok validate: Intune accepts the request (client-request-id ");
    assert_calls(world, INTUNE_CLOUD_VALIDATE, 1);
    told = probe(world, bytes_of(NULL, 0), INTUNE_PROBE_OK); /* nothing is kept between two */
    assert_not_told(&told, "validate");
    assert_calls(world, INTUNE_CLOUD_VALIDATE, 1);
    assert_true(intune_cloud_count(world->cloud, INTUNE_CLOUD_ENDPOINTS) >= 2);
    buffer_clear(&csr);
}

static void probe__rights__say_what_to_click(void **state)
{
    struct intune_world *world = *state;
    struct told told;

    intune_world_rights(world, false, true);
    told = probe(world, bytes_of(NULL, 0), INTUNE_PROBE_ERROR);
    assert_told(&told, "error discovery: Add the Microsoft Graph application permission "
                       "Application.Read.All");
    intune_world_rights(world, true, false);
    told = probe(world, bytes_of(NULL, 0), INTUNE_PROBE_ERROR);
    assert_told(&told, "error discovery: ");
    assert_told(&told, "scep_challenge_provider");
    assert_told(&told, "Grant admin consent");
}

static void probe__no_token__goes_on_as_far_as_it_makes_sense(void **state)
{
    struct intune_world *world = *state;
    struct told told;

    intune_world_behave(world, INTUNE_CLOUD_TOKEN_INTUNE, INTUNE_CLOUD_ENTRA, "AADSTS7000222", 0,
                        0);
    told = probe(world, bytes_of_text("x"), INTUNE_PROBE_ERROR);
    assert_told(&told, "error token: ");
    assert_int_equal(told.reason, REASON_INTUNE_CREDENTIAL);
    assert_told(&told, "ok graph-token: ");
    assert_told(&told, "ok discovery: ");
    assert_not_told(&told, "validate");
    intune_world_client(world, "\"proxy\":\"http://127.0.0.1:1\"");
    told = probe(world, bytes_of(NULL, 0), INTUNE_PROBE_ERROR);
    assert_told(&told, "error proxy: ");
    assert_int_equal(told.reason, REASON_INTUNE_UNAVAILABLE); /* as a request would be refused */
    assert_told(&told, "error token: The same as \"proxy\".");
    assert_told(&told, "error graph-token: The same as \"proxy\".");
    assert_not_told(&told, "discovery");
    assert_not_told(&told, "clock");
}

static void probe__clock_that_is_off__is_told(void **state)
{
    struct intune_world *world = *state;
    struct told told;

    intune_world_behave(world, INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_DATE, "", 120, 0);
    told = probe(world, bytes_of(NULL, 0), INTUNE_PROBE_WARNING);
    assert_told(&told, "warning clock: ");
    assert_told(&told, "seconds behind");
    intune_cloud_reset(world->cloud);
    intune_world_behave(world, INTUNE_CLOUD_TOKEN, INTUNE_CLOUD_DATE, "", -3600, 0);
    told = probe(world, bytes_of(NULL, 0), INTUNE_PROBE_ERROR);
    assert_told(&told, "error clock: ");
    assert_told(&told, "seconds ahead");
}

static void probe__request_that_is_refused__is_told_with_its_code(void **state)
{
    struct intune_world *world = *state;
    struct buffer csr = BUFFER_INIT(32768);
    struct told told;

    intune_world_csr(world, &csr);
    assert_true(intune_cloud_code(world->cloud, INTUNE_CLOUD_VALIDATE, "ChallengeExpired", 1));
    told = probe(world, buffer_bytes(&csr), INTUNE_PROBE_WARNING); /* an old request: of course */
    assert_told(&told, "warning validate: Intune can be asked");
    assert_true(intune_cloud_code(world->cloud, INTUNE_CLOUD_VALIDATE, "SubjectNameMismatch", 1));
    told = probe(world, buffer_bytes(&csr), INTUNE_PROBE_ERROR);
    assert_told(&told, "error validate: Intune answered SubjectNameMismatch");
    buffer_clear(&csr);
}

static void probe__visit_that_says_no__ends_it(void **state)
{
    struct intune_world *world = *state;
    struct told told = { "", 2, 0, REASON_NONE };
    enum intune_probe_level worst = INTUNE_PROBE_OK;
    struct error err = ERROR_INIT;

    assert_refused(intune_probe(world->client, bytes_of(NULL, 0), visit, &told, &worst, &err), &err,
                   REASON_INTERNAL, "");
    assert_int_equal(told.count, 2);
}

/* ---- the credential's end -------------------------------------------------------------------- */

static void end__of_the_settings__is_believed(void **state)
{
    struct intune_world *world = *state;
    struct told told;

    intune_world_client(world, "\"secret_expires\":\"2031-05-31\"");
    assert_int_equal(intune_credential_end(world->client, clock_now()), 1937952000);
    assert_calls(world, INTUNE_CLOUD_ANY, 0);
    intune_world_client(world, "\"secret_expires\":\"2001-01-01\"");
    told = probe(world, bytes_of(NULL, 0), INTUNE_PROBE_ERROR);
    assert_told(&told, "error credential: The client secret has ended on 2001-01-01");
}

static void end__of_graph__is_asked_for_once_a_day(void **state)
{
    struct intune_world *world = *state;
    struct intune_cloud_settings settings;
    int64_t now = clock_now();

    intune_cloud_settings(world->cloud, &settings);
    settings.secret_ends = now + 30 * DAY;
    intune_cloud_set(world->cloud, &settings);
    assert_int_equal(intune_credential_end(world->client, now), now + 30 * DAY);
    assert_int_equal(intune_credential_end(world->client, now + DAY - 1), now + 30 * DAY);
    assert_calls(world, INTUNE_CLOUD_APPLICATION, 1);
    settings.secret_ends = now + 400 * DAY;
    intune_cloud_set(world->cloud, &settings);
    assert_int_equal(intune_credential_end(world->client, now + DAY), now + 400 * DAY);
    assert_calls(world, INTUNE_CLOUD_APPLICATION, 2);
}

static void end__that_graph_does_not_tell__is_not_known_and_not_asked_again(void **state)
{
    struct intune_world *world = *state;
    int64_t now = clock_now();

    assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_APPLICATION, 403, 0));
    assert_int_equal(intune_credential_end(world->client, now), 0);
    assert_int_equal(intune_credential_end(world->client, now + 1), 0);
    assert_calls(world, INTUNE_CLOUD_APPLICATION, 1);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, intune_world_begin, intune_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(probe__good_set_up__every_step_is_ok),
        WORLD_TEST(probe__rights__say_what_to_click),
        WORLD_TEST(probe__no_token__goes_on_as_far_as_it_makes_sense),
        WORLD_TEST(probe__clock_that_is_off__is_told),
        WORLD_TEST(probe__request_that_is_refused__is_told_with_its_code),
        WORLD_TEST(probe__visit_that_says_no__ends_it),
        WORLD_TEST(end__of_the_settings__is_believed),
        WORLD_TEST(end__of_graph__is_asked_for_once_a_day),
        WORLD_TEST(end__that_graph_does_not_tell__is_not_known_and_not_asked_again),
    };

    return cmocka_run_group_tests(tests, intune_world_create, intune_world_free);
}
