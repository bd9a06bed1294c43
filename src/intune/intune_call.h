/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one call to Entra, Graph or Intune, patient with "too many requests".
 * Not here: what the answer means (intune_answer.h), new tokens and addresses (intune_service.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     Intune-Resource-Access: headers of its calls.
 */
#ifndef OPENNDES_INTUNE_INTUNE_CALL_H
#define OPENNDES_INTUNE_INTUNE_CALL_H

#include "intune/intune_client_internal.h"

struct intune_call {
    const char *who; /* "Microsoft Graph", for details */
    const char *url;
    const char *content_type;   /* of the body; NULL: a GET without one */
    const char *api_version;    /* NULL: none */
    const struct secret *token; /* NULL: none */
    struct bytes body;
};

/*
 * Call; after a 429 or 503 whose Retry-After leaves time, once more. true: an answer came.
 * client_request_id (may be NULL) gets the GUID of the last call. `answer` is cleared first; its
 * `failure` tells why none came.
 * Errors: REASON_INTUNE_UNAVAILABLE, _ANSWER (too large), REASON_STOPPING, REASON_NO_MEMORY.
 */
MUST_USE bool intune_call(struct intune_client *client, const struct intune_budget *budget,
                          const struct intune_call *call, struct http_answer *answer,
                          char client_request_id[INTUNE_ID_MAX], struct error *err);
/* The answer as intune_answer.h wants it; valid as long as it. */
struct intune_answer intune_call_answer(const struct http_answer *answer);

#endif
