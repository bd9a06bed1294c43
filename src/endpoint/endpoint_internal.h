/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the fields of an endpoint, shared by the files that make up the coordinator.
 * Not here: what others may call (endpoint.h).
 * Owns:     see endpoint.h.
 * Threads:  immutable after creation.
 * Spec:     RFC 8894 3.
 */
#ifndef OPENNDES_ENDPOINT_ENDPOINT_INTERNAL_H
#define OPENNDES_ENDPOINT_ENDPOINT_INTERNAL_H

#include "endpoint/endpoint.h"
#include "endpoint/next_list.h"
#include "enroll/enroll.h"

/* Of the CA: current, next, previous; the order in which a message's recipient is looked for. */
#define ENDPOINT_GENERATIONS 3

struct endpoint {
    char name[LIMIT_TEMPLATE_NAME + 1];
    bool enabled;
    struct endpoint_face own_face; /* its level is the endpoint's */
    enum challenge_type challenge_type;
    struct ndes_face_config ndes; /* the text in it is owned */
    struct ndes_password_config password;
    bool reply_chain;
    bool include_root;
    struct ca *ca;       /* borrowed, like the next two */
    struct ca *next;     /* NULL: none */
    struct ca *previous; /* NULL: none */
    struct template *template;
    struct challenge *challenge; /* NULL while switched off */
    struct policy_gate *policy;  /* NULL: none */
    struct ip_acl *acl;
    struct trusted_cas *trusted; /* NULL: none */
    char *renewal_templates;
    struct ca **renewal_cas; /* the list is owned, the CAs are not */
    struct enroll_options enroll;
    struct next_list *next_list; /* of GetNextCACert */
    struct rate_subject rate;    /* whose counts its messages belong to */
};

/* Its CA of a generation, borrowed; NULL: none. */
struct ca *endpoint_generation(const struct endpoint *endpoint, size_t generation);

/*
 * PKIOperation. true: `response` holds a CertRep (also one that refuses; then the report has the
 * error). false: the error in the report is to be answered as an HTTP status.
 */
MUST_USE bool pki_operation(const struct endpoint *endpoint, const struct endpoint_face *face,
                            const struct http_request *request, struct bytes message,
                            struct http_response *response, struct endpoint_report *report);

#endif
