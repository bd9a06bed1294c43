/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/tls_context.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "support/intune_cloud_internal.h"

#define TOKEN_LIFE 3599
#define YEAR_SECONDS (INT64_C(365) * 86400)
#define SCEP_SERVICE "/RACerts/StatelessScepRequestValidationService/"
#define PKI_SERVICE "/PkiConnectorFEService/StatelessPkiConnectorService/"

/* ---- small things ---------------------------------------------------------------------------- */

void *cloud_list_add(struct cloud_list *list, size_t size)
{
    void *item = calloc(1, size);

    if (item != NULL && list->count == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        void **items = realloc(list->items, room * sizeof(void *));

        if (items == NULL) {
            free(item);
            return NULL;
        }
        list->items = items;
        list->room = room;
    }
    if (item != NULL) {
        list->items[list->count++] = item;
    }
    return item;
}

void cloud_list_clear(struct cloud_list *list, void (*free_item)(void *item))
{
    for (size_t i = 0; i < list->count; i++) {
        if (free_item != NULL) {
            free_item(list->items[i]);
        } else {
            free(list->items[i]);
        }
    }
    free(list->items);
    memset(list, 0, sizeof(*list));
}

void cloud_list_remove(struct cloud_list *list, size_t index)
{
    list->count--;
    memmove(list->items + index, list->items + index + 1, (list->count - index) * sizeof(void *));
}

bool cloud_guid(char text[CLOUD_GUID_MAX])
{
    uint8_t bytes[16];
    char hex[33];
    struct error err = ERROR_INIT;

    if (!secret_random(bytes, sizeof(bytes), &err)) return false;
    bytes[6] = (uint8_t)((bytes[6] & 0x0fu) | 0x40u); /* RFC 9562: version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3fu) | 0x80u);
    text_hex(hex, sizeof(hex), bytes_of(bytes, sizeof(bytes)));
    return text_format(text, CLOUD_GUID_MAX, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                       hex + 16, hex + 20);
}

bool cloud_is_guid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(text) != sizeof(shape) - 1) return false;
    for (size_t i = 0; shape[i] != '\0'; i++) {
        if (shape[i] == '-' ? text[i] != '-' : strspn(text + i, "0123456789abcdefABCDEF") == 0) {
            return false;
        }
    }
    return true;
}

bool cloud_is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

bool cloud_once(struct intune_cloud_server *cloud, const char *kind, const char *text)
{
    size_t size = strlen(kind) + strlen(text) + 2;
    bool fresh = true;
    char *kept = NULL;

    (void)pthread_mutex_lock(&cloud->lock);
    kept = cloud_list_add(&cloud->once, size);
    fresh = kept != NULL && text_format(kept, size, "%s %s", kind, text);
    for (size_t i = 0; fresh && i + 1 < cloud->once.count; i++) {
        fresh = strcmp(cloud->once.items[i], kept) != 0;
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    return fresh;
}

/* ---- answers --------------------------------------------------------------------------------- */

void cloud_answer_text(struct cloud_visit *visit, int status, const char *content_type,
                       struct bytes body)
{
    struct error err = ERROR_INIT;

    visit->response->status = status;
    visit->response->content_type = content_type;
    visit->response->body.max = CLOUD_BODY_MAX;
    buffer_reset(&visit->response->body);
    if (!buffer_append_bytes(&visit->response->body, body, &err)) {
        visit->response->ending = CLOUD_CLOSE;
    }
}

void cloud_answer_json(struct cloud_visit *visit, int status, struct json *take_value)
{
    struct buffer text = BUFFER_INIT(CLOUD_BODY_MAX);
    struct error err = ERROR_INIT;

    if (take_value != NULL && json_value_print(take_value, 0, &text, &err)) {
        cloud_answer_text(visit, status, "application/json; charset=utf-8", buffer_bytes(&text));
    } else {
        visit->response->ending = CLOUD_CLOSE;
    }
    buffer_clear(&text);
    json_value_free(take_value);
}

bool cloud_object(struct cloud_visit *visit, const char *format, ...)
{
    struct intune_cloud_server *cloud = visit->cloud;
    struct json *body = json_value_new_object();
    struct error err = ERROR_INIT;
    char text[INTUNE_CLOUD_TEXT];
    char whole[INTUNE_CLOUD_TEXT];
    va_list args;

    if (visit->wrong) {
        json_value_free(body);
        return false;
    }
    visit->wrong = true;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)!text_format(whole, sizeof(whole), "%s: %s", cloud_path_name(visit->path), text);
    (void)pthread_mutex_lock(&cloud->lock);
    if (cloud->protocol_errors++ == 0) {
        (void)!text_copy(cloud->protocol_error, sizeof(cloud->protocol_error), whole);
    }
    for (size_t i = 0; i < cloud->calls.count; i++) {
        struct cloud_call *call = cloud->calls.items[i];

        if (call->number == visit->response->number) {
            (void)!text_copy(call->call.protocol_error, sizeof(call->call.protocol_error), text);
        }
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    if (body == NULL || !json_value_put_text(body, "protocolError", whole, &err)) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, 400, body);
    return false;
}

bool cloud_behaves(const struct cloud_visit *visit, enum intune_cloud_how how)
{
    return visit->behaviour != NULL && visit->behaviour->b.how == how;
}

/* ---- which path ------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* In place. */
static void percent_decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        int high = *from == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;

        if (low > 0 || (low == 0 && high > 0)) {
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static const struct {
    const char *end;
    enum intune_cloud_path path;
    bool pki;
} actions[] = {
    { "/ScepActions/validateRequest", INTUNE_CLOUD_VALIDATE, false },
    { "/ScepActions/successNotification", INTUNE_CLOUD_SUCCESS, false },
    { "/ScepActions/failureNotification", INTUNE_CLOUD_FAILURE, false },
    { "/CertificateAuthorityRequests/downloadRevocationRequests", INTUNE_CLOUD_DOWNLOAD, true },
    { "/CertificateAuthorityRequests/uploadRevocationResults", INTUNE_CLOUD_UPLOAD, true },
};

/* Under the lock. */
static bool is_service(const struct intune_cloud_server *cloud, const char *way, size_t len,
                       bool pki, bool *former)
{
    const char *now = pki ? cloud->pki_service : cloud->scep_service;

    *former = false;
    if (strlen(now) == len && strncmp(now, way, len) == 0) return true;
    /* the second row of [two-rows] */
    if (strlen(now) + 2 == len && strncmp(now, way, len - 2) == 0
        && strncmp(way + len - 2, "-b", 2) == 0) {
        return true;
    }
    for (size_t i = 0; i < cloud->former.count; i++) {
        const char *old = cloud->former.items[i];

        if (strlen(old) == len && strncmp(old, way, len) == 0) {
            *former = true;
            return true;
        }
    }
    return false;
}

/* *moved: the status of a former address; 0: none. */
static enum intune_cloud_path find_service(struct intune_cloud_server *cloud, const char *way,
                                           int *moved)
{
    size_t len = strlen(way);
    enum intune_cloud_path path = INTUNE_CLOUD_ELSEWHERE;

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        size_t end = strlen(actions[i].end);
        bool former = false;

        if (len <= end || strcmp(way + len - end, actions[i].end) != 0) continue;
        (void)pthread_mutex_lock(&cloud->lock);
        if (is_service(cloud, way, len - end, actions[i].pki, &former)) {
            path = actions[i].path;
            *moved = former ? cloud->former_status : 0;
        }
        (void)pthread_mutex_unlock(&cloud->lock);
    }
    return path;
}

static enum intune_cloud_path find_path(struct intune_cloud_server *cloud,
                                        const struct cloud_request *request, const char *way,
                                        int *moved)
{
    size_t len = strlen(way);
    static const char token[] = "/oauth2/v2.0/token";

    *moved = 0;
    if (len > sizeof(token) && strcmp(way + len - (sizeof(token) - 1), token) == 0) {
        return cloud_token_path(cloud, buffer_bytes(&request->body));
    }
    if (strncmp(way, "/v1.0/servicePrincipals", 23) == 0) return INTUNE_CLOUD_ENDPOINTS;
    if (strncmp(way, "/v1.0/applications", 18) == 0) return INTUNE_CLOUD_APPLICATION;
    return find_service(cloud, way, moved);
}

/* ---- one call -------------------------------------------------------------------------------- */

static bool keep_headers(struct intune_cloud_call *call, struct bytes headers, struct error *err)
{
    struct bytes line;
    size_t pos = 0;

    while (text_next_item(headers, '\n', &pos, &line)) {
        if (line.len >= 14 && text_starts_nocase((const char *)line.data, "authorization:")) {
            line.len = 14;
        }
        if (!buffer_append_bytes(&call->headers, line, err)
            || !buffer_append_byte(&call->headers, '\n', err)) {
            return false;
        }
    }
    return true;
}

/* False: no memory. */
static bool record(struct cloud_visit *visit)
{
    struct intune_cloud_server *cloud = visit->cloud;
    const struct cloud_request *request = visit->request;
    struct error err = ERROR_INIT;
    struct cloud_call *call = NULL;
    bool ok = false;

    (void)pthread_mutex_lock(&cloud->lock);
    call = cloud_list_add(&cloud->calls, sizeof(*call));
    if (call != NULL) {
        call->number = ++cloud->next_call;
        visit->response->number = call->number;
        call->call.path = visit->path;
        call->call.target.max = CLOUD_BODY_MAX;
        call->call.headers.max = CLOUD_BODY_MAX;
        call->call.body.max = CLOUD_BODY_MAX;
        (void)!text_copy(call->call.method, sizeof(call->call.method), request->method);
        ok = buffer_append_bytes(&call->call.target, buffer_bytes(&request->target), &err)
             && keep_headers(&call->call, buffer_bytes(&request->headers), &err)
             && buffer_append_bytes(&call->call.body, buffer_bytes(&request->body), &err);
        visit->behaviour = NULL;
        (void)pthread_cond_broadcast(&cloud->changed);
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    return ok;
}

static const struct {
    enum intune_cloud_path path;
    bool (*check)(struct cloud_visit *visit);
    void (*answer)(struct cloud_visit *visit);
} handlers[] = {
    { INTUNE_CLOUD_TOKEN, cloud_token_check, cloud_token_answer },
    { INTUNE_CLOUD_ENDPOINTS, cloud_graph_check, cloud_graph_answer },
    { INTUNE_CLOUD_APPLICATION, cloud_graph_check, cloud_graph_answer },
    { INTUNE_CLOUD_VALIDATE, cloud_scep_check, cloud_scep_answer },
    { INTUNE_CLOUD_SUCCESS, cloud_scep_check, cloud_scep_answer },
    { INTUNE_CLOUD_FAILURE, cloud_scep_check, cloud_scep_answer },
    { INTUNE_CLOUD_DOWNLOAD, cloud_revoke_check, cloud_revoke_answer },
    { INTUNE_CLOUD_UPLOAD, cloud_revoke_check, cloud_revoke_answer },
};

static void choose_behaviour(struct cloud_visit *visit)
{
    struct intune_cloud_server *cloud = visit->cloud;

    (void)pthread_mutex_lock(&cloud->lock);
    visit->behaviour = cloud_behave_take(cloud, visit->path);
    (void)pthread_mutex_unlock(&cloud->lock);
}

/* A wrong call is told first, then what the test asked for happens, then the usual. */
static void serve(struct cloud_visit *visit)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (!cloud_path_matches(handlers[i].path, visit->path)) continue;
        if (!handlers[i].check(visit)) return;
        choose_behaviour(visit);
        if (!cloud_behave_answer(visit)) {
            handlers[i].answer(visit);
        }
        return;
    }
    (void)cloud_object(visit, "%s %.120s: there is nothing", visit->request->method, visit->way);
    visit->response->status = 404;
}

static bool check_host(struct cloud_visit *visit)
{
    struct buffer host = BUFFER_INIT(CLOUD_VALUE_MAX);
    unsigned count = cloud_header(buffer_bytes(&visit->request->headers), "Host", &host);
    bool ok = count == 1 && strcmp(buffer_text(&host), visit->cloud->url + 8) == 0;

    buffer_clear(&host);
    return ok || cloud_object(visit, "Host is not %s", visit->cloud->url + 8);
}

static void begin(struct cloud_visit *visit, char *way)
{
    char *query = strchr(way, '?');
    int moved = 0;

    visit->query = "";
    if (query != NULL) {
        *query = '\0';
        percent_decode(query + 1);
        visit->query = query + 1;
    }
    percent_decode(way);
    visit->way = way;
    if (strncmp(way, "/_control/", 10) == 0) {
        cloud_control(visit);
        return;
    }
    visit->path = find_path(visit->cloud, visit->request, way, &moved);
    if (!record(visit)) {
        visit->response->ending = CLOUD_CLOSE;
    } else if (visit->request->odd != NULL) {
        (void)cloud_object(visit, "%s", visit->request->odd);
    } else if (!check_host(visit)) {
        return;
    } else if (moved != 0) {
        cloud_answer_text(visit, moved, "text/plain", bytes_of_text("The service is elsewhere."));
    } else {
        serve(visit);
    }
}

static void on_handle(void *context, const struct cloud_request *request,
                      struct cloud_response *response)
{
    struct cloud_visit visit;
    char *way = text_dup_bytes(buffer_bytes(&request->target));

    memset(&visit, 0, sizeof(visit));
    visit.cloud = context;
    visit.request = request;
    visit.response = response;
    if (way != NULL) {
        begin(&visit, way);
    } else {
        response->ending = CLOUD_CLOSE;
    }
    if (visit.behaviour != NULL) {
        cloud_behaviour_free(visit.behaviour);
    }
    free(way);
}

static void on_sent(void *context, const struct cloud_response *response)
{
    struct intune_cloud_server *cloud = context;
    char line[INTUNE_CLOUD_TEXT];

    line[0] = '\0';
    (void)pthread_mutex_lock(&cloud->lock);
    for (size_t i = 0; i < cloud->calls.count; i++) {
        struct cloud_call *call = cloud->calls.items[i];

        if (call->number != response->number) continue;
        call->call.status = response->ending == CLOUD_ANSWER ? response->status : 0;
        call->answered = true;
        (void)!text_format(line, sizeof(line), "%s %d%s%s", cloud_path_name(call->call.path),
                           call->call.status, call->call.protocol_error[0] != '\0' ? " " : "",
                           call->call.protocol_error);
    }
    (void)pthread_cond_broadcast(&cloud->changed);
    (void)pthread_mutex_unlock(&cloud->lock);
    if (line[0] != '\0' && cloud->options.log != NULL) {
        cloud->options.log(cloud->options.context, line);
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

static void free_call(void *item)
{
    struct cloud_call *call = item;

    intune_cloud_call_clear(&call->call);
    free(call);
}

static void free_token(void *item)
{
    struct cloud_token *token = item;

    free(token->text);
    free(token);
}

static void free_certificate(void *item)
{
    struct cloud_identity *identity = item;

    certificate_free(identity->cert);
    free(identity);
}

static void default_settings(struct intune_cloud_settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    settings->graph_right = true;
    settings->intune_right = true;
    settings->token_life = TOKEN_LIFE;
    settings->secret_ends = clock_now() + YEAR_SECONDS;
}

void intune_cloud_reset(struct intune_cloud_server *cloud)
{
    (void)pthread_mutex_lock(&cloud->lock);
    cloud_list_clear(&cloud->calls, free_call);
    cloud_list_clear(&cloud->behaviours, cloud_behaviour_free);
    cloud_list_clear(&cloud->tokens, free_token);
    cloud_list_clear(&cloud->once, NULL);
    cloud_list_clear(&cloud->enrolments, NULL);
    cloud_list_clear(&cloud->revocations, NULL);
    cloud->protocol_errors = 0;
    cloud->protocol_error[0] = '\0';
    cloud->latch_open = false;
    default_settings(&cloud->settings);
    (void)pthread_cond_broadcast(&cloud->changed);
    (void)pthread_mutex_unlock(&cloud->lock);
}

/* Under the lock, or alone. */
static bool new_services(struct intune_cloud_server *cloud)
{
    char scep[CLOUD_GUID_MAX];
    char pki[CLOUD_GUID_MAX];

    return cloud_guid(scep) && cloud_guid(pki)
           && text_format(cloud->scep_service, sizeof(cloud->scep_service), "%s%s", SCEP_SERVICE,
                          scep)
           && text_format(cloud->pki_service, sizeof(cloud->pki_service), "%s%s", PKI_SERVICE, pki);
}

void intune_cloud_move(struct intune_cloud_server *cloud, int status)
{
    const char *const old[] = { cloud->scep_service, cloud->pki_service };

    (void)pthread_mutex_lock(&cloud->lock);
    for (size_t i = 0; i < 2; i++) {
        char *former = cloud_list_add(&cloud->former, CLOUD_PATH_MAX);

        if (former != NULL) {
            (void)!text_copy(former, CLOUD_PATH_MAX, old[i]);
        }
    }
    cloud->former_status = status;
    (void)!new_services(cloud);
    (void)pthread_mutex_unlock(&cloud->lock);
}

const char *cloud_host(const struct intune_cloud_server *cloud)
{
    return cloud->options.host != NULL ? cloud->options.host : "localhost";
}

static bool start(struct intune_cloud_server *cloud, struct error *err)
{
    const struct cloud_http_options http = {
        .tls = cloud->tls, .context = cloud, .handle = on_handle, .sent = on_sent
    };

    if (!new_services(cloud)) return error_set(err, REASON_INTERNAL, "no randomness");
    cloud->http = cloud_http_create(&http, &cloud->port, err);
    (void)!text_format(cloud->url, sizeof(cloud->url), "https://%s:%u", cloud_host(cloud),
                       cloud->port);
    return cloud->http != NULL;
}

struct intune_cloud_server *intune_cloud_create(const struct intune_cloud_options *options,
                                                struct error *err)
{
    struct intune_cloud_server *cloud = calloc(1, sizeof(*cloud));

    if (cloud == NULL || pthread_mutex_init(&cloud->lock, NULL) != 0) {
        free(cloud);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the cloud");
        return NULL;
    }
    if (!thread_cond_init(&cloud->changed, err)) {
        (void)pthread_mutex_destroy(&cloud->lock);
        free(cloud);
        return NULL;
    }
    cloud->options = *options;
    default_settings(&cloud->settings);
    if (!path_join(cloud->ca_file, options->folder, "ca.pem", err)
        || !cloud_identities_create(cloud, err) || !start(cloud, err)) {
        intune_cloud_free(cloud);
        return NULL;
    }
    return cloud;
}

void intune_cloud_free(struct intune_cloud_server *cloud)
{
    if (cloud == NULL) return;
    (void)pthread_mutex_lock(&cloud->lock);
    cloud->stopping = true;
    (void)pthread_cond_broadcast(&cloud->changed);
    (void)pthread_mutex_unlock(&cloud->lock);
    cloud_http_free(cloud->http);
    intune_cloud_reset(cloud);
    cloud_list_clear(&cloud->certificates, free_certificate);
    cloud_list_clear(&cloud->former, NULL);
    cloud_identities_free(cloud);
    (void)pthread_cond_destroy(&cloud->changed);
    (void)pthread_mutex_destroy(&cloud->lock);
    free(cloud);
}

const char *intune_cloud_url(const struct intune_cloud_server *cloud)
{
    return cloud->url;
}

uint16_t intune_cloud_port(const struct intune_cloud_server *cloud)
{
    return cloud->port;
}

const char *intune_cloud_ca_file(const struct intune_cloud_server *cloud)
{
    return cloud->ca_file;
}

void intune_cloud_open_latch(struct intune_cloud_server *cloud)
{
    (void)pthread_mutex_lock(&cloud->lock);
    cloud->latch_open = true;
    (void)pthread_cond_broadcast(&cloud->changed);
    (void)pthread_mutex_unlock(&cloud->lock);
}
