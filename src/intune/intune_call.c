/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_call.h"

#include "base/text.h"
#include "intune/intune_text.h"

#define AUTHORIZATION_MAX 20480 /* a token and "Authorization: Bearer " */
#define HEADER_MAX 128
#define STATUS_TOO_MANY 429
#define STATUS_UNAVAILABLE 503

struct intune_answer intune_call_answer(const struct http_answer *answer)
{
    return (struct intune_answer){ .status = answer->status,
                                   .content_type = answer->content_type,
                                   .body = buffer_bytes(&answer->body) };
}

/* What http/ says in the words of its own reasons, in ours. */
static bool call_failed(const struct intune_call *call, const struct http_answer *answer,
                        const struct error *cause, struct error *err)
{
    if (answer->failure == HTTP_CALL_STOPPED || cause->reason == REASON_STOPPING) {
        return error_set(err, REASON_STOPPING, "the service stops");
    }
    if (cause->reason == REASON_NO_MEMORY) {
        return error_set(err, REASON_NO_MEMORY, "%s", cause->detail);
    }
    if (answer->failure == HTTP_CALL_TOO_LARGE || cause->reason == REASON_LIMIT) {
        return error_set(err, REASON_INTUNE_ANSWER, "%s: the answer is too large: %s", call->who,
                         cause->detail);
    }
    return error_set(err, REASON_INTUNE_UNAVAILABLE, "%s: %s", call->who, cause->detail);
}

static bool call_once(struct intune_client *client, const struct intune_call *call,
                      struct http_answer *answer, char id[INTUNE_ID_MAX], struct error *err)
{
    struct buffer authorization = BUFFER_INIT(AUTHORIZATION_MAX);
    char type[HEADER_MAX], version[HEADER_MAX], request[HEADER_MAX];
    struct http_call http = { .url = call->url,
                              .method = call->content_type != NULL ? "POST" : "GET",
                              .body = call->body };
    struct error cause = ERROR_INIT;
    size_t count = 0;
    bool ok = false;

    http_answer_clear(answer);
    if (!intune_text_guid(id, err)) goto out;
    if (!text_format(request, sizeof(request), "client-request-id: %s", id)
        || !text_format(type, sizeof(type), "Content-Type: %s",
                        call->content_type != NULL ? call->content_type : "")
        || !text_format(version, sizeof(version), "api-version: %s",
                        call->api_version != NULL ? call->api_version : "")) {
        (void)error_set(err, REASON_INTERNAL, "a header is too long");
        goto out;
    }
    http.headers[count++] = "Accept: application/json";
    http.headers[count++] = request;
    if (call->token != NULL) {
        if (!buffer_append_text(&authorization, "Authorization: Bearer ", err)
            || !buffer_append_bytes(&authorization, secret_bytes(call->token), err)) {
            goto out;
        }
        http.headers[count++] = buffer_text(&authorization);
    }
    if (call->content_type != NULL) {
        http.headers[count++] = type;
    }
    if (call->api_version != NULL) {
        http.headers[count++] = version;
    }
    ok = http_client_call(client->http, &http, answer, &cause)
         || call_failed(call, answer, &cause, err);
out:
    buffer_clear(&authorization);
    return ok;
}

static bool asks_for_patience(const struct http_answer *answer)
{
    return (answer->status == STATUS_TOO_MANY || answer->status == STATUS_UNAVAILABLE)
           && answer->retry_after >= 0;
}

bool intune_call(struct intune_client *client, const struct intune_budget *budget,
                 const struct intune_call *call, struct http_answer *answer,
                 char client_request_id[INTUNE_ID_MAX], struct error *err)
{
    char unused[INTUNE_ID_MAX];
    char *id = client_request_id != NULL ? client_request_id : unused;

    if (!intune_budget_allows(budget)) {
        http_answer_clear(answer);
        return error_set(err, REASON_INTUNE_UNAVAILABLE,
                         "%s: intune.total_seconds went by before it could be asked", call->who);
    }
    if (!call_once(client, call, answer, id, err)) {
        return false;
    }
    if (!asks_for_patience(answer)) {
        return true;
    }
    if (intune_client_pause(client, budget, answer->retry_after)) {
        return call_once(client, call, answer, id, err);
    }
    return !intune_client_is_stopped(client)
           || error_set(err, REASON_STOPPING, "the service stops");
}
