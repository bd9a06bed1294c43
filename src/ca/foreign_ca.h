/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a CA of somebody else: has it signed this certificate, and does its revocation list say
 *           that the certificate is still good.
 * Not here: the files and when they are read (enroll/trusted_cas.h), what that is good for
 *           (enroll/enroll_renewal.h). Nothing is fetched from anywhere.
 * Owns:     the CA's certificate and its CRL.
 * Threads:  immutable once both are read; any thread may ask.
 * Spec:     RFC 5280 4.2.1.3, 4.2.1.9, 5, 6.3.3 (complete CRLs by the CA itself only).
 */
#ifndef OPENNDES_CA_FOREIGN_CA_H
#define OPENNDES_CA_FOREIGN_CA_H

#include "base/buffer.h"
#include "model/certificate.h"

struct x509_st;
struct foreign_ca;

/*
 * One certificate in PEM or DER, that of a CA which may sign certificates. `file` names it in
 * messages. Owned: foreign_ca_free. Errors: REASON_CERT_UNREADABLE, _CA_UNSUITABLE, _LIMIT.
 */
struct foreign_ca *foreign_ca_read(struct bytes content, const char *file, struct error *err);
void foreign_ca_free(struct foreign_ca *ca); /* NULL is allowed */
const struct certificate_info *foreign_ca_info(const struct foreign_ca *ca);

/*
 * The CRL in PEM or DER: by this CA's key and in its name, complete, with an end, and without
 * critical extensions that we do not know. Its times are looked at when it is used. Errors:
 * REASON_TRUSTED_CA.
 */
MUST_USE bool foreign_ca_read_crl(struct foreign_ca *ca, struct bytes content, const char *file,
                                  struct error *err);
/* thisUpdate and nextUpdate; false: there is no CRL. */
bool foreign_ca_crl_times(const struct foreign_ca *ca, int64_t *from, int64_t *until);

/*
 * True when the certificate names this CA and the CA's key made the signature, by a digest that
 * nobody has collisions of at will (MD5 is none).
 */
bool foreign_ca_signed(const struct foreign_ca *ca, const struct x509_st *cert);
/* Does the CRL list it, held ones too? True as well without a CRL. */
bool foreign_ca_revoked(const struct foreign_ca *ca, const struct x509_st *cert);

#endif
