/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_face.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mscep/ndes_face_internal.h"
#include "mscep/ndes_page.h"
#include "platform/clock.h"

/* ---- life ------------------------------------------------------------------------------------ */

const struct endpoint *ndes_face_front(const struct ndes_face *face)
{
    return face->endpoints[NDES_USAGE_GENERAL];
}

/* NDES chooses the template by what the request wants to use its key for. */
static const struct endpoint *choose(void *context, const struct csr *csr)
{
    const struct ndes_face *face = context;

    return face->endpoints[ndes_usage_of(csr)];
}

/* Where a poll's request waits; on a template's own face all three are the same one. */
static const struct endpoint *named(void *context, const char *template_name)
{
    const struct ndes_face *face = context;

    for (size_t i = 0; i < NDES_USAGES; i++) {
        if (strcmp(endpoint_name(face->endpoints[i]), template_name) == 0) {
            return face->endpoints[i];
        }
    }
    return NULL;
}

/* One CA: the message is opened before it is known which template it is for. */
static bool check_endpoints(const struct ndes_face *face, struct error *err)
{
    const struct endpoint *front = ndes_face_front(face);

    for (size_t i = 0; i < NDES_USAGES; i++) {
        const struct endpoint *endpoint = face->endpoints[i];

        if (!endpoint_enabled(endpoint)) {
            return error_set(err, REASON_NDES_FACE_BROKEN,
                             "template %s is switched off; openndes template enable %s",
                             endpoint_name(endpoint), endpoint_name(endpoint));
        }
        if (endpoint_challenge_type(endpoint) != CHALLENGE_TYPE_NDES) {
            return error_set(err, REASON_NDES_FACE_BROKEN,
                             "template %s does not have challenge.type=ndes",
                             endpoint_name(endpoint));
        }
        if (!ca_is_same(endpoint_ca(endpoint), endpoint_ca(front))) {
            return error_set(err, REASON_NDES_FACE_BROKEN,
                             "templates %s and %s have different CAs; NDES serves one",
                             endpoint_name(front), endpoint_name(endpoint));
        }
    }
    return true;
}

static void fill_scep_face(struct ndes_face *face, const struct ndes_face_config *config)
{
    enum algorithm_level level = ALGORITHM_LEVEL_MODERN;

    /* What any of them allows may be opened; the one that is chosen decides for itself. */
    for (size_t i = 0; i < NDES_USAGES; i++) {
        if (endpoint_level(face->endpoints[i]) > level) {
            level = endpoint_level(face->endpoints[i]);
        }
    }
    face->scep = (struct endpoint_face){
        .ra = config->ra,
        .caps = config->caps == NDES_CAPS_STRICT ? SCEP_CAPS_NDES_STRICT : SCEP_CAPS_NDES,
        .level = level,
        .choose = choose,
        .named = named,
        .context = face,
    };
}

struct ndes_face *ndes_face_create(const struct ndes_face_options *options, char *unknown,
                                   size_t unknown_size, struct error *err)
{
    struct ndes_face *face = calloc(1, sizeof(*face));
    const char *allowed = options->config->allowed;
    bool own = strcmp(options->scope, NDES_PASSWORD_SCOPE_SERVICE) != 0;
    bool ok = false;

    if (face == NULL) {
        error_set(err, REASON_NO_MEMORY, "NDES face");
        goto out;
    }
    memcpy(face->endpoints, options->endpoints, sizeof(face->endpoints));
    face->plain_get = options->config->plain_get;
    face->source = options->source;
    if (!text_copy(face->scope, sizeof(face->scope), options->scope)
        || !text_format(face->scep_url, sizeof(face->scep_url), "%s%s%s%s", options->public_url,
                        own ? "/scep/" : "", own ? options->scope : "/certsrv/mscep/mscep.dll",
                        own ? "/certsrv/mscep/mscep.dll" : "")
        || !text_copy(face->admin_url, sizeof(face->admin_url), options->admin_url)) {
        error_set(err, REASON_LIMIT, "an address of the NDES face is too long");
        goto out;
    }
    if (!check_endpoints(face, err)) goto out;
    fill_scep_face(face, options->config);
    if (allowed[0] == '\0') {
        allowed = options->allowed_default;
    }
    face->list = sign_in_list_create(allowed, unknown, unknown_size, err);
    ok = face->list != NULL;
out:
    if (!ok) {
        ndes_face_free(face);
        face = NULL;
    }
    return face;
}

void ndes_face_free(struct ndes_face *face)
{
    if (face == NULL) {
        return;
    }
    sign_in_list_free(face->list);
    free(face);
}

/* ---- headers are here ------------------------------------------------------------------------ */

static void refuse(struct http_response *response, struct endpoint_report *report)
{
    report->result = "refused";
    http_response_error(response, &report->error);
}

/*
 * SCEP: a request's template is not known yet, so who is on the list of any of them may go on; the
 * one that is chosen asks again. The page: what it hands out counts for all of them, so the client
 * has to be on the list of each.
 */
static bool admit_address(const struct ndes_face *face, enum acl_face acl,
                          const struct ip_address *peer, struct error *err)
{
    struct error why = ERROR_INIT;
    size_t admitted = 0;

    for (size_t i = 0; i < NDES_USAGES; i++) {
        admitted += endpoint_acl_check(face->endpoints[i], acl, peer, &why) ? 1 : 0;
    }
    if (acl == ACL_FACE_UI ? admitted == NDES_USAGES : admitted > 0) {
        return true;
    }
    *err = why; /* the first refusal */
    return false;
}

static bool admit_method(const struct ndes_route *route, const struct http_request *request,
                         struct http_response *response, struct error *err)
{
    enum http_method method = request->method;
    bool ok = method == HTTP_METHOD_GET || method == HTTP_METHOD_POST || method == HTTP_METHOD_HEAD;

    response->allow = "GET, HEAD, POST";
    if (route->kind == NDES_ROUTE_CHALLENGE) {
        response->allow = "POST";
        ok = method == HTTP_METHOD_POST;
    } else if (endpoint_operation_given(request)) {
        response->allow = "GET, POST";
        ok = method == HTTP_METHOD_GET || method == HTTP_METHOD_POST;
    }
    if (!ok) {
        return error_set(err, REASON_METHOD, "method %.16s", request->method_text);
    }
    response->allow = NULL;
    return true;
}

bool ndes_face_admit(const struct ndes_face *face, const struct ndes_route *route,
                     const struct http_request *request, struct http_response *response,
                     struct endpoint_report *report)
{
    enum acl_face acl = route->kind == NDES_ROUTE_DEVICE ? ACL_FACE_SCEP : ACL_FACE_UI;

    if (!admit_address(face, acl, &request->peer, &report->error)
        || !admit_method(route, request, response, &report->error)) {
        refuse(response, report);
        return false;
    }
    return true;
}

/* ---- the device URL -------------------------------------------------------------------------- */

static bool help_page(const struct ndes_face *face, struct http_response *response,
                      struct error *err)
{
    struct ndes_page page = { .kind = NDES_PAGE_HELP, .admin_url = face->admin_url };
    struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
    bool ok = ndes_page_write(&page, &body, err);

    if (ok) {
        http_response_body(response, NDES_PAGE_MEDIA_TYPE, &body);
    }
    buffer_clear(&body);
    return ok;
}

/*
 * An operation that NDES does not know gets its page of help, as there: Microsoft's own script for
 * checking a server asks for "GetCACerts" and wants to see 200.
 */
static void device_answer(const struct ndes_face *face, const struct http_request *request,
                          struct http_response *response, struct endpoint_report *report)
{
    bool given = endpoint_operation_given(request);

    if (given ? endpoint_operation_known(request) : request->method == HTTP_METHOD_POST) {
        endpoint_handle(ndes_face_front(face), &face->scep, request, response, report);
        return;
    }
    report->operation = "help";
    if (!given && face->plain_get == NDES_PLAIN_GET_FORBIDDEN) {
        error_set(&report->error, REASON_PLAIN_GET_FORBIDDEN, "no operation in the query");
        refuse(response, report);
    } else if (!help_page(face, response, &report->error)) {
        refuse(response, report);
    }
}

/* ---- signed in ------------------------------------------------------------------------------- */

bool ndes_face_make_password(const struct ndes_face *face, struct ndes_password_order *order,
                             struct ndes_password_made *made, struct error *err)
{
    order->scope = face->scope;
    order->config = endpoint_password(ndes_face_front(face));
    order->now = clock_now();
    return order->config->single ? ndes_password_single(&face->source, order, made, err)
                                 : ndes_password_make(&face->source, order, made, err);
}

/* mscep_admin is the same DLL as mscep: it answers SCEP as well, to whom both lists let through. */
static void admin_operation(const struct ndes_face *face, const struct http_request *request,
                            struct http_response *response, struct endpoint_report *report)
{
    if (!admit_address(face, ACL_FACE_SCEP, &request->peer, &report->error)) {
        refuse(response, report);
        return;
    }
    device_answer(face, request, response, report);
}

void ndes_face_handle(const struct ndes_face *face, struct sign_in *sign_in,
                      const struct ndes_route *route, const struct http_request *request,
                      struct http_response *response, struct ndes_report *report)
{
    struct sign_in_user user = { .name = "" };

    if (!ndes_face_admit(face, route, request, response, &report->scep)) {
        return; /* a reload may have come between headers and body */
    }
    if (route->kind == NDES_ROUTE_DEVICE) {
        device_answer(face, request, response, &report->scep);
        return;
    }
    report->scep.operation = route->kind == NDES_ROUTE_CHALLENGE ? "challenge" : "mscep_admin";
    if (!sign_in_request(sign_in, request, face->list, face->scope, &user, response,
                         &report->scep.error)) {
        report->scep.result = "refused";
        return;
    }
    memcpy(report->user, user.name, sizeof(report->user));
    report->scheme = user.scheme;
    if (route->kind == NDES_ROUTE_CHALLENGE) {
        ndes_api_answer(face, &user, request, response, report);
    } else if (endpoint_operation_given(request)) {
        admin_operation(face, request, response, &report->scep);
    } else {
        ndes_admin_answer(face, route, &user, request, response, report);
    }
}
