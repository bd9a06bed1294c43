/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  /ocsp/<ca>: the request out of path or body, the answer with its HTTP headers.
 * Not here: what is answered (ca/ca_ocsp.h), signers (ca_upkeep.h), address lists and listeners
 *           (dispatch.c).
 * Owns:     nothing.
 * Threads:  admit on an I/O thread, handle on a worker.
 * Spec:     RFC 6960 appendix A; RFC 5019 5 and 6.
 */
#ifndef OPENNDES_SERVICE_OCSP_FACE_H
#define OPENNDES_SERVICE_OCSP_FACE_H

#include "service/ocsp_counts.h"
#include "service/ocsp_limit.h"
#include "service/route.h"
#include "service/runtime.h"

#define OCSP_FACE_OPERATION "ocsp" /* as log and metrics name it */

/*
 * Is there such a responder, and may it be asked by this method? Errors: REASON_NO_SUCH_URL,
 * REASON_METHOD (with response->allow).
 */
MUST_USE bool ocsp_face_admit(struct runtime *runtime, const struct route *route,
                              const struct http_request *request, struct http_response *response,
                              struct error *err);
/* Both may be NULL. */
struct ocsp_watch {
    struct ocsp_counts *counts;
    struct ocsp_limit *limit;
};

/*
 * Fills response and report. What the responder refuses is an OCSP answer with status 200, too; why
 * stands in the report.
 */
void ocsp_face_handle(struct runtime *runtime, const struct route *route,
                      const struct http_request *request, struct http_response *response,
                      const struct ocsp_watch *watch, struct endpoint_report *report);

#endif
