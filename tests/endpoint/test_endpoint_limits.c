/* SPDX-License-Identifier: Apache-2.0 */
/* Who comes too often, guesses or probes: 429 for him, and nobody else notices. */
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "endpoint/endpoint_world.h"

#define SECOND INT64_C(1000000)
#define DEVICE "192.0.2.7"
#define OTHER "192.0.2.8"
#define WRONG "not the passphrase at all"

static struct endpoint_world world;

static int open_world(void **state)
{
    (void)state;
    endpoint_world_open(&world);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    endpoint_world_close(&world);
    return 0;
}

/* One message; each has a serial of its own in its CN, so that none is a repeat. */
struct sender {
    const struct endpoint *endpoint;
    const struct endpoint_face *face; /* NULL: its own */
    const char *peer;
    const char *challenge;
    const char *type;
    const char *key_usage;
    uint32_t faults;
};

static void send(const struct sender *s, struct endpoint_answer *answer)
{
    static unsigned serial;
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client client;
    X509 *cert = NULL;
    char cn[32];

    (void)snprintf(cn, sizeof(cn), "device-%u", ++serial);
    endpoint_world_client(&world, &client);
    client.cn = cn;
    client.challenge = s->challenge;
    client.type = s->type != NULL ? s->type : client.type;
    client.key_usage = s->key_usage;
    client.faults = s->faults;
    scep_client_request(&client, &message, &cert);
    endpoint_post_from(s->endpoint, s->face, s->peer, buffer_bytes(&message), answer);
    buffer_clear(&message);
    X509_free(cert);
}

/* The answer to one message is a CertRep with this reason. */
static void assert_reason(const struct sender *s, enum reason reason)
{
    struct endpoint_answer answer;

    send(s, &answer);
    if (answer.report.error.reason != reason || answer.response.status != 200) {
        fail_msg("%d %s (%s) instead of %s", answer.response.status,
                 reason_id(answer.report.error.reason), answer.report.error.detail,
                 reason_id(reason));
    }
    assert_int_equal(answer.report.limited, RATE_NONE);
    endpoint_answer_clear(&answer);
}

/* ... is 429, with the time to wait, for the limit of this template. */
static void assert_limited(const struct sender *s, enum rate_kind kind, unsigned seconds)
{
    struct endpoint_answer answer;

    send(s, &answer);
    if (answer.response.status != 429 || answer.report.limited != kind) {
        fail_msg("%d %s (%s), limit %s", answer.response.status,
                 reason_id(answer.report.error.reason), answer.report.error.detail,
                 rate_kind_name(answer.report.limited));
    }
    assert_int_equal(answer.report.error.reason,
                     kind == RATE_CHALLENGES ? REASON_CHALLENGES_THROTTLED : REASON_RATE_LIMITED);
    assert_int_equal(answer.response.retry_after, seconds);
    assert_bytes_text(buffer_bytes(&answer.response.body), "too many requests, try again later\n");
    assert_string_equal(answer.report.result, "refused");
    assert_true(answer.report.template_name[0] != '\0');
    assert_string_equal(answer.report.ca_name, "default");
    endpoint_answer_clear(&answer);
}

static void address__over_its_limit__429_before_anything_is_looked_at(void **state)
{
    struct endpoint *endpoint;
    struct endpoint_answer answer;
    struct sender s = { .peer = DEVICE, .challenge = WORLD_PASSPHRASE };

    (void)state;
    endpoint_world_limit(&world);
    endpoint = endpoint_world_template(&world, "vpn", ", \"rate\": {\"address_per_minute\": 3}");
    s.endpoint = endpoint;
    assert_reason(&s, REASON_NONE);
    endpoint_post_from(endpoint, NULL, DEVICE, bytes_of_text("0garbage"), &answer);
    assert_int_equal(answer.response.status, 400); /* counts as well */
    assert_int_equal(answer.response.retry_after, 0);
    endpoint_answer_clear(&answer);
    world.now_us += 10 * SECOND;
    assert_reason(&s, REASON_NONE);
    assert_limited(&s, RATE_ADDRESS, 50);
    endpoint_post_from(endpoint, NULL, DEVICE, bytes_of_text("0garbage"), &answer);
    assert_int_equal(answer.response.status, 429);
    assert_null(answer.report.message_type);
    endpoint_answer_clear(&answer);
    s.peer = OTHER;
    assert_reason(&s, REASON_NONE);
    world.now_us += 50 * SECOND;
    s.peer = DEVICE;
    assert_reason(&s, REASON_NONE);
    endpoint_free(endpoint);
}

static void all_together__over_their_limit__429(void **state)
{
    struct endpoint *endpoint;
    struct sender s = { .peer = DEVICE, .challenge = WRONG };

    (void)state;
    endpoint_world_limit(&world);
    endpoint = endpoint_world_template(&world, "vpn", ", \"rate\": {\"per_minute\": 1}");
    s.endpoint = endpoint;
    assert_reason(&s, REASON_CHALLENGE_REJECTED);
    s.peer = OTHER;
    assert_limited(&s, RATE_TEMPLATE, 60);
    endpoint_free(endpoint);
}

/* What every client asks first, and what monitors ask, costs nothing and is not counted. */
static void certificates_and_capabilities__any_number__answered(void **state)
{
    static const char *const queries[] = { "operation=GetCACaps", "operation=GetCACert" };
    struct endpoint *endpoint;
    struct sender s = { .peer = "127.0.0.1", .challenge = WORLD_PASSPHRASE };

    (void)state;
    endpoint_world_limit(&world);
    endpoint = endpoint_world_template(
        &world, "vpn", ", \"rate\": {\"address_per_minute\": 1, \"per_minute\": 1}");
    s.endpoint = endpoint;
    for (unsigned i = 0; i < 10; i++) {
        struct endpoint_answer answer;

        endpoint_get(endpoint, queries[i % 2], &answer);
        assert_int_equal(answer.response.status, 200);
        endpoint_answer_clear(&answer);
    }
    assert_reason(&s, REASON_NONE);
    endpoint_free(endpoint);
}

static void challenges__guessed_too_often__right_one_waits_too(void **state)
{
    struct endpoint *vpn;
    struct endpoint *wifi;
    struct sender s = { .peer = DEVICE, .challenge = WRONG };
    struct sender elsewhere = { .peer = DEVICE, .challenge = WRONG };
    struct sender poll = { .peer = DEVICE, .challenge = NULL, .type = "20" };
    struct endpoint_answer answer;

    (void)state;
    endpoint_world_limit(&world);
    vpn = endpoint_world_template(&world, "vpn", ", \"rate\": {\"refused_per_minute\": 2}");
    wifi = endpoint_world_template(&world, "wifi", ", \"rate\": {\"refused_per_minute\": 2}");
    s.endpoint = vpn;
    elsewhere.endpoint = wifi;
    poll.endpoint = vpn;
    assert_reason(&s, REASON_CHALLENGE_REJECTED);
    s.challenge = NULL;
    assert_reason(&s, REASON_CHALLENGE_MISSING);          /* guesses nothing */
    assert_reason(&elsewhere, REASON_CHALLENGE_REJECTED); /* in turns: each counts for itself */
    world.now_us += 5 * SECOND;
    s.challenge = WRONG;
    assert_reason(&s, REASON_CHALLENGE_REJECTED);
    s.challenge = WORLD_PASSPHRASE;
    assert_limited(&s, RATE_CHALLENGES, 55);
    send(&poll, &answer); /* only asks */
    assert_int_equal(answer.response.status, 200);
    endpoint_answer_clear(&answer);
    elsewhere.challenge = WORLD_PASSPHRASE;
    assert_reason(&elsewhere, REASON_NONE);
    s.peer = OTHER;
    assert_reason(&s, REASON_NONE);
    s.peer = DEVICE;
    world.now_us += 55 * SECOND;
    assert_reason(&s, REASON_NONE);
    endpoint_free(vpn);
    endpoint_free(wifi);
}

/*
 * In a RenewalReq the certificate decides whatever the challenge is, so devices behind a guesser's
 * address go on renewing; where the challenge has to be right as well, it could guess.
 */
static void renewals__behind_a_guesser__wait_only_where_a_challenge_counts(void **state)
{
    struct sender s = { .peer = DEVICE };

    (void)state;
    for (unsigned both = 0; both < 2; both++) {
        struct endpoint *endpoint;

        endpoint_world_limit(&world);
        endpoint = endpoint_world_template(&world, both ? "strict" : "usual",
                                           both ? ", \"rate\": {\"refused_per_minute\": 1},"
                                                  " \"renewal\": {\"challenge\": \"both\"}"
                                                : ", \"rate\": {\"refused_per_minute\": 1}");
        s.endpoint = endpoint;
        s.type = "19";
        s.challenge = WRONG;
        assert_reason(&s, REASON_CHALLENGE_REJECTED);
        assert_limited(&s, RATE_CHALLENGES, 60);
        s.type = "17";
        for (unsigned right = 0; right < 2; right++) {
            s.challenge = right ? WORLD_PASSPHRASE : WRONG;
            if (both) {
                assert_limited(&s, RATE_CHALLENGES, 60);
            } else {
                assert_reason(&s, REASON_RENEWAL_REFUSED); /* looked at, and self-signed */
            }
        }
        endpoint_free(endpoint);
    }
}

/* A device that has lost its answer asks again with the same bytes: no guess, whatever is set. */
static void request__sent_again_and_again__counts_as_no_guess(void **state)
{
    struct endpoint *endpoint;
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client client;
    X509 *cert = NULL;

    (void)state;
    endpoint_world_limit(&world);
    endpoint = endpoint_world_template(&world, "again", ", \"rate\": {\"refused_per_minute\": 1}");
    endpoint_world_client(&world, &client);
    scep_client_request(&client, &message, &cert);
    for (unsigned i = 0; i < 5; i++) {
        struct endpoint_answer answer;

        endpoint_post_from(endpoint, NULL, DEVICE, buffer_bytes(&message), &answer);
        assert_string_equal(answer.report.result, i == 0 ? "issued" : "repeated");
        endpoint_answer_clear(&answer);
    }
    buffer_clear(&message);
    X509_free(cert);
    endpoint_free(endpoint);
}

/* A reload makes a new endpoint with new numbers; the counts are those of before. */
static void reload__other_numbers__same_counts(void **state)
{
    struct endpoint *before;
    struct endpoint *after;
    struct sender s = { .peer = DEVICE, .challenge = WRONG };

    (void)state;
    endpoint_world_limit(&world);
    before = endpoint_world_template(&world, "vpn", ", \"rate\": {\"refused_per_minute\": 9}");
    s.endpoint = before;
    assert_reason(&s, REASON_CHALLENGE_REJECTED);
    after = endpoint_world_template(&world, "vpn", ", \"rate\": {\"refused_per_minute\": 1}");
    s.endpoint = after;
    assert_limited(&s, RATE_CHALLENGES, 60);
    endpoint_free(before);
    endpoint_free(after);
}

struct choices {
    const struct endpoint *signature;
    const struct endpoint *encryption;
};

static const struct endpoint *choose(void *context, const struct csr *csr)
{
    const struct choices *choices = context;

    return csr->has_key_usage && csr->key_usage == KEY_USAGE_KEY_ENCIPHERMENT ? choices->encryption
                                                                              : choices->signature;
}

/* One URL, several templates: who decides has his own counts, and says 429 where he can. */
static void face__chosen_template__has_its_own_counts(void **state)
{
    struct choices choices;
    struct endpoint_face face = { .ra = RA_FORM_SINGLE, .choose = choose, .context = &choices };
    struct endpoint *front;
    struct endpoint *chosen;
    struct sender sign = { .peer = DEVICE, .challenge = WRONG, .face = &face };
    struct sender encrypt = sign;

    (void)state;
    endpoint_world_limit(&world);
    front = endpoint_world_template(&world, "sign", ", \"rate\": {\"refused_per_minute\": 1}");
    chosen = endpoint_world_template(
        &world, "encrypt", ", \"rate\": {\"refused_per_minute\": 1, \"address_per_minute\": 2}");
    choices = (struct choices){ front, chosen };
    sign.endpoint = front;
    encrypt.endpoint = front;
    encrypt.key_usage = "keyEncipherment";
    assert_reason(&encrypt, REASON_CHALLENGE_REJECTED);
    assert_limited(&encrypt, RATE_CHALLENGES, 60);
    assert_limited(&encrypt, RATE_ADDRESS, 60);
    assert_reason(&sign, REASON_CHALLENGE_REJECTED);
    assert_limited(&sign, RATE_CHALLENGES, 60);
    endpoint_free(front);
    endpoint_free(chosen);
}

static void unprocessable__while_the_ra_is_guarded__their_senders_wait(void **state)
{
    struct endpoint *endpoint;
    struct sender probe = { .peer = DEVICE, .faults = SCEP_CLIENT_RANDOM_KEY };
    struct sender device = { .peer = OTHER, .challenge = WORLD_PASSPHRASE };

    (void)state;
    endpoint_world_limit(&world);
    endpoint = endpoint_world_template(&world, "vpn", "");
    probe.endpoint = endpoint;
    device.endpoint = endpoint;
    for (unsigned i = 0; i < RATE_UNPROCESSABLE_PER_MINUTE; i++) {
        assert_reason(&probe, REASON_UNIFORM_FAILURE);
    }
    assert_reason(&probe, REASON_UNIFORM_FAILURE); /* nothing is suspected */
    rate_limit_guard(world.rate, "default", 3600);
    assert_limited(&probe, RATE_UNPROCESSABLE, 60);
    assert_reason(&device, REASON_NONE);
    world.now_us += 60 * SECOND;
    assert_reason(&probe, REASON_UNIFORM_FAILURE);
    endpoint_free(endpoint);
}

/* A question about a certificate that nobody has: it can be read, or its padding is wrong. */
static void ask_for_nobodys(const struct endpoint *endpoint, const char *type, const char *peer,
                            bool readable, struct endpoint_answer *answer)
{
    struct buffer plain = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct buffer message = BUFFER_INIT(SCEP_CLIENT_BYTES_MAX);
    struct scep_client client;
    X509 *cert = NULL;

    endpoint_world_client(&world, &client);
    client.type = type;
    client.faults = readable ? 0 : SCEP_CLIENT_BAD_PADDING_0;
    assert_true(buffer_append(&plain,
                              "\x30\x12\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01X"
                              "\x02\x02\x12\x34",
                              20, NULL));
    scep_client_message(&client, buffer_bytes(&plain), &message, &cert);
    endpoint_post_from(endpoint, NULL, peer, buffer_bytes(&message), answer);
    X509_free(cert);
    buffer_clear(&message);
    buffer_clear(&plain);
}

/*
 * Whether a question could be read must not show in who is kept waiting either: the last one before
 * the limit would be an oracle for the padding of whatever stands in it.
 */
static void question__nothing_found__counts_the_same_whether_read_or_not(void **state)
{
    static const struct {
        const char *type;
        const char *peer;
        bool readable;
    } cases[] = {
        { "21", "192.0.2.21", true },
        { "21", "192.0.2.22", false },
        { "22", "192.0.2.23", true },
        { "22", "192.0.2.24", false },
    };
    struct endpoint *endpoint;

    (void)state;
    endpoint_world_limit(&world);
    endpoint = endpoint_world_template(&world, "vpn", "");
    rate_limit_guard(world.rate, "default", 3600);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned sent = 0; sent <= RATE_UNPROCESSABLE_PER_MINUTE; sent++) {
            bool last = sent == RATE_UNPROCESSABLE_PER_MINUTE;
            struct endpoint_answer answer;

            ask_for_nobodys(endpoint, cases[i].type, cases[i].peer, cases[i].readable, &answer);
            assert_int_equal(answer.report.error.reason,
                             last ? REASON_RATE_LIMITED : REASON_CERT_NOT_FOUND);
            assert_int_equal(answer.report.limited, last ? RATE_UNPROCESSABLE : RATE_NONE);
            endpoint_answer_clear(&answer);
        }
    }
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address__over_its_limit__429_before_anything_is_looked_at),
        cmocka_unit_test(all_together__over_their_limit__429),
        cmocka_unit_test(certificates_and_capabilities__any_number__answered),
        cmocka_unit_test(challenges__guessed_too_often__right_one_waits_too),
        cmocka_unit_test(renewals__behind_a_guesser__wait_only_where_a_challenge_counts),
        cmocka_unit_test(request__sent_again_and_again__counts_as_no_guess),
        cmocka_unit_test(reload__other_numbers__same_counts),
        cmocka_unit_test(face__chosen_template__has_its_own_counts),
        cmocka_unit_test(unprocessable__while_the_ra_is_guarded__their_senders_wait),
        cmocka_unit_test(question__nothing_found__counts_the_same_whether_read_or_not),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
