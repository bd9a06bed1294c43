/* SPDX-License-Identifier: Apache-2.0 */
#include "service/check_policy.h"

#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "policy/policy_endpoint.h"
#include "policy/policy_gate.h"
#include "policy/policy_lint.h"
#include "service/policy_files.h"

struct policy_check {
    const struct template_config *config;
    const char *what;
    check_visit *visit;
    void *context;
    struct policy_ca *ca; /* NULL: it cannot be read; said elsewhere */
    char url_path[LIMIT_TEMPLATE_NAME + 16];
    bool by_path; /* of the file at hand: only policies that name the URL count */
};

/* The loaders' sentences are the gate's warnings; hints are for "policy lint". */
static bool lint_finding(void *context, const struct policy *p, const struct policy_lint_finding *f,
                         struct error *err)
{
    const struct policy_check *c = context;
    struct buffer text = BUFFER_INIT(4096);
    char name[160];
    bool ok;

    /* a list of known devices is the remedy of this one */
    if (c->config->policy.known[0] != '\0' && strcmp(f->id, "IPL-SPOOFABLE") == 0) {
        return true;
    }
    if (p == NULL || f->level == POLICY_LINT_INFO
        || (c->by_path && !policy_endpoint_names(p, c->url_path))) {
        return true;
    }
    text_escape(name, sizeof(name), bytes_of_text(p->name));
    ok = buffer_printf(&text, err, "policy \"%s\" %s: %s [%s]", name, f->place, f->text, f->id)
         && c->visit(c->context, f->level == POLICY_LINT_ERROR ? CHECK_ERROR : CHECK_WARNING,
                     c->what, NULL, buffer_text(&text), f->remedy, err);
    buffer_clear(&text);
    return ok;
}

static bool lint_file(struct policy_check *c, const char *data, const char *name, struct error *err)
{
    char folder[FILE_PATH_MAX];
    char path[FILE_PATH_MAX];
    struct policy_set set = { 0 };
    bool ok = policy_files_folder(data, folder, err) && path_join(path, folder, name, err)
              && policy_files_load(data, path, &set, err);

    c->by_path = false;
    for (size_t i = 0; ok && i < set.count; i++) {
        c->by_path = c->by_path || policy_endpoint_names(set.item[i], c->url_path);
    }
    ok = ok && policy_lint(&set, c->ca, clock_now(), lint_finding, c, err);
    policy_set_clear(&set);
    return ok;
}

static bool lint_files(struct policy_check *c, const char *data, struct error *err)
{
    struct bytes item = { NULL, 0 };
    size_t pos = 0;

    while (text_next_item(bytes_of_text(c->config->policy.files), ',', &pos, &item)) {
        char name[LIMIT_POLICY_FILE_NAME + 1];

        if (!text_format(name, sizeof(name), "%.*s", (int)item.len, (const char *)item.data)
            || !lint_file(c, data, name, err)) {
            return error_set(err, REASON_INTERNAL, "a policy's name");
        }
    }
    return true;
}

/* Its CA's certificate; a CA that cannot be read is another finding's business. */
static struct policy_ca *read_ca(const char *data, const char *name)
{
    struct error ignored = ERROR_INIT;
    char path[FILE_PATH_MAX];

    return text_format(path, sizeof(path), "%s/ca/%s/ca.crt", data, name)
               ? policy_files_ca(path, &ignored)
               : NULL;
}

static bool tell_gate(const struct policy_check *c, const struct policy_gate *gate,
                      struct error *err)
{
    const struct policy_texts *warnings = policy_gate_warnings(gate);
    char text[96];

    for (size_t i = 0; i < warnings->count; i++) {
        if (!c->visit(c->context, CHECK_WARNING, c->what, NULL, warnings->item[i],
                      "openndes policy lint POLICY", err)) {
            return false;
        }
    }
    return text_format(text, sizeof(text), "%zu policies, %s", policy_gate_count(gate),
                       c->config->policy.mode == POLICY_STRICTNESS_AUDIT
                           ? "policy.mode=audit: they refuse nothing"
                           : "enforced where their own mode is not weaker")
           && c->visit(c->context, CHECK_OK, c->what, NULL, text, NULL, err);
}

bool check_policy_template(const char *data, const struct template_config *config, const char *what,
                           check_visit *visit, void *context, struct error *err)
{
    struct policy_check c = { .config = config, .what = what, .visit = visit, .context = context };
    struct policy_gate *gate = NULL;
    struct error why = ERROR_INIT;
    char folder[FILE_PATH_MAX];
    bool ok = false;

    if (config->policy.files[0] == '\0' || !config->enabled) {
        return true;
    }
    if (config->policy.mode == POLICY_STRICTNESS_OFF) {
        return visit(context, CHECK_WARNING, what, NULL,
                     "policy.mode=off: its policies are not compared with anything",
                     "openndes template set NAME policy.mode=enforce", err);
    }
    if (!policy_files_folder(data, folder, err)
        || !text_format(c.url_path, sizeof(c.url_path), "/scep/%s", config->name)) {
        return error_set(err, REASON_INTERNAL, "a template's path");
    }
    {
        const struct policy_gate_options options = { .folder = folder,
                                                     .config = config,
                                                     .url_path = c.url_path };

        gate = policy_gate_create(&options, &why);
    }
    if (gate == NULL) {
        return visit(context, CHECK_ERROR, what, &why, why.detail,
                     "openndes policy lint POLICY shows the place", err);
    }
    c.ca = read_ca(data, config->ca);
    ok = tell_gate(&c, gate, err) && lint_files(&c, data, err);
    policy_ca_free(c.ca);
    policy_gate_free(gate);
    return ok;
}
