/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  find the RA certificates of an NDES among the machine's certificates.
 * Not here: our own RA (ca/); keys are never touched.
 * Owns:     nothing: plain values.
 * Threads:  one owner.
 * Spec:     NDES: observed. Both have the EKU Certificate Request Agent; one signs (template
 *           EnrollmentAgentOffline), the other decrypts (CEPEncryption).
 */
#ifndef OPENNDES_MSCEP_NDES_RA_CERTS_H
#define OPENNDES_MSCEP_NDES_RA_CERTS_H

#include "model/certificate.h"
#include "model/certificate_usage.h"
#include "platform/cert_store.h"

#define NDES_RA_CERTS_MAX 16u /* renewed ones stay in the store beside the new */

struct ndes_ra_cert {
    struct certificate_info info;
    struct certificate_usage usage;
    bool signs;
    bool decrypts;
    bool has_key;
};

struct ndes_ra_certs {
    struct ndes_ra_cert items[NDES_RA_CERTS_MAX];
    size_t count;
    size_t left_out; /* more than fit */
};

/* A cert_store_visit; context is a struct ndes_ra_certs. What is no RA certificate is passed by. */
bool ndes_ra_certs_take(void *context, const struct cert_store_entry *entry, struct error *err);
/* Those of this machine; `out` is overwritten. Errors: as cert_store_visit_machine. */
MUST_USE bool ndes_ra_certs_read(struct ndes_ra_certs *out, struct error *err);

#endif
