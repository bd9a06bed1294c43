/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what an NDES's settings become here: templates, settings of openndes.json, and notes on
 *           what is taken, what is not and why, and what remains to be done.
 * Not here: reading (ndes_registry.h, ndes_iis.h, ndes_ra_certs.h), printing
 *           (ndes_import_report.h).
 * Owns:     the notes of a plan.
 * Threads:  one owner.
 * Spec:     NDES: observed; docs/migrate-from-ndes.md.
 *
 * The plan is made from facts alone. Nothing that an administrator has set is overwritten: a
 * template that exists stays, and so does a setting of openndes.json that is not its default.
 */
#ifndef OPENNDES_MSCEP_NDES_IMPORT_H
#define OPENNDES_MSCEP_NDES_IMPORT_H

#include "config/config_edit.h"
#include "config/template_config.h"
#include "mscep/ndes_iis.h"
#include "mscep/ndes_ra_certs.h"
#include "mscep/ndes_registry.h"

enum ndes_import_existing {
    NDES_IMPORT_NO_TEMPLATE,
    NDES_IMPORT_NDES_TEMPLATE, /* challenge.type is ndes */
    NDES_IMPORT_OTHER_TEMPLATE /* another challenge, or not readable */
};

/* Is there a template of this name in the data folder? */
typedef enum ndes_import_existing ndes_import_lookup(void *context, const char *name);

/* All that a plan is made from; borrowed. */
struct ndes_import_facts {
    const struct ndes_registry *registry; /* found */
    const struct ndes_iis *iis;           /* NULL: not looked at */
    const char *iis_problem;              /* why it could not be read; NULL: no problem */
    const struct ndes_ra_certs *ra;       /* NULL: not looked at */
    const char *ra_problem;
    const struct config_edit *service; /* openndes.json as it is */
    ndes_import_lookup *lookup;
    void *lookup_context;
    bool ca_ready;    /* the CA "default" can issue */
    bool ca_is_root;  /* it is self-signed: nobody trusts it yet */
    bool https_ready; /* there is a certificate for HTTPS */
    int64_t now;      /* for end dates */
};

#define NDES_IMPORT_TEMPLATES_MAX 3u
#define NDES_IMPORT_SETTINGS_MAX 24u
#define NDES_IMPORT_VALUE_MAX 768u

struct ndes_import_setting {
    const char *key; /* constant */
    char value[NDES_IMPORT_VALUE_MAX];
};

struct ndes_import_settings {
    struct ndes_import_setting items[NDES_IMPORT_SETTINGS_MAX];
    size_t count;
};

#define NDES_ROLE_GENERAL 1u
#define NDES_ROLE_SIGNATURE 2u
#define NDES_ROLE_ENCRYPTION 4u

struct ndes_import_template {
    char name[LIMIT_TEMPLATE_NAME + 1];
    const char *ndes_name; /* borrowed from the registry, not escaped */
    unsigned roles;        /* NDES_ROLE_... */
    enum ndes_import_existing existing;
    bool enabled;                         /* a new one can serve at once */
    struct ndes_import_settings settings; /* of a new one */
};

enum ndes_import_section { NDES_IMPORT_TAKEN, NDES_IMPORT_NOT_TAKEN, NDES_IMPORT_STEPS };
#define NDES_IMPORT_SECTIONS 3u

struct ndes_import_note {
    char *what; /* short; "" for a step */
    char *text;
};

struct ndes_import_notes {
    struct ndes_import_note *items;
    size_t count;
};

struct ndes_import_plan {
    struct ndes_import_template templates[NDES_IMPORT_TEMPLATES_MAX];
    size_t template_count;
    struct ndes_import_settings service; /* to be written into openndes.json */
    struct ndes_import_notes notes[NDES_IMPORT_SECTIONS];
};

/*
 * Make the plan; a pure function of the facts. Owned: ndes_import_plan_free. NULL on failure.
 * Errors: REASON_NDES_MISSING (no key in the registry), REASON_NO_MEMORY, REASON_CONFIG_...
 * (openndes.json is broken).
 */
struct ndes_import_plan *ndes_import_plan_make(const struct ndes_import_facts *facts,
                                               struct error *err);
void ndes_import_plan_free(struct ndes_import_plan *plan); /* NULL is allowed */
/* True when applying it would write something. */
bool ndes_import_plan_writes(const struct ndes_import_plan *plan);

/*
 * Would every file be taken, as it stands now with what is planned? Writes nothing.
 * Errors: REASON_CONFIG_..., file errors.
 */
MUST_USE bool ndes_import_check(const struct ndes_import_plan *plan, const char *data_folder,
                                struct error *err);
/*
 * Write what is planned, checked before: each file at once or not at all, new templates first,
 * openndes.json, which makes them answer, last. Cut off in between it can be done again. The caller
 * keeps other commands away. Errors: REASON_TEMPLATE_EXISTS (made since the plan),
 * REASON_CONFIG_..., file errors.
 */
MUST_USE bool ndes_import_apply(const struct ndes_import_plan *plan, const char *data_folder,
                                struct error *err);

#endif
