/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_files.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ca/ca_key.h"
#include "ca/ca_machine_keys.h"
#include "ca/ca_set.h"
#include "ca/ca_subject.h"
#include "ca/ca_validity.h"
#include "ca/cert_builder.h"
#include "ca/ra_generations.h"
#include "platform/clock.h"

/* A root that signs itself; owned by the caller. */
static X509 *make_root(const struct ca_new_options *options, EVP_PKEY *key, struct error *err)
{
    int64_t now = clock_now();
    X509_NAME *subject = options->subject != NULL ? ca_subject_parse(options->subject, err)
                                                  : ca_subject_default(err);
    X509 *cert = NULL;

    if (subject != NULL) {
        cert = cert_builder_root(subject, key, now - CA_BACKDATE_SECONDS,
                                 ca_validity_end(now, options->validity_days), err);
    }
    X509_NAME_free(subject);
    return cert;
}

/* The subject first: a typing error should not cost the time a key takes. */
static bool check_subject(const struct ca_new_options *options, struct error *err)
{
    X509_NAME *subject = NULL;

    if (options->subject == NULL) {
        return true;
    }
    subject = ca_subject_parse(options->subject, err);
    X509_NAME_free(subject);
    return subject != NULL;
}

static bool make_set(const struct ca_new_options *options, struct ca_set *set, struct error *err)
{
    struct ra_cert_options ra = { options->ra_bits, options->ra_validity_days, NULL, NULL };
    STACK_OF(X509) *pool = sk_X509_new_null();
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    bool ok = false;

    key = ca_key_generate(options->key, err);
    if (key == NULL) goto out;
    cert = make_root(options, key, err);
    if (cert == NULL) goto out;
    if (pool == NULL || sk_X509_push(pool, cert) <= 0) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for certificates");
        goto out;
    }
    ok = ca_set_make(set, key, pool, &ra, err);
out:
    sk_X509_free(pool);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}

bool ca_files_create(const struct ca_new_options *options, struct error *err)
{
    struct ra_cert_options ra = { options->ra_bits, options->ra_validity_days, NULL, NULL };
    struct ca_folder folder = { .name = NULL };
    struct ca_set set = { .parents = NULL };
    bool ok = false;

    if (!ca_validity_check(options->validity_days, "CA", err)) goto out;
    if (!ra_cert_check_options(&ra, err)) goto out;
    if (!check_subject(options, err)) goto out;
    if (!ca_folder_open(&folder, options->data_folder, options->name, err)) goto out;
    if (!ca_folder_lock(&folder, err)) goto out;
    if (!ca_folder_check_absent(&folder, err)) goto out;
    if (!make_set(options, &set, err)) goto out;
    if (!ca_folder_begin(&folder, err)) goto out;
    if (!ca_set_write(&folder, folder.draft, &set, err)) goto out;
    if (!ca_folder_commit(&folder, err)) goto out;
    ok = true;
out:
    ca_set_clear(&set);
    ca_folder_close(&folder);
    return ok;
}

/*
 * Who has put an RA's key into an HSM or the machine's store did so on purpose, perhaps because he
 * has to; and only he can have a new certificate issued for it.
 */
static bool check_machine_ras(const struct ca_folder *folder, const struct ra_cert *given,
                              struct error *err)
{
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        bool is_reference = false;

        if (given[role].cert != NULL) {
            continue;
        }
        if (!ca_set_ra_is_reference(folder, (enum ra_cert_role)role, &is_reference, err)) {
            return false;
        }
        if (is_reference) {
            return error_set(
                err, REASON_RA_UNSUITABLE,
                "%s/%s is a key of the machine's store, which is not renewed here: "
                "issue a new certificate for it, put that into the store and name it, "
                "openndes ca renew-ra %s %s; or give --sealed for a new key in the "
                "data folder",
                folder->path, ca_set_ra_key_file((enum ra_cert_role)role), folder->name,
                role == RA_CERT_SINGLE ? "--ra-machine-store THUMBPRINT"
                                       : "--ra-sign-machine-store T --ra-encrypt-machine-store T");
        }
    }
    return true;
}

bool ca_files_renew_ra(const struct ca_new_options *options, struct error *err)
{
    struct ra_cert given[RA_CERT_ROLES] = { { NULL, NULL } };
    struct ra_cert_options ra = { options->ra_bits, options->ra_validity_days, given, NULL };
    struct ca_folder folder = { .name = NULL };
    struct ca_set set = { .parents = NULL };
    struct ca_ra_change unasked;
    size_t dropped = 0;
    int64_t now = clock_now();
    bool ok = false;

    if (!ra_cert_check_options(&ra, err)) goto out;
    if (!ca_folder_open(&folder, options->data_folder, options->name, err)) goto out;
    if (!ca_folder_lock(&folder, err)) goto out;
    if (!ca_folder_has(folder.path, CA_FILE_CERT)) {
        (void)error_set(err, REASON_CA_MISSING, "there is no CA \"%s\" (%s/%s)", options->name,
                        folder.path, CA_FILE_CERT);
        goto out;
    }
    if (!ca_machine_keys_open_ras(&options->machine_ras, given, err)) goto out;
    if (!options->seal_ra && !check_machine_ras(&folder, given, err)) goto out;
    if (!ca_set_load(&folder, &set, err)) goto out;
    if (!cert_issuer_check_time(&set.issuer, now, err)) goto out;
    if (!ca_set_make_ras(&set, &ra, now, err)) goto out;
    if (!ca_set_replace_ras(&folder, &set,
                            options->ra_change != NULL ? options->ra_change : &unasked, err)) {
        goto out;
    }
    if (options->drop_former_ras
        && !ra_generations_tidy(&folder, &set.issuer, INT64_MAX, &dropped, err)) {
        goto out;
    }
    ok = true;
out:
    for (int role = 0; role < RA_CERT_ROLES; role++) {
        ra_cert_clear(&given[role]);
    }
    ca_set_clear(&set);
    ca_folder_close(&folder);
    return ok;
}
