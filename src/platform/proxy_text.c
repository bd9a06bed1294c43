/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/proxy_text.h"

#include <string.h>

#include "base/text.h"

#define SCHEME_HTTP "http://"
#define PORT_MAX 65535u
#define SHOWN_MAX 128

/* ---- lists ----------------------------------------------------------------------------------- */

static bool is_any(char c, const char *of)
{
    return c != '\0' && strchr(of, c) != NULL;
}

/* The next run of characters that are no separator; false at the end. */
static bool next_item(const char **rest, const char *separators, struct bytes *item)
{
    const char *start = *rest;
    const char *end = NULL;

    while (is_any(*start, separators)) {
        start++;
    }
    end = start;
    while (*end != '\0' && !is_any(*end, separators)) {
        end++;
    }
    *item = bytes_of(start, (size_t)(end - start));
    *rest = end;
    return item->len > 0;
}

/* Item as a C string; false when longer than any name. */
static bool item_text(struct bytes item, char text[PROXY_TEXT_MAX])
{
    if (item.len >= PROXY_TEXT_MAX) return false;
    memcpy(text, item.data, item.len);
    text[item.len] = '\0';
    return true;
}

/* ---- the proxy ------------------------------------------------------------------------------- */

static bool refuse(struct bytes item, const char *source, const char *why, struct error *err)
{
    char shown[SHOWN_MAX];
    size_t at = 0;

    /* a password stands before '@': nothing up to there is shown */
    for (size_t i = 0; i < item.len; i++) {
        at = item.data[i] == '@' ? i + 1 : at;
    }
    text_escape(shown, sizeof(shown), bytes_of(item.data + at, item.len - at));
    return error_set(err, REASON_HTTP_CLIENT,
                     "the proxy \"%s%s\" of %s %s; set intune.proxy to http://HOST:PORT, or none",
                     at > 0 ? "...@" : "", shown, source, why);
}

/* Where the port's digits begin; 0: there is none. "[v6]:port" has its colon behind the bracket. */
static size_t port_start(struct bytes host)
{
    for (size_t i = host.len; i > 0; i--) {
        if (host.data[i - 1] == ':') return i;
        if (host.data[i - 1] == ']') return 0;
    }
    return 0;
}

static bool host_is_plain(struct bytes host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (host.data[i] <= ' ' || host.data[i] >= 0x7f
            || is_any((char)host.data[i], "/\\?#\"'<>")) {
            return false;
        }
    }
    return host.len > 0;
}

static bool read_proxy(struct bytes item, const char *source, char proxy[PROXY_TEXT_MAX],
                       struct error *err)
{
    char text[PROXY_TEXT_MAX];
    struct bytes host;
    uint64_t port = 0;
    size_t start = 0;

    if (!item_text(item, text)) return refuse(item, source, "is too long", err);
    host = bytes_of_text(text);
    if (strchr(text, '@') != NULL) {
        return refuse(item, source,
                      "holds a user: that belongs into intune.proxy_user, the password into "
                      "\"openndes intune proxy-password\"",
                      err);
    }
    if (text_starts_nocase(text, SCHEME_HTTP)) {
        host = bytes_of_text(text + strlen(SCHEME_HTTP));
    } else if (strstr(text, "://") != NULL) {
        return refuse(item, source, "is no HTTP proxy", err);
    }
    if (host.len > 0 && host.data[host.len - 1] == '/') {
        host.len--;
    }
    start = port_start(host);
    if (start < 2 || !host_is_plain(host)
        || !text_parse_u64(bytes_of(host.data + start, host.len - start), PORT_MAX, &port)
        || port == 0) {
        return refuse(item, source, "is not of the form HOST:PORT", err);
    }
    return text_format(proxy, PROXY_TEXT_MAX, SCHEME_HTTP "%.*s", (int)host.len,
                       (const char *)host.data)
           || refuse(item, source, "is too long", err);
}

bool proxy_of_list(const char *list, const char *source, char proxy[PROXY_TEXT_MAX],
                   struct error *err)
{
    static const char https[] = "https=";
    struct bytes chosen = { NULL, 0 };
    struct bytes item;

    proxy[0] = '\0';
    while (next_item(&list, "; \t\r\n", &item)) {
        const char *text = (const char *)item.data;

        if (text_starts_nocase(text, https) && item.len >= strlen(https)) {
            chosen = bytes_of(text + strlen(https), item.len - strlen(https));
            break;
        }
        if (chosen.data == NULL && memchr(text, '=', item.len) == NULL) {
            chosen = item;
        }
    }
    return chosen.data == NULL || read_proxy(chosen, source, proxy, err);
}

/* ---- who goes past it ------------------------------------------------------------------------ */

/* Without the brackets of an IPv6 address and the dot at a name's end. */
static bool plain_host(const char *host, char out[PROXY_TEXT_MAX])
{
    struct bytes text = bytes_of_text(host);

    if (text.len > 1 && text.data[0] == '[' && text.data[text.len - 1] == ']') {
        text = bytes_of(text.data + 1, text.len - 2);
    } else if (text.len > 1 && text.data[text.len - 1] == '.') {
        text.len--;
    }
    return item_text(text, out);
}

static bool item_names(const char *item, const char *host)
{
    size_t item_len = strlen(item);
    size_t host_len = strlen(host);

    if (text_equal_nocase(item, "<local>")) {
        return strchr(host, '.') == NULL && strchr(host, ':') == NULL;
    }
    if (strchr(item, '*') != NULL) {
        return text_glob(item, bytes_of_text(host));
    }
    if (item[0] == '.') {
        return text_equal_nocase(item + 1, host)
               || (host_len > item_len && text_equal_nocase(host + host_len - item_len, item));
    }
    return text_equal_nocase(item, host);
}

bool proxy_bypassed(const char *list, const char *host)
{
    char name[PROXY_TEXT_MAX];
    char pattern[PROXY_TEXT_MAX];
    struct bytes item;

    if (!plain_host(host, name)) return false;
    while (next_item(&list, ",; \t\r\n", &item)) {
        char text[PROXY_TEXT_MAX];

        if (item_text(item, text) && plain_host(text, pattern) && item_names(pattern, name)) {
            return true;
        }
    }
    return false;
}
