/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the one key table: name, type, default, range, words, help of every setting; loader,
 *           command line, "config explain" and docs/configuration.md are made from it.
 * Not here: reading files (config_load.h), changing them (config_edit.h), values (config_value.h).
 * Owns:     nothing; the tables are constant.
 * Threads:  any thread.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_CONFIG_CONFIG_KEYS_H
#define OPENNDES_CONFIG_CONFIG_KEYS_H

#include "base/buffer.h"
#include "config/service_config.h"

enum config_scope { CONFIG_SCOPE_SERVICE, CONFIG_SCOPE_TEMPLATE };
enum config_type {
    CONFIG_TYPE_BOOL,
    CONFIG_TYPE_INTEGER,
    CONFIG_TYPE_TEXT,
    CONFIG_TYPE_LIST,
    CONFIG_TYPE_WORD
};

#define CONFIG_KEY_NAME_MAX 64   /* bytes of a dotted name, with NUL */
#define CONFIG_LIST_ITEM_MAX 256 /* bytes of one list item, with NUL */

/* A rule for one text: the value of a TEXT key, one item of a LIST key. REASON_CONFIG_BAD_VALUE. */
typedef bool config_check(const char *text, struct error *err);

struct config_key {
    const char *name; /* dotted: "challenge.type" */
    enum config_type type;
    size_t offset;            /* of the field in service_config or template_config */
    const char *default_text; /* as written on the command line */
    int64_t min, max;         /* INTEGER: the value; TEXT: bytes; LIST: items */
    const char *const *words; /* WORD: allowed values in enum order, NULL at the end;
                                 LIST: allowed items or NULL */
    config_check *check;      /* TEXT, LIST: more than words can say, or NULL */
    bool internal;            /* written by commands, not by hand (challenge.passphrase_mac); the
                                 value appears in no message */
    const char *unit;         /* "hours", ... or "" */
    const char *help;         /* one sentence or two */
};

const struct config_key *config_keys(enum config_scope scope, size_t *count);
/* NULL when there is none; *suggestion (may be NULL) then gets the nearest name or NULL. */
const struct config_key *config_key_find(enum config_scope scope, const char *name,
                                         const char **suggestion);
/* True when some key's name begins with `name` and a dot: `name` is an object in the file. */
bool config_keys_has_group(enum config_scope scope, const char *name);
/* Set REASON_CONFIG_UNKNOWN_KEY: "unknown key; did you mean ...?". Returns false. */
bool config_keys_unknown(enum config_scope scope, const char *name, struct error *err);
/* Has the key the same value in both structs of its scope? */
bool config_key_same(const struct config_key *key, const void *a, const void *b);
/* Free all texts of a service_config or template_config and set the whole to zero. */
void config_keys_clear_struct(enum config_scope scope, void *config, size_t size);
/* Replace every text of a struct that was copied as a whole by a copy of its own. False when out of
 * memory: every text is then its own or NULL. */
MUST_USE bool config_keys_copy_texts(enum config_scope scope, void *config);

/* Print one key or the whole table for people ("config explain"). key NULL: all.
 * Errors: REASON_CONFIG_UNKNOWN_KEY. */
MUST_USE bool config_keys_explain(const char *key, struct buffer *out, struct error *err);
/* Append the reference tables of docs/configuration.md. */
MUST_USE bool config_keys_markdown(struct buffer *out, struct error *err);

#endif
