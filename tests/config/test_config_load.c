/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_keys.h"
#include "config/config_load.h"
#include "platform/files.h"
#include "support/test_support.h"

#define BOM "\xef\xbb\xbf"
#define X16 "0123456789abcdef"
#define X64 X16 X16 X16 X16

static bool parse_template(const char *text, struct template_config *t, struct error *err)
{
    return config_parse_template("t.json", "device", bytes_of_text(text), t, err);
}

/* ---- defaults and whole documents ------------------------------------------------------------ */

static void service__empty_object__has_defaults(void **state)
{
    struct service_config c;
    struct error err = ERROR_INIT;

    (void)state;
    if (!config_parse_service("s.json", bytes_of_text("{}"), &c, &err)) {
        fail_msg("%s", err.detail);
    }
    assert_string_equal(c.listen, "0.0.0.0:80,[::]:80");
    assert_string_equal(c.public_url, "");
    assert_int_equal(c.limits.body_bytes, 65536);
    assert_int_equal(c.limits.connections, 512);
    assert_int_equal(c.limits.connections_per_address, 64);
    assert_int_equal(c.limits.idle_seconds, 30);
    assert_int_equal(c.workers.threads, 0);
    assert_int_equal(c.workers.queue, 200);
    assert_int_equal(c.log.level, LOG_LEVEL_INFO);
    assert_int_equal(c.log.file_mb, 10);
    assert_int_equal(c.log.files, 5);
    assert_int_equal(c.audit.file_mb, 50);
    assert_int_equal(c.audit.files, 10);
    assert_int_equal(c.crl.validity_hours, 168);
    assert_int_equal(c.crl.renew_hours, 48);
    assert_false(c.ip_acl.enabled);
    assert_string_equal(c.ip_acl.allowed, "");
    assert_int_equal(c.ip_acl.limit, ACL_LIMIT_BOTH);
    service_config_clear(&c);
}

static void template__empty_object__has_defaults(void **state)
{
    struct template_config t;
    struct error err = ERROR_INIT;

    (void)state;
    if (!parse_template("{}", &t, &err)) {
        fail_msg("%s", err.detail);
    }
    assert_string_equal(t.name, "device");
    assert_false(t.enabled);
    assert_string_equal(t.description, "");
    assert_string_equal(t.ca, "default");
    assert_int_equal(t.challenge.type, CHALLENGE_TYPE_STATIC);
    assert_string_equal(t.challenge.passphrase_mac, "");
    assert_string_equal(t.subject.attributes,
                        "CN,serialNumber,O,OU,L,ST,C,emailAddress,unstructuredName,"
                        "unstructuredAddress,DC,UID,GN,SN,title");
    assert_int_equal(t.subject.unlisted, UNLISTED_REFUSE);
    assert_false(t.subject.require_cn);
    assert_string_equal(t.subject.cn_patterns, "");
    assert_string_equal(t.subject.append, "");
    assert_string_equal(t.san.types, "dns,ip,email");
    assert_int_equal(t.san.unlisted, UNLISTED_REFUSE);
    assert_int_equal(t.san.max, 20);
    assert_false(t.san.wildcards);
    assert_string_equal(t.san.dns_patterns, "");
    assert_string_equal(t.key.types, "rsa");
    assert_int_equal(t.key.rsa_min_bits, 2048);
    assert_int_equal(t.key.rsa_max_bits, 4096);
    assert_string_equal(t.key_usage.allowed, "digitalSignature,keyEncipherment");
    assert_int_equal(t.key_usage.source, KEY_USAGE_SOURCE_TEMPLATE);
    assert_string_equal(t.eku, "clientAuth");
    assert_int_equal(t.validity.days, 365);
    assert_int_equal(t.validity.backdate_minutes, 60);
    assert_int_equal(t.algorithms, ALGORITHM_LEVEL_MODERN);
    assert_int_equal(t.repeat_hours, 24);
    assert_false(t.reply_chain);
    assert_true(t.include_root);
    assert_false(t.ip_acl.enabled);
    assert_string_equal(t.ip_acl.allowed, "");
    assert_int_equal(t.ip_acl.limit, ACL_LIMIT_SCEP);
    template_config_clear(&t);
}

static void template__full_document_with_bom__is_read(void **state)
{
    static const char text[] =
        BOM "{\r\n"
            " \"enabled\": true, \"description\": \"Werk 2\", \"ca\": \"issuing\",\r\n"
            " \"challenge\": {\"type\": \"none\", \"passphrase_mac\": \"" X64 "\"},\r\n"
            " \"subject\": {\"attributes\": [\"CN\", \"O\"], \"unlisted\": \"drop\",\r\n"
            "  \"require_cn\": true, \"cn_patterns\": [\"*.example.com\"],\r\n"
            "  \"append\": \"O=Example,C=DE\"},\r\n"
            " \"san\": {\"types\": \"dns\", \"unlisted\": \"drop\", \"max\": 3,\r\n"
            "  \"wildcards\": true, \"dns_patterns\": \"*.example.com\"},\r\n"
            " \"key\": {\"types\": [\"rsa\"], \"rsa_min_bits\": 1024, \"rsa_max_bits\": 8192},\r\n"
            " \"key_usage\": {\"allowed\": \"digitalSignature\", \"source\": \"csr\"},\r\n"
            " \"eku\": [\"serverAuth\", \"1.2.3.4\"],\r\n"
            " \"validity\": {\"days\": 90, \"backdate_minutes\": 0},\r\n"
            " \"algorithms\": \"legacy\", \"repeat_hours\": 0,\r\n"
            " \"reply\": {\"chain\": true}, \"getcacert\": {\"root\": false},\r\n"
            " \"ip_acl\": {\"enabled\": true, \"allowed\": [\"10.0.0.0/8\", \"2001:db8::/32\"],\r\n"
            "  \"limit\": \"both\"}\r\n"
            "}\r\n";
    struct template_config t;
    struct error err = ERROR_INIT;

    (void)state;
    if (!parse_template(text, &t, &err)) {
        fail_msg("%s", err.detail);
    }
    assert_true(t.enabled);
    assert_string_equal(t.description, "Werk 2");
    assert_string_equal(t.ca, "issuing");
    assert_int_equal(t.challenge.type, CHALLENGE_TYPE_NONE);
    assert_string_equal(t.challenge.passphrase_mac, X64);
    assert_string_equal(t.subject.attributes, "CN,O");
    assert_int_equal(t.subject.unlisted, UNLISTED_DROP);
    assert_true(t.subject.require_cn);
    assert_string_equal(t.subject.cn_patterns, "*.example.com");
    assert_string_equal(t.subject.append, "O=Example,C=DE");
    assert_string_equal(t.san.types, "dns");
    assert_int_equal(t.san.unlisted, UNLISTED_DROP);
    assert_int_equal(t.san.max, 3);
    assert_true(t.san.wildcards);
    assert_string_equal(t.san.dns_patterns, "*.example.com");
    assert_int_equal(t.key.rsa_min_bits, 1024);
    assert_int_equal(t.key.rsa_max_bits, 8192);
    assert_string_equal(t.key_usage.allowed, "digitalSignature");
    assert_int_equal(t.key_usage.source, KEY_USAGE_SOURCE_CSR);
    assert_string_equal(t.eku, "serverAuth,1.2.3.4");
    assert_int_equal(t.validity.days, 90);
    assert_int_equal(t.validity.backdate_minutes, 0);
    assert_int_equal(t.algorithms, ALGORITHM_LEVEL_LEGACY);
    assert_int_equal(t.repeat_hours, 0);
    assert_true(t.reply_chain);
    assert_false(t.include_root);
    assert_true(t.ip_acl.enabled);
    assert_string_equal(t.ip_acl.allowed, "10.0.0.0/8,2001:db8::/32");
    assert_int_equal(t.ip_acl.limit, ACL_LIMIT_BOTH);
    template_config_clear(&t);
}

/* ---- refused documents ----------------------------------------------------------------------- */

/* The message must begin with `begins` and, where given, hold `says`. */
static void template__bad_documents__are_refused_at_the_line(void **state)
{
    static const struct {
        const char *text;
        enum reason reason;
        const char *begins, *says;
    } cases[] = {
        { "", REASON_CONFIG_SYNTAX, "t.json: the file is empty", "{}" },
        { " \n\t\n", REASON_CONFIG_SYNTAX, "t.json: the file is empty", NULL },
        { "{", REASON_CONFIG_SYNTAX, "t.json:1: column ", NULL },
        { "{\n\"enabled\": tru\n}", REASON_CONFIG_SYNTAX, "t.json:2: column ", NULL },
        { "{\n\"enabled\": true,\n}", REASON_CONFIG_SYNTAX, "t.json:3: column ", NULL },
        { "{}\n{}", REASON_CONFIG_SYNTAX, "t.json:2: column ", NULL },
        { "{\n\"description\": \"a\nb\"}", REASON_CONFIG_SYNTAX, "t.json:2", NULL },
        { "{\"description\": \"\xff\"}", REASON_CONFIG_SYNTAX, "t.json:1", NULL },
        { "[]", REASON_CONFIG_WRONG_TYPE, "t.json:1: expected an object, found an array", NULL },
        { "\"x\"", REASON_CONFIG_WRONG_TYPE, "t.json:1: expected an object, found a text", NULL },
        { "{\n\"ca\": \"a\",\n\"ca\": \"b\"\n}", REASON_CONFIG_DUPLICATE_KEY,
          "t.json:3: ", "duplicate" },
        { "{\n\"san\": {\"max\": 1,\n\"max\": 1}\n}", REASON_CONFIG_DUPLICATE_KEY,
          "t.json:3: ", "duplicate" },
        /* unknown keys */
        { "{\n\"enbaled\": true\n}", REASON_CONFIG_UNKNOWN_KEY, "t.json:2: enbaled: unknown key",
          "did you mean \"enabled\"?" },
        { "{\n\n\"validity\": {\n\"day\": 5}}", REASON_CONFIG_UNKNOWN_KEY,
          "t.json:4: validity.day: unknown key", "did you mean \"validity.days\"?" },
        { "{\n\"listen\": \"0.0.0.0:80\"}", REASON_CONFIG_UNKNOWN_KEY,
          "t.json:2: listen: unknown key here", "openndes.json" },
        { "{\n\"validity.days\": 5}", REASON_CONFIG_UNKNOWN_KEY,
          "t.json:2: validity.days: unknown key", "\"validity\": { \"days\": ... }" },
        { "{\"x\": {\"y\": {\"z\": 1}}}", REASON_CONFIG_UNKNOWN_KEY, "t.json:1: x: unknown key",
          "config explain" },
        { "{\"\": 1}", REASON_CONFIG_UNKNOWN_KEY, "t.json:1: : unknown key", NULL },
        { "{\"\\u001b[2J\": 1}", REASON_CONFIG_UNKNOWN_KEY, "t.json:1: \\x1b[2J: unknown", NULL },
        { "{\"\\u0000\": 1}", REASON_CONFIG_SYNTAX, "t.json:1", NULL },
        { "{\"_comment\": \"x\"}", REASON_CONFIG_UNKNOWN_KEY, "t.json:1: _comment: unknown", NULL },
        { "{\n\"challenge\": {\"passphrase\": \"Sw0rdfish\"}}", REASON_CONFIG_UNKNOWN_KEY,
          "t.json:2: challenge.passphrase: unknown key", NULL },
        /* wrong types */
        { "{\n\"validity\": {\n\"days\": \"365\"}}", REASON_CONFIG_WRONG_TYPE,
          "t.json:3: validity.days: expected a whole number, found a text", NULL },
        { "{\n\"validity\": 365}", REASON_CONFIG_WRONG_TYPE,
          "t.json:2: validity: expected an object, found a whole number", NULL },
        { "{\n\"enabled\": {\"x\": 1}}", REASON_CONFIG_WRONG_TYPE,
          "t.json:2: enabled: expected true or false, found an object", NULL },
        { "{\"ca\": null}", REASON_CONFIG_WRONG_TYPE, "t.json:1: ca: expected a text", NULL },
        { "{\n\"subject\": {\"attributes\": [\n\"CN\",\n5]}}", REASON_CONFIG_WRONG_TYPE,
          "t.json:2: subject.attributes: ", "item 2" },
        /* values */
        { "{\n\"validity\": {\n\n\"days\": 0}}", REASON_CONFIG_OUT_OF_RANGE,
          "t.json:4: validity.days: 0 is out of range; possible: 1 to 36500 days", NULL },
        { "{\"validity\": {\"days\": 99999999999999999999}}", REASON_CONFIG_SYNTAX, "t.json:1",
          NULL },
        { "{\"validity\": {\"days\": 1e3}}", REASON_CONFIG_WRONG_TYPE,
          "t.json:1: validity.days: expected a whole number", NULL },
        { "{\n\"algorithms\": \"modren\"}", REASON_CONFIG_BAD_VALUE,
          "t.json:2: algorithms: \"modren\" is not possible", "did you mean \"modern\"?" },
        { "{\n\"description\": \"a\\nb\"}", REASON_CONFIG_BAD_VALUE,
          "t.json:2: description: a control character", NULL },
        { "{\n\"challenge\": {\"passphrase_mac\": \"Sw0rdfish\"}}", REASON_CONFIG_BAD_VALUE,
          "t.json:2: challenge.passphrase_mac: not 64 hexadecimal digits", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct template_config t;
        struct error err = ERROR_INIT;

        memset(&t, 0xa5, sizeof(t));
        if (parse_template(cases[i].text, &t, &err)) {
            fail_msg("taken: %s", cases[i].text);
        }
        if (err.reason != cases[i].reason
            || strncmp(err.detail, cases[i].begins, strlen(cases[i].begins)) != 0
            || (cases[i].says != NULL && strstr(err.detail, cases[i].says) == NULL)) {
            fail_msg("%s: %s: %s", cases[i].text, reason_id(err.reason), err.detail);
        }
        assert_null(strstr(err.detail, "Sw0rdfish"));
        assert_null(t.ca);
        assert_string_equal(t.name, "");
    }
}

static void template__bad_name__is_refused_before_the_text(void **state)
{
    struct template_config t;
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(config_parse_template("f", "../x", bytes_of_text("{}"), &t, &err));
    assert_int_equal(err.reason, REASON_TEMPLATE_NAME);
    assert_null(t.ca);
}

/* A text of `open` repeated, then closed again. */
static void nest(struct buffer *out, size_t depth)
{
    struct error err = ERROR_INIT;

    buffer_reset(out);
    for (size_t i = 0; i < depth; i++) {
        assert_true(buffer_append_text(out, "{\"a\":", &err));
    }
    assert_true(buffer_append_text(out, "1", &err));
    for (size_t i = 0; i < depth; i++) {
        assert_true(buffer_append_byte(out, '}', &err));
    }
}

static void template__deep_nesting__is_refused(void **state)
{
    static const size_t depths[] = { 1, 2, 15, 16, 17, 1000, 100000 };
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);

    (void)state;
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        struct template_config t;
        struct error err = ERROR_INIT;

        nest(&text, depths[i]);
        assert_false(parse_template(buffer_text(&text), &t, &err));
        assert_int_equal(err.reason, depths[i] <= LIMIT_JSON_DEPTH ? REASON_CONFIG_UNKNOWN_KEY
                                                                   : REASON_CONFIG_SYNTAX);
    }
    buffer_clear(&text);
}

static void template__huge_file__limit_and_one_more(void **state)
{
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES + 1);
    struct error err = ERROR_INIT;
    struct template_config t;

    (void)state;
    assert_true(buffer_append_text(&text, "{}", &err));
    while (text.len < LIMIT_CONFIG_FILE_BYTES) {
        assert_true(buffer_append_byte(&text, ' ', &err));
    }
    assert_true(config_parse_template("t.json", "device", buffer_bytes(&text), &t, &err));
    template_config_clear(&t);
    assert_true(buffer_append_byte(&text, ' ', &err));
    assert_false(config_parse_template("t.json", "device", buffer_bytes(&text), &t, &err));
    assert_int_equal(err.reason, REASON_CONFIG_SYNTAX);
    assert_string_equal(err.detail, "t.json: more than 1048576 bytes");
    buffer_clear(&text);
}

static void template__very_long_key__is_refused_at_its_line(void **state)
{
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    struct error err = ERROR_INIT;
    struct template_config t;

    (void)state;
    assert_true(buffer_append_text(&text, "{\n\n\"", &err));
    for (size_t i = 0; i < 100000; i++) {
        assert_true(buffer_append_byte(&text, 'k', &err));
    }
    assert_true(buffer_append_text(&text, "\": 1}", &err));
    assert_false(config_parse_template("t.json", "device", buffer_bytes(&text), &t, &err));
    assert_int_equal(err.reason, REASON_CONFIG_UNKNOWN_KEY);
    assert_int_equal(strncmp(err.detail, "t.json:3: kkkk", 14), 0);
    assert_non_null(strstr(err.detail, "unknown key"));
    buffer_clear(&text);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void template_name__table_of_names__checked(void **state)
{
    static const char *const good[] = { "a",     "0",     "device",  "router-2.site_a",
                                        "com10", "con-1", "console", "nul1",
                                        "lpt",   "a..b",  "x.con" };
    static const char *const bad[] = { "",          "Device", "-a",    ".a",    "_a",       "a b",
                                       "a/b",       "a\\b",   "..",    ".",     "a.",       "a:b",
                                       "a\n",       "con",    "nul",   "prn",   "aux",      "com1",
                                       "lpt9",      "com0",   "con.x", "nul.a", "com1.cfg", "a*",
                                       "m\xc3\xbc", "a%2e",   "\x7f" };
    char name[LIMIT_TEMPLATE_NAME + 2];
    struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!template_name_check(good[i], &err)) {
            fail_msg("%s", err.detail);
        }
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        error_clear(&err);
        if (template_name_check(bad[i], &err) || err.reason != REASON_TEMPLATE_NAME) {
            fail_msg("taken: %s", bad[i]);
        }
    }
    error_clear(&err);
    memset(name, 'a', sizeof(name));
    name[LIMIT_TEMPLATE_NAME] = '\0';
    assert_true(template_name_check(name, &err));
    name[LIMIT_TEMPLATE_NAME] = 'a';
    name[LIMIT_TEMPLATE_NAME + 1] = '\0';
    assert_false(template_name_check(name, &err));
}

/* A data folder with an empty folder "templates". */
static void create_data_folder(struct test_folder *folder)
{
    struct error err = ERROR_INIT;
    char templates[FILE_PATH_MAX];

    test_folder_create(folder);
    test_folder_path(folder, "templates", templates);
    assert_done(folder_create(templates, true, &err), &err, "");
}

/* ---- files ----------------------------------------------------------------------------------- */

static void load__files_of_a_folder__read_or_explained(void **state)
{
    struct test_folder folder;
    struct service_config c;
    struct template_config t;
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    (void)state;
    create_data_folder(&folder);
    assert_false(config_load_service(folder.path, &c, &err));
    assert_int_equal(err.reason, REASON_CONFIG_UNREADABLE);
    assert_null(c.listen);
    error_clear(&err);
    test_folder_path(&folder, "none", path);
    assert_false(config_load_service(path, &c, &err));
    assert_int_equal(err.reason, REASON_DATA_FOLDER_MISSING);
    error_clear(&err);
    test_folder_write(&folder, "openndes.json", "{\"listen\": [\"127.0.0.1:8080\"]}");
    assert_true(config_load_service(folder.path, &c, &err));
    assert_string_equal(c.listen, "127.0.0.1:8080");
    service_config_clear(&c);
    test_folder_write(&folder, "openndes.json", "{\n\"lsten\": 1}");
    assert_false(config_load_service(folder.path, &c, &err));
    assert_non_null(strstr(err.detail, "openndes.json:2: lsten: "));
    error_clear(&err);

    assert_false(config_load_template(folder.path, "device", &t, &err));
    assert_int_equal(err.reason, REASON_TEMPLATE_MISSING);
    assert_null(t.ca);
    error_clear(&err);
    assert_false(config_load_template(folder.path, "../openndes", &t, &err));
    assert_int_equal(err.reason, REASON_TEMPLATE_NAME);
    error_clear(&err);
    test_folder_write(&folder, "templates/device.json", "{\"san\": {\"max\": 7}}");
    assert_true(config_load_template(folder.path, "device", &t, &err));
    assert_int_equal(t.san.max, 7);
    assert_string_equal(t.name, "device");
    template_config_clear(&t);
    test_folder_write(&folder, "templates/device.json", "{\n\n\"san\": {\"max\": 700}}");
    assert_false(config_load_template(folder.path, "device", &t, &err));
    assert_non_null(strstr(err.detail, "templates/device.json:3: san.max: "));
    test_folder_remove(&folder);
}

struct seen {
    char text[256];
    size_t count, stop_at;
};

static bool see(void *context, const char *name, struct error *err)
{
    struct seen *seen = context;
    size_t used = strlen(seen->text);

    seen->count++;
    if (seen->count == seen->stop_at) {
        return error_set(err, REASON_INTERNAL, "enough");
    }
    return used + strlen(name) + 2 > sizeof(seen->text)
           || text_format(seen->text + used, sizeof(seen->text) - used, "%s ", name);
}

static void list__folder_with_other_files__only_templates_sorted(void **state)
{
    struct test_folder folder;
    struct seen seen = { "", 0, 0 };
    struct seen stopped = { "", 0, 2 };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    (void)state;
    create_data_folder(&folder);
    assert_true(config_list_templates(folder.path, see, &seen, &err));
    assert_int_equal(seen.count, 0);
    test_folder_write(&folder, "templates/b.json", "broken, but listed");
    test_folder_write(&folder, "templates/a-b.json", "{}");
    test_folder_write(&folder, "templates/a.json", "{}");
    test_folder_write(&folder, "templates/a.b.json", "{}");
    test_folder_write(&folder, "templates/a.json.bak", "{}");
    test_folder_write(&folder, "templates/Upper.json", "{}");
    test_folder_write(&folder, "templates/.json", "{}");
    test_folder_write(&folder, "templates/readme.txt", "{}");
    test_folder_write(&folder, "templates/.hidden.json", "{}");
    test_folder_path(&folder, "templates/folder.json", path);
    assert_true(folder_create(path, true, &err));
    assert_true(config_list_templates(folder.path, see, &seen, &err));
    assert_string_equal(seen.text, "a a-b a.b b ");
    assert_false(config_list_templates(folder.path, see, &stopped, &err));
    assert_string_equal(err.detail, "enough");
    assert_int_equal(stopped.count, 2);
    test_folder_remove(&folder);
}

static void list__no_templates_folder__is_empty(void **state)
{
    struct test_folder folder;
    struct seen seen = { "", 0, 0 };
    struct error err = ERROR_INIT;
    char path[FILE_PATH_MAX];

    (void)state;
    create_data_folder(&folder);
    test_folder_path(&folder, "templates", path);
    assert_true(folder_remove(path, &err));
    assert_true(config_list_templates(folder.path, see, &seen, &err));
    assert_int_equal(seen.count, 0);
    test_folder_remove(&folder);
}

/* Plain stdio: a thousand atomic writes with their flushes take too long for a unit test. */
static void write_quick(const struct test_folder *folder, size_t number)
{
    char name[64];
    char path[FILE_PATH_MAX];
    FILE *f = NULL;

    assert_true(text_format(name, sizeof(name), "templates/t%zu.json", number));
    test_folder_path(folder, name, path);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
}

static void list__many_templates__limit_and_one_more(void **state)
{
    struct test_folder folder;
    struct seen seen = { "", 0, 0 };
    struct error err = ERROR_INIT;

    (void)state;
    create_data_folder(&folder);
    for (size_t i = 0; i < LIMIT_TEMPLATES; i++) {
        write_quick(&folder, i);
    }
    assert_true(config_list_templates(folder.path, see, &seen, &err));
    assert_int_equal(seen.count, LIMIT_TEMPLATES);
    write_quick(&folder, LIMIT_TEMPLATES);
    assert_false(config_list_templates(folder.path, see, &seen, &err));
    assert_int_equal(err.reason, REASON_LIMIT);
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service__empty_object__has_defaults),
        cmocka_unit_test(template__empty_object__has_defaults),
        cmocka_unit_test(template__full_document_with_bom__is_read),
        cmocka_unit_test(template__bad_documents__are_refused_at_the_line),
        cmocka_unit_test(template__bad_name__is_refused_before_the_text),
        cmocka_unit_test(template__deep_nesting__is_refused),
        cmocka_unit_test(template__huge_file__limit_and_one_more),
        cmocka_unit_test(template__very_long_key__is_refused_at_its_line),
        cmocka_unit_test(template_name__table_of_names__checked),
        cmocka_unit_test(load__files_of_a_folder__read_or_explained),
        cmocka_unit_test(list__folder_with_other_files__only_templates_sorted),
        cmocka_unit_test(list__no_templates_folder__is_empty),
        cmocka_unit_test(list__many_templates__limit_and_one_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
