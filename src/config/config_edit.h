/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  change settings in a JSON file by KEY=VALUE, keeping the rest of the file and its
 *           order.
 * Not here: secrets (service/ turns a passphrase into its MAC first).
 * Owns:     the edited document.
 * Threads:  one owner.
 * Spec:     none.
 */
#ifndef OPENNDES_CONFIG_CONFIG_EDIT_H
#define OPENNDES_CONFIG_CONFIG_EDIT_H

#include "base/buffer.h"
#include "config/config_keys.h"

struct config_edit;

/* Open a file for editing; a missing file starts empty. NULL on failure.
 * Errors: REASON_CONFIG_UNREADABLE, REASON_CONFIG_SYNTAX, REASON_CONFIG_DUPLICATE_KEY. */
struct config_edit *config_edit_open(enum config_scope scope, const char *path, struct error *err);
void config_edit_close(struct config_edit *edit); /* NULL is allowed; nothing is written */
/*
 * Set a key from text as typed ("true", "365", "a,b", words). allow_internal lets internal keys
 * through. A list that is an array in the file stays one. The document is unchanged on failure.
 * Errors: REASON_CONFIG_UNKNOWN_KEY (with suggestion), _WRONG_TYPE, _OUT_OF_RANGE, _BAD_VALUE.
 */
MUST_USE bool config_edit_set(struct config_edit *edit, const char *key, const char *value,
                              bool allow_internal, struct error *err);
/* The current text of a key in the document, appended as it would be typed; *found false: default
 * applies. */
MUST_USE bool config_edit_get(const struct config_edit *edit, const char *key, struct buffer *out,
                              bool *found, struct error *err);
/* The document as it would be saved. */
MUST_USE bool config_edit_print(const struct config_edit *edit, struct buffer *out,
                                struct error *err);
/*
 * Check the whole result as loading would (template_name for templates, NULL for the service), then
 * write atomically. Nothing is written on failure.
 * must_be_new: the file must not exist yet (REASON_TEMPLATE_EXISTS; for the service
 * REASON_DATA_FOLDER_EXISTS); of several savers one wins.
 */
MUST_USE bool config_edit_save(struct config_edit *edit, const char *template_name,
                               bool must_be_new, struct error *err);

#endif
