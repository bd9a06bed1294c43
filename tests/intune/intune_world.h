/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the tests of the Intune client share: the stand-in cloud, a data folder with the
 *           secret, settings that lead there, requests with challenges.
 * Not here: the cloud (support/intune_cloud.h), cases.
 * Owns:     see the struct.
 * Threads:  the test's thread; clients may be used from any.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_INTUNE_INTUNE_WORLD_H
#define OPENNDES_TESTS_INTUNE_INTUNE_WORLD_H

#include "support/test_support.h"

#include "config/service_config.h"
#include "intune/intune_client.h"
#include "support/intune_cloud.h"

struct intune_world {
    struct test_folder folder;
    struct intune_cloud_server *cloud;
    struct service_config config;
    struct intune_stats *stats; /* of all its clients */
    struct intune_client *client;
    struct evp_pkey_st *key; /* of devices */
};

/* cmocka: once per program. */
int intune_world_create(void **state);
int intune_world_free(void **state);
/* cmocka, each test: the cloud forgets everything; a client with the ordinary settings. */
int intune_world_begin(void **state);
/* The client is freed; the cloud was called rightly, whatever the test has made it answer. */
int intune_world_end(void **state);

/*
 * Another client. more: members of "intune" that are added or take the place of ordinary ones,
 * such as "\"total_seconds\":1"; "" none.
 */
void intune_world_client(struct intune_world *world, const char *more);
/* Settings only; create is for the test. */
void intune_world_config(struct intune_world *world, const char *more);
struct intune_client *intune_world_open(struct intune_world *world, struct error *err);

/* A request whose challenge the cloud accepts; DER is appended. */
void intune_world_csr(struct intune_world *world, struct buffer *der);
/* validateRequest with a request of its own. */
bool intune_world_validate(struct intune_world *world, struct error *err);

/* The cloud misbehaves; number and times as there. */
void intune_world_behave(struct intune_world *world, enum intune_cloud_path path,
                         enum intune_cloud_how how, const char *value, int64_t number,
                         unsigned times);
/* Rights of the application from now on. */
void intune_world_rights(struct intune_world *world, bool graph, bool intune);
/* So many calls have come. */
#define assert_calls(world, path, expected)                                                        \
    assert_int_equal(intune_cloud_count((world)->cloud, (path)), (expected))
/* The detail says this. */
void assert_says(const struct error *err, const char *words, const char *name);

#endif
