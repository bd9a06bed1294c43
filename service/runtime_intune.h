/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the connection to Intune as it is shared between runtimes: made anew when its settings
 *           or its credential change, kept with its tokens otherwise.
 * Not here: the calls (intune/), what templates do with it (challenge_intune.h).
 * Owns:     a reference on the client.
 * Threads:  immutable once loaded.
 * Spec:     docs/intune.md.
 */
#ifndef OPENNDES_SERVICE_RUNTIME_INTUNE_H
#define OPENNDES_SERVICE_RUNTIME_INTUNE_H

#include "config/service_config.h"
#include "intune/intune_client.h"
#include "intune/intune_credential.h"

#define RUNTIME_INTUNE_STAMPS (INTUNE_CREDENTIAL_STAMPS + 1) /* and of intune.ca_file */

struct runtime_intune {
    struct intune_client *client; /* NULL: Intune is not used, or something is wrong */
    struct error error;           /* why there is none although intune.tenant is set */
    struct file_stamp stamps[RUNTIME_INTUNE_STAMPS];
};

/*
 * stats, previous and its settings may be NULL. Nothing that is wrong fails: it is kept in `error`
 * and told to whoever needs the client.
 */
void runtime_intune_load(struct runtime_intune *out, const char *data_folder,
                         const struct service_config *config, struct intune_stats *stats,
                         const struct runtime_intune *previous,
                         const struct service_config *previous_config);
void runtime_intune_clear(struct runtime_intune *intune); /* NULL is allowed */
/* True when a file of the credential, or intune.ca_file, differs from what was loaded. */
bool runtime_intune_stale(const struct runtime_intune *intune, const char *data_folder,
                          const struct service_config *config);

#endif
