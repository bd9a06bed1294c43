/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_set.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ca/ca_key.h"
#include "ca/cert_chain.h"
#include "model/certificate.h"
#include "platform/clock.h"

void ca_set_clear(struct ca_set *set)
{
    if (set == NULL) {
        return;
    }
    cert_issuer_clear(&set->issuer);
    cert_chain_free(set->parents);
    X509_free(set->ra_cert);
    EVP_PKEY_free(set->ra_key);
    *set = (struct ca_set){ .parents = NULL };
}

/* Certificates of one of our files; NULL with err set. */
static STACK_OF(X509)
    * load_certificates(const struct ca_folder *folder, const char *file, struct error *err)
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

struct evp_pkey_st *ca_set_load_key(const struct ca_folder *folder, const char *file,
                                    const char *kind, struct error *err)
{
    struct buffer sealed = BUFFER_INIT(CA_KEY_SEALED_MAX);
    EVP_PKEY *key = NULL;

    if (!ca_folder_has(folder->path, file)) {
        (void)error_set(err, REASON_KEY_UNREADABLE, "%s/%s is missing; restore it from a backup",
                        folder->path, file);
    } else if (ca_folder_read(folder->path, file, CA_KEY_SEALED_MAX, &sealed, err)) {
        key = ca_key_unseal(folder->data_folder, kind, folder->name, buffer_bytes(&sealed), err);
        if (key == NULL) {
            (void)error_context(err, "%s/%s", folder->path, file);
        }
    }
    buffer_clear(&sealed);
    return key;
}

static bool load_parents(const struct ca_folder *folder, struct ca_set *set, struct error *err)
{
    STACK_OF(X509) *pool = NULL;
    bool ok = false;

    if (!ca_folder_has(folder->path, CA_FILE_CHAIN)) {
        return true;
    }
    pool = load_certificates(folder, CA_FILE_CHAIN, err);
    if (pool == NULL) {
        goto out;
    }
    /* Time 0: a parent that has ended must not stop a service that runs. */
    set->parents = cert_chain_order(set->issuer.cert, pool, 0, err);
    if (set->parents == NULL) {
        (void)error_context(err, "%s/%s", folder->path, CA_FILE_CHAIN);
        goto out;
    }
    ok = true;
out:
    cert_chain_free(pool);
    return ok;
}

bool ca_set_load(const struct ca_folder *folder, struct ca_set *set, struct error *err)
{
    struct ca_set loaded = { .parents = NULL };
    STACK_OF(X509) *certs = NULL;
    EVP_PKEY *key = NULL;
    char path[FILE_PATH_MAX];
    bool ok = false;

    if (!path_join(path, folder->path, CA_FILE_CERT, err)) goto out;
    certs = load_certificates(folder, CA_FILE_CERT, err);
    if (certs == NULL) goto out;
    key = ca_set_load_key(folder, CA_FILE_KEY, CA_KEY_KIND_CA, err);
    if (key == NULL) goto out;
    if (!cert_issuer_init(&loaded.issuer, sk_X509_value(certs, 0), key, path, err)) goto out;
    if (!load_parents(folder, &loaded, err)) goto out;
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

bool ca_set_load_ra(const struct ca_folder *folder, struct ca_set *set, struct error *err)
{
    struct error cause = ERROR_INIT;
    STACK_OF(X509) *certs = NULL;
    EVP_PKEY *key = NULL;
    bool ok = false;

    if (!ca_folder_has(folder->path, CA_FILE_RA_CERT)) {
        return ra_missing(folder, CA_FILE_RA_CERT, "the RA's certificate is missing", err);
    }
    if (!ca_folder_has(folder->path, CA_FILE_RA_KEY)) {
        return ra_missing(folder, CA_FILE_RA_KEY, "the RA's key is missing", err);
    }
    certs = load_certificates(folder, CA_FILE_RA_CERT, &cause);
    if (certs != NULL) {
        key = ca_set_load_key(folder, CA_FILE_RA_KEY, CA_KEY_KIND_RA, &cause);
    }
    if (key == NULL || !ra_cert_check(sk_X509_value(certs, 0), key, &set->issuer, &cause)) {
        (void)error_set(err, REASON_RA_UNSUITABLE,
                        "%s: the RA cannot be used (%s); restore ra.crt and ra.key from a backup, "
                        "or make a new RA: openndes ca renew-ra %s",
                        folder->path, cause.detail, folder->name);
        goto out;
    }
    X509_free(set->ra_cert);
    EVP_PKEY_free(set->ra_key);
    set->ra_cert = sk_X509_value(certs, 0);
    (void)X509_up_ref(set->ra_cert);
    set->ra_key = key;
    key = NULL;
    ok = true;
out:
    EVP_PKEY_free(key);
    cert_chain_free(certs);
    return ok;
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
    if (!ra_cert_make(&made.issuer, ra, now, &made.ra_cert, &made.ra_key, err)) goto out;
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
    struct buffer sealed = BUFFER_INIT(CA_KEY_SEALED_MAX);
    bool ok = ca_key_seal(folder->data_folder, kind, folder->name, key, &sealed, err)
              && ca_folder_write(place, file, buffer_bytes(&sealed), err);

    buffer_clear(&sealed);
    return ok;
}

static bool write_parents(const char *place, const STACK_OF(X509) * parents, struct error *err)
{
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    bool ok = false;

    if (parents == NULL || sk_X509_num(parents) == 0) {
        return ca_folder_remove(place, CA_FILE_CHAIN, err);
    }
    ok = cert_chain_pem(parents, &pem, err)
         && ca_folder_write(place, CA_FILE_CHAIN, buffer_bytes(&pem), err);
    buffer_clear(&pem);
    return ok;
}

bool ca_set_write_certificates(const char *place, const struct ca_set *set, struct error *err)
{
    return write_parents(place, set->parents, err)
           && write_certificate(place, CA_FILE_CERT, set->issuer.cert, err);
}

bool ca_set_write_ra(const struct ca_folder *folder, const char *place, const struct ca_set *set,
                     struct error *err)
{
    return ca_folder_remove(place, CA_FILE_RA_CERT, err)
           && write_key(folder, place, CA_FILE_RA_KEY, CA_KEY_KIND_RA, set->ra_key, err)
           && write_certificate(place, CA_FILE_RA_CERT, set->ra_cert, err);
}

bool ca_set_write(const struct ca_folder *folder, const char *place, const struct ca_set *set,
                  struct error *err)
{
    return ca_set_write_ra(folder, place, set, err)
           && write_key(folder, place, CA_FILE_KEY, CA_KEY_KIND_CA, set->issuer.key, err)
           && ca_set_write_certificates(place, set, err);
}
