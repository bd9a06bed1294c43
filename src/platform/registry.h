/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  read settings that Windows keeps in the registry (HKLM, 64-bit view).
 * Not here: what they mean (config/, mscep/).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     none. On POSIX there is no registry: nothing is ever found.
 */
#ifndef OPENNDES_PLATFORM_REGISTRY_H
#define OPENNDES_PLATFORM_REGISTRY_H

#include "base/buffer.h"

/* REG_SZ or REG_EXPAND_SZ (expanded) as UTF-8, appended. Another type: REASON_CONFIG_WRONG_TYPE. */
MUST_USE bool registry_read_text(const char *key, const char *value, struct buffer *out,
                                 bool *found, struct error *err);
/* REG_DWORD. */
MUST_USE bool registry_read_u32(const char *key, const char *value, uint32_t *out, bool *found,
                                struct error *err);

#endif
