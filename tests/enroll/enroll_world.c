/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/enroll_world.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "ca/ca_sign.h"
#include "config/config_load.h"
#include "model/csr_builder.h"
#include "platform/threads.h"
#include "store/db.h"

#define TEMPLATE "{ \"san\": { \"types\": [] }, \"subject\": { \"cn_patterns\": [\"dev*\"] } }"
#define READERS 8
#define MEET_MS 20000
#define DAY 86400

static void step(struct world *world, const char *name)
{
    size_t len;

    pthread_mutex_lock(&world->mutex);
    len = strlen(world->steps);
    assert_true(text_format(world->steps + len, sizeof(world->steps) - len, "%s ", name));
    pthread_mutex_unlock(&world->mutex);
}

/* ---- fake challenge ----------------------------------------------------------------------------
 */

static bool fake_check(void *state, const struct enroll_request *request, struct grant *grant,
                       struct error *err)
{
    struct world *world = state;

    (void)request;
    step(world, "check");
    if (world->knobs.check_fails != REASON_NONE) {
        return error_set(err, world->knobs.check_fails, "fake");
    }
    grant->challenge_type = "fake";
    grant->reservation = world->knobs.reservation;
    return buffer_append_text(&grant->ticket, "ticket", err);
}

static bool fake_confirm(void *state, const struct enroll_request *request, struct grant *grant,
                         const struct issuance *issuance, struct error *err)
{
    struct world *world = state;

    (void)request;
    step(world, "confirm");
    assert_bytes_text(buffer_bytes(&grant->ticket), "ticket");
    assert_int_equal(issuance->state, ISSUANCE_ISSUED);
    if (world->knobs.confirm_fails != REASON_NONE) {
        return error_set(err, world->knobs.confirm_fails, "fake");
    }
    return true;
}

static void fake_refuse(void *state, const struct enroll_request *request,
                        const struct grant *grant, const struct error *why)
{
    struct world *world = state;

    (void)request;
    step(world, "refuse");
    /* a remote validator is told also of what it has never been asked about */
    if (grant->ticket.len != 0 || world->options.challenge == world->challenge) {
        assert_bytes_text(buffer_bytes(&grant->ticket), "ticket");
    }
    pthread_mutex_lock(&world->mutex);
    world->refused_why = why->reason;
    pthread_mutex_unlock(&world->mutex);
}

static const struct challenge_ops fake_challenge_ops = { .name = "fake",
                                                         .check = fake_check,
                                                         .confirm = fake_confirm,
                                                         .refuse = fake_refuse };

static const struct challenge_ops fake_remote_ops = { .name = "fake",
                                                      .remote = true,
                                                      .check = fake_check,
                                                      .confirm = fake_confirm,
                                                      .refuse = fake_refuse };

/* ---- fake CA --------------------------------------------------------------------------------- */

static uint64_t next_serial(struct world *world)
{
    uint64_t serial;

    pthread_mutex_lock(&world->mutex);
    world->serials++;
    serial = world->serials <= world->knobs.same_serials ? 4711 : 10000 + world->serials;
    pthread_mutex_unlock(&world->mutex);
    return serial;
}

/*
 * A certificate with this serial, for the request's key, signed by a key that belongs to nobody.
 * False: out of memory, which only tests of that have.
 */
static bool sign_certificate(struct world *world, const struct csr *csr,
                             const struct cert_plan *plan, struct issuance *out, struct error *err)
{
    X509 *cert = X509_new();
    bool ok = cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1
              && ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), next_serial(world)) == 1
              && X509_set_subject_name(cert, plan->subject) == 1
              && X509_set_issuer_name(cert, plan->subject) == 1
              && X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL
              && X509_gmtime_adj(X509_getm_notAfter(cert), DAY) != NULL
              && X509_set_pubkey(cert, csr_key(csr)) == 1
              && ca_sign_certificate(cert, world->ca_key, EVP_sha256())
              && certificate_der(cert, &out->cert_der, err)
              && certificate_info(cert, &out->info, err);

    if (ok) {
        out->state = ISSUANCE_ISSUED;
    } else if (!error_is_set(err)) {
        ERR_clear_error();
        (void)error_set(err, REASON_NO_MEMORY, "the fake CA is out of memory");
    }
    X509_free(cert);
    return ok;
}

/* All threads have passed the look for a repeated request before the first of them records. */
static void meet(struct world *world)
{
    bool in_time = true;

    pthread_mutex_lock(&world->mutex);
    world->signers++;
    pthread_cond_broadcast(&world->met);
    while (in_time && world->signers < world->knobs.meet) {
        in_time = thread_cond_wait_ms(&world->met, &world->mutex, MEET_MS);
    }
    pthread_mutex_unlock(&world->mutex);
    assert_true(in_time);
}

static bool fake_issue(void *state, const struct csr *csr, const struct cert_plan *plan,
                       struct issuance *out, struct error *err)
{
    struct world *world = state;

    step(world, "issue");
    assert_int_equal(out->state, ISSUANCE_NONE);
    if (world->knobs.meet != 0) meet(world);
    if (world->knobs.before_issue != NULL) {
        world->knobs.before_issue(world->knobs.before_issue_context);
    }
    if (world->knobs.issue_fails != REASON_NONE) {
        return error_set(err, world->knobs.issue_fails, "fake");
    }
    if (!sign_certificate(world, csr, plan, out, err)) {
        return false;
    }
    pthread_mutex_lock(&world->mutex);
    memcpy(world->sid, plan->sid, sizeof(world->sid));
    pthread_mutex_unlock(&world->mutex);
    return true;
}

/* Nobody else signs in this world. */
static bool fake_is_issuer_of(void *state, const struct x509_st *cert)
{
    (void)state;
    (void)cert;
    return true;
}

static const struct ca_ops fake_ca_ops = { .name = "fake",
                                           .issue = fake_issue,
                                           .is_issuer_of = fake_is_issuer_of };

/* ---- the world ------------------------------------------------------------------------------- */

static void make_template(struct world *world)
{
    struct template_config config;
    struct error err = ERROR_INIT;

    assert_done(config_parse_template("test", "phones", bytes_of_text(TEMPLATE), &config, &err),
                &err, "");
    world->template = template_create(&config, &err);
    assert_done(world->template != NULL, &err, "");
    template_config_clear(&config);
}

/* Made once for all tests of a program: a key takes longer than a test. */
static EVP_PKEY *shared_key(EVP_PKEY **key, const char *type)
{
    if (*key == NULL) {
        *key = csr_builder_key(type);
    }
    assert_int_equal(EVP_PKEY_up_ref(*key), 1);
    return *key;
}

int world_set_up(void **state)
{
    static EVP_PKEY *device_key;
    static EVP_PKEY *ca_key;
    struct world *world = calloc(1, sizeof(*world));
    struct store_options options = { .readers = READERS };
    struct error err = ERROR_INIT;

    assert_non_null(world);
    assert_int_equal(pthread_mutex_init(&world->mutex, NULL), 0);
    assert_done(thread_cond_init(&world->met, &err), &err, "");
    test_folder_create(&world->folder);
    test_folder_path(&world->folder, "openndes.db", world->database);
    options.path = world->database;
    world->store = store_open(&options, &err);
    assert_done(world->store != NULL, &err, "");
    make_template(world);
    world->challenge = challenge_create(&fake_challenge_ops, world);
    world->remote = challenge_create(&fake_remote_ops, world);
    assert_non_null(world->remote);
    world->ca = ca_create("issuing", &fake_ca_ops, world);
    assert_true(world->challenge != NULL && world->ca != NULL);
    world->device_key = shared_key(&device_key, "RSA-2048");
    world->ca_key = shared_key(&ca_key, "P-256");
    world->options = (struct enroll_options){
        .template_name = "phones",
        .template = world->template,
        .challenge = world->challenge,
        .ca = world->ca,
        .store = world->store,
        .repeat_seconds = DAY,
    };
    *state = world;
    return 0;
}

int world_tear_down(void **state)
{
    struct world *world = *state;

    challenge_free(world->challenge);
    challenge_free(world->remote);
    ca_free(world->ca);
    template_free(world->template);
    store_close(world->store);
    EVP_PKEY_free(world->device_key);
    EVP_PKEY_free(world->ca_key);
    test_folder_remove(&world->folder);
    pthread_cond_destroy(&world->met);
    pthread_mutex_destroy(&world->mutex);
    free(world);
    return 0;
}

void world_request(struct world *world, const char *cn, const char *challenge,
                   struct enroll_request *request)
{
    struct csr_builder builder;
    struct buffer der = BUFFER_INIT(LIMIT_CSR_BYTES);
    struct error err = ERROR_INIT;

    *request = (struct enroll_request){ .csr = CSR_INIT };
    csr_builder_init(&builder, world->device_key);
    csr_builder_cn(&builder, cn);
    if (challenge != NULL) {
        csr_builder_challenge(&builder, TAG_UTF8, bytes_of_text(challenge));
    }
    csr_builder_der(&builder, &der);
    assert_done(csr_parse(buffer_bytes(&der), &request->csr, &err), &err, cn);
    csr_builder_clear(&builder);
    buffer_clear(&der);
    request->kind = ENROLL_KIND_NEW;
    request->request_id = "r-1";
    request->transaction_id = bytes_of_text("transaction");
    request->signer_self_signed = true;
    memcpy(request->signer_key_sha256, request->csr.key_sha256, DIGEST_SHA256_BYTES);
    assert_done(ip_address_parse(bytes_of_text("192.0.2.7"), &request->peer, &err), &err, "");
}

void world_request_clear(struct enroll_request *request)
{
    csr_clear(&request->csr);
}

bool world_decide(struct world *world, const struct enroll_request *request, struct issuance *out,
                  const char **challenge_type, struct error *err)
{
    struct enroll_report report;
    bool ok;

    issuance_clear(out);
    error_clear(err);
    ok = enroll_handle(&world->options, request, out, &report, err);
    *challenge_type = report.challenge_type;
    assert_int_equal(ok, !error_is_set(err));
    if (ok) {
        assert_int_equal(out->state, ISSUANCE_ISSUED);
        assert_true(out->cert_der.len > 0 && out->info.serial[0] != '\0');
    } else {
        assert_int_equal(out->state, ISSUANCE_NONE);
        assert_int_equal(out->cert_der.len, 0);
    }
    return ok;
}

void world_assert_steps(struct world *world, const char *expected, const char *file, int line)
{
    if (strcmp(world->steps, expected) != 0) {
        print_error("steps \"%s\", expected \"%s\"\n", world->steps, expected);
        _fail(file, line);
    }
    world->steps[0] = '\0';
}

void world_sql(struct world *world, const char *sql)
{
    struct db_options options = { .path = world->database, .busy_ms = MEET_MS, .cache_kib = 256 };
    struct error err = ERROR_INIT;
    struct db *db = db_open(&options, &err);

    assert_done(db != NULL, &err, "");
    assert_done(db_execute(db, sql, &err), &err, sql);
    db_close(db);
}

int64_t world_recorded(struct world *world)
{
    struct error err = ERROR_INIT;
    int64_t count = -1;

    assert_done(store_count_certificates(world->store, &count, &err), &err, "");
    return count;
}
