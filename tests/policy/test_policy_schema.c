/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/policy/scep-policy.schema.json against the table that the loader reads with: the same
 * members, words, limits and defaults, each of them described. Whether the schema does what it says
 * is check_schema.py's part.
 */
#include "support/test_support.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "policy/policy_load.h"
#include "policy/policy_own.h"

#define SCHEMA "/../../docs/policy/scep-policy.schema.json"

static int read_schema(void **state)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
    struct error err = ERROR_INIT;

    assert_done(file_read(OPENNDES_TEST_FIXTURES SCHEMA, LIMIT_POLICY_BYTES, &text, &err), &err,
                SCHEMA);
    *state =
        json_value_parse(buffer_bytes(&text), LIMIT_POLICY_BYTES, LIMIT_POLICY_JSON_DEPTH, &err);
    assert_done(*state != NULL, &err, SCHEMA);
    buffer_clear(&text);
    return 0;
}

static int free_schema(void **state)
{
    json_value_free(*state);
    return 0;
}

static struct json *get(const struct json *object, const char *key)
{
    struct json *v = json_value_get(object, key);

    if (v == NULL) {
        fail_msg("the schema has no %s here", key);
    }
    return v;
}

/* The schema of an object of the format: "" the policy itself, "san" an item of its list. */
static const struct json *object_schema(const struct json *schema, const char *object)
{
    const struct json *defs = get(schema, "$defs");
    const struct json *policy = get(defs, "policy");

    if (object[0] == '\0') {
        return policy;
    }
    return strcmp(object, "san") == 0 ? get(defs, "name") : get(get(policy, "properties"), object);
}

static bool holds_text(const struct json *array, const char *text)
{
    for (size_t i = 0; array != NULL && i < json_value_count(array); i++) {
        if (strcmp(json_value_text(json_value_at(array, i)), text) == 0) {
            return true;
        }
    }
    return false;
}

static void check_words(const struct json *member, const struct policy_own_field *f)
{
    const struct json *words = get(member, "enum");
    unsigned count = 0;

    for (; policy_word(f->words, count) != NULL; count++) {
        if (!holds_text(words, policy_word(f->words, count))) {
            fail_msg("%s/%s: the schema does not know %s", f->object, f->name,
                     policy_word(f->words, count));
        }
    }
    assert_int_equal(json_value_count(words), count);
    assert_string_equal(json_value_text(get(member, "default")), policy_word(f->words, 0));
}

static void check_member(const struct json *member, const struct policy_own_field *f)
{
    if (f->kind == POLICY_OWN_WORD) {
        check_words(member, f);
    } else if (f->kind == POLICY_OWN_INTEGER) {
        assert_int_equal(json_value_integer(get(member, "minimum")), f->min);
        assert_int_equal(json_value_integer(get(member, "maximum")), f->max);
        if (json_value_get(member, "default") != NULL) {
            assert_int_equal(json_value_integer(get(member, "default")), f->unset);
        }
    } else if (f->kind == POLICY_OWN_BOOL) {
        assert_false(json_value_bool(get(member, "default")));
    }
}

static void schema__every_member_the_loader_knows__is_in_it(void **state)
{
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);

    for (size_t i = 0; i < count; i++) {
        const struct policy_own_field *f = &fields[i];
        const struct json *object = object_schema(*state, f->object);
        const struct json *member = json_value_get(get(object, "properties"), f->name);

        if (member == NULL) {
            fail_msg("%s/%s is not in the schema", f->object, f->name);
        }
        if (holds_text(json_value_get(object, "required"), f->name) != f->required) {
            fail_msg("%s/%s: required or not?", f->object, f->name);
        }
        check_member(member, f);
    }
}

/* Is it a member of the table, or an object that the table has members of? */
static bool known(const char *object, const char *name)
{
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);

    for (size_t i = 0; i < count; i++) {
        bool member = strcmp(fields[i].object, object) == 0 && strcmp(fields[i].name, name) == 0;
        bool below = object[0] == '\0' && strcmp(fields[i].object, name) == 0;

        if (member || below) {
            return true;
        }
    }
    return object[0] == '\0' && strcmp(name, "$schema") == 0;
}

static void check_object(const struct json *object, const char *object_name)
{
    const char *name = NULL;
    struct json *member = NULL;
    void *it = NULL;

    assert_false(json_value_bool(get(object, "additionalProperties")));
    assert_true(strlen(json_value_text(get(object, "description"))) > 10);
    while (json_value_next(get(object, "properties"), &it, &name, &member)) {
        if (!known(object_name, name)) {
            fail_msg("%s/%s: the loader does not know it", object_name, name);
        }
        if (strlen(json_value_text(get(member, "description"))) < 10) {
            fail_msg("%s/%s is not described", object_name, name);
        }
        if (object_name[0] == '\0' && json_value_get(member, "properties") != NULL) {
            check_object(member, name);
        }
    }
}

static void schema__every_member_it_has__is_known_to_the_loader_and_described(void **state)
{
    check_object(object_schema(*state, ""), "");
    check_object(object_schema(*state, "san"), "san");
}

/* The same file that check_schema.py holds against the schema. */
static void loader__every_bad_sample__is_refused(void **state)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
    struct error err = ERROR_INIT;
    struct json *rows = NULL;

    (void)state;
    test_fixture_read("policy/own_bad.json", &text);
    rows = json_value_parse(buffer_bytes(&text), LIMIT_POLICY_BYTES, LIMIT_POLICY_JSON_DEPTH, &err);
    assert_done(rows != NULL, &err, "own_bad.json");
    assert_true(json_value_count(rows) >= 30);
    for (size_t i = 0; i < json_value_count(rows); i++) {
        const struct json *row = json_value_at(rows, i);
        struct buffer item = BUFFER_INIT(LIMIT_POLICY_BYTES);
        struct policy_set set = { NULL, 0, { NULL, 0 } };

        error_clear(&err);
        assert_true(json_value_print(get(row, "item"), 0, &item, &err));
        if (policy_load(buffer_bytes(&item), "bad", &set, &err)) {
            fail_msg("%s: the loader takes it", json_value_text(get(row, "why")));
        }
        buffer_clear(&item);
    }
    json_value_free(rows);
    buffer_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema__every_member_the_loader_knows__is_in_it),
        cmocka_unit_test(schema__every_member_it_has__is_known_to_the_loader_and_described),
        cmocka_unit_test(loader__every_bad_sample__is_refused),
    };

    return cmocka_run_group_tests(tests, read_schema, free_schema);
}
