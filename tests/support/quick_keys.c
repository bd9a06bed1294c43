/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  RSA keys for tests that make many CAs: the first of a program are generated, later ones
 *           are those again, in turn, so that keys of one CA always differ.
 * Not here: tests of the generation itself (the first keys of each program are new ones).
 * Owns:     the keys, until the program ends.
 * Threads:  one.
 * Spec:     the linker's --wrap puts it before ca_key_generate.
 */
#include <openssl/evp.h>

#include "ca/ca_key.h"

#define POOL 8u /* more than one test compares */

struct evp_pkey_st *__real_ca_key_generate(enum ca_key_spec spec, struct error *err);
struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err);

static EVP_PKEY *pool[POOL];
static size_t made;
static size_t next;

__attribute__((destructor)) static void forget(void)
{
    for (size_t i = 0; i < made; i++) {
        EVP_PKEY_free(pool[i]);
    }
}

struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err)
{
    EVP_PKEY *key;

    if (spec != CA_KEY_RSA_2048) {
        return __real_ca_key_generate(spec, err);
    }
    if (made < POOL) {
        key = __real_ca_key_generate(spec, err);
        if (key == NULL) {
            return NULL;
        }
        pool[made++] = key;
    } else {
        key = pool[next++ % POOL];
    }
    return EVP_PKEY_up_ref(key) == 1 ? key : NULL;
}
