/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the way of one HTTP request: service address list, route, endpoint, log and audit; the
 *           first coordinator.
 * Not here: SCEP (endpoint/), HTTP itself (http/).
 * Owns:     nothing: works on the app's handles.
 * Threads:  the callbacks run on I/O threads (admit) and workers (handle).
 * Spec:     docs/urls.md.
 */
#ifndef OPENNDES_SERVICE_DISPATCH_H
#define OPENNDES_SERVICE_DISPATCH_H

#include "audit/audit.h"
#include "audit/log.h"
#include "http/http_server.h"
#include "service/abuse_watch.h"
#include "service/event_log.h"
#include "service/flood_digest.h"
#include "service/intune_watch.h"
#include "service/metrics.h"
#include "service/ocsp_counts.h"
#include "service/ocsp_limit.h"
#include "service/runtime.h"

/* What dispatch needs from its owner; everything outlives the server. */
struct dispatch {
    /* A reference on the runtime in force. */
    struct runtime *(*runtime)(void *context);
    void *context;
    struct log *log;
    struct audit *audit;
    struct event_log *events;
    struct intune_watch *intune;
    struct metrics *metrics;       /* NULL: nobody counts */
    struct ocsp_counts *ocsp;      /* the same */
    struct ocsp_limit *ocsp_limit; /* NULL: no limit */
    struct abuse_watch *abuse;     /* NULL: nobody watches */
    struct flood_digest *flood;    /* NULL: everything is written */
    /* the HTTPS thread's alone */
    int64_t handshakes_told_us; /* when the log last spoke of those that came to nothing */
    unsigned handshakes_failed; /* since then */
};

enum http_admit dispatch_admit(void *context, const struct http_request *request,
                               struct http_response *response);
void dispatch_handle(void *context, const struct http_request *request,
                     struct http_response *response);
/*
 * Logs TLS connections that came to nothing: each at debug level, since scanners make many, and a
 * count with the last one's reason at most once a minute, since nobody would know otherwise why
 * HTTPS turns everybody away.
 */
void dispatch_handshake_failed(void *context, const struct ip_address *peer, const char *why);
/* Logs what the server refused by itself. */
void dispatch_answered(void *context, const struct http_request *request,
                       const struct http_response *response);

#endif
