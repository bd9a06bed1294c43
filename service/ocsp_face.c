/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ocsp_face.h"

#include "base/base64.h"
#include "base/text.h"
#include "http/http_cache.h"
#include "platform/clock.h"

#define CONTENT_TYPE "application/ocsp-response"

/* NULL: OCSP is off, or there is no such CA. Borrowed. */
static struct ca_ocsp *find_responder(struct runtime *runtime, const struct route *route)
{
    struct ca_builtin *ca = runtime_ca_find(runtime, route->name);

    return ca == NULL || !runtime_config(runtime)->ocsp.enabled ? NULL : ca_builtin_ocsp(ca);
}

bool ocsp_face_admit(struct runtime *runtime, const struct route *route,
                     const struct http_request *request, struct http_response *response,
                     struct error *err)
{
    if (find_responder(runtime, route) == NULL) {
        return error_set(err, REASON_NO_SUCH_URL,
                         runtime_config(runtime)->ocsp.enabled
                             ? "no CA called %s answers OCSP"
                             : "OCSP is off (ocsp.enabled), so nothing is known of the CA %s",
                         route->name);
    }
    if (request->method == HTTP_METHOD_OTHER) {
        response->allow = "GET, HEAD, POST";
        return error_set(err, REASON_METHOD, "method %.16s", request->method_text);
    }
    return true;
}

/*
 * RFC 6960 A.1: the path behind the CA's name is base64, which may hold slashes itself. Those in
 * front are a client's that joins "<url>/" and "/<base64>"; a request never begins with one.
 */
static bool read_path(const char *text, struct buffer *request, struct error *err)
{
    struct error why = ERROR_INIT;

    while (*text == '/') {
        text++;
    }
    return base64_decode(bytes_of_text(text), BASE64_TOLERANT, request, &why)
           || error_set(err, REASON_OCSP_REQUEST, "the OCSP request in the path: %s", why.detail);
}

/* On failure nothing is in `out` but what an earlier step has put there. */
static bool answer(struct ca_ocsp *responder, const struct route *route,
                   const struct http_request *request, int64_t now,
                   const struct ca_ocsp_asker *asker, struct ca_ocsp_answer *out, struct error *err)
{
    struct buffer from_path = BUFFER_INIT(OCSP_REQUEST_BYTES_MAX);
    bool posted = request->method == HTTP_METHOD_POST;
    bool ok = (posted || read_path(route->rest, &from_path, err))
              && ca_ocsp_answer(responder, posted ? request->body : buffer_bytes(&from_path), now,
                                asker, out, err);

    buffer_clear(&from_path);
    return ok;
}

/* Proxies keep answers to GET alone, and only what nobody has asked for with a nonce. */
static bool allow_caches(const struct http_request *request, struct http_response *response,
                         const struct ca_ocsp_answer *out, int64_t now, struct error *err)
{
    return request->method == HTTP_METHOD_POST || out->keep_until == 0
           || http_cache_allow(response, now, out->this_update, out->keep_until, err);
}

static void report_answer(const struct ca_ocsp_answer *out, enum ocsp_outcome outcome,
                          struct endpoint_report *report)
{
    report->result = ocsp_counts_status(outcome);
    if (out->authorized
        && !text_copy(report->certificate.serial, sizeof(report->certificate.serial),
                      out->serial)) {
        report->certificate.serial[0] = '\0';
    }
}

static void refuse(const struct error *why, struct http_response *response,
                   struct endpoint_report *report)
{
    struct buffer body = BUFFER_INIT(OCSP_RESPONSE_BYTES_MAX);
    struct error ignored = ERROR_INIT;

    report->error = *why;
    report->result = "refused";
    if (ca_ocsp_refuse(why, &body, &ignored)) {
        http_response_body(response, CONTENT_TYPE, &body);
    } else {
        http_response_error(response, why);
    }
    buffer_clear(&body);
}

struct question {
    struct ocsp_limit *limit; /* NULL: no limit */
    const struct ip_address *peer;
    int64_t most;
    unsigned seconds; /* until the next one is answered; 0: at once */
};

static bool may_sign(void *context, struct error *err)
{
    struct question *question = context;

    question->seconds = question->limit != NULL
                            ? ocsp_limit_take(question->limit, question->peer, question->most)
                            : 0;
    return question->seconds == 0
           || error_set(err, REASON_RATE_LIMITED,
                        "%lld OCSP answers signed for this address within a minute "
                        "(ocsp.signatures_per_minute); it waits for %u s",
                        (long long)question->most, question->seconds);
}

void ocsp_face_handle(struct runtime *runtime, const struct route *route,
                      const struct http_request *request, struct http_response *response,
                      const struct ocsp_watch *watch, struct endpoint_report *report)
{
    struct ca_ocsp *responder = find_responder(runtime, route);
    struct ca_ocsp_answer out = CA_OCSP_ANSWER_INIT;
    struct error why = ERROR_INIT;
    enum ocsp_outcome outcome = OCSP_FAILED;
    int64_t now = clock_now();
    struct question question = {
        .limit = watch->limit,
        .peer = &request->peer,
        .most = runtime_config(runtime)->ocsp.signatures_per_minute,
    };
    const struct ca_ocsp_asker asker = { .may_sign = may_sign, .context = &question };
    bool ok = false;

    report->operation = OCSP_FACE_OPERATION;
    if (responder == NULL) {
        (void)error_set(&why, REASON_NO_SUCH_URL, "OCSP is off");
    } else if (answer(responder, route, request, now, &asker, &out, &why)) {
        http_response_body(response, CONTENT_TYPE, &out.der);
        ok = allow_caches(request, response, &out, now, &why);
    }
    if (ok) {
        outcome = ocsp_counts_outcome(&out);
        report_answer(&out, outcome, report);
    } else {
        refuse(&why, response, report);
        response->retry_after = question.seconds;
    }
    ocsp_counts_add(watch->counts, outcome);
    ca_ocsp_answer_clear(&out);
}
