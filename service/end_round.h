/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one look at everything of a running service that ends: CAs, those above them, RAs, the
 *           HTTPS certificate, the credential for Intune.
 * Not here: how near is near, what has been told (end_watch.h).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/events.md (121, 153).
 */
#ifndef OPENNDES_SERVICE_END_ROUND_H
#define OPENNDES_SERVICE_END_ROUND_H

#include "service/end_watch.h"
#include "service/listeners.h"
#include "service/runtime.h"

void end_round(struct end_watch *watch, const struct runtime *runtime,
               const struct listeners *listeners, int64_t now);

#endif
