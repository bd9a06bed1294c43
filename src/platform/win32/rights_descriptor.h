/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  judge a security descriptor: its owner and the entries of its access list.
 * Not here: which entry gives too much (rights_judge.h); where descriptors come from (rights.c).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     MS-DTYP 2.4.6.
 */
#ifndef OPENNDES_PLATFORM_WIN32_RIGHTS_DESCRIPTOR_H
#define OPENNDES_PLATFORM_WIN32_RIGHTS_DESCRIPTOR_H

#include "platform/rights_judge.h"

#include <windows.h>

/*
 * path and remedy are for the sentence: "PATH: ACCOUNT may change it; REMEDY". A descriptor without
 * access list lets everybody do everything. Errors: REASON_RIGHTS_UNSAFE.
 */
MUST_USE bool rights_descriptor_check(PSECURITY_DESCRIPTOR descriptor,
                                      const struct rights_subject *subject, const char *path,
                                      const char *remedy, struct error *err);

#endif
