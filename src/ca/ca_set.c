/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_set.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ca/ca_chain_files.h"
#include "ca/ca_key.h"
#include "ca/ca_key_reference.h"
#include "ca/ca_validity.h"
#include "ca/cert_chain.h"
#include "ca/ra_generations.h"
#include "model/certificate.h"
#include "model/machine_pkey.h"
#include "platform/clock.h"
#include "platform/rights.h"

/* Where the RA of a role lies and what its key is sealed for. */
static const struct ra_files {
    const char *cert;
    const char *key;
    const char *kind;
} ra_files[RA_CERT_ROLES] = {
    [RA_CERT_SINGLE] = { CA_FILE_RA_CERT, CA_FILE_RA_KEY, CA_KEY_KIND_RA },
    [RA_CERT_SIGN] = { CA_FILE_RA_SIGN_CERT, CA_FILE_RA_SIGN_KEY, CA_KEY_KIND_RA_SIGN },
    [RA_CERT_ENC] = { CA_FILE_RA_ENC_CERT, CA_FILE_RA_ENC_KEY, CA_KEY_KIND_RA_ENC },
};

void ca_set_clear(struct ca_set *set)
{
    if (set == NULL) {
        return;
    }
    cert_issuer_clear(&set->issuer);
    cert_chain_free(set->parents);
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        ra_cert_clear(&set->ra[role]);
    }
    *set = (struct ca_set){ .parents = NULL };
}

struct stack_st_X509 *ca_set_load_certificates(const struct ca_folder *folder, const char *file,
                                               struct error *err)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    STACK_OF(X509) *pool = sk_X509_new_null();
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (pool == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
        goto out;
    }
    if (!path_join(path, folder->path, file, err)
        || !file_read(path, LIMIT_PEM_FILE_BYTES, &content, err)
        || !cert_chain_parse(buffer_bytes(&content), path, pool, err)) {
        goto out;
    }
    ok = true;
out:
    buffer_clear(&content);
    if (!ok) {
        cert_chain_free(pool);
        pool = NULL;
    }
    return pool;
}

/*
 * A sealed key proves by its seal who wrote it, a reference does not: whoever could write it could
 * let the CA sign with another key of this machine.
 */
static EVP_PKEY *open_reference(const struct ca_folder *folder, const char *file,
                                struct bytes content, struct error *err)
{
    struct ca_key_reference reference;
    char path[FILE_PATH_MAX];

    if (!path_join(path, folder->path, file, err) || !rights_check(path, false, err)
        || !ca_key_reference_parse(content, &reference, err)) {
        return NULL;
    }
    return ca_key_reference_open(&reference, NULL, err);
}

struct evp_pkey_st *ca_set_load_key(const struct ca_folder *folder, const char *file,
                                    const char *kind, struct error *err)
{
    struct buffer content = BUFFER_INIT(CA_KEY_SEALED_MAX);
    EVP_PKEY *key = NULL;

    if (!ca_folder_has(folder->path, file)) {
        (void)error_set(err, REASON_KEY_UNREADABLE, "%s/%s is missing; restore it from a backup",
                        folder->path, file);
    } else if (ca_folder_read(folder->path, file, CA_KEY_SEALED_MAX, &content, err)) {
        key = ca_key_reference_is(buffer_bytes(&content))
                  ? open_reference(folder, file, buffer_bytes(&content), err)
                  : ca_key_unseal(folder->data_folder, kind, folder->name, buffer_bytes(&content),
                                  err);
        if (key == NULL) {
            (void)error_context(err, "%s/%s", folder->path, file);
        }
    }
    buffer_clear(&content);
    return key;
}

bool ca_set_ra_is_reference(const struct ca_folder *folder, enum ra_cert_role role,
                            bool *is_reference, struct error *err)
{
    struct buffer content = BUFFER_INIT(CA_KEY_SEALED_MAX);
    char path[FILE_PATH_MAX];
    bool ok = path_join(path, folder->path, ra_files[role].key, err);

    *is_reference = false;
    if (ok && ca_folder_has(folder->path, ra_files[role].key)) {
        ok = file_read(path, CA_KEY_SEALED_MAX, &content, err);
        *is_reference = ok && ca_key_reference_is(buffer_bytes(&content));
    }
    buffer_clear(&content);
    return ok;
}

const char *ca_set_ra_key_file(enum ra_cert_role role)
{
    return ra_files[role].key;
}

const char *ca_set_ra_key_kind(enum ra_cert_role role)
{
    return ra_files[role].kind;
}

bool ca_set_load(const struct ca_folder *folder, struct ca_set *set, struct error *err)
{
    struct ca_set loaded = { .parents = NULL };
    STACK_OF(X509) *certs = NULL;
    EVP_PKEY *key = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!path_join(path, folder->path, CA_FILE_CERT, err)) goto out;
    certs = ca_set_load_certificates(folder, CA_FILE_CERT, err);
    if (certs == NULL) goto out;
    key = ca_set_load_key(folder, CA_FILE_KEY, CA_KEY_KIND_CA, err);
    if (key == NULL) goto out;
    if (!cert_issuer_init(&loaded.issuer, sk_X509_value(certs, 0), key, path, err)) goto out;
    if (!ca_chain_files_load(folder, loaded.issuer.cert, &loaded.parents, err)) goto out;
    *set = loaded;
    loaded = (struct ca_set){ .parents = NULL };
    ok = true;
out:
    ca_set_clear(&loaded);
    EVP_PKEY_free(key);
    cert_chain_free(certs);
    return ok;
}

static bool ra_missing(const struct ca_folder *folder, const char *file, const char *why,
                       struct error *err)
{
    return error_set(
        err, REASON_RA_MISSING,
        "%s/%s: %s; restore it from a backup, or make a new RA: openndes ca renew-ra %s",
        folder->path, file, why, folder->name);
}

/* What a power failure in renew-ra leaves; nobody but who named the certificate can again. */
static bool machine_ra_missing(const struct ca_folder *folder, enum ra_cert_role role,
                               struct error *err)
{
    return error_set(err, REASON_RA_UNSUITABLE,
                     "%s/%s: the certificate of a key in the machine's store is missing; restore "
                     "it from a backup, or name it again: openndes ca renew-ra %s %s",
                     folder->path, ra_files[role].cert, folder->name,
                     role == RA_CERT_SINGLE
                         ? "--ra-machine-store THUMBPRINT"
                         : "--ra-sign-machine-store T --ra-encrypt-machine-store T");
}

/* As the files are. */
static bool load_ra_files(const struct ca_folder *folder, enum ra_cert_role role,
                          const struct cert_issuer *issuer, struct ra_cert *out, struct error *err)
{
    const struct ra_files *files = &ra_files[role];
    struct ra_cert loaded = { NULL, NULL };
    struct error cause = ERROR_INIT;
    STACK_OF(X509) *certs = NULL;
    bool ok = false;

    if (!ca_folder_has(folder->path, files->key)) {
        return ra_missing(folder, files->key, "the RA's key is missing", err);
    }
    certs = ca_set_load_certificates(folder, files->cert, &cause);
    if (certs != NULL) {
        loaded.cert = sk_X509_value(certs, 0);
        (void)X509_up_ref(loaded.cert);
        loaded.key = ca_set_load_key(folder, files->key, files->kind, &cause);
    }
    if (loaded.key == NULL || !ra_cert_check(&loaded, role, issuer, &cause)) {
        if (cause.reason == REASON_NO_MEMORY) { /* nothing to be restored */
            *err = cause;
            goto out;
        }
        (void)error_set(err, REASON_RA_UNSUITABLE,
                        "%s: the RA cannot be used (%s); restore %s and %s from a backup, "
                        "or make a new RA: openndes ca renew-ra %s",
                        folder->path, cause.detail, files->cert, files->key, folder->name);
        goto out;
    }
    *out = loaded;
    loaded = (struct ra_cert){ NULL, NULL };
    ok = true;
out:
    ra_cert_clear(&loaded);
    cert_chain_free(certs);
    return ok;
}

bool ca_set_load_ra(const struct ca_folder *folder, enum ra_cert_role role, struct ca_set *set,
                    struct error *err)
{
    struct ra_cert loaded = { NULL, NULL };
    bool is_reference = false;

    if (!ca_folder_has(folder->path, ra_files[role].cert)) {
        if (!ca_set_ra_is_reference(folder, role, &is_reference, err)) {
            return false;
        }
        return is_reference ? machine_ra_missing(folder, role, err)
                            : ra_missing(folder, ra_files[role].cert,
                                         "the RA's certificate is missing", err);
    }
    if (!ra_generations_load_current(folder, &set->issuer, role, &loaded)
        && !load_ra_files(folder, role, &set->issuer, &loaded, err)) {
        return false;
    }
    ra_cert_clear(&set->ra[role]);
    set->ra[role] = loaded;
    return true;
}

/* One that exists already: it has to be fit for its role today, and its key has to work. */
static bool take_given(struct ca_set *set, enum ra_cert_role role, const struct ra_cert *given,
                       int64_t now, struct error *err)
{
    struct certificate_info info;
    char end[CLOCK_TEXT_MAX];

    if (!ra_cert_check(given, role, &set->issuer, err)
        || !certificate_info(given->cert, &info, err)) {
        return false;
    }
    if (now > info.not_after || now < info.not_before) {
        clock_format(now > info.not_after ? info.not_after : info.not_before, end);
        return error_set(err, REASON_RA_EXPIRED, "the RA's certificate %s at %s",
                         now > info.not_after ? "ended" : "begins", end);
    }
    if (role != RA_CERT_ENC && !machine_pkey_try_sign(given->key, err)) {
        return false;
    }
    if (role != RA_CERT_SIGN && !machine_pkey_try_decrypt(given->key, err)) {
        return false;
    }
    (void)X509_up_ref(given->cert);
    (void)EVP_PKEY_up_ref(given->key);
    ra_cert_clear(&set->ra[role]);
    set->ra[role] = *given;
    return true;
}

static bool make_ra(struct ca_set *set, const struct ra_cert_order *order, struct error *err)
{
    struct ra_cert made = { NULL, NULL };

    if (!ra_cert_make(&set->issuer, order, &made, err)) {
        return false;
    }
    ra_cert_clear(&set->ra[order->role]);
    set->ra[order->role] = made;
    return true;
}

bool ca_set_make_ras(struct ca_set *set, const struct ra_cert_options *ra, int64_t now,
                     struct error *err)
{
    /* Given ones first: a refusal should not cost the time that keys take. */
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        if (ra->given != NULL && ra->given[role].cert != NULL
            && !take_given(set, (enum ra_cert_role)role, &ra->given[role], now, err)) {
            return error_context(err, "%s", ra_files[role].cert);
        }
    }
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        const struct ra_cert_order order = { (enum ra_cert_role)role, ra->bits, now,
                                             ca_validity_end(now, ra->validity_days) };

        if ((ra->kept == NULL || !ra->kept[role])
            && (ra->given == NULL || ra->given[role].cert == NULL) && !make_ra(set, &order, err)) {
            return false;
        }
    }
    return true;
}

bool ca_set_make(struct ca_set *set, struct evp_pkey_st *key, const struct stack_st_X509 *pool,
                 const struct ra_cert_options *ra, struct error *err)
{
    struct ca_set made = { .parents = NULL };
    X509 *cert = cert_chain_find(pool, key);
    int64_t now = clock_now();
    bool ok = false;

    if (cert == NULL) {
        (void)error_set(err, REASON_KEY_MISMATCH,
                        "none of the certificates belongs to the private key");
        goto out;
    }
    if (!cert_issuer_init(&made.issuer, cert, key, "the CA certificate", err)) goto out;
    if (!cert_issuer_check_time(&made.issuer, now, err)) goto out;
    made.parents = cert_chain_order(cert, pool, now, err);
    if (made.parents == NULL) goto out;
    if (!ca_set_make_ras(&made, ra, now, err)) goto out;
    *set = made;
    made = (struct ca_set){ .parents = NULL };
    ok = true;
out:
    ca_set_clear(&made);
    return ok;
}

static bool write_certificate(const char *place, const char *file, const X509 *cert,
                              struct error *err)
{
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    bool ok =
        certificate_pem(cert, &pem, err) && ca_folder_write(place, file, buffer_bytes(&pem), err);

    buffer_clear(&pem);
    return ok;
}

static bool write_key(const struct ca_folder *folder, const char *place, const char *file,
                      const char *kind, const EVP_PKEY *key, struct error *err)
{
    struct buffer content = BUFFER_INIT(CA_KEY_SEALED_MAX);
    const char *reference = machine_pkey_place(key);
    bool ok = reference != NULL
                  ? buffer_printf(&content, err, "%s\n", reference)
                  : ca_key_seal(folder->data_folder, kind, folder->name, key, &content, err);

    ok = ok && ca_folder_write(place, file, buffer_bytes(&content), err);
    buffer_clear(&content);
    return ok;
}

bool ca_set_write_key(const struct ca_folder *folder, const char *place, const struct ca_set *set,
                      struct error *err)
{
    return write_key(folder, place, CA_FILE_KEY, CA_KEY_KIND_CA, set->issuer.key, err);
}

bool ca_set_write_certificates(const char *place, const struct ca_set *set, struct error *err)
{
    return ca_chain_files_write(place, set->issuer.cert, set->parents, err);
}

/* Key first: see ra_generations.h. */
static bool write_ra(const struct ca_folder *folder, const char *place, enum ra_cert_role role,
                     const struct ra_cert *ra, struct error *err)
{
    const struct ra_files *files = &ra_files[role];

    return write_key(folder, place, files->key, files->kind, ra->key, err)
           && write_certificate(place, files->cert, ra->cert, err);
}

static bool write_ras(const struct ca_folder *folder, const char *place, const struct ca_set *set,
                      struct error *err)
{
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        if (set->ra[role].cert != NULL
            && !write_ra(folder, place, (enum ra_cert_role)role, &set->ra[role], err)) {
            return false;
        }
    }
    return true;
}

/*
 * Half a pair is replaced only where somebody has mixed a key of the machine's store with a sealed
 * one; what it belonged to is no generation that could go on.
 */
static bool is_replaced(const struct ca_set *set, enum ra_generation_form form)
{
    return form == RA_GENERATION_SINGLE
               ? set->ra[RA_CERT_SINGLE].cert != NULL
               : set->ra[RA_CERT_SIGN].cert != NULL && set->ra[RA_CERT_ENC].cert != NULL;
}

static bool keep_form(const struct ca_folder *folder, const struct ca_set *set,
                      enum ra_generation_form form, bool *kept, struct ca_ra_change *change,
                      struct error *err)
{
    struct ra_given_way given_way = { .any = false };

    *kept = false;
    if (!is_replaced(set, form)) {
        return true;
    }
    if (!ra_generations_keep(folder, &set->issuer, form, kept, &given_way, err)) {
        return false;
    }
    change->kept += *kept ? 1 : 0;
    if (given_way.any) {
        change->given_way++;
        change->given_way_end = given_way.info.not_after;
    }
    return true;
}

static bool settle(const struct ca_folder *folder, const struct ca_set *set,
                   const bool kept[RA_GENERATION_FORMS], struct ca_ra_change *change,
                   struct error *err)
{
    for (int form = 0; form < RA_GENERATION_FORMS; form++) {
        bool again = false;

        if (is_replaced(set, (enum ra_generation_form)form)
            && !ra_generations_settle(folder, (enum ra_generation_form)form, &again, err)) {
            return false;
        }
        change->kept -= again && kept[form] ? 1 : 0;
    }
    return true;
}

bool ca_set_replace_ras(const struct ca_folder *folder, const struct ca_set *set,
                        struct ca_ra_change *change, struct error *err)
{
    bool kept[RA_GENERATION_FORMS] = { false };

    *change = (struct ca_ra_change){ 0 };
    for (int form = 0; form < RA_GENERATION_FORMS; form++) {
        if (!keep_form(folder, set, (enum ra_generation_form)form, &kept[form], change, err)) {
            return false;
        }
    }
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        /* Without a slot, better no certificate than one beside another's key. */
        if (set->ra[role].cert != NULL && !kept[ra_generation_form_of((enum ra_cert_role)role)]
            && !ca_folder_remove(folder->path, ra_files[role].cert, err)) {
            return false;
        }
    }
    return write_ras(folder, folder->path, set, err) && settle(folder, set, kept, change, err);
}

bool ca_set_write(const struct ca_folder *folder, const char *place, const struct ca_set *set,
                  struct error *err)
{
    return write_ras(folder, place, set, err) && ca_set_write_key(folder, place, set, err)
           && ca_set_write_certificates(place, set, err);
}

/* ---- the pair of a folder from before there were pairs --------------------------------------- */

static const enum ra_cert_role pair_roles[] = { RA_CERT_SIGN, RA_CERT_ENC };
#define PAIR_ROLES (sizeof(pair_roles) / sizeof(pair_roles[0]))

static bool pair_is_whole(const struct ca_folder *folder)
{
    for (size_t i = 0; i < PAIR_ROLES; i++) {
        if (!ca_folder_has(folder->path, ra_files[pair_roles[i]].cert)) {
            return false;
        }
    }
    return true;
}

static bool make_member(const struct ca_folder *folder, enum ra_cert_role role,
                        const struct ca_set *set, int64_t now, struct error *err)
{
    const struct ra_cert *single = &set->ra[RA_CERT_SINGLE];
    struct ra_cert made = { NULL, NULL };
    struct certificate_info info;
    bool is_reference = false;
    bool ok = false;

    if (!ca_set_ra_is_reference(folder, role, &is_reference, err)) goto out;
    if (is_reference) {
        (void)machine_ra_missing(folder, role, err);
        goto out;
    }
    if (!certificate_info(single->cert, &info, err)) goto out;
    if (info.not_after <= now) {
        (void)error_set(err, REASON_RA_EXPIRED,
                        "%s/%s has ended; make new RAs: openndes ca renew-ra %s", folder->path,
                        CA_FILE_RA_CERT, folder->name);
        goto out;
    }
    const struct ra_cert_order order = {
        .role = role,
        .bits = EVP_PKEY_get_bits(single->key) > 2048 ? 3072 : 2048,
        .now = now,
        .not_after = info.not_after,
    };
    if (!ra_cert_make(&set->issuer, &order, &made, err)) goto out;
    if (!write_ra(folder, folder->path, role, &made, err)) goto out;
    ok = true;
out:
    ra_cert_clear(&made);
    return ok;
}

bool ca_set_make_missing_pair(struct ca_folder *folder, const struct ca_set *set, int64_t now,
                              struct error *err)
{
    bool ok = false;

    if (pair_is_whole(folder)) {
        return true;
    }
    if (!cert_issuer_check_time(&set->issuer, now, err)) goto out;
    if (!ca_folder_lock(folder, err)) goto out;
    for (size_t i = 0; i < PAIR_ROLES; i++) {
        /* Asked again under the lock: another process may have made it just now. */
        if (!ca_folder_has(folder->path, ra_files[pair_roles[i]].cert)
            && !make_member(folder, pair_roles[i], set, now, err)) {
            goto out;
        }
    }
    ok = true;
out:
    ca_folder_close(folder);
    return ok;
}
