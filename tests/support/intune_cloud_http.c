/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_http.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "http/tls_front.h"
#include "platform/clock.h"
#include "platform/socket_io.h"
#include "platform/threads.h"

#define HEAD_MAX 65536u
#define BODY_MAX 16777216u
#define PIECE 16384u
#define CONNECTIONS 512u
#define HANDSHAKE_SECONDS 20u
#define DATE_MAX 40u

struct cloud_connection {
    struct cloud_http *http;
    socket_handle socket;
    struct socket_poll *poll;
    struct buffer input; /* received and not yet read */
    pthread_t thread;
    bool ended; /* under the lock */
    struct cloud_connection *next;
};

struct cloud_http {
    struct cloud_http_options options;
    struct tls_front *front;
    pthread_mutex_t lock;
    struct cloud_connection *connections; /* under the lock */
};

/* ---- headers --------------------------------------------------------------------------------- */

unsigned cloud_header(struct bytes headers, const char *name, struct buffer *value)
{
    struct error err = ERROR_INIT;
    struct bytes line;
    size_t len = strlen(name);
    size_t pos = 0;
    unsigned found = 0;

    while (text_next_item(headers, '\n', &pos, &line)) {
        if (line.len <= len || line.data[len] != ':') continue;
        if (!text_starts_nocase((const char *)line.data, name)) continue;
        if (found == 0 && value != NULL
            && !buffer_append_bytes(
                value, text_trim(bytes_of(line.data + len + 1, line.len - len - 1)), &err)) {
            return 0;
        }
        found++;
    }
    return found;
}

bool cloud_add_header(struct cloud_response *response, const char *name, const char *value,
                      struct error *err)
{
    response->headers.max = HEAD_MAX;
    return buffer_printf(&response->headers, err, "%s: %.*s\r\n", name, (int)strcspn(value, "\r\n"),
                         value);
}

/* RFC 9110 5.6.7. */
static void http_date(int64_t seconds, char text[DATE_MAX])
{
    static const char days[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    char iso[CLOCK_TEXT_MAX];
    unsigned month = 0;

    clock_format(seconds, iso); /* 2026-01-31T12:34:56Z */
    month = (unsigned)((iso[5] - '0') * 10 + (iso[6] - '0'));
    (void)!text_format(text, DATE_MAX, "%s, %.2s %s %.4s %.8s GMT",
                       days[(size_t)(seconds / 86400 % 7)], iso + 8, months[(month - 1) % 12], iso,
                       iso + 11);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void wait_for(struct cloud_connection *c, unsigned events)
{
    socket_poll_reset(c->poll);
    socket_poll_add(c->poll, c->socket, events);
    socket_poll_wait(c->poll, -1);
}

/* More input; false at the connection's end. */
static bool receive(struct cloud_connection *c)
{
    struct error err = ERROR_INIT;
    uint8_t piece[PIECE];
    size_t got = 0;

    for (;;) {
        switch (socket_receive(c->socket, piece, sizeof(piece), &got)) {
        case SOCKET_IO_DONE:
            return buffer_append(&c->input, piece, got, &err);
        case SOCKET_IO_LATER:
            wait_for(c, SOCKET_POLL_READ);
            break;
        case SOCKET_IO_ENDED:
            return false;
        }
    }
}

static bool send_all(struct cloud_connection *c, struct bytes data)
{
    size_t sent = 0;

    while (data.len > 0) {
        switch (socket_send(c->socket, data, &sent)) {
        case SOCKET_IO_DONE:
            data.data += sent;
            data.len -= sent;
            break;
        case SOCKET_IO_LATER:
            wait_for(c, SOCKET_POLL_WRITE);
            break;
        case SOCKET_IO_ENDED:
            return false;
        }
    }
    return true;
}

static bool drip(struct cloud_connection *c, struct bytes data, unsigned ms)
{
    for (size_t i = 0; i < data.len; i++) {
        if (!send_all(c, bytes_of(data.data + i, 1))) return false;
        thread_pause_ms(ms);
    }
    return true;
}

/* Header lines, or whatever else they are taken for, until the other side ends the connection. */
static void send_for_ever(struct cloud_connection *c)
{
    static const char line[] = "X-More: of what nobody has asked for\r\n";
    struct buffer many = BUFFER_INIT(HEAD_MAX);
    struct error err = ERROR_INIT;
    bool ok = true;

    while (many.len + sizeof(line) < PIECE && ok) {
        ok = buffer_append_text(&many, line, &err);
    }
    while (ok && send_all(c, buffer_bytes(&many))) {
    }
    buffer_clear(&many);
}

/* Forget the first bytes of the input. */
static void eat(struct cloud_connection *c, size_t len)
{
    memmove(c->input.data, c->input.data + len, c->input.len - len);
    c->input.len -= len;
    c->input.data[c->input.len] = '\0';
}

/* ---- a request ------------------------------------------------------------------------------- */

static bool read_request_line(const char *line, struct cloud_request *request)
{
    struct error err = ERROR_INIT;
    size_t method = strcspn(line, " ");
    const char *target = line + method + (line[method] == ' ' ? 1 : 0);
    size_t len = strcspn(target, " ");

    if (method == 0 || len == 0 || strcmp(target + len, " HTTP/1.1") != 0) {
        request->odd = "not an HTTP/1.1 request line";
    }
    return text_format(request->method, sizeof(request->method), "%.*s", (int)method, line)
           && buffer_append(&request->target, target, len, &err);
}

/* What stands before the empty line; the lines end in CRLF. */
static bool read_head(char *head, struct cloud_request *request)
{
    struct error err = ERROR_INIT;
    char *line = head;
    char *end = strstr(line, "\r\n");

    if (end == NULL) return false;
    *end = '\0';
    if (!read_request_line(line, request)) return false;
    for (line = end + 2; *line != '\0'; line = end + 2) {
        end = strstr(line, "\r\n");
        if (end == NULL) return false;
        *end = '\0';
        if (strchr(line, ':') == NULL || line[0] == ' ' || strchr(line, '\n') != NULL) {
            request->odd = "a header line without a colon, or a folded one";
        }
        if (!buffer_append_text(&request->headers, line, &err)
            || !buffer_append_byte(&request->headers, '\n', &err)) {
            return false;
        }
    }
    return true;
}

static bool read_length(struct cloud_request *request, uint64_t *length)
{
    struct buffer text = BUFFER_INIT(HEAD_MAX);
    struct bytes headers = buffer_bytes(&request->headers);
    unsigned count = cloud_header(headers, "Content-Length", &text);
    bool ok = true;

    *length = 0;
    if (cloud_header(headers, "Transfer-Encoding", NULL) > 0) {
        request->odd = "a body of unknown length";
        ok = false;
    } else if (count > 0) {
        ok = text_parse_u64(buffer_bytes(&text), BODY_MAX, length);
    }
    if (count > 1) {
        request->odd = "Content-Length twice";
    }
    buffer_clear(&text);
    return ok;
}

static bool read_body(struct cloud_connection *c, struct cloud_request *request, uint64_t length)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct error err = ERROR_INIT;

    if (c->input.len < length && cloud_header(buffer_bytes(&request->headers), "Expect", NULL) > 0
        && !send_all(c, bytes_of_text(go_on))) {
        return false;
    }
    while (c->input.len < length) {
        if (!receive(c)) return false;
    }
    if (length == 0) return true;
    if (!buffer_append(&request->body, c->input.data, (size_t)length, &err)) return false;
    eat(c, (size_t)length);
    return true;
}

/* False: the connection ends. */
static bool read_request(struct cloud_connection *c, struct cloud_request *request)
{
    char *head = NULL;
    char *end = NULL;
    uint64_t length = 0;
    size_t len = 0;
    bool ok = false;

    while (c->input.len == 0 || (end = strstr((char *)c->input.data, "\r\n\r\n")) == NULL) {
        if (c->input.len > HEAD_MAX || !receive(c)) return false;
    }
    len = (size_t)(end - (char *)c->input.data) + 2;
    head = text_dup_bytes(bytes_of(c->input.data, len));
    eat(c, len + 2);
    ok = head != NULL && read_head(head, request) && read_length(request, &length)
         && read_body(c, request, length);
    free(head);
    return ok;
}

static void request_clear(struct cloud_request *request)
{
    buffer_clear(&request->target);
    buffer_clear(&request->headers);
    buffer_clear(&request->body);
}

/* ---- an answer ------------------------------------------------------------------------------- */

static bool send_pieces(struct cloud_connection *c, const struct cloud_response *response,
                        struct bytes head, struct bytes body)
{
    switch (response->ending) {
    case CLOUD_DRIP:
        return drip(c, head, response->drip_ms) && drip(c, body, response->drip_ms);
    case CLOUD_ENDLESS_HEAD:
        head.len -= 2; /* the empty line */
        if (send_all(c, head)) send_for_ever(c);
        return false;
    case CLOUD_ENDLESS_BODY:
        if (send_all(c, head)) send_for_ever(c);
        return false;
    case CLOUD_CUT:
        body.len /= 2;
        return send_all(c, head) && send_all(c, body) && false;
    default:
        return send_all(c, head) && send_all(c, body);
    }
}

static bool send_answer(struct cloud_connection *c, const struct cloud_response *response)
{
    bool endless = response->ending == CLOUD_ENDLESS_BODY;
    struct buffer head = BUFFER_INIT(2 * HEAD_MAX);
    struct error err = ERROR_INIT;
    struct bytes body = buffer_bytes(&response->body);
    char date[DATE_MAX];
    bool ok = false;

    http_date(clock_now() + response->date_offset, date);
    ok = buffer_printf(&head, &err, "HTTP/1.1 %d X\r\nDate: %s\r\n", response->status, date)
         && (endless || buffer_printf(&head, &err, "Content-Length: %zu\r\n", body.len))
         && (response->content_type == NULL
             || buffer_printf(&head, &err, "Content-Type: %s\r\n", response->content_type))
         && buffer_append_bytes(&head, buffer_bytes(&response->headers), &err)
         && buffer_append_text(&head, "\r\n", &err);
    ok = ok && send_pieces(c, response, buffer_bytes(&head), body);
    buffer_clear(&head);
    return ok;
}

static bool wants_close(const struct cloud_request *request)
{
    struct buffer value = BUFFER_INIT(HEAD_MAX);
    bool close = false;

    if (cloud_header(buffer_bytes(&request->headers), "Connection", &value) > 0) {
        close = text_equal_nocase(buffer_text(&value), "close");
    }
    buffer_clear(&value);
    return close;
}

/* One request and its answer; false: the connection ends. */
static bool serve_one(struct cloud_connection *c)
{
    struct cloud_http *http = c->http;
    struct cloud_request request = { .target = BUFFER_INIT(HEAD_MAX),
                                     .headers = BUFFER_INIT(2 * HEAD_MAX),
                                     .body = BUFFER_INIT(BODY_MAX) };
    struct cloud_response response = { .body = BUFFER_INIT(BODY_MAX) };
    bool go_on = read_request(c, &request);

    if (go_on) {
        http->options.handle(http->options.context, &request, &response);
        go_on =
            response.ending != CLOUD_CLOSE && send_answer(c, &response) && !wants_close(&request);
        http->options.sent(http->options.context, &response);
    }
    buffer_clear(&response.headers);
    buffer_clear(&response.body);
    request_clear(&request);
    return go_on;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void *serve(void *context)
{
    struct cloud_connection *c = context;

    while (serve_one(c)) {
    }
    socket_close(c->socket);
    (void)pthread_mutex_lock(&c->http->lock);
    c->ended = true;
    (void)pthread_mutex_unlock(&c->http->lock);
    return NULL;
}

static void connection_free(struct cloud_connection *c)
{
    buffer_clear(&c->input);
    socket_poll_free(c->poll);
    free(c);
}

/* Connections that have ended, or all. Called without the lock, which their threads need. */
static void reap(struct cloud_http *http, bool all)
{
    struct cloud_connection *done = NULL;
    struct cloud_connection **link = &http->connections;

    (void)pthread_mutex_lock(&http->lock);
    while (*link != NULL) {
        struct cloud_connection *c = *link;

        if (all || c->ended) {
            *link = c->next;
            c->next = done;
            done = c;
        } else {
            link = &c->next;
        }
    }
    (void)pthread_mutex_unlock(&http->lock);
    while (done != NULL) {
        struct cloud_connection *next = done->next;

        thread_join(done->thread);
        connection_free(done);
        done = next;
    }
}

static bool connected(void *context, void *listener, socket_handle take_socket,
                      const struct tls_arrival *arrival)
{
    struct cloud_http *http = context;
    struct cloud_connection *c = calloc(1, sizeof(*c));
    struct error err = ERROR_INIT;

    (void)listener;
    (void)arrival;
    reap(http, false);
    if (c != NULL) {
        c->http = http;
        c->socket = take_socket;
        c->input.max = BODY_MAX + 2 * HEAD_MAX;
        c->poll = socket_poll_create(1);
    }
    if (c == NULL || c->poll == NULL || !thread_start(&c->thread, "cloud", serve, c, &err)) {
        socket_close(take_socket);
        if (c != NULL) {
            connection_free(c);
        }
        return false;
    }
    (void)pthread_mutex_lock(&http->lock);
    c->next = http->connections;
    http->connections = c;
    (void)pthread_mutex_unlock(&http->lock);
    return true;
}

static bool listen_here(struct cloud_http *http, uint16_t *port, struct error *err)
{
    struct ip_address address;
    socket_handle listening = SOCKET_HANDLE_NONE;

    return ip_address_parse(bytes_of_text("127.0.0.1"), &address, err)
           && socket_listen(&address, 0, 64, &listening, port, err)
           && tls_front_listen(http->front, listening, http->options.tls, http, err);
}

struct cloud_http *cloud_http_create(const struct cloud_http_options *options, uint16_t *port,
                                     struct error *err)
{
    struct cloud_http *http = calloc(1, sizeof(*http));
    const struct tls_front_options front = {
        .connections = CONNECTIONS,
        .handshake_seconds = HANDSHAKE_SECONDS,
        .context = http,
        .connected = connected,
    };

    if (http == NULL || pthread_mutex_init(&http->lock, NULL) != 0) {
        free(http);
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for the cloud");
        return NULL;
    }
    http->options = *options;
    if (sockets_start(err)) {
        http->front = tls_front_create(&front, err);
    }
    if (http->front == NULL || !listen_here(http, port, err)) {
        cloud_http_free(http);
        return NULL;
    }
    return http;
}

void cloud_http_free(struct cloud_http *http)
{
    if (http == NULL) return;
    tls_front_free(http->front, 0); /* every plain side reads its end now */
    reap(http, true);
    (void)pthread_mutex_destroy(&http->lock);
    free(http);
}
