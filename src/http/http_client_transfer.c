/* SPDX-License-Identifier: Apache-2.0 */
/* One call: libcurl's options, its callbacks, and the loop around them. */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/limits.h"
#include "http/http_client_internal.h"

#define POLL_MS 1000
#define HEADER_BYTES_MAX 32768u /* one of ours; a token is some KB */

_Static_assert(HTTP_CLIENT_ERROR_MAX >= CURL_ERROR_SIZE, "room for libcurl's words");

/* ---- what comes ------------------------------------------------------------------------------ */

static size_t take_body(char *data, size_t one, size_t len, void *context)
{
    struct http_transfer *transfer = context;
    struct error err = ERROR_INIT;

    (void)one;
    if (buffer_append(&transfer->answer->body, data, len, &err)) return len;
    transfer->too_large = err.reason == REASON_LIMIT;
    transfer->no_memory = !transfer->too_large;
    return CURL_WRITEFUNC_ERROR;
}

/* The headers are kept by libcurl; here they are only counted. */
static size_t take_head(char *data, size_t one, size_t len, void *context)
{
    struct http_transfer *transfer = context;

    (void)data;
    (void)one;
    if (len <= HTTP_CLIENT_HEAD_MAX - transfer->head_bytes) {
        transfer->head_bytes += len;
        return len;
    }
    transfer->too_large = true;
    transfer->head_bytes = HTTP_CLIENT_HEAD_MAX + 1;
    return CURL_WRITEFUNC_ERROR;
}

static CURLcode trust_more(CURL *easy, void *ssl_context, void *context)
{
    struct http_transfer *transfer = context;

    (void)easy;
    return tls_trust_apply(transfer->client->trust, ssl_context) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

/* ---- what goes ------------------------------------------------------------------------------- */

/* "Name: value", printable, without line ends; the value may be a secret and is never shown. */
static bool header_is_sound(const char *header)
{
    const char *colon = strchr(header, ':');

    if (colon == NULL || colon == header || colon[1] != ' ' || colon[2] == '\0'
        || strlen(header) > HEADER_BYTES_MAX) {
        return false;
    }
    for (const char *c = header; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;

        if (byte < ' ' || byte == 0x7f || (c < colon && byte == ' ')) return false;
    }
    return true;
}

static bool add_header(struct curl_slist **list, const char *header, struct error *err)
{
    struct curl_slist *longer = curl_slist_append(*list, header);

    if (longer == NULL) return error_set(err, REASON_NO_MEMORY, "out of memory for headers");
    *list = longer;
    return true;
}

static bool make_headers(const struct http_call *call, struct curl_slist **list, struct error *err)
{
    /* A server that does not know "Expect" would let us wait a second for nothing. */
    if (!add_header(list, "Expect:", err)) return false;
    for (size_t i = 0; i < HTTP_CALL_HEADERS && call->headers[i] != NULL; i++) {
        if (!header_is_sound(call->headers[i])) {
            return error_set(err, REASON_USAGE, "header %zu of an HTTPS call cannot be sent", i);
        }
        if (!add_header(list, call->headers[i], err)) return false;
    }
    return true;
}

static void free_headers(struct curl_slist *list)
{
    for (struct curl_slist *item = list; item != NULL; item = item->next) {
        secret_wipe(item->data, strlen(item->data));
    }
    curl_slist_free_all(list);
}

/* ---- options --------------------------------------------------------------------------------- */

/* The first failure stays: out of memory, or a libcurl without the option. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (code == CURLE_OK) code = curl_easy_setopt(easy, option, value);                        \
    } while (0)

/* Cookies, .netrc, HSTS and Alt-Svc are off as long as nobody switches them on. */
static CURLcode set_transport(CURL *easy, const struct http_transfer *transfer)
{
    const struct http_client *client = transfer->client;
    CURLcode code = CURLE_OK;

    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    /* a name server that does not answer must not hold up a call that is over */
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, http_client_address_seconds(client));
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_seconds * 1000L);
    SET(CURLOPT_TIMEOUT_MS, (long)client->total_seconds * 1000L);
    return code;
}

static CURLcode set_tls(CURL *easy, struct http_transfer *transfer)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    /* Windows' roots; elsewhere libcurl has a bundle compiled in */
    SET(CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_NATIVE_CA);
    /*
     * The bundle holds the same CAs as the folder; with both, libcurl reads it at each connection.
     */
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSL_CTX_FUNCTION, trust_more);
    SET(CURLOPT_SSL_CTX_DATA, transfer);
    return code;
}

/* An empty text is a decision too: without one libcurl would ask the environment. */
static CURLcode set_proxy(CURL *easy, const struct http_transfer *transfer)
{
    const struct http_client *client = transfer->client;
    CURLcode code = CURLE_OK;

    SET(CURLOPT_PROXY, transfer->answer->proxy);
    SET(CURLOPT_NOPROXY, "");
    SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
    SET(CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (transfer->answer->proxy[0] != '\0' && client->proxy_user[0] != '\0') {
        SET(CURLOPT_PROXYUSERNAME, client->proxy_user);
        SET(CURLOPT_PROXYPASSWORD,
            client->proxy_password.len > 0 ? (const char *)client->proxy_password.data : "");
    }
    return code;
}

static CURLcode set_request(CURL *easy, const struct http_transfer *transfer,
                            struct curl_slist *headers)
{
    const struct http_call *call = transfer->call;
    CURLcode code = CURLE_OK;

    SET(CURLOPT_URL, call->url);
    SET(CURLOPT_USERAGENT, transfer->client->user_agent);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* ours are not for the proxy */
    SET(CURLOPT_HTTPHEADER, headers);
    if (strcmp(call->method, "POST") == 0) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        SET(CURLOPT_POSTFIELDS,
            call->body.len > 0 ? (const char *)call->body.data : ""); /* no copy */
    } else {
        SET(CURLOPT_HTTPGET, 1L);
    }
    return code;
}

static CURLcode set_answer(CURL *easy, struct http_transfer *transfer)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_ERRORBUFFER, transfer->said);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->client->max_answer);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, take_head);
    SET(CURLOPT_HEADERDATA, transfer);
    return code;
}

static bool set_up(struct http_transfer *transfer, struct curl_slist *headers, struct error *err)
{
    CURL *easy = transfer->slot->easy;
    CURLcode code = set_transport(easy, transfer);

    if (code == CURLE_OK) code = set_tls(easy, transfer);
    if (code == CURLE_OK) code = set_proxy(easy, transfer);
    if (code == CURLE_OK) code = set_request(easy, transfer, headers);
    if (code == CURLE_OK) code = set_answer(easy, transfer);
    if (code == CURLE_OK) return true;
    return error_set(err, code == CURLE_OUT_OF_MEMORY ? REASON_NO_MEMORY : REASON_INTERNAL,
                     "an HTTPS call cannot be set up: %s", curl_easy_strerror(code));
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int result_of(CURLM *multi)
{
    int left = 0;
    CURLMsg *message = curl_multi_info_read(multi, &left);

    return message != NULL && message->msg == CURLMSG_DONE ? (int)message->data.result
                                                           : (int)CURLE_FAILED_INIT;
}

/*
 * Until the call is over, or the client stops: http_client_stop wakes the poll. libcurl ends the
 * poll by itself for its own time limits.
 */
static void loop(struct http_transfer *transfer)
{
    CURLM *multi = transfer->slot->multi;
    CURLMcode code = CURLM_OK;
    int running = 1;

    while (running > 0 && code == CURLM_OK && !transfer->stopped) {
        transfer->stopped = http_client_is_stopping(transfer->client);
        if (!transfer->stopped) code = curl_multi_perform(multi, &running);
        if (running > 0 && code == CURLM_OK && !transfer->stopped) {
            code = curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
        }
    }
    if (!transfer->stopped) {
        transfer->result = code == CURLM_OK ? result_of(multi) : (int)CURLE_FAILED_INIT;
    }
}

bool http_transfer_run(struct http_transfer *transfer, struct error *err)
{
    const char *method = transfer->call->method;
    struct http_slot *slot = transfer->slot;
    struct curl_slist *headers = NULL;
    bool ok = false;

    curl_easy_reset(slot->easy); /* connections stay: they are the multi handle's */
    if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0) {
        (void)error_set(err, REASON_USAGE, "an HTTPS call with the method \"%.16s\"", method);
        goto out;
    }
    if (!make_headers(transfer->call, &headers, err)) goto out;
    if (!set_up(transfer, headers, err)) goto out;
    if (curl_multi_add_handle(slot->multi, slot->easy) != CURLM_OK) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for an HTTPS call");
        goto out;
    }
    loop(transfer);
    (void)curl_multi_remove_handle(slot->multi, slot->easy);
    ok = true;
out:
    /* nothing borrowed stays behind; what went and how it ended is asked for afterwards */
    (void)curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, NULL);
    (void)curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, NULL);
    (void)curl_easy_setopt(slot->easy, CURLOPT_PROXYPASSWORD, NULL);
    (void)curl_easy_setopt(slot->easy, CURLOPT_ERRORBUFFER, NULL);
    free_headers(headers);
    return ok;
}
