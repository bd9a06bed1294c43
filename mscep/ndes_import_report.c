/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_import_report.h"

#include <string.h>

#include "base/text.h"

#define LINE_COLUMNS 92u
#define INDENT 4u

static const struct section {
    enum ndes_import_section section;
    const char *title;
    const char *json;
} sections[NDES_IMPORT_SECTIONS] = {
    { NDES_IMPORT_TAKEN, "Taken", "taken" },
    { NDES_IMPORT_NOT_TAKEN, "Not taken", "not_taken" },
    { NDES_IMPORT_STEPS, "Next steps", "next_steps" },
};

static const struct role_word {
    unsigned role;
    const char *word;
} role_words[] = {
    { NDES_ROLE_GENERAL, "general" },
    { NDES_ROLE_SIGNATURE, "signature" },
    { NDES_ROLE_ENCRYPTION, "encryption" },
};

/* ---- text ------------------------------------------------------------------------------------ */

/*
 * Words of `text` from column `at` on; lines that follow begin at INDENT. A word longer than a
 * line, such as a URL, stays whole.
 */
static bool wrap(struct buffer *out, size_t at, const char *text, struct error *err)
{
    struct bytes word;
    size_t pos = 0;
    bool first = true;

    while (text_next_item(bytes_of_text(text), ' ', &pos, &word)) {
        if (!first && at + 1 + word.len > LINE_COLUMNS) {
            if (!buffer_printf(out, err, "\n%*s", (int)INDENT, "")) {
                return false;
            }
            at = INDENT;
        } else if (!first) {
            if (!buffer_append_byte(out, ' ', err)) {
                return false;
            }
            at++;
        }
        if (!buffer_append_bytes(out, word, err)) {
            return false;
        }
        at += word.len;
        first = false;
    }
    return buffer_append_byte(out, '\n', err);
}

static bool print_note(struct buffer *out, size_t number, const struct ndes_import_note *note,
                       struct error *err)
{
    size_t before = out->len;

    if (note->what[0] == '\0') {
        return buffer_printf(out, err, "%2zu. ", number) && wrap(out, INDENT, note->text, err);
    }
    return buffer_printf(out, err, "  - %s: ", note->what)
           && wrap(out, out->len - before, note->text, err);
}

static bool print_section(struct buffer *out, const struct section *section,
                          const struct ndes_import_notes *notes, struct error *err)
{
    if (!buffer_printf(out, err, "\n%s\n", section->title)) {
        return false;
    }
    if (notes->count == 0) {
        return buffer_append_text(out, "  (nothing)\n", err);
    }
    for (size_t i = 0; i < notes->count; i++) {
        if (!print_note(out, i + 1, &notes->items[i], err)) {
            return false;
        }
    }
    return true;
}

bool ndes_import_report_text(const struct ndes_import_plan *plan,
                             const struct ndes_import_outcome *outcome, struct buffer *out,
                             struct error *err)
{
    const char *last = "Nothing had to be written.";

    if (outcome->dry_run) {
        last = "Dry run: nothing was written.";
    } else if (outcome->written) {
        last = "Written.";
    }
    if (!buffer_printf(out, err, "NDES settings from %s\n", outcome->source)) {
        return false;
    }
    for (size_t i = 0; i < NDES_IMPORT_SECTIONS; i++) {
        if (!print_section(out, &sections[i], &plan->notes[sections[i].section], err)) {
            return false;
        }
    }
    return buffer_printf(out, err, "\n%s\n", last);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static bool put_new(struct json *object, const char *name, struct json *take_value,
                    struct error *err)
{
    return take_value == NULL ? error_set(err, REASON_NO_MEMORY, "JSON")
                              : json_value_put(object, name, take_value, err);
}

static struct json *settings_json(const struct ndes_import_settings *settings, struct error *err)
{
    struct json *object = json_value_new_object();

    for (size_t i = 0; object != NULL && i < settings->count; i++) {
        if (!json_value_put_text(object, settings->items[i].key, settings->items[i].value, err)) {
            json_value_free(object);
            object = NULL;
        }
    }
    return object;
}

static struct json *roles_json(unsigned roles, struct error *err)
{
    struct json *array = json_value_new_array();

    for (size_t i = 0; array != NULL && i < sizeof(role_words) / sizeof(role_words[0]); i++) {
        struct json *word = NULL;

        if ((roles & role_words[i].role) == 0) {
            continue;
        }
        word = json_value_new_text(role_words[i].word);
        if (word == NULL || !json_value_push(array, word, err)) {
            json_value_free(array);
            array = NULL;
        }
    }
    return array;
}

static struct json *template_json(const struct ndes_import_template *t, struct error *err)
{
    static const char *const states[] = {
        [NDES_IMPORT_NO_TEMPLATE] = "new",
        [NDES_IMPORT_NDES_TEMPLATE] = "kept",
        [NDES_IMPORT_OTHER_TEMPLATE] = "not usable",
    };
    struct json *object = json_value_new_object();
    bool is_new = t->existing == NDES_IMPORT_NO_TEMPLATE;

    if (object == NULL || !json_value_put_text(object, "name", t->name, err)
        || !json_value_put_text(object, "ndes_template", t->ndes_name, err)
        || !put_new(object, "roles", roles_json(t->roles, err), err)
        || !json_value_put_text(object, "state", states[t->existing], err)
        || (is_new && !json_value_put_bool(object, "enabled", t->enabled, err))
        || (is_new && !put_new(object, "settings", settings_json(&t->settings, err), err))) {
        json_value_free(object);
        object = NULL;
    }
    return object;
}

static struct json *templates_json(const struct ndes_import_plan *plan, struct error *err)
{
    struct json *array = json_value_new_array();

    for (size_t i = 0; array != NULL && i < plan->template_count; i++) {
        struct json *item = template_json(&plan->templates[i], err);

        if (item == NULL || !json_value_push(array, item, err)) {
            json_value_free(array);
            array = NULL;
        }
    }
    return array;
}

/* A step is a text, every other note an object. */
static struct json *note_json(const struct ndes_import_note *note, struct error *err)
{
    struct json *object = NULL;

    if (note->what[0] == '\0') {
        return json_value_new_text(note->text);
    }
    object = json_value_new_object();
    if (object == NULL || !json_value_put_text(object, "what", note->what, err)
        || !json_value_put_text(object, "text", note->text, err)) {
        json_value_free(object);
        object = NULL;
    }
    return object;
}

static struct json *notes_json(const struct ndes_import_notes *notes, struct error *err)
{
    struct json *array = json_value_new_array();

    for (size_t i = 0; array != NULL && i < notes->count; i++) {
        struct json *item = note_json(&notes->items[i], err);

        if (item == NULL || !json_value_push(array, item, err)) {
            json_value_free(array);
            array = NULL;
        }
    }
    return array;
}

struct json *ndes_import_report_json(const struct ndes_import_plan *plan,
                                     const struct ndes_import_outcome *outcome, struct error *err)
{
    struct json *root = json_value_new_object();
    bool ok = root != NULL && json_value_put_text(root, "source", outcome->source, err)
              && json_value_put_bool(root, "dry_run", outcome->dry_run, err)
              && json_value_put_bool(root, "written", outcome->written, err)
              && put_new(root, "templates", templates_json(plan, err), err)
              && put_new(root, "settings", settings_json(&plan->service, err), err);

    for (size_t i = 0; ok && i < NDES_IMPORT_SECTIONS; i++) {
        ok = put_new(root, sections[i].json, notes_json(&plan->notes[sections[i].section], err),
                     err);
    }
    if (!ok) {
        error_set(err, REASON_NO_MEMORY, "JSON");
        json_value_free(root);
        root = NULL;
    }
    return root;
}
