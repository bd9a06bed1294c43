/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the machine's proxy for a URL: WinHTTP's settings on Windows (netsh winhttp, group
 *           policy), https_proxy and no_proxy on POSIX.
 * Not here: using it (http/http_client.h).
 * Owns:     nothing.
 * Threads:  any thread; asks the system each time.
 * Spec:     WinHttpGetDefaultProxyConfiguration; curl's environment variables.
 */
#ifndef OPENNDES_PLATFORM_PROXY_H
#define OPENNDES_PLATFORM_PROXY_H

#include "base/error.h"

#define PROXY_TEXT_MAX 256

/*
 * The proxy for https://HOST: "http://HOST:PORT", or "" for none (also when the bypass list names
 * the host). Errors: REASON_HTTP_CLIENT when the settings cannot be understood.
 */
MUST_USE bool proxy_of_system(const char *host, char proxy[PROXY_TEXT_MAX], struct error *err);
/*
 * Does a bypass list name the host? Items separated by ',' ';' or blanks: "host", ".suffix",
 * "*.suffix", "*" and Windows' "<local>" (a name without dot). Pure.
 */
bool proxy_bypassed(const char *list, const char *host);

#endif
