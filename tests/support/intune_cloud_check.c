/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

/* What a strict server looks at in every call to Graph and Intune. */

#define JSON_DEPTH 8

/* ---- headers --------------------------------------------------------------------------------- */

/* Exactly one; its value appended. */
static bool one_header(struct cloud_visit *visit, const char *name, struct buffer *value)
{
    unsigned count = cloud_header(buffer_bytes(&visit->request->headers), name, value);

    if (count == 1) return true;
    return cloud_object(visit, "%s is there %u times", name, count);
}

static bool check_request_id(struct cloud_visit *visit)
{
    struct buffer value = BUFFER_INIT(CLOUD_VALUE_MAX);
    bool ok = one_header(visit, "client-request-id", &value);

    if (ok && !cloud_is_guid(buffer_text(&value))) {
        ok = cloud_object(visit, "client-request-id is no GUID: %.60s", buffer_text(&value));
    }
    if (ok) {
        (void)!text_copy(visit->request_id, sizeof(visit->request_id), buffer_text(&value));
        ok = cloud_once(visit->cloud, "client-request-id", visit->request_id)
             || cloud_object(visit, "client-request-id of another call");
    }
    buffer_clear(&value);
    return ok;
}

static bool check_content_type(struct cloud_visit *visit)
{
    static const char *const good[] = { "application/json", "application/json; charset=utf-8" };
    struct buffer value = BUFFER_INIT(CLOUD_VALUE_MAX);
    bool ok = one_header(visit, "content-type", &value);

    if (ok && !text_equal_nocase(buffer_text(&value), good[0])
        && !text_equal_nocase(buffer_text(&value), good[1])) {
        ok = cloud_object(visit, "content-type is %.60s", buffer_text(&value));
    }
    buffer_clear(&value);
    return ok;
}

static bool check_api_version(struct cloud_visit *visit, const char *wanted)
{
    struct buffer value = BUFFER_INIT(CLOUD_VALUE_MAX);
    bool ok = one_header(visit, "api-version", &value);

    if (ok && strcmp(buffer_text(&value), wanted) != 0) {
        ok = cloud_object(visit, "api-version is %.40s, not %s", buffer_text(&value), wanted);
    }
    buffer_clear(&value);
    return ok;
}

static bool check_authorization(struct cloud_visit *visit)
{
    struct buffer value = BUFFER_INIT(CLOUD_VALUE_MAX);
    bool ok = one_header(visit, "Authorization", &value);

    if (ok && strncmp(buffer_text(&value), "Bearer ", 7) != 0) {
        ok = cloud_object(visit, "Authorization is not Bearer");
    }
    buffer_clear(&value);
    return ok;
}

bool cloud_check_headers(struct cloud_visit *visit, const char *api_version)
{
    const char *method = api_version != NULL ? "POST" : "GET";

    if (strcmp(visit->request->method, method) != 0) {
        return cloud_object(visit, "method %s, not %s", visit->request->method, method);
    }
    if (!check_authorization(visit) || !check_request_id(visit)) return false;
    if (api_version != NULL) {
        return check_api_version(visit, api_version) && check_content_type(visit);
    }
    return visit->request->body.len == 0 || cloud_object(visit, "a GET with a body");
}

/* ---- body ------------------------------------------------------------------------------------ */

struct json *cloud_check_object(struct cloud_visit *visit)
{
    struct error err = ERROR_INIT;
    struct json *body =
        json_value_parse(buffer_bytes(&visit->request->body), CLOUD_BODY_MAX, JSON_DEPTH, &err);

    if (body != NULL && json_value_kind(body) == JSON_KIND_OBJECT) return body;
    json_value_free(body);
    (void)cloud_object(visit, "the body is no JSON object");
    return NULL;
}

static bool is_listed(const char *const *names, const char *name)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0) return true;
    }
    return false;
}

bool cloud_check_members(struct cloud_visit *visit, const struct json *object, const char *name,
                         const char *const *required, const char *const *optional)
{
    struct json *value = NULL;
    const char *key = NULL;
    void *it = NULL;

    if (object == NULL || json_value_kind(object) != JSON_KIND_OBJECT) {
        return cloud_object(visit, "%s is no object", name);
    }
    for (const char *const *r = required; *r != NULL; r++) {
        value = json_value_get(object, *r);
        if (value == NULL) return cloud_object(visit, "%s lacks %s", name, *r);
        if (json_value_text(value) != NULL && cloud_is_blank(json_value_text(value))) {
            return cloud_object(visit, "%s.%s is blank", name, *r);
        }
    }
    while (json_value_next(object, &it, &key, &value)) {
        if (!is_listed(required, key) && !is_listed(optional, key)) {
            return cloud_object(visit, "%s has a member %.40s", name, key);
        }
    }
    return true;
}

/* ---- token ----------------------------------------------------------------------------------- */

enum verdict { TOKEN_GOOD, TOKEN_UNKNOWN, TOKEN_ENDED, TOKEN_AUDIENCE, TOKEN_RIGHT };

static enum verdict judge(struct intune_cloud_server *cloud, const char *text,
                          enum cloud_audience audience)
{
    enum verdict verdict = TOKEN_UNKNOWN;

    (void)pthread_mutex_lock(&cloud->lock);
    for (size_t i = 0; i < cloud->tokens.count; i++) {
        const struct cloud_token *token = cloud->tokens.items[i];

        if (strcmp(token->text, text) != 0) continue;
        verdict = TOKEN_GOOD;
        if (!token->right) verdict = TOKEN_RIGHT;
        if (token->audience != audience) verdict = TOKEN_AUDIENCE;
        if (token->expired || token->ends < clock_now()) verdict = TOKEN_ENDED;
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    return verdict;
}

/* {"error":{"code":..,"message":..,"innerError":{..}}}, as Graph has it. */
static void answer_error(struct cloud_visit *visit, int status, const char *code,
                         const char *message)
{
    struct json *body = json_value_new_object();
    struct json *error = json_value_new_object();
    struct json *inner = json_value_new_object();
    struct error err = ERROR_INIT;
    bool ok = body != NULL && error != NULL && inner != NULL
              && json_value_put_text(error, "code", code, &err)
              && json_value_put_text(error, "message", message, &err)
              && json_value_put_text(inner, "client-request-id", visit->request_id, &err);

    if (ok) {
        ok = json_value_put(error, "innerError", inner, &err);
        inner = NULL;
    }
    if (ok) {
        ok = json_value_put(body, "error", error, &err);
        error = NULL;
    }
    json_value_free(inner);
    json_value_free(error);
    if (!ok) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, status, body);
}

void cloud_answer_status(struct cloud_visit *visit, int status)
{
    static const struct {
        int status;
        const char *code;
        const char *message;
    } errors[] = {
        { 400, "BadRequest", "The request is invalid." },
        { 401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid." },
        { 403, "Authorization_RequestDenied",
          "Insufficient privileges to complete the operation." },
        { 404, "Request_ResourceNotFound",
          "Resource does not exist or one of its queried reference-property objects are not "
          "present." },
        { 410, "Gone", "The resource is gone." },
        { 429, "TooManyRequests", "Too many requests." },
        { 503, "ServiceUnavailable", "Service is temporarily unavailable." },
    };

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].status == status) {
            answer_error(visit, status, errors[i].code, errors[i].message);
            return;
        }
    }
    answer_error(visit, status, "UnknownError", "An error of the stand-in.");
}

bool cloud_check_token(struct cloud_visit *visit, enum cloud_audience audience)
{
    struct error err = ERROR_INIT;
    struct buffer value = BUFFER_INIT(CLOUD_VALUE_MAX);
    enum verdict verdict = TOKEN_UNKNOWN;

    if (cloud_header(buffer_bytes(&visit->request->headers), "Authorization", &value) == 1
        && value.len > 7) {
        verdict = judge(visit->cloud, buffer_text(&value) + 7, audience);
    }
    buffer_clear(&value);
    switch (verdict) {
    case TOKEN_GOOD:
        return true;
    case TOKEN_RIGHT:
        cloud_answer_status(visit, 403);
        return false;
    case TOKEN_AUDIENCE:
        return cloud_object(visit, "a token for another service");
    case TOKEN_UNKNOWN:
    case TOKEN_ENDED:
        break;
    }
    cloud_answer_status(visit, 401);
    (void)!cloud_add_header(visit->response, "WWW-Authenticate", "Bearer error=\"invalid_token\"",
                            &err);
    return false;
}
