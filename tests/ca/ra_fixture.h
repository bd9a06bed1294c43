/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a CA whose RAs are replaced, with time that goes on and power that fails (the linker's
 *           --wrap), and looks at who is served.
 * Not here: cases.
 * Owns:     the folder, from set-up to tear-down.
 * Threads:  one test at a time.
 * Spec:     docs/ca.md.
 */
#ifndef OPENNDES_TESTS_CA_RA_FIXTURE_H
#define OPENNDES_TESTS_CA_RA_FIXTURE_H

#include "ca/ca_fixture.h"

#include "ca/ra_roll.h"
#include "ca/ra_sets.h"

extern int64_t ra_fixture_later;           /* seconds that the clock is ahead */
extern unsigned ra_fixture_operations;     /* on files, since it was set to 0 */
extern unsigned ra_fixture_power_fails_at; /* that one and all behind it are not done; 0: never */

struct ra_world {
    struct test_folder folder;
    struct ca_new_options options;
    struct ca_ra_change change;
};

/* cmocka: of each test. */
int ra_world_set_up(void **state);
int ra_world_tear_down(void **state);
/* With a CA as fixture_options has it. */
struct ra_world *ra_world_open(void **state);
/* The service's view. Fails the test when it does not open. */
struct ca *ra_world_ca(const struct ra_world *w, int64_t keep_days, struct ca_builtin **builtin);
/* renew-ra; later generations end later, as they do in life. */
void ra_world_renew(struct ra_world *w);

/* The certificates of one generation. */
struct generation {
    X509 *cert[RA_CERT_ROLES];
};
struct generation generation_current(const struct ra_world *w);
void generation_clear(struct generation *g);

/* Index of this certificate; RA_MEMBERS_MAX: it is not there. */
size_t ra_set_index(const struct ra_set *ras, const X509 *cert);
/* Opens with its own key and is answered by its own signer, in both forms. */
void assert_serves(const struct ra_set *ras, const struct generation *g, const char *name);
/* The whole CA opens and serves this generation. */
void assert_world_serves(const struct ra_world *w, const struct generation *g, const char *name);

#endif
