/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  take over the settings of the NDES on this machine, for whoever is not the command
 *           line.
 * Not here: what is taken and how (mscep/ndes_import.h), the verb (cmd_import_ndes.c, where this is
 *           made too).
 * Owns:     nothing that lives on.
 * Threads:  the main thread.
 * Spec:     docs/migrate-from-ndes.md.
 */
#ifndef OPENNDES_SERVICE_IMPORT_NDES_H
#define OPENNDES_SERVICE_IMPORT_NDES_H

#include "base/buffer.h"

/*
 * As "openndes import-ndes" into a finished data folder; the report is appended. *found false: this
 * machine has no NDES, and nothing was written. Errors: as of the verb.
 */
MUST_USE bool import_ndes_of_machine(const char *data, struct buffer *report, bool *found,
                                     struct error *err);

#endif
