/* SPDX-License-Identifier: Apache-2.0 */
/* A measurement is worth what its counting is: what the load generator sees in answers. */
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "bench/load_tally.h"
#include "endpoint/endpoint_world.h"
#include "support/scep_ca.h"

static void issued(struct load_tally *tally, const char *serial)
{
    struct load_answer_facts facts = { .fail_info = -1 };

    memcpy(facts.serial, serial, strlen(serial) + 1);
    load_tally_answer(tally, LOAD_ISSUED, &facts);
}

static void duplicates__serials__all_less_distinct(void **state)
{
    static const struct {
        const char *serials[6];
        size_t duplicates;
    } cases[] = {
        { { NULL }, 0 },
        { { "A1" }, 0 },
        { { "A1", "A10", "0A1" }, 0 },
        { { "A1", "B2", "A1" }, 1 },
        { { "A1", "A1", "A1", "B2", "B2" }, 3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct load_tally tally = { .seconds = NULL };

        for (size_t k = 0; k < 6 && cases[i].serials[k] != NULL; k++) {
            issued(&tally, cases[i].serials[k]);
        }
        assert_int_equal(load_tally_duplicates(&tally), cases[i].duplicates);
        load_tally_clear(&tally);
    }
}

static void duplicates__one_among_many__found_after_growth(void **state)
{
    struct load_tally tally = { .seconds = NULL };
    char serial[16];

    (void)state;
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(serial, sizeof(serial), "%X", i * 7919 + 1);
        issued(&tally, serial);
    }
    assert_int_equal(load_tally_duplicates(&tally), 0);
    issued(&tally, serial); /* sorted already: it has to sort again */
    assert_int_equal(load_tally_duplicates(&tally), 1);
    assert_int_equal(tally.serial_count, 5001);
    assert_int_equal(tally.results[LOAD_ISSUED], 5001);
    load_tally_clear(&tally);
}

static void percentile__times__nearest_rank(void **state)
{
    struct load_tally tally = { .seconds = NULL };

    (void)state;
    assert_true(load_tally_percentile(&tally, 0.5) == 0);
    for (int i = 100; i >= 1; i--) {
        load_tally_time(&tally, i);
    }
    assert_true(load_tally_percentile(&tally, 0.5) == 50);
    assert_true(load_tally_percentile(&tally, 0.99) == 99);
    assert_true(load_tally_percentile(&tally, 1) == 100);
    load_tally_time(&tally, 0.5);
    assert_true(load_tally_percentile(&tally, 0) == 0.5);
    assert_true(load_tally_percentile(&tally, 0.99) == 99);
    load_tally_clear(&tally);
    load_tally_time(&tally, 3);
    assert_true(load_tally_percentile(&tally, 0.5) == 3 && load_tally_percentile(&tally, 1) == 3);
    load_tally_clear(&tally);
}

static void refusals__fail_info__each_in_its_place(void **state)
{
    static const int said[] = { 0, 1, 2, 2, 3, 4, 5, 77, -1 };
    static const size_t counted[LOAD_FAIL_INFO_COUNT] = { 1, 1, 2, 1, 1, 3 };
    struct load_tally tally = { .seconds = NULL };

    (void)state;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        struct load_answer_facts facts = { .fail_info = said[i] };

        load_tally_answer(&tally, LOAD_REFUSED, &facts);
    }
    load_tally_answer(&tally, LOAD_PENDING, &(struct load_answer_facts){ .fail_info = 2 });
    assert_memory_equal(tally.fail_infos, counted, sizeof(counted));
    assert_int_equal(tally.results[LOAD_REFUSED], 9);
    assert_int_equal(tally.results[LOAD_PENDING], 1);
    assert_string_equal(load_fail_info_name(2), "badRequest");
    assert_string_equal(load_fail_info_name(LOAD_FAIL_INFO_COUNT - 1), "other");
    load_tally_clear(&tally);
}

/* ---- answers of a real endpoint ------------------------------------------------------------- */

#define REQUESTS 5
#define WRONG 2 /* each so many-th */

struct scene {
    struct endpoint_world world;
    struct endpoint *endpoint;
    struct load_target target;
    struct load_requests requests;
    struct endpoint_answer answers[REQUESTS];
};

static int open_scene(void **state)
{
    static struct scene s;
    const struct load_request_options options = {
        .challenge = WORLD_PASSPHRASE, .prefix = "load", .first = 7, .wrong_every = WRONG
    };
    struct endpoint_answer answer;

    memset(&s, 0, sizeof(s));
    endpoint_world_open(&s.world);
    s.endpoint = endpoint_world_template(&s.world, "device", "");
    endpoint_get(s.endpoint, "operation=GetCACert", &answer);
    assert_true(load_target_read(&s.target, buffer_bytes(&answer.response.body)));
    endpoint_answer_clear(&answer);
    load_requests_make_as(&s.target, &options, REQUESTS, &s.requests);
    for (size_t i = 0; i < REQUESTS; i++) {
        endpoint_post(s.endpoint, buffer_bytes(&s.requests.messages[i]), &s.answers[i]);
    }
    *state = &s;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < REQUESTS; i++) {
        endpoint_answer_clear(&s->answers[i]);
    }
    load_requests_clear(&s->requests);
    load_target_close(&s->target);
    endpoint_free(s->endpoint);
    endpoint_world_close(&s->world);
    return 0;
}

static enum load_result check(const struct scene *s, const struct load_requests *requests, size_t i,
                              size_t answer, struct load_answer_facts *facts)
{
    return load_answer_check(&s->target, requests, i,
                             buffer_bytes(&s->answers[answer].response.body), facts);
}

static void target__our_endpoint__ra_and_ca(void **state)
{
    const struct scene *s = *state;

    assert_int_equal(s->target.cert_count, 2);
    assert_ptr_equal(s->target.recipient, s->target.signer);
    assert_int_equal(X509_check_ca(s->target.recipient), 0);
}

static void check__answers__issued_or_refused_as_they_are(void **state)
{
    const struct scene *s = *state;
    struct load_tally tally = { .seconds = NULL };

    for (size_t i = 0; i < REQUESTS; i++) {
        struct load_answer_facts facts;
        enum load_result result = check(s, &s->requests, i, i, &facts);

        assert_int_equal(result, (i + 1) % WRONG == 0 ? LOAD_REFUSED : LOAD_ISSUED);
        assert_int_equal(facts.fail_info, (i + 1) % WRONG == 0 ? 2 : -1);
        assert_int_equal(facts.serial[0] != '\0', result == LOAD_ISSUED);
        assert_string_equal(facts.problem, "");
        load_tally_answer(&tally, result, &facts);
    }
    assert_int_equal(tally.serial_count, REQUESTS - REQUESTS / WRONG);
    assert_int_equal(load_tally_duplicates(&tally), 0);
    load_tally_clear(&tally);
}

static void check__same_message_again__counted_as_duplicate(void **state)
{
    const struct scene *s = *state;
    struct load_tally tally = { .seconds = NULL };
    struct load_answer_facts facts;
    struct endpoint_answer again;

    load_tally_answer(&tally, check(s, &s->requests, 0, 0, &facts), &facts);
    endpoint_post(s->endpoint, buffer_bytes(&s->requests.messages[0]), &again);
    assert_int_equal(
        load_answer_check(&s->target, &s->requests, 0, buffer_bytes(&again.response.body), &facts),
        LOAD_ISSUED);
    load_tally_answer(&tally, LOAD_ISSUED, &facts);
    endpoint_answer_clear(&again);
    assert_int_equal(load_tally_duplicates(&tally), 1);
    load_tally_clear(&tally);
}

static void broken(const struct scene *s, const struct load_requests *requests, size_t i,
                   const char *problem)
{
    struct load_answer_facts facts;

    assert_int_equal(check(s, requests, i, 0, &facts), LOAD_BROKEN);
    assert_string_equal(facts.problem, problem);
}

static void check__answer_for_another__broken(void **state)
{
    const struct scene *s = *state;
    struct load_requests other = s->requests;

    broken(s, &s->requests, 2, "another transactionID");
    other.nonces = &s->requests.nonces[2];
    broken(s, &other, 0, "recipientNonce is not our senderNonce");
    other = s->requests;
    other.key = s->world.other_key;
    broken(s, &other, 0, "envelope cannot be opened");
}

/* The same name and another key: only the signature tells them apart. */
static void check__ca_of_the_same_name__broken(void **state)
{
    struct scene *s = *state;
    X509 *real = s->target.certs[1];
    X509 *fake = X509_dup(real);

    assert_true(X509_check_ca(real) != 0 && fake != NULL);
    assert_int_equal(X509_set_pubkey(fake, s->world.other_key), 1);
    assert_true(X509_sign(fake, s->world.other_key, EVP_sha256()) > 0);
    s->target.certs[1] = fake;
    broken(s, &s->requests, 0, "the certificate does not verify by a CA of GetCACert");
    s->target.certs[1] = real;
    X509_free(fake);
}

static void check__no_cms__broken(void **state)
{
    const struct scene *s = *state;
    struct load_answer_facts facts;

    assert_int_equal(
        load_answer_check(&s->target, &s->requests, 0, bytes_of_text("<html>"), &facts),
        LOAD_BROKEN);
    assert_string_equal(facts.problem, "not CMS");
    assert_string_equal(facts.serial, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duplicates__serials__all_less_distinct),
        cmocka_unit_test(duplicates__one_among_many__found_after_growth),
        cmocka_unit_test(percentile__times__nearest_rank),
        cmocka_unit_test(refusals__fail_info__each_in_its_place),
        cmocka_unit_test(target__our_endpoint__ra_and_ca),
        cmocka_unit_test(check__answers__issued_or_refused_as_they_are),
        cmocka_unit_test(check__same_message_again__counted_as_duplicate),
        cmocka_unit_test(check__answer_for_another__broken),
        cmocka_unit_test(check__ca_of_the_same_name__broken),
        cmocka_unit_test(check__no_cms__broken),
    };

    return cmocka_run_group_tests(tests, open_scene, close_scene);
}
