/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the values of openndes.json.
 * Not here: reading and checking them (config_load.h).
 * Owns:     its texts.
 * Threads:  immutable after loading.
 * Spec:     docs/configuration.md.
 */
#ifndef OPENNDES_CONFIG_SERVICE_CONFIG_H
#define OPENNDES_CONFIG_SERVICE_CONFIG_H

#include "config/template_config.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct service_config {
    char *listen; /* comma list of ADDRESS:PORT; in the file also an array of texts */
    /* "http://scep.example.com" without trailing slash; "" derived from host name and listener */
    char *public_url;
    struct {
        int64_t body_bytes;
        int64_t connections;
        int64_t connections_per_address; /* 0: off */
        int64_t idle_seconds;
    } limits;
    struct {
        int64_t threads; /* 0: one per processor */
        int64_t queue;
    } workers;
    struct {
        enum log_level level;
        int64_t file_mb; /* a file is rotated above this */
        int64_t files;   /* rotated files kept */
    } log;
    struct {
        int64_t file_mb;
        int64_t files;
    } audit;
    struct {
        int64_t validity_hours;
        int64_t renew_hours; /* before nextUpdate */
    } crl;
    struct acl_config ip_acl; /* service-wide */
};

void service_config_clear(struct service_config *c); /* NULL is allowed */
/* Deep copy; `to` is overwritten. Errors: REASON_NO_MEMORY (to is then cleared). */
MUST_USE bool service_config_copy(struct service_config *to, const struct service_config *from,
                                  struct error *err);

#endif
