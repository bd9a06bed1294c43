/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  addresses as people and devices type them.
 * Not here: which templates there are (runtime.h).
 * Owns:     nothing.
 * Threads:  pure functions, but for the host's name.
 * Spec:     RFC 3986; RFC 8894 4.1.
 */
#ifndef OPENNDES_SERVICE_URLS_H
#define OPENNDES_SERVICE_URLS_H

#include "base/ip_prefix.h"

#define URL_BASE_MAX 320

/*
 * "http://192.0.2.1:8080", "http://[::1]:8080", "http://host" for a wildcard address; port 80 is
 * left out.
 */
void url_base(const struct ip_address *address, uint16_t port, char url[URL_BASE_MAX]);
/* The same from the first ADDRESS:PORT of a comma list; "" when it cannot be read. */
void url_base_of_list(const char *listen, char url[URL_BASE_MAX]);
/* Name or address in an http(s) URL, without port and brackets; false: none, or too long. */
MUST_USE bool url_host(const char *url, char *host, size_t size);

#endif
