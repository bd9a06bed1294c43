/* SPDX-License-Identifier: Apache-2.0 */
#include "model/ra_identity.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

struct ra_set *ra_set_create(void)
{
    struct ra_set *set = calloc(1, sizeof(*set));

    if (set != NULL) {
        set->references = 1;
    }
    return set;
}

bool ra_set_add_ra(struct ra_set *set, X509 *cert, EVP_PKEY *key, struct error *err)
{
    if (set->ra_count >= RA_GENERATIONS_MAX) {
        return error_set(err, REASON_LIMIT, "more than %d RA generations", RA_GENERATIONS_MAX);
    }
    (void)X509_up_ref(cert);
    (void)EVP_PKEY_up_ref(key);
    set->ra[set->ra_count].cert = cert;
    set->ra[set->ra_count].key = key;
    set->ra_count++;
    return true;
}

bool ra_set_add_chain(struct ra_set *set, X509 *cert, struct error *err)
{
    if (set->chain_count >= LIMIT_CHAIN_CERTIFICATES) {
        return error_set(err, REASON_LIMIT, "more than %u CA certificates",
                         LIMIT_CHAIN_CERTIFICATES);
    }
    (void)X509_up_ref(cert);
    set->chain[set->chain_count++] = cert;
    return true;
}

struct ra_set *ra_set_ref(struct ra_set *set)
{
    (void)__atomic_add_fetch(&set->references, 1, __ATOMIC_RELAXED);
    return set;
}

void ra_set_unref(struct ra_set *set)
{
    if (set == NULL || __atomic_sub_fetch(&set->references, 1, __ATOMIC_ACQ_REL) > 0) {
        return;
    }
    for (size_t i = 0; i < set->ra_count; i++) {
        X509_free(set->ra[i].cert);
        EVP_PKEY_free(set->ra[i].key);
    }
    for (size_t i = 0; i < set->chain_count; i++) {
        X509_free(set->chain[i]);
    }
    free(set);
}
