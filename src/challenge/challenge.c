/* SPDX-License-Identifier: Apache-2.0 */
#include "challenge/challenge.h"

#include <stdlib.h>
#include <string.h>

struct challenge {
    const struct challenge_ops *ops;
    void *state;
};

struct challenge *challenge_create(const struct challenge_ops *ops, void *take_state)
{
    struct challenge *c = malloc(sizeof(*c));

    if (c == NULL) {
        if (ops->free != NULL) {
            ops->free(take_state);
        }
        return NULL;
    }
    c->ops = ops;
    c->state = take_state;
    return c;
}

void challenge_free(struct challenge *c)
{
    if (c == NULL) {
        return;
    }
    if (c->ops->free != NULL) {
        c->ops->free(c->state);
    }
    free(c);
}

const char *challenge_name(const struct challenge *c)
{
    return c->ops->name;
}

bool challenge_check(const struct challenge *c, const struct enroll_request *request,
                     struct grant *grant, struct error *err)
{
    grant_clear(grant);
    /* the one entry that must be there: without a check nobody gets a certificate */
    if (c->ops->check == NULL) {
        return error_set(err, REASON_CHALLENGE_UNAVAILABLE, "challenge %s cannot check",
                         c->ops->name);
    }
    if (!c->ops->check(c->state, request, grant, err)) {
        char id[sizeof(grant->correlation_id)];

        /* whoever reads the refusal in a log wants to know which call it was */
        memcpy(id, grant->correlation_id, sizeof(id));
        grant_clear(grant);
        memcpy(grant->correlation_id, id, sizeof(id));
        return false;
    }
    grant->challenge_type = c->ops->name;
    return true;
}

bool challenge_is_remote(const struct challenge *c)
{
    return c->ops->remote;
}

bool challenge_confirm(const struct challenge *c, const struct enroll_request *request,
                       struct grant *grant, const struct issuance *issuance, struct error *err)
{
    return c->ops->confirm == NULL || c->ops->confirm(c->state, request, grant, issuance, err);
}

void challenge_refuse(const struct challenge *c, const struct enroll_request *request,
                      const struct grant *grant, const struct error *why)
{
    if (c->ops->refuse != NULL) {
        c->ops->refuse(c->state, request, grant, why);
    }
}
