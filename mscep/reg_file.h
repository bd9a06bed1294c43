/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  read a key out of a file that "reg export" or regedit has written, as registry_walk
 *           reads the registry itself.
 * Not here: what the values mean (ndes_registry.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     the format of .reg files, "Windows Registry Editor Version 5.00".
 */
#ifndef OPENNDES_MSCEP_REG_FILE_H
#define OPENNDES_MSCEP_REG_FILE_H

#include "platform/registry.h"

#define REG_FILE_BYTES_MAX 4194304u /* the key of NDES alone takes about 4 KB */

/*
 * Visit every value of HKEY_LOCAL_MACHINE\<key> and of the keys below it, in the file's order.
 * *found tells whether the file names the key or one below it. The whole file has to be well
 * formed, UTF-16 with byte order mark or UTF-8. Only what an export holds is read: a file that
 * removes keys or values is refused. Bytes of binary values are checked and kept nowhere.
 * Errors: REASON_SYNTAX with "line N", REASON_LIMIT, REASON_NO_MEMORY, the visitor's.
 */
MUST_USE bool reg_file_walk(struct bytes file, const char *key, registry_visit *visit,
                            void *context, bool *found, struct error *err);

#endif
