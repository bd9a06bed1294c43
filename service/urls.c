/* SPDX-License-Identifier: Apache-2.0 */
#include "service/urls.h"

#include <string.h>

#include "base/text.h"
#include "platform/sockets.h"

#define HTTP_PORT 80
#define HTTPS_PORT 443

static void url_of_host(const char *host, size_t host_len, uint16_t port, bool tls,
                        char url[URL_BASE_MAX])
{
    const char *scheme = tls ? "https" : "http";
    bool fits;

    if (port == (tls ? HTTPS_PORT : HTTP_PORT)) {
        fits = text_format(url, URL_BASE_MAX, "%s://%.*s", scheme, (int)host_len, host);
    } else {
        fits = text_format(url, URL_BASE_MAX, "%s://%.*s:%u", scheme, (int)host_len, host,
                           (unsigned)port);
    }
    if (!fits) {
        url[0] = '\0';
    }
}

void url_base(const struct ip_address *address, uint16_t port, bool tls, char url[URL_BASE_MAX])
{
    char host[256];

    if (ip_address_is_any(address)) {
        socket_host_name(host, sizeof(host));
    } else if (address->v6) {
        char text[IP_TEXT_MAX];

        ip_address_format(address, text);
        if (!text_format(host, sizeof(host), "[%s]", text)) {
            host[0] = '\0';
        }
    } else {
        ip_address_format(address, host);
    }
    url_of_host(host, strlen(host), port, tls, url);
}

void url_listeners_add(const char *list, bool tls, struct url_listener out[URL_LISTENERS_MAX],
                       size_t *count)
{
    struct bytes item;
    size_t pos = 0;

    while (*count < URL_LISTENERS_MAX && text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        struct error ignored = ERROR_INIT;
        char text[96];

        if (text_format(text, sizeof(text), "%.*s", (int)item.len, (const char *)item.data)
            && config_net_parse_listen(text, &out[*count].at, &ignored)) {
            out[*count].tls = tls;
            (*count)++;
        }
    }
}

/* The first listener that serves a face, the wanted scheme before the other; NULL: none. */
static const struct url_listener *serving(const struct url_listener *listeners, size_t count,
                                          unsigned face, bool tls_first)
{
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++) {
            if ((listeners[i].at.faces & face) != 0
                && listeners[i].tls == (round == 0 ? tls_first : !tls_first)) {
                return &listeners[i];
            }
        }
    }
    return NULL;
}

/* "scep.example.com" or "[2001:db8::1]" of a URL that config_net_check_url has passed. */
static size_t host_of(const char *url, const char **host)
{
    const char *start = strstr(url, "://");
    size_t len;

    *host = start != NULL ? start + 3 : url;
    len = strcspn(*host, "/");
    if ((*host)[0] == '[') {
        return strcspn(*host, "]") + 1;
    }
    return strcspn(*host, ":") < len ? strcspn(*host, ":") : len;
}

static void base_for(const struct url_listener *listener, const char *public_url, bool is_admin,
                     char url[URL_BASE_MAX])
{
    const char *host = NULL;

    url[0] = '\0';
    if (listener == NULL) {
        return;
    }
    if (public_url[0] == '\0') {
        url_base(&listener->at.address, listener->at.port, listener->tls, url);
    } else if (is_admin && listener->tls && strncmp(public_url, "https:", 6) != 0) {
        size_t len = host_of(public_url, &host);

        url_of_host(host, len, listener->at.port, true, url);
    } else if (!text_copy(url, URL_BASE_MAX, public_url)) {
        url[0] = '\0';
    }
}

void url_bases_make(const struct url_listener *listeners, size_t count, const char *public_url,
                    struct url_bases *out)
{
    base_for(serving(listeners, count, LISTEN_FACE_SCEP, false), public_url, false, out->scep);
    base_for(serving(listeners, count, LISTEN_FACE_UI, true), public_url, true, out->admin);
    base_for(serving(listeners, count, LISTEN_FACE_CRL, false), public_url, false, out->crl);
}

void url_bases_of_config(const struct service_config *config, struct url_bases *out)
{
    struct url_listener listeners[URL_LISTENERS_MAX];
    size_t count = 0;

    url_listeners_add(config->listen, false, listeners, &count);
    url_listeners_add(config->https.listen, true, listeners, &count);
    url_bases_make(listeners, count, config->public_url, out);
}

bool url_host(const char *url, char *host, size_t size)
{
    const char *start = NULL;
    size_t len = 0;

    if (strstr(url, "://") == NULL) {
        return false;
    }
    len = host_of(url, &start);
    if (len >= 2 && start[0] == '[') { /* without the brackets of an IPv6 address */
        start++;
        len -= 2;
    }
    return len != 0 && text_format(host, size, "%.*s", (int)len, start);
}
