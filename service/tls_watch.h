/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the certificate of the HTTPS listeners while the service runs: loaded, and loaded again
 *           when its files or settings change.
 * Not here: reading the files (tls_files.h), presenting it (http/tls_context.h).
 * Owns:     the pair in force.
 * Threads:  one thread; what it lends is copied by reference counts (tls_context_set).
 * Spec:     docs/https.md.
 */
#ifndef OPENNDES_SERVICE_TLS_WATCH_H
#define OPENNDES_SERVICE_TLS_WATCH_H

#include "http/tls_context.h"
#include "service/tls_files.h"

struct tls_watch;

enum tls_watch_result {
    TLS_WATCH_SAME,  /* nothing to do */
    TLS_WATCH_NEW,   /* another pair is in force; or the same one, and what was broken is mended */
    TLS_WATCH_BROKEN /* what lies there now cannot be used: the former pair, if any, stays */
};

/* data_folder is borrowed. NULL: out of memory. */
struct tls_watch *tls_watch_create(const char *data_folder);
void tls_watch_free(struct tls_watch *watch); /* NULL is allowed */

/*
 * Cheap while nothing changes; call it about once a second. The first call loads. BROKEN is told
 * once for each change and sentence, with err set (REASON_TLS_CERTIFICATE); while it lasts, the
 * files are tried again now and then, since a network drive may come back. A pair of which one half
 * has been replaced is BROKEN until the other follows.
 * *borrowed_out is always what is in force, all NULL for none; valid until the next NEW.
 */
MUST_USE enum tls_watch_result tls_watch_poll(struct tls_watch *watch,
                                              const struct service_config *config,
                                              struct tls_identity *borrowed_out, struct error *err);

/* The certificate in force, borrowed until the next NEW; NULL: none. */
const struct certificate_info *tls_watch_certificate_info(const struct tls_watch *watch);

#endif
