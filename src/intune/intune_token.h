/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  access tokens by client credentials: secret or signed assertion; kept until a minute
 *           before they end.
 * Not here: the credential on disk (intune_credential.h).
 * Owns:     the client's token slots.
 * Threads:  any thread; one asks, others wait and share what comes of it.
 * Spec:     RFC 6749 4.4; Microsoft identity platform: client credentials flow.
 */
#ifndef OPENNDES_INTUNE_INTUNE_TOKEN_H
#define OPENNDES_INTUNE_INTUNE_TOKEN_H

#include "intune/intune_client_internal.h"

struct intune_token {
    struct secret value;
    uint64_t serial; /* for intune_token_drop */
};
#define INTUNE_TOKEN_INIT                                                                          \
    {                                                                                              \
        SECRET_INIT, 0                                                                             \
    }
void intune_token_clear(struct intune_token *token);

/*
 * A token from the slot, or a new one. Errors: REASON_INTUNE_CREDENTIAL, _RIGHTS, _UNAVAILABLE,
 * _ANSWER, _BUSY; REASON_STOPPING, REASON_NO_MEMORY.
 */
MUST_USE bool intune_token_get(struct intune_client *client, enum intune_scope scope,
                               const struct intune_budget *budget, struct intune_token *out,
                               struct error *err);
/*
 * It was refused, or rights are missing: all tokens go, unless somebody has a newer one already.
 */
void intune_token_drop(struct intune_client *client, enum intune_scope scope, uint64_t serial);

/* Ask, past the slots. answer keeps what came last (no token in it): proxy and date for tests. */
MUST_USE bool intune_token_ask(struct intune_client *client, enum intune_scope scope,
                               const struct intune_budget *budget, struct secret *token,
                               int64_t *seconds, struct http_answer *answer, struct error *err);

#endif
