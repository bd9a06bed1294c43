/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_sources.h"

#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "support/test_support.h"

static int set_up(void **state)
{
    static struct test_folder folder;

    test_folder_create(&folder);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    test_folder_remove(*state);
    return 0;
}

/* What a registry would hold. */
struct given {
    const struct registry_value *values;
    size_t count;
    enum reason fails; /* REASON_NONE: it can be read */
};

static bool walk(void *context, registry_visit *visit, void *visit_context, bool *found,
                 struct error *err)
{
    const struct given *given = context;

    *found = given->count > 0;
    for (size_t i = 0; i < given->count; i++) {
        if (!visit(visit_context, &given->values[i], err)) {
            return false;
        }
    }
    return given->fails == REASON_NONE || error_set(err, given->fails, "the registry");
}

#define TEXT(name, text)                                                                           \
    {                                                                                              \
        "", name, REGISTRY_TEXT, text, 0                                                           \
    }
#define NUMBER(name, number)                                                                       \
    {                                                                                              \
        "", name, REGISTRY_NUMBER, "", number                                                      \
    }
#define LIST(name, lines)                                                                          \
    {                                                                                              \
        "", name, REGISTRY_LIST, lines, 0                                                          \
    }

struct loaded {
    struct service_config config;
    struct config_sources *sources;
};

static bool try_load(const struct test_folder *folder, const char *file,
                     const struct registry_value *values, size_t count,
                     const struct service_config *previous, struct loaded *out, struct error *err)
{
    struct given given = { values, count, REASON_NONE };
    struct config_policy_source source = { walk, &given };
    struct config_sources_options options = { folder->path, &source, previous };

    test_folder_write(folder, "openndes.json", file);
    out->sources = NULL;
    return config_sources_load(&options, &out->config, &out->sources, err);
}

static void load(const struct test_folder *folder, const char *file,
                 const struct registry_value *values, size_t count,
                 const struct service_config *previous, struct loaded *out)
{
    struct error err = ERROR_INIT;

    assert_done(try_load(folder, file, values, count, previous, out, &err), &err, file);
}

static void unload(struct loaded *loaded)
{
    service_config_clear(&loaded->config);
    config_sources_free(loaded->sources);
}

struct expected {
    const char *value, *file, *policy;
    enum config_source source;
    enum reason problem;
};

static bool compare(void *context, const struct config_source_view *view, struct error *err)
{
    const struct expected *e = context;

    (void)err;
    assert_string_equal(view->value, e->value);
    assert_string_equal(config_source_name(view->source), config_source_name(e->source));
    assert_string_equal(view->file == NULL ? "-" : view->file, e->file);
    assert_string_equal(view->policy == NULL ? "-" : view->policy, e->policy);
    assert_int_equal(view->problem == NULL ? REASON_NONE : view->problem->reason, e->problem);
    return true;
}

/* file, policy: "-" when it does not have the key. */
static void check_key(const struct loaded *loaded, const char *key, const char *value,
                      enum config_source source, const char *file, const char *policy,
                      enum reason problem)
{
    struct expected e = { value, file, policy, source, problem };
    struct error err = ERROR_INIT;
    bool found = false;

    assert_done(config_sources_visit_key(loaded->sources, key, compare, &e, &found, &err), &err,
                key);
    assert_true(found);
}

static void check_problems(const struct loaded *loaded, const char *expected)
{
    struct buffer all = BUFFER_INIT(100000);
    struct error err = ERROR_INIT;
    const char *name = NULL;
    const struct error *why = NULL;

    for (size_t i = 0; config_sources_problem(loaded->sources, i, &name, &why); i++) {
        assert_done(buffer_printf(&all, &err, "%s=%s;", name, reason_id(why->reason)), &err, "");
    }
    assert_string_equal(buffer_text(&all), expected);
    buffer_clear(&all);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void load__each_type__policy_over_file_over_default(void **state)
{
    static const struct registry_value values[] = {
        TEXT("log.level", "debug"),
        NUMBER("LOG.File_MB", 20), /* names have no case */
        TEXT("log.files", " 7 "),
        NUMBER("signin.negotiate", 0),
        TEXT("signin.basic", "true"),
        TEXT("ndes.enabled", "0"),
        LIST("ip_acl.allowed", "10.0.0.0/8\n\n192.0.2.1, 2001:db8::/32\n"),
        NUMBER("ip_acl.enabled", 1),
        TEXT("trusted_proxies", "192.0.2.7"),
        TEXT("intune.ca_file", "C:\\ca.pem"),
    };
    struct loaded l;

    load(*state, "{\"log\":{\"level\":\"error\",\"files\":3},\"crl\":{\"renew_hours\":24}}", values,
         COUNT(values), NULL, &l);
    assert_int_equal(l.config.log.level, LOG_LEVEL_DEBUG);
    assert_false(l.config.signin.negotiate);
    assert_true(l.config.ip_acl.enabled);
    check_key(&l, "log.level", "debug", CONFIG_SOURCE_POLICY, "error", "debug", REASON_NONE);
    check_key(&l, "log.file_mb", "20", CONFIG_SOURCE_POLICY, "-", "20", REASON_NONE);
    check_key(&l, "log.files", "7", CONFIG_SOURCE_POLICY, "3", "7", REASON_NONE);
    check_key(&l, "signin.negotiate", "false", CONFIG_SOURCE_POLICY, "-", "false", REASON_NONE);
    check_key(&l, "signin.basic", "true", CONFIG_SOURCE_POLICY, "-", "true", REASON_NONE);
    check_key(&l, "ndes.enabled", "false", CONFIG_SOURCE_POLICY, "-", "false", REASON_NONE);
    check_key(&l, "ip_acl.allowed", "10.0.0.0/8,192.0.2.1,2001:db8::/32", CONFIG_SOURCE_POLICY, "-",
              "10.0.0.0/8,192.0.2.1, 2001:db8::/32", REASON_NONE);
    check_key(&l, "intune.ca_file", "C:\\ca.pem", CONFIG_SOURCE_POLICY, "-", "C:\\ca.pem",
              REASON_NONE);
    check_key(&l, "crl.renew_hours", "24", CONFIG_SOURCE_FILE, "24", "-", REASON_NONE);
    check_key(&l, "audit.files", "10", CONFIG_SOURCE_DEFAULT, "-", "-", REASON_NONE);
    check_problems(&l, "");
    assert_non_null(strstr(config_sources_policy_keys(l.sources), "log.level, log.file_mb"));
    unload(&l);
    config_sources_free(NULL);
    config_policy_free(NULL);
}

static void load__names_that_no_setting_has__told_and_without_effect(void **state)
{
    static char long_name[5001];
    const struct registry_value values[] = {
        TEXT("log.levle", "debug"),     TEXT("challenge.passphrase_mac", "00"),
        TEXT("signin.package", "Evil"), TEXT("", "default value"),
        TEXT(long_name, "x"),           { "Below", "log.level", REGISTRY_TEXT, "debug", 0 },
    };
    const char *name = NULL;
    const struct error *why = NULL;
    struct loaded l;

    memset(long_name, 'a', sizeof(long_name) - 1);
    load(*state, "{}", values, COUNT(values), NULL, &l);
    assert_string_equal(l.config.signin.package, "Negotiate");
    assert_int_equal(l.config.log.level, LOG_LEVEL_INFO);
    assert_true(config_sources_problem(l.sources, 0, &name, &why));
    assert_string_equal(name, "log.levle");
    assert_non_null(strstr(why->detail, "log.level"));
    assert_true(config_sources_problem(l.sources, 1, &name, &why));
    assert_non_null(strstr(why->detail, "template"));
    assert_true(config_sources_problem(l.sources, 3, &name, &why));
    assert_string_equal(name, "(Default)");
    assert_true(config_sources_problem(l.sources, 5, &name, &why));
    assert_false(config_sources_problem(l.sources, 6, &name, &why));
    assert_string_equal(config_sources_policy_keys(l.sources), "");
    unload(&l);
}

/* At the start: what restricts is closed, the rest is as the file says. */
static void load__impossible_values_at_start__safe_direction(void **state)
{
    static const struct registry_value values[] = {
        TEXT("log.level", "chatty"),
        NUMBER("log.files", 0),
        NUMBER("crl.validity_hours", 4000000000u),
        { "", "intune.tenant", REGISTRY_OTHER, "", 0 },
        TEXT("listen", "0.0.0.0;80"),
        NUMBER("ip_acl.enabled", 2),
        TEXT("ip_acl.allowed", "10.0.0.0/8,10.0.0.256,192.0.2.1"),
        TEXT("ip_acl.limit", "everything"),
        LIST("trusted_proxies", "none"),
        TEXT("ndes.allowed", "S-1-5-32-544,bad|name"),
        TEXT("signin.basic", "yes"),
        TEXT("https.min_version", "1.1"),
        NUMBER("signin.channel_binding", 1),
        LIST("management.listen", "10.0.0.1"),
    };
    struct loaded l;

    load(*state,
         "{\"log\":{\"level\":\"error\"},\"trusted_proxies\":\"10.0.0.1\","
         "\"listen\":\"127.0.0.1:8080\",\"signin\":{\"basic\":true}}",
         values, COUNT(values), NULL, &l);
    check_key(&l, "log.level", "error", CONFIG_SOURCE_FILE, "error", "chatty",
              REASON_CONFIG_BAD_VALUE);
    check_key(&l, "log.files", "5", CONFIG_SOURCE_DEFAULT, "-", "0", REASON_CONFIG_OUT_OF_RANGE);
    check_key(&l, "crl.validity_hours", "168", CONFIG_SOURCE_DEFAULT, "-", "4000000000",
              REASON_CONFIG_OUT_OF_RANGE);
    check_key(&l, "intune.tenant", "", CONFIG_SOURCE_DEFAULT, "-", "-", REASON_CONFIG_WRONG_TYPE);
    check_key(&l, "listen", "127.0.0.1:8080", CONFIG_SOURCE_FILE, "127.0.0.1:8080", "0.0.0.0;80",
              REASON_CONFIG_BAD_VALUE);
    check_key(&l, "ip_acl.enabled", "true", CONFIG_SOURCE_CLOSED, "-", "-",
              REASON_CONFIG_WRONG_TYPE);
    check_key(&l, "ip_acl.allowed", "10.0.0.0/8,192.0.2.1", CONFIG_SOURCE_CLOSED, "-",
              "10.0.0.0/8,10.0.0.256,192.0.2.1", REASON_CONFIG_BAD_VALUE);
    check_key(&l, "ip_acl.limit", "both", CONFIG_SOURCE_CLOSED, "-", "everything",
              REASON_CONFIG_BAD_VALUE);
    check_key(&l, "trusted_proxies", "", CONFIG_SOURCE_CLOSED, "10.0.0.1", "none",
              REASON_CONFIG_BAD_VALUE);
    check_key(&l, "ndes.allowed", "S-1-5-32-544", CONFIG_SOURCE_CLOSED, "-",
              "S-1-5-32-544,bad|name", REASON_CONFIG_BAD_VALUE);
    check_key(&l, "signin.basic", "false", CONFIG_SOURCE_CLOSED, "true", "yes",
              REASON_CONFIG_WRONG_TYPE);
    check_key(&l, "https.min_version", "1.3", CONFIG_SOURCE_CLOSED, "-", "1.1",
              REASON_CONFIG_BAD_VALUE);
    check_key(&l, "signin.channel_binding", "require", CONFIG_SOURCE_CLOSED, "-", "-",
              REASON_CONFIG_WRONG_TYPE);
    check_key(&l, "management.listen", "", CONFIG_SOURCE_CLOSED, "-", "10.0.0.1",
              REASON_CONFIG_BAD_VALUE);
    unload(&l);
}

static void load__impossible_values_while_running__what_is_in_force_stays(void **state)
{
    static const struct registry_value good[] = {
        TEXT("log.level", "debug"),
        TEXT("ip_acl.allowed", "10.0.0.0/8"),
        NUMBER("ip_acl.enabled", 1),
    };
    static const struct registry_value bad[] = {
        TEXT("log.level", "chatty"),
        TEXT("ip_acl.allowed", "10.0.0.0/99"),
        NUMBER("ip_acl.enabled", 1),
        NUMBER("log.files", 9),
    };
    struct loaded before;
    struct loaded after;

    load(*state, "{}", good, COUNT(good), NULL, &before);
    load(*state, "{}", bad, COUNT(bad), &before.config, &after);
    check_key(&after, "log.level", "debug", CONFIG_SOURCE_KEPT, "-", "chatty",
              REASON_CONFIG_BAD_VALUE);
    check_key(&after, "ip_acl.allowed", "10.0.0.0/8", CONFIG_SOURCE_KEPT, "-", "10.0.0.0/99",
              REASON_CONFIG_BAD_VALUE);
    check_key(&after, "log.files", "9", CONFIG_SOURCE_POLICY, "-", "9", REASON_NONE);
    check_problems(&after, "log.level=config-bad-value;ip_acl.allowed=config-bad-value;");
    unload(&before);
    unload(&after);
}

/* A value that is possible, but not together with the others. */
static void load__conflict_with_the_file__policy_gives_way_or_is_closed(void **state)
{
    static const struct registry_value crl[] = { NUMBER("crl.renew_hours", 100) };
    static const struct registry_value acl[] = { NUMBER("ip_acl.enabled", 1) };
    static const struct registry_value acl_empty[] = { TEXT("ip_acl.allowed", "") };
    static const struct registry_value basic[] = { NUMBER("basic_http.enabled", 1) };
    static const struct registry_value tenant[] = { TEXT("intune.tenant", "contoso.com") };
    static const struct registry_value listen[] = { TEXT("listen", "") };
    struct loaded l;

    load(*state, "{\"crl\":{\"validity_hours\":72,\"renew_hours\":24}}", crl, 1, NULL, &l);
    check_key(&l, "crl.renew_hours", "24", CONFIG_SOURCE_FILE, "24", "100", REASON_CONFIG_CONFLICT);
    check_key(&l, "crl.validity_hours", "72", CONFIG_SOURCE_FILE, "72", "-", REASON_NONE);
    unload(&l);
    load(*state, "{}", acl, 1, NULL, &l);
    check_key(&l, "ip_acl.enabled", "true", CONFIG_SOURCE_CLOSED, "-", "true",
              REASON_CONFIG_CONFLICT);
    check_key(&l, "ip_acl.allowed", "127.0.0.1,::1", CONFIG_SOURCE_CLOSED, "-", "-", REASON_NONE);
    unload(&l);
    load(*state, "{\"ip_acl\":{\"enabled\":true,\"allowed\":\"10.0.0.0/8\"}}", acl_empty, 1, NULL,
         &l);
    check_key(&l, "ip_acl.allowed", "127.0.0.1,::1", CONFIG_SOURCE_CLOSED, "10.0.0.0/8", "",
              REASON_CONFIG_CONFLICT);
    unload(&l);
    load(*state, "{}", basic, 1, NULL, &l);
    check_key(&l, "basic_http.enabled", "false", CONFIG_SOURCE_CLOSED, "-", "true",
              REASON_CONFIG_CONFLICT);
    unload(&l);
    load(*state, "{}", tenant, 1, NULL, &l);
    check_key(&l, "intune.tenant", "", CONFIG_SOURCE_DEFAULT, "-", "contoso.com",
              REASON_CONFIG_CONFLICT);
    unload(&l);
    load(*state, "{\"listen\":\"127.0.0.1:8080\"}", listen, 1, NULL, &l);
    check_key(&l, "listen", "127.0.0.1:8080", CONFIG_SOURCE_FILE, "127.0.0.1:8080", "",
              REASON_CONFIG_CONFLICT);
    unload(&l);
}

/* Basic sign-in is forbidden by the policy; the file cannot hold that off with a setting on top. */
static void load__policy_closes_what_the_file_needs_open__closed(void **state)
{
    static const char file[] = "{\"signin\":{\"basic\":true},\"basic_http\":{\"enabled\":true}}";
    static const struct registry_value basic[] = { NUMBER("signin.basic", 0) };
    static const struct registry_value both[] = { NUMBER("signin.basic", 0),
                                                  NUMBER("basic_http.enabled", 1) };
    struct loaded before;
    struct loaded l;

    load(*state, file, NULL, 0, NULL, &before);
    check_key(&before, "basic_http.enabled", "true", CONFIG_SOURCE_FILE, "true", "-", REASON_NONE);
    load(*state, file, basic, 1, &before.config, &l);
    check_key(&l, "signin.basic", "false", CONFIG_SOURCE_POLICY, "true", "false", REASON_NONE);
    check_key(&l, "basic_http.enabled", "false", CONFIG_SOURCE_CLOSED, "true", "-", REASON_NONE);
    check_problems(&l, "");
    unload(&l);
    load(*state, file, basic, 1, NULL, &l);
    check_key(&l, "signin.basic", "false", CONFIG_SOURCE_POLICY, "true", "false", REASON_NONE);
    check_key(&l, "basic_http.enabled", "false", CONFIG_SOURCE_CLOSED, "true", "-", REASON_NONE);
    unload(&l);
    load(*state, file, both, 2, &before.config, &l);
    check_key(&l, "signin.basic", "false", CONFIG_SOURCE_POLICY, "true", "false", REASON_NONE);
    check_key(&l, "basic_http.enabled", "false", CONFIG_SOURCE_CLOSED, "true", "true",
              REASON_CONFIG_CONFLICT);
    unload(&l);
    unload(&before);
}

/* The file's own conflict is an error as ever, unless a policy mends it. */
static void load__broken_file__as_without_policy(void **state)
{
    static const struct registry_value level[] = { TEXT("log.level", "debug") };
    static const struct registry_value list[] = { TEXT("ip_acl.allowed", "10.0.0.0/8") };
    struct error err = ERROR_INIT;
    struct loaded l;

    assert_refused(try_load(*state, "{\"ip_acl\":{\"enabled\":true}}", level, 1, NULL, &l, &err),
                   &err, REASON_CONFIG_CONFLICT, "");
    assert_non_null(strstr(err.detail, "openndes.json:1: ip_acl.enabled"));
    assert_null(l.config.listen);
    error_clear(&err);
    load(*state, "{\"ip_acl\":{\"enabled\":true}}", list, 1, NULL, &l);
    check_key(&l, "ip_acl.allowed", "10.0.0.0/8", CONFIG_SOURCE_POLICY, "-", "10.0.0.0/8",
              REASON_NONE);
    unload(&l);
    assert_refused(try_load(*state, "{\"log\":{\"levle\":1}}", level, 1, NULL, &l, &err), &err,
                   REASON_CONFIG_UNKNOWN_KEY, "");
}

static void load__registry_unreadable__error(void **state)
{
    const struct test_folder *folder = *state;
    struct given given = { NULL, 0, REASON_NOT_PERMITTED };
    struct config_policy_source source = { walk, &given };
    struct config_sources_options options = { folder->path, &source, NULL };
    struct service_config config;
    struct error err = ERROR_INIT;

    test_folder_write(folder, "openndes.json", "{}");
    assert_refused(config_sources_load(&options, &config, NULL, &err), &err, REASON_NOT_PERMITTED,
                   "");
    assert_non_null(strstr(err.detail, "Group Policy"));
    assert_null(config.listen);
}

static bool count_key(void *context, const struct config_source_view *view, struct error *err)
{
    size_t *left = context;

    assert_false(view->key->internal);
    assert_string_equal(view->value, view->key->default_text);
    assert_int_equal(view->source, CONFIG_SOURCE_DEFAULT);
    return --*left > 0 || error_set(err, REASON_SYNTAX, "enough");
}

static void visit__every_key_but_internal_ones__stops_when_told(void **state)
{
    struct error err = ERROR_INIT;
    size_t left = SIZE_MAX;
    bool found = true;
    struct loaded l;

    load(*state, "{}", NULL, 0, NULL, &l);
    assert_done(config_sources_visit(l.sources, count_key, &left, &err), &err, "");
    assert_true(SIZE_MAX - left > 50);
    left = 3;
    assert_refused(config_sources_visit(l.sources, count_key, &left, &err), &err, REASON_SYNTAX,
                   "");
    error_clear(&err);
    assert_done(
        config_sources_visit_key(l.sources, "signin.package", count_key, &left, &found, &err), &err,
        "");
    assert_false(found);
    unload(&l);
}

/* A policy is taken away and set anew: what was written a moment ago is not complete yet. */
static void changed__just_written_or_gone__at_the_second_look(void **state)
{
    const struct registry_stamp loaded = { 10000000, 3 };
    const struct registry_stamp later = { 20000000, 3 }; /* at 2000 ms */
    const struct registry_stamp fewer = { 10000000, 2 };
    const struct registry_stamp gone = { 0, 0 };
    struct registry_stamp look = { 0, 0 };

    (void)state;
    assert_false(config_policy_changed(&loaded, &loaded, 99000, &look));
    assert_false(config_policy_changed(&loaded, &later, 2010, &look));
    assert_true(config_policy_changed(&loaded, &later, 2020, &look));
    look = gone;
    assert_true(config_policy_changed(&loaded, &later, 2500, &look));
    assert_true(config_policy_changed(&loaded, &fewer, 2500, &look));
    look = loaded;
    assert_false(config_policy_changed(&loaded, &gone, 99000, &look));
    assert_true(config_policy_changed(&loaded, &gone, 99000, &look));
    /* a clock that was set back */
    look = loaded;
    assert_false(config_policy_changed(&loaded, &later, 5, &look));
    assert_true(config_policy_changed(&loaded, &later, 6, &look));
    assert_false(config_policy_changed(&gone, &gone, 7, &look));
}

static void settled__just_written__no(void **state)
{
    const struct registry_stamp written = { 20000000, 3 }; /* 2 s */
    const struct registry_stamp gone = { 0, 0 };

    (void)state;
    assert_false(config_policy_settled(&written, 2000));
    assert_false(config_policy_settled(&written, 2399));
    assert_true(config_policy_settled(&written, 2400));
    assert_true(config_policy_settled(&written, 1000)); /* a clock that was set back */
    assert_true(config_policy_settled(&gone, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(load__each_type__policy_over_file_over_default, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(load__names_that_no_setting_has__told_and_without_effect,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(load__impossible_values_at_start__safe_direction, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            load__impossible_values_while_running__what_is_in_force_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(load__conflict_with_the_file__policy_gives_way_or_is_closed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(load__policy_closes_what_the_file_needs_open__closed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(load__broken_file__as_without_policy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(load__registry_unreadable__error, set_up, tear_down),
        cmocka_unit_test(changed__just_written_or_gone__at_the_second_look),
        cmocka_unit_test(settled__just_written__no),
        cmocka_unit_test_setup_teardown(visit__every_key_but_internal_ones__stops_when_told, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("config_sources", tests, NULL, NULL);
}
