/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  which part of NDES a path names, on the service's face and on a template's own.
 * Not here: answering (ndes_face.h), paths that are not NDES's (service/route.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     NDES: observed; docs/ndes-compatibility.md.
 */
#ifndef OPENNDES_MSCEP_NDES_ROUTE_H
#define OPENNDES_MSCEP_NDES_ROUTE_H

#include "base/error.h"
#include "base/limits.h"

enum ndes_route_kind {
    NDES_ROUTE_NONE,
    NDES_ROUTE_DEVICE,       /* .../certsrv/mscep and what hangs below it */
    NDES_ROUTE_ADMIN,        /* .../certsrv/mscep_admin/ and what hangs below it */
    NDES_ROUTE_ADMIN_TO_DIR, /* .../certsrv/mscep_admin: 301 to the form with '/', once signed in */
    NDES_ROUTE_CHALLENGE     /* /scep/<template>/challenge: the password API */
};

struct ndes_route {
    enum ndes_route_kind kind;
    char template_name[LIMIT_TEMPLATE_NAME + 1]; /* lower case; "" the service's own face */
};

/* Paths are compared without regard to case. */
struct ndes_route ndes_route_find(const char *path);

#endif
