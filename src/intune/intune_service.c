/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_service.h"

#include "base/text.h"
#include "intune/intune_call.h"

enum next_step { STEP_DONE, STEP_NEW_TOKEN, STEP_NEW_ADDRESS };

/* Second chances that have been used. */
struct chances {
    bool token;
    bool address;
};

static bool is_moved(const struct http_answer *answer)
{
    return answer->failure == HTTP_CALL_NAME || answer->status == 404 || answer->status == 410;
}

/* Is the address to be asked for before the next call? Not for what has nothing to do with it. */
static bool is_suspect(const struct http_answer *answer)
{
    return (answer->failure != HTTP_CALL_NONE && answer->failure != HTTP_CALL_STOPPED
            && answer->failure != HTTP_CALL_PROXY)
           || is_moved(answer) || (answer->status >= 300 && answer->status <= 399)
           || (answer->status >= 500 && answer->status != 503);
}

static enum next_step judge(const struct http_answer *answer, const struct intune_budget *budget,
                            struct chances *used)
{
    if (!intune_budget_allows(budget)) {
        return STEP_DONE;
    }
    if ((answer->status == 401 || answer->status == 403) && !used->token) {
        used->token = true;
        return STEP_NEW_TOKEN;
    }
    if (is_moved(answer) && !used->address) {
        used->address = true;
        return STEP_NEW_ADDRESS;
    }
    return STEP_DONE;
}

/* What one call needs; made anew where a second chance begins. */
struct call_parts {
    struct intune_address address;
    struct intune_token token;
    char url[INTUNE_URL_MAX + 128];
};

static bool get_parts(struct intune_client *client, const struct intune_service_call *call,
                      const struct intune_budget *budget, struct call_parts *parts,
                      struct error *err)
{
    if (!intune_discovery_get(client, call->service, budget, &parts->address, err)
        || !intune_token_get(client, INTUNE_SCOPE_INTUNE, budget, &parts->token, err)) {
        return false;
    }
    return text_format(parts->url, sizeof(parts->url), "%s%s", parts->address.url, call->path)
           || error_set(err, REASON_INTERNAL, "an address is too long");
}

bool intune_service_call(struct intune_client *client, const struct intune_service_call *call,
                         struct http_answer *answer, char client_request_id[INTUNE_ID_MAX],
                         struct error *err)
{
    struct intune_budget budget = intune_budget_start(client);
    struct call_parts parts = { .token = INTUNE_TOKEN_INIT };
    struct intune_call http = { .who = "Intune",
                                .url = parts.url,
                                .content_type = "application/json",
                                .api_version = call->api_version,
                                .token = &parts.token.value,
                                .body = call->body };
    struct chances used = { false, false };
    enum next_step step = STEP_DONE;
    struct error why = ERROR_INIT;
    bool ok = false;

    client_request_id[0] = '\0';
    do {
        error_clear(&why);
        ok = get_parts(client, call, &budget, &parts, &why);
        if (!ok) {
            break;
        }
        ok = intune_call(client, &budget, &http, answer, client_request_id, &why);
        step = judge(answer, &budget, &used);
        if (step == STEP_NEW_TOKEN) {
            intune_token_drop(client, INTUNE_SCOPE_INTUNE, parts.token.serial);
        } else if (is_suspect(answer)) {
            intune_discovery_drop(client, parts.address.serial);
        }
    } while (step != STEP_DONE);
    intune_token_clear(&parts.token);
    return ok || error_set(err, why.reason, "%s", why.detail);
}

bool intune_service_failed(const char client_request_id[INTUNE_ID_MAX], const struct error *cause,
                           struct error *err)
{
    if (client_request_id[0] == '\0') {
        return error_set(err, cause->reason, "%s", cause->detail);
    }
    return error_set(err, cause->reason, "%s (client-request-id %s)", cause->detail,
                     client_request_id);
}
