/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  look at the certificates of the machine's personal store (LocalMachine\MY).
 * Not here: what a certificate is for (model/certificate_usage.h); keys are never touched.
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     none. On POSIX there is no such store: nothing is ever visited.
 */
#ifndef OPENNDES_PLATFORM_CERT_STORE_H
#define OPENNDES_PLATFORM_CERT_STORE_H

#include "base/buffer.h"

#define CERT_STORE_ENTRIES 1000u

/* One certificate, for the time of a visit. */
struct cert_store_entry {
    struct bytes der;
    bool has_key; /* the store names a private key; whether this account may use it is not tried */
};

/* False with an error ends the visits. */
typedef bool cert_store_visit(void *context, const struct cert_store_entry *entry,
                              struct error *err);

/*
 * Visit every certificate, reading only, without any window. A missing store is an empty one.
 * Errors: REASON_NOT_PERMITTED, REASON_CERT_UNREADABLE (the store), REASON_LIMIT, the visitor's.
 */
MUST_USE bool cert_store_visit_machine(cert_store_visit *visit, void *context, struct error *err);

#endif
