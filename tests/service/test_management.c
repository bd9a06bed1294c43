/* SPDX-License-Identifier: Apache-2.0 */
/* The pages with everything behind them but templates: those need a CA, see metrics.sh. */
#include "service/metrics_parser.h"

#include <string.h>

#include "base/text.h"
#include "http/raw_client.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "service/management.h"
#include "store/db.h"

#define BUSY_MS 300
#define SOON_US (INT64_C(20) * 1000000)

/* What a service has, and a gate that keeps its only worker busy. */
struct world {
    struct test_folder folder;
    struct store *store;
    struct event_log *events;
    struct intune_seats *seats;
    struct intune_stats *stats;
    struct runtime *runtime;
    struct worker_pool *pool;
    struct http_server *server;
    struct metrics *metrics;
    struct abuse_watch *abuse;
    struct management *management;
    uint16_t port;
    struct ocsp_counts ocsp;
    enum event_id event; /* the last one written */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
};

static void sink_write(void *context, const struct event_entry *entry)
{
    struct world *world = context;

    world->event = entry->info->id;
}

static int64_t sink_now(void *context)
{
    (void)context;
    return clock_monotonic_us();
}

static struct runtime *take_runtime(void *context)
{
    struct world *world = context;

    return runtime_ref(world->runtime);
}

static enum http_admit admit_nothing(void *context, const struct http_request *request,
                                     struct http_response *response)
{
    (void)context;
    (void)request;
    (void)response;
    return HTTP_ADMIT_HANDLE;
}

static void open_parts(struct world *world)
{
    char path[FILE_PATH_MAX];
    struct event_log_output output = { sink_write, sink_now, world };
    struct store_options store = { .path = path, .readers = 2, .busy_ms = BUSY_MS };
    struct http_server_options http = { .server_token = "x",
                                        .connections = 1,
                                        .admit = admit_nothing };
    struct error err = ERROR_INIT;

    test_folder_path(&world->folder, "openndes.db", path);
    world->store = store_open(&store, &err);
    assert_done(world->store != NULL, &err, "");
    world->events = event_log_create_to(&output);
    assert_non_null(world->events);
    world->seats = intune_seats_create(2, &err);
    world->stats = intune_stats_create(&err);
    world->metrics = metrics_create(&err);
    world->abuse = abuse_watch_create(&(struct abuse_watch_options){ .log = NULL }, &err);
    world->pool = worker_pool_create(1, 1, &err);
    world->server = http_server_create(&http, &err);
    assert_done(world->seats != NULL && world->stats != NULL && world->metrics != NULL
                    && world->abuse != NULL && world->pool != NULL && world->server != NULL,
                &err, "");
}

static struct management_options options_of(struct world *world)
{
    return (struct management_options){
        .live = { .metrics = world->metrics,
                  .ocsp = &world->ocsp,
                  .server = world->server,
                  .pool = world->pool,
                  .store = world->store,
                  .events = world->events,
                  .seats = world->seats,
                  .intune = world->stats,
                  .abuse = world->abuse,
                  .started_at = clock_now(),
                  .started_us = clock_monotonic_us() },
        .sources = { world->folder.path, world->store, take_runtime, world },
        .events = world->events,
    };
}

static uint16_t port_of(const struct management *m)
{
    struct buffer urls = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;
    uint64_t port = 0;
    const char *text = NULL;

    assert_done(management_urls(m, &urls, &err), &err, "");
    text = buffer_text(&urls);
    assert_memory_equal(text, "Metrics: http://127.0.0.1:", 26);
    assert_true(text_parse_u64(bytes_of(text + 26, strcspn(text + 26, "/")), UINT16_MAX, &port));
    buffer_clear(&urls);
    return (uint16_t)port;
}

static void create(struct world *world)
{
    const char *const listen[] = { "127.0.0.1:0" };
    const struct app_options asked = { .listen_management = listen, .listen_management_count = 1 };
    struct runtime_options runtime = { .data_folder = world->folder.path };
    struct management_options options;
    struct error err = ERROR_INIT;

    *world = (struct world){ .port = 0 };
    assert_int_equal(pthread_mutex_init(&world->lock, NULL), 0);
    assert_done(thread_cond_init(&world->changed, &err), &err, "");
    test_folder_create(&world->folder);
    test_folder_write(&world->folder, "openndes.json", "{}");
    open_parts(world);
    runtime.store = world->store;
    runtime.seats = world->seats;
    runtime.events = world->events;
    world->runtime = runtime_load(&runtime, NULL, &err);
    assert_done(world->runtime != NULL, &err, "");
    options = options_of(world);
    assert_done(management_plan(&options, &asked, "127.0.0.1:1", &err), &err, "");
    world->management = management_start(&options);
    assert_non_null(world->management);
    world->port = port_of(world->management);
}

static void destroy(struct world *world)
{
    management_free(world->management);
    (void)pthread_mutex_lock(&world->lock);
    world->open = true;
    (void)pthread_cond_broadcast(&world->changed);
    (void)pthread_mutex_unlock(&world->lock);
    http_server_free(world->server);
    worker_pool_free(world->pool);
    runtime_unref(world->runtime);
    intune_stats_free(world->stats);
    intune_seats_free(world->seats);
    store_close(world->store);
    abuse_watch_free(world->abuse);
    metrics_free(world->metrics);
    event_log_free(world->events);
    (void)pthread_cond_destroy(&world->changed);
    (void)pthread_mutex_destroy(&world->lock);
    test_folder_remove(&world->folder);
}

static void ask(const struct world *world, const char *method, const char *path,
                struct raw_response *out)
{
    struct error err = ERROR_INIT;
    struct ip_address address;
    struct raw_client *client = NULL;
    char request[256];

    assert_done(ip_address_parse(bytes_of_text("127.0.0.1"), &address, &err), &err, "");
    client = raw_client_connect(&address, world->port);
    assert_non_null(client);
    assert_true(
        text_format(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", method, path));
    assert_true(raw_client_send_text(client, request));
    assert_true(raw_client_receive(client, strcmp(method, "HEAD") != 0, out));
    raw_client_close(client);
}

/* The status; *has tells whether the body has a line that is this text. */
static int ask_for(const struct world *world, const char *path, const char *line, bool *has)
{
    struct raw_response response = RAW_RESPONSE_INIT;
    char wanted[256];
    const char *found = NULL;
    int status = 0;

    ask(world, "GET", path, &response);
    status = response.status;
    assert_true(text_format(wanted, sizeof(wanted), "%s\n", line));
    found = strstr(buffer_text(&response.body), wanted);
    *has = found != NULL && (found == buffer_text(&response.body) || found[-1] == '\n');
    raw_response_clear(&response);
    return status;
}

static void assert_line(const struct world *world, const char *path, int status, const char *line)
{
    bool has = false;

    assert_int_equal(ask_for(world, path, line, &has), status);
    if (!has) fail_msg("%s does not say \"%s\"", path, line);
}

/* What the thread that looks has to find first. */
static void await_line(const struct world *world, const char *path, const char *line)
{
    int64_t end_us = clock_monotonic_us() + SOON_US;
    bool has = false;

    while (!has) {
        if (clock_monotonic_us() > end_us) fail_msg("%s never says \"%s\"", path, line);
        (void)ask_for(world, path, line, &has);
    }
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void pages__are_these_three_by_get(void **state)
{
    static const struct {
        const char *method, *path;
        int status;
    } cases[] = {
        { "GET", "/healthz", 200 },
        { "GET", "/metrics", 200 },
        { "GET", "/METRICS", 200 },
        { "GET", "/metrics?x=1", 200 },
        { "GET", "/readyz", 503 },
        { "HEAD", "/healthz", 405 },
        { "POST", "/metrics", 405 },
        { "PUT", "/readyz", 405 },
        { "GET", "/", 404 },
        { "GET", "/metrics/", 404 },
        { "GET", "/scep/device", 404 },
        { "GET", "/crl/a.crl", 404 },
        { "GET", "/certsrv/mscep_admin/", 404 },
    };
    struct raw_response response = RAW_RESPONSE_INIT;
    struct world world;
    struct bytes value;

    (void)state;
    create(&world);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(&world, cases[i].method, cases[i].path, &response);
        if (response.status != cases[i].status) {
            fail_msg("%s %s: %d", cases[i].method, cases[i].path, response.status);
        }
        assert_int_equal(raw_response_header(&response, "Cache-Control", &value), 1);
        if (response.status == 405) {
            assert_int_equal(raw_response_header(&response, "Allow", &value), 1);
            assert_bytes_text(value, "GET");
        }
    }
    ask(&world, "GET", "/metrics", &response);
    assert_int_equal(raw_response_header(&response, "Content-Type", &value), 1);
    assert_bytes_text(value, "text/plain; version=0.0.4; charset=utf-8");
    raw_response_clear(&response);
    destroy(&world);
}

static void metrics__are_whole_and_right(void **state)
{
    const struct metrics_request request = { .template_name = "device",
                                             .operation = "PKIOperation",
                                             .result = "issued",
                                             .duration_us = 1200 };
    struct raw_response response = RAW_RESPONSE_INIT;
    struct error why = ERROR_INIT;
    struct parsed_metrics parsed;
    struct world world;

    (void)state;
    create(&world);
    metrics_add_template(world.metrics, "device");
    metrics_count(world.metrics, &request);
    intune_stats_count(world.stats, INTUNE_ACTION_TOKEN, clock_monotonic_us(), NULL);
    error_set(&why, REASON_INTUNE_UNAVAILABLE, "no way");
    intune_stats_count(world.stats, INTUNE_ACTION_VALIDATE, clock_monotonic_us(), &why);
    event_log_failure(world.events, EVENT_CRL_FAILED, NULL, &why);
    ask(&world, "GET", "/metrics", &response);
    metrics_parse(buffer_bytes(&response.body), &parsed);
    for (unsigned i = 0; i < METRICS_FAMILIES; i++) {
        if (!parsed_has_family(&parsed, metrics_family_name((enum metrics_family)i))) {
            fail_msg("%s is missing", metrics_family_name((enum metrics_family)i));
        }
    }
    assert_true(parsed_value(&parsed, "openndes_requests_total{template=\"device\",operation="
                                      "\"PKIOperation\",result=\"issued\",reason=\"\"}")
                == 1);
    assert_true(parsed_value(&parsed, "openndes_intune_calls_total{action=\"validate\",result="
                                      "\"failed\",reason=\"intune-unavailable\"}")
                == 1);
    assert_true(parsed_value(&parsed, "openndes_intune_last_success_timestamp_seconds{action="
                                      "\"token\"}")
                > 0);
    assert_true(parsed_value(&parsed, "openndes_events_total{event=\"120\",level=\"error\"}") == 1);
    assert_true(parsed_value(&parsed, "openndes_queue_capacity") == 1);
    assert_true(parsed_value(&parsed, "openndes_store_commits_total") >= 1); /* it was tried */
    assert_true(parsed_value(&parsed, "openndes_store_file_bytes") > 0);
    assert_true(parsed_value(&parsed, "openndes_templates{state=\"enabled\"}") == 0);
    assert_true(parsed_value(&parsed, "openndes_ready") == 0);
    parsed_metrics_clear(&parsed);
    raw_response_clear(&response);
    destroy(&world);
}

/* More silent connections than there are places, each with half a request: the newest is served. */
static void pages__under_attack__answer(void **state)
{
    enum { CROWD = 256 };
    struct raw_client *crowd[CROWD];
    struct raw_response response = RAW_RESPONSE_INIT;
    struct ip_address address;
    struct error err = ERROR_INIT;
    struct world world;

    (void)state;
    create(&world);
    assert_done(ip_address_parse(bytes_of_text("127.0.0.1"), &address, &err), &err, "");
    for (size_t i = 0; i < CROWD; i++) {
        if (i == 128) {
            thread_pause_ms(1100); /* on Windows who has been silent for less does not go at once */
        }
        crowd[i] = raw_client_connect(&address, world.port);
        assert_non_null(crowd[i]);
        (void)!raw_client_send_text(crowd[i], "GET /healthz HTTP/1.1\r\nX: ");
        if (i % 32 == 31) {
            ask(&world, "GET", i % 64 == 31 ? "/healthz" : "/metrics", &response);
            assert_int_equal(response.status, 200);
        }
    }
    for (size_t i = 0; i < CROWD; i++) {
        raw_client_close(crowd[i]);
    }
    raw_response_clear(&response);
    destroy(&world);
}

static void ready__says_why_not(void **state)
{
    struct world world;

    (void)state;
    create(&world);
    assert_line(&world, "/readyz", 503, "failed templates: none-enabled");
    assert_line(&world, "/readyz", 503, "ok database");
    assert_line(&world, "/readyz", 503, "ok listeners");
    assert_line(&world, "/readyz", 503, "ok housekeeping");
    assert_line(&world, "/readyz", 503, "ok configuration");
    management_reloaded(world.management, false);
    assert_line(&world, "/readyz", 503, "warning configuration: reload-failed");
    assert_line(&world, "/metrics", 200, "openndes_config_last_reload_successful 0");
    management_tick(world.management, &(struct survey_tls){ .served = true });
    await_line(&world, "/readyz", "warning https: no-certificate");
    management_stopping(world.management);
    assert_line(&world, "/readyz", 503, "failed listeners: stopping");
    assert_line(&world, "/healthz", 200, "ok");
    destroy(&world);
}

/* ---- when everything else hangs -------------------------------------------------------------- */

static void wait_at_gate(void *context)
{
    struct world *world = context;

    (void)pthread_mutex_lock(&world->lock);
    while (!world->open) {
        (void)pthread_cond_wait(&world->changed, &world->lock);
    }
    (void)pthread_mutex_unlock(&world->lock);
}

/* The only worker is busy, the queue is full, and another process holds the database. */
static void pages__answer_while_workers_and_database_do_not(void **state)
{
    struct world world;
    char path[FILE_PATH_MAX];
    struct db_options other = { .path = path, .busy_ms = 10000, .cache_kib = 64 };
    struct error err = ERROR_INIT;
    struct db *db = NULL;

    (void)state;
    create(&world);
    test_folder_path(&world.folder, "openndes.db", path);
    db = db_open(&other, &err);
    assert_done(db != NULL && db_begin(db, &err), &err, "");
    assert_true(worker_pool_submit(world.pool, wait_at_gate, &world));
    await_line(&world, "/metrics", "openndes_workers_busy 1");
    assert_true(worker_pool_submit(world.pool, wait_at_gate, &world));
    assert_line(&world, "/metrics", 200, "openndes_queue_length 1");
    assert_false(store_probe(world.store, 1, &err));
    assert_int_equal(err.reason, REASON_STORE_BUSY);
    await_line(&world, "/readyz", "failed database: store-busy");
    assert_line(&world, "/healthz", 200, "ok");
    assert_line(&world, "/metrics", 200, "openndes_store_write_failures_total 1");
    db_rollback(db);
    db_close(db);
    error_clear(&err);
    assert_done(store_probe(world.store, 2, &err), &err, "");
    await_line(&world, "/readyz", "ok database");
    destroy(&world);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void port__taken__is_told_and_nothing_else(void **state)
{
    struct world world;
    struct management_options options;
    char taken[64];
    const char *const listen[] = { taken };
    const struct app_options asked = { .listen_management = listen, .listen_management_count = 1 };
    struct error err = ERROR_INIT;

    (void)state;
    create(&world);
    options = options_of(&world);
    assert_true(text_format(taken, sizeof(taken), "127.0.0.1:%u", (unsigned)world.port));
    assert_done(management_plan(&options, &asked, "", &err), &err, "");
    assert_null(management_start(&options));
    assert_int_equal(world.event, EVENT_MANAGEMENT_FAILED);
    assert_line(&world, "/healthz", 200, "ok"); /* the first one's */
    management_free(NULL);
    management_tick(NULL, &options.tls);
    management_reloaded(NULL, true);
    management_stopping(NULL);
    destroy(&world);
}

static void plan__follows_the_command_line(void **state)
{
    static const char *const here[] = { "127.0.0.1:0" };
    static const char *const faces[] = { "127.0.0.1:1/scep" };
    static const char *const many[] = { "127.0.0.1:1,127.0.0.1:2", "127.0.0.1:3",
                                        "127.0.0.1:4,127.0.0.1:5" };
    static const struct {
        struct app_options asked;
        const char *configured;
        size_t count;
        enum reason reason;
    } cases[] = {
        { { .data_folder = NULL }, "127.0.0.1:9880,[::1]:9880", 2, REASON_NONE },
        { { .data_folder = NULL }, "", 0, REASON_NONE },
        { { .listen = here, .listen_count = 1 }, "127.0.0.1:9880", 0, REASON_NONE },
        { { .listen_https = here, .listen_https_count = 1 }, "127.0.0.1:9880", 0, REASON_NONE },
        { { .listen_management = here, .listen_management_count = 1 },
          "127.0.0.1:9880,[::1]:1",
          1,
          REASON_NONE },
        { { .listen_management = faces, .listen_management_count = 1 },
          "",
          0,
          REASON_CONFIG_BAD_VALUE },
        { { .listen_management = many, .listen_management_count = 3 }, "", 0, REASON_USAGE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct management_options options = { .listen_count = 0 };
        struct error err = ERROR_INIT;
        bool ok = management_plan(&options, &cases[i].asked, cases[i].configured, &err);

        assert_int_equal(err.reason, cases[i].reason);
        assert_true(ok == (cases[i].reason == REASON_NONE));
        assert_true(!ok || options.listen_count == cases[i].count);
        for (size_t k = 0; ok && k < options.listen_count; k++) {
            assert_int_equal(options.listen[k].faces, LISTEN_FACE_MANAGEMENT);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages__are_these_three_by_get),
        cmocka_unit_test(pages__under_attack__answer),
        cmocka_unit_test(metrics__are_whole_and_right),
        cmocka_unit_test(ready__says_why_not),
        cmocka_unit_test(pages__answer_while_workers_and_database_do_not),
        cmocka_unit_test(port__taken__is_told_and_nothing_else),
        cmocka_unit_test(plan__follows_the_command_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
