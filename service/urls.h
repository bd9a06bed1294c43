/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  addresses as people and devices type them, from listeners and public_url.
 * Not here: which templates there are (runtime.h).
 * Owns:     nothing.
 * Threads:  pure functions, but for the host's name.
 * Spec:     RFC 3986; RFC 8894 4.1.
 */
#ifndef OPENNDES_SERVICE_URLS_H
#define OPENNDES_SERVICE_URLS_H

#include "config/config_net.h"
#include "config/service_config.h"

#define URL_BASE_MAX 768
#define URL_LISTENERS_MAX (2u * LIMIT_LISTENERS)

struct url_listener {
    struct listen_config at;
    bool tls;
};

/* What stands before a path, without "/" at the end; "" when nobody serves it. */
struct url_bases {
    char scep[URL_BASE_MAX];  /* SCEP: HTTP before HTTPS, as most devices know only that */
    char admin[URL_BASE_MAX]; /* password page: HTTPS before HTTP */
    char crl[URL_BASE_MAX];   /* CRL and CA certificates: HTTP before HTTPS (RFC 5280 8) */
};

/*
 * "http://192.0.2.1:8080", "https://[::1]:8443", "http://host" for a wildcard address; the scheme's
 * own port is left out.
 */
/* Name or address in an http(s) URL, without port and brackets; false: none, or too long. */
MUST_USE bool url_host(const char *url, char *host, size_t size);
void url_base(const struct ip_address *address, uint16_t port, bool tls, char url[URL_BASE_MAX]);
/* The listeners of a comma list, added behind *count. Items that cannot be read are left out. */
void url_listeners_add(const char *list, bool tls, struct url_listener out[URL_LISTENERS_MAX],
                       size_t *count);
/*
 * From listeners; public_url ("" none) takes the place of their scheme, host and port. Where the
 * page is served by HTTPS and public_url is not, its host with the listener's port is taken.
 */
void url_bases_make(const struct url_listener *listeners, size_t count, const char *public_url,
                    struct url_bases *out);
/* The same from openndes.json alone. */
void url_bases_of_config(const struct service_config *config, struct url_bases *out);

#endif
