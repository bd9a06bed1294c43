/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  take over a CA that exists: its key and certificates from an administrator's files or
 *           the machine's store.
 * Not here: new CAs (ca_files.c), CAs that wait for a root (ca_request.c).
 * Owns:     nothing.
 * Threads:  as ca_files.h says.
 * Spec:     RFC 7292, RFC 5958, RFC 7468.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ca/ca_files.h"
#include "ca/ca_key.h"
#include "ca/ca_key_reference.h"
#include "ca/ca_machine_keys.h"
#include "ca/ca_pkcs12.h"
#include "ca/ca_set.h"
#include "ca/cert_chain.h"
#include "model/machine_pkey.h"

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

static EVP_PKEY *read_machine_store(const struct ca_import_options *options, STACK_OF(X509) * pool,
                                    struct error *err)
{
    struct buffer chain = BUFFER_INIT(LIMIT_PEM_FILE_BYTES);
    struct ca_key_reference reference;
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    bool ok = false;

    if (!ca_key_reference_store(options->machine_store, &reference, err)) goto out;
    key = ca_key_reference_open(&reference, &cert, err);
    if (key == NULL) goto out;
    if (cert == NULL || sk_X509_push(pool, cert) <= 0) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
        goto out;
    }
    cert = NULL; /* the pool has it */
    if (options->chain_file != NULL
        && (!file_read(options->chain_file, LIMIT_PEM_FILE_BYTES, &chain, err)
            || !cert_chain_parse(buffer_bytes(&chain), options->chain_file, pool, err))) {
        goto out;
    }
    ok = machine_pkey_try_sign(key, err);
out:
    if (!ok) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    X509_free(cert);
    buffer_clear(&chain);
    return key;
}

static EVP_PKEY *read_key(const struct ca_import_options *options, STACK_OF(X509) * pool,
                          struct error *err)
{
    if (options->machine_store != NULL) {
        return read_machine_store(options, pool, err);
    }
    return options->pkcs12_file != NULL ? read_pkcs12(options, pool, err)
                                        : read_files(options, pool, err);
}

static bool check_options(const struct ca_import_options *options, struct error *err)
{
    bool has_pair = options->cert_file != NULL && options->key_file != NULL;
    bool has_part = options->cert_file != NULL || options->key_file != NULL;

    if (options->machine_store != NULL) {
        return (!has_part && options->pkcs12_file == NULL)
               || error_set(err, REASON_USAGE,
                            "a CA of the machine's store has its certificate and key there: no "
                            "file but one with its parents");
    }
    if (options->chain_file != NULL) {
        return error_set(err, REASON_USAGE, "a file with parents goes with the machine's store");
    }
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
    key = read_key(options, pool, err);
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
    struct ra_cert given[RA_CERT_ROLES] = { { NULL, NULL } };
    struct ra_cert_options ra = { options->base.ra_bits, options->base.ra_validity_days, given,
                                  NULL };
    struct ca_folder folder = { .name = NULL };
    struct ca_set set = { .parents = NULL };
    bool ok = false;

    if (!check_options(options, err)) goto out;
    if (!ra_cert_check_options(&ra, err)) goto out;
    if (!ca_folder_open(&folder, options->base.data_folder, options->base.name, err)) goto out;
    if (!ca_folder_lock(&folder, err)) goto out;
    if (!ca_folder_check_absent(&folder, err)) goto out;
    if (!ca_machine_keys_open_ras(&options->base.machine_ras, given, err)) goto out;
    if (!make_set(options, &ra, &set, err)) goto out;
    if (!ca_folder_begin(&folder, err)) goto out;
    if (!ca_set_write(&folder, folder.draft, &set, err)) goto out;
    if (!ca_folder_commit(&folder, err)) goto out;
    ok = true;
out:
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        ra_cert_clear(&given[role]);
    }
    ca_set_clear(&set);
    ca_folder_close(&folder);
    return ok;
}
