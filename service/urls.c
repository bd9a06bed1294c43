/* SPDX-License-Identifier: Apache-2.0 */
#include "service/urls.h"

#include <string.h>

#include "base/text.h"
#include "platform/sockets.h"

void url_base(const struct ip_address *address, uint16_t port, char url[URL_BASE_MAX])
{
    char host[256];
    bool fits;

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
    if (port == 80) {
        fits = text_format(url, URL_BASE_MAX, "http://%s", host);
    } else {
        fits = text_format(url, URL_BASE_MAX, "http://%s:%u", host, (unsigned)port);
    }
    if (!fits) {
        url[0] = '\0';
    }
}

void url_base_of_list(const char *listen, char url[URL_BASE_MAX])
{
    struct error ignored = ERROR_INIT;
    struct ip_address address;
    struct bytes item;
    uint16_t port = 0;
    size_t pos = 0;
    char text[64];

    url[0] = '\0';
    if (!text_next_item(bytes_of_text(listen), ',', &pos, &item) || item.len >= sizeof(text)
        || !text_format(text, sizeof(text), "%.*s", (int)item.len, (const char *)item.data)) {
        return;
    }
    if (ip_endpoint_parse(text, &address, &port, &ignored)) {
        url_base(&address, port, url);
    }
}

bool url_host(const char *url, char *host, size_t size)
{
    const char *start = strstr(url, "://");
    size_t len = 0;

    if (start == NULL) {
        return false;
    }
    start += 3;
    if (*start == '[') {
        start++;
        len = strcspn(start, "]");
    } else {
        len = strcspn(start, ":/");
    }
    return len != 0 && text_format(host, size, "%.*s", (int)len, start);
}
