/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  mscep_admin: what somebody who has signed in gets to see.
 * Not here: the page's bytes (ndes_page.h), passwords (ndes_password.h), sign-in (sign_in.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     NDES: observed; docs/ndes-compatibility.md.
 */
#include <string.h>

#include "base/text.h"
#include "ca/ca.h"
#include "model/certificate.h"
#include "mscep/ndes_face_internal.h"
#include "mscep/ndes_page.h"

static bool ca_der(const struct ndes_face *face, struct buffer *out, struct error *err)
{
    struct ra_set *ras = ca_ra(endpoint_ca(ndes_face_front(face)), err);
    bool ok = false;

    if (ras == NULL) goto out;
    if (ras->chain_count == 0) {
        error_set(err, REASON_CA_NOT_READY, "the CA has no certificate");
        goto out;
    }
    ok = certificate_der(ras->chain[0], out, err);
out:
    ra_set_unref(ras);
    return ok;
}

/* IIS's way: the form without slash is not a page. The path is one of ours, nothing else. */
static bool redirect(const struct ndes_face *face, struct http_response *response,
                     struct error *err)
{
    char location[LIMIT_TEMPLATE_NAME + 64];
    bool own = strcmp(face->scope, NDES_PASSWORD_SCOPE_SERVICE) != 0;

    if (!text_format(location, sizeof(location), "%s%s/certsrv/mscep_admin/", own ? "/scep/" : "",
                     own ? face->scope : "")) {
        return error_set(err, REASON_INTERNAL, "location");
    }
    response->status = 301;
    return http_response_add_header(response, "Location", location, err);
}

/* Which page, and with which password. Whatever is no password is a page too, with status 200. */
static bool choose_page(const struct ndes_face *face, const struct sign_in_user *user, bool consume,
                        struct ndes_page *page, struct ndes_password_made *made,
                        struct endpoint_report *report)
{
    const struct ndes_password_config *config = endpoint_password(ndes_face_front(face));
    struct ndes_password_order order = { .made_by = user->name };
    struct error *err = &report->error;

    page->validity_minutes = config->validity_minutes;
    page->max = config->max;
    if (!user->allowed) {
        page->kind = NDES_PAGE_NO_PERMISSION;
        report->result = "refused";
        error_set(err, REASON_NOT_ALLOWED, "signed in, but %s", user->why);
        return true;
    }
    if (!config->enforce || !consume) {
        page->kind = NDES_PAGE_NO_PASSWORD;
        return true;
    }
    page->kind = config->single ? NDES_PAGE_SINGLE_PASSWORD : NDES_PAGE_PASSWORD;
    if (ndes_face_make_password(face, &order, made, err)) {
        page->password = secret_bytes(&made->password);
        return true;
    }
    if (err->reason == REASON_PASSWORD_CACHE_FULL) {
        page->kind = NDES_PAGE_CACHE_FULL;
        report->result = "refused";
        return true;
    }
    return false;
}

static bool write_page(const struct ndes_face *face, const struct sign_in_user *user,
                       const struct http_request *request, struct http_response *response,
                       struct ndes_report *report)
{
    struct ndes_page page = { .kind = NDES_PAGE_NO_PERMISSION };
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct buffer der = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct buffer body = BUFFER_INIT(NDES_PAGE_BYTES_MAX);
    struct error why = ERROR_INIT;
    struct error *err = &report->scep.error;
    bool ok = false;

    /* First what may fail without having cost a password. */
    if (!ca_der(face, &der, err)) goto out;
    page.ca_der = buffer_bytes(&der);
    /* A HEAD is a monitor's: it gets no password and takes none away. */
    if (!choose_page(face, user, request->method != HTTP_METHOD_HEAD, &page, &made,
                     &report->scep)) {
        goto out;
    }
    if (!ndes_page_write(&page, &body, &why)) {
        report->scep.error = why;
        goto out;
    }
    report->password_id = made.id;
    http_response_body(response, NDES_PAGE_MEDIA_TYPE, &body);
    ok = true;
out:
    ndes_password_made_clear(&made);
    buffer_clear(&body);
    buffer_clear(&der);
    return ok;
}

void ndes_admin_answer(const struct ndes_face *face, const struct ndes_route *route,
                       const struct sign_in_user *user, const struct http_request *request,
                       struct http_response *response, struct ndes_report *report)
{
    bool ok = route->kind == NDES_ROUTE_ADMIN_TO_DIR
                  ? redirect(face, response, &report->scep.error)
                  : write_page(face, user, request, response, report);

    if (!ok) {
        report->scep.result = "refused";
        http_response_error(response, &report->scep.error);
    }
}
