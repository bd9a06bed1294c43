/* SPDX-License-Identifier: Apache-2.0 */
#include "service/policy_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_endpoint.h"
#include "service/commands.h"

#define SHOWN_MAX 160
/* Longer ones stand out of their column instead of pushing the others away. */
#define COLUMN_MAX 44

struct policy_table {
    struct json *requests; /* NULL: text */
    enum policy_outcome worst;
    char denied[SHOWN_MAX]; /* the first request that fits nothing */
    char check[64];         /* and why */
    size_t denied_count;
};

struct policy_table *policy_table_new(bool json, struct error *err)
{
    struct policy_table *t = calloc(1, sizeof(*t));

    if (t != NULL && json) {
        t->requests = json_value_new_array();
    }
    if (t == NULL || (json && t->requests == NULL)) {
        error_set(err, REASON_NO_MEMORY, "a table of findings");
        policy_table_free(t);
        t = NULL;
    }
    return t;
}

void policy_table_free(struct policy_table *t)
{
    if (t != NULL) {
        json_value_free(t->requests);
        free(t);
    }
}

/* What nobody can tell from a request does not make it a bad one. */
static const char *verdict_word(enum policy_outcome outcome)
{
    return policy_outcome_word(outcome == POLICY_NOT_CHECKED ? POLICY_PASS : outcome);
}

static size_t denials(const struct policy_verdict *v)
{
    size_t count = 0;

    for (size_t i = 0; i < v->count; i++) {
        count += v->finding[i].outcome == POLICY_DENY ? 1 : 0;
    }
    return count;
}

/* ---- text ------------------------------------------------------------------------------------ */

struct widths {
    int outcome, check, path, expected;
};

static void widen(int *width, const char *text)
{
    int len = (int)strlen(text);

    *width = len > *width && len <= COLUMN_MAX ? len : *width;
}

/* Without spaces at the end, whichever columns are empty. */
static void print_row(const struct widths *w, const char *outcome, const char *check,
                      const char *path, const char *expected, const char *found)
{
    char row[4 * POLICY_FOUND_MAX];
    size_t len;

    if (!text_format(row, sizeof(row), "  %-*s  %-*s  %-*s  %-*s  %s", w->outcome, outcome,
                     w->check, check, w->path, path, w->expected, expected, found)) {
        command_print("  %s  %s  ...\n", outcome, check);
        return;
    }
    for (len = strlen(row); len > 0 && row[len - 1] == ' '; len--) {
        row[len - 1] = '\0';
    }
    command_print("%s\n", row);
}

static void print_findings(const struct policy_verdict *v)
{
    struct widths w = { 7, 5, 4, 8 };

    for (size_t i = 0; i < v->count; i++) {
        widen(&w.outcome, policy_outcome_word(v->finding[i].outcome));
        widen(&w.check, v->finding[i].check);
        widen(&w.path, v->finding[i].path);
        widen(&w.expected, v->finding[i].expected);
    }
    print_row(&w, "OUTCOME", "CHECK", "PATH", "EXPECTED", "FOUND");
    for (size_t i = 0; i < v->count; i++) {
        const struct policy_finding *f = &v->finding[i];

        print_row(&w, policy_outcome_word(f->outcome), f->check, f->path, f->expected, f->found);
    }
    if (v->cut) {
        command_print("  (more findings than fit)\n");
    }
}

static void print_policy(const char *file, const struct policy *p, const struct policy_verdict *v)
{
    char name[SHOWN_MAX];
    char shown[SHOWN_MAX];

    text_escape(name, sizeof(name), bytes_of_text(p->name));
    text_escape(shown, sizeof(shown), bytes_of_text(file));
    command_print("%s: policy \"%s\": %s\n", shown, name, verdict_word(v->outcome));
    print_findings(v);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static bool push_finding(struct json *array, const struct policy_finding *f, struct error *err)
{
    struct json *row = json_value_new_object();

    if (row == NULL || !json_value_put_text(row, "outcome", policy_outcome_word(f->outcome), err)
        || !json_value_put_text(row, "check", f->check, err)
        || !json_value_put_text(row, "path", f->path, err)
        || !json_value_put_text(row, "expected", f->expected, err)
        || !json_value_put_text(row, "found", f->found, err)
        || !json_value_put_text(row, "intune_code", f->intune_code == NULL ? "" : f->intune_code,
                                err)) {
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return json_value_push(array, row, err);
}

static struct json *policy_json(const struct policy *p, const struct policy_verdict *v,
                                struct error *err)
{
    struct json *object = json_value_new_object();
    struct json *findings = json_value_new_array();
    bool ok = object != NULL && findings != NULL;

    for (size_t i = 0; ok && i < v->count; i++) {
        ok = push_finding(findings, &v->finding[i], err);
    }
    ok = ok && json_value_put_text(object, "policy", p->name, err)
         && json_value_put_text(object, "verdict", verdict_word(v->outcome), err);
    if (ok) {
        ok = json_value_put(object, "findings", findings, err);
        findings = NULL;
    }
    json_value_free(findings);
    if (!ok) {
        json_value_free(object);
        error_set(err, REASON_NO_MEMORY, "JSON");
        object = NULL;
    }
    return object;
}

/* Takes policies over. */
static bool push_request(struct policy_table *t, const char *file, enum policy_outcome outcome,
                         struct json *policies, struct error *err)
{
    struct json *row = json_value_new_object();
    char shown[SHOWN_MAX];

    text_escape(shown, sizeof(shown), bytes_of_text(file));
    if (row == NULL) {
        json_value_free(policies);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    if (!json_value_put_text(row, "file", shown, err)
        || !json_value_put_text(row, "verdict", verdict_word(outcome), err)) {
        json_value_free(policies);
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    if (!json_value_put(row, "policies", policies, err)) {
        json_value_free(row);
        return error_set(err, REASON_NO_MEMORY, "JSON");
    }
    return json_value_push(t->requests, row, err);
}

/* ---- one request ----------------------------------------------------------------------------- */

/* To the service those that are off do not exist; a file of nothing else is looked at as it is. */
static bool is_there(const struct policy_set *set, size_t index)
{
    bool any = false;

    for (size_t i = 0; i < set->count; i++) {
        any = any || set->item[i]->mode != POLICY_STRICTNESS_OFF;
    }
    return !any || set->item[index]->mode != POLICY_STRICTNESS_OFF;
}

static bool any_names(const struct policy_set *set, const char *path)
{
    for (size_t i = 0; i < set->count; i++) {
        if (is_there(set, i) && policy_endpoint_names(set->item[i], path)) {
            return true;
        }
    }
    return false;
}

/* What is left of the policies after the walk over them. */
struct walk {
    const struct policy *told; /* the one whose findings are told */
    struct policy_verdict *best, *now;
    size_t fitting;
    struct json *policies; /* NULL: text */
};

/* Better: fits where the best so far does not; or denies for fewer reasons. */
static bool is_better(const struct walk *w)
{
    bool fits = w->now->outcome != POLICY_DENY;

    if (w->told == NULL) {
        return true;
    }
    return w->best->outcome == POLICY_DENY && (fits || denials(w->now) < denials(w->best));
}

static bool one_policy(struct walk *w, const struct policy *p, const struct policy_request *request,
                       struct error *err)
{
    struct policy_verdict *swap = w->best;

    if (!policy_match(p, request, w->now, err)) {
        return false;
    }
    w->fitting += w->now->outcome != POLICY_DENY ? 1 : 0;
    if (w->policies != NULL) {
        struct json *object = policy_json(p, w->now, err);

        if (object == NULL || !json_value_push(w->policies, object, err)) {
            return false;
        }
    }
    if (is_better(w)) {
        w->told = p;
        w->best = w->now;
        w->now = swap;
    }
    return true;
}

/* The verdict counts for the last line. */
static void count(struct policy_table *t, const char *file, const struct walk *w)
{
    t->worst = w->best->outcome > t->worst ? w->best->outcome : t->worst;
    if (w->best->outcome != POLICY_DENY || t->denied_count++ > 0) {
        return;
    }
    text_escape(t->denied, sizeof(t->denied), bytes_of_text(file));
    for (size_t i = 0; i < w->best->count && t->check[0] == '\0'; i++) {
        if (w->best->finding[i].outcome == POLICY_DENY
            && !text_copy(t->check, sizeof(t->check), w->best->finding[i].check)) {
            t->check[0] = '\0';
        }
    }
}

bool policy_table_request(struct policy_table *t, const char *file, const struct policy_set *set,
                          const struct policy_request *request, struct error *err)
{
    bool by_path = any_names(set, request->path);
    struct policy_request asked = *request;
    struct walk w = { .best = calloc(1, sizeof(*w.best)), .now = calloc(1, sizeof(*w.now)) };
    bool ok = false;

    asked.path = ""; /* as in the service: the path chooses policies, and that is all */
    if (t->requests != NULL) {
        w.policies = json_value_new_array();
    }
    if (w.best == NULL || w.now == NULL || (t->requests != NULL && w.policies == NULL)) {
        error_set(err, REASON_NO_MEMORY, "a policy's verdict");
        goto out;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (is_there(set, i) && (!by_path || policy_endpoint_names(set->item[i], request->path))
            && !one_policy(&w, set->item[i], &asked, err)) {
            goto out;
        }
    }
    if (w.told == NULL) {
        error_set(err, REASON_POLICY_EMPTY, "there is no policy to compare with");
        goto out;
    }
    count(t, file, &w);
    if (t->requests != NULL) {
        ok = push_request(t, file, w.best->outcome, w.policies, err);
        w.policies = NULL;
    } else {
        print_policy(file, w.told, w.best);
        if (request->path[0] != '\0' && !by_path) {
            command_print("  no policy names %s: all were asked\n", request->path);
        }
        if (w.fitting > 1) {
            command_print("  %zu policies fit; the service would take the strictest of each\n",
                          w.fitting);
        } else if (w.fitting == 0 && set->count > 1) {
            command_print("  the nearest of several policies, none of which fits\n");
        }
        ok = true;
    }
out:
    json_value_free(w.policies);
    free(w.best);
    free(w.now);
    return ok;
}

bool policy_table_end(struct policy_table *t, struct error *err)
{
    if (t->requests != NULL) {
        struct json *root = json_value_new_object();
        struct json *requests = t->requests;

        if (root == NULL) {
            return error_set(err, REASON_NO_MEMORY, "JSON");
        }
        t->requests = NULL;
        if (!json_value_put(root, "requests", requests, err)
            || !json_value_put_text(root, "verdict", verdict_word(t->worst), err)) {
            json_value_free(root);
            return error_set(err, REASON_NO_MEMORY, "JSON");
        }
        if (!command_print_json(root, err)) {
            return false;
        }
    } else {
        command_print("Verdict: %s\n", verdict_word(t->worst));
    }
    return t->denied_count == 0
           || error_set(err, REASON_POLICY_DENIED, "%s: %s denies it%s", t->denied, t->check,
                        t->denied_count > 1 ? ", and other requests fit no policy either" : "");
}
