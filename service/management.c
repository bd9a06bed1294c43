/* SPDX-License-Identifier: Apache-2.0 */
#include "service/management.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/threads.h"
#include "service/urls.h"

#define LOOK_MS 1000
#define ANSWER_MAX (32u * 1024u * 1024u)
#define CONNECTIONS 128u
#define IDLE_SECONDS 30u
#define BODY_BYTES 1024u /* nobody sends one */
#define STOP_MS 500
/* The main thread looks after everything once a second; a slow disk may take it a while. */
#define STALE_US (INT64_C(60) * 1000000)
#define ADDRESS_TEXT_MAX 96

struct management {
    struct management_options options; /* listen: with the ports in use, of those that opened */
    struct http_server *server;
    pthread_t thread;
    bool thread_started;
    struct survey_memory memory; /* the thread's; before it starts the main thread's */

    pthread_mutex_t lock; /* guards what follows; never held while waiting for anything else */
    pthread_cond_t changed;
    bool locks_ready;
    bool ending;
    bool stopping;
    struct survey_tls tls;
    struct survey *survey; /* a reference; never NULL once started */
    int64_t ticked_us;
    bool reload_ok;
    int64_t reloaded_at;
};

/* What is told at one moment. */
struct moment {
    struct survey *survey; /* a reference */
    bool stopping;
    bool stale; /* the main thread or the one that looks hangs */
    bool ready;
    bool reload_ok;
    int64_t reloaded_at;
};

static struct moment now_of(struct management *m)
{
    struct moment moment = { .survey = NULL };
    int64_t now_us = clock_monotonic_us();

    (void)pthread_mutex_lock(&m->lock);
    moment = (struct moment){
        .survey = survey_ref(m->survey),
        .stopping = m->stopping,
        .stale = now_us - m->ticked_us > STALE_US || now_us - m->survey->taken_us > STALE_US,
        .reload_ok = m->reload_ok,
        .reloaded_at = m->reloaded_at,
    };
    (void)pthread_mutex_unlock(&m->lock);
    moment.ready = moment.survey->ready && !moment.stopping && !moment.stale;
    return moment;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* From an error: what could not be made. */
static void answer(struct http_response *response, bool made, const char *type,
                   struct buffer *take_body, const struct error *err)
{
    if (made) {
        http_response_body(response, type, take_body);
    } else {
        http_response_error(response, err);
    }
}

static void answer_health(struct management *m, struct http_response *response)
{
    struct buffer body = BUFFER_INIT(64);
    struct error err = ERROR_INIT;

    (void)m;
    answer(response, buffer_append_text(&body, "ok\n", &err), "text/plain", &body, &err);
    buffer_clear(&body);
}

static void answer_ready(struct management *m, struct http_response *response)
{
    struct buffer body = BUFFER_INIT(ANSWER_MAX);
    struct moment moment = now_of(m);
    struct error err = ERROR_INIT;
    bool made = buffer_printf(
        &body, &err, "%s%s%s", moment.stopping ? "failed listeners: stopping\n" : "ok listeners\n",
        moment.reload_ok ? "ok configuration\n" : "warning configuration: reload-failed\n",
        moment.stale ? "failed housekeeping: stale\n" : "ok housekeeping\n");

    made = made && buffer_append_bytes(&body, buffer_bytes(&moment.survey->lines), &err);
    answer(response, made, "text/plain", &body, &err);
    if (made && !moment.ready) {
        response->status = 503;
    }
    survey_unref(moment.survey);
    buffer_clear(&body);
}

static void answer_metrics(struct management *m, struct http_response *response)
{
    struct buffer body = BUFFER_INIT(ANSWER_MAX);
    struct metrics_text text = { .out = &body };
    struct moment moment = now_of(m);

    metrics_live_print(&m->options.live, &text);
    metrics_text_single(&text, METRIC_READY, moment.ready ? 1 : 0);
    metrics_text_single(&text, METRIC_RELOAD_OK, moment.reload_ok ? 1 : 0);
    metrics_text_begin(&text, METRIC_RELOAD_TIME);
    metrics_text_time(&text, NULL, moment.reloaded_at);
    if (!text.failed) {
        text.failed =
            !buffer_append_bytes(&body, buffer_bytes(&moment.survey->metrics), &text.error);
    }
    answer(response, !text.failed, METRICS_CONTENT_TYPE, &body, &text.error);
    survey_unref(moment.survey);
    buffer_clear(&body);
}

static const struct {
    const char *path;
    void (*answer)(struct management *m, struct http_response *response);
} pages[] = {
    { "/healthz", answer_health },
    { "/readyz", answer_ready },
    { "/metrics", answer_metrics },
};

/* Everything is answered here, on the I/O thread: GET, no parameters, nobody's name. */
static enum http_admit admit(void *context, const struct http_request *request,
                             struct http_response *response)
{
    struct management *m = context;
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!text_equal_nocase(request->path, pages[i].path)) {
            continue;
        }
        if (request->method == HTTP_METHOD_GET) {
            pages[i].answer(m, response);
            return HTTP_ADMIT_ANSWERED;
        }
        response->allow = "GET";
        error_set(&err, REASON_METHOD, "only GET");
        http_response_error(response, &err);
        return HTTP_ADMIT_ANSWERED;
    }
    error_set(&err, REASON_NO_SUCH_URL, "only health and metrics are served here");
    http_response_error(response, &err);
    return HTTP_ADMIT_ANSWERED;
}

/* At debug level: a scrape every 15 seconds must not fill the log. */
static void answered(void *context, const struct http_request *request,
                     const struct http_response *response)
{
    const struct management *m = context;
    char peer[IP_TEXT_MAX];
    char path[160];

    if (log_enabled(m->options.log, LOG_LEVEL_DEBUG)) {
        ip_address_format(&request->peer, peer);
        text_escape(path, sizeof(path), bytes_of_text(request->path));
        log_line(m->options.log, LOG_LEVEL_DEBUG, "%s management %d %s", peer, response->status,
                 path);
    }
}

/* ---- the thread that looks ------------------------------------------------------------------- */

/* A survey that cannot be made leaves the last one: which then gets old, and that is told. */
static void look(struct management *m, const struct survey_tls *tls)
{
    struct error why = ERROR_INIT;
    struct survey *found = survey_take(&m->memory, &m->options.sources, tls, &why);
    struct survey *former = NULL;

    if (found == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&m->lock);
    former = m->survey;
    m->survey = found;
    (void)pthread_mutex_unlock(&m->lock);
    survey_unref(former);
}

static void *looker(void *context)
{
    struct management *m = context;

    (void)pthread_mutex_lock(&m->lock);
    while (!m->ending) {
        struct survey_tls tls = m->tls;

        (void)pthread_mutex_unlock(&m->lock);
        look(m, &tls);
        (void)pthread_mutex_lock(&m->lock);
        if (!m->ending) {
            (void)thread_cond_wait_ms(&m->changed, &m->lock, LOOK_MS);
        }
    }
    (void)pthread_mutex_unlock(&m->lock);
    return NULL;
}

/* ---- start ----------------------------------------------------------------------------------- */

static bool add_list(struct management_options *options, const char *list, struct error *err)
{
    struct bytes item;
    size_t pos = 0;
    char text[ADDRESS_TEXT_MAX];

    while (text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        struct listen_config *next = &options->listen[options->listen_count];

        if (options->listen_count == MANAGEMENT_LISTENERS) {
            return error_set(err, REASON_USAGE, "more than %u listeners for management",
                             MANAGEMENT_LISTENERS);
        }
        if (!text_format(text, sizeof(text), "%.*s", (int)item.len, (const char *)item.data)
            || strchr(text, '/') != NULL) {
            return error_set(err, REASON_CONFIG_BAD_VALUE,
                             "a listener for management is ADDRESS:PORT and no more");
        }
        if (!config_net_parse_listen(text, next, err)) {
            return error_context(err, "listener \"%s\"", text);
        }
        next->faces = LISTEN_FACE_MANAGEMENT;
        options->listen_count++;
    }
    return true;
}

bool management_plan(struct management_options *options, const struct app_options *asked,
                     const char *configured, struct error *err)
{
    bool others_named = asked->listen_count != 0 || asked->listen_https_count != 0;

    for (size_t i = 0; i < asked->listen_management_count; i++) {
        if (!add_list(options, asked->listen_management[i], err)) {
            return false;
        }
    }
    return asked->listen_management_count != 0 || others_named
           || add_list(options, configured, err);
}

static void tell_failure(const struct management_options *options, const char *where,
                         const struct error *why)
{
    log_error(options->log, LOG_LEVEL_WARNING, why, "no health and metrics at %s", where);
    event_log_failure(options->events, EVENT_MANAGEMENT_FAILED, where, why);
}

static bool open_server(struct management *m, struct error *err)
{
    const struct http_server_options options = {
        .server_token = "OpenNDES",
        .body_bytes = BODY_BYTES,
        .connections = CONNECTIONS,
        .idle_seconds = IDLE_SECONDS,
        .context = m,
        .admit = admit,
        .answered = answered,
    };

    m->server = http_server_create(&options, err);
    return m->server != NULL;
}

/* Those that cannot be opened are told and taken out. */
static void open_listeners(struct management *m)
{
    size_t opened = 0;

    for (size_t i = 0; i < m->options.listen_count; i++) {
        struct listen_config at = m->options.listen[i];
        const struct http_listen_options listen = { .address = at.address,
                                                    .port = at.port,
                                                    .faces = at.faces };
        struct error why = ERROR_INIT;
        char where[URL_BASE_MAX];

        url_base(&at.address, at.port, false, where);
        if (http_server_listen(m->server, &listen, &at.port, &why)) {
            m->options.listen[opened++] = at;
        } else {
            tell_failure(&m->options, where, &why);
        }
    }
    m->options.listen_count = opened;
}

static bool start(struct management *m, struct error *err)
{
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        return error_set(err, REASON_NO_MEMORY, "management");
    }
    if (!thread_cond_init(&m->changed, err)) {
        (void)pthread_mutex_destroy(&m->lock);
        return false;
    }
    m->locks_ready = true;
    look(m, &m->tls);
    if (m->survey == NULL) {
        return error_set(err, REASON_NO_MEMORY, "survey");
    }
    m->thread_started = thread_start(&m->thread, "management", looker, m, err);
    return m->thread_started && open_server(m, err);
}

struct management *management_start(const struct management_options *options)
{
    struct management *m = NULL;
    struct error why = ERROR_INIT;

    if (options->listen_count == 0) {
        return NULL;
    }
    m = calloc(1, sizeof(*m));
    if (m == NULL) {
        error_set(&why, REASON_NO_MEMORY, "management");
        tell_failure(options, "management.listen", &why);
        return NULL;
    }
    m->options = *options;
    m->tls = options->tls;
    m->ticked_us = clock_monotonic_us();
    m->reload_ok = true;
    m->reloaded_at = clock_now();
    if (!start(m, &why)) {
        tell_failure(options, "management.listen", &why);
        management_free(m);
        return NULL;
    }
    open_listeners(m);
    if (m->options.listen_count == 0) {
        management_free(m);
        return NULL;
    }
    return m;
}

void management_free(struct management *m)
{
    if (m == NULL) {
        return;
    }
    if (m->server != NULL) {
        http_server_stop(m->server, STOP_MS);
    }
    http_server_free(m->server);
    if (m->thread_started) {
        (void)pthread_mutex_lock(&m->lock);
        m->ending = true;
        (void)pthread_cond_signal(&m->changed);
        (void)pthread_mutex_unlock(&m->lock);
        thread_join(m->thread);
    }
    survey_unref(m->survey);
    survey_memory_clear(&m->memory);
    if (m->locks_ready) {
        (void)pthread_cond_destroy(&m->changed);
        (void)pthread_mutex_destroy(&m->lock);
    }
    free(m);
}

/* ---- what the main thread tells -------------------------------------------------------------- */

void management_tick(struct management *m, const struct survey_tls *tls)
{
    if (m != NULL) {
        (void)pthread_mutex_lock(&m->lock);
        m->ticked_us = clock_monotonic_us();
        m->tls = *tls;
        (void)pthread_mutex_unlock(&m->lock);
    }
}

void management_reloaded(struct management *m, bool ok)
{
    if (m != NULL) {
        (void)pthread_mutex_lock(&m->lock);
        m->reload_ok = ok;
        m->reloaded_at = clock_now();
        (void)pthread_cond_signal(&m->changed); /* what is new is looked at now */
        (void)pthread_mutex_unlock(&m->lock);
    }
}

void management_stopping(struct management *m)
{
    if (m != NULL) {
        (void)pthread_mutex_lock(&m->lock);
        m->stopping = true;
        (void)pthread_mutex_unlock(&m->lock);
    }
}

bool management_urls(const struct management *m, struct buffer *out, struct error *err)
{
    char base[URL_BASE_MAX];

    for (size_t i = 0; m != NULL && i < m->options.listen_count; i++) {
        url_base(&m->options.listen[i].address, m->options.listen[i].port, false, base);
        if (!buffer_printf(out, err, "Metrics: %s/metrics\n", base)) {
            return false;
        }
    }
    return true;
}
