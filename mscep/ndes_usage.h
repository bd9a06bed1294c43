/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  which of NDES's three templates a request is for.
 * Not here: which of our templates plays that part (ndes_face.h), what it may issue (template/).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     NDES: observed; docs/ndes-compatibility.md.
 */
#ifndef OPENNDES_MSCEP_NDES_USAGE_H
#define OPENNDES_MSCEP_NDES_USAGE_H

#include "model/csr.h"

/* Named after the registry values GeneralPurposeTemplate, SignatureTemplate, EncryptionTemplate. */
enum ndes_usage { NDES_USAGE_GENERAL, NDES_USAGE_SIGNATURE, NDES_USAGE_ENCRYPTION };

/*
 * By the key usage asked for: digitalSignature without keyEncipherment, the other way round, or
 * both. Other bits say nothing. Without a key usage, or with neither bit, general purpose.
 */
enum ndes_usage ndes_usage_of(const struct csr *csr);

#endif
