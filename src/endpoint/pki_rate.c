/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "endpoint/pki_exchange.h"

/* A limit was met: whose, which, and how long to wait. */
static void limited(struct exchange *x, const struct endpoint *endpoint, enum rate_kind kind,
                    unsigned seconds)
{
    x->limited = true;
    memcpy(x->report->template_name, endpoint->name, sizeof(x->report->template_name));
    x->report->limited = kind;
    x->report->retry_after = seconds;
}

bool pki_rate_admit(struct exchange *x, const struct endpoint *endpoint, struct error *err)
{
    const struct ip_address *peer = &x->request->peer;

    x->verdict = rate_limit_request(&endpoint->rate, peer);
    if (rate_verdict_check(&x->verdict, &endpoint->rate, peer, err)) {
        return true;
    }
    limited(x, endpoint, x->verdict.kind, x->verdict.seconds);
    return false;
}

/* In a RenewalReq a challenge is looked at with renewal.challenge=both alone (enroll_path.c). */
static bool may_guess(const struct exchange *x, const struct endpoint *endpoint)
{
    enum scep_message_type type = scep_message_facts(x->message)->type;

    return type == SCEP_TYPE_PKCS_REQ
           || (type == SCEP_TYPE_RENEWAL_REQ
               && endpoint->enroll.renewal.challenge == RENEWAL_CHALLENGE_BOTH);
}

bool pki_rate_admit_challenge(struct exchange *x, const struct endpoint *endpoint,
                              struct error *err)
{
    if (!may_guess(x, endpoint)
        || rate_verdict_check_challenge(&x->verdict, &endpoint->rate, &x->request->peer, err)) {
        return true;
    }
    limited(x, endpoint, RATE_CHALLENGES, x->verdict.challenges_seconds);
    return false;
}

bool pki_rate_admit_chosen(struct exchange *x, const struct endpoint *chosen, struct error *err)
{
    bool counted = chosen->rate.template == x->endpoint->rate.template;

    return (counted || pki_rate_admit(x, chosen, err)) && pki_rate_admit_challenge(x, chosen, err);
}

void pki_rate_result(const struct exchange *x)
{
    const struct endpoint_report *report = x->report;

    rate_limit_result(&x->decider->rate, &x->request->peer,
                      report->unreadable ? REASON_UNIFORM_FAILURE : report->error.reason);
}
