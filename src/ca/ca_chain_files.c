/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_chain_files.h"

#include <openssl/x509.h>

#include "ca/cert_chain.h"
#include "model/certificate.h"

/* All certificates of a file, owned; NULL with err set. */
static STACK_OF(X509) * read_file(const char *place, const char *file, struct error *err)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    STACK_OF(X509) *pool = cert_chain_new(err);
    char path[FILE_PATH_MAX];
    bool ok = pool != NULL && path_join(path, place, file, err)
              && file_read(path, LIMIT_PEM_FILE_BYTES, &content, err)
              && cert_chain_parse(buffer_bytes(&content), path, pool, err);

    buffer_clear(&content);
    if (!ok) {
        cert_chain_free(pool);
        pool = NULL;
    }
    return pool;
}

/*
 * What chain.new.pem holds, owned, if it is about this certificate; NULL: it is not. One that
 * cannot be read is left over from a change that has not happened, or else chain.pem will not fit
 * and is told of.
 */
static STACK_OF(X509) * read_next(const char *place, const X509 *cert)
{
    struct error ignored = ERROR_INIT;
    STACK_OF(X509) *pool = NULL;

    if (ca_folder_has(place, CA_FILE_NEXT_CHAIN)) {
        pool = read_file(place, CA_FILE_NEXT_CHAIN, &ignored);
    }
    if (pool != NULL && X509_cmp(sk_X509_value(pool, 0), cert) != 0) {
        cert_chain_free(pool);
        pool = NULL;
    }
    return pool;
}

bool ca_chain_files_load(const struct ca_folder *folder, struct x509_st *cert,
                         struct stack_st_X509 **parents, struct error *err)
{
    const char *file = CA_FILE_NEXT_CHAIN;
    STACK_OF(X509) *pool = read_next(folder->path, cert);
    bool ok = false;

    *parents = NULL;
    if (pool == NULL) {
        file = CA_FILE_CHAIN;
        if (!ca_folder_has(folder->path, file)) {
            return true;
        }
        pool = read_file(folder->path, file, err);
    }
    if (pool == NULL) goto out;
    /* Time 0: a parent that has ended must not stop a service that runs. */
    *parents = cert_chain_order(cert, pool, 0, err);
    if (*parents == NULL) {
        (void)error_context(err, "%s/%s", folder->path, file);
        goto out;
    }
    ok = true;
out:
    cert_chain_free(pool);
    return ok;
}

static bool write_certificate(const char *place, const X509 *cert, struct error *err)
{
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    bool ok = certificate_pem(cert, &pem, err)
              && ca_folder_write(place, CA_FILE_CERT, buffer_bytes(&pem), err);

    buffer_clear(&pem);
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

static bool write_next(const char *place, const X509 *cert, const STACK_OF(X509) * parents,
                       struct error *err)
{
    struct buffer pem = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    bool ok = certificate_pem(cert, &pem, err)
              && (parents == NULL || cert_chain_pem(parents, &pem, err))
              && ca_folder_write(place, CA_FILE_NEXT_CHAIN, buffer_bytes(&pem), err);

    buffer_clear(&pem);
    return ok;
}

/* What was cut off behind its step is brought to its end, or the next chain would replace what the
 * present certificate goes by. */
static bool settle(const char *place, struct error *err)
{
    struct error ignored = ERROR_INIT; /* a ca.crt beyond reading has no parents to be kept */
    STACK_OF(X509) *now = read_file(place, CA_FILE_CERT, &ignored);
    STACK_OF(X509) *next = now != NULL ? read_next(place, sk_X509_value(now, 0)) : NULL;
    bool ok = true;

    if (next != NULL) {
        X509_free(sk_X509_shift(next));
        ok = write_parents(place, next, err);
    }
    cert_chain_free(next);
    cert_chain_free(now);
    return ok;
}

bool ca_chain_files_write(const char *place, const struct x509_st *cert,
                          const struct stack_st_X509 *parents, struct error *err)
{
    if (!ca_folder_has(place, CA_FILE_CERT)) {
        return write_parents(place, parents, err) && write_certificate(place, cert, err);
    }
    return settle(place, err) && write_next(place, cert, parents, err)
           && write_certificate(place, cert, err) && write_parents(place, parents, err)
           && ca_folder_remove(place, CA_FILE_NEXT_CHAIN, err);
}
