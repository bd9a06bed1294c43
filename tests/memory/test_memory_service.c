/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service loads and writes with memory running out: a template never comes without the
 * policy or the address list that its file names, and what could not be loaded is loaded later by
 * itself.
 */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/text.h"
#include "config/config_load.h"
#include "endpoint/endpoint_world.h"
#include "intune/intune_answer.h"
#include "mscep/ndes_page.h"
#include "policy/policy_gate.h"
#include "policy/policy_load.h"
#include "service/runtime.h"
#include "support/alloc_fail.h"

static const char policy_text[] = "{\"policy\":\"p\",\"subject\":{\"template\":\"CN=somebody\"}}";
static const char template_text[] =
    "{\"enabled\": true, \"challenge\": {\"type\": \"none\"}, \"subject\": {\"cn_patterns\": "
    "\"some*\"}, \"ip_acl\": {\"enabled\": true, \"allowed\": \"192.0.2.0/24\"}, "
    "\"policy\": {\"files\": \"p.json\"}}";

struct stage {
    struct runtime_options options;
    struct runtime *runtime;
    struct runtime *before; /* borrowed; NULL: the first load */
    struct buffer text;     /* a file, for those that read one */
    const char *name;
    struct policy_set set;
    struct buffer out;
    struct log *log;
    struct audit *audit;
    uint64_t size; /* of the log, before */
};

static struct endpoint_world world;

static int open_world(void **state)
{
    char path[FILE_PATH_MAX];
    struct error err = ERROR_INIT;

    (void)state;
    endpoint_world_open(&world);
    for (size_t i = 0; i < 2; i++) {
        test_folder_path(&world.folder, i == 0 ? "templates" : "policies", path);
        assert_done(folder_create(path, true, &err), &err, path);
    }
    test_folder_write(&world.folder, "openndes.json", "{}");
    test_folder_write(&world.folder, "policies/p.json", policy_text);
    test_folder_write(&world.folder, "templates/device.json", template_text);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    endpoint_world_close(&world);
    return 0;
}

/* ---- the runtime ----------------------------------------------------------------------------- */

static bool load(void *context, struct error *err)
{
    struct stage *s = context;

    s->runtime = runtime_load(&s->options, s->before, err);
    return s->runtime != NULL;
}

/* Whole, or broken and looked at again. */
static bool look_at(const struct runtime *runtime)
{
    struct error err = ERROR_INIT;
    const struct endpoint *device = runtime_endpoint(runtime, "device", &err);
    struct ip_address stranger;

    if (device != NULL) {
        assert_non_null(endpoint_policy(device));
        assert_int_equal(policy_gate_count(endpoint_policy(device)), 1);
        assert_done(ip_address_parse(bytes_of_text("198.51.100.1"), &stranger, &err), &err, "");
        assert_false(endpoint_acl_check(device, ACL_FACE_SCEP, &stranger, &err));
        error_clear(&err);
    }
    if (runtime_broken_count(runtime) > 0 || device == NULL) {
        assert_true(runtime_stale(runtime, world.folder.path));
        return false;
    }
    return true;
}

static void loaded(void *context, bool done)
{
    struct stage *s = context;
    struct runtime *later = NULL;
    struct error err = ERROR_INIT;

    if (!done) return;
    alloc_fail_note(look_at(s->runtime) ? "whole" : "to be looked at again");
    later = runtime_load(&s->options, s->runtime, &err);
    assert_done(later != NULL, &err, "");
    assert_true(look_at(later));
    runtime_unref(later);
    runtime_unref(s->runtime);
}

static void runtime__memory_runs_out__nothing_is_left_out(void **state)
{
    static const struct alloc_call call = { "runtime: load", load, NULL, loaded, REASON_NONE, 20 };
    struct stage s = { .options = { .data_folder = world.folder.path,
                                    .store = world.store,
                                    .mac_key =
                                        bytes_of_text("a key of 32 bytes for keyed MACs") } };

    (void)state;
    alloc_fail_calls(&call, 1, &s);
}

/* ---- policies -------------------------------------------------------------------------------- */

static bool load_policy(void *context, struct error *err)
{
    struct stage *s = context;

    return policy_load(buffer_bytes(&s->text), s->name, &s->set, err);
}

static void policy_loaded(void *context, bool done)
{
    struct stage *s = context;

    assert_true(!done || s->set.count > 0);
    policy_set_clear(&s->set);
}

static void policy__memory_runs_out__loaded_or_not(void **state)
{
    static const char *const files[] = { "full.own.json",         "full.own.xml",
                                         "full.syncml.xml",       "full.graph.json",
                                         "same.mobileconfig",     "signed.mobileconfig",
                                         "corp-device.graph.json" };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const struct alloc_call call = {
            files[i], load_policy, NULL, policy_loaded, REASON_NONE, 0
        };
        struct stage s = { .text = BUFFER_INIT(1048576), .name = files[i] };
        char path[64];

        assert_true(text_format(path, sizeof(path), "policy/%s", files[i]));
        test_fixture_read(path, &s.text);
        alloc_fail_calls(&call, 1, &s);
        buffer_clear(&s.text);
    }
}

/* ---- other texts ----------------------------------------------------------------------------- */

static bool read_config(void *context, struct error *err)
{
    struct service_config config;
    bool ok = config_load_service(world.folder.path, &config, err);

    (void)context;
    if (ok) {
        service_config_clear(&config);
    }
    return ok;
}

static bool read_template(void *context, struct error *err)
{
    struct template_config config;
    bool ok = config_load_template(world.folder.path, "device", &config, err);

    (void)context;
    if (ok) {
        assert_true(config.ip_acl.enabled);
        assert_string_equal(config.policy.files, "p.json");
        template_config_clear(&config);
    }
    return ok;
}

static bool read_no(void *context, struct error *err)
{
    static const char body[] =
        "{\"code\":\"ChallengeExpired\",\"errorDescription\":\"it has ended\"}";
    const struct intune_answer answer = { 200, "application/json", bytes_of_text(body) };

    (void)context;
    return intune_answer_action(&answer, err);
}

static bool read_yes(void *context, struct error *err)
{
    const struct intune_answer answer = { 200, "application/json",
                                          bytes_of_text("{\"code\":\"Success\"}") };

    (void)context;
    return intune_answer_action(&answer, err);
}

static bool write_page(void *context, struct error *err)
{
    struct stage *s = context;
    const struct ndes_page page = { .kind = NDES_PAGE_PASSWORD,
                                    .ca_der = bytes_of_text("a certificate"),
                                    .password = bytes_of_text("0123456789ABCDEF"),
                                    .validity_minutes = 60 };

    return ndes_page_write(&page, &s->out, err);
}

static void page_written(void *context, bool done)
{
    struct stage *s = context;

    assert_int_equal(s->out.len > 0, done);
    buffer_clear(&s->out);
}

static uint64_t size_of(const char *name)
{
    struct file_stamp stamp;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(&world.folder, name, path);
    assert_done(file_stamp(path, &stamp, &err), &err, name);
    return stamp.size;
}

static void before_audit(void *context)
{
    struct stage *s = context;

    s->size = size_of("audit.jsonl");
}

static bool write_audit(void *context, struct error *err)
{
    struct stage *s = context;
    const struct audit_record record = { .event = "enroll",
                                         .result = "issued",
                                         .request_id = "r",
                                         .subject = "CN=client",
                                         .detail = "a sentence" };

    return audit_write(s->audit, &record, err);
}

/* A record is there, or the caller knows that it is not. */
static void audited(void *context, bool done)
{
    const struct stage *s = context;

    assert_int_equal(size_of("audit.jsonl") > s->size, done);
}

static bool write_line(void *context, struct error *err)
{
    struct stage *s = context;

    (void)err;
    log_line(s->log, LOG_LEVEL_INFO, "a line of %s", "text");
    return true;
}

static void text__memory_runs_out__whole_or_not(void **state)
{
    static const struct alloc_call calls[] = {
        { "config: service", read_config, NULL, NULL, REASON_NONE, 0 },
        { "config: template", read_template, NULL, NULL, REASON_NONE, 0 },
        { "Intune says yes", read_yes, NULL, NULL, REASON_NONE, 0 },
        { "Intune says no", read_no, NULL, NULL, REASON_INTUNE_CHALLENGE_EXPIRED, 0 },
        { "NDES page", write_page, NULL, page_written, REASON_NONE, 0 },
        { "audit", write_audit, before_audit, audited, REASON_NONE, 0 },
        { "log", write_line, NULL, NULL, REASON_NONE, 0 },
    };
    const struct log_options log = { .folder = world.folder.path,
                                     .file_name = "test.log",
                                     .level = LOG_LEVEL_INFO,
                                     .file_mb = 10,
                                     .files = 2 };
    const struct audit_options audit = { .folder = world.folder.path, .file_mb = 10, .files = 2 };
    struct stage s = { .out = BUFFER_INIT(NDES_PAGE_BYTES_MAX) };
    struct error err = ERROR_INIT;

    (void)state;
    s.log = log_open(&log, &err);
    s.audit = audit_open(&audit, &err);
    assert_done(s.log != NULL && s.audit != NULL, &err, "");
    alloc_fail_calls(calls, sizeof(calls) / sizeof(calls[0]), &s);
    audit_close(s.audit);
    log_close(s.log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__memory_runs_out__whole_or_not),
        cmocka_unit_test(policy__memory_runs_out__loaded_or_not),
        cmocka_unit_test(runtime__memory_runs_out__nothing_is_left_out),
    };

    return cmocka_run_group_tests_name("memory service", tests, open_world, close_world);
}
