/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that leaps while the service runs: nothing goes for good, nothing lives longer. */
#include "store/store_fixture.h"
#include "store/store_passwords.h"
#include "store/store_pending.h"

#define HOUR 3600
#define YEARS (3650LL * FIXTURE_DAY)

/* ---- the clocks, by the linker --------------------------------------------------------------- */

static int64_t wall, passed; /* seconds */

int64_t __wrap_clock_now(void);
int64_t __real_clock_monotonic_us(void);
int64_t __wrap_clock_monotonic_us(void);

int64_t __wrap_clock_now(void)
{
    return wall;
}

int64_t __wrap_clock_monotonic_us(void)
{
    return __real_clock_monotonic_us() + passed * 1000000;
}

static int set_up(void **state)
{
    wall = FIXTURE_NOW;
    passed = 0;
    return fixture_set_up_open(state);
}

/* ---- one of each ----------------------------------------------------------------------------- */

static int64_t password_add(struct store *store, uint8_t number)
{
    const uint8_t mac[SECRET_MAC_BYTES] = { number };
    const struct store_password password = {
        .scope = "vpn",
        .mac = bytes_of(mac, sizeof(mac)),
        .made_by = "test",
        .created_at = wall,
        .expires_at = wall + HOUR,
    };
    struct error err = ERROR_INIT;
    int64_t id = 0;

    assert_ok(store_password_add(store, &password, 100, &id, &err), err);
    return id;
}

/* A certificate for a password, now. */
static enum reason redeem(struct store *store, int64_t id, uint32_t number)
{
    enum store_record_result result = STORE_WAS_REVOKED;
    struct error err = ERROR_INIT;
    struct sample sample;

    sample_init(&sample, number);
    sample.cert.issued_at = wall;
    sample.cert.reservation = id;
    sample.cert.spent_at = wall;
    return store_record_certificate(store, &sample.cert, 600, &result, &err) ? REASON_NONE
                                                                             : err.reason;
}

static void request_add(struct store *store)
{
    struct sample sample;
    struct error err = ERROR_INIT;
    bool recorded = false;

    sample_init(&sample, 77);
    const struct store_pending pending = {
        .request = &sample.key,
        .request_id = "r-77",
        .csr = bytes_of_text("the request"),
        .subject = "CN=waits",
        .peer = "192.0.2.9",
        .now = wall,
        .expires_at = wall + 30 * FIXTURE_DAY,
    };
    assert_ok(store_pending_record(store, &pending, 100, &recorded, &err), err);
}

/* What an hour's housekeeping takes away. */
static int64_t tidy(struct store *store)
{
    struct error err = ERROR_INIT;
    int64_t passwords = 0;
    int64_t requests = 0;

    assert_ok(store_password_tidy(store, wall, &passwords, &err), err);
    assert_ok(store_pending_tidy(store, wall, &requests, &err), err);
    return passwords + requests;
}

/* ---- leaps ----------------------------------------------------------------------------------- */

static void clock__ten_years_ahead_and_back__nothing_gone(void **state)
{
    struct fixture *f = *state;
    int64_t used = password_add(f->store, 1);
    int64_t unused = password_add(f->store, 2);

    assert_int_equal(redeem(f->store, used, 1), REASON_NONE);
    request_add(f->store);
    wall += YEARS;
    assert_int_equal(tidy(f->store), 0);
    /* Adding tidies up by the way. */
    int64_t ahead = password_add(f->store, 3);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM password"), 3);
    assert_int_equal(redeem(f->store, unused, 2), REASON_CHALLENGE_EXPIRED);
    passed = 1800;
    wall = FIXTURE_NOW + 1800;
    assert_int_equal(tidy(f->store), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM pending"), 1);
    assert_int_equal(redeem(f->store, used, 3), REASON_CHALLENGE_USED);
    assert_int_equal(redeem(f->store, unused, 4), REASON_NONE);
    assert_int_equal(redeem(f->store, unused, 5), REASON_CHALLENGE_USED);
    /* One that was made meanwhile does not live for ten years. */
    assert_int_equal(redeem(f->store, ahead, 6), REASON_CHALLENGE_EXPIRED);
}

static void clock__put_back__passwords_live_no_longer(void **state)
{
    struct fixture *f = *state;
    int64_t first = password_add(f->store, 1);
    int64_t second = password_add(f->store, 2);

    wall -= STORE_PASSWORD_EARLY_SECONDS; /* by the machine's time service */
    assert_int_equal(redeem(f->store, first, 1), REASON_NONE);
    wall -= 1;
    assert_int_equal(redeem(f->store, second, 2), REASON_CHALLENGE_EXPIRED);
    assert_int_equal(tidy(f->store), 0);
    wall = FIXTURE_NOW + 60;
    assert_int_equal(redeem(f->store, second, 3), REASON_NONE);
}

/* A leap that was none: the clock was wrong before, or the machine slept. */
static void clock__ahead_for_a_week__housekeeping_goes_on(void **state)
{
    struct fixture *f = *state;

    (void)password_add(f->store, 1);
    request_add(f->store);
    for (int day = 0; day < 7; day++) {
        wall = FIXTURE_NOW + YEARS + day * FIXTURE_DAY;
        passed = day * FIXTURE_DAY;
        assert_int_equal(tidy(f->store), 0);
    }
    wall += FIXTURE_DAY;
    passed += FIXTURE_DAY;
    assert_int_equal(tidy(f->store), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(clock__ten_years_ahead_and_back__nothing_gone),
        TEST(clock__put_back__passwords_live_no_longer),
        TEST(clock__ahead_for_a_week__housekeeping_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
