/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags for accounts in names, behind a challenge that says nothing about names: only a policy that
 * enforces can vouch for one. A policy that looks on, or is off, opens nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "enroll/enroll_world.h"
#include "model/csr_builder.h"
#include "platform/clock.h"
#include "store/store_pending.h"

#define SID "S-1-5-21-1004336348-1177238915-682003330-500"
#define TAG "tag:microsoft.com,2022-09-14:sid:"

/* One policy with this row of names, in this mode. */
static void with_policy(struct world *world, const char *row, const char *mode)
{
    struct template_config config;
    struct policy_gate_options options = { .folder = world->folder.path,
                                           .config = &config,
                                           .url_path = "/scep/phones" };
    struct error err = ERROR_INIT;
    char text[512];

    policy_gate_free((struct policy_gate *)world->options.policy);
    template_free(world->template);
    assert_true(text_format(text, sizeof(text),
                            "{\"policy\":\"p\",\"san\":[{\"type\":\"uri\",\"template\":\"%s\"}]}",
                            row));
    test_folder_write(&world->folder, "p.json", text);
    assert_true(text_format(text, sizeof(text),
                            "{\"san\":{\"types\":[\"uri\"]},"
                            "\"policy\":{\"files\":\"p.json\",\"mode\":\"%s\"}}",
                            mode));
    assert_done(config_parse_template("test", "phones", bytes_of_text(text), &config, &err), &err,
                text);
    world->template = template_create(&config, &err);
    assert_done(world->template != NULL, &err, text);
    world->options.template = world->template;
    world->options.policy = policy_gate_create(&options, &err);
    assert_false(error_is_set(&err));
    template_config_clear(&config);
}

/* A request with this name; cleared by the caller. */
static void request_for(struct world *world, const char *uri, struct enroll_request *request)
{
    struct csr_builder builder;
    struct buffer der = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct error err = ERROR_INIT;

    world_request(world, "dev-1", "challenge", request);
    csr_clear(&request->csr);
    csr_builder_init(&builder, world->device_key);
    csr_builder_cn(&builder, "dev-1");
    csr_builder_challenge(&builder, TAG_UTF8, bytes_of_text("challenge"));
    csr_builder_san(&builder, TAG_SAN_URI, bytes_of_text(uri));
    csr_builder_der(&builder, &der);
    assert_done(csr_parse(buffer_bytes(&der), &request->csr, &err), &err, uri);
    csr_builder_clear(&builder);
    buffer_clear(&der);
}

static bool decide(struct world *world, const char *uri, struct error *err)
{
    struct enroll_request request;
    struct issuance out = ISSUANCE_INIT;
    const char *type = NULL;
    bool ok = false;

    error_clear(err);
    request_for(world, uri, &request);
    ok = world_decide(world, &request, &out, &type, err);
    issuance_clear(&out);
    world_request_clear(&request);
    return ok;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    policy_gate_free((struct policy_gate *)world->options.policy);
    return world_tear_down(state);
}

static void tag__no_policy_that_enforces__refused_in_any_spelling(void **state)
{
    static const char *const uris[] = {
        TAG SID,
        "TAG:Microsoft.com,2022-09-14:sid:" SID,
        "tag:microsoft.com,2026-01-01:sid:" SID,
        TAG "S-1-5-32-544",
        TAG "S-1-12-1-1-2-3-4",
        "https://example.com/?" TAG SID,
        "urn:x," TAG SID,
        "urn:x,TAG:microsoft.com,2022-09-14:sid:" SID,
    };
    static const char *const modes[] = { "audit", "off" };
    struct world *world = *state;
    struct error err = ERROR_INIT;

    for (size_t m = 0; m < 2; m++) {
        with_policy(world, "urn:nothing", modes[m]);
        for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
            assert_refused(decide(world, uris[i], &err), &err, REASON_SAN_VALUE, uris[i]);
        }
        assert_done(decide(world, "urn:x", &err), &err, modes[m]);
    }
}

static void tag__policy_that_enforces__the_one_it_asks_for(void **state)
{
    struct world *world = *state;
    struct error err = ERROR_INIT;

    with_policy(world, "{{OnPremisesSecurityIdentifier}}", "enforce");
    assert_done(decide(world, TAG SID, &err), &err, "as the policy says");
    assert_refused(decide(world, "TAG:microsoft.com,2022-09-14:sid:" SID, &err), &err,
                   REASON_POLICY_DENIED, "misspelled");
}

/* Neither the policy nor the validator that the template has got meanwhile has seen it now. */
static void tag__approved_and_then_other_rules__not_believed(void **state)
{
    struct world *world = *state;
    struct enroll_request request;
    struct issuance out = ISSUANCE_INIT;
    struct enroll_report report;
    struct store_pending_decision decision = {
        .id = 1, .approve = true, .by = "tester", .now = clock_now()
    };
    struct error err = ERROR_INIT;

    with_policy(world, "{{OnPremisesSecurityIdentifier}}", "enforce");
    world->options.approval.manual = true;
    world->options.approval.seconds = 86400;
    world->options.approval.max = 10;
    request_for(world, TAG SID, &request);
    assert_done(enroll_handle(&world->options, &request, &out, &report, &err), &err, "");
    assert_int_equal(out.state, ISSUANCE_PENDING);
    assert_done(store_pending_decide(world->store, &decision, &err), &err, "");
    with_policy(world, "urn:nothing", "off");
    world->options.approval.manual = false;
    world->options.challenge = world->remote;
    assert_refused(enroll_poll(&world->options, &request, &out, &report, &err), &err,
                   REASON_SAN_VALUE, "");
    assert_int_equal(world_recorded(world), 0);
    issuance_clear(&out);
    world_request_clear(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tag__no_policy_that_enforces__refused_in_any_spelling,
                                        world_set_up, tear_down),
        cmocka_unit_test_setup_teardown(tag__policy_that_enforces__the_one_it_asks_for,
                                        world_set_up, tear_down),
        cmocka_unit_test_setup_teardown(tag__approved_and_then_other_rules__not_believed,
                                        world_set_up, tear_down),
    };

    return cmocka_run_group_tests_name("enroll_sid", tests, NULL, NULL);
}
