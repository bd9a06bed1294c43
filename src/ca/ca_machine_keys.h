/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  certificates of the machine's store that a CA or an RA could have: open those that are
 *           named, list those that there are and what their keys can do.
 * Not here: the store (platform/cert_store.h, platform/machine_key.h), whether a certificate fits a
 *           CA (ra_cert.h, cert_issuer.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     docs/ca.md, "Keys in the machine's store".
 */
#ifndef OPENNDES_CA_CA_MACHINE_KEYS_H
#define OPENNDES_CA_CA_MACHINE_KEYS_H

#include "ca/ca_files.h"
#include "ca/ra_cert.h"
#include "model/certificate.h"
#include "platform/thumbprint.h"

/*
 * The certificates that are named, with their keys, to the place of their role; the others stay
 * empty. given is cleared by the caller (ra_cert_clear), also on failure.
 * Errors: REASON_USAGE (half a pair, no thumbprint), as ca_key_reference_open.
 */
MUST_USE bool ca_machine_keys_open_ras(const struct ca_machine_ras *ras,
                                       struct ra_cert given[RA_CERT_ROLES], struct error *err);

/* What a certificate with a key is good for. */
struct ca_machine_key {
    char thumbprint[THUMBPRINT_TEXT_MAX];
    struct certificate_info info;
    bool is_ca;
    const char *provider; /* for people; NULL: the key does not open */
    bool signs;           /* a test signature with SHA-256 succeeded */
    bool decrypts;        /* a test decryption did */
    const struct error
        *why; /* NULL: opened, signs and decrypts; else what stood in the way first */
};

typedef bool ca_machine_key_visit(void *context, const struct ca_machine_key *key,
                                  struct error *err);
/*
 * Each certificate of LocalMachine\MY with an RSA key; keys are tried. Errors: REASON_WINDOWS_ONLY,
 * as cert_store_visit_machine, the visitor's.
 */
MUST_USE bool ca_machine_keys_list(ca_machine_key_visit *visit, void *context, struct error *err);

#endif
