/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the value of one key: from a command line or a JSON document, checked, into its field.
 * Not here: rules between keys (config_rules.h), where in a file it stands (config_place.h).
 * Owns:     the text of a struct config_value.
 * Threads:  a value belongs to one thread at a time.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_CONFIG_CONFIG_VALUE_H
#define OPENNDES_CONFIG_CONFIG_VALUE_H

#include "base/json.h"
#include "config/config_keys.h"

/* The member that counts follows from the key's type. */
struct config_value {
    bool boolean;
    int64_t integer;
    unsigned word; /* index in the key's words */
    char *text;    /* TEXT, LIST (items joined by "," without spaces); owned */
};

#define CONFIG_VALUE_INIT                                                                          \
    {                                                                                              \
        false, 0, 0, NULL                                                                          \
    }

/*
 * Read and check a value. The detail says what is wrong and what is possible, without the key.
 * *out must be empty and stays so on failure.
 * Errors: REASON_CONFIG_WRONG_TYPE, REASON_CONFIG_OUT_OF_RANGE, REASON_CONFIG_BAD_VALUE.
 */
MUST_USE bool config_value_from_text(const struct config_key *key, const char *text,
                                     struct config_value *out, struct error *err);
MUST_USE bool config_value_from_json(const struct config_key *key, const struct json *json,
                                     struct config_value *out, struct error *err);
/* The value as JSON, owned; a list becomes an array of texts when as_array is true, else one text.
 * NULL: REASON_NO_MEMORY. */
struct json *config_value_to_json(const struct config_key *key, const struct config_value *value,
                                  bool as_array, struct error *err);
/* Append the value of a key's field as it would be typed. */
MUST_USE bool config_value_format(const struct config_key *key, const void *config,
                                  struct buffer *out, struct error *err);
/* Move the value into its field; the field's former text is freed and *take_value is empty. */
void config_value_store(const struct config_key *key, void *config,
                        struct config_value *take_value);
void config_value_clear(struct config_value *value); /* NULL is allowed */

/* "a whole number, 1 to 3650 days", "one of static, none", ... for messages and reference. */
MUST_USE bool config_value_describe(const struct config_key *key, struct buffer *out,
                                    struct error *err);

#endif
