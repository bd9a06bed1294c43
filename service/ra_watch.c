/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ra_watch.h"

#include "base/text.h"
#include "ca/ra_roll.h"
#include "platform/clock.h"

static const char *const form_names[RA_GENERATION_FORMS] = {
    [RA_GENERATION_SINGLE] = "RA",
    [RA_GENERATION_PAIR] = "pair of RAs",
};

static void write_audit(const struct ra_watch *watch, const char *ca_name, const char *what,
                        const struct certificate_info *made, const char *detail)
{
    struct audit_record record = {
        .event = "ca-renew-ra",
        .result = "ok",
        .actor = "service",
        .target = what,
        .ca_name = ca_name,
        .serial = made->serial,
        .not_after = made->not_after,
        .detail = detail,
    };
    struct error err = ERROR_INIT;

    if (!audit_write(watch->audit, &record, &err)) {
        log_error(watch->log, LOG_LEVEL_ERROR, &err, "audit record of a new RA is lost");
        event_log_failure(watch->events, EVENT_AUDIT_FAILED, NULL, &err);
    }
}

static void tell_replaced(const struct ra_watch *watch, const char *ca_name,
                          enum ra_generation_form form, const struct ra_roll_result *result)
{
    char from[CLOCK_TEXT_MAX];
    char until[CLOCK_TEXT_MAX];
    char text[512];
    bool whole;

    clock_format(result->former[form].not_after, from);
    clock_format(result->made[form].not_after, until);
    whole = text_format(text, sizeof(text),
                        "CA %s has a new %s, serial %s, until %s; the former one, serial %s, until "
                        "%s, goes on for devices that have it",
                        ca_name, form_names[form], result->made[form].serial, until,
                        result->former[form].serial, from);
    (void)whole;
    log_line(watch->log, LOG_LEVEL_INFO, "%s", text);
    event_log_report(watch->events, EVENT_RA_REPLACED, text);
    write_audit(watch, ca_name, form_names[form], &result->made[form], text);
}

static void tell(const struct ra_watch *watch, const char *ca_name,
                 const struct ra_roll_result *result)
{
    char until[CLOCK_TEXT_MAX];

    for (int form = 0; form < RA_GENERATION_FORMS; form++) {
        if (result->replaced[form]) {
            tell_replaced(watch, ca_name, (enum ra_generation_form)form, result);
        }
    }
    if (result->change.given_way > 0) {
        clock_format(result->change.given_way_end, until);
        log_line(watch->log, LOG_LEVEL_WARNING,
                 "CA %s: %u former RAs had to give way, no more than %d are kept; devices that "
                 "still have one of them (until %s) have to fetch GetCACert again",
                 ca_name, result->change.given_way, RA_FORMERS_MAX, until);
    }
    if (result->removed > 0) {
        log_line(watch->log, LOG_LEVEL_INFO,
                 "CA %s: %zu former RAs have had their time (ra.keep_days)", ca_name,
                 result->removed);
    }
}

bool ra_watch_run(const struct ra_watch *watch, const struct runtime *runtime, int64_t now)
{
    const struct service_config *config = runtime_config(runtime);
    bool changed = false;

    for (size_t i = 0; i < runtime_ca_count(runtime); i++) {
        const struct ra_roll_options options = {
            .data_folder = watch->data_folder,
            .name = runtime_ca_name_at(runtime, i),
            .renew_days = config->ra.renew_days,
            .keep_days = config->ra.keep_days,
            .now = now,
            .past = store_time_to_forget(watch->store, now),
        };
        struct ra_roll_result result;
        struct error err = ERROR_INIT;

        if (!ra_roll_run(&options, &result, &err)) {
            /* A command that is at it right now is nothing to act on. */
            log_error(watch->log,
                      err.reason == REASON_DATA_FOLDER_IN_USE ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
                      &err, "RAs of CA %s are not replaced now, it is tried again", options.name);
        }
        tell(watch, options.name, &result);
        changed = changed || result.replaced[RA_GENERATION_SINGLE]
                  || result.replaced[RA_GENERATION_PAIR] || result.removed > 0;
    }
    return changed;
}
