/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  IssuerAndSerialNumber, by which GetCert and GetCRL name a certificate.
 * Not here: opening the message (scep_message.h), looking the certificate up (endpoint/).
 * Owns:     issuer and serial.
 * Threads:  one request, one thread.
 * Spec:     RFC 8894 3.3.4; RFC 5652 10.2.4.
 */
#ifndef OPENNDES_SCEP_SCEP_CERT_ID_H
#define OPENNDES_SCEP_SCEP_CERT_ID_H

#include "model/certificate.h"
#include "model/ra_identity.h"

struct X509_name_st;
struct asn1_string_st;

struct scep_cert_id {
    struct X509_name_st *issuer;
    struct asn1_string_st *serial;
    char serial_text[SERIAL_TEXT_MAX]; /* as in struct certificate_info */
};

#define SCEP_CERT_ID_INIT                                                                          \
    {                                                                                              \
        .issuer = NULL                                                                             \
    }

/*
 * Exactly one SEQUENCE of a name of at most LIMIT_DN_BYTES and an INTEGER, nothing behind and
 * nothing more inside. That is a matter of secrecy: an octet that nobody compares would let the
 * sender of a changed envelope learn whether it has the padding's value. id must be initialised and
 * is cleared on failure. Errors: REASON_SYNTAX, REASON_LIMIT.
 */
MUST_USE bool scep_cert_id_parse(struct bytes plain, struct scep_cert_id *id, struct error *err);
/* The name of a certificate that nobody has issued. Errors: REASON_NO_MEMORY. */
MUST_USE bool scep_cert_id_nobodys(struct scep_cert_id *id, struct error *err);
void scep_cert_id_clear(struct scep_cert_id *id); /* NULL is allowed */

/* Is it this certificate's name? Issuers are compared as RFC 5280 7.1 has it. */
bool scep_cert_id_is(const struct scep_cert_id *id, const struct x509_st *cert);
/* A certificate of the set with this name, RA or chain; borrowed, NULL: none. */
const struct x509_st *scep_cert_id_find(const struct scep_cert_id *id, const struct ra_set *ras);

#endif
