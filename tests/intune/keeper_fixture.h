/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the keeper's tests share: a stand-in cloud, a client, a store, certificates of two
 *           CAs, and the news that came.
 * Not here: cases.
 * Owns:     all of it; the cloud for the program, the rest for one test.
 * Threads:  the news may come from the keeper's thread; the rest is the test's.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_INTUNE_KEEPER_FIXTURE_H
#define OPENNDES_TESTS_INTUNE_KEEPER_FIXTURE_H

#include <pthread.h>

#include "config/service_config.h"
#include "intune/intune_challenge.h"
#include "intune/intune_keeper.h"
#include "support/intune_cloud.h"
#include "support/test_support.h"

#define KEEPER_NOW 1700000000
#define KEEPER_HOUR 3600
#define KEEPER_DAY 86400

struct x509_st;
struct evp_pkey_st;

#define NEWS_KINDS (INTUNE_NEWS_POLL_FAILED + 1)

/* Of one kind of news: how often, and what the last one said. */
struct news_seen {
    unsigned count;
    char text[2048], serial[SERIAL_TEXT_MAX], ca_name[80];
    enum reason why;
    char detail[ERROR_DETAIL_MAX];
};

struct world {
    struct test_folder folder;
    struct store *store;
    struct intune_cloud_server *cloud; /* the program's */
    struct service_config config;
    struct intune_client *client;
    struct intune_keeper_options options;

    pthread_mutex_t lock; /* guards news */
    pthread_cond_t came;
    struct news_seen news[NEWS_KINDS];

    struct evp_pkey_st *key;
    struct x509_st *ca, *other_ca; /* "CN=issuing" and "CN=other" */
    const char *issued_by;         /* challenge type of the next certificate; NULL: intune */
    unsigned request;              /* of the next certificate; 0: one of its own */
};

/* cmocka set-up and tear-down of the program: the stand-in cloud. */
int cloud_open(void **state);
int cloud_close(void **state);
/* The same of a test: *state is a struct world; the cloud has forgotten what was. */
int world_open(void **state);
int world_close(void **state);

/* Another client with these settings (JSON of "intune", appended to the usual ones; "" none). */
struct intune_client *world_client(struct world *world, const char *more);
void world_reopen_store(struct world *world);
void world_any_order(struct world *world);
struct news_seen world_news(struct world *world, enum intune_news news);
/* Until so many have come; false when that takes longer than ms. */
bool world_wait_news(struct world *world, enum intune_news news, unsigned count, int64_t ms);

/* Notification `number`, transaction "txn-<number>", made at `at`. */
void world_post(struct world *world, unsigned number, int64_t at);
/* Waiting rows and when the next is due. */
int64_t world_waiting(struct world *world, int64_t *next_due);

/* The certificate `number` of CA "issuing" (other: of "other"), recorded; its serial. */
void world_certificate(struct world *world, unsigned number, bool other, char serial[41],
                       char configuration[160]);
/* The same of CA "issuing", withheld. */
void world_withheld(struct world *world, unsigned number, char serial[41], char configuration[160]);
/* Who revoked it; "" nobody. */
void world_revoked_by(struct world *world, const char *ca_name, const char *serial, char by[32]);

/* The n-th request to revoke, as the cloud has it. */
struct intune_cloud_revocation world_revocation(struct world *world, unsigned n);
/* No call was against the wire format. */
void world_assert_no_objection(struct world *world);

#endif
