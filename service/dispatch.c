/* SPDX-License-Identifier: Apache-2.0 */
#include "service/dispatch.h"

#include "endpoint/endpoint.h"
#include "service/request_log.h"
#include "service/route.h"

#define CRL_BYTES_MAX (64u * 1024u * 1024u)

static void refuse(struct http_response *response, struct endpoint_report *report)
{
    report->result = "refused";
    http_response_error(response, &report->error);
}

/* CRL and CA certificates: GET and HEAD, for everybody whom the service-wide list lets pass. */
static bool publication_admit(const struct http_request *request, struct http_response *response,
                              struct error *err)
{
    if (request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD) {
        return true;
    }
    response->allow = "GET, HEAD";
    return error_set(err, REASON_METHOD, "method %.16s", request->method_text);
}

static bool admit_route(const struct runtime *runtime, const struct route *route,
                        const struct http_request *request, struct http_response *response,
                        struct endpoint_report *report)
{
    const struct endpoint *endpoint;

    switch (route->kind) {
    case ROUTE_SCEP:
        endpoint = runtime_endpoint(runtime, route->name, &report->error);
        if (endpoint == NULL) {
            break;
        }
        return endpoint_admit(endpoint, request, response, report);
    case ROUTE_CRL:
    case ROUTE_CA_CRT:
    case ROUTE_CA_P7B:
        if (publication_admit(request, response, &report->error)) {
            return true;
        }
        break;
    case ROUTE_NONE:
        error_set(&report->error, REASON_NO_SUCH_URL, "no service at this path");
        break;
    }
    refuse(response, report);
    return false;
}

enum http_admit dispatch_admit(void *context, const struct http_request *request,
                               struct http_response *response)
{
    struct dispatch *dispatch = context;
    struct runtime *runtime = dispatch->runtime(dispatch->context);
    struct route route = route_find(request->path);
    struct endpoint_report report;
    bool pass;

    endpoint_report_init(&report);
    /* The service-wide list comes first: a refused network learns nothing about paths. */
    pass = ip_acl_check(runtime_acl(runtime), ACL_FACE_SCEP, &request->peer, &report.error);
    if (!pass) {
        refuse(response, &report);
    } else {
        pass = admit_route(runtime, &route, request, response, &report);
    }
    runtime_unref(runtime);
    if (!pass) {
        request_log(dispatch, request, response, &route, &report);
    }
    return pass ? HTTP_ADMIT_HANDLE : HTTP_ADMIT_ANSWERED;
}

static bool publish(const struct runtime *runtime, const struct route *route,
                    struct http_response *response, struct error *err)
{
    struct ca_builtin *ca = runtime_ca_find(runtime, route->name);
    struct buffer body = BUFFER_INIT(CRL_BYTES_MAX);
    const char *type = NULL;
    int64_t next_update = 0;
    bool ok = false;

    if (ca == NULL) {
        error_set(err, REASON_NO_SUCH_URL, "no CA is called %s", route->name);
        goto out;
    }
    switch (route->kind) {
    case ROUTE_CRL:
        type = "application/pkix-crl";
        ok = ca_builtin_crl(ca, &body, &next_update, err);
        break;
    case ROUTE_CA_CRT:
        type = "application/pkix-cert";
        ok = ca_builtin_certificate_der(ca, &body, err);
        break;
    case ROUTE_CA_P7B:
        type = "application/x-pkcs7-certificates";
        ok = ca_builtin_chain_p7b(ca, &body, err);
        break;
    case ROUTE_SCEP:
    case ROUTE_NONE:
        error_set(err, REASON_INTERNAL, "not a publication");
        break;
    }
    if (ok) {
        http_response_body(response, type, &body);
    }
out:
    buffer_clear(&body);
    return ok;
}

void dispatch_handle(void *context, const struct http_request *request,
                     struct http_response *response)
{
    struct dispatch *dispatch = context;
    /* Not the runtime of admit: between the two a reload may have switched the template off. */
    struct runtime *runtime = dispatch->runtime(dispatch->context);
    struct route route = route_find(request->path);
    struct endpoint_report report;
    const struct endpoint *endpoint;

    endpoint_report_init(&report);
    if (!ip_acl_check(runtime_acl(runtime), ACL_FACE_SCEP, &request->peer, &report.error)) {
        refuse(response, &report);
    } else if (route.kind == ROUTE_SCEP) {
        endpoint = runtime_endpoint(runtime, route.name, &report.error);
        if (endpoint == NULL) {
            refuse(response, &report);
        } else if (endpoint_admit(endpoint, request, response, &report)) {
            endpoint_handle(endpoint, endpoint_own_face(endpoint), request, response, &report);
        }
    } else {
        report.operation = "publish";
        if (!publish(runtime, &route, response, &report.error)) {
            refuse(response, &report);
        }
    }
    request_log(dispatch, request, response, &route, &report);
    runtime_unref(runtime);
}

void dispatch_answered(void *context, const struct http_request *request,
                       const struct http_response *response)
{
    struct dispatch *dispatch = context;
    struct route route = { ROUTE_NONE, "" };
    struct endpoint_report report;

    if (response->refused == REASON_NONE) {
        return; /* dispatch has logged it */
    }
    endpoint_report_init(&report);
    error_set(&report.error, response->refused, "refused before the request was complete");
    request_log(dispatch, request, response, &route, &report);
}
