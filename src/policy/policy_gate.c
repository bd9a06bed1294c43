/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/files.h"
#include "platform/rights.h"
#include "policy/policy_conflict.h"
#include "policy/policy_endpoint.h"
#include "policy/policy_load.h"
#include "policy/policy_narrow.h"
#include "store/store_outbox.h"

/* Of names from files in sentences. */
#define SHOWN_MAX 120

/* A policy with what became of it for this template. */
struct gate_policy {
    struct policy *policy;       /* owned */
    enum policy_strictness mode; /* the weaker of the template's and its own */
};

struct policy_gate {
    struct gate_policy *item;
    size_t count;
    struct policy_known *known;   /* NULL: none */
    struct policy_texts warnings; /* owned */
    struct store *store;          /* borrowed */
    char *url_path;
    char template_name[LIMIT_TEMPLATE_NAME + 1];
};

/* ---- loading --------------------------------------------------------------------------------- */

static void texts_clear(struct policy_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->item[i]);
    }
    free(texts->item);
    memset(texts, 0, sizeof(*texts));
}

void policy_gate_free(struct policy_gate *gate)
{
    if (gate == NULL) {
        return;
    }
    for (size_t i = 0; i < gate->count; i++) {
        policy_free(gate->item[i].policy);
    }
    free(gate->item);
    policy_known_free(gate->known);
    texts_clear(&gate->warnings);
    free(gate->url_path);
    free(gate);
}

size_t policy_gate_count(const struct policy_gate *gate)
{
    return gate == NULL ? 0 : gate->count;
}

const struct policy_texts *policy_gate_warnings(const struct policy_gate *gate)
{
    return &gate->warnings;
}

/* A file of policies/: what cannot be read is told as such, whatever the file system says. */
static bool read_file(const char *folder, const char *name, size_t max, struct buffer *out,
                      struct error *err)
{
    struct error why = ERROR_INIT;
    char path[FILE_PATH_MAX];

    if (!path_join(path, folder, name, err)) {
        return false;
    }
    return rights_check(path, false, err)
           && (file_read(path, max, out, &why)
               || error_set(err, REASON_POLICY_UNREADABLE, "%s: %s", name, why.detail));
}

/* Takes the policies of a file over; those that are off do not exist. */
static bool take_policies(struct policy_gate *gate, enum policy_strictness mode,
                          struct policy_set *set, struct error *err)
{
    struct gate_policy *grown =
        realloc(gate->item, (gate->count + set->count + 1) * sizeof(*gate->item));

    if (grown == NULL) {
        return error_set(err, REASON_NO_MEMORY, "policies");
    }
    gate->item = grown;
    for (size_t i = 0; i < set->count; i++) {
        struct policy *p = set->item[i];
        enum policy_strictness weaker = p->mode > mode ? p->mode : mode;

        if (weaker != POLICY_STRICTNESS_OFF) {
            grown[gate->count++] = (struct gate_policy){ p, weaker };
            set->item[i] = NULL;
        }
    }
    for (size_t i = 0; i < set->warnings.count; i++) {
        if (!policy_texts_tell(&gate->warnings, set->warnings.item[i], err)) {
            return false;
        }
    }
    return true;
}

/* policy_set_clear frees what take_policies left: NULL entries are nothing to it. */
static bool load_file(struct policy_gate *gate, const struct policy_gate_options *options,
                      const char *name, struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_POLICY_BYTES);
    struct policy_set set = { 0 };
    bool ok = read_file(options->folder, name, LIMIT_POLICY_BYTES, &text, err)
              && policy_load(buffer_bytes(&text), name, &set, err)
              && take_policies(gate, options->config->policy.mode, &set, err);

    policy_set_clear(&set);
    buffer_clear(&text);
    return ok;
}

static bool load_files(struct policy_gate *gate, const struct policy_gate_options *options,
                       struct error *err)
{
    struct bytes list = bytes_of_text(options->config->policy.files);
    struct bytes item = { NULL, 0 };
    char name[LIMIT_POLICY_FILE_NAME + 1];
    size_t pos = 0;

    while (text_next_item(list, ',', &pos, &item)) {
        if (item.len >= sizeof(name)) {
            return error_set(err, REASON_POLICY_UNREADABLE, "policy.files: a name is too long");
        }
        memcpy(name, item.data, item.len);
        name[item.len] = '\0';
        if (!load_file(gate, options, name, err)) {
            return false;
        }
    }
    return true;
}

static bool load_known(struct policy_gate *gate, const struct policy_gate_options *options,
                       struct error *err)
{
    const char *name = options->config->policy.known;
    struct buffer text = BUFFER_INIT(LIMIT_KNOWN_BYTES);
    bool ok;

    if (name[0] == '\0') {
        return true;
    }
    ok = read_file(options->folder, name, LIMIT_KNOWN_BYTES, &text, err);
    if (ok) {
        gate->known = policy_known_load(buffer_bytes(&text), name, err);
        ok = gate->known != NULL;
    }
    buffer_clear(&text);
    return ok;
}

/* ---- which policies -------------------------------------------------------------------------- */

static size_t count_own(const struct policy_gate *gate)
{
    size_t count = 0;

    for (size_t i = 0; i < gate->count; i++) {
        count += policy_endpoint_names(gate->item[i].policy, gate->url_path) ? 1 : 0;
    }
    return count;
}

/* Profiles that name other URLs alone: perhaps a proxy has them, perhaps it is the wrong file. */
static bool warn_of_others(struct policy_gate *gate, struct error *err)
{
    for (size_t i = 0; i < gate->count; i++) {
        const struct policy *p = gate->item[i].policy;
        char text[512];
        char name[SHOWN_MAX];
        char url[SHOWN_MAX];

        if (p->endpoints.count == 0) {
            continue;
        }
        text_escape(name, sizeof(name), bytes_of_text(p->name));
        text_escape(url, sizeof(url), bytes_of_text(p->endpoints.item[0]));
        (void)snprintf(text, sizeof(text),
                       "policy \"%s\" is for %s, and no policy of template %s names %s: it is "
                       "asked all the same",
                       name, url, gate->template_name, gate->url_path);
        if (!policy_texts_tell(&gate->warnings, text, err)) {
            return false;
        }
    }
    return true;
}

/*
 * Where policies name this URL the others are never asked: a tenant's export holds profiles of
 * other servers, which must not stop this one either.
 */
static bool keep_own(struct policy_gate *gate, struct error *err)
{
    size_t kept = 0;

    if (count_own(gate) == 0) {
        return warn_of_others(gate, err);
    }
    for (size_t i = 0; i < gate->count; i++) {
        if (policy_endpoint_names(gate->item[i].policy, gate->url_path)) {
            gate->item[kept++] = gate->item[i];
        } else {
            policy_free(gate->item[i].policy);
        }
    }
    gate->count = kept;
    return true;
}

struct policy_gate *policy_gate_create(const struct policy_gate_options *options, struct error *err)
{
    const struct template_config *config = options->config;
    struct policy_gate *gate = NULL;
    bool ok = false;

    if (config->policy.files[0] == '\0' || config->policy.mode == POLICY_STRICTNESS_OFF) {
        return NULL;
    }
    gate = calloc(1, sizeof(*gate));
    if (gate == NULL || (gate->url_path = text_dup(options->url_path)) == NULL
        || !text_copy(gate->template_name, sizeof(gate->template_name), config->name)) {
        error_set(err, REASON_NO_MEMORY, "policies");
        goto out;
    }
    gate->store = options->store;
    if (!load_files(gate, options, err) || !load_known(gate, options, err)
        || !keep_own(gate, err)) {
        goto out;
    }
    for (size_t i = 0; i < gate->count; i++) {
        const struct policy *p = gate->item[i].policy;

        if (!policy_conflict_check(p, config, &gate->warnings, err)
            || !policy_conflict_check_known(p, config, gate->known, &gate->warnings, err)) {
            goto out;
        }
    }
    ok = true;
out:
    if (!ok) {
        policy_gate_free(gate);
        gate = NULL;
    }
    return gate;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* What the policies asked have said. */
struct decision {
    const struct policy_gate *gate;
    struct policy_verdict *verdict; /* of the policy asked last */
    struct cert_plan *plan;
    struct policy_report *report;
    const char *subject; /* of the certificate to be */
    int64_t now;
    int64_t begin; /* the plan's beginning before, and the latest one of those that fit */
    int64_t latest;
    size_t asked, fitting;
    size_t nearest_denials; /* of the nearest one that does not fit */
};

static bool history(void *context, int64_t since, int64_t *count, int64_t *valid_until,
                    struct error *err)
{
    const struct decision *d = context;

    return store_subject_history(d->gate->store, d->gate->template_name, d->subject, since, d->now,
                                 count, valid_until, err);
}

static size_t denials(const struct policy_verdict *verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < verdict->count; i++) {
        count += verdict->finding[i].outcome == POLICY_DENY ? 1 : 0;
    }
    return count;
}

/* The finding that made the verdict what it is; NULL when all is well. */
static const struct policy_finding *worst_finding(const struct policy_verdict *verdict)
{
    for (size_t i = 0; verdict->outcome >= POLICY_FIXED && i < verdict->count; i++) {
        if (verdict->finding[i].outcome == verdict->outcome) {
            return &verdict->finding[i];
        }
    }
    return NULL;
}

static void tell(struct decision *d, const struct policy *p)
{
    const struct policy_finding *f = worst_finding(d->verdict);
    struct policy_report *report = d->report;
    /* What nobody can tell from a request is nothing to worry about in each of them. */
    enum policy_outcome outcome =
        d->verdict->outcome == POLICY_NOT_CHECKED ? POLICY_PASS : d->verdict->outcome;

    memset(report, 0, sizeof(*report));
    text_escape(report->policy, sizeof(report->policy), bytes_of_text(p->name));
    (void)snprintf(report->verdict, sizeof(report->verdict), "%s", policy_outcome_word(outcome));
    if (f != NULL) {
        (void)snprintf(report->check, sizeof(report->check), "%s", f->check);
        (void)snprintf(report->detail, sizeof(report->detail), "%s%sexpected %s, found %s", f->path,
                       f->path[0] != '\0' ? ": " : "", f->expected, f->found);
    }
}

/* Behind the first; what does not fit is left out. */
static void add_name(struct policy_report *report, const struct policy *p)
{
    char name[sizeof(report->policy)];
    size_t len = strlen(report->policy);
    size_t room = sizeof(report->policy) - len;

    text_escape(name, sizeof(name), bytes_of_text(p->name));
    if (strlen(name) + sizeof(", ") <= room) {
        (void)snprintf(report->policy + len, room, ", %s", name);
    }
}

static bool take_fitting(struct decision *d, const struct policy *p,
                         const struct policy_request *request, struct error *err)
{
    if (d->fitting++ == 0) {
        tell(d, p);
    } else {
        add_name(d->report, p);
    }
    d->plan->not_before = d->begin;
    if (!policy_narrow_plan(p, request->details, d->now, d->plan, err)) {
        return false;
    }
    d->latest =
        d->fitting == 1 || d->plan->not_before > d->latest ? d->plan->not_before : d->latest;
    d->plan->not_before = d->latest;
    return true;
}

static bool ask(struct decision *d, const struct gate_policy *item,
                const struct policy_request *request, struct error *err)
{
    size_t count;

    if (!policy_match(item->policy, request, d->verdict, err)) {
        return false;
    }
    if (d->verdict->outcome != POLICY_DENY) {
        return take_fitting(d, item->policy, request, err);
    }
    count = denials(d->verdict);
    if (d->fitting == 0 && (d->asked == 0 || count < d->nearest_denials)) {
        d->nearest_denials = count;
        tell(d, item->policy);
    }
    d->asked++;
    return true;
}

/* Several policies fit: the strictest of each is taken, and somebody should hear of it. */
static void tell_several(const struct decision *d)
{
    struct policy_report *report = d->report;

    (void)snprintf(report->verdict, sizeof(report->verdict), "%s",
                   policy_outcome_word(POLICY_WARN));
    (void)snprintf(report->check, sizeof(report->check), "%s", POLICY_GATE_SEVERAL);
    (void)snprintf(report->detail, sizeof(report->detail),
                   "%zu policies fit (%s); the strictest of each is taken", d->fitting,
                   report->policy);
}

/* A policy that only looks on is no way around one that does not. */
static bool is_enforced(const struct policy_gate *gate)
{
    for (size_t i = 0; i < gate->count; i++) {
        if (gate->item[i].mode == POLICY_STRICTNESS_ENFORCE) {
            return true;
        }
    }
    return false;
}

static bool conclude(const struct decision *d, struct error *err)
{
    struct policy_report *report = d->report;

    if (d->fitting > 1) {
        tell_several(d);
    }
    if (d->fitting > 0) {
        return true;
    }
    if (!is_enforced(d->gate)) {
        (void)snprintf(report->verdict, sizeof(report->verdict), "audit");
        return true;
    }
    return error_set(err, REASON_POLICY_DENIED, "%s: policy %s: %s", report->check, report->policy,
                     report->detail);
}

static bool ask_all(struct decision *d, struct policy_request *request, struct error *err)
{
    const struct policy_gate *gate = d->gate;

    for (size_t i = 0; i < gate->count; i++) {
        if (!ask(d, &gate->item[i], request, err)) {
            return error_context(err, "policy %s", gate->item[i].policy->name);
        }
    }
    return conclude(d, err);
}

bool policy_gate_check(const struct policy_gate *gate, const struct enroll_request *request,
                       enum policy_challenge challenge, int64_t now, struct cert_plan *plan,
                       struct policy_report *report, struct error *err)
{
    struct csr_details *details = NULL;
    struct policy_verdict *verdict = NULL;
    char subject[NAME_TEXT_MAX];
    bool ok = false;

    memset(report, 0, sizeof(*report));
    if (gate->count == 0) {
        return true; /* all of them are off */
    }
    name_format(plan->subject, subject, sizeof(subject));
    verdict = calloc(1, sizeof(*verdict));
    details = csr_details_parse(&request->csr, err);
    if (verdict == NULL) {
        error_set(err, REASON_NO_MEMORY, "a policy's verdict");
        goto out;
    }
    if (details == NULL) goto out;
    {
        struct decision d = { .gate = gate,
                              .verdict = verdict,
                              .plan = plan,
                              .report = report,
                              .subject = subject,
                              .now = now,
                              .begin = plan->not_before };
        struct policy_request asked = { .csr = &request->csr,
                                        .details = details,
                                        .path = "", /* which policies it chooses is settled */
                                        .challenge = challenge,
                                        .known = gate->known,
                                        .now = now,
                                        .history_context = &d };

        /* Of those without subject one knows nothing: they are not each other's. */
        asked.history = gate->store == NULL || subject[0] == '\0' ? NULL : history;
        ok = ask_all(&d, &asked, err);
    }
out:
    csr_details_free(details);
    free(verdict);
    return ok;
}
