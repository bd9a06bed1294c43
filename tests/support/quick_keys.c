/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  RSA keys for tests that make many CAs: ready-made ones in turn, so that keys of one CA
 *           always differ.
 * Not here: tests of the generation itself: the tests of the whole program generate.
 * Owns:     nothing.
 * Threads:  any thread.
 * Spec:     the linker's --wrap puts it before ca_key_generate.
 */
#include <stdatomic.h>

#include "ca/ca_key.h"
#include "support/ready_keys.h"

struct evp_pkey_st *__real_ca_key_generate(enum ca_key_spec spec, struct error *err);
struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err);

static atomic_size_t next;

struct evp_pkey_st *__wrap_ca_key_generate(enum ca_key_spec spec, struct error *err)
{
    return spec == CA_KEY_RSA_2048 ? ready_key_rsa(atomic_fetch_add(&next, 1))
                                   : __real_ca_key_generate(spec, err);
}
