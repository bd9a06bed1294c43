/* SPDX-License-Identifier: Apache-2.0 */
#include "service/ca_ends.h"

#include "ca/ra_roll.h"

struct walk {
    const struct ca_builtin *ca;
    const char *name;
    int64_t renew_days;
    int64_t now;
    int64_t ca_end;
    ca_ends_visit *visit;
    void *context;
};

static bool visit_certificate(struct walk *w, enum end_kind kind, const struct x509_st *cert,
                              int64_t within, const char *remedy, struct error *err)
{
    struct certificate_info info;

    if (!certificate_info(cert, &info, err)) {
        return false;
    }
    const struct end_thing thing = { kind, w->name, info.serial, info.not_after, within, remedy };

    return w->visit(w->context, &thing, err);
}

/* Is there a better remedy than to make a new one? NULL: no. */
static const char *remedy_of(enum ra_roll_fate fate, enum end_kind kind)
{
    if (fate == RA_ROLL_OUT_OF_STORE) {
        return kind == END_KIND_RA
                   ? "issue a new certificate for its key, put it into the machine's store and "
                     "run: openndes ca renew-ra # --ra-machine-store THUMBPRINT"
                   : "issue new certificates for the pair's keys, put them into the machine's "
                     "store and run: openndes ca renew-ra # --ra-sign-machine-store T "
                     "--ra-encrypt-machine-store T";
    }
    return fate == RA_ROLL_CA_ENDS
               ? "it ends with its CA, so renew that first; then: openndes ca renew-ra #"
               : NULL;
}

static bool visit_ra(struct walk *w, enum end_kind kind, const struct x509_st *cert,
                     const struct evp_pkey_st *key, struct error *err)
{
    struct ra_roll_life life;
    enum ra_roll_fate fate;
    int64_t margin = 0;

    if (cert == NULL || key == NULL) {
        return true;
    }
    if (!ra_roll_life(cert, key, &life, err)) {
        return false;
    }
    fate = ra_roll_fate(&life, w->ca_end, w->renew_days, w->now, &margin);
    /* The day before, it was time; half of a margin is enough for one that lasts but days. */
    margin -= margin > 2 * END_DAY_SECONDS ? END_DAY_SECONDS : margin / 2;
    return visit_certificate(w, kind, cert, fate == RA_ROLL_BY_ITSELF ? margin : 0,
                             remedy_of(fate, kind), err);
}

static bool visit_parents(struct walk *w, struct error *err)
{
    const struct x509_st *parent = NULL;

    for (size_t i = 0; (parent = ca_builtin_parent(w->ca, i)) != NULL; i++) {
        if (!visit_certificate(w, END_KIND_PARENT, parent, 0, NULL, err)) {
            return false;
        }
    }
    return true;
}

bool ca_ends(const struct ca_builtin *ca, const char *name, int64_t renew_days, int64_t now,
             ca_ends_visit *visit, void *context, struct error *err)
{
    struct walk w = { ca, name, renew_days, now, 0, visit, context };
    const struct x509_st *cert = ca_builtin_certificate(ca);
    struct certificate_info info;

    if (cert == NULL) {
        return true;
    }
    if (!certificate_info(cert, &info, err)) {
        return false;
    }
    w.ca_end = info.not_after;
    return visit_certificate(&w, END_KIND_CA, cert, 0, NULL, err) && visit_parents(&w, err)
           && visit_ra(&w, END_KIND_RA, ca_builtin_ra_certificate(ca), ca_builtin_ra_key(ca), err)
           && visit_ra(&w, END_KIND_RA_SIGN, ca_builtin_ra_sign_certificate(ca),
                       ca_builtin_ra_sign_key(ca), err)
           && visit_ra(&w, END_KIND_RA_ENC, ca_builtin_ra_enc_certificate(ca),
                       ca_builtin_ra_enc_key(ca), err);
}
