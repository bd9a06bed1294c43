/* SPDX-License-Identifier: Apache-2.0 */
#include "service/end_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"

/* ---- how near -------------------------------------------------------------------------------- */

/* The most urgent first. */
static const struct {
    enum end_stage stage;
    int64_t days;
} thresholds[] = { { END_URGENT, 7 }, { END_NEAR, 30 }, { END_SOON, 60 } };

enum end_stage end_stage(int64_t ends_at, int64_t within, int64_t now)
{
    int64_t left = ends_at - now;

    if (left < 0) {
        return END_PAST;
    }
    for (size_t i = 0; i < sizeof(thresholds) / sizeof(thresholds[0]); i++) {
        if (left < thresholds[i].days * END_DAY_SECONDS && (within == 0 || left < within)) {
            return thresholds[i].stage;
        }
    }
    return END_FAR;
}

/* ---- what ------------------------------------------------------------------------------------ */

/* A remedy's '#' stands for the name of the CA. */
static const struct {
    const char *name;
    const char *remedy;
    enum event_id event;
} kinds[END_KINDS] = {
    [END_KIND_CA] = { "CA",
                      "have a new certificate made for its key and run: openndes ca install # "
                      "--cert FILE; or make a new CA for the templates",
                      EVENT_CA_ENDS },
    [END_KIND_PARENT] = { "a CA above CA",
                          "get its new certificate and run: openndes ca install # --cert FILE "
                          "--chain FILE",
                          EVENT_CA_ENDS },
    [END_KIND_RA] = { "RA of CA", "make a new one: openndes ca renew-ra #", EVENT_CA_ENDS },
    [END_KIND_RA_SIGN] = { "signing RA of CA", "make a new one: openndes ca renew-ra #",
                           EVENT_CA_ENDS },
    [END_KIND_RA_ENC] = { "decrypting RA of CA", "make a new one: openndes ca renew-ra #",
                          EVENT_CA_ENDS },
    [END_KIND_TLS] = { "HTTPS certificate",
                       "put in a new one: openndes tls issue, or openndes tls import",
                       EVENT_CA_ENDS },
    [END_KIND_CREDENTIAL] = { "credential that signs in to Microsoft Entra",
                              "make a new one and give it to: openndes intune secret, or openndes "
                              "intune certificate",
                              EVENT_CREDENTIAL_ENDS },
};

const char *end_kind_name(enum end_kind kind)
{
    return kinds[kind].name;
}

void end_thing_remedy(const struct end_thing *thing, char *text, size_t size)
{
    const char *remedy = thing->remedy != NULL ? thing->remedy : kinds[thing->kind].remedy;
    size_t len = strcspn(remedy, "#");
    bool whole = remedy[len] == '\0' ? text_format(text, size, "%s", remedy)
                                     : text_format(text, size, "%.*s%s%s", (int)len, remedy,
                                                   thing->name, remedy + len + 1);

    (void)whole;
}

/* ---- telling --------------------------------------------------------------------------------- */

struct end_told {
    enum end_kind kind;
    char name[LIMIT_TEMPLATE_NAME + 1];
    int64_t ends_at;
    enum end_stage stage;
    int64_t told_at;
    bool seen; /* in this round */
};

void end_watch_init(struct end_watch *watch, struct log *log, struct audit *audit,
                    struct event_log *events)
{
    *watch = (struct end_watch){ .log = log, .audit = audit, .events = events };
}

void end_watch_clear(struct end_watch *watch)
{
    if (watch != NULL) {
        free(watch->told);
        watch->told = NULL;
        watch->told_count = 0;
    }
}

void end_watch_round(struct end_watch *watch)
{
    size_t kept = 0;

    for (size_t i = 0; i < watch->told_count; i++) {
        if (watch->told[i].seen) {
            watch->told[kept] = watch->told[i];
            watch->told[kept++].seen = false;
        }
    }
    watch->told_count = kept;
}

/* Made when it is not there; NULL: no memory, and it is told once too often. */
static struct end_told *find(struct end_watch *watch, const struct end_thing *thing)
{
    struct end_told *grown = NULL;

    for (size_t i = 0; i < watch->told_count; i++) {
        struct end_told *told = &watch->told[i];

        if (told->kind == thing->kind && told->ends_at == thing->ends_at
            && text_equal_nocase(told->name, thing->name)) {
            return told;
        }
    }
    grown = realloc(watch->told, (watch->told_count + 1) * sizeof(*grown));
    if (grown == NULL) {
        return NULL;
    }
    watch->told = grown;
    grown += watch->told_count++;
    *grown = (struct end_told){ .kind = thing->kind, .ends_at = thing->ends_at, .stage = END_FAR };
    return text_copy(grown->name, sizeof(grown->name), thing->name) ? grown : NULL;
}

static bool is_time(const struct end_told *told, enum end_stage stage, int64_t now)
{
    if (told == NULL || stage > told->stage) {
        return true;
    }
    /* also when the clock was put back */
    return stage >= END_URGENT && (now - told->told_at >= END_DAY_SECONDS || now < told->told_at);
}

static void write_audit(const struct end_watch *watch, const struct end_thing *thing,
                        const char *text)
{
    struct audit_record record = {
        .event = "end-warning",
        .result = "ok",
        .actor = "service",
        .target = kinds[thing->kind].name,
        .ca_name = thing->name,
        .serial = thing->serial,
        .not_after = thing->ends_at,
        .detail = text,
    };
    struct error err = ERROR_INIT;

    if (watch->audit != NULL && !audit_write(watch->audit, &record, &err)) {
        log_error(watch->log, LOG_LEVEL_ERROR, &err, "audit record of an end is lost");
        event_log_failure(watch->events, EVENT_AUDIT_FAILED, NULL, &err);
    }
}

static void tell(const struct end_watch *watch, const struct end_thing *thing, enum end_stage stage,
                 int64_t now)
{
    char until[CLOCK_TEXT_MAX];
    char remedy[END_TEXT_MAX];
    char days[32] = "";
    char text[2 * END_TEXT_MAX];
    bool whole = true;

    clock_format(thing->ends_at, until);
    end_thing_remedy(thing, remedy, sizeof(remedy));
    if (stage != END_PAST) {
        whole = text_format(days, sizeof(days), " (%lld days)",
                            (long long)((thing->ends_at - now) / END_DAY_SECONDS));
    }
    whole = text_format(text, sizeof(text), "%s%s%s %s %s%s%s%s", kinds[thing->kind].name,
                        thing->name[0] != '\0' ? " " : "", thing->name,
                        stage == END_PAST ? "has ended on" : "ends on", until, days,
                        stage >= END_URGENT ? "; " : "", stage >= END_URGENT ? remedy : "")
            && whole;
    (void)whole;
    log_line(watch->log, stage >= END_URGENT ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s", text);
    event_log_report(watch->events, kinds[thing->kind].event, text);
    write_audit(watch, thing, text);
}

bool end_watch_note(struct end_watch *watch, const struct end_thing *thing, int64_t now)
{
    enum end_stage stage = end_stage(thing->ends_at, thing->within, now);
    struct end_told *told = NULL;

    if (stage == END_FAR) {
        return false;
    }
    told = find(watch, thing);
    if (told != NULL) {
        told->seen = true;
    }
    if (!is_time(told, stage, now)) {
        return false;
    }
    tell(watch, thing, stage, now);
    if (told != NULL) {
        told->stage = stage;
        told->told_at = now;
    }
    return true;
}
