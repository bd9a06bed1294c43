/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  POST /scep/<template>/challenge: a one-time password as JSON, for MDM products that
 *           need not scrape a page.
 * Not here: sign-in (sign_in.h), passwords (ndes_password.h).
 * Owns:     nothing that lives on.
 * Threads:  any thread.
 * Spec:     docs/challenge-api.md.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "ca/ca_subject.h"
#include "mscep/ndes_face_internal.h"
#include "platform/clock.h"

#define BODY_BYTES_MAX 16384u
#define BODY_DEPTH_MAX 2u
#define MINUTES_MAX 525600
#define MEDIA_TYPE "application/json"

/* What the body asks for. */
struct api_order {
    char subject[NAME_TEXT_MAX];
    bool has_subject;
    struct ip_prefix peer;
    bool has_peer;
    int64_t minutes; /* 0: the template's */
};

static bool read_subject(const struct json *value, struct api_order *order, struct error *err)
{
    const char *text = json_value_text(value);
    struct error why = ERROR_INIT;

    if (text == NULL) {
        return error_set(err, REASON_SYNTAX, "\"subject\" is not a text");
    }
    if (!ca_subject_normalise(text, order->subject, sizeof(order->subject), &why)) {
        return error_set(err, REASON_SYNTAX, "\"subject\": %s", why.detail);
    }
    order->has_subject = true;
    return true;
}

static bool read_address(const struct json *value, struct api_order *order, struct error *err)
{
    const char *text = json_value_text(value);
    struct error why = ERROR_INIT;

    if (text == NULL || !ip_prefix_parse(bytes_of_text(text), &order->peer, &why)) {
        return error_set(err, REASON_SYNTAX, "\"address\" is not an address or prefix");
    }
    order->has_peer = true;
    return true;
}

static bool read_minutes(const struct json *value, struct api_order *order, struct error *err)
{
    if (json_value_kind(value) != JSON_KIND_INTEGER || json_value_integer(value) < 1
        || json_value_integer(value) > MINUTES_MAX) {
        return error_set(err, REASON_SYNTAX, "\"validity_minutes\" is not a number from 1 to %d",
                         MINUTES_MAX);
    }
    order->minutes = json_value_integer(value);
    return true;
}

static bool read_member(const char *key, const struct json *value, struct api_order *order,
                        struct error *err)
{
    static const struct {
        const char *key;
        bool (*read)(const struct json *value, struct api_order *order, struct error *err);
    } members[] = {
        { "subject", read_subject },
        { "address", read_address },
        { "validity_minutes", read_minutes },
    };
    char shown[64];

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strcmp(members[i].key, key) == 0) {
            return members[i].read(value, order, err);
        }
    }
    text_escape(shown, sizeof(shown), bytes_of_text(key));
    return error_set(err, REASON_SYNTAX, "unknown member \"%s\"", shown);
}

/* To the parser a broken text is a broken configuration; here it is the client's own fault. */
static void bad_body(const struct error *why, struct error *err)
{
    bool clients = error_kind(why) == ERROR_CONFIG;

    (void)error_set(err, clients ? REASON_SYNTAX : why->reason, "the body: %s", why->detail);
}

/*
 * The content type is asked for: a page of another site can make a browser that is signed in here
 * send a form, but no JSON without asking first (CORS).
 */
static bool read_order(const struct http_request *request, struct api_order *order,
                       struct error *err)
{
    const char *type = request->content_type;
    struct error why = ERROR_INIT;
    struct json *root = NULL;
    struct json *value = NULL;
    const char *key = NULL;
    void *it = NULL;
    bool ok = false;

    if (type == NULL || !text_starts_nocase(type, MEDIA_TYPE)
        || strchr("; \t", type[strlen(MEDIA_TYPE)]) == NULL) {
        return error_set(err, REASON_SYNTAX, "Content-Type is not " MEDIA_TYPE);
    }
    if (request->body.len == 0) {
        return true;
    }
    root = json_value_parse(request->body, BODY_BYTES_MAX, BODY_DEPTH_MAX, &why);
    if (root == NULL) {
        bad_body(&why, err);
        goto out;
    }
    if (json_value_kind(root) != JSON_KIND_OBJECT) {
        error_set(err, REASON_SYNTAX, "the body is not an object");
        goto out;
    }
    while (json_value_next(root, &it, &key, &value)) {
        if (!read_member(key, value, order, err)) goto out;
    }
    ok = true;
out:
    json_value_free(root);
    return ok;
}

/*
 * Written by hand, not as a JSON tree: the password then lies in two buffers that are wiped, and in
 * no other memory. Nothing in it needs escaping: hex digits, a time, our own URL.
 */
static bool answer(const struct ndes_face *face, const struct ndes_password_made *made,
                   struct http_response *response, struct error *err)
{
    struct buffer body = BUFFER_INIT(4096);
    char until[CLOCK_TEXT_MAX];
    bool ok;

    clock_format(made->expires_at, until);
    ok = buffer_printf(&body, err, "{\"challenge\":\"%.*s\",\"id\":%lld,", (int)made->password.len,
                       (const char *)made->password.data, (long long)made->id)
         && (made->expires_at == 0 ? buffer_append_text(&body, "\"expires\":null,", err)
                                   : buffer_printf(&body, err, "\"expires\":\"%s\",", until))
         && buffer_printf(&body, err, "\"scep_url\":\"%s\"}\n", face->scep_url);
    if (ok) {
        http_response_body(response, MEDIA_TYPE, &body);
        response->status = 201;
    }
    buffer_clear(&body);
    return ok;
}

static bool serve(const struct ndes_face *face, const struct sign_in_user *user,
                  const struct http_request *request, struct http_response *response,
                  struct ndes_report *report)
{
    struct api_order wanted = { .minutes = 0 };
    struct ndes_password_made made = { .password = SECRET_INIT };
    struct ndes_password_order order = { .made_by = user->name };
    struct error *err = &report->scep.error;
    bool ok = false;

    if (!user->allowed) {
        error_set(err, REASON_NOT_ALLOWED, "signed in, but %s", user->why);
        goto out;
    }
    if (!read_order(request, &wanted, err)) goto out;
    if (!endpoint_password(ndes_face_front(face))->enforce) {
        error_set(err, REASON_SYNTAX, "the template asks for no password (ndes.EnforcePassword)");
        goto out;
    }
    if (endpoint_password(ndes_face_front(face))->single
        && (wanted.has_subject || wanted.has_peer || wanted.minutes != 0)) {
        error_set(err, REASON_SYNTAX, "a single password cannot be bound or limited");
        goto out;
    }
    order.validity_minutes = wanted.minutes;
    order.subject = wanted.has_subject ? wanted.subject : NULL;
    order.peer = wanted.has_peer ? &wanted.peer : NULL;
    if (!ndes_face_make_password(face, &order, &made, err)) goto out;
    report->password_id = made.id;
    ok = answer(face, &made, response, err);
out:
    ndes_password_made_clear(&made);
    return ok;
}

/* Reason id and public text: what the log says in full. */
static void refuse(struct http_response *response, struct endpoint_report *report)
{
    struct buffer body = BUFFER_INIT(512);
    struct error ignored = ERROR_INIT;
    int status = error_http_status(&report->error);

    report->result = "refused";
    http_response_error(response, &report->error);
    if (buffer_printf(&body, &ignored, "{\"error\":\"%s\",\"message\":\"%s\"}\n",
                      reason_id(report->error.reason), reason_public_text(report->error.reason))) {
        http_response_body(response, MEDIA_TYPE, &body);
        response->status = status;
    }
    buffer_clear(&body);
}

void ndes_api_answer(const struct ndes_face *face, const struct sign_in_user *user,
                     const struct http_request *request, struct http_response *response,
                     struct ndes_report *report)
{
    if (!serve(face, user, request, response, report)) {
        refuse(response, &report->scep);
    }
}
