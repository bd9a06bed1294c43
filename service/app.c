/* SPDX-License-Identifier: Apache-2.0 */
#include "service/app.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xml.h"
#include "config/config_load.h"
#include "config/config_net.h"
#include "config/config_policy.h"
#include "http/worker_pool.h"
#include "openndes_version.h"
#include "platform/clock.h"
#include "platform/rights.h"
#include "platform/threads.h"
#include "service/backup_write.h"
#include "service/ca_upkeep.h"
#include "service/data_folder.h"
#include "service/dispatch.h"
#include "service/end_round.h"
#include "service/intune_watch.h"
#include "service/listeners.h"
#include "service/management.h"
#include "service/ra_watch.h"
#include "service/runtime.h"
#include "service/restart_keys.h"
#include "service/service_urls.h"
#include "service/start_failure.h"
#include "service/tidy.h"

#define DAY_SECONDS 86400
/* How often it is looked at what ends. */
#define ENDS_SECONDS 60
#define HOUSEKEEPING_SECONDS 3600
#define LOCK_TRIES 10u
#define LOCK_PAUSE_MS 50u

struct app {
    const char *data_folder; /* borrowed from the command line */
    struct file_lock *lock;
    struct secret mac_key;
    struct log *log;
    struct audit *audit;
    struct eventlog *eventlog;
    struct event_log *events;
    struct store *store;
    struct worker_pool *pool;
    struct http_server *server;
    struct metrics *metrics;
    struct ocsp_counts ocsp;
    struct abuse_watch *abuse;
    struct flood_digest *flood;
    struct ocsp_limit *ocsp_limit;
    struct management *management; /* NULL: health and metrics are served nowhere */
    struct dispatch dispatch;
    struct listeners listeners;
    struct intune_threads threads;
    struct intune_watch intune;
    struct registry_stamp policy_look; /* main thread only, like the times below */
    struct ca_upkeep upkeep;
    int64_t housekeeping_at;
    int64_t ends_at;
    int64_t basic_at;
    struct end_watch ends;
    pthread_mutex_t runtime_mutex; /* guards the pointer only */
    bool runtime_mutex_ready;
    struct runtime *runtime;
    int64_t stop_seconds; /* of the settings in force */
    bool started;
};

/* ---- runtime -------------------------------------------------------------------------------- */

static struct runtime *app_runtime(void *context)
{
    struct app *app = context;
    struct runtime *runtime;

    pthread_mutex_lock(&app->runtime_mutex);
    runtime = runtime_ref(app->runtime);
    pthread_mutex_unlock(&app->runtime_mutex);
    return runtime;
}

/*
 * Settings that cannot be used leave templates with their former connection in force: what is told
 * to Intune, and asked of it, goes the same way.
 */
static void use_intune(struct app *app, const struct runtime *now)
{
    const struct service_config *config = runtime_config(now);

    if (runtime_intune(now) != NULL || config->intune.tenant[0] == '\0') {
        intune_watch_use(&app->intune, runtime_intune(now), config);
    }
}

static bool load_runtime(struct app *app, struct error *err)
{
    struct runtime_options options = {
        .data_folder = app->data_folder,
        .store = app->store,
        .mac_key = secret_bytes(&app->mac_key),
        .listeners = app->listeners.item,
        .listener_count = app->listeners.count,
        .seats = app->intune.seats,
        .intune_stats = app->intune.stats,
        .rate = abuse_watch_rate(app->abuse),
        .log = app->log,
        .events = app->events,
    };
    struct runtime *old = app->runtime;
    struct runtime *now = runtime_load(&options, old, err);

    if (now == NULL) {
        return false;
    }
    /* a CA that is loaded anew has no CRL and no OCSP signer, and is asked in the next moment */
    ca_upkeep_crls(&app->upkeep, now, app->log, app->events);
    if (old != NULL) {
        ca_upkeep_ocsp(now, app->log, app->events);
    }
    /* before the first request can meet them: it would count as nobody's */
    for (size_t i = 0; i < runtime_endpoint_count(now); i++) {
        metrics_add_template(app->metrics, runtime_template_name_at(now, i));
    }
    abuse_watch_use(app->abuse, now);
    pthread_mutex_lock(&app->runtime_mutex);
    app->runtime = now;
    pthread_mutex_unlock(&app->runtime_mutex);
    app->stop_seconds = runtime_config(now)->limits.stop_seconds;
    use_intune(app, now);
    runtime_unref(old);
    return true;
}

/* ---- start ---------------------------------------------------------------------------------- */

static bool take_lock(struct app *app, struct error *err)
{
    char path[FILE_PATH_MAX];
    bool held = false;

    if (!data_path_lock(app->data_folder, path, err)) {
        return false;
    }
    /* "openndes check" asks who holds it, and holds it itself for an instant */
    for (unsigned i = 0; i < LOCK_TRIES && !held; i++) {
        if (i > 0) {
            thread_pause_ms(LOCK_PAUSE_MS);
        }
        if (!file_lock_try(path, &app->lock, &held, err)) {
            return false;
        }
    }
    return held
           || error_set(err, REASON_DATA_FOLDER_IN_USE,
                        "another openndes serves the data folder %s; stop it first",
                        app->data_folder);
}

/* A backup that was cut off left a copy of the database: large, and needed by nobody. */
static void tidy_backup(const struct app *app)
{
    struct error err = ERROR_INIT;

    if (!backup_write_tidy(app->data_folder, &err)) {
        log_error(app->log, LOG_LEVEL_WARNING, &err, "the copy that a backup has left");
    }
}

static bool open_logs(struct app *app, const struct service_config *config, bool console,
                      struct error *err)
{
    char folder[FILE_PATH_MAX];

    if (!data_path_logs(app->data_folder, folder, err) || !folder_create(folder, true, err)) {
        return false;
    }
    struct log_options log_options = {
        .folder = folder,
        .file_name = "openndes.log",
        .level = config->log.level,
        .file_mb = config->log.file_mb,
        .files = config->log.files,
        .console = console,
    };
    struct audit_options audit_options = {
        .folder = folder,
        .file_mb = config->audit.file_mb,
        .files = config->audit.files,
    };
    app->log = log_open(&log_options, err);
    if (app->log == NULL) {
        return false;
    }
    app->audit = audit_open(&audit_options, err);
    return app->audit != NULL;
}

static bool start_server(struct app *app, const struct service_config *config, struct error *err)
{
    struct http_server_options options = {
        .server_token = "OpenNDES",
        .body_bytes = (size_t)config->limits.body_bytes,
        .connections = (unsigned)config->limits.connections,
        .connections_per_address = (unsigned)config->limits.connections_per_address,
        .idle_seconds = (unsigned)config->limits.idle_seconds,
        .tls_connections = (unsigned)config->https.connections,
        .handshake_seconds = (unsigned)config->https.handshake_seconds,
        .context = &app->dispatch,
        .admit = dispatch_admit,
        .handle = dispatch_handle,
        .answered = dispatch_answered,
        .handshake_failed = dispatch_handshake_failed,
    };

    app->pool = worker_pool_create(app->threads.workers, (unsigned)config->workers.queue, err);
    if (app->pool == NULL) {
        return false;
    }
    worker_pool_limit_slow(app->pool, app->threads.slow);
    options.pool = app->pool;
    app->dispatch = (struct dispatch){
        .runtime = app_runtime,
        .context = app,
        .log = app->log,
        .audit = app->audit,
        .events = app->events,
        .intune = &app->intune,
        .metrics = app->metrics,
        .ocsp = &app->ocsp,
        .abuse = app->abuse,
        .flood = app->flood,
        .ocsp_limit = app->ocsp_limit,
    };
    app->server = http_server_create(&options, err);
    return app->server != NULL;
}

/* What the command line names takes the place of all that is configured. */
static bool plan_listeners(struct app *app, const struct app_options *options,
                           const struct service_config *config, struct error *err)
{
    bool named = options->listen_count != 0 || options->listen_https_count != 0;

    for (size_t i = 0; i < options->listen_count; i++) {
        if (!listeners_add(&app->listeners, options->listen[i], false, err)) return false;
    }
    for (size_t i = 0; i < options->listen_https_count; i++) {
        if (!listeners_add(&app->listeners, options->listen_https[i], true, err)) return false;
    }
    if (!named
        && (!listeners_add(&app->listeners, config->listen, false, err)
            || !listeners_add(&app->listeners, config->https.listen, true, err))) {
        return false;
    }
    return listeners_prepare(&app->listeners, app->data_folder, config, err);
}

/* The switch stays a warning as long as it is on. */
static void warn_basic(struct app *app)
{
    int64_t now = clock_now();

    if (now < app->basic_at && app->basic_at - now <= DAY_SECONDS) {
        return;
    }
    app->basic_at = now + DAY_SECONDS;
    if (runtime_config(app->runtime)->signin.basic_http.enabled) {
        log_line(
            app->log, LOG_LEVEL_WARNING,
            "basic_http.enabled: passwords of those who sign in to the password page cross the "
            "network in clear; serve it by HTTPS");
    }
}

/* The first time at the start, then about once a minute. */
static void warn_ends(struct app *app)
{
    int64_t now = clock_now();

    if (now < app->ends_at && app->ends_at - now <= ENDS_SECONDS) {
        return;
    }
    app->ends_at = now + ENDS_SECONDS;
    end_round(&app->ends, app->runtime, &app->listeners, now);
}

/*
 * Port 0 has become a number only now. What was loaded with the old addresses carries them in its
 * CRL and AIA addresses and pages and is loaded again, before "Ready" is said.
 */
static bool open_listeners(struct app *app, struct error *err)
{
    bool moved = false;

    for (size_t i = 0; i < app->listeners.count; i++) {
        moved = moved || app->listeners.item[i].at.port == 0;
    }
    if (!moved) {
        ca_upkeep_ocsp(app->runtime, app->log, app->events);
    }
    return listeners_open(&app->listeners, app->server, err) && (!moved || load_runtime(app, err));
}

/* What is wrong with health and metrics keeps nobody from enrolling, but for a wrong address. */
static bool start_management(struct app *app, const struct app_options *options,
                             const struct service_config *config, struct error *err)
{
    struct management_options management = {
        .live = { .metrics = app->metrics,
                  .ocsp = &app->ocsp,
                  .server = app->server,
                  .pool = app->pool,
                  .store = app->store,
                  .events = app->events,
                  .seats = app->intune.seats,
                  .intune = app->intune.stats,
                  .abuse = app->abuse,
                  .started_at = clock_now(),
                  .started_us = clock_monotonic_us() },
        .sources = { app->data_folder, app->store, app_runtime, app },
        .tls = listeners_tls(&app->listeners),
        .log = app->log,
        .events = app->events,
    };

    if (!management_plan(&management, options, config->management.listen, err)) {
        return false;
    }
    app->management = management_start(&management);
    return true;
}

static void audit_renewal(struct app *app)
{
    struct audit_record record = {
        .event = "tls-renew", .result = "ok", .actor = "service", .target = "tls/server.crt"
    };
    struct error err = ERROR_INIT;

    if (!audit_write(app->audit, &record, &err)) {
        log_error(app->log, LOG_LEVEL_ERROR, &err, "audit record of a renewal is lost");
        event_log_failure(app->events, EVENT_AUDIT_FAILED, NULL, &err);
    }
}

/* Once an hour: what nobody waits for. */
static void keep_house(struct app *app)
{
    struct tls_issue_options tls = {
        .data = app->data_folder,
        .config = runtime_config(app->runtime),
        .public_url = runtime_urls(app->runtime)->crl,
        .store = app->store,
    };
    const struct ra_watch ras = { app->data_folder, app->log, app->audit, app->events, app->store };
    int64_t now = clock_now();

    if (now < app->housekeeping_at && app->housekeeping_at - now <= HOUSEKEEPING_SECONDS) {
        return;
    }
    app->housekeeping_at = now + HOUSEKEEPING_SECONDS;
    tidy_store(app->store, now, app->log);
    intune_watch_tidy(&app->intune, now);
    (void)ra_watch_run(&ras, app->runtime, now); /* app_tick notices the files */
    if (listeners_renew(&app->listeners, &tls, now, app->log, app->events)) {
        audit_renewal(app);
    }
}

static bool open_all(struct app *app, const struct app_options *options,
                     const struct service_config *config, struct error *err)
{
    unsigned readers = 0;
    struct intune_watch_options intune = { .data_folder = app->data_folder };
    struct abuse_watch_options abuse = { .events = app->events };

    app->threads = intune_watch_threads(config, thread_processor_count());
    readers = app->threads.workers > 64 ? 64 : app->threads.workers;
    if (!open_logs(app, config, options->log_console, err)) return false;
    abuse.log = app->log;
    abuse.audit = app->audit;
    if (!data_mac_key(app->data_folder, false, &app->mac_key, err)) return false;
    app->store = data_store_open(app->data_folder, readers, err);
    if (app->store == NULL) return false;
    intune.store = app->store;
    intune.log = app->log;
    intune.audit = app->audit;
    intune.events = app->events;
    app->abuse = abuse_watch_create(&abuse, err);
    if (app->abuse == NULL) return false;
    app->flood =
        flood_digest_create(&(struct flood_options){ .log = app->log, .audit = app->audit }, err);
    app->ocsp_limit = ocsp_limit_create(err);
    if (app->flood == NULL || app->ocsp_limit == NULL) return false;
    end_watch_init(&app->ends, app->log, app->audit, app->events);
    if (!intune_watch_start(&app->intune, &intune, &app->threads, err)) return false;
    if (!plan_listeners(app, options, config, err)) return false;
    if (!load_runtime(app, err)) return false;
    if (!start_server(app, config, err)) return false;
    listeners_poll(&app->listeners, config, app->log, app->events);
    keep_house(app);
    warn_basic(app);
    warn_ends(app);
    return open_listeners(app, err) && start_management(app, options, config, err);
}

/*
 * Whoever starts a service sees nothing but its log: what is wrong before that is open (the
 * settings that say how, above all) is written to it all the same. It is only appended to: rotating
 * is up to whoever has the data folder.
 */
static void report_failed_start(struct app *app, const struct error *why)
{
    char folder[FILE_PATH_MAX];
    struct log_options options = {
        .folder = folder,
        .file_name = "openndes.log",
        .level = LOG_LEVEL_ERROR,
        .file_mb = 1 << 20,
        .files = 1000,
    };
    struct error ignored = ERROR_INIT;
    bool is_unsafe = rights_is_unsafe(why);

    /* What others may change is not written to either: a log could be a link to something else. */
    if (app->log == NULL && !is_unsafe && data_path_logs(app->data_folder, folder, &ignored)
        && folder_exists(folder)) {
        app->log = log_open(&options, &ignored);
    }
    log_error(app->log, LOG_LEVEL_ERROR, why, START_FAILURE_TEXT);
    event_log_failure(app->events, EVENT_START_FAILED, NULL, why);
    if (is_unsafe) {
        event_log_failure(app->events, EVENT_RIGHTS_UNSAFE, NULL, why);
    }
}

struct app *app_create(const struct app_options *options, struct error *err)
{
    struct app *app = calloc(1, sizeof(*app));
    struct service_config config = { 0 };
    bool ok = false;

    if (app == NULL) {
        error_set(err, REASON_NO_MEMORY, "service");
        return NULL;
    }
    xml_start();
    app->data_folder = options->data_folder;
    app->eventlog = eventlog_open("OpenNDES");
    app->events = event_log_create(app->eventlog);
    if (app->events == NULL || pthread_mutex_init(&app->runtime_mutex, NULL) != 0) {
        error_set(err, REASON_NO_MEMORY, "event log or mutex");
        goto out;
    }
    app->runtime_mutex_ready = true;
    app->metrics = metrics_create(err);
    if (app->metrics == NULL) goto out;
    if (!data_folder_check(options->data_folder, err)) goto out;
    if (!data_folder_check_rights(options->data_folder, err)) goto out;
    if (!take_lock(app, err)) goto out;
    config_policy_await(&(struct registry_stamp){ 0, 0 }); /* Windows may just be applying it */
    if (!config_load_service(options->data_folder, &config, err)) goto out;
    if (!open_all(app, options, &config, err)) goto out;
    tidy_backup(app);
    log_line(app->log, LOG_LEVEL_INFO, "OpenNDES " OPENNDES_VERSION " started, data in %s",
             options->data_folder);
    event_log_report(app->events, EVENT_STARTED, "OpenNDES " OPENNDES_VERSION);
    app->started = true;
    ok = true;
out:
    service_config_clear(&config);
    if (!ok) {
        report_failed_start(app, err);
        app_free(app);
        app = NULL;
    }
    return app;
}

void app_free(struct app *app)
{
    if (app == NULL) {
        return;
    }
    management_stopping(app->management);
    if (app->server != NULL) {
        http_server_stop(app->server, app->stop_seconds * 1000);
    }
    /* whoever still waits for Intune or for another process's lock has had that time */
    if (app->store != NULL) {
        store_hurry(app->store);
    }
    intune_watch_stop(&app->intune);
    management_free(app->management); /* looks at all that follows */
    http_server_free(app->server);
    worker_pool_free(app->pool);
    listeners_close(&app->listeners);
    runtime_unref(app->runtime);
    abuse_watch_free(app->abuse);
    flood_digest_free(app->flood);
    ocsp_limit_free(app->ocsp_limit);
    intune_watch_clear(&app->intune);
    end_watch_clear(&app->ends);
    store_close(app->store);
    if (app->started) {
        log_line(app->log, LOG_LEVEL_INFO, "OpenNDES stopped");
        event_log_report(app->events, EVENT_STOPPED, "OpenNDES " OPENNDES_VERSION);
    }
    audit_close(app->audit);
    log_close(app->log);
    secret_clear(&app->mac_key);
    file_lock_release(app->lock);
    if (app->runtime_mutex_ready) {
        pthread_mutex_destroy(&app->runtime_mutex);
    }
    metrics_free(app->metrics);
    event_log_free(app->events);
    eventlog_close(app->eventlog);
    free(app);
}

/* ---- running -------------------------------------------------------------------------------- */

static void report_reloaded(struct app *app)
{
    char text[64];

    if (text_format(text, sizeof(text), "%zu templates, %zu broken",
                    runtime_endpoint_count(app->runtime), runtime_broken_count(app->runtime))) {
        log_line(app->log, LOG_LEVEL_INFO, "configuration reloaded: %s", text);
        event_log_report(app->events, EVENT_CONFIGURATION_RELOADED, text);
    }
}

static void reload(struct app *app)
{
    struct runtime *old = app_runtime(app);
    struct error err = ERROR_INIT;
    bool loaded = load_runtime(app, &err);

    management_reloaded(app->management, loaded);
    if (!loaded) {
        log_error(app->log, LOG_LEVEL_ERROR, &err, "reload failed, everything stays as it was");
        event_log_failure(app->events, EVENT_CONFIGURATION_BROKEN, NULL, &err);
    } else {
        log_set_level(app->log, runtime_config(app->runtime)->log.level);
        restart_keys_report(runtime_config(old), runtime_config(app->runtime), app->log);
        report_reloaded(app);
    }
    runtime_unref(old);
}

void app_tick(struct app *app, bool asked)
{
    const struct survey_tls tls = listeners_tls(&app->listeners);

    management_tick(app->management, &tls);
    if (asked || runtime_policy_stale(app->runtime, &app->policy_look)
        || runtime_stale(app->runtime, app->data_folder)) {
        reload(app);
    }
    listeners_poll(&app->listeners, runtime_config(app->runtime), app->log, app->events);
    ca_upkeep_crls(&app->upkeep, app->runtime, app->log, app->events);
    ca_upkeep_ocsp(app->runtime, app->log, app->events);
    keep_house(app);
    warn_basic(app);
    warn_ends(app);
    intune_watch_tick(&app->intune);
    event_log_tick(app->events);
    flood_digest_tick(app->flood);
}

bool app_scep_urls(struct app *app, struct buffer *out, struct error *err)
{
    return service_urls(app->runtime, &app->listeners, out, err);
}

bool app_metrics_urls(const struct app *app, struct buffer *out, struct error *err)
{
    return management_urls(app->management, out, err);
}
