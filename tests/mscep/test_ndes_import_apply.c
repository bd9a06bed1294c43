/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/import_world.h"

#include <string.h>

#include "config/config_load.h"
#include "mscep/ndes_import_report.h"

static void make_templates_folder(const struct import_world *w)
{
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(&w->folder, "templates", path);
    assert_done(folder_create(path, true, &err), &err, "");
}

static void open_tuned(struct import_world *w)
{
    import_world_open_fixture(w, "ndes/tuned.reg", "{\"log\":{\"level\":\"debug\"}}");
    import_world_iis(w, "ndes/iis.config");
    import_world_plan(w);
    make_templates_folder(w);
}

static bool apply(struct import_world *w, struct error *err)
{
    return ndes_import_apply(w->plan, w->folder.path, err);
}

static void apply__plan__loads_as_planned(void **state)
{
    struct import_world w;
    struct template_config t;
    struct service_config s = { 0 };
    struct error err = ERROR_INIT;

    (void)state;
    open_tuned(&w);
    assert_done(apply(&w, &err), &err, "");
    assert_done(config_load_template(w.folder.path, "ndesdevice2022", &t, &err), &err, "");
    assert_true(t.enabled);
    assert_int_equal(t.challenge.type, CHALLENGE_TYPE_NDES);
    assert_int_equal(t.algorithms, ALGORITHM_LEVEL_COMPAT);
    assert_int_equal(t.password.length, 4);
    assert_int_equal(t.password.max, 200);
    assert_int_equal(t.password.validity_minutes, 120);
    assert_int_equal(t.password.cache_request_minutes, 10);
    assert_true(t.password.single);
    assert_true(t.password.enforce);
    template_config_clear(&t);
    assert_done(config_load_template(w.folder.path, "router-sign", &t, &err), &err, "");
    assert_string_equal(t.key_usage.allowed, "digitalSignature");
    template_config_clear(&t);
    assert_done(config_load_service(w.folder.path, &s, &err), &err, "");
    assert_true(s.ndes.enabled);
    assert_string_equal(s.ndes.general_template, "ndesdevice2022");
    assert_string_equal(s.ndes.signature_template, "router-sign");
    assert_string_equal(s.ndes.encryption_template, "router-sign.encrypt");
    assert_int_equal(s.ndes.face.caps, NDES_CAPS_STRICT);
    assert_int_equal(s.ndes.face.plain_get, NDES_PLAIN_GET_FORBIDDEN);
    assert_true(s.signin.basic);
    assert_int_equal(s.log.level, LOG_LEVEL_DEBUG); /* what stood there stays */
    service_config_clear(&s);
    import_world_close(&w);
}

/* Made by somebody else after the plan: nothing of it is lost, and openndes.json is not touched. */
static void apply__template_made_meanwhile__refused(void **state)
{
    struct import_world w;
    struct buffer text = BUFFER_INIT(65536);
    struct service_config s = { 0 };
    struct error err = ERROR_INIT;

    (void)state;
    open_tuned(&w);
    test_folder_write(&w.folder, "templates/router-sign.json", "{\"description\":\"mine\"}");
    assert_refused(apply(&w, &err), &err, REASON_TEMPLATE_EXISTS, "");
    test_folder_read(&w.folder, "templates/router-sign.json", &text);
    assert_non_null(strstr(buffer_text(&text), "mine"));
    error_clear(&err);
    assert_done(config_load_service(w.folder.path, &s, &err), &err, "");
    assert_false(s.ndes.enabled);
    service_config_clear(&s);
    buffer_clear(&text);
    import_world_close(&w);
}

/* HTTPS of the site on a port that somebody has given to HTTP here: told before a file is made. */
static void apply__openndes_json_refused__no_template_written(void **state)
{
    struct import_world w;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    (void)state;
    import_world_open_fixture(&w, "ndes/tuned.reg", "{\"listen\":\"192.0.2.10:443\"}");
    import_world_iis(&w, "ndes/iis.config");
    make_templates_folder(&w);
    w.facts.https_ready = true;
    import_world_plan(&w);
    assert_refused(ndes_import_check(w.plan, w.folder.path, &err), &err, REASON_CONFIG_CONFLICT,
                   "");
    error_clear(&err);
    assert_refused(apply(&w, &err), &err, REASON_CONFIG_CONFLICT, "");
    test_folder_path(&w.folder, "templates/ndesdevice2022.json", path);
    assert_false(file_exists(path));
    import_world_close(&w);
}

/* Without a password and without an address list: the file is loadable, the template off. */
static void apply__no_password__file_is_valid(void **state)
{
    static const struct import_value values[] = { { "GeneralPurposeTemplate", "\"Open\"" },
                                                  { "EnforcePassword", "dword:0" },
                                                  { NULL, NULL } };
    struct import_world w;
    struct template_config t;
    struct error err = ERROR_INIT;

    (void)state;
    import_world_open(&w, values, "{}");
    make_templates_folder(&w);
    import_world_plan(&w);
    assert_done(apply(&w, &err), &err, "");
    assert_done(config_load_template(w.folder.path, "open", &t, &err), &err, "");
    assert_false(t.enabled);
    assert_false(t.password.enforce);
    template_config_clear(&t);
    import_world_close(&w);
}

static void report__text__three_sections_and_an_outcome(void **state)
{
    static const struct {
        struct ndes_import_outcome outcome;
        const char *last;
    } cases[] = {
        { { "here", true, false }, "\nDry run: nothing was written.\n" },
        { { "here", false, true }, "\nWritten.\n" },
        { { "here", false, false }, "\nNothing had to be written.\n" },
    };
    struct import_world w;

    (void)state;
    open_tuned(&w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer text = BUFFER_INIT(NDES_IMPORT_REPORT_BYTES);
        struct error err = ERROR_INIT;
        const char *taken;
        const char *not_taken;
        const char *steps;

        assert_done(ndes_import_report_text(w.plan, &cases[i].outcome, &text, &err), &err, "");
        taken = strstr(buffer_text(&text), "\nTaken\n  - ");
        not_taken = strstr(buffer_text(&text), "\nNot taken\n  - ");
        steps = strstr(buffer_text(&text), "\nNext steps\n 1. ");
        assert_non_null(taken);
        assert_true(taken < not_taken && not_taken < steps);
        assert_string_equal(buffer_text(&text) + text.len - strlen(cases[i].last), cases[i].last);
        for (const char *line = buffer_text(&text); line != NULL; line = strchr(line + 1, '\n')) {
            const char *end = strchr(line + 1, '\n');

            assert_true(end == NULL || end - line <= 93);
        }
        buffer_clear(&text);
    }
    import_world_close(&w);
}

static void report__json__has_everything(void **state)
{
    struct ndes_import_outcome outcome = { "here", true, false };
    struct import_world w;
    struct error err = ERROR_INIT;
    struct json *root = NULL;
    const struct json *template = NULL;

    (void)state;
    open_tuned(&w);
    root = ndes_import_report_json(w.plan, &outcome, &err);
    assert_done(root != NULL, &err, "");
    assert_true(json_value_bool(json_value_get(root, "dry_run")));
    assert_false(json_value_bool(json_value_get(root, "written")));
    assert_int_equal(json_value_count(json_value_get(root, "templates")), 3);
    template = json_value_at(json_value_get(root, "templates"), 1);
    assert_string_equal(json_value_text(json_value_get(template, "ndes_template")), "Router Sign");
    assert_string_equal(json_value_text(json_value_get(template, "state")), "new");
    assert_string_equal(
        json_value_text(json_value_get(json_value_get(template, "settings"), "key_usage.allowed")),
        "digitalSignature");
    assert_string_equal(
        json_value_text(json_value_get(json_value_get(root, "settings"), "ndes.enabled")), "true");
    assert_int_equal(json_value_count(json_value_get(root, "taken")),
                     w.plan->notes[NDES_IMPORT_TAKEN].count);
    assert_int_equal(json_value_count(json_value_get(root, "not_taken")),
                     w.plan->notes[NDES_IMPORT_NOT_TAKEN].count);
    assert_int_equal(json_value_kind(json_value_at(json_value_get(root, "next_steps"), 0)),
                     JSON_KIND_TEXT);
    json_value_free(root);
    import_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apply__plan__loads_as_planned),
        cmocka_unit_test(apply__template_made_meanwhile__refused),
        cmocka_unit_test(apply__openndes_json_refused__no_template_written),
        cmocka_unit_test(apply__no_password__file_is_valid),
        cmocka_unit_test(report__text__three_sections_and_an_outcome),
        cmocka_unit_test(report__json__has_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
