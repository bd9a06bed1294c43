/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "config/config_keys.h"
#include "config/config_load.h"
#include "config/config_suggest.h"
#include "platform/files.h"

#define MARKER_BEGIN "<!-- keys:begin -->\n"
#define MARKER_END "<!-- keys:end -->"
#define DOCUMENT_MAX (1u << 20)

static const enum config_scope scopes[] = { CONFIG_SCOPE_SERVICE, CONFIG_SCOPE_TEMPLATE };

/* ---- the table ------------------------------------------------------------------------------- */

static void keys__every_row__is_complete(void **state)
{
    (void)state;
    for (size_t s = 0; s < 2; s++) {
        size_t count = 0;
        const struct config_key *keys = config_keys(scopes[s], &count);

        for (size_t i = 0; i < count; i++) {
            const struct config_key *k = &keys[i];
            const char *dot = strchr(k->name, '.');
            size_t help_len = strlen(k->help);

            assert_true(strlen(k->name) < CONFIG_KEY_NAME_MAX);
            if (dot != NULL && strchr(dot + 1, '.') != NULL) {
                fail_msg("%s: the loader and the editor know one level of groups", k->name);
            }
            if (help_len < 10 || k->help[help_len - 1] != '.') {
                fail_msg("%s: help is not a sentence", k->name);
            }
            assert_non_null(k->unit);
            assert_non_null(k->default_text);
            assert_true(k->type != CONFIG_TYPE_WORD || k->words != NULL);
            assert_true(k->type == CONFIG_TYPE_BOOL || k->type == CONFIG_TYPE_WORD || k->max > 0);
            assert_true(k->type != CONFIG_TYPE_INTEGER || k->unit[0] != '\0');
            for (size_t j = i + 1; j < count; j++) {
                assert_string_not_equal(k->name, keys[j].name);
                assert_true(k->offset != keys[j].offset);
            }
            /* a name is a key or a group, never both */
            assert_false(config_keys_has_group(scopes[s], k->name));
        }
    }
}

static size_t field_size(const struct config_key *k)
{
    switch (k->type) {
    case CONFIG_TYPE_BOOL:
        return sizeof(bool);
    case CONFIG_TYPE_INTEGER:
        return sizeof(int64_t);
    case CONFIG_TYPE_WORD:
        return sizeof(unsigned);
    case CONFIG_TYPE_TEXT:
    case CONFIG_TYPE_LIST:
        return sizeof(char *);
    }
    return 0;
}

/* A struct's bytes that no row covers may be padding: shorter than the alignment, up to its next
 * multiple. `first` bytes at the beginning have no row (a template's name). */
static void check_coverage(enum config_scope scope, size_t size, size_t first)
{
    size_t count = 0;
    const struct config_key *keys = config_keys(scope, &count);
    bool *covered = calloc(size, sizeof(*covered));

    assert_non_null(covered);
    memset(covered, true, first);
    for (size_t i = 0; i < count; i++) {
        for (size_t b = 0; b < field_size(&keys[i]); b++) {
            assert_true(keys[i].offset + b < size);
            if (covered[keys[i].offset + b]) {
                fail_msg("%s overlaps another field", keys[i].name);
            }
            covered[keys[i].offset + b] = true;
        }
    }
    for (size_t b = 0; b < size; b++) {
        size_t gap = b;

        while (gap < size && !covered[gap]) {
            gap++;
        }
        if (gap > b) {
            /* a bool may be followed by 3 or 7 bytes, a word by 4 */
            if (gap - b >= sizeof(int64_t) || gap % sizeof(unsigned) != 0) {
                fail_msg("bytes %u to %u of scope %d have no row", (unsigned)b, (unsigned)gap - 1,
                         (int)scope);
            }
            b = gap;
        }
    }
    free(covered);
}

static void keys__fields_of_the_structs__each_has_a_row(void **state)
{
    size_t count = 0;

    (void)state;
    check_coverage(CONFIG_SCOPE_SERVICE, sizeof(struct service_config), 0);
    check_coverage(CONFIG_SCOPE_TEMPLATE, sizeof(struct template_config),
                   sizeof(((struct template_config *)NULL)->name));
    /* a bool or word can hide in padding from the check above; whoever adds a field adds it here */
    (void)config_keys(CONFIG_SCOPE_SERVICE, &count);
    assert_int_equal(count, 71);
    (void)config_keys(CONFIG_SCOPE_TEMPLATE, &count);
    assert_int_equal(count, 64);
}

/* ---- finding --------------------------------------------------------------------------------- */

static void find__table_of_names__finds_or_suggests(void **state)
{
    static const struct {
        enum config_scope scope;
        const char *name;
        bool found;
        const char *suggestion;
    } cases[] = {
        { CONFIG_SCOPE_TEMPLATE, "challenge.type", true, NULL },
        { CONFIG_SCOPE_TEMPLATE, "reply.chain", true, NULL },
        { CONFIG_SCOPE_TEMPLATE, "getcacert.root", true, NULL },
        { CONFIG_SCOPE_SERVICE, "listen", true, NULL },
        { CONFIG_SCOPE_SERVICE, "limits.connections_per_address", true, NULL },
        { CONFIG_SCOPE_TEMPLATE, "chalenge.type", false, "challenge.type" },
        { CONFIG_SCOPE_TEMPLATE, "Challenge.Type", false, "challenge.type" },
        { CONFIG_SCOPE_TEMPLATE, "ip_acl.allow", false, "ip_acl.allowed" },
        { CONFIG_SCOPE_TEMPLATE, "ip-acl.allowed", false, "ip_acl.allowed" },
        { CONFIG_SCOPE_TEMPLATE, "backdate_minutes", false, "validity.backdate_minutes" },
        { CONFIG_SCOPE_TEMPLATE, "rsa_min_bits", false, "key.rsa_min_bits" },
        { CONFIG_SCOPE_TEMPLATE, "enbaled", false, "enabled" },
        { CONFIG_SCOPE_TEMPLATE, "passphrase_mac", false, NULL }, /* internal: never offered */
        { CONFIG_SCOPE_TEMPLATE, "listen", false, NULL },
        { CONFIG_SCOPE_SERVICE, "listne", false, "listen" },
        { CONFIG_SCOPE_SERVICE, "", false, NULL },
        { CONFIG_SCOPE_SERVICE, "something.quite.different", false, NULL },
        { CONFIG_SCOPE_SERVICE, "workers", false, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *suggestion = "not set";
        const struct config_key *key = config_key_find(cases[i].scope, cases[i].name, &suggestion);

        if ((key != NULL) != cases[i].found) {
            fail_msg("%s: found is wrong", cases[i].name);
        }
        assert_true(key == NULL || strcmp(key->name, cases[i].name) == 0);
        assert_ptr_equal(config_key_find(cases[i].scope, cases[i].name, NULL), key);
        if ((suggestion == NULL) != (cases[i].suggestion == NULL)
            || (suggestion != NULL && strcmp(suggestion, cases[i].suggestion) != 0)) {
            fail_msg("%s: suggestion is %s", cases[i].name, suggestion ? suggestion : "none");
        }
    }
}

static void find__name_of_any_length__stays_in_bounds(void **state)
{
    char name[300];
    const char *suggestion = NULL;

    (void)state;
    for (size_t len = 0; len < sizeof(name); len++) {
        memset(name, 'a', sizeof(name));
        name[len] = '\0';
        assert_null(config_key_find(CONFIG_SCOPE_TEMPLATE, name, &suggestion));
    }
}

static void suggest__table_of_words__nearest_or_none(void **state)
{
    static const char *const words[] = { "modern", "compat", "legacy", "ui", NULL };
    static const struct {
        const char *typed;
        const char *expected;
    } cases[] = {
        { "modren", "modern" },   { "MODERN", "modern" }, { "compatt", "compat" },
        { "compatible", NULL },   { "legcay", "legacy" }, { "u", "ui" },
        { "intermediate", NULL }, { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *found = config_suggest_word(cases[i].typed, words);

        if ((found == NULL) != (cases[i].expected == NULL)
            || (found != NULL && strcmp(found, cases[i].expected) != 0)) {
            fail_msg("%s: %s", cases[i].typed, found ? found : "none");
        }
    }
}

/* ---- texts for people ------------------------------------------------------------------------ */

static void explain__one_key__says_all_about_it(void **state)
{
    struct buffer out = BUFFER_INIT(DOCUMENT_MAX);
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(config_keys_explain("validity.days", &out, &err));
    assert_string_equal(buffer_text(&out),
                        "validity.days\n"
                        "    In:       templates/NAME.json\n"
                        "    Value:    whole number, 1 to 36500 days\n"
                        "    Default:  365\n"
                        "    Meaning:  How long a certificate is valid; never longer than its CA.\n"
                        "\n");
    buffer_clear(&out);
}

static void explain__key_of_both_scopes__shows_both(void **state)
{
    struct buffer out = BUFFER_INIT(DOCUMENT_MAX);
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(config_keys_explain("ip_acl.limit", &out, &err));
    assert_non_null(strstr(buffer_text(&out), "openndes.json"));
    assert_non_null(strstr(buffer_text(&out), "templates/NAME.json"));
    buffer_clear(&out);
}

static void explain__everything__has_each_key_in_80_columns(void **state)
{
    struct buffer out = BUFFER_INIT(DOCUMENT_MAX);
    struct error err = ERROR_INIT;
    struct bytes line;
    size_t pos = 0;

    (void)state;
    assert_true(config_keys_explain(NULL, &out, &err));
    for (size_t s = 0; s < 2; s++) {
        size_t count = 0;
        const struct config_key *keys = config_keys(scopes[s], &count);

        for (size_t i = 0; i < count; i++) {
            assert_non_null(strstr(buffer_text(&out), keys[i].name));
        }
    }
    while (text_next_item(buffer_bytes(&out), '\n', &pos, &line)) {
        if (line.len > 80) {
            fail_msg("too long: %.*s", (int)line.len, (const char *)line.data);
        }
    }
    buffer_clear(&out);
}

static void explain__unknown_key__is_refused_with_suggestion(void **state)
{
    struct buffer out = BUFFER_INIT(DOCUMENT_MAX);
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(config_keys_explain("validity.day", &out, &err));
    assert_int_equal(err.reason, REASON_CONFIG_UNKNOWN_KEY);
    assert_string_equal(err.detail, "validity.day: unknown key; did you mean \"validity.days\"?");
    assert_int_equal(out.len, 0);
    buffer_clear(&out);
}

static void explain__buffer_too_small__is_refused(void **state)
{
    struct buffer out = BUFFER_INIT(100);
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(config_keys_explain(NULL, &out, &err));
    assert_int_equal(err.reason, REASON_LIMIT);
    buffer_clear(&out);
}

/* docs/configuration.md is written by hand but for the reference, which is this table. */
static void markdown__reference_page__is_the_generated_text(void **state)
{
    struct buffer page = BUFFER_INIT(DOCUMENT_MAX);
    struct buffer made = BUFFER_INIT(DOCUMENT_MAX);
    struct error err = ERROR_INIT;
    const char *begin = NULL;
    const char *end = NULL;
    bool same = false;

    (void)state;
    assert_true(config_keys_markdown(&made, &err));
    if (getenv("OPENNDES_PRINT_KEYS") != NULL) {
        assert_true(fputs(buffer_text(&made), stdout) >= 0); /* print_message would cut it */
    }
    if (!file_read(OPENNDES_SOURCE_DIR "/docs/configuration.md", DOCUMENT_MAX, &page, &err)) {
        fail_msg("%s", err.detail);
    }
    begin = strstr(buffer_text(&page), MARKER_BEGIN);
    end = begin != NULL ? strstr(begin, MARKER_END) : NULL;
    if (end != NULL) {
        begin += strlen(MARKER_BEGIN);
        same = bytes_equal(buffer_bytes(&made), bytes_of(begin, (size_t)(end - begin)));
    }
    buffer_clear(&page);
    buffer_clear(&made);
    if (!same) {
        fail_msg("docs/configuration.md differs from the key table: run this test with "
                 "OPENNDES_PRINT_KEYS=1 and put the text between the markers");
    }
}

/* ---- the structs ----------------------------------------------------------------------------- */

static void clear__null_zero_and_twice__is_safe(void **state)
{
    struct service_config service;
    struct template_config template;
    struct error err = ERROR_INIT;

    (void)state;
    service_config_clear(NULL);
    template_config_clear(NULL);
    memset(&service, 0, sizeof(service));
    service_config_clear(&service);
    assert_true(config_parse_service("f", bytes_of_text("{}"), &service, &err));
    service_config_clear(&service);
    service_config_clear(&service);
    assert_null(service.listen);
    assert_true(config_parse_template("f", "device", bytes_of_text("{}"), &template, &err));
    template_config_clear(&template);
    template_config_clear(&template);
    assert_null(template.ca);
    assert_string_equal(template.name, "");
}

static void copy__every_text__is_its_own(void **state)
{
    struct service_config from;
    struct service_config to;
    struct error err = ERROR_INIT;
    size_t count = 0;
    const struct config_key *keys = config_keys(CONFIG_SCOPE_SERVICE, &count);

    (void)state;
    assert_true(
        config_parse_service("f", bytes_of_text("{\"workers\": {\"queue\": 7}}"), &from, &err));
    assert_true(service_config_copy(&to, &from, &err));
    for (size_t i = 0; i < count; i++) {
        const char *texts[2] = { NULL, NULL };

        if (keys[i].type != CONFIG_TYPE_TEXT && keys[i].type != CONFIG_TYPE_LIST) continue;
        memcpy(&texts[0], (const char *)&from + keys[i].offset, sizeof(texts[0]));
        memcpy(&texts[1], (const char *)&to + keys[i].offset, sizeof(texts[1]));
        if (texts[0] == texts[1]) {
            fail_msg("%s is shared: service_config_copy does not know it", keys[i].name);
        }
        assert_string_equal(texts[0], texts[1]);
    }
    service_config_clear(&from);
    assert_int_equal(to.workers.queue, 7);
    service_config_clear(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys__every_row__is_complete),
        cmocka_unit_test(keys__fields_of_the_structs__each_has_a_row),
        cmocka_unit_test(find__table_of_names__finds_or_suggests),
        cmocka_unit_test(find__name_of_any_length__stays_in_bounds),
        cmocka_unit_test(suggest__table_of_words__nearest_or_none),
        cmocka_unit_test(explain__one_key__says_all_about_it),
        cmocka_unit_test(explain__key_of_both_scopes__shows_both),
        cmocka_unit_test(explain__everything__has_each_key_in_80_columns),
        cmocka_unit_test(explain__unknown_key__is_refused_with_suggestion),
        cmocka_unit_test(explain__buffer_too_small__is_refused),
        cmocka_unit_test(markdown__reference_page__is_the_generated_text),
        cmocka_unit_test(clear__null_zero_and_twice__is_safe),
        cmocka_unit_test(copy__every_text__is_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
