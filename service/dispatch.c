/* SPDX-License-Identifier: Apache-2.0 */
#include "service/dispatch.h"

#include "base/text.h"
#include "config/config_net.h"
#include "endpoint/endpoint.h"
#include "mscep/ndes_face.h"
#include "platform/clock.h"
#include "service/client_address.h"
#include "service/ocsp_face.h"
#include "service/request_log.h"
#include "service/route.h"

#define HANDSHAKES_TELL_US INT64_C(60000000)
#define SHOWN_PATH_MAX 160 /* of a path that nothing serves */

/* One request on its way: with the runtime that was in force when it came. */
struct visit {
    struct dispatch *dispatch;
    struct runtime *runtime; /* a reference */
    struct http_request request;
    struct http_response *response;
    struct route route;
    const struct ndes_face *face; /* ROUTE_NDES; borrowed from runtime */
    struct ndes_report report;
};

static struct error *visit_error(struct visit *v)
{
    return &v->report.scep.error;
}

static void refuse(struct visit *v)
{
    v->report.scep.result = "refused";
    http_response_error(v->response, visit_error(v));
}

static void visit_end(struct visit *v)
{
    runtime_unref(v->runtime);
}

/*
 * A template without NDES face takes everything below its URL for SCEP, as servers do that look at
 * the path as little as they can.
 */
static void find_face(struct visit *v, struct error *why)
{
    const char *name = v->route.ndes.template_name;

    if (v->route.kind != ROUTE_NDES) {
        return;
    }
    v->face = runtime_ndes_face(v->runtime, name, why);
    if (v->face == NULL && name[0] != '\0') {
        error_clear(why);
        v->route.kind = ROUTE_SCEP;
    }
}

/*
 * Whether the request is for the password page or its API, for SCEP, or both: mscep_admin answers
 * operations as well, and whoever may not use SCEP may not use it there either.
 */
static bool is_ui(const struct visit *v)
{
    return v->route.kind == ROUTE_NDES && v->route.ndes.kind != NDES_ROUTE_DEVICE;
}

static bool is_scep(const struct visit *v)
{
    return v->route.kind == ROUTE_SCEP
           || (v->route.kind == ROUTE_NDES && (!is_ui(v) || endpoint_operation_given(&v->request)));
}

static bool check_address(struct visit *v)
{
    const struct ip_acl *acl = runtime_acl(v->runtime);
    const struct ip_address *peer = &v->request.peer;
    struct error *err = visit_error(v);

    if (is_ui(v) && !ip_acl_check(acl, ACL_FACE_UI, peer, err)) {
        return false;
    }
    return (is_ui(v) && !is_scep(v)) || ip_acl_check(acl, ACL_FACE_SCEP, peer, err);
}

/* Does the listener that took the request serve this kind of URL? */
static bool check_listener(struct visit *v)
{
    unsigned wanted = 0;

    if (v->route.kind == ROUTE_NONE) {
        return true; /* 404 anyway */
    }
    wanted |= is_ui(v) ? LISTEN_FACE_UI : 0;
    wanted |= is_scep(v) ? LISTEN_FACE_SCEP : 0;
    if (wanted == 0) {
        wanted = LISTEN_FACE_CRL;
    }
    return (v->request.faces & wanted) == wanted
           || error_set(visit_error(v), REASON_FACE_NOT_HERE,
                        "the listener at port %u does not serve this kind of URL",
                        (unsigned)v->request.local_port);
}

/*
 * Who asks, and whether the service answers him at all: before anything is said about paths. The
 * list of the service comes first: a refused network learns nothing about them.
 */
static bool visit_begin(struct visit *v, struct dispatch *dispatch,
                        const struct http_request *request, struct http_response *response)
{
    struct error broken = ERROR_INIT;

    *v = (struct visit){
        .dispatch = dispatch,
        .runtime = dispatch->runtime(dispatch->context),
        .request = *request,
        .response = response,
        .route = route_find(request->path),
    };
    endpoint_report_init(&v->report.scep);
    find_face(v, &broken);
    if (!client_address_resolve(runtime_proxies(v->runtime), &v->request, visit_error(v))
        || !check_address(v) || !check_listener(v)) {
        refuse(v);
        return false;
    }
    if (error_is_set(&broken)) {
        *visit_error(v) = broken;
        refuse(v);
        return false;
    }
    return true;
}

/* CRL and CA certificates: GET and HEAD, for everybody whom the service-wide list lets pass. */
static bool publication_admit(struct visit *v)
{
    if (v->request.method == HTTP_METHOD_GET || v->request.method == HTTP_METHOD_HEAD) {
        return true;
    }
    v->response->allow = "GET, HEAD";
    error_set(visit_error(v), REASON_METHOD, "method %.16s", v->request.method_text);
    refuse(v);
    return false;
}

static bool admit_route(struct visit *v)
{
    const struct endpoint *endpoint;
    char shown[SHOWN_PATH_MAX];

    switch (v->route.kind) {
    case ROUTE_SCEP:
        endpoint = runtime_endpoint(v->runtime, v->route.name, visit_error(v));
        if (endpoint == NULL) {
            break;
        }
        return endpoint_admit(endpoint, &v->request, v->response, &v->report.scep);
    case ROUTE_NDES:
        return ndes_face_admit(v->face, &v->route.ndes, &v->request, v->response, &v->report.scep);
    case ROUTE_CRL:
    case ROUTE_CA_CRT:
    case ROUTE_CA_P7B:
        return publication_admit(v);
    case ROUTE_OCSP:
        if (ocsp_face_admit(v->runtime, &v->route, &v->request, v->response, visit_error(v))) {
            return true;
        }
        break;
    case ROUTE_NONE:
        text_escape(shown, sizeof(shown), bytes_of_text(v->request.path));
        error_set(visit_error(v), REASON_NO_SUCH_URL, "no service at %s", shown);
        break;
    }
    refuse(v);
    return false;
}

static void give_crl_back(void *owner)
{
    ca_builtin_crl_release(owner);
}

/* Everybody gets the one that is in memory. */
static bool publish_crl(struct visit *v, struct ca_builtin *ca)
{
    struct http_lent lent = { .give_back = give_crl_back };

    lent.owner = ca_builtin_crl_hold(ca, &lent.bytes, visit_error(v));
    if (lent.owner == NULL) {
        return false;
    }
    http_response_lend(v->response, "application/pkix-crl", &lent);
    return true;
}

static bool publish(struct visit *v)
{
    struct error *err = visit_error(v);
    struct ca_builtin *ca = runtime_ca_find(v->runtime, v->route.name);
    struct buffer body = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    const char *type = NULL;
    bool ok = false;

    if (ca == NULL) {
        error_set(err, REASON_NO_SUCH_URL, "no CA is called %s", v->route.name);
        goto out;
    }
    switch (v->route.kind) {
    case ROUTE_CRL:
        ok = publish_crl(v, ca);
        goto out;
    case ROUTE_CA_CRT:
        type = "application/pkix-cert";
        ok = ca_builtin_certificate_der(ca, &body, err);
        break;
    case ROUTE_CA_P7B:
        type = "application/x-pkcs7-certificates";
        ok = ca_builtin_chain_p7b(ca, &body, err);
        break;
    case ROUTE_SCEP:
    case ROUTE_NDES:
    case ROUTE_OCSP:
    case ROUTE_NONE:
        error_set(err, REASON_INTERNAL, "not a publication");
        break;
    }
    if (ok) {
        http_response_body(v->response, type, &body);
    }
out:
    buffer_clear(&body);
    return ok;
}

/* What was admitted. */
static void answer_route(struct visit *v)
{
    struct endpoint_report *report = &v->report.scep;

    if (v->route.kind == ROUTE_SCEP) {
        const struct endpoint *endpoint =
            runtime_endpoint(v->runtime, v->route.name, visit_error(v));

        if (endpoint == NULL) {
            refuse(v);
            return;
        }
        endpoint_handle(endpoint, endpoint_own_face(endpoint), &v->request, v->response, report);
    } else if (v->route.kind == ROUTE_NDES) {
        ndes_face_handle(v->face, runtime_sign_in(v->runtime), &v->route.ndes, &v->request,
                         v->response, &v->report);
    } else if (v->route.kind == ROUTE_OCSP) {
        ocsp_face_handle(v->runtime, &v->route, &v->request, v->response,
                         &(struct ocsp_watch){ v->dispatch->ocsp, v->dispatch->ocsp_limit },
                         report);
    } else {
        report->operation = "publish";
        if (!publish(v)) {
            refuse(v);
        }
    }
}

/*
 * What is in memory is answered by the I/O thread: neither busy workers nor a locked database keep
 * a device from finding its CA, or a relying party from its CRL.
 */
static bool is_from_memory(const struct visit *v)
{
    switch (v->route.kind) {
    case ROUTE_SCEP:
        return endpoint_from_memory(&v->request);
    case ROUTE_NDES:
        return !is_ui(v) && endpoint_from_memory(&v->request);
    case ROUTE_CRL:
    case ROUTE_CA_CRT:
    case ROUTE_CA_P7B:
        return true;
    case ROUTE_OCSP:
    case ROUTE_NONE:
        break;
    }
    return false;
}

enum http_admit dispatch_admit(void *context, const struct http_request *request,
                               struct http_response *response)
{
    struct visit v;
    enum http_admit admit = HTTP_ADMIT_ANSWERED;

    if (visit_begin(&v, context, request, response) && admit_route(&v)) {
        if (is_from_memory(&v)) {
            answer_route(&v);
        } else {
            /* a sign-in may wait for a domain controller, or hash a password for long */
            admit = is_ui(&v) ? HTTP_ADMIT_HANDLE_SLOW : HTTP_ADMIT_HANDLE;
        }
    }
    if (admit == HTTP_ADMIT_ANSWERED) {
        request_log(v.dispatch, &v.request, response, &v.route, &v.report);
    }
    visit_end(&v);
    return admit;
}

void dispatch_handle(void *context, const struct http_request *request,
                     struct http_response *response)
{
    struct visit v;

    /* admitted again: between headers and body a reload may have switched something off */
    if (visit_begin(&v, context, request, response) && admit_route(&v)) {
        answer_route(&v);
    }
    request_log(v.dispatch, &v.request, response, &v.route, &v.report);
    if (v.report.scep.message_type != NULL && error_is_set(visit_error(&v))) {
        intune_watch_wake(v.dispatch->intune);
    }
    visit_end(&v);
}

void dispatch_answered(void *context, const struct http_request *request,
                       const struct http_response *response)
{
    struct dispatch *dispatch = context;
    struct route route = { .kind = ROUTE_NONE };
    struct ndes_report report = { .scheme = NULL };

    if (response->refused == REASON_NONE) {
        return; /* dispatch has logged it */
    }
    endpoint_report_init(&report.scep);
    error_set(&report.scep.error, response->refused, "refused before the request was complete");
    request_log(dispatch, request, response, &route, &report);
}

void dispatch_handshake_failed(void *context, const struct ip_address *peer, const char *why)
{
    struct dispatch *dispatch = context;
    char shown[IP_TEXT_MAX];

    int64_t now_us = clock_monotonic_us();

    ip_address_format(peer, shown);
    log_line(dispatch->log, LOG_LEVEL_DEBUG, "%s TLS handshake failed: %s", shown, why);
    dispatch->handshakes_failed++;
    if (dispatch->handshakes_told_us != 0
        && now_us - dispatch->handshakes_told_us < HANDSHAKES_TELL_US) {
        return;
    }
    log_line(dispatch->log, LOG_LEVEL_WARNING,
             "HTTPS connections that came to nothing: %u; the last one from %s: %s",
             dispatch->handshakes_failed, shown, why);
    dispatch->handshakes_told_us = now_us;
    dispatch->handshakes_failed = 0;
}
