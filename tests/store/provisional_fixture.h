/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the tests of provisional certificates and of the outbox share.
 * Not here: cases; the store itself (store_fixture.h).
 * Owns:     nothing.
 * Threads:  as store_fixture.h.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_STORE_PROVISIONAL_FIXTURE_H
#define OPENNDES_TESTS_STORE_PROVISIONAL_FIXTURE_H

#include "store/store_fixture.h"
#include "store/store_outbox.h"

#define FIXTURE_REPEAT FIXTURE_DAY

/* What a crash makes of it. */
extern const struct store_refusal fixture_interrupted;

/* Certificate `serial` of the request that sample `request` is, with a ticket; its id. */
void fixture_answer(struct sample *sample, uint32_t serial, uint32_t request);
int64_t fixture_provisional(struct store *store, const struct sample *sample);
enum store_record_result fixture_confirm(struct store *store, int64_t id,
                                         const struct sample *sample);
void fixture_withhold(struct store *store, int64_t id, const char *detail);
enum store_seen fixture_find(struct store *store, const struct sample *sample);

/* What a serial's row says. */
struct row_state {
    enum store_certificate_state withheld;
    int64_t revoked_at;
    int reason;
    char by[32];
};
struct row_state fixture_state(struct store *store, const struct sample *sample);

/* The due rows at `now`, as "reason:detail:transaction:attempts " each. */
size_t fixture_due(struct store *store, int64_t now, char *text, size_t size);
/* One number of store_revocation_count for CA "issuing". */
int64_t fixture_revocations(struct store *store);
/* How many certificates a CRL of CA "issuing" would hold. */
size_t fixture_crl_rows(struct store *store);

#endif
