/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "endpoint/endpoint_internal.h"
#include "endpoint/scep_query.h"
#include "enroll/trusted_cas.h"

#define SECONDS_PER_DAY 86400

void endpoint_report_init(struct endpoint_report *report)
{
    memset(report, 0, sizeof(*report));
    report->result = "ok";
}

/* What the endpoint keeps of its settings, which are gone after creation. */
static bool copy_settings(struct endpoint *endpoint, const struct template_config *config,
                          struct error *err)
{
    endpoint->enabled = config->enabled;
    endpoint->reply_chain = config->reply_chain;
    endpoint->include_root = config->include_root;
    endpoint->challenge_type = config->challenge.type;
    endpoint->password = config->password;
    endpoint->own_face = (struct endpoint_face){
        .ra = config->ra,
        .caps = SCEP_CAPS_ENGINE,
        .level = config->algorithms,
    };
    endpoint->ndes = config->ndes;
    endpoint->ndes.allowed = text_dup(config->ndes.allowed);
    if (endpoint->ndes.allowed == NULL) {
        return error_set(err, REASON_NO_MEMORY, "endpoint");
    }
    return text_copy(endpoint->name, sizeof(endpoint->name), config->name)
           || error_set(err, REASON_INTERNAL, "template name");
}

struct ca *endpoint_generation(const struct endpoint *endpoint, size_t generation)
{
    struct ca *const cas[ENDPOINT_GENERATIONS] = { endpoint->ca, endpoint->next,
                                                   endpoint->previous };

    return cas[generation];
}

/*
 * Whose certificates may be renewed: of all generations of the template's CA, whichever is asked,
 * and of those that the template names.
 */
static bool copy_renewal(struct endpoint *endpoint, const struct endpoint_options *options,
                         size_t *ca_count, struct error *err)
{
    endpoint->renewal_templates = text_dup(options->config->renewal.templates);
    endpoint->renewal_cas =
        calloc(ENDPOINT_GENERATIONS + options->renewal_ca_count, sizeof(*endpoint->renewal_cas));
    if (endpoint->renewal_templates == NULL || endpoint->renewal_cas == NULL) {
        return error_set(err, REASON_NO_MEMORY, "endpoint");
    }
    *ca_count = 0;
    for (size_t i = 0; i < ENDPOINT_GENERATIONS; i++) {
        struct ca *ca = endpoint_generation(endpoint, i);

        if (ca != NULL) {
            endpoint->renewal_cas[(*ca_count)++] = ca;
        }
    }
    for (size_t i = 0; i < options->renewal_ca_count; i++) {
        endpoint->renewal_cas[(*ca_count)++] = options->renewal_cas[i];
    }
    return true;
}

/*
 * Intune gives a challenge for each renewal, so that a certificate vouches without Intune only
 * where somebody has said so.
 */
static struct enroll_renewal_options renewal_options(const struct endpoint *endpoint,
                                                     const struct template_config *config,
                                                     size_t ca_count)
{
    return (struct enroll_renewal_options){
        .enabled = config->renewal.enabled
                   && (config->challenge.type != CHALLENGE_TYPE_INTUNE
                       || config->intune.renewal == INTUNE_RENEWAL_CERTIFICATE),
        .window_percent = config->renewal.window_percent,
        .grace_seconds = config->renewal.grace_days * SECONDS_PER_DAY,
        .same_key = config->renewal.same_key,
        .names = config->renewal.names,
        .challenge = config->renewal.challenge,
        .templates = endpoint->renewal_templates,
        .per_certificate = config->renewal.per_certificate,
        .cas = endpoint->renewal_cas,
        .ca_count = ca_count,
        .trusted = endpoint->trusted,
    };
}

static bool open_rate(struct endpoint *endpoint, const struct endpoint_options *options,
                      struct error *err)
{
    struct rate_subject *rate = &endpoint->rate;

    if (options->rate == NULL) {
        return true;
    }
    *rate = (struct rate_subject){
        .limit = options->rate,
        .template = rate_limit_scope(options->rate, RATE_SCOPE_TEMPLATE, endpoint->name, err),
        .ca = rate_limit_scope(options->rate, RATE_SCOPE_CA, ca_name(options->ca), err),
        .rule = { .address_per_minute = options->config->rate.address_per_minute,
                  .per_minute = options->config->rate.per_minute,
                  .refused_per_minute = options->config->rate.refused_per_minute },
    };
    return rate->template != NULL && rate->ca != NULL;
}

struct endpoint *endpoint_create(const struct endpoint_options *options, struct error *err)
{
    const struct template_config *config = options->config;
    struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
    size_t renewal_cas = 0;
    bool ok = false;

    if (endpoint == NULL) {
        challenge_free(options->take_challenge);
        policy_gate_free(options->take_policy);
        trusted_cas_free(options->take_trusted);
        error_set(err, REASON_NO_MEMORY, "endpoint");
        return NULL;
    }
    endpoint->challenge = options->take_challenge;
    endpoint->policy = options->take_policy;
    endpoint->trusted = options->take_trusted;
    endpoint->ca = options->ca;
    endpoint->next = options->next;
    endpoint->previous = options->previous;
    if (!copy_settings(endpoint, config, err)) goto out;
    if (!copy_renewal(endpoint, options, &renewal_cas, err)) goto out;
    endpoint->template = template_create(config, err);
    if (endpoint->template == NULL) goto out;
    endpoint->acl = ip_acl_create(&config->ip_acl, err);
    if (endpoint->acl == NULL) goto out;
    if (!open_rate(endpoint, options, err)) goto out;
    if (config->enabled && endpoint->challenge == NULL) {
        error_set(err, REASON_INTERNAL, "template %s has no challenge", config->name);
        goto out;
    }
    endpoint->enroll = (struct enroll_options){
        .template_name = endpoint->name,
        .template = endpoint->template,
        .challenge = endpoint->challenge,
        .ca = options->ca,
        .store = options->store,
        .policy = endpoint->policy,
        .challenge_shape = config->challenge.type == CHALLENGE_TYPE_INTUNE,
        .renewal = renewal_options(endpoint, config, renewal_cas),
        .approval = { .manual = config->approval == APPROVAL_MANUAL,
                      .seconds = config->pending.days * SECONDS_PER_DAY,
                      .max = config->pending.max },
        .sid_extension =
            config->challenge.type == CHALLENGE_TYPE_INTUNE && config->intune.sid_extension,
        .repeat_seconds = config->challenge.type == CHALLENGE_TYPE_NDES
                              ? config->password.cache_request_minutes * 60
                              : config->repeat_hours * 3600,
    };
    endpoint->next_list = next_list_create(endpoint->ca, endpoint->next, endpoint->own_face.ra,
                                           endpoint->include_root, err);
    if (endpoint->next_list == NULL) goto out;
    /* Now, so that nobody waits for the signature; without a list the endpoint goes on. */
    (void)!next_list_append(endpoint->next_list, NULL, &(struct error)ERROR_INIT);
    ok = true;
out:
    if (!ok) {
        endpoint_free(endpoint);
        endpoint = NULL;
    }
    return endpoint;
}

void endpoint_free(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    template_free(endpoint->template);
    ip_acl_free(endpoint->acl);
    challenge_free(endpoint->challenge);
    policy_gate_free(endpoint->policy);
    next_list_free(endpoint->next_list);
    trusted_cas_free(endpoint->trusted);
    free(endpoint->renewal_templates);
    free(endpoint->renewal_cas);
    free(endpoint->ndes.allowed);
    free(endpoint);
}

const char *endpoint_name(const struct endpoint *endpoint)
{
    return endpoint->name;
}

bool endpoint_enabled(const struct endpoint *endpoint)
{
    return endpoint->enabled;
}

enum algorithm_level endpoint_level(const struct endpoint *endpoint)
{
    return endpoint->own_face.level;
}

struct ca *endpoint_ca(const struct endpoint *endpoint)
{
    return endpoint->ca;
}

enum challenge_type endpoint_challenge_type(const struct endpoint *endpoint)
{
    return endpoint->challenge_type;
}

const struct policy_gate *endpoint_policy(const struct endpoint *endpoint)
{
    return endpoint->policy;
}

const struct ndes_face_config *endpoint_ndes_face(const struct endpoint *endpoint)
{
    return &endpoint->ndes;
}

const struct ndes_password_config *endpoint_password(const struct endpoint *endpoint)
{
    return &endpoint->password;
}

const struct endpoint_face *endpoint_own_face(const struct endpoint *endpoint)
{
    return &endpoint->own_face;
}

bool endpoint_acl_check(const struct endpoint *endpoint, enum acl_face face,
                        const struct ip_address *peer, struct error *err)
{
    return ip_acl_check(endpoint->acl, face, peer, err);
}

/* An HTTP status is the whole answer: nobody is known yet to whom a CertRep could be addressed. */
static void refuse_http(struct http_response *response, struct endpoint_report *report)
{
    report->result = "refused";
    http_response_error(response, &report->error);
    if (report->retry_after != 0) {
        response->retry_after = report->retry_after;
    }
}

bool endpoint_admit(const struct endpoint *endpoint, const struct http_request *request,
                    struct http_response *response, struct endpoint_report *report)
{
    struct error *err = &report->error;

    if (!endpoint_acl_check(endpoint, ACL_FACE_SCEP, &request->peer, err)) goto refuse;
    if (!endpoint->enabled) {
        error_set(err, REASON_TEMPLATE_DISABLED, "template %s is switched off", endpoint->name);
        goto refuse;
    }
    if (request->method != HTTP_METHOD_GET && request->method != HTTP_METHOD_POST) {
        error_set(err, REASON_METHOD, "method %.16s", request->method_text);
        response->allow = "GET, POST";
        goto refuse;
    }
    return true;
refuse:
    refuse_http(response, report);
    return false;
}

static bool answer_caps(const struct endpoint *endpoint, const struct endpoint_face *face,
                        struct http_response *response, struct error *err)
{
    /*
     * Our own list announces Renewal only where it is granted, and GetNextCACert only where there
     * is an answer: clients act on it (RFC 8894 3.5.2).
     */
    const struct scep_caps_options options = {
        .level = face->level,
        .renewal = endpoint->enroll.renewal.enabled,
        .next_ca = next_list_append(endpoint->next_list, NULL, &(struct error)ERROR_INIT),
        .style = face->caps,
    };
    struct buffer body = BUFFER_INIT(1024);
    bool ok = scep_caps_body(&options, &body, err);

    if (ok) {
        http_response_body(response, "text/plain", &body);
    }
    buffer_clear(&body);
    return ok;
}

/* `chain`: asked for under the name that has a media type of its own. */
static bool answer_cacert(const struct endpoint *endpoint, enum ra_form form, bool chain,
                          struct http_response *response, struct error *err)
{
    struct buffer body = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    const char *media_type = NULL;
    struct ra_set *ras = ca_ra(endpoint->ca, err);
    bool ok = false;

    if (ras == NULL) goto out;
    if (!scep_cacert_body(ras, form, endpoint->include_root, &body, &media_type, err)) {
        (void)error_context(err, "the CA \"%s\"", ca_name(endpoint->ca));
        goto out;
    }
    http_response_body(response, chain ? SCEP_MEDIA_TYPE_CA_CHAIN : media_type, &body);
    ok = true;
out:
    ra_set_unref(ras);
    buffer_clear(&body);
    return ok;
}

static bool answer_next_cacert(const struct endpoint *endpoint, struct http_response *response,
                               struct error *err)
{
    struct buffer body = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    bool ok = next_list_append(endpoint->next_list, &body, err);

    if (ok) {
        http_response_body(response, SCEP_MEDIA_TYPE_NEXT_CA, &body);
    }
    buffer_clear(&body);
    return ok;
}

/* What the value of `operation` means; `text` gets it decoded, for messages. */
static enum scep_operation read_operation(struct bytes raw, struct buffer *text, struct error *err)
{
    if (raw.len >= 64 || !scep_query_decode(raw, text, err)) {
        return SCEP_OPERATION_UNKNOWN;
    }
    return scep_operation_from_text(text_trim(buffer_bytes(text)));
}

bool endpoint_operation_given(const struct http_request *request)
{
    struct bytes raw;

    return scep_query_find(request->raw_query, "operation", &raw);
}

bool endpoint_operation_known(const struct http_request *request)
{
    struct buffer text = BUFFER_INIT(256);
    struct error ignored = ERROR_INIT;
    struct bytes raw;
    enum scep_operation operation = SCEP_OPERATION_UNKNOWN;

    if (scep_query_find(request->raw_query, "operation", &raw)) {
        operation = read_operation(raw, &text, &ignored);
    }
    buffer_clear(&text);
    return operation != SCEP_OPERATION_UNKNOWN && operation != SCEP_OPERATION_GET_NEXT_CA_CERT;
}

bool endpoint_from_memory(const struct http_request *request)
{
    struct buffer text = BUFFER_INIT(256);
    struct error ignored = ERROR_INIT;
    struct bytes raw;
    bool yes = false;

    if (request->method == HTTP_METHOD_GET
        && scep_query_find(request->raw_query, "operation", &raw)) {
        enum scep_operation operation = read_operation(raw, &text, &ignored);

        yes = operation != SCEP_OPERATION_UNKNOWN && operation != SCEP_OPERATION_PKI_OPERATION;
    }
    buffer_clear(&text);
    return yes;
}

/* On POST an absent operation is PKIOperation, the only one possible (RFC 8894 4.3). */
static bool find_operation(const struct http_request *request, enum scep_operation *operation,
                           struct error *err)
{
    struct buffer text = BUFFER_INIT(256);
    struct bytes raw;
    bool ok = false;

    *operation = SCEP_OPERATION_UNKNOWN;
    if (!scep_query_find(request->raw_query, "operation", &raw)) {
        if (request->method == HTTP_METHOD_POST) {
            *operation = SCEP_OPERATION_PKI_OPERATION;
            return true;
        }
        return error_set(err, REASON_OPERATION_MISSING, "no operation in the query");
    }
    *operation = read_operation(raw, &text, err);
    if (*operation != SCEP_OPERATION_UNKNOWN) {
        ok = true;
    } else {
        char shown[72];

        text_escape(shown, sizeof(shown), buffer_bytes(&text));
        error_set(err, REASON_OPERATION_UNKNOWN, "operation \"%s\"", shown);
    }
    buffer_clear(&text);
    return ok;
}

static bool message_of(const struct http_request *request, struct buffer *decoded,
                       struct bytes *message, struct error *err)
{
    struct bytes raw;

    if (request->method == HTTP_METHOD_POST) {
        return scep_body_message(request->body, decoded, message, err);
    }
    if (!scep_query_find(request->raw_query, "message", &raw)) {
        return error_set(err, REASON_MESSAGE_MISSING, "PKIOperation by GET without message=");
    }
    if (!scep_query_message(raw, decoded, err)) {
        return false;
    }
    *message = buffer_bytes(decoded);
    return true;
}

void endpoint_handle(const struct endpoint *endpoint, const struct endpoint_face *face,
                     const struct http_request *request, struct http_response *response,
                     struct endpoint_report *report)
{
    struct buffer decoded = BUFFER_INIT(LIMIT_BODY_BYTES_MAX);
    struct bytes message = { NULL, 0 };
    enum scep_operation operation = SCEP_OPERATION_UNKNOWN;
    bool ok = false;

    if (!find_operation(request, &operation, &report->error)) goto out;
    report->operation = scep_operation_name(operation);
    switch (operation) {
    case SCEP_OPERATION_GET_CA_CAPS:
        ok = answer_caps(endpoint, face, response, &report->error);
        break;
    case SCEP_OPERATION_GET_CA_CERT:
    case SCEP_OPERATION_GET_CA_CERT_CHAIN:
        ok = answer_cacert(endpoint, face->ra, operation == SCEP_OPERATION_GET_CA_CERT_CHAIN,
                           response, &report->error);
        break;
    case SCEP_OPERATION_GET_NEXT_CA_CERT:
        ok = answer_next_cacert(endpoint, response, &report->error);
        break;
    case SCEP_OPERATION_PKI_OPERATION:
        ok = message_of(request, &decoded, &message, &report->error)
             && pki_operation(endpoint, face, request, message, response, report);
        break;
    case SCEP_OPERATION_UNKNOWN:
        error_set(&report->error, REASON_OPERATION_UNKNOWN, "unknown operation");
        break;
    }
out:
    buffer_clear(&decoded);
    if (!ok) {
        refuse_http(response, report);
    }
}
