/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  certificates that wait for a remote validator's blessing, and what it must still be
 *           told of refusals: rows that survive a restart.
 * Not here: certificates that are recorded at once (store.h); saying it (intune/).
 * Owns:     nothing.
 * Threads:  as store.h says.
 * Spec:     docs/intune.md.
 *
 * A provisional certificate is durable, has left nobody's hands, is no answer to a repeated
 * request, and becomes one by store_provisional_confirm. Otherwise it is withheld: revoked,
 * listed in the CRL, and not held against the device's next request with the same bytes.
 */
#ifndef OPENNDES_STORE_STORE_OUTBOX_H
#define OPENNDES_STORE_STORE_OUTBOX_H

#include "store/store.h"

/* Of a refusal: what the validator will be told. All borrowed. */
struct store_refusal {
    uint32_t hresult;
    const char *reason; /* id */
    const char *detail; /* escaped, at most 255 characters are told */
};

/*
 * Record a certificate as provisional, and in the same commit a notification about `interrupted`,
 * which is armed: it becomes due by store_provisional_recover. ticket empty: none.
 * Errors: as store_record_certificate.
 */
MUST_USE bool store_provisional_record(struct store *store, const struct store_certificate *cert,
                                       struct bytes ticket, const struct store_refusal *interrupted,
                                       int64_t *id, struct error *err);
/*
 * STORE_RECORDED: it counts from now on; its notification is gone, and so is what waited to be told
 * of earlier attempts of the same template and transaction. STORE_REPEATED: another one of
 * the same request was confirmed first: this one is withheld (CRLReason superseded) without
 * notification, and store_find_request gives the other. STORE_WAS_REVOKED: a certificate of the
 * same CSR was revoked meanwhile, or this one: it is not in use, and its notification stays armed
 * for store_provisional_withhold, which says why. One durable commit. Errors:
 * REASON_CERT_NOT_FOUND: it is provisional no more.
 */
MUST_USE bool store_provisional_confirm(struct store *store, int64_t id,
                                        const struct store_request_key *key, int64_t now,
                                        int64_t repeat_seconds, enum store_record_result *result,
                                        struct error *err);
/*
 * Withhold: CRLReason cessationOfOperation; its notification becomes due with this refusal, or is
 * dropped: without a refusal, when the same request has another certificate, and when
 * store_outbox_add with LIMIT_NOTIFICATIONS would not add it. One durable commit. Already withheld
 * or revoked: only the notification, if it is still armed. Errors: REASON_CERT_NOT_FOUND: no such
 * row, or it was confirmed.
 */
MUST_USE bool store_provisional_withhold(struct store *store, int64_t id, int64_t now,
                                         const struct store_refusal *why, struct error *err);
/* One of those that store_provisional_recover has withheld. */
typedef bool store_provisional_visit(void *context, const char *ca_name, const char *serial,
                                     const char *template_name, const char *request_id,
                                     struct error *err);
/*
 * Withhold all that are provisional and were issued before `before`: INT64_MAX at the start, before
 * requests; later, longer ago than any decision takes, whatever could not be withheld then. Their
 * armed notifications become due, as made at now. visit (may be NULL) is told of each after the
 * commit. *count gets their number.
 */
MUST_USE bool store_provisional_recover(struct store *store, int64_t now, int64_t before,
                                        store_provisional_visit *visit, void *context,
                                        int64_t *count, struct error *err);

/* ---- the outbox ------------------------------------------------------------------------------ */

/* *added false: `max` rows wait already (of validated or of unvalidated ones), or one with the same
 * template, transaction and reason does. validated: the validator has seen the request and said
 * yes. */
MUST_USE bool store_outbox_add(struct store *store, const char *template_name,
                               struct bytes transaction_id, struct bytes ticket, bool validated,
                               const struct store_refusal *why, int64_t now, int64_t max,
                               bool *added, struct error *err);

struct store_outbox_row {
    int64_t id;
    const char *template_name, *reason, *detail;
    struct bytes transaction_id, ticket;
    uint32_t hresult;
    int64_t created_at, attempts;
};
typedef bool store_outbox_visit(void *context, const struct store_outbox_row *row,
                                struct error *err);
/*
 * Rows that are due at now, validated ones first, then the oldest, at most limit. One that is due
 * in more than a day is due now: the clock was ahead when it was put off. The visit copies and
 * calls no store verb.
 */
MUST_USE bool store_outbox_due(struct store *store, int64_t now, int64_t limit,
                               store_outbox_visit *visit, void *context, struct error *err);
/* Is it still to be told? The transaction may have got its certificate since. */
MUST_USE bool store_outbox_waits(struct store *store, int64_t id, bool *waits, struct error *err);
/* Delivered or given up: the row goes. */
MUST_USE bool store_outbox_remove(struct store *store, int64_t id, struct error *err);
/* Not now: next at due_at; counts the attempt. */
MUST_USE bool store_outbox_retry(struct store *store, int64_t id, int64_t due_at,
                                 struct error *err);
/* Waiting rows (armed ones not counted) and when the next is due (0: none). */
MUST_USE bool store_outbox_counts(struct store *store, int64_t *waiting, int64_t *next_due,
                                  struct error *err);

/* ---- for validators and policies ----------------------------------------------------------- */

/*
 * Revoke at somebody's request, who may come again with it. by: constant word ("intune").
 * *again: it was revoked by the same before: nothing is done, and that is no error.
 * Errors: as store_revoke_certificate; REASON_CERT_ALREADY_REVOKED: by somebody else.
 */
MUST_USE bool store_revoke_for(struct store *store, const char *ca_name, const char *serial,
                               int reason, const char *by, int64_t now, bool *again,
                               struct error *err);
/*
 * What came in the place of a withheld certificate: that of the same request, which the device has.
 * *found false: nothing, or this one is not withheld.
 */
MUST_USE bool store_successor(struct store *store, const char *ca_name, const char *serial,
                              char successor[SERIAL_TEXT_MAX], bool *found, struct error *err);
/*
 * Certificates (not withheld; provisional ones count) of one template and subject (text of
 * certificate_info, without regard to the case of ASCII letters) issued since `since`, and the
 * latest not_after of one that is neither revoked nor ended at now (0: none). By an index.
 */
MUST_USE bool store_subject_history(struct store *store, const char *template_name,
                                    const char *subject, int64_t since, int64_t now, int64_t *count,
                                    int64_t *valid_until, struct error *err);

#endif
