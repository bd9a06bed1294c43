/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_explain.h"
#include "config/config_suggest.h"
#include "config/config_tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct config_key *config_keys(enum config_scope scope, size_t *count)
{
    return config_tables_keys(scope, count);
}

/* The nearest name: also when only the last part was typed ("days" for "validity.days"). */
static const char *nearest_name(enum config_scope scope, const char *name)
{
    struct config_suggest s = { name, NULL, 0 };
    size_t count = 0;
    const struct config_key *keys = config_keys(scope, &count);

    for (size_t i = 0; i < count; i++) {
        const char *dot = strrchr(keys[i].name, '.');

        if (keys[i].internal) {
            continue;
        }
        config_suggest_offer(&s, keys[i].name, keys[i].name);
        if (dot != NULL) {
            config_suggest_offer(&s, dot + 1, keys[i].name);
        }
    }
    return s.best;
}

const struct config_key *config_key_find(enum config_scope scope, const char *name,
                                         const char **suggestion)
{
    size_t count = 0;
    const struct config_key *keys = config_keys(scope, &count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            if (suggestion != NULL) {
                *suggestion = NULL;
            }
            return &keys[i];
        }
    }
    if (suggestion != NULL) {
        *suggestion = nearest_name(scope, name);
    }
    return NULL;
}

bool config_keys_has_group(enum config_scope scope, const char *name)
{
    size_t count = 0;
    size_t len = strlen(name);
    const struct config_key *keys = config_keys(scope, &count);

    for (size_t i = 0; i < count; i++) {
        if (strncmp(keys[i].name, name, len) == 0 && keys[i].name[len] == '.') {
            return true;
        }
    }
    return false;
}

bool config_keys_unknown(enum config_scope scope, const char *name, struct error *err)
{
    enum config_scope other =
        scope == CONFIG_SCOPE_SERVICE ? CONFIG_SCOPE_TEMPLATE : CONFIG_SCOPE_SERVICE;
    const char *suggestion = NULL;

    (void)config_key_find(scope, name, &suggestion);
    if (config_keys_has_group(scope, name)) {
        return error_set(err, REASON_CONFIG_UNKNOWN_KEY,
                         "a group of keys, not a key; \"openndes config explain\" lists them");
    }
    if (config_key_find(other, name, NULL) != NULL) {
        return error_set(err, REASON_CONFIG_UNKNOWN_KEY, "unknown key here; it belongs in %s",
                         other == CONFIG_SCOPE_SERVICE ? "openndes.json" : "a template's file");
    }
    if (suggestion != NULL) {
        return error_set(err, REASON_CONFIG_UNKNOWN_KEY, "unknown key; did you mean \"%s\"?",
                         suggestion);
    }
    return error_set(err, REASON_CONFIG_UNKNOWN_KEY,
                     "unknown key; \"openndes config explain\" lists those there are");
}

bool config_key_same(const struct config_key *key, const void *a, const void *b)
{
    const unsigned char *at = (const unsigned char *)a + key->offset;
    const unsigned char *bt = (const unsigned char *)b + key->offset;
    const char *a_text = NULL;
    const char *b_text = NULL;

    switch (key->type) {
    case CONFIG_TYPE_BOOL:
        return memcmp(at, bt, sizeof(bool)) == 0;
    case CONFIG_TYPE_INTEGER:
        return memcmp(at, bt, sizeof(int64_t)) == 0;
    case CONFIG_TYPE_WORD:
        return memcmp(at, bt, sizeof(unsigned)) == 0;
    case CONFIG_TYPE_TEXT:
    case CONFIG_TYPE_LIST:
        memcpy(&a_text, at, sizeof(a_text));
        memcpy(&b_text, bt, sizeof(b_text));
        return strcmp(a_text, b_text) == 0;
    }
    return false;
}

void config_keys_clear_struct(enum config_scope scope, void *config, size_t size)
{
    size_t count = 0;
    const struct config_key *keys = config_keys(scope, &count);

    for (size_t i = 0; i < count; i++) {
        if (keys[i].type == CONFIG_TYPE_TEXT || keys[i].type == CONFIG_TYPE_LIST) {
            char *text = NULL;

            memcpy(&text, (unsigned char *)config + keys[i].offset, sizeof(text));
            free(text);
        }
    }
    memset(config, 0, size);
}

bool config_keys_copy_texts(enum config_scope scope, void *config)
{
    size_t count = 0;
    const struct config_key *keys = config_keys(scope, &count);
    bool ok = true;

    for (size_t i = 0; i < count; i++) {
        if (keys[i].type == CONFIG_TYPE_TEXT || keys[i].type == CONFIG_TYPE_LIST) {
            unsigned char *field = (unsigned char *)config + keys[i].offset;
            char *text = NULL;

            memcpy(&text, field, sizeof(text));
            text = ok ? text_dup(text) : NULL;
            memcpy(field, &text, sizeof(text));
            ok = ok && text != NULL;
        }
    }
    return ok;
}

bool config_keys_explain(const char *key, struct buffer *out, struct error *err)
{
    static const enum config_scope scopes[] = { CONFIG_SCOPE_SERVICE, CONFIG_SCOPE_TEMPLATE };
    const char *suggestion = NULL;
    bool found = false;

    if (key == NULL) {
        return config_explain_all(CONFIG_SCOPE_SERVICE, out, err)
               && config_explain_all(CONFIG_SCOPE_TEMPLATE, out, err);
    }
    for (size_t i = 0; i < COUNT(scopes); i++) {
        const char *nearest = NULL;
        const struct config_key *row = config_key_find(scopes[i], key, &nearest);

        if (row != NULL) {
            if (!config_explain_key(scopes[i], row, out, err)) {
                return false;
            }
            found = true;
        } else if (nearest != NULL) {
            suggestion = nearest;
        }
    }
    if (!found) {
        char shown[96];

        text_escape(shown, sizeof(shown), bytes_of_text(key));
        return error_set(
            err, REASON_CONFIG_UNKNOWN_KEY, "%s: unknown key%s%s%s", shown,
            suggestion != NULL ? "; did you mean \"" : "", suggestion != NULL ? suggestion : "",
            suggestion != NULL ? "\"?" : "; \"openndes config explain\" lists those there are");
    }
    return true;
}

bool config_keys_markdown(struct buffer *out, struct error *err)
{
    return config_explain_markdown(CONFIG_SCOPE_SERVICE, out, err)
           && buffer_append_byte(out, '\n', err)
           && config_explain_markdown(CONFIG_SCOPE_TEMPLATE, out, err);
}
