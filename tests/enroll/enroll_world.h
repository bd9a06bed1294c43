/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  everything a decision works with: a real store and template, a challenge and a CA that
 *           are fakes behind the real contracts and write down what is asked of them.
 * Not here: cases.
 * Owns:     see world_tear_down.
 * Threads:  the fakes may be called from any thread; set the knobs before threads start.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_ENROLL_WORLD_H
#define OPENNDES_TESTS_ENROLL_WORLD_H

#include <pthread.h>

#include "enroll/enroll.h"
#include "model/sid.h"
#include "support/test_support.h"

struct evp_pkey_st;

/* What the fakes do; zero everywhere is a world in which everything succeeds. */
struct world_knobs {
    enum reason check_fails;
    enum reason confirm_fails;
    enum reason issue_fails;
    unsigned same_serials; /* as many certificates get the serial 4711, the others a new one each */
    unsigned meet;         /* CA: wait until so many threads have come to sign */
    int64_t reservation;   /* what the challenge grants: a one-time password of the store */
    void (*before_issue)(void *context);
    void *before_issue_context;
};

struct world {
    struct test_folder folder;
    char database[FILE_PATH_MAX];
    struct world_knobs knobs;
    struct store *store;
    struct template *template;
    struct challenge *challenge; /* that of options, until a test puts remote there */
    struct challenge *remote;    /* the same, as one that asks another machine */
    struct ca *ca;
    struct enroll_options options;
    struct evp_pkey_st *device_key;
    struct evp_pkey_st *ca_key;

    pthread_mutex_t mutex; /* all below */
    pthread_cond_t met;
    unsigned signers;
    unsigned serials;
    char steps[1024];        /* "check issue confirm " in the order of the calls */
    enum reason refused_why; /* of the last refuse */
    char sid[SID_TEXT_MAX];  /* of the last plan that was signed */
};

/* cmocka set-up and tear-down: *state is a struct world. */
int world_set_up(void **state);
int world_tear_down(void **state);

/*
 * A request of one device: cn and challenge (NULL: none) decide its bytes; cleared by the caller.
 */
void world_request(struct world *world, const char *cn, const char *challenge,
                   struct enroll_request *request);
void world_request_clear(struct enroll_request *request);

/*
 * Decide, and check what the answer promises: a parsed certificate, or a reason and nothing else.
 */
bool world_decide(struct world *world, const struct enroll_request *request, struct issuance *out,
                  const char **challenge_type, struct error *err);

/* The steps since the last call of this. */
#define assert_steps(world, expected) world_assert_steps((world), (expected), __FILE__, __LINE__)
void world_assert_steps(struct world *world, const char *expected, const char *file, int line);
int64_t world_recorded(struct world *world);
/* One statement through a connection of its own, as another process would have it. */
void world_sql(struct world *world, const char *sql);

#endif
