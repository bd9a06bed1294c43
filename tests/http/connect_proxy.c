/* SPDX-License-Identifier: Apache-2.0 */
#include "http/connect_proxy.h"

#include <stdlib.h>
#include <string.h>

#include "support/test_support.h"

#include "base/text.h"
#include "http/raw_socket.h"
#include "platform/threads.h"

#define HEAD_MAX 65536u
#define SEEN_MAX 262144u

struct connect_proxy {
    struct connect_proxy_options options;
    struct peer_server *server;
    char url[PROXY_URL_MAX];
    pthread_mutex_t lock; /* guards what follows */
    struct buffer seen;
    unsigned tunnels;
};

/* ---- the request ----------------------------------------------------------------------------- */

static bool read_head(socket_handle s, struct buffer *head)
{
    struct error err = ERROR_INIT;
    char byte = 0;
    bool ended = false;

    while (strstr(buffer_text(head), "\r\n\r\n") == NULL) {
        if (raw_socket_receive(s, &byte, 1, &ended) != 1) return false;
        if (!buffer_append(head, &byte, 1, &err)) return false;
    }
    return true;
}

static void say(socket_handle s, const char *text)
{
    struct bytes rest = bytes_of_text(text);

    while (rest.len > 0) {
        size_t sent = raw_socket_send(s, rest);

        if (sent == 0) return;
        rest = bytes_of(rest.data + sent, rest.len - sent);
    }
}

/* The port of "CONNECT host:port HTTP/1.1"; 0: something else. */
static uint16_t target_port(const char *head)
{
    const char *end = NULL;
    const char *colon = NULL;
    uint64_t port = 0;

    if (strncmp(head, "CONNECT ", 8) != 0) return 0;
    end = strchr(head + 8, ' ');
    if (end == NULL) return 0;
    for (colon = end; colon > head && *colon != ':'; colon--) {
    }
    return text_parse_u64(bytes_of(colon + 1, (size_t)(end - colon - 1)), 65535, &port)
               ? (uint16_t)port
               : 0;
}

static bool may_pass(const struct connect_proxy *proxy, const char *head)
{
    char wanted[256];

    if (proxy->options.basic == NULL) return true;
    return text_format(wanted, sizeof(wanted), "\r\nProxy-Authorization: Basic %s\r\n",
                       proxy->options.basic)
           && strstr(head, wanted) != NULL;
}

/* ---- the tunnel ------------------------------------------------------------------------------ */

struct direction {
    socket_handle from, to;
};

static void *relay(void *context)
{
    struct direction *d = context;
    uint8_t data[16384];
    bool ended = false;

    while (!ended) {
        struct bytes rest = bytes_of(data, raw_socket_receive(d->from, data, sizeof(data), &ended));

        while (rest.len > 0) {
            size_t sent = raw_socket_send(d->to, rest);

            if (sent == 0) {
                ended = true;
                break;
            }
            rest = bytes_of(rest.data + sent, rest.len - sent);
        }
    }
    raw_socket_shutdown(d->from);
    raw_socket_shutdown(d->to);
    return NULL;
}

static void tunnel(struct connect_proxy *proxy, socket_handle client, uint16_t port)
{
    struct error err = ERROR_INIT;
    struct ip_address address;
    struct direction there, back;
    pthread_t thread;

    peer_loopback(&address);
    there.from = back.to = client;
    there.to = back.from = raw_socket_connect(&address, port);
    if (there.to == SOCKET_HANDLE_NONE) {
        say(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->tunnels++;
    (void)pthread_mutex_unlock(&proxy->lock);
    say(client, "HTTP/1.1 200 Connection established\r\nRetry-After: 77\r\n\r\n");
    if (thread_start(&thread, "relay", relay, &back, &err)) {
        (void)relay(&there);
        thread_join(thread);
    }
    socket_close(there.to);
}

static void serve(void *context, socket_handle s)
{
    struct connect_proxy *proxy = context;
    struct buffer head = BUFFER_INIT(HEAD_MAX);
    struct error err = ERROR_INIT;
    char refusal[128];

    if (!read_head(s, &head)) goto out;
    (void)pthread_mutex_lock(&proxy->lock);
    (void)!buffer_append_bytes(&proxy->seen, buffer_bytes(&head), &err);
    (void)pthread_mutex_unlock(&proxy->lock);
    if (proxy->options.hang_up) goto out;
    if (proxy->options.refuse != 0) {
        assert_true(text_format(refusal, sizeof(refusal),
                                "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n",
                                proxy->options.refuse));
        say(s, refusal);
    } else if (!may_pass(proxy, buffer_text(&head))) {
        say(s, "HTTP/1.1 407 Proxy Authentication Required\r\n"
               "Proxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n");
    } else {
        tunnel(proxy, s, target_port(buffer_text(&head)));
    }
out:
    buffer_clear(&head);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct connect_proxy *connect_proxy_start(const struct connect_proxy_options *options)
{
    struct connect_proxy *proxy = calloc(1, sizeof(*proxy));

    assert_non_null(proxy);
    proxy->options = *options;
    proxy->seen.max = SEEN_MAX;
    assert_int_equal(pthread_mutex_init(&proxy->lock, NULL), 0);
    proxy->server = peer_server_start(serve, proxy);
    assert_true(text_format(proxy->url, sizeof(proxy->url), "http://127.0.0.1:%u",
                            (unsigned)peer_server_port(proxy->server)));
    return proxy;
}

void connect_proxy_stop(struct connect_proxy *proxy)
{
    if (proxy == NULL) return;
    peer_server_stop(proxy->server);
    buffer_clear(&proxy->seen);
    (void)pthread_mutex_destroy(&proxy->lock);
    free(proxy);
}

const char *connect_proxy_url(const struct connect_proxy *proxy)
{
    return proxy->url;
}

void connect_proxy_seen(struct connect_proxy *proxy, struct buffer *out)
{
    struct error err = ERROR_INIT;

    buffer_clear(out);
    out->max = SEEN_MAX;
    (void)pthread_mutex_lock(&proxy->lock);
    assert_true(buffer_append_bytes(out, buffer_bytes(&proxy->seen), &err));
    (void)pthread_mutex_unlock(&proxy->lock);
}

unsigned connect_proxy_tunnels(struct connect_proxy *proxy)
{
    unsigned tunnels = 0;

    (void)pthread_mutex_lock(&proxy->lock);
    tunnels = proxy->tunnels;
    (void)pthread_mutex_unlock(&proxy->lock);
    return tunnels;
}
