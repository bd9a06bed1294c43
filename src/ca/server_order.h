/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what our own HTTPS listeners ask of a CA of the house: a new key, a request by it, and
 *           the plan of the certificate.
 * Not here: issuing and recording (service/tls_issue.c), reading certificates (server_cert.h).
 * Owns:     key, request and plan until server_order_clear.
 * Threads:  any thread; one owner per struct.
 * Spec:     RFC 5280 4.2.1.6, 4.2.1.12; RFC 1123 2.1; RFC 6125 6.4.3.
 */
#ifndef OPENNDES_CA_SERVER_ORDER_H
#define OPENNDES_CA_SERVER_ORDER_H

#include "ca/ca_files.h"
#include "model/cert_plan.h"
#include "model/csr.h"

struct x509_st;

/* What browsers accept; one day more is needed for clocks that are behind. */
#define SERVER_DAYS_MAX 397
#define SERVER_DAYS_DEFAULT 365

struct server_names {
    const char *const *dns; /* "scep.example.com", "*.example.com"; kept in lower case */
    size_t dns_count;
    const char *const *addresses; /* IPv4 and IPv6 */
    size_t address_count;
};

struct server_order {
    struct evp_pkey_st *key;
    struct csr csr;
    struct cert_plan plan;
};

#define SERVER_ORDER_INIT                                                                          \
    {                                                                                              \
        .key = NULL, .csr = CSR_INIT                                                               \
    }

/*
 * For these names, at least one; a name twice counts once. The common name is the first that fits.
 * days: 1..SERVER_DAYS_MAX from `now` (seconds). Errors: REASON_USAGE (names, days),
 * REASON_INTERNAL, REASON_NO_MEMORY.
 */
MUST_USE bool server_order_create(struct server_order *order, const struct server_names *names,
                                  enum ca_key_spec key, int64_t now, int64_t days,
                                  struct error *err);
/* The same subject, names and kind of key as `former` has, with a new key. */
MUST_USE bool server_order_renew(struct server_order *order, const struct x509_st *former,
                                 int64_t now, int64_t days, struct error *err);
void server_order_clear(struct server_order *order); /* NULL is allowed */

#endif
