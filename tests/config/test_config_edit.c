/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_edit.h"
#include "config/config_load.h"
#include "platform/files.h"
#include "platform/threads.h"
#include "support/test_support.h"

#define FILE_NAME "templates/device.json"
#define SAVERS 8u
#define X16 "0123456789abcdef"
#define X64 X16 X16 X16 X16

struct fixture {
    struct test_folder folder;
    char path[FILE_PATH_MAX];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct error err = ERROR_INIT;
    char templates[FILE_PATH_MAX];

    assert_non_null(f);
    test_folder_create(&f->folder);
    test_folder_path(&f->folder, "templates", templates);
    assert_done(folder_create(templates, true, &err), &err, "");
    test_folder_path(&f->folder, FILE_NAME, f->path);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    test_folder_remove(&f->folder);
    free(f);
    return 0;
}

/* The file holds exactly this text. */
static void check_file(const struct fixture *f, const char *name, const char *text)
{
    struct buffer found = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);

    test_folder_read(&f->folder, name, &found);
    assert_string_equal(buffer_text(&found), text);
    buffer_clear(&found);
}

static bool count_entry(void *context, const char *name, bool is_folder, struct error *err)
{
    (void)name;
    (void)is_folder;
    (void)err;
    (*(size_t *)context)++;
    return true;
}

/* Files in "templates", so that a test sees leftovers. */
static size_t count_files(const struct fixture *f)
{
    struct error err = ERROR_INIT;
    size_t count = 0;
    char path[FILE_PATH_MAX];

    test_folder_path(&f->folder, "templates", path);
    assert_done(folder_list(path, 100, count_entry, &count, &err), &err, "");
    return count;
}

static struct config_edit *open_template(const struct fixture *f)
{
    struct error err = ERROR_INIT;
    struct config_edit *edit = config_edit_open(CONFIG_SCOPE_TEMPLATE, f->path, &err);

    if (edit == NULL) {
        fail_msg("%s", err.detail);
    }
    return edit;
}

static void set(struct config_edit *edit, const char *key, const char *value)
{
    struct error err = ERROR_INIT;

    if (!config_edit_set(edit, key, value, true, &err)) {
        fail_msg("%s=%s: %s", key, value, err.detail);
    }
}

/* ---- setting and reading back ---------------------------------------------------------------- */

static void set__missing_file__makes_one(void **state)
{
    struct fixture *f = *state;
    struct config_edit *edit = open_template(f);
    struct error err = ERROR_INIT;

    set(edit, "ca", "issuing");
    set(edit, "validity.days", "90");
    set(edit, "validity.backdate_minutes", "0");
    set(edit, "san.wildcards", "true");
    set(edit, "eku", "clientAuth, serverAuth");
    assert_false(file_exists(f->path));
    if (!config_edit_save(edit, "device", true, &err)) {
        fail_msg("%s", err.detail);
    }
    config_edit_close(edit);
    check_file(f, FILE_NAME,
               "{\n"
               "  \"ca\": \"issuing\",\n"
               "  \"validity\": {\n"
               "    \"days\": 90,\n"
               "    \"backdate_minutes\": 0\n"
               "  },\n"
               "  \"san\": {\n"
               "    \"wildcards\": true\n"
               "  },\n"
               "  \"eku\": \"clientAuth,serverAuth\"\n"
               "}\n");
}

static void set__existing_file__keeps_order_and_the_rest(void **state)
{
    struct fixture *f = *state;
    struct config_edit *edit = NULL;
    struct error err = ERROR_INIT;

    test_folder_write(&f->folder, FILE_NAME,
                      "\xef\xbb\xbf{\"repeat_hours\":1,\"validity\":{\"days\":5},"
                      "\"ip_acl\":{\"allowed\":[\"10.0.0.1\"]},\"description\":"
                      "\"Ger\xc3\xa4te\",\"ca\":\"a\"}");
    edit = open_template(f);
    set(edit, "ip_acl.allowed", "10.0.0.2,2001:db8::/32");
    set(edit, "repeat_hours", "2");
    set(edit, "validity.backdate_minutes", "7");
    assert_true(config_edit_save(edit, "device", false, &err));
    config_edit_close(edit);
    check_file(f, FILE_NAME,
               "{\n"
               "  \"repeat_hours\": 2,\n"
               "  \"validity\": {\n"
               "    \"days\": 5,\n"
               "    \"backdate_minutes\": 7\n"
               "  },\n"
               "  \"ip_acl\": {\n"
               "    \"allowed\": [\n"
               "      \"10.0.0.2\",\n"
               "      \"2001:db8::/32\"\n"
               "    ]\n"
               "  },\n"
               "  \"description\": \"Ger\xc3\xa4te\",\n"
               "  \"ca\": \"a\"\n"
               "}\n");
}

static void get__every_type__as_typed(void **state)
{
    static const struct {
        const char *key, *value, *expected;
    } cases[] = {
        { "enabled", "false", "false" },          { "san.max", "7", "7" },
        { "algorithms", "compat", "compat" },     { "description", "a, b", "a, b" },
        { "san.types", "dns, upn", "dns,upn" },   { "san.dns_patterns", "", "" },
        { "getcacert.root", "true", "true" },     { "challenge.type", "static", "static" },
        { "challenge.passphrase_mac", X64, X64 },
    };
    struct fixture *f = *state;
    struct config_edit *edit = open_template(f);
    struct buffer out = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool found = true;

        buffer_reset(&out);
        assert_true(config_edit_get(edit, cases[i].key, &out, &found, &err));
        assert_false(found);
        assert_int_equal(out.len, 0);
        set(edit, cases[i].key, cases[i].value);
        assert_true(config_edit_get(edit, cases[i].key, &out, &found, &err));
        assert_true(found);
        assert_string_equal(buffer_text(&out), cases[i].expected);
    }
    buffer_clear(&out);
    config_edit_close(edit);
}

static void set__refused_values__leave_the_document(void **state)
{
    static const struct {
        const char *key, *value;
        bool allow_internal;
        enum reason reason;
        const char *begins;
    } cases[] = {
        { "validity.day", "5", true, REASON_CONFIG_UNKNOWN_KEY,
          "validity.day: unknown key; did you mean \"validity.days\"?" },
        { "validity", "5", true, REASON_CONFIG_UNKNOWN_KEY, "validity: a group of keys" },
        { "listen", "0.0.0.0:80", true, REASON_CONFIG_UNKNOWN_KEY, "listen: unknown key here" },
        { "", "5", true, REASON_CONFIG_UNKNOWN_KEY, ": unknown key" },
        { "a\nb", "5", true, REASON_CONFIG_UNKNOWN_KEY, "a\\x0ab: unknown key" },
        { "enabled", "yes", true, REASON_CONFIG_WRONG_TYPE, "enabled: expected true or false" },
        { "validity.days", "0", true, REASON_CONFIG_OUT_OF_RANGE, "validity.days: 0 is out" },
        { "eku", "nothing", true, REASON_CONFIG_BAD_VALUE, "eku: \"nothing\" is not an ext" },
        { "challenge.passphrase_mac", X64, false, REASON_CONFIG_BAD_VALUE,
          "challenge.passphrase_mac: written by a command" },
        { "challenge.passphrase_mac", "short", true, REASON_CONFIG_BAD_VALUE,
          "challenge.passphrase_mac: not 64" },
    };
    struct fixture *f = *state;
    struct config_edit *edit = open_template(f);
    struct buffer out = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        error_clear(&err);
        if (config_edit_set(edit, cases[i].key, cases[i].value, cases[i].allow_internal, &err)) {
            fail_msg("%s=%s is taken", cases[i].key, cases[i].value);
        }
        if (err.reason != cases[i].reason
            || strncmp(err.detail, cases[i].begins, strlen(cases[i].begins)) != 0) {
            fail_msg("%s=%s: %s: %s", cases[i].key, cases[i].value, reason_id(err.reason),
                     err.detail);
        }
    }
    error_clear(&err);
    assert_true(config_edit_print(edit, &out, &err));
    assert_string_equal(buffer_text(&out), "{}\n");
    buffer_clear(&out);
    config_edit_close(edit);
}

static void set__group_that_is_no_object__is_refused(void **state)
{
    struct fixture *f = *state;
    struct config_edit *edit = NULL;
    struct error err = ERROR_INIT;
    struct buffer out = BUFFER_INIT(4096);
    bool found = false;

    test_folder_write(&f->folder, FILE_NAME, "{\"san\": 5, \"ca\": 7}");
    edit = open_template(f);
    assert_false(config_edit_set(edit, "san.max", "5", true, &err));
    assert_int_equal(err.reason, REASON_CONFIG_WRONG_TYPE);
    error_clear(&err);
    assert_false(config_edit_get(edit, "san.max", &out, &found, &err));
    assert_int_equal(err.reason, REASON_CONFIG_WRONG_TYPE);
    error_clear(&err);
    assert_false(config_edit_get(edit, "ca", &out, &found, &err));
    assert_int_equal(err.reason, REASON_CONFIG_WRONG_TYPE);
    error_clear(&err);
    set(edit, "ca", "repaired");
    assert_true(config_edit_get(edit, "ca", &out, &found, &err));
    assert_string_equal(buffer_text(&out), "repaired");
    buffer_clear(&out);
    config_edit_close(edit);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void open__broken_files__are_refused(void **state)
{
    static const struct {
        const char *text;
        enum reason reason;
    } cases[] = {
        { "", REASON_CONFIG_SYNTAX },
        { "{", REASON_CONFIG_SYNTAX },
        { "[]", REASON_CONFIG_WRONG_TYPE },
        { "{\"a\": 1, \"a\": 2}", REASON_CONFIG_DUPLICATE_KEY },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = ERROR_INIT;

        test_folder_write(&f->folder, FILE_NAME, cases[i].text);
        assert_null(config_edit_open(CONFIG_SCOPE_TEMPLATE, f->path, &err));
        assert_int_equal(err.reason, cases[i].reason);
        assert_non_null(strstr(err.detail, "device.json"));
    }
    config_edit_close(NULL);
}

static void open__path_too_long_or_a_folder__is_refused(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX + 1];

    memset(path, 'a', sizeof(path));
    path[FILE_PATH_MAX] = '\0';
    assert_null(config_edit_open(CONFIG_SCOPE_TEMPLATE, path, &err));
    assert_int_equal(err.reason, REASON_CONFIG_UNREADABLE);
    error_clear(&err);
    assert_null(config_edit_open(CONFIG_SCOPE_TEMPLATE, f->folder.path, &err));
    assert_int_equal(err.reason, REASON_CONFIG_UNREADABLE);
}

/* ---- saving ---------------------------------------------------------------------------------- */

static void save__result_that_cannot_load__leaves_the_file(void **state)
{
    static const char before[] = "{\"validity\":{\"days\":5}}";
    static const struct {
        const char *key, *value;
        enum reason reason;
        const char *says;
    } cases[] = {
        { "enabled", "true", REASON_CONFIG_CONFLICT, "device.json:5: enabled: " },
        { "challenge.type", "none", REASON_CONFIG_CONFLICT, "challenge.type: none" },
        { "algorithms", "legacy", REASON_CONFIG_CONFLICT, "algorithms: legacy" },
        { "key.rsa_min_bits", "1024", REASON_CONFIG_CONFLICT, "key.rsa_min_bits: 1024" },
    };
    struct fixture *f = *state;

    test_folder_write(&f->folder, FILE_NAME, before);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_edit *edit = open_template(f);
        struct error err = ERROR_INIT;

        set(edit, cases[i].key, cases[i].value);
        assert_false(config_edit_save(edit, "device", false, &err));
        if (err.reason != cases[i].reason || strstr(err.detail, cases[i].says) == NULL) {
            fail_msg("%s: %s", reason_id(err.reason), err.detail);
        }
        config_edit_close(edit);
        check_file(f, FILE_NAME, before);
        assert_int_equal(count_files(f), 1);
    }
}

static void save__unknown_key_in_the_file__is_refused_and_kept(void **state)
{
    static const char before[] = "{\"mine\": 1}";
    struct fixture *f = *state;
    struct config_edit *edit = NULL;
    struct error err = ERROR_INIT;

    test_folder_write(&f->folder, FILE_NAME, before);
    edit = open_template(f);
    set(edit, "ca", "a");
    assert_false(config_edit_save(edit, "device", false, &err));
    assert_int_equal(err.reason, REASON_CONFIG_UNKNOWN_KEY);
    config_edit_close(edit);
    check_file(f, FILE_NAME, before);
}

static void save__bad_or_missing_template_name__is_refused(void **state)
{
    struct fixture *f = *state;
    struct config_edit *edit = open_template(f);
    struct error err = ERROR_INIT;

    assert_false(config_edit_save(edit, "Con", false, &err));
    assert_int_equal(err.reason, REASON_TEMPLATE_NAME);
    error_clear(&err);
    assert_false(config_edit_save(edit, NULL, false, &err));
    assert_int_equal(err.reason, REASON_INTERNAL);
    config_edit_close(edit);
    assert_int_equal(count_files(f), 0);
}

static void save__folder_missing__is_refused(void **state)
{
    struct fixture *f = *state;
    struct config_edit *edit = NULL;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_path(&f->folder, "none/device.json", path);
    edit = config_edit_open(CONFIG_SCOPE_TEMPLATE, path, &err);
    assert_non_null(edit);
    assert_false(config_edit_save(edit, "device", false, &err));
    assert_int_equal(error_kind(&err), ERROR_IO);
    error_clear(&err);
    assert_false(config_edit_save(edit, "device", true, &err));
    assert_int_equal(error_kind(&err), ERROR_IO);
    config_edit_close(edit);
}

static void save__must_be_new_and_there__keeps_the_first(void **state)
{
    static const char before[] = "{}";
    struct fixture *f = *state;
    struct config_edit *edit = open_template(f);
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    test_folder_write(&f->folder, FILE_NAME, before); /* after opening: the race */
    set(edit, "ca", "late");
    assert_false(config_edit_save(edit, "device", true, &err));
    assert_int_equal(err.reason, REASON_TEMPLATE_EXISTS);
    config_edit_close(edit);
    check_file(f, FILE_NAME, before);
    assert_int_equal(count_files(f), 1);

    error_clear(&err);
    test_folder_write(&f->folder, "openndes.json", before);
    test_folder_path(&f->folder, "openndes.json", path);
    edit = config_edit_open(CONFIG_SCOPE_SERVICE, path, &err);
    assert_non_null(edit);
    assert_false(config_edit_save(edit, NULL, true, &err));
    assert_int_equal(err.reason, REASON_DATA_FOLDER_EXISTS);
    set(edit, "listen", "127.0.0.1:8080");
    error_clear(&err);
    assert_true(config_edit_save(edit, NULL, false, &err));
    config_edit_close(edit);
    check_file(f, "openndes.json", "{\n  \"listen\": \"127.0.0.1:8080\"\n}\n");
}

/* One of several who create the same template at once. */
struct saver {
    pthread_t thread;
    const struct fixture *fixture;
    pthread_barrier_t *start;
    unsigned number;
    bool saved;
    struct error err;
};

static void *save_as_new(void *context)
{
    struct saver *s = context;
    struct config_edit *edit = config_edit_open(CONFIG_SCOPE_TEMPLATE, s->fixture->path, &s->err);
    char hours[16];
    bool ready = edit != NULL && text_format(hours, sizeof(hours), "%u", s->number)
                 && config_edit_set(edit, "repeat_hours", hours, false, &s->err);

    (void)pthread_barrier_wait(s->start); /* also when not ready: the others wait */
    s->saved = ready && config_edit_save(edit, "device", true, &s->err);
    config_edit_close(edit);
    return NULL;
}

static void save__several_must_be_new_at_once__one_wins(void **state)
{
    struct fixture *f = *state;
    struct saver savers[SAVERS];
    struct template_config t;
    struct error err = ERROR_INIT;
    pthread_barrier_t start;
    unsigned winners = 0;
    unsigned winner = 0;

    assert_int_equal(pthread_barrier_init(&start, NULL, SAVERS), 0);
    for (unsigned i = 0; i < SAVERS; i++) {
        savers[i] = (struct saver){ .fixture = f, .start = &start, .number = i };
        assert_true(thread_start(&savers[i].thread, "saver", save_as_new, &savers[i], &err));
    }
    for (unsigned i = 0; i < SAVERS; i++) {
        thread_join(savers[i].thread);
        if (savers[i].saved) {
            winners++;
            winner = i;
        } else if (savers[i].err.reason != REASON_TEMPLATE_EXISTS) {
            fail_msg("%s: %s", reason_id(savers[i].err.reason), savers[i].err.detail);
        }
    }
    (void)pthread_barrier_destroy(&start);
    assert_int_equal(winners, 1);
    assert_true(config_load_template(f->folder.path, "device", &t, &err));
    assert_int_equal(t.repeat_hours, winner);
    template_config_clear(&t);
    assert_int_equal(count_files(f), 1);
}

static void print__buffer_too_small__is_refused(void **state)
{
    struct fixture *f = *state;
    struct config_edit *edit = open_template(f);
    struct buffer out = BUFFER_INIT(5);
    struct error err = ERROR_INIT;

    set(edit, "ca", "issuing");
    assert_false(config_edit_print(edit, &out, &err));
    assert_int_equal(err.reason, REASON_LIMIT);
    buffer_clear(&out);
    config_edit_close(edit);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(set__missing_file__makes_one),
        TEST(set__existing_file__keeps_order_and_the_rest),
        TEST(get__every_type__as_typed),
        TEST(set__refused_values__leave_the_document),
        TEST(set__group_that_is_no_object__is_refused),
        TEST(open__broken_files__are_refused),
        TEST(open__path_too_long_or_a_folder__is_refused),
        TEST(save__result_that_cannot_load__leaves_the_file),
        TEST(save__unknown_key_in_the_file__is_refused_and_kept),
        TEST(save__bad_or_missing_template_name__is_refused),
        TEST(save__folder_missing__is_refused),
        TEST(save__must_be_new_and_there__keeps_the_first),
        TEST(save__several_must_be_new_at_once__one_wins),
        TEST(print__buffer_too_small__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
