/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the texts of "openndes help".
 * Not here: the verbs (cmd_*.c).
 * Owns:     constant texts.
 * Threads:  any thread.
 * Spec:     docs/command-line.md.
 */
#ifndef OPENNDES_SERVICE_HELP_H
#define OPENNDES_SERVICE_HELP_H

#include "base/error.h"

/* Print the overview (verb NULL) or one verb's page. REASON_USAGE for an unknown verb. */
MUST_USE bool help_print(const char *verb, struct error *err);

#endif
