/* SPDX-License-Identifier: Apache-2.0 */
/* The same request again, and what only looks like it. */
#include <string.h>

#include <openssl/x509.h>

#include "endpoint/client_messages.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "support/scep_asn1.h"

#define THREADS 4

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

static int64_t recorded(void)
{
    struct error err = ERROR_INIT;
    int64_t count = -1;

    assert_done(store_count_certificates(world.store, &count, &err), &err, "");
    return count;
}

/* Build and send; the serial of what came back, "" when it was refused. */
static enum reason ask(const struct endpoint *endpoint, struct client *client,
                       char serial[SERIAL_TEXT_MAX], const char **result)
{
    struct client_outcome out;
    enum reason reason;

    client_send(client, endpoint, &world, &out);
    assert_true(out.certrep);
    reason = out.answer.report.error.reason;
    *result = out.answer.report.result;
    memcpy(serial, out.answer.report.certificate.serial, SERIAL_TEXT_MAX);
    client_outcome_clear(&out);
    return reason;
}

/*
 * The answer was lost. The device sends the same bytes, or wraps the same PKCS#10 anew; meanwhile
 * the passphrase of the template may be another. It gets what it has got, and no second one.
 */
static void request__answer_lost__same_certificate_without_a_second_challenge(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "lost", "");
    struct endpoint *changed = endpoint_world_copied(&world, "lost", "another", "");
    struct client client;
    char first[SERIAL_TEXT_MAX];
    char again[SERIAL_TEXT_MAX];
    const char *result = NULL;
    int64_t before = recorded();

    (void)state;
    client_init(&client, client_kind("Cisco IOS 15"), &world, world.client_key, "lost");
    client.message.digest = "SHA256";
    client.message.cipher = "AES-128-CBC";
    assert_int_equal(ask(endpoint, &client, first, &result), REASON_NONE);
    assert_string_equal(result, "issued");
    for (int i = 0; i < 3; i++) {
        /* a new nonce each time, as the devices do */
        client.message.nonce_bytes[0]++;
        assert_int_equal(ask(i == 2 ? changed : endpoint, &client, again, &result), REASON_NONE);
        assert_string_equal(result, "repeated");
        assert_string_equal(first, again);
    }
    assert_int_equal(recorded(), before + 1);
    client_clear(&client);
    endpoint_free(changed);
    endpoint_free(endpoint);
}

static void request__repeats_switched_off__is_decided_anew(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "anew", ", \"repeat_hours\": 0");
    struct client client;
    char first[SERIAL_TEXT_MAX];
    char again[SERIAL_TEXT_MAX];
    const char *result = NULL;

    (void)state;
    client_init(&client, client_kind("certmonger"), &world, world.client_key, "anew");
    assert_int_equal(ask(endpoint, &client, first, &result), REASON_NONE);
    assert_int_equal(ask(endpoint, &client, again, &result), REASON_NONE);
    assert_string_equal(result, "issued");
    assert_string_not_equal(first, again);
    client_clear(&client);
    endpoint_free(endpoint);
}

/* One transactionID, another PKCS#10 (IDs made from the key): a request with a right of its own. */
static void transaction__same_id_other_request__decided_by_itself(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "same-id", "");
    const struct client_kind *kind = client_kind("strongSwan");
    struct client first;
    struct client second;
    char serials[3][SERIAL_TEXT_MAX];
    const char *result = NULL;

    (void)state;
    client_init(&first, kind, &world, world.client_key, "first");
    assert_int_equal(ask(endpoint, &first, serials[0], &result), REASON_NONE);

    client_init_challenge(&second, kind, &world, world.client_key, "second", "not the passphrase");
    assert_string_equal(first.transaction_id, second.transaction_id);
    assert_int_equal(ask(endpoint, &second, serials[1], &result), REASON_CHALLENGE_REJECTED);
    client_clear(&second);
    client_init(&second, kind, &world, world.client_key, "second");
    assert_int_equal(ask(endpoint, &second, serials[1], &result), REASON_NONE);
    assert_string_equal(result, "issued");
    assert_string_not_equal(serials[0], serials[1]);

    /* the first one's answer is still its own */
    assert_int_equal(ask(endpoint, &first, serials[2], &result), REASON_NONE);
    assert_string_equal(result, "repeated");
    assert_string_equal(serials[0], serials[2]);
    client_clear(&first);
    client_clear(&second);
    endpoint_free(endpoint);
}

/* What led to a revoked certificate leads to nothing any more; a new key begins anew. */
static void request__revoked_meanwhile__refused_and_a_new_key_is_not(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "revoked", "");
    const struct client_kind *kind = client_kind("Windows");
    struct client client;
    char serial[SERIAL_TEXT_MAX];
    char other[SERIAL_TEXT_MAX];
    struct error err = ERROR_INIT;
    const char *result = NULL;

    (void)state;
    client_init(&client, kind, &world, world.client_key, "revoked");
    assert_int_equal(ask(endpoint, &client, serial, &result), REASON_NONE);
    assert_done(store_revoke_certificate(world.store, "default", serial, 1, clock_now(), &err),
                &err, "revoke");
    assert_int_equal(ask(endpoint, &client, other, &result), REASON_REQUEST_OF_REVOKED);
    assert_string_equal(other, "");
    client_clear(&client);

    client_init(&client, kind, &world, world.other_key, "revoked");
    assert_int_equal(ask(endpoint, &client, other, &result), REASON_NONE);
    assert_string_not_equal(serial, other);
    client_clear(&client);
    endpoint_free(endpoint);
}

struct sender {
    const struct endpoint *endpoint;
    struct bytes message;
    struct endpoint_answer answer;
    pthread_t thread;
};

static void *send_once(void *context)
{
    struct sender *sender = context;

    endpoint_post(sender->endpoint, sender->message, &sender->answer);
    return NULL;
}

/* A proxy that is impatient sends a request to several threads at once. */
static void request__at_the_same_time__one_certificate(void **state)
{
    struct endpoint *endpoint = endpoint_world_template(&world, "threads", "");
    struct buffer message = ASN1_BUFFER_INIT;
    struct sender senders[THREADS];
    struct client client;
    struct error err = ERROR_INIT;
    int64_t before = recorded();
    unsigned issued = 0;

    (void)state;
    client_init(&client, client_kind("Apple"), &world, world.client_key, "at once");
    client_message(&client, &message);
    for (size_t i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){ .endpoint = endpoint, .message = buffer_bytes(&message) };
        assert_done(thread_start(&senders[i].thread, "sender", send_once, &senders[i], &err), &err,
                    "");
    }
    for (size_t i = 0; i < THREADS; i++) {
        thread_join(senders[i].thread);
    }
    for (size_t i = 0; i < THREADS; i++) {
        struct scep_client_reply reply;

        assert_true(scep_client_read(buffer_bytes(&senders[i].answer.response.body),
                                     world.ras->ra[0].cert, world.client_key, client.cert, &reply));
        assert_int_equal(reply.status, 0);
        assert_string_equal(senders[i].answer.report.certificate.serial,
                            senders[0].answer.report.certificate.serial);
        issued += strcmp(senders[i].answer.report.result, "issued") == 0 ? 1 : 0;
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&senders[i].answer);
    }
    assert_int_equal(issued, 1);
    assert_int_equal(recorded(), before + 1);
    client_clear(&client);
    buffer_clear(&message);
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__answer_lost__same_certificate_without_a_second_challenge),
        cmocka_unit_test(request__repeats_switched_off__is_decided_anew),
        cmocka_unit_test(transaction__same_id_other_request__decided_by_itself),
        cmocka_unit_test(request__revoked_meanwhile__refused_and_a_new_key_is_not),
        cmocka_unit_test(request__at_the_same_time__one_certificate),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
