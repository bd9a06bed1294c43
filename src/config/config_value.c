/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_suggest.h"

#define SHOWN_MAX 80 /* bytes of a refused value in a message */

/* Fields are written as bytes, because a key table cannot name their types. */
_Static_assert(sizeof(enum acl_limit) == sizeof(unsigned), "words are stored as unsigned");
_Static_assert(sizeof(enum challenge_type) == sizeof(unsigned), "words are stored as unsigned");
_Static_assert(sizeof(enum log_level) == sizeof(unsigned), "words are stored as unsigned");

static bool describe_range(const struct config_key *key, struct buffer *out, struct error *err)
{
    return buffer_printf(out, err, "%" PRId64 " to %" PRId64 "%s%s", key->min, key->max,
                         key->unit[0] != '\0' ? " " : "", key->unit);
}

static bool describe_words(const struct config_key *key, struct buffer *out, struct error *err)
{
    for (size_t i = 0; key->words[i] != NULL; i++) {
        if (!buffer_printf(out, err, "%s%s", i == 0 ? "" : ", ", key->words[i])) {
            return false;
        }
    }
    return true;
}

bool config_value_describe(const struct config_key *key, struct buffer *out, struct error *err)
{
    switch (key->type) {
    case CONFIG_TYPE_BOOL:
        return buffer_append_text(out, "true or false", err);
    case CONFIG_TYPE_INTEGER:
        return buffer_append_text(out, "whole number, ", err) && describe_range(key, out, err);
    case CONFIG_TYPE_TEXT:
        return buffer_printf(out, err, "text, up to %" PRId64 " bytes", key->max);
    case CONFIG_TYPE_WORD:
        return buffer_append_text(out, "one of: ", err) && describe_words(key, out, err);
    case CONFIG_TYPE_LIST:
        if (key->min == key->max
                ? !buffer_printf(out, err, "list, %" PRId64 " %s", key->max,
                                 key->max == 1 ? "item" : "items")
                : !buffer_printf(out, err, "list, %" PRId64 " to %" PRId64 " items", key->min,
                                 key->max)) {
            return false;
        }
        return key->words == NULL
               || (buffer_append_text(out, " of: ", err) && describe_words(key, out, err));
    }
    return error_set(err, REASON_INTERNAL, "config type %d", (int)key->type);
}

/* The name of a type as it follows "expected". */
static const char *type_name(enum config_type type)
{
    switch (type) {
    case CONFIG_TYPE_BOOL:
        return "true or false";
    case CONFIG_TYPE_INTEGER:
        return "a whole number";
    case CONFIG_TYPE_TEXT:
    case CONFIG_TYPE_WORD:
        return "a text";
    case CONFIG_TYPE_LIST:
        return "an array of texts or a text with commas";
    }
    return "a value";
}

static bool out_of_range(const struct config_key *key, const char *what, struct error *err)
{
    struct buffer possible = BUFFER_INIT(256);
    struct error unused = ERROR_INIT;

    if (describe_range(key, &possible, &unused)) {
        (void)error_set(err, REASON_CONFIG_OUT_OF_RANGE, "%s is out of range; possible: %s", what,
                        buffer_text(&possible));
    } else {
        (void)error_set(err, REASON_CONFIG_OUT_OF_RANGE, "%s is out of range", what);
    }
    buffer_clear(&possible);
    return false;
}

static bool check_integer(const struct config_key *key, int64_t value, struct error *err)
{
    char shown[32];

    if (value >= key->min && value <= key->max) {
        return true;
    }
    return text_format(shown, sizeof(shown), "%" PRId64, value) && out_of_range(key, shown, err);
}

/* Control characters would forge lines in logs and pages. The value is not shown. */
static bool check_characters(struct bytes text, struct error *err)
{
    if (!text_utf8_valid(text)) {
        return error_set(err, REASON_CONFIG_BAD_VALUE, "not valid UTF-8");
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "a control character (byte %zu); possible: printable text on one line",
                             i + 1);
        }
    }
    return true;
}

/* Where `text` stands in the key's words. */
static bool find_word(const struct config_key *key, const char *text, unsigned *index,
                      struct error *err)
{
    struct buffer possible = BUFFER_INIT(512);
    struct error unused = ERROR_INIT;
    const char *nearest = NULL;
    char shown[SHOWN_MAX];

    for (unsigned i = 0; key->words[i] != NULL; i++) {
        if (strcmp(key->words[i], text) == 0) {
            *index = i;
            return true;
        }
    }
    nearest = config_suggest_word(text, key->words);
    text_escape(shown, sizeof(shown), bytes_of_text(text));
    if (!describe_words(key, &possible, &unused)) {
        buffer_reset(&possible);
    }
    (void)error_set(err, REASON_CONFIG_BAD_VALUE, "\"%s\" is not possible%s%s%s; possible: %s",
                    shown, nearest != NULL ? ", did you mean \"" : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "",
                    buffer_text(&possible));
    buffer_clear(&possible);
    return false;
}

static bool set_text(const struct config_key *key, const char *text, struct config_value *out,
                     struct error *err)
{
    size_t len = strlen(text);

    if (!check_characters(bytes_of_text(text), err)) {
        return false;
    }
    if ((int64_t)len < key->min || (int64_t)len > key->max) {
        return error_set(err, REASON_CONFIG_OUT_OF_RANGE,
                         "the text has %zu bytes; possible: %" PRId64 " to %" PRId64, len, key->min,
                         key->max);
    }
    if (key->check != NULL && !key->check(text, err)) {
        return false;
    }
    out->text = text_dup(text);
    return out->text != NULL || error_set(err, REASON_NO_MEMORY, "a configuration text");
}

/* One item of a list, checked and appended to the joined text. */
static bool append_item(const struct config_key *key, struct bytes item, struct buffer *joined,
                        struct error *err)
{
    char text[CONFIG_LIST_ITEM_MAX];
    unsigned unused = 0;

    if (item.len >= sizeof(text)) {
        return error_set(err, REASON_CONFIG_OUT_OF_RANGE,
                         "an item of the list has %zu bytes; possible: up to %zu", item.len,
                         sizeof(text) - 1);
    }
    memcpy(text, item.data, item.len);
    text[item.len] = '\0';
    if (key->check != NULL && !key->check(text, err)) {
        return false;
    }
    if (key->words != NULL && !find_word(key, text, &unused, err)) {
        return false;
    }
    return (joined->len == 0 || buffer_append_byte(joined, ',', err))
           && buffer_append_bytes(joined, item, err);
}

static bool set_list(const struct config_key *key, const char *text, struct config_value *out,
                     struct error *err)
{
    struct buffer joined = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    struct bytes item;
    size_t pos = 0;
    int64_t count = 0;
    bool ok = false;

    if (!check_characters(bytes_of_text(text), err)) {
        goto out;
    }
    while (text_next_item(bytes_of_text(text), ',', &pos, &item)) {
        count++;
        if (count > key->max) {
            break; /* one too many says enough */
        }
        if (!append_item(key, item, &joined, err)) {
            goto out;
        }
    }
    if (count < key->min || count > key->max) {
        (void)error_set(err, REASON_CONFIG_OUT_OF_RANGE,
                        "the list has %s items; possible: %" PRId64 " to %" PRId64,
                        count < key->min ? "too few" : "too many", key->min, key->max);
        goto out;
    }
    out->text = text_dup(buffer_text(&joined));
    ok = out->text != NULL || error_set(err, REASON_NO_MEMORY, "a configuration list");
out:
    buffer_clear(&joined);
    return ok;
}

static bool set_bool(const char *text, struct config_value *out, struct error *err)
{
    char shown[SHOWN_MAX];

    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        out->boolean = text[0] == 't';
        return true;
    }
    text_escape(shown, sizeof(shown), bytes_of_text(text));
    return error_set(err, REASON_CONFIG_WRONG_TYPE, "expected true or false, found \"%s\"", shown);
}

static bool set_integer(const struct config_key *key, const char *text, struct config_value *out,
                        struct error *err)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    uint64_t number = 0;
    char shown[SHOWN_MAX];

    text_escape(shown, sizeof(shown), bytes_of_text(text));
    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
        return error_set(err, REASON_CONFIG_WRONG_TYPE, "expected a whole number, found \"%s\"",
                         shown);
    }
    if (digits != text || !text_parse_u64(bytes_of_text(digits), INT64_MAX, &number)) {
        return out_of_range(key, shown, err);
    }
    if (!check_integer(key, (int64_t)number, err)) {
        return false;
    }
    out->integer = (int64_t)number;
    return true;
}

bool config_value_from_text(const struct config_key *key, const char *text,
                            struct config_value *out, struct error *err)
{
    switch (key->type) {
    case CONFIG_TYPE_BOOL:
        return set_bool(text, out, err);
    case CONFIG_TYPE_INTEGER:
        return set_integer(key, text, out, err);
    case CONFIG_TYPE_TEXT:
        return set_text(key, text, out, err);
    case CONFIG_TYPE_WORD:
        return find_word(key, text, &out->word, err);
    case CONFIG_TYPE_LIST:
        return set_list(key, text, out, err);
    }
    return error_set(err, REASON_INTERNAL, "config type %d", (int)key->type);
}

static bool wrong_kind(const struct config_key *key, const struct json *found, struct error *err)
{
    return error_set(err, REASON_CONFIG_WRONG_TYPE, "expected %s, found %s", type_name(key->type),
                     json_kind_name(json_value_kind(found)));
}

/* An array of texts as the comma text that set_list takes. */
static bool join_array(const struct json *array, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < json_value_count(array); i++) {
        const struct json *item = json_value_at(array, i);
        const char *text = json_value_text(item);

        if (text == NULL) {
            return error_set(err, REASON_CONFIG_WRONG_TYPE,
                             "expected an array of texts, found %s as item %zu",
                             json_kind_name(json_value_kind(item)), i + 1);
        }
        if (strchr(text, ',') != NULL || text_trim(bytes_of_text(text)).len == 0) {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "item %zu of the array is empty or holds a comma; possible: one item "
                             "in each text",
                             i + 1);
        }
        if ((i > 0 && !buffer_append_byte(out, ',', err)) || !buffer_append_text(out, text, err)) {
            return false;
        }
    }
    return true;
}

static bool list_from_array(const struct config_key *key, const struct json *array,
                            struct config_value *out, struct error *err)
{
    struct buffer joined = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    bool ok = join_array(array, &joined, err) && set_list(key, buffer_text(&joined), out, err);

    buffer_clear(&joined);
    return ok;
}

bool config_value_from_json(const struct config_key *key, const struct json *json,
                            struct config_value *out, struct error *err)
{
    enum json_kind kind = json_value_kind(json);

    switch (key->type) {
    case CONFIG_TYPE_BOOL:
        if (kind != JSON_KIND_BOOL) {
            return wrong_kind(key, json, err);
        }
        out->boolean = json_value_bool(json);
        return true;
    case CONFIG_TYPE_INTEGER:
        if (kind != JSON_KIND_INTEGER) {
            return wrong_kind(key, json, err);
        }
        if (!check_integer(key, json_value_integer(json), err)) {
            return false;
        }
        out->integer = json_value_integer(json);
        return true;
    case CONFIG_TYPE_LIST:
        if (kind == JSON_KIND_ARRAY) {
            return list_from_array(key, json, out, err);
        }
        break;
    case CONFIG_TYPE_TEXT:
    case CONFIG_TYPE_WORD:
        break;
    }
    if (kind != JSON_KIND_TEXT) {
        return wrong_kind(key, json, err);
    }
    return config_value_from_text(key, json_value_text(json), out, err);
}

static struct json *list_to_array(const char *list, struct error *err)
{
    struct json *array = json_value_new_array();
    struct bytes item;
    size_t pos = 0;
    bool ok = array != NULL;

    while (ok && text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        char *text = text_dup_bytes(item);
        struct json *value = text != NULL ? json_value_new_text(text) : NULL;

        ok = value != NULL && json_value_push(array, value, err);
        free(text);
    }
    if (!ok) {
        json_value_free(array);
        array = NULL;
    }
    return array;
}

struct json *config_value_to_json(const struct config_key *key, const struct config_value *value,
                                  bool as_array, struct error *err)
{
    struct json *made = NULL;

    switch (key->type) {
    case CONFIG_TYPE_BOOL:
        made = json_value_new_bool(value->boolean);
        break;
    case CONFIG_TYPE_INTEGER:
        made = json_value_new_integer(value->integer);
        break;
    case CONFIG_TYPE_WORD:
        made = json_value_new_text(key->words[value->word]);
        break;
    case CONFIG_TYPE_LIST:
        made = as_array ? list_to_array(value->text, err) : json_value_new_text(value->text);
        break;
    case CONFIG_TYPE_TEXT:
        made = json_value_new_text(value->text);
        break;
    }
    if (made == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "a configuration value");
    }
    return made;
}

bool config_value_format(const struct config_key *key, const void *config, struct buffer *out,
                         struct error *err)
{
    const unsigned char *field = (const unsigned char *)config + key->offset;
    const char *text = NULL;
    bool boolean = false;
    int64_t integer = 0;
    unsigned word = 0;

    switch (key->type) {
    case CONFIG_TYPE_BOOL:
        memcpy(&boolean, field, sizeof(boolean));
        return buffer_append_text(out, boolean ? "true" : "false", err);
    case CONFIG_TYPE_INTEGER:
        memcpy(&integer, field, sizeof(integer));
        return buffer_printf(out, err, "%" PRId64, integer);
    case CONFIG_TYPE_WORD:
        memcpy(&word, field, sizeof(word));
        return buffer_append_text(out, key->words[word], err);
    case CONFIG_TYPE_TEXT:
    case CONFIG_TYPE_LIST:
        memcpy(&text, field, sizeof(text));
        return buffer_append_text(out, text, err);
    }
    return error_set(err, REASON_INTERNAL, "config type %d", (int)key->type);
}

void config_value_store(const struct config_key *key, void *config, struct config_value *take_value)
{
    unsigned char *field = (unsigned char *)config + key->offset;
    char *former = NULL;

    switch (key->type) {
    case CONFIG_TYPE_BOOL:
        memcpy(field, &take_value->boolean, sizeof(take_value->boolean));
        break;
    case CONFIG_TYPE_INTEGER:
        memcpy(field, &take_value->integer, sizeof(take_value->integer));
        break;
    case CONFIG_TYPE_WORD:
        memcpy(field, &take_value->word, sizeof(take_value->word));
        break;
    case CONFIG_TYPE_TEXT:
    case CONFIG_TYPE_LIST:
        memcpy(&former, field, sizeof(former));
        memcpy(field, &take_value->text, sizeof(take_value->text));
        take_value->text = NULL; /* it belongs to the struct now */
        free(former);
        break;
    }
}

void config_value_clear(struct config_value *value)
{
    if (value != NULL) {
        free(value->text);
        memset(value, 0, sizeof(*value));
    }
}
