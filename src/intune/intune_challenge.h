/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the challenge of type intune: its shape is looked at here, Intune says yes or no, and
 *           is told what became of the request.
 * Not here: the calls (intune_client.h), the queue's delivery (intune_keeper.h).
 * Owns:     references; its place among those who wait.
 * Threads:  any thread.
 * Spec:     RFC 8894 2.4; docs/intune.md.
 */
#ifndef OPENNDES_INTUNE_INTUNE_CHALLENGE_H
#define OPENNDES_INTUNE_INTUNE_CHALLENGE_H

#include "model/enroll_request.h"
#include "model/grant.h"
#include "model/issuance.h"
#include "intune/intune_client.h"
#include "store/store_outbox.h"

struct intune_challenge;

/* Decisions under way, shared by all templates: beyond the limit REASON_INTUNE_BUSY at once. */
struct intune_seats;
struct intune_seats *intune_seats_create(unsigned count, struct error *err);
void intune_seats_free(struct intune_seats *seats); /* NULL is allowed */
/* How many there are, and how many are taken just now (more, while certificates are confirmed). */
void intune_seats_read(struct intune_seats *seats, unsigned *count, unsigned *taken);

struct intune_challenge_options {
    const char *data_folder;
    const char *template_name;
    const char *ca_name;
    struct intune_client *client; /* a reference is taken; NULL: REASON_INTUNE_NOT_CONFIGURED */
    struct intune_seats *seats;   /* borrowed, outlives */
    struct store *store;          /* borrowed, outlives */
};

/* The verbs behind challenge_ops, which service/ puts together: intune/ and challenge/ do not see
 * each other. */
struct intune_challenge *intune_challenge_create(const struct intune_challenge_options *options,
                                                 struct error *err);
void intune_challenge_free(struct intune_challenge *challenge);
/*
 * Shape, then validateRequest. grant->ticket gets what a notification needs, sealed. Errors:
 * REASON_CHALLENGE_MISSING, REASON_INTUNE_*; REASON_SYNTAX (a transaction id that is not printable
 * text), REASON_KEY_PROTECTION, REASON_STOPPING.
 */
MUST_USE bool intune_challenge_check(struct intune_challenge *challenge,
                                     const struct enroll_request *request, struct grant *grant,
                                     struct error *err);
/* successNotification. Errors: REASON_INTUNE_NOT_CONFIRMED, with the cause in the detail. */
MUST_USE bool intune_challenge_confirm(struct intune_challenge *challenge,
                                       const struct enroll_request *request, struct grant *grant,
                                       const struct issuance *issuance, struct error *err);
/*
 * A failure notification into the store's outbox. With a ticket: Intune has said yes, all but
 * REASON_STORE_DUPLICATE is told. Without: only what a template or policy says of a request whose
 * challenge has the usual shape. What Intune itself refused is not told back.
 */
void intune_challenge_refuse(struct intune_challenge *challenge,
                             const struct enroll_request *request, const struct grant *grant,
                             const struct error *why);

/*
 * ---- parts with tests of their own ------------------------------------------------------------
 */

/* What can be seen of a challenge without Microsoft's key. */
struct intune_shape {
    char signer_thumbprint[48]; /* hex; "" none */
    char recipient_issuer[256]; /* of the encrypted part, for people; "" none */
    bool usual;                 /* CertEnrollToken with both parts, both CMS */
    char odd[160];              /* what is not usual; "" when usual */
};
/*
 * false only for what cannot be a challenge at all: empty, over LIMIT_CHALLENGE_BYTES (REASON_
 * CHALLENGE_MISSING, REASON_INTUNE_CHALLENGE_SHAPE). Another outer form is not usual, no error: it
 * may change without notice. Nothing of the challenge goes into a detail.
 */
MUST_USE bool intune_challenge_shape(struct bytes challenge, struct intune_shape *out,
                                     struct error *err);
/* The sealed content of a ticket. */
MUST_USE bool intune_ticket_seal(const char *data_folder, const struct intune_request *request,
                                 struct buffer *ticket, struct error *err);
struct intune_ticket {
    struct secret plain; /* owns */
    char transaction_id[LIMIT_TRANSACTION_ID_BYTES * 4 + 1];
    struct buffer csr; /* wiped on clear */
};
MUST_USE bool intune_ticket_open(const char *data_folder, struct bytes ticket,
                                 struct intune_ticket *out, struct error *err);
void intune_ticket_clear(struct intune_ticket *ticket);
/* "openndes:<CA>:<first 16 hex digits of the issuer key's SHA-256 or of the AKI>": of a certificate
 * of ours. */
MUST_USE bool intune_ca_configuration(const char *ca_name, struct bytes certificate_der,
                                      char out[160], struct error *err);

#endif
