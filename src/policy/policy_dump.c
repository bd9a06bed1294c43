/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_dump.h"

#include <string.h>

#include "base/json.h"
#include "model/csr.h"
#include "policy/policy_dn.h"
#include "policy/policy_own.h"

/*
 * Every function gives a new value, or NULL: with an error that is set, or without one when there
 * is nothing to say.
 */
static struct json *made(struct json *value, struct error *err)
{
    if (value == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a policy as JSON");
    }
    return value;
}

static struct json *dump_text(const char *text, struct error *err)
{
    return text == NULL ? NULL : made(json_value_new_text(text), err);
}

static struct json *dump_texts(const struct policy_texts *texts, struct error *err)
{
    struct json *array = texts->count == 0 ? NULL : made(json_value_new_array(), err);

    for (size_t i = 0; array != NULL && i < texts->count; i++) {
        if (!json_value_push(array, json_value_new_text(texts->item[i]), err)) {
            json_value_free(array);
            array = NULL;
        }
    }
    return array;
}

static struct json *dump_subject(const struct policy *p, struct error *err)
{
    struct buffer text = BUFFER_INIT(2u * LIMIT_POLICY_TEXT);
    struct json *value = NULL;

    if (p->subject.stated && policy_dn_print(p, &text, err)) {
        value = made(json_value_new_text(buffer_text(&text)), err);
    }
    buffer_clear(&text);
    return value;
}

static struct json *dump_key_usage(const struct policy *p, struct error *err)
{
    struct json *array = p->key_usage.stated ? made(json_value_new_array(), err) : NULL;

    for (uint32_t bit = 1; array != NULL && bit <= KEY_USAGE_DECIPHER_ONLY; bit <<= 1) {
        if ((p->key_usage.bits & bit) != 0
            && !json_value_push(array, json_value_new_text(policy_key_usage_word(bit)), err)) {
            json_value_free(array);
            array = NULL;
        }
    }
    return array;
}

static struct json *dump_key_bits(const struct policy *p, struct error *err)
{
    struct json *array = p->key.bits_count > 0 ? made(json_value_new_array(), err) : NULL;

    for (size_t i = 0; array != NULL && i < p->key.bits_count; i++) {
        if (!json_value_push(array, json_value_new_integer(p->key.bits[i]), err)) {
            json_value_free(array);
            array = NULL;
        }
    }
    return array;
}

/* One family is a text, both are a list. */
static struct json *dump_hash(const struct policy *p, struct error *err)
{
    struct json *array = NULL;

    if (!p->hash.stated) {
        return NULL;
    }
    if (p->hash.sha1 != p->hash.sha2) {
        return dump_text(p->hash.sha1 ? "sha1" : "sha2", err);
    }
    array = made(json_value_new_array(), err);
    if (array != NULL
        && (!json_value_push(array, json_value_new_text("sha1"), err)
            || !json_value_push(array, json_value_new_text("sha2"), err))) {
        json_value_free(array);
        array = NULL;
    }
    return array;
}

static bool put_san(struct json *array, const struct policy_san *s, struct error *err)
{
    struct json *row = json_value_new_object();
    bool ok = row != NULL && json_value_put_text(row, "type", policy_san_word(s->type), err)
              && json_value_put_text(row, "template", s->pattern, err)
              && (s->min == 1 || json_value_put_integer(row, "min", s->min, err))
              && (s->max == 1 || json_value_put_integer(row, "max", s->max, err));

    if (!ok) {
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "out of memory for a policy as JSON");
    }
    return json_value_push(array, row, err);
}

static struct json *dump_sans(const struct policy *p, struct error *err)
{
    struct json *array = p->san.stated ? made(json_value_new_array(), err) : NULL;

    for (size_t i = 0; array != NULL && i < p->san.count; i++) {
        if (!put_san(array, &p->san.item[i], err)) {
            json_value_free(array);
            array = NULL;
        }
    }
    return array;
}

/* The kinds that are one word or number at a known place. */
static struct json *dump_plain(const struct policy *p, const struct policy_own_field *f,
                               struct error *err)
{
    const void *at = policy_own_read(p, f);
    unsigned word = f->kind == POLICY_OWN_WORD ? *(const unsigned *)at : 0;

    switch (f->kind) {
    case POLICY_OWN_WORD:
        return word == 0 ? NULL : dump_text(policy_word(f->words, word), err);
    case POLICY_OWN_INTEGER:
        return *(const int64_t *)at == f->unset
                   ? NULL
                   : made(json_value_new_integer(*(const int64_t *)at), err);
    case POLICY_OWN_BOOL:
        return *(const bool *)at ? made(json_value_new_bool(true), err) : NULL;
    case POLICY_OWN_TEXT:
        return dump_text(*(char *const *)at, err);
    default:
        return dump_texts(at, err);
    }
}

static struct json *dump_field(const struct policy *p, const struct policy_own_field *f,
                               struct error *err)
{
    switch (f->kind) {
    case POLICY_OWN_NAME:
        return dump_text(p->name, err);
    case POLICY_OWN_SUBJECT:
        return dump_subject(p, err);
    case POLICY_OWN_KEY_USAGE:
        return dump_key_usage(p, err);
    case POLICY_OWN_EKU:
        return dump_texts(&p->eku.oids, err);
    case POLICY_OWN_KEY_TYPE:
        return p->key.rsa ? NULL : dump_text("any", err);
    case POLICY_OWN_KEY_BITS:
        return dump_key_bits(p, err);
    case POLICY_OWN_HASH:
        return dump_hash(p, err);
    case POLICY_OWN_UNIT:
        return p->validity.stated ? dump_text(policy_unit_word(p->validity.unit), err) : NULL;
    case POLICY_OWN_SID:
        return p->extensions.sid_drop ? dump_text("drop", err) : NULL;
    default:
        return dump_plain(p, f, err);
    }
}

/* The object that a field belongs to: the root, or one below it that is made when needed. */
static struct json *home_of(struct json *root, const char *object, struct error *err)
{
    struct json *home = object[0] == '\0' ? root : json_value_get(root, object);

    if (home != NULL) {
        return home;
    }
    return json_value_put(root, object, json_value_new_object(), err) ? json_value_get(root, object)
                                                                      : NULL;
}

static bool put_field(struct json *root, const struct policy *p, const struct policy_own_field *f,
                      struct error *err)
{
    struct json *value = NULL;
    struct json *home = NULL;

    if (strcmp(f->object, "san") == 0) {
        if (f->kind != POLICY_OWN_SAN_TYPE) {
            return true; /* with the first one all were written */
        }
        value = dump_sans(p, err);
        return value == NULL ? !error_is_set(err) : json_value_put(root, "san", value, err);
    }
    value = dump_field(p, f, err);
    if (value == NULL) {
        return !error_is_set(err);
    }
    home = home_of(root, f->object, err);
    if (home == NULL) {
        json_value_free(value);
        return false;
    }
    return json_value_put(home, f->name, value, err);
}

struct json *policy_dump_json(const struct policy *p, bool all, struct error *err)
{
    size_t count = 0;
    const struct policy_own_field *fields = policy_own_fields(&count);
    struct json *root = made(json_value_new_object(), err);

    for (size_t i = 0; root != NULL && i < count; i++) {
        if ((all || !fields[i].fact) && !put_field(root, p, &fields[i], err)) {
            json_value_free(root);
            root = NULL;
        }
    }
    return root;
}
