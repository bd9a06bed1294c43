/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_learn_pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/policy_variable.h"

#define NAME_MAX_LEN 32
#define WHY_MAX 200
/* A fixed part ends at one of these, so that two GUIDs that happen to begin alike stay whole. */
#define BORDERS "-_./:=@ \\,"
#define CUTS_MAX 12u /* how often less is taken as fixed, at each end */

/* A variable with what it stood for in each request. */
struct given {
    char name[NAME_MAX_LEN];
    struct bytes *values; /* owned array of borrowed views */
};

struct policy_learn_variables {
    size_t requests;
    struct policy *p;   /* borrowed */
    struct given *item; /* owned */
    size_t count;
    unsigned wildcards;
};

/* A part of each value, while a pattern is looked for. */
struct slice {
    struct bytes *values; /* owned array */
    struct bytes prefix, suffix;
};

/*
 * In the order of trying. Kinds as bits. loose ones fit nearly everything: they come after fixed
 * text around the others was looked for.
 */
#define KIND(kind) (1u << POLICY_LEARN_##kind)
#define KINDS_ALL 0x1fu

static const struct candidate {
    enum policy_variable variable;
    unsigned kinds;
    bool loose;
    const char *note;
} candidates[] = {
    { POLICY_VARIABLE_AAD_DEVICE_ID, KINDS_ALL, false,
      "GUIDs: {{AAD_Device_ID}} or {{DeviceId}}, a request does not show which" },
    { POLICY_VARIABLE_DEVICE_ID, KINDS_ALL, false,
      "GUIDs that differ from those before: {{DeviceId}} or {{AAD_Device_ID}}" },
    { POLICY_VARIABLE_SID, KIND(URI), false, "" },
    { POLICY_VARIABLE_UPN, KIND(TEXT) | KIND(UPN) | KIND(URI), false,
      "addresses: {{UserPrincipalName}} or {{EmailAddress}}" },
    { POLICY_VARIABLE_EMAIL, KIND(TEXT) | KIND(EMAIL), false, "" },
    { POLICY_VARIABLE_WIFI_MAC, KINDS_ALL, false, "" },
    { POLICY_VARIABLE_IMEI, KINDS_ALL, false, "" },
    { POLICY_VARIABLE_FQDN, KIND(TEXT) | KIND(DNS) | KIND(URI), false, "" },
    { POLICY_VARIABLE_DEVICE_NAME, KIND(TEXT) | KIND(URI), true,
      "any printable text of 1 to 64 characters fits: put in what it is, such as {{DeviceName}}, "
      "{{SERIALNUMBER}} or {{UserName}}" },
};

#define CANDIDATES (sizeof(candidates) / sizeof(candidates[0]))

/* ---- life ------------------------------------------------------------------------------------ */

struct policy_learn_variables *policy_learn_variables_new(size_t requests, struct policy *p,
                                                          struct error *err)
{
    struct policy_learn_variables *v = calloc(1, sizeof(*v));

    if (v == NULL) {
        error_set(err, REASON_NO_MEMORY, "learned variables");
        return NULL;
    }
    v->requests = requests;
    v->p = p;
    return v;
}

void policy_learn_variables_free(struct policy_learn_variables *v)
{
    if (v == NULL) {
        return;
    }
    for (size_t i = 0; i < v->count; i++) {
        free(v->item[i].values);
    }
    free(v->item);
    free(v);
}

static bool copy_values(const struct policy_learn_variables *v, const struct bytes *values,
                        struct bytes **out, struct error *err)
{
    *out = calloc(v->requests, sizeof(**out));
    if (*out == NULL) {
        return error_set(err, REASON_NO_MEMORY, "learned values");
    }
    memcpy(*out, values, v->requests * sizeof(**out));
    return true;
}

static bool give(struct policy_learn_variables *v, const char *name, const struct bytes *values,
                 struct error *err)
{
    struct given *grown = realloc(v->item, (v->count + 1) * sizeof(*grown));

    if (grown == NULL) {
        return error_set(err, REASON_NO_MEMORY, "learned variables");
    }
    v->item = grown;
    memset(&grown[v->count], 0, sizeof(grown[v->count]));
    (void)snprintf(grown[v->count].name, sizeof(grown[v->count].name), "%s", name);
    if (!copy_values(v, values, &grown[v->count].values, err)) {
        return false;
    }
    v->count++;
    return true;
}

/* ---- comparing values ------------------------------------------------------------------------ */

static const struct bytes *first_value(const struct policy_learn_variables *v,
                                       const struct bytes *values)
{
    for (size_t i = 0; i < v->requests; i++) {
        if (values[i].data != NULL) {
            return &values[i];
        }
    }
    return NULL;
}

static bool all_equal(const struct policy_learn_variables *v, const struct bytes *values)
{
    const struct bytes *first = first_value(v, values);

    for (size_t i = 0; first != NULL && i < v->requests; i++) {
        if (values[i].data != NULL && !bytes_equal(values[i], *first)) {
            return false;
        }
    }
    return true;
}

/* Does every value fit the variable alone, without a doubt? */
static bool all_fit(const struct policy_learn_variables *v, const struct bytes *values,
                    enum policy_variable variable)
{
    static const struct policy any = { 0 }; /* no lists of domains */
    char pattern[NAME_MAX_LEN + 8];
    char why[WHY_MAX];

    (void)snprintf(pattern, sizeof(pattern), "{{%s}}", policy_variable_word(variable));
    for (size_t i = 0; i < v->requests; i++) {
        struct policy_bindings bindings = { .count = 0 };

        if (values[i].data != NULL
            && policy_pattern_fit(&any, pattern, values[i], &bindings, why, sizeof(why))
                   != POLICY_FIT_YES) {
            return false;
        }
        /* A word is a host name as well; with a dot it looks like one. */
        if (variable == POLICY_VARIABLE_FQDN && values[i].data != NULL
            && memchr(values[i].data, '.', values[i].len) == NULL) {
            return false;
        }
    }
    return true;
}

enum use { USE_NEW, USE_AGAIN, USE_NOT };

/* May this variable stand here, after what it stood for elsewhere? */
static enum use use_of(const struct policy_learn_variables *v, enum policy_variable variable,
                       const struct bytes *values)
{
    const char *name = policy_variable_word(variable);

    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->item[i].name, name) != 0) {
            continue;
        }
        for (size_t k = 0; k < v->requests; k++) {
            const struct bytes *other = &v->item[i].values[k];

            if (values[k].data != NULL && other->data != NULL
                && !policy_variable_same(variable, values[k], *other)) {
                return USE_NOT;
            }
        }
        return USE_AGAIN;
    }
    return USE_NEW;
}

/* ---- domains --------------------------------------------------------------------------------- */

/* What stands behind the first `border` of each value, to the policy's list. */
static bool add_domains(const struct policy_learn_variables *v, const struct bytes *values,
                        char border, struct policy_texts *list, struct error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < v->requests; i++) {
        const uint8_t *at =
            values[i].data == NULL ? NULL : memchr(values[i].data, border, values[i].len);
        char *domain;
        bool known = false;

        if (at == NULL) {
            continue;
        }
        domain =
            text_dup_bytes(bytes_of(at + 1, values[i].len - (size_t)(at + 1 - values[i].data)));
        if (domain == NULL) {
            return error_set(err, REASON_NO_MEMORY, "learned domains");
        }
        for (size_t k = 0; k < list->count; k++) {
            known = known || text_equal_nocase(list->item[k], domain);
        }
        ok = known || policy_texts_add(list, domain, err);
        free(domain);
    }
    return ok;
}

static bool learn_domains(const struct policy_learn_variables *v, enum policy_variable variable,
                          const struct bytes *values, struct error *err)
{
    switch (variable) {
    case POLICY_VARIABLE_UPN:
    case POLICY_VARIABLE_EMAIL:
        return add_domains(v, values, '@', &v->p->email_domains, err);
    case POLICY_VARIABLE_FQDN:
        return add_domains(v, values, '.', &v->p->host_suffixes, err);
    default:
        return true;
    }
}

/* ---- slices ---------------------------------------------------------------------------------- */

/* Length of the beginning that all values share, back to a border. */
static size_t shared_prefix(const struct policy_learn_variables *v, const struct bytes *values)
{
    const struct bytes *first = first_value(v, values);
    size_t len = first->len;

    for (size_t i = 0; i < v->requests; i++) {
        size_t n = 0;

        while (values[i].data != NULL && n < len && n < values[i].len
               && values[i].data[n] == first->data[n]) {
            n++;
        }
        len = values[i].data != NULL ? n : len;
    }
    while (len > 0 && strchr(BORDERS, first->data[len - 1]) == NULL) {
        len--;
    }
    return len;
}

static size_t shared_suffix(const struct policy_learn_variables *v, const struct bytes *values)
{
    const struct bytes *first = first_value(v, values);
    size_t len = first->len;

    for (size_t i = 0; i < v->requests; i++) {
        size_t n = 0;

        while (values[i].data != NULL && n < len && n < values[i].len
               && values[i].data[values[i].len - 1 - n] == first->data[first->len - 1 - n]) {
            n++;
        }
        len = values[i].data != NULL ? n : len;
    }
    while (len > 0 && strchr(BORDERS, first->data[first->len - len]) == NULL) {
        len--;
    }
    return len;
}

/* False when nothing would be left of a value. */
static bool cut_slice(const struct policy_learn_variables *v, const struct bytes *values,
                      size_t prefix, size_t suffix, struct slice *out)
{
    const struct bytes *first = first_value(v, values);

    for (size_t i = 0; i < v->requests; i++) {
        if (values[i].data == NULL) {
            out->values[i] = values[i];
        } else if (values[i].len <= prefix + suffix) {
            return false;
        } else {
            out->values[i] = bytes_of(values[i].data + prefix, values[i].len - prefix - suffix);
        }
    }
    out->prefix = bytes_of(first->data, prefix);
    out->suffix = bytes_of(first->data + first->len - suffix, suffix);
    return true;
}

/* The next shorter prefix or suffix that ends at a border. */
static size_t shorter_prefix(struct bytes value, size_t len)
{
    do {
        len--;
    } while (len > 0 && strchr(BORDERS, value.data[len - 1]) == NULL);
    return len;
}

static size_t shorter_suffix(struct bytes value, size_t len)
{
    do {
        len--;
    } while (len > 0 && strchr(BORDERS, value.data[value.len - len]) == NULL);
    return len;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static bool has_variable(struct bytes literal)
{
    char *text = text_dup_bytes(literal);
    struct bytes name = { NULL, 0 };
    size_t pos = 0;
    bool has = text == NULL || policy_pattern_next(text, &pos, &name);

    free(text);
    return has;
}

static bool append_variable(const char *name, const struct slice *s, struct buffer *pattern,
                            struct error *err)
{
    return buffer_append_bytes(pattern, s->prefix, err)
           && buffer_printf(pattern, err, "{{%s}}", name)
           && buffer_append_bytes(pattern, s->suffix, err);
}

/* *found false: no candidate fits. */
static bool try_candidates(struct policy_learn_variables *v, const struct slice *s,
                           enum policy_learn_kind kind, bool loose, struct buffer *pattern,
                           char *note, bool *found, struct error *err)
{
    *found = false;
    for (size_t i = 0; i < CANDIDATES; i++) {
        const struct candidate *c = &candidates[i];
        const char *name = policy_variable_word(c->variable);
        enum use use;

        if (c->loose != loose || (c->kinds & (1u << kind)) == 0
            || !all_fit(v, s->values, c->variable)) {
            continue;
        }
        use = use_of(v, c->variable, s->values);
        if (use == USE_NOT) {
            continue;
        }
        *found = true;
        (void)snprintf(note, POLICY_LEARN_NOTE_MAX, "%s", use == USE_NEW ? c->note : "");
        return (use == USE_AGAIN || give(v, name, s->values, err))
               && learn_domains(v, c->variable, s->values, err)
               && append_variable(name, s, pattern, err);
    }
    return true;
}

/* A name nobody knows: any text of 1 to 256 characters, with a warning in each comparison. */
static bool wildcard(struct policy_learn_variables *v, const struct slice *s,
                     struct buffer *pattern, char *note, struct error *err)
{
    char name[NAME_MAX_LEN];

    (void)snprintf(name, sizeof(name), "Any%u", ++v->wildcards);
    (void)snprintf(note, POLICY_LEARN_NOTE_MAX,
                   "the values have nothing in common: {{%s}} takes any text, with a warning",
                   name);
    return append_variable(name, s, pattern, err);
}

/* A fixed value that looks like a variable's, of the only request there is. */
static void note_fixed(const struct policy_learn_variables *v, const struct bytes *values,
                       enum policy_learn_kind kind, char *note)
{
    for (size_t i = 0; v->requests == 1 && i < CANDIDATES; i++) {
        if (!candidates[i].loose && (candidates[i].kinds & (1u << kind)) != 0
            && all_fit(v, values, candidates[i].variable)) {
            (void)snprintf(note, POLICY_LEARN_NOTE_MAX,
                           "fixed, since there is one request only; it looks like {{%s}}",
                           policy_variable_word(candidates[i].variable));
            return;
        }
    }
}

/*
 * Fixed text around a variable that is something: GUIDs may begin alike as well, so what is shared
 * is taken as fixed, then less and less of it.
 */
static bool try_parts(struct policy_learn_variables *v, const struct bytes *values,
                      struct slice *part, enum policy_learn_kind kind, struct buffer *pattern,
                      char *note, bool *found, struct error *err)
{
    const struct bytes *first = first_value(v, values);
    size_t prefix = shared_prefix(v, values);

    for (unsigned i = 0; i < CUTS_MAX && !*found; i++) {
        size_t suffix = shared_suffix(v, values);

        for (unsigned k = 0; k < CUTS_MAX && !*found; k++) {
            if (cut_slice(v, values, prefix, suffix, part) && !has_variable(part->prefix)
                && !has_variable(part->suffix)
                && !try_candidates(v, part, kind, false, pattern, note, found, err)) {
                return false;
            }
            if (suffix == 0) {
                break;
            }
            suffix = shorter_suffix(*first, suffix);
        }
        if (prefix == 0) {
            break;
        }
        prefix = shorter_prefix(*first, prefix);
    }
    return true;
}

/* The longest fixed text, around a variable that can be anything. */
static bool cut_longest(const struct policy_learn_variables *v, const struct bytes *values,
                        struct slice *part)
{
    size_t prefix = shared_prefix(v, values);
    size_t suffix = shared_suffix(v, values);

    return prefix + suffix > 0 && cut_slice(v, values, prefix, suffix, part)
           && !has_variable(part->prefix) && !has_variable(part->suffix);
}

bool policy_learn_pattern(struct policy_learn_variables *v, const struct bytes *values,
                          enum policy_learn_kind kind, struct buffer *pattern,
                          char note[POLICY_LEARN_NOTE_MAX], struct error *err)
{
    const struct bytes *first = first_value(v, values);
    struct slice whole = { .values = NULL };
    struct slice part = { .values = NULL };
    bool has_part;
    bool found = false;
    bool ok = false;

    note[0] = '\0';
    if (first == NULL) {
        return error_set(err, REASON_INTERNAL, "no value to learn from");
    }
    if (!copy_values(v, values, &whole.values, err) || !copy_values(v, values, &part.values, err))
        goto out;
    if (all_equal(v, values) && !has_variable(*first)) {
        note_fixed(v, values, kind, note);
        ok = buffer_append_bytes(pattern, *first, err);
        goto out;
    }
    if (!try_candidates(v, &whole, kind, false, pattern, note, &found, err)
        || (!found && !try_parts(v, values, &part, kind, pattern, note, &found, err))) {
        goto out;
    }
    has_part = !found && cut_longest(v, values, &part);
    if ((has_part && !try_candidates(v, &part, kind, true, pattern, note, &found, err))
        || (!found && !try_candidates(v, &whole, kind, true, pattern, note, &found, err))) {
        goto out;
    }
    ok = found || wildcard(v, has_part ? &part : &whole, pattern, note, err);
out:
    free(whole.values);
    free(part.values);
    return ok;
}
