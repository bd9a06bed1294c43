/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the client as its parts see it: the handle, time, one fetch at a time.
 * Not here: what others may call (intune_client.h).
 * Owns:     as intune_client.h says.
 * Threads:  `lock` guards what stands below it; the rest is constant after creation.
 * Spec:     none.
 */
#ifndef OPENNDES_INTUNE_INTUNE_CLIENT_INTERNAL_H
#define OPENNDES_INTUNE_INTUNE_CLIENT_INTERNAL_H

#include <pthread.h>

#include "base/limits.h"
#include "base/secret.h"
#include "http/http_client.h"
#include "intune/intune_answer.h"
#include "intune/intune_cloud_urls.h"

#define INTUNE_SECOND_US INT64_C(1000000)

enum intune_scope { INTUNE_SCOPE_GRAPH, INTUNE_SCOPE_INTUNE, INTUNE_SCOPES };

/* A fetch that one thread does and others wait for; they share its failure. */
struct intune_flight {
    bool running;
    uint64_t round; /* finished ones */
    bool failed;    /* the last round */
    struct error why;
};

struct intune_token_slot {
    struct secret value; /* empty: none */
    uint64_t serial;     /* of this token: only who has seen this one may drop it */
    int64_t until_us;    /* monotonic: handed out until then */
    int64_t valid_us;    /* still good for those who waited for it */
    struct intune_flight flight;
};

struct intune_client {
    struct http_client *http;
    struct intune_stats *stats; /* NULL: nobody counts */
    struct intune_urls urls;
    char data_folder[1024];
    char client_id[72];
    char secret_expires[16];
    enum intune_credential credential;
    struct secret secret; /* credential secret */
    struct x509_st *cert; /* credential certificate */
    struct evp_pkey_st *key;
    int64_t total_us;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* a flight has ended, or the client is stopped */
    unsigned references;
    bool stopped;
    bool second_scope; /* the first one is not known here */
    uint64_t serials;
    struct intune_token_slot tokens[INTUNE_SCOPES];
    struct intune_endpoints endpoints; /* "" not known */
    uint64_t endpoints_serial;
    struct intune_flight discovery;
    int64_t end_asked_at; /* when Graph was asked for the secret's end; 0 never */
    int64_t end_told;
};

/*
 * The time of one action. No call begins after the first half, and none takes longer than the
 * second: all of them together at most twice intune.total_seconds.
 */
struct intune_budget {
    int64_t begin_by_us; /* monotonic */
    int64_t end_us;
};
struct intune_budget intune_budget_start(const struct intune_client *client);
bool intune_budget_allows(const struct intune_budget *budget); /* one more call */

/*
 * With the lock held. Wait until the running round has ended. false: REASON_STOPPING, or the
 * budget is over.
 */
MUST_USE bool intune_flight_wait(struct intune_client *client, struct intune_flight *flight,
                                 const struct intune_budget *budget, struct error *err);
/* With the lock held: the round is over, successfully when why is NULL; all who wait are woken. */
void intune_flight_end(struct intune_client *client, struct intune_flight *flight,
                       const struct error *why);
/*
 * Sleep for so many seconds if a call may still begin afterwards. false at once if not, or when the
 * client is stopped.
 */
bool intune_client_pause(struct intune_client *client, const struct intune_budget *budget,
                         int64_t seconds);
bool intune_client_is_stopped(struct intune_client *client);
/* Tokens and addresses are asked for anew. */
void intune_client_forget(struct intune_client *client);

#endif
