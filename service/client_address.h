/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  who the client is: the other end of the connection, or whom a trusted proxy names.
 * Not here: address lists (http/ip_acl.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     X-Forwarded-For, X-Forwarded-Proto as reverse proxies write them; docs/https.md.
 */
#ifndef OPENNDES_SERVICE_CLIENT_ADDRESS_H
#define OPENNDES_SERVICE_CLIENT_ADDRESS_H

#include "http/http_types.h"
#include "http/ip_acl.h"

/*
 * Put the client into request->peer and whether it came by HTTPS into request->tls. `proxies` is
 * the list of trusted proxies; from any other address the headers say nothing. X-Forwarded-For is
 * read from its end, where the last proxy wrote: the first address that is no trusted proxy is the
 * client. Errors: REASON_SYNTAX: a trusted proxy sent something that is no address; nobody can then
 * be let through on its behalf.
 */
MUST_USE bool client_address_resolve(const struct ip_acl *proxies, struct http_request *request,
                                     struct error *err);

#endif
