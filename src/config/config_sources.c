/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "config/config_overlay.h"
#include "config/config_place.h"
#include "config/config_rules.h"
#include "config/config_value.h"

struct origin {
    char *value;
    char *file; /* NULL: the file does not have it */
};

struct config_sources {
    const struct config_key *keys;
    size_t count;
    bool *in_file;
    struct origin *origins;
    struct config_overlay_mark *marks;
    struct config_policy *policy;
    char *policy_keys;
};

const char *config_source_name(enum config_source source)
{
    switch (source) {
    case CONFIG_SOURCE_DEFAULT:
        return "default";
    case CONFIG_SOURCE_FILE:
        return "file";
    case CONFIG_SOURCE_POLICY:
        return "policy";
    case CONFIG_SOURCE_CLOSED:
        return "closed";
    case CONFIG_SOURCE_KEPT:
        return "kept";
    }
    return "unknown";
}

/* ---- loading --------------------------------------------------------------------------------- */

static struct config_sources *create(struct error *err)
{
    struct config_sources *s = calloc(1, sizeof(*s));

    if (s != NULL) {
        s->keys = config_keys(CONFIG_SCOPE_SERVICE, &s->count);
        s->in_file = calloc(s->count, sizeof(s->in_file[0]));
        s->origins = calloc(s->count, sizeof(s->origins[0]));
        s->marks = calloc(s->count, sizeof(s->marks[0]));
    }
    if (s == NULL || s->in_file == NULL || s->origins == NULL || s->marks == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "settings");
        config_sources_free(s);
        return NULL;
    }
    return s;
}

static char *format_value(const struct config_key *key, const struct service_config *config,
                          struct error *err)
{
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    char *made = NULL;

    if (config_value_format(key, config, &text, err)) {
        made = text_dup(buffer_text(&text));
        if (made == NULL) {
            (void)error_set(err, REASON_NO_MEMORY, "settings");
        }
    }
    buffer_clear(&text);
    return made;
}

/* Before the policy comes over them. */
static bool remember_file(struct config_sources *s, const struct service_config *config,
                          struct error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < s->count; i++) {
        if (s->in_file[i]) {
            s->origins[i].file = format_value(&s->keys[i], config, err);
            ok = s->origins[i].file != NULL;
        }
    }
    return ok;
}

static bool remember_values(struct config_sources *s, const struct service_config *config,
                            struct error *err)
{
    struct buffer names = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    bool ok = true;

    for (size_t i = 0; ok && i < s->count; i++) {
        s->origins[i].value = format_value(&s->keys[i], config, err);
        ok = s->origins[i].value != NULL
             && (!s->marks[i].set
                 || buffer_printf(&names, err, "%s%s", names.len > 0 ? ", " : "", s->keys[i].name));
    }
    if (ok) {
        s->policy_keys = text_dup(buffer_text(&names));
        ok = s->policy_keys != NULL || error_set(err, REASON_NO_MEMORY, "settings");
    }
    buffer_clear(&names);
    return ok;
}

bool config_sources_load(const struct config_sources_options *options, struct service_config *out,
                         struct config_sources **sources, struct error *err)
{
    const struct config_policy_source *from =
        options->policy != NULL ? options->policy : &config_policy_registry;
    struct buffer text = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
    struct config_sources *s = create(err);
    char file[FILE_PATH_MAX];
    struct config_place place = { file, { NULL, 0 } };
    bool ok = false;

    memset(out, 0, sizeof(*out));
    if (s == NULL) goto out;
    if (!config_load_service_file(options->data_folder, out, s->in_file, &text, file, err)) {
        goto out;
    }
    place.text = buffer_bytes(&text);
    if (!remember_file(s, out, err)) goto out;
    s->policy = config_policy_read(from, err);
    if (s->policy == NULL) goto out;
    if (!config_overlay_apply(s->policy, options->previous, out, s->marks, err)) goto out;
    if (!config_rules_check(CONFIG_SCOPE_SERVICE, out, &place, err)) goto out;
    if (!remember_values(s, out, err)) goto out;
    if (sources != NULL) {
        *sources = s;
        s = NULL;
    }
    ok = true;
out:
    if (!ok) {
        service_config_clear(out);
    }
    config_sources_free(s);
    buffer_clear(&text);
    return ok;
}

void config_sources_free(struct config_sources *sources)
{
    if (sources == NULL) {
        return;
    }
    for (size_t i = 0; sources->origins != NULL && i < sources->count; i++) {
        free(sources->origins[i].value);
        free(sources->origins[i].file);
    }
    config_policy_free(sources->policy);
    free(sources->policy_keys);
    free(sources->in_file);
    free(sources->origins);
    free(sources->marks);
    free(sources);
}

/* ---- telling --------------------------------------------------------------------------------- */

static enum config_source source_of(const struct config_sources *s, size_t index)
{
    const struct config_overlay_mark *mark = &s->marks[index];

    if (mark->in_force) {
        return CONFIG_SOURCE_POLICY;
    }
    if (mark->closed) {
        return CONFIG_SOURCE_CLOSED;
    }
    if (mark->kept) {
        return CONFIG_SOURCE_KEPT;
    }
    return s->in_file[index] ? CONFIG_SOURCE_FILE : CONFIG_SOURCE_DEFAULT;
}

static const struct error *problem_of(const struct config_sources *s, size_t index)
{
    return s->marks[index].set && !s->marks[index].in_force ? &s->marks[index].why : NULL;
}

static bool visit_at(const struct config_sources *s, size_t index, config_source_visit *visit,
                     void *context, struct error *err)
{
    struct config_source_view view = {
        .key = &s->keys[index],
        .source = source_of(s, index),
        .value = s->origins[index].value,
        .file = s->origins[index].file,
        .policy = config_policy_text(s->policy, index, NULL),
        .problem = problem_of(s, index),
    };

    return visit(context, &view, err);
}

bool config_sources_visit(const struct config_sources *sources, config_source_visit *visit,
                          void *context, struct error *err)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (!sources->keys[i].internal && !visit_at(sources, i, visit, context, err)) {
            return false;
        }
    }
    return true;
}

bool config_sources_visit_key(const struct config_sources *sources, const char *name,
                              config_source_visit *visit, void *context, bool *found,
                              struct error *err)
{
    *found = false;
    for (size_t i = 0; i < sources->count; i++) {
        if (!sources->keys[i].internal && strcmp(sources->keys[i].name, name) == 0) {
            *found = true;
            return visit_at(sources, i, visit, context, err);
        }
    }
    return true;
}

bool config_sources_problem(const struct config_sources *sources, size_t index, const char **name,
                            const struct error **why)
{
    const struct config_policy_problem *unknown = NULL;
    size_t unknown_count = config_policy_unknown(sources->policy, &unknown);

    if (index < unknown_count) {
        *name = unknown[index].name;
        *why = &unknown[index].why;
        return true;
    }
    index -= unknown_count;
    for (size_t i = 0; i < sources->count; i++) {
        const struct error *problem = problem_of(sources, i);

        if (problem != NULL && index-- == 0) {
            *name = sources->keys[i].name;
            *why = problem;
            return true;
        }
    }
    return false;
}

const char *config_sources_policy_keys(const struct config_sources *sources)
{
    return sources->policy_keys;
}
