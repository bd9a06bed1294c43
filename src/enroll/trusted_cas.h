/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  CAs of other servers whose certificates may be renewed at one template: their
 *           certificate and current CRL out of the folder trusted of the data folder.
 * Not here: which names a template lists (service/), reading certificates and CRLs
 *           (ca/foreign_ca.h), the other checks of a renewal (enroll_renewal.h).
 * Owns:     what was read.
 * Threads:  immutable after loading; any thread may ask.
 * Spec:     RFC 5280 5; docs/renewal.md.
 *
 * Whatever cannot be told is a no: a CRL that is missing, has ended or is not the CA's, and a
 * certificate that is not any more what was read. Nothing is fetched from anywhere.
 */
#ifndef OPENNDES_ENROLL_TRUSTED_CAS_H
#define OPENNDES_ENROLL_TRUSTED_CAS_H

#include "platform/files.h"

struct x509_st;
struct trusted_cas;

#define TRUSTED_CAS_FOLDER "trusted" /* of the data folder */
#define TRUSTED_CAS_MAX 16u

struct trusted_cas *trusted_cas_create(const char *data_folder, struct error *err);
void trusted_cas_free(struct trusted_cas *trusted); /* NULL is allowed */

/* Is there a file trusted/NAME.crt? Whether it is good is another question. */
bool trusted_cas_exists(const char *data_folder, const char *name);
/*
 * Read trusted/NAME.crt and NAME.crl. What is wrong with them does not fail: renewals with this CA
 * are refused then, and trusted_cas_problem says why. Errors: REASON_NO_MEMORY, REASON_LIMIT.
 */
MUST_USE bool trusted_cas_add(struct trusted_cas *trusted, const char *name, struct error *err);

size_t trusted_cas_count(const struct trusted_cas *trusted); /* NULL: 0 */
const char *trusted_cas_name(const struct trusted_cas *trusted, size_t index);
/*
 * Why nobody can be vouched for by this CA at `now`: the files, or their times. NULL: nothing. The
 * error is put into `why` and returned. Errors: REASON_TRUSTED_CA.
 */
const struct error *trusted_cas_problem(const struct trusted_cas *trusted, size_t index,
                                        int64_t now, struct error *why);
/* nextUpdate of its CRL; 0: there is none that can be used. */
int64_t trusted_cas_crl_end(const struct trusted_cas *trusted, size_t index);

/* The CA that has signed this certificate; false: none of them. */
bool trusted_cas_find(const struct trusted_cas *trusted, const struct x509_st *cert, size_t *index);
/*
 * A certificate of trusted_cas_find: good at `now` as far as this CA says? *revoked true: it is
 * not. Errors: REASON_TRUSTED_CA: nobody can tell.
 */
MUST_USE bool trusted_cas_status(const struct trusted_cas *trusted, size_t index,
                                 const struct x509_st *cert, int64_t now, bool *revoked,
                                 struct error *err);

#endif
