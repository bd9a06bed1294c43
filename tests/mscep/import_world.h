/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  facts for plans of an import, built from texts.
 * Not here: what a plan has to be (test_ndes_import.c).
 * Owns:     what it reads.
 * Threads:  one test at a time.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_MSCEP_IMPORT_WORLD_H
#define OPENNDES_TESTS_MSCEP_IMPORT_WORLD_H

#include "mscep/ndes_import.h"
#include "support/test_support.h"

struct import_world {
    struct test_folder folder;
    struct ndes_registry registry;
    struct ndes_iis iis;
    struct ndes_ra_certs ra;
    struct config_edit *service;
    const char *ndes_template;  /* exists with challenge ndes; NULL: none */
    const char *other_template; /* exists with another challenge */
    struct ndes_import_facts facts;
    struct ndes_import_plan *plan;
};

/* A value as it stands in a .reg file, below the key of NDES: "PasswordMax" is put into the key of
 * the same name; a name with a backslash says its key; "=" at the end of the list is NULL. */
struct import_value {
    const char *name; /* "GeneralPurposeTemplate", "PasswordMax", "Modules\\Policy" */
    const char *data; /* "\"text\"", "dword:5" */
};

/* Facts with a CA that is ready; values end in { NULL, NULL }. service_json: openndes.json. */
void import_world_open(struct import_world *w, const struct import_value *values,
                       const char *service_json);
/* The same from a fixture such as "ndes/default.reg". */
void import_world_open_fixture(struct import_world *w, const char *name, const char *service_json);
void import_world_iis(struct import_world *w, const char *fixture); /* "ndes/iis.config" */
void import_world_close(struct import_world *w);
/* Make the plan; must succeed. A former plan goes. */
void import_world_plan(struct import_world *w);

/* The value planned for a key, NULL when it is not set. */
const char *import_world_service(const struct import_world *w, const char *key);
const char *import_world_template(const struct import_world *w, size_t index, const char *key);
/* True when a note of the section is about `what` and holds `text`. */
bool import_world_says(const struct import_world *w, enum ndes_import_section section,
                       const char *what, const char *text);
#define assert_says(w, section, what, text)                                                        \
    import_world_assert_says((w), (section), (what), (text), __FILE__, __LINE__)
void import_world_assert_says(const struct import_world *w, enum ndes_import_section section,
                              const char *what, const char *text, const char *file, int line);

#endif
