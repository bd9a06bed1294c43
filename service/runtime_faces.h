/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the NDES faces of one runtime: each template's own, and the service's.
 * Not here: what a face does (mscep/ndes_face.h), the runtime (runtime.h).
 * Owns:     the faces.
 * Threads:  immutable once loaded.
 * Spec:     docs/ndes-compatibility.md.
 */
#ifndef OPENNDES_SERVICE_RUNTIME_FACES_H
#define OPENNDES_SERVICE_RUNTIME_FACES_H

#include "service/runtime.h"

struct runtime_faces {
    struct ndes_face **own; /* by template, in the runtime's order; NULL where there is none */
    size_t count;
    struct ndes_face *service;
    struct error service_error; /* why there is none */
};

/*
 * Make the faces for the endpoints and settings of `now`. A service's face that cannot be is not a
 * failure: it is reported, unless `before` (may be NULL) has had the same reason.
 * Errors: REASON_NO_MEMORY, REASON_CONFIG_BAD_VALUE. `faces` is to be cleared in any case.
 */
MUST_USE bool runtime_faces_load(struct runtime_faces *faces, const struct runtime_options *options,
                                 const struct runtime *now, const struct runtime_faces *before,
                                 struct error *err);
void runtime_faces_clear(struct runtime_faces *faces);

#endif
