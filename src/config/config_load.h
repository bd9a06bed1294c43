/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  read openndes.json and templates/<name>.json strictly into their structs, with
 *           cross-field checks.
 * Not here: the key table (config_keys.h), rules between keys (config_rules.h), hot reload
 *           (service/app.c).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_CONFIG_CONFIG_LOAD_H
#define OPENNDES_CONFIG_CONFIG_LOAD_H

#include "base/buffer.h"
#include "config/service_config.h"
#include "platform/files.h"

/*
 * Read <data>/openndes.json, and what Group Policy sets over it (config_sources.h tells which is
 * which, and what happens to a policy's value that is not possible). Unknown or duplicate key,
 * wrong type, out of range: the detail says "<file>:<line>: <key>: ..." and what is possible. out
 * need not be initialised; it is all zero on failure.
 * Errors: REASON_CONFIG_..., REASON_DATA_FOLDER_MISSING, REASON_NO_MEMORY, those of
 * config_policy_read.
 */
MUST_USE bool config_load_service(const char *data_folder, struct service_config *out,
                                  struct error *err);
/*
 * The file's part of it: every value is checked, but not yet what they demand of each other.
 * in_file gets for each of the service's keys whether the file has it, text the file's content,
 * file its name for messages. Errors: as above. out is all zero on failure.
 */
MUST_USE bool config_load_service_file(const char *data_folder, struct service_config *out,
                                       bool *in_file, struct buffer *text, char file[FILE_PATH_MAX],
                                       struct error *err);
/* Read <data>/templates/<name>.json; the name is checked (template_name_check).
 * Errors: as above, REASON_TEMPLATE_NAME, REASON_TEMPLATE_MISSING. */
MUST_USE bool config_load_template(const char *data_folder, const char *name,
                                   struct template_config *out, struct error *err);
/* The same from text; `file` is only for messages. */
MUST_USE bool config_parse_service(const char *file, struct bytes text, struct service_config *out,
                                   struct error *err);
MUST_USE bool config_parse_template(const char *file, const char *name, struct bytes text,
                                    struct template_config *out, struct error *err);
/* Letters a-z, digits, '-', '_', '.', 1..64, first a letter or digit, last not a dot; not a Windows
 * device name (con, nul, com1, ...) also with an extension; lower case. REASON_TEMPLATE_NAME. */
MUST_USE bool template_name_check(const char *name, struct error *err);
/* Call visit for each template file's name, sorted; stops with false when visit returns false.
 * Other files are skipped. No templates folder: no templates. More than LIMIT_TEMPLATES:
 * REASON_LIMIT. */
typedef bool template_visit(void *context, const char *name, struct error *err);
MUST_USE bool config_list_templates(const char *data_folder, template_visit *visit, void *context,
                                    struct error *err);

#endif
