/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  revocation requests: fetched, and answered.
 * Not here: revoking (intune_keeper.h).
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     Intune-Resource-Access, IntuneRevocationClient.
 */
#include "intune/intune_client.h"

#include "intune/intune_call.h"
#include "intune/intune_service.h"
#include "intune/intune_text.h"
#include "platform/clock.h"

#define API_VERSION "5019-05-05" /* so in Microsoft's library */
#define ROWS_MAX 500u
#define BODY_MAX 1048576 /* 500 results with contexts of some hundred bytes */

static bool ask(struct intune_client *client, const char *path, const struct buffer *body,
                struct http_answer *answer, char id[INTUNE_ID_MAX], struct error *err)
{
    struct intune_service_call call = { .service = INTUNE_SERVICE_CONNECTOR,
                                        .path = path,
                                        .api_version = API_VERSION,
                                        .body = buffer_bytes(body) };

    return intune_service_call(client, &call, answer, id, err);
}

bool intune_download_revocations(struct intune_client *client, unsigned max,
                                 intune_revocation_visit *visit, void *context, struct error *err)
{
    struct buffer body = BUFFER_INIT(256);
    struct http_answer answer = HTTP_ANSWER_INIT;
    char id[INTUNE_ID_MAX] = "";
    struct error why = ERROR_INIT;
    struct intune_answer said;
    int64_t begun_us = clock_monotonic_us();
    unsigned rows = max == 0 ? 1 : max > ROWS_MAX ? ROWS_MAX : max;
    bool ok =
        buffer_printf(&body, &why,
                      "{\"downloadParameters\":{\"maxRequests\":%u,\"issuerName\":null}}", rows)
        && ask(client, "/CertificateAuthorityRequests/downloadRevocationRequests", &body, &answer,
               id, &why);

    if (ok) {
        said = intune_call_answer(&answer);
        ok = intune_answer_revocations(&said, rows, visit, context, &why);
    }
    intune_stats_count(client->stats, INTUNE_ACTION_DOWNLOAD, begun_us, ok ? NULL : &why);
    buffer_clear(&body);
    http_answer_clear(&answer);
    return ok || intune_service_failed(id, &why, err);
}

/* The names of the library's enum; what is not among them is not retried by the service. */
static const char *error_name(enum intune_revocation_error error)
{
    switch (error) {
    case INTUNE_REVOKED:
        return "None";
    case INTUNE_REVOCATION_NOT_FOUND:
        return "CertificateNotFoundError";
    case INTUNE_REVOCATION_CONFLICT:
        return "ConflictError";
    case INTUNE_REVOCATION_RETRYABLE:
        return "RetryableServiceException";
    case INTUNE_REVOCATION_NON_RETRYABLE:
        break;
    }
    return "NonRetryableServiceException";
}

/* Success has no message, and failure has one: the service wants it so. */
static bool append_result(struct buffer *body, const struct intune_revocation_result *result,
                          struct error *err)
{
    bool done = result->error == INTUNE_REVOKED;

    return buffer_append_text(body, "{\"requestContext\":", err)
           && intune_text_json(body, result->context, err)
           && buffer_printf(body, err, ",\"succeeded\":%s,\"errorCode\":\"%s\",\"errorMessage\":",
                            done ? "true" : "false", error_name(result->error))
           && intune_text_json(body, done ? "" : result->message, err)
           && buffer_append_byte(body, '}', err);
}

bool intune_upload_revocations(struct intune_client *client,
                               const struct intune_revocation_result *results, size_t count,
                               struct error *err)
{
    struct buffer body = BUFFER_INIT(BODY_MAX);
    struct http_answer answer = HTTP_ANSWER_INIT;
    char id[INTUNE_ID_MAX] = "";
    struct error why = ERROR_INIT;
    struct intune_answer said;
    int64_t begun_us = clock_monotonic_us();
    bool ok = buffer_append_text(&body, "{\"results\":[", &why);

    if (count > ROWS_MAX) {
        ok = error_set(&why, REASON_LIMIT, "more than %u results at a time", ROWS_MAX);
    }
    for (size_t i = 0; ok && i < count; i++) {
        ok = (i == 0 || buffer_append_byte(&body, ',', &why))
             && append_result(&body, &results[i], &why);
    }
    ok = ok && buffer_append_text(&body, "]}", &why)
         && ask(client, "/CertificateAuthorityRequests/uploadRevocationResults", &body, &answer, id,
                &why);
    if (ok) {
        said = intune_call_answer(&answer);
        ok = intune_answer_uploaded(&said, &why);
    }
    intune_stats_count(client->stats, INTUNE_ACTION_UPLOAD, begun_us, ok ? NULL : &why);
    buffer_clear(&body);
    http_answer_clear(&answer);
    return ok || intune_service_failed(id, &why, err);
}
