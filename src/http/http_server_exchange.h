/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  one request on its way through libmicrohttpd: from the request line to the queued response.
 * Not here: listeners and stopping (http_server.c).
 * Owns:     copies of path, query and body, and the response until it is queued.
 * Threads:  the daemon's thread, and while suspended one worker; never both.
 * Spec:     RFC 9112; RFC 8894 4.1 for the raw query.
 */
#ifndef OPENNDES_HTTP_HTTP_SERVER_EXCHANGE_H
#define OPENNDES_HTTP_HTTP_SERVER_EXCHANGE_H

#include <microhttpd.h>
#include <pthread.h>

#include "http/http_server.h"

struct http_server {
    struct http_server_options options;
    uint32_t id_start; /* makes ids of successive runs differ */
    uint32_t id_next;  /* atomic */
    pthread_mutex_t mutex;
    pthread_cond_t idle;
    bool mutex_ready, idle_ready;
    unsigned running; /* exchanges between the request line and their end */
    unsigned working; /* of these, with a worker: their connections are suspended */
    bool stopping;    /* new requests are answered 503 */
    bool closed;      /* no connection may be suspended any more: daemons are being stopped */
};

/* Callbacks for MHD_start_daemon; cls is the struct http_server. */
void *exchange_begin(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result exchange_continue(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context);
void exchange_end(void *cls, struct MHD_Connection *connection, void **context,
                  enum MHD_RequestTerminationCode code);

#endif
