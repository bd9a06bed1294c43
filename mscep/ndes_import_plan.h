/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  the parts of making a plan, shared by the files ndes_import*.c.
 * Not here: what others may call (ndes_import.h).
 * Owns:     nothing.
 * Threads:  one owner.
 * Spec:     none.
 *
 * Dozens of notes are made; each could fail only for lack of memory. So the first failure is kept
 * in err and what follows does nothing; it is looked at once, at the end.
 */
#ifndef OPENNDES_MSCEP_NDES_IMPORT_PLAN_H
#define OPENNDES_MSCEP_NDES_IMPORT_PLAN_H

#include "mscep/ndes_import.h"

#define NDES_IMPORT_SHOWN 256u /* a text of NDES's, escaped and cut */

struct ndes_import_draft {
    const struct ndes_import_facts *facts;
    struct ndes_import_plan *plan;
    bool listen_kept; /* openndes.json listens elsewhere, and goes on with that */
    struct error *err;
};

/* Add a note; `what` and the formatted text are copied. */
void ndes_import_note(struct ndes_import_draft *d, enum ndes_import_section section,
                      const char *what, const char *format, ...) PRINTF_FORMAT(4, 5);
/* Add a setting; the value has to fit. */
void ndes_import_set(struct ndes_import_draft *d, struct ndes_import_settings *settings,
                     const char *key, const char *value);
/* Text of NDES's for a note: escaped, cut; backslashes, which paths and accounts are full of, stay
 * as they are. Returns `shown`. */
const char *ndes_import_shown(char shown[NDES_IMPORT_SHOWN], const char *text);
/* The text of a setting that is there and not empty; else NULL. Borrowed. */
const char *ndes_import_text(const struct ndes_import_draft *d, enum ndes_setting setting);
/* The number of a setting that is there; else `missing`. */
uint32_t ndes_import_number(const struct ndes_import_draft *d, enum ndes_setting setting,
                            uint32_t missing);

/* Append a setting of openndes.json as it is in force now: the file's, or the default. */
MUST_USE bool ndes_import_current(struct ndes_import_draft *d, const char *key, struct buffer *out);

/* The steps of ndes_import_plan_make, in this order. */
void ndes_import_plan_templates(struct ndes_import_draft *d);
void ndes_import_plan_service(struct ndes_import_draft *d);
void ndes_import_plan_notes(struct ndes_import_draft *d);

/* The planned template that serves a role and can be used; NULL when there is none. */
const struct ndes_import_template *ndes_import_template_of(const struct ndes_import_plan *plan,
                                                           unsigned role);

#endif
