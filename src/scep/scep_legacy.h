/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  make single DES available, which templates of level "legacy" need.
 * Not here: who may use it (scep_types.c has the levels).
 * Owns:     nothing: the provider stays in the library's default context until the process ends.
 * Threads:  call once, before requests are served.
 * Spec:     none.
 */
#ifndef OPENNDES_SCEP_SCEP_LEGACY_H
#define OPENNDES_SCEP_SCEP_LEGACY_H

#include "base/error.h"

/*
 * Load OpenSSL's default and legacy providers into the default library context (naming one switches
 * off the automatic default, so both are named). Errors: REASON_INTERNAL when this OpenSSL has no
 * legacy provider.
 */
MUST_USE bool scep_legacy_start(struct error *err);

#endif
