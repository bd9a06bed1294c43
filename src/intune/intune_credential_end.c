/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_credential_end.h"

#include "base/text.h"
#include "intune/intune_call.h"
#include "intune/intune_token.h"
#include "model/certificate.h"
#include "platform/clock.h"

#define SECONDS_PER_DAY 86400

int64_t intune_credential_end_known(const struct intune_client *client)
{
    struct certificate_info info;
    struct error unused = ERROR_INIT;
    char text[CLOCK_TEXT_MAX];
    int64_t end = 0;

    if (client->credential == INTUNE_CREDENTIAL_CERTIFICATE) {
        return certificate_info(client->cert, &info, &unused) ? info.not_after : 0;
    }
    if (client->secret_expires[0] != '\0'
        && text_format(text, sizeof(text), "%sT00:00:00Z", client->secret_expires)
        && clock_parse(text, &end)) {
        return end;
    }
    return 0;
}

bool intune_credential_end_ask(struct intune_client *client, const struct intune_budget *budget,
                               const struct secret *graph_token, int64_t now, int64_t *end)
{
    struct intune_call call = { .who = "Microsoft Graph",
                                .url = client->urls.application,
                                .token = graph_token };
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct error unused = ERROR_INIT;
    struct intune_answer said;
    bool ok = intune_call(client, budget, &call, &answer, NULL, &unused);

    if (ok) {
        said = intune_call_answer(&answer);
        ok = intune_answer_is_success(&said);
        *end = intune_answer_secret_end(&said, secret_bytes(&client->secret), now);
    }
    http_answer_clear(&answer);
    return ok;
}

/* At most once a day, also when there was no answer. */
static bool is_due(struct intune_client *client, int64_t now, int64_t *told)
{
    bool due = false;

    (void)pthread_mutex_lock(&client->lock);
    due = client->end_asked_at == 0 || now < client->end_asked_at
          || now - client->end_asked_at >= SECONDS_PER_DAY;
    if (due) {
        client->end_asked_at = now;
    }
    *told = client->end_told;
    (void)pthread_mutex_unlock(&client->lock);
    return due;
}

int64_t intune_credential_end(struct intune_client *client, int64_t now)
{
    struct intune_budget budget = intune_budget_start(client);
    struct intune_token token = INTUNE_TOKEN_INIT;
    struct error unused = ERROR_INIT;
    int64_t end = intune_credential_end_known(client);
    int64_t told = 0;

    if (end != 0 || !is_due(client, now, &told)) {
        return end != 0 ? end : told;
    }
    if (intune_token_get(client, INTUNE_SCOPE_GRAPH, &budget, &token, &unused)
        && intune_credential_end_ask(client, &budget, &token.value, now, &end)) {
        told = end;
        (void)pthread_mutex_lock(&client->lock);
        client->end_told = told;
        (void)pthread_mutex_unlock(&client->lock);
    }
    intune_token_clear(&token);
    return told;
}

int64_t intune_credential_end_told(struct intune_client *client)
{
    int64_t end = intune_credential_end_known(client);

    if (end == 0) {
        (void)pthread_mutex_lock(&client->lock);
        end = client->end_told;
        (void)pthread_mutex_unlock(&client->lock);
    }
    return end;
}
