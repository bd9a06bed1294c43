/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one SCEP URL: operation in, answer out; the coordinator of the protocol.
 * Not here: which URL leads here (service/dispatch.c), the decision (enroll/), the codec (scep/).
 * Owns:     the compiled parts of one template: rules, challenge, address list, caps.
 * Threads:  immutable after creation; any thread may call.
 * Spec:     RFC 8894 3 and 4.
 */
#ifndef OPENNDES_ENDPOINT_ENDPOINT_H
#define OPENNDES_ENDPOINT_ENDPOINT_H

#include "ca/ca.h"
#include "challenge/challenge.h"
#include "config/template_config.h"
#include "http/http_types.h"
#include "http/ip_acl.h"
#include "store/store.h"

struct endpoint;

struct endpoint_options {
    const struct template_config *config; /* not needed after creation */
    struct ca *ca;                        /* outlives the endpoint */
    struct store *store;                  /* outlives the endpoint */
    struct challenge *take_challenge;     /* NULL only for a template that is switched off; taken
                                             over also on failure */
};

/* What happened to one request, for log and audit. All text is owned by the report. */
struct endpoint_report {
    const char *operation;    /* constant text; NULL: not known */
    const char *message_type; /* constant text; NULL: not known */
    const char *challenge_type;
    const char *result; /* constant: "issued", "repeated", "refused", "ok" */
    uint8_t transaction_id[LIMIT_TRANSACTION_ID_BYTES];
    size_t transaction_id_len;
    char requested_subject[NAME_TEXT_MAX];
    char algorithms[64];
    struct certificate_info certificate; /* serial "" when none */
    struct error error;                  /* why it was refused */
};

/* Errors: REASON_CONFIG_*, from the parts. Owned: endpoint_free. */
struct endpoint *endpoint_create(const struct endpoint_options *options, struct error *err);
void endpoint_free(struct endpoint *endpoint); /* NULL is allowed */

const char *endpoint_name(const struct endpoint *endpoint);
bool endpoint_enabled(const struct endpoint *endpoint);

void endpoint_report_init(struct endpoint_report *report);

/*
 * Headers are there, the body is not: switched on, address list, method. false: refused, the error
 * stands in the report and `response` is filled.
 */
MUST_USE bool endpoint_admit(const struct endpoint *endpoint, const struct http_request *request,
                             struct http_response *response, struct endpoint_report *report);
/* The whole request: fills response and report. */
void endpoint_handle(const struct endpoint *endpoint, const struct http_request *request,
                     struct http_response *response, struct endpoint_report *report);

#endif
