/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NDES names three templates of AD CS, often one and the same. Each name becomes one template
 * here, with the password rules, which NDES has once for all.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "config/config_load.h"
#include "mscep/ndes_import_plan.h"

static const struct role {
    unsigned role;
    enum ndes_setting setting;
    const char *words;
} roles[] = {
    { NDES_ROLE_GENERAL, NDES_GENERAL_TEMPLATE, "signature and encryption" },
    { NDES_ROLE_SIGNATURE, NDES_SIGNATURE_TEMPLATE, "signature" },
    { NDES_ROLE_ENCRYPTION, NDES_ENCRYPTION_TEMPLATE, "encryption" },
};

#define ROLE_COUNT (sizeof(roles) / sizeof(roles[0]))

/*
 * Version 1 templates cannot be edited in AD CS, so what they issue is known from the name alone.
 */
static const struct known_template {
    const char *ndes_name;
    const char *eku;
    const char *days;
} known_templates[] = {
    /* "IPSec (Offline request)", what set-up of NDES enters: IP security IKE intermediate */
    { "IPSECIntermediateOffline", "1.3.6.1.5.5.8.2.2", "730" },
};

/* Numbers of the password cache, and the key each becomes. */
static const struct password_row {
    enum ndes_setting setting;
    const char *key;
} password_rows[] = {
    { NDES_PASSWORD_LENGTH, "ndes.PasswordLength" },
    { NDES_PASSWORD_VALIDITY, "ndes.PasswordValidity" },
    { NDES_PASSWORD_MAX, "ndes.PasswordMax" },
    { NDES_CACHE_REQUEST, "ndes.CacheRequest" },
};

/* ---- names ----------------------------------------------------------------------------------- */

/* Room for what make_name puts in front and behind. */
#define PLAIN_NAME_MAX (LIMIT_TEMPLATE_NAME - 10u)

/* Letters in lower case, every run of other characters one '-', none at either end. */
static void plain_name(char out[LIMIT_TEMPLATE_NAME + 1], const char *ndes_name)
{
    size_t len = 0;

    for (const char *c = ndes_name; *c != '\0' && len < PLAIN_NAME_MAX; c++) {
        char lower = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;

        if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '_'
            || lower == '.') {
            out[len++] = lower;
        } else if (len > 0 && out[len - 1] != '-') {
            out[len++] = '-';
        }
    }
    while (len > 0 && (out[len - 1] == '-' || out[len - 1] == '.')) {
        len--;
    }
    out[len] = '\0';
}

static bool name_is_used(const struct ndes_import_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->template_count; i++) {
        if (strcmp(plan->templates[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * "My Router" and "My-Router" are two templates there: the second gets a number. What is no name
 * here, such as "con" or "_x", gets "ndes-" in front.
 */
static bool make_name(const struct ndes_import_plan *plan, const char *ndes_name,
                      char out[LIMIT_TEMPLATE_NAME + 1])
{
    struct error unfit = ERROR_INIT;
    char plain[LIMIT_TEMPLATE_NAME + 1];
    const char *prefix = "";

    plain_name(plain, ndes_name);
    if (!template_name_check(plain, &unfit)) {
        prefix = plain[0] == '\0' ? "ndes-template" : "ndes-";
    }
    if (!text_format(out, LIMIT_TEMPLATE_NAME + 1, "%s%s", prefix, plain)) {
        return false;
    }
    for (unsigned n = 2; name_is_used(plan, out); n++) {
        if (!text_format(out, LIMIT_TEMPLATE_NAME + 1, "%s%s-%u", prefix, plain, n)) {
            return false;
        }
    }
    return true;
}

/* The templates of AD CS are compared without regard to case. */
static void add_role(struct ndes_import_draft *d, const struct role *role, const char *ndes_name)
{
    struct ndes_import_plan *plan = d->plan;
    struct ndes_import_template *t = NULL;

    for (size_t i = 0; i < plan->template_count && t == NULL; i++) {
        if (text_equal_nocase(plan->templates[i].ndes_name, ndes_name)) {
            t = &plan->templates[i];
        }
    }
    if (t == NULL) {
        t = &plan->templates[plan->template_count];
        if (!make_name(plan, ndes_name, t->name)) {
            error_set(d->err, REASON_INTERNAL, "no name for a template");
            return;
        }
        t->ndes_name = ndes_name;
        t->existing = d->facts->lookup(d->facts->lookup_context, t->name);
        plan->template_count++;
    }
    t->roles |= role->role;
}

/* ---- settings -------------------------------------------------------------------------------- */

static void put(struct ndes_import_draft *d, struct ndes_import_template *t, const char *key,
                const char *value)
{
    ndes_import_set(d, &t->settings, key, value);
}

/* A number as it is, or the nearest that is possible here, which is told once. */
static void put_number(struct ndes_import_draft *d, struct ndes_import_template *t,
                       const struct password_row *row)
{
    const struct config_key *key = config_key_find(CONFIG_SCOPE_TEMPLATE, row->key, NULL);
    int64_t found = ndes_import_number(d, row->setting, 0);
    int64_t value = found;
    char text[32];

    if (key == NULL || !ndes_registry_has(d->facts->registry, row->setting)) {
        return;
    }
    value = value < key->min ? key->min : value > key->max ? key->max : value;
    if (text_format(text, sizeof(text), "%" PRId64, value)) {
        put(d, t, row->key, text);
    }
    if (value != found && t == &d->plan->templates[0]) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, ndes_setting_path(row->setting),
                         "%" PRId64 " is not possible here; %s is %" PRId64 " (%" PRId64
                         " to %" PRId64 " %s)",
                         found, row->key, value, key->min, key->max, key->unit);
    }
}

static void put_passwords(struct ndes_import_draft *d, struct ndes_import_template *t)
{
    for (size_t i = 0; i < sizeof(password_rows) / sizeof(password_rows[0]); i++) {
        put_number(d, t, &password_rows[i]);
    }
    put(d, t, "ndes.UseSinglePassword",
        ndes_import_number(d, NDES_USE_SINGLE_PASSWORD, 0) != 0 ? "true" : "false");
    put(d, t, "ndes.EnforcePassword",
        ndes_import_number(d, NDES_ENFORCE_PASSWORD, 1) != 0 ? "true" : "false");
}

/* Both names where they fit into the 256 bytes of the key, the template's cut at least. */
static void put_description(struct ndes_import_draft *d, struct ndes_import_template *t)
{
    char name[NDES_IMPORT_SHOWN];
    char ca[NDES_IMPORT_SHOWN];
    char text[257];
    const char *configuration = ndes_import_text(d, NDES_CA_CONFIGURATION);

    text_escape(name, 200, bytes_of_text(t->ndes_name));
    if ((configuration != NULL
         && text_format(text, sizeof(text), "From NDES: template %s of %s", name,
                        ndes_import_shown(ca, configuration)))
        || text_format(text, sizeof(text), "From NDES: template %s", name)) {
        put(d, t, "description", text);
    }
}

/* What the template may be used for follows from when NDES chose it. */
static const char *key_usage_of(unsigned role_bits)
{
    switch (role_bits) {
    case NDES_ROLE_SIGNATURE:
        return "digitalSignature";
    case NDES_ROLE_ENCRYPTION:
        return "keyEncipherment";
    default:
        return "digitalSignature,keyEncipherment";
    }
}

static bool put_known(struct ndes_import_draft *d, struct ndes_import_template *t)
{
    for (size_t i = 0; i < sizeof(known_templates) / sizeof(known_templates[0]); i++) {
        if (text_equal_nocase(known_templates[i].ndes_name, t->ndes_name)) {
            put(d, t, "eku", known_templates[i].eku);
            put(d, t, "validity.days", known_templates[i].days);
            return true;
        }
    }
    return false;
}

/* Words for the report, such as "signature; encryption". */
static void role_words(unsigned role_bits, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if ((role_bits & roles[i].role) != 0
            && text_format(out + len, size - len, "%s%s", len == 0 ? "" : "; ", roles[i].words)) {
            len = strlen(out);
        }
    }
}

static void note_known(struct ndes_import_draft *d, const struct ndes_import_template *t)
{
    char shown[NDES_IMPORT_SHOWN];

    ndes_import_note(d, NDES_IMPORT_TAKEN, t->name,
                     "two years and the extended key usage IP security IKE intermediate, which is "
                     "what AD CS's own template %s issues",
                     ndes_import_shown(shown, t->ndes_name));
}

static void note_new(struct ndes_import_draft *d, const struct ndes_import_template *t)
{
    char words[128];
    char shown[NDES_IMPORT_SHOWN];
    const char *state = "on";

    role_words(t->roles, words, sizeof(words));
    if (!d->facts->ca_ready) {
        state = "off, since there is no CA yet";
    } else if (!t->enabled) {
        state = "off, since without a password it needs an address list first";
    }
    ndes_import_note(d, NDES_IMPORT_TAKEN, t->name,
                     "new template for %s, for requests that ask for: %s (key usage %s); %s",
                     ndes_import_shown(shown, t->ndes_name), words, key_usage_of(t->roles), state);
}

/* True when what it issues is known. */
static bool fill_new(struct ndes_import_draft *d, struct ndes_import_template *t)
{
    bool known;

    t->enabled = d->facts->ca_ready && ndes_import_number(d, NDES_ENFORCE_PASSWORD, 1) != 0;
    put(d, t, "enabled", t->enabled ? "true" : "false");
    put_description(d, t);
    put(d, t, "ca", "default");
    put(d, t, "challenge.type", "ndes");
    put_passwords(d, t);
    put(d, t, "key_usage.allowed", key_usage_of(t->roles));
    known = put_known(d, t);
    put(d, t, "algorithms", "compat");
    note_new(d, t);
    if (known) {
        note_known(d, t);
    }
    return known;
}

static void note_existing(struct ndes_import_draft *d, const struct ndes_import_template *t)
{
    char shown[NDES_IMPORT_SHOWN];

    ndes_import_shown(shown, t->ndes_name);
    if (t->existing == NDES_IMPORT_NDES_TEMPLATE) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, t->name,
                         "settings of %s: a template of this name is there already and stays as it "
                         "is; to have it made anew, remove it (openndes template remove %s) and "
                         "import again",
                         shown, t->name);
    } else {
        ndes_import_note(
            d, NDES_IMPORT_NOT_TAKEN, t->name,
            "%s: a template of this name is there already, and its challenge is not "
            "ndes (or it cannot be read); it stays as it is and is not used for NDES. "
            "Remove it (openndes template remove %s) and import again, or name another "
            "template in openndes.json",
            shown, t->name);
    }
}

/* ---- the step -------------------------------------------------------------------------------- */

static void note_enforce_missing(struct ndes_import_draft *d)
{
    if (d->facts->registry->values[NDES_ENFORCE_PASSWORD].state == NDES_VALUE_MISSING) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, ndes_setting_path(NDES_ENFORCE_PASSWORD),
                         "missing, with which NDES does not start; a password is asked for");
    }
}

void ndes_import_plan_templates(struct ndes_import_draft *d)
{
    size_t unknown = 0;

    for (size_t i = 0; i < ROLE_COUNT; i++) {
        const char *name = ndes_import_text(d, roles[i].setting);

        if (name != NULL) {
            add_role(d, &roles[i], name);
        } else {
            ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, ndes_setting_path(roles[i].setting),
                             "missing or empty");
        }
    }
    for (size_t i = 0; i < d->plan->template_count; i++) {
        struct ndes_import_template *t = &d->plan->templates[i];

        if (t->existing != NDES_IMPORT_NO_TEMPLATE) {
            note_existing(d, t);
        } else if (!fill_new(d, t)) {
            unknown++;
        }
    }
    if (unknown > 0) {
        ndes_import_note(d, NDES_IMPORT_NOT_TAKEN, "templates of AD CS",
                         "validity, extended key usage and key size stand in Active Directory, not "
                         "on the NDES host; here they are our defaults. Look them up there "
                         "(certtmpl.msc) and set them: openndes template set NAME validity.days=N "
                         "eku=NAMES key.rsa_min_bits=N");
    }
    note_enforce_missing(d);
}

const struct ndes_import_template *ndes_import_template_of(const struct ndes_import_plan *plan,
                                                           unsigned role)
{
    for (size_t i = 0; i < plan->template_count; i++) {
        const struct ndes_import_template *t = &plan->templates[i];

        if ((t->roles & role) != 0 && t->existing != NDES_IMPORT_OTHER_TEMPLATE) {
            return t;
        }
    }
    return NULL;
}
