/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_builtin.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/text.h"
#include "ca/ca_crl.h"
#include "ca/ca_set.h"
#include "ca/cert_builder.h"
#include "ca/cert_chain.h"
#include "ca/ra_sets.h"
#include "model/certificate.h"
#include "platform/clock.h"

/* Nothing but the CRL changes once it is open, so that signing needs no lock. */
struct ca_builtin {
    char *name;
    bool waiting; /* for its certificate: all below is empty then */
    struct cert_issuer issuer;
    struct ra_sets ras;
    STACK_OF(X509) * chain; /* borrows from ras */
    char *ca_url;           /* NULL: no AIA */
    char *crl_url;          /* NULL: no CDP */
    char *ocsp_url;         /* NULL: no OCSP in the AIA */
    struct ca_crl *crl;     /* NULL: no CRL */
    struct ca_ocsp *ocsp;   /* NULL: no OCSP */
};

void ca_builtin_free(struct ca_builtin *b)
{
    if (b == NULL) {
        return;
    }
    ca_ocsp_free(b->ocsp); /* these two before the issuer, which they borrow */
    ca_crl_free(b->crl);
    sk_X509_free(b->chain);
    ra_sets_clear(&b->ras);
    cert_issuer_clear(&b->issuer);
    free(b->ca_url);
    free(b->crl_url);
    free(b->ocsp_url);
    free(b->name);
    free(b);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* <public_url><middle><name><end>, owned; public_url without slashes at its end. */
static char *make_url(const char *public_url, const char *middle, const char *name, const char *end,
                      struct error *err)
{
    struct buffer text = BUFFER_INIT(FILE_PATH_MAX);
    size_t len = strlen(public_url);
    char *url = NULL;

    while (len > 0 && public_url[len - 1] == '/') {
        len--;
    }
    if (buffer_append(&text, public_url, len, err)
        && buffer_printf(&text, err, "%s%s%s", middle, name, end)) {
        url = text_dup(buffer_text(&text));
        if (url == NULL) {
            (void)error_set(err, REASON_NO_MEMORY, "out of memory for a URL");
        }
    }
    buffer_clear(&text);
    return url;
}

static bool make_urls(struct ca_builtin *b, const struct ca_builtin_options *options,
                      struct error *err)
{
    if (options->public_url == NULL || options->public_url[0] == 0) {
        return true;
    }
    b->ca_url = make_url(options->public_url, "/ca/", b->name, ".crt", err);
    if (b->ca_url == NULL) {
        return false;
    }
    /* An address where there is never a CRL would make clients fail that insist on one. */
    if (b->crl != NULL) {
        b->crl_url = make_url(options->public_url, "/crl/", b->name, ".crl", err);
    }
    if (b->ocsp != NULL) {
        b->ocsp_url = make_url(options->public_url, "/ocsp/", b->name, "", err);
    }
    return (b->crl == NULL || b->crl_url != NULL) && (b->ocsp == NULL || b->ocsp_url != NULL);
}

static bool make_crl(struct ca_builtin *b, const struct ca_builtin_options *options,
                     struct error *err)
{
    const struct ca_crl_options crl = {
        .ca_name = b->name,
        .issuer = &b->issuer,
        .store = options->store,
        .validity_hours = options->crl_validity_hours,
        .renew_hours = options->crl_renew_hours,
    };

    if (options->store == NULL || !b->issuer.may_sign_crl) {
        return true;
    }
    b->crl = ca_crl_create(&crl, err);
    return b->crl != NULL;
}

/* The RAs are the CA's certificates too, and stand in no database. */
static bool add_own(struct ca_ocsp *ocsp, const struct ra_set *ras, struct error *err)
{
    for (size_t i = 0; ras != NULL && i < ras->ra_count; i++) {
        if (!ca_ocsp_add_own(ocsp, ras->ra[i].cert, err)) {
            return false;
        }
    }
    return true;
}

static bool make_ocsp(struct ca_builtin *b, const struct ca_builtin_options *options,
                      struct error *err)
{
    const struct ca_ocsp_options ocsp = {
        .ca_name = b->name,
        .issuer = &b->issuer,
        .store = options->store,
        .settings = options->ocsp,
    };

    if (!options->ocsp.enabled || options->store == NULL) {
        return true;
    }
    b->ocsp = ca_ocsp_create(&ocsp, err);
    return b->ocsp != NULL && add_own(b->ocsp, b->ras.plain, err)
           && add_own(b->ocsp, b->ras.with_pair, err);
}

static bool make_chain(struct ca_builtin *b, struct error *err)
{
    b->chain = sk_X509_new_null();
    for (size_t i = 0; b->chain != NULL && i < b->ras.plain->chain_count; i++) {
        if (sk_X509_push(b->chain, b->ras.plain->chain[i]) <= 0) {
            sk_X509_free(b->chain);
            b->chain = NULL;
        }
    }
    return b->chain != NULL || error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
}

static bool load(struct ca_builtin *b, const struct ca_builtin_options *options, struct error *err)
{
    const struct ra_sets_options ras = { options->make_missing_ra, options->ra_keep_days,
                                         clock_now() };
    struct ca_folder folder;
    enum ca_folder_state state = CA_FOLDER_UNKNOWN;
    struct ca_set set = { .parents = NULL };
    bool ok = false;

    if (!ca_folder_open(&folder, options->data_folder, options->name, err)
        || !ca_folder_state(&folder, &state, err)) {
        return false;
    }
    if (state == CA_FOLDER_REQUEST) {
        b->waiting = true;
        return true;
    }
    if (state == CA_FOLDER_ABSENT) {
        return error_set(err, REASON_CA_MISSING,
                         "there is no CA \"%s\" (%s); make it: openndes ca create %s",
                         options->name, folder.path, options->name);
    }
    if (state == CA_FOLDER_UNKNOWN) {
        return error_set(err, REASON_CA_MISSING, "%s/%s is missing; restore it from a backup",
                         folder.path, CA_FILE_CERT);
    }
    if (!ca_set_load(&folder, &set, err)) goto out;
    if (!ra_sets_load(&b->ras, &ras, &folder, &set, err)) goto out;
    if (!make_chain(b, err)) goto out;
    b->issuer = set.issuer;
    set.issuer = (struct cert_issuer){ .cert = NULL };
    if (!make_crl(b, options, err)) goto out;
    if (!make_ocsp(b, options, err)) goto out;
    if (!make_urls(b, options, err)) goto out;
    ok = true;
out:
    ca_set_clear(&set);
    return ok;
}

struct ca_builtin *ca_builtin_open(const struct ca_builtin_options *options, struct error *err)
{
    struct ca_builtin *b = calloc(1, sizeof(*b));
    bool ok = false;

    if (b == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a CA");
        goto out;
    }
    b->name = text_dup(options->name);
    if (b->name == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for a CA");
        goto out;
    }
    ok = load(b, options, err);
out:
    if (!ok) {
        ca_builtin_free(b);
        b = NULL;
    }
    return b;
}

/* ---- in use ---------------------------------------------------------------------------------- */

static bool check_not_waiting(const struct ca_builtin *b, struct error *err)
{
    if (b->waiting) {
        return error_set(err, REASON_CA_NOT_READY,
                         "the CA \"%s\" waits for its certificate: have request.csr signed by the "
                         "root, then run: openndes ca install %s --cert FILE",
                         b->name, b->name);
    }
    return true;
}

static bool issue(void *state, const struct csr *csr, const struct cert_plan *plan,
                  struct issuance *out, struct error *err)
{
    struct ca_builtin *b = state;
    const struct cert_order order = {
        .plan = plan,
        .key = csr_key(csr),
        .spki = buffer_bytes(&csr->spki),
        .ca_url = b->ca_url,
        .crl_url = b->crl_url,
        .ocsp_url = b->ocsp_url,
    };
    struct issuance made = ISSUANCE_INIT;
    X509 *cert = NULL;
    bool ok = false;

    if (!check_not_waiting(b, err)) goto out;
    if (!cert_issuer_check_time(&b->issuer, clock_now(), err)) goto out;
    cert = cert_builder_issue(&b->issuer, &order, err);
    if (cert == NULL) goto out;
    if (!certificate_der(cert, &made.cert_der, err)) goto out;
    if (!certificate_info(cert, &made.info, err)) goto out;
    made.state = ISSUANCE_ISSUED;
    issuance_move(out, &made);
    ok = true;
out:
    X509_free(cert);
    issuance_clear(&made);
    return ok;
}

static struct ra_set *ra(void *state, struct error *err)
{
    struct ca_builtin *b = state;

    return check_not_waiting(b, err) ? ra_sets_get(&b->ras, b->name, clock_now(), err) : NULL;
}

static bool is_issuer_of(void *state, const struct x509_st *cert)
{
    const struct ca_builtin *b = state;

    return !b->waiting && cert_issuer_signed(&b->issuer, cert);
}

static bool signer(void *state, struct x509_st **cert, struct evp_pkey_st **key, struct error *err)
{
    const struct ca_builtin *b = state;

    if (!check_not_waiting(b, err)) {
        return false;
    }
    *cert = b->issuer.cert;
    *key = b->issuer.key;
    return true;
}

static bool crl(void *state, struct buffer *out, struct error *err)
{
    int64_t next_update = 0;

    return ca_builtin_crl(state, out, &next_update, err);
}

static bool ready(void *state, struct error *err)
{
    const struct ca_builtin *b = state;

    return check_not_waiting(b, err) && cert_issuer_check_time(&b->issuer, clock_now(), err)
           && ra_sets_check_time(&b->ras, b->name, clock_now(), err);
}

static void free_state(void *state)
{
    ca_builtin_free(state);
}

static const struct ca_ops builtin_ops = {
    .name = "builtin",
    .issue = issue,
    .ra = ra,
    .is_issuer_of = is_issuer_of,
    .signer = signer,
    .crl = crl,
    .ready = ready,
    .free = free_state,
};

struct ca *ca_builtin_as_ca(struct ca_builtin *take_builtin)
{
    return ca_create(take_builtin->name, &builtin_ops, take_builtin);
}

const struct x509_st *ca_builtin_certificate(const struct ca_builtin *b)
{
    return b->issuer.cert;
}

bool ca_builtin_chain_p7b(const struct ca_builtin *b, struct buffer *out, struct error *err)
{
    return check_not_waiting(b, err) && cert_chain_p7b(b->chain, out, err);
}

const struct x509_st *ca_builtin_parent(const struct ca_builtin *b, size_t index)
{
    return b->waiting || index + 1 >= b->ras.plain->chain_count ? NULL
                                                                : b->ras.plain->chain[index + 1];
}

const struct x509_st *ca_builtin_ra_certificate(const struct ca_builtin *b)
{
    const struct ra_identity *member = ra_sets_current(&b->ras, RA_CERT_SINGLE);

    return member == NULL ? NULL : member->cert;
}

const struct x509_st *ca_builtin_ra_sign_certificate(const struct ca_builtin *b)
{
    const struct ra_identity *member = ra_sets_current(&b->ras, RA_CERT_SIGN);

    return member == NULL ? NULL : member->cert;
}

const struct x509_st *ca_builtin_ra_enc_certificate(const struct ca_builtin *b)
{
    const struct ra_identity *member = ra_sets_current(&b->ras, RA_CERT_ENC);

    return member == NULL ? NULL : member->cert;
}

const struct evp_pkey_st *ca_builtin_key(const struct ca_builtin *b)
{
    return b->issuer.key;
}

const struct evp_pkey_st *ca_builtin_ra_key(const struct ca_builtin *b)
{
    const struct ra_identity *member = ra_sets_current(&b->ras, RA_CERT_SINGLE);

    return member == NULL ? NULL : member->key;
}

const struct evp_pkey_st *ca_builtin_ra_sign_key(const struct ca_builtin *b)
{
    const struct ra_identity *member = ra_sets_current(&b->ras, RA_CERT_SIGN);

    return member == NULL ? NULL : member->key;
}

const struct evp_pkey_st *ca_builtin_ra_enc_key(const struct ca_builtin *b)
{
    const struct ra_identity *member = ra_sets_current(&b->ras, RA_CERT_ENC);

    return member == NULL ? NULL : member->key;
}

const struct error *ca_builtin_pair_error(const struct ca_builtin *b)
{
    return error_is_set(&b->ras.pair_error) ? &b->ras.pair_error : NULL;
}

const struct ra_sets *ca_builtin_ra_sets(const struct ca_builtin *b)
{
    return &b->ras;
}

bool ca_builtin_chain_pem(const struct ca_builtin *b, bool parents, struct buffer *out,
                          struct error *err)
{
    return check_not_waiting(b, err)
           && (parents ? cert_chain_pem(b->chain, out, err)
                       : certificate_pem(b->issuer.cert, out, err));
}

bool ca_builtin_certificate_der(const struct ca_builtin *b, struct buffer *out, struct error *err)
{
    return check_not_waiting(b, err) && certificate_der(b->issuer.cert, out, err);
}

bool ca_builtin_crl_refresh(struct ca_builtin *b, int64_t now, bool *made, struct error *err)
{
    if (b->crl == NULL) {
        *made = false;
        return true;
    }
    return ca_crl_refresh(b->crl, now, made, err);
}

static bool check_makes_crls(const struct ca_builtin *b, struct error *err)
{
    if (!check_not_waiting(b, err)) {
        return false;
    }
    if (b->crl == NULL) {
        return error_set(err, REASON_CA_NOT_READY,
                         "the CA \"%s\" makes no CRL: there is no database, or its certificate's "
                         "keyUsage lacks cRLSign",
                         b->name);
    }
    return true;
}

bool ca_builtin_crl(struct ca_builtin *b, struct buffer *out, int64_t *next_update,
                    struct error *err)
{
    return check_makes_crls(b, err) && ca_crl_append(b->crl, out, next_update, err);
}

struct crl_copy *ca_builtin_crl_hold(struct ca_builtin *b, struct bytes *der, struct error *err)
{
    return check_makes_crls(b, err) ? ca_crl_hold(b->crl, der, err) : NULL;
}

void ca_builtin_crl_release(struct crl_copy *copy)
{
    ca_crl_release(copy);
}

int64_t ca_builtin_crl_end(const struct ca_builtin *b)
{
    return b->crl == NULL ? 0 : ca_crl_end(b->crl);
}

struct ca_ocsp *ca_builtin_ocsp(const struct ca_builtin *b)
{
    return b->ocsp;
}
