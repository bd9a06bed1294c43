/* SPDX-License-Identifier: Apache-2.0 */
#include "service/challenge_intune.h"

static bool check(void *state, const struct enroll_request *request, struct grant *grant,
                  struct error *err)
{
    return intune_challenge_check(state, request, grant, err);
}

static bool confirm(void *state, const struct enroll_request *request, struct grant *grant,
                    const struct issuance *issuance, struct error *err)
{
    return intune_challenge_confirm(state, request, grant, issuance, err);
}

static void refuse(void *state, const struct enroll_request *request, const struct grant *grant,
                   const struct error *why)
{
    intune_challenge_refuse(state, request, grant, why);
}

static void drop(void *state)
{
    intune_challenge_free(state);
}

static const struct challenge_ops ops = {
    .name = "intune",
    .remote = true,
    .check = check,
    .confirm = confirm,
    .refuse = refuse,
    .free = drop,
};

struct challenge *challenge_intune_create(const struct intune_challenge_options *options,
                                          struct error *err)
{
    struct intune_challenge *state = intune_challenge_create(options, err);
    struct challenge *challenge = NULL;

    if (state == NULL) {
        return NULL;
    }
    challenge = challenge_create(&ops, state);
    if (challenge == NULL) {
        error_set(err, REASON_NO_MEMORY, "challenge");
    }
    return challenge;
}
