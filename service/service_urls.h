/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the lines that "run" prints: where devices and people find what is switched on.
 * Not here: one URL from an address (urls.h).
 * Owns:     nothing.
 * Threads:  the main thread.
 * Spec:     docs/command-line.md.
 */
#ifndef OPENNDES_SERVICE_SERVICE_URLS_H
#define OPENNDES_SERVICE_SERVICE_URLS_H

#include "service/listeners.h"
#include "service/runtime.h"

/* Append the lines of app_scep_urls. */
MUST_USE bool service_urls(const struct runtime *runtime, const struct listeners *listeners,
                           struct buffer *out, struct error *err);

#endif
