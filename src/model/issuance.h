/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the decision came to: a certificate, or a request that waits for approval.
 * Not here: refusals (struct error).
 * Owns:     the certificate's DER.
 * Threads:  one request, one thread.
 * Spec:     RFC 8894 3.2.1.3.
 */
#ifndef OPENNDES_MODEL_ISSUANCE_H
#define OPENNDES_MODEL_ISSUANCE_H

#include "base/limits.h"
#include "model/certificate.h"

enum issuance_state { ISSUANCE_NONE, ISSUANCE_ISSUED, ISSUANCE_PENDING };

struct issuance {
    enum issuance_state state;
    bool repeated; /* the answer to an earlier request was given again */
    struct buffer cert_der;
    struct certificate_info info; /* of cert_der when issued */
};

#define ISSUANCE_INIT                                                                              \
    {                                                                                              \
        .cert_der = BUFFER_INIT(LIMIT_BODY_BYTES_MAX)                                              \
    }

void issuance_clear(struct issuance *issuance); /* NULL is allowed */
/* Move; `to` is cleared first. */
void issuance_move(struct issuance *to, struct issuance *from);

#endif
