/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "config/config_load.h"
#include "intune/intune_credential.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "support/scep_ca.h"

/* ---- news ------------------------------------------------------------------------------------ */

static void take_news(void *context, const struct intune_news_item *item)
{
    struct world *world = context;
    struct news_seen *seen = &world->news[item->news];

    (void)pthread_mutex_lock(&world->lock);
    seen->count++;
    (void)!text_copy(seen->text, sizeof(seen->text), item->text);
    (void)!text_copy(seen->serial, sizeof(seen->serial), item->serial != NULL ? item->serial : "");
    (void)!text_copy(seen->ca_name, sizeof(seen->ca_name),
                     item->ca_name != NULL ? item->ca_name : "");
    seen->why = item->why != NULL ? item->why->reason : REASON_NONE;
    (void)!text_copy(seen->detail, sizeof(seen->detail),
                     item->why != NULL ? item->why->detail : "");
    (void)pthread_cond_broadcast(&world->came);
    (void)pthread_mutex_unlock(&world->lock);
    if (item->why != NULL) { /* explains a test that fails */
        print_message("    %s (%s)\n", item->text, reason_id(item->why->reason));
    }
}

struct news_seen world_news(struct world *world, enum intune_news news)
{
    struct news_seen seen;

    (void)pthread_mutex_lock(&world->lock);
    seen = world->news[news];
    (void)pthread_mutex_unlock(&world->lock);
    return seen;
}

bool world_wait_news(struct world *world, enum intune_news news, unsigned count, int64_t ms)
{
    int64_t until = clock_monotonic_us() / 1000 + ms;
    int64_t left = ms;
    bool came = false;

    (void)pthread_mutex_lock(&world->lock);
    while (world->news[news].count < count && left > 0) {
        (void)thread_cond_wait_ms(&world->came, &world->lock, left);
        left = until - clock_monotonic_us() / 1000;
    }
    came = world->news[news].count >= count;
    (void)pthread_mutex_unlock(&world->lock);
    return came;
}

/* ---- the parts ------------------------------------------------------------------------------- */

struct intune_client *world_client(struct world *world, const char *more)
{
    struct buffer json = BUFFER_INIT(4096);
    struct buffer ca_file = BUFFER_INIT(2048);
    struct intune_client_options options = { .data_folder = world->folder.path,
                                             .config = &world->config };
    struct error err = ERROR_INIT;
    const char *url = intune_cloud_url(world->cloud);

    for (const char *c = intune_cloud_ca_file(world->cloud); *c != '\0'; c++) {
        assert_done(
            (*c != '\\' || buffer_append_byte(&ca_file, '\\', &err)) /* a Windows path in JSON */
                && buffer_append_byte(&ca_file, (uint8_t)*c, &err),
            &err, "");
    }
    assert_done(buffer_printf(&json, &err,
                              "{\"intune\": {\"tenant\": \"%s\", \"client_id\": \"%s\","
                              " \"authority\": \"%s\", \"graph\": \"%s\","
                              " \"service_suffix\": \"localhost\", \"proxy\": \"none\","
                              " \"connect_seconds\": 60, \"total_seconds\": 120,"
                              " \"ca_file\": \"%s\"%s}}",
                              INTUNE_CLOUD_TENANT, INTUNE_CLOUD_CLIENT, url, url,
                              buffer_text(&ca_file), more),
                &err, "");
    service_config_clear(&world->config);
    assert_done(config_parse_service("t", buffer_bytes(&json), &world->config, &err), &err, "");
    buffer_clear(&json);
    buffer_clear(&ca_file);
    struct intune_client *client = intune_client_create(&options, &err);
    assert_done(client != NULL, &err, "client");
    return client;
}

void world_reopen_store(struct world *world)
{
    char path[FILE_PATH_MAX];
    struct store_options options = { .path = path, .readers = 2 };
    struct error err = ERROR_INIT;

    test_folder_path(&world->folder, "openndes.db", path);
    store_close(world->store);
    world->store = store_open(&options, &err);
    assert_done(world->store != NULL, &err, "store");
    world->options.store = world->store;
}

static void make_cas(struct world *world)
{
    struct scep_cert_options ca = { .cn = "issuing", .ca = true };

    world->key = scep_test_key(SCEP_TEST_KEY_CLIENT_EC);
    ca.key = world->key;
    world->ca = scep_cert_make(&ca);
    ca.cn = "other";
    world->other_ca = scep_cert_make(&ca);
}

/* One cloud for all tests of a program: its keys take seconds. */
static struct test_folder cloud_folder;
static struct intune_cloud_server *cloud;

int cloud_open(void **state)
{
    struct intune_cloud_options options = { .folder = cloud_folder.path };
    struct error err = ERROR_INIT;

    (void)state;
    test_folder_create(&cloud_folder);
    cloud = intune_cloud_create(&options, &err);
    return cloud != NULL ? 0 : -1;
}

int cloud_close(void **state)
{
    (void)state;
    intune_cloud_free(cloud);
    test_folder_remove(&cloud_folder);
    return 0;
}

int world_open(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct error err = ERROR_INIT;

    assert_non_null(world);
    test_folder_create(&world->folder);
    assert_done(thread_cond_init(&world->came, &err), &err, "");
    (void)pthread_mutex_init(&world->lock, NULL);
    world->cloud = cloud;
    intune_cloud_reset(cloud);
    assert_done(intune_secret_set(world->folder.path, INTUNE_SECRET_CLIENT,
                                  bytes_of_text(INTUNE_CLOUD_SECRET), &err),
                &err, "");
    world->options = (struct intune_keeper_options){ .data_folder = world->folder.path,
                                                     .news = take_news,
                                                     .context = world };
    world_reopen_store(world);
    world->client = world_client(world, "");
    make_cas(world);
    *state = world;
    return 0;
}

int world_close(void **state)
{
    struct world *world = *state;

    intune_client_unref(world->client);
    service_config_clear(&world->config);
    store_close(world->store);
    X509_free(world->ca);
    X509_free(world->other_ca);
    EVP_PKEY_free(world->key);
    (void)pthread_cond_destroy(&world->came);
    (void)pthread_mutex_destroy(&world->lock);
    test_folder_remove(&world->folder);
    free(world);
    return 0;
}

void world_any_order(struct world *world)
{
    struct intune_cloud_settings settings;

    intune_cloud_settings(world->cloud, &settings);
    settings.any_order = true;
    intune_cloud_set(world->cloud, &settings);
}

void world_assert_no_objection(struct world *world)
{
    char text[INTUNE_CLOUD_TEXT] = "";

    if (intune_cloud_protocol_errors(world->cloud, text) != 0) {
        fail_msg("the cloud objects: %s", text);
    }
}

/* ---- notifications --------------------------------------------------------------------------- */

void world_post(struct world *world, unsigned number, int64_t at)
{
    static const struct store_refusal why = { 0xa0040203u, "policy-key-size", "1024 bits" };
    char transaction[40];
    char csr[40];
    struct intune_request request = { .transaction_id = transaction };
    struct buffer ticket = BUFFER_INIT(98304);
    struct error err = ERROR_INIT;
    bool added = false;

    assert_true(text_format(transaction, sizeof(transaction), "txn-%u", number));
    assert_true(text_format(csr, sizeof(csr), "request %u", number));
    request.csr = bytes_of_text(csr);
    assert_done(intune_ticket_seal(world->folder.path, &request, &ticket, &err), &err, "");
    assert_done(store_outbox_add(world->store, "devices", bytes_of_text(transaction),
                                 buffer_bytes(&ticket), true, &why, at, 10000, &added, &err),
                &err, "");
    assert_true(added);
    buffer_clear(&ticket);
}

int64_t world_waiting(struct world *world, int64_t *next_due)
{
    struct error err = ERROR_INIT;
    int64_t waiting = -1;

    assert_done(store_outbox_counts(world->store, &waiting, next_due, &err), &err, "");
    return waiting;
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void record(struct world *world, const struct store_certificate *row, bool withheld)
{
    enum store_record_result result = STORE_REPEATED;
    struct error err = ERROR_INIT;
    int64_t id = 0;

    if (withheld) {
        assert_done(store_provisional_record(world->store, row, bytes_of(NULL, 0), NULL, &id, &err)
                        && store_provisional_withhold(world->store, id, KEEPER_NOW, NULL, &err),
                    &err, "");
        return;
    }
    assert_done(store_record_certificate(world->store, row, 0, &result, &err), &err, "");
    assert_int_equal(result, STORE_RECORDED);
}

static void make_certificate(struct world *world, unsigned number, bool other, bool withheld,
                             char serial[41], char configuration[160])
{
    unsigned asked = world->request != 0 ? world->request : number;
    const char *ca_name = other ? "other" : "issuing";
    unsigned char content[20] = { 0x5a, 1, 2, 3, 4, 5, 6, 7 };
    struct scep_cert_options options = { .key = world->key,
                                         .cn = "device",
                                         .issuer = other ? world->other_ca : world->ca,
                                         .issuer_key = world->key,
                                         .serial = content,
                                         .serial_len = sizeof(content) };
    char transaction[40];
    struct store_request_key key = { .template_name = "devices", .ca_name = ca_name };
    struct certificate_info info;
    struct buffer der = BUFFER_INIT(8192);
    struct error err = ERROR_INIT;

    memcpy(content + 8, &number, sizeof(number));
    memcpy(key.csr_sha256, &asked, sizeof(asked));
    assert_true(text_format(transaction, sizeof(transaction), "txn-%u", asked));
    key.transaction_id = bytes_of_text(transaction);
    X509 *cert = scep_cert_make(&options);
    assert_done(certificate_info(cert, &info, &err) && certificate_der(cert, &der, &err), &err, "");
    struct store_certificate row = { .request = &key,
                                     .info = &info,
                                     .der = buffer_bytes(&der),
                                     .challenge_type =
                                         world->issued_by != NULL ? world->issued_by : "intune",
                                     .issued_at = KEEPER_NOW };
    record(world, &row, withheld);
    assert_true(text_copy(serial, 41, info.serial));
    assert_done(intune_ca_configuration(ca_name, buffer_bytes(&der), configuration, &err), &err,
                "");
    X509_free(cert);
    buffer_clear(&der);
}

void world_certificate(struct world *world, unsigned number, bool other, char serial[41],
                       char configuration[160])
{
    make_certificate(world, number, other, false, serial, configuration);
}

void world_withheld(struct world *world, unsigned number, char serial[41], char configuration[160])
{
    make_certificate(world, number, false, true, serial, configuration);
}

static bool take_by(void *context, const struct store_certificate_row *row, struct error *err)
{
    (void)err;
    return text_copy(context, 32, row->revoked_by);
}

void world_revoked_by(struct world *world, const char *ca_name, const char *serial, char by[32])
{
    struct error err = ERROR_INIT;

    assert_done(store_show_certificate(world->store, ca_name, serial, take_by, by, &err), &err, "");
}

struct intune_cloud_revocation world_revocation(struct world *world, unsigned n)
{
    struct intune_cloud_revocation revocation;

    assert_true(intune_cloud_revocation_at(world->cloud, n, &revocation));
    return revocation;
}
