/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  intune_probe: the set-up tried step by step, each with a sentence.
 * Not here: printing (service/cmd_intune.c).
 * Owns:     the tokens of the run.
 * Threads:  any thread.
 * Spec:     docs/intune.md.
 */
#include "intune/intune_client.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "intune/intune_credential_end.h"
#include "intune/intune_discovery.h"
#include "intune/intune_text.h"
#include "platform/clock.h"

#define TEXT_MAX 1024
#define WARN_SECONDS (60 * 86400) /* of a credential's end */
#define CLOCK_WARNING_SECONDS 60
#define CLOCK_ERROR_SECONDS 300
#define CLAIMS_MAX 32768

struct probe {
    struct intune_client *client;
    intune_probe_visit *visit;
    void *context;
    enum intune_probe_level worst;
    struct error *err;
    int64_t date; /* what time it is at Microsoft's, and when that was said; 0 not known */
    int64_t date_at;
    struct secret tokens[INTUNE_SCOPES];
    struct intune_endpoints endpoints;
    bool discovered;
    bool proxy_told;
    const char *failed_step; /* of the last error; NULL none yet */
    char failed_text[ERROR_DETAIL_MAX];
};

static bool tell(struct probe *probe, const struct intune_probe_finding *finding)
{
    if (finding->level > probe->worst) {
        probe->worst = finding->level;
    }
    return probe->visit(probe->context, finding, probe->err);
}

static bool say(struct probe *probe, enum intune_probe_level level, const char *step,
                const char *text)
{
    return tell(probe, &(struct intune_probe_finding){ level, step, REASON_NONE, text });
}

/* An error. The same sentence again, of the next step, would only hide that it is one cause. */
static bool say_error(struct probe *probe, const char *step, enum reason reason, const char *text)
{
    char same[64];

    if (probe->failed_step != NULL && strcmp(probe->failed_text, text) == 0) {
        if (!text_format(same, sizeof(same), "The same as \"%s\".", probe->failed_step)) {
            return error_set(probe->err, REASON_INTERNAL, "a text is too long");
        }
        text = same;
    } else {
        probe->failed_step = step;
        (void)!text_copy(probe->failed_text, sizeof(probe->failed_text), text);
    }
    return tell(probe, &(struct intune_probe_finding){ INTUNE_PROBE_ERROR, step, reason, text });
}

/* ---- credential ------------------------------------------------------------------------------ */

static bool say_end(struct probe *probe, const char *what, int64_t end)
{
    int64_t now = clock_now();
    char day[CLOCK_TEXT_MAX];
    char text[TEXT_MAX];
    enum intune_probe_level level =
        end < now + WARN_SECONDS ? INTUNE_PROBE_WARNING : INTUNE_PROBE_OK;

    clock_format(end, day);
    if (end < now) {
        level = INTUNE_PROBE_ERROR;
    }
    return (text_format(text, sizeof(text), "%s %s on %.10s%s", what,
                        end < now ? "has ended" : "ends", day,
                        level == INTUNE_PROBE_OK ? "." : ": make a new one in time.")
            || error_set(probe->err, REASON_INTERNAL, "a text is too long"))
           && (level == INTUNE_PROBE_ERROR
                   ? say_error(probe, "credential", REASON_INTUNE_CREDENTIAL, text)
                   : say(probe, level, "credential", text));
}

static bool probe_credential(struct probe *probe)
{
    bool certificate = probe->client->credential == INTUNE_CREDENTIAL_CERTIFICATE;
    int64_t end = intune_credential_end_known(probe->client);

    if (end != 0) {
        return say_end(probe, certificate ? "The certificate" : "The client secret", end);
    }
    return say(probe, INTUNE_PROBE_OK, "credential",
               "A client secret is set; intune.secret_expires does not say when it ends.");
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static bool probe_proxy(struct probe *probe, const struct http_answer *answer,
                        const struct error *why)
{
    char text[TEXT_MAX];

    if (probe->proxy_told) {
        return true;
    }
    probe->proxy_told = true;
    if (answer->failure == HTTP_CALL_PROXY) {
        return say_error(probe, "proxy", why->reason, why->detail);
    }
    if (answer->proxy[0] == '\0') {
        return say(probe, INTUNE_PROBE_OK, "proxy", "No proxy is used (intune.proxy).");
    }
    return (text_format(text, sizeof(text), "The proxy %s is used.", answer->proxy)
            || error_set(probe->err, REASON_INTERNAL, "a text is too long"))
           && say(probe, INTUNE_PROBE_OK, "proxy", text);
}

static bool probe_token(struct probe *probe, enum intune_scope scope)
{
    static const struct {
        const char *step;
        const char *done;
    } words[] = {
        [INTUNE_SCOPE_GRAPH] = { "graph-token", "Entra gives a token for Microsoft Graph." },
        [INTUNE_SCOPE_INTUNE] = { "token", "Entra gives a token for Intune." },
    };
    struct intune_budget budget = intune_budget_start(probe->client);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct error why = ERROR_INIT;
    int64_t seconds = 0;
    bool done = intune_token_ask(probe->client, scope, &budget, &probe->tokens[scope], &seconds,
                                 &answer, &why);
    bool ok = probe_proxy(probe, &answer, &why);

    if (answer.date != 0) {
        probe->date = answer.date;
        probe->date_at = clock_now();
    }
    ok = ok
         && (done ? say(probe, INTUNE_PROBE_OK, words[scope].step, words[scope].done)
                  : say_error(probe, words[scope].step, why.reason, why.detail));
    http_answer_clear(&answer);
    return ok;
}

/* ---- discovery and rights -------------------------------------------------------------------- */

static bool probe_discovery(struct probe *probe)
{
    struct intune_budget budget = intune_budget_start(probe->client);
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct error why = ERROR_INIT;
    char text[TEXT_MAX + INTUNE_URL_MAX];
    bool ok = false;

    probe->discovered =
        intune_discovery_ask(probe->client, &budget, &probe->tokens[INTUNE_SCOPE_GRAPH],
                             &probe->endpoints, &answer, &why)
        && intune_discovery_has(&probe->endpoints, INTUNE_SERVICE_SCEP, &why);
    http_answer_clear(&answer);
    if (!probe->discovered) {
        return say_error(probe, "discovery", why.reason, why.detail);
    }
    ok = text_format(text, sizeof(text), "Requests are checked at %s.", probe->endpoints.scep)
         && say(probe, INTUNE_PROBE_OK, "discovery", text);
    if (ok && !intune_discovery_has(&probe->endpoints, INTUNE_SERVICE_CONNECTOR, &why)) {
        ok = say(probe, INTUNE_PROBE_WARNING, "discovery",
                 "Graph names no PkiConnectorFEService: certificates cannot be revoked at Intune's "
                 "request.");
    }
    return ok;
}

enum has_role { ROLE_UNKNOWN, ROLE_GRANTED, ROLE_MISSING };

/* The claims of a token are for its audience, and may be read here only as a hint. */
static enum has_role role_in(const struct secret *token, const char *role)
{
    struct buffer claims = BUFFER_INIT(CLAIMS_MAX);
    struct error unused = ERROR_INIT;
    const char *text = token->len > 0 ? (const char *)token->data : "";
    const char *begin = strchr(text, '.');
    const char *end = begin != NULL ? strchr(begin + 1, '.') : NULL;
    struct json *root = NULL;
    const struct json *roles = NULL;
    enum has_role found = ROLE_UNKNOWN;

    if (end != NULL
        && base64_decode(bytes_of(begin + 1, (size_t)(end - begin - 1)), BASE64_TOLERANT, &claims,
                         &unused)) {
        root = json_value_parse(buffer_bytes(&claims), CLAIMS_MAX, LIMIT_JSON_DEPTH, &unused);
    }
    if (root != NULL && json_value_kind(root) == JSON_KIND_OBJECT) {
        found = ROLE_MISSING;
        roles = json_value_get(root, "roles");
    }
    for (size_t i = 0;
         roles != NULL && json_value_kind(roles) == JSON_KIND_ARRAY && i < json_value_count(roles);
         i++) {
        const char *name = json_value_text(json_value_at(roles, i));

        if (name != NULL && strcmp(name, role) == 0) {
            found = ROLE_GRANTED;
        }
    }
    json_value_free(root);
    buffer_clear(&claims);
    return found;
}

static bool probe_rights(struct probe *probe)
{
    bool ok = true;
    bool told = false;

    if (role_in(&probe->tokens[INTUNE_SCOPE_INTUNE], "scep_challenge_provider") == ROLE_MISSING) {
        told = true;
        ok = say_error(probe, "rights", REASON_INTUNE_RIGHTS,
                       "The permission scep_challenge_provider is missing: API permissions, Add a "
                       "permission, APIs my organization uses, Microsoft Intune API, Application "
                       "permissions; then \"Grant admin consent\".");
    }
    /* another right may do as well: what counts is whether Graph has answered */
    if (ok && !probe->discovered && probe->tokens[INTUNE_SCOPE_GRAPH].len > 0
        && role_in(&probe->tokens[INTUNE_SCOPE_GRAPH], "Application.Read.All") == ROLE_MISSING) {
        told = true;
        ok = say_error(probe, "rights", REASON_INTUNE_RIGHTS,
                       "The permission Application.Read.All is missing: API permissions, Add a "
                       "permission, Microsoft Graph, Application permissions; then \"Grant admin "
                       "consent\".");
    }
    if (ok && !told && probe->discovered) {
        ok = say(probe, INTUNE_PROBE_OK, "rights", "Nothing is missing as far as can be seen.");
    }
    return ok;
}

/* The secret's end as Graph tells it, when the settings do not. */
static bool probe_secret_end(struct probe *probe)
{
    struct intune_budget budget = intune_budget_start(probe->client);
    int64_t end = 0;

    if (intune_credential_end_known(probe->client) != 0 || !probe->discovered) {
        return true;
    }
    return !intune_credential_end_ask(probe->client, &budget, &probe->tokens[INTUNE_SCOPE_GRAPH],
                                      clock_now(), &end)
           || end == 0 || say_end(probe, "Graph says: the client secret", end);
}

/* ---- clock, request -------------------------------------------------------------------------- */

static bool probe_clock(struct probe *probe)
{
    int64_t off = probe->date_at - probe->date;
    int64_t distance = off < 0 ? -off : off;
    char text[TEXT_MAX];

    if (probe->date == 0) {
        return true; /* nobody has told the time: the steps before have said why */
    }
    return (text_format(text, sizeof(text),
                        distance <= CLOCK_WARNING_SECONDS
                            ? "This server's clock is right (%" PRId64 " seconds %s)."
                            : "This server's clock is wrong: %" PRId64
                              " seconds %s. Set it (Windows: w32tm /resync); challenges and "
                              "certificates depend on it.",
                        distance, off < 0 ? "behind" : "ahead")
            || error_set(probe->err, REASON_INTERNAL, "a text is too long"))
           && (distance > CLOCK_ERROR_SECONDS
                   ? say_error(probe, "clock", REASON_INTUNE_UNAVAILABLE, text)
                   : say(probe,
                         distance > CLOCK_WARNING_SECONDS ? INTUNE_PROBE_WARNING : INTUNE_PROBE_OK,
                         "clock", text));
}

static bool probe_validate(struct probe *probe, struct bytes csr)
{
    char transaction[INTUNE_ID_MAX];
    char id[INTUNE_ID_MAX];
    char text[TEXT_MAX];
    struct intune_request request = { transaction, csr };
    struct error why = ERROR_INIT;

    if (!intune_text_guid(transaction, probe->err)) {
        return false;
    }
    if (intune_validate(probe->client, &request, id, &why)) {
        return (text_format(text, sizeof(text),
                            "Intune accepts the request (client-request-id %s).", id)
                || error_set(probe->err, REASON_INTERNAL, "a text is too long"))
               && say(probe, INTUNE_PROBE_OK, "validate", text);
    }
    if (why.reason == REASON_INTUNE_CHALLENGE_EXPIRED) { /* an answer all the same */
        return (text_format(text, sizeof(text),
                            "Intune can be asked; it refuses this request, as it has to: %s",
                            why.detail)
                || error_set(probe->err, REASON_INTERNAL, "a text is too long"))
               && say(probe, INTUNE_PROBE_WARNING, "validate", text);
    }
    return say_error(probe, "validate", why.reason, why.detail);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool run(struct probe *probe, struct bytes csr)
{
    if (!probe_credential(probe) || !probe_token(probe, INTUNE_SCOPE_INTUNE)
        || !probe_token(probe, INTUNE_SCOPE_GRAPH)) {
        return false;
    }
    if (probe->tokens[INTUNE_SCOPE_GRAPH].len > 0 && !probe_discovery(probe)) {
        return false;
    }
    if (!probe_rights(probe) || !probe_secret_end(probe) || !probe_clock(probe)) {
        return false;
    }
    return csr.len == 0 || !probe->discovered || probe->tokens[INTUNE_SCOPE_INTUNE].len == 0
           || probe_validate(probe, csr);
}

bool intune_probe(struct intune_client *client, struct bytes csr, intune_probe_visit *visit,
                  void *context, enum intune_probe_level *worst, struct error *err)
{
    struct probe probe = { .client = client, .visit = visit, .context = context, .err = err };
    bool ok = false;

    intune_client_forget(client);
    ok = run(&probe, csr);
    *worst = probe.worst;
    for (size_t i = 0; i < INTUNE_SCOPES; i++) {
        secret_clear(&probe.tokens[i]);
    }
    return ok;
}
