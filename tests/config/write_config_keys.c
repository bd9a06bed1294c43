/* SPDX-License-Identifier: Apache-2.0 */
/* write_config_keys: the service's keys that are not internal, as a JSON array on standard output. */
#include <stdio.h>

#include "base/json.h"
#include "config/config_keys.h"

static const char *type_name(enum config_type type)
{
    switch (type) {
    case CONFIG_TYPE_BOOL:
        return "bool";
    case CONFIG_TYPE_INTEGER:
        return "integer";
    case CONFIG_TYPE_TEXT:
        return "text";
    case CONFIG_TYPE_LIST:
        return "list";
    case CONFIG_TYPE_WORD:
        return "word";
    }
    return "";
}

static bool put_words(struct json *row, const struct config_key *key, struct error *err)
{
    struct json *words = json_value_new_array();
    bool ok = words != NULL;

    for (size_t i = 0; ok && key->words != NULL && key->words[i] != NULL; i++) {
        ok = json_value_push(words, json_value_new_text(key->words[i]), err);
    }
    if (!ok) {
        json_value_free(words);
        return false;
    }
    return json_value_put(row, "words", words, err);
}

static bool push_key(struct json *array, const struct config_key *key, struct error *err)
{
    struct json *row = json_value_new_object();

    if (row == NULL || !json_value_put_text(row, "name", key->name, err)
        || !json_value_put_text(row, "type", type_name(key->type), err)
        || !json_value_put_text(row, "default", key->default_text, err)
        || !json_value_put_integer(row, "min", key->min, err)
        || !json_value_put_integer(row, "max", key->max, err) || !put_words(row, key, err)) {
        json_value_free(row);
        return false;
    }
    return json_value_push(array, row, err);
}

int main(void)
{
    struct buffer text = BUFFER_INIT(1u << 20);
    struct json *array = json_value_new_array();
    struct error err = ERROR_INIT;
    size_t count = 0;
    const struct config_key *keys = config_keys(CONFIG_SCOPE_SERVICE, &count);
    bool ok = array != NULL;

    for (size_t i = 0; ok && i < count; i++) {
        ok = keys[i].internal || push_key(array, &keys[i], &err);
    }
    ok = ok && json_value_print(array, 2, &text, &err);
    if (ok) {
        puts(buffer_text(&text));
    }
    json_value_free(array);
    buffer_clear(&text);
    return ok ? 0 : 1;
}
