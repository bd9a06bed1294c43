/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one PKIOperation on its way, shared by the files that handle the message types.
 * Not here: what others may call (endpoint.h).
 * Owns:     the message, references on the RAs of each generation, what is answered.
 * Threads:  one request, one thread.
 * Spec:     RFC 8894 3.2.1.2, 4.3 to 4.7.
 */
#ifndef OPENNDES_ENDPOINT_PKI_EXCHANGE_H
#define OPENNDES_ENDPOINT_PKI_EXCHANGE_H

#include "endpoint/endpoint_internal.h"
#include "scep/scep_message.h"

/* What a message that is not refused is answered with. */
enum pki_answer {
    PKI_ANSWER_ISSUANCE,    /* `issuance`: a certificate, or "pending" */
    PKI_ANSWER_CERTIFICATE, /* `found`: of GetCert */
    PKI_ANSWER_CRL          /* `found`: of GetCRL */
};

struct exchange {
    const struct endpoint *endpoint; /* was asked, and opens the message */
    const struct endpoint_face *face;
    const struct endpoint *decider; /* decides: the same, or the one that the face has chosen */
    enum algorithm_level level;     /* below which no answer goes: the decider's once it is known */
    const struct http_request *request;
    struct endpoint_report *report;
    struct scep_message *message;
    struct ra_set *ras[ENDPOINT_GENERATIONS]; /* NULL: none, or its CA is not ready */
    size_t generation; /* whose RA opened the message; before, the current one */
    size_t ra_index;   /* who opened it; before, whose signer this face's clients know */
    enum pki_answer answer;
    struct issuance issuance;
    struct buffer found;
    struct rate_verdict verdict; /* of the limits of whoever was asked last */
    bool limited;                /* comes too often: an HTTP status says when to come again */
};

/*
 * What costs least comes first: counted before the message is looked at. Errors:
 * REASON_RATE_LIMITED.
 */
MUST_USE bool pki_rate_admit(struct exchange *x, const struct endpoint *endpoint,
                             struct error *err);
/*
 * Whoever has guessed too often waits, also with a right challenge: its answer would tell him that
 * it is right. Only what may bring a challenge can guess; a device that asks what became of its
 * request is not kept waiting, nor one whose certificate alone vouches for its RenewalReq. Errors:
 * REASON_CHALLENGES_THROTTLED.
 */
MUST_USE bool pki_rate_admit_challenge(struct exchange *x, const struct endpoint *endpoint,
                                       struct error *err);
/*
 * The chosen template has counts of its own; the one that was asked has counted the message, too.
 * Guesses count where they are made, so that only now is known who has made too many.
 */
MUST_USE bool pki_rate_admit_chosen(struct exchange *x, const struct endpoint *chosen,
                                    struct error *err);
/* What became of the message, for the counts of whoever decided. */
void pki_rate_result(const struct exchange *x);

/* Whose RA is the message encrypted to? Fills in generation and ra_index. */
MUST_USE bool pki_find_recipient(struct exchange *x, struct error *err);
/*
 * Somebody else than the endpoint that was asked shall decide: whoever is chosen must not give what
 * its own URL would have refused. In this order: a template of another CA has no say, not even by a
 * refusal. Errors: REASON_NDES_FACE_BROKEN, REASON_TEMPLATE_DISABLED, REASON_ADDRESS_DENIED, those
 * of scep_message_allowed.
 */
MUST_USE bool pki_set_decider(struct exchange *x, const struct endpoint *decider,
                              struct error *err);
/* What the decider decides with: its own, with the CA of the generation that opened the message. */
struct enroll_options pki_enroll_options(const struct exchange *x);
/* All but the CSR, which is empty then. */
struct enroll_request pki_enroll_request(const struct exchange *x);

/*
 * CertPoll. Who polls has signed with the key of the request, and is answered from the records
 * alone: the envelope says nothing but which RA the client knows, and is never opened.
 */
MUST_USE bool pki_poll(struct exchange *x, struct error *err);
/*
 * GetCert and GetCRL, for a certificate of any generation's CA. Whatever the message held, the same
 * look-ups are made; what does not lead to an answer is REASON_CERT_NOT_FOUND.
 */
MUST_USE bool pki_get_cert(struct exchange *x, struct error *err);
MUST_USE bool pki_get_crl(struct exchange *x, struct error *err);

#endif
