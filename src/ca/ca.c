/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct ca {
    char *name;
    const struct ca_ops *ops;
    void *state;
};

struct ca *ca_create(const char *name, const struct ca_ops *ops, void *take_state)
{
    struct ca *ca = calloc(1, sizeof(*ca));
    char *copy = text_dup(name);

    if (ca == NULL || copy == NULL) {
        if (ops->free != NULL) {
            ops->free(take_state);
        }
        free(copy);
        free(ca);
        return NULL;
    }
    ca->name = copy;
    ca->ops = ops;
    ca->state = take_state;
    return ca;
}

void ca_free(struct ca *ca)
{
    if (ca == NULL) {
        return;
    }
    if (ca->ops->free != NULL) {
        ca->ops->free(ca->state);
    }
    free(ca->name);
    free(ca);
}

const char *ca_name(const struct ca *ca)
{
    return ca->name;
}

static bool ca_cannot(const struct ca *ca, const char *what, struct error *err)
{
    return error_set(err, REASON_CA_NOT_READY, "the CA \"%s\" (%s) cannot %s", ca->name,
                     ca->ops->name, what);
}

bool ca_issue(struct ca *ca, const struct csr *csr, const struct cert_plan *plan,
              struct issuance *out, struct error *err)
{
    if (ca->ops->issue == NULL) {
        return ca_cannot(ca, "issue certificates", err);
    }
    return ca->ops->issue(ca->state, csr, plan, out, err);
}

struct ra_set *ca_ra(struct ca *ca, struct error *err)
{
    if (ca->ops->ra == NULL) {
        (void)ca_cannot(ca, "give an RA", err);
        return NULL;
    }
    return ca->ops->ra(ca->state, err);
}

bool ca_is_issuer_of(struct ca *ca, const struct x509_st *cert)
{
    return ca->ops->is_issuer_of != NULL && ca->ops->is_issuer_of(ca->state, cert);
}

bool ca_signer(struct ca *ca, struct x509_st **cert, struct evp_pkey_st **key, struct error *err)
{
    if (ca->ops->signer == NULL) {
        return ca_cannot(ca, "lend its key", err);
    }
    return ca->ops->signer(ca->state, cert, key, err);
}

bool ca_crl(struct ca *ca, struct buffer *out, struct error *err)
{
    if (ca->ops->crl == NULL) {
        return ca_cannot(ca, "give its CRL", err);
    }
    return ca->ops->crl(ca->state, out, err);
}

/* Has `ca` signed the RA of `other`? */
static bool has_signed_ra(struct ca *ca, struct ca *other)
{
    struct error ignored = ERROR_INIT;
    struct ra_set *ras = ca_ra(other, &ignored);
    bool ok = ras != NULL && ras->ra_count > 0 && ca_is_issuer_of(ca, ras->ra[0].cert);

    ra_set_unref(ras);
    return ok;
}

bool ca_is_same(struct ca *a, struct ca *b)
{
    /* Either way round: the older load's RA may have ended, which is why there is a newer one. */
    return a == b
           || (strcmp(a->name, b->name) == 0 && (has_signed_ra(a, b) || has_signed_ra(b, a)));
}

bool ca_ready(struct ca *ca, struct error *err)
{
    return ca->ops->ready == NULL || ca->ops->ready(ca->state, err);
}
