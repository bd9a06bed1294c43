/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a call: the answer's fields, or a sentence an administrator can act on. */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/text.h"
#include "http/http_client_internal.h"
#include "platform/clock.h"

#define SAID_MAX 200
#define RETRY_AFTER_MAX 31536000 /* a year: more is not worth telling apart */
#define PROXY_AUTHENTICATION_REQUIRED 407L

/* ---- the answer ------------------------------------------------------------------------------ */

/* A header of the answer itself, not of the proxy's or an interim one; NULL: none. */
static const char *header(CURL *easy, const char *name)
{
    struct curl_header *found = NULL;

    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value
                                                                                  : NULL;
}

static int64_t http_date(const char *text)
{
    time_t seconds = text != NULL ? curl_getdate(text, NULL) : -1;

    return seconds > 0 ? (int64_t)seconds : 0;
}

/* RFC 9110 10.2.3. A date counts from the server's own clock where it tells the time. */
static int64_t retry_after(const char *text, int64_t server_date)
{
    uint64_t number = 0;
    int64_t when = 0;

    if (text == NULL) return -1;
    if (text_parse_u64(text_trim(bytes_of_text(text)), UINT64_MAX, &number)) {
        return number < RETRY_AFTER_MAX ? (int64_t)number : RETRY_AFTER_MAX;
    }
    when = http_date(text);
    if (when == 0) return -1;
    when -= server_date != 0 ? server_date : clock_now();
    if (when < 0) return 0;
    return when < RETRY_AFTER_MAX ? when : RETRY_AFTER_MAX;
}

static void fill_answer(struct http_transfer *transfer, long status)
{
    struct http_answer *answer = transfer->answer;
    CURL *easy = transfer->slot->easy;
    const char *type = header(easy, "Content-Type");

    answer->status = (int)status;
    answer->date = http_date(header(easy, "Date"));
    answer->retry_after = retry_after(header(easy, "Retry-After"), answer->date);
    if (type == NULL || !text_copy(answer->content_type, sizeof(answer->content_type), type)) {
        answer->content_type[0] = '\0';
    }
    answer->failure = HTTP_CALL_NONE;
}

/* ---- what kind of failure -------------------------------------------------------------------- */

static const struct {
    CURLcode code;
    enum http_call_failure failure;
} failures[] = {
    { CURLE_COULDNT_RESOLVE_HOST, HTTP_CALL_NAME },
    { CURLE_COULDNT_RESOLVE_PROXY, HTTP_CALL_PROXY },
    { CURLE_PROXY, HTTP_CALL_PROXY },
    { CURLE_COULDNT_CONNECT, HTTP_CALL_CONNECT },
    { CURLE_OPERATION_TIMEDOUT, HTTP_CALL_TIMEOUT },
    { CURLE_FILESIZE_EXCEEDED, HTTP_CALL_TOO_LARGE },
    { CURLE_SSL_CONNECT_ERROR, HTTP_CALL_TLS },
    { CURLE_PEER_FAILED_VERIFICATION, HTTP_CALL_TLS },
    { CURLE_SSL_ENGINE_NOTFOUND, HTTP_CALL_TLS },
    { CURLE_SSL_CERTPROBLEM, HTTP_CALL_TLS },
    { CURLE_SSL_CIPHER, HTTP_CALL_TLS },
    { CURLE_SSL_CACERT_BADFILE, HTTP_CALL_TLS },
    { CURLE_SSL_ISSUER_ERROR, HTTP_CALL_TLS },
    { CURLE_USE_SSL_FAILED, HTTP_CALL_TLS },
};

static long info_long(const struct http_transfer *transfer, CURLINFO info)
{
    long value = 0;

    return curl_easy_getinfo(transfer->slot->easy, info, &value) == CURLE_OK ? value : 0;
}

static curl_off_t info_time(const struct http_transfer *transfer, CURLINFO info)
{
    curl_off_t value = 0;

    return curl_easy_getinfo(transfer->slot->easy, info, &value) == CURLE_OK ? value : 0;
}

/* A new connection whose tunnel never came about: it is the proxy that failed, whatever is said. */
static bool tunnel_failed(const struct http_transfer *transfer)
{
    long connect = info_long(transfer, CURLINFO_HTTP_CONNECTCODE);

    return transfer->answer->proxy[0] != '\0' && (connect < 200 || connect > 299)
           && (connect != 0 || info_time(transfer, CURLINFO_PRETRANSFER_TIME_T) == 0)
           && info_time(transfer, CURLINFO_APPCONNECT_TIME_T) == 0;
}

static enum http_call_failure classify(const struct http_transfer *transfer)
{
    enum http_call_failure failure = HTTP_CALL_OTHER;

    if (transfer->stopped) return HTTP_CALL_STOPPED;
    if (transfer->too_large) return HTTP_CALL_TOO_LARGE;
    if (transfer->no_memory) return HTTP_CALL_OTHER;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if ((int)failures[i].code == transfer->result) {
            failure = failures[i].failure;
        }
    }
    if ((failure == HTTP_CALL_CONNECT || failure == HTTP_CALL_OTHER) && tunnel_failed(transfer)) {
        return HTTP_CALL_PROXY;
    }
    return failure;
}

/* ---- sentences ------------------------------------------------------------------------------- */

/* Where the proxy's address comes from, for the one who has to correct it. */
static const char *proxy_source(const struct http_transfer *transfer)
{
    return strcmp(transfer->client->proxy, "system") == 0
               ? "the machine's proxy settings, or set intune.proxy"
               : "intune.proxy";
}

static bool say_proxy(const struct http_transfer *transfer, const char *said, struct error *err)
{
    const char *proxy = transfer->answer->proxy;
    long connect = info_long(transfer, CURLINFO_HTTP_CONNECTCODE);

    if (connect == PROXY_AUTHENTICATION_REQUIRED && transfer->client->proxy_user[0] != '\0') {
        return error_set(err, REASON_HTTP_CLIENT,
                         "proxy %s answers 407: it does not take the user of intune.proxy_user "
                         "with the password kept; set it anew with \"openndes intune "
                         "proxy-password\" (of the kinds of sign-in only Basic is possible)",
                         proxy);
    }
    if (connect == PROXY_AUTHENTICATION_REQUIRED) {
        return error_set(err, REASON_HTTP_CLIENT,
                         "proxy %s answers 407: set intune.proxy_user, and the password with "
                         "\"openndes intune proxy-password\"",
                         proxy);
    }
    if (connect != 0) {
        return error_set(err, REASON_HTTP_CLIENT,
                         "proxy %s answers %ld to CONNECT %s: it has to let this machine through "
                         "to that host",
                         proxy, connect, transfer->place);
    }
    if (transfer->result == CURLE_COULDNT_RESOLVE_PROXY) {
        return error_set(err, REASON_HTTP_CLIENT,
                         "the name of the proxy %s is not known to DNS; correct %s", proxy,
                         proxy_source(transfer));
    }
    return error_set(err, REASON_HTTP_CLIENT,
                     "no connection to %s through the proxy %s (%s); see that it runs, or correct "
                     "%s",
                     transfer->place, proxy, said, proxy_source(transfer));
}

static bool say_certificate(const struct http_transfer *transfer, const char *said,
                            struct error *err)
{
    char now[CLOCK_TEXT_MAX];

    clock_format(clock_now(), now);
    switch (tls_trust_problem(info_long(transfer, CURLINFO_SSL_VERIFYRESULT))) {
    case TLS_TRUST_FINE: /* it is in order, but for somebody else */
        return error_set(err, REASON_HTTP_CLIENT,
                         "the certificate that answers for %s is for another name (%s); see where "
                         "DNS or a proxy leads",
                         transfer->place, said);
    case TLS_TRUST_UNKNOWN_CA:
        return error_set(err, REASON_HTTP_CLIENT,
                         "the certificate of %s is not trusted (%s); if a proxy inspects TLS, put "
                         "its CA as PEM into a file and name that in intune.ca_file, otherwise "
                         "bring the system's root certificates up to date",
                         transfer->place, said);
    case TLS_TRUST_EXPIRED:
        return error_set(err, REASON_HTTP_CLIENT,
                         "the certificate of %s, or of its CA, has expired; or this machine's "
                         "clock is wrong: it says %s",
                         transfer->place, now);
    case TLS_TRUST_NOT_YET_VALID:
        return error_set(err, REASON_HTTP_CLIENT,
                         "the certificate of %s, or of its CA, is not valid yet; or this machine's "
                         "clock is wrong: it says %s",
                         transfer->place, now);
    case TLS_TRUST_OTHER:
        break;
    }
    return error_set(err, REASON_HTTP_CLIENT, "the certificate of %s is refused (%s)",
                     transfer->place, said);
}

static bool say_tls(const struct http_transfer *transfer, const char *said, struct error *err)
{
    if (transfer->result == CURLE_PEER_FAILED_VERIFICATION) {
        return say_certificate(transfer, said, err);
    }
    return error_set(err, REASON_HTTP_CLIENT,
                     "no TLS connection to %s (%s); it takes TLS 1.2 or 1.3, a certificate of a "
                     "trusted CA (see intune.ca_file), and nothing on the way that cuts it",
                     transfer->place, said);
}

static bool say_timeout(const struct http_transfer *transfer, struct error *err)
{
    const struct http_client *client = transfer->client;
    const char *proxy = transfer->answer->proxy;

    if (info_time(transfer, CURLINFO_PRETRANSFER_TIME_T) == 0) {
        return error_set(err, REASON_HTTP_CLIENT,
                         "no connection to %s%s%s within %lld seconds; check firewall and proxy",
                         transfer->place, proxy[0] != '\0' ? " through the proxy " : "", proxy,
                         (long long)(client->connect_seconds < client->total_seconds
                                         ? client->connect_seconds
                                         : client->total_seconds));
    }
    return error_set(err, REASON_HTTP_CLIENT, "no complete answer from %s within %lld seconds",
                     transfer->place, (long long)client->total_seconds);
}

static bool say_too_large(const struct http_transfer *transfer, struct error *err)
{
    if (transfer->head_bytes > HTTP_CLIENT_HEAD_MAX) {
        return error_set(err, REASON_LIMIT,
                         "the headers of the answer of %s are larger than %u bytes",
                         transfer->place, HTTP_CLIENT_HEAD_MAX);
    }
    return error_set(err, REASON_LIMIT, "the answer of %s is larger than %zu bytes",
                     transfer->place, transfer->client->max_answer);
}

static bool say_other(const struct http_transfer *transfer, const char *said, struct error *err)
{
    if (transfer->no_memory || transfer->result == CURLE_OUT_OF_MEMORY) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for the answer of %s",
                         transfer->place);
    }
    return error_set(err, REASON_HTTP_CLIENT, "the call to %s failed (%s)", transfer->place, said);
}

/* "after 3 ms": the one thing in libcurl's words that differs when the same happens again. */
static void drop_time(char *said)
{
    char *at = strstr(said, " after ");
    char *end = at != NULL ? at + strlen(" after ") : NULL;

    while (end != NULL && *end >= '0' && *end <= '9') {
        end++;
    }
    if (end != NULL && end[-1] != ' ' && strncmp(end, " ms", 3) == 0) {
        memmove(at, end + 3, strlen(end + 3) + 1);
    }
}

static bool say(const struct http_transfer *transfer, enum http_call_failure failure,
                struct error *err)
{
    char said[SAID_MAX];
    const char *words =
        transfer->said[0] != '\0' ? transfer->said : curl_easy_strerror((CURLcode)transfer->result);

    text_escape(said, sizeof(said), bytes_of_text(words));
    drop_time(said);
    switch (failure) {
    case HTTP_CALL_NAME:
        return error_set(err, REASON_HTTP_CLIENT,
                         "the name %s is not known to DNS (%s); check this machine's DNS servers, "
                         "or set intune.proxy if only a proxy leads out",
                         transfer->host, said);
    case HTTP_CALL_PROXY:
        return say_proxy(transfer, said, err);
    case HTTP_CALL_CONNECT:
        return error_set(err, REASON_HTTP_CLIENT,
                         "no connection to %s (%s); check the firewall, or set intune.proxy if "
                         "only a proxy leads out",
                         transfer->place, said);
    case HTTP_CALL_TLS:
        return say_tls(transfer, said, err);
    case HTTP_CALL_TIMEOUT:
        return say_timeout(transfer, err);
    case HTTP_CALL_TOO_LARGE:
        return say_too_large(transfer, err);
    case HTTP_CALL_STOPPED:
        return error_set(err, REASON_STOPPING, "the service is stopping");
    case HTTP_CALL_NONE:
    case HTTP_CALL_OTHER:
        break;
    }
    return say_other(transfer, said, err);
}

bool http_transfer_judge(struct http_transfer *transfer, struct error *err)
{
    long status = info_long(transfer, CURLINFO_RESPONSE_CODE);

    if (!transfer->stopped && transfer->result == CURLE_OK) {
        if (status >= 200 && status <= 599) {
            fill_answer(transfer, status);
            return true;
        }
        transfer->answer->failure = HTTP_CALL_OTHER;
        return error_set(err, REASON_HTTP_CLIENT, "%s answers with the impossible status %ld",
                         transfer->place, status);
    }
    transfer->answer->failure = classify(transfer);
    return say(transfer, transfer->answer->failure, err);
}
