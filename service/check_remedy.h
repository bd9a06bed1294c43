/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what an administrator does about a reason, for findings that have no remedy of their
 *           own.
 * Not here: the reasons' long explanation (docs/reasons.md).
 * Owns:     constant texts.
 * Threads:  pure functions.
 * Spec:     docs/reasons.md.
 */
#ifndef OPENNDES_SERVICE_CHECK_REMEDY_H
#define OPENNDES_SERVICE_CHECK_REMEDY_H

#include "base/error.h"

/* Never NULL. */
const char *check_remedy(enum reason reason);

#endif
