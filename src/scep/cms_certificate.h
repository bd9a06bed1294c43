/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  look at the structure of a certificate in a message before a library decodes it.
 * Not here: whom it belongs to and whether its key may sign (scep_message.h).
 * Owns:     nothing: all views point into the input.
 * Threads:  pure functions.
 * Spec:     RFC 5280 4.1, RFC 5480 2.1.1.
 */
#ifndef OPENNDES_SCEP_CMS_CERTIFICATE_H
#define OPENNDES_SCEP_CMS_CERTIFICATE_H

#include "scep/ber.h"

/*
 * Certificate by its outer shape, names within LIMIT_DN_BYTES, and elliptic curves by name only: a
 * library decodes the keys of all certificates at once, also of those nobody will use, and has
 * failed in explicit parameters (CVE-2022-0778). Version, serial, validity and extensions are not
 * looked at: clients make odd self-signed certificates. The tree itself was checked by ber_check.
 * Errors: REASON_NOT_CMS, REASON_LIMIT, REASON_CMS_SIGNER_KEY, those of ber_next.
 */
MUST_USE bool cms_certificate_check(const struct ber_reader *r,
                                    const struct ber_element *certificate, struct error *err);

#endif
