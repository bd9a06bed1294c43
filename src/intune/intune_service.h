/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a call to one of Intune's services with token and address: each second chance once, and
 *           never because of what Intune decided.
 * Not here: bodies and results (intune_actions.c, intune_revocation.c).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     Intune-Resource-Access; docs/intune.md.
 */
#ifndef OPENNDES_INTUNE_INTUNE_SERVICE_H
#define OPENNDES_INTUNE_INTUNE_SERVICE_H

#include "intune/intune_discovery.h"

struct intune_service_call {
    enum intune_service service;
    const char *path; /* "/ScepActions/validateRequest" */
    const char *api_version;
    struct bytes body; /* JSON */
};

/*
 * An answer whose meaning is the caller's. A token that is refused (401, 403) is replaced once, an
 * address that is not there any more (name, 404, 410) is asked for once. true: an answer with a
 * status came that no second chance could better. client_request_id is of the last call; "" when
 * none was made. Errors: those of tokens and discovery, REASON_INTUNE_UNAVAILABLE, _ANSWER.
 */
MUST_USE bool intune_service_call(struct intune_client *client,
                                  const struct intune_service_call *call,
                                  struct http_answer *answer, char client_request_id[INTUNE_ID_MAX],
                                  struct error *err);
/*
 * Put what support wants to know behind a failure: the GUID, if a call was made. Returns false.
 */
bool intune_service_failed(const char client_request_id[INTUNE_ID_MAX], const struct error *cause,
                           struct error *err);

#endif
