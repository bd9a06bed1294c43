/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the OCSP responder of one CA: what is known of a certificate, signed and kept for the
 *           next who asks; when a new signer is due.
 * Not here: reading requests (ocsp_request.h), building answers (ocsp_response.h), HTTP (service/).
 * Owns:     the signer in use, signed answers.
 * Threads:  any thread; locks are held for copies only, never while signing or reading a database.
 *           Two threads that are asked the same for the first time may both sign.
 * Spec:     RFC 6960; RFC 5019; RFC 8954.
 */
#ifndef OPENNDES_CA_CA_OCSP_H
#define OPENNDES_CA_CA_OCSP_H

#include "ca/ocsp_request.h"
#include "ca/ocsp_response.h"

struct ca_ocsp;

struct ca_ocsp_settings {
    bool enabled;
    int64_t validity_minutes; /* nextUpdate - now */
    int64_t signer_days;
};

struct ca_ocsp_options {
    const char *ca_name; /* these three are borrowed and outlive the handle */
    const struct cert_issuer *issuer;
    struct store *store;
    struct ca_ocsp_settings settings; /* enabled is not looked at */
};

struct ca_ocsp *ca_ocsp_create(const struct ca_ocsp_options *options, struct error *err);
void ca_ocsp_free(struct ca_ocsp *ocsp); /* NULL is allowed */

/*
 * A certificate that this CA has issued and no database knows, such as its RA's: good. Twice does
 * no harm. Errors: REASON_CERT_UNREADABLE, REASON_LIMIT.
 */
MUST_USE bool ca_ocsp_add_own(struct ca_ocsp *ocsp, const struct x509_st *cert, struct error *err);

/*
 * Make a new signer if one is due at `now` (seconds): none yet, or two thirds of its time are over.
 * *made tells whether. A failure is told once per cause and meanwhile tried again every minute; the
 * signer in use goes on to its end. Errors: as ocsp_signer_make.
 */
MUST_USE bool ca_ocsp_refresh(struct ca_ocsp *ocsp, int64_t now, bool *made, struct error *err);
/* The end of the signer in use, seconds; 0: there is none. */
int64_t ca_ocsp_end(struct ca_ocsp *ocsp);

struct ca_ocsp_answer {
    struct buffer der;            /* an OCSPResponse */
    bool authorized;              /* false: of one of the certificates this CA is not the issuer */
    size_t count;                 /* certificates that were asked about */
    char serial[SERIAL_TEXT_MAX]; /* of the first */
    struct ocsp_status status;    /* of the first */
    bool cached;                  /* signed for somebody before */
    /* May others be given it until then? Seconds; 0: no. */
    int64_t keep_until;
    int64_t this_update;
};

#define CA_OCSP_ANSWER_INIT                                                                        \
    {                                                                                              \
        .der = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX)                                                \
    }
void ca_ocsp_answer_clear(struct ca_ocsp_answer *answer);

/* Who asks may not have as many signatures as he likes. */
struct ca_ocsp_asker {
    /* One signature more? False with an error, which ca_ocsp_refuse understands. */
    bool (*may_sign)(void *context, struct error *err);
    void *context;
};

/*
 * Answer a request (DER) at `now`; asker NULL: no bound. The state of each certificate is read
 * anew, whoever changed it. Never recorded: unknown, like one that nobody has been given yet. When
 * one of them is another CA's, the answer is an unsigned "unauthorized": this CA's signer may not
 * speak about it, and clients refuse an answer in which it does (RFC 6960 4.2.2.2). Errors, for
 * ca_ocsp_refuse:
 * REASON_OCSP_REQUEST, REASON_OCSP_SIGNER (none that is valid, and why), REASON_SIGN_FAILED,
 * REASON_STORE_*, those of the asker.
 */
MUST_USE bool ca_ocsp_answer(struct ca_ocsp *ocsp, struct bytes request, int64_t now,
                             const struct ca_ocsp_asker *asker, struct ca_ocsp_answer *out,
                             struct error *err);
/* Append the unsigned answer that tells a client of this failure. */
MUST_USE bool ca_ocsp_refuse(const struct error *why, struct buffer *der, struct error *err);

#endif
