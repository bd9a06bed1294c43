/* SPDX-License-Identifier: Apache-2.0 */
#include "intune/intune_token.h"

#include "intune/intune_call.h"
#include "intune/intune_credential.h"
#include "intune/intune_text.h"
#include "platform/clock.h"

#define MARGIN_SECONDS 60 /* a token is not used in its last minute */
#define FORM_MAX 32768    /* an assertion is below 2 KB, a secret below 100 bytes */

void intune_token_clear(struct intune_token *token)
{
    secret_clear(&token->value);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool append_field(struct buffer *form, const char *name, struct bytes value,
                         struct error *err)
{
    return (form->len == 0 || buffer_append_byte(form, '&', err))
           && buffer_append_text(form, name, err) && buffer_append_byte(form, '=', err)
           && intune_text_form(form, value, err);
}

static bool append_credential(struct intune_client *client, struct buffer *form, struct error *err)
{
    static const char type[] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    struct buffer assertion = BUFFER_INIT(FORM_MAX);
    bool ok = false;

    if (client->credential == INTUNE_CREDENTIAL_SECRET) {
        return append_field(form, "client_secret", secret_bytes(&client->secret), err);
    }
    ok = intune_assertion(client->cert, client->key, client->urls.token, client->client_id,
                          clock_now(), &assertion, err)
         && append_field(form, "client_assertion_type", bytes_of_text(type), err)
         && append_field(form, "client_assertion", buffer_bytes(&assertion), err);
    buffer_clear(&assertion);
    return ok;
}

static bool ask_for(struct intune_client *client, const char *scope,
                    const struct intune_budget *budget, struct secret *token, int64_t *seconds,
                    struct http_answer *answer, uint32_t *aadsts, struct error *err)
{
    struct buffer form = BUFFER_INIT(FORM_MAX);
    struct intune_call call = { .who = "the token service",
                                .url = client->urls.token,
                                .content_type = "application/x-www-form-urlencoded" };
    struct intune_answer said;
    bool ok = false;

    *aadsts = 0;
    if (!append_field(&form, "grant_type", bytes_of_text("client_credentials"), err)
        || !append_field(&form, "client_id", bytes_of_text(client->client_id), err)
        || !append_field(&form, "scope", bytes_of_text(scope), err)
        || !append_credential(client, &form, err)) {
        goto out;
    }
    call.body = buffer_bytes(&form);
    if (!intune_call(client, budget, &call, answer, NULL, err)) goto out;
    said = intune_call_answer(answer);
    if (!intune_answer_is_success(&said)) {
        *aadsts = intune_answer_no_token(&said, secret_bytes(&client->secret), err);
        goto out;
    }
    ok = intune_answer_token(&answer->body, token, seconds, err);
out:
    buffer_clear(&form);
    return ok;
}

/* Which form of Intune's scope this tenant knows. */
static const char *intune_scope(struct intune_client *client, bool *second)
{
    (void)pthread_mutex_lock(&client->lock);
    *second = client->second_scope;
    (void)pthread_mutex_unlock(&client->lock);
    return *second ? client->urls.scope_second : client->urls.scope;
}

bool intune_token_ask(struct intune_client *client, enum intune_scope scope,
                      const struct intune_budget *budget, struct secret *token, int64_t *seconds,
                      struct http_answer *answer, struct error *err)
{
    struct error first = ERROR_INIT;
    struct error again = ERROR_INIT;
    uint32_t aadsts = 0;
    bool second = false;

    if (scope == INTUNE_SCOPE_GRAPH) {
        return ask_for(client, client->urls.graph_scope, budget, token, seconds, answer, &aadsts,
                       err);
    }
    if (ask_for(client, intune_scope(client, &second), budget, token, seconds, answer, &aadsts,
                &first)) {
        return true;
    }
    if (aadsts == INTUNE_AADSTS_NO_RESOURCE && !second && client->urls.scope_second[0] != '\0'
        && intune_budget_allows(budget)
        && ask_for(client, client->urls.scope_second, budget, token, seconds, answer, &aadsts,
                   &again)) {
        (void)pthread_mutex_lock(&client->lock);
        client->second_scope = true;
        (void)pthread_mutex_unlock(&client->lock);
        return true;
    }
    return error_set(err, first.reason, "%s", first.detail);
}

/* ---- the slots ------------------------------------------------------------------------------- */

/* With the lock held: a copy, if there is one. */
static bool take_copy(const struct intune_token_slot *slot, bool waited, struct intune_token *out,
                      bool *found, struct error *err)
{
    int64_t until = waited ? slot->valid_us : slot->until_us;

    *found = slot->value.len > 0 && clock_monotonic_us() < until;
    if (!*found) {
        return true;
    }
    out->serial = slot->serial;
    return secret_set(&out->value, slot->value.data, slot->value.len, err);
}

/* With the lock held; it is released while the service is asked. */
static bool fetch(struct intune_client *client, enum intune_scope scope,
                  const struct intune_budget *budget, struct intune_token *out, struct error *err)
{
    struct intune_token_slot *slot = &client->tokens[scope];
    struct http_answer answer = HTTP_ANSWER_INIT;
    struct secret token = SECRET_INIT;
    struct error why = ERROR_INIT;
    int64_t seconds = 0;
    int64_t asked = clock_monotonic_us();
    bool ok = false;

    slot->flight.running = true;
    (void)pthread_mutex_unlock(&client->lock);
    ok = intune_token_ask(client, scope, budget, &token, &seconds, &answer, &why)
         && secret_set(&out->value, token.data, token.len, &why);
    http_answer_clear(&answer);
    (void)pthread_mutex_lock(&client->lock);
    if (ok) {
        secret_clear(&slot->value);
        slot->value = token;
        token = (struct secret)SECRET_INIT;
        slot->serial = ++client->serials;
        slot->valid_us = asked + seconds * INTUNE_SECOND_US;
        slot->until_us = slot->valid_us - MARGIN_SECONDS * INTUNE_SECOND_US;
        out->serial = slot->serial;
    }
    intune_stats_count(client->stats, INTUNE_ACTION_TOKEN, asked, ok ? NULL : &why);
    intune_flight_end(client, &slot->flight, ok ? NULL : &why);
    secret_clear(&token);
    return ok || error_set(err, why.reason, "%s", why.detail);
}

bool intune_token_get(struct intune_client *client, enum intune_scope scope,
                      const struct intune_budget *budget, struct intune_token *out,
                      struct error *err)
{
    struct intune_token_slot *slot = &client->tokens[scope];
    bool waited = false;
    bool found = false;
    bool ok = true;

    (void)pthread_mutex_lock(&client->lock);
    while (ok && !found) {
        if (client->stopped) {
            ok = error_set(err, REASON_STOPPING, "the service stops");
        } else if (!(ok = take_copy(slot, waited, out, &found, err)) || found) {
            break;
        } else if (waited && slot->flight.failed) {
            ok = error_set(err, slot->flight.why.reason, "%s", slot->flight.why.detail);
        } else if (slot->flight.running) {
            ok = intune_flight_wait(client, &slot->flight, budget, err);
            waited = true;
        } else {
            ok = found = fetch(client, scope, budget, out, err);
        }
    }
    (void)pthread_mutex_unlock(&client->lock);
    return ok;
}

void intune_token_drop(struct intune_client *client, enum intune_scope scope, uint64_t serial)
{
    (void)pthread_mutex_lock(&client->lock);
    if (client->tokens[scope].serial == serial && client->tokens[scope].value.len > 0) {
        for (size_t i = 0; i < INTUNE_SCOPES; i++) {
            secret_clear(&client->tokens[i].value);
        }
    }
    (void)pthread_mutex_unlock(&client->lock);
}
