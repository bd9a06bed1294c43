/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intune_cloud_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "platform/clock.h"

/* Entra's token endpoint, client credentials only. */

#define RESOURCE_INTUNE "https://api.manage.microsoft.com"
#define RESOURCE_GRAPH "https://graph.microsoft.com"
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define TOKEN_RANDOM_BYTES 1200 /* real ones have 1.5 to 2.5 KB */

/* ---- the form -------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* application/x-www-form-urlencoded; NULL: malformed, or no memory. */
static char *decode(struct bytes text)
{
    char *out = malloc(text.len + 1);
    size_t len = 0;

    for (size_t i = 0; out != NULL && i < text.len; i++) {
        char c = (char)text.data[i];

        if (c == '%') {
            int high = i + 2 < text.len ? hex_value((char)text.data[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value((char)text.data[i + 2]) : -1;

            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                free(out);
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[len++] = c;
    }
    if (out != NULL) {
        out[len] = '\0';
    }
    return out;
}

char *cloud_form_get(struct bytes form, const char *name, unsigned *count)
{
    char *value = NULL;
    struct bytes item;
    size_t len = strlen(name);
    size_t pos = 0;

    *count = 0;
    while (text_next_item(form, '&', &pos, &item)) {
        if (item.len <= len || item.data[len] != '=' || memcmp(item.data, name, len) != 0) continue;
        if ((*count)++ == 0) {
            value = decode(bytes_of(item.data + len + 1, item.len - len - 1));
        }
    }
    return value;
}

/* ---- scopes ---------------------------------------------------------------------------------- */

static bool is_scope(const char *scope, const char *resource, const char *slashes)
{
    size_t len = strlen(resource);

    return strncmp(scope, resource, len) == 0 && strncmp(scope + len, slashes, strlen(slashes)) == 0
           && strcmp(scope + len + strlen(slashes), ".default") == 0;
}

/*
 * The Intune resource's name ends in a slash, so that both libraries of Microsoft send two. Without
 * the second one the scope works as well. The cloud's own URL may stand for either: with one slash
 * it is Graph, with two Intune.
 */
static enum cloud_audience audience_of(const struct intune_cloud_server *cloud, const char *scope)
{
    if (is_scope(scope, RESOURCE_GRAPH, "/") || is_scope(scope, cloud->url, "/")) {
        return CLOUD_AUDIENCE_GRAPH;
    }
    if (is_scope(scope, RESOURCE_INTUNE, "//") || is_scope(scope, RESOURCE_INTUNE, "/")
        || is_scope(scope, cloud->url, "//")) {
        return CLOUD_AUDIENCE_INTUNE;
    }
    return CLOUD_AUDIENCE_NONE;
}

enum intune_cloud_path cloud_token_path(const struct intune_cloud_server *cloud, struct bytes form)
{
    static const enum intune_cloud_path paths[] = {
        [CLOUD_AUDIENCE_NONE] = INTUNE_CLOUD_TOKEN,
        [CLOUD_AUDIENCE_GRAPH] = INTUNE_CLOUD_TOKEN_GRAPH,
        [CLOUD_AUDIENCE_INTUNE] = INTUNE_CLOUD_TOKEN_INTUNE,
    };
    unsigned count = 0;
    char *scope = cloud_form_get(form, "scope", &count);
    enum intune_cloud_path path = paths[scope != NULL ? audience_of(cloud, scope) : 0];

    free(scope);
    return path;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const struct entra_error {
    const char *code;
    int status;
    const char *error;
    const char *text; /* about goes in place of %s */
} entra_errors[] = {
    { "AADSTS50034", 400, "invalid_grant", "The account does not exist in the directory." },
    { "AADSTS500011", 400, "invalid_resource",
      "The resource principal named %s was not found in the tenant named Contoso. This can happen "
      "if the application has not been installed by the administrator of the tenant or consented "
      "to by any user in the tenant. You might have sent your authentication request to the wrong "
      "tenant." },
    { "AADSTS53003", 400, "access_denied",
      "Access has been blocked by Conditional Access policies." },
    { "AADSTS70011", 400, "invalid_scope", "The provided value for scope %s is not valid." },
    { "AADSTS1002012", 400, "invalid_scope",
      "The provided value for scope %s is not valid. Client credential flows must have a scope "
      "value with /.default suffixed to the resource identifier (application ID URI)." },
    { "AADSTS90002", 400, "invalid_request",
      "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing "
      "into the correct cloud." },
    { "AADSTS700016", 400, "unauthorized_client",
      "Application with identifier '%s' was not found in the directory 'Contoso'." },
    { "AADSTS7000112", 400, "unauthorized_client", "Application '%s' is disabled." },
    { "AADSTS7000215", 401, "invalid_client",
      "Invalid client secret provided. Ensure the secret being sent in the request is the client "
      "secret value, not the client secret ID, for a secret added to app '%s'." },
    { "AADSTS7000222", 401, "invalid_client",
      "The provided client secret keys for app '%s' are expired." },
    { "AADSTS700021", 401, "invalid_client",
      "Client assertion application identifier doesn't match 'client_id' parameter." },
    { "AADSTS700023", 401, "invalid_client",
      "Client assertion audience claim does not match Realm issuer." },
    { "AADSTS700024", 401, "invalid_client",
      "Client assertion is not within its valid time range." },
    { "AADSTS700027", 401, "invalid_client",
      "Client assertion contains an invalid signature. [Reason - The key was not found.]" },
    { "AADSTS50027", 400, "invalid_request", "JWT token is invalid or malformed." },
    { "AADSTS90033", 503, "temporarily_unavailable",
      "A transient error has occurred. Please try again." },
};

static bool describe(struct buffer *out, const struct entra_error *e, const char *about)
{
    const char *hole = strstr(e->text, "%s");
    size_t before = hole != NULL ? (size_t)(hole - e->text) : strlen(e->text);
    char trace[CLOUD_GUID_MAX];
    char now[CLOCK_TEXT_MAX];
    struct error err = ERROR_INIT;

    clock_format(clock_now(), now);
    now[10] = ' ';
    return cloud_guid(trace)
           && buffer_printf(out, &err, "%s: %.*s%s%s Trace ID: %s Correlation ID: %s Timestamp: %s",
                            e->code, (int)before, e->text, hole != NULL ? about : "",
                            hole != NULL ? hole + 2 : "", trace, trace, now);
}

static bool put_error(struct json *body, const struct entra_error *e, const char *about)
{
    struct buffer text = BUFFER_INIT(CLOUD_VALUE_MAX);
    struct json *codes = json_value_new_array();
    struct error err = ERROR_INIT;
    int64_t number = strtoll(e->code + 6, NULL, 10);
    bool ok = codes != NULL && describe(&text, e, about)
              && json_value_put_text(body, "error", e->error, &err)
              && json_value_put_text(body, "error_description", buffer_text(&text), &err)
              && json_value_push(codes, json_value_new_integer(number), &err);

    if (ok) {
        ok = json_value_put(body, "error_codes", codes, &err);
    } else {
        json_value_free(codes);
    }
    buffer_clear(&text);
    return ok;
}

bool cloud_entra_error(struct cloud_visit *visit, const char *code, const char *about)
{
    const size_t count = sizeof(entra_errors) / sizeof(entra_errors[0]);
    struct json *body = NULL;
    size_t i = 0;

    while (i < count && strcmp(entra_errors[i].code, code) != 0) {
        i++;
    }
    if (i == count) return false;
    body = json_value_new_object();
    if (body != NULL && !put_error(body, &entra_errors[i], about)) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, entra_errors[i].status, body);
    return true;
}

/* ---- who asks -------------------------------------------------------------------------------- */

/* What stands in the form; owned. */
struct form {
    char *grant_type, *client_id, *scope, *client_secret, *assertion_type, *assertion;
};

static void form_clear(struct form *form)
{
    if (form->client_secret != NULL) {
        secret_wipe(form->client_secret, strlen(form->client_secret));
    }
    free(form->grant_type);
    free(form->client_id);
    free(form->scope);
    free(form->client_secret);
    free(form->assertion_type);
    free(form->assertion);
}

/* Each member at most once and well encoded, and no other ones. */
static bool form_read(struct cloud_visit *visit, struct form *form)
{
    struct bytes body = buffer_bytes(&visit->request->body);
    const struct {
        const char *name;
        char **value;
    } members[] = {
        { "grant_type", &form->grant_type },
        { "client_id", &form->client_id },
        { "scope", &form->scope },
        { "client_secret", &form->client_secret },
        { "client_assertion_type", &form->assertion_type },
        { "client_assertion", &form->assertion },
    };
    struct bytes item;
    size_t pos = 0;
    unsigned items = 0;
    unsigned known = 0;

    memset(form, 0, sizeof(*form));
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        unsigned count = 0;

        *members[i].value = cloud_form_get(body, members[i].name, &count);
        known += count;
        if (count > 1 || (count == 1 && *members[i].value == NULL)) {
            return cloud_object(visit, "%s stands twice or malformed", members[i].name);
        }
    }
    while (text_next_item(body, '&', &pos, &item)) {
        items++;
    }
    return items == known || cloud_object(visit, "the form has members of no use");
}

static bool form_check(struct cloud_visit *visit, const struct form *form)
{
    if (form->grant_type == NULL || strcmp(form->grant_type, "client_credentials") != 0) {
        return cloud_object(visit, "grant_type is not client_credentials");
    }
    if (form->client_id == NULL || form->scope == NULL) {
        return cloud_object(visit, "client_id or scope is missing");
    }
    if ((form->client_secret != NULL) == (form->assertion != NULL)) {
        return cloud_object(visit, "not one of client_secret and client_assertion");
    }
    if (form->assertion != NULL
        && (form->assertion_type == NULL || strcmp(form->assertion_type, ASSERTION_TYPE) != 0)) {
        return cloud_object(visit, "client_assertion_type is not %s", ASSERTION_TYPE);
    }
    return true;
}

bool cloud_token_check(struct cloud_visit *visit)
{
    struct buffer type = BUFFER_INIT(CLOUD_VALUE_MAX);
    struct form form;
    bool ok = false;

    if (strcmp(visit->request->method, "POST") != 0) {
        return cloud_object(visit, "method %s, not POST", visit->request->method);
    }
    if (cloud_header(buffer_bytes(&visit->request->headers), "content-type", &type) != 1
        || !text_starts_nocase(buffer_text(&type), "application/x-www-form-urlencoded")) {
        (void)cloud_object(visit, "content-type is %.60s", buffer_text(&type));
    } else if (cloud_header(buffer_bytes(&visit->request->headers), "Authorization", NULL) > 0) {
        (void)cloud_object(visit, "Authorization beside the form");
    } else if (visit->query[0] != '\0') {
        (void)cloud_object(visit, "a query, where secrets would be logged");
    } else {
        ok = form_read(visit, &form) && form_check(visit, &form);
        form_clear(&form);
    }
    buffer_clear(&type);
    return ok;
}

/* ---- answering ------------------------------------------------------------------------------- */

static bool is_tenant(const char *way)
{
    static const char *const tenants[] = { INTUNE_CLOUD_TENANT, INTUNE_CLOUD_TENANT_NAME };
    size_t len = strcspn(way + 1, "/");

    for (size_t i = 0; i < 2; i++) {
        if (strlen(tenants[i]) == len && text_starts_nocase(way + 1, tenants[i])
            && strcmp(way + 1 + len, "/oauth2/v2.0/token") == 0) {
            return true;
        }
    }
    return false;
}

/* NULL: known; otherwise Entra's code. */
static const char *authenticate(struct cloud_visit *visit, const struct form *form)
{
    char url[CLOUD_URL_MAX + CLOUD_PATH_MAX];

    if (!text_equal_nocase(form->client_id, INTUNE_CLOUD_CLIENT)) return "AADSTS700016";
    if (form->client_secret != NULL) {
        return strcmp(form->client_secret, INTUNE_CLOUD_SECRET) == 0 ? NULL : "AADSTS7000215";
    }
    if (!text_format(url, sizeof(url), "%s%s", visit->cloud->url, visit->way)) {
        return "AADSTS90002";
    }
    return cloud_assertion_check(visit, form->assertion, url);
}

/* A text of the length and shape of a real one. */
static char *new_token(void)
{
    static const char header[] = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6InRlc3QifQ.";
    struct buffer text = BUFFER_INIT(CLOUD_VALUE_MAX);
    struct error err = ERROR_INIT;
    uint8_t random[TOKEN_RANDOM_BYTES];
    char *token = NULL;

    if (secret_random(random, sizeof(random), &err) && buffer_append_text(&text, header, &err)
        && base64_encode(bytes_of(random, sizeof(random)), &text, &err)) {
        for (size_t i = sizeof(header) - 1; i < text.len; i++) {
            text.data[i] = text.data[i] == '+' ? '-' : text.data[i];
            text.data[i] = text.data[i] == '/' ? '_' : text.data[i];
        }
        text.data[text.len - 343] = '.'; /* a signature of 256 bytes */
        token = (char *)buffer_take(&text, NULL);
    }
    buffer_clear(&text);
    return token;
}

/* NULL: no memory; otherwise kept by the cloud until it is reset. */
static const char *issue(struct intune_cloud_server *cloud, enum cloud_audience audience,
                         int64_t *life)
{
    struct cloud_token *kept = NULL;
    char *text = new_token();

    if (text == NULL) return NULL;
    (void)pthread_mutex_lock(&cloud->lock);
    kept = cloud_list_add(&cloud->tokens, sizeof(*kept));
    if (kept != NULL) {
        kept->text = text;
        kept->audience = audience;
        kept->right = audience == CLOUD_AUDIENCE_GRAPH ? cloud->settings.graph_right
                                                       : cloud->settings.intune_right;
        kept->ends = clock_now() + cloud->settings.token_life;
        *life = cloud->settings.token_life;
    }
    (void)pthread_mutex_unlock(&cloud->lock);
    if (kept != NULL) return text;
    free(text);
    return NULL;
}

static void answer_token(struct cloud_visit *visit, enum cloud_audience audience)
{
    struct json *body = json_value_new_object();
    struct error err = ERROR_INIT;
    int64_t life = 0;
    const char *token = issue(visit->cloud, audience, &life);

    if (body == NULL || token == NULL || !json_value_put_text(body, "token_type", "Bearer", &err)
        || !json_value_put_integer(body, "expires_in", life, &err)
        || !json_value_put_integer(body, "ext_expires_in", life, &err)
        || !json_value_put_text(body, "access_token", token, &err)) {
        json_value_free(body);
        body = NULL;
    }
    cloud_answer_json(visit, 200, body);
}

void cloud_token_answer(struct cloud_visit *visit)
{
    struct form form;
    enum cloud_audience audience = CLOUD_AUDIENCE_NONE;
    const char *code = NULL;

    if (!form_read(visit, &form)) {
        form_clear(&form);
        return;
    }
    audience = audience_of(visit->cloud, form.scope);
    if (!is_tenant(visit->way)) {
        char tenant[CLOUD_PATH_MAX];

        (void)!text_format(tenant, sizeof(tenant), "%.*s", (int)strcspn(visit->way + 1, "/"),
                           visit->way + 1);
        (void)cloud_entra_error(visit, "AADSTS90002", tenant);
    } else if ((code = authenticate(visit, &form)) != NULL) {
        if (!visit->wrong) {
            (void)cloud_entra_error(visit, code, form.client_id);
        }
    } else if (strstr(form.scope, "/.default") == NULL) {
        (void)cloud_entra_error(visit, "AADSTS1002012", form.scope);
    } else if (audience == CLOUD_AUDIENCE_NONE
               || (cloud_behaves(visit, INTUNE_CLOUD_NOT_SCOPE)
                   && strcmp(visit->behaviour->value, form.scope) == 0)) {
        (void)cloud_entra_error(visit, "AADSTS500011", form.scope);
    } else {
        answer_token(visit, audience);
    }
    form_clear(&form);
}
