/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what the store's tests share: a folder of their own, certificates by number.
 * Not here: cases.
 * Owns:     the folder of one test.
 * Threads:  samples belong to one thread; the folder is set up before threads start.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_STORE_STORE_FIXTURE_H
#define OPENNDES_TESTS_STORE_STORE_FIXTURE_H

#include "store/db.h"
#include "store/store.h"
#include "support/test_support.h"

#define FIXTURE_NOW 1700000000
#define FIXTURE_DAY 86400

struct fixture {
    struct test_folder folder;
    char path[FILE_PATH_MAX]; /* openndes.db in it, not there yet */
    struct store *store;      /* closed by tear_down */
};

/* cmocka set-up and tear-down: *state is a struct fixture. _open also opens the store. */
int fixture_set_up(void **state);
int fixture_set_up_open(void **state);
int fixture_tear_down(void **state);

/* Open the fixture's file; the test fails when that fails. */
struct store *fixture_open(const struct fixture *fixture);
struct store_options fixture_options(const struct fixture *fixture);
/* A connection beside the store, as another process would have it. */
struct db *fixture_open_db(const struct fixture *fixture);
/* One number that a statement gives, through a connection of its own. */
int64_t fixture_query(const struct fixture *fixture, const char *sql);

/* Certificate `number` of CA "issuing" and template "devices", texts and digests of its own. */
struct sample {
    struct store_request_key key;
    struct certificate_info info;
    struct store_certificate cert;
    uint8_t der[1200];
    char transaction_id[32];
};
void sample_init(struct sample *sample, uint32_t number);

/* Record; fails the test on an error. */
enum store_record_result fixture_record(struct store *store, const struct sample *sample,
                                        int64_t repeat_seconds);
void fixture_revoke(struct store *store, const struct sample *sample);

#define assert_ok(call, err) assert_done((call), &(err), "")

#define assert_reason(err, expected)                                                               \
    assert_string_equal(reason_id((err).reason), reason_id(REASON_##expected))

#endif
