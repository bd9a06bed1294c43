/* SPDX-License-Identifier: Apache-2.0 */
#include "service/client_address.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"

#define ADDRESS_TEXT_MAX 64u

static bool is_proxy(const struct ip_acl *proxies, const struct ip_address *peer)
{
    struct error ignored = ERROR_INIT;

    return ip_acl_check(proxies, ACL_FACE_SCEP, peer, &ignored);
}

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711" */
static bool parse_client(struct bytes item, struct ip_address *out)
{
    struct error ignored = ERROR_INIT;
    struct bytes text = text_trim(item);
    char copy[ADDRESS_TEXT_MAX];
    uint16_t port = 0;

    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    if (ip_address_parse(text, out, &ignored)) {
        return true;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    error_clear(&ignored);
    if (ip_endpoint_parse(copy, out, &port, &ignored)) {
        return true;
    }
    error_clear(&ignored);
    return text.data[0] == '[' && text.data[text.len - 1] == ']'
           && ip_address_parse(bytes_of(text.data + 1, text.len - 2), out, &ignored);
}

/* Where the last item begins. */
static size_t last_item(struct bytes list)
{
    size_t start = list.len;

    while (start > 0 && list.data[start - 1] != ',') {
        start--;
    }
    return start;
}

bool client_address_resolve(const struct ip_acl *proxies, struct http_request *request,
                            struct error *err)
{
    struct bytes list;

    if (!is_proxy(proxies, &request->peer)) {
        return true;
    }
    if (request->forwarded_proto != NULL) {
        request->tls = text_equal_nocase(request->forwarded_proto, "https");
        request->channel_binding_len = 0; /* the client's channel ends at the proxy */
    }
    list = bytes_of_text(request->forwarded_for != NULL ? request->forwarded_for : "");
    while (list.len > 0 && is_proxy(proxies, &request->peer)) {
        size_t start = last_item(list);

        if (!parse_client(bytes_of(list.data + start, list.len - start), &request->peer)) {
            return error_set(err, REASON_SYNTAX,
                             "a trusted proxy sent an X-Forwarded-For that is no address");
        }
        list.len = start > 0 ? start - 1 : 0;
    }
    return true;
}
