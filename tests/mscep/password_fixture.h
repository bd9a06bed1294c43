/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  what tests of NDES passwords share: passwords of the world's template "phones", and
 *           what its challenge says to them.
 * Not here: cases, the world itself (enroll/enroll_world.h).
 * Owns:     nothing.
 * Threads:  making and asking: any thread.
 * Spec:     none.
 */
#ifndef OPENNDES_TESTS_MSCEP_PASSWORD_FIXTURE_H
#define OPENNDES_TESTS_MSCEP_PASSWORD_FIXTURE_H

#include "enroll/enroll_world.h"
#include "mscep/ndes_password.h"

#define KEY_TEXT "a key of 32 bytes for keyed MACs"

/* NDES's numbers. */
extern const struct ndes_password_config password_config_plain;

struct ndes_password_source password_source_of(struct world *world);
struct ndes_password_order password_order_of(const char *scope,
                                             const struct ndes_password_config *config);
/* Make a password; the caller clears. */
struct ndes_password_made password_make(struct world *world,
                                        const struct ndes_password_order *order);
struct ndes_password_made password_make_plain(struct world *world, const char *scope);
const char *password_text(const struct ndes_password_made *made);
/* Statements beside the store, as another process would run them. */
void password_database(struct world *world, const char *sql);

/* What template "phones" says to a challenge in a request for CN=dev from 192.0.2.7. */
struct asked {
    bool ok;
    int64_t reservation;
    struct error err;
};

struct asked password_ask(struct world *world, const struct ndes_password_config *config,
                          bool service_scope, const char *cn, const char *challenge_text);
struct asked password_ask_plain(struct world *world, const char *challenge_text);

/* Refused for this reason, and outside like for any other. */
#define assert_refused_for(asked, reason)                                                          \
    password_asked_refused(&(asked), REASON_##reason, __FILE__, __LINE__)
void password_asked_refused(const struct asked *asked, enum reason reason, const char *file,
                            int line);

#endif
