/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own format is strict: a member that is not known is an error, not something to pass over,
 * since a typing error in a rule would otherwise be a rule less.
 */
#include <string.h>

#include "model/csr.h"
#include "policy/policy_dn.h"
#include "policy/policy_json.h"
#include "policy/policy_load.h"
#include "policy/policy_own.h"

#define WORDS_SHOWN 80u
#define LINT_SIZE 200u

struct loading {
    struct policy *p;
    struct policy_set *out; /* for warnings */
};

/* ---- one member ------------------------------------------------------------------------------ */

static bool find_word(const struct policy_json *node, const char *key, enum policy_words words,
                      const char *text, unsigned *value, struct error *err)
{
    char possible[WORDS_SHOWN];

    if (policy_word_find(words, bytes_of_text(text), value)) {
        return true;
    }
    policy_words_format(words, possible, sizeof(possible));
    return policy_json_refuse(node, key, err, "is not one of: %s", possible);
}

/* *value is untouched when the member is not there. */
static bool read_word(const struct policy_json *node, const char *key, enum policy_words words,
                      unsigned *value, struct error *err)
{
    const char *text = NULL;

    return policy_json_text(node, key, &text, err)
           && (text == NULL || find_word(node, key, words, text, value, err));
}

static bool read_text(const struct policy_json *node, const struct policy_own_field *field,
                      struct policy *p, struct error *err)
{
    const char *text = NULL;

    if (!policy_json_text(node, field->name, &text, err)) {
        return false;
    }
    return text == NULL || policy_set_text(policy_own_write(p, field), text, err)
           || policy_json_context(node, field->name, err);
}

/* Whoever writes down a rule without an item means something, and not that there is no rule. */
static bool refuse_empty(const struct policy_json *node, const char *key, struct error *err)
{
    return policy_json_refuse(node, key, err,
                              "an empty list would allow everything; leave it out or name some");
}

static bool read_texts(const struct policy_json *node, const struct policy_own_field *field,
                       struct policy *p, struct error *err)
{
    struct policy_json_list list = policy_json_list(node, field->name);
    const char *text = NULL;

    if (list.count == 0 && strcmp(field->object, "values") == 0) {
        return refuse_empty(node, field->name, err);
    }
    for (size_t i = 0; i < list.count; i++) {
        if (!policy_json_list_text(&list, i, &text, err)) {
            return false;
        }
        if (!policy_texts_add(policy_own_write(p, field), text, err)) {
            return policy_json_list_context(&list, i, err);
        }
    }
    return true;
}

static bool read_subject(const struct policy_json *node, const char *key, struct loading *l,
                         struct error *err)
{
    const char *text = NULL;
    char lint[LINT_SIZE];

    if (!policy_json_text(node, key, &text, err)) {
        return false;
    }
    if (!policy_dn_parse(text, l->p, lint, sizeof(lint), err)) {
        return policy_json_context(node, key, err);
    }
    return lint[0] == '\0' || policy_set_warn(l->out, err, "%s: %s", l->p->name, lint);
}

static bool read_key_usage(const struct policy_json *node, const char *key, struct policy *p,
                           struct error *err)
{
    struct policy_json_list list = policy_json_list(node, key);
    const char *text = NULL;
    uint32_t bit = 0;

    p->key_usage.stated = true;
    for (size_t i = 0; i < list.count; i++) {
        if (!policy_json_list_text(&list, i, &text, err)) {
            return false;
        }
        if (!policy_key_usage_from_word(bytes_of_text(text), &bit)) {
            return policy_json_refuse(node, key, err,
                                      "item %zu is no key usage such as digitalSignature or "
                                      "keyEncipherment",
                                      i);
        }
        p->key_usage.bits |= bit;
    }
    return true;
}

static bool read_eku(const struct policy_json *node, const char *key, struct policy *p,
                     struct error *err)
{
    struct policy_json_list list = policy_json_list(node, key);
    const char *text = NULL;

    p->eku.stated = true;
    for (size_t i = 0; i < list.count; i++) {
        if (!policy_json_list_text(&list, i, &text, err)) {
            return false;
        }
        if (!policy_add_eku(p, text, err)) {
            return policy_json_list_context(&list, i, err);
        }
    }
    return true;
}

static bool read_key_type(const struct policy_json *node, const char *key, struct policy *p,
                          struct error *err)
{
    const char *text = NULL;

    if (!policy_json_text(node, key, &text, err)) {
        return false;
    }
    if (text == NULL) {
        return true;
    }
    p->key.rsa = strcmp(text, "rsa") == 0;
    return p->key.rsa || strcmp(text, "any") == 0
           || policy_json_refuse(node, key, err, "is not one of: rsa, any");
}

static bool read_key_bits(const struct policy_json *node, const char *key, struct policy *p,
                          struct error *err)
{
    struct policy_json_list list = policy_json_list(node, key);
    int64_t bits = 0;

    if (list.count == 0) {
        return refuse_empty(node, key, err);
    }
    for (size_t i = 0; i < list.count; i++) {
        if (!policy_json_list_integer(&list, i, &bits, err)) {
            return false;
        }
        if (!policy_add_bits(p, bits, err)) {
            return policy_json_list_context(&list, i, err);
        }
    }
    return true;
}

static bool read_hash(const struct policy_json *node, const char *key, struct policy *p,
                      struct error *err)
{
    struct policy_json_list list = policy_json_list(node, key);
    const char *text = NULL;

    p->hash.stated = true;
    for (size_t i = 0; i < list.count; i++) {
        if (!policy_json_list_text(&list, i, &text, err)) {
            return false;
        }
        if (strcmp(text, "sha1") == 0) {
            p->hash.sha1 = true;
        } else if (strcmp(text, "sha2") == 0) {
            p->hash.sha2 = true;
        } else {
            return policy_json_refuse(node, key, err, "is not one of: sha1, sha2");
        }
    }
    return true;
}

static bool read_sid(const struct policy_json *node, const char *key, struct policy *p,
                     struct error *err)
{
    const char *text = NULL;

    if (!policy_json_text(node, key, &text, err)) {
        return false;
    }
    if (text == NULL) {
        return true;
    }
    p->extensions.sid_drop = strcmp(text, "drop") == 0;
    return p->extensions.sid_drop || strcmp(text, "deny") == 0
           || policy_json_refuse(node, key, err, "is not one of: deny, drop");
}

static bool read_unit(const struct policy_json *node, const char *key, struct policy *p,
                      struct error *err)
{
    unsigned unit = POLICY_UNIT_DAYS;

    if (!read_word(node, key, POLICY_WORDS_UNIT, &unit, err)) {
        return false;
    }
    p->validity.unit = (enum policy_unit)unit;
    return true;
}

static bool read_field(const struct policy_json *node, const struct policy_own_field *f,
                       struct loading *l, struct error *err)
{
    struct policy *p = l->p;

    switch (f->kind) {
    case POLICY_OWN_WORD:
        return read_word(node, f->name, f->words, policy_own_write(p, f), err);
    case POLICY_OWN_INTEGER:
        return policy_json_integer(node, f->name, f->min, f->max, policy_own_write(p, f), err);
    case POLICY_OWN_BOOL:
        return policy_json_bool(node, f->name, policy_own_write(p, f), err);
    case POLICY_OWN_TEXT:
        return read_text(node, f, p, err);
    case POLICY_OWN_TEXTS:
        return read_texts(node, f, p, err);
    case POLICY_OWN_SUBJECT:
        return read_subject(node, f->name, l, err);
    case POLICY_OWN_KEY_USAGE:
        return read_key_usage(node, f->name, p, err);
    case POLICY_OWN_EKU:
        return read_eku(node, f->name, p, err);
    case POLICY_OWN_KEY_TYPE:
        return read_key_type(node, f->name, p, err);
    case POLICY_OWN_KEY_BITS:
        return read_key_bits(node, f->name, p, err);
    case POLICY_OWN_HASH:
        return read_hash(node, f->name, p, err);
    case POLICY_OWN_UNIT:
        return read_unit(node, f->name, p, err);
    case POLICY_OWN_SID:
        return read_sid(node, f->name, p, err);
    default:
        return true; /* the name and the items of "san" are read elsewhere */
    }
}

/* ---- objects --------------------------------------------------------------------------------- */

static const struct policy_own_field *find_field(const char *object, const char *name)
{
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].object, object) == 0 && strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

/* Is it the name of an object below the top? */
static bool is_object(const char *name)
{
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);

    for (size_t i = 0; i < count; i++) {
        if (name[0] != '\0' && strcmp(fields[i].object, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Nothing unknown, nothing that must be there missing. */
static bool check_members(const struct policy_json *node, const char *object, struct error *err)
{
    bool top = object[0] == '\0';
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);
    const char *key = NULL;
    struct json *value = NULL;
    void *it = NULL;

    while (json_value_next(node->object, &it, &key, &value)) {
        bool known = find_field(object, key) != NULL
                     || (top && (is_object(key) || strcmp(key, "$schema") == 0));

        if (!known) {
            return policy_json_refuse(node, key, err, "no such member");
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].required && strcmp(fields[i].object, object) == 0
            && json_value_get(node->object, fields[i].name) == NULL) {
            return policy_json_refuse(node, fields[i].name, err, "is missing");
        }
    }
    return true;
}

static bool read_object(const struct policy_json *node, const char *object, struct loading *l,
                        struct error *err)
{
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);

    if (!check_members(node, object, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].object, object) == 0
            && json_value_get(node->object, fields[i].name) != NULL
            && !read_field(node, &fields[i], l, err)) {
            return false;
        }
    }
    return true;
}

static bool read_san(const struct policy_json *row, struct policy *p, struct error *err)
{
    unsigned type = 0;
    const char *pattern = NULL;
    int64_t min = 1;
    int64_t max = 1;

    if (!check_members(row, "san", err) || !read_word(row, "type", POLICY_WORDS_SAN, &type, err)
        || !policy_json_text(row, "template", &pattern, err)
        || !policy_json_integer(row, "min", 0, LIMIT_SAN_ENTRIES, &min, err)) {
        return false;
    }
    max = min > 1 ? min : 1; /* "min": 2 alone means two */
    if (!policy_json_integer(row, "max", max, LIMIT_SAN_ENTRIES, &max, err)) {
        return false;
    }
    return policy_add_san(p, (enum policy_san_type)type, pattern, (unsigned)min, (unsigned)max, err)
           || policy_json_context(row, "template", err);
}

static bool read_sans(const struct policy_json *root, struct policy *p, struct error *err)
{
    struct policy_json_list list = policy_json_list(root, "san");
    struct policy_json row = { NULL, false, "" };

    p->san.stated = list.value != NULL; /* an empty list: no name at all */
    for (size_t i = 0; i < list.count; i++) {
        if (!policy_json_list_object(&list, i, &row, err) || !read_san(&row, p, err)) {
            return false;
        }
    }
    return true;
}

static bool read_objects(const struct policy_json *root, struct loading *l, struct error *err)
{
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);
    struct policy_json node = { NULL, false, "" };
    const char *done = "";

    for (size_t i = 0; i < count; i++) {
        const char *object = fields[i].object;

        if (strcmp(object, done) == 0 || strcmp(object, "san") == 0) {
            continue; /* fields of one object stand together */
        }
        done = object;
        if (!policy_json_object(root, object, &node, err)
            || (node.object != NULL && !read_object(&node, object, l, err))) {
            return false;
        }
    }
    return true;
}

static bool check_validity(const struct policy_json *root, struct policy *p, struct error *err)
{
    struct policy_json node = { NULL, false, "" };

    if (!policy_json_object(root, "validity", &node, err) || node.object == NULL) {
        return !error_is_set(err);
    }
    p->validity.stated = policy_json_member(&node, "value") != NULL;
    if (p->validity.stated != (policy_json_member(&node, "unit") != NULL)) {
        return policy_json_refuse(&node, "", err, "value and unit belong together");
    }
    if (!p->validity.stated && policy_json_member(&node, "over") != NULL) {
        return policy_json_refuse(&node, "over", err, "says nothing without value and unit");
    }
    return true;
}

bool policy_load_own_json(const struct json *item, const char *file, struct policy_set *out,
                          struct error *err)
{
    struct policy_json root = policy_json_root(item, false);
    struct loading l = { NULL, out };
    const char *name = NULL;
    bool ok = false;

    if (json_value_kind(item) != JSON_KIND_OBJECT) {
        return policy_json_refuse(&root, "", err, "is %s, not an object",
                                  json_kind_name(json_value_kind(item)));
    }
    if (!policy_json_text(&root, "policy", &name, err)) {
        return false;
    }
    if (name == NULL) {
        return policy_json_refuse(&root, "policy", err, "is missing");
    }
    l.p = policy_new(name, err);
    if (l.p == NULL) {
        return policy_json_context(&root, "policy", err);
    }
    if (!policy_set_text(&l.p->facts.file, file, err) || !read_object(&root, "", &l, err)
        || !read_sans(&root, l.p, err) || !read_objects(&root, &l, err)
        || !check_validity(&root, l.p, err)) {
        goto out;
    }
    ok = policy_set_add(out, l.p, err);
    l.p = NULL;
out:
    policy_free(l.p);
    return ok;
}
