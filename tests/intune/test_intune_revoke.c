/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation at Intune's request: whose certificate, what is answered, what a crash changes. */
#include <string.h>

#include "base/text.h"
#include "keeper_fixture.h"

#define FOREIGN "openndes:issuing:0011223344556677"

static struct intune_round revoke(struct world *world)
{
    struct intune_round round = { 0 };
    struct error err = ERROR_INIT;

    assert_done(intune_keeper_revoke(&world->options, world->client, KEEPER_NOW, &round, &err),
                &err, "");
    return round;
}

static void want(struct world *world, const char *serial, const char *configuration,
                 const char *issuer)
{
    assert_true(intune_cloud_revoke(world->cloud, serial, configuration, issuer));
}

static void assert_answer(struct world *world, unsigned n, bool succeeded, const char *code)
{
    struct intune_cloud_revocation r = world_revocation(world, n);

    assert_true(r.answered);
    assert_int_equal(r.succeeded, succeeded);
    assert_string_equal(r.error_code, code);
    assert_int_equal(r.error_message[0] == '\0', succeeded);
}

static void revoke__nothing_wanted__one_call(void **state)
{
    struct world *world = *state;
    struct intune_round round = revoke(world);

    assert_int_equal(round.revoked + round.answered + round.foreign, 0);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_DOWNLOAD), 1);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_UPLOAD), 0);
}

static bool check_crl(void *context, const char *serial, int64_t revoked_at, int reason,
                      struct error *err)
{
    (void)err;
    assert_string_equal(serial, context);
    assert_int_equal(revoked_at, KEEPER_NOW);
    assert_int_equal(reason, 5);
    return true;
}

static void revoke__ours__revoked_and_answered(void **state)
{
    struct world *world = *state;
    struct error err = ERROR_INIT;
    char serial[41], configuration[160], upper[41], by[32];
    int64_t revocations = 0;

    world_certificate(world, 1, false, serial, configuration);
    for (size_t i = 0; i <= strlen(serial); i++) {
        upper[i] = serial[i] >= 'a' && serial[i] <= 'f' ? (char)(serial[i] - 32) : serial[i];
    }
    want(world, upper, configuration, NULL);
    struct intune_round round = revoke(world);
    assert_int_equal(round.revoked, 1);
    assert_int_equal(round.answered, 1);
    assert_answer(world, 0, true, "None");
    world_revoked_by(world, "issuing", serial, by);
    assert_string_equal(by, "intune");
    assert_done(store_list_revoked(world->store, "issuing", 0, check_crl, serial, &err), &err, "");
    assert_done(store_revocation_count(world->store, "issuing", &revocations, &err), &err, "");
    assert_int_equal(revocations, 1);
    struct news_seen news = world_news(world, INTUNE_NEWS_REVOKED);
    assert_int_equal(news.count, 1);
    assert_string_equal(news.serial, serial);
    assert_string_equal(news.ca_name, "issuing");
    world_assert_no_objection(world);
}

/* Revoked, and then no answer: the same as a crash between the two. */
static void revoke__cut_off_before_the_answer__succeeded_all_the_same(void **state)
{
    struct world *world = *state;
    struct intune_round round = { 0 };
    struct error err = ERROR_INIT;
    char serial[41], configuration[160], by[32];

    world_certificate(world, 1, false, serial, configuration);
    want(world, serial, configuration, NULL);
    assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_UPLOAD, 500, 1));
    assert_false(intune_keeper_revoke(&world->options, world->client, KEEPER_NOW, &round, &err));
    assert_int_equal(round.revoked, 1);
    assert_int_equal(round.answered, 0);
    assert_int_equal(world_news(world, INTUNE_NEWS_POLL_FAILED).count, 1);
    assert_int_equal(world_news(world, INTUNE_NEWS_POLL_FAILED).why, REASON_INTUNE_UNAVAILABLE);
    world_revoked_by(world, "issuing", serial, by);
    assert_string_equal(by, "intune");

    world_reopen_store(world);
    round = revoke(world);
    assert_int_equal(round.revoked, 0);
    assert_int_equal(round.answered, 1);
    assert_answer(world, 0, true, "None");
    assert_int_equal(world_news(world, INTUNE_NEWS_REVOKED).count, 1);
}

static void revoke__what_cannot_be__answered_with_its_code(void **state)
{
    struct world *world = *state;
    struct error err = ERROR_INIT;
    char serial[41], configuration[160];

    world_certificate(world, 1, false, serial, configuration);
    assert_done(store_revoke_certificate(world->store, "issuing", serial, 1, KEEPER_NOW, &err),
                &err, "");
    want(world, serial, configuration, NULL);
    want(world, "0badc0de", configuration, "CN=issuing");
    struct intune_round round = revoke(world);
    assert_int_equal(round.revoked, 0);
    assert_int_equal(round.answered, 2);
    assert_answer(world, 0, false, "ConflictError");
    assert_answer(world, 1, false, "CertificateNotFoundError");
    assert_int_equal(world_news(world, INTUNE_NEWS_REVOKED).count, 0);
    world_assert_no_objection(world);
}

struct whose_case {
    const char *name;
    const char *configuration; /* NULL: the certificate's own */
    const char *issuer;
    bool ours;
};

static const struct whose_case whose_cases[] = {
    { "ours", NULL, NULL, true },
    { "ours, whatever the issuer says", NULL, "CN=other", true },
    { "a namesake with another key", FOREIGN, "CN=issuing", false },
    { "another product, our issuer", "contoso-ca", "CN=issuing", true },
    { "another product, another issuer", "contoso-ca", "CN=contoso", false },
    { "another product, no issuer", "contoso-ca", NULL, false },
    { "nothing but our issuer", "", "CN=issuing", true },
    { "nothing but another issuer", "", "CN=contoso", false },
    { "nothing but the serial", "", NULL, true },
};

static void revoke__one_serial__ours_or_left_alone(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof(whose_cases) / sizeof(whose_cases[0]); i++) {
        const struct whose_case *c = &whose_cases[i];
        char serial[41], configuration[160], by[32];

        intune_cloud_reset(world->cloud);
        intune_client_unref(world->client);
        world->client = world_client(world, "");
        world_certificate(world, i, false, serial, configuration);
        want(world, serial, c->configuration != NULL ? c->configuration : configuration, c->issuer);
        struct intune_round round = revoke(world);
        world_revoked_by(world, "issuing", serial, by);
        if (round.revoked != (c->ours ? 1u : 0u) || round.foreign != (c->ours ? 0u : 1u)
            || world_revocation(world, 0).answered != c->ours || (by[0] != '\0') != c->ours) {
            fail_msg("%s: revoked %u, foreign %u", c->name, round.revoked, round.foreign);
        }
    }
}

/* While one CA follows another a template has certificates of both; Intune is told one name. */
static void revoke__named_by_another_ca_of_the_template__its_key_decides(void **state)
{
    struct world *world = *state;
    char serial[41], configuration[160], told[160], by[32];

    world_certificate(world, 1, false, serial, configuration);
    assert_true(
        text_format(told, sizeof(told), "openndes:former:%s", strrchr(configuration, ':') + 1));
    want(world, serial, told, NULL);
    struct intune_round round = revoke(world);
    assert_int_equal(round.revoked, 1);
    world_revoked_by(world, "issuing", serial, by);
    assert_string_equal(by, "intune");
}

/* Whoever writes requests in the tenant has no say about certificates that Intune never saw. */
static void revoke__not_issued_through_intune__stays(void **state)
{
    static const char *const others[] = { "static", "ndes", "none", "renewal", "" };
    struct world *world = *state;
    char serial[5][41], configuration[160], by[32];
    const unsigned count = sizeof(others) / sizeof(others[0]);

    for (unsigned i = 0; i < count; i++) {
        world->issued_by = others[i];
        world_certificate(world, i, false, serial[i], configuration);
        want(world, serial[i], configuration, "CN=issuing");
        want(world, serial[i], "", "CN=issuing");
        want(world, serial[i], "", NULL);
    }
    struct intune_round round = revoke(world);
    assert_int_equal(round.revoked, 0);
    assert_int_equal(round.answered, count);
    assert_int_equal(round.foreign, 2 * count);
    for (unsigned i = 0; i < count; i++) {
        assert_answer(world, 3 * i, false, "CertificateNotFoundError");
        assert_false(world_revocation(world, 3 * i + 1).answered);
        world_revoked_by(world, "issuing", serial[i], by);
        assert_string_equal(by, "");
    }
}

/* A device that asks twice at the same time must not keep a certificate that Intune cannot name. */
static void revoke__withheld_answer_of_a_request__the_other_one_is_revoked(void **state)
{
    struct world *world = *state;
    char lost[41], won[41], other[41], configuration[160], by[32];

    world->request = 77;
    world_withheld(world, 1, lost, configuration);
    world_certificate(world, 2, false, won, configuration);
    world->request = 0;
    world_certificate(world, 3, false, other, configuration);
    want(world, lost, configuration, NULL);
    want(world, lost, configuration, NULL);
    struct intune_round round = revoke(world);
    assert_int_equal(round.revoked, 1);
    assert_answer(world, 0, true, "None");
    assert_answer(world, 1, true, "None");
    assert_string_equal(world_news(world, INTUNE_NEWS_REVOKED).serial, won);
    world_revoked_by(world, "issuing", won, by);
    assert_string_equal(by, "intune");
    world_revoked_by(world, "issuing", lost, by);
    assert_string_equal(by, "openndes");
    world_revoked_by(world, "issuing", other, by);
    assert_string_equal(by, "");
}

static void revoke__two_cas_with_one_serial__the_one_that_is_meant(void **state)
{
    struct world *world = *state;
    char serial[41], same[41], configuration[160], other[160], by[32];

    world_certificate(world, 7, false, serial, configuration);
    world_certificate(world, 7, true, same, other);
    assert_string_equal(serial, same);
    want(world, serial, "", NULL); /* could be either: nobody's */
    want(world, serial, other, NULL);
    struct intune_round round = revoke(world);
    assert_int_equal(round.revoked, 1);
    assert_int_equal(round.foreign, 1);
    world_revoked_by(world, "other", serial, by);
    assert_string_equal(by, "intune");
    world_revoked_by(world, "issuing", serial, by);
    assert_string_equal(by, "");
    assert_false(world_revocation(world, 0).answered);
}

static void revoke__unknown_serials_of_others__left_unanswered(void **state)
{
    static const char *const configurations[] = {
        "", FOREIGN, "contoso", "openndes:", "openndes::", "openndes:gone:0011223344556677"
    };
    struct world *world = *state;
    char serial[41], configuration[160];

    world_certificate(world, 1, false, serial, configuration);
    for (size_t i = 0; i < 6; i++) {
        want(world, "0badc0de", configurations[i], "CN=issuing");
    }
    want(world, "no serial", configuration, "CN=issuing");
    struct intune_round round = revoke(world);
    assert_int_equal(round.answered, 0);
    assert_int_equal(round.foreign, 7);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_UPLOAD), 0);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void revoke__five_hundred_and_more__pages_and_batches(void **state)
{
    struct world *world = *state;
    char serial[41], configuration[160];

    for (unsigned i = 0; i < 520; i++) {
        world_certificate(world, i, false, serial, configuration);
        want(world, serial, configuration, NULL);
    }
    struct intune_round round = revoke(world);
    assert_int_equal(round.revoked, 520);
    assert_int_equal(round.answered, 520);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_DOWNLOAD), 2);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_UPLOAD), 6);
    for (unsigned i = 0; i < 520; i++) {
        assert_answer(world, i, true, "None");
    }
    assert_int_equal(world_news(world, INTUNE_NEWS_REVOKED).count, 520);
    world_assert_no_objection(world);
}

static void revoke__full_page_with_some_of_ours__asks_on(void **state)
{
    struct world *world = *state;
    char serial[41], configuration[160];

    for (unsigned i = 0; i < 499; i++) {
        want(world, "0badc0de", FOREIGN, NULL);
    }
    for (unsigned i = 0; i < 3; i++) {
        world_certificate(world, i, false, serial, configuration);
        want(world, serial, configuration, NULL);
    }
    struct intune_round round = revoke(world);
    assert_int_equal(round.revoked, 3);
    /* One page brought one of ours, the next one another, and so on; the last is not full. */
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_DOWNLOAD), 4);
}

static void revoke__full_page_of_others__stops_and_says_so(void **state)
{
    struct world *world = *state;
    struct intune_round round = { 0 };
    struct error err = ERROR_INIT;
    char serial[41], configuration[160], by[32];

    for (unsigned i = 0; i < 500; i++) {
        want(world, "0badc0de", FOREIGN, NULL);
    }
    world_certificate(world, 1, false, serial, configuration);
    want(world, serial, configuration, NULL);
    assert_false(intune_keeper_revoke(&world->options, world->client, KEEPER_NOW, &round, &err));
    assert_int_equal(err.reason, REASON_INTUNE_ANSWER);
    assert_int_equal(round.foreign, 500);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_DOWNLOAD), 1);
    assert_int_equal(world_news(world, INTUNE_NEWS_POLL_FAILED).count, 1);
    assert_non_null(strstr(world_news(world, INTUNE_NEWS_POLL_FAILED).text, "other CAs"));
    world_revoked_by(world, "issuing", serial, by);
    assert_string_equal(by, "");
}

/* ---- failures -------------------------------------------------------------------------------- */

static void revoke__database_cannot_be_written__retryable(void **state)
{
    struct world *world = *state;
    char path[FILE_PATH_MAX];
    struct store_options options = { .path = path, .readers = 2, .read_only = true };
    struct error err = ERROR_INIT;
    char serial[41], configuration[160];

    world_certificate(world, 1, false, serial, configuration);
    for (unsigned i = 0; i < 501; i++) { /* a page and one more, each of which would wait */
        want(world, serial, configuration, NULL);
    }
    test_folder_path(&world->folder, "openndes.db", path);
    struct store *locked = store_open(&options, &err);
    assert_done(locked != NULL, &err, "");
    world->options.store = locked;
    struct intune_round round = revoke(world);
    world->options.store = world->store;
    store_close(locked);
    assert_int_equal(round.revoked, 0);
    assert_int_equal(round.answered, 1);
    assert_int_equal(intune_cloud_count(world->cloud, INTUNE_CLOUD_DOWNLOAD), 1);
    assert_answer(world, 0, false, "RetryableServiceException");
    assert_false(world_revocation(world, 1).answered);
    struct news_seen news = world_news(world, INTUNE_NEWS_NOT_REVOKED);
    assert_int_equal(news.count, 1);
    assert_string_equal(news.serial, serial);
    assert_string_equal(news.ca_name, "issuing");
    assert_int_equal(news.why, REASON_STORE_READ_ONLY);
}

static void revoke__cannot_be_fetched__told(void **state)
{
    struct world *world = *state;
    struct intune_round round = { 0 };
    struct error err = ERROR_INIT;

    assert_true(intune_cloud_status(world->cloud, INTUNE_CLOUD_DOWNLOAD, 403, 0));
    assert_false(intune_keeper_revoke(&world->options, world->client, KEEPER_NOW, &round, &err));
    assert_int_equal(err.reason, REASON_INTUNE_RIGHTS);
    assert_int_equal(world_news(world, INTUNE_NEWS_POLL_FAILED).count, 1);
    assert_int_equal(world_news(world, INTUNE_NEWS_POLL_FAILED).why, REASON_INTUNE_RIGHTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(revoke__nothing_wanted__one_call),
        TEST(revoke__ours__revoked_and_answered),
        TEST(revoke__cut_off_before_the_answer__succeeded_all_the_same),
        TEST(revoke__what_cannot_be__answered_with_its_code),
        TEST(revoke__one_serial__ours_or_left_alone),
        TEST(revoke__named_by_another_ca_of_the_template__its_key_decides),
        TEST(revoke__not_issued_through_intune__stays),
        TEST(revoke__withheld_answer_of_a_request__the_other_one_is_revoked),
        TEST(revoke__two_cas_with_one_serial__the_one_that_is_meant),
        TEST(revoke__unknown_serials_of_others__left_unanswered),
        TEST(revoke__five_hundred_and_more__pages_and_batches),
        TEST(revoke__full_page_with_some_of_ours__asks_on),
        TEST(revoke__full_page_of_others__stops_and_says_so),
        TEST(revoke__database_cannot_be_written__retryable),
        TEST(revoke__cannot_be_fetched__told),
    };
    return cmocka_run_group_tests(tests, cloud_open, cloud_close);
}
