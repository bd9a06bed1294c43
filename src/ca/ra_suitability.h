/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  would Windows and Apple devices accept this RA? What they look for goes beyond what
 *           SCEP asks, and they give up without a word.
 * Not here: whether it can serve at all (ra_cert.h), ends of certificates (service/check_ca.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 8894 2.1.2, 3.1; Apple's SecSCEP and Windows' CertEnroll: observed.
 */
#ifndef OPENNDES_CA_RA_SUITABILITY_H
#define OPENNDES_CA_RA_SUITABILITY_H

#include "ca/ra_cert.h"

/* One thing that is wrong, a sentence. False ends the walk and is handed on. */
typedef bool ra_suitability_visit(void *context, const char *text, struct error *err);

/* Visit each; none: it suits. ca: who has issued it. */
MUST_USE bool ra_suitability(const struct x509_st *ra, enum ra_cert_role role,
                             const struct x509_st *ca, ra_suitability_visit *visit, void *context,
                             struct error *err);

#endif
