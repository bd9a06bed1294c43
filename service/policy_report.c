/* SPDX-License-Identifier: Apache-2.0 */
#include "service/policy_report.h"

#include <string.h>

#include "base/text.h"

static bool said_before(const struct config_sources *before, const char *name,
                        const struct error *why)
{
    const char *other = NULL;
    const struct error *other_why = NULL;

    for (size_t i = 0; before != NULL && config_sources_problem(before, i, &other, &other_why);
         i++) {
        if (strcmp(other, name) == 0 && strcmp(other_why->detail, why->detail) == 0) {
            return true;
        }
    }
    return false;
}

void policy_report_changes(const struct config_sources *now, const struct config_sources *before,
                           struct log *log, struct event_log *events)
{
    const char *keys = config_sources_policy_keys(now);
    const struct error *why = NULL;
    const char *name = NULL;
    char what[CONFIG_KEY_NAME_MAX + 128];

    if (strcmp(keys, before == NULL ? "" : config_sources_policy_keys(before)) != 0) {
        log_line(log, LOG_LEVEL_INFO, "Group Policy sets %s",
                 keys[0] == '\0' ? "nothing any more" : keys);
    }
    for (size_t i = 0; config_sources_problem(now, i, &name, &why); i++) {
        if (!said_before(before, name, why)
            && text_format(what, sizeof(what), "Group Policy: %s is not taken over", name)) {
            log_error(log, LOG_LEVEL_ERROR, why, "%s", what);
            event_log_failure(events, EVENT_CONFIGURATION_BROKEN, what, why);
        }
    }
}

struct checking {
    check_visit *visit;
    void *context;
};

/* A value that counts, or a closed one: an administrator looks for it in vain in the file. */
static bool check_key(void *context, const struct config_source_view *view, struct error *err)
{
    const struct checking *c = context;
    char what[CONFIG_KEY_NAME_MAX + 32];
    const char *text = "set by Group Policy";
    const char *remedy = "correct the value in the policy";

    if (view->source == CONFIG_SOURCE_CLOSED) {
        text = "closed, until the policy is in order";
    } else if (view->source != CONFIG_SOURCE_POLICY) {
        return true;
    }
    if (view->source == CONFIG_SOURCE_CLOSED && view->policy == NULL && view->problem == NULL) {
        text =
            "closed: another setting of Group Policy does not go with the value of openndes.json";
        remedy = "give both the same meaning; \"openndes config show\" marks what a policy sets";
    }
    return text_format(what, sizeof(what), "policy %s", view->key->name)
           && c->visit(c->context, view->source == CONFIG_SOURCE_POLICY ? CHECK_OK : CHECK_WARNING,
                       what, NULL, text, view->source == CONFIG_SOURCE_POLICY ? NULL : remedy, err);
}

bool policy_report_check(const struct config_sources *sources, check_visit *visit, void *context,
                         struct error *err)
{
    struct checking checking = { visit, context };
    const struct error *why = NULL;
    const char *name = NULL;
    char what[128];

    if (!config_sources_visit(sources, check_key, &checking, err)) {
        return false;
    }
    for (size_t i = 0; config_sources_problem(sources, i, &name, &why); i++) {
        if (!text_format(what, sizeof(what), "policy %.96s", name)
            || !visit(
                context, CHECK_ERROR, what, why, why->detail,
                "correct the value in the policy; \"gpresult /h FILE\" shows which one sets it",
                err)) {
            return false;
        }
    }
    return true;
}
