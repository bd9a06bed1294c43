/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  which authority a request appeals to: by its kind, who has signed it and whether it has
 *           a challenge.
 * Not here: what the authority says (challenge/, enroll_renewal.h, approval).
 * Owns:     the table.
 * Threads:  any thread.
 * Spec:     RFC 8894 2.3 and 3.3; draft-nourse-scep-23 appendix D (renewal by PKCSReq).
 */
#ifndef OPENNDES_ENROLL_ENROLL_PATH_H
#define OPENNDES_ENROLL_ENROLL_PATH_H

#include "enroll/enroll.h"

/* Who vouches. There is no value for "nobody": that is a refusal. */
enum enroll_path {
    PATH_CHALLENGE,   /* the challenge alone, also when it is absent: its own check says no */
    PATH_APPROVAL,    /* nobody yet: an administrator has to agree */
    PATH_CERTIFICATE, /* the certificate that has signed; nobody looks at a challenge */
    PATH_EITHER,      /* the challenge; if that is refused, the certificate */
    PATH_BOTH         /* the certificate, and the challenge as well */
};

/* Who has signed a message, as far as renewals go. */
enum enroll_signer {
    ENROLL_SIGNER_SELF,     /* self-signed */
    ENROLL_SIGNER_ACCEPTED, /* issued by a CA whose certificates are renewed at this template */
    ENROLL_SIGNER_OTHER     /* issued by somebody else, or renewal is off */
};

/* The CA's signature is verified, not only its name. */
enum enroll_signer enroll_path_signer(const struct enroll_options *options,
                                      const struct enroll_request *request);
/*
 * An allow-list: what has no row is refused. Errors: REASON_RENEWAL_NOT_ENABLED,
 * REASON_RENEWAL_REFUSED.
 */
MUST_USE bool enroll_path_find(const struct enroll_options *options,
                               const struct enroll_request *request, enum enroll_path *path,
                               struct error *err);

#endif
