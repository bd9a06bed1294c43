/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one round of each of the keeper's duties, with what they remember between rounds.
 * Not here: when a round comes (intune_keeper.c).
 * Owns:     nothing.
 * Threads:  one thread; a call to Intune holds no connection of the store.
 * Spec:     docs/intune.md.
 */
#ifndef OPENNDES_INTUNE_INTUNE_KEEPER_ROUNDS_H
#define OPENNDES_INTUNE_INTUNE_KEEPER_ROUNDS_H

#include "intune/intune_keeper.h"

/* Notifications of one round: then whoever stops the keeper or has other work gets a turn. */
#define INTUNE_DELIVER_ROWS 8u
/* Rows asked for at a time: the most that Intune gives. */
#define INTUNE_REVOKE_ROWS 500u

/*
 * What is due is told, the oldest first. *told_delay: the present outage was told of; an answer of
 * Intune ends the outage. false: the store, no memory, REASON_STOPPING.
 */
MUST_USE bool intune_deliver_round(const struct intune_keeper_options *options,
                                   struct intune_client *client, int64_t now, int64_t keep_seconds,
                                   bool *told_delay, struct intune_round *round, struct error *err);
/* 30 seconds, 1, 2, 4 ... at most 30 minutes. */
int64_t intune_deliver_backoff(int64_t attempts);

/* What intune_keeper_revoke does, without its news about a failure. */
MUST_USE bool intune_revoke_round(const struct intune_keeper_options *options,
                                  struct intune_client *client, int64_t now,
                                  struct intune_round *round, struct error *err);

void intune_keeper_tell(const struct intune_keeper_options *options, enum intune_news news,
                        const char *text, const struct error *why);

#endif
