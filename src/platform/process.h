/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one-time hardening of the process, its id and account, its memory use.
 * Not here: signals and service control (service/host_*.c).
 * Owns:     nothing.
 * Threads:  process_harden first thing in main; the rest any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_PROCESS_H
#define OPENNDES_PLATFORM_PROCESS_H

#include "base/error.h"

/*
 * Windows: system folder for DLLs only, heap termination on corruption, mitigation policies; POSIX:
 * no core dumps, umask 077.
 */
void process_harden(void);
uint32_t process_id(void);
/* Resident memory in bytes; 0 when unknown. */
uint64_t process_memory_bytes(void);

#endif
