/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_discovery.h"

#include "base/text.h"
#include "intune/intune_call.h"
#include "platform/clock.h"

static const char *url_of(const struct intune_endpoints *endpoints, enum intune_service service)
{
    return service == INTUNE_SERVICE_SCEP ? endpoints->scep : endpoints->connector;
}

static const char *name_of(enum intune_service service)
{
    return service == INTUNE_SERVICE_SCEP ? "ScepRequestValidationFEService"
                                          : "PkiConnectorFEService";
}

/* ---- asking ---------------------------------------------------------------------------------- */

bool intune_discovery_has(const struct intune_endpoints *endpoints, enum intune_service service,
                          struct error *err)
{
    if (url_of(endpoints, service)[0] != '\0') {
        return true;
    }
    if (endpoints->odd[0] != '\0') {
        return error_set(err, REASON_INTUNE_DISCOVERY,
                         "Microsoft Graph names no address for %s that may be used: %s",
                         name_of(service), endpoints->odd);
    }
    return error_set(err, REASON_INTUNE_DISCOVERY,
                     "Microsoft Graph names no %s: add the application permission "
                     "scep_challenge_provider (API permissions, APIs my organization uses, "
                     "Microsoft Intune API) and click \"Grant admin consent\"; and the tenant "
                     "needs an Intune licence",
                     name_of(service));
}

bool intune_discovery_ask(struct intune_client *client, const struct intune_budget *budget,
                          const struct secret *token, struct intune_endpoints *out,
                          struct http_answer *answer, struct error *err)
{
    struct intune_call call = { .who = "Microsoft Graph",
                                .url = client->urls.discovery,
                                .token = token };
    struct intune_answer said;

    if (!intune_call(client, budget, &call, answer, NULL, err)) {
        return false;
    }
    said = intune_call_answer(answer);
    if (!intune_answer_is_success(&said)) {
        return intune_answer_graph_refusal(&said, err);
    }
    if (!intune_answer_endpoints(&said, client->urls.service_suffix, out, err)) {
        return error_context(err, "Microsoft Graph");
    }
    return true;
}

/* May a token be the reason, one from before a right was granted? */
static bool blames_token(const struct error *why, const struct intune_endpoints *found)
{
    return why->reason == REASON_INTUNE_RIGHTS
           || (why->reason == REASON_INTUNE_DISCOVERY && found->odd[0] == '\0');
}

/* With a token from the slot; a second time with a new one if the first may be too old. */
static bool ask_patiently(struct intune_client *client, enum intune_service service,
                          const struct intune_budget *budget, struct intune_endpoints *out,
                          struct error *err)
{
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct intune_token token = INTUNE_TOKEN_INIT;
    struct error why = ERROR_INIT;
    bool ok = false;

    for (int attempt = 0; !ok && attempt < 2; attempt++) {
        error_clear(&why);
        if (!intune_token_get(client, INTUNE_SCOPE_GRAPH, budget, &token, &why)) {
            break;
        }
        ok = intune_discovery_ask(client, budget, &token.value, out, &answer, &why)
             && intune_discovery_has(out, service, &why);
        if (ok || !blames_token(&why, out) || !intune_budget_allows(budget)) {
            break;
        }
        intune_token_drop(client, INTUNE_SCOPE_GRAPH, token.serial);
    }
    intune_token_clear(&token);
    http_answer_clear(&answer);
    return ok || error_set(err, why.reason, "%s", why.detail);
}

/* ---- what is known --------------------------------------------------------------------------- */

/* With the lock held; it is released while Graph is asked. */
static bool fetch(struct intune_client *client, enum intune_service service,
                  const struct intune_budget *budget, struct error *err)
{
    struct intune_endpoints found = { .scep = "" };
    struct error why = ERROR_INIT;
    int64_t begun_us = clock_monotonic_us();
    bool ok = false;

    client->discovery.running = true;
    (void)pthread_mutex_unlock(&client->lock);
    ok = ask_patiently(client, service, budget, &found, &why);
    intune_stats_count(client->stats, INTUNE_ACTION_DISCOVERY, begun_us, ok ? NULL : &why);
    (void)pthread_mutex_lock(&client->lock);
    /* what was found of the other service serves those who wait for that */
    if (ok || found.scep[0] != '\0' || found.connector[0] != '\0') {
        client->endpoints = found;
        client->endpoints_serial = ++client->serials;
    }
    intune_flight_end(client, &client->discovery, ok ? NULL : &why);
    return ok || error_set(err, why.reason, "%s", why.detail);
}

/* With the lock held. */
static bool take_copy(const struct intune_client *client, enum intune_service service,
                      struct intune_address *out)
{
    const char *url = url_of(&client->endpoints, service);

    out->serial = client->endpoints_serial;
    return url[0] != '\0' && text_copy(out->url, sizeof(out->url), url);
}

bool intune_discovery_get(struct intune_client *client, enum intune_service service,
                          const struct intune_budget *budget, struct intune_address *out,
                          struct error *err)
{
    const struct intune_flight *flight = &client->discovery;
    bool waited = false;
    bool ok = true;

    (void)pthread_mutex_lock(&client->lock);
    while (ok) {
        if (client->stopped) {
            ok = error_set(err, REASON_STOPPING, "the service stops");
        } else if (take_copy(client, service, out)) {
            break;
        } else if (waited && flight->failed) {
            ok = error_set(err, flight->why.reason, "%s", flight->why.detail);
        } else if (flight->running) {
            ok = intune_flight_wait(client, &client->discovery, budget, err);
            waited = true;
        } else {
            ok = fetch(client, service, budget, err);
        }
    }
    (void)pthread_mutex_unlock(&client->lock);
    return ok;
}

void intune_discovery_drop(struct intune_client *client, uint64_t serial)
{
    (void)pthread_mutex_lock(&client->lock);
    if (client->endpoints_serial == serial) {
        client->endpoints = (struct intune_endpoints){ .scep = "" };
    }
    (void)pthread_mutex_unlock(&client->lock);
}
