/* SPDX-License-Identifier: Apache-2.0 */
#include "mscep/ndes_import_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define NOTE_BYTES 4096u
#define NOTES_MAX 256u /* of one section */

static bool grow(struct ndes_import_notes *notes, struct error *err)
{
    struct ndes_import_note *items = NULL;

    if (notes->count == NOTES_MAX) {
        return error_set(err, REASON_LIMIT, "more than %u things to report", NOTES_MAX);
    }
    items = realloc(notes->items, (notes->count + 1) * sizeof(*items));
    if (items == NULL) {
        return error_set(err, REASON_NO_MEMORY, "out of memory for a report");
    }
    notes->items = items;
    return true;
}

void ndes_import_note(struct ndes_import_draft *d, enum ndes_import_section section,
                      const char *what, const char *format, ...)
{
    struct ndes_import_notes *notes = &d->plan->notes[section];
    struct buffer text = BUFFER_INIT(NOTE_BYTES);
    struct ndes_import_note note = { NULL, NULL };
    va_list args;
    bool ok;

    va_start(args, format);
    ok = !error_is_set(d->err) && buffer_vprintf(&text, d->err, format, args);
    va_end(args);
    if (ok && grow(notes, d->err)) {
        note.what = text_dup(what);
        note.text = text_dup(buffer_text(&text));
        if (note.what != NULL && note.text != NULL) {
            notes->items[notes->count++] = note;
            note.what = NULL;
            note.text = NULL;
        } else {
            error_set(d->err, REASON_NO_MEMORY, "out of memory for a report");
        }
    }
    free(note.what);
    free(note.text);
    buffer_clear(&text);
}

void ndes_import_set(struct ndes_import_draft *d, struct ndes_import_settings *settings,
                     const char *key, const char *value)
{
    struct ndes_import_setting *setting = &settings->items[settings->count];

    if (error_is_set(d->err)) {
        return;
    }
    if (settings->count == NDES_IMPORT_SETTINGS_MAX
        || !text_copy(setting->value, sizeof(setting->value), value)) {
        error_set(d->err, REASON_INTERNAL, "%s: no room in the plan", key);
        return;
    }
    setting->key = key;
    settings->count++;
}

const char *ndes_import_shown(char shown[NDES_IMPORT_SHOWN], const char *text)
{
    static const char escaped[] = "\\x5c";
    const char *from = shown;
    char *to = shown;

    text_escape(shown, NDES_IMPORT_SHOWN, bytes_of_text(text));
    while (*from != '\0') {
        bool backslash = strncmp(from, escaped, sizeof(escaped) - 1) == 0;

        *to++ = backslash ? '\\' : *from;
        from += backslash ? sizeof(escaped) - 1 : 1;
    }
    *to = '\0';
    return shown;
}

const char *ndes_import_text(const struct ndes_import_draft *d, enum ndes_setting setting)
{
    const struct ndes_value *value = &d->facts->registry->values[setting];

    return value->state == NDES_VALUE_READ && value->text[0] != '\0' ? value->text : NULL;
}

uint32_t ndes_import_number(const struct ndes_import_draft *d, enum ndes_setting setting,
                            uint32_t missing)
{
    const struct ndes_value *value = &d->facts->registry->values[setting];

    return value->state == NDES_VALUE_READ ? value->number : missing;
}
