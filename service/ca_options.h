/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the options of a new CA as they are typed.
 * Not here: making it (ca/ca_files.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     docs/command-line.md.
 */
#ifndef OPENNDES_SERVICE_CA_OPTIONS_H
#define OPENNDES_SERVICE_CA_OPTIONS_H

#include "ca/ca_files.h"

/* key, subject, days may be NULL: rsa3072, a subject with the host's name, 3650. REASON_USAGE. */
MUST_USE bool ca_new_options_fill(struct ca_new_options *out, const char *data, const char *name,
                                  const char *key, const char *subject, const char *days,
                                  struct error *err);

#endif
