/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what every CA needs from time to time: a new CRL, a new certificate to sign OCSP
 *           answers with; and telling whoever looks at log and Event Log.
 * Not here: when they are due, and making them (ca/ca_crl.h, ca/ca_ocsp.h).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     none.
 */
#ifndef OPENNDES_SERVICE_CA_UPKEEP_H
#define OPENNDES_SERVICE_CA_UPKEEP_H

#include "service/runtime.h"

/* All zero at first. */
struct ca_upkeep {
    int64_t crl_retry_at; /* seconds */
};

/*
 * A runtime is looked after before it is put in force: a CA that was loaded anew has neither CRL
 * nor signer, and would send away whoever asks in that moment.
 */
void ca_upkeep_crls(struct ca_upkeep *upkeep, const struct runtime *runtime, struct log *log,
                    struct event_log *events);
void ca_upkeep_ocsp(const struct runtime *runtime, struct log *log, struct event_log *events);

#endif
