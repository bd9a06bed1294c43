/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a plan as text for people and as JSON for programs.
 * Not here: what is planned (ndes_import.h), where it is printed (service/).
 * Owns:     nothing: appends to the caller's buffer, gives JSON away.
 * Threads:  pure functions.
 * Spec:     docs/command-line.md.
 */
#ifndef OPENNDES_MSCEP_NDES_IMPORT_REPORT_H
#define OPENNDES_MSCEP_NDES_IMPORT_REPORT_H

#include "base/json.h"
#include "mscep/ndes_import.h"

struct ndes_import_outcome {
    const char *source; /* what was read, for people */
    bool dry_run;
    bool written; /* something was */
};

#define NDES_IMPORT_REPORT_BYTES 1048576u

/* Three sections: Taken, Not taken, Next steps; then one line on what was written. */
MUST_USE bool ndes_import_report_text(const struct ndes_import_plan *plan,
                                      const struct ndes_import_outcome *outcome, struct buffer *out,
                                      struct error *err);
/* The same, and the settings; owned: json_value_free. NULL on failure. */
struct json *ndes_import_report_json(const struct ndes_import_plan *plan,
                                     const struct ndes_import_outcome *outcome, struct error *err);

#endif
