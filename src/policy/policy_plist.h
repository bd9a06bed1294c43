/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the values of an XML property list: dictionaries without duplicate keys, typed leaves.
 * Not here: what keys mean (policy_load_plist.c).
 * Owns:     the keys of a dictionary; values are borrowed from their document.
 * Threads:  pure functions.
 * Spec:     plist(5) of macOS.
 */
#ifndef OPENNDES_POLICY_POLICY_PLIST_H
#define OPENNDES_POLICY_POLICY_PLIST_H

#include "base/xml.h"

enum policy_plist_kind {
    POLICY_PLIST_STRING,
    POLICY_PLIST_INTEGER,
    POLICY_PLIST_BOOLEAN,
    POLICY_PLIST_DATA,
    POLICY_PLIST_ARRAY,
    POLICY_PLIST_DICT,
    POLICY_PLIST_OTHER /* real, date */
};

struct policy_plist_entry {
    char *key;
    const struct xml_node *value;
};

struct policy_plist_dict {
    struct policy_plist_entry *item; /* sorted by key */
    size_t count;
};

/* Errors: REASON_POLICY_FORMAT (no kind of value). */
MUST_USE bool policy_plist_kind(const struct xml_node *value, enum policy_plist_kind *kind,
                                struct error *err);
/* REASON_POLICY_VALUE unless the value is of this kind. */
MUST_USE bool policy_plist_expect(const struct xml_node *value, enum policy_plist_kind kind,
                                  struct error *err);

/*
 * <dict>: keys and values in turns. Errors: REASON_POLICY_FORMAT (out of turn, a key twice),
 * REASON_LIMIT. Owned: policy_plist_dict_clear.
 */
MUST_USE bool policy_plist_dict_read(const struct xml_node *node, struct policy_plist_dict *out,
                                     struct error *err);
void policy_plist_dict_clear(struct policy_plist_dict *dict);
/* The value, or NULL. */
const struct xml_node *policy_plist_get(const struct policy_plist_dict *dict, const char *key);

/* Append a <string>, or the bytes of <data>. Errors: REASON_POLICY_VALUE, REASON_LIMIT. */
MUST_USE bool policy_plist_string(const struct xml_node *value, struct buffer *out,
                                  struct error *err);
MUST_USE bool policy_plist_data(const struct xml_node *value, struct buffer *out,
                                struct error *err);
/* 0..max. Errors: REASON_POLICY_VALUE. */
MUST_USE bool policy_plist_integer(const struct xml_node *value, uint64_t max, uint64_t *number,
                                   struct error *err);

#endif
