/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  read and write settings that Windows keeps in the registry (HKLM, 64-bit view), and
 *           protect keys.
 * Not here: what they mean (config/, mscep/), exported keys in files (mscep/reg_file.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     none. On POSIX there is no registry: nothing is ever found, and nothing can be written.
 */
#ifndef OPENNDES_PLATFORM_REGISTRY_H
#define OPENNDES_PLATFORM_REGISTRY_H

#include "base/buffer.h"

/* REG_SZ or REG_EXPAND_SZ (expanded) as UTF-8, appended. Another type: REASON_CONFIG_WRONG_TYPE. */
MUST_USE bool registry_read_text(const char *key, const char *value, struct buffer *out,
                                 bool *found, struct error *err);
/* REG_DWORD. */
MUST_USE bool registry_read_u32(const char *key, const char *value, uint32_t *out, bool *found,
                                struct error *err);

#define REGISTRY_WALK_DEPTH 4u     /* keys below the first one */
#define REGISTRY_WALK_VALUES 1000u /* in all of them */
#define REGISTRY_VALUE_BYTES 65536u

enum registry_type {
    REGISTRY_TEXT,   /* REG_SZ, REG_EXPAND_SZ */
    REGISTRY_NUMBER, /* REG_DWORD */
    REGISTRY_LIST,   /* REG_MULTI_SZ */
    REGISTRY_OTHER   /* binary, REG_DWORD of a wrong size, all the rest: only that it is there */
};

/* One value, for the time of a visit. */
struct registry_value {
    const char *key;  /* relative to the key walked, '\\' between parts; "" that key itself */
    const char *name; /* "" the key's unnamed value */
    enum registry_type type;
    const char *text; /* TEXT; LIST: one item a line, no '\n' behind the last; "" for the others */
    uint32_t number;  /* NUMBER */
};

/* False with an error ends the walk. */
typedef bool registry_visit(void *context, const struct registry_value *value, struct error *err);

/*
 * Visit every value of a key and of the keys below it, each key's values before its keys. *found
 * tells whether the key exists. Values that change meanwhile may be missed, none is torn.
 * Errors: REASON_NOT_PERMITTED, REASON_LIMIT (depth, number of values, size of one),
 * REASON_CONFIG_UNREADABLE, the visitor's.
 */
MUST_USE bool registry_walk(const char *key, registry_visit *visit, void *context, bool *found,
                            struct error *err);

/* Enough to notice that a value of a key has changed; all zero for a missing key. */
struct registry_stamp {
    int64_t written_100ns; /* since 1970: a value was set or removed, or a key below it */
    uint32_t values;
};

/* Cheap enough for once a second. Errors: REASON_NOT_PERMITTED, REASON_CONFIG_UNREADABLE. */
MUST_USE bool registry_stamp(const char *key, struct registry_stamp *out, struct error *err);
bool registry_stamp_equal(const struct registry_stamp *a, const struct registry_stamp *b);
/* ---- writing --------------------------------------------------------------------------------- */

/*
 * Make a key below HKLM if it is missing, and give it, whoever made it, the rights of a security
 * descriptor (rights_text.h); values in it stay. Errors: REASON_NOT_PERMITTED,
 * REASON_CONFIG_UNREADABLE, REASON_INTERNAL; on POSIX REASON_WINDOWS_ONLY.
 */
MUST_USE bool registry_protect(const char *key, const char *sddl, struct error *err);
/*
 * Make a key and its parents if missing. Errors: REASON_NOT_PERMITTED, REASON_FILE_NOT_WRITABLE; on
 * POSIX REASON_WINDOWS_ONLY, here and below.
 */
MUST_USE bool registry_make_key(const char *key, struct error *err);
/* Set a value of a key that is there: REG_SZ, or REG_EXPAND_SZ. Errors as above. */
MUST_USE bool registry_write_text(const char *key, const char *value, const char *text,
                                  bool expandable, struct error *err);
/* REG_DWORD. */
MUST_USE bool registry_write_u32(const char *key, const char *value, uint32_t number,
                                 struct error *err);
/* A missing one is fine. */
MUST_USE bool registry_remove_value(const char *key, const char *value, struct error *err);
/* Remove a key that has no keys below it, with its values; a missing one is fine. */
MUST_USE bool registry_remove_key(const char *key, struct error *err);
/* The same, unless it has values or keys of somebody else. */
MUST_USE bool registry_remove_empty_key(const char *key, struct error *err);

#endif
