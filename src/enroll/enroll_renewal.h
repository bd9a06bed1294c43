/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a request that is signed with an issued certificate: does that certificate vouch for
 *           it, and what it hands on to the new one.
 * Not here: which requests appeal to their signer's certificate (enroll_path.h), the message's
 *           signature and the request's own (scep/), what is issued (template/).
 * Owns:     what it hands on.
 * Threads:  any thread.
 * Spec:     RFC 8894 2.3; draft-nourse-scep-23 appendix D (renewal by PKCSReq).
 */
#ifndef OPENNDES_ENROLL_ENROLL_RENEWAL_H
#define OPENNDES_ENROLL_ENROLL_RENEWAL_H

#include "enroll/enroll.h"
#include "model/certificate_content.h"

/* Of the certificate that vouches. */
struct enroll_renewal {
    struct certificate_content content;
    char serial[SERIAL_TEXT_MAX];
    /* By this the store knows what renews it: of its DER; a trusted CA's: of its tbsCertificate. */
    uint8_t sha256[DIGEST_SHA256_BYTES];
    const char
        *ca_name; /* that has it recorded here, borrowed of the options; NULL: a trusted CA's */
};

/*
 * Has one of the CAs signed this certificate whose certificates may be renewed: the template's own,
 * another generation or another CA of this server, or a trusted one? The signature is verified.
 */
bool enroll_renewal_accepts(const struct enroll_options *options, const struct x509_st *signer);
/* The refusal for a signer that none of them has issued. Returns false: REASON_RENEWAL_REFUSED. */
bool enroll_renewal_refuse_issuer(const struct enroll_options *options, struct error *err);

/*
 * True: the signer's certificate vouches for the request, at `now` (seconds since 1970). One of the
 * CAs above has signed it; it is the very certificate that the store has under its serial, issued
 * for this template or one of renewal.templates, in use and not revoked; or the trusted CA's
 * current CRL does not list it. It is in its time or within grace, not too early, an end entity's
 * with a key usage that fits, not renewed as often as it may be, and its key is another than the
 * request's where that is asked for. With renewal.names "equal", and where a policy is in force,
 * which judges the request's names, the request asks for its names, no more and no fewer.
 * Errors: REASON_RENEWAL_REFUSED, the detail names the check; REASON_RENEWAL_TOO_EARLY, _USED_UP,
 * _NOT_ENABLED;
 * REASON_TRUSTED_CA, REASON_STORE_*, REASON_NO_MEMORY: it could not be checked. out is cleared on
 * failure.
 */
MUST_USE bool enroll_renewal_check(const struct enroll_options *options,
                                   const struct enroll_request *request, int64_t now,
                                   struct enroll_renewal *out, struct error *err);
void enroll_renewal_clear(struct enroll_renewal *renewal); /* NULL is allowed */

#endif
