/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  seal bytes so that only this machine opens them: DPAPI (machine scope, with entropy) on
 *           Windows; AES-256-GCM under a key file with mode 0600 in the data folder on POSIX.
 * Not here: file access rights (files.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     Windows DPAPI; NIST SP 800-38D.
 */
#ifndef OPENNDES_PLATFORM_PROTECT_H
#define OPENNDES_PLATFORM_PROTECT_H

#include "base/secret.h"

/*
 * Seal. data_folder: where the POSIX key file "protect.key" lies (made on first use; race-free
 * between processes). purpose is bound in: opening needs the same one. Appends to out a
 * self-describing blob (starts with "ONDP1"). Errors: REASON_KEY_PROTECTION.
 */
MUST_USE bool protect_seal(const char *data_folder, const char *purpose, struct bytes plain,
                           struct buffer *out, struct error *err);
/*
 * Open. Errors: REASON_KEY_PROTECTION with a sentence on what to do (other machine, damaged, key
 * file lost).
 */
MUST_USE bool protect_open(const char *data_folder, const char *purpose, struct bytes sealed,
                           struct secret *out, struct error *err);

#endif
