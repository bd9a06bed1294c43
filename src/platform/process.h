/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one-time hardening of the process, its id, program and memory use.
 * Not here: signals and service control (service/host_*.c).
 * Owns:     nothing.
 * Threads:  process_harden first thing in main; the rest any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_PLATFORM_PROCESS_H
#define OPENNDES_PLATFORM_PROCESS_H

#include "base/buffer.h"

/*
 * Windows: system folder for DLLs only, heap termination on corruption, mitigation policies; POSIX:
 * no core dumps, umask 077; large blocks of memory go back to the system when they are freed.
 */
void process_harden(void);
uint32_t process_id(void);
/* Append the whole path of the program that runs. Errors: REASON_INTERNAL, REASON_LIMIT. */
MUST_USE bool process_program_path(struct buffer *out, struct error *err);
/* Resident memory in bytes; 0 when unknown. */
uint64_t process_memory_bytes(void);

#endif
