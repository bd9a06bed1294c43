/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the headers of an answer that proxies and clients may keep for a while.
 * Not here: which answers those are; all others say no-store (http_server_response.c).
 * Owns:     nothing.
 * Threads:  one response, one thread.
 * Spec:     RFC 9110 5.6.7, 8.8; RFC 9111 5.2.2; RFC 5019 6.2.
 */
#ifndef OPENNDES_HTTP_HTTP_CACHE_H
#define OPENNDES_HTTP_HTTP_CACHE_H

#include "http/http_types.h"

#define HTTP_DATE_MAX 32

/* Seconds since 1970 as "Sun, 06 Nov 1994 08:49:37 GMT". */
void http_cache_date(int64_t unix_seconds, char text[HTTP_DATE_MAX]);

/*
 * Whoever gets this response at `now` may keep it until `until` and not longer, by either clock
 * (seconds); its content is from `modified`. The body is there already. When `until` is not in the
 * future, nothing is changed. Errors: REASON_INTERNAL, REASON_NO_MEMORY.
 */
MUST_USE bool http_cache_allow(struct http_response *response, int64_t now, int64_t modified,
                               int64_t until, struct error *err);

#endif
