/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the part of proxy.h that is the same everywhere: what a proxy setting's text means.
 * Not here: where the text comes from (proxy.c of the platform).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     WINHTTP_PROXY_INFO: "([<scheme>=][<scheme>"://"]<server>[":"<port>])", a list.
 */
#ifndef OPENNDES_PLATFORM_PROXY_TEXT_H
#define OPENNDES_PLATFORM_PROXY_TEXT_H

#include "platform/proxy.h"

/*
 * The proxy for https out of a list, items separated by ';' or blanks: the item "https=...", else
 * the first without "SCHEME=", else none (""). As "http://HOST:PORT". `source` names the setting in
 * messages. Errors: REASON_HTTP_CLIENT (another kind of proxy, user or password in it, no port).
 */
MUST_USE bool proxy_of_list(const char *list, const char *source, char proxy[PROXY_TEXT_MAX],
                            struct error *err);

#endif
