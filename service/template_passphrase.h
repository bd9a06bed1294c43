/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a template's passphrase on its way from input to the MAC in the template file.
 * Not here: the MAC (challenge/challenge_static.h), the file (config/config_edit.h).
 * Owns:     nothing that lives on.
 * Threads:  the main thread.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_SERVICE_TEMPLATE_PASSPHRASE_H
#define OPENNDES_SERVICE_TEMPLATE_PASSPHRASE_H

#include "config/config_edit.h"

#include "base/secret.h"

/*
 * Put the passphrase's MAC into the template being edited. data: the data folder with the MAC key.
 */
MUST_USE bool template_passphrase_put(const char *data, struct config_edit *edit, const char *name,
                                      struct bytes passphrase, bool allow_short, struct error *err);

#endif
