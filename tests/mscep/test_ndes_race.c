/* SPDX-License-Identifier: Apache-2.0 */
/* 64 clients at once and one password, by the endpoints of two templates: SCEP in, SCEP out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "config/config_load.h"
#include "endpoint/endpoint_world.h"
#include "mscep/ndes_password.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "support/scep_asn1.h"

#define CLIENTS 64
#define KEY_TEXT "a key of 32 bytes for keyed MACs"

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

static struct ndes_password_source source(void)
{
    return (struct ndes_password_source){ world.folder.path, world.store, bytes_of_text(KEY_TEXT) };
}

/* A template whose passwords are those of the service's face, too. */
static struct endpoint *make_template(const char *name)
{
    static const char json[] = "{\"enabled\": true, \"challenge\": {\"type\": \"ndes\"}}";
    const struct ndes_password_source from = source();
    struct template_config config;
    struct endpoint_options options = { .config = &config, .ca = world.ca, .store = world.store };
    struct error err = ERROR_INIT;
    struct endpoint *endpoint = NULL;

    assert_done(config_parse_template("test.json", name, bytes_of_text(json), &config, &err), &err,
                name);
    options.take_challenge = ndes_challenge_create(&from, name, &config.password, true, &err);
    assert_done(options.take_challenge != NULL, &err, name);
    endpoint = endpoint_create(&options, &err);
    assert_done(endpoint != NULL, &err, name);
    template_config_clear(&config);
    return endpoint;
}

static struct ndes_password_made make_password(void)
{
    const struct ndes_password_source from = source();
    const struct ndes_password_config config = { .length = 8, .validity_minutes = 60, .max = 5 };
    const struct ndes_password_order order = { .scope = NDES_PASSWORD_SCOPE_SERVICE,
                                               .config = &config,
                                               .made_by = "test",
                                               .now = clock_now() };
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct error err = ERROR_INIT;

    assert_done(ndes_password_make(&from, &order, &made, &err), &err, "password");
    return made;
}

static int64_t recorded(void)
{
    struct error err = ERROR_INIT;
    int64_t count = -1;

    assert_done(store_count_certificates(world.store, &count, &err), &err, "");
    return count;
}

struct sender {
    const struct endpoint *endpoint;
    struct buffer message;
    struct endpoint_answer answer;
    pthread_t thread;
};

static struct x509_st *make_message(unsigned number, const char *password, struct buffer *out)
{
    struct x509_st *cert = NULL;
    struct scep_client client;
    char cn[32];

    assert_true(snprintf(cn, sizeof(cn), "racer-%u", number) > 0);
    scep_client_init(&client, world.client_key, world.ras->ra[0].cert);
    client.cn = cn;
    client.challenge = password;
    client.transaction_id = bytes_of_text(cn);
    *out = (struct buffer)ASN1_BUFFER_INIT;
    scep_client_request(&client, out, &cert);
    return cert;
}

static void *send_once(void *context)
{
    struct sender *sender = context;

    endpoint_post(sender->endpoint, buffer_bytes(&sender->message), &sender->answer);
    return NULL;
}

static void send_all(struct sender *senders)
{
    struct error err = ERROR_INIT;

    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_done(thread_start(&senders[i].thread, "racer", send_once, &senders[i], &err), &err,
                    "");
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        thread_join(senders[i].thread);
    }
}

static bool was(const struct sender *sender, const char *result)
{
    return strcmp(sender->answer.report.result, result) == 0;
}

static void race__64_devices_at_two_templates__one_certificate(void **state)
{
    struct endpoint *templates[] = { make_template("one"), make_template("two") };
    struct ndes_password_made made = make_password();
    struct sender *senders = calloc(CLIENTS, sizeof(*senders));
    int64_t before = recorded();
    unsigned issued = 0;

    (void)state;
    assert_non_null(senders);
    for (unsigned i = 0; i < CLIENTS; i++) {
        senders[i].endpoint = templates[i % 2];
        X509_free(make_message(i, (const char *)made.password.data, &senders[i].message));
    }
    send_all(senders);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(senders[i].answer.response.status, 200);
        issued += was(&senders[i], "issued") ? 1 : 0;
        if (!was(&senders[i], "issued")) {
            assert_string_equal(reason_id(senders[i].answer.report.error.reason),
                                reason_id(REASON_CHALLENGE_USED));
        }
        endpoint_answer_clear(&senders[i].answer);
        buffer_clear(&senders[i].message);
    }
    assert_int_equal(issued, 1);
    assert_int_equal(recorded(), before + 1);
    free(senders);
    ndes_password_made_clear(&made);
    endpoint_free(templates[0]);
    endpoint_free(templates[1]);
}

static void race__64_times_the_same_bytes__one_certificate_for_all(void **state)
{
    struct endpoint *endpoint = make_template("same");
    struct ndes_password_made made = make_password();
    struct sender *senders = calloc(CLIENTS, sizeof(*senders));
    struct buffer message;
    struct x509_st *cert = make_message(CLIENTS, (const char *)made.password.data, &message);
    int64_t before = recorded();
    unsigned issued = 0;

    (void)state;
    assert_non_null(senders);
    for (unsigned i = 0; i < CLIENTS; i++) {
        senders[i].endpoint = endpoint;
        senders[i].message = message; /* shared */
    }
    send_all(senders);
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct scep_client_reply reply;

        assert_true(scep_client_read(buffer_bytes(&senders[i].answer.response.body),
                                     world.ras->ra[0].cert, world.client_key, cert, &reply));
        assert_int_equal(reply.status, 0);
        assert_string_equal(senders[i].answer.report.certificate.serial,
                            senders[0].answer.report.certificate.serial);
        issued += was(&senders[i], "issued") ? 1 : 0;
        assert_true(was(&senders[i], "issued") || was(&senders[i], "repeated"));
        scep_client_reply_clear(&reply);
        endpoint_answer_clear(&senders[i].answer);
    }
    assert_int_equal(issued, 1);
    assert_int_equal(recorded(), before + 1);
    free(senders);
    buffer_clear(&message);
    X509_free(cert);
    ndes_password_made_clear(&made);
    endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(race__64_devices_at_two_templates__one_certificate),
        cmocka_unit_test(race__64_times_the_same_bytes__one_certificate_for_all),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
