/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the fields of a face, shared by the files that make up the coordinator.
 * Not here: what others may call (ndes_face.h).
 * Owns:     see ndes_face.h.
 * Threads:  immutable after creation.
 * Spec:     NDES: observed.
 */
#ifndef OPENNDES_MSCEP_NDES_FACE_INTERNAL_H
#define OPENNDES_MSCEP_NDES_FACE_INTERNAL_H

#include "mscep/ndes_face.h"

#define NDES_URL_MAX 768

struct ndes_face {
    char scope[LIMIT_TEMPLATE_NAME + 1];
    enum ndes_plain_get plain_get;
    struct endpoint_face scep; /* how SCEP is served through this face */
    const struct endpoint *endpoints[NDES_USAGES];
    struct ndes_password_source source;
    struct sign_in_list *list;
    char scep_url[NDES_URL_MAX];
    char admin_url[NDES_URL_MAX];
};

/* The endpoint that opens messages and whose numbers the password page goes by. */
const struct endpoint *ndes_face_front(const struct ndes_face *face);

/* mscep_admin, once somebody has signed in: page, or 301 to the form with a slash. */
void ndes_admin_answer(const struct ndes_face *face, const struct ndes_route *route,
                       const struct sign_in_user *user, const struct http_request *request,
                       struct http_response *response, struct ndes_report *report);
/* /scep/<template>/challenge, once somebody has signed in. */
void ndes_api_answer(const struct ndes_face *face, const struct sign_in_user *user,
                     const struct http_request *request, struct http_response *response,
                     struct ndes_report *report);

/* Make what the face hands out, by its mode: one-time or single password. */
MUST_USE bool ndes_face_make_password(const struct ndes_face *face,
                                      struct ndes_password_order *order,
                                      struct ndes_password_made *made, struct error *err);

#endif
