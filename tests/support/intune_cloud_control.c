/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "model/certificate.h"

/*
 * The cloud's own URLs, for tests that are not in its process. All answer JSON.
 *   POST /_control/behave      {"path":"validateRequest","how":"code","value":"ChallengeExpired",
 *                               "number":0,"times":1}   value, number and times may be missing
 *   POST /_control/set         members of struct intune_cloud_settings
 *   POST /_control/move        {"status":404}
 *   POST /_control/expire-tokens, /_control/latch, /_control/reset
 *   POST /_control/certificate {"der":"BASE64"}: one more for client assertions
 *   POST /_control/revoke      {"serial":"0a","caConfiguration":"..","issuer":".."}
 *   POST /_control/challenge   {"subject":"CN=..","sans":["dns:.."],"keyBits":2048,"keyUsage":5,
 *                               "ekus":["1.3.."],"tenant":"..","age":0} -> {"challenge":".."}
 *   GET  /_control/challenge?subject=CN=..&san=dns:..&san=..&bits=2048&usage=5&eku=1.3..
 *        &tenant=..&age=0      the same
 *   GET  /_control/calls, /_control/enrolments, /_control/revocations, /_control/tokens
 */

#define JSON_DEPTH 4

/* ---- reading --------------------------------------------------------------------------------- */

static const char *text_of(const struct json *object, const char *name)
{
    struct json *value = json_value_get(object, name);

    return value != NULL ? json_value_text(value) : NULL;
}

static int64_t number_of(const struct json *object, const char *name)
{
    struct json *value = json_value_get(object, name);

    return value != NULL ? json_value_integer(value) : 0;
}

static void bool_of(const struct json *object, const char *name, bool *out)
{
    struct json *value = json_value_get(object, name);

    if (value != NULL && json_value_kind(value) == JSON_KIND_BOOL) {
        *out = json_value_bool(value);
    }
}

static void answer_done(struct cloud_visit *visit, bool done)
{
    struct json *body = json_value_new_object();
    struct error err = ERROR_INIT;

    if (body != NULL && !json_value_put_bool(body, "done", done, &err)) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, done ? 200 : 400, body);
}

/* ---- orders ---------------------------------------------------------------------------------- */

static bool order_behave(struct intune_cloud_server *cloud, const struct json *body)
{
    struct intune_cloud_behaviour b;
    struct error err = ERROR_INIT;
    const char *path = text_of(body, "path");
    const char *how = text_of(body, "how");

    memset(&b, 0, sizeof(b));
    if (path == NULL || how == NULL || !cloud_path_find(path, &b.path)
        || !cloud_how_find(how, &b.how)) {
        return false;
    }
    b.value = text_of(body, "value");
    b.number = number_of(body, "number");
    b.times = (unsigned)number_of(body, "times");
    return intune_cloud_behave(cloud, &b, &err);
}

static bool order_set(struct intune_cloud_server *cloud, const struct json *body)
{
    struct intune_cloud_settings settings;

    intune_cloud_settings(cloud, &settings);
    bool_of(body, "graph_right", &settings.graph_right);
    bool_of(body, "intune_right", &settings.intune_right);
    bool_of(body, "any_challenge", &settings.any_challenge);
    bool_of(body, "any_order", &settings.any_order);
    if (json_value_get(body, "token_life") != NULL) {
        settings.token_life = number_of(body, "token_life");
    }
    if (json_value_get(body, "secret_ends") != NULL) {
        settings.secret_ends = number_of(body, "secret_ends");
    }
    intune_cloud_set(cloud, &settings);
    return true;
}

static bool order_move(struct intune_cloud_server *cloud, const struct json *body)
{
    int64_t status = number_of(body, "status");

    intune_cloud_move(cloud, status != 0 ? (int)status : 404);
    return true;
}

static bool order_expire(struct intune_cloud_server *cloud, const struct json *body)
{
    (void)body;
    intune_cloud_expire_tokens(cloud);
    return true;
}

static bool order_latch(struct intune_cloud_server *cloud, const struct json *body)
{
    (void)body;
    intune_cloud_open_latch(cloud);
    return true;
}

static bool order_reset(struct intune_cloud_server *cloud, const struct json *body)
{
    (void)body;
    intune_cloud_reset(cloud);
    return true;
}

static bool order_revoke(struct intune_cloud_server *cloud, const struct json *body)
{
    const char *serial = text_of(body, "serial");

    return serial != NULL
           && intune_cloud_revoke(cloud, serial, text_of(body, "caConfiguration"),
                                  text_of(body, "issuer"));
}

static bool order_certificate(struct intune_cloud_server *cloud, const struct json *body)
{
    struct buffer der = BUFFER_INIT(CLOUD_VALUE_MAX);
    struct error err = ERROR_INIT;
    struct x509_st *cert = NULL;
    const char *text = text_of(body, "der");
    bool ok = false;

    if (text != NULL && base64_decode(bytes_of_text(text), BASE64_TOLERANT, &der, &err)) {
        cert = certificate_parse(buffer_bytes(&der), &err);
    }
    ok = cert != NULL && intune_cloud_register(cloud, cert, &err);
    certificate_free(cert);
    buffer_clear(&der);
    return ok;
}

static const struct {
    const char *way;
    bool (*order)(struct intune_cloud_server *cloud, const struct json *body);
} orders[] = {
    { "/_control/behave", order_behave }, { "/_control/set", order_set },
    { "/_control/move", order_move },     { "/_control/expire-tokens", order_expire },
    { "/_control/latch", order_latch },   { "/_control/reset", order_reset },
    { "/_control/revoke", order_revoke }, { "/_control/certificate", order_certificate },
};

/* ---- challenges ------------------------------------------------------------------------------ */

static void list_of(const struct json *object, const char *name, const char **to, size_t most)
{
    struct json *list = json_value_get(object, name);
    size_t count = list != NULL ? json_value_count(list) : 0;

    for (size_t i = 0; i < count && i < most; i++) {
        to[i] = json_value_text(json_value_at(list, i));
    }
}

static void answer_challenge(struct cloud_visit *visit,
                             const struct intune_cloud_challenge_spec *spec)
{
    struct buffer challenge = BUFFER_INIT(CLOUD_VALUE_MAX);
    struct json *body = json_value_new_object();
    struct error err = ERROR_INIT;

    if (body != NULL
        && (!intune_cloud_challenge(visit->cloud, spec, &challenge, &err)
            || !json_value_put_text(body, "challenge", buffer_text(&challenge), &err))) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, 200, body);
    buffer_clear(&challenge);
}

static void post_challenge(struct cloud_visit *visit, const struct json *body)
{
    struct intune_cloud_challenge_spec spec;

    memset(&spec, 0, sizeof(spec));
    spec.subject = text_of(body, "subject");
    spec.tenant = text_of(body, "tenant");
    spec.key_bits = (unsigned)number_of(body, "keyBits");
    spec.key_usage = (uint32_t)number_of(body, "keyUsage");
    spec.age_seconds = number_of(body, "age");
    list_of(body, "sans", spec.sans, INTUNE_CLOUD_SANS);
    list_of(body, "ekus", spec.ekus, INTUNE_CLOUD_EKUS);
    answer_challenge(visit, &spec);
}

/* One "name=value" of the query; false: no such name, or too many. */
static bool read_item(char *item, struct intune_cloud_challenge_spec *spec, size_t *sans,
                      size_t *ekus)
{
    char *value = strchr(item, '=');

    if (value == NULL) return false;
    *value++ = '\0';
    if (strcmp(item, "subject") == 0) {
        spec->subject = value;
    } else if (strcmp(item, "tenant") == 0) {
        spec->tenant = value;
    } else if (strcmp(item, "bits") == 0) {
        spec->key_bits = (unsigned)strtoul(value, NULL, 10);
    } else if (strcmp(item, "usage") == 0) {
        spec->key_usage = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(item, "age") == 0) {
        spec->age_seconds = strtoll(value, NULL, 10);
    } else if (strcmp(item, "san") == 0 && *sans + 1 < INTUNE_CLOUD_SANS) {
        spec->sans[(*sans)++] = value;
    } else if (strcmp(item, "eku") == 0 && *ekus + 1 < INTUNE_CLOUD_EKUS) {
        spec->ekus[(*ekus)++] = value;
    } else {
        return false;
    }
    return true;
}

static void get_challenge(struct cloud_visit *visit)
{
    struct intune_cloud_challenge_spec spec;
    char *query = text_dup(visit->query);
    char *item = query;
    size_t sans = 0;
    size_t ekus = 0;
    bool ok = query != NULL;

    memset(&spec, 0, sizeof(spec));
    while (ok && item != NULL && *item != '\0') {
        char *next = strchr(item, '&');

        if (next != NULL) {
            *next++ = '\0';
        }
        ok = read_item(item, &spec, &sans, &ekus);
        item = next;
    }
    if (ok) {
        answer_challenge(visit, &spec);
    } else {
        answer_done(visit, false);
    }
    free(query);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* The body of a token call holds the secret. */
static const char *shown_body(const struct intune_cloud_call *call)
{
    return cloud_path_matches(INTUNE_CLOUD_TOKEN, call->path) ? "" : buffer_text(&call->body);
}

static bool put_call(struct json *row, const struct intune_cloud_call *call)
{
    struct error err = ERROR_INIT;

    return json_value_put_text(row, "path", cloud_path_name(call->path), &err)
           && json_value_put_text(row, "method", call->method, &err)
           && json_value_put_text(row, "target", buffer_text(&call->target), &err)
           && json_value_put_text(row, "headers", buffer_text(&call->headers), &err)
           && json_value_put_text(row, "body", shown_body(call), &err)
           && json_value_put_integer(row, "status", call->status, &err)
           && json_value_put_text(row, "protocolError", call->protocol_error, &err);
}

static bool row_call(struct intune_cloud_server *cloud, unsigned n, struct json *row, bool *end)
{
    struct intune_cloud_call call;
    bool ok = false;

    *end = !intune_cloud_call_at(cloud, INTUNE_CLOUD_ANY, n, &call);
    if (*end) return true;
    ok = put_call(row, &call);
    intune_cloud_call_clear(&call);
    return ok;
}

static bool row_enrolment(struct intune_cloud_server *cloud, unsigned n, struct json *row,
                          bool *end)
{
    struct intune_cloud_enrolment e;
    struct error err = ERROR_INIT;

    *end = !intune_cloud_enrolment_at(cloud, n, &e);
    if (*end) return true;
    return json_value_put_text(row, "transactionId", e.transaction_id, &err)
           && json_value_put_text(row, "csrSha256", e.csr_sha256, &err)
           && json_value_put_integer(row, "validations", e.validations, &err)
           && json_value_put_integer(row, "confirmations", e.confirmations, &err)
           && json_value_put_integer(row, "failures", e.failures, &err)
           && json_value_put_text(row, "thumbprint", e.thumbprint, &err)
           && json_value_put_text(row, "serial", e.serial, &err)
           && json_value_put_text(row, "expiration", e.expiration, &err)
           && json_value_put_text(row, "issuingAuthority", e.issuing_authority, &err)
           && json_value_put_text(row, "caConfiguration", e.ca_configuration, &err)
           && json_value_put_text(row, "certificateAuthority", e.certificate_authority, &err)
           && json_value_put_integer(row, "hResult", e.hresult, &err)
           && json_value_put_text(row, "description", e.description, &err);
}

static bool row_revocation(struct intune_cloud_server *cloud, unsigned n, struct json *row,
                           bool *end)
{
    struct intune_cloud_revocation r;
    struct error err = ERROR_INIT;

    *end = !intune_cloud_revocation_at(cloud, n, &r);
    if (*end) return true;
    return json_value_put_text(row, "serial", r.serial, &err)
           && json_value_put_text(row, "caConfiguration", r.ca_configuration, &err)
           && json_value_put_text(row, "issuer", r.issuer, &err)
           && json_value_put_bool(row, "answered", r.answered, &err)
           && json_value_put_bool(row, "succeeded", r.succeeded, &err)
           && json_value_put_text(row, "errorCode", r.error_code, &err)
           && json_value_put_text(row, "errorMessage", r.error_message, &err);
}

static bool row_token(struct intune_cloud_server *cloud, unsigned n, struct json *row, bool *end)
{
    struct buffer text = BUFFER_INIT(CLOUD_VALUE_MAX);
    struct error err = ERROR_INIT;
    bool ok = true;

    *end = !intune_cloud_token_at(cloud, n, &text);
    if (!*end) {
        ok = json_value_put_text(row, "token", buffer_text(&text), &err);
    }
    buffer_clear(&text);
    return ok;
}

typedef bool row_maker(struct intune_cloud_server *cloud, unsigned n, struct json *row, bool *end);

static const struct {
    const char *way;
    row_maker *row;
} lists[] = {
    { "/_control/calls", row_call },
    { "/_control/enrolments", row_enrolment },
    { "/_control/revocations", row_revocation },
    { "/_control/tokens", row_token },
};

static void answer_list(struct cloud_visit *visit, row_maker *make)
{
    struct json *list = json_value_new_array();
    struct error err = ERROR_INIT;
    bool end = false;

    for (unsigned n = 0; list != NULL && !end; n++) {
        struct json *row = json_value_new_object();
        bool ok = row != NULL && make(visit->cloud, n, row, &end);

        if (ok && !end) {
            ok = json_value_push(list, row, &err);
        } else {
            json_value_free(row);
        }
        if (!ok) {
            json_value_free(list);
            list = NULL;
        }
    }
    cloud_answer_json(visit, 200, list);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void post(struct cloud_visit *visit)
{
    struct error err = ERROR_INIT;
    struct bytes text = buffer_bytes(&visit->request->body);
    struct json *body = json_value_parse(text.len > 0 ? text : bytes_of_text("{}"), CLOUD_BODY_MAX,
                                         JSON_DEPTH, &err);
    bool done = false;

    if (body != NULL && strcmp(visit->way, "/_control/challenge") == 0) {
        post_challenge(visit, body);
    } else {
        for (size_t i = 0; body != NULL && i < sizeof(orders) / sizeof(orders[0]); i++) {
            done =
                done
                || (strcmp(orders[i].way, visit->way) == 0 && orders[i].order(visit->cloud, body));
        }
        answer_done(visit, done);
    }
    json_value_free(body);
}

void cloud_control(struct cloud_visit *visit)
{
    if (strcmp(visit->request->method, "POST") == 0) {
        post(visit);
        return;
    }
    if (strcmp(visit->way, "/_control/challenge") == 0) {
        get_challenge(visit);
        return;
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (strcmp(lists[i].way, visit->way) == 0) {
            answer_list(visit, lists[i].row);
            return;
        }
    }
    answer_done(visit, false);
}
