/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  where this tenant's Intune services are, as Graph tells; kept until a call to them
 *           fails.
 * Not here: which addresses may be believed (intune_cloud_urls.h).
 * Owns:     the client's endpoints.
 * Threads:  any thread; one asks, others wait and share what comes of it.
 * Spec:     Microsoft Graph v1.0: servicePrincipal endpoints.
 */
#ifndef OPENNDES_INTUNE_INTUNE_DISCOVERY_H
#define OPENNDES_INTUNE_INTUNE_DISCOVERY_H

#include "intune/intune_token.h"

enum intune_service { INTUNE_SERVICE_SCEP, INTUNE_SERVICE_CONNECTOR };

struct intune_address {
    char url[INTUNE_URL_MAX]; /* without slash at the end */
    uint64_t serial;          /* for intune_discovery_drop */
};

/*
 * The address, known or asked for. Errors: REASON_INTUNE_RIGHTS, _DISCOVERY, and those of tokens.
 */
MUST_USE bool intune_discovery_get(struct intune_client *client, enum intune_service service,
                                   const struct intune_budget *budget, struct intune_address *out,
                                   struct error *err);
/* A call failed: ask again next time, unless somebody has done so already. */
void intune_discovery_drop(struct intune_client *client, uint64_t serial);

/* Ask once, with this token and past what is known. answer keeps status and date. */
MUST_USE bool intune_discovery_ask(struct intune_client *client, const struct intune_budget *budget,
                                   const struct secret *token, struct intune_endpoints *out,
                                   struct http_answer *answer, struct error *err);
/* REASON_INTUNE_DISCOVERY when the service is not among them, with what to click. */
MUST_USE bool intune_discovery_has(const struct intune_endpoints *endpoints,
                                   enum intune_service service, struct error *err);

#endif
