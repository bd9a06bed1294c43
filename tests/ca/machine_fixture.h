/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a CA and its RAs in the machine's store, a stand-in, for the tests of such keys.
 * Not here: the stand-in itself (support/machine_key_stand_in.h).
 * Owns:     folder, keys and certificates until machine_world_close.
 * Threads:  one test at a time.
 * Spec:     none.
 *
 * Programs that use it are linked with --wrap=ca_key_generate: sealed RA keys are one that exists.
 */
#ifndef OPENNDES_TESTS_CA_MACHINE_FIXTURE_H
#define OPENNDES_TESTS_CA_MACHINE_FIXTURE_H

#include "ca/ca_fixture.h"
#include "support/machine_key_stand_in.h"

struct machine_world {
    struct test_folder folder;
    EVP_PKEY *ca_key, *ra_key, *sign_key, *enc_key, *client_key;
    X509 *ca, *ra, *sign, *enc;
    char ca_thumb[MACHINE_THUMBPRINT_MAX];
    char ra_thumb[MACHINE_THUMBPRINT_MAX];
    char sign_thumb[MACHINE_THUMBPRINT_MAX];
    char enc_thumb[MACHINE_THUMBPRINT_MAX];
};

/* cmocka set-up and tear-down; *state is a struct machine_world. */
int machine_world_open(void **state);
int machine_world_close(void **state);

/* Issued by the world's CA; X509_free. */
X509 *machine_world_ra(const struct machine_world *w, EVP_PKEY *key, uint32_t usage);
/* CA "issuing" and its RAs, all of the store. */
struct ca_import_options machine_world_import_options(const struct machine_world *w);
void machine_world_import(const struct machine_world *w);
/* A file of the CA's folder, appended. */
void machine_world_read(const struct machine_world *w, const char *file, struct buffer *out);
void machine_world_assert_reference(const struct machine_world *w, const char *file,
                                    const char *thumbprint);

#endif
