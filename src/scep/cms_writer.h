/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the pieces of CMS that several outbound structures share.
 * Not here: DER itself (der_writer.h).
 * Owns:     nothing.
 * Threads:  one owner of the writer.
 * Spec:     RFC 5652 10.2.4; RFC 4055 3 and 4; RFC 8017 A.2.
 */
#ifndef OPENNDES_SCEP_CMS_WRITER_H
#define OPENNDES_SCEP_CMS_WRITER_H

#include "scep/der_writer.h"
#include "scep/scep_types.h"

struct x509_st;

/* A certificate as it was parsed or made. */
void cms_put_certificate(struct der_writer *w, const struct x509_st *cert);
/* issuerAndSerialNumber, both parts as the certificate has them. */
void cms_put_issuer_serial(struct der_writer *w, const struct x509_st *cert);
/* RSAES-OAEP with explicit parameters: some clients do not know the defaults. */
void cms_put_oaep(struct der_writer *w, enum scep_digest digest);
/* RSASSA-PSS: MGF1 with the same digest, salt as long as the digest. */
void cms_put_pss(struct der_writer *w, enum scep_digest digest, uint8_t salt_bytes);

#endif
