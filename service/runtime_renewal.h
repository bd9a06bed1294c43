/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the CAs that a template names in renewal.cas: those of this server, and trusted ones.
 * Not here: the template's own CA (runtime_slots.h), what they vouch for (enroll/).
 * Owns:     references on the CAs of this server.
 * Threads:  immutable after loading.
 * Spec:     docs/renewal.md.
 */
#ifndef OPENNDES_SERVICE_RUNTIME_RENEWAL_H
#define OPENNDES_SERVICE_RUNTIME_RENEWAL_H

#include "audit/log.h"
#include "config/template_config.h"
#include "enroll/trusted_cas.h"

struct ca;
struct ca_slot;

struct runtime_renewal {
    struct ca_slot *slots[TRUSTED_CAS_MAX]; /* references */
    struct ca *cas[TRUSTED_CAS_MAX];        /* theirs, for endpoint_options */
    size_t count;
};

/*
 * `find_ca` gives a borrowed slot by name. *trusted: NULL when the template names none; owned. A
 * name that is neither a CA of this server nor a file in the folder trusted: REASON_TRUSTED_CA; a
 * CA of this server that cannot be opened: its reason. Both are empty on failure.
 */
MUST_USE bool runtime_renewal_load(struct runtime_renewal *renewal, const char *data_folder,
                                   const struct template_config *config,
                                   struct ca_slot *(*find_ca)(void *context, const char *name),
                                   void *context, struct trusted_cas **trusted, struct error *err);
/* A warning for each trusted CA that cannot vouch just now; log may be NULL. */
void runtime_renewal_report(const struct trusted_cas *trusted, const char *template_name,
                            struct log *log);
void runtime_renewal_clear(struct runtime_renewal *renewal);
/* Are they still those that find_ca gives? */
bool runtime_renewal_current(const struct runtime_renewal *renewal,
                             struct ca_slot *(*find_ca)(void *context, const char *name),
                             void *context);

#endif
