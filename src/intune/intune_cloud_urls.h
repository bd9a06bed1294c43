/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  where Microsoft's services are: the national clouds, and which discovered address may
 *           be believed.
 * Not here: asking for addresses (intune_discovery.h).
 * Owns:     nothing.
 * Threads:  pure functions.
 * Spec:     Microsoft identity platform: national clouds; docs/intune.md.
 */
#ifndef OPENNDES_INTUNE_INTUNE_CLOUD_URLS_H
#define OPENNDES_INTUNE_INTUNE_CLOUD_URLS_H

#include "config/service_config.h"

#define INTUNE_URL_MAX 1024

struct intune_urls {
    char token[INTUNE_URL_MAX];       /* where tokens come from */
    char discovery[INTUNE_URL_MAX];   /* GET: the services of this tenant */
    char application[INTUNE_URL_MAX]; /* GET: our own app registration */
    char graph_scope[INTUNE_URL_MAX];
    char scope[INTUNE_URL_MAX];        /* of tokens for Intune */
    char scope_second[INTUNE_URL_MAX]; /* to try when it is not known; "": was set, is not tried */
    char service_suffix[256];
};

struct intune_cloud_bases {
    enum intune_cloud cloud;
    const char *authority;
    const char *graph;
    const char *resource;
    const char *service_suffix;
};
/* One row per cloud; NULL for what is none. */
const struct intune_cloud_bases *intune_cloud_bases(enum intune_cloud cloud);

/* From intune.*, with what is empty from the cloud's row. Errors: REASON_LIMIT. */
MUST_USE bool intune_urls_of(const struct service_config *config, struct intune_urls *out,
                             struct error *err);
/*
 * May requests go to this address that Graph has named? https, a host that is the suffix or lies
 * below it at a label's boundary, no user, query or fragment; copied without slashes at its end.
 * Errors: REASON_INTUNE_DISCOVERY with what is wrong.
 */
MUST_USE bool intune_service_url(const char *url, const char *suffix, char out[INTUNE_URL_MAX],
                                 struct error *err);

#endif
