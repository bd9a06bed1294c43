/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the data folder: where things lie in it, its secrets' key, its lock.
 * Not here: the content of the files (config/, ca/, store/).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     docs/data-folder.md.
 */
#ifndef OPENNDES_SERVICE_DATA_FOLDER_H
#define OPENNDES_SERVICE_DATA_FOLDER_H

#include "base/secret.h"
#include "platform/files.h"
#include "store/store.h"

/* Paths below the data folder. */
MUST_USE bool data_path_config(const char *data, char path[FILE_PATH_MAX], struct error *err);
MUST_USE bool data_path_template(const char *data, const char *name, char path[FILE_PATH_MAX],
                                 struct error *err);
MUST_USE bool data_path_logs(const char *data, char path[FILE_PATH_MAX], struct error *err);
MUST_USE bool data_path_lock(const char *data, char path[FILE_PATH_MAX], struct error *err);

/*
 * True when init has finished here. Errors: REASON_DATA_FOLDER_MISSING with the command that makes
 * one.
 */
MUST_USE bool data_folder_check(const char *data, struct error *err);
/*
 * True when nobody else may change, or read where it is secret, what lies in the folder; one pass
 * over all of it. Errors: REASON_RIGHTS_UNSAFE, REASON_REPARSE_POINT with the command that mends
 * it, file errors.
 */
MUST_USE bool data_folder_check_rights(const char *data, struct error *err);
/*
 * The folders themselves; existing ones stay, but an empty data folder that is open to others is
 * closed, and one with files in it is refused. Errors: REASON_RIGHTS_UNSAFE, REASON_REPARSE_POINT,
 * file errors.
 */
MUST_USE bool data_folder_create(const char *data, struct error *err);
/*
 * One command at a time reads and writes settings and templates: of two at once the later would
 * undo the earlier. Owned: file_lock_release. Errors: REASON_DATA_FOLDER_IN_USE.
 */
MUST_USE bool data_settings_lock(const char *data, struct file_lock **lock, struct error *err);
/* The same for openndes.json alone. */
MUST_USE bool data_config_lock(const char *data, struct file_lock **lock, struct error *err);
/*
 * The key of the MACs of passphrases (secrets.key, sealed); made on first use when `create`.
 * Errors: REASON_KEY_PROTECTION, file errors.
 */
MUST_USE bool data_mac_key(const char *data, bool create, struct secret *key, struct error *err);
/*
 * Remove the NDES passwords of a template's name: before a new template gets it, and with the one
 * that had it. Nothing to do without a database. Errors: REASON_STORE_*.
 */
MUST_USE bool data_forget_passwords(const char *data, const char *template_name, struct error *err);
/* Open the database of the folder; the caller closes it. */
struct store *data_store_open(const char *data, unsigned readers, struct error *err);

#endif
