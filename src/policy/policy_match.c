/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "policy/policy_match_internal.h"

const char *policy_outcome_word(enum policy_outcome outcome)
{
    static const char *const words[] = {
        [POLICY_PASS] = "pass",   [POLICY_NOT_CHECKED] = "not-checked",
        [POLICY_FIXED] = "fixed", [POLICY_WARN] = "warn",
        [POLICY_DENY] = "deny",
    };

    return words[outcome];
}

/*
 * A free place in the order of the checks; in a full verdict the place of the last finding that is
 * less than this one. NULL: there is none.
 */
static struct policy_finding *make_room(struct policy_verdict *v, enum policy_outcome outcome)
{
    size_t victim = LIMIT_POLICY_FINDINGS;

    if (v->count < LIMIT_POLICY_FINDINGS) {
        return &v->finding[v->count++];
    }
    v->cut = true;
    for (size_t i = 0; i < v->count; i++) {
        if (v->finding[i].outcome < outcome
            && (victim == LIMIT_POLICY_FINDINGS
                || v->finding[i].outcome <= v->finding[victim].outcome)) {
            victim = i;
        }
    }
    return outcome == POLICY_DENY && victim < LIMIT_POLICY_FINDINGS ? &v->finding[victim] : NULL;
}

void policy_match_tell_at(struct policy_matching *m, enum policy_check check,
                          enum policy_outcome outcome, const char *path, struct bytes expected,
                          struct bytes found)
{
    const struct policy_check_info *info = policy_check_info_of(check);
    struct policy_verdict *v = m->verdict;
    struct policy_finding *finding = make_room(v, outcome);

    if (outcome != POLICY_NOT_CHECKED && outcome > v->outcome) {
        v->outcome = outcome;
    }
    if (finding == NULL) {
        return;
    }
    memset(finding, 0, sizeof(*finding));
    finding->check = info->check;
    finding->outcome = outcome;
    finding->intune_code = info->intune_code;
    if (!text_copy(finding->path, sizeof(finding->path), path)) {
        finding->path[0] = '\0';
    }
    text_escape(finding->expected, sizeof(finding->expected), expected);
    text_escape(finding->found, sizeof(finding->found), found);
}

void policy_match_tell(struct policy_matching *m, enum policy_check check,
                       enum policy_outcome outcome, enum policy_place place, const char *expected,
                       const char *found)
{
    char path[POLICY_PATH_MAX];

    policy_path(m->policy, place, path);
    policy_match_tell_at(m, check, outcome, path, bytes_of_text(expected), bytes_of_text(found));
}

bool policy_match(const struct policy *p, const struct policy_request *request,
                  struct policy_verdict *out, struct error *err)
{
    struct policy_matching m = { .policy = p, .request = request, .verdict = out };

    out->outcome = POLICY_PASS;
    out->count = 0;
    out->cut = false;
    out->bindings.count = 0;
    out->values_len = 0;
    if (!policy_match_names(&m, err)) {
        return false;
    }
    policy_match_sid(&m);
    policy_match_known(&m);
    policy_match_usage(&m);
    if (!policy_match_key(&m, err)) {
        return false;
    }
    policy_match_validity(&m);
    policy_match_endpoint(&m);
    policy_match_extensions(&m);
    return policy_match_challenge(&m, err) && policy_match_limits(&m, err);
}
