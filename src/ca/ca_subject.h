/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  names of our CAs and RAs: from an administrator's text, by default, an RA's from its
 *           CA.
 * Not here: names of the certificates we issue (template/), names as text (model/csr.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     RFC 4514, RFC 5280 4.1.2.4 and appendix A.1 (upper bounds).
 */
#ifndef OPENNDES_CA_CA_SUBJECT_H
#define OPENNDES_CA_CA_SUBJECT_H

#include "base/error.h"

struct X509_name_st;

/*
 * "CN=My CA,O=Example\, Inc.": the most specific first, as RFC 4514 writes it; the certificate has
 * it the other way round. Keys CN, O, OU, C, L, ST, STREET, DC, UID, SERIALNUMBER, E or
 * EMAILADDRESS, or a dotted OID. Escapes: backslash with a character or two hex digits. No '+', no
 * "#hex", no quotes. Owned (X509_NAME_free). Errors: REASON_USAGE with what is wrong.
 */
struct X509_name_st *ca_subject_parse(const char *text, struct error *err);
/*
 * A subject as an administrator types it, in the form that name_format gives to the same name in a
 * request. Errors: as above, also when `size` does not hold it.
 */
MUST_USE bool ca_subject_normalise(const char *text, char *out, size_t size, struct error *err);
/* "CN=OpenNDES CA on <host>". */
struct X509_name_st *ca_subject_default(struct error *err);
/*
 * The CA's name with " RA" behind its common name, cut to 64 characters, never the CA's own name.
 * Errors: REASON_INTERNAL.
 */
struct X509_name_st *ca_subject_ra(const struct X509_name_st *ca, struct error *err);
/* The same with " OCSP", for the certificate that signs the CA's OCSP answers. */
struct X509_name_st *ca_subject_ocsp(const struct X509_name_st *ca, struct error *err);

#endif
