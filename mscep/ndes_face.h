/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one NDES face, the service's own (/certsrv/...) or a template's (/scep/<template>/
 *           certsrv/...): device URL, password page, password API; the coordinator of mscep/.
 * Not here: which path leads here (ndes_route.h), SCEP itself (endpoint/), HTTP (http/).
 * Owns:     compiled settings and its list of users; endpoints are borrowed.
 * Threads:  immutable after creation; any thread may call.
 * Spec:     NDES: observed; docs/ndes-compatibility.md.
 */
#ifndef OPENNDES_MSCEP_NDES_FACE_H
#define OPENNDES_MSCEP_NDES_FACE_H

#include "endpoint/endpoint.h"
#include "mscep/ndes_password.h"
#include "mscep/ndes_route.h"
#include "mscep/ndes_usage.h"
#include "mscep/sign_in.h"

#define NDES_USAGES 3 /* values of enum ndes_usage */

struct ndes_face;

struct ndes_face_options {
    const char *scope;                     /* template's name, or NDES_PASSWORD_SCOPE_SERVICE */
    const struct ndes_face_config *config; /* not needed after creation */
    const char *allowed_default;           /* in the place of an empty config->allowed */
    /* By enum ndes_usage; outlive the face; on a template's own face all are the same one. */
    const struct endpoint *endpoints[NDES_USAGES];
    struct ndes_password_source source; /* what it points to outlives the face */
    const char *public_url;             /* "http://host" of SCEP URLs; copied */
    const char *admin_url;              /* of the password page, for the help page; copied */
};

/* What happened to one request, for log and audit. */
struct ndes_report {
    struct endpoint_report scep;
    char user[256];      /* who has signed in, not escaped; "" nobody */
    const char *scheme;  /* constant; NULL nobody */
    int64_t password_id; /* number of the one-time password that was made; 0: none */
};

/*
 * Errors: REASON_NDES_FACE_BROKEN (an endpoint is switched off, asks for another challenge, or
 * they belong to different CAs), REASON_NO_MEMORY. *unknown gets the first name on the list that
 * this machine does not know, not escaped, or "".
 */
struct ndes_face *ndes_face_create(const struct ndes_face_options *options, char *unknown,
                                   size_t unknown_size, struct error *err);
void ndes_face_free(struct ndes_face *face); /* NULL is allowed */

/*
 * Headers are there, the body is not: address list and method. false: refused, the error stands in
 * the report and `response` is filled.
 */
MUST_USE bool ndes_face_admit(const struct ndes_face *face, const struct ndes_route *route,
                              const struct http_request *request, struct http_response *response,
                              struct endpoint_report *report);
/* The whole request: fills response and report. Signing in may take its time. */
void ndes_face_handle(const struct ndes_face *face, struct sign_in *sign_in,
                      const struct ndes_route *route, const struct http_request *request,
                      struct http_response *response, struct ndes_report *report);

#endif
