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

static bool check_room(const struct ra_set *set, size_t count, struct error *err)
{
    return set->ra_count + count <= RA_MEMBERS_MAX
           || error_set(err, REASON_LIMIT, "more than %d RA certificates", RA_MEMBERS_MAX);
}

static void add_member(struct ra_set *set, const struct ra_identity *member)
{
    (void)X509_up_ref(member->cert);
    (void)EVP_PKEY_up_ref(member->key);
    set->ra[set->ra_count++] = *member;
}

bool ra_set_add_ra(struct ra_set *set, X509 *cert, EVP_PKEY *key, struct error *err)
{
    const struct ra_identity ra = { cert, key, true, true, false, set->ra_count };

    if (!check_room(set, 1, err)) {
        return false;
    }
    add_member(set, &ra);
    return true;
}

bool ra_set_add_pair(struct ra_set *set, const struct ra_identity *sign,
                     const struct ra_identity *decrypt, struct error *err)
{
    size_t signer = set->ra_count;
    const struct ra_identity signs = { sign->cert, sign->key, true, false, false, signer };
    const struct ra_identity decrypts = { decrypt->cert, decrypt->key, false, true, false, signer };

    if (!check_room(set, 2, err)) {
        return false;
    }
    add_member(set, &signs);
    add_member(set, &decrypts);
    return true;
}

void ra_set_mark_former(struct ra_set *set, size_t from)
{
    for (size_t i = from; i < set->ra_count; i++) {
        set->ra[i].former = true;
    }
}

bool ra_set_find_pair(const struct ra_set *set, size_t *decrypt)
{
    for (size_t i = 0; i < set->ra_count; i++) {
        if (set->ra[i].decrypts && !set->ra[i].signs && !set->ra[i].former) {
            *decrypt = i;
            return true;
        }
    }
    return false;
}

const struct ra_identity *ra_set_signer(const struct ra_set *set, size_t index)
{
    return index < set->ra_count ? &set->ra[set->ra[index].signer] : NULL;
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
