/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <string.h>

#include "base/text.h"

/* Intune's revocation service, with the flaws of the real one. */

#define API_VERSION "5019-05-05"
#define REQUESTS_MAX 500
#define CONTEXT                                                                                    \
    "https://localhost/$metadata#Collection(microsoft.management.services.api."                    \
    "caRevocationRequest)"

static const char *const none[] = { NULL };

static const char *member(const struct json *object, const char *name)
{
    struct json *value = json_value_get(object, name);
    const char *text = value != NULL ? json_value_text(value) : NULL;

    return text != NULL ? text : "";
}

/* ---- the calls ------------------------------------------------------------------------------- */

static bool check_download(struct cloud_visit *visit, const struct json *body)
{
    static const char *const outer[] = { "downloadParameters", NULL };
    static const char *const inner[] = { "maxRequests", "issuerName", NULL };
    struct json *parameters = json_value_get(body, outer[0]);
    struct json *value = NULL;

    if (!cloud_check_members(visit, body, "body", outer, none)
        || !cloud_check_members(visit, parameters, outer[0], inner, none)) {
        return false;
    }
    value = json_value_get(parameters, "maxRequests");
    if (json_value_kind(value) != JSON_KIND_INTEGER || json_value_integer(value) < 1
        || json_value_integer(value) > REQUESTS_MAX) {
        return cloud_object(visit, "maxRequests is not 1..%d", REQUESTS_MAX);
    }
    value = json_value_get(parameters, "issuerName");
    return json_value_kind(value) == JSON_KIND_NULL || json_value_text(value) != NULL
           || cloud_object(visit, "issuerName is neither null nor a text");
}

static bool is_error_code(const char *code)
{
    static const char *const codes[] = {
        "None",
        "NonRetryableServiceException",
        "DataSerializationError",
        "ParameterDataInvalidError",
        "CryptographyError",
        "CertificateNotFoundError",
        "ConflictError",
        "NotSupportedError",
        "PayloadTooLargeError",
        "RetryableServiceException",
        "ServiceUnavailableException",
        "ServiceTooBusyException",
        "AuthenticationException",
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i], code) == 0) return true;
    }
    return false;
}

/* Under the lock: a request that waits for its result; NULL: none. */
static struct intune_cloud_revocation *find(struct intune_cloud_server *cloud, const char *context)
{
    for (size_t i = 0; i < cloud->revocations.count; i++) {
        struct intune_cloud_revocation *r = cloud->revocations.items[i];

        if (!r->answered && strcmp(r->context, context) == 0) return r;
    }
    return NULL;
}

static bool check_result(struct cloud_visit *visit, const struct json *result)
{
    /* errorMessage may be empty, so it is not among those that must not be blank */
    static const char *const required[] = { "requestContext", "succeeded", "errorCode", NULL };
    static const char *const optional[] = { "errorMessage", NULL };
    struct json *succeeded = NULL;
    bool found = false;
    bool none_set = false;

    if (!cloud_check_members(visit, result, "result", required, optional)) return false;
    succeeded = json_value_get(result, "succeeded");
    none_set = strcmp(member(result, "errorCode"), "None") == 0;
    if (json_value_kind(succeeded) != JSON_KIND_BOOL
        || json_value_get(result, "errorMessage") == NULL) {
        return cloud_object(visit, "succeeded is no boolean, or errorMessage is missing");
    }
    if (!is_error_code(member(result, "errorCode"))) {
        return cloud_object(visit, "errorCode %.60s", member(result, "errorCode"));
    }
    if (json_value_bool(succeeded) != none_set
        || (none_set && member(result, "errorMessage")[0] != '\0')) {
        return cloud_object(visit, "succeeded, errorCode and errorMessage contradict each other");
    }
    (void)pthread_mutex_lock(&visit->cloud->lock);
    found = find(visit->cloud, member(result, "requestContext")) != NULL;
    (void)pthread_mutex_unlock(&visit->cloud->lock);
    return found || cloud_object(visit, "a requestContext that is not waiting");
}

static bool check_upload(struct cloud_visit *visit, const struct json *body)
{
    static const char *const outer[] = { "results", NULL };
    struct json *results = json_value_get(body, outer[0]);
    size_t count = 0;

    if (!cloud_check_members(visit, body, "body", outer, none)) return false;
    if (json_value_kind(results) != JSON_KIND_ARRAY || json_value_count(results) == 0) {
        return cloud_object(visit, "results is no array of results");
    }
    count = json_value_count(results);
    for (size_t i = 0; i < count; i++) {
        const char *context = member(json_value_at(results, i), "requestContext");

        for (size_t k = 0; k < i; k++) {
            if (strcmp(context, member(json_value_at(results, k), "requestContext")) == 0) {
                return cloud_object(visit, "a requestContext twice");
            }
        }
        if (!check_result(visit, json_value_at(results, i))) return false;
    }
    return true;
}

bool cloud_revoke_check(struct cloud_visit *visit)
{
    struct json *body = NULL;
    bool ok = false;

    if (!cloud_check_headers(visit, API_VERSION)) return false;
    body = cloud_check_object(visit);
    if (body == NULL) return false;
    ok = visit->path == INTUNE_CLOUD_DOWNLOAD ? check_download(visit, body)
                                              : check_upload(visit, body);
    json_value_free(body);
    return ok && cloud_check_token(visit, CLOUD_AUDIENCE_INTUNE);
}

/* ---- download -------------------------------------------------------------------------------- */

static bool push_row(struct json *rows, const struct intune_cloud_revocation *r)
{
    struct json *row = json_value_new_object();
    struct error err = ERROR_INIT;

    if (row == NULL) return false;
    if (!json_value_put_text(row, "requestContext", r->context, &err)
        || !json_value_put_text(row, "serialNumber", r->serial, &err)
        || !json_value_put_text(row, "issuerName", r->issuer, &err)
        || !json_value_put_text(row, "caConfiguration", r->ca_configuration, &err)) {
        json_value_free(row);
        return false;
    }
    return json_value_push(rows, row, &err);
}

/*
 * Two flaws of the real one: the issuer's name is compared with caConfiguration, and what is
 * filtered out counts among the maxRequests, so that a filter can starve.
 */
static bool push_rows(struct intune_cloud_server *cloud, struct json *rows, int64_t max,
                      const char *issuer)
{
    bool ok = true;

    (void)pthread_mutex_lock(&cloud->lock);
    for (size_t i = 0; ok && max > 0 && i < cloud->revocations.count; i++) {
        const struct intune_cloud_revocation *r = cloud->revocations.items[i];

        if (r->answered) continue;
        max--;
        if (issuer == NULL || strcmp(issuer, r->ca_configuration) == 0) {
            ok = push_row(rows, r);
        }
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    return ok;
}

static void answer_download(struct cloud_visit *visit, const struct json *request)
{
    const struct json *parameters = json_value_get(request, "downloadParameters");
    struct json *body = json_value_new_object();
    struct json *rows = json_value_new_array();
    struct error err = ERROR_INIT;
    bool ok =
        body != NULL && rows != NULL && json_value_put_text(body, "@odata.context", CONTEXT, &err);

    if (ok && !cloud_behaves(visit, INTUNE_CLOUD_EMPTY)) {
        ok = push_rows(visit->cloud, rows,
                       json_value_integer(json_value_get(parameters, "maxRequests")),
                       json_value_text(json_value_get(parameters, "issuerName")));
    }
    if (ok) {
        ok = json_value_put(body, "value", rows, &err);
        rows = NULL;
    }
    json_value_free(rows);
    if (!ok) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, 200, body);
}

/* ---- upload ---------------------------------------------------------------------------------- */

static void keep_result(struct intune_cloud_server *cloud, const struct json *result)
{
    struct intune_cloud_revocation *r = NULL;

    (void)pthread_mutex_lock(&cloud->lock);
    r = find(cloud, member(result, "requestContext"));
    if (r != NULL) {
        r->answered = true;
        r->succeeded = json_value_bool(json_value_get(result, "succeeded"));
        (void)!text_copy(r->error_code, sizeof(r->error_code), member(result, "errorCode"));
        (void)!text_format(r->error_message, sizeof(r->error_message), "%s",
                           member(result, "errorMessage"));
    }
    (void)pthread_mutex_unlock(&cloud->lock);
}

static void answer_upload(struct cloud_visit *visit, const struct json *request)
{
    struct json *results = json_value_get(request, "results");
    struct json *body = json_value_new_object();
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < json_value_count(results); i++) {
        keep_result(visit->cloud, json_value_at(results, i));
    }
    if (body == NULL
        || !json_value_put_text(body, "@odata.context", "https://localhost/$metadata#Edm.Boolean",
                                &err)
        || !json_value_put_bool(body, "value", true, &err)) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, 200, body);
}

void cloud_revoke_answer(struct cloud_visit *visit)
{
    struct json *body = cloud_check_object(visit);

    if (body == NULL) return;
    if (visit->path == INTUNE_CLOUD_DOWNLOAD) {
        answer_download(visit, body);
    } else {
        answer_upload(visit, body);
    }
    json_value_free(body);
}
