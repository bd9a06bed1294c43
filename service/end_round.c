/* SPDX-License-Identifier: Apache-2.0 */
#include "service/end_round.h"

#include "service/ca_ends.h"

struct noting {
    struct end_watch *watch;
    int64_t now;
};

/* A ca_ends_visit. */
static bool note_end(void *context, const struct end_thing *thing, struct error *err)
{
    const struct noting *noting = context;

    (void)err;
    (void)end_watch_note(noting->watch, thing, noting->now);
    return true;
}

static void note_cas(struct noting *noting, const struct runtime *runtime)
{
    for (size_t i = 0; i < runtime_ca_count(runtime); i++) {
        const struct ca_builtin *ca = runtime_ca_at(runtime, i);
        const char *name = runtime_ca_name_at(runtime, i);
        struct error err = ERROR_INIT;

        if (ca != NULL
            && !ca_ends(ca, name, runtime_config(runtime)->ra.renew_days, noting->now, note_end,
                        noting, &err)) {
            log_error(noting->watch->log, LOG_LEVEL_WARNING, &err,
                      "CA %s: it is not known what ends when", name);
        }
    }
}

/* What the keeper has asked for, or the settings say. */
static void note_credential(struct noting *noting, const struct runtime *runtime)
{
    struct intune_client *client = runtime_intune(runtime);
    int64_t end = client == NULL ? 0 : intune_credential_end_told(client);
    const struct end_thing thing = { END_KIND_CREDENTIAL, "", "", end, 0, NULL };

    if (end != 0) {
        (void)end_watch_note(noting->watch, &thing, noting->now);
    }
}

void end_round(struct end_watch *watch, const struct runtime *runtime,
               const struct listeners *listeners, int64_t now)
{
    struct noting noting = { watch, now };

    end_watch_round(watch);
    note_cas(&noting, runtime);
    listeners_note_end(listeners, watch, now);
    note_credential(&noting, runtime);
}
