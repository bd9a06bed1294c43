/* SPDX-License-Identifier: Apache-2.0 */
#include "service/request_log.h"

#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "platform/clock.h"
#include "scep/scep_types.h"

#define LINE_MAX 4000  /* the log cuts behind 4 KB */
#define LINE_USUAL 500 /* one allocation is enough then */

/*
 * What stands between quotes in a line, readable: an apostrophe as it is, a quote as \", and what
 * is an escape already (details quote what peers have said) is not escaped again. Each backslash
 * of text_escape_sentence begins an escape.
 */
static void quote(char dst[NAME_TEXT_MAX], struct bytes value)
{
    size_t len = 0;

    text_escape_sentence(dst, NAME_TEXT_MAX, value);
    for (const char *from = dst; *from != '\0';) {
        bool mark = *from == '\\' && strncmp(from, "\\x22", 4) == 0;
        bool escaped =
            *from == '\\' && (strncmp(from, "\\x5cx", 5) == 0 || strncmp(from, "\\x5cu{", 6) == 0);

        dst[len++] = *from;
        if (mark) {
            dst[len++] = '"';
        }
        from += mark || escaped ? 4 : 1;
    }
    dst[len] = '\0';
}

/* "<key>=<value>" with the value escaped, if there is one. */
static void add_field(struct buffer *line, const char *key, struct bytes value)
{
    char shown[NAME_TEXT_MAX];
    struct error ignored = ERROR_INIT;

    if (value.len == 0) {
        return;
    }
    quote(shown, value);
    /* A line that gets too long loses its last fields; the audit record has them all. */
    if (!buffer_printf(line, &ignored, " %s=\"%s\"", key, shown)) {
        return;
    }
}

/* A verdict that has something to say; the detail of a denial is the error's. */
static void add_policy(struct buffer *line, const struct policy_report *policy)
{
    add_field(line, "policy", bytes_of_text(policy->policy));
    add_field(line, "verdict", bytes_of_text(policy->verdict));
    if (policy->verdict[0] != '\0' && strcmp(policy->verdict, "deny") != 0) {
        add_field(line, "check", bytes_of_text(policy->check));
        add_field(line, "found", bytes_of_text(policy->detail));
    }
}

/* A refusal's words without Intune's id behind them, which has a field of its own. */
static struct bytes detail_of(const struct endpoint_report *report)
{
    struct bytes detail = bytes_of_text(report->error.detail);
    char tail[sizeof(report->decision.correlation_id) + 32];
    size_t len = 0;

    if (report->decision.correlation_id[0] != '\0'
        && text_format(tail, sizeof(tail), " (client-request-id %s)",
                       report->decision.correlation_id)) {
        len = strlen(tail);
        if (detail.len > len && memcmp(detail.data + detail.len - len, tail, len) == 0) {
            detail.len -= len;
        }
    }
    return detail;
}

/*
 * The template that decided, or the one in the path: which may say anything, so only what could be
 * a template's name is shown as one.
 */
static const char *template_of(const struct route *route, const struct endpoint_report *report)
{
    struct error ignored = ERROR_INIT;

    if (report->template_name[0] != '\0') {
        return report->template_name;
    }
    return template_name_check(route->name, &ignored) ? route->name : "-";
}

/* Who has signed in; Windows may know that somebody may, and not how he is called. */
static const char *actor_of(const struct ndes_report *report)
{
    return report->user[0] != '\0' ? report->user : "(unknown)";
}

static void write_line(const struct dispatch *dispatch, const struct http_request *request,
                       const struct http_response *response, const struct route *route,
                       const struct ndes_report *all, const char *peer, int64_t duration_us,
                       bool of_flood)
{
    struct buffer line = BUFFER_INIT(LINE_MAX);
    struct error ignored = ERROR_INIT;
    const struct endpoint_report *report = &all->scep;
    bool refused = report->error.reason != REASON_NONE;
    const char *name = template_of(route, report);
    const char *operation = report->operation != NULL ? report->operation : request->method_text;
    enum log_level level = LOG_LEVEL_INFO;
    bool ok;

    /* what an audited policy let pass shall be seen by whoever reads warnings only */
    if (refused || strcmp(report->decision.policy.verdict, "audit") == 0) {
        level = LOG_LEVEL_WARNING;
    }
    level = of_flood ? LOG_LEVEL_DEBUG : level;
    if (!log_enabled(dispatch->log, level)) {
        return;
    }
    error_clear(&ignored);
    ok = buffer_reserve(&line, LINE_USUAL, &ignored)
         && buffer_printf(&line, &ignored, "%s %s %d %s", peer, name, response->status, operation);
    if (ok && report->message_type != NULL) {
        ok = buffer_printf(&line, &ignored, " %s", report->message_type);
    }
    if (ok) {
        ok = buffer_printf(&line, &ignored, " %s %.1f ms id=%s",
                           refused ? "refused" : report->result, (double)duration_us / 1000.0,
                           request->id);
    }
    if (ok && refused) {
        ok = buffer_printf(&line, &ignored, " reason=%s", reason_id(report->error.reason));
    }
    if (ok) {
        const char *subject = report->certificate.serial[0] != '\0' ? report->certificate.subject
                                                                    : report->requested_subject;

        add_field(&line, "serial", bytes_of_text(report->certificate.serial));
        /* Subjects come from name_format, which has escaped them already. */
        if (subject[0] != '\0' && !buffer_printf(&line, &ignored, " subject=\"%s\"", subject)) {
            error_clear(&ignored);
        }
        if (all->scheme != NULL) {
            add_field(&line, "user", bytes_of_text(actor_of(all)));
            add_field(&line, "scheme", bytes_of_text(all->scheme));
        }
        if (all->password_id != 0
            && !buffer_printf(&line, &ignored, " password=#%lld", (long long)all->password_id)) {
            error_clear(&ignored);
        }
        add_policy(&line, &report->decision.policy);
        add_field(&line, "client-request-id", bytes_of_text(report->decision.correlation_id));
        add_field(&line, "txid", bytes_of(report->transaction_id, report->transaction_id_len));
        if (refused) {
            add_field(&line, "detail", detail_of(report));
        }
    }
    log_line(dispatch->log, level, "%s", buffer_text(&line));
    buffer_clear(&line);
}

static const char *event_name(const struct endpoint_report *report, bool page)
{
    if (report->message_type != NULL) {
        return "enroll";
    }
    return page ? "password" : "http";
}

static void write_audit(const struct dispatch *dispatch, const struct http_request *request,
                        const struct http_response *response, const struct route *route,
                        const struct ndes_report *all, const char *peer, int64_t duration_us)
{
    const struct endpoint_report *report = &all->scep;
    bool scep = route->kind == ROUTE_SCEP || route->kind == ROUTE_NDES;
    bool page = all->scheme != NULL; /* somebody has signed in */
    char target[32];
    bool refused = report->error.reason != REASON_NONE;
    bool enrolled = report->certificate.serial[0] != '\0';
    char detail[ERROR_DETAIL_MAX];
    struct bytes words = detail_of(report);
    struct error err = ERROR_INIT;
    struct audit_record record = {
        .event = event_name(report, page),
        .result = refused ? "refused" : report->result,
        .request_id = request->id,
        .template_name = scep && strcmp(template_of(route, report), "-") != 0
                             ? template_of(route, report)
                             : NULL,
        .actor = page ? actor_of(all) : NULL,
        .peer = peer,
        .operation = report->operation,
        .message_type = report->message_type,
        .transaction_id = bytes_of(report->transaction_id, report->transaction_id_len),
        .challenge_type = report->decision.challenge_type,
        .client_request_id = report->decision.correlation_id,
        .policy = report->decision.policy.policy,
        .policy_verdict = report->decision.policy.verdict,
        .policy_check = report->decision.policy.check,
        .policy_detail = refused ? NULL : report->decision.policy.detail,
        .requested_subject = report->requested_subject,
        .algorithms = report->algorithms,
        .reason = report->error.reason,
        .detail = detail,
        .http_status = response->status,
        .duration_us = duration_us,
    };

    memcpy(detail, words.data, words.len); /* no longer than the error's */
    detail[words.len] = '\0';
    if (all->password_id != 0
        && text_format(target, sizeof(target), "password #%lld", (long long)all->password_id)) {
        record.target = target;
    }
    if (enrolled) {
        record.subject = report->certificate.subject;
        record.serial = report->certificate.serial;
        record.not_after = report->certificate.not_after;
        memcpy(record.cert_sha256, report->certificate.sha256, sizeof(record.cert_sha256));
        record.has_cert_sha256 = true;
    }
    if (!audit_write(dispatch->audit, &record, &err)) {
        log_error(dispatch->log, LOG_LEVEL_ERROR, &err, "audit record of %s is lost", request->id);
        event_log_failure(dispatch->events, EVENT_AUDIT_FAILED, NULL, &err);
    }
}

/*
 * Which event a refused request is. Two are told by what was asked for rather than by the reason: a
 * CA certificate that cannot be given, and a CertRep that could not be made.
 */
static enum event_id event_of(const struct http_response *response,
                              const struct endpoint_report *report)
{
    enum reason reason = report->error.reason;
    const char *ca_cert = scep_operation_name(SCEP_OPERATION_GET_CA_CERT);

    if (report->operation != NULL && strcmp(report->operation, ca_cert) == 0
        && response->status >= 500) {
        return EVENT_NO_CA_CERTIFICATE;
    }
    if (reason == REASON_SIGN_FAILED && report->message_type != NULL && response->status != 200) {
        return EVENT_REPLY_NOT_ENCRYPTED;
    }
    return event_of_reason(reason);
}

/* Somebody has to look at it. */
static void write_waiting(const struct dispatch *dispatch, const struct http_request *request,
                          const struct endpoint_report *report, const char *name, const char *peer)
{
    char text[NAME_TEXT_MAX + IP_TEXT_MAX + LIMIT_TEMPLATE_NAME + HTTP_REQUEST_ID_MAX + 64];

    if (text_format(text, sizeof(text), "Client %s, template %s, request %s, subject %s", peer,
                    name, request->id, report->requested_subject)) {
        event_log_report(dispatch->events, EVENT_REQUEST_WAITS, text);
    }
}

static void write_event(const struct dispatch *dispatch, const struct http_request *request,
                        const struct http_response *response, const struct route *route,
                        const struct endpoint_report *report, const char *peer)
{
    enum event_id id = event_of(response, report);
    const char *name = template_of(route, report);
    char where[IP_TEXT_MAX + LIMIT_TEMPLATE_NAME + HTTP_REQUEST_ID_MAX + 64];
    bool named = strcmp(name, "-") != 0;

    if (report->error.reason == REASON_NONE && strcmp(report->result, "pending") == 0) {
        write_waiting(dispatch, request, report, name, peer);
        return;
    }
    if (report->error.reason != REASON_NONE && id != 0
        && text_format(where, sizeof(where), "Client %s%s%s, request %s", peer,
                       named ? ", template " : "", named ? name : "", request->id)) {
        event_log_failure(dispatch->events, id, where, &report->error);
    }
}

static void count(const struct dispatch *dispatch, const struct route *route,
                  const struct endpoint_report *report, int64_t duration_us)
{
    bool of_template = route->kind == ROUTE_SCEP || route->kind == ROUTE_NDES;
    const struct metrics_request request = {
        .template_name = report->template_name[0] != '\0' ? report->template_name
                                                          : (of_template ? route->name : ""),
        .operation = report->operation,
        .result = route->kind == ROUTE_OCSP ? "ok" : report->result, /* ocsp_counts tells more */
        .reason = report->error.reason,
        .duration_us = duration_us,
    };

    if (dispatch->metrics != NULL) {
        metrics_count(dispatch->metrics, &request);
    }
}

/* After the request's own line, so that the alarm it raises stands behind it. */
static void watch(const struct dispatch *dispatch, const struct http_request *request,
                  const struct endpoint_report *report)
{
    const struct abuse_fact fact = {
        .template_name = report->template_name,
        .ca_name = report->ca_name,
        .why = &report->error,
        .unreadable = report->unreadable,
        .limited = report->limited,
        .peer = &request->peer,
    };

    if (dispatch->abuse != NULL && error_is_set(&report->error)) {
        abuse_watch_count(dispatch->abuse, &fact);
    }
}

/*
 * GetCACert and GetCACaps decide nothing; refusals, PKIOperations and handing out passwords do.
 * That somebody has not signed in yet is how every sign-in begins. Nor does an OCSP question decide
 * anything, and relying parties ask many. A device that waits asks every few seconds, for days.
 */
static bool is_audited(const struct route *route, const struct ndes_report *report)
{
    const struct endpoint_report *scep = &report->scep;
    bool refused = scep->error.reason != REASON_NONE;

    if (scep->waits_still && !refused) {
        return false;
    }
    return (refused && !(route->kind == ROUTE_OCSP && scep->operation != NULL)
            && scep->error.reason != REASON_SIGN_IN_REQUIRED)
           || scep->message_type != NULL || report->scheme != NULL;
}

/*
 * Anybody may send this as often as he likes: somebody may be filling log and audit file with it.
 * Not who has signed in, nor who gets a certificate or has to wait for one: he had to show a right
 * for it.
 */
static bool is_of_flood(const struct dispatch *dispatch, const struct http_request *request,
                        const struct route *route, const struct ndes_report *report)
{
    const struct endpoint_report *scep = &report->scep;
    enum reason reason = scep->error.reason;
    enum flood_kind kind = FLOOD_QUESTIONS;

    if (dispatch->flood == NULL || report->scheme != NULL) {
        return false;
    }
    if (is_audited(route, report)) {
        if (reason == REASON_NONE
            && (strcmp(scep->result, "issued") == 0 || strcmp(scep->result, "pending") == 0)) {
            return false;
        }
        kind = scep->message_type != NULL ? FLOOD_MESSAGES : FLOOD_REQUESTS;
    }
    return !flood_digest_admit(dispatch->flood, kind, reason, &request->peer);
}

void request_log(const struct dispatch *dispatch, const struct http_request *request,
                 const struct http_response *response, const struct route *route,
                 const struct ndes_report *report)
{
    char peer[IP_TEXT_MAX];
    int64_t duration_us = clock_monotonic_us() - request->started_us;
    bool of_flood = is_of_flood(dispatch, request, route, report);

    count(dispatch, route, &report->scep, duration_us);
    ip_address_format(&request->peer, peer);
    write_line(dispatch, request, response, route, report, peer, duration_us, of_flood);
    if (report->scep.waits_still && report->scep.error.reason == REASON_NONE) {
        return;
    }
    if (!of_flood && is_audited(route, report)) {
        write_audit(dispatch, request, response, route, report, peer, duration_us);
    }
    write_event(dispatch, request, response, route, &report->scep, peer);
    watch(dispatch, request, &report->scep);
}
