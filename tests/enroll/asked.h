/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a request that may have to wait, what was answered, and the administrator's part.
 * Not here: cases; the world itself (enroll_world.h).
 * Owns:     see asked_clear.
 * Threads:  one request, one thread.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_ENROLL_ASKED_H
#define OPENNDES_TESTS_ENROLL_ASKED_H

#include "enroll/enroll_world.h"
#include "store/store_pending.h"

#define PASS "the challenge"

/* One request and the last answer to it. */
struct asked {
    struct enroll_request request;
    struct issuance out;
    struct enroll_report report;
    struct error err;
    bool ok;
};
struct asked asked_init(struct world *world, const char *cn, const char *challenge);
void asked_clear(struct asked *a);

/* Send the request; send a CertPoll for it, which has no CSR. */
void ask(struct world *world, struct asked *a);
void poll_for(struct world *world, struct asked *a);

#define assert_reason(a, expected)                                                                 \
    do {                                                                                           \
        assert_false((a).ok);                                                                      \
        assert_string_equal(reason_id((a).err.reason), reason_id(REASON_##expected));              \
        assert_int_equal((a).out.state, ISSUANCE_NONE);                                            \
        assert_int_equal((a).out.cert_der.len, 0);                                                 \
    } while (0)

#define assert_waits(a, again)                                                                     \
    do {                                                                                           \
        assert_done((a).ok, &(a).err, "");                                                         \
        assert_int_equal((a).out.state, ISSUANCE_PENDING);                                         \
        assert_int_equal((a).out.repeated, again);                                                 \
        assert_int_equal((a).out.cert_der.len, 0);                                                 \
    } while (0)

#define assert_issued(a, again)                                                                    \
    do {                                                                                           \
        assert_done((a).ok, &(a).err, "");                                                         \
        assert_int_equal((a).out.state, ISSUANCE_ISSUED);                                          \
        assert_int_equal((a).out.repeated, again);                                                 \
        assert_true((a).out.cert_der.len > 0);                                                     \
    } while (0)

/* The newest row of all, and how many there are. */
struct seen_row {
    int64_t id;
    enum store_pending_state state;
    size_t count;
};
struct seen_row newest(struct world *world);
/* Decide about the newest; the next two must succeed. */
bool decide(struct world *world, bool approve, struct error *err);
void approve(struct world *world);
void deny(struct world *world);

/* cmocka set-up: a world whose template wants approval; world_tear_down goes with it. */
int asked_set_up(void **state);

#endif
