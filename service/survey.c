/* SPDX-License-Identifier: Apache-2.0 */
#include "service/survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/certificate.h"
#include "platform/clock.h"
#include "service/data_folder.h"
#include "store/store_passwords.h"
#include "store/store_pending.h"

#define SECOND_US INT64_C(1000000)
/* The longest time between two surveys: as often as somebody scrapes. */
#define SURVEY_US (15 * SECOND_US)
/* Is nothing written for so long, a write is tried; after a failure sooner. */
#define PROBE_US (60 * SECOND_US)
#define PROBE_AGAIN_US (10 * SECOND_US)
/* A transaction that takes longer than the wait for another process's lock hangs. */
#define HANGS_US (15 * SECOND_US)
#define TEXT_MAX (8u * 1024u * 1024u) /* a thousand templates make some hundred KB */

struct surveying {
    const struct survey_sources *sources;
    const struct survey_memory *memory;
    struct survey *survey;
    struct metrics_text metrics;
    int64_t now;
    int64_t oldest_at; /* of the requests that wait for approval; 0: none does */
    bool failed;       /* no memory for a line */
};

void survey_memory_clear(struct survey_memory *memory)
{
    runtime_unref(memory->runtime);
    memory->runtime = NULL;
}

struct survey *survey_ref(struct survey *survey)
{
    __atomic_add_fetch(&survey->references, 1, __ATOMIC_RELAXED);
    return survey;
}

void survey_unref(struct survey *survey)
{
    if (survey == NULL || __atomic_sub_fetch(&survey->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    buffer_clear(&survey->lines);
    buffer_clear(&survey->metrics);
    free(survey);
}

/* word NULL: it is well; failed: the service is not ready. */
static void add_line(struct surveying *s, const char *name, const char *word, bool failed)
{
    struct error ignored = ERROR_INIT;
    bool ok = word == NULL ? buffer_printf(&s->survey->lines, &ignored, "ok %s\n", name)
                           : buffer_printf(&s->survey->lines, &ignored, "%s %s: %s\n",
                                           failed ? "failed" : "warning", name, word);

    s->failed = s->failed || !ok;
    s->survey->ready = s->survey->ready && (word == NULL || !failed);
}

/* ---- database -------------------------------------------------------------------------------- */

static bool probe_is_due(const struct store_stats *stats)
{
    int64_t quiet_us = clock_monotonic_us() - stats->last_end_us;

    if (stats->waiting > 0) {
        return false; /* that write will tell */
    }
    return stats->last_end_us == 0 || quiet_us >= PROBE_US
           || (stats->last_failure != REASON_NONE && quiet_us >= PROBE_AGAIN_US);
}

static void probe_database(const struct survey_sources *sources)
{
    struct error unused = ERROR_INIT;
    struct store_stats stats;

    store_get_stats(sources->store, &stats);
    if (probe_is_due(&stats)) {
        (void)!store_probe(sources->store, clock_now(), &unused); /* the statistics tell */
    }
}

static enum reason database_state(const struct survey_sources *sources)
{
    struct store_stats stats;

    store_get_stats(sources->store, &stats);
    if (stats.busy_since_us != 0 && clock_monotonic_us() - stats.busy_since_us > HANGS_US) {
        return REASON_STORE_BUSY;
    }
    return stats.last_failure;
}

static void print_gauges(struct surveying *s, const struct store_gauges *gauges)
{
    const struct metrics_label recorded[] = { { "state", "recorded" }, { NULL, NULL } };
    const struct metrics_label revoked[] = { { "state", "revoked" }, { NULL, NULL } };
    const struct metrics_label provisional[] = { { "state", "provisional" }, { NULL, NULL } };

    metrics_text_begin(&s->metrics, METRIC_CERTIFICATES);
    metrics_text_number(&s->metrics, recorded, (uint64_t)gauges->certificates);
    metrics_text_number(&s->metrics, revoked, (uint64_t)gauges->revoked);
    metrics_text_number(&s->metrics, provisional, (uint64_t)gauges->provisional);
    metrics_text_single(&s->metrics, METRIC_OUTBOX, (uint64_t)gauges->notifications);
    metrics_text_begin(&s->metrics, METRIC_OUTBOX_OLDEST);
    metrics_text_time(&s->metrics, NULL, gauges->oldest_notification_at);
}

static bool print_outstanding(void *context, const char *scope, int64_t outstanding,
                              int64_t expired, struct error *err)
{
    struct surveying *s = context;
    const struct metrics_label labels[] = { { "template", scope }, { NULL, NULL } };

    (void)expired;
    (void)err;
    metrics_text_number(&s->metrics, labels, (uint64_t)outstanding);
    return true;
}

static bool print_waiting(void *context, const char *template_name, int64_t waiting,
                          int64_t oldest_at, struct error *err)
{
    struct surveying *s = context;
    const struct metrics_label labels[] = { { "template", template_name }, { NULL, NULL } };

    (void)err;
    metrics_text_number(&s->metrics, labels, (uint64_t)waiting);
    s->oldest_at = s->oldest_at == 0 || oldest_at < s->oldest_at ? oldest_at : s->oldest_at;
    return true;
}

static bool look_at_pending(struct surveying *s, struct error *why)
{
    bool ok;

    metrics_text_begin(&s->metrics, METRIC_PENDING);
    ok = store_pending_counts(s->sources->store, s->now, print_waiting, s, why);
    metrics_text_begin(&s->metrics, METRIC_PENDING_OLDEST);
    metrics_text_time(&s->metrics, NULL, s->oldest_at);
    return ok;
}

static void look_at_database(struct surveying *s)
{
    struct store_gauges gauges = { 0 };
    struct error why = ERROR_INIT;
    enum reason reason = s->memory->database;

    if (store_read_gauges(s->sources->store, &gauges, &why)) {
        print_gauges(s, &gauges);
        metrics_text_begin(&s->metrics, METRIC_PASSWORDS);
        if (!store_password_counts(s->sources->store, s->now, print_outstanding, s, &why)
            || !look_at_pending(s, &why)) {
            reason = reason == REASON_NONE ? why.reason : reason;
        }
    } else {
        reason = reason == REASON_NONE ? why.reason : reason;
    }
    add_line(s, "database", reason == REASON_NONE ? NULL : reason_id(reason), true);
}

static uint64_t size_of(const char *path, const char *suffix)
{
    struct error ignored = ERROR_INIT;
    struct file_stamp stamp;
    char name[FILE_PATH_MAX];

    return text_format(name, sizeof(name), "%s%s", path, suffix)
                   && file_stamp(name, &stamp, &ignored)
               ? stamp.size
               : 0;
}

static void look_at_disk(struct surveying *s)
{
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];
    uint64_t bytes = 0;

    metrics_text_begin(&s->metrics, METRIC_STORE_FILE);
    if (data_path_database(s->sources->data_folder, path, &ignored)) {
        metrics_text_number(&s->metrics, NULL, size_of(path, "") + size_of(path, "-wal"));
    }
    metrics_text_begin(&s->metrics, METRIC_DISK_FREE);
    if (folder_free_bytes(s->sources->data_folder, &bytes)) {
        metrics_text_number(&s->metrics, NULL, bytes);
    }
}

/* ---- templates ------------------------------------------------------------------------------- */

/* Why its CA or RA cannot be used just now; REASON_NONE: they can. */
static enum reason template_state(const struct endpoint *endpoint)
{
    struct error why = ERROR_INIT;

    return ca_ready(endpoint_ca(endpoint), &why) ? REASON_NONE : why.reason;
}

struct template_counts {
    uint64_t enabled, disabled, broken, ready, policies;
};

static void count_template(const struct runtime *runtime, size_t i, struct template_counts *counts)
{
    const struct endpoint *endpoint = runtime_endpoint_at(runtime, i);
    const struct error *broken = runtime_template_error_at(runtime, i);

    counts->enabled += endpoint != NULL && endpoint_enabled(endpoint) ? 1 : 0;
    counts->disabled += endpoint != NULL && !endpoint_enabled(endpoint) ? 1 : 0;
    counts->broken += broken != NULL ? 1 : 0;
    counts->policies +=
        broken != NULL && text_starts_nocase(reason_id(broken->reason), "policy-") ? 1 : 0;
}

static void print_counts(struct surveying *s, const struct template_counts *counts)
{
    const struct metrics_label enabled[] = { { "state", "enabled" }, { NULL, NULL } };
    const struct metrics_label disabled[] = { { "state", "disabled" }, { NULL, NULL } };
    const struct metrics_label broken[] = { { "state", "broken" }, { NULL, NULL } };

    metrics_text_begin(&s->metrics, METRIC_TEMPLATES);
    metrics_text_number(&s->metrics, enabled, counts->enabled);
    metrics_text_number(&s->metrics, disabled, counts->disabled);
    metrics_text_number(&s->metrics, broken, counts->broken);
    metrics_text_single(&s->metrics, METRIC_POLICIES_BROKEN, counts->policies);
}

/* One line and one sample for each template that is on. */
static void look_at_enabled(struct surveying *s, struct template_counts *counts)
{
    const struct runtime *runtime = s->memory->runtime;
    char name[LIMIT_TEMPLATE_NAME + 16];

    metrics_text_begin(&s->metrics, METRIC_TEMPLATE_READY);
    for (size_t i = 0; i < runtime_endpoint_count(runtime); i++) {
        const struct endpoint *endpoint = runtime_endpoint_at(runtime, i);
        const struct metrics_label labels[] = {
            { "template", runtime_template_name_at(runtime, i) }, { NULL, NULL }
        };
        enum reason reason = REASON_NONE;

        count_template(runtime, i, counts);
        if (endpoint == NULL || !endpoint_enabled(endpoint)) {
            continue;
        }
        reason = template_state(endpoint);
        counts->ready += reason == REASON_NONE ? 1 : 0;
        metrics_text_number(&s->metrics, labels, reason == REASON_NONE ? 1 : 0);
        if (text_format(name, sizeof(name), "template %s", endpoint_name(endpoint))) {
            add_line(s, name, reason == REASON_NONE ? NULL : reason_id(reason), false);
        }
    }
}

static void look_at_broken(struct surveying *s)
{
    const struct runtime *runtime = s->memory->runtime;
    char name[LIMIT_TEMPLATE_NAME + 32];

    metrics_text_begin(&s->metrics, METRIC_TEMPLATE_BROKEN);
    for (size_t i = 0; i < runtime_endpoint_count(runtime); i++) {
        const struct error *why = runtime_template_error_at(runtime, i);
        const char *template_name = runtime_template_name_at(runtime, i);

        if (why != NULL) {
            const struct metrics_label labels[] = { { "template", template_name },
                                                    { "reason", reason_id(why->reason) },
                                                    { NULL, NULL } };

            metrics_text_number(&s->metrics, labels, 1);
            if (text_format(name, sizeof(name), "template-file %s", template_name)) {
                add_line(s, name, reason_id(why->reason), false);
            }
        }
    }
}

static void look_at_templates(struct surveying *s)
{
    struct template_counts counts = { 0 };

    look_at_enabled(s, &counts);
    look_at_broken(s);
    print_counts(s, &counts);
    add_line(s, "templates",
             counts.enabled == 0 ? "none-enabled" : (counts.ready == 0 ? "none-usable" : NULL),
             true);
}

/* ---- passwords and sign-in ------------------------------------------------------------------- */

static void print_max(struct surveying *s, const char *scope, const struct endpoint *endpoint)
{
    const struct metrics_label labels[] = { { "template", scope }, { NULL, NULL } };

    if (endpoint != NULL && endpoint_challenge_type(endpoint) == CHALLENGE_TYPE_NDES) {
        metrics_text_number(&s->metrics, labels, (uint64_t)endpoint_password(endpoint)->max);
    }
}

static void look_at_passwords(struct surveying *s)
{
    const struct runtime *runtime = s->memory->runtime;
    const struct service_config *config = runtime_config(runtime);
    struct error ignored = ERROR_INIT;

    metrics_text_begin(&s->metrics, METRIC_PASSWORDS_MAX);
    for (size_t i = 0; i < runtime_endpoint_count(runtime); i++) {
        print_max(s, runtime_template_name_at(runtime, i), runtime_endpoint_at(runtime, i));
    }
    if (config->ndes.enabled) {
        print_max(s, NDES_PASSWORD_SCOPE_SERVICE,
                  runtime_endpoint(runtime, config->ndes.general_template, &ignored));
    }
    metrics_text_single(&s->metrics, METRIC_THROTTLED, sign_in_throttled(runtime_sign_in(runtime)));
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void print_end(struct surveying *s, const char *kind, const char *name, int64_t end)
{
    const struct metrics_label labels[] = { { "kind", kind }, { "name", name }, { NULL, NULL } };

    metrics_text_time(&s->metrics, labels, end);
}

static void print_certificate(struct surveying *s, const char *kind, const char *name,
                              const struct x509_st *cert)
{
    struct error ignored = ERROR_INIT;
    struct certificate_info info;

    if (cert != NULL && certificate_info(cert, &info, &ignored)) {
        print_end(s, kind, name, info.not_after);
    }
}

static void look_at_ends(struct surveying *s)
{
    const struct runtime *runtime = s->memory->runtime;
    struct intune_client *intune = runtime_intune(runtime);

    metrics_text_begin(&s->metrics, METRIC_EXPIRY);
    for (size_t i = 0; i < runtime_ca_count(runtime); i++) {
        const struct ca_builtin *ca = runtime_ca_at(runtime, i);
        const char *name = runtime_ca_name_at(runtime, i);

        if (ca != NULL) {
            print_certificate(s, "ca", name, ca_builtin_certificate(ca));
            print_certificate(s, "ra", name, ca_builtin_ra_certificate(ca));
            print_certificate(s, "ra_sign", name, ca_builtin_ra_sign_certificate(ca));
            print_certificate(s, "ra_enc", name, ca_builtin_ra_enc_certificate(ca));
            print_end(s, "crl_next_update", name, ca_builtin_crl_end(ca));
            print_end(s, "ocsp_signer", name,
                      ca_builtin_ocsp(ca) == NULL ? 0 : ca_ocsp_end(ca_builtin_ocsp(ca)));
        }
    }
    print_end(s, "tls", "https", s->memory->tls.ends_at);
    if (intune != NULL) {
        print_end(s, "intune_credential", "intune", intune_credential_end_told(intune));
    }
    if (s->memory->tls.served) {
        const char *word = s->memory->tls.ends_at == 0 ? "no-certificate" : "certificate-ended";

        add_line(s, "https", s->memory->tls.ends_at > s->now ? NULL : word, false);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Is there something new since the last survey? Remembers what is looked at from now on. */
static bool is_due(struct survey_memory *memory, const struct survey_sources *sources,
                   const struct survey_tls *tls)
{
    struct runtime *runtime = sources->runtime(sources->context);
    enum reason database = database_state(sources);
    int64_t now_us = clock_monotonic_us();
    bool due = memory->taken_us == 0 || now_us - memory->taken_us >= SURVEY_US
               || runtime != memory->runtime || database != memory->database
               || tls->served != memory->tls.served || tls->ends_at != memory->tls.ends_at;

    runtime_unref(memory->runtime);
    memory->runtime = runtime;
    memory->database = database;
    memory->tls = *tls;
    memory->taken_us = due ? now_us : memory->taken_us;
    return due;
}

struct survey *survey_take(struct survey_memory *memory, const struct survey_sources *sources,
                           const struct survey_tls *tls, struct error *err)
{
    struct surveying s = { .sources = sources, .memory = memory, .now = clock_now() };

    probe_database(sources);
    if (!is_due(memory, sources, tls)) {
        return NULL;
    }
    s.survey = calloc(1, sizeof(*s.survey));
    if (s.survey == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "survey");
        return NULL;
    }
    *s.survey = (struct survey){ .references = 1,
                                 .taken_us = memory->taken_us,
                                 .ready = true,
                                 .lines = BUFFER_INIT(TEXT_MAX),
                                 .metrics = BUFFER_INIT(TEXT_MAX) };
    s.metrics.out = &s.survey->metrics;
    look_at_database(&s);
    look_at_disk(&s);
    look_at_templates(&s);
    look_at_passwords(&s);
    look_at_ends(&s);
    metrics_text_single(&s.metrics, METRIC_SURVEY_TIME, (uint64_t)s.now);
    if (s.failed || s.metrics.failed) {
        survey_unref(s.survey);
        (void)error_set(err, REASON_NO_MEMORY, "survey");
        return NULL;
    }
    return s.survey;
}
