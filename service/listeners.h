/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  where the running service listens, by HTTP and HTTPS, and what HTTPS presents.
 * Not here: serving (http/http_server.h), the files of the certificate (tls_files.h).
 * Owns:     the TLS context and the watch over its files.
 * Threads:  one thread opens, polls and closes; the server's threads use the context.
 * Spec:     docs/https.md.
 */
#ifndef OPENNDES_SERVICE_LISTENERS_H
#define OPENNDES_SERVICE_LISTENERS_H

#include "audit/log.h"
#include "http/http_server.h"
#include "service/end_watch.h"
#include "service/event_log.h"
#include "service/survey.h"
#include "service/tls_watch.h"
#include "service/urls.h"

struct listeners {
    struct url_listener item[URL_LISTENERS_MAX]; /* with the ports in use once they are open */
    size_t count;
    struct tls_context *tls; /* NULL: no HTTPS */
    struct tls_watch *watch;
    bool pending; /* what the watch has loaded is not presented yet */
};

/* Where is to be listened; nothing is opened yet. Errors: REASON_CONFIG_BAD_VALUE, REASON_USAGE. */
MUST_USE bool listeners_add(struct listeners *l, const char *list, bool tls, struct error *err);
/* Make the TLS context if there is HTTPS. */
MUST_USE bool listeners_prepare(struct listeners *l, const char *data_folder,
                                const struct service_config *config, struct error *err);
/*
 * Open all; ports 0 become numbers. Errors: REASON_PORT_*, REASON_ADDRESS_NOT_LOCAL,
 * REASON_LISTEN_FAILED.
 */
MUST_USE bool listeners_open(struct listeners *l, struct http_server *server, struct error *err);
/*
 * Load the certificate when it is new. What cannot be loaded is said once in log and event log;
 * what is presented stays as it was. A service with HTTPS and without certificate starts all the
 * same: HTTP goes on, and HTTPS begins when there is one.
 */
void listeners_poll(struct listeners *l, const struct service_config *config, struct log *log,
                    struct event_log *events);
/*
 * Once in a while: renew a certificate of the built-in CA before it ends. Nothing to do without
 * HTTPS. True: it was renewed.
 */
bool listeners_renew(struct listeners *l, const struct tls_issue_options *options, int64_t now,
                     struct log *log, struct event_log *events);
/* Now and then: the end of what is presented. */
void listeners_note_end(const struct listeners *l, struct end_watch *ends, int64_t now);
/* What HTTPS presents just now. */
struct survey_tls listeners_tls(const struct listeners *l);
/* After the server is freed. */
void listeners_close(struct listeners *l);

#endif
