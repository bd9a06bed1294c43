/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ca_upkeep.h"

#include "base/text.h"
#include "platform/clock.h"

/* After a CRL could not be made: tried again and reported this often, not every second. */
#define CRL_RETRY_SECONDS 60

/* What could not be made, of which CA. */
static void report(struct log *log, struct event_log *events, enum event_id event, const char *what,
                   const char *ca_name, const struct error *why)
{
    char where[LIMIT_TEMPLATE_NAME + 8];

    log_error(log, LOG_LEVEL_ERROR, why, "no new %s of CA %s", what, ca_name);
    if (text_format(where, sizeof(where), "CA %s", ca_name)) {
        event_log_failure(events, event, where, why);
    }
}

void ca_upkeep_crls(struct ca_upkeep *upkeep, const struct runtime *runtime, struct log *log,
                    struct event_log *events)
{
    int64_t now = clock_now();
    bool waits = now < upkeep->crl_retry_at && upkeep->crl_retry_at - now <= CRL_RETRY_SECONDS;
    bool failed = false;

    for (size_t i = 0; i < runtime_ca_count(runtime); i++) {
        struct ca_builtin *ca = runtime_ca_at(runtime, i);
        const char *name = runtime_ca_name_at(runtime, i);
        struct error err = ERROR_INIT;
        bool made = false;

        if (ca == NULL || ca_builtin_certificate(ca) == NULL) {
            continue;
        }
        /* One that was just loaded has none to go on with, whatever another CA waits for. */
        if (waits && ca_builtin_crl_end(ca) != 0) {
            continue;
        }
        if (!ca_builtin_crl_refresh(ca, now, &made, &err)) {
            if (!waits) {
                report(log, events, EVENT_CRL_FAILED, "CRL", name, &err);
            }
            failed = true;
        } else if (made) {
            log_line(log, LOG_LEVEL_INFO, "new CRL of CA %s", name);
        }
    }
    if (!waits) {
        upkeep->crl_retry_at = failed ? now + CRL_RETRY_SECONDS : 0;
    }
}

void ca_upkeep_ocsp(const struct runtime *runtime, struct log *log, struct event_log *events)
{
    int64_t now = clock_now();

    for (size_t i = 0; i < runtime_ca_count(runtime); i++) {
        const struct ca_builtin *ca = runtime_ca_at(runtime, i);
        const char *name = runtime_ca_name_at(runtime, i);
        struct ca_ocsp *responder = ca == NULL ? NULL : ca_builtin_ocsp(ca);
        struct error why = ERROR_INIT;
        char until[CLOCK_TEXT_MAX];
        bool made = false;

        if (responder == NULL) {
            continue;
        }
        if (!ca_ocsp_refresh(responder, now, &made, &why)) {
            report(log, events, EVENT_OCSP_SIGNER, "OCSP signer", name, &why);
        } else if (made) {
            clock_format(ca_ocsp_end(responder), until);
            log_line(log, LOG_LEVEL_INFO, "new OCSP signer of CA %s, valid until %s", name, until);
        }
    }
}
