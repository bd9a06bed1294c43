/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  when the credential ends, as settings, certificate or Graph tell.
 * Not here: warning about it (intune_keeper.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     Microsoft Graph v1.0: application, passwordCredential.
 */
#ifndef OPENNDES_INTUNE_INTUNE_CREDENTIAL_END_H
#define OPENNDES_INTUNE_INTUNE_CREDENTIAL_END_H

#include "intune/intune_client_internal.h"

/* Without asking anybody: notAfter, or intune.secret_expires; 0 not known. */
int64_t intune_credential_end_known(const struct intune_client *client);
/* Ask Graph about the secret. false: no answer; *end 0: it names none that begins so. */
bool intune_credential_end_ask(struct intune_client *client, const struct intune_budget *budget,
                               const struct secret *graph_token, int64_t now, int64_t *end);

#endif
