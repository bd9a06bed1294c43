/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  which thing a path names.
 * Not here: answering (dispatch.c).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     RFC 8894 4.1 (servers look at the path as little as they can); docs/urls.md.
 */
#ifndef OPENNDES_SERVICE_ROUTE_H
#define OPENNDES_SERVICE_ROUTE_H

#include "base/limits.h"
#include "base/error.h"
#include "mscep/ndes_route.h"

enum route_kind {
    ROUTE_NONE,
    ROUTE_SCEP,   /* /scep/<template> and anything below */
    ROUTE_NDES,   /* a path of NDES's; one below /scep/<template> is ROUTE_SCEP all the same when
                     the template has no NDES face */
    ROUTE_CRL,    /* /crl/<ca>.crl */
    ROUTE_CA_CRT, /* /ca/<ca>.crt */
    ROUTE_CA_P7B, /* /ca/<ca>.p7b */
    ROUTE_OCSP    /* /ocsp/<ca> and anything below: a request in base64 */
};

struct route {
    enum route_kind kind;
    char name[LIMIT_TEMPLATE_NAME + 1]; /* template or CA, lower case; "" NDES's own URLs */
    struct ndes_route ndes;             /* ROUTE_NDES */
    const char *rest; /* ROUTE_OCSP: what stands behind the name; borrowed from the path */
};

/* Paths are compared without regard to case. */
struct route route_find(const char *path);

#endif
