/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one SCEP URL: operation in, answer out; the coordinator of the protocol.
 * Not here: which URL leads here (service/dispatch.c), the decision (enroll/), the codec (scep/).
 * Owns:     the compiled parts of one template: rules, challenge, policies, address list; copies of
 *           what the NDES face needs of its settings.
 * Threads:  immutable after creation; any thread may call.
 * Spec:     RFC 8894 3 and 4; NDES: observed (one URL, several templates).
 */
#ifndef OPENNDES_ENDPOINT_ENDPOINT_H
#define OPENNDES_ENDPOINT_ENDPOINT_H

#include "ca/ca.h"
#include "challenge/challenge.h"
#include "config/template_config.h"
#include "endpoint/rate_limit.h"
#include "enroll/enroll.h"
#include "http/http_types.h"
#include "http/ip_acl.h"
#include "scep/scep_cacert.h"
#include "store/store.h"

struct endpoint;

struct endpoint_options {
    const struct template_config *config; /* not needed after creation */
    struct ca *ca;                        /* outlives the endpoint */
    struct ca *next; /* generation after `ca`, its RA opens messages too; NULL: none; outlives */
    struct ca *previous;           /* generation before; NULL: none; outlives the endpoint */
    struct ca *const *renewal_cas; /* renewal.cas of this server; copied, the CAs outlive */
    size_t renewal_ca_count;
    struct trusted_cas *take_trusted; /* renewal.cas of others; NULL: none; taken over also on
                                         failure */
    struct store *store;              /* outlives the endpoint */
    struct challenge *take_challenge; /* NULL only for a template that is switched off; taken
                                             over also on failure */
    struct policy_gate *take_policy;  /* NULL: none; taken over also on failure */
    struct rate_limit *rate;          /* NULL: nothing is limited; outlives the endpoint */
};

/* What happened to one request, for log and audit. All text is owned by the report. */
struct endpoint_report {
    /* whose rules decided; "" until the message is far enough for that to be known */
    char template_name[LIMIT_TEMPLATE_NAME + 1];
    char ca_name[LIMIT_TEMPLATE_NAME + 1]; /* whose RA was to open the message; "" none */
    const char *operation;                 /* constant text; NULL: not known */
    const char *message_type;              /* constant text; NULL: not known */
    struct enroll_report decision;
    const char *result; /* constant: "issued", "repeated", "pending", "refused", "ok" */
    bool waits_still;   /* pending, and it was before: nothing has happened */
    uint8_t transaction_id[LIMIT_TRANSACTION_ID_BYTES];
    size_t transaction_id_len;
    char requested_subject[NAME_TEXT_MAX];
    char algorithms[64];
    struct certificate_info certificate; /* serial "" when none */
    enum rate_kind limited;              /* which limit refused it; RATE_NONE: none */
    unsigned retry_after;                /* seconds; 0: nothing is said about it */
    struct error error;                  /* why it was refused */
    /*
     * The envelope could not be opened or read, whatever the error says, or it was a question that
     * found nothing, which must not be told apart: somebody may be trying.
     */
    bool unreadable;
};

/*
 * The URL space through which a request came: an endpoint can be reached through its own and
 * through NDES's. The endpoint that was asked opens the message; with `choose` another one of the
 * same CA may decide about it once its CSR, or where it waits, is known.
 */
struct endpoint_face {
    enum ra_form ra;           /* GetCACert; and who signs while no recipient is known */
    enum scep_caps_style caps; /* GetCACaps */
    enum algorithm_level
        level; /* what may be opened; the chosen endpoint's own level counts then */
    /*
     * NULL: the endpoint itself. The endpoint returned outlives the call; NULL, one that is
     * switched off or one of another CA refuses the request.
     */
    const struct endpoint *(*choose)(void *context, const struct csr *csr);
    /*
     * With `choose`: the face's endpoint of this name, NULL when the face has none. A CertPoll
     * names no template; the records know where its request waits.
     */
    const struct endpoint *(*named)(void *context, const char *template_name);
    void *context;
};

/* Errors: REASON_CONFIG_*, from the parts. Owned: endpoint_free. */
struct endpoint *endpoint_create(const struct endpoint_options *options, struct error *err);
void endpoint_free(struct endpoint *endpoint); /* NULL is allowed */

const char *endpoint_name(const struct endpoint *endpoint);
bool endpoint_enabled(const struct endpoint *endpoint);
enum algorithm_level endpoint_level(const struct endpoint *endpoint);
struct ca *endpoint_ca(const struct endpoint *endpoint); /* borrowed */
enum challenge_type endpoint_challenge_type(const struct endpoint *endpoint);
/* Its policies; NULL: none. Borrowed. */
const struct policy_gate *endpoint_policy(const struct endpoint *endpoint);
/* Its settings for NDES's pages and passwords; borrowed. */
const struct ndes_face_config *endpoint_ndes_face(const struct endpoint *endpoint);
const struct ndes_password_config *endpoint_password(const struct endpoint *endpoint);
/* How /scep/<template> shows it; borrowed. */
const struct endpoint_face *endpoint_own_face(const struct endpoint *endpoint);

void endpoint_report_init(struct endpoint_report *report);

/* Its address list, for either face. Errors: REASON_ADDRESS_DENIED. */
MUST_USE bool endpoint_acl_check(const struct endpoint *endpoint, enum acl_face face,
                                 const struct ip_address *peer, struct error *err);
/*
 * Headers are there, the body is not: switched on, address list, method. false: refused, the error
 * stands in the report and `response` is filled.
 */
MUST_USE bool endpoint_admit(const struct endpoint *endpoint, const struct http_request *request,
                             struct http_response *response, struct endpoint_report *report);
/*
 * The whole request: fills response and report. With face->choose the address lists, levels and
 * switches that count are those of the chosen endpoint; what it refuses is a signed CertRep.
 */
void endpoint_handle(const struct endpoint *endpoint, const struct endpoint_face *face,
                     const struct http_request *request, struct http_response *response,
                     struct endpoint_report *report);

/*
 * Does the query string name an operation, and one that NDES has, too? A body is never looked at:
 * NDES's URL serves a page when nobody asks for an operation. GetNextCACert is unknown there.
 */
bool endpoint_operation_given(const struct http_request *request);
bool endpoint_operation_known(const struct http_request *request);
/*
 * GetCACert, GetCACaps and GetNextCACert by GET: endpoint_handle answers them from memory. It takes
 * no lock then and asks neither database nor network, so an I/O thread may call it.
 */
bool endpoint_from_memory(const struct http_request *request);

#endif
