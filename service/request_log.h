/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one request becomes one readable log line; when something was decided, one audit
 *           record; and when it was refused for a reason that has one, an event.
 * Not here: where lines and records go (audit/), events' words (event_catalogue.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     docs/audit.md, docs/events.md.
 */
#ifndef OPENNDES_SERVICE_REQUEST_LOG_H
#define OPENNDES_SERVICE_REQUEST_LOG_H

#include "mscep/ndes_face.h"
#include "service/dispatch.h"
#include "service/route.h"

void request_log(const struct dispatch *dispatch, const struct http_request *request,
                 const struct http_response *response, const struct route *route,
                 const struct ndes_report *report);

#endif
