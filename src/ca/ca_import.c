/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  take over a CA that exists: its key and certificates from an administrator's files.
 * Not here: new CAs (ca_files.c), CAs that wait for a root (ca_request.c).
 * Owns:     nothing.
 * Threads:  as ca_files.h says.
 * Spec:     RFC 7292, RFC 5958, RFC 7468.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ca/ca_files.h"
#include "ca/ca_key.h"
#include "ca/ca_pkcs12.h"
#include "ca/ca_set.h"
#include "ca/cert_chain.h"

static EVP_PKEY *read_pkcs12(const struct ca_import_options *options, STACK_OF(X509) * pool,
                             struct error *err)
{
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    EVP_PKEY *key = NULL;

    if (file_read(options->pkcs12_file, LIMIT_PEM_FILE_BYTES, &content, err)) {
        key = ca_pkcs12_read(buffer_bytes(&content), options->pkcs12_file, options->password, pool,
                             err);
    }
    buffer_clear(&content);
    return key;
}

static EVP_PKEY *read_files(const struct ca_import_options *options, STACK_OF(X509) * pool,
                            struct error *err)
{
    struct buffer certs = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct buffer content = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    EVP_PKEY *key = NULL;

    if (file_read(options->cert_file, LIMIT_PEM_FILE_BYTES, &certs, err)
        && cert_chain_parse(buffer_bytes(&certs), options->cert_file, pool, err)
        && file_read(options->key_file, LIMIT_PEM_FILE_BYTES, &content, err)) {
        key = ca_key_parse(buffer_bytes(&content), options->key_file, options->password, err);
    }
    buffer_clear(&certs); /* a PEM file may hold the key too: wiped like the other */
    buffer_clear(&content);
    return key;
}

static bool check_options(const struct ca_import_options *options, struct error *err)
{
    bool has_pair = options->cert_file != NULL && options->key_file != NULL;
    bool has_part = options->cert_file != NULL || options->key_file != NULL;

    if (options->pkcs12_file != NULL ? has_part : !has_pair) {
        return error_set(err, REASON_USAGE,
                         "give either a PKCS#12 file, or a certificate file and a key file");
    }
    return true;
}

static bool make_set(const struct ca_import_options *options, const struct ra_cert_options *ra,
                     struct ca_set *set, struct error *err)
{
    STACK_OF(X509) *pool = sk_X509_new_null();
    EVP_PKEY *key = NULL;
    bool ok = false;

    if (pool == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
        goto out;
    }
    key = options->pkcs12_file != NULL ? read_pkcs12(options, pool, err)
                                       : read_files(options, pool, err);
    if (key == NULL) goto out;
    if (!ca_key_check(key, err)) goto out;
    if (!ca_key_check_pair(key, err)) goto out;
    if (!ca_set_make(set, key, pool, ra, err)) goto out;
    ok = true;
out:
    EVP_PKEY_free(key);
    cert_chain_free(pool);
    return ok;
}

bool ca_files_import(const struct ca_import_options *options, struct error *err)
{
    struct ra_cert_options ra = { options->base.ra_bits, options->base.ra_validity_days };
    struct ca_folder folder = { .name = NULL };
    struct ca_set set = { .parents = NULL };
    bool ok = false;

    if (!check_options(options, err)) goto out;
    if (!ra_cert_check_options(&ra, err)) goto out;
    if (!ca_folder_open(&folder, options->base.data_folder, options->base.name, err)) goto out;
    if (!ca_folder_lock(&folder, err)) goto out;
    if (!ca_folder_check_absent(&folder, err)) goto out;
    if (!make_set(options, &ra, &set, err)) goto out;
    if (!ca_folder_begin(&folder, err)) goto out;
    if (!ca_set_write(&folder, folder.draft, &set, err)) goto out;
    if (!ca_folder_commit(&folder, err)) goto out;
    ok = true;
out:
    ca_set_clear(&set);
    ca_folder_close(&folder);
    return ok;
}
