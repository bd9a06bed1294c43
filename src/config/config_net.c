/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_net.h"

#include <string.h>

#include "base/ip_prefix.h"
#include "base/text.h"

#define LISTEN_TEXT_MAX 80u /* an IPv6 address in brackets, a port, all faces */

/* What an address parser says about data becomes what this program says about configuration. */
static bool bad_value(struct error *err, const struct error *cause)
{
    return error_set(err, REASON_CONFIG_BAD_VALUE, "%s", cause->detail);
}

static bool parse_faces(struct bytes text, unsigned *faces)
{
    static const struct {
        const char *word;
        unsigned face;
    } words[] = {
        { "scep", LISTEN_FACE_SCEP },
        { "ui", LISTEN_FACE_UI },
        { "crl", LISTEN_FACE_CRL },
    };
    struct bytes item;
    size_t pos = 0;

    *faces = 0;
    while (text_next_item(text, '+', &pos, &item)) {
        unsigned face = 0;

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (bytes_equal(item, bytes_of_text(words[i].word))) {
                face = words[i].face;
            }
        }
        if (face == 0) {
            return false;
        }
        *faces |= face;
    }
    return *faces != 0;
}

bool config_net_parse_listen(const char *text, struct listen_config *out, struct error *err)
{
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    struct error cause = ERROR_INIT;
    char address[LISTEN_TEXT_MAX];

    if (len >= sizeof(address)) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "longer than any ADDRESS:PORT; possible: 0.0.0.0:80, [::]:80");
    }
    memcpy(address, text, len);
    address[len] = '\0';
    if (!ip_endpoint_parse(address, &out->address, &out->port, &cause)) {
        return bad_value(err, &cause);
    }
    out->faces = LISTEN_FACES_ALL;
    if (slash != NULL && !parse_faces(bytes_of_text(slash + 1), &out->faces)) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "behind \"/\" stands what is served there; possible: scep, ui and crl, "
                         "joined by +, such as %s/scep+crl",
                         address);
    }
    return true;
}

bool config_net_check_listen(const char *text, struct error *err)
{
    struct listen_config unused;

    return config_net_parse_listen(text, &unused, err);
}

bool config_net_check_prefix(const char *text, struct error *err)
{
    struct error cause = ERROR_INIT;
    struct ip_prefix prefix;

    if (!ip_prefix_parse(bytes_of_text(text), &prefix, &cause)) {
        return bad_value(err, &cause);
    }
    return true;
}

/* "host", "host:port", "[v6]:port": what stands between "//" and the path. */
static bool authority_valid(struct bytes authority)
{
    const uint8_t *end = NULL;
    struct bytes host = authority;
    struct ip_address address;
    struct error unused = ERROR_INIT;
    uint64_t port = 0;

    if (host.len > 0 && host.data[0] == '[') {
        end = memchr(host.data, ']', host.len);
        if (end == NULL) {
            return false;
        }
        host = bytes_of(authority.data + 1, (size_t)(end - authority.data) - 1);
        if (!ip_address_parse(host, &address, &unused)) {
            return false;
        }
        end++;
    } else {
        end = host.len > 0 ? memchr(host.data, ':', host.len) : NULL;
        if (end == NULL) {
            end = authority.data + authority.len;
        }
        host.len = (size_t)(end - authority.data);
        for (size_t i = 0; i < host.len; i++) {
            uint8_t c = host.data[i];

            if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                  || c == '-' || c == '.' || c == '_')) {
                return false;
            }
        }
    }
    if (end == authority.data + authority.len) {
        return host.len > 0;
    }
    authority = bytes_of(end + 1, (size_t)(authority.data + authority.len - end) - 1);
    return host.len > 0 && *end == ':' && text_parse_u64(authority, UINT16_MAX, &port) && port > 0;
}

static bool path_valid(struct bytes path)
{
    for (size_t i = 0; i < path.len; i++) {
        if (path.data[i] <= ' ' || path.data[i] >= 0x7f
            || strchr("?#\"<>\\^`{|}", path.data[i]) != NULL) {
            return false;
        }
    }
    return true;
}

bool config_net_check_url(const char *text, struct error *err)
{
    static const char possible[] =
        "possible: http://HOST or https://HOST, with :PORT and a path if need be, such as "
        "http://scep.example.com";
    const char *rest = NULL;
    size_t authority_len = 0;

    if (text[0] == '\0') {
        return true;
    }
    if (strncmp(text, "http://", 7) == 0) {
        rest = text + 7;
    } else if (strncmp(text, "https://", 8) == 0) {
        rest = text + 8;
    } else {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "it does not begin with http:// or https://; %s", possible);
    }
    if (text[strlen(text) - 1] == '/') {
        return error_set(err, REASON_CONFIG_BAD_VALUE, "it ends with \"/\"; %s", possible);
    }
    authority_len = strcspn(rest, "/?#");
    if (!authority_valid(bytes_of(rest, authority_len))) {
        return error_set(err, REASON_CONFIG_BAD_VALUE, "the host or port is not valid; %s",
                         possible);
    }
    if (!path_valid(bytes_of_text(rest + authority_len))) {
        return error_set(err, REASON_CONFIG_BAD_VALUE,
                         "it has a query, a fragment, a space or a character that no path has; %s",
                         possible);
    }
    return true;
}

bool config_net_listen_unique(const char *list, struct error *err)
{
    struct listen_config seen[2 * LIMIT_LISTENERS];
    struct error unused = ERROR_INIT;
    struct bytes item;
    size_t count = 0;
    size_t pos = 0;
    char text[LISTEN_TEXT_MAX];

    while (count < 2 * LIMIT_LISTENERS && text_next_item(bytes_of_text(list), ',', &pos, &item)) {
        if (!text_format(text, sizeof(text), "%.*s", (int)item.len, (const char *)item.data)
            || !config_net_parse_listen(text, &seen[count], &unused)) {
            return error_set(err, REASON_CONFIG_BAD_VALUE, "an item is not ADDRESS:PORT");
        }
        for (size_t i = 0; i < count; i++) {
            if (seen[i].port == seen[count].port && seen[i].port != 0
                && ip_address_equal(&seen[i].address, &seen[count].address)) {
                return error_set(err, REASON_CONFIG_CONFLICT, "%s is listed twice", text);
            }
        }
        count++;
    }
    return true;
}

bool config_net_acl_restricts(const struct acl_config *acl)
{
    struct error unused = ERROR_INIT;
    struct ip_prefix prefix;
    struct bytes item;
    size_t pos = 0;
    bool any = false;

    if (!acl->enabled || acl->limit == ACL_LIMIT_UI || acl->allowed == NULL) {
        return false;
    }
    while (text_next_item(bytes_of_text(acl->allowed), ',', &pos, &item)) {
        if (!ip_prefix_parse(item, &prefix, &unused) || prefix.bits == 0) {
            return false;
        }
        any = true;
    }
    return any;
}
